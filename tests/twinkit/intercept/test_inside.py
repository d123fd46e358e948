"""Which hosts are whose: patterns, loopback, refusals."""

from __future__ import annotations

import socket

import pytest

from twinkit.intercept.inside import Redirect, covers, is_local
from twinkit.intercept.proxy import once
from twinkit.intercept.routes import host_of


@pytest.mark.parametrize(
    ("pattern", "host", "covered"),
    [
        ("api.stripe.com", "api.stripe.com", True),
        ("api.stripe.com", "API.Stripe.com.", True),
        ("api.stripe.com", "files.stripe.com", False),
        ("*.okta.com", "acme.okta.com", True),
        ("*.okta.com", "okta.com", False),
        ("*.okta.com", "evilokta.com", False),
        ("slack.com", "slack.com.evil.example", False),
    ],
)
def test_patterns(pattern: str, host: str, covered: bool) -> None:
    assert covers([pattern], host) is covered


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True), ("app.localhost", True), ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True),
        ("", True), ("10.0.0.1", False), ("example.com", False), ("localhost.example.com", False), ("0.0.0.0", False),
    ],
)  # fmt: skip
def test_loopback(host: str, local: bool) -> None:
    assert is_local(host) is local


@pytest.mark.parametrize(
    ("authority", "host"),
    [("api.stripe.com:443", "api.stripe.com"), ("Slack.com", "slack.com"), ("[::1]:80", "::1"), ("", "")],
)
def test_hosts_of_authorities(authority: str, host: str) -> None:
    assert host_of(authority) == host


def test_hop_by_hop_headers_are_replaced() -> None:
    lines = once(b"Host: a\r\nConnection: keep-alive\r\nProxy-Connection: x\r\nA: b\r\n\r\n").split(b"\r\n")
    assert lines == [b"connection: close", b"Host: a", b"A: b", b"", b""]


def test_what_is_not_twinned_is_refused_and_reported() -> None:
    seen: list[str] = []
    hosts = ["api.notes.example"]
    redirect = Redirect(hosts, tls_port=1, plain_port=2, authority="", refuse=True, report=seen.append)
    redirect.install()
    try:
        assert socket.getaddrinfo("api.notes.example", 443)[0][4][0].startswith("127.84.")
        with pytest.raises(OSError, match=r"--allow other\.example"):
            socket.create_connection(("other.example", 443), timeout=1)
        with socket.socket() as sock, pytest.raises(ConnectionRefusedError, match="not twinned"):
            sock.connect(("192.0.2.1", 443))
        with socket.socket() as sock:
            assert redirect.destination(sock, ("127.84.0.1", 443)) == ("127.0.0.1", 1)
            assert redirect.destination(sock, ("api.notes.example", 80)) == ("127.0.0.1", 2)
            assert redirect.destination(sock, ("127.0.0.1", 5432)) == ("127.0.0.1", 5432)
    finally:
        redirect.uninstall()
    assert seen == ["other.example", "192.0.2.1"]
