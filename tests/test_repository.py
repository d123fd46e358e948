"""The files around the code: Makefile, README, documentation of the command line, container and wheel."""

from __future__ import annotations

import argparse
import fnmatch
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from twinkit.cli.reference import markdown
from twinkit.server.control import ROUTES

ROOT = Path(__file__).resolve().parent.parent


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", read("Makefile"), re.M))


def commands(document: str) -> list[list[str]]:
    """The command lines of a document's `sh` blocks, continuation lines joined, comments left out."""
    blocks = re.findall(r"```(?:sh|bash|console)\n(.*?)```", read(document), re.S)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [re.sub(r"\s#.*$", "", line.removeprefix("$ ")).split() for line in lines if line.strip()]


def parser(module: str) -> argparse.ArgumentParser:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not part of this installation")
    found = importlib.import_module(module).parser()
    assert isinstance(found, argparse.ArgumentParser)
    return found


def subcommands(top: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def options(top: argparse.ArgumentParser, prefix: str) -> Iterator[tuple[str, str]]:
    """(command, option) of every long option, of sub-commands too; hidden ones left out."""
    for action in top._actions:
        if action.help is not argparse.SUPPRESS:
            yield from (
                (prefix, option) for option in action.option_strings if option.startswith("--") and option != "--help"
            )
    for name, sub in subcommands(top).items():
        yield from options(sub, f"{prefix} {name}")


def documents() -> list[str]:
    return [
        "README.md",
        "CONTRIBUTING.md",
        *(p.relative_to(ROOT).as_posix() for p in sorted((ROOT / "docs").rglob("*.md"))),
    ]


def test_make_targets_of_the_documents_exist() -> None:
    for document in documents():
        for words in commands(document):
            if words[0] == "make" and len(words) > 1:
                assert words[1] in targets(), f"{document}: make {words[1]}"


@pytest.mark.parametrize("program", ["twin", "factory"])
def test_commands_of_the_documents_exist(program: str) -> None:
    known = subcommands(parser(f"twinkit.cli.{program}"))
    for document in documents():
        for words in commands(document):
            if words[0] == program and len(words) > 1 and not words[1].startswith("-"):
                assert words[1] in known, f"{document}: {program} {words[1]} (there are {', '.join(known)})"


def test_the_command_reference_is_what_the_parsers_say() -> None:
    assert read("docs/cli.md") == markdown(), "run: python -m twinkit.cli.reference > docs/cli.md"


def test_every_argument_says_what_it_is_for() -> None:
    assert [line for line in markdown().splitlines() if line.endswith("|  |")] == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["gate", "--explain", "-3"], "a number of at least 1 is needed, not '-3'"),
        (["run", "--jobs", "0"], "a number of at least 1 is needed"),
        (["report", "--formt", "html"], "did you mean '--format'?"),
        (["rnu"], "did you mean 'run'?"),
    ],
)
def test_wrong_words_to_the_factory_are_told(arguments: list[str], told: str) -> None:
    command = [sys.executable, "-m", "twinkit.cli.factory", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and told in done.stderr


def test_the_control_plane_is_documented_as_it_is() -> None:
    rows = re.findall(r"^\| `([A-Z]+) /_twin([^`]*)` \| (.*) \|$", read("docs/control.md"), re.M)
    told = {(verb, path) for method, path, text in rows for verb in (method, *re.findall(r"\b(POST|DELETE)\b", text))}
    there = {(method, path.replace(":path", "")) for path, methods, _ in ROUTES for method in methods}
    assert told == there


def test_the_readme_has_the_two_commands() -> None:
    flat = [" ".join(words[:2]) for words in commands("README.md")]
    assert flat.index("make run") < flat.index("make test") < 3


def test_ci_runs_the_test_command_and_nothing_else() -> None:
    lines = [line for line in read(".ci/run").splitlines() if line and not line.startswith("#")]
    assert lines == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "exec make test"]


