"""What a tracker is: tickets that are ready, claims, comments, states, changes, bugs. Imports: errors.

The text of a ticket is untrusted: it is never a path, an argument of a shell or a part of factory.toml.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

STATUSES = ("ready", "claimed", "in review", "done", "rejected")
"""`rejected` is back with its author: make it `ready` again when it was mended."""

PRIORITIES = ("critical", "high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Ticket:
    """One piece of work. `spec` names a specification of the project; without it `body` (Markdown) is one.

    `id` is the tracker's own; `created` orders tickets of the same priority, and is any text that sorts.
    """

    id: str
    title: str
    body: str = ""
    status: str = "ready"
    priority: str = "medium"
    spec: str = ""
    created: str = ""
    url: str = ""

    @property
    def slug(self) -> str:
        """The id as a name of files and branches; different for ids that differ by more than case."""
        plain = re.sub(r"[^a-z0-9]+", "-", self.id.lower()).strip("-")[:40]
        return plain if plain == self.id.lower() else f"{plain}-{hashlib.sha256(self.id.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change to look at: a branch that holds exactly `head`, to go into `target`."""

    branch: str
    head: str
    target: str
    title: str
    text: str


class Tracker(Protocol):
    """Every method may be repeated: what was done already is not done twice.

    All raise UsageError when the tracker cannot be reached or refuses; the message says what to do.
    """

    name: str

    def ready(self) -> list[Ticket]:
        """Tickets that nobody has claimed, the most urgent first, then the oldest."""

    def get(self, id: str) -> Ticket:
        """One ticket, whatever its status."""

    def claim(self, id: str, claim: str) -> bool:
        """Take a ready ticket; of two callers one gets it. True again for the same `claim`, False for another."""

    def comment(self, id: str, text: str, key: str) -> None:
        """Say something (Markdown) on a ticket; the same `key` is said once."""

    def transition(self, id: str, status: str) -> None:
        """Move a ticket to one of STATUSES. `ready` and `rejected` let a claim go."""

    def open_change(self, id: str, proposal: Proposal) -> str:
        """Make a change known that is on a branch already; returns where to look at it."""

    def report_bug(self, title: str, body: str, priority: str = "high", key: str = "") -> Ticket:
        """A new ready ticket; one with the same `key` that is there already is returned instead."""


def order(tickets: Iterable[Ticket]) -> list[Ticket]:
    """The most urgent first, then the oldest."""
    return sorted(tickets, key=lambda each: (PRIORITIES.index(each.priority), each.created, each.id))
