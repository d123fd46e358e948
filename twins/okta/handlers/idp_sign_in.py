"""Signing in through another identity provider: off to it by OpenID Connect or SAML 2.0, and back again.

Source: https://developer.okta.com/docs/concepts/identity-providers/ and
https://developer.okta.com/docs/guides/add-an-external-idp/. A provider that speaks OpenID Connect is asked for tokens
over HTTP, so it must be another server; one that speaks SAML may be the same org.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import orjson

from twinkit import Ctx, Reply, Request, call
from twins.okta import federation, pages, saml, saml_messages, syslog, twin, xmlsig
from twins.okta.federation import Denied
from twins.okta.handlers import sessions
from twins.okta.handlers.oauth_authorize import back, client_of, error_fields, finish, html, keep
from twins.okta.oauth import clients, jwt, servers
from twins.okta.times import written

LIFE = 300


def active(ctx: Ctx, id: str) -> dict[str, Any] | None:
    """The active provider of an id that people can be sent to."""
    found = ctx.store.find("identity_provider", id) if id else None
    return found if found is not None and found["status"] == "ACTIVE" and sends_to(found) else None


def sends_to(idp: Mapping[str, Any]) -> str:
    """Where a provider lets people sign in; empty when it does not say."""
    ends = (idp.get("protocol") or {}).get("endpoints") or {}
    return str((ends.get("sso" if idp["type"] == "SAML2" else "authorization") or {}).get("url") or "")


def leave(ctx: Ctx, idp: Mapping[str, Any], transaction: Mapping[str, Any]) -> Reply:
    """Send the browser to a provider; the request waits for its return."""
    nonce, verifier = ctx.token("alnum", 32), ctx.token("alnum", 43)
    state = keep(ctx, {**transaction, "idp": idp["id"], "idp_nonce": nonce, "idp_verifier": verifier})
    syslog.write(ctx, "user.authentication.auth_via_IDP", "Authenticate user via IDP",
                 syslog.target(str(idp["id"]), "IdentityProvider", str(idp["name"])), outcome="SUCCESS")  # fmt: skip
    return _ask_saml(ctx, idp, state) if idp["type"] == "SAML2" else _ask_oidc(ctx, idp, state, nonce, verifier)


def _ask_oidc(ctx: Ctx, idp: Mapping[str, Any], state: str, nonce: str, verifier: str) -> Reply:
    protocol, client = idp["protocol"], _client(idp)
    asked = {
        "client_id": client.get("client_id"), "response_type": "code", "response_mode": "query",
        "scope": " ".join(protocol.get("scopes") or ["openid"]), "redirect_uri": _callback(ctx),
        "state": state, "nonce": nonce,
    }  # fmt: skip
    if client.get("pkce_required"):
        asked |= {"code_challenge": jwt.encoded(hashlib.sha256(verifier.encode()).digest()),
                  "code_challenge_method": "S256"}  # fmt: skip
    return _to(sends_to(idp), asked)


def _ask_saml(ctx: Ctx, idp: Mapping[str, Any], state: str) -> Reply:
    sso = idp["protocol"]["endpoints"]["sso"]
    format = (idp["protocol"].get("settings") or {}).get("nameFormat") or f"{saml.FORMATS}:unspecified"
    text = saml_messages.request(
        f"id{ctx.token('digits', 20)}", written(ctx.now * 1_000_000), str(sso.get("destination") or sso["url"]),
        f"{ctx.base_url}/sso/saml2/{idp['id']}", audience(ctx, idp), str(format),
    )  # fmt: skip
    if sso.get("binding") == "HTTP-POST":
        fields = {"SAMLRequest": base64.b64encode(text.encode()).decode(), "RelayState": state}
        return html(200, pages.posted(str(sso["url"]), fields))
    packer = zlib.compressobj(wbits=-15)
    packed = base64.b64encode(packer.compress(text.encode()) + packer.flush()).decode()
    return _to(str(sso["url"]), {"SAMLRequest": packed, "RelayState": state})


def audience(ctx: Ctx, idp: Mapping[str, Any]) -> str:
    """Who a provider's assertions are for."""
    trust = ((idp["protocol"].get("credentials") or {}).get("trust")) or {}
    return str(trust.get("audience") or f"https://www.okta.com/saml2/service-provider/{idp['id']}")


