"""Two audits of scenarios: does each fail where the feature is missing, and is it the same every time? Imports: run.

A scenario that passes on base witnesses nothing about the change; one that changes its mind with the same seed proves
nothing at all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twinkit.errors import UsageError
from twinkit.factory.run.controller import run
from twinkit.factory.run.options import Options
from twinkit.factory.run.replay import traffic
from twinkit.factory.run.storage import State


def witness(options: Options) -> dict[str, Any]:
    """Run every scenario on base; `silent` lists those that do not fail there."""
    if not options.base:
        raise UsageError("name the commit before the change: --base REF")
    report = run(replace(options, head=options.base, base=options.base))
    silent = [row["id"] for row in report["scenarios"] if row["outcome"] != "fail"]
    return {"scenarios": len(report["scenarios"]), "silent": silent, "run": report["run"], "ok": not silent}


def determinism(options: Options, times: int = 3) -> dict[str, Any]:
    """Run every trial several times with the same seeds; `different` names scenarios whose verdict or traffic moved."""
    reports = [run(options) for _ in range(max(2, times))]
    state = State(options.state)
    different: dict[str, list[str]] = {}
    for position, row in enumerate(reports[0]["scenarios"]):
        for other in reports[1:]:
            again = other["scenarios"][position]
            for one, two in zip(row["attempts"], again["attempts"], strict=False):
                if (one["verdict"], one["kind"]) != (two["verdict"], two["kind"]):
                    different.setdefault(row["id"], []).append(
                        f"trial {one['index'] + 1}: {one['verdict']}, then {two['verdict']}"
                    )
                folders = [
                    state.run(report["run"]).trial(one["trial"]) / f"attempt-{each['attempt']}"
                    for report, each in ((reports[0], one), (other, two))
                ]
                moved = traffic(folders[0], folders[1], sorted(one["twins"]))
                different.setdefault(row["id"], []).extend(moved) if moved else None
    return {"times": len(reports), "different": different, "ok": not different}
