"""From replies to bytes: stored JSON unparsed wherever it stands, header lines that no value can break."""

from __future__ import annotations

import orjson
import pytest

from tests.twinkit.notes import notes
from twinkit.behaviour.request import RawJSON, Reply
from twinkit.errors import RecordNotFound
from twinkit.instance import Instance
from twinkit.server.render import Rendered, render

STORED = RawJSON(b'{"b": 1,  "a":2}')


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        (STORED, b'{"b": 1,  "a":2}'),
        ({"ok": True, "user": STORED}, b'{"ok":true,"user":{"b": 1,  "a":2}}'),
        ([STORED, {"x": [STORED]}], b'[{"b": 1,  "a":2},{"x":[{"b": 1,  "a":2}]}]'),
        ({1: None}, b'{"1":null}'),
        (None, b""),
        ("text", b"text"),
    ],
)
def test_stored_json_is_sent_as_it_is(body: object, sent: bytes) -> None:
    rendered = render(Reply(200, body))
    assert rendered.body == sent and type(rendered.body) is bytes


def test_text_of_a_json_reply_is_a_json_string() -> None:
    assert render(Reply(200, 'a "b"', media_type="application/json; charset=utf-8")).body == b'"a \\"b\\""'


def test_a_body_that_json_cannot_say_is_refused() -> None:
    with pytest.raises(TypeError):
        render(Reply(200, {"data": b"bytes"}))


def test_a_reply_can_be_looked_into() -> None:
    assert Reply(200, STORED).parse().body == {"b": 1, "a": 2}
    assert Reply(200, {"user": STORED}).parse().body["user"]["a"] == 2
    assert Reply(200, "text").parse().body == "text"


@pytest.mark.parametrize("status", [200, 204, 304])
def test_lines_are_the_asgi_headers(status: int) -> None:
    headers = {"content-type": "text/plain", "x": "a\r\nset-cookie: b", "y": "\0c", "z": "é\u20ac"}
    rendered = Rendered(status, b"body", headers)
    pairs = [name + b": " + value + b"\r\n" for name, value in rendered.wire_headers()]
    assert rendered.lines() == b"".join(pairs)
    assert rendered.lines().count(b"\r\n") == len(pairs)


def test_a_handler_shows_a_record_without_parsing_it() -> None:
    instance = Instance(notes())
    ctx = instance.ctx()
    made = ctx.create("note", {"text": "a"})
    shown = ctx.stored("note", made["id"])
    assert shown == instance.store.raw("note", made["id"]) and orjson.loads(bytes(shown)) == made
    with pytest.raises(RecordNotFound):
        ctx.stored("note", "none")
