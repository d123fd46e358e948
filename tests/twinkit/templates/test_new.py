"""`twin new` writes a package whose lint is clean and whose tests are green, out of tree and in place."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from twinkit.cli.twin import main
from twinkit.errors import UsageError
from twinkit.overlay.cache import open_twin
from twinkit.overlay.compiled import Compiled, plain
from twinkit.templates.overlay_text import overlay_text
from twinkit.templates.scaffold import plan

ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "tests" / "extension" / "notes" / "notes.json"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TWINKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_tests(folder: Path, *paths: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (*paths, ROOT))), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", str(folder)]
    return subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_out_of_tree(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "memo", "--openapi", str(DOCUMENT)]) == 0
    assert "twin serve memo" in capsys.readouterr().out
    package = here / "memo-twin"
    assert 'memo = "memo_twin:twin"' in (package / "pyproject.toml").read_text()
    assert "shareNote" in (package / "memo_twin" / "twin.yaml").read_text()
    done = run_tests(package / "tests", package)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def test_in_place(here: Path) -> None:
    for name in ("twins", "openapi", "tests/twins"):
        (here / name).mkdir(parents=True)
    (here / "twins" / "__init__.py").touch()
    (here / "pyproject.toml").write_text(
        '[project.entry-points."twinkit.twins"]\nstripe = "twins.stripe:twin"\n\n[tool.x]\n'
    )
    assert main(["new", "memo", "--openapi", str(DOCUMENT)]) == 0
    assert (here / "pyproject.toml").read_text().splitlines()[1:4] == [
        'stripe = "twins.stripe:twin"',
        'memo = "twins.memo:twin"',
        "",
    ]
    assert "[memo]" in (here / "openapi" / "SOURCES.toml").read_text()
    assert (here / "docs" / "coverage" / "memo.md").is_file()
    assert {path.name for path in (here / "twins" / "memo").iterdir()} >= {"twin.yaml", "FIDELITY.md", "handlers"}


@pytest.mark.parametrize("name", ["Memo", "9lives", "a-b", ""])
def test_a_name_that_will_not_do(here: Path, name: str) -> None:
    with pytest.raises(UsageError, match="will not do as a name"):
        plan(name, str(DOCUMENT), None, here)


def test_something_in_the_way(here: Path) -> None:
    (here / "memo-twin" / "memo_twin").mkdir(parents=True)
    assert main(["new", "memo", "--openapi", str(DOCUMENT)]) == 2


def test_a_document_that_is_none(here: Path) -> None:
    (here / "x.json").write_text("[]")
    assert main(["new", "memo", "--openapi", "x.json"]) == 2
    assert not (here / "memo-twin").exists()


def same(first: Compiled, second: Compiled) -> None:
    assert list(first.bindings) == list(second.bindings)
    for name, binding in first.bindings.items():
        if binding.fidelity != "shape":
            assert plain(second.bindings[name]) == plain(binding)


@pytest.mark.parametrize("contract", ["notes", "okta-oauth", "slack"])
def test_what_is_spelled_out_is_what_was_inferred(here: Path, contract: str) -> None:
    document = DOCUMENT if contract == "notes" else ROOT / "openapi" / f"{contract}.json"
    index, compiled = open_twin(document, "x")
    shutil.copy(document, here / "x.json")
    (here / "twin.yaml").write_text(overlay_text("x", "x.json", index, compiled))
    same(compiled, open_twin(here)[1])
