"""Broken input never gives a 500 and never a traceback: requests drawn from the contracts, and bytes of any kind."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz import Draft, Fuzz
from tests.serving import Served, serving, talk
from twinkit.behaviour.twin import Twin
from twinkit.clock import Clock
from twinkit.instance import Options
from twinkit.server.app import TwinApp
from twinkit.server.background import ask
from twinkit.server.catalogue import document_twin, installed_twin
from twinkit.server.hosting import Hosting

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "1200"))
"""How many requests each twin gets; more of them find rarer things."""
SEED = int(os.environ.get("FUZZ_SEED", "1"))
DOCUMENT = Path(__file__).parent / "twinkit" / "server" / "notes.json"
NAMES = ("stripe", "slack", "okta", "mail", "notes")
ALLOWED = frozenset({501, 503, 504, 507})
"""Statuses that are documented answers of a service, not accidents of the server."""


def credential(name: str, known: dict[str, Any]) -> str:
    """The Authorization header that reaches every operation of a twin."""
    forms = {"stripe": "Bearer {secret_key}", "slack": "Bearer {bot_token}", "okta": "SSWS {api_token}"}
    return forms.get(name, "Bearer x").format_map(known)


@pytest.mark.parametrize("materialise", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_no_request_makes_a_twin_fail(name: str, materialise: bool, caplog: pytest.LogCaptureFixture) -> None:
    twin: Twin = document_twin(str(DOCUMENT)) if name == "notes" else installed_twin(name)
    hosting = Hosting(
        twin, seed=3, clock=Clock("tick"), options=Options(materialise=materialise), base_url="http://127.0.0.1:4010"
    )
    app = TwinApp(hosting)
    fuzz = Fuzz(twin, Random(SEED), {"authorization": credential(name, hosting.default.credentials())})
    failed: list[tuple[int, Draft]] = []

    async def run() -> None:
        for number in range(REQUESTS):
            draft = fuzz.request()
            answer = await ask(app, draft.method, draft.target, list(draft.headers.items()), draft.body)
            if answer.status >= 500 and answer.status not in ALLOWED:
                failed.append((answer.status, draft))
            if number % 40 == 0:
                fuzz.ids = ids(hosting, fuzz.random)
            if name == "okta":  # where a token can revoke itself, each request has its own
                fuzz.headers = {"authorization": f"SSWS 00{number:040}"}

    with caplog.at_level(logging.ERROR, "twinkit"):
        asyncio.run(run())
    assert not failed, failed[:3]
    assert "Traceback" not in caplog.text


def ids(hosting: Hosting, random: Random) -> list[str]:
    """Ids of some of the records there are."""
    store = hosting.default.store
    rows = [str(row["id"]) for name in store.resources() for row in store.select(name) if "id" in row]
    return random.sample(rows, min(60, len(rows)))


# bytes ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the server says on standard error."""
    return tmp_path_factory.mktemp("fuzz") / "stderr"


@pytest.fixture(scope="module")
def servers(log: Path) -> Iterator[dict[str, Served]]:
    """Three twins in one process."""
    with serving("stripe", "slack", "okta", "--seed", "7", log=log) as served:
        yield served


def tokens(*known: bytes) -> st.SearchStrategy[bytes]:
    """One of the known words, or any bytes."""
    return st.one_of(st.sampled_from(known), st.sampled_from(known), st.binary(max_size=12))


TARGETS = tokens(
    b"/", b"*", b"", b"/v1/customers", b"/v1/customers?limit=1&expand[]=data.customer", b"/api/chat.postMessage",
    b"/_twin", b"/api/v1/users?search=id%20eq%20%22", b"/_twin/health", b"/_twin/exchanges?limit=x",
    b"/_twin/state/customer/%00", b"/i/x/v1/customers", b"/i//", b"//", b"/%", b"/%ff%00", b"http://[/",
    b"http://a:b@c:99999/v1/charges", b"/v1/\xc3\xa9", b"/oauth2/default/v1/token", b"/_twin/clock",
    b"/_twin/instances", b"/v1/files", b"/services/T/B/x", b"/v1/x;y?#z",
)  # fmt: skip
HEADER_NAMES = tokens(
    b"Authorization", b"Content-Type", b"Content-Length", b"Transfer-Encoding", b"Connection", b"Upgrade", b"Expect",
    b"Cookie", b"Idempotency-Key", b"Twin-Fault", b"Twin-Instance", b"Host", b"DPoP", b"Stripe-Account", b"Accept",
)  # fmt: skip
HEADER_VALUES = tokens(
    b"Bearer sk_test_x", b"Bearer xoxb-twinkit-bot", b"SSWS 00TwinkitOktaApiTokenForTests0000000000000",
    b"Basic YQ==", b"application/json", b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=x",
    b"0", b"5", b"-1", b"99999999999999999999", b"chunked", b"close", b"keep-alive, Upgrade", b"websocket", b"h2c",
    b"100-continue", b"sid=x", b"rate_limit", b"network=empty", b"{}", b"default", b"\xff\xfe", b"a" * 9_000,
)  # fmt: skip
BODIES = tokens(
    b"", b"{}", b"[]", b"null", b'{"a":', b"name=a&metadata[b]=c", b"a[b][c]=1&a=2&a[]=3", b"%", b"%ff=%00",
    b"[" * 2000, b"5\r\nname=\r\n0\r\n\r\n", b"ffffffffffffffffff\r\n", b"--x\r\n\r\n--x--",
    b'{"name": "x", "seed": 1}',
)  # fmt: skip


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """One or two requests, more or less, in one piece of bytes."""
    wire = b""
    for _ in range(draw(st.integers(1, 2))):
        method = draw(tokens(b"GET", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"HEAD", b"CONNECT", b"PRI"))
        version = draw(
            st.sampled_from((b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"", b"HTTP/9"))
        )
        lines = [b" ".join((method, draw(TARGETS), version))]
        lines += [b": ".join(pair) for pair in draw(st.lists(st.tuples(HEADER_NAMES, HEADER_VALUES), max_size=4))]
        body = draw(BODIES)
        if body and draw(st.booleans()):
            lines.append(b"Content-Length: %d" % len(body))
        wire += draw(st.sampled_from((b"\r\n", b"\r\n", b"\r\n", b"\n"))).join([*lines, b"", body])
    return wire


@settings(max_examples=300)
@given(data=messages(), name=st.sampled_from(("stripe", "slack", "okta")))
def test_no_bytes_make_a_server_fail(servers: dict[str, Served], data: bytes, name: str) -> None:
    answer = talk(servers[name], data)
    assert not re.search(rb"HTTP/1\.1 5\d\d", answer), answer


def test_every_twin_still_answers_and_nobody_has_seen_a_traceback(servers: dict[str, Served], log: Path) -> None:
    for served in servers.values():
        assert served.client.get("/_twin/health").json()["status"] == "ok"
    text = log.read_text(errors="replace")
    assert "Traceback" not in text, text[-3000:]
