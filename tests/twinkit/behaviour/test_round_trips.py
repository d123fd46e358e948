"""Round trips over HTTP on a document without code: each collection is put together in another way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.twinkit.behaviour.documents import TEXT, WHOLE, at, changed, collection, json_content, thing
from twinkit.server.catalogue import document_twin
from twinkit.testing import TwinServer


def marked(path: str, param: str, shown: Any) -> dict[str, Any]:
    """PUT and GET on what a parameter names."""
    own = {"name": param, "in": "path", "required": True, "schema": TEXT}
    put = {"requestBody": json_content(shown), "responses": {"200": {"description": "", **json_content(thing())}}}
    get = {"responses": {"200": {"description": "", **json_content(shown)}, "404": {"description": ""}}}
    return {path: {"parameters": [own], "put": put, "get": get}}


ISSUE = thing(("id", "number"), id=WHOLE, number=WHOLE, title=TEXT)
DATASET = thing(id=TEXT, datasetReference=thing(datasetId=TEXT, projectId=TEXT), title=TEXT)
POD = thing(kind=TEXT, metadata=thing(("name",), name=TEXT, labels={"type": "object"}), title=TEXT)
PERSON = thing(name=TEXT, title=TEXT)
AUDIO = thing(key=TEXT, title=TEXT, episode=WHOLE)
RULE = thing(title=TEXT, routes={"type": "array", "items": TEXT})
CARD = thing(("shape",), id={"type": "string", "format": "uuid"}, title=TEXT, shape=thing(("size",), size=WHOLE))
PROFILE = thing(name=TEXT, properties=thing(title=TEXT, size=WHOLE))
CONTACT = thing(ContactID={"type": "string", "format": "uuid"}, title=TEXT)
SHOP = thing(code=TEXT, title=TEXT)
LABEL = thing(name=TEXT, title=TEXT)
FLAG = thing(key=TEXT, title=TEXT)
GOOD = thing(id=TEXT, name=TEXT, title=TEXT, shopId=TEXT)
PART = thing(number=WHOLE, title=TEXT, entity_id=WHOLE)
FENCE = thing(title=TEXT, radius=WHOLE)
MOVE = thing(
    moveId={"anyOf": [{**TEXT, "pattern": "^las:move:[a-f0-9]{32}$"}, {**TEXT, "pattern": "^las:own-.+$"}]}, title=TEXT
)
KEY = thing(id=TEXT, title=TEXT, source={"oneOf": [thing(name=TEXT), thing(kind=TEXT)]})
NOTICE = thing(id=TEXT, title=TEXT)
COVER = thing(
    id=TEXT, title=TEXT, covers={"type": "object", "additionalProperties": thing(("size",), size=WHOLE, word=TEXT)}
)

MAP = {"type": "object", "additionalProperties": TEXT}
STORE = thing(id=TEXT, name=TEXT, title={**TEXT, "readOnly": True}, size={**WHOLE, "readOnly": True})
DRIVE = thing(driveId=TEXT, title=TEXT)
DRIVES = {"$ref": "#/components/schemas/Drives"}
TANK = thing(id=TEXT, title=TEXT, depth=WHOLE)
TANK_SUMMARY = {"$ref": "#/components/schemas/TankSummary"}
PRICE = thing(id=TEXT, title=TEXT, amount={**TEXT, "format": "decimal"})

PATHS: dict[str, Any] = {
    **collection("/repos/{owner}/issues", "issue_number", ISSUE, body=thing(title=TEXT), above=("owner",), kind=WHOLE),
    **collection("/datasets", "datasetId", DATASET),
    **collection("/pods", "name", POD),
    **collection("/databases/{database}/users", "username", PERSON, above=("database",), wrap=lambda s: thing(user=s)),
    **collection("/episodes", "episodeKey", AUDIO, body=thing(episode=AUDIO, file_logo=TEXT)),
    **collection("/rules", "ruleId", RULE, body=thing(organisationId=TEXT, setup=RULE)),
    **collection("/cards", "card_id", {"allOf": [{"$ref": "#/components/schemas/Card"}, {}]}),
    **collection("/profiles", "profileName", PROFILE, body=thing(title=TEXT, size=WHOLE)),
    **collection(
        "/contacts",
        "ContactID",
        CONTACT,
        body=thing(contacts={"type": "array", "items": CONTACT}),
        wrap=lambda s: thing(contacts={"type": "array", "items": s}),
    ),
    **collection("/families/{family_code}/shops", "code", SHOP, above=("family_code",)),
    **collection(
        "/messages", "id", NOTICE, listed=thing(messages={"type": "array", "items": NOTICE}, meta=thing(key=TEXT))
    ),
    **collection("/covers", "id", COVER),
    **collection("/labels", "labelId", LABEL, made=thing(), kind=WHOLE),
    **collection("/reports", "id", NOTICE, listed=thing(ReportList=thing(Item={"type": "array", "items": NOTICE}))),
    **collection("/flags", "key", FLAG, listed=thing(items={"type": "object", "additionalProperties": FLAG})),
    **collection("/shops/{shopId}/goods", "name", GOOD, above=("shopId",)),
    **collection("/parts", "number", PART, kind=WHOLE),
    **collection("/fences/v2", "fenceId", thing(fence=FENCE, fenceId=TEXT), body=FENCE),
    **collection("/moves", "moveId", MOVE),
    **collection("/keys", "id", KEY),
    **collection("/stores", "id", STORE, body=thing(name=TEXT, title=TEXT)),
    "/tanks": {
        "get": {"responses": {"200": {"description": "", **json_content({"type": "array", "items": TANK_SUMMARY})}}}
    },
    **collection("/groups/{group}/tanks", "id", {"$ref": "#/components/schemas/Tank"}, above=("group",)),
    **collection("/cloud_storage", "driveId", DRIVE, made=DRIVES, wrap=lambda _: DRIVES, listed=DRIVES),
    **marked("/tags/{resourceArn}", "resourceArn", thing(Tags=MAP)),
    **collection("/prices", "id", PRICE),
    **collection("/sources", "dataSourceId", thing(dataStreamId=TEXT, title=TEXT)),
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of the document's twin."""
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Trips", "version": "1"},
        "paths": PATHS,
        "components": {
            "schemas": {
                "Card": CARD,
                "Tank": TANK,
                "TankSummary": thing(id=TEXT, title=TEXT),
                "Drives": thing(providers={"type": "array", "items": DRIVE}),
            }
        },
    }
    file: Path = tmp_path_factory.mktemp("trips") / "trips.json"
    file.write_text(json.dumps(document))
    with TwinServer(document_twin(str(file)), seed=3) as server:
        instance = server.instance()
        yield instance.client
        instance.close()


