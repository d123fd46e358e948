"""Pages asked for in more ways than one, what goes with a deleted record, and where an error puts its words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.twinkit.behaviour.documents import TEXT, WHOLE, document_server, json_content, thing

SHELF = thing(("id", "name"), id=TEXT, name=TEXT)
BOOK = thing(("id", "title"), id=TEXT, title=TEXT)
SECRET = {"type": "string", "nullable": True, "writeOnly": True}
LAMP = thing(("id",), id=TEXT, colour=TEXT, pin=SECRET)
SKY = thing(sky=TEXT)
CHUNKED = {"Transfer-Encoding": {"schema": TEXT, "example": "chunked"}, "X-Lit": {"schema": TEXT}}
ANY_FAULT = {"400": {"description": "", **json_content({"type": "object"})}}
FAULT = {"400": {"description": "", **json_content(thing(("title",), title=TEXT, code=TEXT))}}


def listed(schema: Any, **query: Any) -> dict[str, Any]:
    given = [{"name": name, "in": "query", "schema": kind} for name, kind in query.items()]
    shown = thing(data={"type": "array", "items": schema}, next_page_url=TEXT)
    return {"parameters": given, "responses": {"200": {"description": "", **json_content(shown)}}}


def made(schema: Any, required: str) -> dict[str, Any]:
    body = {"required": True, **json_content(thing((required,), **{required: TEXT}))}
    return {"requestBody": body, "responses": {"201": {"description": "", **json_content(schema)}, **FAULT}}


def named(*names: str) -> dict[str, Any]:
    return {"parameters": [{"name": name, "in": "path", "required": True, "schema": TEXT} for name in names]}


def one(schema: Any) -> dict[str, Any]:
    return {"responses": {"200": {"description": "", **json_content(schema)}, "404": {"description": ""}}}


BOX = thing(("id", "name"), id=TEXT, name=TEXT)
BOXES = {"type": "array", "items": BOX}
ONWARD = thing(next=thing(("after",), after=TEXT, link=TEXT))
CUTS = {"limit": WHOLE, "after": TEXT}
PAGEABLE = thing(page={**WHOLE, "minimum": 0}, size={**WHOLE, "minimum": 1}, sort={"type": "array", "items": TEXT})
ENDS = {"first": {"type": "boolean"}, "last": {"type": "boolean"}, "number": WHOLE, "totalElements": WHOLE}
SPRING = thing(content={"type": "array", "items": BOOK}, **ENDS)
TRACE = {name: {"required": True, "schema": TEXT} for name in ("X-Request-ID", "X-Node")}
TRACED = {"description": "", "headers": TRACE, **json_content(BOOK)}
TIME = {"type": "string", "format": "date-time"}
PATHS: dict[str, Any] = {
    "/shelves": {
        "get": listed(SHELF, PageSize=WHOLE, Page=WHOLE, PageToken=TEXT),
        "post": made(SHELF, "name"),
    },
    "/shelves/{id}": {**named("id"), "get": one(SHELF), "delete": {"responses": {"204": {"description": ""}}}},
    "/shelves/{id}/books": {
        **named("id"),
        "get": listed(BOOK, maxResults=WHOLE, MaxResults=WHOLE, **{"from": TIME, "skip": WHOLE}),
        "post": made(BOOK, "title"),
    },
    "/shelves/{id}/books/{book}": {**named("id", "book"), "get": one(BOOK)},
    "/lamps": {"post": {**made(LAMP, "colour"), "responses": {**made(LAMP, "colour")["responses"], **ANY_FAULT}}},
    "/lamps/{id}": {**named("id"), "get": one(LAMP)},
    "/boxes/{owner}": {
        **named("owner"),
        "get": {
            "parameters": [{"name": name, "in": "query", "schema": kind} for name, kind in CUTS.items()],
            "responses": {"200": {"description": "", **json_content(thing(results=BOXES, paging=ONWARD))}},
        },
        "post": made(BOX, "name"),
    },
    "/boxes/{owner}/{box}": {
        **named("owner", "box"),
        "get": one(BOX),
        "delete": {"responses": {"204": {"description": ""}}},
    },
    "/todos": {
        "get": {
            "parameters": [{"name": "pageable", "in": "query", "required": True, "schema": PAGEABLE}],
            "responses": {"200": {"description": "", **json_content(SPRING)}},
        },
        "post": made(BOOK, "title"),
    },
    "/todos/{id}": {**named("id"), "get": one(BOOK)},
    "/templates": {"post": made(thing(name=TEXT), "name")},
    "/templates/{template_id}": {
        "parameters": [{"name": "template_id", "in": "path", "required": True, "schema": {"type": "number"}}],
        "get": one(thing(name=TEXT)),
    },
    "/dials/{at}": {
        "parameters": [{"name": "at", "in": "path", "required": True, "schema": {"type": "number"}}],
        "get": one(thing(id=TEXT, level=WHOLE)),
        "put": {"requestBody": json_content(thing(level=WHOLE)), **one(thing(id=TEXT, level=WHOLE))},
    },
    "/shelves/{id}/report": {**named("id"), "get": {"responses": {"200": {"description": "", **json_content(TEXT)}}}},
    "/loans": {"post": {**made(BOOK, "title"), "responses": {"201": TRACED, "400": {**TRACED, **FAULT["400"]}}}},
    "/": {"get": listed(BOX), "post": made(BOX, "name")},
    "/{app}": {**named("app"), "get": one(BOX), "delete": {"responses": {"204": {"description": ""}}}},
    "/weather": {
        "get": {"responses": {"200": {"description": "", "headers": CHUNKED, **json_content(thing(sky=TEXT))}}}
    },
    "/shelves/{id}/light": {**named("id"), "get": one(thing(on={"type": "boolean"})), "put": one(thing())},
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    document = {"openapi": "3.0.3", "info": {"title": "Shelves", "version": "1"}, "paths": PATHS}
    with document_server(tmp_path_factory.mktemp("shelves"), document) as served:
        yield served


@pytest.fixture(scope="module")
def shelf(client: httpx.Client) -> str:
    made = [client.post("/shelves", json={"name": name}).json()["id"] for name in "abc"]
    for title in "xyz":
        assert client.post(f"/shelves/{made[0]}/books", json={"title": title}).status_code == 201
    return f"/shelves/{made[0]}"


def titles(client: httpx.Client, path: str, **query: Any) -> str:
    data = client.get(path, params=query).json()["data"]
    return "".join(each.get("title", each.get("name")) for each in data)


def test_a_page_has_a_number_beside_its_token(client: httpx.Client, shelf: str) -> None:
    assert titles(client, "/shelves", PageSize=1, Page=2) == "b"
    following = client.get("/shelves", params={"PageSize": 2}).json()["next_page_url"]
    assert [each["name"] for each in client.get(following).json()["data"]] == ["c"]


@pytest.mark.parametrize(
    ("query", "shown"),
    [({"maxResults": 2}, "xy"), ({"MaxResults": 2}, "xy"), ({"MaxResults": 1, "skip": 1}, "y"), ({"skip": 2}, "z")],
)
def test_sizes_in_both_spellings_and_offsets_that_are_no_times(
    client: httpx.Client, shelf: str, query: dict[str, int], shown: str
) -> None:
    assert titles(client, f"{shelf}/books", **query) == shown


def test_an_error_names_the_field_wherever_it_has_room_for_words(client: httpx.Client) -> None:
    refused = client.post("/shelves", json={})
    assert refused.status_code == 400
    assert refused.json()["title"] == "body.name: is required"


def test_what_is_below_a_deleted_record_is_gone(client: httpx.Client) -> None:
    made = client.post("/shelves", json={"name": "gone"}).json()["id"]
    book = client.post(f"/shelves/{made}/books", json={"title": "t"}).json()["id"]
    assert client.delete(f"/shelves/{made}").status_code == 204
    for path in (
        f"/shelves/{made}/books",
        f"/shelves/{made}/books/{book}",
        f"/shelves/{made}/light",
        f"/shelves/{made}/report",
    ):
        assert client.get(path).status_code == 404
    assert client.post(f"/shelves/{made}/books", json={"title": "t"}).status_code == 404
    assert client.get("/shelves/never/books").json()["data"] == []


def test_an_error_that_may_be_any_object_has_words(client: httpx.Client) -> None:
    assert client.post("/lamps", json={}).json() == {"message": "body.colour: is required"}


def test_what_only_callers_write_is_not_shown(client: httpx.Client) -> None:
    made = client.post("/lamps", json={"colour": "red", "pin": "12"}).json()
    assert "pin" not in made
    assert "pin" not in client.get(f"/lamps/{made['id']}").json()


def test_documented_headers_that_frame_a_message_are_no_examples(client: httpx.Client) -> None:
    shown = client.get("/weather")
    assert "transfer-encoding" not in shown.headers
    assert shown.headers["x-lit"]
    assert "sky" in shown.json()


def test_a_parameter_may_end_a_collection_whose_pages_lead_on_by_an_object(client: httpx.Client) -> None:
    made = [client.post("/boxes/ada", json={"name": name}).json() for name in "ab"]
    client.post("/boxes/bob", json={"name": "c"})
    first = client.get("/boxes/ada", params={"limit": 1}).json()
    rest = client.get("/boxes/ada", params={"limit": 1, "after": first["paging"]["next"]["after"]}).json()
    assert first["results"] + rest["results"] == made
    assert "next" not in rest.get("paging", {})
    path = f"/boxes/ada/{made[0]['id']}"
    assert client.get(path).json() == made[0]
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert client.get("/boxes/ada").json()["results"] == made[1:]


def test_an_object_that_asks_for_a_page_is_its_properties_on_the_wire(client: httpx.Client) -> None:
    for title in "abc":
        client.post("/todos", json={"title": title})
    page = client.get("/todos", params={"page": 1, "size": 2, "sort": "title,desc"}).json()
    assert [each["title"] for each in page["content"]] == ["a"]
    assert (page["first"], page["last"], page["number"], page["totalElements"]) == (False, True, 1, 3)
    assert client.get("/todos", params={"size": 2}).json()["last"] is False
    assert client.get("/todos", params={"page": -1}).status_code == 400


def test_where_a_name_is_no_number_the_header_says_which_record_it_is(client: httpx.Client) -> None:
    made = client.post("/templates", json={"name": "welcome"})
    assert client.get(made.headers["location"]).json() == {"name": "welcome"}


def test_an_id_may_be_any_number(client: httpx.Client) -> None:
    assert client.put("/dials/7.25", json={"level": 3}).json()["level"] == 3
    assert client.get("/dials/7.25").json()["level"] == 3


@pytest.mark.parametrize(("body", "status"), [({"title": "t"}, 201), ({}, 400)])
def test_headers_that_a_reply_must_have_are_there(client: httpx.Client, body: dict[str, str], status: int) -> None:
    reply = client.post("/loans", json=body, headers={"X-Request-ID": "r-1"})
    assert (reply.status_code, reply.headers["x-request-id"]) == (status, "r-1")
    assert reply.headers["x-node"]


def test_the_root_may_be_a_collection(client: httpx.Client) -> None:
    made = client.post("/", json={"name": "first"}).json()
    assert client.get(f"/{made['id']}").json() == made
    assert client.get("/").json()["data"] == [made]
    assert client.delete(f"/{made['id']}").status_code == 204
    assert client.get(f"/{made['id']}").status_code == 404
    assert client.get("/").json()["data"] == []
