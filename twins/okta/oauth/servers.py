"""Which authorization server answers: the org's own or a custom one; its addresses, keys, scopes and policy.

Source: https://developer.okta.com/docs/concepts/auth-servers/. Imports: the kit's public names, the twin's records.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from twinkit import Ctx, Filter, Request
from twins.okta import authz, facts, people
from twins.okta.oauth import keys
from twins.okta.oauth.problems import fail

ORG = "org"
OPENID = frozenset(authz.SYSTEM_SCOPES)


class Server(NamedTuple):
    """One authorization server."""

    id: str
    issuer: str
    base: str
    """Before `/v1/token` and the like."""
    audience: str
    record: Mapping[str, Any] = {}


class Terms(NamedTuple):
    """What the policy grants: lifetimes in seconds."""

    access: int = 3600
    refresh: int = 0
    window: int = 7 * 86_400
    hook: str = ""
    """The id of the inline hook that may change the tokens."""
    policy: str = ""
    rule: str = ""
    """Ids of what grants."""


def server_of(ctx: Ctx, request: Request) -> Server:
    """The server of a request. Raises invalid_request for an unknown or inactive one."""
    key = str(request.path.get("authorizationServerId", "") or "")
    return by_key(ctx, key)


def by_key(ctx: Ctx, key: str) -> Server:
    """The server with this id; empty or `org` is the org's own."""
    if key in ("", ORG):
        return Server(ORG, ctx.base_url, f"{ctx.base_url}/oauth2", ctx.base_url)
    found = authz.find(ctx, key)
    if found is None or found["status"] != "ACTIVE":
        raise fail("invalid_authorization_server")
    issuer = authz.issuer(ctx, found)
    base = f"{ctx.base_url}/oauth2/{key}"
    return Server(found["id"], issuer, base, str((found["audiences"] or [issuer])[0]), found)


def generation(ctx: Ctx, server: str) -> int:
    """How often a server has rotated its keys."""
    held = ctx.store.find("key_rotation", server)
    return int(held["generation"]) if held else 0


def jwks(ctx: Ctx, server: Server) -> list[dict[str, str]]:
    """The public keys that verify a server's tokens: the active one and the one before it."""
    now = generation(ctx, server.id)
    return [keys.jwk(ctx.seed, server.id, each) for each in (now, *([now - 1] if now else []))]


def scopes_for(
    ctx: Ctx, server: Server, app: Mapping[str, Any], asked: list[str], grant: str, user: str | None
) -> list[str]:
    """The scopes to grant. Raises invalid_scope and its kin."""
    if grant == "client_credentials" and OPENID & set(asked):
        raise fail("openid_not_allowed_client_creds")
    if server.id == ORG:
        return _org_scopes(ctx, app, asked)
    known = authz.scopes(ctx, server.id)
    if not asked:
        asked = [name for name, row in known.items() if row.get("default")]
        if not asked:
            raise fail("no_default_scopes")
    if any(name not in known for name in asked):
        raise fail("no_matching_scope")
    if OIDC & set(asked) and "openid" not in asked:
        raise fail("openid_scope_required")
    return asked


OIDC = frozenset({"profile", "email", "address", "phone"})


def _org_scopes(ctx: Ctx, app: Mapping[str, Any], asked: list[str]) -> list[str]:
    if not asked:
        raise fail("missing_scopes")
    granted = {row["scopeId"] for row in ctx.store.select("app_grant", parent=str(app["id"]))}
    own = [name for name in asked if name.startswith(("okta.", "ssf."))]
    if any(name not in OPENID and name != "groups" and name not in own for name in asked):
        raise fail("no_matching_scope")
    allowed = [name for name in asked if name not in own or name in granted]
    if own and not granted & set(own):
        raise fail("no_org_scopes_granted")
    return allowed


def terms(ctx: Ctx, server: Server, app: Mapping[str, Any], scopes: list[str], grant: str, user: str | None) -> Terms:
    """What the first policy and rule that fit grant. Raises access_denied where none fits."""
    if server.id == ORG:
        return Terms()
    client = str(app["credentials"]["oauthClient"]["client_id"])
    for policy, rules in authz.policies(ctx, server.id):
        clients = ((policy.get("conditions") or {}).get("clients") or {}).get("include") or []
        if "ALL_CLIENTS" not in clients and client not in clients:
            continue
        for rule in rules:
            if _fits(ctx, rule, scopes, grant, user):
                token = (rule.get("actions") or {}).get("token") or {}
                return Terms(
                    60 * int(token.get("accessTokenLifetimeMinutes") or 60),
                    60 * int(token.get("refreshTokenLifetimeMinutes") or 0),
                    60 * int(token.get("refreshTokenWindowMinutes") or 10_080),
                    str((token.get("inlineHook") or {}).get("id") or ""), str(policy["id"]), str(rule["id"]),
                )  # fmt: skip
        raise fail("no_matching_policy")
    raise fail("no_matching_policy")


def _fits(ctx: Ctx, rule: Mapping[str, Any], scopes: list[str], grant: str, user: str | None) -> bool:
    conditions = rule.get("conditions") or {}
    grants = (conditions.get("grantTypes") or {}).get("include")
    if grants is not None and grant not in grants:
        return False
    allowed = (conditions.get("scopes") or {}).get("include")
    if allowed is not None and "*" not in allowed and not set(scopes) <= {*allowed, *OPENID}:
        return False
    wanted = conditions.get("people") or {}
    groups = (wanted.get("groups") or {}).get("include") or []
    users = (wanted.get("users") or {}).get("include") or []
    if user is None or "EVERYONE" in groups or not (groups or users):
        return True
    return user in users or bool({*groups} & people.group_ids(ctx, user)) or facts.EVERYONE in groups


def consented(ctx: Ctx, server: str, client: str, user: str) -> set[str]:
    """The scopes a user has consented to for a client."""
    where = [Filter("server", "=", server), Filter("client", "=", client), Filter("user", "=", user)]
    return {row["scopeId"] for row in ctx.store.select("user_grant", where)}
