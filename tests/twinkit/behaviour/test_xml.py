"""XML by the hints of a schema, there and back, and HEAD where only GET is documented."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from tests.twinkit.behaviour.documents import TEXT, WHOLE, content, document_server

SPACE = "https://zoo.example/ns"
TAG = {"type": "object", "xml": {"name": "tag"}, "properties": {"label": TEXT}}
ANIMAL: dict[str, Any] = {
    "type": "object",
    "xml": {"name": "beast", "namespace": SPACE, "prefix": "z"},
    "required": ["name"],
    "properties": {
        "id": {**WHOLE, "xml": {"attribute": True}},
        "name": {**TEXT, "xml": {"name": "called"}},
        "tags": {"type": "array", "xml": {"name": "labels", "wrapped": True}, "items": TAG},
        "foods": {"type": "array", "items": {**TEXT, "xml": {"name": "food"}}},
        "tame": {"type": "boolean"},
    },
}
SHOWN = {"description": "", **content("application/xml", ANIMAL)}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Zoo", "version": "1"},
    "paths": {
        "/animals": {
            "post": {
                "requestBody": {"required": True, **content("application/xml", ANIMAL)},
                "responses": {"201": SHOWN, "400": {"description": "", **content("application/xml", TAG)}},
            },
            "get": {
                "responses": {"200": {"description": "", **content("text/xml", {"type": "array", "items": ANIMAL})}}
            },
        },
        "/animals/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": WHOLE}],
            "get": {"responses": {"200": SHOWN, "404": {"description": ""}}},
        },
    },
}
SENT = (
    f'<z:beast xmlns:z="{SPACE}"><called>Leo &amp; co</called><labels><tag><label>big</label></tag><tag><label>cat'
    "</label></tag></labels><food>meat</food><food>milk</food><tame>false</tame></z:beast>"
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with document_server(tmp_path_factory.mktemp("xml"), DOCUMENT) as served:
        yield served


def described(animal: ElementTree.Element) -> tuple[Any, ...]:
    tags = [tag.findtext("label") for tag in animal.findall("labels/tag")]
    foods = [food.text for food in animal.findall("food")]
    return animal.tag, animal.findtext("called"), tags, foods, animal.findtext("tame")


LEO = (f"{{{SPACE}}}beast", "Leo & co", ["big", "cat"], ["meat", "milk"], "false")


def test_a_record_goes_there_and_back_by_the_hints(client: httpx.Client) -> None:
    made = client.post("/animals", content=SENT, headers={"content-type": "application/xml"})
    assert made.status_code == 201
    root = ElementTree.fromstring(made.content)
    assert described(root) == LEO
    again = client.get(f"/animals/{root.get('id')}")
    assert described(ElementTree.fromstring(again.content)) == LEO
    assert client.post("/animals", content=again.content, headers={"content-type": "application/xml"}).is_success


def test_a_list_holds_elements_called_as_its_items(client: httpx.Client) -> None:
    client.post("/animals", content=SENT, headers={"content-type": "application/xml"})
    listed = ElementTree.fromstring(client.get("/animals").content)
    assert [described(animal) for animal in listed] == [LEO] * len(listed)
    assert len(listed) > 0


def test_head_is_answered_where_get_is(client: httpx.Client) -> None:
    shown, head = client.get("/animals"), client.head("/animals")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == shown.headers["content-length"]
    assert client.head("/animals/999").status_code == 404
