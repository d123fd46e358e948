"""SAML 2.0 responses: built in canonical form, so that what is written is what is signed.

Pure functions over plain data. The form is that of the service's responses
(https://developer.okta.com/docs/concepts/saml/), signed by https://www.w3.org/TR/xmldsig-core1/ over exclusive
canonical XML (https://www.w3.org/TR/xml-exc-c14n/).
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

SAML = "urn:oasis:names:tc:SAML:2.0"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
XS = "http://www.w3.org/2001/XMLSchema"
FORMATS = "urn:oasis:names:tc:SAML:1.1:nameid-format"
METHODS = {"RSA_SHA256": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "RSA_SHA1": f"{DSIG}rsa-sha1"}
DIGESTS = {"SHA256": "http://www.w3.org/2001/04/xmlenc#sha256", "SHA1": f"{DSIG}sha1"}
HASHES: dict[str, Callable[[bytes], Any]] = {"SHA256": hashlib.sha256, "SHA1": hashlib.sha1}
LARGEST = 100_000
"""Bytes of a request that is still looked at."""

Sign = Callable[[bytes], bytes]


class BadRequest(ValueError):
    """What came is no authentication request."""


class Asked(NamedTuple):
    """What an authentication request says."""

    id: str = ""
    acs: str = ""
    acs_index: str = ""
    issuer: str = ""
    force: bool = False


class Told(NamedTuple):
    """What a response says."""

    issuer: str
    destination: str
    recipient: str
    audience: str
    name: str
    name_format: str
    context: str
    session: str
    ids: tuple[str, str]
    """Of the response and of the assertion."""
    times: Mapping[str, str]
    """`now`, `before`, `after` and `authenticated`, as XML writes them."""
    attributes: Sequence[tuple[str, str, Sequence[str]]]
    """Name, name format and values."""
    request: str = ""
    """The id of the request that is answered."""


def text(value: str) -> str:
    """Text content in canonical form."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")


def attribute(value: str) -> str:
    """The value of an attribute in canonical form."""
    found = value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return found.replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")


def asked(message: str, deflated: bool) -> Asked:
    """An authentication request as it came. Raises BadRequest."""
    from xml.etree import ElementTree

    try:
        data = base64.b64decode(message)
        if deflated:
            data = zlib.decompressobj(-15).decompress(data, LARGEST)
        if b"<!DOCTYPE" in data:
            raise BadRequest("a document type")
        root = ElementTree.fromstring(data)
    except (ValueError, zlib.error, ElementTree.ParseError) as wrong:
        raise BadRequest(str(wrong)) from None
    if root.tag != f"{{{SAML}:protocol}}AuthnRequest":
        raise BadRequest("no AuthnRequest")
    issuer = root.findtext(f"{{{SAML}:assertion}}Issuer") or ""
    return Asked(root.get("ID", ""), root.get("AssertionConsumerServiceURL", ""),
                 root.get("AssertionConsumerServiceIndex", ""), issuer.strip(),
                 root.get("ForceAuthn") in ("true", "1"))  # fmt: skip


def _issuer(name: str, declared: bool) -> str:
    space = f' xmlns:saml2="{SAML}:assertion"' if declared else ""
    return f'<saml2:Issuer{space} Format="{SAML}:nameid-format:entity">{text(name)}</saml2:Issuer>'


def signature(element: str, id: str, method: str, digest: str, certificate: str, sign: Sign) -> str:
    """The enveloped signature of an element in canonical form."""
    summed = base64.b64encode(HASHES[digest](element.encode()).digest()).decode()
    own = f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}" PrefixList="xs"></ec:InclusiveNamespaces>'
    inner = (
        f'<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{METHODS[method]}"></ds:SignatureMethod><ds:Reference URI="#{id}">'
        f'<ds:Transforms><ds:Transform Algorithm="{DSIG}enveloped-signature"></ds:Transform>'
        f'<ds:Transform Algorithm="{EXCLUSIVE}">{own}</ds:Transform></ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{DIGESTS[digest]}"></ds:DigestMethod>'
        f"<ds:DigestValue>{summed}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    )
    value = base64.b64encode(sign(f'<ds:SignedInfo xmlns:ds="{DSIG}">{inner}'.encode())).decode()
    return (
        f'<ds:Signature xmlns:ds="{DSIG}"><ds:SignedInfo>{inner}<ds:SignatureValue>{value}</ds:SignatureValue>'
        f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
        "</ds:Signature>"
    )


def assertion(told: Told, signed: Callable[[str, str], str]) -> str:
    """Who a person is; `signed(element, id)` gives its signature, or nothing."""
    answers = f' InResponseTo="{attribute(told.request)}"' if told.request else ""
    head = (
        f'<saml2:Assertion xmlns:saml2="{SAML}:assertion" ID="{told.ids[1]}" IssueInstant="{told.times["now"]}" '
        f'Version="2.0">{_issuer(told.issuer, False)}'
    )
    rest = (
        f'<saml2:Subject><saml2:NameID Format="{told.name_format}">{text(told.name)}</saml2:NameID>'
        f'<saml2:SubjectConfirmation Method="{SAML}:cm:bearer"><saml2:SubjectConfirmationData{answers} '
        f'NotOnOrAfter="{told.times["after"]}" Recipient="{attribute(told.recipient)}">'
        "</saml2:SubjectConfirmationData></saml2:SubjectConfirmation></saml2:Subject>"
        f'<saml2:Conditions NotBefore="{told.times["before"]}" NotOnOrAfter="{told.times["after"]}">'
        f"<saml2:AudienceRestriction><saml2:Audience>{text(told.audience)}</saml2:Audience>"
        f'</saml2:AudienceRestriction></saml2:Conditions><saml2:AuthnStatement AuthnInstant="'
        f'{told.times["authenticated"]}" SessionIndex="{told.session}"><saml2:AuthnContext><saml2:AuthnContextClassRef>'
        f"{text(told.context)}</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement>"
        f"{_statement(told.attributes)}</saml2:Assertion>"
    )
    return head + signed(head + rest, told.ids[1]) + rest


def _statement(attributes: Sequence[tuple[str, str, Sequence[str]]]) -> str:
    if not attributes:
        return ""
    opened = f'<saml2:AttributeValue xmlns:xs="{XS}" xmlns:xsi="{XS}-instance" xsi:type="xs:string">'
    rows = (
        f'<saml2:Attribute Name="{attribute(name)}" NameFormat="{attribute(form)}">'
        + "".join(f"{opened}{text(value)}</saml2:AttributeValue>" for value in values)
        + "</saml2:Attribute>"
        for name, form, values in attributes
    )
    return f"<saml2:AttributeStatement>{''.join(rows)}</saml2:AttributeStatement>"


def response(told: Told, inner: str, signed: Callable[[str, str], str]) -> str:
    """A successful response around an assertion."""
    answers = f' InResponseTo="{attribute(told.request)}"' if told.request else ""
    head = (
        f'<saml2p:Response xmlns:saml2p="{SAML}:protocol" Destination="{attribute(told.destination)}" '
        f'ID="{told.ids[0]}"{answers} IssueInstant="{told.times["now"]}" Version="2.0">{_issuer(told.issuer, True)}'
    )
    rest = (
        f'<saml2p:Status><saml2p:StatusCode Value="{SAML}:status:Success"></saml2p:StatusCode></saml2p:Status>'
        f"{inner}</saml2p:Response>"
    )
    return head + signed(head + rest, told.ids[0]) + rest