REFERENCE = "datasetReference.datasetId"
CASES: list[tuple[str, Any, str, str]] = [
    # path, body, place of the id in the reply, place of the title in the item
    ("/repos/ann/issues", {"title": "a"}, "number", "title"),
    ("/repos/ann/issues", {"title": "a"}, "id", "title"),
    ("/datasets", {"datasetReference": {"datasetId": "d1"}, "title": "a"}, REFERENCE, "title"),
    ("/datasets", {"title": "a"}, REFERENCE, "title"),
    ("/datasets", {"title": "a"}, "id", "title"),
    ("/pods", {"metadata": {"name": "p1"}, "title": "a"}, "metadata.name", "title"),
    ("/databases/db/users", {"name": "ann", "title": "a"}, "user.name", "user.title"),
    ("/episodes", {"episode": {"title": "a"}, "file_logo": "x"}, "key", "title"),
    ("/cards", {"title": "a", "shape": {"size": 3}}, "id", "title"),
    ("/profiles", {"title": "a"}, "name", "properties.title"),
    ("/contacts", {"contacts": [{"title": "a"}]}, "contacts.0.ContactID", "contacts.0.title"),
    ("/families/f1/shops", {"code": "s1", "title": "a"}, "code", "title"),
    ("/messages", {"title": "a"}, "id", "title"),
    ("/reports", {"title": "a"}, "id", "title"),
    ("/flags", {"title": "a", "key": "f1"}, "key", "title"),
    ("/shops/s1/goods", {"title": "a", "name": "g1"}, "name", "title"),
    ("/shops/s1/goods", {"title": "a", "name": "g2", "id": "own"}, "id", "title"),
    ("/parts", {"title": "a"}, "number", "title"),
    ("/fences/v2", {"title": "a", "radius": 3}, "fenceId", "fence.title"),
    ("/moves", {"title": "a"}, "moveId", "title"),
    ("/sources", {"title": "a", "dataStreamId": "d1"}, "dataStreamId", "title"),
    ("/keys", {"title": "a", "source": {"name": "n"}}, "id", "title"),
    ("/stores", {"title": "a"}, "id", "title"),
    ("/groups/g1/tanks", {"title": "a", "depth": 3}, "id", "title"),
    ("/cloud_storage", {"title": "a"}, "providers.0.driveId", "providers.0.title"),
    ("/prices", {"title": "a", "amount": "1.5e3"}, "id", "title"),
    ("/covers", {"title": "a", "covers": {"x": {"word": "w", "size": 1}}}, "id", "title"),
]


