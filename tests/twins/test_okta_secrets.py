"""Secrets, consents and tokens of the Okta twin's clients, and the metadata of its SAML applications."""

from __future__ import annotations

import time
from typing import Any
from xml.etree import ElementTree

from tests.twins.okta_org import Org, org, server
from tests.twins.test_okta_hooks import Listener, listener
from twins.okta.oauth import jwt, keys

__all__ = ["listener", "org", "server"]
SERVICE = "0oaTwinkitService004"
METADATA = "{urn:oasis:names:tc:SAML:2.0:metadata}"
SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}"


def status_with(org: Org, secret: str) -> int:
    """What the token endpoint says to a secret."""
    fields = {"grant_type": "client_credentials", "scope": "api:read"}
    return org.plain.post("/oauth2/default/v1/token", data=fields, auth=(SERVICE, secret)).status_code


def test_two_secrets_work_until_the_old_one_is_switched_off(org: Org) -> None:
    base = f"/api/v1/apps/{SERVICE}/credentials/secrets"
    old = org.ask("GET", base)[0]
    new = org.ask("POST", base, {}, status=201)
    assert org.refused("POST", base, {})[1] == "E0000001"
    assert [status_with(org, each["client_secret"]) for each in (old, new)] == [200, 200]
    assert org.refused("DELETE", f"{base}/{old['id']}")[1] == "E0000107"
    assert set(old["_links"]) == {"deactivate"}
    links = org.ask("POST", f"{base}/{old['id']}/lifecycle/deactivate")["_links"]
    assert set(links) == {"activate", "delete"}
    assert [status_with(org, each["client_secret"]) for each in (old, new)] == [401, 200]
    org.ask("DELETE", f"{base}/{old['id']}", status=204)
    assert [each["id"] for each in org.ask("GET", base)] == [new["id"]]


def test_a_user_without_consents_has_none(org: Org) -> None:
    assert org.ask("GET", "/api/v1/users/bob.baker@example.com/grants") == []
    org.ask("DELETE", "/api/v1/users/bob.baker@example.com/grants", status=204)


def test_tokens_of_a_client_that_is_not_there_are_not_found(org: Org) -> None:
    base = "/api/v1/authorizationServers/default/clients"
    assert org.ask("GET", f"{base}/{SERVICE}/tokens") == []
    refused = [org.refused(method, f"{base}/0oaNobody/tokens") for method in ("GET", "DELETE")]
    assert [each[:2] for each in refused] == [(404, "E0000007")] * 2


def test_saml_metadata_shows_the_certificate_of_a_key(org: Org) -> None:
    sso = {"ssoAcsUrl": "https://example.com/acs", "audience": "a", "recipient": "https://example.com/acs",
           "destination": "https://example.com/acs", "subjectNameIdTemplate": "${user.userName}",
           "subjectNameIdFormat": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", "responseSigned": True,
           "assertionSigned": True, "signatureAlgorithm": "RSA_SHA256", "digestAlgorithm": "SHA256",
           "honorForceAuthn": True,
           "authnContextClassRef": "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"}  # fmt: skip
    body = {"label": "Saml", "signOnMode": "SAML_2_0", "settings": {"signOn": sso}}
    app = org.ask("POST", "/api/v1/apps", body)["id"]
    key = org.ask("GET", f"/api/v1/apps/{app}/credentials/keys")[0]
    path = f"/api/v1/apps/{app}/sso/saml/metadata"
    reply = org.http.get(path, params={"kid": key["kid"]}, headers={"accept": "text/xml"})
    assert (reply.status_code, reply.headers["content-type"]) == (200, "text/xml;charset=ISO-8859-1")
    root = ElementTree.fromstring(reply.text)
    assert [(each.text or "").replace("\n", "") for each in root.iter(f"{SIGNATURE}X509Certificate")] == key["x5c"]
    doors = [each.get("Location", "") for each in root.iter(f"{METADATA}SingleSignOnService")]
    assert [each.startswith(f"{org.url}/app/") for each in doors] == [True, True]
    assert org.refused("GET", f"{path}?kid=another")[:2] == (400, "E0000019")
    for wrong in (f"{path}?kid=another", f"/api/v1/apps/{SERVICE}/sso/saml/metadata?kid={key['kid']}"):
        reply = org.http.get(wrong, headers={"accept": "text/xml"})
        assert (reply.status_code, reply.json()["errorCode"]) == (404, "E0000007")


