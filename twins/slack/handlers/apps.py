"""apps.*, rtm.*: connections, permissions, uninstalling. Source: https://docs.slack.dev/reference/methods.

Imports: call, realtime, webhooks.
"""

from __future__ import annotations

from typing import Any

from twins.slack import people, realtime, webhooks
from twins.slack.call import Call, method
from twins.slack.failing import fail
from twins.slack.paging import page


@method("apps.connections.open")
def open_connection(call: Call) -> dict[str, Any]:
    """An address for a WebSocket; it works once."""
    ticket = call.ctx.new_id("{uuid}")
    call.ctx.store.insert("grant", {"id": ticket, "kind": "socket", "app": call.app})
    scheme, _, rest = call.ctx.base_url.partition("://")
    url = f"{'wss' if scheme == 'https' else 'ws'}://{rest}/link/?ticket={ticket}&app_id={call.app}"
    return {"url": url}


@method("rtm.connect", "rtm.start")
def rtm(call: Call) -> dict[str, Any]:
    """The old real-time connection, which apps of today do not get; `rtm.start` has become the same."""
    return realtime.connect(call)


@method("apps.event.authorizations.list")
def authorizations(call: Call) -> dict[str, Any]:
    """Who an event is for."""
    event = webhooks.event_in(call.ctx, call.args.need("event_context"))
    if event is None:
        raise fail("invalid_event_context")
    found = webhooks.authorizations(call.ctx, call.ctx.store.get("app", call.app), event)
    shown, metadata = page(call.args, found, lambda row: str(row["user_id"]), "user")
    return {"authorizations": shown, "response_metadata": metadata}


@method("apps.uninstall")
def uninstall(call: Call) -> dict[str, Any]:
    """Take the app of the token out of the workspace."""
    given = call.request.headers.get("authorization", "").partition(" ")[2] or call.args.text("token")
    if not given:
        raise fail("not_authed")
    token = call.ctx.store.find("token", given)
    if token is None:
        raise fail("invalid_auth")
    if token["revoked"]:
        raise fail("token_revoked")
    apps = [app for app in webhooks.apps(call.ctx) if app["client_id"] == call.args.text("client_id")]
    if not apps:
        raise fail("invalid_client_id")
    if apps[0]["client_secret"] != call.args.text("client_secret"):
        raise fail("bad_client_secret")
    if apps[0]["id"] != token["app"]:
        raise fail("client_id_token_mismatch")
    webhooks.notify(call.ctx, token["team"], "app_uninstalled", {}, app=token["app"])
    for each in list(call.ctx.store.select("token")):
        if each["app"] == token["app"] and each["team"] == token["team"]:
            call.ctx.store.update("token", each["token"], revoked=True)
    return {}


@method("apps.permissions.info")
def permissions_info(call: Call) -> dict[str, Any]:
    """What the token may do, as workspace apps were told."""
    scopes = sorted(call.scopes)
    part = {"scopes": scopes, "resources": {"ids": [], "excluded_ids": [], "wildcard": True}}
    return {"info": dict.fromkeys(("app_home", "team", "channel", "group", "mpim", "im"), part)}


@method("apps.permissions.scopes.list")
def permissions_scopes(call: Call) -> dict[str, Any]:
    """The scopes of the token, by kind."""
    return {
        "scopes": {name: sorted(call.scopes) for name in ("app_home", "team", "channel", "group", "mpim", "im", "user")}
    }


@method("apps.permissions.resources.list")
def permissions_resources(call: Call) -> dict[str, Any]:
    """The conversations of the token."""
    rows = [
        {"id": row["channel"], "type": "channel"}
        for row in call.ctx.store.select("member", order="oldest")
        if row["user"] == call.user
    ]
    shown, metadata = page(call.args, rows, lambda row: str(row["id"]), "resource")
    return {"resources": shown, "response_metadata": metadata}


@method("apps.permissions.users.list")
def permissions_users(call: Call) -> dict[str, Any]:
    """The people of the token."""
    rows = [{"id": user["id"], "scopes": sorted(call.scopes)} for user in call.ctx.store.select("user", order="oldest")]
    shown, metadata = page(call.args, rows, lambda row: str(row["id"]), "user")
    return {"resources": shown, "response_metadata": metadata}


@method("apps.permissions.request", "apps.permissions.users.request")
def permissions_request(call: Call) -> dict[str, Any]:
    """Ask for more scopes."""
    scopes = call.args.names("scopes")
    if not scopes or any(":" not in scope for scope in scopes):
        raise fail("invalid_scope")
    if "user" in call.args:
        people.find(call.ctx, call.args.text("user"), "invalid_user")
    trigger = call.ctx.store.find("trigger", call.args.text("trigger_id"))
    if trigger is None:
        raise fail("invalid_trigger")
    if trigger["used"]:
        raise fail("trigger_exchanged")
    call.ctx.store.update("trigger", trigger["id"], used=True)
    return {}
