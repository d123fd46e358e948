"""Making tokens: claims of access and ID tokens, custom claims, what is kept of each token.

Source: https://developer.okta.com/docs/reference/api/oidc/#tokens-and-claims. Imports: the kit's public names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from twinkit import Ctx
from twins.okta import authz, expressions, facts, inline_hooks, people, syslog, wire
from twins.okta.oauth import client_keys, clients, jwe, jwt, keys, servers
from twins.okta.oauth.problems import fail
from twins.okta.times import iso, seconds
from twins.okta.token_patches import PatchError, patched

BY_SCOPE: dict[str, dict[str, str]] = {
    "profile": {
        "family_name": "lastName", "given_name": "firstName", "middle_name": "middleName", "nickname": "nickName",
        "preferred_username": "login", "profile": "profileUrl", "zoneinfo": "timezone", "locale": "locale",
    },
    "email": {"email": "email"},
    "phone": {"phone_number": "primaryPhone"},
}  # fmt: skip


@dataclass(slots=True)
class Grant:
    """What tokens are made for."""

    server: servers.Server
    app: Mapping[str, Any]
    scopes: list[str]
    grant: str
    terms: servers.Terms
    user: Mapping[str, Any] | None = None
    nonce: str | None = None
    auth_time: int | None = None
    amr: tuple[str, ...] = ("pwd",)
    jkt: str | None = None
    code: str | None = None
    session: str | None = None
    family: str = ""
    actor: Mapping[str, Any] = field(default_factory=dict)

    @property
    def client(self) -> str:
        """The OAuth client id."""
        return str(self.app["credentials"]["oauthClient"]["client_id"])


def signed(ctx: Ctx, server: servers.Server, claims: Mapping[str, Any]) -> str:
    """A token signed with the server's active key."""
    number = servers.generation(ctx, server.id)
    kid = keys.kid(ctx.seed, server.id, number)
    return jwt.sign(claims, keys.number_of(ctx.seed, server.id, number), {"kid": kid})


def person_claims(user: Mapping[str, Any], scopes: list[str]) -> dict[str, Any]:
    """The claims that scopes reveal of a user."""
    profile = user["profile"]
    found: dict[str, Any] = {}
    for scope in scopes:
        for claim, name in BY_SCOPE.get(scope, {}).items():
            if profile.get(name) is not None:
                found[claim] = profile[name]
    if "profile" in scopes:
        found["name"] = " ".join(str(profile[name]) for name in ("firstName", "lastName") if profile.get(name))
        found["updated_at"] = seconds(str(user["lastUpdated"]))
    if "email" in scopes:
        found["email_verified"] = True
    if "address" in scopes and profile.get("city"):
        found["address"] = {"locality": profile["city"], "country": profile.get("countryCode")}
    return found


def custom(ctx: Ctx, grant: Grant, kind: str, *, thin: bool = False) -> dict[str, Any]:
    """The claims that the server's own rules add (RESOURCE or IDENTITY); `thin` leaves out what need not be there."""
    if grant.server.id == servers.ORG:
        return _org_groups(ctx, grant, kind)
    groups = people.groups_of(ctx, str(grant.user["id"])) if grant.user else []
    names: dict[str, Any] = {"app": {"id": grant.app["id"], "name": grant.app["label"], "clientId": grant.client}}
    if grant.user:
        names["user"] = {**grant.user["profile"], "id": grant.user["id"], "status": grant.user["status"]}
        held = ctx.store.find("app_user", f"{grant.app['id']}/{grant.user['id']}")
        names["appuser"] = (held or {}).get("profile") or {}
    found: dict[str, Any] = {}
    for claim in authz.claims(ctx, grant.server.id):
        needed = (claim.get("conditions") or {}).get("scopes") or []
        if claim.get("claimType") != kind or (needed and not set(needed) & set(grant.scopes)):
            continue
        if thin and not claim.get("alwaysIncludeInToken"):
            continue
        if claim.get("valueType") == "GROUPS":
            found[claim["name"]] = filtered([str(each["profile"]["name"]) for each in groups], claim)
            continue
        try:
            value = expressions.evaluate(str(claim.get("value") or ""), names, groups)
        except expressions.ExpressionError:
            continue
        if value is not None:
            found[claim["name"]] = value
    return found


def _org_groups(ctx: Ctx, grant: Grant, kind: str) -> dict[str, Any]:
    if kind != "IDENTITY" or grant.user is None or "groups" not in grant.scopes:
        return {}
    return {"groups": [group["profile"]["name"] for group in people.groups_of(ctx, str(grant.user["id"]))]}


def filtered(names: list[str], claim: Mapping[str, Any]) -> list[str]:
    """The group names that a claim's filter lets through."""
    value = str(claim.get("value") or "")
    match claim.get("group_filter_type"):
        case "STARTS_WITH":
            return [name for name in names if name.startswith(value)]
        case "EQUALS":
            return [name for name in names if name == value]
        case "CONTAINS":
            return [name for name in names if value in name]
    try:
        pattern = re.compile(value)
    except re.error:
        return []
    return [name for name in names if pattern.fullmatch(name)]


