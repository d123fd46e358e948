"""Applications' sign-on policies: who comes in, with how many factors, how fresh; which applications follow which."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from tests.twins.okta_org import Org, org, server
from twins.okta import assurance

__all__ = ["org", "server"]

WEB = "0oaTwinkitWebApp0001"
CALLBACK = "http://localhost:8080/callback"
PASSWORD = "Correct-h0rse"


class Browser:
    """A person's browser at the web app's authorize address."""

    def __init__(self, org: Org) -> None:
        self.http = org.plain
        self.http.cookies.clear()

    def go(self, **more: str) -> httpx.Response:
        """Ask for a code."""
        query = {"client_id": WEB, "response_type": "code", "scope": "openid", "state": "s", "redirect_uri": CALLBACK}
        return self.http.get("/oauth2/default/v1/authorize", params=query | more)

    def post(self, page: httpx.Response, path: str, **fields: str) -> httpx.Response:
        """Send the form of a page."""
        found = re.search(r'name="txn" value="([^"]+)"', page.text)
        assert found, page.text
        return self.http.post(path, data={"txn": found[1], **fields})

    def sign_in(self, login: str, **more: str) -> httpx.Response:
        """User name and password."""
        return self.post(self.go(**more), "/login/submit", username=login, password=PASSWORD)


def came_back(reply: httpx.Response) -> dict[str, str]:
    assert reply.status_code == 302, reply.text
    return dict(httpx.URL(reply.headers["location"]).params)


def policy(org: Org, access: str = "ALLOW", conditions: Any = None, **method: Any) -> str:
    """A policy of its own for the web app, with one rule above the catch-all."""
    made = org.ask("POST", "/api/v1/policies", {"name": "Own", "type": "ACCESS_POLICY", "description": "d"})
    sign_on = {"access": access, "verificationMethod": {"type": "ASSURANCE", "factorMode": "1FA", **method}}
    rule = {"name": "R", "type": "ACCESS_POLICY", "priority": 1, "conditions": conditions,
            "actions": {"appSignOn": sign_on}}  # fmt: skip
    org.ask("POST", f"/api/v1/policies/{made['id']}/rules", rule)
    org.ask("PUT", f"/api/v1/apps/{WEB}/policies/{made['id']}", status=204)
    return str(made["id"])


def totp(org: Org, user: str) -> None:
    made = org.ask("POST", f"/api/v1/users/{user}/factors", {"factorType": "token:software:totp", "provider": "GOOGLE"})
    code = org.control("factor_code", user=user, factorType="token:software:totp")
    org.ask("POST", f"/api/v1/users/{user}/factors/{made['id']}/lifecycle/activate", {"passCode": code["code"]})


def test_the_policy_of_an_app(org: Org) -> None:
    default = org.ask("GET", "/api/v1/policies?type=ACCESS_POLICY")[0]
    assert (default["name"], default["system"]) == ("Password only", True)
    rule = org.ask("GET", f"/api/v1/policies/{default['id']}/rules")[0]
    assert rule["actions"]["appSignOn"]["verificationMethod"]["factorMode"] == "1FA"
    own = policy(org)
    rules = org.ask("GET", f"/api/v1/policies/{own}/rules")
    assert [(each["name"], each["priority"], each["system"]) for each in rules] == [
        ("Catch-all Rule", 99, True), ("R", 1, False)]  # fmt: skip
    assert rules[1]["conditions"] == {
        "people": {"users": {"exclude": []}}, "network": {"connection": "ANYWHERE"}, "riskScore": {"level": "ANY"},
        "userType": {"include": [], "exclude": []},
    }  # fmt: skip
    assert (own[:3], rules[1]["id"][:3], rules[1]["actions"]["appSignOn"]["keepMeSignedIn"]) == (
        "rst", "rul", {"postAuth": "NOT_ALLOWED"})  # fmt: skip
    assert org.ask("GET", f"/api/v1/apps/{WEB}")["_links"]["accessPolicy"]["href"].endswith(own)
    assert [each["id"] for each in org.ask("GET", f"/api/v1/policies/{own}/app")] == [WEB]
    assert "_embedded" not in org.ask("GET", "/api/v1/policies?type=ACCESS_POLICY")[0]  # the Python SDK wants it so
    mapping = org.ask("GET", f"/api/v1/policies/{own}/mappings")[0]
    assert mapping["_links"]["application"]["href"] == f"{org.url}/api/v1/apps/{WEB}"
    refused = org.refused(
        "POST", f"/api/v1/policies/{own}/mappings", {"resourceId": WEB, "resourceType": "ACCESS_POLICY"}
    )
    assert refused[2] == "Api validation failed: Policy mappings are no longer supported on this endpoint."
    sign_on = org.ask("GET", "/api/v1/policies?type=OKTA_SIGN_ON")[0]["id"]
    assert org.refused("PUT", f"/api/v1/apps/{WEB}/policies/{sign_on}")[:2] == (400, "E0000001")
    assert org.refused("PUT", f"/api/v1/apps/{WEB}/policies/none")[:2] == (404, "E0000007")
    org.ask("DELETE", f"/api/v1/policies/{own}/mappings/{mapping['id']}", status=204)
    assert org.ask("GET", f"/api/v1/apps/{WEB}")["_links"]["accessPolicy"]["href"].endswith(default["id"])


def test_nobody_comes_in_under_a_rule_that_denies(org: Org) -> None:
    org.user("in@example.com")
    browser = Browser(org)
    assert "code" in came_back(browser.sign_in("in@example.com"))
    policy(org, "DENY")
    assert came_back(browser.go())["error"] == "access_denied"
    refused = Browser(org).sign_in("in@example.com")
    assert refused.status_code == 403 and "You do not have permission" in refused.text


def test_a_rule_speaks_of_some_people_only(org: Org) -> None:
    org.user("eng@example.com", department="Eng")
    org.user("ops@example.com", department="Ops")
    policy(org, "DENY", {"elCondition": {"condition": 'user.profile.department == "Eng"'}})
    assert "permission" in Browser(org).sign_in("eng@example.com").text
    assert "Set up security methods" in Browser(org).sign_in("ops@example.com").text


def test_two_factors_are_asked_for_also_of_who_has_a_session(org: Org) -> None:
    user = org.user("two@example.com")["id"]
    totp(org, user)
    browser = Browser(org)
    assert "code" in came_back(browser.sign_in("two@example.com"))
    policy(org, factorMode="2FA", constraints=[{"possession": {"deviceBound": "OPTIONAL"}}])
    assert came_back(browser.go(prompt="none"))["error"] == "login_required"
    page = browser.go()
    assert "Verify with Google Authenticator" in page.text
    org.twin.clock.advance(seconds=30)
    code = org.control("factor_code", user=user, factorType="token:software:totp")["code"]
    assert "code" in came_back(browser.post(page, "/login/step", passcode=code))
    assert "code" in came_back(browser.go(prompt="none"))


def test_a_request_asks_for_two_factors_itself(org: Org) -> None:
    user = org.user("acr@example.com")["id"]
    totp(org, user)
    page = Browser(org).sign_in("acr@example.com", acr_values="urn:okta:loa:2fa:any")
    assert "Verify with Google Authenticator" in page.text


def test_a_session_grows_old_for_an_app(org: Org) -> None:
    org.user("old@example.com")
    browser = Browser(org)
    assert "code" in came_back(browser.sign_in("old@example.com"))
    policy(org, reauthenticateIn="PT30M")
    assert "code" in came_back(browser.go())
    org.twin.clock.advance(minutes=31)
    assert "Sign in" in browser.go().text


def test_an_authenticator_for_recovery_is_no_second_factor(org: Org) -> None:
    user = org.user("recover@example.com")["id"]
    org.ask("POST", f"/api/v1/users/{user}/factors?activate=true",
            {"factorType": "question", "provider": "OKTA",
             "profile": {"question": "disliked_food", "answer": "mayonnaise"}})  # fmt: skip
    policy(org, factorMode="2FA")
    assert "Verify with your Security Question" in Browser(org).sign_in("recover@example.com").text
    rows = {each["key"]: each["id"] for each in org.ask("GET", "/api/v1/authenticators")}
    org.ask("PUT", f"/api/v1/authenticators/{rows['security_question']}",
            {"key": "security_question", "name": "Q", "settings": {"allowedFor": "recovery"}})  # fmt: skip
    assert "Set up security methods" in Browser(org).sign_in("recover@example.com").text


def test_a_simulation_says_what_would_decide(org: Org) -> None:
    user = org.user("sim@example.com")["id"]
    own = policy(org, factorMode="2FA")
    body = [{"appInstance": WEB, "policyContext": {"user": {"id": user}, "groups": {"ids": []}},
             "policyTypes": ["ACCESS_POLICY"]}]  # fmt: skip
    found = org.ask("POST", "/api/v1/policies/simulate", body)
    assert [(each["policyType"], each["status"]) for each in found] == [(["ACCESS_POLICY"], "MATCH")]
    decided = found[0]["result"]["policies"][0]
    assert (decided["id"], [each["name"] for each in decided["rules"]]) == (own, ["R"])
    del body[0]["policyContext"]["groups"]
    assert org.refused("POST", "/api/v1/policies/simulate", body)[1] == "E0000003"


@pytest.mark.parametrize(("duration", "seconds"), [
    ("PT2H", 7_200), ("PT0S", 0), ("P1DT30M", 88_200), ("PT43800H", 157_680_000), ("", assurance.FOREVER),
    ("soon", assurance.FOREVER),
])  # fmt: skip
def test_durations(duration: str, seconds: int) -> None:
    assert assurance.seconds(duration) == seconds


@pytest.mark.parametrize(("constraint", "key", "method", "taken"), [
    ({"possession": {}}, "google_otp", "otp", True),
    ({"possession": {}}, "security_question", "security_question", False),
    ({"knowledge": {"types": ["SECURITY_QUESTION"]}}, "security_question", "security_question", True),
    ({"possession": {"methods": ["SMS"]}}, "phone_number", "voice", False),
    ({"possession": {"phishingResistant": "REQUIRED"}}, "google_otp", "otp", False),
    ({"possession": {"authenticationMethods": [{"key": "okta_email"}]}}, "okta_email", "email", True),
    ({"possession": {"excludedAuthenticationMethods": [{"key": "okta_email"}]}}, "okta_email", "email", False),
])  # fmt: skip
def test_constraints(constraint: Any, key: str, method: str, taken: bool) -> None:
    assert assurance.Asked(factor=True, constraints=(constraint,)).allows(key, method) is taken
