"""Dynamic client registration: OAuth clients as RFC 7591 has them, which are applications.

Source: https://developer.okta.com/docs/reference/api/oauth-clients/.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Reply, Request
from twins.okta import apps, errors, listing, twin
from twins.okta.times import iso, seconds

SETTINGS = ("redirect_uris", "post_logout_redirect_uris", "response_types", "grant_types", "initiate_login_uri",
            "application_type", "client_uri", "logo_uri", "tos_uri", "policy_uri", "jwks", "jwks_uri",
            "request_object_signing_alg")  # fmt: skip


def shown(app: Mapping[str, Any], *, secret: bool = False) -> dict[str, Any]:
    """An application as a client; its secret only when it is new."""
    oauth, settings = ((app.get(part) or {}).get("oauthClient") or {} for part in ("credentials", "settings"))
    found = {
        "client_id": oauth.get("client_id"), "client_id_issued_at": seconds(app["created"]),
        "client_name": app["label"],
        "client_uri": None, "logo_uri": None, "redirect_uris": [], "post_logout_redirect_uris": [],
        **{name: settings[name] for name in SETTINGS if name in settings},
        "token_endpoint_auth_method": oauth.get("token_endpoint_auth_method"),
    }  # fmt: skip
    if secret and oauth.get("client_secret"):
        found |= {"client_secret": oauth["client_secret"], "client_secret_expires_at": 0}
    return found


def parts(ctx: Ctx, id: str, body: Mapping[str, Any], held: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """credentials and settings of a client from its metadata. Raises E0000001."""
    if not body.get("client_name"):
        raise errors.validation("client_name", "client_name: The field cannot be left blank")
    oauth = dict((held.get("credentials") or {}).get("oauthClient") or {})
    if body.get("token_endpoint_auth_method"):
        oauth["token_endpoint_auth_method"] = body["token_endpoint_auth_method"]
    given = {name: body[name] for name in SETTINGS if name in body}
    credentials = {**(held.get("credentials") or {}), "oauthClient": oauth}
    settings = {**(held.get("settings") or {}), "oauthClient": given}
    return apps.oauth_parts(ctx, id, credentials, settings)


def of(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The application of a request. Raises E0000007."""
    app = apps.client(ctx, request.path["clientId"])
    if app is None:
        raise errors.error("E0000007", f"Resource not found: {request.path['clientId']} (Client)")
    return app


@twin.handler("createClient")
def create(ctx: Ctx, request: Request) -> Reply:
    """Register a client."""
    body = request.body if isinstance(request.body, dict) else {}
    id = ctx.new_id("application")
    credentials, settings = parts(ctx, id, body, {})
    sent = {"label": body["client_name"], "signOnMode": "OPENID_CONNECT", "credentials": credentials,
            "settings": settings}  # fmt: skip
    return Reply(201, shown(apps.store(ctx, apps.record(ctx, sent, id=id)), secret=True))


@twin.handler("listClients")
def list_clients(ctx: Ctx, request: Request) -> Reply:
    """The clients; `q` is the beginning of a name."""
    word = str(request.query.get("q") or "").casefold()

    def check(app: dict[str, Any]) -> bool:
        return app["signOnMode"] == "OPENID_CONNECT" and str(app["label"]).casefold().startswith(word)

    return listing.page(ctx, request, "application", check=check, show=shown)


@twin.handler("getClient")
def get(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A client."""
    return shown(of(ctx, request))


@twin.handler("replaceClient")
def replace(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A client's new metadata."""
    app, body = of(ctx, request), request.body or {}
    app["credentials"], app["settings"] = parts(ctx, app["id"], body, app)
    app |= {"label": body["client_name"], "lastUpdated": iso(ctx)}
    ctx.store.replace("application", app["id"], app)
    return shown(app)


@twin.handler("deleteClient")
def delete(ctx: Ctx, request: Request) -> Reply:
    """A client goes."""
    apps.remove(ctx, of(ctx, request))
    return Reply(204)


@twin.handler("generateNewClientSecret")
def new_secret(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A client's new secret; the old one stops working."""
    app = of(ctx, request)
    app["credentials"]["oauthClient"]["client_secret"] = ctx.token("alnum", 64)
    ctx.store.replace("application", app["id"], app)
    return shown(app, secret=True)
