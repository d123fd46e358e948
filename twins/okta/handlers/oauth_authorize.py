"""The authorize endpoint with its sign-in and consent pages, pushed requests, and signing out.

Source: https://developer.okta.com/docs/reference/api/oidc/#authorize, #par and #logout.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from twinkit import Ctx, Filter, Reply, Request, ServiceError
from twins.okta import apps, assurance, authz, pages, syslog, twin, wire
from twins.okta.handlers import sessions
from twins.okta.handlers.oauth_token import own_token
from twins.okta.idx import steps
from twins.okta.idx.authenticators import PASSWORD
from twins.okta.idx.steps import LEVELS
from twins.okta.idx.transactions import begin, move
from twins.okta.oauth import clients, issue, servers
from twins.okta.oauth.problems import TABLE, fail
from twins.okta.times import iso

PROMPTS = ("none", "login", "consent", "login consent", "enroll_authenticator")
MODES = ("query", "fragment", "form_post", "okta_post_message")
TYPES = frozenset({"code", "id_token", "token", "none"})
CHALLENGE = r"[A-Za-z0-9._~-]{43,128}$"
CODE_LIFE = 300
PAR_LIFE = 60
WORDS = {"failed": "Unable to sign in", "locked": "Your account is locked. Please contact your administrator."}


class Refused(Exception):
    """An OAuth error that goes back to the client by redirect."""

    def __init__(self, name: str, *arguments: str) -> None:
        super().__init__(name)
        self.name = name
        self.arguments = arguments


def html(status: int, text: str, headers: dict[str, str] | None = None) -> Reply:
    """A page."""
    return Reply(status, text, headers or {}, "text/html; charset=utf-8")


@twin.handler("authorize", "authorizeCustomAS", "authorizeWithPost", "authorizeCustomASWithPost")
def authorize(ctx: Ctx, request: Request) -> Reply:
    """Send the browser back with a code or tokens; before that let a person sign in and consent."""
    try:
        server = servers.server_of(ctx, request)
        fields = unpacked(ctx, server, pushed(ctx, clients.form(request)))
        app = client_of(ctx, fields)
    except ServiceError as error:
        return html(400, pages.problem(error.body["error"], error.body["error_description"]))
    transaction = {**fields, "server": server.id, "path": request.path.get("authorizationServerId") or servers.ORG}
    try:
        check(ctx, server, app, fields)
        return proceed(ctx, request, server, app, transaction)
    except Refused as refused:
        return back(fields, error_fields(refused.name, refused.arguments, fields))
    except ServiceError as error:
        return back(fields, {**error.body, "state": fields.get("state", "")})


def pushed(ctx: Ctx, fields: dict[str, str]) -> dict[str, str]:
    """The parameters of a pushed request in place of its `request_uri`. Raises invalid_request_uri."""
    uri = fields.get("request_uri")
    if not uri:
        return fields
    held = ctx.store.find("par_request", uri)
    if held is None or held["expires"] <= ctx.now:
        raise fail("invalid_request_uri")
    if fields.get("client_id") != held["client"]:
        raise fail("request_uri_client")
    ctx.store.delete("par_request", uri)
    return dict(held["fields"])


def unpacked(ctx: Ctx, server: servers.Server, fields: dict[str, str]) -> dict[str, str]:
    """The parameters with those of a signed request object over them. Raises invalid_request."""
    text = fields.get("request")
    if not text:
        return fields
    app = clients.known(ctx, fields.get("client_id", ""))
    claims = clients.request_object(ctx, app, text, server.issuer)
    given = {
        name: str(value) for name, value in claims.items() if name not in ("iss", "aud", "exp", "iat", "nbf", "jti")
    }
    return {**{name: value for name, value in fields.items() if name != "request"}, **given}


def client_of(ctx: Ctx, fields: Mapping[str, str]) -> dict[str, Any]:
    """The client, once its redirect URI is one of its own; the app of a SAML request.

    Raises what must not be sent to the client.
    """
    if fields.get("saml"):
        return ctx.store.get("application", fields["saml"])
    app = apps.client(ctx, fields.get("client_id", ""))
    if app is None or app["status"] != "ACTIVE":
        raise fail("invalid_client_id")
    if not clients.redirects(app, fields.get("redirect_uri", "")):
        raise fail("illegal_redirect_uri")
    return app


def check(ctx: Ctx, server: servers.Server, app: Mapping[str, Any], fields: Mapping[str, str]) -> None:
    """Raises Refused for a wrong request."""
    types = set(fields.get("response_type", "").split())
    configured = clients.settings(app).get("response_types") or []
    allowed = {part for each in configured for part in str(each).split()}
    if "implicit" in clients.settings(app)["grant_types"]:
        allowed |= {"token", "id_token"}
    if not types or not types <= TYPES or not types <= allowed:
        raise Refused("unsupported_response_type", ", ".join(sorted(allowed)))
    mode = fields.get("response_mode")
    if mode is not None and mode not in MODES:
        raise Refused("unsupported_response_mode")
    if mode == "query" and types & {"token", "id_token"}:
        raise Refused("query_with_tokens")
    if not fields.get("state"):
        raise Refused("invalid_state")
    if types & {"token", "id_token"} and not fields.get("nonce"):
        raise Refused("invalid_nonce")
    if fields.get("prompt") is not None and fields["prompt"] not in PROMPTS:
        raise Refused("invalid_prompt", ", ".join(PROMPTS))
    if fields.get("max_age") is not None and not fields["max_age"].isdigit():
        raise Refused("invalid_max_age")
    check_pkce(app, types, fields)


def check_pkce(app: Mapping[str, Any], types: set[str], fields: Mapping[str, str]) -> None:
    """Raises Refused for a missing or wrong code challenge."""
    challenge = fields.get("code_challenge")
    if "code" in types and not challenge and clients.oauth(app).get("pkce_required"):
        raise Refused("pkce_missing_challenge")
    if challenge and fields.get("code_challenge_method", "S256") != "S256":
        raise Refused("pkce_method", "S256")
    if challenge and not re.match(CHALLENGE, challenge):
        raise Refused("pkce_challenge_characters")


def proceed(
    ctx: Ctx, request: Request, server: servers.Server, app: Mapping[str, Any], transaction: dict[str, Any],
    session: dict[str, Any] | None = None,
) -> Reply:  # fmt: skip
    """Sign in, consent, or done: whatever comes next."""
    prompt, fresh = transaction.get("prompt", ""), session
    passed = gate(ctx, request, app, transaction, session)
    if isinstance(passed, Reply):
        return passed
    session, user = passed
    wanted = transaction.get("scope", "").split()
    scopes = servers.scopes_for(ctx, server, app, wanted, "authorization_code", user["id"])
    needed = [] if transaction.get("consented") else to_consent(ctx, server, app, scopes, user["id"], prompt)
    cookies = sessions.cookie(session) if fresh or transaction.get("sessionToken") else {}
    if needed:
        if prompt == "none":
            raise Refused("consent_required", ", ".join(needed))
        return consent_page(ctx, server, app, {**transaction, "session": session["id"]}, scopes, cookies)
    return done(ctx, server, app, transaction, user, session, scopes, cookies)


def gate(
    ctx: Ctx, request: Request, app: Mapping[str, Any], transaction: dict[str, Any], session: dict[str, Any] | None
) -> Reply | tuple[dict[str, Any], dict[str, Any]]:
    """Session and user that an application lets in, or the page that comes first. Raises Refused.

    `session` is one that was opened for this request.
    """
    prompt, fresh = transaction.get("prompt", ""), session
    session = session or session_for(ctx, request, transaction)
    user = ctx.store.find("user", session["userId"]) if session is not None else None
    asked = assurance.asked(ctx, app, user) if user is not None else assurance.Asked()
    stale = session is not None and fresh is None and (
        "login" in prompt.split() or ctx.now - session["authTime"] > int(transaction.get("max_age") or 2**31)
        or (ctx.now - session["authTime"] >= asked.fresh and not transaction.get("sessionToken"))
    )  # fmt: skip
    if session is None or stale:
        if prompt == "none":
            raise Refused("login_required")
        from twins.okta.handlers import idp_sign_in

        provider = idp_sign_in.active(ctx, str(transaction.get("idp") or ""))
        return idp_sign_in.leave(ctx, provider, transaction) if provider else sign_in_page(ctx, app, transaction)
    if user is None or user["status"] != "ACTIVE":
        raise Refused("login_required")
    if not asked.access:
        raise Refused("app_denied")
    if (asked.factor or transaction.get("acr_values") in LEVELS) and "mfa" not in session["amr"]:
        if prompt == "none":
            raise Refused("login_required")
        return step_up(ctx, request, transaction, user)
    if not apps.assigned(ctx, str(app["id"]), user["id"]):
        raise Refused("user_not_assigned")
    return session, user


def step_up(ctx: Ctx, request: Request, transaction: dict[str, Any], user: Mapping[str, Any]) -> Reply:
    """Ask who has signed in for a second factor."""
    from twins.okta.handlers import login_pages

    row = begin(ctx, transaction, str(transaction["path"]), hosted=True)
    return login_pages.onward(
        ctx, request, steps.settle(ctx, move(row, "IDENTIFY", user=user["id"], proved=[PASSWORD]))
    )


def session_for(ctx: Ctx, request: Request, transaction: dict[str, Any]) -> dict[str, Any] | None:
    """The session of a session token or a cookie."""
    if transaction.get("sessionToken"):
        return sessions.redeem(ctx, str(transaction["sessionToken"]))
    return wire.session_of(ctx, request)


def to_consent(
    ctx: Ctx, server: servers.Server, app: Mapping[str, Any], scopes: list[str], user: str, prompt: str
) -> list[str]:
    """The scopes that a user must consent to first."""
    if clients.settings(app).get("consent_method") != "REQUIRED" and "consent" not in prompt.split():
        return []
    known = {} if server.id == servers.ORG else authz.scopes(ctx, server.id)
    given = servers.consented(ctx, server.id, str(clients.oauth(app)["client_id"]), user)
    if "consent" in prompt.split():
        return [name for name in scopes if known.get(name, {}).get("consent") != "FLEXIBLE"]
    return [name for name in scopes if known.get(name, {}).get("consent") == "REQUIRED" and name not in given]


def keep(ctx: Ctx, transaction: Mapping[str, Any]) -> str:
    """Remember a request while a person is asked; its name."""
    id = ctx.token("alnum", 24)
    ctx.store.insert("authorize_request", {**transaction, "expires_at": ctx.now + 3600}, id=id)
    return id


def known_people(ctx: Ctx) -> list[tuple[str, str]]:
    """The first people who can sign in: login and name."""
    page, _ = people_page(ctx)
    return [(user["profile"]["login"], f"{user['profile'].get('firstName')} {user['profile'].get('lastName')}")
            for user in page if user["status"] == "ACTIVE"]  # fmt: skip


def people_page(ctx: Ctx) -> tuple[list[dict[str, Any]], bool]:
    """The first twenty users."""
    from twins.okta import listing

    return listing.find(ctx, "user", (), limit=20)


def sign_in_page(ctx: Ctx, app: Mapping[str, Any], transaction: Mapping[str, Any], error: str = "") -> Reply:
    """Ask who it is."""
    id = keep(ctx, transaction)
    hint = str(transaction.get("login_hint", ""))
    text = pages.sign_in(f"{ctx.base_url}/login/submit", id, known_people(ctx), hint=hint, error=error,
                         app=str(app["label"]), providers=providers(ctx, id))  # fmt: skip
    return html(200, text)


def providers(ctx: Ctx, txn: str) -> list[tuple[str, str]]:
    """The identity providers that a sign-in page offers: address and name."""
    from twins.okta.handlers import idp_sign_in

    rows = ctx.store.select("identity_provider", [Filter("status", "=", "ACTIVE")], order="oldest")
    return [(f"{ctx.base_url}/login/idp?{urlencode({'txn': txn, 'idp': row['id']})}", str(row["name"]))
            for row in rows if idp_sign_in.sends_to(row)]  # fmt: skip


def consent_page(
    ctx: Ctx, server: servers.Server, app: Mapping[str, Any], transaction: Mapping[str, Any], scopes: list[str],
    cookies: dict[str, str],
) -> Reply:  # fmt: skip
    """Ask whether it is all right."""
    id = keep(ctx, transaction)
    known = {} if server.id == servers.ORG else authz.scopes(ctx, server.id)
    rows = [(name, str(known.get(name, {}).get("description") or name)) for name in scopes]
    return html(200, pages.consent(f"{ctx.base_url}/consent/submit", id, str(app["label"]), rows), cookies)


def resume(ctx: Ctx, request: Request) -> tuple[dict[str, Any], dict[str, str], servers.Server, dict[str, Any]]:
    """The request a form belongs to, the form, server and client. Raises invalid_request for an old one."""
    fields = clients.form(request)
    id = fields.get("txn", "")
    held = ctx.store.find("authorize_request", id) if id else None
    if held is None or held["expires_at"] <= ctx.now:
        raise fail("invalid_request")
    ctx.store.delete("authorize_request", id)
    transaction = {name: value for name, value in held.items() if name != "expires_at"}
    return transaction, fields, servers.by_key(ctx, transaction["path"]), client_of(ctx, transaction)


@twin.page("POST", "/consent/submit")
def submit_consent(ctx: Ctx, request: Request) -> Reply:
    """The consent page's form."""
    transaction, fields, server, app = resume(ctx, request)
    session = ctx.store.find("session", str(transaction.pop("session", "")))
    if fields.get("decision") != "allow" or session is None:
        return back(transaction, error_fields("access_denied", (), transaction))
    for scope in transaction.get("scope", "").split():
        consent(ctx, server, str(clients.oauth(app)["client_id"]), session["userId"], scope)
    return finish(ctx, request, server, app, {**transaction, "consented": True}, session)


