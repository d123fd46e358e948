"""One connection, byte by byte: requests answered at once beside those that go the ASGI way."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.twinkit.notes import notes
from twinkit.server.connection import MAX_HEAD, Connection
from twinkit.testing.server import TwinServer

NOTE = b'{"text": "one"}'
KEY = b"Host: x\r\nAuthorization: Bearer key_test\r\n"
JSON = b"Content-Type: application/json\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[TwinServer]:
    """The notes twin on a thread of this process."""
    with TwinServer(notes()) as running:
        yield running


@contextmanager
def connected(server: TwinServer) -> Iterator[Any]:
    """A file on a connection to the twin."""
    port = int(server.hosted["notes"].url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client, client.makefile("rwb") as file:
        yield file


def send(file: Any, *parts: bytes) -> None:
    file.write(b"".join(parts))
    file.flush()


def read(file: Any, *, body: bool = True) -> tuple[int, dict[str, str], bytes]:
    """(status, headers, body) of the next reply."""
    status = int(file.readline().split()[1])
    headers = {}
    while (line := file.readline().strip().decode()) != "":
        name, _, value = line.partition(": ")
        assert name not in headers
        headers[name] = value
    return status, headers, file.read(int(headers.get("content-length", 0))) if body else b""


def post(body: bytes, *more: bytes, path: bytes = b"/v1/notes") -> bytes:
    size = b"Content-Length: %d\r\n\r\n" % len(body)
    return b"".join((b"POST ", path, b" HTTP/1.1\r\n", KEY, JSON, *more, size, body))


def get(path: bytes, *more: bytes, method: bytes = b"GET", version: bytes = b"1.1") -> bytes:
    return b"".join((method, b" ", path, b" HTTP/", version, b"\r\n", KEY, *more, b"\r\n"))


def test_requests_sent_together_are_answered_in_order_whatever_way_they_go(server: TwinServer) -> None:
    with connected(server) as file:
        send(file, post(NOTE), get(b"/_twin/info"), get(b"/v1/notes/none"), post(NOTE, b"Twin-Fault: rate_limit\r\n"))
        send(file, post(NOTE))
        replies = [read(file) for _ in range(5)]
    assert [status for status, _, _ in replies] == [201, 200, 404, 429, 201]
    assert json.loads(replies[1][2])["twin"] == "notes"
    assert replies[3][1]["twin-fault"]


def test_a_reply_is_the_same_both_ways(server: TwinServer) -> None:
    with connected(server) as file:
        send(file, post(NOTE))
        path = b"/v1/notes/" + json.loads(read(file)[2])["id"].encode()
        send(file, get(path), get(path, b"Expect: 100-continue\r\n"))
        at_once = read(file)
        assert file.readline() == b"HTTP/1.1 100 Continue\r\n" and file.readline() == b"\r\n"
        assert read(file) == at_once
        assert set(at_once[1]) >= {"date", "content-length", "content-type", "twin-fidelity"}


def test_a_head_request_gets_no_body(server: TwinServer) -> None:
    with connected(server) as file:
        send(file, get(b"/v1/nothing", method=b"HEAD"), get(b"/v1/notes"))
        status, headers, _ = read(file, body=False)
        assert status == 404 and int(headers["content-length"]) > 0
        assert read(file)[0] == 200


@pytest.mark.parametrize(
    "request_bytes",
    [get(b"/v1/notes", version=b"1.0"), get(b"/v1/notes", b"Connection: close\r\n")],
    ids=["1.0", "close"],
)
def test_the_connection_ends_where_the_client_says_so(server: TwinServer, request_bytes: bytes) -> None:
    with connected(server) as file:
        send(file, request_bytes, get(b"/v1/notes"))
        status, headers, _ = read(file)
        assert (status, headers["connection"]) == (200, "close")
        assert file.read() == b""


def test_bodies_in_pieces_and_large_ones_arrive_whole(server: TwinServer) -> None:
    with connected(server) as file:
        head = post(b"", b"Transfer-Encoding: chunked\r\n").replace(b"Content-Length: 0\r\n", b"")
        for size in (2, 100_000):
            text = json.dumps({"text": "x" * size}).encode()
            pieces = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (text[:5], text[5:])]
            send(file, head, *pieces, b"0\r\n\r\n")
            status, _, reply = read(file)
            assert (status, len(json.loads(reply)["text"])) == (201, size)
        send(file, post(json.dumps({"text": "y" * 200_000}).encode()), get(b"/v1/notes?limit=1"))
        assert [read(file)[0] for _ in range(2)] == [201, 200]


@pytest.mark.parametrize("target", [b"http://x/v1/notes", b"/v1/notes?limit=1#end", b"/v1/no%74es"])
def test_unusual_targets_are_understood(server: TwinServer, target: bytes) -> None:
    with connected(server) as file:
        send(file, get(target))
        assert read(file)[0] == 200


def test_an_unknown_instance_and_a_failing_twin_are_answered(
    server: TwinServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connected(server) as file:
        send(file, get(b"/i/none/v1/notes"))
        assert read(file)[0] == 404

        def fail(*_: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(server.hosted["notes"].app, "_prepare", fail)
        send(file, get(b"/v1/notes"))
        status, headers, body = read(file)
        assert (status, headers["content-type"]) == (500, "application/problem+json")
        assert "Traceback" not in body.decode() and json.loads(body)
        monkeypatch.setattr(server.hosted["notes"].app, "at_once", fail)
    with connected(server) as file:
        send(file, get(b"/v1/notes"))
        status, headers, body = read(file)
        assert (status, headers["connection"], body) == (500, "close", b"Internal Server Error")


class Loop:
    """A clock and the timers that were set by it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[float] = []

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, call: Any) -> Loop:
        self.timers.append(self.now + seconds)
        return self


