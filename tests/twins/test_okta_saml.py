"""SAML 2.0: requests and visits are answered with signed responses; the signatures hold in canonical XML."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.twins.okta_org import Org, org, server
from twins.okta import saml

__all__ = ["org", "server"]

SAML2, SAMLP = "{urn:oasis:names:tc:SAML:2.0:assertion}", "{urn:oasis:names:tc:SAML:2.0:protocol}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
ACS = "https://sp.example.com/acs"
PASSWORD = "Correct-h0rse"
SIGN_ON = {
    "ssoAcsUrl": ACS, "audience": "https://sp.example.com", "recipient": ACS, "destination": ACS,
    "subjectNameIdTemplate": "${user.email}", "responseSigned": True, "assertionSigned": True,
    "subjectNameIdFormat": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", "signatureAlgorithm": "RSA_SHA256",
    "digestAlgorithm": "SHA256", "honorForceAuthn": True, "defaultRelayState": "/start",
    "authnContextClassRef": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
    "attributeStatements": [
        {"type": "EXPRESSION", "name": "first", "values": ['user.firstName + " & <co>"']},
        {"type": "GROUP", "name": "groups", "filterType": "STARTS_WITH", "filterValue": "Ev"},
        {"type": "EXPRESSION", "name": "none", "values": ["user.nickName"]},
    ],
}  # fmt: skip


def application(org: Org, **sign_on: Any) -> Any:
    made = org.ask("POST", "/api/v1/apps", {"label": "Sp", "signOnMode": "SAML_2_0",
                                            "settings": {"signOn": SIGN_ON | sign_on}})  # fmt: skip
    org.ask("PUT", f"/api/v1/apps/{made['id']}/groups/00gTwinkitEveryone01")
    return made


def door(org: Org, app: Any) -> str:
    reply = org.plain.get(f"/app/exk{app['id'][3:]}/sso/saml/metadata")
    root = ElementTree.fromstring(reply.text)
    assert root.get("entityID") == f"http://www.okta.com/exk{app['id'][3:]}"
    return next(each.get("Location", "") for each in root.iter() if each.tag.endswith("SingleSignOnService"))


def signed_in(org: Org, page: httpx.Response, login: str) -> httpx.Response:
    found = re.search(r'name="txn" value="([^"]+)"', page.text)
    assert found, page.text
    return org.plain.post("/login/submit", data={"txn": found[1], "username": login, "password": PASSWORD})


def told(page: httpx.Response) -> tuple[str, dict[str, str]]:
    """The address and the fields that a page posts."""
    assert page.status_code == 200, page.text
    target = re.search(r'action="([^"]+)"', page.text)
    fields = dict(re.findall(r'name="(SAMLResponse|RelayState)" value="([^"]*)"', page.text))
    assert target and "SAMLResponse" in fields, page.text
    return target[1], fields


def verify(element: ElementTree.Element, certificate: str, root: ElementTree.Element) -> None:
    """Check an enveloped signature with another implementation's canonical form."""
    kept = next(each for each in element if each.tag == f"{DS}Signature")
    info = next(each for each in kept if each.tag == f"{DS}SignedInfo")
    canonical = _canonical(info)
    public = x509.load_der_x509_certificate(base64.b64decode(certificate)).public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    value = base64.b64decode(kept.findtext(f"{DS}SignatureValue") or "")
    public.verify(value, canonical, padding.PKCS1v15(), hashes.SHA256())
    assert info.find(f"{DS}Reference").get("URI") == f"#{element.get('ID')}"  # type: ignore[union-attr]
    place = list(element).index(kept)
    element.remove(kept)
    digest = base64.b64encode(hashlib.sha256(_canonical(element)).digest()).decode()
    element.insert(place, kept)
    assert info.findtext(f"{DS}Reference/{DS}DigestValue") == digest


def _canonical(element: ElementTree.Element) -> bytes:
    text = ElementTree.tostring(element, encoding="unicode")
    return ElementTree.canonicalize(
        text, qname_aware_attrs=["{http://www.w3.org/2001/XMLSchema-instance}type"]
    ).encode()


for _prefix, _space in (("saml2", SAML2), ("saml2p", SAMLP), ("ds", DS)):
    ElementTree.register_namespace(_prefix, _space[1:-1])
ElementTree.register_namespace("ec", saml.EXCLUSIVE)
ElementTree.register_namespace("xs", saml.XS)
ElementTree.register_namespace("xsi", f"{saml.XS}-instance")


def authn_request(id: str = "_req1", **more: str) -> str:
    marks = "".join(f' {name}="{value}"' for name, value in more.items())
    spaces = f'xmlns:samlp="{SAMLP[1:-1]}" xmlns:saml="{SAML2[1:-1]}"'
    return (f'<samlp:AuthnRequest {spaces} ID="{id}" Version="2.0"{marks}>'
            "<saml:Issuer>https://sp.example.com</saml:Issuer></samlp:AuthnRequest>")  # fmt: skip


def redirect(text: str) -> str:
    packer = zlib.compressobj(wbits=-15)
    return base64.b64encode(packer.compress(text.encode()) + packer.flush()).decode()


