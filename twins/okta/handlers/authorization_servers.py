"""Authorization servers: their life, keys and rotation, the refresh tokens their clients hold.

Source: https://developer.okta.com/docs/reference/api/authorization-servers/.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Filter, Reply, Request
from twins.okta import apps, authz, errors, facts, listing, syslog, twin
from twins.okta.oauth import keys
from twins.okta.times import iso


@twin.render("authorization_server")
def render(ctx: Ctx, server: dict[str, Any]) -> dict[str, Any]:
    """A server with its issuer and links."""
    return authz.shown(ctx, server)


def of(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The server of a request. Raises E0000007."""
    return authz.get(ctx, request.path["authServerId"])


def checked(ctx: Ctx, body: dict[str, Any], id: str = "") -> dict[str, Any]:
    """What a server must have. Raises E0000001."""
    for name in ("name", "audiences"):
        if not body.get(name):
            raise errors.validation(name, f"{name}: The field cannot be left blank")
    for other in ctx.store.select("authorization_server", [Filter("name", "=", body["name"])]):
        if other["id"] != id:
            raise errors.taken("name")
    return body


@twin.handler("listAuthorizationServers")
def list_servers(ctx: Ctx, request: Request) -> Reply:
    """Servers; `q` looks into name and audiences."""
    word = str(request.query.get("q") or "").casefold()

    def check(server: dict[str, Any]) -> bool:
        return any(word in str(text).casefold() for text in (server["name"], *server["audiences"]))

    return listing.page(ctx, request, "authorization_server", check=check if word else None)


@twin.handler("createAuthorizationServer")
def create(ctx: Ctx, request: Request) -> Reply:
    """A new server."""
    server = authz.create(ctx, checked(ctx, request.body or {}))
    syslog.write(ctx, "oauth2.as.created", "OAuth2 authorization server created",
                 syslog.target(server["id"], "AuthorizationServer", server["name"]))  # fmt: skip
    return Reply(201, authz.shown(ctx, server))


