"""Signing out of a SAML 2.0 application and the org at once, as the application asks for it; signed requests.

Source: https://developer.okta.com/docs/guides/single-logout/ (SP-initiated: the request is signed by the certificate
of the application's settings, the response goes to its logout URL).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Reply, Request
from twins.okta import pages, saml_messages, twin, wire, xmlsig
from twins.okta.handlers import sessions
from twins.okta.handlers.oauth_authorize import html
from twins.okta.handlers.saml_sso import bad, gone, issuer_of, named, seal, settings
from twins.okta.oauth import clients
from twins.okta.times import written

PARTS = ("SAMLRequest", "RelayState", "SigAlg")
"""What the signature of a request in an address covers, in this order."""


@twin.page("GET", "/app/{name}/{key}/slo/saml")
@twin.page("POST", "/app/{name}/{key}/slo/saml")
def sign_out(ctx: Ctx, request: Request) -> Reply:
    """A logout request of an application: the session ends, a signed response goes back."""
    app = named(ctx, request)
    slo = settings(app).get("slo") or {} if app is not None else {}
    if app is None or not slo.get("enabled"):
        return gone()
    fields = clients.form(request)
    try:
        asked = saml_messages.leaving(fields.get("SAMLRequest", ""), request.method == "GET")
        check(request, app, asked.root)
    except ValueError:
        return bad()
    if slo.get("issuer") and asked.issuer != slo["issuer"]:
        return bad()
    session = wire.session_of(ctx, request)
    if session is not None:
        sessions.end(ctx, session)
    id, place = f"id{ctx.token('digits', 20)}", str(slo.get("logoutUrl") or "")
    head, rest = saml_messages.left(id, written(ctx.now * 1_000_000), place, issuer_of(app), asked.id)
    text = head + seal(ctx, app)(head + rest, id) + rest
    answer = {"SAMLResponse": base64.b64encode(text.encode()).decode()}
    relay = {"RelayState": fields["RelayState"]} if fields.get("RelayState") else {}
    return html(200, pages.posted(place, answer | relay), {"set-cookie": "sid=; Path=/; Max-Age=0"})


def check(request: Request, app: Mapping[str, Any], root: Any) -> None:
    """Check a request by the certificate of the application that sends it. Raises BadSignature."""
    chain = (settings(app).get("spCertificate") or {}).get("x5c") or ()
    if not chain:
        raise xmlsig.BadSignature("no certificate")
    if request.method != "GET":
        return xmlsig.verify(root, str(chain[0]))
    raw = dict(pair.partition("=")[::2] for pair in request.raw_query.decode("latin-1").split("&"))
    fields = clients.form(request)
    data = "&".join(f"{name}={raw[name]}" for name in PARTS if name in raw)
    method = xmlsig.SIGNED.get(fields.get("SigAlg", ""), "")
    return xmlsig.verify_bytes(data.encode(), base64.b64decode(fields.get("Signature", "")), method, str(chain[0]))
