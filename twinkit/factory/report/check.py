"""The gate once more, from the results on disk: a stored decision is never taken at its word.

Imports: gate, storage, git.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twinkit.errors import UsageError
from twinkit.factory import git
from twinkit.factory.gate.rule import Gate, Tally, decide
from twinkit.factory.run.storage import RunFolder


def recheck(folder: RunFolder, report: dict[str, Any]) -> Gate:
    """Count the results again, and look whether head is still what was evaluated."""
    record = folder.record
    problems = list(report["integrity"])
    verdicts: dict[str, list[str]] = {}
    for id in record["trials"]:
        result = folder.final(id)
        if result is not None:
            verdicts.setdefault(result.scenario, []).append(result.verdict)
    rows = {row["id"]: row for row in report["scenarios"]}
    if sorted(rows) != sorted(record["scenarios"]):
        problems.append("The report does not list the scenarios that were selected.")
    tallies = [_tally(row, verdicts.get(id, [])) for id, row in rows.items()]
    problems += _moved(record)
    gate = decide(tallies, tuple(report["gate"]["share"]), list(dict.fromkeys(problems)))
    if gate.passed != report["gate"]["passed"]:
        problems.append(f"The report says {report['gate']['passed']} passed, the results say {gate.passed}.")
        return decide(tallies, gate.share, problems)
    return gate


def _tally(row: dict[str, Any], verdicts: list[str]) -> Tally:
    others = tuple([each for each in verdicts if each not in ("pass", "fail")])
    missing = ("error",) * (row["trials"] - len(verdicts))
    return Tally(
        row["id"], row["trials"], row["need"], verdicts.count("pass"), verdicts.count("fail"), others + missing,
        row["critical"], row["base"],
    )  # fmt: skip


def _moved(record: dict[str, Any]) -> list[str]:
    repo = Path(record["options"]["project"])
    try:
        now = git.commit(repo, record["name"])
    except UsageError:
        return [f"{record['name']} is gone; {record['head'][:12]} was evaluated."]
    return (
        [] if now == record["head"] else [f"{record['name']} moved to {now[:12]}; {record['head'][:12]} was evaluated."]
    )