def consent(ctx: Ctx, server: servers.Server, client: str, user: str, scope: str) -> None:
    """Keep that a user has consented to a scope."""
    id, now = ctx.new_id("oag{alnum:17}"), iso(ctx)
    if scope in servers.consented(ctx, server.id, client, user):
        return
    row = {"id": id, "status": "ACTIVE", "created": now, "lastUpdated": now, "issuer": server.issuer, "scopeId": scope,
           "clientId": client, "userId": user, "source": "END_USER", "server": server.id, "client": client,
           "user": user}  # fmt: skip
    ctx.store.insert("user_grant", row, id=id, created=ctx.micros)


def finish(
    ctx: Ctx, request: Request, server: servers.Server, app: Mapping[str, Any], transaction: dict[str, Any],
    session: dict[str, Any],
) -> Reply:  # fmt: skip
    """Go on with a request after a form."""
    if transaction.get("saml"):
        from twins.okta.handlers import saml_sso

        return saml_sso.onward(ctx, request, app, transaction, session)
    try:
        return proceed(ctx, request, server, app, transaction, session)
    except Refused as refused:
        return back(transaction, error_fields(refused.name, refused.arguments, transaction))
    except ServiceError as error:
        return back(transaction, {**error.body, "state": transaction.get("state", "")})


