"""OAuth 2.0 and OpenID Connect of the Okta twin, judged by Authlib, okta-jwt-verifier and the vendor's SDK."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import re
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest

from tests.twins.okta_org import Org, org, server
from twins.okta.oauth import keys

__all__ = ["org", "server"]
WEB = ("0oaTwinkitWebApp0001", "twinkit-web-client-secret-000000000000001")
SPA, NATIVE, KEYED = "0oaTwinkitSpaApp0002", "0oaTwinkitNative0003", "0oaTwinkitJwtServ005"
SERVICE = ("0oaTwinkitService004", "twinkit-service-client-secret-00000000004")
REDIRECT = "http://localhost:8080/callback"
BOB = {"username": "bob.baker@example.com", "password": "Twinkit-Passw0rd"}
VERIFIER = "v" * 43
CHALLENGE = "7w_YNF9DSfIdPf_pRjSq646_kPr-2-o9NAl16JGghdM"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
CIBA = "urn:openid:params:grant-type:ciba"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


def query(**more: str) -> dict[str, str]:
    """An authorize request of the web app."""
    base = {"client_id": WEB[0], "response_type": "code", "scope": "openid profile email offline_access",
            "redirect_uri": REDIRECT, "state": "s-1", "nonce": "n-1"}  # fmt: skip
    return {name: value for name, value in {**base, **more}.items() if value}


def sign_in(org: Org, fields: dict[str, str], server: str = "default/") -> dict[str, str]:
    """What comes back to the client once Bob has signed in."""
    org.plain.cookies.clear()
    reply = org.plain.get(f"/oauth2/{server}v1/authorize", params=fields)
    found = re.search(r'name="txn" value="(\w+)"', reply.text)
    assert found, reply.text
    return returned(org.plain.post("/login/submit", data={"txn": found[1], **BOB}))


def returned(reply: Any) -> dict[str, str]:
    """The parameters of a redirect to the client."""
    assert reply.status_code == 302, reply.text
    parts = urlparse(reply.headers["location"])
    return {name: values[0] for name, values in parse_qs(parts.query or parts.fragment).items()}


def token(org: Org, fields: dict[str, str], auth: Any = WEB, server: str = "default/", status: int = 200) -> Any:
    """The answer of the token endpoint."""
    reply = org.plain.post(f"/oauth2/{server}v1/token", data=fields, auth=auth)
    assert reply.status_code == status, (reply.status_code, reply.text)
    return reply.json()


def code_for(org: Org, **more: str) -> Any:
    """Tokens of the authorization code flow."""
    found = sign_in(org, query(**more))
    return token(org, {"grant_type": "authorization_code", "code": found["code"], "redirect_uri": REDIRECT})


def test_the_challenge_is_the_verifiers() -> None:
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    assert create_s256_code_challenge(VERIFIER) == CHALLENGE


def test_authlib_signs_in_with_pkce_and_verifies_the_id_token(org: Org) -> None:
    from authlib.integrations.requests_client import OAuth2Session
    from joserfc import jwt
    from joserfc.jwk import KeySet

    meta = org.plain.get("/oauth2/default/.well-known/openid-configuration").json()
    with OAuth2Session(SPA, redirect_uri=REDIRECT, scope="openid email", token_endpoint_auth_method="none",
                      code_challenge_method="S256") as client:  # fmt: skip
        url, state = client.create_authorization_url(meta["authorization_endpoint"], code_verifier=VERIFIER, nonce="n")
        found = sign_in(org, {name: values[0] for name, values in parse_qs(urlparse(url).query).items()})
        assert found["state"] == state
        tokens = client.fetch_token(meta["token_endpoint"], code=found["code"], code_verifier=VERIFIER)
    keys = KeySet.import_key_set(org.plain.get(meta["jwks_uri"]).json())
    claims = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (meta["issuer"], SPA, "n")
    assert claims["email"] == BOB["username"]


def test_the_vendors_verifier_accepts_tokens_and_refuses_wrong_ones(org: Org, monkeypatch: Any) -> None:
    from okta_jwt_verifier import AccessTokenVerifier, IDTokenVerifier
    from okta_jwt_verifier.config_validator import ConfigValidator
    from okta_jwt_verifier.exceptions import JWTValidationException

    plain = functools.partialmethod(ConfigValidator.validate_issuer, https_check=False)
    monkeypatch.setattr(ConfigValidator, "validate_issuer", plain)
    issuer, tokens = f"{org.url}/oauth2/default", code_for(org)

    async def work() -> None:
        await AccessTokenVerifier(issuer=issuer, audience="api://default").verify(tokens["access_token"])
        verifier = IDTokenVerifier(issuer=issuer, client_id=WEB[0], audience="api://default")
        await verifier.verify(tokens["id_token"], nonce="n-1")
        with pytest.raises(JWTValidationException):
            await verifier.verify(tokens["id_token"], nonce="other")
        with pytest.raises(JWTValidationException):
            await AccessTokenVerifier(issuer=issuer, audience="api://other").verify(tokens["access_token"])

    asyncio.run(work())


def test_a_code_works_once_and_its_tokens_die_with_a_second_use(org: Org) -> None:
    found = sign_in(org, query())
    fields = {"grant_type": "authorization_code", "code": found["code"], "redirect_uri": REDIRECT}
    tokens = token(org, fields)
    assert token(org, fields, status=400) == {
        "error": "invalid_grant", "error_description": "The authorization code is invalid or has expired.",
    }  # fmt: skip
    assert introspect(org, tokens["access_token"])["active"] is False


def introspect(org: Org, text: str) -> Any:
    """What the server says of a token."""
    return org.plain.post("/oauth2/default/v1/introspect", data={"token": text}, auth=WEB).json()


@pytest.mark.parametrize(
    ("request_more", "token_more", "auth", "error"),
    [
        ({}, {"redirect_uri": "http://localhost:3000/callback"}, WEB, "invalid_grant"),
        ({}, {}, (WEB[0], "wrong"), "invalid_client"),
        ({}, {}, ("unknown", "x"), "invalid_client"),
        ({"code_challenge": CHALLENGE}, {"code_verifier": "x" * 43}, WEB, "invalid_grant"),
        ({"code_challenge": CHALLENGE}, {}, WEB, "invalid_request"),
        ({}, {"code_verifier": VERIFIER}, WEB, "invalid_request"),
        ({}, {"code": "nonsense"}, WEB, "invalid_grant"),
        ({}, {"grant_type": "nonsense"}, WEB, "unsupported_grant_type"),
        ({}, {"grant_type": "client_credentials"}, WEB, "unauthorized_client"),
        ({}, {"grant_type": ""}, WEB, "invalid_request"),
        ({}, {}, None, "invalid_client"),
    ],
)
def test_what_gets_no_tokens(org: Org, request_more: Any, token_more: Any, auth: Any, error: str) -> None:
    found = sign_in(org, query(**request_more))
    fields = {"grant_type": "authorization_code", "code": found["code"], "redirect_uri": REDIRECT, **token_more}
    reply = org.plain.post("/oauth2/default/v1/token", data=fields, auth=auth)
    assert (reply.status_code, reply.json()["error"]) == (401 if error == "invalid_client" else 400, error)
    assert "access_token" not in reply.json()


def test_an_old_code_is_refused(org: Org) -> None:
    found = sign_in(org, query())
    org.twin.clock.advance(seconds=301)
    fields = {"grant_type": "authorization_code", "code": found["code"], "redirect_uri": REDIRECT}
    assert token(org, fields, status=400)["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"prompt": "none"}, "login_required"),
        ({"response_type": "nonsense"}, "unsupported_response_type"),
        ({"response_type": "id_token", "nonce": ""}, "invalid_request"),
        ({"response_type": "token", "response_mode": "query"}, "unsupported_response_mode"),
        ({"prompt": "nonsense"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_errors_go_back_to_the_client(org: Org, more: Any, error: str) -> None:
    org.plain.cookies.clear()
    found = returned(org.plain.get("/oauth2/default/v1/authorize", params=query(**more)))
    assert (found["error"], found["state"]) == (error, "s-1")


def test_unknown_scopes_are_told_after_sign_in_and_wrong_uris_never_redirect(org: Org) -> None:
    assert sign_in(org, query(scope="openid nonsense"))["error"] == "invalid_scope"
    for more in ({"redirect_uri": "https://evil.example.com/"}, {"client_id": "unknown"}):
        reply = org.plain.get("/oauth2/default/v1/authorize", params=query(**more))
        assert reply.status_code == 400
        assert "location" not in reply.headers


def test_login_hint_and_a_wrong_password(org: Org) -> None:
    org.plain.cookies.clear()
    reply = org.plain.get("/oauth2/default/v1/authorize", params=query(login_hint="carol.chen@example.com"))
    assert 'value="carol.chen@example.com"' in reply.text
    found = re.search(r'name="txn" value="(\w+)"', reply.text)
    assert found
    reply = org.plain.post("/login/submit", data={"txn": found[1], "username": "bob.baker", "password": "no"})
    assert "Unable to sign in" in reply.text


def test_implicit_hybrid_and_form_post(org: Org) -> None:
    found = sign_in(org, query(response_type="id_token token"))
    assert {"id_token", "access_token", "expires_in"} <= set(found)
    assert {"code", "id_token"} <= set(sign_in(org, query(response_type="code id_token")))
    reply = org.plain.get("/oauth2/default/v1/authorize", params=query(response_mode="form_post"))
    assert reply.status_code == 200
    assert 'name="code"' in reply.text


def test_refresh_rotation_and_reuse_detection(org: Org) -> None:
    found = sign_in(org, query(client_id=SPA, code_challenge=CHALLENGE, code_challenge_method="S256"))
    fields = {"grant_type": "authorization_code", "code": found["code"], "redirect_uri": REDIRECT, "client_id": SPA,
              "code_verifier": VERIFIER}  # fmt: skip
    first = token(org, fields, auth=None)["refresh_token"]
    again = {"grant_type": "refresh_token", "client_id": SPA}
    second = token(org, {**again, "refresh_token": first}, auth=None)["refresh_token"]
    assert second != first
    org.twin.clock.advance(seconds=2)
    assert token(org, {**again, "refresh_token": first}, auth=None, status=400)["error"] == "invalid_grant"
    assert token(org, {**again, "refresh_token": second}, auth=None, status=400)["error"] == "invalid_grant"
    tokens = code_for(org)
    narrow = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "scope": "openid"}
    assert token(org, narrow)["scope"] == "openid"
    assert token(org, {**narrow, "scope": "openid api:read"}, status=400)["error"] == "access_denied"


def test_introspection_revocation_userinfo_and_expiry(org: Org) -> None:
    tokens = code_for(org)
    facts = introspect(org, tokens["access_token"])
    assert (facts["active"], facts["client_id"], facts["username"]) == (True, WEB[0], BOB["username"])
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    assert org.plain.get("/oauth2/default/v1/userinfo", headers=bearer).json()["name"] == "Bob Baker"
    done = org.plain.post("/oauth2/default/v1/revoke", data={"token": tokens["refresh_token"]}, auth=WEB)
    assert done.status_code == 200
    assert introspect(org, tokens["access_token"])["active"] is False
    reply = org.plain.get("/oauth2/default/v1/userinfo", headers=bearer)
    assert (reply.status_code, reply.json()["error"]) == (401, "invalid_token")
    later = code_for(org)["access_token"]
    org.twin.clock.advance(seconds=3601)
    assert introspect(org, later)["active"] is False


def test_client_credentials_password_and_the_orgs_own_server(org: Org) -> None:
    assert token(org, {"grant_type": "client_credentials", "scope": "api:read"}, SERVICE)["scope"] == "api:read"
    wrong = {"grant_type": "client_credentials", "scope": "openid"}
    assert token(org, wrong, SERVICE, status=400)["error"] == "invalid_scope"
    needs = {"grant_type": "client_credentials", "scope": "api:write"}
    assert token(org, needs, SERVICE, status=400)["error"] == "consent_required"
    assert token(org, {"grant_type": "client_credentials", "scope": "okta.users.read"}, SERVICE, "", 401) == {
        "error": "invalid_client",
        "error_description": "Client Credentials requests to the Org Authorization Server must use the "
        "private_key_jwt token_endpoint_auth_method.",
    }
    grant = {"grant_type": "password", "scope": "openid", **BOB}
    assert "id_token" in token(org, grant)
    assert token(org, {**grant, "password": "wrong"}, status=400)["error"] == "invalid_grant"


def test_device_and_backchannel_flows(org: Org) -> None:
    asked = org.plain.post("/oauth2/default/v1/device/authorize", data={"client_id": NATIVE, "scope": "openid"}).json()
    fields = {"grant_type": DEVICE, "device_code": asked["device_code"], "client_id": NATIVE}
    assert token(org, fields, None, status=400)["error"] == "authorization_pending"
    assert token(org, fields, None, status=400)["error"] == "slow_down"
    reply = org.plain.post("/activate", data={"user_code": asked["user_code"], **BOB})
    assert "Device activated" in reply.text
    assert "id_token" in token(org, fields, None)
    assert token(org, fields, None, status=400)["error"] == "invalid_grant"
    hint = {"scope": "openid", "login_hint": BOB["username"]}
    asked = org.plain.post("/oauth2/default/v1/bc/authorize", data=hint, auth=WEB).json()
    fields = {"grant_type": CIBA, "auth_req_id": asked["auth_req_id"]}
    assert token(org, fields, status=400)["error"] == "authorization_pending"
    org.plain.post("/_twin/do/ciba", json={"username": BOB["username"]}).raise_for_status()
    assert "id_token" in token(org, fields)


def test_token_exchange_par_and_logout(org: Org) -> None:
    tokens = code_for(org)
    fields = {"grant_type": EXCHANGE, "subject_token": tokens["access_token"], "scope": "api:read",
              "subject_token_type": ACCESS, "audience": "api://default"}  # fmt: skip
    made = token(org, fields, SERVICE)
    assert made["issued_token_type"].endswith("access_token")
    pushed = org.plain.post("/oauth2/default/v1/par", data=query(), auth=WEB).json()
    found = sign_in(org, {"client_id": WEB[0], "request_uri": pushed["request_uri"]})
    assert found["state"] == "s-1"
    hint = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": "http://localhost:8080/", "state": "bye"}
    assert returned(org.plain.get("/oauth2/default/v1/logout", params=hint)) == {"state": "bye"}
    org.plain.cookies.clear()
    hint["post_logout_redirect_uri"] = "https://evil.example.com/"
    assert org.plain.get("/oauth2/default/v1/logout", params=hint).status_code == 400


def test_consent_is_asked_once(org: Org) -> None:
    app = org.ask("GET", f"/api/v1/apps/{WEB[0]}")
    app["settings"]["oauthClient"]["consent_method"] = "REQUIRED"
    org.ask("PUT", f"/api/v1/apps/{WEB[0]}", app)
    org.plain.cookies.clear()
    fields = query(scope="openid api:write")
    reply = org.plain.get("/oauth2/default/v1/authorize", params=fields)
    page = org.plain.post("/login/submit", data={"txn": re.findall(r'value="(\w+)"', reply.text)[0], **BOB})
    assert "Allow Access" in page.text
    txn = re.findall(r'name="txn" value="(\w+)"', page.text)[0]
    denied = returned(org.plain.post("/consent/submit", data={"txn": txn, "decision": "deny"}))
    assert denied["error"] == "access_denied"
    page = org.plain.get("/oauth2/default/v1/authorize", params=fields)
    txn = re.findall(r'name="txn" value="(\w+)"', page.text)[0]
    assert "code" in returned(org.plain.post("/consent/submit", data={"txn": txn, "decision": "allow"}))
    assert "code" in returned(org.plain.get("/oauth2/default/v1/authorize", params={**fields, "prompt": "none"}))
    app["settings"]["oauthClient"]["consent_method"] = "TRUSTED"
    org.ask("PUT", f"/api/v1/apps/{WEB[0]}", app)


def test_keys_rotate_and_old_tokens_stay_good(org: Org) -> None:
    from joserfc import jwt
    from joserfc.jwk import KeySet

    before = code_for(org)["access_token"]
    old = org.plain.get("/oauth2/default/v1/keys").json()["keys"][0]["kid"]
    org.ask("POST", "/api/v1/authorizationServers/default/credentials/lifecycle/keyRotate", {"use": "sig"})
    found = org.plain.get("/oauth2/default/v1/keys").json()
    assert found["keys"][0]["kid"] != old
    for each in (before, code_for(org)["access_token"]):
        jwt.decode(each, KeySet.import_key_set(found), algorithms=["RS256"])


@pytest.mark.parametrize("dpop", [False, True])
def test_the_sdk_as_a_service_app_with_a_key(org: Org, dpop: bool) -> None:
    from okta.client import Client

    from twins.okta.oauth import keys

    os.environ["OKTA_TESTING_TESTINGDISABLEHTTPSCHECK"] = "true"
    key = json.dumps({**keys.private(keys.CLIENT_KEY), "kid": "twinkit-client-key"})
    settings = {"orgUrl": org.url, "authorizationMode": "PrivateKey", "clientId": KEYED, "privateKey": key,
                "scopes": ["okta.users.read"], "dpopEnabled": dpop, "kid": "twinkit-client-key"}  # fmt: skip

    async def work() -> Any:
        async with Client(settings) as client:
            users, _, error = await client.list_users()
            assert error is None, error
            _, _, refused = await client.list_groups()
            return users, refused

    users, refused = asyncio.run(work())
    assert len(users) >= 3
    assert "E0000006" in str(refused)


def test_a_client_registers_itself(org: Org) -> None:
    body = {"client_name": "Registered", "application_type": "web", "redirect_uris": [REDIRECT],
            "response_types": ["code"], "grant_types": ["authorization_code"]}  # fmt: skip
    made = org.ask("POST", "/oauth2/v1/clients", body, status=201)
    assert made["client_secret"]
    assert "client_secret" not in org.ask("GET", f"/oauth2/v1/clients/{made['client_id']}")
    fresh = org.ask("POST", f"/oauth2/v1/clients/{made['client_id']}/lifecycle/newSecret")
    assert fresh["client_secret"] != made["client_secret"]
    org.ask("DELETE", f"/oauth2/v1/clients/{made['client_id']}", status=204)


def settings(org: Org, client: str, **more: Any) -> None:
    """Change the settings of an OAuth app."""
    app = org.ask("GET", f"/api/v1/apps/{client}")
    app["settings"]["oauthClient"] |= more
    org.ask("PUT", f"/api/v1/apps/{client}", app)


@pytest.mark.parametrize(
    ("mode", "uri", "allowed"),
    [
        ("SUBDOMAIN", "https://pr-7.example.com/cb", True),
        ("SUBDOMAIN", "https://a.b.example.com/cb", False),
        ("SUBDOMAIN", "https://pr-7.example.com/other", False),
        ("SUBDOMAIN", "https://evil.com/.example.com/cb", False),
        ("DISABLED", "https://pr-7.example.com/cb", False),
    ],
)
def test_redirect_uris_with_a_wildcard(org: Org, mode: str, uri: str, allowed: bool) -> None:
    settings(org, WEB[0], redirect_uris=["https://pr-*.example.com/cb", REDIRECT], wildcard_redirect=mode)
    org.plain.cookies.clear()
    reply = org.plain.get("/oauth2/default/v1/authorize", params=query(redirect_uri=uri, prompt="none"))
    assert (reply.status_code, "location" in reply.headers) == ((302, True) if allowed else (400, False))


def test_a_signed_request_object_takes_the_place_of_parameters(org: Org) -> None:
    from joserfc import jwt
    from joserfc.jwk import OctKey

    settings(org, WEB[0], request_object_signing_alg="HS256")
    issuer = f"{org.url}/oauth2/default"
    claims = {"iss": WEB[0], "aud": issuer, "exp": org.twin.clock.now + 300, **query(state="from-the-object")}

    def asked(key: str, **more: Any) -> Any:
        org.plain.cookies.clear()
        text = jwt.encode({"alg": "HS256"}, {**claims, **more}, OctKey.import_key(key), algorithms=["HS256"])
        fields = {"client_id": WEB[0], "request": text, "response_type": "code", "prompt": "none"}
        return org.plain.get("/oauth2/default/v1/authorize", params=fields)

    assert returned(asked(WEB[1]))["state"] == "from-the-object"
    assert asked("another-secret-of-sufficient-length-0000").status_code == 400
    assert asked(WEB[1], aud="https://elsewhere.example.com").status_code == 400
    assert asked(WEB[1], exp=1).status_code == 400


def test_a_rotating_refresh_token_has_its_grace(org: Org) -> None:
    settings(org, SPA, refresh_token={"rotation_type": "ROTATE", "leeway": 30})
    found = sign_in(org, query(client_id=SPA, code_challenge=CHALLENGE, code_challenge_method="S256"))
    fields = {"grant_type": "authorization_code", "code": found["code"], "redirect_uri": REDIRECT, "client_id": SPA,
              "code_verifier": VERIFIER}  # fmt: skip
    first = token(org, fields, auth=None)["refresh_token"]
    again = {"grant_type": "refresh_token", "client_id": SPA, "refresh_token": first}
    token(org, again, auth=None)
    org.twin.clock.advance(seconds=29)
    last = token(org, again, auth=None)
    org.twin.clock.advance(seconds=2)
    refused = token(org, again, auth=None, status=400)
    assert refused["error_description"] == "The refresh token is invalid or expired."
    assert introspect(org, last["access_token"])["active"] is False


def test_discovery_documents_name_their_own_endpoints(org: Org) -> None:
    for path, issuer, base in (("/.well-known/openid-configuration", org.url, f"{org.url}/oauth2/v1"),
                               ("/oauth2/default/.well-known/openid-configuration", f"{org.url}/oauth2/default",
                                f"{org.url}/oauth2/default/v1"),
                               ("/oauth2/default/.well-known/oauth-authorization-server", f"{org.url}/oauth2/default",
                                f"{org.url}/oauth2/default/v1")):  # fmt: skip
        found = org.plain.get(path).json()
        assert found["issuer"] == issuer
        endpoints = {name for name in found if name.endswith("_endpoint") or name == "jwks_uri"}
        assert len(endpoints) == 11
        assert all(found[name].startswith((base, f"{org.url}/oauth2/v1/clients")) for name in endpoints)
        assert "urn:openid:params:grant-type:ciba" in found["grant_types_supported"]


def test_proofs_are_fresh_and_used_once(org: Org) -> None:
    from joserfc import jwt
    from joserfc.jwk import ECKey

    settings(org, SERVICE[0], dpop_bound_access_tokens=True)
    key = ECKey.generate_key("P-256")
    url = f"{org.url}/oauth2/default/v1/token"

    def asked(jti: str, **more: Any) -> Any:
        claims = {"htm": "POST", "htu": url, "iat": org.twin.clock.now, "jti": jti, **more}
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)}
        proof = jwt.encode(header, claims, key, algorithms=["ES256"])
        form = {"grant_type": "client_credentials", "scope": "api:read"}
        return org.plain.post(url.removeprefix(org.url), data=form, auth=SERVICE, headers={"dpop": proof})

    first = asked("1")
    assert (first.status_code, first.json()["error"]) == (400, "use_dpop_nonce")
    nonce = first.headers["dpop-nonce"]
    made = asked("2", nonce=nonce).json()
    assert made["token_type"] == "DPoP"
    from twins.okta.oauth import jwt as tokens

    assert tokens.read(made["access_token"])[1]["cnf"]["jkt"] == key.thumbprint()
    assert asked("2", nonce=nonce).json()["error_description"] == "The DPoP proof JWT has already been used."
    assert asked("3", nonce=nonce, iat=org.twin.clock.now - 301).json()["error"] == "invalid_dpop_proof"
    assert asked("4", nonce=nonce, htu=f"{url}/").json()["error_description"].startswith("'htu' claim")
    plain = {"grant_type": "client_credentials", "scope": "api:read"}
    assert token(org, plain, SERVICE, status=400)["error_description"] == "The DPoP proof JWT header is missing."


def test_an_id_token_is_encrypted_for_who_asks_for_that(org: Org) -> None:
    from joserfc import jwe, jwt
    from joserfc.jwk import RSAKey

    app = org.ask("GET", f"/api/v1/apps/{WEB[0]}")
    app["settings"]["oauthClient"] |= {"id_token_encrypted_response_alg": "RSA-OAEP-256", "jwks": {"keys": [
        {**keys.public(1), "use": "sig", "kid": "s"}, {**keys.public(0), "use": "enc", "kid": "e"}]}}  # fmt: skip
    org.ask("PUT", f"/api/v1/apps/{WEB[0]}", app)
    found = token(org, {"grant_type": "password", **BOB, "scope": "openid"})
    opened = jwe.decrypt_compact(
        found["id_token"], RSAKey.import_key(keys.private(0)), algorithms=["RSA-OAEP-256", "A256GCM"]
    )
    assert (opened.protected["kid"], opened.protected["cty"]) == ("e", "JWT") and opened.plaintext is not None
    signing = [RSAKey.import_key(key) for key in org.plain.get("/oauth2/default/v1/keys").json()["keys"]]
    claims = jwt.decode(opened.plaintext.decode(), signing[0]).claims
    assert claims["aud"] == WEB[0] and found["access_token"].count(".") == 2


@pytest.mark.parametrize("name", ["sha1", "sha256", "sha384", "sha512"])
def test_a_wrapped_key_is_opened_by_another_implementation(name: str) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    from twins.okta.oauth import jwe, jwt

    kind = getattr(hashes, name.upper())()
    scheme = padding.OAEP(mgf=padding.MGF1(kind), algorithm=kind, label=None)
    sealed = jwe.wrapped(b"k" * 32, keys.public(0), name, b"s" * 64)
    assert jwt.signer(0).decrypt(sealed, scheme) == b"k" * 32
