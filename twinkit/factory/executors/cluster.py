"""Trials on a Dask cluster: one task per trial, no silent repeats, results by trial id. Imports: distributed, local.

Workers share the state folder's file system and have the same version of twinkit; both are checked.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from twinkit.errors import UsageError
from twinkit.factory.executors.local import LocalExecutor, attempt_folder, lost
from twinkit.factory.trial import result as results
from twinkit.factory.trial.plan import Plan
from twinkit.factory.trial.result import Result

_worker_executor: LocalExecutor | None = None


def version() -> str:
    """The version both sides must have."""
    return importlib.metadata.version("twinkit")


def run_remote(plan: dict[str, Any], folder: str, wanted: str) -> dict[str, Any]:
    """On a worker: one attempt. Plain data in and out."""
    global _worker_executor
    if version() != wanted:
        return {"error": f"the worker has twinkit {version()}, the runner {wanted}"}
    if not Path(plan["build"].get("folder") or "/").exists() and not plan["build"].get("problem"):
        return {"error": "the worker does not see the state folder; share it between the machines"}
    if _worker_executor is None:
        _worker_executor = LocalExecutor(1)
    return {"result": asdict(_worker_executor.run_one(Plan(**plan), Path(folder)))}


class DaskExecutor:
    """`address` of a scheduler, or none for a cluster of `jobs` workers of its own."""

    name = "dask"

    def __init__(self, address: str = "", jobs: int = 2) -> None:
        try:
            import dask
            import distributed
        except ImportError:
            raise UsageError("this executor needs the extra: pip install 'twinkit[dask]'") from None
        client: Any = distributed.Client
        cluster: Any = distributed.LocalCluster
        dask.config.set({"distributed.scheduler.allowed-failures": 0})
        self._cluster: Any = None
        if not address:
            self._cluster = cluster(
                n_workers=max(1, jobs), threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
            )
        try:
            self._client: Any = client(address or self._cluster, timeout="20s", set_as_default=False)
        except (OSError, TimeoutError) as error:
            raise UsageError(f"there is no Dask scheduler at {address}: {error}") from None

    def run(self, trials: list[tuple[Plan, Path]], again: Callable[[Plan, Result], Plan | None]) -> Iterator[Result]:
        """Results as they come; a second result for the same attempt is dropped."""
        import distributed

        completed: Any = distributed.as_completed
        waiting = {self._submit(plan, folder): (plan, folder) for plan, folder in trials}
        queue: Any = completed(list(waiting), loop=self._client.loop)
        seen: set[tuple[str, int]] = set()
        for future in queue:
            plan, folder = waiting.pop(future)
            result = self._outcome(future, plan)
            if (plan.id, plan.attempt) in seen:
                continue
            seen.add((plan.id, plan.attempt))
            self._keep(result, attempt_folder(folder, plan.attempt), plan.key())
            next_plan = again(plan, result)
            if next_plan is None:
                yield result
                continue
            repeated = self._submit(next_plan, folder)
            waiting[repeated] = (next_plan, folder)
            queue.add(repeated)

    def _submit(self, plan: Plan, folder: Path) -> Any:
        where = str(attempt_folder(folder, plan.attempt))
        key = f"trial-{plan.id}-{plan.attempt}"
        return self._client.submit(run_remote, asdict(plan), where, version(), key=key, pure=False, retries=0)

    def _outcome(self, future: Any, plan: Plan) -> Result:
        try:
            answer = future.result()
        except Exception as error:
            return lost(plan, "worker_lost", f"{type(error).__name__}: {error}")
        if "error" in answer:
            return lost(plan, "worker_lost", str(answer["error"]))
        try:
            result = Result(**answer["result"])
        except TypeError:
            return lost(plan, "worker_lost", "the worker's result cannot be read")
        if (result.trial, result.attempt) != (plan.id, plan.attempt):
            return lost(plan, "worker_lost", "the worker answered for another trial")
        return result

    def _keep(self, result: Result, folder: Path, key: bytes) -> None:
        """A worker that was lost left no result: write down that it was."""
        if result.kind == "worker_lost" and not (folder / "result.json").exists():
            folder.mkdir(parents=True, exist_ok=True)
            results.write(result, folder, key)

    def close(self) -> None:
        """Let the cluster go."""
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()
