"""Exchanges: the log of requests and replies. Imports: changes.

Bounded in number and in bytes, so that a long run does not fill the memory.
"""

from __future__ import annotations

import builtins
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from twinkit.store.changes import CHANGES_KEPT, Change, Changes

EXCHANGES_KEPT = 10_000
BODY_KEPT = 1 << 20
"""Bytes of a request or reply that are kept; the rest is cut."""
BYTES_KEPT = 64 << 20
"""Bytes of all bodies together, roughly."""
TRIM_EVERY = 256
BATCH = 4
"""Exchanges written at once to a store in memory; a file gets each with its commit. More at once would leave holes in
the memory of every private instance (at 64, a quarter of a MiB)."""

FIELDS = "at, operation, method, path, query, status, request, reply, fault, micros, changes, principal, reply_of"
INSERT = f"INSERT INTO exchange ({FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
SIZE = "length(request) + coalesce(length(reply), 0)"
OVERFLOW = (
    f"SELECT max(seq) FROM (SELECT seq, sum({SIZE}) OVER (ORDER BY seq DESC) AS size FROM exchange) WHERE size > ?"
)


class Exchange(NamedTuple):
    """One request and its reply; `at` (microseconds) when it came, `micros` how long it took."""

    seq: int
    at: int
    operation: str
    method: str
    path: str
    query: str
    status: int
    request: bytes
    reply: bytes
    fault: str | None
    micros: int
    changes: builtins.list[builtins.list[str]]
    principal: str | None


class Exchanges(Changes):
    """Part of `Store`: `record_exchange`, `exchanges`, `exchange`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._waiting: builtins.list[tuple[tuple[Any, ...], int | None]] = []  # values; the change that made the reply
        self._batch = BATCH
        self._since_trim = 0
        self._bytes_since_trim = 0

    def record_exchange(
        self,
        *,
        at: int,
        operation: str,
        method: str,
        path: str,
        query: str,
        status: int,
        request: bytes,
        reply: bytes,
        fault: str | None = None,
        micros: int = 0,
        changes: Sequence[Any] = (),
        principal: str | None = None,
    ) -> None:
        """Log one exchange, whatever becomes of the transaction under way.

        `changes` are `Change`s or triples; resource, id and action are kept.
        The newest 10,000 are kept, fewer when their bodies exceed 64 MiB; a body is cut at 1 MiB.
        """
        made = next((one.seq for one in changes if isinstance(one, Change) and one.after == reply), None)
        request, reply = request[:BODY_KEPT], reply[:BODY_KEPT]
        done = orjson.dumps([change[:3] for change in map(list, changes)]).decode() if changes else "[]"
        values = (at, operation, method, path, query, status, request, reply, fault, micros, done, principal)
        self._waiting.append((values, made))
        self._bytes_since_trim += len(request) + len(reply)
        if len(self._waiting) >= self._batch and not self._depth:
            self._flush_exchanges()

    def _flush_exchanges(self) -> None:
        """Write the exchanges that wait; they are written in batches, since most are never read."""
        if not self._waiting:
            return
        if not self._depth and len(self._waiting) > 1:
            with self._transaction:
                return self._flush_exchanges()
        self._since_trim += len(self._waiting)
        newest = self._newest_change()
        rows = [
            (*values[:7], None, *values[8:], made)
            if made is not None and made > newest - CHANGES_KEPT
            else (*values, None)
            for values, made in self._waiting
        ]
        self._many(INSERT, rows)
        self._waiting.clear()
        if self._since_trim >= TRIM_EVERY:
            self._since_trim = 0
            self._execute("DELETE FROM exchange WHERE seq <= (SELECT max(seq) FROM exchange) - ?", (EXCHANGES_KEPT,))
        if self._bytes_since_trim > BYTES_KEPT // 4:
            self._bytes_since_trim = 0
            overflow = self._execute(OVERFLOW, (BYTES_KEPT,)).fetchone()[0] or 0
            self._execute("DELETE FROM exchange WHERE seq <= ?", (overflow,))

    def _forget_exchanges(self) -> None:
        """After a rollback: what the changes made may be gone."""
        self._waiting = [(values, None) for values, _ in self._waiting]

    def exchange(self, seq: int) -> Exchange | None:
        """The exchange with this number."""
        found = self.exchanges(after=seq - 1, limit=1)
        return found[0] if found and found[0].seq == seq else None

    def exchanges(self, after: int = 0, limit: int = 100, operation: str | None = None) -> builtins.list[Exchange]:
        """Exchanges with a number above `after`, oldest first, of one operation or all; the newest 10,000 at most."""
        self._flush_changes()
        self._flush_exchanges()
        newest = self._execute("SELECT max(seq) FROM exchange").fetchone()[0] or 0
        where, values = "seq > ?", (max(after, newest - EXCHANGES_KEPT), limit)
        if operation is not None:
            where, values = "seq > ? AND operation = ?", (values[0], operation, limit)  # type: ignore[assignment]
        sql = f"SELECT seq, {FIELDS} FROM exchange WHERE {where} ORDER BY seq LIMIT ?"
        rows = self._execute(sql, values).fetchall()
        made = self._made({row[13] for row in rows if row[13] is not None})
        return [_exchange(row, made) for row in rows]


def _exchange(row: tuple[Any, ...], made: Mapping[int, bytes]) -> Exchange:
    reply = row[8] if row[13] is None else made[row[13]]
    return Exchange._make((*row[:8], reply, *row[9:11], orjson.loads(row[11]), row[12]))
