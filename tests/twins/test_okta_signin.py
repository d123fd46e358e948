"""Factors, the Authentication API, sessions, the system log, policies and the rest of the Okta twin's directory."""

from __future__ import annotations

import base64
import hmac
import struct
import time
from typing import Any

import pytest

from tests.twins.okta_org import Org, org, server
from twins.okta import totp

__all__ = ["org", "server"]
PASSWORD = "Correct-h0rse"


def independent_code(secret: str, moment: float) -> str:
    """RFC 6238 by the letter, written apart from the twin."""
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", int(moment) // 30), "sha1").digest()
    place = digest[19] & 0xF
    return str((struct.unpack(">I", digest[place : place + 4])[0] & 0x7FFFFFFF) % 10**6).zfill(6)


def test_totp_vectors() -> None:
    secret = base64.b32encode(b"12345678901234567890").decode()
    assert [totp.code(secret, at // 30) for at in (59, 1111111109, 2000000000)] == ["287082", "081804", "279037"]


def enrolled(org: Org, user: str) -> tuple[str, str]:
    """An active TOTP factor: id and secret."""
    body = {"factorType": "token:software:totp", "provider": "GOOGLE"}
    made = org.ask("POST", f"/api/v1/users/{user}/factors", body)
    secret = made["_embedded"]["activation"]["sharedSecret"]
    path = f"/api/v1/users/{user}/factors/{made['id']}/lifecycle/activate"
    assert org.refused("POST", path, {"passCode": "000000"})[:2] == (403, "E0000068")
    assert org.ask("POST", path, {"passCode": independent_code(secret, time.time() - 30)})["status"] == "ACTIVE"
    return made["id"], secret


def test_a_real_totp_factor(org: Org) -> None:
    user = org.user("totp@example.com")["id"]
    factor, secret = enrolled(org, user)
    code = independent_code(secret, time.time())
    path = f"/api/v1/users/{user}/factors/{factor}/verify"
    assert org.ask("POST", path, {"passCode": code}) == {"factorResult": "SUCCESS"}
    assert org.refused("POST", path, {"passCode": code})[1] == "E0000082"
    assert [each["status"] for each in org.ask("GET", f"/api/v1/users/{user}/factors")] == ["ACTIVE"]
    org.ask("DELETE", f"/api/v1/users/{user}/factors/{factor}", status=204)
    assert org.refused("GET", f"/api/v1/users/{user}/factors/{factor}")[1] == "E0000007"


def test_sms_question_and_push(org: Org) -> None:
    user = org.user("sms@example.com")["id"]
    base = f"/api/v1/users/{user}/factors"
    bad = {"factorType": "sms", "provider": "OKTA", "profile": {"phoneNumber": "x"}}
    assert org.refused("POST", base, bad)[1] == "E0000098"
    good = {"factorType": "sms", "provider": "OKTA", "profile": {"phoneNumber": "+1-555-415-1337"}}
    factor = org.ask("POST", base, good)["id"]
    assert org.refused("POST", f"{base}/{factor}/resend", good)[:2] == (429, "E0000109")
    code = org.control("factor_code", user=user, factorType="sms")["code"]
    assert org.ask("POST", f"{base}/{factor}/lifecycle/activate", {"passCode": code})["status"] == "ACTIVE"
    assert org.ask("POST", f"{base}/{factor}/verify")["factorResult"] == "CHALLENGE"
    assert org.refused("POST", f"{base}/{factor}/verify", {"passCode": "1"})[3] == [
        "Your passcode doesn't match our records. Please try again."
    ]
    question = {"factorType": "question", "provider": "OKTA", "profile": {"question": "disliked_food",
                                                                          "answer": "mayonnaise"}}  # fmt: skip
    factor = org.ask("POST", base, question)["id"]
    assert org.ask("POST", f"{base}/{factor}/verify", {"answer": "Mayonnaise"})["factorResult"] == "SUCCESS"
    push = org.ask("POST", base, {"factorType": "push", "provider": "OKTA"})["id"]
    org.ask("POST", f"{base}/{push}/lifecycle/activate", {})
    waiting = org.ask("POST", f"{base}/{push}/verify", {}, status=201)
    assert waiting["factorResult"] == "WAITING"
    path = waiting["_links"]["poll"]["href"].removeprefix(org.url)
    org.control("push", user=user)
    assert org.ask("GET", path)["factorResult"] == "SUCCESS"


def authn(org: Org, path: str = "", **body: Any) -> tuple[int, Any]:
    """The answer of the Authentication API."""
    reply = org.plain.post(f"/api/v1/authn{path}", json=body)
    return reply.status_code, reply.json()


def test_primary_authentication_and_the_session_it_opens(org: Org) -> None:
    org.user("login@example.com", password=PASSWORD)
    status, body = authn(org, username="login@example.com", password="wrong")
    assert (status, body["errorCode"], body["errorSummary"]) == (401, "E0000004", "Authentication failed")
    _, body = authn(org, username="login@example.com", password=PASSWORD)
    assert body["status"] == "SUCCESS"
    session = org.ask("POST", "/api/v1/sessions", {"sessionToken": body["sessionToken"]})
    assert session["status"] == "ACTIVE"
    assert org.refused("POST", "/api/v1/sessions", {"sessionToken": body["sessionToken"]})[1] == "E0000004"
    cookie = {"cookie": f"sid={session['id']}"}
    assert org.plain.get("/api/v1/users/me", headers=cookie).json()["profile"]["login"] == "login@example.com"
    assert org.plain.get("/api/v1/sessions/me", headers=cookie).json()["id"] == session["id"]
    org.twin.clock.advance(seconds=7201)
    assert org.plain.get("/api/v1/sessions/me", headers=cookie).status_code == 404


def test_ten_wrong_passwords_lock_a_user_until_an_admin_unlocks(org: Org) -> None:
    user = org.user("lock@example.com", password=PASSWORD)["id"]
    for _ in range(10):
        authn(org, username="lock@example.com", password="wrong")
    assert org.ask("GET", f"/api/v1/users/{user}")["status"] == "LOCKED_OUT"
    assert authn(org, username="lock@example.com", password=PASSWORD)[0] == 401
    org.ask("POST", f"/api/v1/users/{user}/lifecycle/unlock")
    assert authn(org, username="lock@example.com", password=PASSWORD)[1]["status"] == "SUCCESS"


def test_an_expired_password_is_changed_on_the_way_in(org: Org) -> None:
    user = org.user("expired@example.com", password=PASSWORD)["id"]
    org.ask("POST", f"/api/v1/users/{user}/lifecycle/expire_password")
    _, body = authn(org, username="expired@example.com", password=PASSWORD)
    assert body["status"] == "PASSWORD_EXPIRED"
    state = {"stateToken": body["stateToken"], "oldPassword": PASSWORD}
    assert authn(org, "/credentials/change_password", **state, newPassword="weak")[1]["errorCode"] == "E0000014"
    assert authn(org, "/credentials/change_password", **state, newPassword="An0ther-pass")[1]["status"] == "SUCCESS"
    assert authn(org, "/credentials/change_password", **state, newPassword="An0ther-pas2")[1]["errorCode"] == "E0000011"


def test_a_sign_on_rule_asks_for_a_second_factor(org: Org) -> None:
    user = org.user("mfa@example.com", password=PASSWORD)["id"]
    factor, secret = enrolled(org, user)
    policy = next(each for each in org.ask("GET", "/api/v1/policies?type=OKTA_SIGN_ON"))
    rule = org.ask("GET", f"/api/v1/policies/{policy['id']}/rules")[0]
    rule["actions"]["signon"]["requireFactor"] = True
    org.ask("PUT", f"/api/v1/policies/{policy['id']}/rules/{rule['id']}", rule)
    _, body = authn(org, username="mfa@example.com", password=PASSWORD)
    assert body["status"] == "MFA_REQUIRED"
    state = body["stateToken"]
    assert authn(org, "/credentials/change_password", stateToken=state)[1]["errorCode"] == "E0000079"
    assert authn(org, f"/factors/{factor}/verify", stateToken=state)[1]["status"] == "MFA_CHALLENGE"
    code = independent_code(secret, time.time())
    assert authn(org, f"/factors/{factor}/verify", stateToken=state, passCode=code)[1]["status"] == "SUCCESS"


def test_recovery_by_question(org: Org) -> None:
    user = org.user("recover@example.com", password=PASSWORD)["id"]
    question = {"password": {"value": PASSWORD}, "recovery_question": {"question": "Which?", "answer": "That one"}}
    org.ask("POST", f"/api/v1/users/{user}/credentials/change_recovery_question", question)
    authn(org, "/recovery/password", username="recover@example.com", factorType="EMAIL")
    token = org.control("recovery_token", user=user)["token"]
    _, body = authn(org, "/recovery/token", recoveryToken=token)
    assert body["status"] == "RECOVERY"
    state = body["stateToken"]
    assert authn(org, "/recovery/answer", stateToken=state, answer="no")[1]["errorCode"] == "E0000087"
    assert authn(org, "/recovery/answer", stateToken=state, answer="that one")[1]["status"] == "PASSWORD_RESET"
    assert (
        authn(org, "/credentials/reset_password", stateToken=state, newPassword="Brand-n3w-1")[1]["status"] == "SUCCESS"
    )
    assert authn(org, "/recovery/token", recoveryToken=token)[1]["errorCode"] == "E0000105"


def asks_for_factor(org: Org) -> None:
    policy = next(each for each in org.ask("GET", "/api/v1/policies?type=OKTA_SIGN_ON"))
    rule = org.ask("GET", f"/api/v1/policies/{policy['id']}/rules")[0]
    rule["actions"]["signon"]["requireFactor"] = True
    org.ask("PUT", f"/api/v1/policies/{policy['id']}/rules/{rule['id']}", rule)


def test_factors_are_enrolled_on_the_way_in(org: Org) -> None:
    user = org.user("enrol@example.com", password=PASSWORD)["id"]
    asks_for_factor(org)
    _, body = authn(org, username="enrol@example.com", password=PASSWORD)
    state = {"stateToken": body["stateToken"]}
    kinds = [(each["factorType"], each["enrollment"], each["status"]) for each in body["_embedded"]["factors"]]
    assert body["status"] == "MFA_ENROLL" and ("sms", "OPTIONAL", "NOT_SETUP") in kinds
    assert "skip" not in body["_links"] and authn(org, "/skip", **state)[1]["errorCode"] == "E0000079"
    assert authn(org, "/factors", **state, factorType="pigeon")[1]["errorCode"] == "E0000001"
    number = {"phoneNumber": "+1-555-415-1337"}
    _, body = authn(org, "/factors", **state, factorType="sms", provider="OKTA", profile=number)
    factor = body["_embedded"]["factor"]
    assert (body["status"], factor["profile"]) == ("MFA_ENROLL_ACTIVATE", {"phoneNumber": "+1 XXX-XXX-1337"})
    assert body["_links"]["next"]["name"] == "activate" and body["_links"]["resend"][0]["name"] == "sms"
    assert authn(org, f"/factors/{factor['id']}/lifecycle/resend", **state)[1]["errorCode"] == "E0000109"
    assert authn(org, "/previous", **state)[1]["status"] == "MFA_ENROLL"
    assert org.ask("GET", f"/api/v1/users/{user}/factors") == []
    _, body = authn(org, "/factors", **state, factorType="token:software:totp", provider="GOOGLE")
    factor = body["_embedded"]["factor"]
    secret = factor["_embedded"]["activation"]["sharedSecret"]
    place = f"/factors/{factor['id']}/lifecycle/activate"
    assert authn(org, place, **state, passCode="000000")[1]["errorCode"] == "E0000068"
    assert authn(org, place, **state, passCode=independent_code(secret, time.time()))[1]["status"] == "SUCCESS"
    assert [each["status"] for each in org.ask("GET", f"/api/v1/users/{user}/factors")] == ["ACTIVE"]
    org.user("push@example.com", password=PASSWORD)
    state = {"stateToken": authn(org, username="push@example.com", password=PASSWORD)[1]["stateToken"]}
    _, body = authn(org, "/factors", **state, factorType="push", provider="OKTA")
    place = f"/factors/{body['_embedded']['factor']['id']}/lifecycle/activate"
    assert (body["factorResult"], body["_links"]["next"]["name"]) == ("WAITING", "poll")
    assert authn(org, place, **state)[1]["factorResult"] == "WAITING"
    org.control("push", user="push@example.com")
    assert authn(org, place, **state)[1]["status"] == "SUCCESS"


def test_a_required_factor_is_enrolled_after_the_first(org: Org) -> None:
    policy = next(each for each in org.ask("GET", "/api/v1/policies?type=MFA_ENROLL"))
    for each in policy["settings"]["authenticators"]:
        each["enroll"]["self"] = "REQUIRED" if each["key"] in ("okta_password", "security_question") else "OPTIONAL"
    org.ask("PUT", f"/api/v1/policies/{policy['id']}", policy)
    asks_for_factor(org)
    org.user("two@example.com", password=PASSWORD)
    _, body = authn(org, username="two@example.com", password=PASSWORD)
    state = {"stateToken": body["stateToken"]}
    _, body = authn(org, "/factors", **state, factorType="email", provider="OKTA")
    assert body["_embedded"]["factor"]["profile"] == {"email": "t...o@example.com"}
    code = org.control("factor_code", user="two@example.com", factorType="email")["code"]
    _, body = authn(org, f"/factors/{body['_embedded']['factor']['id']}/lifecycle/activate", **state, passCode=code)
    assert body["status"] == "MFA_ENROLL" and "skip" not in body["_links"]
    question = {"question": "disliked_food", "answer": "mayonnaise"}
    _, body = authn(org, "/factors", **state, factorType="question", provider="OKTA", profile=question)
    assert body["status"] == "SUCCESS"


def test_a_warning_before_a_password_is_too_old(org: Org) -> None:
    policy = org.ask("GET", "/api/v1/policies?type=PASSWORD")[0]
    policy["settings"]["password"]["age"] |= {"maxAgeDays": 10, "expireWarnDays": 3}
    org.ask("PUT", f"/api/v1/policies/{policy['id']}", policy)
    org.user("warn@example.com", password=PASSWORD)
    assert authn(org, username="warn@example.com", password=PASSWORD)[1]["status"] == "SUCCESS"
    org.twin.clock.advance(days=8)
    _, body = authn(org, username="warn@example.com", password=PASSWORD)
    expiration = body["_embedded"]["policy"]["expiration"]
    assert (body["status"], expiration) == ("PASSWORD_WARN", {"passwordExpireDays": 2})
    assert set(body["_links"]) == {"next", "skip", "cancel"}
    assert authn(org, "/skip", stateToken=body["stateToken"])[1]["status"] == "SUCCESS"
    _, body = authn(org, username="warn@example.com", password=PASSWORD)
    change = {"stateToken": body["stateToken"], "oldPassword": PASSWORD, "newPassword": "An0ther-pass"}
    assert authn(org, "/credentials/change_password", **change)[1]["status"] == "SUCCESS"
    assert authn(org, username="warn@example.com", password="An0ther-pass")[1]["status"] == "SUCCESS"


def test_a_locked_account_is_unlocked_by_message_and_question(org: Org) -> None:
    user = org.user("unlock@example.com", password=PASSWORD)["id"]
    question = {"password": {"value": PASSWORD}, "recovery_question": {"question": "What?", "answer": "that one"}}
    org.ask("POST", f"/api/v1/users/{user}/credentials/change_recovery_question", question)
    sms = {"factorType": "sms", "provider": "OKTA", "profile": {"phoneNumber": "+15554151337"}}
    org.ask("POST", f"/api/v1/users/{user}/factors?activate=true", sms)
    for _ in range(10):
        authn(org, username="unlock@example.com", password="wrong")
    asked = {"username": "unlock@example.com", "factorType": "SMS"}
    assert authn(org, "/recovery/unlock", **asked)[1]["errorCode"] == "E0000034"
    policy = org.ask("GET", "/api/v1/policies?type=PASSWORD")[0]
    rule = org.ask("GET", f"/api/v1/policies/{policy['id']}/rules")[0]
    rule["actions"]["selfServiceUnlock"] = {"access": "ALLOW"}
    org.ask("PUT", f"/api/v1/policies/{policy['id']}/rules/{rule['id']}", rule)
    _, body = authn(org, "/recovery/unlock", **asked, relayState="/deep")
    assert (body["status"], body["recoveryType"], body["relayState"]) == ("RECOVERY_CHALLENGE", "UNLOCK", "/deep")
    state = {"stateToken": body["stateToken"]}
    assert authn(org, "/recovery/factors/SMS/verify", **state, passCode="none")[1]["errorCode"] == "E0000068"
    code = org.control("factor_code", user="unlock@example.com", factorType="sms")["code"]
    _, body = authn(org, "/recovery/factors/SMS/verify", **state, passCode=code)
    assert body["_embedded"]["user"]["recovery_question"] == {"question": "What?"}
    _, body = authn(org, "/recovery/answer", **state, answer="that one")
    assert (body["status"], body["recoveryType"]) == ("SUCCESS", "UNLOCK")
    assert authn(org, username="unlock@example.com", password=PASSWORD)[1]["status"] == "SUCCESS"


def test_the_system_log(org: Org) -> None:
    user = org.user("logged@example.com")["id"]
    found = org.ask("GET", f'/api/v1/logs?filter=eventType eq "user.lifecycle.create" and target.id eq "{user}"')
    assert [each["target"][0]["alternateId"] for each in found] == ["logged@example.com"]
    assert org.ask("GET", "/api/v1/logs?q=logged@example.com create")
    assert org.ask("GET", "/api/v1/logs?since=2199-01-01T00:00:00.000Z") == []
    assert org.refused("GET", "/api/v1/logs?since=yesterday")[1] == "E0000030"
    reply = org.http.get("/api/v1/logs?limit=1&sortOrder=DESCENDING&until=2199-01-01T00:00:00.000Z")
    following = org.http.get(reply.links["next"]["url"]).json()
    assert following[0]["uuid"] != reply.json()[0]["uuid"]


DIRECTORY = [
    ("zones", {"type": "IP", "name": "Office", "gateways": [{"type": "CIDR", "value": "203.0.113.0/24"}]}),
    ("trustedOrigins", {"name": "App", "origin": "http://localhost:3000", "scopes": [{"type": "CORS"}]}),
    ("behaviors", {"type": "VELOCITY", "name": "Fast", "settings": {"velocityKph": 805}}),
    ("policies", {"type": "PASSWORD", "name": "Strict", "status": "ACTIVE"}),
    ("eventHooks", {"name": "Hook", "events": {"type": "EVENT_TYPE", "items": ["user.lifecycle.create"]},
                    "channel": {"type": "HTTP", "version": "1.0.0", "config": {"uri": "https://example.com/h"}}}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body"), DIRECTORY)
def test_the_directory_keeps_what_it_is_given(org: Org, path: str, body: dict[str, Any]) -> None:
    base = f"/api/v1/{path}"
    made = org.ask("POST", base, body)
    assert made["status"] == "ACTIVE"
    one = f"{base}/{made['id']}"
    assert org.refused("POST", base, body)[3] == [
        "name: An object with this field already exists in the current organization"
    ]
    assert org.ask("GET", one)["name"] == body["name"]
    org.http.post(f"{one}/lifecycle/deactivate").raise_for_status()
    assert org.ask("GET", one)["status"] == "INACTIVE"
    org.http.delete(one).raise_for_status()
    assert org.refused("GET", one)[1] == "E0000007"


def test_apps_and_assignments(org: Org) -> None:
    user = org.user("app@example.com")["id"]
    bookmark = {"name": "bookmark", "label": "Wiki", "signOnMode": "BOOKMARK",
                "settings": {"app": {"requestIntegration": False, "url": "https://example.com/"}}}  # fmt: skip
    app = org.ask("POST", "/api/v1/apps", bookmark)["id"]
    assert org.refused("POST", "/api/v1/apps", bookmark)[1] == "E0000040"
    base = f"/api/v1/apps/{app}"
    assert org.ask("POST", f"{base}/users", {"id": user})["scope"] == "USER"
    assert org.refused("POST", f"{base}/users", {"id": user})[:2] == (409, "E0000062")
    group = org.ask("POST", "/api/v1/groups", {"profile": {"name": "Readers"}})["id"]
    other = org.user("reader@example.com")["id"]
    org.ask("PUT", f"/api/v1/groups/{group}/users/{other}", status=204)
    org.ask("PUT", f"{base}/groups/{group}", {})
    assert {each["id"]: each["scope"] for each in org.ask("GET", f"{base}/users")} == {user: "USER", other: "GROUP"}
    org.ask("DELETE", f"/api/v1/groups/{group}/users/{other}", status=204)
    assert [each["id"] for each in org.ask("GET", f"{base}/users")] == [user]
    assert [each["id"] for each in org.ask("GET", f'/api/v1/apps?filter=user.id eq "{user}"')] == [app]
    assert org.refused("DELETE", base)[:2] == (403, "E0000056")
    org.ask("POST", f"{base}/lifecycle/deactivate")
    org.ask("DELETE", base, status=204)
    gone = org.user("gone@example.com")["id"]
    org.ask("POST", f"/api/v1/users/{gone}/lifecycle/deactivate")
    assert org.refused("POST", "/api/v1/apps/0oaTwinkitWebApp0001/users", {"id": gone})[1] == "E0000117"


def test_roles(org: Org) -> None:
    user = org.user("role@example.com")["id"]
    made = org.ask("POST", f"/api/v1/users/{user}/roles", {"type": "HELP_DESK_ADMIN"}, status=201)
    assert org.refused("POST", f"/api/v1/users/{user}/roles", {"type": "HELP_DESK_ADMIN"})[:2] == (409, "E0000090")
    assert [each["id"] for each in org.ask("GET", f"/api/v1/users/{user}/roles")] == [made["id"]]
    org.ask("DELETE", f"/api/v1/users/{user}/roles/{made['id']}", status=204)


def test_a_custom_server_with_its_own_scope_claim_and_policy(org: Org) -> None:
    body = {"name": "Orders", "description": "x", "audiences": ["api://orders"]}
    server = org.ask("POST", "/api/v1/authorizationServers", body, status=201)["id"]
    base = f"/api/v1/authorizationServers/{server}"
    org.ask("POST", f"{base}/scopes", {"name": "orders:read"}, status=201)
    claim = {"name": "team", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": '"blue"', "status": "ACTIVE"}
    org.ask("POST", f"{base}/claims", claim, status=201)
    assert org.refused("POST", f"{base}/claims", {**claim, "name": "iss"})[1] == "E0000081"
    fields = {"grant_type": "client_credentials", "scope": "orders:read"}
    auth = ("0oaTwinkitService004", "twinkit-service-client-secret-00000000004")
    assert org.plain.post(f"/oauth2/{server}/v1/token", data=fields, auth=auth).json()["error"] == "access_denied"
    policy = {"type": "OAUTH_AUTHORIZATION_POLICY", "name": "All", "description": "x", "priority": 1,
              "conditions": {"clients": {"include": ["ALL_CLIENTS"]}}}  # fmt: skip
    made = org.ask("POST", f"{base}/policies", policy, status=201)["id"]
    rule = {"type": "RESOURCE_ACCESS", "name": "Short", "priority": 1,
            "conditions": {"grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["*"]},
                           "people": {"groups": {"include": ["EVERYONE"]}}},
            "actions": {"token": {"accessTokenLifetimeMinutes": 5}}}  # fmt: skip
    org.ask("POST", f"{base}/policies/{made}/rules", rule, status=201)
    found = org.plain.post(f"/oauth2/{server}/v1/token", data=fields, auth=auth).json()
    assert found["expires_in"] == 300
    from twins.okta.oauth import jwt

    assert jwt.read(found["access_token"])[1]["team"] == "blue"