def _to(address: str, fields: Mapping[str, Any]) -> Reply:
    return Reply(302, None, {"location": f"{address}{'&' if '?' in address else '?'}{urlencode(fields)}"})


def _callback(ctx: Ctx) -> str:
    return f"{ctx.base_url}/oauth2/v1/authorize/callback"


def _client(idp: Mapping[str, Any]) -> dict[str, Any]:
    return dict(((idp["protocol"].get("credentials") or {}).get("client")) or {})


# the ways in ---------------------------------------------------------------------------------------------------------


@twin.page("GET", "/login/idp")
def chosen(ctx: Ctx, request: Request) -> Reply:
    """The button of a provider on the sign-in page."""
    fields = clients.form(request)
    held, idp = _held(ctx, fields.get("txn", "")), active(ctx, fields.get("idp", ""))
    if held is None or idp is None:
        return _lost()
    return leave(ctx, idp, held)


@twin.page("GET", "/oauth2/v1/authorize/callback")
@twin.page("POST", "/oauth2/v1/authorize/callback")
def returned(ctx: Ctx, request: Request) -> Reply:
    """Back from a provider that speaks OpenID Connect, with a code or an error."""
    fields = clients.form(request)
    transaction = _held(ctx, fields.get("state", ""))
    idp = active(ctx, str((transaction or {}).get("idp") or ""))
    if transaction is None or idp is None:
        return _lost()
    if fields.get("error"):
        given = {"error": fields["error"], "error_description": fields.get("error_description", "")}
        return back(transaction, {**given, "state": str(transaction.get("state", ""))})
    try:
        claims, found = _claims(ctx, idp, transaction, fields.get("code", ""))
        user = federation.arrived(ctx, idp, str(claims["sub"]), claims)
    except Denied as denied:
        return _denied(transaction, denied)
    link = federation.link_of(ctx, str(idp["id"]), user["id"])
    if link is not None:
        kind = str(found.get("token_type") or "Bearer")
        row = {"id": ctx.new_id("{alnum:20}"), "token": found["access_token"], "tokenAuthScheme": kind,
               "tokenType": "urn:ietf:params:oauth:token-type:access_token",
               "scopes": str(found.get("scope") or "").split()}  # fmt: skip
        ctx.store.update("idp_user", link["id"], tokens=[row])
    return _in(ctx, request, idp, transaction, user)


def _claims(
    ctx: Ctx, idp: Mapping[str, Any], transaction: Mapping[str, Any], code: str
) -> tuple[dict[str, Any], dict[str, Any]]:  # fmt: skip
    """What the provider says of a person, and its tokens. Raises Denied."""
    ends, client = idp["protocol"]["endpoints"], _client(idp)
    asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": _callback(ctx)}
    if client.get("pkce_required"):
        asked["code_verifier"] = str(transaction["idp_verifier"])
    secret = base64.b64encode(f"{client.get('client_id')}:{client.get('client_secret') or ''}".encode()).decode()
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json",
               "authorization": f"Basic {secret}"}  # fmt: skip
    found = _json(str((ends.get("token") or {}).get("url")), headers, urlencode(asked).encode())
    text = str(found.get("id_token") or "")
    try:
        header, claims = jwt.read(text)
        held = _json(str((ends.get("jwks") or {}).get("url")), {"accept": "application/json"})
        key = next(each for each in held.get("keys") or () if each.get("kid") == header.get("kid"))
        jwt.check(text, key)
    except (jwt.BadToken, StopIteration):
        raise Denied("idp_login_failed") from None
    issuer = (idp["protocol"].get("issuer") or {}).get("url") or idp.get("issuer") or claims.get("iss")
    aud = claims.get("aud")
    right = claims.get("iss") == issuer and client.get("client_id") in (aud if isinstance(aud, list) else [aud])
    if not right or claims.get("nonce") != transaction["idp_nonce"] or int(claims.get("exp", 0)) <= ctx.now - LIFE:
        raise Denied("idp_login_failed")
    place = (ends.get("userInfo") or {}).get("url")
    if place:
        claims |= _json(str(place), {"authorization": f"Bearer {found.get('access_token')}"})
    return claims, found