def asserted(org: Org, app: str, key: int, kid: str) -> dict[str, Any]:
    """What the token endpoint answers to an assertion signed with a test key."""
    now = int(time.time())
    claims = {"iss": app, "sub": app, "aud": f"{org.url}/oauth2/default/v1/token", "iat": now, "exp": now + 300,
              "jti": f"{kid}-{time.monotonic_ns()}"}  # fmt: skip
    fields = {"grant_type": "client_credentials", "scope": "api:read",
              "client_assertion": jwt.sign(claims, key, {"kid": kid}),
              "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}  # fmt: skip
    return dict(org.plain.post("/oauth2/default/v1/token", data=fields).json())


def test_the_keys_of_a_client_are_fetched_where_it_says(org: Org, listener: Listener) -> None:
    listener.page = {"keys": [{**keys.public(0), "kid": "one"}]}
    body = {"label": "Fetched", "signOnMode": "OPENID_CONNECT",
            "credentials": {"oauthClient": {"token_endpoint_auth_method": "private_key_jwt"}},
            "settings": {"oauthClient": {"application_type": "service", "grant_types": ["client_credentials"],
                                         "response_types": ["token"], "jwks_uri": f"{listener.url}/jwks"}}}  # fmt: skip
    app = org.ask("POST", "/api/v1/apps", body)["id"]
    assert asserted(org, app, 0, "one")["token_type"] == "Bearer"
    listener.page = {"keys": [{**keys.public(1), "kid": "two"}]}
    assert asserted(org, app, 0, "one")["token_type"] == "Bearer"
    assert asserted(org, app, 1, "two")["token_type"] == "Bearer"
    assert asserted(org, app, 0, "one")["error"] == "invalid_client"
    listener.status = 500
    assert asserted(org, app, 0, "three")["error"] == "invalid_client"


def test_an_api_service_integration_and_its_secrets(org: Org) -> None:
    place = "/integrations/api/v1/api-services"
    assert org.refused("POST", place, {"type": "cerbos"})[1] == "E0000001"
    made = org.ask("POST", place, {"type": "cerbos", "grantedScopes": ["okta.apps.read"]}, status=201)
    assert (made["name"], len(made["clientSecret"])) == ("cerbos_1", 64)
    own = f"{place}/{made['id']}"
    assert "clientSecret" not in org.ask("GET", own) and [each["id"] for each in org.ask("GET", place)] == [made["id"]]
    second = org.ask("POST", f"{own}/credentials/secrets", status=201)
    assert org.refused("POST", f"{own}/credentials/secrets")[1] == "E0000001"
    listed = org.ask("GET", f"{own}/credentials/secrets")
    assert set(listed[0]["client_secret"]) == {"*"} and len(second["client_secret"]) == 64
    secret = f"{own}/credentials/secrets/{second['id']}"
    assert org.refused("DELETE", secret)[1] == "E0000107"
    assert org.ask("POST", f"{secret}/lifecycle/deactivate")["status"] == "INACTIVE"
    org.ask("DELETE", secret, status=204)
    org.ask("DELETE", own, status=204)
    assert org.refused("GET", f"{own}/credentials/secrets")[1] == "E0000007"


def test_connections_of_applications(org: Org) -> None:
    web, other = "0oaTwinkitWebApp0001", "0oaTwinkitSpaApp0002"
    place = f"/api/v1/apps/{web}/cwo/connections"
    assert org.refused("POST", place, {"resourceAppInstanceId": "0oaNobody"})[1] == "E0000007"
    made = org.ask("POST", place, {"resourceAppInstanceId": other}, status=201)
    assert (made["requestingAppInstanceId"], made["status"]) == (web, "ACTIVE")
    assert org.refused("POST", place, {"resourceAppInstanceId": other})[1] == "E0000001"
    assert org.http.patch(f"{place}/{made['id']}", json={"status": "INACTIVE"}).json()["status"] == "INACTIVE"
    assert org.refused("GET", f"/api/v1/apps/{other}/cwo/connections/{made['id']}")[1] == "E0000007"
    org.ask("DELETE", f"{place}/{made['id']}", status=204)
    assert org.ask("GET", place) == []
