"""From a ticket to a specification that may be worked from, or to what its author has to mend. Imports: specs, wall.

The text of a ticket is untrusted: it becomes one file below `specs/` on top of the target, named by the ticket's id.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from twinkit.errors import nearest
from twinkit.factory import git
from twinkit.factory.config import Config
from twinkit.factory.finding import errors
from twinkit.factory.run.candidate import linted_specifications
from twinkit.factory.trackers.base import Ticket
from twinkit.factory.wall.hidden import suspicious
from twinkit.factory.wall.scan import Scanner

MAX_TEXT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Specified:
    """The specification's path, and the commit that holds it: the target, or one commit on it."""

    spec: str
    base: str


@dataclass(frozen=True, slots=True)
class Mend:
    """Why the ticket goes back to its author; `leak`: it holds text of the evaluator."""

    problems: tuple[str, ...]
    leak: bool = False


def specify(repo: Path, target: str, config: Config, ticket: Ticket, scanner: Scanner) -> Specified | Mend:
    """The specification of a ticket on the commit `target`."""
    text = f"{ticket.title}\n{ticket.body}"
    if len(text.encode()) > MAX_TEXT:
        return Mend((f"Shorten the ticket to {MAX_TEXT // 1024} KiB.",))
    hidden = next(suspicious(text), None)
    if hidden:
        return Mend((f"Line {hidden[0] - 1} holds a character that nobody sees ({hidden[1]}): remove it.",))
    if scanner.hits("ticket", text):
        return Mend(("It repeats text that belongs to the evaluator. Say what is wanted in other words.",), leak=True)
    if ticket.spec:
        return _named(repo, target, config, ticket)
    path = f"{config.specs}/{ticket.slug}.md"
    there = git.read(repo, target, path)
    content = ticket.body.encode()
    if there is not None and there != content:
        return Mend((f"{path} is there already and says something else: change it by hand, and name it in `spec`.",))
    base = target if there is not None else git.with_files(repo, target, {path: content}, f"Specify {ticket.slug}")
    return _checked(repo, base, config, path)


def _named(repo: Path, target: str, config: Config, ticket: Ticket) -> Specified | Mend:
    known = [entry.path for entry in git.entries(repo, target, config.specs) if entry.path.endswith(".md")]
    if ticket.spec not in known:
        return Mend((f"There is no specification {ticket.spec!r}{nearest(ticket.spec, known)}.",))
    return _checked(repo, target, config, ticket.spec)


def _checked(repo: Path, base: str, config: Config, path: str) -> Specified | Mend:
    specifications, findings = linted_specifications(repo, base, config.specs)
    problems = [each for each in errors(findings) if each.path == path]
    if problems:
        return Mend(tuple(f"{_place(each.line)}{each.message} ({each.code})" for each in problems))
    if path not in [each.path for each in specifications]:
        return Mend((f"{path} cannot be read as a specification.",))
    return Specified(path, base)


def _place(line: int) -> str:
    return f"Line {line}: " if line else ""
