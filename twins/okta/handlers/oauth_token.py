"""The token endpoint: every grant. Source: https://developer.okta.com/docs/reference/api/oidc/#token."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from twinkit import Ctx, Filter, Reply, Request
from twins.okta import apps, authz, credentials, people, twin, wire
from twins.okta.handlers import users
from twins.okta.oauth import clients, issue, jwt, servers
from twins.okta.oauth.problems import body, fail

ACCESS = "urn:ietf:params:oauth:token-type:access_token"
INTERVAL = 5
Fields = Mapping[str, str]
Work = Callable[[Ctx, servers.Server, dict[str, Any], Fields, str | None], Any]


@twin.handler("token", "tokenCustomAS")
def token(ctx: Ctx, request: Request) -> Reply:
    """Tokens for a grant."""
    fields = clients.form(request)
    server = servers.server_of(ctx, request)
    grant = fields.get("grant_type")
    if not grant:
        raise fail("missing_grant_type", ", ".join(GRANTS))
    if grant not in GRANTS:
        raise fail("unsupported_grant_type", ", ".join(GRANTS))
    app = clients.authenticate(ctx, request, fields)
    allowed = clients.settings(app)["grant_types"]
    if grant not in allowed:
        raise fail("unauthorized_client", ", ".join(allowed))
    jkt = clients.proof(ctx, request)
    if jkt is None and clients.settings(app).get("dpop_bound_access_tokens"):
        raise fail("dpop_missing")
    made = GRANTS[grant](ctx, server, app, fields, jkt)
    return made if isinstance(made, Reply) else Reply(200, made)


def asked(fields: Fields) -> list[str]:
    """The scopes of a request."""
    return list(dict.fromkeys(fields.get("scope", "").split()))


def _code(ctx: Ctx, server: servers.Server, app: dict[str, Any], fields: Fields, jkt: str | None) -> Any:
    return _redeem(ctx, server, app, fields, jkt, "authorization_code", "code")


def _interaction(ctx: Ctx, server: servers.Server, app: dict[str, Any], fields: Fields, jkt: str | None) -> Any:
    return _redeem(ctx, server, app, fields, jkt, "interaction_code", "interaction_code")


def _redeem(
    ctx: Ctx, server: servers.Server, app: dict[str, Any], fields: Fields, jkt: str | None, kind: str, name: str
) -> Any:
    """Tokens for a code of a kind, which works once."""
    code = fields.get(name)
    if not code:
        raise fail("missing_parameter", name)
    held = ctx.store.find("auth_code", wire.digest(code))
    if held is None or held["expires"] <= ctx.now or held["kind"] != kind:
        raise fail("invalid_authorization_code")
    if held["used"]:
        issue.revoke_family(ctx, "code", held["id"])
        return Reply(400, body("invalid_authorization_code"))
    if held["client"] != clients.oauth(app)["client_id"]:
        raise fail("mismatched_client")
    if held["server"] != server.id:
        raise fail("mismatched_server")
    if kind == "authorization_code" and fields.get("redirect_uri", "") != held["redirect_uri"]:
        raise fail("mismatched_redirect_uri")
    verify_pkce(held, fields.get("code_verifier"))
    user = ctx.store.find("user", held["user"])
    if user is None or user["status"] in ("DEPROVISIONED", "SUSPENDED"):
        raise fail("invalid_authorization_code")
    ctx.store.update("auth_code", held["id"], used=True)
    terms = servers.terms(ctx, server, app, held["scopes"], kind, user["id"])
    grant = issue.Grant(
        server, app, held["scopes"], kind, terms, user, held.get("nonce"), held["auth_time"],
        tuple(held["amr"]), jkt, held["id"], held.get("session"),
    )  # fmt: skip
    return issue.reply(ctx, grant)


def verify_pkce(held: Mapping[str, Any], verifier: str | None) -> None:
    """Raises invalid_grant when the verifier is not the challenge's, invalid_request when one is missing."""
    challenge = held.get("code_challenge")
    if not challenge:
        if verifier:
            raise fail("pkce_no_challenge")
        return
    if not verifier:
        raise fail("pkce_missing_verifier")
    if jwt.encoded(hashlib.sha256(verifier.encode()).digest()) != challenge:
        raise fail("pkce")


