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
    rules = dict(record["scenarios"])
    rows = {row["id"]: row for row in report["scenarios"]}
    if sorted(rows) != sorted(rules):
        problems.append("The report does not list the scenarios that were selected.")
    if report["head"] != record["head"] or list(report["gate"]["share"]) != list(record["share"]):
        problems.append("The report is not that of this run.")
    tallies = [_tally(id, rule, verdicts.get(id, []), rows.get(id, {}).get("base")) for id, rule in rules.items()]
    problems += _moved(record)
    share = (int(record["share"][0]), int(record["share"][1]))
    rule = bool(record["compare"]), bool(record.get("stable"))
    gate = decide(tallies, share, list(dict.fromkeys(problems)), *rule)
    if gate.passed != report["gate"]["passed"]:
        problems.append(f"The report says {report['gate']['passed']} passed, the results say {gate.passed}.")
        return decide(tallies, gate.share, problems, *rule)
    return gate


def _tally(id: str, rule: dict[str, Any], verdicts: list[str], base: Any) -> Tally:
    others = tuple([each for each in verdicts if each not in ("pass", "fail")])
    missing = ("error",) * (rule["trials"] - len(verdicts))
    return Tally(
        id, rule["trials"], rule["need"], verdicts.count("pass"), verdicts.count("fail"), others + missing,
        rule["critical"], base,
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
