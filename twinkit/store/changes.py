"""Changes: which records were written, kept from one mark to the next. Imports: core, late.

Only what a record was *before* is stored; what came after is the `before` of its next change or the record as it
is, so an insert costs no copy of its data. Few changes are ever read, so in memory they wait, and reach their table a
batch at a time or when somebody asks; a file gets them with the transaction that made them.
"""

from __future__ import annotations

import builtins
import sqlite3
from collections.abc import Collection
from typing import Literal, NamedTuple

from twinkit.store.core import Core
from twinkit.store.late import Late

CHANGES_KEPT = 10_000
"""Older changes are dropped."""
TRIM_EVERY = 256
EVENT_BATCH = 512
"""How many events wait at most before a store in memory writes them."""

Action = Literal["insert", "update", "delete"]


class Change(NamedTuple):
    """One write. `before` and `after` are the record's JSON, None where there was or is no live record.

    What comes of `take_changes` has no `after` for an event: it is put together when somebody reads it.
    `seq` is its place in the log; a mark is the `seq` of the change before it.
    """

    resource: str
    id: str
    action: Action
    before: bytes | None
    after: bytes | None
    seq: int


class Changes(Core):
    """Part of `Store`: `mark`, `changes`, `take_changes`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._pending: builtins.list[Change] = []
        """Of the transaction under way."""
        self._taken = 0  # how many of the pending were taken already
        self._recent: builtins.list[Change] = []  # committed, not taken
        self._change_rows = Late(connection, "change", "resource, id, action, before")
        self._event_rows = Late(connection, "event", "id, type, created, resource, data", EVENT_BATCH)
        self._late = (self._change_rows, self._event_rows)
        self._stirred = False  # the transaction under way has made or written late rows
        self._trimmed = 0  # the newest change when the oldest were last removed

    def mark(self) -> int:
        """A place in the log of changes, for `changes(since)`. Holds until the store is restored."""
        return self._change_rows.newest

    def changes(self, since: int = 0) -> builtins.list[Change]:
        """Changes after the mark `since`, oldest first; of the newest 10,000."""
        for late in self._late:
            self._put_late(late)
        fields = "resource, id, action, CAST(before AS BLOB), seq"
        sql = f"SELECT {fields} FROM change WHERE seq > ? ORDER BY seq DESC LIMIT ?"
        rows = self._execute(sql, (since, CHANGES_KEPT)).fetchall()
        after: dict[tuple[str, str], bytes | None] = {}
        out = []
        for resource, id, action, before, seq in rows:
            key = (resource, id)
            if key not in after:
                after[key] = self._last_json(resource, id)
            out.append(Change(resource, id, action, before, None if action == "delete" else after[key], seq))
            after[key] = before
        out.reverse()
        return out

    def take_changes(self) -> builtins.list[Change]:
        """Changes since the last `take_changes` (the newest 10,000), those of a transaction under way included."""
        if not self._stirred and not self._recent:
            return []
        taken = self._recent + self._pending[self._taken :]
        self._recent = []
        self._taken = len(self._pending)
        return taken

    def _note(self, resource: str, id: str, action: Action, before: bytes | None, after: bytes | None) -> None:
        seq = self._change_rows.add(resource, id, action, None if before is None else before.decode())
        self._pending.append(Change(resource, id, action, before, after, seq))
        self._stirred = True

    def _put_late(self, rows: Late) -> None:
        """Put what waits of these rows into their table; now and then remove the oldest changes."""
        if not rows:
            return
        if not self._depth:
            with self._transaction:
                return self._put_late(rows)
        self._stirred = True
        self._write_late(rows)
        newest = self._change_rows.newest
        if newest - self._trimmed >= TRIM_EVERY:
            self._trimmed = newest
            oldest = min(newest - CHANGES_KEPT, self._referred(newest + 1) - 1)
            self._put("DELETE FROM change WHERE seq <= ?", (oldest,))

    def _write_late(self, rows: Late) -> None:
        rows.write(self._put_many)

    def _referred(self, newest: int) -> int:
        """The oldest change that something else refers to: it and all that came later are kept."""
        return newest

    def _made(self, seqs: Collection[int]) -> dict[int, bytes]:
        """What the changes with these numbers (none a delete) made of their records."""
        if not seqs:
            return {}
        sql = "SELECT seq, resource, id, CAST(before AS BLOB) FROM change WHERE seq >= ? ORDER BY seq DESC"
        after: dict[tuple[str, str], bytes] = {}
        made = {}
        for seq, resource, id, before in self._execute(sql, (min(seqs),)).fetchall():
            if seq in seqs:
                made[seq] = after.get((resource, id)) or self._last_json(resource, id)
            if before is not None:
                after[resource, id] = before
        return made

    def _settle_changes(self) -> None:
        """After a commit: what was pending can still be taken."""
        self._recent += self._pending[self._taken :]
        if len(self._recent) > CHANGES_KEPT:
            del self._recent[:-CHANGES_KEPT]
        self._pending.clear()
        self._taken = 0

    def _forget_changes(self) -> None:
        """After a rollback."""
        self._pending.clear()
        self._taken = 0

    def _settle_late(self) -> None:
        """After a commit."""
        self._stirred = False
        for rows in self._late:
            rows.settle()

    def _forget_late(self) -> None:
        """After a rollback."""
        self._stirred = False
        for rows in self._late:
            rows.forget()

    def _reload_late(self) -> None:
        """The tables were replaced."""
        self._stirred = False
        self._trimmed = 0
        for rows in self._late:
            rows.reload()

    def _last_json(self, resource: str, id: str) -> bytes:
        """The JSON of a record, or what it was when it was deleted."""
        sql = "SELECT CAST(data AS BLOB) FROM record WHERE resource = ? AND id = ?"
        json: bytes = self._execute(sql, (resource, id)).fetchone()[0]
        return json
