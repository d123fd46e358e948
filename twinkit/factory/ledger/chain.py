"""Append-only JSON lines, each keyed to the one before by HMAC; a file beside it holds the newest. Imports: errors.

An edited, reordered or removed line breaks the chain; a truncated file no longer ends where the head file says.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import secrets
import time
from pathlib import Path
from typing import Any

from twinkit.factory.errors import IntegrityError

KINDS = ("evaluation", "decision", "judgement", "merge", "incident", "scenarios")


class Ledger:
    """`path` is ledger.jsonl in the state folder; the key is in keys/ beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._head = path.with_suffix(".head")
        self._key_path = path.parent / "keys" / "ledger.key"

    def _key(self) -> bytes:
        if not self._key_path.exists():
            if self.path.exists():
                raise IntegrityError(f"{self._key_path} is missing: the ledger cannot be checked")
            self._key_path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._key_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as handle:
                handle.write(secrets.token_hex(32))
        return bytes.fromhex(self._key_path.read_text().strip())

    def _mark(self, entry: dict[str, Any]) -> str:
        content = json.dumps({key: value for key, value in entry.items() if key != "mark"}, sort_keys=True)
        return hmac.new(self._key(), content.encode(), hashlib.sha256).hexdigest()

    def entries(self) -> list[dict[str, Any]]:
        """Every entry, checked. Raises IntegrityError naming the first that does not fit."""
        if not self.path.exists():
            if self._head.exists():
                raise IntegrityError(f"{self.path} is gone")
            return []
        found: list[dict[str, Any]] = []
        before = ""
        for number, line in enumerate(self.path.read_text("utf-8").splitlines(), start=1):
            try:
                entry = dict(json.loads(line))
            except ValueError:
                raise IntegrityError(f"{self.path}:{number} is damaged") from None
            fits = entry.get("n") == number and entry.get("before") == before
            if not fits or not hmac.compare_digest(str(entry.get("mark")), self._mark(entry)):
                raise IntegrityError(f"{self.path}:{number} does not continue the chain")
            before = entry["mark"]
            found.append(entry)
        try:
            head = self._head.read_text("utf-8").strip()
        except OSError:
            head = ""
        if found and head != before:
            raise IntegrityError(f"{self.path} ends at entry {len(found)}, which is not the newest that was written")
        return found

    def append(self, kind: str, data: dict[str, Any]) -> dict[str, Any]:
        """Add one entry. Raises IntegrityError when the chain is broken already."""
        if kind not in KINDS:
            raise ValueError(kind)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with (self.path.parent / "ledger.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            known = self.entries()
            before = known[-1]["mark"] if known else ""
            entry: dict[str, Any] = {
                "n": len(known) + 1,
                "at": time.time(),
                "kind": kind,
                "data": data,
                "before": before,
            }
            entry["mark"] = self._mark(entry)
            with self.path.open("a") as handle:
                handle.write(json.dumps(entry, sort_keys=True) + "\n")
                handle.flush()
                os.fsync(handle.fileno())
            scratch = self._head.with_suffix(".new")
            scratch.write_text(entry["mark"])
            os.replace(scratch, self._head)  # noqa: PTH105
        return entry
