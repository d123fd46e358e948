"""What the Okta twin provisions to an application's SCIM server, which here is a small one under test."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import pytest

from tests.twins.okta_org import Org, org, server

__all__ = ["org", "server"]
BOB, CAROL = "00uTwinkitBob0000002", "00uTwinkitCarol00003"


class Scim:
    """A SCIM server in memory that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.rows: dict[str, dict[str, dict[str, Any]]] = {"Users": {}, "Groups": {}}
        self.tokens: set[str] = set()
        self.broken = False
        scim = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                scim.asked.append((self.command, unquote(self.path)))
                scim.tokens.add(self.headers.get("authorization", ""))
                status, found = (500, {}) if scim.broken else scim.take(self.command, unquote(self.path), body)
                data = json.dumps(found).encode()
                self.send_response(status)
                self.send_header("content-type", "application/scim+json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, *_: Any) -> None:
                return None

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/scim/v2"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def take(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Do as SCIM says."""
        kind, _, id = path.removeprefix("/scim/v2/").partition("?")[0].partition("/")
        rows = self.rows[kind]
        if method == "POST":
            made = {**body, "id": f"{kind[0].lower()}{len(rows) + 1}"}
            rows[made["id"]] = made
            return 201, made
        if not id:
            wanted = re.search(r'(\w+) eq "(.*?)"', path)
            assert wanted
            found = [row for row in rows.values() if row.get(wanted[1]) == wanted[2]]
            return 200, {"totalResults": len(found), "Resources": found}
        if id not in rows:
            return 404, {}
        if method == "PUT":
            rows[id] = body
        if method == "PATCH":
            for each in body["Operations"]:
                value = each["value"]
                rows[id] |= {each["path"]: value} if each.get("path") else value
        return 200, rows.pop(id) if method == "DELETE" else rows[id]


@pytest.fixture
def scim() -> Iterator[Scim]:
    """A SCIM server for one test."""
    made = Scim()
    yield made
    made.http.shutdown()
    made.http.server_close()


def provisioned(org: Org, scim: Scim) -> str:
    """The id of an application that provisions to the server."""
    body = {"name": "bookmark", "label": "Scim", "signOnMode": "BOOKMARK", "settings": {"app": {"url": "https://x/"}}}
    app = str(org.ask("POST", "/api/v1/apps", body)["id"])
    given = {"profile": {"authScheme": "TOKEN", "token": "t0k"}, "baseUrl": scim.url}
    assert org.http.post(f"/api/v1/apps/{app}/connections/default?activate=true", json=given).status_code < 300
    return app


def test_a_new_user_is_looked_up_then_made_and_an_existing_one_is_linked(org: Org, scim: Scim) -> None:
    scim.rows["Users"]["u9"] = {"id": "u9", "userName": "carol.chen@example.com", "active": False}
    app = provisioned(org, scim)
    org.ask("POST", f"/api/v1/apps/{app}/users", {"id": BOB})
    assert [method for method, _ in scim.asked] == ["GET", "POST"]
    assert scim.asked[0][1].startswith('/scim/v2/Users?filter=userName eq "bob.baker@example.com"')
    assert scim.tokens == {"Bearer t0k"}
    row = org.ask("GET", f"/api/v1/apps/{app}/users/{BOB}")
    assert (row["externalId"], row["syncState"], row["status"]) == ("u2", "SYNCHRONIZED", "PROVISIONED")
    org.ask("POST", f"/api/v1/apps/{app}/users", {"id": CAROL})
    assert org.ask("GET", f"/api/v1/apps/{app}/users/{CAROL}")["externalId"] == "u9"
    assert scim.rows["Users"]["u9"]["active"] is True
    assert set(scim.rows["Users"]) == {"u2", "u9"}


def test_changes_are_put_and_who_leaves_becomes_inactive(org: Org, scim: Scim) -> None:
    app = provisioned(org, scim)
    org.ask("POST", f"/api/v1/apps/{app}/users", {"id": BOB})
    org.ask("POST", f"/api/v1/users/{BOB}", {"profile": {"firstName": "Robert"}})
    assert scim.rows["Users"]["u1"]["name"]["givenName"] == "Robert"
    org.ask("DELETE", f"/api/v1/apps/{app}/users/{BOB}", status=204)
    assert scim.rows["Users"]["u1"]["active"] is False
    assert scim.asked[-1] == ("PATCH", "/scim/v2/Users/u1")
    org.ask("POST", f"/api/v1/apps/{app}/users", {"id": BOB})
    assert scim.rows["Users"]["u1"]["active"] is True
    org.ask("POST", f"/api/v1/users/{BOB}/lifecycle/deactivate")
    assert scim.rows["Users"]["u1"]["active"] is False
    assert "DELETE" not in {method for method, _ in scim.asked}


def test_what_fails_is_noted_and_retried_with_the_next_change(org: Org, scim: Scim) -> None:
    app = provisioned(org, scim)
    scim.broken = True
    org.ask("POST", f"/api/v1/apps/{app}/users", {"id": BOB})
    row = org.ask("GET", f"/api/v1/apps/{app}/users/{BOB}")
    assert (row["syncState"], row["externalId"]) == ("ERROR", None)
    event = org.ask("GET", '/api/v1/logs?filter=eventType eq "application.provision.user.push"')[0]
    assert event["outcome"]["result"] == "FAILURE"
    scim.broken = False
    org.ask("POST", f"/api/v1/apps/{app}/users/{BOB}", {"profile": {"title": "Baker"}})
    assert org.ask("GET", f"/api/v1/apps/{app}/users/{BOB}")["syncState"] == "SYNCHRONIZED"


def test_a_group_is_pushed_with_its_members(org: Org, scim: Scim) -> None:
    app = provisioned(org, scim)
    group = org.ask("POST", "/api/v1/groups", {"profile": {"name": "Bakers"}})["id"]
    for user in (BOB, CAROL):
        org.ask("POST", f"/api/v1/apps/{app}/users", {"id": user})
    org.ask("PUT", f"/api/v1/groups/{group}/users/{BOB}", status=204)
    base = f"/api/v1/apps/{app}/group-push/mappings"
    body = {"sourceGroupId": group, "targetGroupName": "Bakers", "status": "ACTIVE"}
    made = org.ask("POST", base, body, status=201)
    assert made["status"] == "ACTIVE"
    assert org.refused("POST", base, body)[:2] == (409, "E0000055")
    pushed = scim.rows["Groups"]["g1"]
    assert (pushed["displayName"], [each["value"] for each in pushed["members"]]) == ("Bakers", ["u1"])
    org.ask("PUT", f"/api/v1/groups/{group}/users/{CAROL}", status=204)
    assert [each["value"] for each in scim.rows["Groups"]["g1"]["members"]] == ["u1", "u2"]
    org.ask("DELETE", f"/api/v1/groups/{group}/users/{BOB}", status=204)
    assert [each["value"] for each in scim.rows["Groups"]["g1"]["members"]] == ["u2"]
    one = f"{base}/{made['id']}"
    assert org.refused("DELETE", f"{one}?deleteTargetGroup=true")[1] == "E0000027"
    org.ask("PATCH", one, {"status": "INACTIVE"})
    org.ask("DELETE", f"{one}?deleteTargetGroup=true", status=204)
    assert scim.rows["Groups"] == {}
