"""Authorization servers as records: the `default` one, scopes, claims, policies, and finding them.

Source: https://developer.okta.com/docs/reference/api/authorization-servers/. Imports: the kit's public names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from twinkit import Ctx, Filter
from twins.okta import errors, facts
from twins.okta.times import iso

SYSTEM_SCOPES = {
    "openid": "Signals that a request is an OpenID request.",
    "profile": "The exact data varies based on what profile information you have provided, such as: name, time zone, "
    "picture, or birthday.",
    "email": "This allows the app to view your email address.",
    "address": "This allows the app to view your address, such as: street address, city, state, and zip code.",
    "phone": "This allows the app to view your phone number.",
    "offline_access": "This keeps you signed in to the app, even when you are not using it.",
    "device_sso": "Allows this application to share a sign-in with others on a device",
}
SUB = "(appuser != null) ? appuser.userName : app.clientId"
"""What `sub` is until somebody says otherwise: the login, or the client."""
SYSTEM_CLAIMS = {
    "address": "address", "email": "email", "email_verified": "email", "phone_number": "phone",
    **dict.fromkeys(("birthdate", "family_name", "gender", "given_name", "locale", "middle_name", "name", "nickname",
                     "picture", "preferred_username", "profile", "updated_at", "website", "zoneinfo"), "profile"),
}  # fmt: skip
"""Claim of an ID token → the scope that it needs."""
ALWAYS = frozenset({"email", "name", "preferred_username"})
"""Which of them an ID token has also when an access token comes with it."""
ANY_GRANT = [
    "implicit",
    "client_credentials",
    "authorization_code",
    "password",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:openid:params:grant-type:ciba",
    "interaction_code",
]


def issuer(ctx: Ctx, server: Mapping[str, Any]) -> str:
    """The issuer of a custom server: its own address by name for `default`, by id for others."""
    name = facts.DEFAULT_SERVER if server["id"] == facts.DEFAULT_SERVER_ID else server["id"]
    return f"{ctx.base_url}/oauth2/{name}"


def find(ctx: Ctx, key: str) -> dict[str, Any] | None:
    """The server with this id; `default` is the one of the baseline."""
    return ctx.store.find("authorization_server", facts.DEFAULT_SERVER_ID if key == facts.DEFAULT_SERVER else key)


def get(ctx: Ctx, key: str) -> dict[str, Any]:
    """Like `find`. Raises E0000007."""
    found = find(ctx, key)
    if found is None:
        raise errors.missing("authorization_server", key)
    return found


def shown(ctx: Ctx, server: Mapping[str, Any]) -> dict[str, Any]:
    """A server with its issuer and links."""
    base = f"{ctx.base_url}/api/v1/authorizationServers/{server['id']}"
    at = issuer(ctx, server)
    step = "deactivate" if server["status"] == "ACTIVE" else "activate"

    def link(href: str, *may: str) -> dict[str, Any]:
        return {"href": href, "hints": {"allow": list(may)}}

    links: dict[str, Any] = {name: link(f"{base}/{name}", "GET", "POST") for name in ("scopes", "claims", "policies")}
    links["rotateKey"] = link(f"{base}/credentials/lifecycle/keyRotate", "POST")
    links["metadata"] = [
        {"name": "oauth-authorization-server", **link(f"{at}/.well-known/oauth-authorization-server", "GET")},
        {"name": "openid-configuration", **link(f"{at}/.well-known/openid-configuration", "GET")},
    ]
    links["keys"] = link(f"{base}/credentials/keys", "GET")
    links[step] = link(f"{base}/lifecycle/{step}", "POST")
    links["self"] = link(base, "GET", "DELETE", "PUT")
    visible = {name: value for name, value in server.items() if not name.startswith("~")}
    default = server["id"] == facts.DEFAULT_SERVER_ID
    return {**visible, "issuer": at, "default": default, "_links": links}


def create(ctx: Ctx, body: Mapping[str, Any], id: str = "") -> dict[str, Any]:
    """Store a new server with the system's scopes."""
    now = iso(ctx)
    id = id or ctx.new_id("authorization_server")
    server = {
        "id": id,
        "name": body["name"],
        "description": body.get("description", ""),
        "audiences": list(body.get("audiences") or []),
        "issuerMode": body.get("issuerMode", "DYNAMIC"),
        "status": "ACTIVE",
        "created": now,
        "lastUpdated": now,
        "credentials": {"signing": signing(ctx, id, 0)},
    }
    ctx.store.insert("authorization_server", server, id=id, created=ctx.micros)
    for name, text in SYSTEM_SCOPES.items():
        scope(ctx, id, {"name": name, "description": text, "system": True, "consent": "IMPLICIT"})
    for row in system_claims(ctx):
        ctx.store.insert("o_auth_2_claim", row, id=row["id"], parent=id, created=ctx.micros)
    return server


def system_claims(ctx: Ctx) -> Iterator[dict[str, Any]]:
    """The claims that a new server has."""
    sub = {"claimType": "RESOURCE", "valueType": "EXPRESSION", "value": SUB}
    for name, scope in (("sub", ""), *sorted(SYSTEM_CLAIMS.items())):
        kind = {"claimType": "IDENTITY", "valueType": "SYSTEM"} if scope else sub
        yield {"id": ctx.new_id("ocl{alnum:17}"), "name": name, "status": "ACTIVE", **kind,
               "conditions": {"scopes": [scope] if scope else []}, "system": True,
               "alwaysIncludeInToken": name in ALWAYS or not scope}  # fmt: skip


