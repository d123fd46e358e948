"""The coverage matrix, and that the pages in docs/coverage say what the twins do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from twinkit.cli.coverage import page
from twinkit.cli.twin import main
from twinkit.overlay.cache import open_twin
from twinkit.overlay.coverage import as_markdown, as_text, counts, matrix
from twinkit.server.catalogue import installed_twin, names

ROOT = Path(__file__).parents[3]
NOTES = ROOT / "tests" / "extension" / "notes"
PAGES = ROOT / "docs" / "coverage"


@pytest.mark.parametrize("name", [name for name in names() if (PAGES / f"{name}.md").is_file()])
def test_the_page_of_a_twin_is_true(name: str) -> None:
    assert (PAGES / f"{name}.md").read_text() == page(installed_twin(name)), f"run: twin coverage {name} --write"


def test_the_matrix_tells_what_each_operation_does() -> None:
    rows = matrix(*open_twin(NOTES), handled={"archiveNote"})
    found = {row.operation: (row.does, row.resource, row.fidelity) for row in rows}
    assert found["createNote"] == ("create", "note", "generic")
    assert found["archiveNote"] == ("action: archive", "note", "behaviour")
    assert found["shareNote"] == ("shape", "", "shape")
    assert counts(rows) == {"behaviour": 1, "generic": 5, "shape": 1}
    assert "shape      POST   /v1/notes/{id}/share" in as_text(rows)
    assert "| `POST /v1/notes/{id}/share` | shape |  | shape | needs accounts |" in as_markdown("notes", "Notes", rows)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    document = str(NOTES / "notes.json")
    assert main(["coverage", "--openapi", document, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["generic"] == 7
    assert main(["coverage", "--openapi", document, "--write"]) == 0
    assert (tmp_path / "docs" / "coverage" / "notes.md").is_file()
    assert main(["coverage"]) == 2
    assert main(["coverage", "strip"]) == 2
    assert "did you mean 'stripe'?" in capsys.readouterr().err