@pytest.mark.parametrize("script", [".ci/run", ".ci/setup"])
def test_scripts_are_sound_shell(script: str) -> None:
    subprocess.run(["sh", "-n", ROOT / script], check=True)


def copied() -> list[str]:
    """What the Dockerfile takes from the build context."""
    found = re.findall(r"^COPY (?!--from)(.+)$", read("Dockerfile"), re.M)
    return [source for line in found for source in line.split()[:-1]]


def admitted(path: str) -> bool:
    """Whether .dockerignore lets a path of the top folder through: the last matching line decides."""
    verdict = True
    for line in read(".dockerignore").splitlines():
        if line and not line.startswith("#") and fnmatch.fnmatch(path, line.removeprefix("!")):
            verdict = line.startswith("!")
    return verdict


def test_the_container_copies_what_exists_and_what_the_wheel_needs() -> None:
    project = tomllib.loads(read("pyproject.toml"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {
        *wheel["packages"],
        *wheel["force-include"],
        *project["project"]["license-files"],
        project["project"]["readme"],
        "hatch_build.py",
    }
    assert needed | {"pyproject.toml"} == set(copied())
    for source in copied():
        assert (ROOT / source).exists(), source
        assert admitted(source), f".dockerignore hides {source}"


def test_the_container_is_as_promised() -> None:
    text = read("Dockerfile")
    assert re.search(r"^ARG BASE=", text, re.M)
    assert text.count("FROM ${BASE}") == len(re.findall(r"^FROM", text, re.M)) == 2
    assert 'ENTRYPOINT ["twin"]' in text
    assert "/_twin/health" in text
    assert re.search(r"^USER (?!0|root)\d+$", text, re.M)
    assert "TWIN_HOST=0.0.0.0" in text


def test_the_dockerfile_passes_a_linter() -> None:
    linter = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if linter is None:
        pytest.skip("hadolint is not installed on this platform")
    done = subprocess.run([linter, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert not done.stdout.strip()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from what the Dockerfile copies and nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    context = folder / "context"
    context.mkdir()
    for source in copied():
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, context / source, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, context / source)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(build, cwd=context, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


def test_the_wheel_has_the_packages_and_the_data_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = {
        f"twinkit/data/{folder}/{path.name}"
        for folder in ("openapi", "failure_profiles")
        for path in (ROOT / folder).iterdir()
    }
    for package in ("twinkit", "twins"):
        found = [path for path in (ROOT / package).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        expected |= {path.relative_to(ROOT).as_posix() for path in found}
    compiled = {name for name in names if name.startswith("twinkit/data/compiled/")}
    assert names - compiled == expected
    twins = {path.parent.name for path in (ROOT / "twins").glob("*/twin.yaml")}
    assert {re.sub(r"-[0-9a-f]{32}\.index$", "", Path(name).name) for name in compiled} == twins


INSTALLED = """
import sys
from pathlib import Path
import twinkit.paths
from twinkit.faults.profile import load_profile
from twinkit.server.catalogue import installed_twin
for name in sys.argv[2:]:
    assert installed_twin(name).compiled.bindings
assert Path(twinkit.__file__).is_relative_to(sys.argv[1]), twinkit.__file__
assert twinkit.paths.data("failure_profiles").is_relative_to(sys.argv[1])
assert load_profile("flaky").rules
assert "twinkit.overlay.compile" not in sys.modules
"""


def test_an_installed_wheel_compiles_nothing_and_needs_no_cache(wheel: Path, tmp_path: Path) -> None:
    site, nowhere = tmp_path / "site", tmp_path / "file"
    nowhere.write_text("")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    twins = [path.parent.name for path in (ROOT / "twins").glob("*/twin.yaml")]
    environ = {**os.environ, "PYTHONPATH": str(site), "TWINKIT_CACHE": str(nowhere / "cache")}
    command = [sys.executable, "-W", "error", "-c", INSTALLED, str(site), *twins]
    done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
