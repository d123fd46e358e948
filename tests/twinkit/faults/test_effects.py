"""Network faults as clients see them: raw sockets, httpx and requests against a uvicorn server."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
import requests
import uvicorn

from twinkit.faults.effects import GARBAGE, Answer, WireFault, apply, pause
from twinkit.faults.model import Wire
from twinkit.server.connection import Connection

BODY = json.dumps({"id": "ch_1", "object": "charge", "amount": 2000, "metadata": {"order": "6735"}}).encode()
ANSWER = Answer.of(200, {"Content-Type": "application/json"}, BODY)
handled: list[str] = []


async def app(scope: Any, receive: Any, send: Any) -> None:
    query = {key: values[0] for key, values in parse_qs(scope["query_string"].decode()).items()}
    kind = query.pop("kind", "")
    if "pause" in query:
        handled.append("kept" if await pause(scope, int(query.pop("pause"))) else "gone")
    if kind:
        values: dict[str, Any] = {key: float(value) if key == "keep" else int(value) for key, value in query.items()}
        await apply(Wire(kind, **values), scope, send, ANSWER)  # type: ignore[arg-type]
        handled.append(kind)
        return
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]},
    )
    await send({"type": "http.response.body", "body": b"ok"})


class Served:
    """A uvicorn server on a thread."""

    def __init__(self, loop: str) -> None:
        config = uvicorn.Config(app, http=Connection, loop=loop, ws="none", lifespan="off", log_config=None)  # type: ignore[arg-type]
        self.server = uvicorn.Server(config)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]})
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)
        assert not self.thread.is_alive()


@pytest.fixture(params=["asyncio", "uvloop"])
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    server = Served(request.param)
    handled.clear()
    yield server
    server.stop()


def raw(served: Served, query: str, timeout: float = 5) -> bytes:
    """Every byte the server sends until it closes."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=timeout) as client:
        client.sendall(f"GET /?{query} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        data = b""
        while chunk := client.recv(65536):
            data += chunk
        return data


def test_reset_is_a_real_rst(served: Served) -> None:
    with pytest.raises(ConnectionResetError):
        raw(served, "kind=reset")
    with pytest.raises(httpx.ReadError):
        httpx.get(served.url, params={"kind": "reset"})
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        requests.get(served.url, params={"kind": "reset"}, timeout=5)


def test_empty_closes_without_a_byte(served: Served) -> None:
    assert raw(served, "kind=empty") == b""
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        httpx.get(served.url, params={"kind": "empty"})


def test_hang_lasts_until_the_client_gives_up(served: Served) -> None:
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(served.url, params={"kind": "hang"}, timeout=0.2)
    deadline = time.monotonic() + 5
    while not handled and time.monotonic() < deadline:
        httpx.get(served.url)
    assert handled == ["hang"]


def test_hang_is_bounded(served: Served) -> None:
    assert raw(served, "kind=hang&limit=100000") == b""


def test_a_stopping_server_lets_go_of_what_hangs(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as client:
        client.sendall(b"GET /?kind=hang HTTP/1.1\r\nhost: x\r\n\r\n")
        with socket.create_connection(("127.0.0.1", served.port), timeout=5) as waiting:
            waiting.sendall(b"GET /?pause=60000000 HTTP/1.1\r\nhost: x\r\n\r\n")
            httpx.get(served.url)
            served.stop()
    assert sorted(handled) == ["gone", "hang"]


def test_truncated_body(served: Served) -> None:
    head, _, body = raw(served, "kind=truncated&keep=0.5").partition(b"\r\n\r\n")
    assert f"content-length: {len(BODY)}".encode() in head
    assert body == BODY[: len(BODY) // 2]
    with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
        httpx.get(served.url, params={"kind": "truncated"})
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(served.url, params={"kind": "truncated"}, timeout=5)


def test_chunked_then_cut(served: Served) -> None:
    head, _, body = raw(served, "kind=cut").partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head
    assert not body.endswith(b"0\r\n\r\n")
    with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
        httpx.get(served.url, params={"kind": "cut"})


def test_wrong_length(served: Served) -> None:
    head, _, body = raw(served, "kind=wrong_length").partition(b"\r\n\r\n")
    assert body == BODY
    assert f"content-length: {len(BODY) // 2}".encode() in head
    reply = requests.get(served.url, params={"kind": "wrong_length"}, timeout=5)
    with pytest.raises(requests.exceptions.JSONDecodeError):
        reply.json()


def test_slow_bytes_arrive_whole(served: Served) -> None:
    with httpx.stream("GET", served.url, params={"kind": "slow", "rate": 500}) as reply:
        pieces = list(reply.iter_raw())
    assert b"".join(pieces) == BODY
    assert len(pieces) > 1


def test_slow_is_bounded(served: Served) -> None:
    assert raw(served, "kind=slow&rate=10&limit=200000").endswith(BODY)


def test_malformed_json_of_the_right_length(served: Served) -> None:
    reply = httpx.get(served.url, params={"kind": "malformed", "keep": 0.9})
    assert reply.status_code == 200
    assert BODY.startswith(reply.content)
    with pytest.raises(json.JSONDecodeError):
        reply.json()


def test_garbage_is_no_http(served: Served) -> None:
    assert raw(served, "kind=garbage") == GARBAGE
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(served.url, params={"kind": "garbage"})


def test_the_server_goes_on_after_faults(served: Served) -> None:
    with httpx.Client() as client:
        for kind in ("reset", "empty", "truncated", "garbage"):
            with pytest.raises(httpx.TransportError):
                client.get(served.url, params={"kind": kind})
            assert client.get(served.url).text == "ok"


def test_latency_is_waited_for(served: Served) -> None:
    start = time.monotonic()
    assert httpx.get(served.url, params={"pause": 50_000}).text == "ok"
    assert time.monotonic() - start >= 0.05
    assert handled == ["kept"]


async def _in_process() -> None:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://twin") as client:
        reply = await client.get("/?kind=malformed")
        assert reply.status_code == 200
        await client.get("/?kind=reset")


def test_without_a_wire_the_driver_is_told() -> None:
    import asyncio

    with pytest.raises(WireFault) as caught:
        asyncio.run(_in_process())
    assert caught.value.wire.kind == "reset"