def test_a_request_is_answered_with_a_signed_response(org: Org) -> None:
    app = application(org)
    assert (app["name"], app["visibility"]["appLinks"]) == ("twinkit_sp_1", {"twinkit_sp_1_link": True})
    assert app["settings"]["signOn"]["assertionEncryption"] == {"enabled": False}
    org.user("ann@example.com", firstName="Ann")
    place = door(org, app)
    page = org.plain.get(place, params={"SAMLRequest": redirect(authn_request()), "RelayState": "/deep?a=1&b=2"})
    target, fields = told(signed_in(org, page, "ann@example.com"))
    assert (target, fields["RelayState"]) == (ACS, "/deep?a=1&amp;b=2")
    text = base64.b64decode(fields["SAMLResponse"]).decode()
    root = ElementTree.fromstring(text)
    assert (root.get("Destination"), root.get("InResponseTo")) == (ACS, "_req1")
    inner = root.find(f"{SAML2}Assertion")
    assert inner is not None
    key = org.ask("GET", f"/api/v1/apps/{app['id']}/credentials/keys")[0]
    assert inner.findtext(f".//{DS}X509Certificate") == key["x5c"][0]
    assert inner.findtext(f".//{SAML2}NameID") == "ann@example.com"
    assert inner.findtext(f".//{SAML2}Audience") == "https://sp.example.com"
    told_of = {each.get("Name"): [value.text for value in each] for each in inner.iter(f"{SAML2}Attribute")}
    assert told_of == {"first": ["Ann & <co>"], "groups": ["Everyone"]}
    confirmation = inner.find(f".//{SAML2}SubjectConfirmationData")
    assert confirmation is not None and confirmation.get("Recipient") == ACS
    verify(inner, key["x5c"][0], root)
    verify(root, key["x5c"][0], root)
    events = org.ask("GET", '/api/v1/logs?filter=eventType eq "user.authentication.sso"')
    assert events[0]["target"][0]["id"] == app["id"]


def test_the_tile_needs_no_request_and_the_session_no_password(org: Org) -> None:
    app = application(org, responseSigned=False)
    org.user("tile@example.com")
    tile = app["_links"]["appLinks"][0]["href"]
    _, fields = told(signed_in(org, org.plain.get(tile), "tile@example.com"))
    assert fields["RelayState"] == "/start"
    root = ElementTree.fromstring(base64.b64decode(fields["SAMLResponse"]))
    assert root.get("InResponseTo") is None and root.find(f"{DS}Signature") is None
    again = org.plain.post(
        door(org, app), data={"SAMLRequest": base64.b64encode(authn_request("_2").encode()).decode()}
    )
    assert 'InResponseTo="_2"' in base64.b64decode(told(again)[1]["SAMLResponse"]).decode()
    forced = redirect(authn_request("_3", ForceAuthn="true"))
    assert "password" in org.plain.get(door(org, app), params={"SAMLRequest": forced}).text


def test_who_may_not_come_in_and_what_is_no_request(org: Org) -> None:
    made = org.ask(
        "POST", "/api/v1/apps", {"label": "Alone", "signOnMode": "SAML_2_0", "settings": {"signOn": SIGN_ON}}
    )
    org.user("out@example.com")
    place = door(org, made)
    refused = signed_in(org, org.plain.get(place), "out@example.com")
    assert refused.status_code == 403 and "not assigned" in refused.text
    for wrong in ("x", redirect("<a/>"), redirect("<!DOCTYPE a><a/>"), base64.b64encode(b"plain").decode()):
        assert org.plain.get(place, params={"SAMLRequest": wrong}).status_code == 400
    org.ask("POST", f"/api/v1/apps/{made['id']}/lifecycle/deactivate")
    assert org.plain.get(place).status_code == 404
    assert org.plain.get("/app/x/exknone/sso/saml").status_code == 404


def test_another_address_is_used_where_that_is_allowed(org: Org) -> None:
    other = {"url": "https://sp.example.com/acs2", "index": 1}
    app = application(org, allowMultipleAcsEndpoints=True, acsEndpoints=[other], audienceOverride="https://other")
    org.user("acs@example.com")
    asked = redirect(authn_request(AssertionConsumerServiceURL=other["url"]))  # type: ignore[arg-type]
    page = org.plain.get(door(org, app), params={"SAMLRequest": asked})
    target, fields = told(signed_in(org, page, "acs@example.com"))
    assert target == other["url"]
    assert b"<saml2:Audience>https://other</saml2:Audience>" in base64.b64decode(fields["SAMLResponse"])
    evil = redirect(authn_request(AssertionConsumerServiceURL="https://evil.example.com"))
    assert told(org.plain.get(door(org, app), params={"SAMLRequest": evil}))[0] == ACS


def test_a_bookmark_and_a_client_open_their_own_addresses(org: Org) -> None:
    made = org.ask("POST", "/api/v1/apps", {"name": "bookmark", "label": "B",
                                            "settings": {"app": {"url": "https://x.example.com/"}}})  # fmt: skip
    opened = org.plain.get(made["_links"]["appLinks"][0]["href"])
    assert (opened.status_code, opened.headers["location"]) == (302, "https://x.example.com/")
    assert org.plain.get(f"/home/bookmark/{made['id']}x/1").status_code == 404


@pytest.mark.parametrize(("raw", "content", "marked"), [
    ("a&b<c>\r", "a&amp;b&lt;c&gt;&#xD;", "a&amp;b&lt;c>&#xD;"), ('"\t\n', '"\t\n', "&quot;&#x9;&#xA;"),
])  # fmt: skip
def test_canonical_text(raw: str, content: str, marked: str) -> None:
    assert (saml.text(raw), saml.attribute(raw)) == (content, marked)
