"""The Okta twin's inline hooks: password import at the first sign-in, registration, tokens; and hooks that fail."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.twins.okta_org import Org, org, server
from tests.twins.test_okta_hooks import Listener, listener
from tests.twins.test_okta_idx import PASSWORD, change, idx, interact
from tests.twins.test_okta_oauth import WEB, query, returned
from twins.okta.oauth import jwt

__all__ = ["listener", "org", "server"]
OLD = "the old one"


def hook(org: Org, type: str, uri: str) -> str:
    """A new active inline hook."""
    channel = {"type": "HTTP", "version": "1.0.0", "config": {"uri": uri, "method": "POST"}}
    body = {"name": f"Hook {type}", "version": "1.0.0", "type": type, "channel": channel}
    return str(org.ask("POST", "/api/v1/inlineHooks", body)["id"])


def decided(**value: str) -> dict[str, Any]:
    """The command that verifies, lets in or denies."""
    return {"commands": [{"type": "com.okta.action.update", "value": value}]}


# password import ------------------------------------------------------------------------------------------------------


@pytest.fixture
def imported(org: Org, listener: Listener) -> str:
    """A user whose password another system knows, and the hook that asks that system."""
    hook(org, "com.okta.user.credential.password.import", listener.url)
    body = {"profile": {"firstName": "Old", "lastName": "User", "email": "old@example.com", "login": "old@example.com"},
            "credentials": {"password": {"hook": {"type": "default"}}}}  # fmt: skip
    user = org.ask("POST", "/api/v1/users?activate=true", body)
    assert (user["status"], user["credentials"]["provider"]["type"]) == ("ACTIVE", "IMPORT")
    return str(user["id"])


def sign_in(org: Org, password: str) -> Any:
    """The answer of the Authentication API."""
    return org.plain.post("/api/v1/authn", json={"username": "old@example.com", "password": password})


def outcomes(org: Org) -> list[str]:
    """How the attempts at importing a password went."""
    rows = org.ask("GET", '/api/v1/logs?filter=eventType eq "user.import.password"&sortOrder=ASCENDING')
    return [row["outcome"]["result"] for row in rows]


def test_the_first_sign_in_asks_the_hook_and_keeps_the_password(org: Org, listener: Listener, imported: str) -> None:
    listener.answer = decided(credential="UNVERIFIED")
    assert sign_in(org, "a guess").json()["errorCode"] == "E0000004"
    listener.answer = decided(credential="VERIFIED")
    assert sign_in(org, OLD).json()["status"] == "SUCCESS"
    listener.answer = decided(credential="UNVERIFIED")
    assert sign_in(org, OLD).json()["status"] == "SUCCESS"
    assert sign_in(org, "another").status_code == 401
    _, _, asked = listener.got[0]
    assert (len(listener.got), asked["eventType"]) == (2, "com.okta.user.credential.password.import")
    assert asked["data"]["action"] == {"credential": "UNVERIFIED"}
    assert asked["data"]["context"]["credential"] == {"username": "old@example.com", "password": "a guess"}
    assert asked["data"]["context"]["request"]["url"] == {"value": "/api/v1/authn"}
    assert outcomes(org) == ["FAILURE", "SUCCESS"]


@pytest.mark.parametrize("answer", [{}, {"commands": []}, [], {"error": {"errorSummary": "down"}}])
def test_what_is_no_yes_is_a_no(org: Org, listener: Listener, imported: str, answer: Any) -> None:
    listener.answer = answer
    assert sign_in(org, OLD).status_code == 401
    listener.answer = decided(credential="VERIFIED")
    assert sign_in(org, OLD).status_code == 200


def test_a_server_error_is_asked_again_once(org: Org, listener: Listener, imported: str) -> None:
    listener.answer, listener.status = decided(credential="VERIFIED"), 503
    assert sign_in(org, OLD).status_code == 401
    assert len(listener.got) == 2
    listener.status = 400
    assert sign_in(org, OLD).status_code == 401
    assert len(listener.got) == 3
    failures = org.ask("GET", '/api/v1/logs?filter=eventType eq "inline_hook.executed"')
    assert [row["outcome"]["result"] for row in failures] == ["FAILURE", "FAILURE"]


def test_an_inactive_hook_is_not_asked_and_a_new_password_needs_none(
    org: Org, listener: Listener, imported: str
) -> None:
    listener.answer = decided(credential="VERIFIED")
    id = org.ask("GET", "/api/v1/inlineHooks")[0]["id"]
    org.ask("POST", f"/api/v1/inlineHooks/{id}/lifecycle/deactivate")
    assert sign_in(org, OLD).status_code == 401
    org.ask("POST", f"/api/v1/users/{imported}", {"credentials": {"password": {"value": "Correct-h0rse"}}})
    assert sign_in(org, "Correct-h0rse").json()["status"] == "SUCCESS"
    assert listener.got == []


def transaction(page: str) -> str:
    """The transaction of a page's form."""
    found = re.search(r'name="txn" value="(\w+)"', page)
    assert found, page
    return found[1]


