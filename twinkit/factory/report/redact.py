"""The public form of a report: nothing a coder could learn a scenario from. Imports nothing of the kit.

Scenarios become numbers in a shuffled but stable order; titles, paths, steps, messages and tags are gone. What stays:
the specification, the constraints covered, outcomes, symptom classes and counts.
"""

from __future__ import annotations

import hashlib
from typing import Any

KEPT = ("outcome", "class", "trials", "need", "passes", "fails", "critical", "specification", "specification_path")


def redact(report: dict[str, Any]) -> dict[str, Any]:
    """A new report without scenario text."""
    rows = sorted(
        report["scenarios"], key=lambda row: hashlib.sha256(f"{report['run']}/{row['id']}".encode()).hexdigest()
    )
    names = {row["id"]: f"scenario-{number}" for number, row in enumerate(rows, start=1)}
    gate = dict(report["gate"])
    for key in ("regressions", "criticals", "flaky"):
        gate[key] = [names.get(id, "scenario") for id in gate.get(key, ())]
    told = [text for text in report["integrity"] if "scenario" in text.lower()]
    gate["reasons"] = [text for text in gate["reasons"] if text not in told]
    return {
        **{key: report[key] for key in ("format", "run", "head", "name", "tree", "base", "isolation", "finished")},
        "gate": gate,
        "scenarios": [_row(row, names[row["id"]]) for row in rows],
        "integrity": [text for text in report["integrity"] if "scenario" not in text.lower()]
        or (["The wall between coder and scenarios does not hold."] if report["integrity"] else []),
        "advisories": [],
        "phases": report["phases"],
        "audience": "public",
    }


def _row(row: dict[str, Any], name: str) -> dict[str, Any]:
    attempts = [
        {
            "trial": "", "index": each["index"], "attempt": each["attempt"], "verdict": each["verdict"],
            "kind": each["kind"], "message": "", "line": 0, "steps": [],
            "seconds": {"all": each["seconds"].get("all", 0)},
        }
        for each in row["attempts"]
    ]  # fmt: skip
    kept = {key: row[key] for key in KEPT}
    return {**kept, "id": name, "title": name, "path": "", "line": 0, "covers": row["covers"], "attempts": attempts}
