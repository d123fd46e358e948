"""What services send is read whatever is in it, over HTTP only from who knows the secret, and wrong words are told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.factory.conftest import Project
from tests.factory.monitoring import ALERTS, BUGGY, desk, one, raw
from twinkit.cli import factory as cli
from twinkit.errors import UsageError
from twinkit.factory.incidents import capture, clean, payloads
from twinkit.factory.incidents.alert import Misuse, probe
from twinkit.factory.incidents.intake import Outcome, overridden
from twinkit.factory.incidents.listen import Server, address, authentic
from twinkit.factory.trackers.directory import DirectoryTracker

# payloads


def test_alertmanager_groups_are_one_alert_for_each_name() -> None:
    alert = one("alertmanager")
    assert (alert.title, alert.service, alert.priority, alert.status) == (
        "HighErrorRate",
        "hello",
        "critical",
        "firing",
    )
    assert alert.probe is not None and (alert.probe.method, alert.probe.path, alert.probe.seen) == (
        "GET",
        "/hello",
        500,
    )
    assert alert.aliases == ("alertmanager:1a30ba71cca2921f", "alertmanager:f0de0e8a1c9a6a31")
    assert round(alert.started) == 1772351547 and alert.ended == 0
    data = json.loads(raw("alertmanager"))
    data["alerts"][1]["labels"]["alertname"] = "DiskFull"
    data["groupKey"] = "{}:{}"
    found = payloads.read(json.dumps(data).encode())
    assert [each.title for each in found] == ["HighErrorRate", "DiskFull"] and found[0].id != found[1].id
    data["alerts"][0]["status"] = "resolved"
    assert [each.status for each in payloads.read(json.dumps(data).encode())] == ["resolved", "firing"]


def test_sentry() -> None:
    alert = one("sentry")
    assert (alert.key, alert.service, alert.priority) == ("sentry:issue:1117540176", "hello", "high")
    assert alert.evidence["exception"][0]["frames"] == ["app.py:7 in greet"]
    assert alert.probe is not None and alert.probe.path == "/greetings?from=person@example.com"
    assert alert.probe.body == {
        "nmae": "Ada", "email": "person@example.com", "card": "4242424242424242", "token": "secret",
    }  # fmt: skip
    gone = one("sentry_resolved")
    assert gone.key == alert.key and gone.status == "resolved"
    metric = one("sentry_metric")
    assert (metric.title, metric.priority, metric.key) == ("Too many errors", "critical", "sentry:metric:7")
    assert one("sentry_metric", action="resolved").status == "resolved"
    assert payloads.read(json.dumps({**json.loads(raw("sentry_resolved")), "action": "assigned"}).encode()) == []
    assert payloads.read(b'{"action": "created", "installation": {}, "data": {}}', "installation") == []


def test_own_json() -> None:
    alert = one("own")
    assert alert.probe == probe("POST", "/greetings", {"name": ""}, 500, 422) and alert.priority == "high"
    assert one("own", status="ok").status == "resolved"
    for path in ("/users/:id", "/users/{id}", "users", "/a b", "/`x`", "/" + "x" * 500):
        assert probe("GET", path) is None, path


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\xfe\x00", "no text in UTF-8"),
        (b"{", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b'"x"', "not an object"),
        (b"[]", "one to 100 alerts"),
        (b"{}", "give it a `title`"),
        (b'{"title": "\\u202e\\u0000"}', "give it a `title`"),
        (b'{"title": "x", "status": "maybe"}', "say firing or resolved"),
        (b'{"alerts": []}', "holds no alerts"),
        (b'{"alerts": [1], "version": "4"}', "not an object"),
        (b'{"alerts": [{}], "version": "3"}', "only version 4"),
        (b'{"action": "x", "data": {"event": {}}}', "no issue_id"),
        (b'{"action": "odd", "data": {"metric_alert": {}}}', "not critical, warning or resolved"),
        (b" " * (payloads.MAX_BYTES + 1), "larger than 1024 KiB"),
    ],
)
def test_what_is_no_alert_is_told(content: bytes, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        payloads.read(content)


@pytest.mark.parametrize("path", sorted(ALERTS.glob("*.json")), ids=lambda path: path.stem)
def test_any_part_may_be_missing_or_of_another_kind(path: Path) -> None:
    """Only UsageError, whatever a payload holds in any of its places."""

    def places(node: Any) -> Iterator[tuple[Any, Any]]:
        items = list(node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ())
        for key, inner in items:
            yield node, key
            yield from places(inner)

    count = len(list(places(json.loads(path.read_bytes()))))
    for number in range(count):
        for wrong in (None, 7, [], {}, [[1]], "1" * 5000):
            data = json.loads(path.read_bytes())
            node, key = list(places(data))[number]
            node[key] = wrong
            try:
                found = payloads.read(json.dumps(data).encode())
            except UsageError:
                continue
            assert all(each.id and each.title for each in found)


def test_what_a_capture_shows(tmp_path: Path) -> None:
    def row(method: str, path: str, status: int, **more: Any) -> dict[str, Any]:
        return {"method": method, "path": path, "query": "", "status": status, "request": "{}", **more}

    rows = [
        row("POST", "/v1/charges", 200, key="a"), row("POST", "/v1/charges", 200, key="a"),
        row("POST", "/v1/refunds", 200, changes=[]), row("POST", "/v1/refunds", 200, changes=[["refund"]]),
        row("GET", "/v1/customers/cus_NffrFeUfNV2Hib", 404), row("GET", "/v1/x", 429),
        row("POST", "/v1/y", 402, fault="card"),
        row("TRACE", "/v1/x", 400), row("GET", "/a b`\n", 400),
    ]  # fmt: skip
    assert capture.misuses("stripe", rows) == (Misuse("stripe", "GET", "/v1/customers/*", status=404),)
    path = tmp_path / "odd.json"
    for content, told in (("{}", "no capture"), ('{"exchanges": []}', "nothing is wrong"), ("[1]", "no capture")):
        path.write_text(content)
        with pytest.raises(UsageError, match=told):
            capture.attach(None, path, "", None, "")
    with pytest.raises(UsageError, match="cannot read"):
        capture.load(tmp_path / "none.json")
    head = {"twinkit": "recording", "version": 1, "twin": "stripe", "upstream": "https://api.stripe.com"}
    body = {"json": {"email": "ada@example.com"}}
    line = {"method": "POST", "path": "/v1/customers", "query": "", "headers": {}, "body": body, "status": 400,
            "reply_headers": {}, "reply": {"json": {"error": {"code": "email_invalid"}}}}  # fmt: skip
    path.write_text("\n".join(json.dumps(each) for each in (head, line)))
    alert = capture.attach(one("alertmanager"), path, "", None, "")
    assert alert.misuses == (Misuse("stripe", "POST", "/v1/customers", status=400),)
    assert "email_invalid" in str(alert.evidence["capture"]) and "ada@" not in str(alert.evidence)


def test_redaction() -> None:
    assert clean.redact("order 1234567890123 paid") == "order 1234567890123 paid", "no card: its last digit is wrong"
    assert clean.data({"Set-Cookie": "a=b", "api_key": "x", "n": 4242424242424242}) == {
        "Set-Cookie": "[secret]", "api_key": "[secret]", "n": "[card]",
    }  # fmt: skip
    assert clean.line("x" * 1000).endswith("(1000 characters)") and clean.plain("**a** `b` [c](d)") == "a b c (d)"
    assert clean.redact("user=ada%40example.com&token=abcdef") == "user=[e-mail]&token=[secret]"


# over HTTP


@contextmanager
def served(
    project: Project, secret: str = "", tracker: Any = None, **changes: Any
) -> Iterator[tuple[httpx.Client, Server, list[str]]]:
    told: list[str] = []
    server = Server(("127.0.0.1", 0), desk(project, **changes), secret, told.append, project.executor, tracker)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    with server, httpx.Client(base_url=f"http://127.0.0.1:{server.server_address[1]}") as client:
        yield client, server, told
        server.shutdown()


def test_alerts_by_post(project: Project) -> None:
    project.commit({"app.py": BUGGY})
    tracker = DirectoryTracker(project.repo / "tickets")
    with served(project, tracker=tracker) as (client, server, told):
        reply = client.post("/anywhere", content=raw("own"))
        assert reply.status_code == 202 and reply.json()["incidents"][0]["what"] == "new"
        server.todo.join()
        assert any("a holdout from now on" in line for line in told)
        assert any("reported to directory as bug-0001" in line for line in told) and len(tracker.ready()) == 1
        assert client.post("/", content=raw("own")).json()["incidents"][0]["what"] == "again"
        assert client.get("/").status_code == 405 and client.post("/", content=b"{").status_code == 400
        assert client.post("/", content=b" " * (payloads.MAX_BYTES + 1)).status_code == 413
        assert client.post("/", content=iter([b"{}"])).status_code == 411
        hook = {"Sentry-Hook-Resource": "installation"}
        assert client.post("/", content=b'{"action": "created", "data": {}}', headers=hook).json() == {"incidents": []}


def test_who_may_send(project: Project) -> None:
    secret, body = "s3cret-of-the-integration", raw("sentry")
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    basic = base64.b64encode(f"alertmanager:{secret}".encode()).decode()
    good = [
        {"Sentry-Hook-Signature": signature, "Sentry-Hook-Resource": "event_alert"},
        {"Authorization": f"Bearer {secret}"}, {"Authorization": f"Basic {basic}"},
        {"X-Hub-Signature-256": f"sha256={signature}"},
    ]  # fmt: skip
    bad = [
        {}, {"Sentry-Hook-Signature": signature[:-1] + "x"}, {"Authorization": "Bearer "}, {"Authorization": "Basic é"},
        {"Sentry-Hook-Signature": "", "Authorization": f"Bearer {secret}"}, {"X-Hub-Signature-256": signature},
    ]  # fmt: skip
    assert all(authentic(headers, body, secret) for headers in good)
    assert not any(authentic(headers, body, secret) for headers in bad)
    assert not authentic(good[0], body + b" ", secret)
    with served(project, secret, vault=None) as (client, _, _told):
        assert client.post("/", content=body).status_code == 401 and not (project.repo / "specs" / "bugs").exists()
        assert client.post("/", content=body, headers=good[0]).status_code == 202
    assert address("127.0.0.1:0", "") == ("127.0.0.1", 0) and address("[::1]:80", "") == ("::1", 80)
    for text, told in (("0.0.0.0:1", "others reach"), ("80", "no address"), ("x:99999", "no address")):
        with pytest.raises(UsageError, match=told):
            address(text, "")


# the command


def test_the_command(project: Project, capsys: Any, monkeypatch: Any, tmp_path: Path) -> None:
    where = ["--project", str(project.repo), "--state", str(project.state)]

    def go(*words: str) -> tuple[int, str]:
        code = cli.main(["incident", *words, *where])
        return code, "".join(capsys.readouterr())

    monkeypatch.delenv("FACTORY_VAULT", raising=False)
    assert go(str(ALERTS / "own.json")) == (0, go_line(project, 1))
    for said in ("reported to directory as bug-0001", "nothing new for the tracker"):
        code, told = go(str(ALERTS / "sentry.json"), "--report")
        assert code == 0 and said in told and (project.repo / "tickets" / "bug-0001.md").exists()
    monkeypatch.setattr("sys.stdin", type("Stdin", (), {"buffer": io.BytesIO(raw("own"))}))
    assert go("-") == (0, go_line(project, 2).replace("new", "again"))
    code, told = go(
        str(ALERTS / "sentry_metric.json"), "--request", "PUT /x?y=1", "--body", '{"a": 1}', "--expect", "204"
    )
    assert code == 0 and "new: specs/bugs/" in told
    for words, told in (
        ((), "name the alert's file"),
        ((str(tmp_path / "none"),), "cannot read"),
        ((str(ALERTS / "own.json"), "--body", "{"), "--body is no JSON"),
        ((str(ALERTS / "sentry_metric.json"), "--expect", "200"), "say which request"),
        ((str(ALERTS / "own.json"), "--request", "FETCH x"), "is no request"),
        ((str(ALERTS / "own.json"), "--vault", str(project.repo)), "is no vault"),
        (("--prove", "bug-x"), "there is no incident"),
        (("--listen", "0.0.0.0:0"), "put a secret"),
        (("--listen", "127.0.0.1:0", "--secret-variable", "NOT_THERE"), "is empty"),
    ):
        code, shown = go(*words)
        assert code == 2 and told in shown, (words, shown)
    with pytest.raises(SystemExit):
        go("x", "--expect", "999")


def go_line(project: Project, count: int) -> str:
    (path,) = (project.repo / "specs" / "bugs").glob("*greeting*")
    return f"new: specs/bugs/{path.name} (high, seen {count} times, open)\n"


def test_the_operator_knows_better() -> None:
    alert = overridden(one("sentry_metric"), "Shop Front", "POST /pay", {"a": 1}, 200)
    assert alert.service == "shop-front" and alert.probe == probe("POST", "/pay", {"a": 1}, 500, 200)
    kept = overridden(one("own"), expect=400)
    assert kept.probe is not None and kept.probe.wanted == 400 and kept.probe.body == {"name": ""}
    assert isinstance(Outcome("new").notes, list)
