"""From options to plans: lint, wall, selection, builds, one plan per trial. Imports: candidate, vault, build, plan."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twinkit.errors import UsageError
from twinkit.factory import git
from twinkit.factory.config import App
from twinkit.factory.environment import build as builds
from twinkit.factory.environment import container
from twinkit.factory.environment.app import INHERITED
from twinkit.factory.environment.build import Build
from twinkit.factory.environment.jail import outermost, secrets
from twinkit.factory.errors import LintError
from twinkit.factory.finding import errors
from twinkit.factory.run.candidate import Candidate, open_candidate
from twinkit.factory.run.options import Options
from twinkit.factory.run.storage import State
from twinkit.factory.scenarios.lint import lint_suite
from twinkit.factory.scenarios.model import Scenario
from twinkit.factory.scenarios.vault import Suite, load_vault, steps_digest
from twinkit.factory.steps.load import load_steps
from twinkit.factory.trial.plan import Plan, trial_id, trial_seed
from twinkit.factory.wall import placement


@dataclass(slots=True)
class Selection:
    """Everything a run is about, before the first trial."""

    options: Options
    candidate: Candidate
    suite: Suite
    scenarios: list[Scenario]
    isolate: bool
    plans: list[Plan] = field(default_factory=list)
    integrity: list[str] = field(default_factory=list)
    advisories: list[str] = field(default_factory=list)

    @property
    def share(self) -> tuple[int, int]:
        """The gate's share."""
        return self.candidate.config.gate.share

    def rule(self, scenario: Scenario) -> dict[str, Any]:
        """What decides about a scenario: how many trials, how many must pass, whether it decides alone."""
        trials = self.options.trials
        return {
            "trials": trials or scenario.settings.trials,
            "need": (2 * trials + 2) // 3 if trials else scenario.settings.needed,
            "critical": scenario.critical,
        }


def select(options: Options) -> Selection:
    """Read, lint and choose. Raises UsageError, LintError."""
    candidate = open_candidate(options.project, options.head, options.base)
    vault = options.vault.resolve()
    suite = load_vault(vault)
    problems = errors(suite.findings)
    if problems:
        raise LintError(problems)
    registry = load_steps(vault)
    problems = errors(lint_suite(suite, registry, candidate.specifications, bind=False))
    if problems:
        raise LintError(problems)
    scenarios = suite.select(options.sets or candidate.config.gate.sets, options.only)
    if not scenarios:
        raise UsageError(
            f"no scenario of the sets {', '.join(options.sets or candidate.config.gate.sets)} was selected"
        )
    selection = Selection(options, candidate, suite, scenarios, builds.isolation(options.isolation))
    selection.integrity = [*candidate.integrity, *placement.problems(candidate.repo, vault, candidate.head)]
    selection.advisories = list(candidate.advisories)
    if options.only or options.sets or options.trials:
        selection.advisories.append("Only a part was asked for (--only, --set or --trials): this decides no merge.")
    burned = State(options.state).burned()
    if burned & {"", *(scenario.id for scenario in scenarios)}:
        selection.advisories.append("Burnt scenarios are among the selected: their text got out, replace them.")
    if not selection.isolate:
        selection.advisories.append("No namespaces: trials share this machine's network and files.")
    return selection


def make_plans(selection: Selection, state: State, run: str) -> list[Plan]:
    """Build what has to be built, then one plan per scenario and trial, in order."""
    if any("exported" in problem for problem in selection.integrity):
        return []
    made: dict[str, Build] = {}
    steps = steps_digest(selection.suite.root)
    selection.plans = [
        plan for scenario in selection.scenarios for plan in _plans(selection, state, run, scenario, made, steps)
    ]
    return selection.plans