def done(
    ctx: Ctx, server: servers.Server, app: Mapping[str, Any], transaction: Mapping[str, Any], user: Mapping[str, Any],
    session: Mapping[str, Any], scopes: list[str], cookies: dict[str, str],
) -> Reply:  # fmt: skip
    """Code and tokens, back to the client."""
    types = transaction["response_type"].split()
    grant_type = "authorization_code" if "code" in types else "implicit"
    terms = servers.terms(ctx, server, app, scopes, grant_type, str(user["id"]))
    grant = issue.Grant(server, app, scopes, grant_type, terms, user, transaction.get("nonce"), session["authTime"],
                        tuple(session["amr"]), None, None, str(session["id"]), ctx.token("alnum", 12))  # fmt: skip
    found: dict[str, str] = {}
    if "code" in types:
        found["code"] = code(ctx, grant, transaction)
    if "token" in types:
        access = issue.access_token(ctx, grant)
        found |= {"access_token": access, "token_type": "Bearer", "expires_in": str(issue.lasts(ctx, grant, access)),
                  "scope": " ".join(scopes)}  # fmt: skip
    if "id_token" in types:
        found["id_token"] = issue.id_token(ctx, grant, found.get("access_token"), found.get("code"))
    target = syslog.target(str(app["id"]), "PublicClientApp", str(app["label"]))
    syslog.write(ctx, "app.oauth2.as.authorize", "OAuth2 authorization request", target,
                 actor=syslog.person(dict(user)))  # fmt: skip
    reply = back(transaction, {**found, "state": transaction.get("state", "")})
    reply.headers |= cookies
    return reply


