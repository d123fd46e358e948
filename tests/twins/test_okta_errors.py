"""Documented error codes of the Okta twin that need a story of their own, each with status, text and causes."""

from __future__ import annotations

from typing import Any

from tests.twins.okta_org import Org, org, server
from twins.okta import errors

__all__ = ["org", "server"]
PERSON = {"firstName": "a", "lastName": "b"}


def check(found: tuple[int, str, str, list[str]], code: str, argument: str = "", causes: Any = None) -> None:
    """The error is the documented one."""
    status, summary = errors.TABLE[code]
    assert found[:3] == (status, code, summary.replace("{0}", argument))
    assert causes is None or found[3] == causes


def test_wrong_requests(org: Org) -> None:
    check(org.refused("GET", "/api/v1/users?limit=many"), "E0000037")
    check(org.refused("GET", '/api/v1/users?search=id eq "1"&filter=id eq "1"'), "E0000063", causes=[])
    check(org.refused("GET", '/api/v1/users?filter=nothing eq "x"'), "E0000031")
    expired = {"profile": {**PERSON, "login": "e@example.com", "email": "e@example.com"},
               "credentials": {"password": {"value": "Correct-h0rse"}}}  # fmt: skip
    check(org.refused("POST", "/api/v1/users?activate=false&nextLogin=changePassword", expired), "E0000125")


def test_credentials_that_may_not_change(org: Org) -> None:
    user = org.user("nopass@example.com", password=None)["id"]
    base = f"/api/v1/users/{user}/credentials"
    body = {"oldPassword": {"value": "x"}, "newPassword": {"value": "y"}}
    check(org.refused("POST", f"{base}/change_password", body), "E0000035", causes=[])
    org.ask("POST", f"/api/v1/users/{user}/lifecycle/deactivate")
    question = {"password": {"value": "x"}, "recovery_question": {"question": "Which?", "answer": "That"}}
    check(org.refused("POST", f"{base}/change_recovery_question", question), "E0000036", causes=[])
    check(org.refused("POST", f"{base}/forgot_password"), "E0000034")
    check(org.refused("POST", f"/api/v1/users/{user}", {"profile": {"firstName": "x"}}), "E0000038")


def test_what_is_read_only_or_in_use(org: Org) -> None:
    check(org.refused("DELETE", "/api/v1/authorizationServers/default"), "E0000111", "AuthorizationServer")
    check(org.refused("DELETE", "/api/v1/meta/types/user/otyTwinkitDefault001"), "E0000142")
    app = org.ask("GET", "/api/v1/apps/0oaTwinkitWebApp0001")
    bookmark = {"label": "x", "signOnMode": "BOOKMARK", "name": "bookmark", "settings": {"app": {"url": "http://x/"}}}
    check(org.refused("PUT", f"/api/v1/apps/{app['id']}", bookmark), "E0000078", "signOnMode")
    policy = org.ask("GET", "/api/v1/policies?type=PASSWORD")[0]["id"]
    check(org.refused("DELETE", f"/api/v1/policies/{policy}"), "E0000111", "Policy")


def test_hooks_that_do_not_answer(org: Org) -> None:
    channel = {"type": "HTTP", "version": "1.0.0", "config": {"uri": "http://127.0.0.1:9/", "method": "POST"}}
    body = {"name": "Dead", "version": "1.0.0", "type": "com.okta.oauth2.tokens.transform", "channel": channel}
    hook = org.ask("POST", "/api/v1/inlineHooks", body)["id"]
    check(org.refused("DELETE", f"/api/v1/inlineHooks/{hook}"), "E0000107")
    check(org.refused("POST", f"/api/v1/inlineHooks/{hook}/execute", {"data": {}}), "E0000134")


def test_factors_too_often_and_too_late(org: Org) -> None:
    user = org.user("often@example.com")["id"]
    base = f"/api/v1/users/{user}/factors"
    factor = org.ask("POST", base, {"factorType": "email", "provider": "OKTA"})["id"]
    check(org.refused("POST", f"{base}/{factor}/resend", {"factorType": "email"}), "E0000118")
    code = org.control("factor_code", user=user, factorType="email")["code"]
    org.twin.clock.advance(seconds=301)
    check(org.refused("POST", f"{base}/{factor}/lifecycle/activate", {"passCode": code}), "E0000083")
    check(org.refused("POST", f"{base}/{factor}/verify", {"passCode": code}), "E0000107")


def test_buckets_refuse_when_they_are_asked_to(org: Org) -> None:
    rule = {"profile": "limits", "rules": [{"then": {"rate_limit": "twin"}}]}
    assert org.plain.post("/_twin/faults", json=rule).status_code == 200
    statuses = [org.http.get("/api/v1/apps").status_code for _ in range(101)]
    assert (statuses[0], statuses[100]) == (200, 429)
    check(org.refused("GET", "/api/v1/apps"), "E0000047")
    org.twin.clock.advance(seconds=61)
    assert org.http.get("/api/v1/apps").status_code == 200