def _json(address: str, headers: Mapping[str, str], body: bytes = b"") -> dict[str, Any]:
    reply = call(address, method="POST" if body else "GET", headers=headers, body=body)
    try:
        found = orjson.loads(reply.body) if reply.status == 200 else None
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise Denied("idp_login_failed")
    return found


@twin.page("GET", "/sso/saml2/{idp}")
@twin.page("POST", "/sso/saml2/{idp}")
@twin.page("POST", "/auth/saml20/{idp}")
def asserted(ctx: Ctx, request: Request) -> Reply:
    """A provider's SAML response, to a request of ours or on its own; without one, the way to the provider."""
    idp, fields = active(ctx, request.path["idp"]), clients.form(request)
    if idp is None or idp["type"] != "SAML2":
        return _lost()
    if not fields.get("SAMLResponse"):
        return leave(ctx, idp, {"path": servers.ORG, "relay": fields.get("RelayState", "")})
    transaction = _held(ctx, fields.get("RelayState", "")) or {
        "path": servers.ORG,
        "relay": fields.get("RelayState", ""),
    }
    try:
        said = saml_messages.response(fields["SAMLResponse"])
        _believed(ctx, idp, said)
        user = federation.arrived(ctx, idp, said.name, said.attributes)
    except (Denied, ValueError) as wrong:
        return _denied(transaction, wrong if isinstance(wrong, Denied) else Denied("idp_login_failed"))
    return _in(ctx, request, idp, transaction, user)


def _believed(ctx: Ctx, idp: Mapping[str, Any], said: saml_messages.Said) -> None:
    """Raises Denied for a response that is not the provider's, not for this org, or not of now."""
    trust = (idp["protocol"].get("credentials") or {}).get("trust") or {}
    skew = int(idp["policy"].get("maxClockSkew") or 0) // 1000 + LIFE
    key = ctx.store.find("key_credential", f"idp-trust/{trust.get('kid')}")
    scope = (((idp["protocol"].get("algorithms") or {}).get("response") or {}).get("signature") or {}).get("scope")
    signed = [each for each in (said.root, said.assertion) if xmlsig.signed(each)]
    wanted = {"RESPONSE": [said.root], "TOKEN": [said.assertion]}.get(str(scope), signed[:1])
    if key is None or not wanted or (trust.get("issuer") and trust["issuer"] != said.issuer):
        raise Denied("idp_login_failed")
    for each in wanted:
        xmlsig.verify(each, str(key["x5c"][0]))
    late = said.until and said.until <= written((ctx.now - skew) * 1_000_000)
    if late or said.status != f"{saml.SAML}:status:Success" or audience(ctx, idp) not in said.audiences:
        raise Denied("idp_login_failed")


# back to what was asked for ------------------------------------------------------------------------------------------


def _held(ctx: Ctx, id: str) -> dict[str, Any] | None:
    """The request that waits for a browser's return; it returns once."""
    found = ctx.store.find("authorize_request", id) if id else None
    if found is None or found["expires_at"] <= ctx.now:
        return None
    ctx.store.delete("authorize_request", id)
    return {name: value for name, value in found.items() if name != "expires_at"}


def _lost() -> Reply:
    return html(400, pages.problem("invalid_request", "The request is missing a required parameter or has expired."))


def _denied(transaction: Mapping[str, Any], denied: Denied) -> Reply:
    fields = error_fields(denied.name, (), transaction)
    if not transaction.get("redirect_uri"):
        return html(403, pages.problem("Access denied", fields["error_description"]))
    return back(transaction, fields)


def _in(
    ctx: Ctx, request: Request, idp: Mapping[str, Any], transaction: dict[str, Any], user: dict[str, Any]
) -> Reply:  # fmt: skip
    """A session, and on with what was asked for."""
    session = sessions.start(ctx, user, ["fed"], {"id": str(idp["id"]), "type": "FEDERATION"})
    if not transaction.get("client_id") and not transaction.get("saml"):
        relay = str(transaction.get("relay") or "")
        target = relay if relay.startswith(("/", ctx.base_url)) else f"{ctx.base_url}/app/UserHome"
        return Reply(302, None, {"location": target, **sessions.cookie(session)})
    kept = {name: value for name, value in transaction.items() if name not in ("idp", "idp_nonce", "idp_verifier")}
    return finish(ctx, request, servers.by_key(ctx, str(kept["path"])), client_of(ctx, kept), kept, session)