def access_token(ctx: Ctx, grant: Grant) -> str:
    """A signed access token, kept so that it can be looked up and revoked."""
    now = ctx.now
    claims: dict[str, Any] = {
        "ver": 1, "jti": f"AT.{ctx.token('alnum', 43)}", "iss": grant.server.issuer, "aud": grant.server.audience,
        "iat": now, "exp": now + grant.terms.access, "cid": grant.client,
    }  # fmt: skip
    if grant.user is not None:
        claims["uid"] = grant.user["id"]
    claims["scp"] = grant.scopes
    if grant.auth_time is not None:
        claims["auth_time"] = grant.auth_time
    claims["sub"] = grant.user["profile"]["login"] if grant.user is not None else grant.client
    if grant.jkt:
        claims["cnf"] = {"jkt": grant.jkt}
    claims |= {**custom(ctx, grant, "RESOURCE"), **dict(grant.actor)}
    claims = hooked(ctx, grant, claims, "access")
    token = signed(ctx, grant.server, claims)
    _keep(ctx, grant, token, claims)
    return token


def _keep(ctx: Ctx, grant: Grant, token: str, claims: Mapping[str, Any]) -> None:
    key = wire.digest(token)
    row = {
        "id": claims["jti"], "client": grant.client, "user": grant.user["id"] if grant.user else None,
        "server": grant.server.id, "scopes": grant.scopes, "expires": claims["exp"], "revoked": False,
        "code": grant.code, "family": grant.family, "jkt": grant.jkt, "session": grant.session, "~key": key,
    }  # fmt: skip
    ctx.store.insert("access_token", row, id=key, created=ctx.micros)


def id_token(ctx: Ctx, grant: Grant, access: str | None = None, code: str | None = None) -> str:
    """A signed ID token; with an access token it leaves what need not be in it to /userinfo.

    https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/#scope-dependent-claims-not-always-returned
    """
    assert grant.user is not None
    now = ctx.now
    claims: dict[str, Any] = {
        "sub": grant.user["id"], "ver": 1, "iss": grant.server.issuer, "aud": grant.client, "iat": now,
        "exp": now + 3600, "jti": f"ID.{ctx.token('alnum', 43)}", "amr": list(grant.amr), "idp": idp_of(ctx, grant),
        "auth_time": grant.auth_time or now,
    }  # fmt: skip
    if grant.nonce:
        claims["nonce"] = grant.nonce
    if grant.session:
        claims["sid"] = grant.session
    if access:
        claims["at_hash"] = jwt.half_hash(access)
    if code:
        claims["c_hash"] = jwt.half_hash(code)
    thin = access is not None
    person = person_claims(grant.user, grant.scopes)
    claims |= {name: value for name, value in person.items() if not thin or name in authz.ALWAYS}
    claims |= custom(ctx, grant, "IDENTITY", thin=thin)
    return sealed(ctx, grant, signed(ctx, grant.server, hooked(ctx, grant, claims, "identity")))