def code(ctx: Ctx, grant: issue.Grant, transaction: Mapping[str, Any], kind: str = "authorization_code") -> str:
    """An authorization (or interaction) code, good once and for five minutes."""
    text = ctx.token("alnum", 43)
    id = wire.digest(text)
    assert grant.user is not None
    row = {
        "id": id, "kind": kind, "client": grant.client, "server": grant.server.id, "user": grant.user["id"],
        "scopes": grant.scopes, "redirect_uri": transaction["redirect_uri"], "nonce": grant.nonce,
        "auth_time": grant.auth_time, "amr": list(grant.amr), "code_challenge": transaction.get("code_challenge"),
        "used": False, "expires": ctx.now + CODE_LIFE, "session": grant.session,
    }  # fmt: skip
    ctx.store.insert("auth_code", row, id=id, created=ctx.micros)
    return text


def error_fields(name: str, arguments: tuple[str, ...], fields: Mapping[str, Any]) -> dict[str, str]:
    """What an error tells the client."""
    _, error, text = TABLE[name]
    for number, argument in enumerate(arguments):
        text = text.replace(f"{{{number}}}", argument)
    return {"state": str(fields.get("state", "")), "error": error, "error_description": text}


def back(transaction: Mapping[str, Any], fields: Mapping[str, str]) -> Reply:
    """The reply that takes the browser back to the client, in the response mode of the request."""
    found = {name: value for name, value in fields.items() if value != ""}
    uri, types = str(transaction["redirect_uri"]), set(str(transaction.get("response_type", "")).split())
    mode = transaction.get("response_mode")
    if mode not in MODES:
        mode = "fragment" if types & {"token", "id_token"} else "query"
    if mode == "form_post":
        return html(200, pages.posted(uri, found))
    if mode == "okta_post_message":
        return html(200, pages.message(found))
    mark = "#" if mode == "fragment" else "&" if "?" in uri else "?"
    return Reply(302, None, {"location": f"{uri}{mark}{urlencode(found)}"})


