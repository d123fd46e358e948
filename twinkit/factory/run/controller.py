"""Runs trials, repeats errors, resumes, and writes the report. Imports: selection, storage, executors, report.

A trial whose verdict is an error is repeated twice with the same seed; every attempt is kept and the last one counts.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Protocol

from twinkit.errors import UsageError
from twinkit.factory.errors import IntegrityError
from twinkit.factory.executors.local import LocalExecutor
from twinkit.factory.report.build import build_report
from twinkit.factory.run.options import Options
from twinkit.factory.run.selection import Selection, make_plans, select
from twinkit.factory.run.storage import RunFolder, State
from twinkit.factory.scenarios.vault import vault_digest
from twinkit.factory.trial.plan import Plan
from twinkit.factory.trial.result import Result

Progress = Callable[[Result, int, int], None]


class Executor(Protocol):
    """Where trials run."""

    name: str

    def run(self, trials: list[tuple[Plan, Path]], again: Callable[[Plan, Result], Plan | None]) -> Iterator[Result]:
        """Results as they come; `again` says which attempts to repeat."""

    def close(self) -> None:
        """Let the workers go."""


def executor(options: Options) -> Executor:
    """`local`, `dask` (a cluster of its own) or `dask:tcp://…`. Raises UsageError."""
    kind, _, address = options.executor.partition(":")
    if kind == "local":
        return LocalExecutor(options.jobs)
    if kind == "dask":
        from twinkit.factory.executors.cluster import DaskExecutor

        return DaskExecutor(address, options.jobs)
    raise UsageError(f"unknown executor {options.executor!r}: choose local or dask[:tcp://host:port]")


def run(options: Options, progress: Progress | None = None, worker: Executor | None = None) -> dict[str, Any]:
    """A new run, to its report; a given `worker` is used and left open. Raises UsageError, LintError, HarnessError."""
    selection = select(options)
    state = State(options.state)
    head = selection.candidate.head
    folder = state.new_run({"id": f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{head[:8]}"})
    with folder.alone():
        return _go(selection, state, folder, progress, worker=worker)


def resume(
    state: State, id: str, progress: Progress | None = None, jobs: int = 0, worker: Executor | None = None
) -> dict[str, Any]:
    """Go on with a run; what has a valid result is not repeated. Raises IntegrityError when an input changed."""
    folder = state.run(id)
    record = folder.record
    if "options" not in record:
        raise UsageError(f"run {id} was stopped before it began; start a new one")
    options = Options(**{**record["options"], **_paths(record["options"])})
    options = replace(options, head=record["head"], base=record["base"], state=state.root, jobs=jobs or options.jobs)
    selection = select(options)
    if selection.suite.digest != record["vault_digest"]:
        raise IntegrityError("the vault changed since this run began; start a new one")
    selection.candidate.name = record["name"]
    with folder.alone():
        return _go(selection, state, folder, progress, planned=record["trials"], worker=worker)


def _paths(options: dict[str, Any]) -> dict[str, Any]:
    paths = {name: Path(options[name]) for name in ("project", "vault", "state")}
    return {**paths, **{name: tuple(options[name]) for name in ("sets", "only", "twin_command")}}


def _go(
    selection: Selection,
    state: State,
    folder: RunFolder,
    progress: Progress | None,
    planned: list[str] | None = None,
    worker: Executor | None = None,
) -> dict[str, Any]:
    plans = make_plans(selection, state, folder.id)
    ids = [plan.id for plan in plans]
    if planned is not None and ids != planned:
        raise IntegrityError("the inputs of this run changed since it began; start a new one")
    if len(set(ids)) != len(ids):
        raise IntegrityError("two trials have the same id")
    _write_record(selection, folder, ids)
    own = worker or executor(selection.options)
    try:
        _execute(own, plans, folder, selection.options.retries, progress)
        report = finish(selection, state, folder, plans)
        wanted = not_compared(selection, report)
        if wanted:
            _evaluate_base(selection, wanted, progress, own)
            report = finish(selection, state, folder, plans)
        return report
    finally:
        if worker is None:
            own.close()


def not_compared(selection: Selection, report: dict[str, Any]) -> list[str]:
    """Scenarios that failed on a change that could be eligible, and of which nobody knows whether they pass on base."""
    if not selection.candidate.has_base or report["gate"]["decision"] not in ("eligible", "undetermined"):
        return []
    return [row["id"] for row in report["scenarios"] if row["outcome"] == "fail" and row["base"] is None]


def _evaluate_base(selection: Selection, wanted: list[str], progress: Progress | None, worker: Executor) -> None:
    """A run of its own on base, of these scenarios; a base that cannot be evaluated leaves them not compared."""
    base = selection.candidate.base
    with contextlib.suppress(UsageError, IntegrityError):
        run(replace(selection.options, head=base, base=base, only=tuple(wanted)), progress, worker)


def _write_record(selection: Selection, folder: RunFolder, ids: list[str]) -> None:
    candidate, options = selection.candidate, selection.options
    data = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(options).items()}
    record = {
        "id": folder.id, "format": 1, "name": candidate.name, "head": candidate.head, "tree": candidate.tree,
        "base": candidate.base, "base_tree": candidate.base_tree, "vault_digest": selection.suite.digest,
        "options": data, "trials": ids, "share": list(selection.share), "compare": candidate.has_base,
        "stable": candidate.config.gate.stable,
        "scenarios": {each.id: selection.rule(each) for each in selection.scenarios},
        "started": folder.record.get("started", time.time()),
    }  # fmt: skip
    folder.save_record(record)


def _execute(worker: Executor, plans: list[Plan], folder: RunFolder, retries: int, progress: Progress | None) -> None:
    todo: list[tuple[Plan, Path]] = []
    done = 0
    for plan in plans:
        attempts = folder.attempts(plan.id)
        if attempts and (attempts[-1].final or len(attempts) > retries):
            done += 1
            continue
        attempt = attempts[-1].attempt + 1 if attempts else 1
        todo.append((replace(plan, attempt=attempt), folder.trial(plan.id)))

    def again(plan: Plan, result: Result) -> Plan | None:
        if result.final or plan.attempt > retries:
            return None
        return replace(plan, attempt=plan.attempt + 1)

    with contextlib.closing(worker.run(todo, again)) as outcomes:  # type: ignore[type-var]
        for result in outcomes:
            done += 1
            if progress:
                progress(result, done, len(plans))


def finish(selection: Selection, state: State, folder: RunFolder, plans: list[Plan]) -> dict[str, Any]:
    """Check integrity once more and write the report."""
    moved = selection.candidate.moved()
    if moved:
        selection.integrity.append(moved)
    if vault_digest(selection.suite.root) != selection.suite.digest:
        selection.integrity.append("The vault changed while it was in use.")
    report = build_report(selection, state, folder, plans)
    folder.save_report(report)
    return report
