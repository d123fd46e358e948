"""`twin openapi …` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from twinkit.cli.twin import main

OLD: dict[str, Any] = {
    "openapi": "3.0.0",
    "info": {"title": "Notes", "version": "1", "description": "prose", "license": {"name": "MIT"}},
    "paths": {
        "/notes": {
            "get": {
                "operationId": "listNotes",
                "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer"}}],
                "responses": {
                    "200": {
                        "description": "ok",
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/note"}}
                            }
                        },
                    }
                },
            },
            "post": {"operationId": "createNote", "responses": {"200": {"description": "ok"}}},
        }
    },
    "components": {
        "schemas": {
            "note": {
                "type": "object",
                "properties": {"id": {"type": "string"}, "kind": {"type": "string", "enum": ["a", "b"]}},
            }
        }
    },
}


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    old, new = tmp_path / "notes.json", tmp_path / "notes2.json"
    old.write_text(json.dumps(OLD))
    newer = json.loads(json.dumps(OLD))
    newer["info"]["version"] = "2"
    get = newer["paths"]["/notes"]["get"]
    get["parameters"] = [
        {"name": "limit", "in": "query", "required": True, "schema": {"type": "integer"}},
        {"name": "after", "in": "query"},
    ]
    del newer["paths"]["/notes"]["post"]
    newer["paths"]["/notes/{id}"] = {"get": {"operationId": "getNote", "responses": {}}}
    newer["components"]["schemas"]["note"]["properties"] = {
        "kind": {"type": "string", "enum": ["a", "c"]},
        "text": {"type": "string"},
    }
    new.write_text(json.dumps(newer))
    return old, new


def test_add_then_update(files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "openapi"
    folder.mkdir()
    assert main(["openapi", "add", "notes", str(files[0]), "--folder", str(folder), "-q"]) == 0
    first = (folder / "notes.json").read_bytes()
    assert b"prose" not in first
    assert 'licence = "MIT"' in (folder / "SOURCES.toml").read_text()
    assert main(["openapi", "add", "notes", str(files[0]), "--folder", str(folder), "-q"]) == 0
    assert (folder / "notes.json").read_bytes() == first
    capsys.readouterr()

    assert main(["openapi", "update", "notes", str(files[1]), "--folder", str(folder), "-q", "--dry-run"]) == 0
    said = capsys.readouterr().out
    for line in (
        "version 1 → 2",
        "operations: 1 added, 1 removed, 1 changed",
        "  + getNote  GET /notes/{id}",
        "  - createNote  POST /notes  [breaking]",
        "breaking changes: 3",
        "  ~ listNotes  GET /notes",
        "      + parameter query after: anything",
        "      ~ parameter query limit: integer → integer, required  [breaking]",
        "  ~ note  used by replies of listNotes",
        "      ~ field kind: string with [b] → string with [c]",
        "      + field text: string",
        "      - field id  [breaking]",
        f"{folder / 'notes.json'}: not written (--dry-run)",
    ):
        assert line in said.splitlines()
    assert (folder / "notes.json").read_bytes() == first

    assert main(["openapi", "update", "notes", str(files[1]), "--folder", str(folder), "-q", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["added"] == [["getNote", "GET /notes/{id}"]] and found["written"] is True
    assert 'version = "2"' in (folder / "SOURCES.toml").read_text()


def test_diff(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["openapi", "diff", str(files[0]), str(files[0])]) == 0
    assert capsys.readouterr().out == "no difference\n"
    assert main(["openapi", "diff", str(files[0]), str(files[1]), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["removed"] == [["createNote", "POST /notes"]]
    assert main(["openapi", "diff", "slack_events", "slack_events"]) == 0


def test_only_what_breaks(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["openapi", "diff", str(files[0]), str(files[1]), "--breaking"]) == 1
    said = capsys.readouterr().out
    assert "parameter query limit" in said and "query after" not in said and "getNote" not in said
    wider = json.loads(files[0].read_text())
    wider["paths"]["/notes"]["get"]["parameters"].append({"name": "after", "in": "query"})
    files[1].write_text(json.dumps(wider))
    assert main(["openapi", "diff", str(files[0]), str(files[1]), "--breaking"]) == 0
    assert main(["openapi", "diff", str(files[0]), str(files[1])]) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<html>", "not an OpenAPI document"),
        ('{"openapi": "3.0.0", "paths": {}}', "has no operation, the contract has 2; nothing was changed"),
        ('{"asyncapi": "1.2.0", "topics": {"x": {"subscribe": {}}}}', "AsyncAPI, the contract is OpenAPI"),
    ],
)
def test_what_is_no_newer_document_changes_nothing(
    files: tuple[Path, Path], text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = ["--folder", str(files[0].parent)]
    assert main(["openapi", "add", "kept", str(files[0]), *folder, "-q"]) == 0
    before = {path.name: path.read_bytes() for path in files[0].parent.iterdir()}
    files[1].write_text(text)
    capsys.readouterr()
    assert main(["openapi", "update", "kept", str(files[1]), *folder, "-q"]) == 2
    said = capsys.readouterr().err
    assert message in said and len(said.splitlines()) == 1
    after = {path.name: path.read_bytes() for path in files[0].parent.iterdir()}
    assert {**after, files[1].name: b""} == {**before, files[1].name: b""}


def test_strip_to_a_file(files: tuple[Path, Path], tmp_path: Path) -> None:
    assert main(["openapi", "strip", str(files[0]), "-o", str(tmp_path / "out.json")]) == 0
    assert json.loads((tmp_path / "out.json").read_text())["info"] == {
        "title": "Notes",
        "version": "1",
        "license": {"name": "MIT"},
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["add", "x", "nothing.json"], "no such file"),
        (["update", "strip", "nothing.json"], "did you mean 'stripe'"),
        (["add", "../x", "openapi/stripe.json"], "will not do as a name"),
        (["diff", "nothing", "nothing"], "no such file"),
        (["strip", "openapi/stripe.json", "--output", "/nowhere/out.json"], "/nowhere/out.json: No such file"),
    ],
)
def test_one_clear_message(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["openapi", *words]) == 2
    said = capsys.readouterr().err
    assert message in said and len(said.splitlines()) == 1