def sealed(ctx: Ctx, grant: Grant, token: str) -> str:
    """An ID token, encrypted where the client's settings say so and it has a key for that.

    https://help.okta.com/en-us/Content/Topics/apps/apps-oidc-token-encryption.htm
    """
    algorithm = str(clients.settings(grant.app).get("id_token_encrypted_response_alg") or "")
    if algorithm not in jwe.HASHES:
        return token
    key = next((each for each in client_keys.of(ctx, grant.app) if each.get("use") == "enc"), None)
    if key is None:
        return token
    random = b"".join(ctx.draw("jwe", 2**32).to_bytes(4, "big") for _ in range(jwe.RANDOM // 4))
    return jwe.encrypt(token, key, algorithm, random)


SESSION = ("id", "userId", "login", "createdAt", "expiresAt", "status", "lastPasswordVerification", "amr", "idp",
           "mfaActive")  # fmt: skip
"""What a token hook is told of the session."""


def context(ctx: Ctx, grant: Grant) -> dict[str, Any]:
    """What a token hook is told of a grant: https://developer.okta.com/docs/api/openapi/okta-management/guides/hooks/."""
    method = clients.oauth(grant.app).get("token_endpoint_auth_method")
    client = {"id": grant.client, "name": grant.app["label"], "type": "PUBLIC" if method == "none" else "CONFIDENTIAL"}
    found: dict[str, Any] = {
        "request": inline_hooks.origin(ctx),
        "protocol": {"type": "OAUTH2.0", "issuer": {"uri": grant.server.issuer}, "client": client,
                     "request": {"scope": " ".join(grant.scopes), "client_id": grant.client}},
        "policy": {"id": grant.terms.policy, "rule": {"id": grant.terms.rule}},
    }  # fmt: skip
    session = ctx.store.find("session", grant.session) if grant.session else None
    if session is not None:
        found["session"] = {name: session[name] for name in SESSION}
    if grant.user is not None:
        at = f"{ctx.base_url}/api/v1/users/{grant.user['id']}"
        links = {name: {"href": f"{at}/{name}"} for name in ("groups", "factors")}
        changed = grant.user.get("passwordChanged")
        found["user"] = {"id": grant.user["id"], "passwordChanged": changed, "profile": grant.user["profile"],
                         "_links": links}  # fmt: skip
    return found


def hooked(ctx: Ctx, grant: Grant, claims: dict[str, Any], kind: str) -> dict[str, Any]:
    """Claims as the policy rule's token hook leaves them (`access` or `identity`).

    When it does not answer, or asks for what cannot be done, they stay as they are.
    Its error object is told as the OAuth error `server_error`.
    """
    hook = inline_hooks.active(ctx, grant.terms.hook)
    if hook is None:
        return claims
    told: dict[str, Any] = {"claims": claims, "token": {"lifetime": {"expiration": grant.terms.access}}}
    if kind == "access":
        known = authz.scopes(ctx, grant.server.id)
        told["scopes"] = {name: {"id": known.get(name, {}).get("id", name), "action": "GRANT"} for name in grant.scopes}
    data = {"context": context(ctx, grant), kind: told}
    answer = inline_hooks.ask(ctx, hook, inline_hooks.TOKEN, data)
    if answer.error is not None:
        raise fail("hook_error", str(answer.error.get("errorSummary") or "The callback service returned an error"))
    try:
        return patched(claims, answer.commands(f"com.okta.{kind}.patch"), kind)
    except PatchError as wrong:
        inline_hooks.failure(ctx, hook, "inline_hook.response.processed", "Inline hook response processed", str(wrong))
        return claims


def idp_of(ctx: Ctx, grant: Grant) -> str:
    """Who vouched for a person: the org, or the provider of the session."""
    session = ctx.store.find("session", grant.session) if grant.session else None
    return str(session["idp"]["id"]) if session is not None else facts.ORG_ID


def lasts(ctx: Ctx, grant: Grant, token: str) -> int:
    """How many seconds an access token lasts; a token hook may have changed what the policy says."""
    return int(jwt.read(token)[1]["exp"]) - ctx.now if grant.terms.hook else grant.terms.access


def refresh_token(ctx: Ctx, grant: Grant) -> str:
    """An opaque refresh token."""
    token = ctx.token("alnum", 43)
    key, life = wire.digest(token), grant.terms.refresh
    until = ctx.now + (min(life, grant.terms.window) if life else grant.terms.window)
    row = {
        "id": ctx.new_id("oar{alnum:17}"), "client": grant.client, "user": grant.user["id"] if grant.user else None,
        "server": grant.server.id, "issuer": grant.server.issuer, "scopes": grant.scopes, "grant": grant.grant,
        "expires": until, "expiresAt": iso(ctx, until - ctx.now), "ends": ctx.now + life if life else None,
        "created": iso(ctx), "revoked": False, "rotated": None, "family": grant.family, "code": grant.code,
        "jkt": grant.jkt, "auth_time": grant.auth_time, "amr": list(grant.amr), "session": grant.session, "~key": key,
    }  # fmt: skip
    ctx.store.insert("refresh_token", row, id=key, created=ctx.micros)
    return token


def reply(ctx: Ctx, grant: Grant, *, refresh: str | None = None) -> dict[str, Any]:
    """The token endpoint's answer: access token, ID token with `openid`, refresh token with `offline_access`."""
    if not grant.family:
        grant.family = ctx.token("alnum", 12)
    access = access_token(ctx, grant)
    found: dict[str, Any] = {
        "token_type": "DPoP" if grant.jkt else "Bearer", "expires_in": lasts(ctx, grant, access),
        "access_token": access, "scope": " ".join(grant.scopes),
    }  # fmt: skip
    if refresh:
        found["refresh_token"] = refresh
    elif "offline_access" in grant.scopes and "refresh_token" in clients.settings(grant.app)["grant_types"]:
        found["refresh_token"] = refresh_token(ctx, grant)
    if "openid" in grant.scopes and grant.user is not None:
        found["id_token"] = id_token(ctx, grant, access)
    if "device_sso" in grant.scopes and grant.user is not None:
        found["device_secret"] = ctx.token("alnum", 43)
    target = syslog.target(str(grant.app["id"]), "PublicClientApp", str(grant.app["label"]), grant.client)
    syslog.write(ctx, "app.oauth2.as.token.grant" if grant.server.id != servers.ORG else "app.oauth2.token.grant",
                 "OAuth2 token request", target, actor=target)  # fmt: skip
    return found


def revoke_family(ctx: Ctx, name: str, value: str) -> None:
    """Everything that came of one authorization is revoked; `name` is code or family."""
    from twinkit import Filter

    for resource in ("access_token", "refresh_token"):
        for row in list(ctx.store.select(resource, [Filter(name, "=", value)])):
            ctx.store.update(resource, row["~key"], revoked=True)