def test_the_page_the_pipeline_and_the_password_grant_ask_too(org: Org, listener: Listener, imported: str) -> None:
    listener.answer = decided(credential="UNVERIFIED")
    person = {"username": "old@example.com", "password": OLD}
    page = org.plain.get("/oauth2/default/v1/authorize", params=query()).text
    page = org.plain.post("/login/submit", data={"txn": transaction(page), **person}).text
    assert "Unable to sign in" in page
    state = idx(org, "introspect", interactionHandle=interact(org).json()["interaction_handle"])[1]["stateHandle"]
    step = {"stateHandle": state, "identifier": "old@example.com", "credentials": {"passcode": OLD}}
    assert idx(org, "identify", **step)[0] == 401
    fields = {"grant_type": "password", "scope": "openid", **person}
    assert org.plain.post("/oauth2/default/v1/token", data=fields, auth=WEB).json()["error"] == "invalid_grant"
    paths = [body["data"]["context"]["request"]["url"]["value"] for _, _, body in listener.got]
    assert paths == ["/login/submit", "/idp/idx/identify", "/oauth2/default/v1/token"]
    listener.answer = decided(credential="VERIFIED")
    assert "access_token" in org.plain.post("/oauth2/default/v1/token", data=fields, auth=WEB).json()
    assert "code" in returned(org.plain.post("/login/submit", data={"txn": transaction(page), **person}))
    assert len(listener.got) == 4


# registration ---------------------------------------------------------------------------------------------------------


def register(org: Org, hook: str, email: str = "new@example.com") -> tuple[int, Any]:
    """The last step of a registration that a hook is asked about."""
    change(org, "PROFILE_ENROLLMENT", ["profileEnrollment", "unknownUserAction"], "REGISTER")
    hooks = [{"inlineHookId": hook}]
    change(org, "PROFILE_ENROLLMENT", ["profileEnrollment", "preRegistrationInlineHooks"], hooks)
    state = idx(org, "introspect", interactionHandle=interact(org).json()["interaction_handle"])[1]["stateHandle"]
    idx(org, "enroll", stateHandle=state)
    profile = {"firstName": "New", "lastName": "Person", "email": email}
    return idx(org, "enroll/new", stateHandle=state, userProfile=profile)


def said(body: Any) -> list[str]:
    """The messages for the whole form."""
    return [each["message"] for each in body["messages"]["value"]]


