"""Timers: what is to run when the clock reaches a time. Imports: core, counters.

The earliest timer is kept in memory, since every request asks for it.
"""

from __future__ import annotations

import sqlite3
from typing import Any, NamedTuple

import orjson

from twinkit.store.counters import Counters


class Timer(NamedTuple):
    """One thing to run; `due` in microseconds."""

    seq: int
    due: int
    kind: str
    data: dict[str, Any]


class Timers(Counters):
    """Part of `Store`: `schedule`, `cancel_timer`, `next_timer`, `pop_timer`, `timers`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._earliest: Timer | None = None
        self._earliest_known = False

    def schedule(self, due: int, kind: str, data: dict[str, Any]) -> int:
        """Add a timer and return its number, which no other timer of this store ever gets."""
        self._earliest_known = False
        seq = self.next("timers") + 1
        values = (seq, due, kind, orjson.dumps(data).decode())
        self._put("INSERT INTO timer (seq, due, kind, data) VALUES (?, ?, ?, ?)", values)
        return seq

    def cancel_timer(self, seq: int) -> bool:
        """Remove a timer; False when it is gone already."""
        self._earliest_known = False
        return self._put("DELETE FROM timer WHERE seq = ?", (seq,)).rowcount == 1

    def pop_timer(self, seq: int) -> bool:
        """Remove a timer because it runs now; False when it is gone already."""
        return self.cancel_timer(seq)

    def next_timer(self) -> Timer | None:
        """The timer due first (of several the one scheduled first), whether or not its time has come."""
        if not self._earliest_known:
            found = self.timers(limit=1)
            self._earliest = found[0] if found else None
            self._earliest_known = True
        return self._earliest

    def timers(self, *, kind: str | None = None, limit: int = 1_000) -> list[Timer]:
        """Timers by due time, those of one kind or all."""
        where = "" if kind is None else "WHERE kind = ?"
        sql = f"SELECT seq, due, kind, data FROM timer {where} ORDER BY due, seq LIMIT ?"
        rows = self._execute(sql, (limit,) if kind is None else (kind, limit)).fetchall()
        return [Timer(seq, due, name, orjson.loads(data)) for seq, due, name, data in rows]
