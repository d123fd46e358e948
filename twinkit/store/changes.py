"""Changes: which records were written, kept from one mark to the next. Imports: core.

Only what a record was *before* is stored; what came after is the `before` of its next change or the record as it
is, so an insert costs no copy of its data. Changes of a transaction wait in memory and are written at commit.
"""

from __future__ import annotations

import builtins
import sqlite3
from typing import Literal, NamedTuple

from twinkit.store.core import Core

CHANGES_KEPT = 10_000
"""Older changes are dropped."""
TRIM_EVERY = 256

Action = Literal["insert", "update", "delete"]


class Change(NamedTuple):
    """One write. `before` and `after` are the record's JSON, None where there was or is no live record."""

    resource: str
    id: str
    action: Action
    before: bytes | None
    after: bytes | None


class Changes(Core):
    """Part of `Store`: `mark`, `changes`, `take_changes`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._pending: builtins.list[Change] = []
        self._written = 0  # how many of the pending are rows already
        self._taken = 0  # how many of the pending were taken already
        self._recent: builtins.list[Change] = []  # committed, not taken
        self._newest: int | None = None  # seq of the newest row; None: not known

    def mark(self) -> int:
        """A place in the log of changes, for `changes(since)`. Holds until the store is restored."""
        return self._newest_change() + len(self._pending) - self._written

    def changes(self, since: int = 0) -> builtins.list[Change]:
        """Changes after the mark `since`, oldest first; of the newest 10,000."""
        self._flush_changes()
        rows = self._execute(
            "SELECT resource, id, action, CAST(before AS BLOB) FROM change WHERE seq > ? ORDER BY seq DESC LIMIT ?",
            (since, CHANGES_KEPT),
        ).fetchall()
        after: dict[tuple[str, str], bytes | None] = {}
        out = []
        for resource, id, action, before in rows:
            key = (resource, id)
            if key not in after:
                after[key] = self._live_json(resource, id)
            out.append(Change(resource, id, action, before, None if action == "delete" else after[key]))
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

    def _flush_changes(self) -> None:
        seq = first = self._newest_change()
        for change in self._pending[self._written :]:
            seq += 1
            self._execute(
                "INSERT INTO change (seq, resource, id, action, before) VALUES (?, ?, ?, ?, CAST(? AS TEXT))",
                (seq, change.resource, change.id, change.action, change.before),
            )
        self._written = len(self._pending)
        self._newest = seq
        if seq // TRIM_EVERY > first // TRIM_EVERY:
            self._execute("DELETE FROM change WHERE seq <= ?", (seq - CHANGES_KEPT,))

    def _settle_changes(self) -> None:
        """After a commit: what was pending can still be taken."""
        self._recent += self._pending[self._taken :]
        if len(self._recent) > CHANGES_KEPT:
            del self._recent[:-CHANGES_KEPT]
        self._pending.clear()
        self._written = self._taken = 0

    def _forget_changes(self) -> None:
        """After a rollback."""
        if self._newest is not None:
            self._newest -= self._written
        self._pending.clear()
        self._written = self._taken = 0

    def _live_json(self, resource: str, id: str) -> bytes | None:
        sql = "SELECT CAST(data AS BLOB) FROM record WHERE resource = ? AND id = ? AND deleted = 0"
        row = self._execute(sql, (resource, id)).fetchone()
        return row[0] if row else None
