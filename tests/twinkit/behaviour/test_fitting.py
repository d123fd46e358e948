"""Replies of a twin of any document fit it to the letter, whatever the callers sent and the records hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from tests.twinkit.behaviour.documents import content, document_server

KIND = {"type": "string", "enum": ["near", "far"]}
PLACE = {
    "type": "object",
    "required": ["code", "kind", "owner", "note"],
    "properties": {
        "code": {"type": "string", "pattern": "^PL[0-9a-f]{6}$"},
        "kind": {"$ref": "#/components/schemas/Kind", "nullable": True},
        "owner": {"allOf": [{"$ref": "#/components/schemas/Owner"}], "nullable": True},
        "note": {"type": "string", "nullable": True},
    },
}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "t", "version": "1"},
    "paths": {
        "/places": {
            "post": {
                "requestBody": {
                    "required": True,
                    **content("application/json", {"type": "object", "properties": PLACE["properties"]}),
                },
                "responses": {"201": {"description": "", **content("application/json", PLACE)}},
            }
        },
        "/places/{code}": {
            "parameters": [{"name": "code", "in": "path", "required": True, "schema": {"type": "string"}}],
            "put": {
                "requestBody": content("application/json", {"type": "object", "properties": {"kind": KIND}}),
                "responses": {"200": {"description": "", **content("application/json", PLACE)}},
            },
        },
        "/map": {
            "get": {
                "responses": {
                    "200": {
                        "description": "",
                        "content": {
                            "application/xml": {"schema": {"type": "object"}, "example": "<map><broken></map>"}
                        },
                    }
                }
            }
        },
        "/files": {
            "post": {
                "requestBody": content(
                    "multipart/form-data",
                    {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}},
                ),
                "responses": {"201": {"description": ""}},
            },
            "get": {"responses": {"200": {"description": ""}}},
        },
    },
    "components": {
        "schemas": {"Kind": KIND, "Owner": {"type": "object", "properties": {"name": {"type": "string"}}}},
    },
}


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with document_server(tmp_path_factory.mktemp("fitting"), DOCUMENT) as client:
        yield client


def test_null_only_where_the_letter_admits_it(twin: httpx.Client) -> None:
    """`nullable` adds null to the type beside it; requests may send it wherever it is written."""
    reply = twin.post("/places", json={"kind": None, "owner": None})
    assert reply.status_code == 201, reply.text
    place = reply.json()
    assert place["kind"] in ("near", "far")
    assert isinstance(place["owner"], dict)
    assert place["note"] is None


def test_an_id_that_the_schema_refuses_is_not_shown(twin: httpx.Client) -> None:
    reply = twin.put("/places/here", json={"kind": "far"})
    if reply.status_code == 200:
        assert reply.json()["code"].startswith("PL")
        assert reply.json()["kind"] == "far"
    else:
        assert reply.status_code == 404


def test_an_example_that_is_no_xml_is_not_sent_as_xml(twin: httpx.Client) -> None:
    reply = twin.get("/map")
    assert reply.headers["content-type"] == "application/xml"
    ElementTree.fromstring(reply.content)


@pytest.mark.parametrize("data", [b"text", b"\xff\xfe\x00"])
def test_an_upload_without_a_schema_is_kept(twin: httpx.Client, data: bytes) -> None:
    assert twin.post("/files", files={"file": ("a.bin", data)}).status_code == 201
