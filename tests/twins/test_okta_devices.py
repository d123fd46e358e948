"""Devices and what sign-on rules ask of them; keys of clients one by one; refresh tokens by user and client."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.twins.okta_org import Org, org, server
from twins.okta import devices
from twins.okta.oauth import jwt, keys

__all__ = ["org", "server"]

PASSWORD = "Correct-h0rse"
WEB = ("0oaTwinkitWebApp0001", "twinkit-web-client-secret-000000000000001")


def test_the_life_of_a_device(org: Org) -> None:
    user = org.user("phone@example.com", firstName="Pho")["id"]
    id = org.control("enroll_device", user=user, platform="IOS", displayName="Pho's phone")["id"]
    device = org.ask("GET", f"/api/v1/devices/{id}")
    assert (device["status"], device["resourceType"], device["resourceId"]) == ("ACTIVE", "UDDevice", id)
    assert {"suspend", "deactivate"} <= set(device["_links"]) and "activate" not in device["_links"]
    assert [each["user"]["id"] for each in org.ask("GET", f"/api/v1/devices/{id}/users")] == [user]
    mine = org.ask("GET", f"/api/v1/users/{user}/devices")
    assert [each["device"]["id"] for each in mine] == [id]
    found = org.ask("GET", '/api/v1/devices?search=profile.platform eq "IOS"&expand=user')
    assert found[0]["_embedded"]["users"][0]["managementStatus"] == "NOT_MANAGED"
    assert org.ask("GET", '/api/v1/devices?search=status eq "SUSPENDED"') == []
    for step, status in (("unsuspend", 400), ("activate", 400), ("suspend", 204), ("suspend", 400), ("unsuspend", 204)):
        reply = org.http.post(f"/api/v1/devices/{id}/lifecycle/{step}")
        assert reply.status_code == status, step
        assert status == 204 or reply.json()["errorCode"] == "E0000001"
    assert org.refused("DELETE", f"/api/v1/devices/{id}")[:2] == (400, "E0000001")
    org.ask("POST", f"/api/v1/devices/{id}/lifecycle/deactivate", status=204)
    assert org.ask("GET", f"/api/v1/users/{user}/devices") == []
    org.ask("DELETE", f"/api/v1/devices/{id}", status=204)
    word = org.refused("GET", f"/api/v1/devices/{id}")[2]
    assert word == f"Not found: Resource not found: {id} (Device)"
    assert org.refused("GET", f"/api/v1/devices/{id}/users")[2].endswith(f"{id} (GenericUDObject)")
    assert org.refused("POST", f"/api/v1/devices/{id}/lifecycle/activate")[2].endswith(f"{id} (Device)")
    assert org.refused("GET", "/api/v1/devices?after=none")[1:] == ("E0000031", "Invalid search criteria.",
                                                                    ["Invalid cursor."])  # fmt: skip


def test_a_rule_wants_a_managed_device_that_an_assurance_policy_takes(org: Org) -> None:
    assured = org.ask("POST", "/api/v1/device-assurances", {
        "name": "New", "platform": "MACOS", "osVersion": {"minimum": "14.2"}}, status=200)["id"]  # fmt: skip
    policy = org.ask("POST", "/api/v1/policies", {"type": "ACCESS_POLICY", "name": "Devices"})["id"]
    method = {"factorMode": "1FA", "type": "ASSURANCE"}
    rule = {"type": "ACCESS_POLICY", "name": "Managed", "conditions": {
        "device": {"registered": True, "managed": True, "assurance": {"include": [assured]}}},
        "actions": {"appSignOn": {"access": "ALLOW", "verificationMethod": method}}}  # fmt: skip
    org.ask("POST", f"/api/v1/policies/{policy}/rules", rule)
    default = next(each for each in org.ask("GET", f"/api/v1/policies/{policy}/rules") if each["system"])
    default["actions"]["appSignOn"]["access"] = "DENY"
    org.ask("PUT", f"/api/v1/policies/{policy}/rules/{default['id']}", default)
    org.ask("PUT", f"/api/v1/apps/{WEB[0]}/policies/{policy}", status=204)
    user = org.user("mac@example.com", password=PASSWORD)["id"]

    def comes_in() -> bool:
        token = org.plain.post("/api/v1/authn", json={"username": "mac@example.com", "password": PASSWORD}).json()
        query = {"client_id": WEB[0], "redirect_uri": "http://localhost:8080/callback", "response_type": "code",
                 "scope": "openid", "state": "s", "sessionToken": token["sessionToken"]}  # fmt: skip
        return "code=" in org.plain.get("/oauth2/v1/authorize", params=query).headers["location"]

    assert not comes_in()
    org.control("enroll_device", user=user, platform="MACOS", managed=True, profile={"osVersion": "14.1.9"})
    org.control("enroll_device", user=user, platform="MACOS", profile={"osVersion": "15.0"})
    assert not comes_in()
    id = org.control("enroll_device", user=user, platform="MACOS", managed=True, profile={"osVersion": "14.10"})["id"]
    assert comes_in()
    org.ask("POST", f"/api/v1/devices/{id}/lifecycle/suspend", status=204)
    assert not comes_in()


@pytest.mark.parametrize(("policy", "profile", "good"), [
    ({"diskEncryptionType": {"include": ["FULL"]}}, {"diskEncryptionType": "FULL"}, True),
    ({"diskEncryptionType": {"include": ["FULL"]}}, {}, False),
    ({"screenLockType": {"include": ["BIOMETRIC"]}}, {}, False),
    ({"screenLockType": {"include": ["PASSCODE", "BIOMETRIC"]}}, {}, True),
    ({"jailbreak": False}, {"integrityJailbreak": True}, False),
    ({"secureHardwarePresent": True}, {"secureHardwarePresent": False}, False),
    ({"platform": "ANDROID"}, {}, False),
])  # fmt: skip
def test_what_an_assurance_policy_takes(policy: dict[str, Any], profile: dict[str, Any], good: bool) -> None:
    held = {"platform": "IOS", **policy}
    assert devices.assured(held, {"platform": "IOS", **profile}, {"screenLockType": "PASSCODE"}) is good


def test_keys_of_a_client_one_by_one(org: Org) -> None:
    app = "0oaTwinkitJwtServ005"
    first = org.ask("GET", f"/api/v1/apps/{app}/credentials/jwks")
    assert [each["kid"] for each in first] == ["twinkit-client-key"]
    weak = org.refused("POST", f"/api/v1/apps/{app}/credentials/jwks", {"kty": "RSA", "kid": "weak", "use": "sig"})
    assert weak[2:] == ("Api validation failed: JsonWebKey",
                        ["RSA key length in the 'jwks' is less than '2,048' bits for the given key."])  # fmt: skip
    key = {**keys.public(0), "kid": "second"}
    made = org.ask("POST", f"/api/v1/apps/{app}/credentials/jwks", key, status=201)
    assert org.refused("POST", f"/api/v1/apps/{app}/credentials/jwks", key)[1] == "E0000001"
    place = f"/api/v1/apps/{app}/credentials/jwks/{made['id']}"

    number = itertools.count(org.twin.clock.now)

    def signs_in() -> int:
        now = next(number)
        claims = {"iss": app, "sub": app, "aud": f"{org.url}/oauth2/v1/token", "iat": now, "exp": now + 300}
        return org.plain.post("/oauth2/v1/token", data={
            "grant_type": "client_credentials", "scope": "okta.users.read", "client_assertion": jwt.sign(
                claims, 0, {"kid": "second"}),
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}).status_code  # fmt: skip

    assert signs_in() == 200
    assert org.refused("DELETE", place)[1] == "E0000107"
    assert org.ask("POST", f"{place}/lifecycle/deactivate")["status"] == "INACTIVE"
    assert signs_in() == 401
    assert org.ask("POST", f"{place}/lifecycle/activate")["status"] == "ACTIVE" and signs_in() == 200
    org.ask("POST", f"{place}/lifecycle/deactivate")
    org.ask("DELETE", place, status=204)
    assert org.refused("GET", place)[1] == "E0000007"


def test_refresh_tokens_of_a_user_and_client(org: Org) -> None:
    user = org.user("tokens@example.com", password=PASSWORD)["id"]

    def token() -> Any:
        return org.plain.post("/oauth2/default/v1/token", auth=WEB, data={
            "grant_type": "password", "username": "tokens@example.com", "password": PASSWORD,
            "scope": "openid offline_access"}).json()  # fmt: skip

    one, two = token(), token()
    place = f"/api/v1/users/{user}/clients/{WEB[0]}/tokens"
    rows = org.ask("GET", place)
    assert [each["scopes"] for each in rows] == [["openid", "offline_access"]] * 2
    assert rows[0]["_links"]["authorizationServer"]["title"] == "default"
    assert org.ask("GET", f"{place}/{rows[0]['id']}")["userId"] == user
    assert [each["id"] for each in org.ask("GET", f"/api/v1/apps/{WEB[0]}/tokens")] == [row["id"] for row in rows]
    org.ask("DELETE", f"{place}/{rows[0]['id']}", status=204)
    assert org.refused("GET", f"{place}/{rows[0]['id']}")[1] == "E0000007"

    def active(token: str) -> bool:
        reply = org.plain.post("/oauth2/default/v1/introspect", auth=WEB, data={"token": token})
        return bool(reply.json()["active"])

    assert (active(one["refresh_token"]), active(one["access_token"]), active(two["refresh_token"])) == (
        False, False, True)  # fmt: skip
    org.ask("DELETE", place, status=204)
    assert org.ask("GET", place) == [] and not active(two["refresh_token"])
    assert org.refused("GET", f"/api/v1/users/{user}/clients/0oaNobody/tokens")[1] == "E0000007"


def test_a_ui_schema_goes_twice(org: Org) -> None:
    org.ask("DELETE", "/api/v1/meta/uischemas/uisNobody", status=204)
