"""Exchanges: the log of requests and replies. Imports: changes.

Bounded in number and in bytes, so that a long run does not fill the memory. Most exchanges are never read, so they
wait in memory, and reach their table when somebody reads the log or copies the store. A file gets them with the next
write, so that only reads after the last write can be lost when the process is killed.
"""

from __future__ import annotations

import builtins
import sqlite3
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import count
from marshal import dumps, loads
from typing import Any, NamedTuple

import orjson

from twinkit.store.changes import Change, Changes
from twinkit.store.late import compact

EXCHANGES_KEPT = 10_000
BODY_KEPT = 1 << 20
"""Bytes of a request or reply that are kept; the rest is cut."""
LARGE = 1 << 10
"""Bytes of a reply from which on it waits as it is, not copied."""
BYTES_KEPT = 64 << 20
"""Bytes of all bodies together, roughly."""
TRIM_EVERY = 256
WAIT_FOR_FILE = 64
"""How many exchanges wait at most before a file gets them."""

FIELDS = "at, operation, method, path, query, status, request, reply, fault, micros, changes, principal, reply_of"
INSERT = f"INSERT INTO exchange (seq, {FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
REPLY, CHANGES, REPLY_OF = (FIELDS.split(", ").index(name) for name in ("reply", "changes", "reply_of"))
NOTHING_DONE: tuple[tuple[str, str, str], ...] = ()
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
        self._noted: builtins.list[tuple[Any, ...]] = []
        """Rows of the transaction under way, with their replies whatever becomes of its changes."""
        self._waiting: deque[bytes] = deque()
        """Rows that the table does not have yet, each in one piece of memory, some without their reply."""
        self._waiting_replies: deque[int | bytes | None] = deque()
        """The reply that the row is without: the change that made it, or itself when it is large."""
        self._dropped = 0
        """How many had to leave before they were written: they have numbers too."""
        self._waiting_bytes = 0
        self._rows_since_trim = 0
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
        made, done = None, NOTHING_DONE
        if changes:
            made = next((one.seq for one in changes if isinstance(one, Change) and one.after == reply), None)
            done = tuple([tuple(one[:3]) for one in changes])
        self._noted.append(
            (
                at, operation, method, path, query, int(status), kept(request), kept(reply), fault, micros, done,
                principal, made,
            )
        )  # fmt: skip
        if not self._depth:
            with self._transaction:
                pass

    def _settle_exchanges(self) -> None:
        """At commit: those of the transaction wait to be written, and the oldest leave where there are too many."""
        for row in self._noted:
            reply = row[REPLY_OF]
            if reply is None and len(row[REPLY]) > LARGE:
                reply = row[REPLY]
                self._waiting_bytes += len(reply)
            packed = compact(dumps(row if reply is None else (*row[:REPLY], None, *row[REPLY + 1 :])))
            self._waiting_bytes += len(packed)
            self._waiting.append(packed)
            self._waiting_replies.append(reply)
        self._noted.clear()
        while len(self._waiting) > EXCHANGES_KEPT or self._waiting_bytes > BYTES_KEPT:
            reply = self._waiting_replies.popleft()
            self._waiting_bytes -= len(self._waiting.popleft()) + (len(reply) if isinstance(reply, bytes) else 0)
            self._dropped += 1

    def _flush_exchanges(self) -> None:
        """Write the exchanges that wait; now and then remove from the table what is too old or too much."""
        if not self._waiting:
            return
        if not self._depth:
            with self._transaction:
                return self._flush_exchanges()
        first = self._newest_exchange() + self._dropped + 1
        self._put_many(INSERT, list(map(_stored, count(first), self._waiting, self._waiting_replies)))
        self._rows_since_trim += len(self._waiting)
        self._bytes_since_trim += self._waiting_bytes
        self._drop_waiting()
        if self._rows_since_trim >= TRIM_EVERY:
            self._rows_since_trim = 0
            self._put("DELETE FROM exchange WHERE seq <= ?", (self._newest_exchange() - EXCHANGES_KEPT,))
        if self._bytes_since_trim > BYTES_KEPT // 4:
            self._bytes_since_trim = 0
            overflow = self._execute(OVERFLOW, (BYTES_KEPT,)).fetchone()[0] or 0
            self._put("DELETE FROM exchange WHERE seq <= ?", (overflow,))

    def _newest_exchange(self) -> int:
        newest: int | None = self._execute("SELECT max(seq) FROM exchange").fetchone()[0]
        return newest or 0

    def _drop_waiting(self) -> None:
        self._waiting.clear()
        self._waiting_replies.clear()
        self._dropped = self._waiting_bytes = 0

    def _referred(self, newest: int) -> int:
        sql = "SELECT reply_of FROM exchange WHERE reply_of IS NOT NULL ORDER BY seq LIMIT 1"
        row = self._execute(sql).fetchone()
        waiting = next((made for made in self._waiting_replies if isinstance(made, int)), newest)
        return min(row[0] if row else newest, waiting)

    def _forget_exchanges(self) -> None:
        """After a rollback: they stay, but what the changes made is gone."""
        self._noted = [(*row[:REPLY_OF], None) for row in self._noted]
        self._settle_exchanges()

    def exchange(self, seq: int) -> Exchange | None:
        """The exchange with this number."""
        found = self.exchanges(after=seq - 1, limit=1)
        return found[0] if found and found[0].seq == seq else None

    def exchanges(self, after: int = 0, limit: int = 100, operation: str | None = None) -> builtins.list[Exchange]:
        """Exchanges with a number above `after`, oldest first, of one operation or all; the newest 10,000 at most."""
        self._put_late(self._change_rows)
        self._flush_exchanges()
        where, values = "seq > ?", (max(after, self._newest_exchange() - EXCHANGES_KEPT), limit)
        if operation is not None:
            where, values = "seq > ? AND operation = ?", (values[0], operation, limit)  # type: ignore[assignment]
        sql = f"SELECT seq, {FIELDS} FROM exchange WHERE {where} ORDER BY seq LIMIT ?"
        rows = self._execute(sql, values).fetchall()
        made = self._made({row[13] for row in rows if row[13] is not None})
        return [_exchange(row, made) for row in rows]


def kept(body: bytes) -> bytes:
    """What is kept of a body."""
    return body if len(body) <= BODY_KEPT else body[:BODY_KEPT]


def _stored(seq: int, packed: bytes, reply: int | bytes | None) -> tuple[Any, ...]:
    """A waiting exchange as its table has it."""
    row = loads(packed)
    if isinstance(reply, bytes):
        row = (*row[:REPLY], reply, *row[REPLY + 1 :])
    return seq, *row[:CHANGES], orjson.dumps(row[CHANGES]).decode(), *row[CHANGES + 1 :]


def _exchange(row: tuple[Any, ...], made: Mapping[int, bytes]) -> Exchange:
    reply = row[8] if row[13] is None else made[row[13]]
    return Exchange._make((*row[:8], reply, *row[9:11], orjson.loads(row[11]), row[12]))
