"""What breaks callers, and how it is told."""

from __future__ import annotations

from typing import Any

import pytest

from twinkit.contract.breaking import REQUEST, RESPONSE, Judge, Said
from twinkit.contract.changes import Difference, compare
from twinkit.contract.load import Document

TEXT: dict[str, Any] = {"type": "string"}
NUMBER: dict[str, Any] = {"type": "integer"}


@pytest.mark.parametrize(
    ("old", "new", "sent", "answered"),
    [
        (NUMBER, {"type": "number"}, False, True),
        ({"type": "number"}, NUMBER, True, False),
        (TEXT, {"type": ["string", "null"]}, False, True),
        (TEXT, {**TEXT, "maxLength": 5}, True, False),
        ({**TEXT, "maxLength": 5}, {**TEXT, "maxLength": 9}, False, True),
        ({**TEXT, "maxLength": 5}, TEXT, False, True),
        ({**NUMBER, "minimum": 1}, {**NUMBER, "minimum": 0}, False, True),
        (TEXT, {**TEXT, "minLength": 0}, False, False),
        (TEXT, {**TEXT, "format": "date-time"}, True, False),
        ({**NUMBER, "format": "int32"}, {**NUMBER, "format": "int64"}, False, True),
        ({**TEXT, "enum": ["a"]}, {**TEXT, "enum": ["a", "b"]}, False, False),
        ({**TEXT, "enum": ["a", "b"]}, {**TEXT, "enum": ["a"]}, True, False),
        ({"type": "array", "items": NUMBER}, {"type": "array", "items": TEXT}, True, True),
        ({"anyOf": [TEXT, NUMBER]}, {"anyOf": [TEXT]}, True, False),
        (True, TEXT, True, False),
        (TEXT, {}, False, True),
        ({**TEXT, "readOnly": True}, {**NUMBER, "readOnly": True}, False, True),
        ({"$ref": "#/components/schemas/a"}, {"$ref": "#/components/schemas/b"}, False, True),
    ],
)
def test_schemas(old: Any, new: Any, sent: bool, answered: bool) -> None:
    schemas = {"a": {"properties": {"x": TEXT, "y": TEXT}}, "b": {"properties": {"x": TEXT}}}
    judge = Judge(schemas, schemas)
    assert judge.changed(REQUEST, Said("", old), Said("", new)) is sent
    assert judge.changed(RESPONSE, Said("", old), Said("", new)) is answered


def test_what_is_required() -> None:
    judge = Judge({}, {})
    needed, free = Said("", TEXT, True), Said("", TEXT)
    assert judge.added(REQUEST, needed) and not judge.added(REQUEST, free) and not judge.added(RESPONSE, needed)
    assert judge.changed(REQUEST, free, needed) and not judge.changed(REQUEST, needed, free)
    assert judge.changed(RESPONSE, needed, free) and not judge.changed(RESPONSE, free, needed)


def document(paths: dict[str, Any], schemas: dict[str, Any] | None = None, **more: Any) -> Document:
    return Document(
        "x.json",
        {
            "openapi": "3.0.0",
            "info": {"version": "1"},
            "paths": paths,
            "components": {"schemas": schemas or {}},
            **more,
        },
    )


def said(difference: Difference) -> list[str]:
    return [str(change) for item in difference.changed for change in item.changes]


def get(*parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"get": {"operationId": "list", "parameters": list(parameters), "responses": {"200": {}}, **more}}


def query(name: str, schema: Any = TEXT) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema}


def test_renamed_parameters_are_told_as_such() -> None:
    path = {"name": "id", "in": "path", "required": True, "schema": TEXT}
    old = document({"/a/{id}": get(path, query("limit", NUMBER), query("q"))})
    new = document({"/a/{key}": get({**path, "name": "key"}, query("page_size", NUMBER), query("q"))})
    assert said(compare(old, new)) == [
        "~ path: GET /a/{id} → GET /a/{key}",
        "~ parameter path id: now called key",
        "~ parameter query limit: now called page_size  [breaking]",
    ]
    several = document({"/a/{id}": get(path, query("n", NUMBER), query("m", NUMBER), query("q"))})
    assert "- parameter query limit: integer  [breaking]" not in said(compare(old, several))
    assert "- parameter query limit  [breaking]" in said(compare(old, several))


def test_bodies_media_statuses_security_and_the_base_path() -> None:
    json_body = {"application/json": {"schema": {"type": "object"}}}
    old = document({"/a": get(requestBody={"content": {**json_body, "text/plain": {"schema": TEXT}}})})
    new = document({"/a": get(requestBody={"required": True, "content": json_body}, security=[{"key": []}])})
    new.data["paths"]["/a"]["get"]["responses"] = {"201": {}}
    new.data["servers"] = [{"url": "https://x.example/v2"}]
    difference = compare(old, new)
    assert said(difference) == [
        "~ request body: optional → required  [breaking]",
        "- request type text/plain  [breaking]",
        "+ response 201: declared",
        "- response 200  [breaking]",
        '~ security: default → [{"key": []}]  [breaking]',
    ]
    assert "base path / → /v2  [breaking]" in list(difference.lines())
    assert difference.breaking == 5


def test_a_schema_tells_who_uses_it_through_others_too() -> None:
    schemas = {
        "inner": {"properties": {"n": NUMBER}},
        "outer": {"properties": {"in": {"$ref": "#/components/schemas/inner"}}},
    }
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/outer"}}}}
    paths = {"/a": get(responses={"200": body}), "/b": {"post": {"operationId": "make", "responses": {}}}}
    wider = {**schemas, "inner": {"properties": {"n": NUMBER, "m": NUMBER}}}
    other = {**schemas, "inner": {"properties": {"n": TEXT}}}
    added = compare(document(paths, schemas), document(paths, wider))
    assert [item.label for item in added.schemas_changed] == ["used by replies of list"]
    assert added.breaking == 0 and added.reasons() == {}
    changed = compare(document(paths, schemas), document(paths, other))
    assert changed.breaking == 1 and changed.reasons() == {"list": ["schema inner (breaking)"]}
