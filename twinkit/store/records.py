"""Records: one row each, read and written by resource and id. Imports: errors, changes.

Data goes in and comes out as plain dicts, copied through JSON, so nothing a caller does to a dict reaches the store.
A deleted record keeps its row (cursors stay valid, `was_deleted` can tell) until its id is inserted again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

import orjson

from twinkit.errors import DuplicateRecord, RecordNotFound
from twinkit.store.changes import Action, Changes

INSERT = "INSERT INTO record (resource, id, parent, created, deleted, data) VALUES (?, ?, ?, ?, 0, ?)"
SELECT = "SELECT CAST(data AS BLOB) FROM record WHERE resource = ? AND id = ? AND deleted = 0"
SELECT_SEQ = "SELECT seq, CAST(data AS BLOB) FROM record WHERE resource = ? AND id = ? AND deleted = 0"
UPDATE = "UPDATE record SET data = ? WHERE seq = ?"
READ_KEPT = 32
"""How many records that were read lately are kept at most: those of who asks are read with every request."""
READ_SIZE = 1 << 14
"""Bytes of a record that is kept so at most: some hold whole files."""


class Records(Changes):
    """Part of `Store`: `insert`, `get`, `find`, `raw`, `update`, `replace`, `delete`, `was_deleted`, `resources`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._live: dict[str, int] | None = None  # live records of each resource; None: not counted
        self._unread: set[str] = set()  # resources of which some records are not in the table yet
        self._read: dict[tuple[str, str], bytes] = {}  # records that `raw` gave and nothing has changed since

    def insert(
        self, resource: str, data: Mapping[str, Any], *, id: str | None = None, parent: str = "", created: int = 0
    ) -> None:
        """Store `data` as the record `id` (default: its property `id`). Raises DuplicateRecord.

        `parent` and `created` (in the unit the caller likes) are for filters on `@parent` and `@created`.
        The id of a deleted record can be inserted again.
        """
        if not self._depth:
            with self._transaction:
                return self.insert(resource, data, id=id, parent=parent, created=created)
        self._insert(resource, data["id"] if id is None else id, orjson.dumps(data), parent, created)
        return None

    def _bring(self, resource: str) -> None:
        """Put the records of a resource that wait into the table."""

    def _insert(self, resource: str, key: str, json: bytes, parent: str, created: int) -> None:
        if resource in self._unread:
            self._bring(resource)
        values = (resource, key, parent, created, json.decode())
        try:
            self._put(INSERT, values)
        except sqlite3.IntegrityError:
            sql = "DELETE FROM record WHERE resource = ? AND id = ? AND deleted = 1"
            if not self._put(sql, (resource, key)).rowcount:
                raise DuplicateRecord(resource, key) from None
            self._put(INSERT, values)
        self._note(resource, key, "insert", None, json)
        if self._live is not None:
            self._live[resource] = self._live.get(resource, 0) + 1

    def get(self, resource: str, id: str) -> dict[str, Any]:
        """A copy of the record. Raises RecordNotFound, also for a deleted one."""
        record = self.find(resource, id)
        if record is None:
            raise RecordNotFound(resource, id)
        return record

    def find(self, resource: str, id: str) -> dict[str, Any] | None:
        """A copy of the record, or None."""
        json = self.raw(resource, id)
        return None if json is None else orjson.loads(json)

    def raw(self, resource: str, id: str) -> bytes | None:
        """The record's stored JSON, or None."""
        key = (resource, id)
        if type(id) is not str:
            return self._select(key)
        known = self._read.get(key)
        if known is None:
            known = self._select(key)
            if known is not None and len(known) <= READ_SIZE:
                if len(self._read) >= READ_KEPT:
                    self._read.clear()
                self._read[key] = known
        return known

    def _select(self, key: tuple[str, str]) -> bytes | None:
        if key[0] in self._unread:
            self._bring(key[0])
        try:
            row = self._execute(SELECT, key).fetchone()
        except UnicodeEncodeError:  # an id with half a surrogate pair names nothing
            return None
        return None if row is None else row[0]

    def _note(self, resource: str, id: str, action: Action, before: bytes | None, after: bytes | None) -> None:
        self._read.pop((resource, id), None)
        super()._note(resource, id, action, before, after)

    def update(self, resource: str, id: str, /, **changes: Any) -> dict[str, Any]:
        """Set properties of a record and return a copy of the whole. Raises RecordNotFound."""
        if not self._depth:
            with self._transaction:
                return self.update(resource, id, **changes)
        seq, before = self._row(resource, id)
        data: dict[str, Any] = orjson.loads(before)
        data.update(changes)
        copy: dict[str, Any] = orjson.loads(self._write(resource, id, seq, before, data))
        return copy

    def replace(self, resource: str, id: str, data: Mapping[str, Any]) -> None:
        """Put `data` in the place of a record's. Raises RecordNotFound."""
        if not self._depth:
            with self._transaction:
                return self.replace(resource, id, data)
        seq, before = self._row(resource, id)
        self._write(resource, id, seq, before, data)
        return None

    def delete(self, resource: str, id: str) -> None:
        """Delete a record. Raises RecordNotFound."""
        if not self._depth:
            with self._transaction:
                return self.delete(resource, id)
        seq, before = self._row(resource, id)
        self._put("UPDATE record SET deleted = 1 WHERE seq = ?", (seq,))
        self._note(resource, id, "delete", before, None)
        if self._live is not None:
            self._live[resource] -= 1
        return None

    def was_deleted(self, resource: str, id: str) -> bool:
        """Whether the record existed and is deleted now."""
        self._bring(resource)
        sql = "SELECT 1 FROM record WHERE resource = ? AND id = ? AND deleted = 1"
        try:
            return self._execute(sql, (resource, id)).fetchone() is not None
        except UnicodeEncodeError:
            return False

    def resources(self) -> dict[str, int]:
        """How many live records each resource has; resources without any are left out."""
        return {resource: count for resource, count in sorted(self._counts().items()) if count}

    def _counts(self) -> dict[str, int]:
        if self._live is None:
            for resource in tuple(self._unread):
                self._bring(resource)
            sql = "SELECT resource, count(*) FROM record INDEXED BY record_live WHERE deleted = 0 GROUP BY resource"
            self._live = dict(self._execute(sql).fetchall())
        return self._live

    def _row(self, resource: str, id: str) -> tuple[int, bytes]:
        self._bring(resource)
        try:
            row: tuple[int, bytes] | None = self._execute(SELECT_SEQ, (resource, id)).fetchone()
        except UnicodeEncodeError:
            row = None
        if row is None:
            raise RecordNotFound(resource, id)
        return row

    def _write(self, resource: str, id: str, seq: int, before: bytes, data: Mapping[str, Any]) -> bytes:
        json = orjson.dumps(data)
        if json != before:
            self._put(UPDATE, (json.decode(), seq))
            self._note(resource, id, "update", before, json)
        return json

    def _forget_counts(self) -> None:
        """After a rollback, before the pending changes are forgotten."""
        if self._live is not None:
            for change in self._pending:
                if change.action != "update":
                    self._live[change.resource] = self._live.get(change.resource, 0) + (
                        -1 if change.action == "insert" else 1
                    )
