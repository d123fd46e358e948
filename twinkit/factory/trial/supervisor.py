"""Runs one trial inside its namespace: twins, app, steps, evidence, teardown. Imports: environment, steps, verdict.

Everything is torn down in reverse order whatever happens; the result says how long each phase took.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from twinkit import seeds
from twinkit.errors import TwinkitError
from twinkit.factory.environment.app import App
from twinkit.factory.environment.build import Build, copy
from twinkit.factory.environment.clock import AppClock
from twinkit.factory.environment.database import Database
from twinkit.factory.environment.jail import Jail
from twinkit.factory.environment.outside import Outside
from twinkit.factory.environment.twin_client import Twin
from twinkit.factory.environment.twins import Twins
from twinkit.factory.errors import AppFailure, HarnessError
from twinkit.factory.evaluators.base import judge
from twinkit.factory.locks import locked
from twinkit.factory.steps.app_client import AppClient
from twinkit.factory.steps.load import load_steps
from twinkit.factory.steps.registry import Binding, Registry
from twinkit.factory.steps.world import World
from twinkit.factory.trial.plan import Plan
from twinkit.factory.trial.result import Result
from twinkit.factory.trial.script import Script, TimeUp
from twinkit.factory.trial.verdict import Evidence, decide

TWIN_BOOT_SECONDS = 30.0


class Supervisor:
    """One trial in `folder`, already inside its namespace when `plan.isolate`."""

    def __init__(self, plan: Plan, folder: Path, relay: Any = None) -> None:
        self.plan = plan
        self.folder = folder
        self.relay = relay
        self.evidence = Evidence()
        self.seconds: dict[str, float] = {}
        self.script: Script | None = None
        self.notes: list[str] = []
        self.world: World | None = None
        self.outside: Outside | None = None
        self.twins: Twins | None = None
        self.evaluation: dict[str, Any] = {}

    def run(self) -> Result:
        """Do it all. Raises nothing but what ends the process."""
        started = time.monotonic()
        with contextlib.ExitStack() as stack:
            try:
                self._run(stack)
            except AppFailure as failure:
                self.evidence.app = self.evidence.app or (failure.kind, str(failure))
            except HarnessError as error:
                self.evidence.harness = self.evidence.harness or (error.kind, str(error))
            except OSError as error:
                kind = "disk" if error.errno in (28, 30, 122) else "harness"
                self.evidence.harness = (kind, f"{type(error).__name__}: {error}")
            except TwinkitError as error:
                self.evidence.harness = ("harness", str(error))
            except TimeUp:
                self.evidence.harness = ("harness", "the trial's time was over outside of a step")
            except Exception as error:
                self.evidence.harness = ("harness", f"{type(error).__name__}: {error}")
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
                if self.twins is not None:
                    self.evidence.dead_twins = self.evidence.dead_twins or self.twins.dead()
                self._collect()
            begin = time.monotonic()
        self.seconds["teardown"] = time.monotonic() - begin
        self.seconds["all"] = time.monotonic() - started
        return self._result()

    @contextlib.contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        begin = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - begin

    def _run(self, stack: contextlib.ExitStack) -> None:
        plan = self.plan
        bindings, registry = self._bind()
        if bindings is None:
            return
        if plan.build.get("problem"):
            raise AppFailure("app_start", f"the build failed: {plan.build['problem']}")
        for name in ("home", "tmp"):
            (self.folder / name).mkdir(exist_ok=True)
        with self._phase("twins"):
            twins = Twins(plan.twins, seed=plan.seed, token=secrets.token_hex(24), command=plan.twin_command)
            self.twins = twins
            if plan.app["fixed_twins"]:
                stack.enter_context(locked(Path(plan.locks) / "twins"))
            stack.callback(twins.stop)
            twins.start(self.folder, plan.clock, fixed=bool(plan.app["fixed_twins"]))
        with self._phase("export"):
            if not plan.app["url"]:
                copy(Build(**plan.build), self.folder / "app")
        cache = Path(plan.locks) if plan.locks else None
        database = Database(plan.database or plan.app["database"], self._sub("database"), cache)
        with self._phase("database"):
            stack.callback(database.stop)
            database.start()
        with self._phase("twins"):
            twins.wait(TWIN_BOOT_SECONDS)
        app = self._start_app(stack, twins, database)
        world = self._world(app, twins, registry)
        stack.callback(world.app.close)
        with self._phase("steps"):
            self._steps(bindings, world, app)
        self.evidence.harness = self.evidence.harness or (("harness", database.dead()) if database.dead() else None)

    def _sub(self, name: str) -> Path:
        path = self.folder / name
        path.mkdir(exist_ok=True)
        return path

    def _bind(self) -> tuple[list[Binding] | None, Registry]:
        with self._phase("bind"):
            registry = load_steps(Path(self.plan.vault) if self.plan.vault else None)
            bindings = registry.bind_all(self.plan.script())
        free = bool(self.plan.evaluator)
        for binding in bindings:
            if binding.state == "ambiguous":
                self.evidence.ambiguous = self.evidence.ambiguous or binding.problem
            if binding.state == "unbound" and not free:
                self.evidence.unbound = self.evidence.unbound or binding.problem
        stopped = self.evidence.ambiguous or self.evidence.unbound
        return (None if stopped else bindings), registry

    def _start_app(self, stack: contextlib.ExitStack, twins: Twins, database: Database) -> App:
        plan = self.plan
        self.clock = AppClock(plan.app["clock"], self._sub("time"))
        self.outside = Outside()
        stack.callback(self.outside.close)
        app = App(plan.app, self.folder, str(plan.build.get("image", "")))
        app.headers = caller(plan.seed)
        if not plan.isolate and plan.app["port"] and plan.locks:
            stack.enter_context(locked(Path(plan.locks) / f"port-{plan.app['port']}"))
        with self._phase("twins"):
            twins.prepare(Path(plan.vault) / "states" if plan.vault else None, app.url)
        extra = {**database.env, **self.clock.env(), **self.outside.env()}
        jail = None
        if plan.isolate:
            names = ("app", "home", *(["database"] if database.kind == "sqlite" else []))
            writable = tuple(str(self.folder / name) for name in names)
            keep = (str(self.folder / "time"),)
            jail = Jail(writable, tuple(plan.hidden), str(self.folder / "tmp"), keep=keep, root=str(self.folder))
        env = app.environment(twins.by_name, extra, "/tmp" if jail else str(self.folder / "tmp"), jail)
        stack.callback(self._stop_app, app)
        with self._phase("start"):
            app.start(env, jail)
            app.wait_ready()
        self._again = lambda: _restart(app, env, jail)
        self._command = lambda words: app.run(words, env, jail, max(0.1, self._deadline - time.monotonic()))
        with self._phase("twins"):
            for twin in twins.by_name.values():
                twin.mark()
        return app

    def _stop_app(self, app: App) -> None:
        if self.evidence.finished and not self.evidence.app and not app.alive() and app.process:
            code = app.process.status
            self.evidence.app = ("app_crash", f"the app ended with code {code} after the last step{app.said()}")
        if app.watchdog and app.watchdog.problem:
            self.evidence.app, self.evidence.harness = ("app_crash", app.watchdog.problem), None
        if not app.stop():
            self.notes.append("the app ignored SIGTERM and was killed")

    def _world(self, app: App, twins: Twins, registry: Registry) -> World:
        client = AppClient(
            app.url, app.alive, float(self.plan.app["request_timeout"]), headers=app.headers, starved=app.starved
        )
        self._deadline = deadline = time.monotonic() + self.plan.timeout
        world = World(client, twins.by_name, self.clock, registry, seed=self.plan.seed, deadline=deadline)
        world.restarting = self._again if app.process else None
        world.running = None if plan_runs_elsewhere(self.plan.app) else self._command
        world.printed = lambda: app.output(2_000_000)
        self.world = world
        return world

    def _steps(self, bindings: list[Binding], world: World, app: App) -> None:
        plan = self.plan
        script = Script(
            bindings, world, self.evidence, timeout=plan.timeout, settle=float(plan.app["settle"]), starved=app.starved,
            held_up=app.held_up,
        )  # fmt: skip
        self.script = script
        signal.signal(signal.SIGALRM, _time_up)
        signal.setitimer(signal.ITIMER_REAL, max(plan.timeout, 0.01))
        try:
            script.run()
            self._evaluate(world)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self.evidence.expectations = world.expectations
            self.evidence.answers = world.app.answers
        self.evidence.proves_nothing = script.only_absence()
        if not world.app.answers:  # what a twin delivered, or the app did at a twin, shows as well that it was at work
            reached = [len(twin.answered()) or len(twin.exchanges()) for twin in world.twins.values()]
            self.evidence.answers = sum(reached)
        self.evidence.finished = True
        if not app.process or app.process.wait(0.03) is None:
            return
        code = app.process.status
        raise AppFailure("app_crash", f"the app ended with code {code} during the scenario{app.said()}")

    def _evaluate(self, world: World) -> None:
        if self.plan.evaluator:
            assert self.script is not None
            verdict = judge(self.plan.evaluator, self.plan, self.script.steps, world, self.relay)
            self.evaluation = verdict
            self.evidence.evaluation = (verdict["verdict"], verdict["reason"])
            if verdict["verdict"] == "pass" and verdict.get("evidence"):
                world.expectations += 1

    def _collect(self) -> None:
        """Twin state, exchanges and what was asked of the app, as evidence beside the result."""
        self.twin_notes: dict[str, Any] = {}
        begin = time.monotonic()
        for name, twin in (self.twins.by_name if self.twins else {}).items():
            try:
                self._tampering(twin)
                exchanges = twin.exchanges()
                self._save(f"twin-{name}.json", {"state": twin.everything(), "exchanges": exchanges})
                self.twin_notes[name] = {"exchanges": len(exchanges), "faults": twin.fired()}
            except AppFailure as failure:
                self.evidence.app = self.evidence.app or (failure.kind, str(failure))
            except HarnessError as error:
                self.evidence.dead_twins = self.evidence.dead_twins or str(error)
        if self.world:
            self._save("app-requests.json", self.world.app.log)
        self.seconds["collect"] = time.monotonic() - begin

    def _tampering(self, twin: Twin) -> None:
        """An app has no business with the control plane of its twins."""
        strangers = twin.strangers()
        if strangers:
            self.evidence.tampered = f"the app reached for the control plane of the {twin.name} twin: {strangers[0]}"

    def _save(self, name: str, data: Any) -> None:
        with contextlib.suppress(OSError, TypeError, ValueError):
            (self.folder / name).write_text(json.dumps(data, indent=1, default=str))

    def _result(self) -> Result:
        plan = self.plan
        verdict, kind, message = decide(self.evidence)
        return Result(
            plan.id, plan.scenario, plan.index, plan.attempt, plan.seed, verdict, kind, message[:4000],
            line=self.script.line if self.script else 0, steps=self.script.steps if self.script else [],
            expectations=self.evidence.expectations, answers=self.evidence.answers,
            seconds={name: round(value, 4) for name, value in self.seconds.items()},
            isolation="namespaces" if plan.isolate else "process", twins=self.twin_notes,
            outside=self.outside.attempts if self.outside else [], notes=self.notes, evaluation=self.evaluation,
            inputs=plan.inputs,
        )  # fmt: skip


CALLERS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "curl/8.5.0", "okhttp/4.12.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/605.1.15",
)  # fmt: skip
"""User agents of common clients."""


def caller(seed: int) -> dict[str, str]:
    """The `User-Agent` of a trial's requests: drawn by its seed, so that an app cannot tell the evaluator by it."""
    return {"User-Agent": CALLERS[seeds.below(seed, "caller", 0, len(CALLERS))]}


def plan_runs_elsewhere(app: Mapping[str, Any]) -> bool:
    """Whether the code under test runs where no command can be run beside it."""
    return bool(app["url"] or app["container"])


def _restart(app: App, env: dict[str, str], jail: Jail | None) -> None:
    app.stop()
    app.start(env, jail)
    app.wait_ready()


def _time_up(number: int, frame: object) -> None:
    raise TimeUp


def run_plan(folder: Path, relay: Any = None) -> Result:
    """Read the plan in `folder` and run it."""
    return Supervisor(Plan.read(folder), folder, relay).run()
