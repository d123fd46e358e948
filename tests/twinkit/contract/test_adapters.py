"""What each OpenAPI version says, in canonical form: tables."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from twinkit.contract.adapters import canonical
from twinkit.contract.extensions import LENIENT_NULL
from twinkit.contract.load import Document


def schema(node: Any, version: str = "3.0.0", **others: Any) -> Any:
    home = (
        {"definitions": {"A": node, **others}}
        if version == "2.0"
        else {"components": {"schemas": {"A": node, **others}}}
    )
    key = "swagger" if version == "2.0" else "openapi"
    return canonical(Document("x.json", {key: version, "paths": {}, **home}))["schemas"]["A"]


def operation(node: dict[str, Any], version: str = "3.0.0", path: str = "/a", **document: Any) -> tuple[Any, list[str]]:
    key = "swagger" if version == "2.0" else "openapi"
    given = Document(
        "x.json", {key: version, "paths": {path: {"post": {"responses": {"200": {}}, **node}}}, **document}
    )
    found = canonical(given)["operations"][0]
    return found, [finding.code for finding in given.findings]


REF = {"$ref": "#/components/schemas/B"}
NULL = {"type": "null", LENIENT_NULL: True}


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "x-nullable": True}, {"type": ["string", "null"], LENIENT_NULL: True}),
        (
            {"type": "string", "nullable": True, "enum": ["a"]},
            {"type": ["string", "null"], "enum": ["a", None], LENIENT_NULL: True},
        ),
        (
            {"type": "string", "nullable": True, "enum": ["a", None]},
            {"type": ["string", "null"], "enum": ["a", None]},
        ),
        ({"enum": ["a", None], "type": "string"}, {"enum": ["a", None], "type": ["string", "null"]}),
        ({"nullable": True, **REF}, {"anyOf": [REF, NULL]}),
        ({"nullable": True, "anyOf": [REF]}, {"anyOf": [REF, NULL]}),
        ({"nullable": True, "oneOf": [REF, {"type": "null"}]}, {"oneOf": [REF, {"type": "null"}]}),
        (
            {"nullable": True, "allOf": [REF], "readOnly": True},
            {"anyOf": [{"allOf": [REF]}, NULL], "readOnly": True},
        ),
        ({"nullable": True}, {}),
        ({"type": "string", "description": "prose", "title": "x", **REF}, REF),
        ({"minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}),
        ({"maximum": 1, "exclusiveMaximum": False}, {"maximum": 1}),
        ({"exclusiveMaximum": 5}, {"exclusiveMaximum": 5}),
        ({"minLength": "3", "maxLength": -1, "multipleOf": 0}, {"minLength": 3}),
        ({"type": "int"}, {"type": "integer"}),
        ({"type": "whatever", "format": 7}, {}),
        ({"type": "string", "enum": [True, 1, "x"]}, {"type": "string", "enum": ["true", "1", "x"]}),
        ({"type": "integer", "enum": ["1", 2]}, {"type": "integer", "enum": [1, 2]}),
        (
            {"properties": {"$ref": {"type": "string"}, "nullable": {"type": "boolean"}}, "type": "object"},
            {"properties": {"$ref": {"type": "string"}, "nullable": {"type": "boolean"}}, "type": "object"},
        ),
        ({"required": True, "type": "string"}, {"type": "string"}),
        ({"required": ["a", 1, "a"]}, {"required": ["a"]}),
        ({"additionalProperties": "false"}, {"additionalProperties": False}),
        ({"items": [{"type": "string"}]}, {"prefixItems": [{"type": "string"}]}),
        ({"allOf": {"type": "string"}}, {"allOf": [{"type": "string"}]}),
        ({"example": 1}, {"examples": [1]}),
        (
            {"discriminator": {"propertyName": "k", "mapping": {"b": "B", "c": "#/components/schemas/B"}}},
            {"discriminator": {"propertyName": "k", "mapping": {"b": REF["$ref"], "c": REF["$ref"]}}},
        ),
        ({"x-expandableFields": ["a"], "x-note": "several words"}, {"x-expandableFields": ["a"]}),
        ({"$ref": "#/components/schemas/None"}, {}),
        ({"$ref": "#/definitions/B"}, REF),
        ({"$ref": "B"}, REF),
        ("text", {}),
        (False, False),
    ],
)
def test_schema_3_0(node: Any, expected: Any) -> None:
    found = schema(node, B={"type": "object"})
    assert found == expected
    if isinstance(found, dict):
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **found})


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"type": ["string", "null"], "const": "a"}, {"type": ["string", "null"], "const": "a"}),
        ({"description": "prose", "required": ["x"], **REF}, {"required": ["x"], **REF}),
        ({"exclusiveMinimum": 3}, {"exclusiveMinimum": 3}),
        ({"prefixItems": [True], "items": False}, {"prefixItems": [True], "items": False}),
        ({"examples": [1, 2]}, {"examples": [1, 2]}),
        ({"$ref": "#there"}, {"$ref": "#/components/schemas/inner"}),
        ({"$ref": "https://x/b"}, REF),
        ({"$ref": "#/components/schemas/B/$defs/inner"}, {"$ref": "#/components/schemas/inner"}),
        ({"if": {"type": "string"}, "then": REF, "not": {}}, {"if": {"type": "string"}, "then": REF, "not": {}}),
    ],
)
def test_schema_3_1(node: Any, expected: Any) -> None:
    assert (
        schema(node, "3.1.0", B={"$id": "https://x/b", "$defs": {"inner": {"$anchor": "there", "type": "string"}}})
        == expected
    )


def test_heirs_extend_their_base_without_its_list() -> None:
    heir = {"allOf": [{"$ref": "#/components/schemas/A"}, {"type": "object"}]}
    base = {"type": "object", "oneOf": [{"$ref": "#/components/schemas/Heir"}], "discriminator": {"propertyName": "k"}}
    data = {"openapi": "3.0.0", "paths": {}, "components": {"schemas": {"A": base, "Heir": heir}}}
    schemas = canonical(Document("x", data))["schemas"]
    assert schemas["Heir"]["allOf"][0] == {"$ref": "#/components/schemas/A.own"}
    assert schemas["A.own"] == {"type": "object"}


@pytest.mark.parametrize(
    "schemas",
    [
        {"A": {"$ref": "#/components/schemas/A"}},
        {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}},
        {"A": {"allOf": [{"$ref": "#/components/schemas/B"}]}, "B": {"allOf": [{"$ref": "#/components/schemas/A"}]}},
        {"A": {"anyOf": [{"not": {"$ref": "#/components/schemas/A"}}]}},
    ],
)
def test_circles_are_cut(schemas: dict[str, Any]) -> None:
    document = Document("x", {"openapi": "3.0.0", "paths": {}, "components": {"schemas": schemas}})
    found = canonical(document)["schemas"]
    assert [finding.code for finding in document.findings] == ["circular-schema"]
    root = {"$ref": "#/components/schemas/A", "components": {"schemas": found}}
    assert jsonschema_rs.validator_for(root).is_valid({}) in (True, False)


def test_recursion_through_properties_stays() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/A"}}}
    assert schema(node) == node


@pytest.mark.parametrize(
    ("parameter", "style", "explode", "kind"),
    [
        ({"in": "query", "type": "array", "items": {"type": "string"}}, "form", False, "array"),
        ({"in": "query", "type": "array", "collectionFormat": "multi"}, "form", True, "array"),
        ({"in": "query", "type": "array", "collectionFormat": "pipes"}, "pipeDelimited", False, "array"),
        ({"in": "query", "type": "array", "collectionFormat": "ssv"}, "spaceDelimited", False, "array"),
        ({"in": "query", "type": "array", "collectionFormat": "tsv"}, "tabDelimited", False, "array"),
        ({"in": "header", "type": "array"}, "simple", False, "array"),
        ({"in": "query", "type": "string"}, "form", True, "string"),
    ],
)
def test_collection_formats(parameter: dict[str, Any], style: str, explode: bool, kind: str) -> None:
    found, _ = operation({"parameters": [{"name": "p", **parameter}]}, "2.0")
    given = found["parameters"][0]
    assert (given["style"], given["explode"], given["schema"]["type"]) == (style, explode, kind)


@pytest.mark.parametrize(
    ("node", "content", "required"),
    [
        (
            {"parameters": [{"name": "b", "in": "body", "required": True, "schema": {"type": "object"}}]},
            ["application/json"],
            True,
        ),
        (
            {"consumes": ["text/plain"], "parameters": [{"name": "b", "in": "body", "schema": {}}]},
            ["text/plain"],
            False,
        ),
        ({"parameters": [{"name": "f", "in": "formData", "type": "file"}]}, ["multipart/form-data"], False),
        (
            {"parameters": [{"name": "f", "in": "formData", "type": "string", "required": True}]},
            ["application/x-www-form-urlencoded"],
            True,
        ),
        (
            {
                "consumes": ["application/x-www-form-urlencoded", "application/json"],
                "parameters": [{"name": "f", "in": "formData", "type": "string"}],
            },
            ["application/x-www-form-urlencoded", "application/json"],
            False,
        ),
    ],
)
def test_bodies_of_version_2(node: dict[str, Any], content: list[str], required: bool) -> None:
    found, _ = operation(node, "2.0")
    assert list(found["body"]["content"]) == content
    assert found["body"]["required"] is required


def test_files_and_global_parts_of_version_2() -> None:
    node = {
        "parameters": [{"$ref": "#/parameters/P"}, {"name": "f", "in": "formData", "type": "file"}],
        "responses": {"default": {"$ref": "#/responses/R"}},
        "produces": ["application/hal+json"],
    }
    found, codes = operation(
        node,
        "2.0",
        basePath="/v1/",
        parameters={"P": {"name": "p", "in": "query", "type": "integer", "required": True}},
        responses={"R": {"schema": {"type": "file"}, "headers": {"X": {"type": "string"}}}},
    )
    assert codes == []
    assert found["parameters"][0]["schema"] == {"type": "integer"}
    assert found["body"]["content"]["multipart/form-data"]["properties"]["f"] == {"format": "binary", "type": "string"}
    response = found["responses"][0]
    assert response["content"] == {"application/hal+json": {"format": "binary", "type": "string"}}
    assert response["headers"] == {"X": {"type": "string"}}


@pytest.mark.parametrize(
    ("node", "path", "codes"),
    [
        ({}, "a", ["path-without-slash"]),
        ({}, "/a/{id}", ["undeclared-path-parameter"]),
        ({"parameters": [{"name": "z", "in": "path"}]}, "/a", ["unused-path-parameter"]),
        ({"parameters": [{"$ref": "#/nowhere"}]}, "/a", ["unresolvable-reference"]),
        ({"parameters": ["text", {"in": "query"}]}, "/a", ["invalid-node", "invalid-parameter"]),
        ({"parameters": {"name": "x"}}, "/a", ["invalid-node"]),
        ({"responses": None}, "/a", ["no-responses"]),
        ({"responses": {"ok": {}, "200": {}}}, "/a", ["invalid-status"]),
        ({"operationId": 7}, "/a", ["invalid-operation-id"]),
        ({"requestBody": {"required": True}}, "/a", ["no-content"]),
        ({"security": "key", "tags": {"a": 1}}, "/a", ["invalid-node", "invalid-node"]),
    ],
)
def test_findings(node: dict[str, Any], path: str, codes: list[str]) -> None:
    assert operation(node, path=path)[1] == codes


def test_duplicate_ids() -> None:
    paths = {
        "/a": {"get": {"operationId": "x", "responses": {"200": {}}}},
        "/b": {"get": {"operationId": "x", "responses": {"200": {}}}},
    }
    document = Document("x", {"openapi": "3.0.0", "paths": paths})
    assert [item["id"] for item in canonical(document)["operations"]] == ["x", "x_2"]
    assert [finding.code for finding in document.findings] == ["duplicate-operation-id"]


def test_made_ids() -> None:
    for path, made in (
        ("/users/{id}/posts", "post_users_by_id_posts"),
        ("/", "post"),
        ("/a-b/c.json", "post_a_b_c_json"),
    ):
        assert operation({}, path=path, parameters={})[0]["id"] == made


def test_paths_with_query_and_fragment() -> None:
    paths = {
        "/x?op=a&page={p}": {"get": {"operationId": "a", "responses": {"200": {}}}},
        "/x#Action=B": {"get": {"operationId": "b", "responses": {"200": {}}}},
    }
    first, second = canonical(Document("x", {"openapi": "3.0.0", "paths": paths}))["operations"]
    assert first["path"] == second["path"] == "/x"
    assert [item["name"] for item in first["parameters"]] == ["page"]
    assert first["conditions"] == [["query", "op", "a"]] and second["conditions"] == [["any", "Action", "B"]]


@pytest.mark.parametrize(
    ("servers", "base"),
    [
        ([{"url": "https://x.example/v1/"}], "/v1"),
        ([{"url": "/api//v2"}], "/api/v2"),
        ([{"url": "https://{host}:{port}/{base}", "variables": {"base": {"default": "b"}}}], "/b"),
        ([{"url": "https://x/{unknown}"}], ""),
        ([{"url": "http://[bad/v1"}], "/v1"),
        ([], ""),
        ("text", ""),
    ],
)
def test_base_path(servers: Any, base: str) -> None:
    assert canonical(Document("x", {"openapi": "3.0.0", "paths": {}, "servers": servers}))["base_path"] == base


def test_a_schema_inside_an_operation_is_called_after_its_path() -> None:
    def reply(schema: dict[str, Any]) -> dict[str, Any]:
        return {"content": {"application/xml; charset=utf-8": {"schema": schema}}}

    there = "#/paths/~1big~1boxes~1{id}/get/responses/{}/content/application~1xml;%20charset=utf-8/schema"
    own = {"type": "object", "properties": {"n": {"type": "integer"}}}
    paths = {
        "/big/boxes/{id}": {"get": {"responses": {"200": reply(own), "404": reply({"type": "string"})}}},
        "/other": {"get": {"responses": {s: reply({"$ref": there.replace("{}", s)}) for s in ("200", "404")}}},
    }
    canon = canonical(Document("x", {"openapi": "3.0.0", "paths": paths}))
    assert set(canon["schemas"]) == {"boxes", "boxes_error_404"}
