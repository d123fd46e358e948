"""Boot the private twins of a trial: one `twin serve` process, one line of JSON, then the control plane.

Imports: twin_client.

The only place that knows how twins are started. Every failure here is the evaluator's.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twinkit.factory.environment import linux
from twinkit.factory.environment.mail import Mail
from twinkit.factory.environment.twin_client import Twin, TwinClient
from twinkit.factory.errors import HarnessError

COMMAND = (sys.executable, "-m", "twinkit.cli.twin", "serve")
BUILT_IN = ("mail",)


class Twins:
    """The twins of one trial, by name. `start` returns at once; `wait` returns when all answer."""

    def __init__(
        self, settings: Mapping[str, Mapping[str, Any]], *, seed: int, token: str, command: Sequence[str]
    ) -> None:
        self.settings = settings
        self.seed = seed
        self.token = token
        self.command = tuple(command) or COMMAND
        self.by_name: dict[str, Twin] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._log: Path | None = None

    def start(self, folder: Path, clock: str) -> None:
        """Begin to boot. Raises HarnessError (twin_boot)."""
        served = [name for name in self.settings if name not in BUILT_IN]
        if not served:
            return
        self._log = folder / "twins.log"
        arguments = [*self.command, *served, "--port", "0", "--json", "--seed", str(self.seed), "--quiet"]
        arguments += ["--control-token", self.token, "--clock", clock or "real"]
        try:
            with self._log.open("wb") as log:
                self._process = subprocess.Popen(
                    arguments, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, env=_environment(),
                    preexec_fn=linux.die_with_parent, cwd=folder,
                )  # fmt: skip
        except OSError as error:
            raise HarnessError("twin_boot", f"`{self.command[0]}` cannot be started: {error}") from None

    def wait(self, seconds: float) -> None:
        """Until every twin answers; then failure profiles and first records go in. Raises HarnessError (twin_boot)."""
        if "mail" in self.settings:
            self.by_name["mail"] = Mail()
        if self._process is not None:
            ready = self._ready_line(seconds)
            for name in self.settings:
                if name in BUILT_IN:
                    continue
                if name not in ready:
                    raise HarnessError("twin_boot", f"the ready line names no twin {name!r}")
                self.by_name[name] = TwinClient(name, ready[name], self.token)

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
            if webhooks and isinstance(twin, TwinClient):
                _webhooks(twin, webhooks, app_url)

    def _ready_line(self, seconds: float) -> dict[str, Any]:
        process = self._process
        assert process is not None and process.stdout is not None
        end = time.monotonic() + seconds
        buffer = b""
        while b"\n" not in buffer:
            left = end - time.monotonic()
            if left <= 0:
                raise HarnessError("twin_boot", f"the twins did not start in {seconds:g} s: {self._tail()}")
            if not select.select([process.stdout], [], [], left)[0]:
                continue
            part = os.read(process.stdout.fileno(), 65536)
            if not part:
                raise HarnessError("twin_boot", f"`twin serve` ended before it was ready: {self._tail()}")
            buffer += part
        try:
            line = json.loads(buffer.split(b"\n", 1)[0])
            if line.get("ready") is not True:
                raise ValueError("not ready")
            return dict(line["twins"])
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise HarnessError("twin_boot", f"`twin serve` wrote no ready line: {error}") from None

    def _tail(self) -> str:
        if self._log is None or not self._log.exists():
            return "no output"
        return self._log.read_text("utf-8", "replace")[-800:].strip() or "no output"

    def dead(self) -> str:
        """Why the twins cannot be trusted any more, or nothing."""
        if self._process is not None and self._process.poll() is not None:
            return f"the twins ended during the trial (code {self._process.returncode}): {self._tail()}"
        return ""

    def stop(self) -> None:
        """End them; nothing is kept."""
        for twin in self.by_name.values():
            with contextlib.suppress(Exception):
                twin.close()  # type: ignore[attr-defined]
        if self._process is not None:
            self._process.kill()
            self._process.wait(5)
            if self._process.stdout:
                self._process.stdout.close()


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


def _webhooks(twin: TwinClient, webhooks: Mapping[str, Any], app_url: str) -> None:
    if webhooks.get("to"):
        target = str(webhooks["to"])
        url = target if target.startswith("http") else app_url + target
        twin.receiver(url, list(webhooks.get("events") or ["*"]))
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
