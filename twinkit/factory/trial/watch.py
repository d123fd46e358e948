"""The process around a trial: makes the namespace, watches the clock, and answers for a trial that cannot.

Imports: jail.

Also the trial's only way out of its namespace: calls to the evaluator's model endpoint, and to nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from twinkit.factory.environment import jail as jails
from twinkit.factory.environment import linux
from twinkit.factory.errors import HarnessError
from twinkit.factory.trial import result as results
from twinkit.factory.trial.plan import Plan
from twinkit.factory.trial.result import Result

KEEP_BYTES = 200_000


def watch(folder: Path) -> Result:
    """Run the plan in `folder` in processes of its own; always returns a result, and has tried to write it."""
    plan = Plan.read(folder)
    begin = time.monotonic()
    ours, theirs = socket.socketpair()
    parent = os.getpid()
    pid = linux.fork()
    if pid == 0:
        ours.close()
        _outer(plan, folder, theirs, parent)
    theirs.close()
    received: list[Result] = []
    code, timed_out = _wait(pid, ours, begin + plan.deadline, plan, received)
    ours.close()
    result = received[-1] if received else _lost(plan, folder, code, timed_out)
    with contextlib.suppress(HarnessError):
        results.write(result, folder, plan.key())
    _tidy(folder)
    return result


def _outer(plan: Plan, folder: Path, channel: socket.socket, parent: int) -> None:
    """Leaves the namespaces; its child is process 1 of the new ones. Never returns."""
    try:
        os.setsid()
        linux.die_with_parent(parent)
        if plan.isolate:
            jails.enter_trial()
        inner = linux.fork()
        if inner == 0:
            _inner(plan, folder, channel)
        channel.close()
        code = os.waitstatus_to_exitcode(os.waitpid(inner, 0)[1])
        os._exit(code if code >= 0 else 128 - code)
    except BaseException as error:
        with contextlib.suppress(OSError):
            (folder / "harness.log").write_text(f"{type(error).__name__}: {error}")
    finally:
        os._exit(70)


def _inner(plan: Plan, folder: Path, channel: socket.socket) -> None:
    """Process 1 of the trial. Never returns."""
    code = 71
    try:
        linux.die_with_parent()
        if plan.isolate:
            jails.inside_trial()
        else:
            os.setsid()
        from twinkit.factory.trial.supervisor import run_plan

        relay = Relay(channel)
        relay.finish(run_plan(folder, relay))
        code = 0
    except BaseException as error:
        with contextlib.suppress(OSError):
            (folder / "harness.log").write_text(f"{type(error).__name__}: {error}")
    finally:
        os._exit(code)


def _wait(pid: int, channel: socket.socket, end: float, plan: Plan, received: list[Result]) -> tuple[int, bool]:
    """Until the trial's process ends or time is up; serves the relay meanwhile. (exit code, whether time was up)"""
    descriptor = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else -1
    timed_out = False
    watched: list[Any] = [channel, descriptor] if descriptor >= 0 else [channel]
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            while channel in watched and select.select([channel], [], [], 0)[0] and _serve(channel, plan, received):
                pass
            break
        left = end - time.monotonic()
        if left <= 0:
            timed_out = True
            _kill(pid)
            _, status = os.waitpid(pid, 0)
            break
        readable = select.select(watched, [], [], min(left, 1.0 if descriptor >= 0 else 0.02))[0]
        if channel in readable and not _serve(channel, plan, received):
            watched.remove(channel)
    if descriptor >= 0:
        os.close(descriptor)
    _kill(pid)
    return os.waitstatus_to_exitcode(status), timed_out


def _kill(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)


def _lost(plan: Plan, folder: Path, code: int, timed_out: bool) -> Result:
    note = ""
    with contextlib.suppress(OSError):
        note = (folder / "harness.log").read_text("utf-8", "replace")[:1000]
    if timed_out:
        kind, message = "harness", f"the trial did not end in {plan.deadline:g} s and was killed"
    elif "disk" in note or "No space" in note or "Read-only" in note:
        kind, message = "disk", note
    else:
        kind, message = "worker_lost", note or f"the trial's process ended with code {code} and left no result"
    isolation = "namespaces" if plan.isolate else "process"
    return Result(
        plan.id, plan.scenario, plan.index, plan.attempt, plan.seed, "error", kind, message, isolation=isolation,
        inputs=plan.inputs,
    )  # fmt: skip


def _tidy(folder: Path) -> None:
    """Keep the evidence, drop the copies: the tree, home, temporary files, the database."""
    for name in ("app", "home", "tmp", "database"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in ("app.log", "twins.log"):
        path = folder / name
        with contextlib.suppress(OSError):
            if path.stat().st_size > KEEP_BYTES:
                with path.open("rb") as handle:
                    handle.seek(-KEEP_BYTES, os.SEEK_END)
                    tail = handle.read()
                path.write_bytes(b"...\n" + tail)


class Relay:
    """The trial's side: `post` asks the watcher to call the evaluator's endpoint, `finish` hands over the result.

    The result goes through here and not through a file, so that nothing the app writes can be taken for one.
    """

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel

    def post(self, payload: dict[str, Any]) -> dict[str, Any]:
        """The endpoint's JSON answer. Raises HarnessError (evaluator)."""
        try:
            _send(self._channel, {"post": payload})
            answer = json.loads(_receive(self._channel))
        except (OSError, ValueError) as error:
            raise HarnessError("evaluator", f"the evaluator's endpoint cannot be reached: {error}") from None
        if "error" in answer:
            raise HarnessError("evaluator", str(answer["error"]))
        return dict(answer["reply"])

    def finish(self, result: Result) -> None:
        """The outcome of the trial."""
        _send(self._channel, {"result": asdict(result)})


def _send(channel: socket.socket, message: dict[str, Any]) -> None:
    raw = json.dumps(message).encode()
    channel.sendall(len(raw).to_bytes(4, "big") + raw)


def _receive(channel: socket.socket) -> bytes:
    def exactly(count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = channel.recv(count - len(data))
            if not part:
                raise OSError("closed")
            data += part
        return data

    return exactly(int.from_bytes(exactly(4), "big"))


def _serve(channel: socket.socket, plan: Plan, received: list[Result]) -> bool:
    """Answer one relay request or take the result; False when the trial closed its side."""
    try:
        message = json.loads(_receive(channel))
        if "result" in message:
            received.append(Result(**message["result"]))
            return True
        request = message["post"]
    except (OSError, ValueError, TypeError, KeyError):
        return False
    from twinkit.factory.evaluators.model import call_endpoint

    try:
        answer: dict[str, Any] = {"reply": call_endpoint(plan.evaluator, request)}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    with contextlib.suppress(OSError):
        _send(channel, answer)
    return True
