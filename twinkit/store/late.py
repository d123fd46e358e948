"""Rows that few ever read, written later than they are made. Imports: nothing of the kit.

A store in memory writes them a batch at a time or when somebody reads their table; a file gets them with the
transaction that made them. Their numbers are known at once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

BATCH = 64
"""How many rows wait at most, unless a table says otherwise, before a store in memory writes them."""
Row = tuple[Any, ...]
State = tuple[list[Row], list[Row], list[Row], int, int | None]


def compact(data: bytes) -> bytes:
    """The same bytes in no more memory than they need: serialisers give back the end of a larger piece of memory,
    which nothing as large fits into afterwards.
    """
    return bytes(memoryview(data))


class Late:
    """The rows of one table that are not in it yet, numbered by its column `seq`."""

    def __init__(self, connection: sqlite3.Connection, table: str, fields: str, batch: int = BATCH) -> None:
        places = ", ".join("?" for _ in fields.split(","))
        self._execute = connection.execute
        self._insert = f"INSERT INTO {table} (seq, {fields}) VALUES (?, {places})"
        self._last = f"SELECT max(seq) FROM {table}"
        self._batch = batch
        self._newest: int | None = None  # None: not known
        self._fresh: list[Row] = []  # made by the transaction under way
        self._made = 0  # how many it has made
        self._waiting: list[Row] = []  # committed, not in the table
        self._lent: list[Row] = []  # of those, what the transaction under way has put there

    @property
    def newest(self) -> int:
        """The number of the newest row, 0 when there is none."""
        if self._newest is None:
            self._newest = self._execute(self._last).fetchone()[0] or 0
        return self._newest

    def add(self, *values: Any) -> int:
        """Make a row and return its number."""
        number = self._newest = (self._newest or self.newest) + 1
        self._fresh.append((number, *values))
        self._made += 1
        return number

    @property
    def many(self) -> bool:
        """Whether a batch waits."""
        return len(self._waiting) >= self._batch

    def __bool__(self) -> bool:
        return bool(self._waiting or self._fresh)

    def __iter__(self) -> Iterator[Row]:
        """The rows that are not in the table, oldest first."""
        yield from self._waiting
        yield from self._fresh

    def write(
        self,
        put_many: Callable[[str, Iterable[Sequence[Any]]], None],
        stored: list[Row] | None = None,
    ) -> None:
        """Put everything into the table, inside a transaction; `stored` is what the table is to have of each row."""
        put_many(self._insert, list(self) if stored is None else stored)
        self._lent += self._waiting
        self._waiting = []
        self._fresh = []

    def settle(self) -> None:
        """After a commit."""
        self._waiting += self._fresh
        self._fresh = []
        self._lent = []
        self._made = 0

    def forget(self) -> None:
        """After a rollback: what the transaction made is gone, what it wrote of others waits again."""
        if self._newest is not None:
            self._newest -= self._made
        self._waiting[:0] = self._lent
        self._fresh = []
        self._lent = []
        self._made = 0

    def reload(self) -> None:
        """The table was replaced."""
        self.forget()
        self._waiting = []
        self._newest = None

    def state(self) -> State:
        """What `back` returns to, after a rollback to a savepoint."""
        return list(self._fresh), list(self._waiting), list(self._lent), self._made, self._newest

    def back(self, state: State) -> None:
        """Become what `state` was."""
        fresh, waiting, lent, self._made, self._newest = state
        self._fresh, self._waiting, self._lent = list(fresh), list(waiting), list(lent)