def test_one_timer_watches_over_an_idle_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection.__new__(Connection)
    loop = Loop()
    closed: list[bool] = []
    monkeypatch.setattr(connection, "loop", loop, raising=False)
    monkeypatch.setattr(connection, "timeout_keep_alive", 5, raising=False)
    monkeypatch.setattr(connection, "timeout_keep_alive_task", None, raising=False)
    monkeypatch.setattr(connection, "pipeline", [], raising=False)
    for name in ("server_state", "flow", "transport"):
        monkeypatch.setattr(connection, name, Part(closed), raising=False)
    connection.on_response_complete()
    loop.now = 103
    connection._unset_keepalive_if_required()
    connection.on_response_complete()
    assert loop.timers == [105]
    loop.now = 105
    connection.timeout_keep_alive_handler()
    assert loop.timers == [105, 108] and not closed
    loop.now = 108
    connection.timeout_keep_alive_handler()
    assert closed == [True]
    connection._unset_keepalive_if_required()
    connection.timeout_keep_alive_handler()
    assert len(loop.timers) == 2 and len(closed) == 1


class Part:
    """What a connection asks of its server, transport and flow when it rests."""

    def __init__(self, closed: list[bool]) -> None:
        self.closed = closed
        self.total_requests = 0

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        self.closed.append(True)

    def resume_reading(self) -> None:
        pass


def test_a_head_without_end_is_refused(server: TwinServer) -> None:
    with connected(server) as file:
        start = b"GET /v1/notes HTTP/1.1\r\nX: "
        send(file, start, b"x" * (MAX_HEAD + 1 - len(start)))
        status, headers, body = read(file)
        assert (status, headers["connection"]) == (431, "close")
        assert b"65536" in body


def test_a_compressed_body_is_not_taken_for_a_plain_one(server: TwinServer) -> None:
    with connected(server) as file:
        send(
            file,
            post(gzip.compress(NOTE), b"Content-Encoding: gzip\r\n"),
            post(NOTE, b"Content-Encoding: Identity\r\n"),
        )
        status, _, body = read(file)
        assert status == 415 and b"send the body as it is" in body
        assert read(file)[0] == 201
