"""Broken documents: mended or skipped with findings, never an exception other than one clear UsageError."""

from __future__ import annotations

import copy
import gzip
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twinkit.contract.adapters import canonical
from twinkit.contract.changes import compare
from twinkit.contract.index import Index, compile_index
from twinkit.contract.load import Document, load, parse
from twinkit.contract.strip import dumps, strip
from twinkit.errors import UsageError

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["id"],
    "nullable": True,
    "properties": {
        "id": {"type": "string", "format": "uuid", "pattern": "^a", "minLength": 1, "readOnly": True},
        "n": {"type": "integer", "minimum": 0, "exclusiveMinimum": True, "enum": [1, 2], "default": 1},
        "tags": {"type": "array", "items": {"$ref": "#/components/schemas/Tag"}},
        "one": {
            "oneOf": [{"$ref": "#/components/schemas/Tag"}],
            "discriminator": {"propertyName": "id", "mapping": {"t": "Tag"}},
        },
        "all": {"allOf": [{"$ref": "#/components/schemas/Tag"}, {"type": "object"}]},
        "map": {"type": "object", "additionalProperties": {"type": "string"}},
        "$ref": {"type": "string"},
    },
    "example": {"id": "a"},
    "x-expandableFields": ["tags"],
}
V30: dict[str, Any] = {
    "openapi": "3.0.1",
    "info": {"title": "T", "version": "1"},
    "servers": [{"url": "https://x/{v}", "variables": {"v": {"default": "v1"}}}],
    "security": [{"key": []}],
    "paths": {
        "/a/{id}": {
            "parameters": [{"$ref": "#/components/parameters/Id"}],
            "get": {
                "operationId": "getA",
                "tags": ["a"],
                "parameters": [
                    {"name": "f", "in": "query", "style": "deepObject", "explode": True, "schema": {"type": "object"}}
                ],
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {
                                "schema": {"$ref": "#/components/schemas/A"},
                                "examples": {"x": {"value": 1}},
                            }
                        },
                        "headers": {"X": {"schema": {"type": "string"}}},
                    },
                    "default": {"$ref": "#/components/responses/E"},
                },
            },
            "post": {
                "requestBody": {
                    "required": True,
                    "content": {"multipart/form-data": {"schema": SCHEMA, "encoding": {"n": {"style": "form"}}}},
                },
                "responses": {"2XX": {"description": ""}},
                "security": [],
            },
        }
    },
    "components": {
        "parameters": {"Id": {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}},
        "responses": {"E": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Tag"}}}}},
        "schemas": {"A": SCHEMA, "Tag": {"type": "object", "properties": {"a": {"$ref": "#/components/schemas/A"}}}},
        "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "K"}},
    },
}
V20: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "T", "version": "1"},
    "basePath": "/v1",
    "consumes": ["application/json"],
    "paths": {
        "/a": {
            "get": {
                "parameters": [
                    {
                        "name": "q",
                        "in": "query",
                        "type": "array",
                        "items": {"type": "string"},
                        "collectionFormat": "multi",
                    }
                ],
                "responses": {"200": {"schema": {"$ref": "#/definitions/A"}, "examples": {"application/json": 1}}},
            },
            "post": {
                "parameters": [{"name": "b", "in": "body", "schema": {"$ref": "#/definitions/A"}}],
                "responses": {},
            },
            "put": {
                "parameters": [{"name": "f", "in": "formData", "type": "file"}, {"$ref": "#/parameters/P"}],
                "responses": {},
            },
        }
    },
    "parameters": {"P": {"name": "p", "in": "header", "type": "string"}},
    "definitions": {"A": SCHEMA, "B": {"allOf": [{"$ref": "#/definitions/A"}], "discriminator": "kind"}},
    "securityDefinitions": {"o": {"type": "oauth2", "flow": "accessCode", "scopes": {"a": "b"}}},
}
V31: dict[str, Any] = {
    **V30,
    "openapi": "3.1.0",
    "webhooks": {"w": {"post": {"responses": {}}}},
    "components": {
        **V30["components"],
        "schemas": {
            "A": {
                "$id": "https://x/a",
                "type": ["object", "null"],
                "$defs": {"d": {"$anchor": "d", "const": 1}},
                "properties": {"d": {"$ref": "#d"}},
            },
            "Tag": {"$ref": "#/components/schemas/A", "description": "beside", "required": ["x"]},
        },
    },
}
ODD: list[Any] = [
    None, True, 7, -1.5, "", "text", "#/components/schemas/A", "#/nowhere", "#", "http", [], [None], ["a"], [[]], {},
    {"a": 1}, {"$ref": "#/components/schemas/A"}, {"$ref": "#/paths/~1a/get"}, {"$ref": 7},
    {"$ref": "#/components/parameters/Id"},
    {"type": "string"}, {"type": ["string", 7]}, {"type": {}}, "2XX", "query", "body", 1e300, "é\ud800",
]  # fmt: skip


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        found += places(value, (*path, key))
    return found


