"""What GitHub, Jira and Linear have in common: claims, words said once and bugs, by marks in comments. Imports: base.

None of the three can change a ticket only if nobody else did. So a claim is a comment, and the first of the comments
since the ticket was let go last has it: the service orders them, and all workers read the same order. Only comments of
the token's own account count; what others write is text.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass

from twinkit.errors import UsageError, nearest
from twinkit.factory.trackers.base import PRIORITIES, STATUSES, Proposal, Ticket, order

MARK = re.compile(r"\[factory:([a-z-]+) ([\w-]+)\]\s*$")


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment of our own account, as text."""

    text: str


class RemoteTracker(ABC):
    """`names` are the tracker's words for our statuses."""

    name = "remote"
    names: dict[str, str]

    def ready(self) -> list[Ticket]:
        """See Tracker."""
        return order(self._ready())

    def claim(self, id: str, claim: str) -> bool:
        """See Tracker."""
        holder = self._holder(id)
        if holder is None:
            if self.get(id).status != "ready":
                return False
            self._say(id, f"The factory begins.\n\n[factory:claim {claim}]")
            holder = self._holder(id)
        if holder != claim:
            return False
        if self.get(id).status == "ready":
            self._move(id, "claimed")
        return True

    def comment(self, id: str, text: str, key: str) -> None:
        """See Tracker."""
        mark = f"[factory:said {key}]"
        if not any(each.text.rstrip().endswith(mark) for each in self._own_comments(id)):
            self._say(id, f"{text.strip()}\n\n{mark}")

    def transition(self, id: str, status: str) -> None:
        """See Tracker."""
        if status not in STATUSES:
            raise UsageError(f"{status!r} is no status{nearest(status, STATUSES)}")
        holder = self._holder(id)
        if self.get(id).status != status:
            self._move(id, status)
        if status != "claimed" and holder is not None:
            self._say(id, f"The factory lets go.\n\n[factory:free {holder}]")

    def report_bug(self, title: str, body: str, priority: str = "high", key: str = "") -> Ticket:
        """See Tracker."""
        if priority not in PRIORITIES:
            raise UsageError(f"{priority!r} is no priority{nearest(priority, PRIORITIES)}")
        mark = f"[factory:bug {re.sub(r'[^A-Za-z0-9_-]', '-', key)}]" if key else ""
        if mark:
            for ticket in self._open():
                if ticket.body.rstrip().endswith(mark):
                    return ticket
        return self._create(title, f"{body.rstrip()}\n\n{mark}" if mark else body, priority)

    def _holder(self, id: str) -> str | None:
        """Whose claim the ticket is. One that was not let go stays until a person deletes its comment."""
        holder: str | None = None
        for comment in self._own_comments(id):
            found = MARK.search(comment.text)
            if found and found[1] == "claim" and holder is None:
                holder = found[2]
            elif found and found[1] == "free" and found[2] == holder:
                holder = None
        return holder

    def status_of(self, name: str) -> str:
        """Our word for the tracker's; one it has besides is nothing of ours: `claimed` by people."""
        return next((ours for ours, theirs in self.names.items() if theirs.lower() == name.lower()), "claimed")

    @abstractmethod
    def get(self, id: str) -> Ticket:
        """See Tracker."""

    @abstractmethod
    def open_change(self, id: str, proposal: Proposal) -> str:
        """See Tracker."""

    @abstractmethod
    def _ready(self) -> list[Ticket]: ...

    @abstractmethod
    def _open(self) -> list[Ticket]:
        """Tickets that are not done, any of which may be a bug reported before."""

    @abstractmethod
    def _own_comments(self, id: str) -> list[Comment]:
        """Those of the token's account, the oldest first."""

    @abstractmethod
    def _say(self, id: str, text: str) -> None: ...

    @abstractmethod
    def _move(self, id: str, status: str) -> None: ...

    @abstractmethod
    def _create(self, title: str, body: str, priority: str) -> Ticket: ...


SPEC_LINE = re.compile(r"^\s*spec:\s*`?([\w./-]+\.md)`?\s*$", re.MULTILINE | re.IGNORECASE)


def named_spec(body: str) -> str:
    """A ticket whose text begins with a line `spec: specs/<name>.md` names a specification of the project."""
    first = body.lstrip().split("\n", 1)[0]
    found = SPEC_LINE.match(first)
    return found[1] if found else ""


def without_mark(body: str) -> str:
    """A body without what marks a reported bug."""
    return re.sub(r"\n*\[factory:bug [\w-]+\]\s*$", "\n", body)
