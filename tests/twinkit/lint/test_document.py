"""`twin lint --openapi`: what of a document is not served as written, and how it is told where it is served."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from twinkit.cli.twin import main
from twinkit.lint import lint_document

REPLY = {"200": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/None"}}}}}
BROKEN = {
    "openapi": "3.2.0",
    "info": {"title": "x", "version": "1"},
    "paths": {"/a": {"get": {"responses": REPLY}, "query": {"responses": {}}}},
}
CLEAN = """
openapi: 3.0.0
info: {title: Boxes, version: "1"}
paths:
  /boxes/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: getBox
      responses:
        "200": &box
          description: ""
          content: &sent
            application/json: {schema: {type: object, properties: {id: {type: string}, n: {type: integer}}}}
  /boxes:
    post: {operationId: makeBox, requestBody: {content: *sent}, responses: {"201": *box}}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TWINKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_clean_document(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "boxes.yaml").write_text(CLEAN)
    assert main(["lint", "--openapi", "boxes.yaml"]) == 0
    assert capsys.readouterr().out == "boxes.yaml: nothing to mend\n"


def test_what_is_skipped_is_listed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "broken.json").write_text(json.dumps(BROKEN))
    assert main(["lint", "--openapi", "broken.json"]) == 1
    said = capsys.readouterr().out.splitlines()
    for code in ("unknown-version", "unknown-method", "unresolvable-reference", "infer.shape"):
        assert any(line.startswith("broken.json: ") and line.endswith(f"[{code}]") for line in said), code
    assert main(["coverage", "--openapi", "broken.json"]) == 0
    assert "findings: 3 about the document, 0 about what it means" in capsys.readouterr().out
    assert main(["coverage", "--openapi", "broken.json", "--findings"]) == 0
    assert "[unresolvable-reference]" in capsys.readouterr().err
    assert main(["coverage", "--openapi", "broken.json", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["findings"]) == 3


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ('{"openapi": "3.0.0", "paths": {"/a": {}, "/a": {}}}', '"/a": the key comes twice; the last one counts'),
        (
            "openapi: 3.0.0\npaths:\n  /a: {}\n  /b: {}\n  /a: {}\n",
            "line 5: '/a' is in line 3 already; the last one counts",
        ),
        (
            "openapi: 3.0.0\npaths:\n\t/a: {}\n",
            "line 3: indented by tabs, which YAML forbids; read as four blanks each",
        ),
    ],
)
def test_what_no_parser_tells(here: Path, text: str, finding: str) -> None:
    (here / "x.yaml").write_text(text)
    assert finding in [str(each).rpartition(" [")[0] for each in lint_document("x.yaml")]


def test_what_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "--openapi", "none.yaml"]) == 2
    assert capsys.readouterr().err == "twin lint: none.yaml: no such file\n"
    assert main(["lint"]) == 2
    assert "name a twin, or give --openapi FILE" in capsys.readouterr().err
