"""SAML 2.0 messages that the org sends as a service provider, and those that others send: read, written. Pure.

Source: https://docs.oasis-open.org/security/saml/v2.0/saml-core-2.0-os.pdf.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from twins.okta import xmlsig
from twins.okta.saml import LARGEST, SAML, attribute, text

ASSERTION, PROTOCOL = f"{SAML}:assertion", f"{SAML}:protocol"


class Said(NamedTuple):
    """What a response says of a person."""

    root: Any
    assertion: Any
    issuer: str
    status: str
    name: str
    audiences: tuple[str, ...]
    until: str
    attributes: Mapping[str, Any]


class Leaving(NamedTuple):
    """What a logout request says."""

    root: Any
    id: str
    issuer: str
    name: str
    session: str


def unpacked(message: str, deflated: bool = False) -> Any:
    """The root element of a message as it came. Raises ValueError."""
    data = base64.b64decode(message)
    try:
        return xmlsig.document(zlib.decompressobj(-15).decompress(data, LARGEST) if deflated else data)
    except zlib.error as wrong:
        raise ValueError(str(wrong)) from None


def response(message: str) -> Said:
    """A response. Raises ValueError for what is none."""
    root = unpacked(message)
    inner = xmlsig.child(root, ASSERTION, "Assertion")
    if (root.namespaceURI, root.localName) != (PROTOCOL, "Response") or inner is None:
        raise ValueError("no response with an assertion")
    status = xmlsig.child(root, PROTOCOL, "Status", "StatusCode")
    conditions = xmlsig.child(inner, ASSERTION, "Conditions")
    heard = xmlsig.child(inner, ASSERTION, "Conditions", "AudienceRestriction")
    statement = xmlsig.child(inner, ASSERTION, "AttributeStatement")
    found: dict[str, Any] = {}
    for each in () if statement is None else xmlsig.children(statement, ASSERTION, "Attribute"):
        values = [xmlsig.content(value) for value in xmlsig.children(each, ASSERTION, "AttributeValue")]
        found[each.getAttribute("Name")] = values[0] if len(values) == 1 else values
    return Said(
        root, inner, xmlsig.content(xmlsig.child(inner, ASSERTION, "Issuer")).strip(),
        "" if status is None else status.getAttribute("Value"),
        xmlsig.content(xmlsig.child(inner, ASSERTION, "Subject", "NameID")).strip(),
        tuple(xmlsig.content(each).strip() for each in xmlsig.children(heard, ASSERTION, "Audience")) if heard else (),
        "" if conditions is None else conditions.getAttribute("NotOnOrAfter"), found,
    )  # fmt: skip


def leaving(message: str, deflated: bool) -> Leaving:
    """A logout request. Raises ValueError for what is none."""
    root = unpacked(message, deflated)
    if (root.namespaceURI, root.localName) != (PROTOCOL, "LogoutRequest"):
        raise ValueError("no logout request")
    return Leaving(
        root, root.getAttribute("ID"), xmlsig.content(xmlsig.child(root, ASSERTION, "Issuer")).strip(),
        xmlsig.content(xmlsig.child(root, ASSERTION, "NameID")).strip(),
        xmlsig.content(xmlsig.child(root, PROTOCOL, "SessionIndex")).strip(),
    )  # fmt: skip


def request(id: str, now: str, destination: str, acs: str, issuer: str, format: str) -> str:
    """An authentication request."""
    return (
        f'<saml2p:AuthnRequest xmlns:saml2p="{PROTOCOL}" AssertionConsumerServiceURL="{attribute(acs)}" '
        f'Destination="{attribute(destination)}" ForceAuthn="false" ID="{id}" IssueInstant="{now}" Version="2.0">'
        f'<saml2:Issuer xmlns:saml2="{ASSERTION}">{text(issuer)}</saml2:Issuer>'
        f'<saml2p:NameIDPolicy Format="{attribute(format)}"></saml2p:NameIDPolicy></saml2p:AuthnRequest>'
    )


def left(id: str, now: str, destination: str, issuer: str, request: str, status: str = "Success") -> tuple[str, str]:
    """A logout response in canonical form: what stands before its signature, and after."""
    head = (
        f'<saml2p:LogoutResponse xmlns:saml2p="{PROTOCOL}" Destination="{attribute(destination)}" ID="{id}" '
        f'InResponseTo="{attribute(request)}" IssueInstant="{now}" Version="2.0">'
        f'<saml2:Issuer xmlns:saml2="{ASSERTION}" Format="{SAML}:nameid-format:entity">{text(issuer)}</saml2:Issuer>'
    )
    code = f'<saml2p:StatusCode Value="{SAML}:status:{status}"></saml2p:StatusCode>'
    return head, f"<saml2p:Status>{code}</saml2p:Status></saml2p:LogoutResponse>"
