"""The control plane: time, state, copies, its own document, its token, and what it says to mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import Served, serving

NOTES = Path(__file__).with_name("notes.json")


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    """A server of the notes document."""
    with serving("--openapi", str(NOTES), "--seed", "7", "--clock", "fixed:2026-01-01T00:00:00Z") as served:
        yield served["notes"]


@pytest.fixture
def notes(server: Served) -> Iterator[Served]:
    """A private instance."""
    with server.private() as instance:
        yield instance


def test_the_clock_moves_when_told(notes: Served) -> None:
    assert notes.control("GET", "clock") == {"mode": "fixed", "now": 1767225600, "iso": "2026-01-01T00:00:00Z"}
    first = notes.client.post("/v1/notes", json={"title": "a"}).json()
    assert first["created_at"] == "2026-01-01T00:00:00Z"
    assert notes.control("POST", "clock/advance", days=1, hours=1)["now"] == 1767225600 + 90_000
    assert notes.client.post("/v1/notes", json={"title": "b"}).json()["created_at"] == "2026-01-02T01:00:00Z"
    notes.control("POST", "clock", now="2026-03-01T00:00:00Z")
    assert notes.control("GET", "clock")["iso"] == "2026-03-01T00:00:00Z"
    notes.control("POST", "reset")
    assert notes.control("GET", "clock")["iso"] == "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("path", "data", "told"),
    [
        ("clock/advance", {"day": 1}, "did you mean 'days'"),
        ("clock/advance", {"days": -1}, "at least 0"),
        ("clock/advance", {"days": "1"}, "number"),
        ("clock/advance", {"to": "2025-01-01"}, "time only moves on"),
        ("clock", {"now": "soon"}, "2026-11-01T00:00:00Z"),
        ("clock", {"receivers_ahead": "1"}, "number of seconds"),
        ("baseline", {"Note": [{}]}, "did you mean 'note'"),
        ("restore", {"name": "never"}, "no snapshot 'never'"),
        ("do/dance", {}, "no control 'dance'"),
        ("redeliver", {"event": "evt_none"}, "evt_none"),
        ("faults", {"profile": "flakey"}, "flaky"),
    ],
)
def test_mistakes_are_told(notes: Served, path: str, data: dict[str, Any], told: str) -> None:
    reply = notes.client.post(f"/_twin/{path}", json=data)
    assert reply.status_code in (400, 404)
    assert told in reply.json()["error"]


@pytest.mark.parametrize(
    ("method", "path", "status", "told"),
    [
        ("GET", "exchanges?limit=-1", 400, "limit must be an integer of at least 0, not '-1'"),
        ("GET", "events?after=99999999999999999999", 400, "after must be an integer"),
        ("POST", "idle?timeout=nan", 400, "timeout must be a number of seconds"),
        ("POST", "idle?timeout=soon", 400, "not 'soon'"),
        ("PUT", "reset", 405, "/_twin/reset takes POST, not PUT"),
        ("GET", "rest", 404, "there is no /_twin/rest"),
    ],
)
def test_mistakes_in_the_address_are_told(notes: Served, method: str, path: str, status: int, told: str) -> None:
    reply = notes.client.request(method, f"/_twin/{path}")
    assert reply.status_code == status
    assert told in reply.json()["error"]
    assert (status == 405) == ("allow" in reply.headers)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example:4010"}, 403),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, 403),
        ({"Host": "[oops"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Origin": "http://localhost:3000"}, 200),
        ({"Origin": "http://app.localhost"}, 200),
        ({"Host": "stripe:4010", "Origin": "http://stripe:4010"}, 200),
        ({"Host": "twins.test"}, 200),
        ({"Host": "[::1]:4010"}, 200),
    ],
    ids=repr,
)
def test_pages_of_other_sites_are_kept_from_the_control_plane(
    notes: Served, headers: dict[str, str], status: int
) -> None:
    notes.control("POST", "state/note", title="kept")
    assert notes.client.post("/_twin/reset", headers=headers).status_code == status
    assert notes.control("GET", "state")["resources"] == ({} if status == 200 else {"note": 1})


def test_a_public_url_names_a_host_that_the_control_plane_answers_to() -> None:
    with serving("--openapi", str(NOTES), "--public-url", "https://notes.example.com") as served:
        url = f"http://127.0.0.1:{served['notes'].ready['port']}/_twin/info"
        assert httpx.get(url, headers={"Host": "notes.example.com"}).status_code == 200
        refused = httpx.get(url, headers={"Host": "example.com"})
        assert refused.status_code == 403 and "--public-url" in refused.json()["error"]


def test_records_can_be_looked_at_and_laid(notes: Served) -> None:
    assert notes.control("POST", "baseline", note=[{"title": "kept"}])["records"] == 1
    made = notes.control("POST", "state/note", title="added")
    assert notes.control("GET", "state")["resources"] == {"note": 2}
    assert notes.control("GET", f"state/note/{made['id']}") == made
    assert [each["title"] for each in notes.control("GET", "state/note?title=added")["records"]] == ["added"]
    notes.control("POST", "reset")
    assert [each["title"] for each in notes.client.get("/v1/notes").json()["items"]] == ["kept"]


def test_changes_since_a_mark(notes: Served) -> None:
    notes.client.post("/v1/notes", json={"title": "a"})
    mark = notes.control("GET", "changes")["mark"]
    made = notes.client.post("/v1/notes", json={"title": "b"}).json()
    notes.client.patch(f"/v1/notes/{made['id']}", json={"title": "c"})
    notes.client.delete(f"/v1/notes/{made['id']}")
    changes = notes.control("GET", f"changes?since={mark}")["changes"]
    assert [(each["action"], each["id"]) for each in changes] == [
        ("insert", made["id"]),
        ("update", made["id"]),
        ("delete", made["id"]),
    ]


def test_it_describes_itself(notes: Served) -> None:
    document = notes.control("GET", "openapi")
    assert document["openapi"] == "3.1.0"
    assert {"/_twin/health", "/_twin/clock/advance", "/_twin/state/{resource}/{id}"} <= set(document["paths"])
    assert all(operation["summary"] for path in document["paths"].values() for operation in path.values())
    assert notes.client.get("/_twin/nothing").status_code == 404
    assert "/_twin" in notes.client.get("/_twin/nothing").json()["error"]
    page = notes.client.get("/_twin/ui")
    assert page.headers["content-type"].startswith("text/html")
    assert "exchanges" in page.text


def test_a_token_guards_all_but_health() -> None:
    with serving("--openapi", str(NOTES), "--control-token", "secret") as served:
        client = served["notes"].client
        assert client.get("/_twin/health").json()["status"] == "ok"
        assert client.get("/_twin/info").status_code == 401
        assert client.get("/_twin/info", headers={"Twin-Control-Token": "secret"}).json()["twin"] == "notes"
        assert client.get("/_twin/info", headers={"Authorization": "Bearer secret"}).status_code == 200
        assert client.get("/v1/notes").status_code == 200


def test_the_token_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_CONTROL_TOKEN", "secret")
    with serving("--openapi", str(NOTES)) as served:
        assert served["notes"].client.get("/_twin/info").status_code == 401
        page = {"Twin-Control-Token": "secret", "Origin": "http://dashboard.example.com"}
        assert served["notes"].client.get("/_twin/info", headers=page).status_code == 200


def test_a_body_over_the_limit_is_refused(notes: Served) -> None:
    reply = notes.client.post(
        "/v1/notes", content=b"x" * (17 * 1024 * 1024), headers={"content-type": "application/json"}
    )
    assert reply.status_code == 413
    assert notes.client.get("/v1/notes").json()["items"] == []


def test_deep_nesting_is_refused(notes: Served) -> None:
    deep = b'{"title": ' + b"[" * 5000 + b"]" * 5000 + b"}"
    reply = notes.client.post("/v1/notes", content=deep, headers={"content-type": "application/json"})
    assert 400 <= reply.status_code < 500


def test_a_header_stays_on_one_line(notes: Served) -> None:
    reply = notes.client.get("/v1/notes/a%0d%0aX-Evil:%201")
    assert reply.status_code == 404
    assert "x-evil" not in reply.headers
