"""What a document's structure leads to beside round trips, point by point and over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.twinkit.behaviour.documents import TEXT, WHOLE, content, document_server, json_content, thing

BOOK = thing(("id", "title"), id=WHOLE, title=TEXT, shelf=TEXT, pages=WHOLE, created_at={**TEXT, "format": "date-time"})
BOOKS = {"type": "array", "items": BOOK}
STATUS = {**TEXT, "enum": ["queued", "running", "done", "archived", "canceled"]}
JOB = thing(
    ("id", "status"),
    id={**TEXT, "format": "uuid"},
    status=STATUS,
    kind=TEXT,
    archived_at={**TEXT, "format": "date-time"},
)
LABEL = thing(("name",), name=TEXT, colour=TEXT)
TEAM = thing(("id", "slug"), id=WHOLE, slug=TEXT, title=TEXT)
PHOTO = thing(("id",), id=TEXT, name=TEXT, size=WHOLE)
STEP = thing(("op", "path"), op=TEXT, path=TEXT, value={})


def reply(
    schema: Any = None, status: str = "200", headers: tuple[str, ...] = (), media: str = "application/json"
) -> Any:
    """Responses of an operation: its success, and what tells that nothing is there."""
    told = {name: {"schema": TEXT} for name in headers}
    body = content(media, schema) if schema is not None else {}
    gone = {number: {"description": ""} for number in ("404", "409", "412")}
    return {status: {"description": "", "headers": told, **body}, **gone}


def op(schema: Any = None, *, body: Any = None, media: str = "application/json", query: Any = None, **more: Any) -> Any:
    """An operation; `query`: name → schema."""
    parameters = [{"name": name, "in": "query", "schema": node} for name, node in (query or {}).items()]
    parameters += more.pop("parameters", [])
    security = {"security": more.pop("security")} if "security" in more else {}
    more["media"] = more.pop("shown", "application/json")
    sent = {"requestBody": {"required": True, **content(media, body)}} if body is not None else {}
    return {"parameters": parameters, "responses": reply(schema, **more), **sent, **security}


def item(name: str, schema: Any, **operations: Any) -> dict[str, Any]:
    """Operations on what a path parameter names."""
    return {"parameters": [{"name": name, "in": "path", "required": True, "schema": schema}], **operations}


def many(**beside: Any) -> dict[str, Any]:
    """A list in an envelope."""
    return thing(data=BOOKS, **beside)


MATCH = [{"name": "If-Match", "in": "header", "schema": TEXT}]
MAKE = op(BOOK, body=thing(("title",), title=TEXT, shelf=TEXT, pages=WHOLE), status="201", headers=("Location",))
SORT = {**TEXT, "enum": ["title", "-title", "pages"]}
PAGES: dict[str, Any] = {
    "novels": op(many(next_cursor={"type": ["string", "null"]}, has_more={"type": "boolean"}),
                 query={"cursor": TEXT, "limit": WHOLE}),
    "poems": op(many(total=WHOLE, page=WHOLE), query={"page": WHOLE, "per_page": WHOLE}),
    "plays": op(many(total=WHOLE), query={"offset": WHOLE, "limit": WHOLE}),
    "essays": op(many(nextPageToken=TEXT), query={"pageToken": TEXT, "pageSize": WHOLE}),
    "tales": op(BOOKS, query={"page": WHOLE, "per_page": WHOLE}, headers=("Link", "X-Total-Count")),
}  # fmt: skip
PATHS: dict[str, Any] = {
    **{f"/{word}": {"get": lister, "post": MAKE} for word, lister in PAGES.items()},
    **{f"/{word}/{{id}}": item("id", WHOLE, get=op(BOOK)) for word in PAGES},
    "/books": {
        "get": op(BOOKS, query={"shelf": TEXT, "min_pages": WHOLE, "q": TEXT, "sort": SORT, "fields": TEXT}),
        "post": MAKE,
    },
    "/books/{id}": item(
        "id", WHOLE,
        get=op(BOOK, headers=("ETag",)),
        put=op(BOOK, body=BOOK, parameters=MATCH),
        patch=op(BOOK, body={"type": "array", "items": STEP}, media="application/json-patch+json"),
        delete=op(status="204"),
    ),
    "/books/batch": {"post": op(BOOKS, body=thing(("books",), books={"type": "array", "items": thing(title=TEXT)}))},
    "/books/count": {"get": op(thing(count=WHOLE))},
    "/books/{id}/archive": item("id", WHOLE, post=op(BOOK)),
    "/labels": {"get": op({"type": "array", "items": LABEL})},
    "/labels/{name}": item("name", TEXT, get=op(LABEL), put={**op(LABEL, body=thing(colour=TEXT)), "responses": {
        **reply(LABEL), "201": {"description": "", **json_content(LABEL)}}}, delete=op(status="204"),
        patch=op(LABEL, body=thing(colour={"type": ["string", "null"]}), media="application/merge-patch+json")),
    "/teams": {"get": op({"type": "array", "items": TEAM}),
               "post": op(TEAM, body=thing(("slug",), slug=TEXT, title=TEXT), status="201")},
    "/teams/{id}": item("id", WHOLE, get=op(TEAM), delete=op(status="204")),
    "/jobs": {"post": op(JOB, body=thing(kind=TEXT), status="202", headers=("Location",)),
              "get": op({"type": "array", "items": JOB})},
    "/jobs/{jobId}": item("jobId", {**TEXT, "format": "uuid"}, get=op(JOB)),
    "/jobs/{jobId}/cancel": item("jobId", {**TEXT, "format": "uuid"}, post=op(JOB)),
    "/jobs/{jobId}:archive": item("jobId", {**TEXT, "format": "uuid"}, post=op(JOB)),
    "/photos": {"post": op(PHOTO, body=thing(("file",), file={**TEXT, "format": "binary"}, name=TEXT), status="201",
                           media="multipart/form-data")},
    "/photos/{id}": item("id", TEXT, get=op(PHOTO)),
    "/photos/{id}/content": item("id", TEXT, get=op({**TEXT, "format": "binary"}, shown="image/png"),
                                 put=op(status="204", body={**TEXT, "format": "binary"}, media="image/png")),
    "/private": {"get": op(thing(ok={"type": "boolean"}), security=[{"key": []}])},
}  # fmt: skip


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of the document's twin."""
    schemes = {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Points", "version": "1"},
        "paths": PATHS,
        "components": {"securitySchemes": schemes},
    }
    with document_server(tmp_path_factory.mktemp("points"), document) as client:
        yield client


