"""The app in a container, by the command line of docker or podman. Imports: linux, errors.

The image is built once per tree; every trial runs a container of its own on the host's network, where the twins are.
The engine isolates files and processes; it does not keep the app from the outside, and the report says so.
Options: https://docs.docker.com/reference/cli/docker/container/run/ (podman takes the same).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from twinkit.factory.environment import linux
from twinkit.factory.errors import HarnessError

ENGINES = ("docker", "podman")
ADVISORY = "Apps run in containers on this machine's network: what they call outside is not kept from them."
SECONDS = 30.0
KEPT = ("PATH", "HOME", "TMPDIR")
"""Variables that are the engine's own here, and not the app's."""


LABEL = "twinkit-trial"


def engine(name: str) -> str:
    """The path of the engine. Raises HarnessError where it is not installed."""
    found = shutil.which(name)
    if found is None:
        raise HarnessError("harness", f"install {name}, or choose another environment: there is no `{name}` on PATH")
    return found


def build_command(app: Mapping[str, Any], tag: str) -> tuple[str, ...]:
    """What builds the image of a tree; empty when the app names an image that is there already."""
    return () if app["image"] else (str(app["container"]), "build", "--quiet", "--tag", tag, ".")


def run_command(app: Mapping[str, Any], image: str, name: str, variables: Iterable[str]) -> list[str]:
    """What runs it in the foreground. Values go by the environment, so that no argument shows a credential."""
    words = [engine(str(app["container"])), "run", "--rm", "--init", "--name", name, "--label", LABEL]
    words += ["--network", "host"]
    words += ["--memory", str(app["memory"]), "--pids-limit", str(app["processes"])]
    for variable in sorted(set(variables) - set(KEPT)):
        words += ["--env", variable]
    return [*words, image, *map(str, app["start"])]


def name_for(word: str) -> str:
    """A name that says which process it belongs to, so that what this one leaves behind can be told from others'."""
    return f"app-{word.lower()}-{os.getpid()}-{linux.started(os.getpid()) or 0}"


def sweep(app: Mapping[str, Any]) -> None:
    """Remove containers whose trial was killed: the engine keeps them running."""
    listed = (str(app["container"]), "ps", "--all", "--filter", f"label={LABEL}", "--format", "{{.Names}}")
    with contextlib.suppress(OSError, subprocess.SubprocessError, ValueError):
        done = subprocess.run(listed, capture_output=True, check=False, timeout=SECONDS, text=True)
        for name in done.stdout.split():
            pid, begin = map(int, name.rsplit("-", 2)[1:])
            if linux.started(pid) != begin:
                remove(app, name)


def remove(app: Mapping[str, Any], name: str) -> None:
    """End a container that outlived its command line."""
    arguments: Sequence[str] = (str(app["container"]), "rm", "--force", name)
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        subprocess.run(arguments, capture_output=True, check=False, timeout=SECONDS)
