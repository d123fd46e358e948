"""`twin new` writes a package whose lint is clean and whose tests are green, out of tree and in place."""

from __future__ import annotations

import json
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


def test_a_newer_document_names_what_the_twin_says_of_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "memo", "--openapi", str(DOCUMENT)]) == 0
    package = here / "memo-twin" / "memo_twin"
    (package / "handlers" / "example.py").write_text('from memo_twin import twin\n\ntwin.handler("shareNote")\n')
    newer = json.loads(DOCUMENT.read_text())
    del newer["paths"]["/notes/{id}/share"]
    (here / "newer.json").write_text(json.dumps(newer))
    before = (package / "memo.json").read_bytes()
    capsys.readouterr()
    update = ["openapi", "update", "memo", "newer.json", "--folder", str(package), "-q"]
    assert main([*update, "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "shareNote: removed; handlers/example.py:3, twin.yaml:" in said
    assert "handlers/example.py:3: a handler of shareNote, which the contract has no longer" in said
    assert "the contract has no operation 'shareNote'" in said
    assert (package / "memo.json").read_bytes() == before
    assert main([*update, "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["twins"]
    assert told["twin"] == "memo" and told["touched"][0]["why"] == ["removed"]
    assert (package / "memo.json").read_bytes() != before
    assert 'source = "notes.json"' in (package / "SOURCES.toml").read_text()


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


def listing(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def checkout(here: Path) -> None:
    for name in ("twins", "openapi", "tests/twins"):
        (here / name).mkdir(parents=True)
    (here / "twins" / "__init__.py").touch()
    (here / "pyproject.toml").write_text('[project.entry-points."twinkit.twins"]\n')


def test_what_cannot_be_written_whole_is_not_written(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkout(here)
    (here / "docs").write_text("a file, no folder")
    before = listing(here)
    assert main(["new", "memo", "--openapi", str(DOCUMENT)]) == 2
    said = capsys.readouterr().err
    assert "cannot be written" in said and len(said.splitlines()) == 1
    assert {name: text for name, text in listing(here).items() if not name.startswith("cache")} == before
    assert not (here / "twins" / "memo").exists()


@pytest.mark.parametrize("file", ["pyproject.toml", "README.md", "tests/test_memo.py", "memo_twin/mine.py"])
def test_nothing_is_written_over(here: Path, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    taken = here / "place" / file
    taken.parent.mkdir(parents=True)
    taken.write_text("mine")
    assert main(["new", "memo", "--openapi", str(DOCUMENT), "--out", "place"]) == 2
    assert "exists already" in capsys.readouterr().err
    assert listing(here / "place") == {file: b"mine"}


def test_a_contract_of_the_project_is_not_written_over(here: Path) -> None:
    checkout(here)
    (here / "openapi" / "memo.json").write_text("{}")
    assert main(["new", "memo", "--openapi", str(DOCUMENT)]) == 2
    assert (here / "openapi" / "memo.json").read_text() == "{}"


def test_the_name_of_another_installed_twin_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "stripe", "--openapi", str(DOCUMENT)]) == 2
    assert "is installed already (twins.stripe:twin)" in capsys.readouterr().err


def test_odd_titles_paths_that_put_and_lint_of_other_tools(here: Path) -> None:
    item = {"type": "object", "properties": {"name": {"type": "string", "readOnly": True}, "size": {"type": "integer"}}}
    reply = {"200": {"description": "", "content": {"application/json": {"schema": item}}}}
    place = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    put = {"operationId": "put", "requestBody": {"content": {"application/json": {"schema": item}}}, "responses": reply}
    box = {"parameters": [place], "get": {"operationId": "get", "responses": reply}, "put": put}
    title = 'A "quoted" \\ title\twith\nlines $and marks, ' + "long " * 40
    odd = {"openapi": "3.0.0", "info": {"title": title, "version": "1"}, "paths": {"/boxes/{name}": box}}
    (here / "odd.json").write_text(json.dumps(odd))
    assert main(["new", "odd", "--openapi", "odd.json"]) == 0
    package = here / "odd-twin"
    done = run_tests(package / "tests", package)
    assert done.returncode == 0 and "3 passed" in done.stdout, done.stdout + done.stderr
    for command in (["check"], ["format", "--check"]):
        ruff = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", "."],
            cwd=package,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ruff.returncode == 0, ruff.stdout


@pytest.mark.parametrize("name", ["Memo", "9lives", "a-b", "", "class", "x" * 61, "me\nmo", "é"])
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
