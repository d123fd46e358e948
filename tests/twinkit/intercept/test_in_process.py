"""Calls of this process to the service's own hosts reach the twin: by transport, by respx, at connect()."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import ssl
import urllib.error
import urllib.request

import aiohttp
import httpx
import pytest
import requests

from twinkit.intercept import intercepted, routed, transport
from twinkit.testing import Twin, TwinServer

URL = "https://api.notes.example/v1/notes"
HEADERS = {"authorization": "Bearer key_test"}


def test_a_transport_for_one_client(server: TwinServer, twin: Twin) -> None:
    with httpx.Client(transport=transport(server, twin), headers=HEADERS) as client:
        assert client.post(URL, json={"text": "a"}).json()["text"] == "a"
        assert client.get("https://eu.notes.example/v1/notes").status_code == 200
        assert client.get("https://other.example/").status_code == 502
    assert len(twin.records("note")) == 1


def test_a_transport_for_an_async_client(server: TwinServer, twin: Twin) -> None:
    async def work() -> list[int]:
        async with httpx.AsyncClient(transport=transport(server, twin), headers=HEADERS) as client:
            replies = await asyncio.gather(*(client.post(URL, json={"text": str(n)}) for n in range(10)))
        return [reply.status_code for reply in replies]

    assert set(asyncio.run(work())) <= {200, 201}
    assert len(twin.records("note")) == 10


def test_every_httpx_client_by_respx(server: TwinServer, twin: Twin) -> None:
    async def work() -> int:
        async with httpx.AsyncClient(headers=HEADERS) as client:
            return (await client.get(URL)).status_code

    with routed(server, twin) as router:
        assert httpx.post(URL, json={"text": "routed"}, headers=HEADERS).json()["text"] == "routed"
        assert asyncio.run(work()) == 200
        assert router.calls.call_count == 2
        with pytest.raises(AssertionError, match="not mocked"):
            httpx.get("https://other.example/")
    assert twin.records("note")[0].text == "routed"


@pytest.mark.parametrize(
    ("network", "expected"),
    [("reset", httpx.ReadError), ("hang", httpx.ReadTimeout), ("empty", httpx.RemoteProtocolError)],
)
def test_network_faults_without_a_network(
    server: TwinServer, twin: Twin, network: str, expected: type[Exception]
) -> None:
    twin.fail(network=network)
    with httpx.Client(transport=transport(server, twin), headers=HEADERS) as client, pytest.raises(expected):
        client.get(URL)


def test_requests_urllib_and_httpx_at_connect(server: TwinServer, twin: Twin) -> None:
    with intercepted(server, twin):
        assert requests.post(URL, json={"text": "requests"}, headers=HEADERS, timeout=10).status_code in (200, 201)
        body, kind = json.dumps({"text": "urllib"}).encode(), {"content-type": "application/json"}
        asked = urllib.request.Request(URL, body, HEADERS | kind)
        with urllib.request.urlopen(asked, timeout=10) as reply:
            assert json.load(reply)["text"] == "urllib"
        assert httpx.post(URL, json={"text": "httpx"}, headers=HEADERS).status_code in (200, 201)
        assert requests.get("http://api.notes.example/v1/notes", headers=HEADERS, timeout=10).status_code == 200
    assert [note.text for note in twin.records("note")] == ["requests", "urllib", "httpx"]


def test_asynchronous_clients_at_connect(server: TwinServer, twin: Twin) -> None:
    async def work() -> tuple[int, int]:
        async with aiohttp.ClientSession(headers=HEADERS) as session, session.get(URL) as reply:
            first = reply.status
        async with httpx.AsyncClient(headers=HEADERS) as client:
            return first, (await client.get(URL)).status_code

    with intercepted(server, twin):
        assert asyncio.run(work()) == (200, 200)
    assert len(twin.calls("listNotes")) == 2


def test_everything_is_put_back(server: TwinServer, twin: Twin) -> None:
    before = (socket.getaddrinfo, socket.socket.connect, ssl.SSLContext.wrap_socket, ssl.SSLContext.wrap_bio)
    with intercepted(server, twin):
        assert socket.getaddrinfo is not before[0]
    assert (socket.getaddrinfo, socket.socket.connect, ssl.SSLContext.wrap_socket, ssl.SSLContext.wrap_bio) == before


def test_the_last_interception_wins_and_goes(server: TwinServer, twin: Twin) -> None:
    other = server.instance()
    with intercepted(server, twin):
        with intercepted(server, other):
            requests.get(URL, headers=HEADERS, timeout=10)
        requests.get(URL, headers=HEADERS, timeout=10)
    assert len(twin.exchanges) == len(other.exchanges) == 1
    server.remove(other)


@pytest.mark.parametrize("word", ["Bearer live_123", "Basic " + base64.b64encode(b"live_123:").decode()])
def test_live_credentials_are_refused(server: TwinServer, twin: Twin, word: str) -> None:
    with httpx.Client(transport=transport(server, twin)) as client:
        reply = client.get(URL, headers={"authorization": word})
    assert reply.status_code == 403
    assert "real notes" in reply.json()["error"]["message"]
    twin.assert_not_called()
