"""Which merge an incident belongs to, as far as the ledger knows. Imports: git, ledger.

By the release's commit when the alert names one: the commit itself, else the newest merge that is in it. Without one,
the newest merge of the time before the alert began.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twinkit.errors import UsageError
from twinkit.factory import git
from twinkit.factory.incidents.record import Incident
from twinkit.factory.ledger.chain import Ledger

SHA = re.compile(r"(?<![0-9a-f])[0-9a-f]{7,40}(?![0-9a-f])")


def merges(entries: Sequence[dict[str, Any]]) -> list[tuple[str, float]]:
    """(commit, time) of every change that the factory merged or a person accepted, oldest first."""
    accepted = [each for each in entries if each["kind"] == "merge" or _accepted(each)]
    return [(str(each["data"]["head"]), float(each["at"])) for each in accepted]


def _accepted(entry: dict[str, Any]) -> bool:
    return bool(entry["kind"] == "decision" and entry["data"].get("verdict") == "accept")


def tied(
    project: Path, entries: Sequence[dict[str, Any]], release: str, started: float, window: float
) -> tuple[str, str]:
    """The merge and how it is known; empty when the ledger knows none."""
    known = merges(entries)
    evaluated = [str(each["data"]["head"]) for each in entries if each["kind"] == "evaluation"]
    for mark in SHA.findall(release.lower()):
        for head in (*(head for head, _ in reversed(known)), *reversed(evaluated)):
            if head.startswith(mark):
                return head, f"the release names it ({mark[:12]})"
        inside = next((head for head, _ in reversed(known) if _inside(project, head, mark)), "")
        if inside:
            return inside, f"it is the newest merge in the release ({mark[:12]})"
        if _known(project, mark):
            return "", ""
    near = [(head, at) for head, at in known if 0 <= started - at <= window]
    if near:
        return near[-1][0], f"it was merged {round((started - near[-1][1]) / 60)} minutes before"
    return "", ""


def _known(project: Path, mark: str) -> bool:
    try:
        return bool(git.commit(project, mark))
    except UsageError:
        return False


def _inside(project: Path, head: str, release: str) -> bool:
    done = git.run(project, "merge-base", "--is-ancestor", head, release, check=False)
    return done.returncode == 0


def demote(ledger: Ledger, incident: Incident, head: str, how: str) -> bool:
    """Write the incident into the ledger, once for each merge; whether it is new there."""
    entries = ledger.entries()
    mine = [
        each["data"] for each in entries if each["kind"] == "incident" and each["data"].get("incident") == incident.id
    ]
    if any(data.get("head") == head for data in mine):
        return False
    ledger.append("incident", {"head": head, "note": f"{incident.id}: {how}", "incident": incident.id})
    return True