def _refresh(ctx: Ctx, server: servers.Server, app: dict[str, Any], fields: Fields, jkt: str | None) -> Any:
    token = fields.get("refresh_token")
    if not token:
        raise fail("missing_parameter", "refresh_token")
    held = ctx.store.find("refresh_token", wire.digest(token))
    if held is None or held["expires"] <= ctx.now or held["server"] != server.id:
        raise fail("invalid_refresh_token")
    if held["client"] != clients.oauth(app)["client_id"]:
        raise fail("mismatched_client")
    rules = clients.settings(app).get("refresh_token") or {}
    if held["rotated"] is not None and ctx.now >= held["rotated"] + int(rules.get("leeway") or 0):
        issue.revoke_family(ctx, "family", held["family"])
        return Reply(400, body("invalid_refresh_token"))
    user = ctx.store.find("user", held["user"]) if held["user"] else None
    if held["revoked"] or (user is not None and user["status"] in ("DEPROVISIONED", "SUSPENDED")):
        raise fail("invalid_refresh_token")
    if held["jkt"] and held["jkt"] != jkt:
        raise fail("dpop_refresh_binding")
    scopes = asked(fields) or held["scopes"]
    denied = [scope for scope in scopes if scope not in held["scopes"]]
    if denied:
        raise fail("refresh_scopes_denied", ", ".join(denied))
    terms = servers.terms(ctx, server, app, scopes, held["grant"], held["user"])
    grant = issue.Grant(
        server, app, scopes, held["grant"], terms, user, None, held["auth_time"], tuple(held["amr"]), jkt, held["code"],
        held.get("session"), held["family"],
    )  # fmt: skip
    if rules.get("rotation_type") == "ROTATE":
        if held["rotated"] is None:
            ctx.store.update("refresh_token", held["~key"], rotated=ctx.now)
        full = issue.Grant(**{**_fields(grant), "scopes": held["scopes"]})
        return issue.reply(ctx, grant, refresh=issue.refresh_token(ctx, full))
    until = ctx.now + terms.window
    ctx.store.update("refresh_token", held["~key"], expires=min(until, held["ends"]) if held["ends"] else until)
    return issue.reply(ctx, grant, refresh=token)


def _fields(grant: issue.Grant) -> dict[str, Any]:
    return {name: getattr(grant, name) for name in issue.Grant.__slots__}


def _client(ctx: Ctx, server: servers.Server, app: dict[str, Any], fields: Fields, jkt: str | None) -> Any:
    if server.id == servers.ORG and clients.oauth(app)["token_endpoint_auth_method"] != "private_key_jwt":
        raise fail("unsupported_auth_method_client_creds")
    scopes = servers.scopes_for(ctx, server, app, asked(fields), "client_credentials", None)
    known = {} if server.id == servers.ORG else authz.scopes(ctx, server.id)
    needed = [name for name in scopes if known.get(name, {}).get("consent") == "REQUIRED"]
    if needed:
        raise fail("consent_required_client_credentials", ", ".join(needed))
    terms = servers.terms(ctx, server, app, scopes, "client_credentials", None)
    return issue.reply(ctx, issue.Grant(server, app, scopes, "client_credentials", terms, jkt=jkt))


def _password(ctx: Ctx, server: servers.Server, app: dict[str, Any], fields: Fields, jkt: str | None) -> Any:
    for name in ("username", "password"):
        if not fields.get(name):
            raise fail("missing_parameter", name)
    user = people.find(ctx, fields["username"])
    if user is None or user["status"] not in ("ACTIVE", "PASSWORD_EXPIRED", "RECOVERY"):
        raise fail("invalid_password_credentials")
    if not users.signs_in(ctx, user, fields["username"], fields["password"]):
        users.locked(ctx, user)
        return Reply(400, body("invalid_password_credentials"))
    if user["status"] != "ACTIVE" or credentials.expired(ctx, user):
        raise fail("expired_password_credentials")
    if not apps.assigned(ctx, app["id"], user["id"]):
        raise fail("user_not_assigned")
    scopes = servers.scopes_for(ctx, server, app, asked(fields), "password", user["id"])
    terms = servers.terms(ctx, server, app, scopes, "password", user["id"])
    users.signed_in(ctx, user)
    return issue.reply(ctx, issue.Grant(server, app, scopes, "password", terms, user, None, ctx.now, jkt=jkt))


