"""Start the code under test, watch it, and end it with everything it started. Imports: jail, linux, errors.

With namespaces: fork, own user + mount + process namespace, a shell as process 1, then the command. Without them: a
session of its own, and a search for processes that carry the trial's nonce.
"""

from __future__ import annotations

import contextlib
import os
import resource
import secrets
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from twinkit.factory.environment import jail as jails
from twinkit.factory.environment import linux
from twinkit.factory.environment.jail import Jail
from twinkit.factory.errors import AppFailure, HarnessError

INIT = '"$@" & child=$!; trap "kill -TERM $child" TERM INT; wait $child; code=$?; ' + (
    "while kill -0 $child 2>/dev/null; do wait $child; code=$?; done; exit $code"
)
"""Process 1 of the app's namespace: passes SIGTERM on; when it exits, the kernel ends everything left inside."""


def new_marker() -> str:
    """`NAME=value` that no program can know beforehand: what marks a process and its children as ours."""
    name = "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(12))
    return f"{name}={secrets.token_hex(12)}"


class Process:
    """A running command. `status` is None while it runs, then its exit code (negative: the signal).

    Without a jail its environment holds a marker; in one, its process namespace says what belongs to it.
    """

    def __init__(self, pid: int, marker: str) -> None:
        self.pid = pid
        self.marker = marker
        self.status: int | None = None
        self._space = None if marker else linux.process_space(pid, of_children=True)

    def owns(self, pid: int) -> bool | None:
        """Whether a process belongs to this command; None when that cannot be seen."""
        if self.marker:
            return linux.carries(pid, self.marker)
        space = linux.process_space(pid)
        return None if space is None or self._space is None else space == self._space

    def family(self) -> set[int]:
        """Every living process that belongs to this command."""
        return {pid for pid in linux.processes() if self.owns(pid)}

    def poll(self) -> int | None:
        """The exit code when it has ended."""
        if self.status is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                self.status = -9
                return self.status
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status

    def alive(self) -> bool:
        """Whether it still runs."""
        return self.poll() is None

    def wait(self, seconds: float) -> int | None:
        """Wait at most so long; None when it still runs."""
        end = time.monotonic() + seconds
        while self.poll() is None and time.monotonic() < end:
            time.sleep(0.005)
        return self.status

    def stop(self, grace: float) -> bool:
        """SIGTERM, wait, SIGKILL, then whatever it left behind. True when it ended by itself in time."""
        gentle = True
        if self.poll() is None:
            self._signal(signal.SIGTERM)
            gentle = self.wait(grace) is not None
        self._signal(signal.SIGKILL)
        self.wait(5)
        for pid in (linux.marked(self.marker) if self.marker else set()) - {os.getpid()}:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        return gentle

    def _signal(self, number: int) -> None:
        with contextlib.suppress(OSError):
            if number == signal.SIGKILL:
                os.killpg(self.pid, number)
            elif self.poll() is None:
                os.kill(self.pid, number)
        if number == signal.SIGKILL and self.poll() is None:
            with contextlib.suppress(OSError):
                os.kill(self.pid, number)


def start(
    argv: Sequence[str], *, directory: Path, env: Mapping[str, str], log: Path, jail: Jail | None,
    limits: Mapping[str, int] | None = None, marker: str = "",
) -> Process:  # fmt: skip
    """Start `argv` without a shell; output goes to `log`. Raises AppFailure when it cannot be executed.

    `limits` are names and values of `resource.RLIMIT_…`; `marker` is one of `new_marker`, made here when not given.
    """
    marker = "" if jail else marker or new_marker()
    reader, writer = os.pipe2(os.O_CLOEXEC)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    full = {**env, **dict([marker.split("=")] if marker else [])}
    parent = os.getpid()
    pid = linux.fork()
    if pid == 0:
        _child(argv, directory, full, output, writer, jail, limits or {}, parent)
    os.close(writer)
    os.close(output)
    with os.fdopen(reader, "rb") as problems:
        problem = problems.read().decode("utf-8", "replace")
    process = Process(pid, marker)
    if problem:
        process.stop(0)
        kind, _, message = problem.partition(":")
        if kind == "exec":
            raise AppFailure("app_start", f"the command {argv[0]!r} cannot be executed: {message}")
        raise HarnessError("harness", f"the app's namespace cannot be made: {message}")
    return process


def _child(
    argv: Sequence[str], directory: Path, env: Mapping[str, str], output: int, writer: int, jail: Jail | None,
    limits: Mapping[str, int], parent: int,
) -> None:  # fmt: skip
    """In the forked child; never returns."""
    stage = "jail"
    try:
        os.setsid()
        linux.die_with_parent(parent)
        null = os.open("/dev/null", os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, 0)
        command = list(argv)
        if jail is not None:
            jails.enter_app(jail)
            inner = linux.fork()
            if inner:
                os.close(writer)
                _forward(inner)
            linux.die_with_parent()
            jails.inside_app(jail)
            directory = Path(jail.inside(str(directory)))
        for name, value in limits.items():
            resource.setrlimit(getattr(resource, name), (value, value))
        os.chdir(directory)
        stage = "exec"
        program = _which(command[0], env, directory)
        if jail is not None:
            command = ["/bin/sh", "-c", INIT, "init", program, *command[1:]]
            program = "/bin/sh"
        os.execve(program, command, dict(env))
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(writer, f"{stage}:{error}".encode()[:2000])
    finally:
        os._exit(127)


def _forward(inner: int) -> None:
    """Pass SIGTERM on and leave with the same code; never returns."""

    def term(number: int, frame: object) -> None:
        with contextlib.suppress(OSError):
            os.kill(inner, signal.SIGTERM)

    signal.signal(signal.SIGTERM, term)
    while True:
        try:
            code = os.waitstatus_to_exitcode(os.waitpid(inner, 0)[1])
            os._exit(code if code >= 0 else 128 - code)
        except InterruptedError:
            continue
        except OSError:
            os._exit(127)


def _which(name: str, env: Mapping[str, str], directory: Path) -> str:
    if "/" in name:
        return str(directory / name)
    for folder in env.get("PATH", "").split(":"):
        candidate = Path(folder or ".") / name
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return str(candidate)
    raise FileNotFoundError(f"no such command on PATH: {name}")
