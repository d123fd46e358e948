"""MyAccount: people change their own profile, addresses, phones and password with a token of theirs."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.twins.okta_org import Org, org, server

__all__ = ["org", "server"]

WEB = ("0oaTwinkitWebApp0001", "twinkit-web-client-secret-000000000000001")
PARTS = ("profile", "email", "phone", "password", "organization", "sessions")
SCOPES = [f"okta.myAccount.{part}.{may}" for part in PARTS for may in ("read", "manage")]
PASSWORD = "Correct-h0rse"


class Person:
    """A person with a token for MyAccount."""

    def __init__(self, org: Org, login: str = "me@example.com") -> None:
        self.org, self.id = org, org.user(login)["id"]
        for scope in SCOPES:
            org.http.post(f"/api/v1/apps/{WEB[0]}/grants", json={"issuer": org.url, "scopeId": scope})
        fields = {"grant_type": "password", "username": login, "password": PASSWORD, "scope": " ".join(SCOPES)}
        token = org.plain.post("/oauth2/v1/token", data=fields, auth=WEB).json()
        self.token = f"Bearer {token['access_token']}"

    def send(self, method: str, path: str, data: Any = None) -> httpx.Response:
        return self.org.plain.request(method, f"/idp/myaccount{path}", json=data,
                                      headers={"authorization": self.token})  # fmt: skip

    def ask(self, method: str, path: str, data: Any = None, *, status: int = 200) -> Any:
        reply = self.send(method, path, data)
        assert reply.status_code == status, (reply.status_code, reply.text)
        return reply.json() if reply.content else None

    def code(self, kind: str) -> str:
        return str(self.org.control("factor_code", user=self.id, factorType=kind)["code"])


@pytest.fixture
def me(org: Org) -> Person:
    return Person(org)


def test_a_profile_is_ones_own(me: Person) -> None:
    shown = me.ask("GET", "/profile")
    assert (shown["profile"]["login"], shown["_links"]["describedBy"]["href"]) == (
        "me@example.com", f"{me.org.url}/idp/myaccount/profile/schema")  # fmt: skip
    me.ask("PUT", "/profile", {"profile": {"firstName": "New", "lastName": "Name", "nickName": "N"}})
    kept = me.org.ask("GET", f"/api/v1/users/{me.id}")["profile"]
    assert (kept["firstName"], kept["nickName"], kept["login"]) == ("New", "N", "me@example.com")
    me.ask("PUT", "/profile", {"profile": {"firstName": "New", "lastName": "Name", "email": "other@example.com"}})
    kept = me.org.ask("GET", f"/api/v1/users/{me.id}")["profile"]
    assert ("nickName" in kept, kept["email"]) == (False, "me@example.com")
    assert me.send("PUT", "/profile", {"profile": {"firstName": "", "lastName": "x"}}).status_code == 400
    assert "firstName" in me.ask("GET", "/profile/schema")["properties"]


def test_an_address_counts_once_it_is_proved(me: Person) -> None:
    primary = me.ask("GET", "/emails")[0]
    assert (primary["roles"], primary["status"]) == (["PRIMARY"], "VERIFIED")
    made = me.ask(
        "POST", "/emails", {"profile": {"email": "two@example.com"}, "role": "SECONDARY", "state": "s"}, status=201
    )
    assert made["status"] == "UNVERIFIED"
    verify = made["_links"]["verify"]["href"].partition("/idp/myaccount")[2]
    assert me.send("POST", verify, {"verificationCode": "x"}).json()["errorCode"] == "E0000068"
    poll = made["_links"]["poll"]["href"].partition("/idp/myaccount")[2]
    assert me.ask("GET", poll)["status"] == "UNVERIFIED"
    me.ask("POST", verify, {"verificationCode": me.code("email")})
    assert [(each["roles"][0], each["status"]) for each in me.ask("GET", "/emails")] == [
        ("PRIMARY", "VERIFIED"), ("SECONDARY", "VERIFIED")]  # fmt: skip
    assert me.org.ask("GET", f"/api/v1/users/{me.id}")["profile"]["secondEmail"] == "two@example.com"
    assert me.send("DELETE", f"/emails/{primary['id']}").status_code == 400
    me.ask("DELETE", f"/emails/{me.ask('GET', '/emails')[1]['id']}", status=204)
    assert len(me.ask("GET", "/emails")) == 1
    late = me.ask("POST", f"/emails/{primary['id']}/challenge", {"state": "s"}, status=201)
    me.org.twin.clock.advance(seconds=301)
    path = late["_links"]["verify"]["href"].partition("/idp/myaccount")[2]
    assert me.send("POST", path, {"verificationCode": me.code("email")}).json()["errorCode"] == "E0000083"


def test_a_phone_is_a_factor(me: Person) -> None:
    wrong = me.send("POST", "/phones", {"profile": {"phoneNumber": "x"}, "method": "SMS"})
    assert wrong.json()["errorCode"] == "E0000098"
    made = me.ask("POST", "/phones", {"profile": {"phoneNumber": "+15554151337"}, "method": "SMS"}, status=201)
    assert made["status"] == "UNVERIFIED"
    me.ask("POST", f"/phones/{made['id']}/verify", {"verificationCode": me.code("sms")}, status=204)
    assert me.ask("GET", f"/phones/{made['id']}")["status"] == "VERIFIED"
    factor = me.org.ask("GET", f"/api/v1/users/{me.id}/factors")[0]
    assert (factor["factorType"], factor["status"]) == ("sms", "ACTIVE")
    me.org.twin.clock.advance(seconds=31)
    assert "verify" in me.ask("POST", f"/phones/{made['id']}/challenge", {"method": "SMS"})["_links"]
    me.ask("DELETE", f"/phones/{made['id']}", status=204)
    assert me.ask("GET", "/phones") == []


def test_a_password_is_changed_by_the_old_one(me: Person) -> None:
    assert me.ask("GET", "/password")["status"] == "ACTIVE"
    assert me.ask("GET", "/password/complexity-requirements")["complexity"]["minLength"] == 8
    wrong = me.send("POST", "/password/change-password", {"oldPassword": "no", "newPassword": "Another-h0rse"})
    assert wrong.json()["errorCode"] == "E0000014"
    me.ask("POST", "/password/change-password", {"oldPassword": PASSWORD, "newPassword": "Another-h0rse"}, status=204)
    weak = me.send("PUT", "/password", {"profile": {"password": "short"}})
    assert weak.json()["errorCode"] == "E0000001"
    me.ask("PUT", "/password", {"profile": {"password": "Third-h0rse3"}}, status=201)
    signed = me.org.plain.post("/api/v1/authn", json={"username": "me@example.com", "password": "Third-h0rse3"})
    assert signed.json()["status"] == "SUCCESS"
    me.ask("DELETE", "/password", status=204)
    assert me.send("GET", "/password").status_code == 404
    me.ask("POST", "/password", {"profile": {"password": "Fourth-h0rse4"}}, status=201)


def test_the_org_the_sessions_and_who_may_not(org: Org, me: Person) -> None:
    assert me.ask("GET", "/organization")["url"] == org.url
    token = org.plain.post("/api/v1/authn", json={"username": "me@example.com", "password": PASSWORD}).json()
    session = org.ask("POST", "/api/v1/sessions", {"sessionToken": token["sessionToken"]})
    me.ask("DELETE", "/sessions", status=204)
    assert org.refused("GET", f"/api/v1/sessions/{session['id']}")[0] == 404
    assert org.plain.get("/idp/myaccount/profile").status_code == 403
    fields = {"grant_type": "password", "username": "me@example.com", "password": PASSWORD,
              "scope": "okta.myAccount.profile.read"}  # fmt: skip
    narrow = org.plain.post("/oauth2/v1/token", data=fields, auth=WEB).json()["access_token"]
    headers = {"authorization": f"Bearer {narrow}"}
    assert org.plain.get("/idp/myaccount/profile", headers=headers).status_code == 200
    refused = org.plain.put("/idp/myaccount/profile", headers=headers, json={"profile": {}})
    assert (refused.status_code, refused.json()["errorCode"]) == (403, "E0000006")
