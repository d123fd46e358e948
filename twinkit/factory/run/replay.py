"""Run one trial again with its seed, and say what differs: verdict, steps, and the traffic at the twins.

Imports: storage.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from twinkit.errors import UsageError
from twinkit.factory.executors.local import LocalExecutor
from twinkit.factory.run.storage import State
from twinkit.factory.trial import result as results
from twinkit.factory.trial.plan import Plan

COMPARED = ("method", "path", "status", "operation", "fault")


def replay(state: State, id: str) -> dict[str, Any]:
    """Old and new verdict, and the differences as sentences. Raises UsageError."""
    run, folder = state.trial(id)
    attempts = sorted(folder.glob("attempt-*"), key=lambda path: int(path.name.split("-")[1]))
    before = next((path for path in reversed(attempts) if results.read(path, key=run.key) is not None), None)
    if before is None:
        raise UsageError(f"trial {id} has no result to compare with")
    plan = Plan.read(before)
    if not plan.app["url"] and not plan.build.get("problem") and not Path(plan.build["folder"]).is_dir():
        raise UsageError("the built tree is no longer in the cache; run the change again")
    after = folder / "replay"
    number = 1
    while (after / f"attempt-{number}").exists():
        number += 1
    target = after / f"attempt-{number}"
    executor = LocalExecutor(1)
    try:
        new = executor.run_one(replace(plan, attempt=plan.attempt), target)
    finally:
        executor.close()
    old = results.read(before, key=run.key)
    assert old is not None
    differences = [*_verdicts(old, new), *traffic(before, target, sorted(plan.twins))]
    return {
        "trial": plan.id, "scenario": plan.scenario, "seed": plan.seed, "before": old.verdict, "after": new.verdict,
        "message": new.message, "differences": differences, "folder": str(target), "same": old.verdict == new.verdict,
    }  # fmt: skip


def _verdicts(old: results.Result, new: results.Result) -> list[str]:
    found: list[str] = []
    if (old.verdict, old.kind) != (new.verdict, new.kind):
        found.append(f"verdict: {old.verdict} {old.kind}".rstrip() + f", now {new.verdict} {new.kind}".rstrip())
    for before, now in zip(old.steps, new.steps, strict=False):
        if before["state"] != now["state"]:
            found.append(f"step `{before['text']}`: {before['state']}, now {now['state']}")
    if len(old.steps) != len(new.steps):
        found.append(f"steps run: {len(old.steps)}, now {len(new.steps)}")
    return found


def traffic(before: Path, after: Path, twins: list[str]) -> list[str]:
    """The first difference in the calls that each twin received."""
    found: list[str] = []
    for name in twins:
        old, new = (_calls(folder / f"twin-{name}.json") for folder in (before, after))
        for position, (one, other) in enumerate(zip(old, new, strict=False), start=1):
            if one != other:
                found.append(f"{name} call {position}: {_say(one)}, now {_say(other)}")
                break
        else:
            if len(old) != len(new):
                found.append(f"{name} received {len(old)} calls, now {len(new)}")
    return found


def _calls(path: Path) -> list[dict[str, Any]]:
    try:
        rows = json.loads(path.read_text("utf-8"))["exchanges"]
    except (OSError, ValueError, KeyError):
        return []
    return [{key: row.get(key) for key in COMPARED} for row in rows]


def _say(call: dict[str, Any]) -> str:
    fault = f" ({call['fault']})" if call.get("fault") else ""
    return f"{call['method']} {call['path']} → {call['status']}{fault}"
