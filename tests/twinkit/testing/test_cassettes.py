"""Cassettes of other tools and HAR files are replayed by `twin check` like recordings of its own."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.twinkit.notes import notes
from twinkit.cli import check
from twinkit.errors import UsageError
from twinkit.testing import TwinServer
from twinkit.testing.cassettes import load
from twinkit.testing.recording import is_sent
from twinkit.testing.replay import Replay, family

URL = "https://notes.example/v1/notes"
SENT = json.dumps({"text": "recorded"})
REPLY = {"id": "note_abcdefgh1234", "text": "recorded", "archived": False, "created": 1789921862}
TEXT = json.dumps(REPLY)
PACKED = base64.b64encode(gzip.compress(TEXT.encode())).decode()
JSON = "application/json"

RUBY = f"""---
http_interactions:
- request:
    method: post
    uri: {URL}
    body: {{encoding: UTF-8, string: '{SENT}'}}
    headers: {{Content-Type: [{JSON}], Authorization: [Bearer <KEY>], X-Client-Telemetry: ['{{}}'], Trace-Id: [t1]}}
  response:
    status: {{code: 201, message: Created}}
    headers: {{Content-Type: [{JSON}]}}
    body:
      encoding: ASCII-8BIT
      string: !binary |-
        {base64.b64encode(TEXT.encode()).decode()}
  recorded_at: Sun, 20 Sep 2026 16:30:52 GMT
recorded_with: VCR 6.4.0
"""
VCRPY = f"""interactions:
- request:
    body: '{SENT}'
    headers: {{Content-Type: [{JSON}]}}
    method: POST
    uri: {URL}
  response:
    body:
      string: !!binary |
        {PACKED}
    headers: {{Content-Type: [{JSON}], Content-Encoding: [gzip]}}
    status: {{code: 201, message: Created}}
version: 1
"""
GO = f"""version: 2
interactions:
- id: 0
  request: {{body: '{SENT}', headers: {{Content-Type: [{JSON}]}}, url: '{URL}', method: POST}}
  response: {{body: '{TEXT}', headers: {{Content-Type: [{JSON}]}}, status: 201 Created, code: 201}}
"""
PHP = f"""-
    request: {{method: POST, url: '{URL}', headers: {{Content-Type: {JSON}}}, body: '{SENT}'}}
    response: {{status: {{http_version: '1.1', code: '201'}}, headers: {{Content-Type: {JSON}}}, body: '{TEXT}'}}
