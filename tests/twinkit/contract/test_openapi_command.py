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
        "  - createNote  POST /notes",
        "  ~ listNotes  GET /notes",
        "      + parameter query after: anything",
        "      ~ parameter query limit: integer → integer, required",
        "  ~ note  used by 1 operations",
        "      ~ field kind: string without [c] → string with [c]",
        "      + field text: string",
        "      - field id",
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
    ],
)
def test_one_clear_message(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["openapi", *words]) == 2
    said = capsys.readouterr().err
    assert message in said and len(said.splitlines()) == 1
