"""The file behind `--db`: opening it, telling it from other files, holding its lock. Imports: errors, files, core, ddl.

Write-ahead log with `synchronous = NORMAL`: what was committed survives the death of the process. The lock is
exclusive from opening to closing, so that two processes never share a file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twinkit.errors import UsageError
from twinkit.files import writable
from twinkit.store.core import PAGE_SIZE, connect, create_tables
from twinkit.store.ddl import APPLICATION, FORMAT


def connect_file(path: Path, service: str) -> sqlite3.Connection:
    """A connection to the store file at `path`, made when it does not exist.

    Raises UsageError when the file is a directory, not writable, in use, no store, of a newer format or of another
    service.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a directory; name a file in it")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"{path.parent} does not exist; create the directory first")
    writable(path)
    try:
        connection = connect(str(path))
    except sqlite3.OperationalError as error:
        raise UsageError(f"cannot open {path}: {error}") from None
    with _closed_unless_fit(connection, path):
        _prepare(connection, path, service)
    return connection


def connect_reading(path: Path) -> sqlite3.Connection:
    """A connection that reads the store file at `path`, of any service. Raises UsageError."""
    if not path.is_file():
        raise UsageError(f"{path} is no file")
    connection = connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    with _closed_unless_fit(connection, path):
        check_identity(connection, path, None)
    return connection


@contextmanager
def _closed_unless_fit(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Close the connection when the file turns out to be none of ours. Raises UsageError with the reason."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        connection.close()
        raise UsageError(_reason(path, error)) from None
    except UsageError:
        connection.close()
        raise


def _prepare(connection: sqlite3.Connection, path: Path, service: str) -> None:
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if tables:
        check_identity(connection, path, service)
    connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA temp_store = MEMORY")
    if not tables:
        create_tables(connection, service)
    connection.execute("BEGIN IMMEDIATE")  # takes the lock, and shows that the file can be written
    connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('format', ?)", (str(FORMAT),))
    connection.execute("COMMIT")


def check_identity(connection: sqlite3.Connection, path: Path, service: str | None) -> None:
    """Raise UsageError unless the database is a store of this format and service (None: any service)."""
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
        raise UsageError(f"{path} is another program's database; name a file of your own")
    meta = dict(connection.execute("SELECT key, value FROM meta WHERE key IN ('format', 'service')").fetchall())
    if int(meta["format"]) > FORMAT:
        raise UsageError(f"{path} was written by a newer twinkit (format {meta['format']}, this one knows {FORMAT})")
    if service is not None and meta["service"] != service:
        raise UsageError(f"{path} holds the state of {meta['service']!r}, not of {service!r}; name another file")


def _reason(path: Path, error: sqlite3.DatabaseError) -> str:
    text = str(error)
    if "locked" in text or "busy" in text:
        return f"{path} is in use by another twin; stop it or name another file"
    if "not a database" in text:
        return f"{path} is not a store file; name another file"
    if "readonly" in text or "unable to open" in text:
        return f"{path} cannot be written; check its permissions and those of its directory"
    return f"cannot use {path}: {text}"