def _plans(
    selection: Selection, state: State, run: str, scenario: Scenario, made: dict[str, Build], steps: str
) -> list[Plan]:
    options, candidate = selection.options, selection.candidate
    name = app_name(scenario, candidate)
    app = candidate.config.app(name)
    hidden = hidden_paths(selection, state)
    if name not in made:
        env = {key: os.environ[key] for key in (*INHERITED, *app.inherit) if key in os.environ}
        made[name] = builds.prepare(
            candidate.repo, candidate.head, state.cache, commands=app.build, network=app.build_network,
            timeout=app.build_timeout, env=env, hidden=hidden, isolate=selection.isolate and app.isolates,
            app=app.model_dump(mode="json"),
        )  # fmt: skip
        selection.advisories += _environment(app)
    settings = scenario.settings
    twins: dict[str, dict[str, Any]] = {twin: {} for twin in app.twins}
    twins |= {twin: each.model_dump(mode="json") for twin, each in settings.twins.items()}
    if app.url and twins and not app.fixed_twins:
        raise UsageError(
            f"{scenario.path}:{scenario.line}: what runs at {app.url} cannot be given private twins; remove "
            "`twins`, or point it at the usual ports (4010, 4011, …; SMTP 1025) and set `fixed_twins = true`"
        )
    isolate = selection.isolate and app.isolates
    evaluator = load_evaluator(selection.suite.root) if options.evaluator else {}
    inputs = {
        "tree": candidate.tree,
        "app": _hash(app.model_dump(mode="json")),
        "scenario": scenario.digest(),
        "steps": steps,
        "twins": _hash(twins),
        "evaluator": _hash({key: value for key, value in evaluator.items() if key not in ("record", "replay")}),
        "isolation": str(isolate),
        "version": importlib.metadata.version("twinkit"),
    }
    plans: list[Plan] = []
    for index in range(options.trials or settings.trials):
        seed = trial_seed(options.seed, scenario, index)
        plans.append(
            Plan(
                id=trial_id(inputs, index, seed), run=run, scenario=scenario.id, title=scenario.title,
                steps=[step.data() for step in scenario.steps], index=index, seed=seed, timeout=settings.timeout,
                app=app.model_dump(mode="json"), build=made[name].data(), vault=str(selection.suite.root), twins=twins,
                clock=settings.clock, database=settings.database, isolate=isolate,
                twin_command=list(options.twin_command), hidden=list(hidden), locks=str(state.locks),
                state=str(state.root), evaluator=evaluator, inputs=inputs,
            )
        )  # fmt: skip
    return plans


def _environment(app: App) -> list[str]:
    """What this way of running the app does not hold."""
    if app.url:
        return [f"The app at {app.url} is one for all trials: what one leaves behind the next one sees."]
    return [container.ADVISORY] if app.container else []


def app_name(scenario: Scenario, candidate: Candidate) -> str:
    """The scenario's app, else its specification's, else the only one."""
    if scenario.settings.app:
        return scenario.settings.app
    wanted = scenario.settings.spec or Path(scenario.path).stem
    return next((each.app for each in candidate.specifications if each.id == wanted), "")


def hidden_paths(selection: Selection, state: State) -> tuple[str, ...]:
    """What the code under test must not see: vault, state, the repository's history, the operator's secrets."""
    repo = selection.candidate.repo
    history = git.output(repo, "rev-parse", "--path-format=absolute", "--git-common-dir")
    paths = [str(selection.suite.root), str(state.root), str(repo / ".git"), history, *secrets()]
    return outermost(paths)


def load_evaluator(root: Path) -> dict[str, Any]:
    """The `[evaluator]` table of vault.toml; empty for steps alone. Raises UsageError."""
    import tomllib

    path = root / "vault.toml"
    if not path.is_file():
        return {}
    settings = dict(tomllib.loads(path.read_text("utf-8")).get("evaluator", {}))
    known = {"kind", "command", "endpoint", "model", "key_variable", "timeout", "rounds", "record", "replay"}
    for key in settings:
        if key not in known:
            raise UsageError(f"vault.toml: remove the key {key!r} from [evaluator]")
    if settings.get("kind", "steps") == "steps":
        return {}
    for key in ("record", "replay"):
        if settings.get(key):
            settings[key] = str((root / settings[key]).resolve())
    if settings.get("command"):
        settings["command"] = [str(root / word) if word.startswith("./") else word for word in settings["command"]]
    return settings


def _hash(data: Any) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