def test_a_registration_hook_changes_the_profile(org: Org, listener: Listener) -> None:
    id = hook(org, "com.okta.user.pre-registration", listener.url)
    listener.answer = {"commands": [
        {"type": "com.okta.user.profile.update", "value": {"nickName": "Newt", "department": "A"}},
        {"type": "com.okta.user.profile.update", "value": {"department": "B"}},
        {"type": "com.okta.action.update", "value": {"registration": "ALLOW"}},
    ]}  # fmt: skip
    assert register(org, id)[0] == 200
    profile = org.ask("GET", "/api/v1/users/new@example.com")["profile"]
    assert (profile["nickName"], profile["department"]) == ("Newt", "B")
    _, _, asked = listener.got[0]
    assert (asked["requestType"], asked["source"]) == ("self.service.registration", id)
    assert (asked["data"]["action"], asked["data"]["userProfile"]["login"]) == ("ALLOW", "new@example.com")
    assert asked["data"]["context"]["request"]["url"] == {"value": "/idp/idx/enroll/new"}


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (decided(registration="DENY"), "Registration denied."),
        ({**decided(registration="ALLOW"), "error": {}}, "Registration cannot be completed at this time."),
        ({"error": {"errorSummary": "No", "errorCauses": [{"errorSummary": "Closed today."}]}}, "Closed today."),
    ],
)
def test_a_registration_hook_denies(org: Org, listener: Listener, answer: Any, text: str) -> None:
    listener.answer = answer
    status, body = register(org, hook(org, "com.okta.user.pre-registration", listener.url))
    assert (status, said(body)) == (400, [text])
    assert org.refused("GET", "/api/v1/users/new@example.com")[0] == 404


def test_a_cause_is_told_at_its_field(org: Org, listener: Listener) -> None:
    cause = {"errorSummary": "Only example.com emails can register.", "location": "data.userProfile.email"}
    listener.answer = {"error": {"errorSummary": "Incorrect email address.", "errorCauses": [cause]}}
    status, body = register(org, hook(org, "com.okta.user.pre-registration", listener.url), "new@example.org")
    form = next(each for each in body["remediation"]["value"] if each["name"] == "enroll-profile")
    fields = next(each for each in form["value"] if each["name"] == "userProfile")["form"]["value"]
    email = next(each for each in fields if each["name"] == "email")
    assert (status, email["messages"]["value"][0]["message"]) == (400, cause["errorSummary"])


def test_a_registration_hook_that_does_not_answer_denies(org: Org) -> None:
    status, body = register(org, hook(org, "com.okta.user.pre-registration", "http://127.0.0.1:9/"))
    text = "There was an error creating your account. Please try registering again"
    assert (status, said(body)) == (400, [text])


# tokens ---------------------------------------------------------------------------------------------------------------


def token(org: Org, hook: str) -> Any:
    """The answer of the token endpoint where a rule has a token hook."""
    base = "/api/v1/authorizationServers/default/policies"
    policy = org.ask("GET", base)[0]["id"]
    rule = org.ask("GET", f"{base}/{policy}/rules")[0]
    rule["actions"]["token"]["inlineHook"] = {"id": hook}
    org.ask("PUT", f"{base}/{policy}/rules/{rule['id']}", rule)
    fields = {"grant_type": "password", "username": "bob.baker@example.com", "password": PASSWORD, "scope": "openid"}
    return org.plain.post("/oauth2/default/v1/token", data=fields, auth=WEB).json()


def test_a_token_hook_that_does_not_answer_is_skipped(org: Org) -> None:
    found = token(org, hook(org, "com.okta.oauth2.tokens.transform", "http://127.0.0.1:9/"))
    assert "id_token" in found
    failures = org.ask("GET", '/api/v1/logs?filter=eventType eq "inline_hook.executed"')
    assert [row["outcome"]["result"] for row in failures] == ["FAILURE", "FAILURE"]


def test_a_token_hook_is_told_whose_token_it_is(org: Org, listener: Listener) -> None:
    listener.answer = {"commands": []}
    token(org, hook(org, "com.okta.oauth2.tokens.transform", listener.url))
    access, identity = (body["data"] for _, _, body in listener.got[-2:])
    assert set(access["access"]["scopes"]) == {"openid"} and access["access"]["scopes"]["openid"]["action"] == "GRANT"
    told = identity["context"]
    assert told["protocol"]["client"] == {"id": WEB[0], "name": "Web app", "type": "CONFIDENTIAL"}
    policy = org.ask("GET", "/api/v1/authorizationServers/default/policies")[0]["id"]
    assert told["policy"]["id"] == policy and told["policy"]["rule"]["id"].startswith("0pr")
    assert told["user"]["_links"]["groups"]["href"] == f"{org.url}/api/v1/users/{told['user']['id']}/groups"
    assert "session" not in told


