"""Changes: which records were written, kept from one mark to the next. Imports: core.

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

CHANGES_KEPT = 10_000
"""Older changes are dropped."""
TRIM_EVERY = 256
CHANGES_WAIT = 64
"""How many changes wait at most before a store in memory writes them."""

Action = Literal["insert", "update", "delete"]


class Change(NamedTuple):
    """One write. `before` and `after` are the record's JSON, None where there was or is no live record.

    `seq` is its place in the log; a mark is the `seq` of the change before it.
    """

    resource: str
    id: str
    action: Action
    before: bytes | None
    after: bytes | None
    seq: int


Row = tuple[int, str, str, str, str | None]
"""A change as its table has it."""


def _row(one: Change) -> Row:
    return one.seq, one.resource, one.id, one.action, None if one.before is None else one.before.decode()


class Changes(Core):
    """Part of `Store`: `mark`, `changes`, `take_changes`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._pending: builtins.list[Change] = []
        """Of the transaction under way."""
        self._written = 0  # how many of the pending are rows already
        self._taken = 0  # how many of the pending were taken already
        self._recent: builtins.list[Change] = []  # committed, not taken
        self._newest: int | None = None  # seq of the newest change; None: not known
        self._unsaved: builtins.list[Row] = []
        """Committed, not in the table yet."""
        self._saved: builtins.list[Row] = []
        """Of those, what the transaction under way has put there."""

    def mark(self) -> int:
        """A place in the log of changes, for `changes(since)`. Holds until the store is restored."""
        return self._newest_change()

    def changes(self, since: int = 0) -> builtins.list[Change]:
        """Changes after the mark `since`, oldest first; of the newest 10,000."""
        self._flush_changes()
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
        taken = self._recent + self._pending[self._taken :]
        self._recent = []
        self._taken = len(self._pending)
        return taken

    def _newest_change(self) -> int:
        if self._newest is None:
            row = self._execute("SELECT max(seq) FROM change").fetchone()
            self._newest = row[0] or 0
        return self._newest

    def _note(self, resource: str, id: str, action: Action, before: bytes | None, after: bytes | None) -> None:
        seq = self._newest = (self._newest or self._newest_change()) + 1
        self._pending.append(Change(resource, id, action, before, after, seq))

    def _flush_changes(self) -> None:
        if not self._depth:
            with self._transaction:
                return self._flush_changes()
        rows = self._unsaved + [_row(one) for one in self._pending[self._written :]]
        if not rows:
            return
        self._put_many("INSERT INTO change (seq, resource, id, action, before) VALUES (?, ?, ?, ?, ?)", rows)
        self._saved += self._unsaved
        self._unsaved = []
        self._written = len(self._pending)
        first, newest = rows[0][0], rows[-1][0]
        if newest // TRIM_EVERY > (first - 1) // TRIM_EVERY:
            oldest = min(newest - CHANGES_KEPT, self._referred(newest + 1) - 1)
            self._put("DELETE FROM change WHERE seq <= ?", (oldest,))

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
        """After a commit: what was pending can still be taken, and waits where it is not written."""
        self._recent += self._pending[self._taken :]
        if len(self._recent) > CHANGES_KEPT:
            del self._recent[:-CHANGES_KEPT]
        self._unsaved += [_row(one) for one in self._pending[self._written :]]
        self._pending.clear()
        self._saved.clear()
        self._written = self._taken = 0

    def _forget_changes(self) -> None:
        """After a rollback."""
        if self._newest is not None:
            self._newest -= len(self._pending)
        self._unsaved[:0] = self._saved
        self._pending.clear()
        self._saved.clear()
        self._written = self._taken = 0

    def _last_json(self, resource: str, id: str) -> bytes:
        """The JSON of a record, or what it was when it was deleted."""
        sql = "SELECT CAST(data AS BLOB) FROM record WHERE resource = ? AND id = ?"
        json: bytes = self._execute(sql, (resource, id)).fetchone()[0]
        return json
