"""Faults and deliveries of a running twin: over its API, by header, by profile, by the control plane."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.twinkit.notes import notes
from tests.twinkit.webhooks.receiving import Inbox
from twinkit.cli.twin import main
from twinkit.errors import TwinkitError
from twinkit.testing import Twin, TwinServer

POST = {"text": "hello"}


@pytest.fixture(scope="module")
def server() -> Iterator[TwinServer]:
    with TwinServer(notes()) as running:
        yield running


@pytest.fixture
def twin(server: TwinServer) -> Iterator[Twin]:
    made = server.instance(clock="fixed")
    yield made
    server.remove(made)


@pytest.fixture
def http(twin: Twin) -> Iterator[httpx.Client]:
    """A client over a real socket."""
    with httpx.Client(base_url=twin.url, headers={"authorization": "Bearer key_test"}, timeout=10) as client:
        yield client


def control(http: httpx.Client, method: str, path: str, data: Any = None) -> Any:
    reply = http.request(method, f"/_twin/{path}", json=data)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_a_named_error_by_header(http: httpx.Client, twin: Twin) -> None:
    reply = http.post("/notes", json=POST, headers={"Twin-Fault": "conflict"})
    assert reply.status_code == 409
    assert reply.json()["error"]["type"] == "conflict"
    assert reply.headers["twin-fault"] == "error conflict"
    assert twin.records("note") == []
    assert control(http, "GET", "exchanges")["exchanges"][0]["fault"] == "error conflict"


@pytest.mark.parametrize(("header", "word"), [("conflikt", "conflict"), ("network=rset", "reset"), ("{", "JSON")])
def test_a_wrong_header_is_explained(http: httpx.Client, header: str, word: str) -> None:
    reply = http.post("/notes", json=POST, headers={"Twin-Fault": header})
    assert reply.status_code == 400
    assert word in reply.text


def test_a_reply_of_ones_own(http: httpx.Client) -> None:
    fault = {"status": 502, "headers": {"content-type": "text/html", "x-a": "1"}, "body": "<h1>Bad Gateway</h1>"}
    reply = http.get("/notes", headers={"Twin-Fault": json.dumps(fault)})
    assert (reply.status_code, reply.text, reply.headers["x-a"]) == (502, "<h1>Bad Gateway</h1>", "1")
    assert reply.headers["content-type"] == "text/html"


@pytest.mark.parametrize(("at", "kept"), [("before", 0), ("after_commit", 1)])
@pytest.mark.parametrize("network", ["reset", "empty", "truncated", "cut", "garbage"])
def test_network_faults_before_and_after_the_commit(
    http: httpx.Client, twin: Twin, network: str, at: str, kept: int
) -> None:
    with pytest.raises(httpx.TransportError):
        http.post("/notes", json=POST, headers={"Twin-Fault": f"network={network}; at={at}"})
    assert len(twin.records("note")) == kept
    (exchange,) = control(http, "GET", "exchanges")["exchanges"]
    assert exchange["fault"].startswith(f"network {network}")


def test_an_error_although_committed(http: httpx.Client, twin: Twin) -> None:
    reply = http.post("/notes", json=POST, headers={"Twin-Fault": "error=internal; at=after_commit"})
    assert reply.status_code == 500
    assert len(twin.records("note")) == 1


def test_malformed_json(http: httpx.Client) -> None:
    reply = http.post("/notes", json=POST, headers={"Twin-Fault": "network=malformed"})
    assert reply.is_success
    assert reply.headers["twin-fault"] == "network malformed after the commit"
    with pytest.raises(json.JSONDecodeError):
        reply.json()


def test_latency_lets_others_pass(http: httpx.Client, twin: Twin) -> None:
    start = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        http.get("/notes", headers={"Twin-Fault": "latency=1h"}, timeout=0.1)
    assert http.get("/notes").is_success
    assert time.monotonic() - start < 5


def test_fail_twice_then_succeed(http: httpx.Client, twin: Twin) -> None:
    rule = {"when": {"operation": "createNote", "calls": [1, 2]}, "then": {"error": "unavailable"}}
    control(http, "POST", "faults", {"profile": "mine", "rules": [rule]})
    assert [http.post("/notes", json=POST).status_code for _ in range(3)] == [503, 503, 201]
    told = control(http, "GET", "faults")
    assert told["rules"][0]["fired"] == 2
    assert told["fired"] == {"error unavailable": 2}
    control(http, "POST", "reset")
    assert http.post("/notes", json=POST).status_code == 503
    control(http, "DELETE", "faults")
    assert http.post("/notes", json=POST).status_code == 201


def test_a_rule_that_looks_at_request_and_state(http: httpx.Client) -> None:
    note = http.post("/notes", json=POST).json()
    when = {"state": {"resource": "note", "id": "id", "field": "text", "predicate": "hello"}}
    control(http, "POST", "faults", {"then": {"error": "conflict"}, "when": when})
    assert http.get(f"/notes/{note['id']}").status_code == 409
    assert http.get("/notes").status_code == 200


def test_mistakes_over_the_control_plane(http: httpx.Client) -> None:
    for data, word in (
        ({"rules": [{"then": {"eror": "x"}}]}, "did you mean 'error'"),
        ({"rules": [{"then": {"error": "conflct"}}]}, "did you mean 'conflict'"),
        ({"profile": "flakey"}, "did you mean 'flaky'"),
        ({"profile": "/etc/passwd"}, "no failure profile"),
    ):
        reply = http.post("/_twin/faults", json=data)
        assert reply.status_code == 400
        assert word in reply.json()["error"]


def test_an_outage_ends_on_the_clock(http: httpx.Client) -> None:
    control(http, "POST", "faults", {"profile": "outage"})
    with pytest.raises(httpx.ReadError):
        http.get("/notes")
    control(http, "POST", "clock/advance", {"seconds": 45})
    assert http.get("/notes").status_code == 503
    control(http, "POST", "clock/advance", {"minutes": 2})
    assert http.get("/notes").status_code == 200


def test_rate_limits_and_the_report_on_clients(http: httpx.Client) -> None:
    control(http, "POST", "faults", {"then": {"rate_limit": {"limit": 2, "per": "10s"}}})
    assert [http.get("/notes").status_code for _ in range(9)] == [200, 200] + [429] * 7
    (row,) = control(http, "GET", "faults")["conduct"]
    assert (row["verdict"], row["refused"]) == ("never", 7)
    control(http, "POST", "clock/advance", {"seconds": 10})
    assert http.get("/notes").status_code == 200


def test_the_same_seed_gives_the_same_faults_whatever_else_is_called(server: TwinServer) -> None:
    def statuses(noise: int) -> list[int]:
        twin = server.instance(clock="fixed", seed=11)
        rule = {"when": {"probability": 0.5}, "then": {"error": "unavailable"}}
        twin.failures({"profile": "half", "rules": [rule]})
        found = []
        with httpx.Client(base_url=twin.url, headers={"authorization": "Bearer key_test"}) as http:
            for _ in range(30):
                for _ in range(noise):
                    http.get("/notes")
                found.append(http.post("/notes", json=POST).status_code)
        server.remove(twin)
        return found

    calm = statuses(0)
    assert calm == statuses(0) == statuses(2)
    assert {201, 503} == set(calm)


def test_faults_never_change_ids(server: TwinServer) -> None:
    def ids(*rules: dict[str, Any]) -> list[str]:
        twin = server.instance(clock="fixed", seed=11)
        twin.failures({"profile": "x", "rules": list(rules)})
        for _ in range(5):
            twin.client.post("/notes", json=POST)
        found = [note.id for note in twin.records("note")]
        server.remove(twin)
        return found

    calm = ids()
    assert len(calm) == 5
    assert ids({"when": {"every": 2}, "then": {"error": "unavailable"}}) == calm[:3]


def test_deliveries_over_the_control_plane(http: httpx.Client) -> None:
    with Inbox(lambda got, times: 500 if times == 1 else 200) as inbox:
        control(http, "POST", "receivers", {"url": inbox.url, "secret": "whsec", "events": ["note.*"]})
        http.post("/notes", json=POST)
        assert control(http, "POST", "idle?timeout=10")["idle"] is True
        row, further = control(http, "GET", "deliveries")["deliveries"]
        assert (row["status"], row["response_status"], row["attempt"]) == ("failed", 500, 1)
        assert (further["status"], further["attempt"]) == ("pending", 2)
        done = control(http, "POST", "clock/advance", {"hours": 2})
        assert [(each["status"], each["attempt"]) for each in done["deliveries"]] == [("delivered", 2)]
        event = control(http, "GET", "events")["events"][0]
        control(http, "POST", "redeliver", {"event": event["id"]})
        control(http, "POST", "idle?timeout=10")
        assert len(inbox.got) == 3
        assert inbox.got[0].headers["notes-signature"].startswith("t=")


def test_a_slow_receiver_never_slows_the_api(http: httpx.Client) -> None:
    with Inbox(lambda got, times: time.sleep(0.3) or 200) as inbox:  # type: ignore[func-returns-value]
        control(http, "POST", "receivers", {"url": inbox.url})
        start = time.monotonic()
        for _ in range(10):
            assert http.post("/notes", json=POST).is_success
        assert time.monotonic() - start < 2
        assert control(http, "POST", "idle?timeout=20")["idle"] is True
        assert len(inbox.got) == 10


def test_webhook_faults_by_profile(http: httpx.Client) -> None:
    with Inbox() as inbox:
        control(http, "POST", "receivers", {"url": inbox.url})
        control(http, "POST", "faults", {"profile": "shuffled-webhooks"})
        for _ in range(20):
            http.post("/notes", json=POST)
        control(http, "POST", "clock/advance", {"seconds": 30})
        order = [json.loads(body)["data"] for body in inbox.bodies]
        assert len(order) > 20
        sent = [event["data"] for event in control(http, "GET", "events")["events"]]
        assert all(each in order for each in sent)
        assert order != sent


def test_forks_keep_faults_but_not_deliveries(http: httpx.Client, twin: Twin) -> None:
    with Inbox() as inbox:
        control(http, "POST", "receivers", {"url": inbox.url})
        delay = {"when": {"event": "*"}, "then": {"delivery": {"delay": "1h"}}}
        control(http, "POST", "faults", {"profile": "late", "rules": [delay]})
        http.post("/notes", json=POST)
        made = control(http, "POST", "fork", {"name": f"{twin.url[-6:].strip('/')}-fork"})
        with httpx.Client(base_url=made["url"]) as copy:
            assert control(copy, "GET", "faults")["rules"][0]["profile"] == "late"
            assert [row["status"] for row in control(copy, "GET", "deliveries")["deliveries"]] == ["cancelled"]
            control(copy, "POST", "clock/advance", {"hours": 2})
        assert inbox.got == []
        control(http, "POST", "clock/advance", {"hours": 2})
        assert len(inbox.got) == 1


def test_the_command_shows_faults_and_conduct(
    http: httpx.Client, twin: Twin, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["faults", twin.url]) == 0
    assert capsys.readouterr().out == "no rule\nno fault met\nno client refused\n"
    control(http, "POST", "faults", {"name": "few", "then": {"rate_limit": {"limit": 1, "per": "1h"}}})
    for _ in range(3):
        http.get("/notes")
    assert main(["faults", twin.url]) == 0
    out = capsys.readouterr().out
    assert "too early" in out
    assert "few" in out
    assert main(["faults", twin.url, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["conduct"][0]["refused"] == 2
    assert main(["faults", "http://127.0.0.1:9"]) == 2
    assert capsys.readouterr().err.endswith("Connection refused\n")
    assert main(["faults", "nowhere"]) == 2
    assert "such as http://127.0.0.1:4010, not 'nowhere'" in capsys.readouterr().err


def test_a_receiver_that_fails_for_good_is_disabled(server: TwinServer) -> None:
    notes_twin = notes()
    schedule = {"retries": [], "disable_after": 2}
    with Inbox(lambda got, times: 500) as inbox:
        kept = notes_twin.compiled.webhooks
        notes_twin.compiled.webhooks = {**kept, "schedule": schedule}
        try:
            made = server.instance(clock="fixed")
            made.client.post("/_twin/receivers", json={"url": inbox.url})
            for _ in range(4):
                made.client.post("/notes", json=POST)
                made.client.post("/_twin/idle")
            assert len(inbox.got) == 2
            server.remove(made)
        finally:
            notes_twin.compiled.webhooks = kept


def test_an_unknown_error_in_a_profile_fails_at_once(twin: Twin) -> None:
    with pytest.raises(TwinkitError, match="did you mean 'conflict'"):
        twin.failures({"profile": "x", "rules": [{"then": {"error": "conflikt"}}]})
