"""A process that has imported everything and forks one watcher per trial: a trial then starts in milliseconds.

Protocol on standard input and output, one JSON object per line: `{"folder": …}` in, `{"folder": …, "done": true}` out.
It ends, with every trial, when its standard input does, which its parent holds. (A signal at the parent's death would
come when the thread ends that started this process.) Imports: watch, supervisor.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import sys
from pathlib import Path


def main() -> int:
    """Serve until standard input closes."""
    from twinkit.factory.steps.load import library
    from twinkit.factory.trial import supervisor  # noqa: F401  imported once, before forking

    _warm()
    library().check()
    gc.collect()
    gc.freeze()
    wake_reader, wake_writer = os.pipe()
    os.set_blocking(wake_writer, False)
    signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    running: dict[int, str] = {}
    buffer = b""
    _tell({"ready": True})
    while True:
        readable = select.select([0, wake_reader], [], [])[0]
        if wake_reader in readable:
            os.read(wake_reader, 4096)
        if 0 in readable:
            part = os.read(0, 65536)
            if not part:
                break
            buffer += part
            *lines, buffer = buffer.split(b"\n")
            for line in lines:
                folder = str(json.loads(line)["folder"])
                running[_fork(folder)] = folder
        _reap(running)
    for pid in running:
        os.kill(pid, signal.SIGKILL)
    return 0


def _warm() -> None:
    """Import what httpx imports at first use, here instead of in every trial."""
    import encodings.idna  # noqa: F401

    import h11  # noqa: F401
    import httpx

    with httpx.Client(trust_env=False, verify=False, timeout=0.5) as http, contextlib.suppress(httpx.HTTPError):
        http.get("http://127.0.0.1:1/")


def _fork(folder: str) -> int:
    from twinkit.factory.environment import linux

    _load_twins(Path(folder))
    parent = os.getpid()
    pid = linux.fork()
    if pid:
        return pid
    try:
        from twinkit.factory.trial.watch import watch

        linux.die_with_parent(parent)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(2, 1)
        watch(Path(folder))
    finally:
        os._exit(0)


def _load_twins(folder: Path) -> None:
    """Load the twins that this trial forks, when no trial before it did."""
    from twinkit.factory.environment import warm

    with contextlib.suppress(OSError, ValueError, KeyError):
        plan = json.loads((folder / "plan.json").read_text("utf-8"))
        if not plan["twin_command"]:
            warm.load(list(plan["twins"]))


def _reap(running: dict[int, str]) -> None:
    while running:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        folder = running.pop(pid, None)
        if folder is not None:
            _tell({"folder": folder, "done": True})


def _tell(message: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