def put(data: dict[str, Any], path: tuple[Any, ...], value: Any, how: str) -> None:
    node: Any = data
    for key in path[:-1]:
        if not isinstance(node, dict | list) or (isinstance(node, dict) and key not in node):
            return
        if isinstance(node, list) and key >= len(node):
            return
        node = node[key]
    if isinstance(node, dict) and how == "rename" and path[-1] in node:
        node[str(value)] = node.pop(path[-1])
    elif isinstance(node, dict) and how == "remove":
        node.pop(path[-1], None)
    elif isinstance(node, dict) or (isinstance(node, list) and path[-1] < len(node)):
        node[path[-1]] = copy.deepcopy(value)


def survives(text: bytes) -> None:
    try:
        data = parse(text, "x.json")
        document = Document("x.json", data)
        index = Index.open(compile_index(canonical(document), {}))
        for id in index.operations():
            operation = index.operation(id)
            index.match(operation.method, operation.path)
            assert operation.success is None or operation.success.status
        for name in index.schemas():
            index.resolve(index.schema(name))
        for finding in document.findings:
            assert str(finding) and "\n" not in str(finding)
        once = dumps(strip(data))
        assert dumps(strip(json.loads(once))) == once
        assert not compare(document, document)
    except UsageError:
        pass


@pytest.mark.parametrize("base", [V20, V30, V31], ids=["2.0", "3.0", "3.1"])
@pytest.mark.parametrize("how", ["replace", "remove", "rename"])
def test_every_place(base: dict[str, Any], how: str) -> None:
    for number, path in enumerate(places(base)):
        for odd in ODD if how == "replace" else ODD[number % len(ODD) :][:2]:
            data = copy.deepcopy(base)
            put(data, path, odd, how)
            survives(json.dumps(data).encode())


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_many_places(data: st.DataObject) -> None:
    base = copy.deepcopy(data.draw(st.sampled_from([V20, V30, V31])))
    for _ in range(data.draw(st.integers(1, 6))):
        path = data.draw(st.sampled_from(places(base) or [("info",)]))
        put(base, path, data.draw(st.sampled_from(ODD)), data.draw(st.sampled_from(["replace", "remove", "rename"])))
    survives(json.dumps(base).encode())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None)
@given(
    key=st.sampled_from(["paths", "components", "definitions", "info", "openapi", "servers", "security"]), value=JSON
)
def test_any_value(key: str, value: Any) -> None:
    survives(json.dumps({"openapi": "3.0.0", "paths": {}, key: value}).encode())


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes(raw: bytes) -> None:
    try:
        parse(raw, "x")
    except UsageError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is empty"),
        ("<!DOCTYPE html><p>Not found", "it is an HTML page"),
        ("<?xml version='1.0'?><a/>", "it is XML"),
        ('{"item": [], "info": {}}', "a Postman collection"),
        ('{"swaggerVersion": "1.2", "apis": []}', "a Swagger 1 document"),
        ("just words", "no mapping"),
        ("[1]", "no mapping"),
        ("{", "neither JSON nor YAML"),
        ("a: b: c:\n- d", "neither JSON nor YAML"),
        ("a: 1", "neither `openapi`, `swagger` nor `paths`"),
        ('{"asyncapi": "1.2.0"}', "AsyncAPI"),
        ("\x00\x01", "it is no text"),
    ],
)
def test_unreadable(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text)
    with pytest.raises(UsageError, match=message) as caught:
        load(file)
    assert "\n" not in str(caught.value) and str(file) in str(caught.value)


