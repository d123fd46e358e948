"""Okta's error codes, each provoked as it can be, with status, text and causes; and their table in the docs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.twins.okta_org import Org, org, server
from twins.okta import errors

__all__ = ["org", "server"]
ROOT = Path(__file__).parents[2]
BOB = "/api/v1/users/00uTwinkitBob0000002"
WEB = "/api/v1/apps/0oaTwinkitWebApp0001"
SERVERS = "/api/v1/authorizationServers"
EVERYONE = "00gTwinkitEveryone01"
PERSON = {"firstName": "a", "lastName": "b", "login": "p@example.com", "email": "p@example.com"}
CALL = {"factorType": "call", "provider": "OKTA", "profile": {"phoneNumber": "+15554151337", "phoneExtension": "x1"}}

SIMPLE: list[tuple[str, str, str, Any, str, list[str]]] = [
    ("E0000001", "POST", "/api/v1/groups", {"profile": {"name": ""}}, "name", ["name: The field cannot be left blank"]),
    ("E0000007", "GET", "/api/v1/groups/00g1", None, "Resource not found: 00g1 (UserGroup)", []),
    ("E0000008", "GET", "/api/v1/nothing", None, "", []),
    ("E0000015", "GET", "/api/v1/device-posture-checks", None, "", []),
    ("E0000016", "POST", f"{BOB}/lifecycle/activate", None, "", []),
    ("E0000022", "PATCH", "/api/v1/users", None, "", []),
    ("E0000028", "GET", "/api/v1/policies", None, "", []),
    ("E0000029", "GET", "/api/v1/apps?after=nothing", None, "", ["Invalid cursor."]),
    ("E0000030", "GET", "/api/v1/logs?since=yesterday", None, "", []),
    ("E0000032", "POST", f"{BOB}/lifecycle/unlock", None, "", ["The user is not locked out."]),
    ("E0000033", "GET", '/api/v1/users?q=a&filter=status eq "ACTIVE"', None, "", []),
    ("E0000034", "POST", f"{BOB}/credentials/forgot_password", None, "", ["Recovery credential not set."]),
    ("E0000037", "GET", "/api/v1/users?limit=many", None, "", []),
    ("E0000038", "POST", f"{BOB}/lifecycle/reactivate", None, "", []),
    ("E0000056", "DELETE", WEB, None, "", ["The application must be deactivated before deletion."]),
    ("E0000060", "PUT", f"/api/v1/groups/{EVERYONE}/users/00uTwinkitBob0000002", None, "", []),
    ("E0000063", "GET", '/api/v1/users?search=id eq "1"&filter=id eq "1"', None, "", []),
    ("E0000098", "POST", f"{BOB}/factors", {**CALL, "profile": {"phoneNumber": "x"}}, "", []),
    ("E0000111", "DELETE", f"{SERVERS}/default", None, "AuthorizationServer", []),
    ("E0000121", "POST", f"{BOB}/factors", CALL, "", []),
    ("E0000124", "POST", "/api/v1/users?nextLogin=changePassword", {"profile": PERSON}, "", []),
    (
        "E0000142",
        "DELETE",
        "/api/v1/meta/types/user/otyTwinkitDefault001",
        None,
        "",
        ["This User Type cannot be deleted."],
    ),
    ("E0000157", "POST", "/api/v1/authenticators", {"key": "google_otp", "name": "G"}, "google_otp", []),
    ("E0000178", "DELETE", "/api/v1/realms/guoTwinkitDefault001", None, "The default realm cannot be deleted.", []),
    ("E0000200", "DELETE", "/api/v1/brands/bndTwinkitDefault001", None, "", []),
    ("E0000211", "POST", f"/api/v1/groups/{EVERYONE}/roles", {"type": "USER_ADMIN"}, "Everyone", []),
]


@pytest.mark.parametrize(
    ("code", "method", "path", "body", "argument", "causes"), SIMPLE, ids=lambda value: str(value)[:9]
)
def test_one_call(org: Org, code: str, method: str, path: str, body: Any, argument: str, causes: list[str]) -> None:
    status, summary = errors.TABLE[code]
    assert org.refused(method, path, body) == (status, code, summary.replace("{0}", argument), causes)


def test_attributes_that_may_not_change(org: Org) -> None:
    def schema(**rule: Any) -> tuple[int, str]:
        body = {"definitions": {"custom": {"properties": {"badge": {"title": "Badge", "type": "string", **rule}}}}}
        reply = org.http.post("/api/v1/meta/schemas/user/default", json=body)
        return reply.status_code, str(reply.json().get("errorCode"))

    assert schema(enum=["a"], oneOf=[{"const": "b", "title": "B"}]) == (400, "E0000123")
    assert schema(mutability="READ_ONLY")[0] == 200
    change = {"profile": {"badge": "1"}}
    assert org.refused("POST", BOB, change)[:3] == (
        403, "E0000077", "Cannot modify the badge attribute because it is read-only.",
    )  # fmt: skip
    assert schema(mutability="IMMUTABLE")[0] == 200
    org.ask("POST", BOB, change)
    assert org.refused("POST", BOB, {"profile": {"badge": "2"}})[1] == "E0000078"


def test_credentials_where_everybody_shares_them(org: Org) -> None:
    body = {"name": "template_swa", "label": "Shared", "signOnMode": "BROWSER_PLUGIN",
            "credentials": {"scheme": "SHARED_USERNAME_AND_PASSWORD", "userName": "u", "password": {"value": "p"}},
            "settings": {"app": {"url": "https://example.com/"}}}  # fmt: skip
    app = org.ask("POST", "/api/v1/apps", body)["id"]
    given = {"id": "00uTwinkitBob0000002", "credentials": {"userName": "bob"}}
    assert org.refused("POST", f"/api/v1/apps/{app}/users", given)[:2] == (400, "E0000041")


def test_recovery_that_is_not_possible(org: Org) -> None:
    def asked(**body: str) -> tuple[int, str]:
        reply = org.plain.post("/api/v1/authn/recovery/password", json={"username": "bob.baker@example.com", **body})
        return reply.status_code, str(reply.json().get("errorCode"))

    assert asked(factorType="SMS") == (403, "E0000097")
    for _ in range(10):
        org.plain.post("/api/v1/authn", json={"username": "bob.baker@example.com", "password": "wrong"})
    assert asked(factorType="EMAIL") == (403, "E0000119")


def test_captchas_and_domains_come_once(org: Org) -> None:
    captcha = {"name": "One", "secretKey": "s", "siteKey": "k", "type": "HCAPTCHA"}
    assert "secretKey" not in org.http.post("/api/v1/captchas", json=captcha).json()
    assert org.refused("POST", "/api/v1/captchas", {**captcha, "name": "Two"})[:2] == (403, "E0000166")
    settings = "/api/v1/org/captcha"
    assert org.ask("GET", settings)["captchaId"] is None
    id = org.ask("GET", "/api/v1/captchas")[0]["id"]
    blank = org.refused("PUT", settings, {"captchaId": None, "enabledPages": ["SIGN_IN"]})
    assert (blank[1], blank[2]) == ("E0000001", "Api validation failed: captchaId")
    assert org.refused("PUT", settings, {"captchaId": "cap1", "enabledPages": ["SIGN_IN"]})[1] == "E0000001"
    used = org.ask("PUT", settings, {"captchaId": id, "enabledPages": ["SSR", "SIGN_IN"]})
    assert used["_links"]["captcha"]["href"] == f"{org.url}/api/v1/captchas/{id}"
    assert org.ask("GET", settings) == used
    assert org.refused("DELETE", f"/api/v1/captchas/{id}")[:3] == (403, "E0000149", errors.TABLE["E0000149"][1])
    org.ask("DELETE", settings, status=204)
    org.ask("DELETE", f"/api/v1/captchas/{id}", status=204)


def test_a_domain_is_verified_before_it_has_a_certificate(org: Org) -> None:
    domain = {"domain": "login.example.com", "certificateSourceType": "MANUAL"}
    made = org.ask("POST", "/api/v1/domains", domain, status=201)
    assert (made["validationStatus"], [each["recordType"] for each in made["dnsRecords"]]) == (
        "NOT_STARTED", ["TXT", "CNAME"])  # fmt: skip
    assert org.refused("POST", "/api/v1/domains", domain)[:2] == (403, "E0000161")
    managed = {"domain": "sso.example.com", "certificateSourceType": "OKTA_MANAGED"}
    assert org.refused("POST", "/api/v1/domains", managed)[3] == ["domain: Prohibited custom domain name."]
    listed = org.ask("GET", "/api/v1/domains")["domains"]
    assert [each["id"] for each in listed] == [made["id"], "default"] and "dnsRecords" not in listed[0]
    at = f"/api/v1/domains/{made['id']}"
    brand = org.ask("GET", f"/api/v1/brands/{made['brandId']}?expand=domains")
    assert (brand["name"], brand["_embedded"]["domains"]) == (domain["domain"], [
        {"domain": domain["domain"], "id": made["id"]}])  # fmt: skip
    assert org.refused("DELETE", f"/api/v1/brands/{brand['id']}")[:2] == (409, "E0000201")
    certificate = {"type": "PEM", "certificate": "c", "certificateChain": "c", "privateKey": "k"}
    assert org.refused("PUT", f"{at}/certificate", certificate)[:2] == (403, "E0000165")
    assert org.ask("POST", f"{at}/verify")["validationStatus"] == "VERIFIED"
    org.ask("PUT", f"{at}/certificate", certificate, status=204)
    got = org.ask("GET", at)
    assert got["validationStatus"] == "COMPLETED" and got["publicCertificate"]["subject"] == "CN=login.example.com"
    org.ask("DELETE", at, status=204)
    org.ask("DELETE", f"/api/v1/brands/{brand['id']}", status=204)
    refused = org.refused("POST", "/api/v1/domains/default/verify")
    assert refused[1:] == (
        "E0000001", "Api validation failed: id", ["This operation is not supported for this domain"])  # fmt: skip


@pytest.mark.parametrize(("fault", "code"), [("internal", "E0000009"), ("unavailable", "E0000010")])
def test_failures_on_purpose(org: Org, fault: str, code: str) -> None:
    reply = org.http.get("/api/v1/users", headers={"twin-fault": fault})
    assert (reply.status_code, reply.json()["errorCode"]) == (errors.TABLE[code][0], code)


def test_a_body_of_another_kind(org: Org) -> None:
    reply = org.http.post("/api/v1/users", content=b"a=1", headers={"content-type": "text/csv"})
    assert (reply.status_code, reply.json()["errorCode"]) == (400, "E0000021")


def test_the_documentation_says_how_each_code_is_provoked() -> None:
    text = (ROOT / "docs" / "okta-errors.md").read_text()
    rows = dict(re.findall(r"^\| (E\d+) \| \d+ \| .*? \| (.*?) \|$", text, re.MULTILINE))
    assert set(rows) == set(errors.TABLE)
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_okta_*.py"))
    claimed = {code for code, how in rows.items() if not how.startswith("no: ")}
    assert {code for code in claimed if code not in tests} == set()
