"""What the coder is told of a failed evaluation: constraints of the specification and symptom classes. Imports: specs.

Never a title, step, value or message of a scenario; one without a constraint gives only a count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from twinkit.factory.specs.model import Specification

SYMPTOMS = {
    "assert": "the app answered, and what it did is not what the constraint says",
    "app_start": "the app did not build or did not become ready",
    "app_crash": "the app ended or broke a connection",
    "app_timeout": "the app did not answer in time",
}


SIDES = {
    "seen in the mail it sent": re.compile(r"\bemails?\b"),
    "seen in its calls to a service": re.compile(r"^\w+ the app (?:never )?called "),
    "seen in what it left at a service": re.compile(r" twin has | created in "),
    "seen in what it printed": re.compile(r"^\w+ the (?:command|log) "),
    "seen in its answers": re.compile(r"\bresponses?\b|\banswers\b|\bstatus\b"),
}
CIRCUMSTANCES = {
    "after time had passed": re.compile(r" pass(?:es)?$"),
    "after a restart": re.compile(r" the app is restarted$"),
    "with a service in trouble": re.compile(r" fails with | has the failure profile "),
    "with many callers at once": re.compile(r" times at once\b"),
    "with an event that came again": re.compile(r" sends its last "),
}
"""Words of the built-in steps, and what may be told of them: where to look, and nothing of what was asked."""


def feedback(rows: Sequence[Mapping[str, Any]], specifications: Iterable[Specification], decision: str) -> str:
    """Markdown. `rows` are a report's scenarios; only outcome, covers, specification and symptom kinds are read."""
    known = {each.id: each for each in specifications}
    failed = [row for row in rows if row["outcome"] == "fail"]
    if not failed:
        return f"The evaluation ended without a failed constraint ({decision}).\n"
    if all(kinds(row) == ["app_start"] for row in failed):
        return f"Nothing could be checked: {SYMPTOMS['app_start']}.\n"
    lines: list[str] = []
    uncounted = 0
    symptoms: dict[tuple[str, str], list[str]] = {}
    for row in failed:
        specification = known.get(row["specification"])
        covered = [specification.constraint(id) for id in row["covers"]] if specification else []
        if not any(covered):
            uncounted += 1
        for constraint in covered:
            if specification and constraint:
                symptoms.setdefault((specification.id, constraint.id), []).extend(seen_of(row))
    for (id, constraint_id), seen in sorted(symptoms.items()):
        constraint = known[id].constraint(constraint_id)
        assert constraint is not None
        what = "; ".join(dict.fromkeys(seen))
        lines += [f"- {id}, {constraint_id} (line {constraint.line}): {constraint.text}", f"  Seen: {what}."]
    head = f"{len(symptoms)} constraints do not hold:" if symptoms else ""
    tail = f"{uncounted} further checks failed that belong to no constraint." if uncounted else ""
    return "\n".join(part for part in (head, "", *lines, "", tail) if part or lines).strip() + "\n"


def seen_of(row: Mapping[str, Any]) -> list[str]:
    """Symptom classes with the side of the app that showed them, and under which circumstances; never a value."""
    found: list[str] = []
    for each in row["attempts"]:
        if each["verdict"] == "fail":
            steps = [str(step["text"]) for step in each.get("steps") or ()]
            sides = [name for name, pattern in SIDES.items() if steps and pattern.search(steps[-1])][:1]
            when = [name for name, pattern in CIRCUMSTANCES.items() if any(pattern.search(step) for step in steps)]
            about = ", ".join([*sides, *when])
            found.append(SYMPTOMS.get(each["kind"], "it failed") + (f" ({about})" if about else ""))
    if row.get("passes", 0) > 0:
        found.append("not in every trial")
    return list(dict.fromkeys(found))


def kinds(row: Mapping[str, Any]) -> list[str]:
    """Symptom classes of a scenario's failed trials, without repeats."""
    return list(dict.fromkeys(each["kind"] for each in row["attempts"] if each["verdict"] == "fail"))
