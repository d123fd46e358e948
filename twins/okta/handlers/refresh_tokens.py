"""The refresh tokens that clients hold: of a user, of an authorization server, of an application.

Source: https://developer.okta.com/docs/reference/api/users/#user-oauth-2-0-token-management-operations and
https://developer.okta.com/docs/reference/api/authorization-servers/#oauth-2-0-token-management-operations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Reply, Request
from twins.okta import apps, authz, errors, people, syslog, twin
from twins.okta.handlers.applications import of
from twins.okta.oauth import servers


def held(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The live refresh tokens of a request's client, of its user or server where it names one. Raises E0000007."""
    if "appId" in request.path:
        client = str((of(ctx, request)["credentials"].get("oauthClient") or {}).get("client_id"))
    else:
        client = request.path["clientId"]
        if apps.client(ctx, client) is None:
            raise errors.error("E0000007", f"Resource not found: {client} (PublicClientApp)")
    where = [Filter("client", "=", client)]
    if "userId" in request.path:
        where.append(Filter("user", "=", people.get(ctx, request.path["userId"])["id"]))
    elif "authServerId" in request.path:
        where.append(Filter("server", "=", authz.get(ctx, request.path["authServerId"])["id"]))
    rows = ctx.store.select("refresh_token", where, order="oldest")
    return [row for row in rows if not row["revoked"] and row["expires"] > ctx.now]


def one(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The token of a request. Raises E0000007."""
    found = next((row for row in held(ctx, request) if row["id"] == request.path["tokenId"]), None)
    if found is None:
        prefix = f"{request.path['appId']}." if "appId" in request.path else ""
        raise errors.missing("o_auth_2_refresh_token", f"{prefix}{request.path['tokenId']}")
    return found


def shown(ctx: Ctx, request: Request, row: Mapping[str, Any]) -> dict[str, Any]:
    """A token as replies show it: never the token itself."""
    app, base = apps.client(ctx, str(row["client"])), ctx.base_url
    place = f"{base}/api/v1/authorizationServers/{row['server']}/clients/{row['client']}/tokens/{row['id']}"
    if "userId" in request.path:
        place = f"{base}/api/v1/users/{row['user']}/clients/{row['client']}/tokens/{row['id']}"
    elif "appId" in request.path:
        place = f"{base}/api/v1/apps/{request.path['appId']}/tokens/{row['id']}"
    links: dict[str, Any] = {
        "self": {"href": place}, "revoke": {"href": place, "hints": {"allow": ["DELETE"]}},
        "client": {"title": app["label"] if app else "", "href": f"{base}/oauth2/v1/clients/{row['client']}"},
        "user": {"title": "", "href": f"{base}/api/v1/users/{row['user']}"},
    }  # fmt: skip
    if row["server"] != servers.ORG:
        name = authz.get(ctx, str(row["server"]))["name"]
        links["authorizationServer"] = {"title": name, "href": f"{base}/api/v1/authorizationServers/{row['server']}"}
    user = ctx.store.find("user", str(row["user"]))
    if user is not None:
        links["user"]["title"] = f"{user['profile'].get('firstName')} {user['profile'].get('lastName')}"
    return {
        "id": row["id"], "status": "ACTIVE", "created": row["created"], "lastUpdated": row["created"],
        "expiresAt": row["expiresAt"], "issuer": row["issuer"], "clientId": row["client"], "userId": row["user"],
        "scopes": row["scopes"], "_links": links,
    }  # fmt: skip


@twin.handler(
    "listRefreshTokensForUserAndClient",
    "listRefreshTokensForAuthorizationServerAndClient",
    "listOAuth2TokensForApplication",
)
def list_tokens(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The refresh tokens."""
    return [shown(ctx, request, row) for row in held(ctx, request)]


@twin.handler(
    "getRefreshTokenForUserAndClient", "getRefreshTokenForAuthorizationServerAndClient", "getOAuth2TokenForApplication"
)
def get(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One of them."""
    return shown(ctx, request, one(ctx, request))


@twin.handler(
    "revokeTokensForUserAndClient",
    "revokeRefreshTokensForAuthorizationServerAndClient",
    "revokeOAuth2TokensForApplication",
)
def revoke_all(ctx: Ctx, request: Request) -> Reply:
    """All of them are revoked, with the access tokens that came of them."""
    for row in held(ctx, request):
        revoke(ctx, row)
    return Reply(204)


@twin.handler(
    "revokeTokenForUserAndClient",
    "revokeRefreshTokenForAuthorizationServerAndClient",
    "revokeOAuth2TokenForApplication",
)
def revoke_one(ctx: Ctx, request: Request) -> Reply:
    """One is revoked."""
    revoke(ctx, one(ctx, request))
    return Reply(204)


def revoke(ctx: Ctx, row: Mapping[str, Any]) -> None:
    """A refresh token is revoked, and what came of the same authorization."""
    from twins.okta.oauth import issue

    issue.revoke_family(ctx, "family", str(row["family"]))
    target = syslog.target(str(row["client"]), "PublicClientApp")
    syslog.write(ctx, "app.oauth2.token.revoke", "OAuth2 token revocation request", target)
