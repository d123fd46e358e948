"""A command run beside twins: started, watched, and ended with everything it started.

Standard library only. On Linux a guardian process ends the command even when this one is killed outright.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

from twinkit.errors import UsageError

GRACE_SECONDS = 5.0
"""How long the command gets after SIGTERM before it is killed."""
PR_SET_CHILD_SUBREAPER = 36
GUARDIAN = """
import os, signal, sys, time
group = int(sys.stdin.readline() or sys.exit())
if sys.stdin.read():
    sys.exit(0)
for number in (signal.SIGTERM, signal.SIGKILL):
    try:
        os.killpg(group, number)
    except OSError:
        sys.exit(0)
    time.sleep(1)
"""
"""Waits until its input ends without a word, which means that its parent is gone; then ends the command's group."""


LAUNCHER = """
import os, sys
gate = int(sys.argv[1])
if not os.read(gate, 1):
    os._exit(125)
os.close(gate)
try:
    os.execv(sys.argv[2], sys.argv[2:])
except OSError as error:
    os.write(2, f"twin run: cannot run {sys.argv[2]}: {error.strerror}\\n".encode())
    os._exit(126)
"""
"""Becomes the command once the guardian knows about it; ends when this process dies before that."""


class Command:
    """A child process in a process group of its own."""

    def __init__(self, words: Sequence[str], env: Mapping[str, str]) -> None:
        program = shutil.which(words[0], path=env.get("PATH"))
        if program is None:
            raise UsageError(f"there is no command {words[0]!r} on the PATH")
        self._words = [program, *words[1:]]
        self._env = dict(env)
        self._terminal = sys.stdin.isatty()
        self.group = 0

    def run(self) -> int:
        """The exit code once the command has ended, 128 + n for a signal; everything it started is ended then."""
        adopt_orphans()
        with self._passing_signals():
            self._start()
            with self._foreground():
                code = self.process.wait()
            self.end()
        return 128 - code if code < 0 else code

    def _start(self) -> None:
        """The guardian first; the command begins when the guardian knows it."""
        self._guardian = subprocess.Popen(
            [sys.executable, "-S", "-E", "-c", GUARDIAN], stdin=subprocess.PIPE, start_new_session=True
        )
        assert self._guardian.stdin is not None
        wait, go = os.pipe()
        words = [sys.executable, "-S", "-E", "-c", LAUNCHER, str(wait), *self._words]
        self.process = subprocess.Popen(words, env=self._env, process_group=0, pass_fds=(wait,))
        self._guardian.stdin.write(f"{self.process.pid}\n".encode())
        self._guardian.stdin.flush()
        self.group = self.process.pid
        os.write(go, b"!")
        os.close(go)
        os.close(wait)
        for number in self._early:
            self._signal(number)

    def end(self) -> None:
        """End what is left of the command, and the guardian."""
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        while (self.process.poll() is None or self._group_lives()) and time.monotonic() < deadline:
            reap_orphans(self._known())
            time.sleep(0.02)
        self._signal(signal.SIGKILL)
        for pid in children(os.getpid()):
            if pid not in self._known():
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
        self.process.wait()
        reap_orphans(self._known())
        if self._guardian.stdin is not None and not self._guardian.stdin.closed:
            with contextlib.suppress(OSError):
                self._guardian.stdin.write(b"done")
                self._guardian.stdin.close()
        self._guardian.wait()

    def _known(self) -> set[int]:
        return {self.process.pid, self._guardian.pid}

    def _group_lives(self) -> bool:
        try:
            os.killpg(self.group, 0)
        except OSError:
            return False
        return True

    def _signal(self, number: int) -> None:
        with contextlib.suppress(OSError):
            os.killpg(self.group, number)

    @contextlib.contextmanager
    def _passing_signals(self) -> Iterator[None]:
        """SIGINT, SIGTERM and SIGHUP are the command's to answer."""

        self._early: list[int] = []

        def pass_on(number: int, frame: FrameType | None) -> None:
            if self.group:
                self._signal(number)
            else:
                self._early.append(number)

        before = {n: signal.signal(n, pass_on) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextlib.contextmanager
    def _foreground(self) -> Iterator[None]:
        """On a terminal the command's group gets the keyboard."""
        if not self._terminal:
            yield
            return
        before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        own = os.getpgrp()
        with contextlib.suppress(OSError):
            os.tcsetpgrp(sys.stdin.fileno(), self.group)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                os.tcsetpgrp(sys.stdin.fileno(), own)
            signal.signal(signal.SIGTTOU, before)


def adopt_orphans() -> None:
    """Grandchildren whose parent ends become ours, so that they can be ended too (Linux; elsewhere nothing)."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children(parent: int) -> list[int]:
    """Live child processes of a process, by /proc; empty where there is none."""
    found = []
    for path in Path("/proc").glob(f"{parent}/task/*/children"):
        with contextlib.suppress(OSError):
            found += [int(word) for word in path.read_text().split()]
    return found


def reap_orphans(known: set[int]) -> None:
    """Collect adopted processes that have ended, without touching those that are waited for elsewhere."""
    for pid in children(os.getpid()):
        if pid not in known:
            with contextlib.suppress(OSError):
                os.waitpid(pid, os.WNOHANG)