def shelved(client: httpx.Client, path: str, count: int) -> list[int]:
    """Ids of new books."""
    return [client.post(path, json={"title": f"t{n}", "pages": n}).json()["id"] for n in range(count)]


def ids(found: Any) -> list[int]:
    """Ids of the books in a list's reply."""
    return [each["id"] for each in (found["data"] if isinstance(found, dict) else found)]


def test_a_cursor_and_a_token_lead_through_all_pages(client: httpx.Client) -> None:
    for path, size, place, taker in (
        ("/novels", "limit", "next_cursor", "cursor"),
        ("/essays", "pageSize", "nextPageToken", "pageToken"),
    ):
        made, seen, query = shelved(client, path, 5), [], {size: "2"}
        while True:
            page = client.get(path, params=query).json()
            seen += ids(page)
            if not page.get(place):
                break
            query = {size: "2", taker: page[place]}
        assert sorted(seen) == sorted(made)


def test_pages_and_offsets_count(client: httpx.Client) -> None:
    made = shelved(client, "/poems", 5)
    pages = [client.get("/poems", params={"page": n, "per_page": 2}).json() for n in (1, 2, 3)]
    assert sorted(id for page in pages for id in ids(page)) == sorted(made)
    assert [(page["page"], page["total"]) for page in pages] == [(1, 5), (2, 5), (3, 5)]
    made = shelved(client, "/plays", 5)
    pages = [client.get("/plays", params={"offset": n, "limit": 2}).json() for n in (0, 2, 4)]
    assert sorted(id for page in pages for id in ids(page)) == sorted(made)


def test_the_link_header_leads_on(client: httpx.Client) -> None:
    made, seen = shelved(client, "/tales", 5), []
    page = client.get("/tales", params={"per_page": 2})
    assert page.headers["x-total-count"] == "5"
    while True:
        seen += ids(page.json())
        if "next" not in page.links:
            break
        page = client.get(page.links["next"]["url"])
    assert sorted(seen) == sorted(made)


def test_filters_sorting_and_selection(client: httpx.Client) -> None:
    for title, shelf in (("b", "s1"), ("a", "s1"), ("c", "s2")):
        client.post("/books", json={"title": title, "shelf": shelf, "pages": 9})
    assert {each["title"] for each in client.get("/books", params={"shelf": "s1"}).json()} == {"a", "b"}
    assert client.get("/books", params={"shelf": "s9"}).json() == []
    titles = [each["title"] for each in client.get("/books", params={"shelf": "s1", "sort": "-title"}).json()]
    assert titles == ["b", "a"]
    assert client.get("/books", params={"shelf": "s2", "fields": "id,title"}).json()[0].keys() == {"id", "title"}
    assert [each["title"] for each in client.get("/books", params={"q": "c", "shelf": "s2"}).json()] == ["c"]