@pytest.mark.parametrize(("path", "body", "id_place", "title"), CASES)
def test_a_trip_holds(client: httpx.Client, path: str, body: Any, id_place: str, title: str) -> None:
    made = client.post(path, json=body)
    assert made.status_code == 201, made.text
    id = at(made.json(), id_place)
    item = f"{path}/{id}"
    assert at(client.get(item).json(), title) == "a"
    assert json.dumps(id) in client.get(path).text
    assert client.put(item, json=changed(body)).status_code == 200
    assert at(client.get(item).json(), title) == "b"
    assert client.delete(item).status_code == 204
    assert client.get(item).status_code == 404
    assert json.dumps(id) not in client.get(path).text


def test_where_a_record_is_stands_in_the_header_when_its_reply_does_not_say(client: httpx.Client) -> None:
    made = client.post("/labels", json={"name": "urgent", "title": "a"})
    item = made.headers["location"].partition("/labels/")
    assert item[2].isdecimal()
    assert client.get(f"/labels/{item[2]}").json() == {"name": "urgent", "title": "a"}


def test_a_change_moves_no_record_to_other_parents_and_renames_none(client: httpx.Client) -> None:
    made = client.post("/shops/s2/goods", json={"title": "a", "name": "g"}).json()
    change = {"title": "b", "id": "another", "shopId": "s3"}
    assert client.put("/shops/s2/goods/g", json=change).status_code == 200
    assert client.get("/shops/s2/goods/g").json() == {**made, "title": "b"}
    assert client.get(f"/shops/s2/goods/{made['id']}").json()["title"] == "b"


def test_what_a_map_holds_is_completed_to_fit(client: httpx.Client) -> None:
    shown = client.post("/covers", json={"covers": {"x": {"word": "w", "size": 1}}}).json()
    assert shown["covers"] == {"x": {"word": "w", "size": 1}}


def test_the_childs_own_id_is_never_its_parents(client: httpx.Client) -> None:
    assert client.post("/families/f2/shops", json={"code": "s9"}).json()["code"] == "s9"
    assert client.get("/families/f3/shops").json() == []


def test_the_names_that_an_object_goes_by_are_one(client: httpx.Client) -> None:
    made = client.post("/repos/bob/issues", json={"title": "a"}).json()
    assert made["id"] == made["number"]


def test_deleting_by_a_name_leaves_none_of_that_name(client: httpx.Client) -> None:
    for _ in range(2):
        client.post("/databases/two/users", json={"name": "eve"})
    assert client.delete("/databases/two/users/eve").status_code == 204
    assert client.get("/databases/two/users/eve").status_code == 404
    assert client.get("/databases/two/users").json() == []


def test_children_can_be_made_below_parents_that_nobody_made(client: httpx.Client) -> None:
    made = client.post("/families", json={})
    assert made.status_code in (404, 405)
    assert client.post("/families/unknown/shops", json={"code": "x"}).status_code == 201


def test_what_a_body_may_set_is_kept_and_the_rest_of_what_is_read_only_is_not(client: httpx.Client) -> None:
    made = client.post("/stores", json={"name": "n", "title": "a", "size": 3}).json()
    assert made["title"] == "a"
    assert made.get("size") != 3


def test_a_list_of_summaries_elsewhere_takes_nothing_from_the_record(client: httpx.Client) -> None:
    made = client.post("/groups/g2/tanks", json={"title": "deep", "depth": 7}).json()
    assert client.get(f"/groups/g2/tanks/{made['id']}").json() == {**made, "depth": 7}
    assert made["id"] in [each["id"] for each in client.get("/tanks").json()]


@pytest.mark.parametrize("amount", ["12", "-1.50", ".5", "5.", "+1.5E-3"])
def test_decimals_may_be_written_as_any_number(client: httpx.Client, amount: str) -> None:
    assert client.post("/prices", json={"amount": amount}).json()["amount"] == amount


@pytest.mark.parametrize("amount", ["", ".", "1,5", "1e", "ten", "0x1"])
def test_what_is_no_number_is_no_decimal(client: httpx.Client, amount: str) -> None:
    assert client.post("/prices", json={"amount": amount}).status_code == 400


def test_a_map_of_any_keys_is_kept_for_what_the_path_names(client: httpx.Client) -> None:
    assert client.put("/tags/arn:a", json={"Tags": {"team": "x"}}).status_code == 200
    assert client.put("/tags/arn:b", json={"Tags": {"team": "y"}}).status_code == 200
    assert client.get("/tags/arn:a").json()["Tags"] == {"team": "x"}
    assert client.get("/tags/arn:b").json()["Tags"] == {"team": "y"}
