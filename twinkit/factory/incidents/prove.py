"""Does a candidate scenario fail on base? Only then is it a holdout. Imports: run, scenarios, steps.

It runs beside a copy of the vault's steps and states, so that the vault is not touched before it is known. What was
seen is kept in state/incidents/evidence/<id>, not among the runs: no change is judged by it.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from twinkit.errors import TwinkitError
from twinkit.factory.errors import LintError
from twinkit.factory.finding import errors
from twinkit.factory.run.controller import Executor, run
from twinkit.factory.run.options import Options
from twinkit.factory.run.storage import State
from twinkit.factory.scenarios.model import Scenario
from twinkit.factory.scenarios.parse import parse_text
from twinkit.factory.steps.load import load_steps

WITNESSES = ("assert", "app_crash", "app_timeout")


@dataclass(frozen=True, slots=True)
class Proof:
    """`holds` when the scenario fails on base as a bug does; else `why` not, with `snippets` for unbound steps."""

    holds: bool
    why: str
    snippets: tuple[str, ...] = ()


def prove(options: Options, path: Path, worker: Executor | None = None) -> Proof:
    """Run the candidate at `path` on `options.base`. What cannot be run is a reason, never an exception."""
    try:
        scenarios, findings = parse_text(path.read_text("utf-8"), path.name)
        problems = errors(findings)
        if problems:
            raise LintError(problems)
        unbound = _unbound(options.vault, scenarios)
        if unbound:
            return unbound
        report = _run(options, path, worker)
    except (TwinkitError, OSError, ValueError) as error:
        return Proof(False, f"it could not be run: {str(error)[:500]}")
    return _judge(report)


def _unbound(vault: Path, scenarios: list[Scenario]) -> Proof | None:
    registry = load_steps(vault)
    bindings = [each for scenario in scenarios for each in registry.bind_all(scenario.steps) if each.state != "bound"]
    if not bindings:
        return None
    snippets = tuple(dict.fromkeys(registry.snippet(each.step) for each in bindings if each.state == "unbound"))
    return Proof(False, "; ".join(each.problem for each in bindings), snippets)


def _run(options: Options, path: Path, worker: Executor | None) -> dict[str, Any]:
    options.state.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.state, prefix="candidate-") as folder:
        vault = Path(folder)
        (vault / "scenarios").mkdir()
        shutil.copyfile(path, vault / "scenarios" / path.name)
        for part in ("steps", "states"):
            if (options.vault / part).is_dir():
                shutil.copytree(options.vault / part, vault / part, ignore=shutil.ignore_patterns("__pycache__"))
        if (options.vault / "vault.toml").is_file():
            shutil.copyfile(options.vault / "vault.toml", vault / "vault.toml")
        chosen = replace(options, vault=vault, head=options.base, sets=("holdout",), evaluator=False)
        report = run(chosen, worker=worker)
    evidence = options.state / "incidents" / "evidence" / path.stem
    shutil.rmtree(evidence, ignore_errors=True)
    evidence.parent.mkdir(parents=True, exist_ok=True)
    State(options.state).run(report["run"]).folder.rename(evidence)
    return report


def _judge(report: dict[str, Any]) -> Proof:
    base = report["head"][:12]
    fails: list[dict[str, Any]] = []
    for row in report["scenarios"]:
        attempts = row["attempts"]
        fails = [each for each in attempts if each["verdict"] == "fail"]
        seen = sum(each["kind"] in WITNESSES for each in fails)
        if row["outcome"] == "pass":
            return Proof(False, f"it passes on base ({base}): it does not show the bug")
        if row["outcome"] != "fail" or seen < row["need"]:
            bad = next((each for each in attempts if each["verdict"] != "pass" and each["kind"] not in WITNESSES), None)
            told = f"{bad['verdict']} {bad['kind']}: {bad['message'].splitlines()[0][:300]}" if bad else row["class"]
            return Proof(False, f"on base ({base}) nothing is decided: {told}")
        if row["passes"]:
            return Proof(
                False, f"on base ({base}) it passes {row['passes']} of {row['trials']} times: it is not reliable"
            )
    told = next((each["message"].splitlines()[0][:200] for each in fails if each["message"]), "")
    return Proof(True, f"fails on base ({base}): {told}")