def _polled(ctx: Ctx, kind: str, key: str, words: tuple[str, str, str]) -> dict[str, Any] | Reply:
    """A device code or CIBA request once its user has agreed; else the error of waiting, denial or age."""
    invalid, expired, pending = words
    held = ctx.store.find(kind, wire.digest(key))
    if held is None or held["status"] == "USED":
        raise fail(invalid)
    if held["expires"] <= ctx.now:
        raise fail(expired)
    if held["status"] == "DENIED":
        raise fail("access_denied")
    if held["status"] == "PENDING":
        early = held["polled"] is not None and ctx.now - held["polled"] < held["interval"]
        ctx.store.update(kind, held["id"], polled=ctx.now)
        return Reply(400, body("slow_down" if early else pending))
    return held


def _agreed(
    ctx: Ctx, server: servers.Server, app: dict[str, Any], held: dict[str, Any], kind: str, grant: str, jkt: str | None
) -> Any:
    if held["client"] != clients.oauth(app)["client_id"]:
        raise fail("mismatched_client")
    if held["server"] != server.id:
        raise fail("mismatched_server")
    user = people.get(ctx, held["user"])
    terms = servers.terms(ctx, server, app, held["scopes"], grant, user["id"])
    ctx.store.update(kind, held["id"], status="USED")
    return issue.reply(
        ctx, issue.Grant(server, app, held["scopes"], grant, terms, user, None, held["auth_time"], jkt=jkt)
    )


def _device(ctx: Ctx, server: servers.Server, app: dict[str, Any], fields: Fields, jkt: str | None) -> Any:
    if not fields.get("device_code"):
        raise fail("missing_parameter", "device_code")
    words = ("invalid_device_code", "expired_token", "authorization_pending")
    held = _polled(ctx, "device_code", fields["device_code"], words)
    return held if isinstance(held, Reply) else _agreed(ctx, server, app, held, "device_code", apps.DEVICE, jkt)


def _ciba(ctx: Ctx, server: servers.Server, app: dict[str, Any], fields: Fields, jkt: str | None) -> Any:
    if not fields.get("auth_req_id"):
        raise fail("missing_parameter", "auth_req_id")
    words = ("ciba_expired", "ciba_expired", "ciba_authorization_pending")
    held = _polled(ctx, "ciba_request", fields["auth_req_id"], words)
    return held if isinstance(held, Reply) else _agreed(ctx, server, app, held, "ciba_request", apps.CIBA, jkt)


def _exchange(ctx: Ctx, server: servers.Server, app: dict[str, Any], fields: Fields, jkt: str | None) -> Any:
    for name in ("subject_token", "subject_token_type"):
        if not fields.get(name):
            raise fail("missing_parameter", name)
    if fields["subject_token_type"] != ACCESS:
        raise fail("invalid_subject_token_type")
    if fields.get("audience", server.audience) != server.audience:
        raise fail("token_exchange_audience")
    held = ctx.store.find("access_token", wire.digest(fields["subject_token"]))
    if held is None:
        raise fail("invalid_subject_token")
    if held["revoked"] or held["expires"] <= ctx.now:
        raise fail("subject_token_expired")
    user = ctx.store.find("user", held["user"]) if held["user"] else None
    if user is None:
        raise fail("invalid_subject_token")
    scopes = servers.scopes_for(ctx, server, app, asked(fields), apps.EXCHANGE, user["id"])
    terms = servers.terms(ctx, server, app, scopes, apps.EXCHANGE, user["id"])
    actor = {"act": {"sub": clients.oauth(app)["client_id"]}}
    grant = issue.Grant(server, app, scopes, apps.EXCHANGE, terms, user, None, ctx.now, jkt=jkt, actor=actor)
    return {**issue.reply(ctx, grant), "issued_token_type": ACCESS}


GRANTS: dict[str, Work] = {
    "authorization_code": _code,
    "interaction_code": _interaction,
    "refresh_token": _refresh,
    "client_credentials": _client,
    "password": _password,
    apps.DEVICE: _device,
    apps.EXCHANGE: _exchange,
    apps.CIBA: _ciba,
}


# looking at tokens and ending them -----------------------------------------------------------------------------------


def _find(ctx: Ctx, text: str) -> tuple[str, dict[str, Any] | None]:
    for resource in ("access_token", "refresh_token"):
        held = ctx.store.find(resource, wire.digest(text))
        if held is not None:
            return resource, held
    return "", None


