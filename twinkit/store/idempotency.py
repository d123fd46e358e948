"""Idempotency: the first reply to a key, to be given again. Imports: core."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import orjson

from twinkit.store.core import Core


class Remembered(NamedTuple):
    """A reply to give again; `fingerprint` tells whether the request was the same, `expires` is in microseconds."""

    key: str
    fingerprint: str
    status: int
    headers: dict[str, str]
    body: bytes
    expires: int


class Idempotency(Core):
    """Part of `Store`: `recall`, `remember`, `forget_expired`."""

    def recall(self, key: str) -> Remembered | None:
        """What was remembered for `key`, also when expired and not yet forgotten."""
        sql = "SELECT key, fingerprint, status, headers, body, expires FROM idempotency WHERE key = ?"
        row = self._execute(sql, (key,)).fetchone()
        if row is None:
            return None
        key, fingerprint, status, headers, body, expires = row
        return Remembered(key, fingerprint, status, orjson.loads(headers), body, expires)

    def remember(
        self, key: str, fingerprint: str, status: int, headers: Mapping[str, str], body: bytes, expires: int
    ) -> None:
        """Keep a reply under `key` until `expires` (microseconds); a former one is replaced."""
        values = (key, fingerprint, status, orjson.dumps(dict(headers)).decode(), body, expires)
        self._put("INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?, ?)", values)

    def forget_expired(self, now: int) -> None:
        """Drop what expired at `now` (microseconds) or before."""
        self._put("DELETE FROM idempotency WHERE expires <= ?", (now,))