@twin.handler("getAuthorizationServer")
def get(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A server."""
    return authz.shown(ctx, of(ctx, request))


@twin.handler("replaceAuthorizationServer")
def replace(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A server's new properties."""
    server = of(ctx, request)
    body = checked(ctx, request.body or {}, server["id"])
    for name in ("name", "description", "audiences", "issuerMode"):
        if name in body:
            server[name] = body[name]
    mode = ((body.get("credentials") or {}).get("signing") or {}).get("rotationMode")
    if mode:
        server["credentials"]["signing"] |= authz.signing(ctx, server["id"], generation(ctx, server["id"]), mode)
    server["lastUpdated"] = iso(ctx)
    ctx.store.replace("authorization_server", server["id"], server)
    return authz.shown(ctx, server)


@twin.handler("deleteAuthorizationServer")
def delete(ctx: Ctx, request: Request) -> Reply:
    """A server goes; not the default one."""
    server = of(ctx, request)
    if server["id"] == facts.DEFAULT_SERVER_ID:
        raise errors.error("E0000111", "AuthorizationServer")
    ctx.store.delete("authorization_server", server["id"])
    return Reply(204)


@twin.handler("activateAuthorizationServer", "deactivateAuthorizationServer")
def turn(ctx: Ctx, request: Request) -> Reply:
    """A server answers, or it does not."""
    status = "INACTIVE" if request.url_path.endswith("/deactivate") else "ACTIVE"
    ctx.store.update("authorization_server", of(ctx, request)["id"], status=status, lastUpdated=iso(ctx))
    return Reply(204)


# keys ----------------------------------------------------------------------------------------------------------------


def generation(ctx: Ctx, server: str) -> int:
    """How often a server has rotated its keys; `org` is the org's own."""
    held = ctx.store.find("key_rotation", server)
    return int(held["generation"]) if held else 0


def rows(ctx: Ctx, server: str) -> list[dict[str, Any]]:
    """A server's keys with status and links."""
    base = f"{ctx.base_url}/api/v1/authorizationServers/{server}/credentials/keys"
    found = keys.rotation(ctx.seed, server, generation(ctx, server))
    return [{**row, "_links": {"self": {"href": f"{base}/{row['kid']}", "hints": {"allow": ["GET"]}}}} for row in found]


@twin.handler("listAuthorizationServerKeys")
def list_keys(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The keys a server signs with: active, next, expired."""
    return rows(ctx, of(ctx, request)["id"])


@twin.handler("getAuthorizationServerKey")
def get_key(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One of them."""
    wanted = request.path["keyId"]
    found = next((row for row in rows(ctx, of(ctx, request)["id"]) if row["kid"] == wanted), None)
    if found is None:
        raise errors.missing("authorization_server_key", wanted)
    return found


@twin.handler("rotateAuthorizationServerKeys")
def rotate(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The next key becomes the active one, the active one expires."""
    server = of(ctx, request)
    number = generation(ctx, server["id"]) + 1
    if number == 1:
        ctx.store.insert("key_rotation", {"generation": 1}, id=server["id"])
    else:
        ctx.store.update("key_rotation", server["id"], generation=number)
    signing = authz.signing(ctx, server["id"], number, server["credentials"]["signing"]["rotationMode"])
    ctx.store.update("authorization_server", server["id"], credentials={"signing": signing})
    target = syslog.target(server["id"], "AuthorizationServer", server["name"])
    syslog.write(ctx, "oauth2.as.key.rollover", "OAuth2 authorization server key rotated", target)
    return rows(ctx, server["id"])


# refresh tokens ------------------------------------------------------------------------------------------------------


@twin.handler("listOAuth2ClientsForAuthorizationServer")
def clients(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The clients that hold tokens of a server."""
    server = of(ctx, request)["id"]
    ids = dict.fromkeys(row["client"] for row in ctx.store.select("refresh_token", [Filter("server", "=", server)]))
    return [{"client_id": id, "client_name": id, "client_uri": None, "logo_uri": None} for id in ids]


def tokens(ctx: Ctx, server: str, client: str) -> list[dict[str, Any]]:
    """The live refresh tokens that a client holds of a server. Raises E0000007 for a client that is not there."""
    if apps.client(ctx, client) is None:
        raise errors.error("E0000007", f"Resource not found: {client} (PublicClientApp)")
    where = [Filter("server", "=", server), Filter("client", "=", client)]
    return [row for row in ctx.store.select("refresh_token", where) if not row["revoked"] and row["expires"] > ctx.now]


def token_shown(ctx: Ctx, row: dict[str, Any]) -> dict[str, Any]:
    """A refresh token as the API shows it."""
    return {
        "id": row["id"], "status": "ACTIVE", "created": row["created"], "lastUpdated": row["created"],
        "expiresAt": row["expiresAt"], "issuer": row["issuer"], "clientId": row["client"], "userId": row["user"],
        "scopes": row["scopes"],
    }  # fmt: skip


@twin.handler("listRefreshTokensForAuthorizationServerAndClient")
def list_tokens(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The refresh tokens that a client holds."""
    return [token_shown(ctx, row) for row in tokens(ctx, of(ctx, request)["id"], request.path["clientId"])]


def one(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The refresh token of a request. Raises E0000007."""
    wanted = request.path["tokenId"]
    rows = tokens(ctx, of(ctx, request)["id"], request.path["clientId"])
    found = next((row for row in rows if row["id"] == wanted), None)
    if found is None:
        raise errors.missing("o_auth_2_refresh_token", wanted)
    return found


@twin.handler("getRefreshTokenForAuthorizationServerAndClient")
def get_token(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One of them."""
    return token_shown(ctx, one(ctx, request))


@twin.handler("revokeRefreshTokenForAuthorizationServerAndClient")
def revoke_token(ctx: Ctx, request: Request) -> Reply:
    """One of them is revoked."""
    ctx.store.update("refresh_token", one(ctx, request)["~key"], revoked=True)
    return Reply(204)


@twin.handler("revokeRefreshTokensForAuthorizationServerAndClient")
def revoke_tokens(ctx: Ctx, request: Request) -> Reply:
    """All of them are revoked."""
    for row in tokens(ctx, of(ctx, request)["id"], request.path["clientId"]):
        ctx.store.update("refresh_token", row["~key"], revoked=True)
    return Reply(204)


# associations --------------------------------------------------------------------------------------------------------


def associated(ctx: Ctx, id: str) -> list[str]:
    """The servers whose tokens a server trusts for token exchange."""
    held = ctx.store.find("associated_server", id)
    return list(held["trusted"]) if held else []


@twin.handler("listAssociatedServersByTrustedType")
def list_associated(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The servers that a server trusts (`trusted=true`), or that trust it."""
    server = of(ctx, request)["id"]
    if request.query.get("trusted", True) is not False:
        return [{**authz.shown(ctx, authz.get(ctx, id)), "_links": None} for id in associated(ctx, server)]
    rows = ctx.store.select("authorization_server", order="oldest")
    return [{**authz.shown(ctx, row), "_links": None} for row in rows if server in associated(ctx, row["id"])]


@twin.handler("createAssociatedServers")
def associate(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """Trust more servers."""
    server, wanted = of(ctx, request)["id"], [str(id) for id in (request.body or {}).get("trusted") or ()]
    rows = [authz.get(ctx, id) for id in wanted]
    ids = list(dict.fromkeys([*associated(ctx, server), *(row["id"] for row in rows)]))
    keep_associated(ctx, server, ids)
    return [{**authz.shown(ctx, row), "_links": None} for row in rows]


@twin.handler("deleteAssociatedServer")
def dissociate(ctx: Ctx, request: Request) -> Reply:
    """Trust a server no longer."""
    server, wanted = of(ctx, request)["id"], request.path["associatedServerId"]
    if wanted not in associated(ctx, server):
        raise errors.missing("authorization_server", wanted)
    keep_associated(ctx, server, [id for id in associated(ctx, server) if id != wanted])
    return Reply(204)


def keep_associated(ctx: Ctx, server: str, ids: list[str]) -> None:
    """Store whom a server trusts."""
    if ctx.store.find("associated_server", server) is None:
        ctx.store.insert("associated_server", {"trusted": ids}, id=server)
    else:
        ctx.store.update("associated_server", server, trusted=ids)


def of_app(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The live refresh tokens of an application, whichever server gave them. Raises E0000007."""
    app = ctx.store.find("application", request.path["appId"])
    if app is None:
        raise errors.missing("application", request.path["appId"])
    client = (app["credentials"].get("oauthClient") or {}).get("client_id")
    rows = ctx.store.select("refresh_token", [Filter("client", "=", client)]) if client else ()
    return [row for row in rows if not row["revoked"] and row["expires"] > ctx.now]


@twin.handler("listOAuth2TokensForApplication", "revokeOAuth2TokensForApplication")
def app_tokens(ctx: Ctx, request: Request) -> Any:
    """The refresh tokens of an application: looked at, or all revoked."""
    rows = of_app(ctx, request)
    if request.method == "GET":
        return [token_shown(ctx, row) for row in rows]
    for row in rows:
        ctx.store.update("refresh_token", row["~key"], revoked=True)
    return Reply(204)


@twin.handler("getOAuth2TokenForApplication", "revokeOAuth2TokenForApplication")
def app_token(ctx: Ctx, request: Request) -> Any:
    """One of them: looked at, or revoked. Raises E0000007."""
    wanted = request.path["tokenId"]
    found = next((row for row in of_app(ctx, request) if row["id"] == wanted), None)
    if found is None:
        raise errors.missing("o_auth_2_refresh_token", f"{request.path['appId']}.{wanted}")
    if request.method == "GET":
        return token_shown(ctx, found)
    ctx.store.update("refresh_token", found["~key"], revoked=True)
    return Reply(204)
