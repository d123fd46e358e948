"""HTTP as bytes: what clients do that libraries for tests do not, and what nobody should do."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.serving import Served, serving, talk

KEY = b"Host: x\r\nAuthorization: Bearer sk_test_x\r\n"
LAST = b"Connection: close\r\n\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture(scope="module")
def stripe() -> Iterator[Served]:
    """A Stripe twin."""
    with serving("stripe", "--seed", "7") as served:
        yield served["stripe"]


def get(target: bytes, *, version: bytes = b"HTTP/1.1", method: bytes = b"GET", more: bytes = b"") -> bytes:
    return method + b" " + target + b" " + version + b"\r\n" + KEY + more + LAST


def post(body: bytes, media: bytes = FORM, *, more: bytes = b"", length: int | None = None) -> bytes:
    head = b"POST /v1/customers HTTP/1.1\r\n" + KEY + media + more
    return head + b"Content-Length: %d\r\n" % (len(body) if length is None else length) + LAST + body


def statuses(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


CHUNKED = b"POST /v1/customers HTTP/1.1\r\n" + KEY + FORM + b"Transfer-Encoding: chunked\r\n" + LAST


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (get(b"/v1/customers", version=b"HTTP/1.0"), [200]),
        (get(b"http://api.stripe.com/v1/customers"), [200]),
        (get(b"/v1/customers", more=b"X: " + b"a" * 50_000 + b"\r\n"), [200]),
        (get(b"/v1/customers", more=b"".join(b"X-%d: a\r\n" % n for n in range(2000))), [200]),
        (get(b"/v1/customers", more=b"Idempotency-Key: \xff\xfe\r\n"), [200]),
        (get(b"/v1/customers", method=b"TRACE"), [404]),
        (get(b"*", method=b"OPTIONS"), [404]),
        (get(b"/v1/customers/%zz%ff%00?a=%gg&%00=%ff"), [400]),
        (get(b"/v1/customers?" + b"a" + b"[b]" * 10_000 + b"=1"), [400]),
        (get(b"/v1/\xc3\xa9"), [400]),
        (get(b"/v1/customers", method=b"BREW"), [400]),
        (get(b"/v1/customers", more=b"X: a\0b\r\n"), [400]),
        (CHUNKED + b"5\r\nname=\r\n3\r\nBob\r\n0\r\n\r\n", [200]),
        (CHUNKED + b"zz\r\nname=\r\n0\r\n\r\n", [400]),
        (post(b"name=a", more=b"Expect: 100-continue\r\n"), [100, 200]),
        (post(b"name=a", more=b"Content-Length: 7\r\n"), [400]),
        (post(b"name=a", length=-5), [400]),
        (post(b"name=a", length=50), []),
        (post(b"name=\xff\xfe&email=%ff"), [400]),
        (post(b"name=%00&metadata[%00]=%00"), [200]),
        (post(b"name=" + b"a" * 10_000_000), [400]),
        (post(b"name=" + b"a" * 17_000_000), [413]),
        (post(b"&".join(b"metadata[k%d]=v" % n for n in range(100_000))), [400]),
        (post(b"a" + b"[b]" * 50_000 + b"=1"), [400]),
        (post(b"[" * 100_000, b"Content-Type: application/json\r\n"), [400]),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 50, [400]),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400]),
    ],
)
def test_every_message_has_its_answer(stripe: Served, sent: bytes, expected: list[int]) -> None:
    assert statuses(talk(stripe, sent)) == expected


def test_a_head_request_has_no_body(stripe: Served) -> None:
    head, _, body = talk(stripe, get(b"/v1/customers", method=b"HEAD")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 ") and body == b""


def test_pipelined_requests_are_answered_one_by_one_in_order(stripe: Served) -> None:
    names = [b"n%d" % number for number in range(5)]
    bodies = [post(b"name=" + name).replace(LAST, b"\r\n") for name in names]
    answer = talk(stripe, b"".join([*bodies, get(b"/v1/customers?limit=1")]), ends=False)
    assert statuses(answer) == [200] * 6
    assert re.findall(rb'"name":"(n\d)"', answer) == [*names, b"n4"]
    assert answer.count(b"connection: close\r\n") == 1