QUARTER = 90 * 86_400


def signing(ctx: Ctx, server: str, generation: int, mode: str = "AUTO") -> dict[str, Any]:
    """What a server shows of its signing key; an automatic rotation is due in a quarter."""
    from twins.okta.oauth import keys

    due = {"nextRotation": iso(ctx, QUARTER)} if mode == "AUTO" else {}
    return {"kid": keys.kid(ctx.seed, server, generation), "rotationMode": mode, "lastRotated": iso(ctx), **due}


def scope(ctx: Ctx, server: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Store a scope."""
    row = {
        "id": ctx.new_id("scp{alnum:17}"), "name": body["name"], "displayName": body.get("displayName", body["name"]),
        "description": body.get("description"), "system": bool(body.get("system")),
        "metadataPublish": body.get("metadataPublish", "ALL_CLIENTS" if body.get("system") else "NO_CLIENTS"),
        "consent": body.get("consent", "IMPLICIT"), "default": bool(body.get("default")),
        "optional": bool(body.get("optional")),
    }  # fmt: skip
    ctx.store.insert("o_auth_2_scope", row, id=row["id"], parent=server, created=ctx.micros)
    return row


def scopes(ctx: Ctx, server: str) -> dict[str, dict[str, Any]]:
    """The scopes of a server by name."""
    return {row["name"]: row for row in ctx.store.select("o_auth_2_scope", parent=server, order="oldest")}


def claims(ctx: Ctx, server: str) -> Iterator[dict[str, Any]]:
    """The active claims of a server that somebody has made or changed."""
    rows = ctx.store.select("o_auth_2_claim", [Filter("status", "=", "ACTIVE")], parent=server, order="oldest")
    return (row for row in rows if row.get("valueType") != "SYSTEM" and not (row["system"] and row["value"] == SUB))


def policies(ctx: Ctx, server: str) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """The active policies of a server with their active rules, by priority."""

    def ranked(resource: str, parent: str) -> list[dict[str, Any]]:
        rows = ctx.store.select(resource, [Filter("status", "=", "ACTIVE")], parent=parent, order="oldest")
        return sorted(rows, key=lambda row: int(row.get("priority") or 1))

    return [
        (policy, ranked("authorization_server_policy_rule", policy["id"]))
        for policy in ranked("authorization_server_policy", server)
    ]


def default_server(ctx: Ctx) -> None:
    """The `default` server, with a policy for all clients and a rule for all grants."""
    body = {"name": "default", "description": "Default Authorization Server for your Applications",
            "audiences": ["api://default"]}  # fmt: skip
    create(ctx, body, facts.DEFAULT_SERVER_ID)
    scope(ctx, facts.DEFAULT_SERVER_ID, {"name": "groups", "description": "Groups", "metadataPublish": "ALL_CLIENTS"})
    scope(ctx, facts.DEFAULT_SERVER_ID, {"name": "api:read", "displayName": "Read", "description": "Read the API"})
    scope(ctx, facts.DEFAULT_SERVER_ID, {"name": "api:write", "description": "Write the API", "consent": "REQUIRED"})
    now = iso(ctx)
    claim: dict[str, Any] = {
        "id": ctx.new_id("ocl{alnum:17}"), "name": "groups", "status": "ACTIVE", "claimType": "IDENTITY",
        "valueType": "GROUPS", "value": ".*", "group_filter_type": "REGEX", "alwaysIncludeInToken": True,
        "system": False, "conditions": {"scopes": ["groups"]},
    }  # fmt: skip
    ctx.store.insert("o_auth_2_claim", claim, id=claim["id"], parent=facts.DEFAULT_SERVER_ID, created=ctx.micros)
    policy: dict[str, Any] = {
        "type": "OAUTH_AUTHORIZATION_POLICY", "id": ctx.new_id("00p{alnum:17}"), "status": "ACTIVE",
        "name": "Default Policy", "description": "Default policy", "priority": 1, "system": False, "created": now,
        "lastUpdated": now, "conditions": {"clients": {"include": ["ALL_CLIENTS"]}},
    }  # fmt: skip
    ctx.store.insert("authorization_server_policy", policy, id=policy["id"], parent=facts.DEFAULT_SERVER_ID,
                     created=ctx.micros)  # fmt: skip
    rule: dict[str, Any] = {
        "type": "RESOURCE_ACCESS", "id": ctx.new_id("0pr{alnum:17}"), "status": "ACTIVE", "name": "Default Policy Rule",
        "priority": 1, "system": False, "created": now, "lastUpdated": now,
        "conditions": {"people": {"groups": {"include": ["EVERYONE"]}}, "grantTypes": {"include": ANY_GRANT},
                       "scopes": {"include": ["*"]}},
        "actions": {"token": {"accessTokenLifetimeMinutes": 60, "refreshTokenLifetimeMinutes": 0,
                              "refreshTokenWindowMinutes": 10080}},
    }  # fmt: skip
    ctx.store.insert("authorization_server_policy_rule", rule, id=rule["id"], parent=policy["id"], created=ctx.micros)