@twin.handler("introspect", "introspectCustomAS")
def introspect(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Whether a token is active, and what it says."""
    fields = clients.form(request)
    server = servers.server_of(ctx, request)
    app = clients.authenticate(ctx, request, fields)
    if not fields.get("token"):
        raise fail("request_missing_token")
    resource, held = _find(ctx, fields["token"])
    if held is None:
        return _id_token_facts(ctx, server, app, fields["token"])
    dead = held["revoked"] or held.get("rotated") is not None or held["expires"] <= ctx.now
    if dead or held["server"] != server.id:
        return {"active": False}
    found = {
        "active": True, "scope": " ".join(held["scopes"]), "client_id": held["client"], "exp": held["expires"],
        "iss": server.issuer, "aud": server.audience, "jti": held["id"],
        "token_type": ("DPoP" if held["jkt"] else "Bearer") if resource == "access_token" else "refresh_token",
    }  # fmt: skip
    user = ctx.store.find("user", held["user"]) if held["user"] else None
    if user is not None:
        found |= {"username": user["profile"]["login"], "uid": user["id"], "sub": user["profile"]["login"]}
    else:
        found["sub"] = held["client"]
    if resource == "access_token":
        _, claims = jwt.read(fields["token"])
        found |= {
            "iat": claims["iat"],
            **{name: claims[name] for name in claims if name not in (*found, "scp", "cid", "ver")},
        }
    return found


def _id_token_facts(ctx: Ctx, server: servers.Server, app: Mapping[str, Any], text: str) -> dict[str, Any]:
    claims = own_token(ctx, server, text)
    if claims is None or claims["exp"] <= ctx.now or claims.get("aud") != clients.oauth(app)["client_id"]:
        return {"active": False}
    return {**claims, "active": True, "token_type": "Bearer", "client_id": claims["aud"]}


def own_token(ctx: Ctx, server: servers.Server, text: str) -> dict[str, Any] | None:
    """The claims of a JWT that a server has signed; None for any other text."""
    try:
        header, claims = jwt.read(text)
        key = next((key for key in servers.jwks(ctx, server) if key["kid"] == header.get("kid")), None)
        if key is None:
            return None
        jwt.check(text, key)
    except jwt.BadToken:
        return None
    return claims if claims.get("iss") == server.issuer else None


@twin.handler("revoke", "revokeCustomAS")
def revoke(ctx: Ctx, request: Request) -> Reply:
    """End a token of the client; a refresh token's access tokens end too. An unknown one is no error."""
    fields = clients.form(request)
    server = servers.server_of(ctx, request)
    app = clients.authenticate(ctx, request, fields)
    if not fields.get("token"):
        raise fail("request_missing_token")
    resource, held = _find(ctx, fields["token"])
    if held is not None and held["client"] == clients.oauth(app)["client_id"] and held["server"] == server.id:
        ctx.store.update(resource, held["~key"], revoked=True)
        if resource == "refresh_token":
            for row in list(ctx.store.select("access_token", [Filter("family", "=", held["family"])])):
                ctx.store.update("access_token", row["~key"], revoked=True)
    return Reply(200, None)


@twin.handler("userinfo", "userinfoCustomAS")
def userinfo(ctx: Ctx, request: Request) -> Reply:
    """What an access token with `openid` reveals of its user."""
    server = servers.server_of(ctx, request)
    word, _, text = request.headers.get("authorization", "").partition(" ")
    if word.lower() not in ("bearer", "dpop") or not text:
        return _challenge(401, "access_token_missing")
    held = ctx.store.find("access_token", wire.digest(text.strip()))
    if held is None or held["server"] != server.id or held["revoked"]:
        return _challenge(401, "access_token_invalid")
    if held["expires"] <= ctx.now:
        return _challenge(401, "token_expired")
    if held["jkt"]:
        if word.lower() != "dpop":
            raise fail("dpop_scheme")
        if clients.proof(ctx, request, token=text.strip(), nonced=False) != held["jkt"]:
            raise fail("dpop_binding")
    user = ctx.store.find("user", held["user"]) if held["user"] else None
    if user is None or "openid" not in held["scopes"]:
        return _challenge(403, "access_token_insufficient_scopes")
    app = clients.known(ctx, held["client"])
    grant = issue.Grant(server, app, held["scopes"], "userinfo", servers.Terms(), user)
    found = {"sub": user["id"], **issue.person_claims(user, held["scopes"]), **issue.custom(ctx, grant, "IDENTITY")}
    return Reply(200, found)


def _challenge(status: int, name: str) -> Reply:
    """An error as RFC 6750 has it: in the header, and as JSON."""
    words = body(name)
    header = f'Bearer error="{words["error"]}", error_description="{words["error_description"]}"'
    return Reply(status, words, {"www-authenticate": header})
