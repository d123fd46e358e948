"""The examples run as their README says; what cannot run here is at least well-formed."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests import node

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
RUN = (sys.executable, "-m", "twinkit.cli.twin", "run", "--quiet", "--twin", "stripe")


def run(*words: str, cwd: Path = EXAMPLES, **env: str) -> str:
    """The output of a command, which must succeed."""
    variables = {**os.environ, **env}
    variables.pop("PYTEST_ADDOPTS", None)
    variables["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{variables['PATH']}"
    done = subprocess.run(words, cwd=cwd, env=variables, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


def test_the_shop() -> None:
    pytest.importorskip("fastapi", reason="needs fastapi")
    plugins = ("-p", "twinkit.pytest_plugin", "-p", "no:cacheprovider")
    out = run(sys.executable, "-m", "pytest", *plugins, cwd=EXAMPLES / "shop", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    passed = int(out.split(" passed")[0].split()[-1])
    assert passed >= 70, out


def test_unittest() -> None:
    assert "OK" in run(sys.executable, "-m", "unittest", "discover", "unittest")


def test_django() -> None:
    pytest.importorskip("django", reason="needs Django")
    assert "OK" in run(sys.executable, "-m", "unittest", "discover", "django")


def test_curl() -> None:
    if shutil.which("curl") is None:
        pytest.skip("needs curl, which is not on this machine")
    assert "gone after reset" in run(*RUN, "--", "sh", "curl/run.sh")


def test_node() -> None:
    packages = node.packages("stripe@23.1.0", "vitest@4.0.18")
    script = packages / "customers.test.mjs"
    shutil.copy(EXAMPLES / "node" / "customers.test.mjs", script)
    vitest = packages / "node_modules" / "vitest" / "vitest.mjs"
    out = run(*RUN, "--intercept", "--", node.program("node"), str(vitest), "run", cwd=packages)
    assert "4 passed" in out, out


def test_go() -> None:
    if shutil.which("go") is None:
        pytest.skip("needs Go, which is not on this machine")
    assert "ok" in run(*RUN, "--", "go", "test", "-count=1", "./...", cwd=EXAMPLES / "go")


@pytest.mark.parametrize("name", ["compose/compose.yaml", "github-actions/tests.yml"])
def test_documents_for_other_tools_are_well_formed(name: str) -> None:
    assert isinstance(yaml.safe_load((EXAMPLES / name).read_text()), dict)


def test_every_example_is_listed() -> None:
    listed = (EXAMPLES / "README.md").read_text()
    folders = [path.name for path in EXAMPLES.iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert not [name for name in folders if f"[{name}](" not in listed]


def test_python_examples_parse() -> None:
    for path in EXAMPLES.rglob("*.py"):
        ast.parse(path.read_text(), str(path))
