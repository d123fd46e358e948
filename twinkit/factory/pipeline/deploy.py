"""The operator's deploy command, once per merge: argv without a shell, in a folder with exactly the merged commit.

Imports: git, config. What it prints stays in the state folder; a ticket gets how it ended.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from twinkit.factory import git
from twinkit.factory.config import Deploy

INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")


@dataclass(frozen=True, slots=True)
class Deployed:
    """`problem` is empty when the command ended with 0."""

    problem: str
    seconds: float


def deploy(repo: Path, head: str, settings: Deploy, log: Path) -> Deployed:
    """Run the command. Everything it started is ended with it when its time is up."""
    env = {name: os.environ[name] for name in (*INHERITED, *settings.inherit) if name in os.environ}
    argv = [word.replace("{head}", head) for word in settings.command]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="deploy-") as scratch:
        folder = Path(scratch) / "tree"
        folder.mkdir()
        git.export(repo, head, folder)
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as output:
            try:
                process = subprocess.Popen(
                    argv, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                    start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                return Deployed(f"the command {argv[0]!r} cannot be started: {error.strerror}", 0.0)
            try:
                code = process.wait(settings.timeout)
                problem = f"the command ended with code {code}" if code else ""
            except subprocess.TimeoutExpired:
                problem = f"the command did not end within {settings.timeout:g} s"
                with contextlib.suppress(OSError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    return Deployed(problem, time.monotonic() - began)
