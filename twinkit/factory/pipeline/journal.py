"""What was done for a ticket, written down step by step, so that a killed worker is gone on with. Imports: storage.

state/tickets/<tracker>-<ticket>.json, sealed like records of runs; a lock beside it says that somebody is at it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twinkit.errors import UsageError
from twinkit.factory.errors import HarnessError
from twinkit.factory.run.storage import State, write_json
from twinkit.factory.sealed import key, opened, sealed
from twinkit.factory.trackers.base import Ticket


class Journal:
    """The work on one ticket. `data` has `ticket`, `claim`, and what each finished step came to."""

    def __init__(self, state: State, path: Path) -> None:
        self.path = path
        self._state = state
        self.data: dict[str, Any] = {}

    def read(self) -> bool:
        """What is there; False when there is nothing. Raises IntegrityError when it was edited."""
        try:
            data = dict(json.loads(self.path.read_text("utf-8")))
        except FileNotFoundError:
            return False
        except (OSError, ValueError) as error:
            raise UsageError(f"{self.path} cannot be read: {error}; remove it to forget this work") from None
        self.data = opened(data, key(self._state.root), str(self.path))
        return True

    def note(self, **values: Any) -> None:
        """Write a finished step down. Raises HarnessError (disk)."""
        self.data.update(values)
        write_json(self.path, sealed(json.loads(json.dumps(self.data)), key(self._state.root)))

    @property
    def finished(self) -> bool:
        """Nothing is left to do."""
        return not self.data or bool(self.data.get("finished"))

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        """True when no other process works on this ticket; the lock dies with its holder."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = self.path.with_suffix(".lock").open("a")
        except OSError as error:
            raise HarnessError("disk", f"{self.path.parent} cannot be written: {error}") from None
        with handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
                return
            yield True


def begin(state: State, tracker: str, ticket: Ticket) -> Journal:
    """A journal for a ticket, not written yet."""
    journal = Journal(state, state.root / "tickets" / f"{tracker}-{ticket.slug}.json")
    journal.data = {"tracker": tracker, "ticket": ticket.id, "claim": f"claim-{secrets.token_hex(8)}"}
    return journal


def unfinished(state: State, tracker: str) -> list[Journal]:
    """Work of this tracker that was begun and not ended."""
    found: list[Journal] = []
    for path in sorted((state.root / "tickets").glob(f"{tracker}-*.json")):
        journal = Journal(state, path)
        if journal.read() and not journal.finished:
            found.append(journal)
    return found
