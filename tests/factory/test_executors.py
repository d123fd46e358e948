"""Executors give the same verdicts; lost workers, doubled results and other versions are never a pass."""

from __future__ import annotations

import os
import signal
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tests.factory.conftest import HELLO, SCENARIO, Project
from twinkit.errors import UsageError
from twinkit.factory.executors import cluster
from twinkit.factory.executors.local import LocalExecutor
from twinkit.factory.run.controller import run
from twinkit.factory.run.selection import make_plans, select
from twinkit.factory.run.storage import State
from twinkit.factory.trial.plan import Plan


def plans(project: Project, **changes: Any) -> list[Plan]:
    return make_plans(select(project.options(**changes)), State(project.state), "run")


def test_ids_hash_every_input(project: Project) -> None:
    first = [plan.id for plan in plans(project)]
    assert len(set(first)) == 3 and [plan.id for plan in plans(project)] == first
    assert not set(first) & {plan.id for plan in plans(project, seed=1)}
    project.commit({"app.py": HELLO + "# other\n"})
    assert not set(first) & {plan.id for plan in plans(project)}
    git_state = [plan.id for plan in plans(project)]
    project.scenarios(SCENARIO, "# a step file\n")
    assert not set(git_state) & {plan.id for plan in plans(project)}
    project.scenarios("> quotes do not count\n\n" + SCENARIO, "# a step file\n")
    moved = [plan.id for plan in plans(project)]
    project.scenarios(SCENARIO.replace("200", "201"), "# a step file\n")
    assert not set(moved) & {plan.id for plan in plans(project)}


def test_a_dying_zygote_is_replaced(project: Project) -> None:
    project.scenarios(SCENARIO, "@when('the runner dies')\ndef f(world): pass\n")
    plan = plans(project)[0]
    worker = LocalExecutor(1)
    try:
        assert worker.run_one(plan, project.root / "a" / "attempt-1").verdict == "pass"
        assert worker._zygote is not None
        os.kill(worker._zygote._process.pid, signal.SIGKILL)
        worker._zygote._thread.join(5)
        assert worker.run_one(plan, project.root / "b" / "attempt-1").verdict == "pass"
    finally:
        worker.close()


def test_the_thread_that_started_the_zygote_may_end(project: Project) -> None:
    """Trials that still run are not lost with it: the kernel sends a parent-death signal at the end of a thread."""
    project.scenarios("---\ntrials: 1\n---\n" + "".join(SCENARIO.replace("Hello", f"H{n}", 1) for n in range(4)))
    worker = LocalExecutor(4)
    try:
        report = run(project.options(), worker=worker)
    finally:
        worker.close()
    assert [len(row["attempts"]) for row in report["scenarios"]] == [1] * 4
    assert all(each["attempt"] == 1 for row in report["scenarios"] for each in row["attempts"])


def test_a_foreign_result_is_not_taken(project: Project) -> None:
    """A result with other inputs, or copied from another attempt, counts as missing."""
    report = project.run(trials=1)
    state = State(project.state)
    folder = state.run(report["run"])
    (id,) = folder.record["trials"]
    assert folder.final(id) is not None
    attempt = folder.trial(id) / "attempt-1"
    copied = folder.trial(id) / "attempt-2"
    copied.mkdir()
    (copied / "result.json").write_text((attempt / "result.json").read_text())
    assert len(folder.attempts(id)) == 1


def test_dask_gives_the_same_verdicts(project: Project) -> None:
    pytest.importorskip("distributed")
    project.scenarios(SCENARIO + "\n## Scenario: Wrong\nWhen I GET /x\nThen the response status is 404\n")
    local = project.run(trials=2)
    try:
        worker = cluster.DaskExecutor(jobs=2)
    except OSError as error:
        pytest.skip(f"no cluster here: {error}")
    try:
        from twinkit.factory.run.controller import run

        remote = run(project.options(trials=2), worker=worker)
        _other_versions_and_lost_workers(project, worker)
    finally:
        worker.close()

    def shown(report: dict[str, Any]) -> list[Any]:
        rows = report["scenarios"]
        return [[(a["trial"], a["seed"], a["verdict"], a["kind"]) for a in row["attempts"]] for row in rows]

    assert shown(local) == shown(remote) and local["gate"] == {**remote["gate"], "compared_with_base": False}


def _other_versions_and_lost_workers(project: Project, worker: cluster.DaskExecutor) -> None:
    plan = plans(project)[0]

    class Answer:
        def __init__(self, value: Any) -> None:
            self.value = value

        def result(self) -> Any:
            if isinstance(self.value, Exception):
                raise self.value
            return self.value

    good = asdict(cluster.lost(plan, "x", "y"))
    for value in (
        RuntimeError("KilledWorker"), {"error": "the worker has twinkit 0.0.1"}, {"result": {**good, "trial": "other"}},
        {"result": {**good, "attempt": 7}}, {"result": {"nonsense": 1}},
    ):  # fmt: skip
        result = worker._outcome(Answer(value), plan)
        assert (result.verdict, result.kind) == ("error", "worker_lost")
    assert "the runner 9.9" in cluster.run_remote(asdict(plan), "/nowhere", "9.9")["error"]
    gone = {**asdict(plan), "build": {"folder": "/nowhere/at/all", "problem": ""}}
    assert "share it" in cluster.run_remote(gone, "/nowhere", cluster.version())["error"]


def test_no_scheduler(project: Project) -> None:
    pytest.importorskip("distributed")
    with pytest.raises((UsageError, ValueError)):
        cluster.DaskExecutor("nonsense://x")


def test_results_are_written_for_lost_workers(project: Project, tmp_path: Path) -> None:
    plan = plans(project)[0]
    executor = cluster.DaskExecutor.__new__(cluster.DaskExecutor)
    executor._keep(cluster.lost(plan, "worker_lost", "gone"), tmp_path / "attempt-1", b"")
    assert (tmp_path / "attempt-1" / "result.json").exists()