def test_a_create_says_where_and_deletes_are_final(client: httpx.Client) -> None:
    made = client.post("/books", json={"title": "x"})
    assert made.status_code == 201
    assert client.get(made.headers["location"]).json() == made.json()
    item = f"/books/{made.json()['id']}"
    assert [client.delete(item).status_code for _ in range(2)] == [204, 404]
    assert client.get(item).status_code == 404


def test_a_json_patch_changes_what_it_names(client: httpx.Client) -> None:
    made = client.post("/books", json={"title": "x", "shelf": "s"}).json()
    steps = [{"op": "replace", "path": "/title", "value": "y"}, {"op": "remove", "path": "/shelf"}]
    headers = {"content-type": "application/json-patch+json"}
    assert client.patch(f"/books/{made['id']}", json=steps, headers=headers).status_code == 200
    after = client.get(f"/books/{made['id']}").json()
    assert after["title"] == "y"
    assert after.get("shelf") is None


def test_many_at_once(client: httpx.Client) -> None:
    made = client.post("/books/batch", json={"books": [{"title": "m1"}, {"title": "m2"}]})
    assert [each["title"] for each in made.json()] == ["m1", "m2"]
    listed = client.get("/books").json()
    assert {"m1", "m2"} <= {each["title"] for each in listed}
    assert client.get("/books/count").json() == {"count": len(listed)}


def test_put_makes_what_is_not_there(client: httpx.Client) -> None:
    assert client.put("/labels/a b", json={"colour": "red"}).status_code == 201
    assert client.put("/labels/a b", json={"colour": "blue"}).status_code == 200
    assert client.get("/labels/a%20b").json() == {"name": "a b", "colour": "blue"}
    headers = {"content-type": "application/merge-patch+json"}
    assert client.patch("/labels/a b", json={"colour": None}, headers=headers).status_code == 200
    assert client.get("/labels/a b").json().get("colour") is None


def test_natural_keys_are_unique(client: httpx.Client) -> None:
    made = client.post("/teams", json={"slug": "core"})
    assert made.status_code == 201
    assert client.post("/teams", json={"slug": "core"}).status_code == 409
    assert client.get("/teams/core").status_code in (200, 400, 404)
    assert client.delete(f"/teams/{made.json()['id']}").status_code == 204
    assert client.post("/teams", json={"slug": "core"}).status_code == 201


def test_a_job_is_accepted_and_goes_on(client: httpx.Client) -> None:
    made = client.post("/jobs", json={"kind": "k"})
    assert made.status_code == 202
    assert client.get(made.headers["location"]).json()["id"] == made.json()["id"]
    item = f"/jobs/{made.json()['id']}"
    assert client.post(f"{item}/cancel").json()["status"] == "canceled"
    assert client.post(f"{item}:archive").json()["status"] == "archived"
    assert client.get(item).json()["archived_at"]


def test_a_condition_that_does_not_hold(client: httpx.Client) -> None:
    made = client.post("/books", json={"title": "x"}).json()
    item = f"/books/{made['id']}"
    tag = client.get(item).headers["etag"]
    assert client.put(item, json={**made, "title": "y"}, headers={"if-match": '"other"'}).status_code == 412
    assert client.put(item, json={**made, "title": "y"}, headers={"if-match": tag}).status_code == 200
    assert client.put(item, json={**made, "title": "z"}, headers={"if-match": tag}).status_code == 412
    assert client.get(item).json()["title"] == "y"


def test_media_types_and_credentials(client: httpx.Client) -> None:
    assert client.post("/books", content="<a/>", headers={"content-type": "application/xml"}).status_code == 415
    assert client.get("/books", headers={"accept": "text/csv"}).status_code == 406
    assert client.get("/private").status_code == 401
    assert client.get("/private", headers={"x-key": "k"}).status_code == 200


def test_files_come_back_as_they_went(client: httpx.Client) -> None:
    made = client.post("/photos", files={"file": ("a.png", b"\x89PNG1", "image/png")}, data={"name": "a"}).json()
    place = f"/photos/{made['id']}/content"
    assert client.get(place).content == b"\x89PNG1"
    assert client.put(place, content=b"\x89PNG2", headers={"content-type": "image/png"}).status_code == 204
    assert client.get(place).content == b"\x89PNG2"
    assert client.get(f"/photos/{made['id']}").json()["name"] == "a"
