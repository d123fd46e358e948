"""Signing in through other identity providers (OpenID Connect, SAML 2.0), links of users, and single logout."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.twins.okta_org import Org, org, server
from twinkit.testing import TwinServer
from twins.okta import xmlsig
from twins.okta.oauth import keys
from twins.okta.saml import signature

__all__ = ["org", "server"]

PASSWORD = "Correct-h0rse"
WEB = {"client_id": "0oaTwinkitWebApp0001", "redirect_uri": "http://localhost:8080/callback", "response_type": "code",
       "scope": "openid profile email", "state": "s1"}  # fmt: skip
SECRET = ("0oaTwinkitWebApp0001", "twinkit-web-client-secret-000000000000001")


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Org]:
    """Another org, on a server of its own."""
    with TwinServer("okta") as made:
        other = Org(made.instance())
        yield other
        other.close()


def fields_of(page: httpx.Response) -> tuple[str, dict[str, str]]:
    target = re.search(r'action="([^"]+)"', page.text)
    assert page.status_code == 200 and target, page.text
    return target[1], dict(re.findall(r'name="(SAMLRequest|SAMLResponse|RelayState|txn)" value="([^"]*)"', page.text))


def signs_in(browser: httpx.Client, page: httpx.Response, login: str) -> httpx.Response:
    target, fields = fields_of(page)
    return browser.post(target, data={"txn": fields["txn"], "username": login, "password": PASSWORD})


def oidc(org: Org, elsewhere: Org, **policy: Any) -> Any:
    """The other org as a provider of this one."""
    settings = {"application_type": "web", "redirect_uris": [f"{org.url}/oauth2/v1/authorize/callback"],
                "grant_types": ["authorization_code"], "response_types": ["code"]}  # fmt: skip
    app = elsewhere.ask("POST", "/api/v1/apps", {
        "name": "oidc_client", "label": f"For {org.url}", "signOnMode": "OPENID_CONNECT",
        "settings": {"oauthClient": settings}, "credentials": {"oauthClient": {}}})  # fmt: skip
    elsewhere.ask("PUT", f"/api/v1/apps/{app['id']}/groups/00gTwinkitEveryone01")
    base, client = f"{elsewhere.url}/oauth2/v1", app["credentials"]["oauthClient"]
    places = {"authorization": "authorize", "token": "token", "userInfo": "userinfo", "jwks": "keys"}
    return org.ask("POST", "/api/v1/idps", {
        "type": "OIDC", "name": "Elsewhere", "policy": policy,
        "protocol": {
            "type": "OIDC", "scopes": ["openid", "profile", "email"], "issuer": {"url": elsewhere.url},
            "endpoints": {each: {"url": f"{base}/{path}", "binding": "HTTP-REDIRECT"} for each, path in places.items()},
            "credentials": {"client": {"client_id": client["client_id"], "client_secret": client["client_secret"],
                                       "pkce_required": True}},
        }})  # fmt: skip


def goes(org: Org, elsewhere: Org, idp: str, login: str) -> dict[str, list[str]]:
    """What the client is told at the end of a sign-in through a provider."""
    with httpx.Client(timeout=30) as browser:
        away = browser.get(f"{org.url}/oauth2/v1/authorize?{urlencode({**WEB, 'idp': idp, 'nonce': 'n'})}")
        assert away.status_code == 302 and away.headers["location"].startswith(f"{elsewhere.url}/oauth2/v1/authorize")
        back = signs_in(browser, browser.get(away.headers["location"]), login)
        assert back.status_code == 302, back.text
        done = browser.get(back.headers["location"])
        assert done.status_code == 302, done.text
        return parse_qs(urlsplit(done.headers["location"]).query)


def test_a_person_of_another_org_comes_in_is_linked_and_comes_again(org: Org, elsewhere: Org) -> None:
    idp = oidc(org, elsewhere)
    group = org.ask("POST", "/api/v1/groups", {"profile": {"name": "Guests"}})["id"]
    idp["policy"]["provisioning"]["groups"] = {"action": "ASSIGN", "assignments": [group]}
    org.ask("PUT", f"/api/v1/idps/{idp['id']}", idp)
    theirs = elsewhere.user("jit@example.com", firstName="Just", lastName="InTime")["id"]
    found = goes(org, elsewhere, idp["id"], "jit@example.com")
    assert found["state"] == ["s1"]
    reply = org.plain.post("/oauth2/v1/token", auth=SECRET, data={
        "grant_type": "authorization_code", "code": found["code"][0], "redirect_uri": WEB["redirect_uri"]})  # fmt: skip
    claims = base64.urlsafe_b64decode(reply.json()["id_token"].split(".")[1] + "==")
    assert f'"idp":"{idp["id"]}"'.encode() in claims and b'"amr":["fed"]' in claims
    user = org.ask("GET", "/api/v1/users/jit@example.com")
    assert (user["profile"]["firstName"], user["credentials"]["provider"]["type"]) == ("Just", "FEDERATION")
    assert [each["profile"]["name"] for each in org.ask("GET", f"/api/v1/users/{user['id']}/groups")][1:] == ["Guests"]
    linked = org.ask("GET", f"/api/v1/idps/{idp['id']}/users")
    assert [(each["id"], each["externalId"]) for each in linked] == [(user["id"], theirs)]
    assert linked[0]["profile"]["given_name"] == "Just"
    assert org.ask("GET", f"/api/v1/idps/{idp['id']}/users/{user['id']}/credentials/tokens")[0]["scopes"]
    assert [each["id"] for each in org.ask("GET", f"/api/v1/users/{user['id']}/idps")] == [idp["id"]]
    assert "code" in goes(org, elsewhere, idp["id"], "jit@example.com")
    assert len(org.ask("GET", f"/api/v1/idps/{idp['id']}/users")) == 1
    org.ask("DELETE", f"/api/v1/idps/{idp['id']}/users/{user['id']}", status=204)
    assert org.refused("GET", f"/api/v1/idps/{idp['id']}/users/{user['id']}")[1] == "E0000007"
    org.ask("POST", f"/api/v1/users/{user['id']}/lifecycle/suspend")
    assert goes(org, elsewhere, idp["id"], "jit@example.com")["error_description"] == ["User status is invalid."]


@pytest.mark.parametrize(("policy", "told"), [
    ({"accountLink": {"action": "DISABLED"}}, "Error in linking or finding a linked user."),
    ({"accountLink": {"action": "AUTO", "filter": {"groups": {"include": ["00gNobody"]}}}},
     "User linking was denied because the user is not in any of the specified groups."),
    ({"subject": {"filter": "@other[.]com$"}}, "Error in linking or finding a linked user."),
    ({"provisioning": {"action": "DISABLED"}, "subject": {"matchType": "CUSTOM_ATTRIBUTE", "matchAttribute": "title"}},
     "User creation was disabled."),
])  # fmt: skip
def test_who_does_not_come_in(org: Org, elsewhere: Org, policy: dict[str, Any], told: str) -> None:
    idp = oidc(org, elsewhere, **policy)
    login = f"no{'-'.join(policy)}-{len(told)}-{len(str(policy))}@example.com"
    elsewhere.user(login)
    org.user(login)
    found = goes(org, elsewhere, idp["id"], login)
    assert (found["error"], found["error_description"]) == (["access_denied"], [told])


def test_a_link_without_a_sign_in(org: Org, elsewhere: Org) -> None:
    idp = oidc(org, elsewhere, provisioning={"action": "DISABLED"})
    theirs = elsewhere.user("known@example.com")["id"]
    ours = org.user("other.name@example.com")["id"]
    place = f"/api/v1/idps/{idp['id']}/users/{ours}"
    assert org.refused("POST", place, {})[1] == "E0000001"
    assert org.ask("POST", place, {"externalId": theirs})["externalId"] == theirs
    assert "code" in goes(org, elsewhere, idp["id"], "known@example.com")
    page = org.plain.get("/oauth2/v1/authorize", params=WEB)
    button = re.search(r'href="([^"]+/login/idp[^"]+)"', page.text)
    assert button and org.plain.get(button[1].replace("&amp;", "&")).status_code == 302
    assert org.plain.get("/oauth2/v1/authorize/callback?state=none&code=x").status_code == 400


def saml(org: Org, **policy: Any) -> tuple[Any, Any]:
    """The org as a SAML provider of itself: application and provider."""
    app = org.ask("POST", "/api/v1/apps", {"label": "Itself", "signOnMode": "SAML_2_0", "settings": {"signOn": {
        "ssoAcsUrl": "https://later", "audience": "urn:itself", "recipient": "https://later", "assertionSigned": True,
        "destination": "https://later", "subjectNameIdTemplate": "${user.email}", "responseSigned": True,
        "signatureAlgorithm": "RSA_SHA256", "digestAlgorithm": "SHA256", "attributeStatements": [
            {"type": "EXPRESSION", "name": "firstName", "values": ["user.firstName"]},
            {"type": "EXPRESSION", "name": "lastName", "values": ["user.lastName"]},
            {"type": "EXPRESSION", "name": "email", "values": ['"x." + user.email']}]}}})  # fmt: skip
    org.ask("PUT", f"/api/v1/apps/{app['id']}/groups/00gTwinkitEveryone01")
    key = org.ask("GET", f"/api/v1/apps/{app['id']}/credentials/keys")[0]
    trusted = org.ask("POST", "/api/v1/idps/credentials/keys", {"x5c": key["x5c"]})["kid"]
    exk = f"exk{app['id'][3:]}"
    idp = org.ask("POST", "/api/v1/idps", {"type": "SAML2", "name": "Mirror", "policy": {
        "subject": {"userNameTemplate": {"template": "idpuser.email"}}, **policy}, "protocol": {
            "type": "SAML2", "algorithms": {"response": {"signature": {"algorithm": "SHA-256", "scope": "ANY"}}},
            "endpoints": {"sso": {"url": f"{org.url}/app/{app['name']}/{exk}/sso/saml", "binding": "HTTP-REDIRECT"},
                          "acs": {"binding": "HTTP-POST", "type": "INSTANCE"}},
            "credentials": {"trust": {"issuer": f"http://www.okta.com/{exk}", "audience": "urn:itself",
                                      "kid": trusted}}}})  # fmt: skip
    acs = f"{org.url}/sso/saml2/{idp['id']}"
    app["settings"]["signOn"] |= {"ssoAcsUrl": acs, "recipient": acs, "destination": acs}
    org.ask("PUT", f"/api/v1/apps/{app['id']}", app)
    return app, idp


def test_an_assertion_makes_a_user_and_opens_a_session(org: Org) -> None:
    _, idp = saml(org)
    org.user("mirror@example.com", firstName="Mirrored")
    with httpx.Client(timeout=30) as browser:
        away = browser.get(f"{org.url}/oauth2/v1/authorize?{urlencode({**WEB, 'idp': idp['id']})}")
        page = signs_in(browser, browser.get(away.headers["location"]), "mirror@example.com")
        target, fields = fields_of(page)
        done = browser.post(target, data=fields)
        assert "code" in parse_qs(urlsplit(done.headers["location"]).query)
        again = browser.post(target, data={**fields, "RelayState": ""})
        assert again.status_code == 302 and again.headers["location"].endswith("/app/UserHome")
        text = base64.b64decode(fields["SAMLResponse"])
        for changed in (text.replace(b"x.mirror@", b"x.admin@"), text.replace(b"<ds:Signature ", b"<ds:Signaturf ")
                        .replace(b"</ds:Signature>", b"</ds:Signaturf>"), b"<a/>"):  # fmt: skip
            assert changed != text
            refused = browser.post(target, data={"SAMLResponse": base64.b64encode(changed).decode()})
            assert refused.status_code == 403 and "Login failed" in refused.text
        org.twin.clock.advance(seconds=3600)
        assert browser.post(target, data={"SAMLResponse": fields["SAMLResponse"]}).status_code == 403
    made = org.ask("GET", "/api/v1/users/x.mirror@example.com")
    assert made["profile"]["firstName"] == "Mirrored"


# single logout and signed requests -----------------------------------------------------------------------------------


def certificate() -> str:
    """The certificate of a test key, as an application's settings hold it."""
    import datetime

    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import NameOID

    private = private_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sp.example.com")])
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    assert isinstance(private, rsa.RSAPrivateKey)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
            .serial_number(7).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=3650))
            .sign(private, hashes.SHA256()))  # fmt: skip
    from cryptography.hazmat.primitives.serialization import Encoding

    return base64.b64encode(made.public_bytes(Encoding.DER)).decode()