@pytest.mark.parametrize(
    "source", ["nothing.json", "nopackage:x.yaml", "twinkit:nothing.yaml", ".", "http://127.0.0.1:1/x"]
)
def test_absent(source: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(source)
    assert "\n" not in str(caught.value)


def test_yaml_that_is_not_1_2() -> None:
    text = "\n".join(
        (
            "a: &x {on: yes, no: 2020-01-01}",
            "b: {<<: *x, 200: ok, 1.5: ~, true: 1}",
            "c: !odd text",
            "d: 012",
            "e: .nan",
            "f: 1:30",
        )
    )
    assert parse(text.encode(), "x") == {
        "a": {"on": "yes", "no": "2020-01-01"},
        "b": {"on": "yes", "no": "2020-01-01", "200": "ok", "1.5": None, "true": 1},
        "c": "text",
        "d": "012",
        "e": ".nan",
        "f": "1:30",
    }
    assert parse(b"on: yes\n200: 2020-01-01\nx: !odd text\ny: 1.0\n", "x") == {
        "on": "yes",
        "200": "2020-01-01",
        "x": "text",
        "y": 1.0,
    }


def test_json_that_is_not_quite() -> None:
    assert parse(b'\xef\xbb\xbf{"a": NaN, "b": "tab\there", "c": 123456789012345678901234567890}', "x") == {
        "a": None,
        "b": "tab\there",
        "c": 123456789012345678901234567890.0,
    }
    assert parse(b"{'a': 1, b: [x,],}", "x") == {"a": 1, "b": ["x"]}
    assert parse('{"a": "é"}'.encode("utf-16"), "x") == {"a": "é"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_any_encoding(encoding: str) -> None:
    assert parse('{"paths": {"/é": {}}}'.encode(encoding), "x.json") == {"paths": {"/é": {}}}
    assert parse("paths: {/é: {}}".encode(encoding), "x.yaml") == {"paths": {"/é": {}}}


def test_gzip() -> None:
    assert parse(gzip.compress(b"paths: {}"), "x.yaml.gz") == {"paths": {}}
    with pytest.raises(UsageError, match="cannot be unpacked"):
        parse(b"\x1f\x8bnothing", "x.gz")


def test_json_with_comments() -> None:
    text = '// one\n{"a": "http://x", /* two */ "b": [1, 2,], // three\n "c": "/* no comment */,]",}'
    assert parse(text.encode(), "x.json") == {"a": "http://x", "b": [1, 2], "c": "/* no comment */,]"}


def test_many_levels_of_aliases_are_refused_at_once() -> None:
    names = "abcdefghi"
    lines = [f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]" for before, name in itertools.pairwise(names)]
    text = "\n".join(["a: &a [x, x, x, x, x, x, x, x, x, x]", *lines])
    with pytest.raises(UsageError, match="five million nodes"):
        parse(text.encode(), "x.yaml")


def test_expanding_aliases_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(UsageError, match="expands"):
        parse("\n".join([*lines, "<<: {}"]).encode(), "x")


def test_deep_nesting() -> None:
    node: Any = {"type": "string"}
    for _ in range(300):
        node = {"type": "array", "items": node}
    document = Document("x", {"openapi": "3.0.0", "paths": {}, "components": {"schemas": {"A": node}}})
    compile_index(canonical(document), {})
    assert [finding.code for finding in document.findings] == ["too-deep"]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        "{a: " * 9_000,
        "- " * 50_000,
        "? " * 50_000,
        "x:\n  " + "- " * 50_000,
        "[\n" * 9_000,
    ],
)
def test_nesting_bombs(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text.encode(), "x")
    with pytest.raises(UsageError):
        parse(("<<: 1\na: " + text).encode(), "x")
