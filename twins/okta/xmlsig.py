"""Enveloped XML signatures of messages that came: canonical form and check. Pure functions over a parsed document.

Source: https://www.w3.org/TR/xmldsig-core1/ over https://www.w3.org/TR/xml-exc-c14n/ (without comments).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from twins.okta.saml import DSIG, EXCLUSIVE, attribute, text

ENVELOPED = f"{DSIG}enveloped-signature"
SIGNED = {f"{DSIG}rsa-sha1": "SHA1"} | {
    f"http://www.w3.org/2001/04/xmldsig-more#rsa-sha{size}": f"SHA{size}" for size in (256, 384, 512)
}
DIGESTED = {f"{DSIG}sha1": hashlib.sha1, "http://www.w3.org/2001/04/xmlenc#sha256": hashlib.sha256,
            "http://www.w3.org/2001/04/xmlenc#sha512": hashlib.sha512}  # fmt: skip
Node = Any


class BadSignature(ValueError):
    """A message is not signed, or not by whom it should be."""


def document(data: bytes) -> Node:
    """The root element of a message. Raises ValueError for what is no XML, or has a document type."""
    from xml.dom import minidom
    from xml.parsers.expat import ExpatError

    if b"<!DOCTYPE" in data:
        raise ValueError("a document type")
    try:
        return minidom.parseString(data).documentElement
    except ExpatError as wrong:
        raise ValueError(str(wrong)) from None


def children(node: Node, space: str, name: str) -> Iterator[Node]:
    """The elements of a name right below an element."""
    for each in node.childNodes:
        if each.nodeType == each.ELEMENT_NODE and (each.namespaceURI, each.localName) == (space, name):
            yield each


def child(node: Node, space: str, *names: str) -> Node | None:
    """The first element along a path of names of one namespace."""
    for name in names:
        node = next(children(node, space, name), None)
        if node is None:
            return None
    return node


def content(node: Node | None) -> str:
    """The text in an element."""
    if node is None:
        return ""
    return "".join(each.data for each in node.childNodes if each.nodeType in (each.TEXT_NODE, each.CDATA_SECTION_NODE))


def scope(node: Node) -> dict[str, str]:
    """The namespaces an element can see: prefix → address."""
    found: dict[str, str] = {}
    while node is not None and node.nodeType == node.ELEMENT_NODE:
        for name, value in node.attributes.items():
            if name == "xmlns" or name.startswith("xmlns:"):
                found.setdefault(name.partition(":")[2], value)
        node = node.parentNode
    return found


def canonical(node: Node, listed: frozenset[str] = frozenset(), skip: Node = None) -> bytes:
    """An element in exclusive canonical form, without the element `skip`; `listed` prefixes are always declared."""
    return _element(node, listed, skip, {}).encode()


def _element(node: Node, listed: frozenset[str], skip: Node, told: Mapping[str, str]) -> str:
    seen = scope(node)
    plain = [(each.namespaceURI or "", each.localName, each.name, each.value) for each in node.attributes.values()
             if each.name != "xmlns" and not each.name.startswith("xmlns:")]  # fmt: skip
    used = {node.prefix or "", *(name.partition(":")[0] for _, _, name, _ in plain if ":" in name)} - {"xml"}
    new = {prefix: seen.get(prefix, "") for prefix in used | (listed & set(seen))}
    new = {prefix: value for prefix, value in new.items() if told.get(prefix, "") != value}
    spaces = "".join(f' xmlns{":" if prefix else ""}{prefix}="{attribute(new[prefix])}"' for prefix in sorted(new))
    marks = "".join(f' {name}="{attribute(value)}"' for _, _, name, value in sorted(plain))
    told, parts = {**told, **new}, []
    for each in node.childNodes:
        if each is skip:
            continue
        if each.nodeType == each.ELEMENT_NODE:
            parts.append(_element(each, listed, skip, told))
        elif each.nodeType in (each.TEXT_NODE, each.CDATA_SECTION_NODE):
            parts.append(text(each.data))
    return f"<{node.tagName}{spaces}{marks}>{''.join(parts)}</{node.tagName}>"


def signed(node: Node) -> bool:
    """Whether an element has a signature of its own."""
    return child(node, DSIG, "Signature") is not None


def verify(node: Node, certificate: str) -> None:
    """Check the enveloped signature of an element by a certificate (base64 of its DER). Raises BadSignature."""
    signature = child(node, DSIG, "Signature")
    info = None if signature is None else child(signature, DSIG, "SignedInfo")
    reference = None if info is None else child(info, DSIG, "Reference")
    if signature is None or info is None or reference is None:
        raise BadSignature("no signature")
    if reference.getAttribute("URI") not in (f"#{node.getAttribute('ID')}", ""):
        raise BadSignature("another element is signed")
    steps = child(reference, DSIG, "Transforms")
    transforms = [] if steps is None else list(children(steps, DSIG, "Transform"))
    listed: frozenset[str] = frozenset()
    for each in transforms:
        if each.getAttribute("Algorithm") not in (ENVELOPED, EXCLUSIVE):
            raise BadSignature("transform")
        listed |= _listed(each)
    digest = DIGESTED.get(_algorithm(reference, "DigestMethod"))
    if digest is None or _value(reference, "DigestValue") != digest(canonical(node, listed, signature)).digest():
        raise BadSignature("digest")
    method = child(info, DSIG, "CanonicalizationMethod")
    if method is None or method.getAttribute("Algorithm") != EXCLUSIVE:
        raise BadSignature("canonicalization")
    data, name = canonical(info, _listed(method)), SIGNED.get(_algorithm(info, "SignatureMethod"), "")
    verify_bytes(data, _value(signature, "SignatureValue"), name, certificate)


def verify_bytes(data: bytes, signature: bytes, name: str, certificate: str) -> None:
    """Check an RSA signature with a hash (SHA1, SHA256, …) by a certificate. Raises BadSignature."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    if not name:
        raise BadSignature("algorithm")
    try:
        public: Any = x509.load_der_x509_certificate(base64.b64decode(certificate)).public_key()
        public.verify(signature, data, padding.PKCS1v15(), getattr(hashes, name)())
    except (InvalidSignature, ValueError, AttributeError):
        raise BadSignature("signature") from None


def _algorithm(node: Node, name: str) -> str:
    found = child(node, DSIG, name)
    return "" if found is None else str(found.getAttribute("Algorithm"))


def _value(node: Node, name: str) -> bytes:
    try:
        return base64.b64decode(content(child(node, DSIG, name)))
    except ValueError:
        return b""


def _listed(node: Node) -> frozenset[str]:
    found = child(node, EXCLUSIVE, "InclusiveNamespaces")
    names = "" if found is None else found.getAttribute("PrefixList")
    return frozenset("" if name == "#default" else name for name in names.split())