def private_key() -> Any:
    from twins.okta.oauth import jwt

    return jwt.signer(keys.CLIENT_KEY)


def signed(data: bytes) -> bytes:
    return bytes(private_key().sign(data, padding.PKCS1v15(), hashes.SHA256()))


def logout_request(issuer: str = "urn:sp") -> tuple[str, str]:
    """A request as text in canonical form, before and after the place of its signature."""
    head = (
        '<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_out1" Version="2.0">'
        f'<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">{issuer}</saml:Issuer>'
    )
    return head, (
        '<saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">out@example.com</saml:NameID>'
        "</samlp:LogoutRequest>"
    )


def test_an_application_signs_its_people_out(org: Org) -> None:
    app, _ = saml(org)
    chain = certificate()
    app["settings"]["signOn"] |= {
        "slo": {"enabled": True, "issuer": "urn:sp", "logoutUrl": "https://sp.example.com/slo"},
        "spCertificate": {"x5c": [chain]}, "samlSignedRequestEnabled": True,
    }  # fmt: skip
    app = org.ask("PUT", f"/api/v1/apps/{app['id']}", app)
    exk = f"exk{app['id'][3:]}"
    metadata = org.plain.get(f"/app/{exk}/sso/saml/metadata").text
    assert f"/app/{app['name']}/{exk}/slo/saml" in metadata and 'WantAuthnRequestsSigned="true"' in metadata
    place = f"/app/{app['name']}/{exk}/slo/saml"
    user = org.user("out@example.com")["id"]
    token = org.plain.post("/api/v1/authn", json={"username": "out@example.com", "password": PASSWORD}).json()
    session = org.ask("POST", "/api/v1/sessions", {"sessionToken": token["sessionToken"]})["id"]
    cookie = {"cookie": f"sid={session}"}
    head, rest = logout_request()
    mark = signature(head + rest, "_out1", "RSA_SHA256", "SHA256", chain, signed)
    posted = {"SAMLRequest": base64.b64encode((head + mark + rest).encode()).decode(), "RelayState": "r"}
    forged = base64.b64encode((head + mark + rest).replace("out@", "all@").encode()).decode()
    assert org.plain.post(place, data={"SAMLRequest": forged}, headers=cookie).status_code == 400
    unsigned = base64.b64encode((head + rest).encode()).decode()
    assert org.plain.post(place, data={"SAMLRequest": unsigned}, headers=cookie).status_code == 400
    assert org.ask("GET", f"/api/v1/sessions/{session}")["userId"] == user
    page = org.plain.post(place, data=posted, headers=cookie)
    target, fields = fields_of(page)
    assert (target, fields["RelayState"]) == ("https://sp.example.com/slo", "r")
    answer = xmlsig.document(base64.b64decode(fields["SAMLResponse"]))
    assert (answer.localName, answer.getAttribute("InResponseTo")) == ("LogoutResponse", "_out1")
    xmlsig.verify(answer, org.ask("GET", f"/api/v1/apps/{app['id']}/credentials/keys")[0]["x5c"][0])
    assert org.refused("GET", f"/api/v1/sessions/{session}")[1] == "E0000007"
    other = logout_request("urn:other")
    mark = signature("".join(other), "_out1", "RSA_SHA256", "SHA256", chain, signed)
    wrong = base64.b64encode((other[0] + mark + other[1]).encode()).decode()
    assert org.plain.post(place, data={"SAMLRequest": wrong}).status_code == 400


