"""Where the coding agent's commands run: namespaces, else bubblewrap, else Landlock, else nothing (ADVISORY).

Inside: the clean room and a HOME of its own are writable, the rest read-only; vault, state, the project and the
operator's secrets are covered; no network unless the agent needs its endpoint; an allow-listed environment.
Imports: environment.jail, environment.spawn.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from twinkit.factory.environment import jail as jails
from twinkit.factory.environment.jail import Jail
from twinkit.factory.environment.spawn import start
from twinkit.factory.errors import AppFailure
from twinkit.factory.wall import landlock

INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "TERM")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended (`code` None: its time was up) and what it printed."""

    code: int | None
    output: str


@dataclass(slots=True)
class Sandbox:
    """`kind` is namespaces, bubblewrap, landlock or none; `hidden` are absolute paths that must not be seen."""

    kind: str
    hidden: tuple[str, ...]
    network: bool = False

    @property
    def advisories(self) -> list[str]:
        """What this sandbox does not hold; any of them blocks AUTO."""
        found: list[str] = []
        if self.kind == "none":
            found.append("The coding agent ran without a sandbox: it could have read the vault.")
        elif self.kind == "landlock" and landlock.version() < 4:
            found.append("The coding agent's network was not closed: this kernel's Landlock knows only files.")
        elif self.network:
            found.append("The coding agent had network beyond its model's endpoint.")
        return found

    def run(
        self, argv: Sequence[str], *, room: Path, home: Path, temporary: Path, env: Mapping[str, str], log: Path,
        timeout: float,
    ) -> Outcome:  # fmt: skip
        """Run a command in the room; output goes to `log`."""
        full = {name: os.environ[name] for name in INHERITED if name in os.environ}
        full |= {**env, "HOME": str(home), "TMPDIR": str(temporary)}
        log.unlink(missing_ok=True)
        if self.kind == "bubblewrap":
            argv = self._bubblewrap(argv, room, home, temporary)
        if self.kind == "landlock":
            argv = landlock.wrap(argv, [str(room), str(home), str(temporary)])
        jail = None
        if self.kind == "namespaces":
            full["TMPDIR"] = "/tmp"
            jail = Jail((str(room), str(home)), self.hidden, str(temporary), network=self.network)
        try:
            process = start(argv, directory=room, env=full, log=log, jail=jail)
        except AppFailure as error:
            return Outcome(127, str(error))
        code = process.wait(timeout)
        process.stop(2)
        return Outcome(code, log.read_text("utf-8", "replace") if log.exists() else "")

    def _bubblewrap(self, argv: Sequence[str], room: Path, home: Path, temporary: Path) -> list[str]:
        words = ["bwrap", "--die-with-parent", "--new-session", "--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev"]
        words += ["--proc", "/proc", *(["--share-net"] if self.network else [])]
        for path in self.hidden:
            words += ["--tmpfs", path] if Path(path).is_dir() else ["--ro-bind", "/dev/null", path]
        for own in (room, home, temporary):
            words += ["--bind", str(own), str(own)]
        return [*words, "--chdir", str(room), "--", *argv]


def choose(hidden: Sequence[str], network: bool, wanted: str = "auto") -> Sandbox:
    """The best sandbox this machine has."""
    paths = jails.outermost([*hidden, *jails.secrets()])
    if wanted in ("auto", "namespaces") and jails.available():
        return Sandbox("namespaces", paths, network)
    if wanted in ("auto", "bubblewrap") and shutil.which("bwrap") and _works():
        return Sandbox("bubblewrap", paths, network)
    if wanted in ("auto", "landlock") and not network and landlock.version():
        return Sandbox("landlock", paths)
    return Sandbox("none", paths, True)


def _works() -> bool:
    done = subprocess.run(["bwrap", "--ro-bind", "/", "/", "true"], capture_output=True, check=False)
    return done.returncode == 0
