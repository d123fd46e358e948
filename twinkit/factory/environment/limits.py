"""Keeps the app from taking the machine with it: processes, memory, log. Imports: spawn.

A limit that is passed is evidence against the code: the app is ended, and the verdict says why.
"""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import threading
from pathlib import Path

from twinkit.factory.environment.spawn import Process

LOG_BYTES = 32 * 1024 * 1024
FILE_BYTES = 1024 * 1024 * 1024
SPARE = 16
"""Processes beyond the limit, so that the watchdog sees that it was passed."""
PAGE = os.sysconf("SC_PAGE_SIZE")


def rlimits(processes: int, jailed: bool) -> dict[str, int]:
    """What the kernel itself enforces. The number of processes is counted per user namespace since Linux 5.14."""
    found = {"RLIMIT_FSIZE": FILE_BYTES, "RLIMIT_CORE": 0}
    return {**found, "RLIMIT_NPROC": processes + SPARE} if jailed and _counts_per_namespace() else found


def _counts_per_namespace() -> bool:
    try:
        major, minor = (int(part) for part in platform.release().split(".")[:2])
    except ValueError:
        return False
    return (major, minor) >= (5, 14)


class Watchdog:
    """Looks at the app's processes from a thread; `problem` is a sentence once a limit was passed."""

    def __init__(self, process: Process, log: Path, memory: int, processes: int, pause: float = 0.2) -> None:
        self.problem = ""
        self._process = process
        self._log = log
        self._memory = memory
        self._processes = processes
        self._pause = pause
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True, name="watchdog")
        self._thread.start()

    def _watch(self) -> None:
        while not self._end.wait(self._pause):
            with contextlib.suppress(OSError):
                if self._log.stat().st_size > LOG_BYTES:
                    os.truncate(self._log, 0)
            self.problem = self._look()
            if self.problem:
                with contextlib.suppress(OSError):
                    os.kill(self._process.pid, signal.SIGKILL)
                return

    def _look(self) -> str:
        family = self._process.family()
        if len(family) > self._processes:
            return f"the app ran {len(family)} processes; {self._processes} are allowed"
        used = sum(_resident(pid) for pid in family)
        if used > self._memory:
            return f"the app used {used >> 20} MB of memory; {self._memory >> 20} MB are allowed"
        return ""

    def stop(self) -> None:
        """No more looking."""
        self._end.set()
        self._thread.join(2)


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (OSError, ValueError, IndexError):
        return 0
