"""A directory of Markdown files as a tracker: front matter, body, and below a marker what was said.

Imports: base, yamlsafe, finding, errors. Every change holds one lock and replaces the file at once.

    ---
    title: Password reset
    status: ready          # claimed, in review, done, rejected
    priority: high         # critical, high, medium, low
    spec: specs/password-reset.md      # or the specification itself below, with `type:` and `service:` up here
    ---
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from twinkit.errors import UsageError, nearest
from twinkit.factory.errors import LintError
from twinkit.factory.trackers.base import PRIORITIES, STATUSES, Proposal, Ticket, order
from twinkit.factory.yamlsafe import clean_text, split_front_matter

MARKER = "<!-- comments: what is below does not belong to the ticket -->"
OWN = ("id", "title", "status", "priority", "spec", "created", "claim", "change", "key")
SPECIFIED = ("type", "service", "app", "protected", "depends")
"""Keys of a specification that a ticket may carry in its own front matter."""


@dataclass(slots=True)
class _File:
    path: Path
    data: dict[str, Any]
    body: str
    said: str

    def ticket(self) -> Ticket:
        values = {key: str(self.data[key]) for key in OWN if self.data.get(key) is not None}
        status, priority = values.get("status", "ready"), values.get("priority", "medium")
        for key, value, known in (("status", status, STATUSES), ("priority", priority, PRIORITIES)):
            if value not in known:
                raise UsageError(f"{self.path}: make `{key}:` one of {', '.join(known)}, not {value!r}")
        heading = re.search(r"^# +(.+?)\s*$", self.body, re.MULTILINE)
        title = values.get("title") or (heading.group(1) if heading else self.path.stem)
        return Ticket(
            id=values.get("id", self.path.stem), title=title, body=self._specification(priority), status=status,
            priority=priority, spec=values.get("spec", ""), created=values.get("created", ""), url=str(self.path),
        )  # fmt: skip

    def _specification(self, priority: str) -> str:
        own = {key: self.data[key] for key in SPECIFIED if key in self.data}
        if not own:
            return self.body.strip("\n") + "\n"
        return f"---\n{_yaml({**own, 'priority': priority})}---\n{self.body.strip(chr(10))}\n"


def _yaml(data: dict[str, Any]) -> str:
    return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=1000))


class DirectoryTracker:
    """`folder` holds `*.md`; a ticket without `id:` is called as its file."""

    name = "directory"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ready(self) -> list[Ticket]:
        """See Tracker. A folder that is not there yet has none."""
        return order(each for each in map(_File.ticket, self._files()) if each.status == "ready")

    def get(self, id: str) -> Ticket:
        """See Tracker."""
        return self._file(id).ticket()

    def claim(self, id: str, claim: str) -> bool:
        """See Tracker."""
        with self._changing(id) as file:
            if file.ticket().status != "ready":
                return bool(file.data.get("claim") == claim)
            file.data.update(status="claimed", claim=claim)
            return True

    def comment(self, id: str, text: str, key: str) -> None:
        """See Tracker."""
        mark = f"<!-- {key} -->"
        with self._changing(id) as file:
            if mark not in file.said:
                file.said += f"\n{text.strip()}\n{mark}\n"

    def transition(self, id: str, status: str) -> None:
        """See Tracker."""
        if status not in STATUSES:
            raise UsageError(f"{status!r} is no status{nearest(status, STATUSES)}")
        with self._changing(id) as file:
            file.data["status"] = status
            if status in ("ready", "rejected"):
                file.data.pop("claim", None)

    def open_change(self, id: str, proposal: Proposal) -> str:
        """The change is its branch: written down in the ticket."""
        with self._changing(id) as file:
            file.data["change"] = proposal.branch
        return proposal.branch

    def report_bug(self, title: str, body: str, priority: str = "high", key: str = "") -> Ticket:
        """See Tracker."""
        if priority not in PRIORITIES:
            raise UsageError(f"{priority!r} is no priority{nearest(priority, PRIORITIES)}")
        with self._lock():
            files = list(self._files())
            for file in files:
                if key and file.data.get("key") == key:
                    return file.ticket()
            numbers = [int(found.group(1)) for each in files if (found := re.fullmatch(r"bug-(\d+)", each.path.stem))]
            path = self.folder / f"bug-{max(numbers, default=0) + 1:04}.md"
            data: dict[str, Any] = {"id": path.stem, "title": title, "status": "ready", "priority": priority}
            front = split_front_matter(body, str(path), "TICKET101")
            data |= {name: front.data[name] for name in ("spec", *SPECIFIED) if name in front.data}
            made = _File(path, {**data, **({"key": key} if key else {})}, front.body, "")
            self._write(made)
            return made.ticket()

    def _files(self) -> Iterator[_File]:
        ids: dict[str, Path] = {}
        for path in sorted(self.folder.glob("*.md")):
            if path.name.lower() == "readme.md" or path.name.startswith("."):
                continue
            file = self._read(path)
            id = str(file.data.get("id") or path.stem)
            other = ids.setdefault(id, path)
            if other != path:
                raise UsageError(f"{path}: give it another `id:`; {other.name} has {id!r} too")
            yield file

    def _read(self, path: Path) -> _File:
        if path.is_symlink():
            raise UsageError(f"{path} is a link; put the ticket itself there")
        try:
            text = clean_text(path.read_bytes(), str(path), "TICKET100")
            front = split_front_matter(text, str(path), "TICKET101")
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}") from None
        except LintError as error:
            raise UsageError(str(error)) from None
        for key in front.data:
            if key not in (*OWN, *SPECIFIED):
                known = ", ".join((*OWN, *SPECIFIED))
                hint = nearest(key, (*OWN, *SPECIFIED)) or f"; known are {known}"
                raise UsageError(f"{path}: remove the front matter key {key!r}{hint}")
        body, _, said = front.body.partition(MARKER)
        return _File(path, dict(front.data), body, said.lstrip("\n"))

    def _file(self, id: str) -> _File:
        ids: list[str] = []
        for file in self._files():
            ids.append(str(file.data.get("id") or file.path.stem))
            if ids[-1] == id:
                return file
        raise UsageError(f"{self.folder} has no ticket {id!r}{nearest(id, ids)}")

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """The folder itself is locked: no file of ours among the tickets."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise UsageError(f"{self.folder} cannot be a folder of tickets: {error.strerror}") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def _changing(self, id: str) -> Iterator[_File]:
        with self._lock():
            file = self._file(id)
            before = hashlib.sha256(repr((file.data, file.said)).encode()).digest()
            yield file
            if hashlib.sha256(repr((file.data, file.said)).encode()).digest() != before:
                self._write(file)

    def _write(self, file: _File) -> None:
        said = f"\n{MARKER}\n{file.said}" if file.said else ""
        text = f"---\n{_yaml(file.data)}---\n{file.body.rstrip(chr(10))}\n{said}"
        scratch = file.path.with_name(f".{file.path.stem}.{secrets.token_hex(4)}")
        try:
            with scratch.open("w", encoding="utf-8") as handle:
                handle.write(text)
                handle.flush()
                os.fsync(handle.fileno())
            scratch.replace(file.path)
        except OSError as error:
            scratch.unlink(missing_ok=True)
            raise UsageError(f"cannot write {file.path}: {error.strerror}") from None
