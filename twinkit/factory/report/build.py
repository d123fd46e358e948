"""The canonical report: plain JSON that every other form is made from. Imports: gate, run.storage, scenarios.lint.

A result is believed only when its inputs are the plan's; a result of anything else counts as missing.
"""

from __future__ import annotations

import contextlib
import platform
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from twinkit.errors import UsageError
from twinkit.factory.errors import IntegrityError
from twinkit.factory.gate.rule import Tally, decide
from twinkit.factory.gate.statistics import pass_all, pass_at, wilson
from twinkit.factory.run.storage import RunFolder, State
from twinkit.factory.scenarios.lint import specification_of
from twinkit.factory.scenarios.model import Scenario
from twinkit.factory.trial.plan import Plan
from twinkit.factory.trial.result import Result

if TYPE_CHECKING:
    from twinkit.factory.run.selection import Selection

FORMAT = 1
REMEMBERED = 20
"""So many runs are looked through for what was flaky before."""


def build_report(selection: Selection, state: State, folder: RunFolder, plans: list[Plan]) -> dict[str, Any]:
    """Everything about a run, as plain JSON."""
    by_scenario: dict[str, list[tuple[Plan, list[Result]]]] = {}
    for plan in plans:
        attempts = [result for result in folder.attempts(plan.id) if result.inputs == plan.inputs]
        by_scenario.setdefault(plan.scenario, []).append((plan, attempts))
    base = base_outcomes(state, selection.candidate.base_tree, folder.id)
    rows: list[dict[str, Any]] = []
    tallies: list[Tally] = []
    for scenario in selection.scenarios:
        tally, row = _scenario(selection, scenario, by_scenario.get(scenario.id, []), base)
        tallies.append(tally)
        rows.append(row)
    integrity = list(dict.fromkeys(selection.integrity))
    candidate = selection.candidate
    gate = decide(tallies, selection.share, integrity, candidate.has_base, candidate.config.gate.stable)
    flaky = [row for row in rows if row["class"].startswith("flaky")]
    for row, past in zip(flaky, histories(state, [row["digest"] for row in flaky], folder.id), strict=True):
        row["history"] = past
    low, high = wilson(gate.passed, gate.total)
    return {
        "format": FORMAT,
        "run": folder.id,
        "head": candidate.head,
        "name": candidate.name,
        "tree": candidate.tree,
        "base": candidate.base,
        "vault": selection.suite.digest,
        "seed": selection.options.seed,
        "executor": selection.options.executor,
        "isolation": "namespaces" if selection.isolate else "process",
        "gate": {
            "decision": gate.decision, "exit_code": gate.exit_code, "passed": gate.passed, "total": gate.total,
            "share": list(gate.share), "reasons": list(gate.reasons), "regressions": list(gate.regressions),
            "criticals": list(gate.criticals), "interval": [low, high], "compared_with_base": bool(base),
            "flaky": [row["id"] for row in flaky],
        },
        "scenarios": rows,
        "integrity": integrity,
        "advisories": [*selection.advisories, *_sometimes(flaky)],
        "lines": {
            each.id: {constraint.id: constraint.line for constraint in each.constraints}
            for each in candidate.specifications
        },
        "phases": phases(rows),
        "machine": {"python": platform.python_version(), "system": platform.platform()},
        "finished": time.time(),
    }  # fmt: skip


def _scenario(
    selection: Selection, scenario: Scenario, trials: list[tuple[Plan, list[Result]]], base: dict[str, str]
) -> tuple[Tally, dict[str, Any]]:
    finals = [attempts[-1] for _, attempts in trials if attempts]
    missing = len(trials) - len(finals)
    rule = selection.rule(scenario)
    count, need = int(rule["trials"]), int(rule["need"])
    others = tuple(
        [result.verdict for result in finals if result.verdict not in ("pass", "fail")] + ["error"] * missing
    )
    digest = scenario.digest()
    tally = Tally(
        scenario.id, count, need, sum(result.verdict == "pass" for result in finals),
        sum(result.verdict == "fail" for result in finals), others, scenario.critical,
        base.get(digest),  # type: ignore[arg-type]
    )  # fmt: skip
    specification = specification_of(scenario, selection.candidate.specifications)
    row: dict[str, Any] = {
        "id": scenario.id, "title": scenario.title, "path": scenario.path, "line": scenario.line, "digest": digest,
        "set": scenario.settings.set, "critical": scenario.critical, "covers": list(scenario.covers),
        "specification": specification.id if specification else "",
        "specification_path": specification.path if specification else "",
        "outcome": tally.outcome, "class": tally.kind, "trials": count, "need": need, "passes": tally.passes,
        "fails": tally.fails, "others": list(others), "missing": missing, "base": tally.base,
        "attempts": [_attempt(result) for _, attempts in trials for result in attempts],
    }  # fmt: skip
    done = tally.passes + tally.fails
    if done == count:
        row["pass_at_1"] = float(pass_at(count, tally.passes, 1))
        row["pass_all"] = float(pass_all(count, tally.passes, count))
    return tally, row


def _attempt(result: Result) -> dict[str, Any]:
    return {
        "trial": result.trial, "index": result.index, "attempt": result.attempt, "seed": result.seed,
        "verdict": result.verdict, "kind": result.kind, "message": result.message, "line": result.line,
        "seconds": result.seconds, "steps": result.steps, "twins": result.twins, "outside": result.outside,
        "notes": result.notes, "expectations": result.expectations, "answers": result.answers,
    }  # fmt: skip


def phases(rows: Iterable[dict[str, Any]]) -> dict[str, float]:
    """Where the time went: seconds per phase, summed over all attempts."""
    total: dict[str, float] = {}
    for row in rows:
        for attempt in row["attempts"]:
            for name, seconds in attempt["seconds"].items():
                total[name] = round(total.get(name, 0.0) + seconds, 4)
    return dict(sorted(total.items(), key=lambda item: -item[1]))


def _sometimes(flaky: list[dict[str, Any]]) -> list[str]:
    if not flaky:
        return []
    names = ", ".join(row["id"] for row in flaky[:5])
    return [
        f"{len(flaky)} scenarios passed in some trials and failed in others ({names}): look at them before a merge."
    ]


def histories(state: State, digests: Sequence[str], without: str) -> list[dict[str, int]]:
    """Of each scenario, in the newest runs: in how many it was, in how many it was flaky, and on how many trees."""
    found = [{"runs": 0, "flaky": 0, "trees": 0} for _ in digests]
    trees: list[set[str]] = [set() for _ in digests]
    for id in reversed(state.runs()[-REMEMBERED:] if digests else []):
        if id == without:
            continue
        with contextlib.suppress(UsageError, IntegrityError):
            report = state.run(id).report()
            classes = {row["digest"]: row["class"] for row in report["scenarios"]}
            for at, digest in enumerate(digests):
                if digest in classes:
                    found[at]["runs"] += 1
                    if classes[digest].startswith("flaky"):
                        found[at]["flaky"] += 1
                        trees[at].add(report["tree"])
    return [{**each, "trees": len(seen)} for each, seen in zip(found, trees, strict=True)]


def base_outcomes(state: State, base_tree: str, without: str) -> dict[str, str]:
    """Scenario digest → outcome on the base tree, from the newest run that evaluated it there."""
    found: dict[str, str] = {}
    for id in reversed(state.runs() if base_tree else []):
        if id == without:
            continue
        with contextlib.suppress(UsageError, IntegrityError):
            report = state.run(id).report()
            if report["tree"] == base_tree:
                for row in report["scenarios"]:
                    found.setdefault(row["digest"], row["outcome"])
    return found