@pytest.mark.parametrize(
    ("error", "text"),
    [({"errorSummary": "Not today"}, "Not today"), ({}, "The callback service returned an error")],
)
def test_a_token_hooks_error_is_the_clients(org: Org, listener: Listener, error: Any, text: str) -> None:
    listener.answer = {"error": error}
    found = token(org, hook(org, "com.okta.oauth2.tokens.transform", listener.url))
    assert found == {"error": "server_error", "error_description": text}


def patch(kind: str, op: str, path: str, **more: Any) -> dict[str, Any]:
    """The command that patches a token."""
    return {"type": f"com.okta.{kind}.patch", "value": [{"op": op, "path": path, **more}]}


def test_a_token_hook_patches_members_elements_and_lifetimes(org: Org, listener: Listener) -> None:
    listener.answer = {"commands": [
        patch("access", "add", "/claims/profile", value={"name": "Anna", "airports": ["sjc", "sfo"]}),
        patch("access", "add", "/claims/profile/airports/-", value="lax"),
        patch("access", "remove", "/claims/profile/airports/0"),
        patch("access", "replace", "/claims/profile/name", value="Bob"),
        patch("access", "replace", "/claims/aud", value="api://other"),
        patch("access", "replace", "/token/lifetime/expiration", value=36_000),
        patch("identity", "replace", "/token/lifetime/expiration", value=300),
    ]}  # fmt: skip
    found = token(org, hook(org, "com.okta.oauth2.tokens.transform", listener.url))
    access, identity = (jwt.read(found[name])[1] for name in ("access_token", "id_token"))
    assert access["profile"] == {"name": "Bob", "airports": ["sfo", "lax"]}
    assert (access["aud"], access["exp"] - access["iat"], found["expires_in"]) == ("api://other", 36_000, 36_000)
    assert identity["exp"] - identity["iat"] == 300


@pytest.mark.parametrize(
    "wrong",
    [
        patch("access", "replace", "/claims/iss", value="https://evil.example.com"),
        patch("access", "replace", "/claims/unknown", value=1),
        patch("access", "remove", "/claims/unknown"),
        patch("access", "remove", "/claims/extra", value="x"),
        patch("access", "add", "/claims/unknown/member", value=1),
        patch("access", "add", "/claims/list/5", value=1),
        patch("access", "move", "/claims/extra", value=1),
        patch("access", "replace", "/token/lifetime/expiration", value=299),
    ],
)
def test_a_patch_that_cannot_be_done_undoes_all(org: Org, listener: Listener, wrong: Any) -> None:
    good = [patch("access", "add", "/claims/extra", value=1), patch("access", "add", "/claims/list", value=[])]
    listener.answer = {"commands": [*good, wrong]}
    found = token(org, hook(org, "com.okta.oauth2.tokens.transform", listener.url))
    claims = jwt.read(found["access_token"])[1]
    assert "extra" not in claims
    assert claims["iss"] == f"{org.url}/oauth2/default"
    logged = org.ask("GET", '/api/v1/logs?filter=eventType eq "inline_hook.response.processed"')
    assert [row["outcome"]["result"] for row in logged] == ["FAILURE"]


def test_a_preview_tells_the_error(org: Org, listener: Listener) -> None:
    path = f"/api/v1/inlineHooks/{hook(org, 'com.okta.saml.tokens.transform', listener.url)}/execute"
    listener.answer = decided(credential="VERIFIED")
    assert org.ask("POST", path, {"data": {}}) == listener.answer
    listener.answer = {"error": {"errorSummary": "Not today"}}
    assert org.refused("POST", path, {"data": {}})[1:] == (
        "E0000135", "An inline hook responded with an error.", ["Not today"],
    )  # fmt: skip
