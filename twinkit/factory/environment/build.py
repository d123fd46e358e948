"""The exact commit, exported and built once per (tree, build commands), then copied for every trial.

Imports: git, spawn.

A failed build is remembered like a good one: it is evidence against the code, and every trial reports it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from twinkit.factory import git
from twinkit.factory.environment import container
from twinkit.factory.environment import jail as jails
from twinkit.factory.environment.jail import Jail
from twinkit.factory.environment.spawn import start
from twinkit.factory.errors import AppFailure, HarnessError
from twinkit.factory.locks import locked


@dataclass(frozen=True, slots=True)
class Build:
    """Where the built tree is, or why there is none (`problem`, with the end of the log)."""

    folder: str
    tree: str
    problem: str = ""
    image: str = ""

    def data(self) -> dict[str, object]:
        """Plain data for a plan."""
        return asdict(self)


def key(tree: str, commands: Sequence[Sequence[str]], network: bool) -> str:
    """Name of the build in the cache."""
    return hashlib.sha256(json.dumps([tree, commands, network]).encode()).hexdigest()[:32]


def prepare(
    repo: Path, sha: str, cache: Path, *, commands: Sequence[Sequence[str]], network: bool, timeout: float,
    env: Mapping[str, str], hidden: Sequence[str], isolate: bool, app: Mapping[str, Any] | None = None,
) -> Build:  # fmt: skip
    """Export and build unless that was done before; `app` with a container engine has its image built as well.

    Raises IntegrityError for an unsafe tree, UsageError.
    """
    tree = git.tree(repo, sha)
    image = ""
    if app and app["container"]:
        container.sweep(app)
        image = f"app-{key(tree, commands, network)[:20]}"
        own = container.build_command(app, image)
        commands = [*commands, own] if own else commands
    folder = cache / key(tree, commands, network)
    record = folder / "build.json"
    with locked(cache / "lock"):
        with contextlib.suppress(OSError, ValueError, TypeError):
            return Build(**json.loads(record.read_text()))
        shutil.rmtree(folder, ignore_errors=True)
        source = folder / "app"
        source.mkdir(parents=True)
        git.export(repo, sha, source)
        problem = _build(source, folder, commands, network, timeout, env, hidden, isolate)
        build = Build(str(source), tree, problem, image)
        scratch = record.with_suffix(".new")
        scratch.write_text(json.dumps(build.data()))
        os.replace(scratch, record)  # noqa: PTH105
        return build


def _build(
    source: Path, folder: Path, commands: Sequence[Sequence[str]], network: bool, timeout: float,
    env: Mapping[str, str], hidden: Sequence[str], isolate: bool,
) -> str:  # fmt: skip
    log = folder / "build.log"
    for name in ("home", "tmp"):
        (folder / name).mkdir()
    for argv in commands:
        jail = None
        if isolate:
            own = (str(folder / "app"), str(folder / "home"))
            jail = Jail(own, tuple(hidden), str(folder / "tmp"), network=network, root=str(folder))
        full = {**env, "HOME": str(folder / "home"), "TMPDIR": "/tmp" if jail else str(folder / "tmp")}
        full = {name: jail.inside(value) for name, value in full.items()} if jail else full
        try:
            process = start(argv, directory=source, env=full, log=log, jail=jail)
        except AppFailure as error:
            return str(error)
        status = process.wait(timeout)
        process.stop(1)
        if status != 0:
            reason = f"did not end in {timeout:g} s" if status is None else f"ended with code {status}"
            tail = log.read_text("utf-8", "replace")[-2000:]
            return f"the build command {argv[0]!r} {reason}\n{tail}".strip()
    return ""


def copy(build: Build, target: Path) -> None:
    """A private copy for one trial. Raises HarnessError (disk)."""
    try:
        shutil.copytree(build.folder, target, symlinks=True)
    except (OSError, shutil.Error) as error:
        raise HarnessError("disk", f"the tree cannot be copied: {error}") from None


def isolation(wanted: str) -> bool:
    """Whether trials run in namespaces: `auto` where the machine allows, `require` or fail, `none`."""
    if wanted == "none":
        return False
    if jails.available():
        return True
    if wanted == "require":
        raise HarnessError("harness", "this machine makes no namespaces; run with `--isolation none` to go on without")
    return False
