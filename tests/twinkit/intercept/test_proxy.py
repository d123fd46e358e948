"""The loopback proxy: tunnels, absolute URLs, refusals, and heads that make no sense."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator

import pytest

from tests.twinkit.notes import notes
from twinkit.intercept.front import Front
from twinkit.intercept.proxy import Proxy
from twinkit.intercept.routes import Routes, route_of
from twinkit.testing import TwinServer


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    with TwinServer(notes()) as server:
        front = Front(server.background, Routes([route_of(hosted) for hosted in server.hosted.values()]))
        made = Proxy(front)
        server.background.run(made.start())
        yield made
        server.background.run(made.stop())


def talk(port: int, head: str) -> bytes:
    """Everything that the proxy answers to a head."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        sock.sendall(head.encode())
        sock.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := sock.recv(65536):
            received += chunk
    return received


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_absolute_urls_reach_the_twin(proxy: Proxy, scheme: str) -> None:
    head = f"GET {scheme}://api.notes.example/v1/notes?limit=1 HTTP/1.1\r\nHost: api.notes.example\r\n"
    answer = talk(proxy.port, head + "Authorization: Bearer key_test\r\nProxy-Connection: keep-alive\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200"), answer
    assert b'"notes":[]' in answer


def test_a_tunnel_is_tls_of_the_local_authority(proxy: Proxy) -> None:
    context = ssl.create_default_context(cadata=proxy.front.authority)
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as sock:
        sock.sendall(b"CONNECT eu.notes.example:443 HTTP/1.1\r\n\r\n")
        assert sock.recv(1000).startswith(b"HTTP/1.1 200")
        with context.wrap_socket(sock, server_hostname="eu.notes.example") as secure:
            secure.sendall(
                b"GET /v1/notes HTTP/1.1\r\nHost: eu.notes.example\r\nAuthorization: Bearer key_test\r\n\r\n"
            )
            assert secure.recv(1000).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("target", ["CONNECT other.example:443", "GET http://other.example/"])
def test_other_hosts_are_refused_with_a_reason(proxy: Proxy, target: str) -> None:
    seen: list[str] = []
    proxy.report = seen.append
    answer = talk(proxy.port, f"{target} HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 403")
    assert b"--allow other.example" in answer
    assert seen == ["other.example"]


@pytest.mark.parametrize(
    "head", ["", "nonsense\r\n\r\n", "CONNECT nowhere HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n", "A" * 70_000]
)
def test_heads_that_make_no_sense_end_the_connection(proxy: Proxy, head: str) -> None:
    with contextlib.suppress(ConnectionError):
        assert talk(proxy.port, head) == b""
    assert talk(proxy.port, "GET http://api.notes.example/x HTTP/1.1\r\nHost: api.notes.example\r\n\r\n")
