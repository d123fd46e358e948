"""Bad input to a twin of any document: the documented status, media type and schema, else a problem document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from tests.twinkit.behaviour.documents import content, document_server

FAULT = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {
        "code": {"type": "string", "pattern": "^E[0-9]{3}$"},
        "message": {"type": "string", "maxLength": 12},
    },
}
NOTE = {
    "type": "object",
    "required": ["title"],
    "properties": {"id": {"type": "string", "readOnly": True}, "title": {"type": "string"}, "n": {"type": "integer"}},
}
ORDER = {
    "type": "object",
    "xml": {"name": "order"},
    "required": ["number", "lines"],
    "properties": {
        "number": {"type": "integer", "xml": {"attribute": True}},
        "urgent": {"type": "boolean"},
        "lines": {"type": "array", "xml": {"wrapped": True}, "items": {"type": "string", "xml": {"name": "line"}}},
        "tags": {"type": "array", "items": {"type": "integer", "xml": {"name": "tag"}}},
    },
}
SIGNED = {
    "allOf": [
        {**NOTE, "required": ["id", "title"]},
        {"properties": {"author": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}}},
    ]
}
PAGE = {
    "type": "object",
    "properties": {"items": {"type": "array", "items": NOTE}, "nextPageToken": {"type": "string"}},
}


def paged(refusals: dict[str, Any]) -> dict[str, Any]:
    token = {"name": "pageToken", "in": "query", "schema": {"type": "string"}}
    return {
        "get": {
            "parameters": [token],
            "responses": {"200": {"description": "", **content("application/json", PAGE)}, **refusals},
        },
        "post": {
            "requestBody": content("application/json", NOTE),
            "responses": {"201": {"description": "", **content("application/json", NOTE)}},
        },
    }


OK = {"200": {"description": "", **content("application/json", NOTE)}}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "t", "version": "1"},
    "paths": {
        "/notes": {
            "post": {
                "requestBody": {"required": True, **content("application/json", NOTE)},
                "responses": {
                    "201": {"description": "", **content("application/vnd.notes+json", NOTE)},
                    "422": {"description": "", **content("application/vnd.fault+json", FAULT)},
                },
            },
            "get": {
                "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 5}}],
                "responses": {
                    "200": {"description": "", **content("application/hal+json", {"type": "array", "items": NOTE})},
                    "400": {"description": "", **content("text/plain", {"type": "string"})},
                },
            },
        },
        "/notes/{id}": {
            "parameters": [
                {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "maxLength": 30}}
            ],
            "get": {"responses": {**OK, "404": {"description": "", **content("application/xml", FAULT)}}},
            "delete": {"responses": {"204": {"description": ""}}},
        },
        "/orders": {
            "post": {
                "requestBody": {"required": True, **content("application/xml", ORDER)},
                "responses": {"200": {"description": "", **content("application/xml", ORDER)}},
            }
        },
        "/reports/{year}": {
            "get": {
                "parameters": [{"name": "year", "in": "path", "required": True, "schema": {"type": "integer"}}],
                "responses": {**OK, "404": {"description": "", **content("application/json", FAULT)}},
            }
        },
        "/secret": {"get": {"security": [{"key": []}], "responses": {**OK, "403": {"description": ""}}}},
        "/both": {"get": {"security": [{"key": [], "client": []}], "responses": OK}},
        "/pages": paged({}),
        "/strict-pages": paged({"400": {"description": ""}}),
        "/signed": {"post": {"requestBody": content("application/json", SIGNED), "responses": OK}},
        "/anything": {"get": {"responses": {"default": {"description": "", **content("application/json", FAULT)}}}},
    },
    "components": {
        "securitySchemes": {
            "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
            "client": {"type": "apiKey", "in": "header", "name": "X-Client"},
        }
    },
}


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with document_server(tmp_path_factory.mktemp("refusals"), DOCUMENT) as client:
        yield client


def test_the_documented_status_media_type_and_schema(twin: httpx.Client) -> None:
    reply = twin.post("/notes", json={"n": "seven"})
    assert (reply.status_code, reply.headers["content-type"]) == (422, "application/vnd.fault+json")
    assert reply.json().keys() == {"code", "message"}
    assert reply.json()["code"].startswith("E"), "words that do not fit the schema give way to a value that does"
    assert len(reply.json()["message"]) <= 12


def test_an_error_documented_as_text(twin: httpx.Client) -> None:
    reply = twin.get("/notes", params={"limit": 6})
    assert (reply.status_code, reply.headers["content-type"]) == (400, "text/plain")
    assert reply.text == "query.limit: must be at most 5"


def test_an_error_documented_as_xml(twin: httpx.Client) -> None:
    reply = twin.get("/notes/none")
    assert (reply.status_code, reply.headers["content-type"]) == (404, "application/xml")
    assert [child.tag for child in ElementTree.fromstring(reply.content)] == ["code", "message"]


def test_a_path_that_cannot_be_is_not_found_where_only_that_is_documented(twin: httpx.Client) -> None:
    reply = twin.get("/reports/last")
    assert reply.status_code == 404
    assert reply.json().keys() == {"code", "message"}


def test_a_problem_document_where_nothing_is_documented(twin: httpx.Client) -> None:
    reply = twin.delete("/notes/" + "x" * 31)
    assert (reply.status_code, reply.headers["content-type"]) == (400, "application/problem+json")
    assert reply.json()["detail"] == "path.id: must have at most 30 characters"


def test_default_describes_what_is_not_named(twin: httpx.Client) -> None:
    reply = twin.post("/notes", content=b"x", headers={"content-type": "application/x-none"})
    assert (reply.status_code, reply.headers["content-type"]) == (415, "application/problem+json")
    reply = twin.get("/anything", headers={"accept": "image/png"})
    assert reply.status_code == 406
    assert reply.json().keys() == {"code", "message"}


def test_missing_credentials_are_401_even_where_only_403_is_documented(twin: httpx.Client) -> None:
    assert twin.get("/secret").status_code == 401
    assert twin.get("/secret", headers={"x-key": "k"}).status_code == 200


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/hal+json", 200),
        ("application/*", 200),
        ("text/html, */*;q=0.1", 200),
        ("application/json", 200),
        ("text/html", 406),
        ("application/hal+json;q=0, text/html", 406),
        ("application/hal+json;q=0", 406),
        ("text/html, image/*", 406),
        ("json", 200),
        ("text/", 200),
        ("*/html", 200),
        ("text/html/x", 200),
        ("text/html; q=most", 200),
        ("text/html, nonsense", 200),
        (",", 200),
        ("", 200),
    ],
)
def test_what_the_caller_accepts(twin: httpx.Client, accept: str, status: int) -> None:
    reply = twin.get("/notes", headers={"accept": accept})
    assert reply.status_code == status
    if status == 200:
        assert reply.headers["content-type"] == "application/hal+json"


def test_replies_have_the_documented_media_type(twin: httpx.Client) -> None:
    made = twin.post("/notes", json={"title": "a"})
    assert (made.status_code, made.headers["content-type"]) == (201, "application/vnd.notes+json")
    assert made.json()["title"] == "a"


def order(text: str) -> bytes:
    return f'<?xml version="1.0"?>{text}'.encode()


def post_order(twin: httpx.Client, body: bytes) -> httpx.Response:
    return twin.post("/orders", content=body, headers={"content-type": "application/xml"})


def test_xml_is_accepted(twin: httpx.Client) -> None:
    reply = post_order(twin, order('<order number="7"><lines><line>a</line></lines><tag>1</tag><tag>2</tag></order>'))
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/xml")
    shown = ElementTree.fromstring(reply.content)
    assert (shown.get("number") is not None, "lines" in {child.tag for child in shown}) == (True, True)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("<order number='7'>", "not XML"),
        ("order", "not XML"),
        ("<!DOCTYPE order [<!ENTITY a 'b'>]><order>&a;</order>", "document type"),
        ("<order number='seven'><lines><line>a</line></lines></order>", "body.number: must be of type integer"),
        ("<order number='7'/>", "body.lines: is required"),
        ("<order number='7'><lines/><urgent>maybe</urgent></order>", "body.urgent: must be of type boolean"),
        ("<order number='7'><lines/><tag>1</tag><tag>x</tag></order>", "body.tags.1: must be of type integer"),
        ("<order>" + "<a>" * 300 + "</a>" * 300 + "</order>", "too deep"),
    ],
)
def test_wrong_xml_is_refused(twin: httpx.Client, body: str, message: str) -> None:
    reply = post_order(twin, order(body))
    assert (reply.status_code, reply.headers["content-type"]) == (400, "application/problem+json")
    assert message in reply.json()["detail"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"x-key": "k"}, 401),
        ({"x-client": "c"}, 401),
        ({"x-key": "k", "x-client": "c"}, 200),
        ({"authorization": "Bearer t"}, 200),
    ],
)
def test_schemes_that_go_together_are_all_needed(twin: httpx.Client, headers: dict[str, str], status: int) -> None:
    assert twin.get("/both", headers=headers).status_code == status


def test_an_accept_header_that_names_no_media_type_says_nothing(twin: httpx.Client) -> None:
    assert twin.get("/notes", headers={"accept": "gzip"}).status_code == 200


@pytest.mark.parametrize(("path", "status"), [("/pages", 200), ("/strict-pages", 400)])
def test_a_cursor_that_leads_nowhere(twin: httpx.Client, path: str, status: int) -> None:
    """Refused where the document tells of a refusal; where any text is documented as valid, there is nothing there."""
    made = twin.post(path, json={"title": "a"})
    assert made.status_code == 201, made.text
    reply = twin.get(path, params={"pageToken": "nothing"})
    assert reply.status_code == status
    if status == 200:
        assert reply.json()["items"] == []


def test_what_a_nested_object_misses_is_not_forgiven(twin: httpx.Client) -> None:
    """`id` is read-only in the note; the author's own `id` has to be sent."""
    assert twin.post("/signed", json={"title": "a", "author": {"id": "x"}}).status_code == 200
    reply = twin.post("/signed", json={"title": "a", "author": {}})
    assert (reply.status_code, reply.json()["detail"]) == (400, "body.author.id: is required")
