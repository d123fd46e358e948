"""Trials on this machine: one zygote, at most `jobs` trials at a time. Imports: trial.

Should the zygote die, its trials count as lost workers and it is started anew; nothing hangs.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from twinkit.factory.errors import HarnessError
from twinkit.factory.trial import result as results
from twinkit.factory.trial.plan import Plan
from twinkit.factory.trial.result import Result


class Zygote:
    """The forking process, and the trials it runs now. Usable from several threads."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "twinkit.factory.trial.zygote"]
        env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)
        self._waiting: dict[str, threading.Event] = {}
        self._lock = threading.Lock()
        self.dead = False
        first = self._line()
        if first is None or not first.get("ready"):
            self.close()
            raise HarnessError("harness", "the trial process cannot be started")
        self._thread = threading.Thread(target=self._listen, daemon=True, name="zygote")
        self._thread.start()

    def _line(self) -> dict[str, object] | None:
        assert self._process.stdout is not None
        raw = self._process.stdout.readline()
        try:
            return dict(json.loads(raw)) if raw else None
        except ValueError:
            return None

    def _listen(self) -> None:
        while (message := self._line()) is not None:
            with self._lock:
                event = self._waiting.pop(str(message.get("folder")), None)
            if event:
                event.set()
        with self._lock:
            self.dead = True
            for event in self._waiting.values():
                event.set()
            self._waiting.clear()

    def run(self, folder: Path, timeout: float) -> None:
        """Run the plan in `folder` to its end; what came of it is in the folder."""
        event = threading.Event()
        with self._lock:
            if self.dead:
                return
            self._waiting[str(folder)] = event
            assert self._process.stdin is not None
            try:
                self._process.stdin.write(json.dumps({"folder": str(folder)}).encode() + b"\n")
                self._process.stdin.flush()
            except OSError:
                self.dead = True
                return
        event.wait(timeout)

    def close(self) -> None:
        """End it, and every trial it still runs."""
        with contextlib.suppress(OSError):
            if self._process.stdin:
                self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        if self._process.stdout:
            self._process.stdout.close()


class LocalExecutor:
    """`jobs` trials at a time."""

    name = "local"

    def __init__(self, jobs: int = 2) -> None:
        self.jobs = max(1, jobs)
        self._zygote: Zygote | None = None
        self._lock = threading.Lock()

    def _living(self) -> Zygote:
        with self._lock:
            if self._zygote is None or self._zygote.dead:
                if self._zygote is not None:
                    self._zygote.close()
                self._zygote = Zygote()
            return self._zygote

    def run_one(self, plan: Plan, folder: Path) -> Result:
        """One attempt; always a result."""
        try:
            plan.write(folder)
            self._living().run(folder, plan.deadline + 30)
        except (OSError, HarnessError) as error:
            return lost(plan, "disk" if isinstance(error, OSError) else "harness", str(error))
        found = results.read(folder, plan.id, plan.key())
        if found is None or found.attempt != plan.attempt:
            return lost(plan, "worker_lost", "the trial's process left no result")
        return found

    def run(
        self, trials: Iterable[tuple[Plan, Path]], again: Callable[[Plan, Result], Plan | None]
    ) -> Iterator[Result]:
        """Results as they come. `again` says with which plan a trial is to be repeated, if at all."""
        pending: queue.Queue[tuple[Plan, Path]] = queue.Queue()
        done: queue.Queue[Result | BaseException] = queue.Queue()
        count = 0
        for trial in trials:
            pending.put(trial)
            count += 1

        def work() -> None:
            while True:
                try:
                    plan, folder = pending.get_nowait()
                except queue.Empty:
                    return
                try:
                    while True:
                        result = self.run_one(plan, attempt_folder(folder, plan.attempt))
                        next_plan = again(plan, result)
                        if next_plan is None:
                            break
                        plan = next_plan
                    done.put(result)
                except BaseException as error:
                    done.put(error)
                    return

        threads = [threading.Thread(target=work, daemon=True, name=f"trial-{n}") for n in range(min(self.jobs, count))]
        for thread in threads:
            thread.start()
        for _ in range(count):
            outcome = done.get()
            if isinstance(outcome, BaseException):
                raise outcome
            yield outcome

    def close(self) -> None:
        """Let the zygote go."""
        if self._zygote is not None:
            self._zygote.close()
            self._zygote = None


def attempt_folder(folder: Path, attempt: int) -> Path:
    """Where one attempt keeps its plan, result and evidence."""
    return folder / f"attempt-{attempt}"


def lost(plan: Plan, kind: str, message: str) -> Result:
    """What stands for an attempt that left no result."""
    return Result(
        plan.id, plan.scenario, plan.index, plan.attempt, plan.seed, "error", kind, message, inputs=plan.inputs
    )  # fmt: skip
