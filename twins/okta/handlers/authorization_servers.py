"""Authorization servers: their life, keys and rotation, the refresh tokens their clients hold.

Source: https://developer.okta.com/docs/reference/api/authorization-servers/.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Filter, Reply, Request
from twins.okta import authz, errors, facts, listing, syslog, twin
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
