"""Boot the private twins of a trial: one process of their own, one line of JSON, then the control plane.

Imports: twin_client, warm.

The only place that knows how twins are started. Every failure here is the evaluator's.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twinkit import seeds
from twinkit.factory.environment import linux, warm
from twinkit.factory.environment.twin_client import Twin, TwinClient
from twinkit.factory.errors import HarnessError


class Twins:
    """The twins of one trial, by name. `start` returns at once; `wait` returns when all answer.

    They are forked from this process, which has them loaded; `command` serves them in another way instead.
    """

    def __init__(
        self, settings: Mapping[str, Mapping[str, Any]], *, seed: int, token: str, command: Sequence[str]
    ) -> None:
        self.settings = settings
        self.seed = seed
        self.token = token
        self.command = tuple(command)
        self.by_name: dict[str, Twin] = {}
        self._pid = 0
        self._status: int | None = None
        self._ready = -1
        self._log: Path | None = None

    def start(self, folder: Path, clock: str, *, fixed: bool = False) -> None:
        """Begin to boot; `fixed` on the usual ports of `twin serve`. Raises HarnessError (twin_boot)."""
        if not self.settings:
            return
        self._log = folder / "twins.log"
        if fixed:
            _check_free(list(self.settings))
        self._ready, writer = os.pipe2(os.O_CLOEXEC)
        try:
            if self.command:
                self._pid = self._run_command(folder, clock or "real", writer)
            else:
                self._pid = warm.fork(
                    list(self.settings), seed=self.seed, token=self.token, clock=clock or "real", log=self._log,
                    ready=writer, fixed=fixed,
                )  # fmt: skip
        except OSError as error:
            raise HarnessError("twin_boot", f"the twins cannot be started: {error}") from None
        finally:
            os.close(writer)

    def _run_command(self, folder: Path, clock: str, writer: int) -> int:
        arguments = [*self.command, *self.settings, "--port", "0", "--json", "--seed", str(self.seed), "--quiet"]
        arguments += ["--control-token", self.token, "--clock", clock]
        with (folder / "twins.log").open("wb") as log:
            process = subprocess.Popen(
                arguments, stdout=writer, stderr=log, stdin=subprocess.DEVNULL, env=_environment(),
                preexec_fn=linux.die_with_parent, cwd=folder,
            )  # fmt: skip
        process.returncode = 0  # waited for here, by its pid
        return process.pid

    def wait(self, seconds: float) -> None:
        """Until every twin answers; then failure profiles and first records go in. Raises HarnessError (twin_boot)."""
        if not self._pid:
            return
        ready = self._ready_line(seconds)
        for name in self.settings:
            if name not in ready:
                raise HarnessError("twin_boot", f"the ready line names no twin {name!r}")
            self.by_name[name] = TwinClient(name, plain(ready[name], self.seed), self.token)

    def prepare(self, states: Path | None, app_url: str) -> None:
        """First records, failure profiles and webhook receivers of the scenario."""
        for name, settings in self.settings.items():
            twin = self.by_name[name]
            baseline = settings.get("baseline")
            if baseline:
                twin.load(_baseline(baseline, states))
            if settings.get("failures"):
                twin.add_faults(settings["failures"])
            webhooks = settings.get("webhooks")
            if webhooks:
                _webhooks(twin, webhooks, app_url)

    def _ready_line(self, seconds: float) -> dict[str, Any]:
        end = time.monotonic() + seconds
        buffer = b""
        while b"\n" not in buffer:
            left = end - time.monotonic()
            if left <= 0:
                raise HarnessError("twin_boot", f"the twins did not start in {seconds:g} s: {self._tail()}")
            if not select.select([self._ready], [], [], left)[0]:
                continue
            part = os.read(self._ready, 65536)
            if not part:
                raise HarnessError("twin_boot", f"the twins ended before they were ready: {self._tail()}")
            buffer += part
        try:
            line = json.loads(buffer.split(b"\n", 1)[0])
            if line.get("ready") is not True:
                raise ValueError("not ready")
            return dict(line["twins"])
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise HarnessError("twin_boot", f"the twins wrote no ready line: {error}") from None

    def _tail(self) -> str:
        if self._log is None or not self._log.exists():
            return "no output"
        return self._log.read_text("utf-8", "replace")[-800:].strip() or "no output"

    def dead(self) -> str:
        """Why the twins cannot be trusted any more, or nothing."""
        if self._pid and self._ended():
            return f"the twins ended during the trial (code {self._status}): {self._tail()}"
        return ""

    def _ended(self) -> bool:
        if self._status is None:
            with contextlib.suppress(ChildProcessError):
                pid, status = os.waitpid(self._pid, os.WNOHANG)
                self._status = os.waitstatus_to_exitcode(status) if pid else None
        return self._status is not None

    def stop(self) -> None:
        """End them; nothing is kept."""
        for twin in self.by_name.values():
            with contextlib.suppress(Exception):
                twin.close()
        if self._pid and not self._ended():
            with contextlib.suppress(OSError):
                os.kill(self._pid, signal.SIGKILL)
                os.waitpid(self._pid, 0)
        if self._ready >= 0:
            os.close(self._ready)
            self._ready = -1


ALIKE = {"secret_key": "sk_test_51", "publishable_key": "pk_test_51", "api_token": "00"}
"""Credentials of which a twin takes any of the right shape, and how they begin: an app gets some that tell nothing."""
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def plain(ready: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """A twin's ready line with credentials that look like anybody's, other ones in each trial."""
    text = json.dumps(ready)
    for name, head in ALIKE.items():
        old = (ready.get("credentials") or {}).get(name)
        if isinstance(old, str) and old.startswith(head[:2]):
            drawn = (LETTERS[seeds.below(seed, f"credential {name}", place, len(LETTERS))] for place in range(40))
            text = text.replace(json.dumps(old), json.dumps(head + "".join(drawn)))
    return dict(json.loads(text))


def _check_free(names: Sequence[str]) -> None:
    """A listener takes another port where its usual one is taken: whoever was told the usual one would miss it."""
    from twinkit.server.catalogue import installed_twin

    for name in names:
        for listener, declared in installed_twin(name).compiled.options.get("listeners", {}).items():
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", int(declared["port"]))) == 0:
                    raise HarnessError("port", f"port {declared['port']} ({name}, {listener}) is taken")


def _environment() -> dict[str, str]:
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH", "VIRTUAL_ENV", "TWINKIT_CACHE", "XDG_CACHE_HOME", "TMPDIR")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"PYTHONDONTWRITEBYTECODE": "1"}


def _baseline(baseline: str | Mapping[str, Any], states: Path | None) -> Mapping[str, Any]:
    if not isinstance(baseline, str):
        return baseline
    if states is None:
        raise HarnessError("harness", f"there is no folder states/ for {baseline!r}")
    path = (states / baseline).resolve()
    if not path.is_relative_to(states.resolve()) or not path.is_file():
        raise HarnessError("harness", f"there is no states/{baseline}")
    try:
        data = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise HarnessError("harness", f"states/{baseline} is no JSON: {error}") from None
    if not isinstance(data, dict):
        raise HarnessError("harness", f"states/{baseline} must hold an object")
    return data


def _webhooks(twin: Twin, webhooks: Mapping[str, Any], app_url: str) -> None:
    if webhooks.get("to"):
        target = str(webhooks["to"])
        url = target if target.startswith("http") else app_url + target
        twin.receiver(url, list(webhooks.get("events") or ["*"]), twin.webhook_secret)
    delivery: dict[str, Any] = {}
    if webhooks.get("delay"):
        delivery["delay"] = f"{int(float(webhooks['delay']) * 1000)}ms"
    for key in ("duplicate", "drop", "shuffle"):
        if webhooks.get(key):
            delivery[key] = webhooks[key]
    if webhooks.get("signature", "good") != "good":
        delivery["signature"] = webhooks["signature"]
    if delivery:
        rule = {"when": {"event": "*"}, "then": {"delivery": delivery}}
        twin.add_faults({"profile": "scenario-webhooks", "rules": [rule]})