"""
EXVCR = json.dumps([{
    "request": {"method": "post", "url": URL, "headers": {"Content-Type": JSON}, "body": SENT},
    "response": {"status_code": 201, "type": "ok", "headers": {"Content-Type": JSON}, "body": TEXT},
}])  # fmt: skip
NOCK = json.dumps([{
    "scope": "https://notes.example:443", "method": "POST", "path": "/v1/notes", "body": {"text": "recorded"},
    "status": 201, "response": REPLY, "rawHeaders": ["Content-Type", JSON],
}])  # fmt: skip
HAR = json.dumps({"log": {"version": "1.2", "entries": [{
    "request": {"method": "POST", "url": URL, "headers": [{"name": ":path", "value": "/"}],
                "postData": {"mimeType": JSON, "text": SENT}},
    "response": {"status": 201, "headers": [], "content": {"mimeType": JSON, "text": TEXT}},
}]}})  # fmt: skip
FORMS = {"vcr.yml": RUBY, "vcrpy.yaml": VCRPY, "go.yaml": GO, "php.yml": PHP, "ex.json": EXVCR, "nock.json": NOCK,
         "a.har": HAR}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_the_same_recording(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(FORMS[name])
    cassette = load(path, lambda host: "notes" if host == "notes.example" else "")
    (exchange,) = cassette.recording.exchanges
    assert (cassette.recording.twin, cassette.recording.upstream) == ("notes", "https://notes.example")
    assert (exchange.method, exchange.path, exchange.status) == ("POST", "/v1/notes", 201)
    assert exchange.headers["content-type"] == JSON and "authorization" not in exchange.headers
    assert (exchange.body, exchange.reply) == ({"json": {"text": "recorded"}}, {"json": REPLY})


def test_a_cassette_is_replayed_against_a_twin(tmp_path: Path) -> None:
    row = {"method": "GET", "uri": f"{URL}/{REPLY['id']}", "headers": {}, "body": ""}
    reply = {"status": {"code": 200}, "headers": {"Content-Type": [JSON]}}
    made = json.loads(json.dumps({"http_interactions": [
        {"request": {**row, "method": "post", "uri": URL, "headers": reply["headers"], "body": {"string": SENT}},
         "response": {**reply, "status": {"code": 201}, "body": {"string": TEXT}}},
        {"request": row, "response": {**reply, "body": {"string": json.dumps({**REPLY, "text": "other"})}}},
        {"request": {**row, "uri": "https://elsewhere.example/"}, "response": {**reply, "body": {"string": "{}"}}},
    ]}))  # fmt: skip
    path = tmp_path / "run.json"
    path.write_text(json.dumps(made))
    cassette = load(path)
    assert cassette.elsewhere == 1
    with TwinServer(notes()) as server:
        twin = server.instance()
        replay = Replay(cassette.recording, twin.plane.wire, twin.url, twin.authorization, twin.plane.prefix)
        found = [(each.number, each.at, each.kind, each.recorded, each.twin) for each in replay.run()]
    assert found == [(2, "$.text", "value", "other", "recorded")]


def test_the_command_counts_what_agrees(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def row(method: str, path: str, status: int, reply: Any, sent: str = "") -> dict[str, Any]:
        headers = {"Content-Type": ["application/x-www-form-urlencoded"]}
        return {
            "request": {"method": method, "uri": f"https://api.stripe.com{path}", "headers": headers, "body": sent},
            "response": {"status": {"code": status}, "headers": {"Content-Type": [JSON]}, "body": json.dumps(reply)},
        }

    tax = {"id": "prod_old12345", "object": "product", "name": "Old"}
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_text(json.dumps({"interactions": [row("GET", "/v1/products/prod_old12345", 200, tax)]}))
    deleted = {"id": "cus_aaaaaaaa11", "object": "customer", "deleted": True}
    second.write_text(json.dumps({"interactions": [
        row("DELETE", "/v1/customers/cus_aaaaaaaa11", 200, deleted),
        row("GET", "/v1/prices/x", 200, {}),
    ]}))  # fmt: skip
    before = tmp_path / "before.yaml"
    before.write_text("product: [{id: prod_old12345, name: Old}]\ncustomer: [{id: cus_aaaaaaaa11}]\n")
    allowed = tmp_path / "known.yaml"
    allowed.write_text("- {kind: extra, because: of a later version}\n")
    code = _check(str(first), str(second), "--baseline", str(before), "--allow", str(allowed), "--summary")
    *differences, customers, prices, products, last = capsys.readouterr().out.splitlines()
    assert code == 1
    assert (customers, prices, products) == ("customers: 1 of 1 agree", "prices: 0 of 1 agree",
                                             "products: 1 of 1 agree")  # fmt: skip
    assert len(differences) == 1 and differences[0].startswith(f"{second}: 2. GET /v1/prices/x  status: status: 200 → ")
    assert last.startswith("3 exchanges, 1 differences, ")


def _check(*words: str) -> int:
    import argparse

    parser = argparse.ArgumentParser()
    check.add(parser.add_subparsers())
    return check.run(parser.parse_args(["check", *words]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "give a VCR cassette or a HAR file"),
        ("{}", "give a VCR cassette or a HAR file"),
        ('{"interactions": [{}]}', "KeyError: 'request'"),
        ("a: [", "while parsing"),
        ("{", "JSONDecodeError"),
    ],
)
def test_what_is_no_recording_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.yml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        load(path)
    assert message in str(caught.value) and str(path) in str(caught.value)


@pytest.mark.parametrize(("path", "word"), [("/v1/notes/1", "notes"), ("/api/v2/users", "users"), ("/", "/")])
def test_family(path: str, word: str) -> None:
    assert family(path) == word


def test_headers_of_the_client_stay_behind() -> None:
    headers = ("authorization", "user-agent", "x-stripe-client-user-agent", "x-stripe-client-telemetry", "host")
    assert not any(map(is_sent, headers))
    assert all(map(is_sent, ("stripe-account", "idempotency-key", "content-type", "stripe-version", "if-match")))
