"""Many private instances in one process, and what the serve plane imports."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import Served, serving

NOTES = Path(__file__).with_name("notes.json")
HEAVY = (
    "aiosmtpd",
    "sqlmodel",
    "sqlalchemy",
    "pydantic",
    "openapi_core",
    "prance",
    "faker",
    "httpx",
    "rich",
    "typer",
    "yaml",
    "yaml12",
)
FIRST_ANSWER = """
import asyncio, sys
from twinkit.server.app import TwinApp
from twinkit.server.catalogue import {kind}_twin
from twinkit.server.hosting import Hosting
import twinkit.server.running

async def main():
    app = TwinApp(Hosting({kind}_twin({name!r})))
    sent = []
    async def receive():
        return {{"type": "http.request", "body": {body!r}}}
    async def send(message):
        sent.append(message)
    headers = [(b"authorization", b"Bearer sk_test_x"), (b"content-type", {media!r})]
    scope = {{"type": "http", "method": "POST", "path": {path!r}, "query_string": b"", "headers": headers}}
    await app(scope, receive, send)
    assert sent[0]["status"] in (200, 201), sent
asyncio.run(main())
print(*sys.modules)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    """A server of the notes document."""
    with serving("--openapi", str(NOTES)) as served:
        yield served["notes"]


def test_two_hundred_instances_keep_to_themselves(server: Served) -> None:
    names = [f"n{number}" for number in range(200)]
    for name in names:
        server.control("POST", "instances", name=name)
    for name in names:
        assert server.client.post(f"/i/{name}/v1/notes", json={"title": name}).status_code == 201
    for name in names:
        items = server.client.get(f"/i/{name}/v1/notes").json()["items"]
        assert [item["title"] for item in items] == [name]
    assert server.client.get("/v1/notes").json()["items"] == []
    for name in names:
        server.control("DELETE", f"instances/{name}")
    assert len(server.control("GET", "instances")["instances"]) == 1


def test_an_instance_is_reached_by_its_credentials() -> None:
    with serving("stripe") as served:
        stripe = served["stripe"]
        keys = [stripe.control("POST", "instances", name=name)["credentials"]["secret_key"] for name in ("a", "b")]
        assert len(set(keys)) == 2
        for key, email in zip(keys, ("a@example.com", "b@example.com"), strict=True):
            stripe.client.post("/v1/customers", auth=(key, ""), data={"email": email})
        for key, email in zip(keys, ("a@example.com", "b@example.com"), strict=True):
            found = stripe.client.get("/v1/customers", headers={"Authorization": f"Bearer {key}"}).json()["data"]
            assert [each["email"] for each in found] == [email]
        assert stripe.client.get("/v1/customers", auth=("sk_test_other", "")).json()["data"] == []


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"name": ""}, "name"),
        ({"name": "a/b"}, "slash"),
        ({"name": "default"}, "exists already"),
        ({"name": "x", "sed": 1}, "did you mean 'seed'"),
        ({"name": "x", "clock": "fixd"}, "did you mean 'fixed'"),
        ({"name": "x", "failures": "flakey"}, "flaky"),
    ],
)
def test_a_wrong_instance_is_refused(server: Served, settings: dict[str, object], told: str) -> None:
    reply = server.client.post("/_twin/instances", json=settings)
    assert reply.status_code == 400
    assert told in reply.json()["error"]
    assert [each["name"] for each in server.control("GET", "instances")["instances"]] == ["default"]


@pytest.mark.parametrize(
    ("kind", "name", "path", "body", "media"),
    [
        ("installed", "stripe", "/v1/customers", b"email=a%40b.co", b"application/x-www-form-urlencoded"),
        ("document", str(NOTES), "/v1/notes", b'{"title": "a"}', b"application/json"),
    ],
)
def test_the_first_answer_needs_nothing_heavy(kind: str, name: str, path: str, body: bytes, media: bytes) -> None:
    code = FIRST_ANSWER.format(kind=kind, name=name, path=path, body=body, media=media)
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = {module.partition(".")[0] for module in done.stdout.split()}
    assert not loaded & set(HEAVY)
