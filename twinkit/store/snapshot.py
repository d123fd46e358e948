"""Snapshots: frozen copies of a whole store, in memory or in a file. Imports: errors, core, file, plans, query.

Copies are made page by page by SQLite's own backup, never by deserializing bytes into a live connection.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from twinkit.errors import UsageError
from twinkit.store.core import connect_memory
from twinkit.store.file import connect_reading
from twinkit.store.plans import Index
from twinkit.store.query import indexes_of, make, worth


class Snapshot:
    """A frozen copy of a store; any number of stores can be restored from it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._indexes: dict[str, Index | None] | None = None

    @classmethod
    def of(cls, connection: sqlite3.Connection) -> Snapshot:
        """A copy of the database behind a connection."""
        copy = connect_memory()
        connection.backup(copy)
        return cls(copy)

    @classmethod
    def load(cls, path: Path) -> Snapshot:
        """The snapshot saved in a file. Raises UsageError when the file is none."""
        source = connect_reading(path)
        try:
            return cls.of(source)
        finally:
            source.close()

    def save(self, path: Path) -> None:
        """Write the snapshot to a file, which is a store file too (`--db`). Raises UsageError when it cannot."""
        image = bytearray(self._connection.serialize())
        image[18:20] = b"\1\1"  # a copy of a file in write-ahead mode says so in its header; this file has no log
        part = path.with_name(f"{path.name}.part")
        try:
            part.write_bytes(image)
            part.replace(path)
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror}") from None

    @property
    def service(self) -> str:
        """The service whose state it holds."""
        service: str = self._connection.execute("SELECT value FROM meta WHERE key = 'service'").fetchone()[0]
        return service

    def onto(self, connection: sqlite3.Connection, wanted: Mapping[str, Index | None]) -> dict[str, Index | None]:
        """Put the copy in the place of everything in the database behind a connection; returns its indexes.

        The indexes on demand in `wanted` are first made in the snapshot itself, so that a store that is reset again
        and again makes them once.
        """
        if self._indexes is None:
            self._indexes = indexes_of(self._connection)
        for name, index in wanted.items():
            if index is not None and name not in self._indexes and worth(self._connection, index):
                make(self._connection, index)
                self._indexes[name] = index
        self._connection.backup(connection)
        return dict(self._indexes)

    def close(self) -> None:
        """Free the copy."""
        self._connection.close()
