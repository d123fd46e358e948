"""The app under test: environment from an allow list, start, readiness that only this trial's process can give.

Imports: spawn, linux, clock, errors, config-free plain data.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from twinkit.errors import nearest
from twinkit.factory.environment import container, linux
from twinkit.factory.environment.database import free_port
from twinkit.factory.environment.jail import Jail
from twinkit.factory.environment.limits import Watchdog, rlimits
from twinkit.factory.environment.spawn import Process, new_marker, start
from twinkit.factory.errors import AppFailure, HarnessError

INHERITED = ("PATH", "LANG", "LC_ALL", "TZ")
FIELD = re.compile(r"\{([a-z][\w-]*(?:\.[\w-]+)*)\}")


def expand(template: str, values: Mapping[str, Any]) -> str:
    """Fill `{stripe.url}`, `{mail.env.SMTP_HOST}`, `{port}`. Raises HarnessError with the nearest name."""

    def one(match: re.Match[str]) -> str:
        value: Any = values
        for part in match.group(1).split("."):
            if not isinstance(value, Mapping) or part not in value:
                known = list(value) if isinstance(value, Mapping) else []
                hint = nearest(part, known)
                if value is values and not hint:
                    hint = f"; if it is a twin, add {part!r} to `twins`"
                raise HarnessError("harness", f"factory.toml: there is no {{{match.group(1)}}}{hint}")
            value = value[part]
        return str(value)

    return FIELD.sub(one, template)


class App:
    """One running copy of the code under test, or an address where it runs already."""

    def __init__(self, settings: Mapping[str, Any], folder: Path, image: str = "") -> None:
        self.settings = settings
        self.folder = folder
        self.port = int(settings["port"]) or (0 if settings["url"] else free_port())
        self.url = settings["url"] or f"http://127.0.0.1:{self.port}"
        self.log = folder / "app.log"
        self.process: Process | None = None
        self.watchdog: Watchdog | None = None
        self.image = image
        self._container = ""
        self._starved_before = 0.0
        self.headers: Mapping[str, str] = {}
        """Sent with the questions whether it is ready: the same as the scenario's own requests carry."""

    def environment(
        self, twins: Mapping[str, Any], extra: Mapping[str, str], temporary: str, jail: Jail | None = None
    ) -> dict[str, str]:
        """Everything the app sees: the allow list, its own HOME and TMPDIR, the twins' variables, `[app.env]`.

        Nothing in it is the same for all apps under test and for no other program.
        """
        env = {name: os.environ[name] for name in (*INHERITED, *self.settings["inherit"]) if name in os.environ}
        env |= {"HOME": str(self.folder / "home"), "TMPDIR": temporary, "PORT": str(self.port), "APP_URL": self.url}
        env |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
        values: dict[str, Any] = {"port": self.port, "app": {"url": self.url}, "env": dict(extra)}
        for name, twin in twins.items():
            env |= twin.env
            host = twin.url.split("://", 1)[-1]
            env[f"{name.upper().replace('-', '_')}_WEBHOOK_SECRET"] = twin.webhook_secret
            values[name] = {"url": twin.url, "host": host, "env": twin.env, "credentials": twin.credentials}
            values[name]["webhook_secret"] = twin.webhook_secret
        env |= extra
        own = {name: expand(value, values) for name, value in self.settings["env"].items()}
        if "PYTHONPATH" in own and "PYTHONPATH" in env:
            own["PYTHONPATH"] = f"{env['PYTHONPATH']}:{own['PYTHONPATH']}"
        full = env | own
        return {name: jail.inside(value) for name, value in full.items()} if jail else full

    def start(self, env: Mapping[str, str], jail: Jail | None) -> None:
        """Start it. Raises AppFailure, HarnessError (port) when somebody else has the port."""
        if self.settings["url"] or not self.settings.get("serves", True):
            return
        if self.port in linux.listeners() or _in_use(self.port):
            raise HarnessError("port", f"port {self.port} is taken before the app was started")
        directory = self.folder / "app" / self.settings["directory"]
        if not directory.is_dir():
            raise AppFailure("app_start", f"the change has no folder {self.settings['directory']!r}")
        processes = int(self.settings["processes"])
        if self.settings["container"]:
            self._start_container(directory, env)
            return
        self.process = start(
            self.settings["start"], directory=directory, env=env, log=self.log, jail=jail,
            limits=rlimits(processes, jail is not None),
        )  # fmt: skip
        self.watchdog = Watchdog(self.process, self.log, int(self.settings["memory"]), processes)

    def _start_container(self, directory: Path, env: Mapping[str, str]) -> None:
        marker = new_marker()
        name, _, _ = marker.partition("=")
        self._container = container.name_for(name)
        image = str(self.settings["image"] or self.image)
        words = container.run_command(self.settings, image, self._container, [*env, name])
        own = {key: os.environ[key] for key in container.KEPT if key in os.environ}
        self.process = start(words, directory=directory, env={**env, **own}, log=self.log, jail=None, marker=marker)

    def wait_ready(self) -> None:
        """Until `ready` answers below 500, from a process of this trial. Raises AppFailure, HarnessError.

        Time that the app stood ready and got no processor does not count, up to twice the limit.
        """
        if not self.settings.get("serves", True):
            return
        limit = float(self.settings["ready_timeout"])
        begin = time.monotonic()
        pause = 0.01
        last = "nothing listens"
        with httpx.Client(trust_env=False, verify=False, timeout=min(limit, 5.0), headers=self.headers) as http:
            while (passed := time.monotonic() - begin) < limit or passed - min(self._starved(), 2 * limit) < limit:
                self._still_running()
                if self.process is None or not linux.has_proc():
                    answers = True
                else:
                    answers = self.port in linux.listeners() and self._ours()
                    last = "somebody listens who cannot be seen" if self.port in linux.listeners() else last
                if answers:
                    try:
                        reply = http.get(self.url + self.settings["ready"])
                        if reply.status_code < 500:
                            self._starved_before = self._starved()
                            return
                        last = f"GET {self.settings['ready']} answers {reply.status_code}"
                    except httpx.HTTPError as error:
                        last = f"GET {self.settings['ready']}: {type(error).__name__}"
                time.sleep(pause)
                pause = min(pause * 1.3, 0.1)
        if self.process is None or last.startswith("somebody"):
            kind = "port" if self.process else "harness"
            raise HarnessError(kind, f"{self.url} did not become ready in {limit:g} s: {last}")
        raise AppFailure("app_start", f"the app was not ready in {limit:g} s: {last}{self.said()}")

    def _still_running(self) -> None:
        if self.process is not None and not self.process.alive():
            code = self.process.status
            hint = "; keep it in the foreground" if code == 0 else ""
            raise AppFailure("app_start", f"the app ended with code {code} before it was ready{hint}{self.said()}")

    def _ours(self) -> bool:
        """Whether who listens was seen to belong to the app. Raises HarnessError for a stale or foreign server.

        Processes of a container belong to its engine, which may not let us look.
        """
        assert self.process is not None
        if self._container:
            return True
        known = [self.process.owns(pid) for pid in linux.owners(linux.listeners().get(self.port, set()))]
        if known and not any(known) and None not in known:
            raise HarnessError("port", f"port {self.port} is answered by a process that is not the app of this trial")
        return any(known)

    def _starved(self) -> float:
        """Seconds that the app stood ready to run and got no processor."""
        return max(linux.waits(self.process.family()), default=0.0) if self.process is not None else 0.0

    def held_up(self) -> float:
        """Seconds that all threads of the app together stood ready to run and got no processor."""
        return sum(linux.waits(self.process.family())) if self.process is not None else 0.0

    def starved(self, seconds: float) -> bool:
        """Whether the machine, not the app, may have used up this time: at least half of it was spent waiting."""
        return self._starved() - self._starved_before >= seconds / 2

    def alive(self) -> bool:
        """Whether the app's process runs; an address always counts as running."""
        return self.process is None or self.process.alive()

    def output(self, limit: int = 4000) -> str:
        """The end of what it printed."""
        try:
            return self.log.read_text("utf-8", "replace")[-limit:]
        except OSError:
            return ""

    def run(self, command: Sequence[str], env: Mapping[str, str], jail: Jail | None, seconds: float) -> tuple[int, str]:
        """Run a command as the app itself runs: same folders, environment and limits. (exit code, what it printed)

        Raises AppFailure when it does not end in time.
        """
        log = self.folder / "command.log"
        log.unlink(missing_ok=True)
        directory = self.folder / "app" / self.settings["directory"]
        processes = int(self.settings["processes"])
        process = start(
            command, directory=directory, env=env, log=log, jail=jail, limits=rlimits(processes, bool(jail))
        )
        watchdog = Watchdog(process, log, int(self.settings["memory"]), processes)
        code = process.wait(seconds)
        watchdog.stop()
        process.stop(0)
        if watchdog.problem:
            raise AppFailure("app_crash", f"{shlex.join(command)}: {watchdog.problem}")
        if code is None:
            raise AppFailure("app_timeout", f"{shlex.join(command)} did not end in {seconds:.0f} s")
        with log.open("rb") as handle:
            text = handle.read(1_000_000).decode("utf-8", "replace")
        with self.log.open("a") as handle_:
            handle_.write(f"$ {shlex.join(command)}\n{text}")
        return code, text

    def said(self) -> str:
        """Its last line, for a message about its end; nothing when it was silent."""
        lines = [line.strip() for line in self.output().splitlines() if line.strip()]
        return f"; the last line of its log: {lines[-1][:300]!r}" if lines else ""

    def stop(self) -> bool:
        """End it with everything it started. True when it obeyed SIGTERM."""
        if self.watchdog is not None:
            self.watchdog.stop()
        obeyed = self.process.stop(float(self.settings["stop_timeout"])) if self.process else True
        if self._container:
            container.remove(self.settings, self._container)
        return obeyed


def _in_use(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
