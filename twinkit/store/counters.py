"""Counters: the persistent positions of seed streams. Imports: core.

Positions drawn inside a transaction are settled at its commit; a file gets them there too, a store in memory only
when it is copied, since most requests draw and few are followed by a copy.
"""

from __future__ import annotations

import sqlite3

from twinkit.store.core import Core


class Counters(Core):
    """Part of `Store`: `next`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._positions: dict[str, int] = {}
        """Settled positions; those in `_unwritten` are newer than the table's."""
        self._unwritten: dict[str, int] = {}
        self._drawn: dict[str, int] = {}
        """Of the transaction under way."""

    def next(self, name: str) -> int:
        """The next position of the stream `name`: 0, 1, 2, … Rolled back with the transaction."""
        drawn = self._drawn
        if name in drawn:
            position = drawn[name]
        elif name in self._positions:
            position = self._positions[name]
        else:
            row = self._execute("SELECT value FROM counter WHERE name = ?", (name,)).fetchone()
            position = row[0] if row else 0
        drawn[name] = position + 1
        if not self._depth:
            with self._transaction:
                pass
        return position

    def _settle_counters(self) -> None:
        """At commit: what was drawn stays drawn."""
        self._positions.update(self._drawn)
        self._unwritten.update(self._drawn)
        self._drawn.clear()

    def _flush_counters(self) -> None:
        """Write the positions that the table does not have."""
        if self._unwritten:
            self._put_many("INSERT OR REPLACE INTO counter (name, value) VALUES (?, ?)", list(self._unwritten.items()))
            self._unwritten.clear()