def test_requests_in_addresses_are_signed_beside_them(org: Org) -> None:
    app, _ = saml(org)
    app["settings"]["signOn"] |= {"spCertificate": {"x5c": [certificate()]}, "samlSignedRequestEnabled": True}
    org.ask("PUT", f"/api/v1/apps/{app['id']}", app)
    place = f"/app/{app['name']}/exk{app['id'][3:]}/sso/saml"
    text = '<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_in" Version="2.0"/>'
    packer = zlib.compressobj(wbits=-15)
    packed = base64.b64encode(packer.compress(text.encode()) + packer.flush()).decode()
    algorithm = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    query = urlencode({"SAMLRequest": packed, "RelayState": "x y", "SigAlg": algorithm})
    mark = urlencode({"Signature": base64.b64encode(signed(query.encode())).decode()})
    assert "password" in org.plain.get(f"{place}?{query}&{mark}").text
    assert org.plain.get(f"{place}?{query.replace('x+y', 'xy')}&{mark}").status_code == 400
    assert org.plain.get(f"{place}?{query}").status_code == 400
    assert org.plain.get(f"/app/{app['name']}/exk{app['id'][3:]}/slo/saml?{query}").status_code == 404


@pytest.mark.parametrize(("text", "form"), [
    ('<a xmlns="u:1" xmlns:b="u:2"><b:c z="1" a="&#10;&lt;"/></a>',
     '<a xmlns="u:1"><b:c xmlns:b="u:2" a="&#xA;&lt;" z="1"></b:c></a>'),
    ('<a xmlns:x="u:x" xmlns:b="u:2" b:q="1" p="2"><!-- no --><x:d>&amp;&gt;\r\n</x:d></a>',
     '<a xmlns:b="u:2" p="2" b:q="1"><x:d xmlns:x="u:x">&amp;&gt;\n</x:d></a>'),
])  # fmt: skip
def test_canonical_form(text: str, form: str) -> None:
    assert xmlsig.canonical(xmlsig.document(text.encode())).decode() == form
