"""The connection of a store and its transactions: what every part of `Store` stands on. Imports: errors, ddl, words.

One connection, one writer, one thread at a time. Between calls no cursor stays open, so that the database can be
copied over at any moment. What the parts keep in memory beside the tables (counters drawn, changes pending) is
written at commit (`_flush`) and forgotten at rollback (`_forget`). A transaction begins in the database with its first
write (`_put`): most requests read only.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from types import TracebackType
from typing import Any

from twinkit.errors import StoreError, UsageError
from twinkit.store import grams
from twinkit.store.conditions import json_property
from twinkit.store.ddl import APPLICATION, FORMAT, SCRIPT
from twinkit.store.words import register

PAGE_SIZE = 2048
"""Bytes of a database page; the same everywhere, since pages are what a snapshot copies."""
MANY_PAGES = 2_000
"""A commit in memory now and then looks at every page (after ids in random order split a page of an index). A larger
database in memory therefore keeps one transaction open, makes those of `Store.transaction` savepoints in it, and
commits one in `COMMIT_EVERY`."""
COMMIT_EVERY = 1024
MEASURE_EVERY = 64
"""How many commits pass between two looks at the number of pages."""
OLDEST_SQLITE = (3, 38, 0)
"""The first SQLite with JSON functions and RETURNING always built in."""


class Connection(sqlite3.Connection):
    """A connection that closes itself when nobody holds it; Python 3.13 and later would warn instead."""

    def __del__(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # one that was never opened
            self.close()


def connect(database: str, *, uri: bool = False) -> sqlite3.Connection:
    """A connection that runs statements as told (no implicit BEGIN) and that any one thread at a time may use."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        wanted = ".".join(map(str, OLDEST_SQLITE))
        raise UsageError(f"this Python has SQLite {sqlite3.sqlite_version}; twinkit needs {wanted} or newer")
    connection = sqlite3.connect(
        database,
        timeout=0,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=64,
        uri=uri,
        factory=Connection,
    )
    connection.create_function("json_property", 2, json_property, deterministic=True)
    register(connection)
    grams.register(connection)
    return connection


def connect_memory() -> sqlite3.Connection:
    """A connection to an empty database in memory, to be backed up onto."""
    return connect(":memory:")


def create_tables(connection: sqlite3.Connection, service: str) -> None:
    """Make the tables of an empty database, all or none."""
    connection.executescript(
        f"PRAGMA page_size = {PAGE_SIZE}; BEGIN IMMEDIATE; {SCRIPT} PRAGMA application_id = {APPLICATION};"
    )
    rows = [("format", str(FORMAT)), ("service", service)]
    connection.executemany("INSERT INTO meta (key, value) VALUES (?, ?)", rows)
    connection.execute("COMMIT")


@cache
def empty(service: str) -> sqlite3.Connection:
    """An empty store of a service, to be copied: ten times quicker than running the DDL, and smaller."""
    connection = connect_memory()
    create_tables(connection, service)
    return connection


class Transaction:
    """The context manager that `Store.transaction` hands out; entering it again joins the one under way."""

    __slots__ = ("_core",)

    def __init__(self, core: Core) -> None:
        self._core = core

    def __enter__(self) -> None:
        core = self._core
        if core._depth == 0:
            core._begun = False
        core._depth += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        core = self._core
        if core._depth > 1:
            core._depth -= 1
            return
        try:
            if kind is None:
                core._commit()
            else:
                core._rollback()
        finally:
            core._depth = 0


class Core:
    """A connection to the tables of one store."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._execute = connection.execute
        self._depth = 0
        self._begun = False  # the transaction under way has begun in the database
        self._transaction = Transaction(self)
        self._commits = 0  # of transactions that wrote
        self._in_memory = True
        self._large = False  # in memory and of many pages: transactions are savepoints

    def transaction(self) -> Transaction:
        """`with store.transaction():` commits at the end, rolls everything back when the block raises.

        A transaction inside another joins it: only the outermost commits.
        """
        return self._transaction

    def _begin(self) -> None:
        self._begun = True
        if self._large:
            if not self._connection.in_transaction:
                self._execute("BEGIN")
            self._execute("SAVEPOINT here")
        else:
            self._execute("BEGIN")

    def _put(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run a statement that writes: in the transaction under way, else on its own."""
        self._to_write()
        return self._execute(sql, values)

    def _put_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement that writes once for each row."""
        self._to_write()
        self._connection.executemany(sql, rows)

    def _to_write(self) -> None:
        if self._depth and not self._begun:
            self._begin()

    def _commit(self) -> None:
        try:
            self._flush()
            if not self._begun:
                return
            self._commits += 1
            self._execute("RELEASE here" if self._large and self._commits % COMMIT_EVERY else "COMMIT")
        except BaseException:
            self._rollback()
            raise
        if self._in_memory and not self._large and not self._commits % MEASURE_EVERY:
            self._large = self._execute("PRAGMA page_count").fetchone()[0] > MANY_PAGES

    def _rollback(self) -> None:
        if self._begun and self._connection.in_transaction:
            if self._large:
                self._execute("ROLLBACK TO here")
                self._execute("RELEASE here")
            else:
                self._execute("ROLLBACK")
        self._forget()

    def _flush(self) -> None:
        """Write what the parts kept in memory during the transaction; runs before COMMIT."""

    def _save(self) -> None:
        """Write what the parts keep in memory from one transaction to the next; runs before the store is copied."""

    def _forget(self) -> None:
        """Drop what the parts kept in memory during the transaction; runs after ROLLBACK."""

    def _reload(self) -> None:
        """Drop everything the parts know of the tables: they were replaced as a whole."""

    def _idle(self, what: str, *, save: bool = True) -> None:
        """Commit for good, to copy or replace the whole database. Raises StoreError inside a transaction.

        Without `save` what waits in memory is left there: it is going to be forgotten.
        """
        if self._depth:
            raise StoreError(f"cannot {what} inside a transaction")
        if save:
            self._save()
        if self._connection.in_transaction:
            self._execute("COMMIT")

    def close(self) -> None:
        """Close the connection; an unfinished transaction is lost. A second time does nothing."""
        self._connection.close()
