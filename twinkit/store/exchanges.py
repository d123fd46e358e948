"""Exchanges: the log of requests and replies. Imports: core.

Bounded in number and in bytes, so that a long run does not fill the memory.
"""

from __future__ import annotations

import builtins
import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from twinkit.store.core import Core

EXCHANGES_KEPT = 10_000
BODY_KEPT = 1 << 20
"""Bytes of a request or reply that are kept; the rest is cut."""
BYTES_KEPT = 64 << 20
"""Bytes of all bodies together, roughly."""
TRIM_EVERY = 256
BATCH = 4
"""Exchanges written at once to a store in memory; a file gets each with its commit. More at once would leave holes in
the memory of every private instance (at 64, a quarter of a MiB)."""

FIELDS = "at, operation, method, path, query, status, request, reply, fault, micros, changes, principal"
INSERT = f"INSERT INTO exchange ({FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
OVERFLOW = (
    "SELECT max(seq) FROM (SELECT seq, sum(length(request) + length(reply)) OVER (ORDER BY seq DESC) AS bytes"
    " FROM exchange) WHERE bytes > ?"
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


class Exchanges(Core):
    """Part of `Store`: `record_exchange`, `exchanges`, `exchange`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._waiting: builtins.list[tuple[Any, ...]] = []
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
        request, reply = request[:BODY_KEPT], reply[:BODY_KEPT]
        done = orjson.dumps([change[:3] for change in map(list, changes)]).decode() if changes else "[]"
        values = (at, operation, method, path, query, status, request, reply, fault, micros, done, principal)
        self._waiting.append(values)
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
        self._many(INSERT, self._waiting)
        self._waiting.clear()
        if self._since_trim >= TRIM_EVERY:
            self._since_trim = 0
            self._execute("DELETE FROM exchange WHERE seq <= (SELECT max(seq) FROM exchange) - ?", (EXCHANGES_KEPT,))
        if self._bytes_since_trim > BYTES_KEPT // 4:
            self._bytes_since_trim = 0
            overflow = self._execute(OVERFLOW, (BYTES_KEPT,)).fetchone()[0] or 0
            self._execute("DELETE FROM exchange WHERE seq <= ?", (overflow,))

    def exchange(self, seq: int) -> Exchange | None:
        """The exchange with this number."""
        self._flush_exchanges()
        row = self._execute(f"SELECT seq, {FIELDS} FROM exchange WHERE seq = ?", (seq,)).fetchone()
        return _exchange(row) if row else None

    def exchanges(self, after: int = 0, limit: int = 100, operation: str | None = None) -> builtins.list[Exchange]:
        """Exchanges with a number above `after`, oldest first, of one operation or all; the newest 10,000 at most."""
        self._flush_exchanges()
        newest = self._execute("SELECT max(seq) FROM exchange").fetchone()[0] or 0
        where, values = "seq > ?", (max(after, newest - EXCHANGES_KEPT), limit)
        if operation is not None:
            where, values = "seq > ? AND operation = ?", (values[0], operation, limit)  # type: ignore[assignment]
        sql = f"SELECT seq, {FIELDS} FROM exchange WHERE {where} ORDER BY seq LIMIT ?"
        return [_exchange(row) for row in self._execute(sql, values).fetchall()]


def _exchange(row: tuple[Any, ...]) -> Exchange:
    return Exchange._make((*row[:11], orjson.loads(row[11]), row[12]))