@twin.handler("par", "parCustomAS")
def push_request(ctx: Ctx, request: Request) -> Reply:
    """Keep an authorize request for a minute; its `request_uri`."""
    fields = clients.form(request)
    server = servers.server_of(ctx, request)
    app = clients.authenticate(ctx, request, fields)
    if "request_uri" in fields:
        raise fail("par_request_uri")
    own = {name: value for name, value in fields.items() if name not in ("client_secret", "client_assertion",
                                                                        "client_assertion_type")}  # fmt: skip
    client = str(clients.oauth(app)["client_id"])
    own["client_id"] = client
    try:
        check(ctx, server, client_of(ctx, own), own)
    except Refused as refused:
        raise fail(refused.name, *refused.arguments) from None
    uri = f"urn:okta:{ctx.token('alnum', 43)}"
    ctx.store.insert("par_request", {"client": client, "fields": own, "expires": ctx.now + PAR_LIFE}, id=uri)
    return Reply(200, {"request_uri": uri, "expires_in": PAR_LIFE})


@twin.handler("logout", "logoutCustomAS", "logoutWithPost", "logoutCustomASWithPost")
def logout(ctx: Ctx, request: Request) -> Reply:
    """End the session of an ID token and send the browser to the client's logout URI."""
    fields = clients.form(request)
    server = servers.server_of(ctx, request)
    claims = own_token(ctx, server, fields.get("id_token_hint", ""))
    if claims is None:
        return html(400, pages.problem("invalid_request", "Invalid request"))
    app = apps.client(ctx, str(claims.get("aud", "")))
    uri = fields.get("post_logout_redirect_uri")
    if uri and (app is None or uri not in (clients.settings(app).get("post_logout_redirect_uris") or [])):
        error = fail("illegal_post_logout_redirect_uri")
        return html(400, pages.problem(error.body["error"], error.body["error_description"]))
    held = wire.session_of(ctx, request) or ctx.store.find("session", str(claims.get("sid", "")))
    if held is not None and held["userId"] == claims["sub"]:
        sessions.end(ctx, held)
    gone = {"set-cookie": "sid=; Path=/; Max-Age=0"}
    state = {"state": fields["state"]} if fields.get("state") else {}
    target = f"{uri}{'&' if '?' in uri else '?'}{urlencode(state)}" if uri and state else uri
    return Reply(302, None, {"location": target or f"{ctx.base_url}/login/signout", **gone})


@twin.page("GET", "/login/signout")
def signed_out(_ctx: Ctx, _request: Request) -> Reply:
    """Where a browser ends that has signed out of a client without a logout URI."""
    return html(200, pages.signed_out())
