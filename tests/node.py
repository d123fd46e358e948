"""Node packages for tests: fetched from npm into a cache outside the checkout, once per set of versions.

modules = node.packages("stripe@19.1.0")             # skips the test, with the reason, where Node or npm cannot be had
done = node.run(modules, script, env={...})           # runs an ES module with those packages in reach
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

INSTALL_SECONDS = 300


def cache() -> Path:
    """`TWINKIT_TEST_CACHE`, else below the user's cache folder."""
    chosen = os.environ.get("TWINKIT_TEST_CACHE")
    return (
        Path(chosen) if chosen else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "twinkit-tests"
    )


def program(name: str) -> str:
    """The path of `node` or `npm`; skips the test where there is none."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"needs {name}, which is not on this machine")
    return found


def packages(*names: str) -> Path:
    """The folder whose `node_modules` holds these packages (`name@version`, pinned). Skips where they cannot be had."""
    program("node")
    npm = program("npm")
    for name in names:
        assert "@" in name[1:], f"pin a version: {name}@1.2.3"
    folder = cache() / "node" / hashlib.sha256(" ".join(sorted(names)).encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".done").exists():
            (folder / "package.json").write_text(
                json.dumps({"name": "twinkit-tests", "private": True, "type": "module"})
            )
            install = [npm, "install", "--no-audit", "--no-fund", "--silent", *names]
            try:
                done = subprocess.run(
                    install, cwd=folder, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS
                )
            except subprocess.TimeoutExpired:
                pytest.skip(f"npm took more than {INSTALL_SECONDS} s to fetch {' '.join(names)}")
            if done.returncode:
                reason = (done.stderr or done.stdout).strip().splitlines()
                pytest.skip(f"npm could not fetch {' '.join(names)}: {reason[-1] if reason else done.returncode}")
            (folder / ".done").write_text("\n".join(names))
    return folder


def run(
    folder: Path, script: str, *, env: Mapping[str, str] | None = None, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run an ES module with the folder's packages in reach and these variables added; a failure fails the test."""
    name = folder / f"script-{hashlib.sha256(script.encode()).hexdigest()[:12]}-{os.getpid()}.mjs"
    name.write_text(script)
    try:
        done = subprocess.run(
            [program("node"), str(name)],
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
    finally:
        name.unlink(missing_ok=True)
    assert done.returncode == 0, f"node exited with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done
