"""Signing in on another device: device codes with their activation page, and CIBA requests.

Source: https://developer.okta.com/docs/guides/device-authorization-grant/ and /docs/guides/configure-ciba/.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Filter, Reply, Request
from twins.okta import apps, pages, people, twin, wire
from twins.okta.handlers import users
from twins.okta.handlers.oauth_authorize import html
from twins.okta.handlers.oauth_token import asked
from twins.okta.oauth import clients, servers
from twins.okta.oauth.problems import fail

DEVICE_LIFE = 600
CIBA_LIFE = 300
INTERVAL = 5


def waiting(ctx: Ctx, request: Request, fields: dict[str, str], grant: str) -> tuple[servers.Server, dict[str, Any]]:
    """Server and client of a request that waits for a person. Raises unauthorized_client."""
    server = servers.server_of(ctx, request)
    app = clients.authenticate(ctx, request, fields)
    allowed = clients.settings(app)["grant_types"]
    if grant not in allowed:
        raise fail("unauthorized_client", ", ".join(allowed))
    return server, app


def keep(
    ctx: Ctx, kind: str, server: servers.Server, app: dict[str, Any], scopes: list[str], life: int, **more: Any
) -> str:
    """Store what waits; the secret that its client polls with."""
    text = ctx.token("alnum", 43)
    id = wire.digest(text)
    row = {
        "id": id, "client": clients.oauth(app)["client_id"], "server": server.id, "scopes": scopes, "status": "PENDING",
        "expires": ctx.now + life, "interval": INTERVAL, "polled": None, "user": None, "auth_time": None, **more,
    }  # fmt: skip
    ctx.store.insert(kind, row, id=id, created=ctx.micros)
    return text


@twin.handler("deviceAuthorize", "deviceAuthorizeCustomAS")
def authorize_device(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A device code, and the code that a person types in."""
    fields = clients.form(request)
    server, app = waiting(ctx, request, fields, apps.DEVICE)
    scopes = servers.scopes_for(ctx, server, app, asked(fields), apps.DEVICE, None)
    user_code = ctx.token("upper", 8)
    code = keep(ctx, "device_code", server, app, scopes, DEVICE_LIFE, user_code=user_code)
    at = f"{ctx.base_url}/activate"
    return {
        "device_code": code, "user_code": user_code, "verification_uri": at,
        "verification_uri_complete": f"{at}?user_code={user_code}", "expires_in": DEVICE_LIFE, "interval": INTERVAL,
    }  # fmt: skip


def decide(ctx: Ctx, user_code: str, user: str | None) -> None:
    """A person agrees (by name) or not (None). Raises invalid_user_code."""
    where = [Filter("user_code", "=", user_code.replace("-", "").upper()), Filter("status", "=", "PENDING")]
    held = next(iter(ctx.store.select("device_code", where)), None)
    if held is None or held["expires"] <= ctx.now:
        raise fail("invalid_user_code")
    status = "AGREED" if user else "DENIED"
    ctx.store.update("device_code", held["id"], status=status, user=user, auth_time=ctx.now)


@twin.page("GET", "/activate")
def activation_page(ctx: Ctx, request: Request) -> Reply:
    """The page where a device's code is typed in."""
    return html(200, pages.device(f"{ctx.base_url}/activate", clients.form(request).get("user_code", "")))


@twin.page("POST", "/activate")
def activate(ctx: Ctx, request: Request) -> Reply:
    """Its form."""
    fields = clients.form(request)
    code, name, password = (fields.get(each, "") for each in ("user_code", "username", "password"))
    user = people.find(ctx, name)
    if user is None or user["status"] != "ACTIVE" or not users.signs_in(ctx, user, name, password):
        return html(200, pages.device(f"{ctx.base_url}/activate", code, error="Unable to sign in"))
    decide(ctx, code, user["id"])
    return html(200, pages.device("", message="Device activated"))


@twin.control("device")
def control_device(ctx: Ctx, payload: Any) -> dict[str, str]:
    """The person's part: {user_code, username} agrees, {user_code, deny: true} does not."""
    user = None if payload.get("deny") else people.get(ctx, str(payload.get("username", "")))["id"]
    decide(ctx, str(payload["user_code"]), user)
    return {"status": "denied" if user is None else "agreed"}


@twin.handler("bcAuthorize", "bcAuthorizeCustomAS")
def authorize_backchannel(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A request that the user answers on another device."""
    fields = clients.form(request)
    server, app = waiting(ctx, request, fields, apps.CIBA)
    hints = [name for name in ("login_hint", "id_token_hint") if fields.get(name)]
    if len(hints) != 1:
        raise fail("ciba_hint")
    if "openid" not in asked(fields):
        raise fail("ciba_scope" if asked(fields) else "missing_scopes")
    hint = fields[hints[0]]
    if hints[0] == "id_token_hint":
        from twins.okta.handlers.oauth_token import own_token

        hint = str((own_token(ctx, server, hint) or {}).get("sub", ""))
    user = people.find(ctx, hint)
    if user is None or not apps.assigned(ctx, app["id"], user["id"]):
        raise fail("ciba_user")
    scopes = servers.scopes_for(ctx, server, app, asked(fields), apps.CIBA, user["id"])
    life = min(int(fields.get("requested_expiry") or CIBA_LIFE), CIBA_LIFE)
    text = keep(ctx, "ciba_request", server, app, scopes, life, user=user["id"])
    return {"auth_req_id": text, "expires_in": life, "interval": INTERVAL}


@twin.control("ciba")
def control_ciba(ctx: Ctx, payload: Any) -> dict[str, str]:
    """The person's part: {username} answers the newest request, with {deny: true} by refusing."""
    user = people.get(ctx, str(payload["username"]))["id"]
    where = [Filter("user", "=", user), Filter("status", "=", "PENDING")]
    held = next(iter(ctx.store.select("ciba_request", where, order="newest")), None)
    if held is None:
        return {"status": "none"}
    status = "DENIED" if payload.get("deny") else "AGREED"
    ctx.store.update("ciba_request", held["id"], status=status, auth_time=ctx.now)
    return {"status": status.lower()}
