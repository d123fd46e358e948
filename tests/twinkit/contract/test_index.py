"""The index file: what is compiled comes back, lazily; damaged files are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from twinkit.contract.adapters import canonical
from twinkit.contract.index import Index, compile_index
from twinkit.contract.load import Document
from twinkit.errors import UsageError

PETS: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Pets", "version": "1"},
    "servers": [{"url": "https://pets.example/v1/"}],
    "security": [{"key": []}],
    "paths": {
        "/pets/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "get": {
                "operationId": "getPet",
                "security": [],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}}
                },
            },
            "delete": {"responses": {204: {"description": "gone"}}},
        }
    },
    "components": {
        "schemas": {"Pet": {"$ref": "#/components/schemas/Animal"}, "Animal": {"type": "object", "nullable": True}},
        "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key", "description": "x"}},
    },
}


@pytest.fixture
def data() -> bytes:
    document = Document("pets.json", {**PETS, "paths": {**PETS["paths"]}})
    document.data["paths"]["/pets/{id}"]["delete"]["responses"] = {"204": {"description": "gone"}}
    return compile_index(canonical(document), {"overlay": {"a": [1]}, "bindings": None})


def test_everything_comes_back(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "pets.index"
    file.write_bytes(data)
    for index in (Index.open(file), Index.open(data)):
        assert (index.service, index.title, index.version, index.base_path) == ("pets", "Pets", "1", "/v1")
        assert list(index.operations()) == ["getPet", "delete_pets_by_id"]
        assert list(index.schemas()) == ["Pet", "Animal"]
        assert index.security == ({"key": ()},)
        assert index.security_schemes == {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}
        get = index.operation("getPet")
        assert get.security == () and index.operation("delete_pets_by_id").security is None
        assert get.parameters[0].schema == {"type": "integer"} and get.parameters[0].style == "simple"
        assert get.success is not None and get.success.status == "200"
        assert index.resolve(get.success.content["application/json"]) == {"type": ["object", "null"]}
        assert index.extra("overlay") == {"a": [1]} and index.extra("bindings") is None
        assert list(index.extras()) == ["overlay", "bindings"]
        for missing in (index.operation, index.schema, index.extra):
            with pytest.raises(KeyError):
                missing("nothing")


def test_match_with_and_without_base_path(data: bytes) -> None:
    index = Index.open(data)
    for path in ("/pets/7", "/v1/pets/7"):
        found = index.match("GET", path)
        assert found is not None and (found.operation, found.path) == ("getPet", {"id": "7"})
        assert index.methods(path) == ("DELETE", "GET")
    assert index.match("GET", "/v1pets/7") is None
    assert index.match("PUT", "/pets/7") is None


def test_same_input_same_bytes(data: bytes) -> None:
    assert data == compile_index(canonical(Document("pets.json", PETS)), {"overlay": {"a": [1]}, "bindings": None})
    other = compile_index(canonical(Document("pets.json", PETS)), {"overlay": {"a": [2]}, "bindings": None})
    assert Index.open(data).digest != Index.open(other).digest


@pytest.mark.parametrize("cut", [0, 5, 20, 30, 200, -1])
def test_damaged(data: bytes, cut: int, tmp_path: Path) -> None:
    file = tmp_path / "x.index"
    file.write_bytes(data[:cut])
    with pytest.raises(UsageError):
        Index.open(file)
