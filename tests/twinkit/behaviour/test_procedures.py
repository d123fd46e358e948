"""Documents that name procedures: one path with a target header or an action, and verbs in the path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.twinkit.behaviour.documents import TEXT, document_server, json_content, thing

NAMES = {"type": "array", "items": TEXT}
QUEUE = thing(("QueueArn",), QueueArn=TEXT, QueueName=TEXT, Delay={"type": "integer"})
TOKENS = thing(NextToken=TEXT)["properties"]


def called(name: str, body: Any, shown: Any = None) -> dict[str, Any]:
    """An operation on `/` that a header tells apart."""
    header = {"type": "string", "enum": [f"Queues_2026.{name}"]}
    return {
        f"/#X-Amz-Target=Queues_2026.{name}": {
            "post": {
                "operationId": name,
                "parameters": [{"name": "X-Amz-Target", "in": "header", "required": True, "schema": header}],
                "requestBody": {"required": True, **json_content(body)},
                "responses": {"200": {"description": "", **(json_content(shown) if shown else {})}},
            }
        }
    }


def get(name: str, query: dict[str, Any], shown: Any) -> dict[str, Any]:
    """GET by a verb in the path."""
    given = [{"name": n, "in": "query", "required": True, "schema": schema} for n, schema in query.items()]
    return {
        f"/{name}": {
            "get": {
                "operationId": name,
                "parameters": given,
                "responses": {"200": {"description": "", **json_content(shown)}, "404": {"description": ""}},
            }
        }
    }


def post(name: str, body: Any, shown: Any) -> dict[str, Any]:
    """POST by a verb in the path."""
    replies = {"200": {"description": "", **json_content(shown)}, "404": {"description": ""}}
    return {
        f"/{name}": {
            "post": {"operationId": name, "requestBody": {"required": True, **json_content(body)}, "responses": replies}
        }
    }


BADGE = thing(("badgeId",), badgeId=TEXT, title=TEXT, colour=TEXT)
PATHS: dict[str, Any] = {
    **called("CreateQueue", thing(("QueueName",), QueueName=TEXT, Delay={"type": "integer"}), thing(QueueArn=TEXT)),
    **called("DescribeQueue", thing(("Queue",), Queue=TEXT), thing(Queue=QUEUE)),
    **called("DescribeQueues", thing(Queues=NAMES), thing(Queues={"type": "array", "items": QUEUE}, Failures=NAMES)),
    **called("ListQueues", thing(MaxResults={"type": "integer"}, NextToken=TEXT), thing(QueueNames=NAMES, **TOKENS)),
    **called("UpdateQueue", thing(("Queue",), Queue=TEXT, Delay={"type": "integer"}), thing(Queue=QUEUE)),
    **called("DeleteQueue", thing(("Queue",), Queue=TEXT)),
    **called("GetAccountSettings", thing(), thing(Region=TEXT, Limit={"type": "integer"})),
    **called("UpdateAccountSettings", thing(Region=TEXT), thing(Region=TEXT, Limit={"type": "integer"})),
    **post("createBadge", thing(("title",), title=TEXT, colour=TEXT), BADGE),
    **get("getBadge", {"badgeId": TEXT}, BADGE),
    **get("getAllBadges", {}, {"type": "array", "items": BADGE}),
    **post("update-badge", thing(("badgeId",), badgeId=TEXT, colour=TEXT), BADGE),
    **post("delete-badge", thing(("badgeId",), badgeId=TEXT), thing(ok={"type": "boolean"})),
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    document = {"openapi": "3.0.3", "info": {"title": "Procedures", "version": "1"}, "paths": PATHS}
    with document_server(tmp_path_factory.mktemp("procedures"), document) as served:
        yield served


def call(client: httpx.Client, name: str, **body: Any) -> httpx.Response:
    return client.post("/", json=body, headers={"X-Amz-Target": f"Queues_2026.{name}"})


def test_a_target_keeps_what_it_creates(client: httpx.Client) -> None:
    arn = call(client, "CreateQueue", QueueName="inbox", Delay=3).json()["QueueArn"]
    call(client, "CreateQueue", QueueName="outbox")
    shown = call(client, "DescribeQueue", Queue=arn).json()["Queue"]
    assert (shown["QueueName"], shown["Delay"], shown["QueueArn"]) == ("inbox", 3, arn)
    assert call(client, "DescribeQueue", Queue="inbox").json()["Queue"] == shown
    assert call(client, "UpdateQueue", Queue="inbox", Delay=9).json()["Queue"]["Delay"] == 9
    assert call(client, "DescribeQueues", Queues=[arn]).json()["Queues"] == [{**shown, "Delay": 9}]
    first = call(client, "ListQueues", MaxResults=1).json()
    rest = call(client, "ListQueues", MaxResults=1, NextToken=first["NextToken"]).json()
    assert first["QueueNames"] + rest["QueueNames"] == ["inbox", "outbox"]
    assert call(client, "DeleteQueue", Queue=arn).status_code == 200
    assert call(client, "DescribeQueue", Queue=arn).status_code == 404
    assert call(client, "ListQueues").json()["QueueNames"] == ["outbox"]


def test_what_is_read_and_changed_unnamed_is_one_thing(client: httpx.Client) -> None:
    call(client, "UpdateAccountSettings", Region="north")
    assert call(client, "GetAccountSettings").json()["Region"] == "north"


def test_verbs_in_paths_keep_what_they_create(client: httpx.Client) -> None:
    made = client.post("/createBadge", json={"title": "Gold", "colour": "dull"}).json()
    named = {"badgeId": made["badgeId"]}
    assert client.get("/getBadge", params=named).json() == made
    client.post("/update-badge", json={**named, "colour": "bright"})
    assert client.get("/getAllBadges").json() == [{**made, "colour": "bright"}]
    client.post("/delete-badge", json=named)
    assert client.get("/getBadge", params=named).status_code == 404
    assert client.get("/getAllBadges").json() == []
