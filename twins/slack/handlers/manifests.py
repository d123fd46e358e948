"""apps.manifest.*, apps.icon.set, apps.managed.*: apps made and changed with an app configuration token.

Sources: https://docs.slack.dev/reference/app-manifest and https://docs.slack.dev/reference/methods/apps.manifest.create.
Imports: call, webhooks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from twins.slack import people, webhooks
from twins.slack.call import Call, method
from twins.slack.failing import fail, missing_argument

COLOR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
LONGEST = {
    ("display_information", "name"): 35, ("display_information", "description"): 140,
    ("display_information", "long_description"): 4000, ("features", "bot_user", "display_name"): 80,
}  # fmt: skip
MOST = {
    ("features", "shortcuts"): 10, ("features", "slash_commands"): 50, ("oauth_config", "redirect_urls"): 1000,
    ("settings", "allowed_ip_address_ranges"): 10,
}  # fmt: skip


def at(manifest: Any, path: tuple[str, ...]) -> Any:
    """The value at a path of keys; None where there is none."""
    for name in path:
        manifest = manifest.get(name) if isinstance(manifest, Mapping) else None
    return manifest


def wrong(manifest: Any) -> Iterator[dict[str, str]]:
    """What is wrong with a manifest, with a pointer to it."""
    if not isinstance(manifest, Mapping):
        yield {"message": "The manifest must be an object", "pointer": "/"}
        return
    if not at(manifest, ("display_information", "name")):
        yield {"message": "Missing required field: name", "pointer": "/display_information"}
    for path, longest in LONGEST.items():
        if len(str(at(manifest, path) or "")) > longest:
            yield {"message": f"Must be at most {longest} characters", "pointer": "/" + "/".join(path)}
    for path, most in MOST.items():
        if len(at(manifest, path) or ()) > most:
            yield {"message": f"Must have at most {most} items", "pointer": "/" + "/".join(path)}
    color = at(manifest, ("display_information", "background_color"))
    if color and not COLOR.fullmatch(str(color)):
        yield {"message": "Must be a hexadecimal colour", "pointer": "/display_information/background_color"}
    for place, command in enumerate(at(manifest, ("features", "slash_commands")) or ()):
        if not str(command.get("command", "")).startswith("/"):
            yield {"message": "Must begin with a slash", "pointer": f"/features/slash_commands/{place}/command"}
    events = at(manifest, ("settings", "event_subscriptions")) or {}
    listens = events.get("bot_events") or events.get("user_events")
    if listens and not events.get("request_url") and not at(manifest, ("settings", "socket_mode_enabled")):
        text = "Event Subscription requires either Request URL or Socket Mode Enabled"
        yield {"message": text, "pointer": "/settings/event_subscriptions"}


def checked(call: Call) -> dict[str, Any]:
    """The manifest of a call. Raises `invalid_manifest` with the errors."""
    if "manifest" not in call.args:
        raise missing_argument("manifest")
    manifest = call.args.json("manifest", "invalid_manifest")
    found = list(wrong(manifest))
    if found:
        raise fail("invalid_manifest", errors=found)
    return dict(manifest)


def settings_of(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What a manifest says of an app, as the app's record keeps it."""
    events = at(manifest, ("settings", "event_subscriptions")) or {}
    interactive = at(manifest, ("settings", "interactivity")) or {}
    commands = at(manifest, ("features", "slash_commands")) or ()
    return {
        "name": at(manifest, ("display_information", "name")), "manifest": dict(manifest),
        "bot_scopes": at(manifest, ("oauth_config", "scopes", "bot")) or [],
        "user_scopes": at(manifest, ("oauth_config", "scopes", "user")) or [],
        "redirect_uris": at(manifest, ("oauth_config", "redirect_urls")) or [],
        "request_url": events.get("request_url") or "", "events": events.get("bot_events") or [],
        "user_events": events.get("user_events") or [],
        "interactivity_url": interactive.get("request_url") or "",
        "options_url": interactive.get("message_menu_options_url") or "",
        "commands": {command["command"]: command for command in commands},
        "commands_url": next((command["url"] for command in commands if command.get("url")), ""),
        "token_rotation": bool(at(manifest, ("settings", "token_rotation_enabled"))),
        "socket_mode": bool(at(manifest, ("settings", "socket_mode_enabled"))),
        "unfurl_domains": at(manifest, ("features", "unfurl_domains")) or [],
    }  # fmt: skip


def described(app: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest of an app: as it was given, else made from its settings."""
    if app.get("manifest"):
        return dict(app["manifest"])
    return {
        "_metadata": {"major_version": 1, "minor_version": 1}, "display_information": {"name": app["name"]},
        "features": {"bot_user": {"display_name": app["name"], "always_online": True}},
        "oauth_config": {
            "redirect_urls": app["redirect_uris"], "scopes": {"bot": app["bot_scopes"], "user": app["user_scopes"]},
        },
        "settings": {
            "org_deploy_enabled": False, "socket_mode_enabled": bool(app.get("socket_mode")),
            "token_rotation_enabled": bool(app["token_rotation"]),
        },
    }  # fmt: skip


def _one(call: Call) -> dict[str, Any]:
    found = call.ctx.store.find("app", call.args.text("app_id"))
    if found is None:
        raise fail("invalid_app_id" if "app_id" in call.args else "invalid_app")
    return found


@method("apps.manifest.validate")
def validate(call: Call) -> dict[str, Any]:
    """Whether a manifest would do."""
    if "app_id" in call.args:
        _one(call)
    checked(call)
    return {}


@method("apps.manifest.create")
def create(call: Call) -> dict[str, Any]:
    """An app as a manifest describes it, not installed yet."""
    manifest = checked(call)
    ctx = call.ctx
    secrets = {
        "client_id": f"{ctx.token('digits', 13)}.{ctx.token('digits', 13)}", "client_secret": ctx.token("hex", 32),
        "verification_token": ctx.token("alnum", 24), "signing_secret": ctx.token("hex", 32),
    }  # fmt: skip
    app = {"id": ctx.new_id("app"), **secrets, "webhooks": {}, **settings_of(manifest)}
    ctx.store.insert("app", app)
    asked = {
        "client_id": secrets["client_id"], "scope": ",".join(app["bot_scopes"]),
        "user_scope": ",".join(app["user_scopes"]),
    }  # fmt: skip
    team = ctx.store.get("team", call.team)
    return {
        "app_id": app["id"], "credentials": secrets, "team_id": team["id"], "team_domain": team["domain"],
        "oauth_authorize_url": f"{ctx.base_url}/oauth/v2/authorize?{urlencode(asked)}",
    }  # fmt: skip


@method("apps.manifest.update")
def update(call: Call) -> dict[str, Any]:
    """Make an app what another manifest describes."""
    app = _one(call)
    changes = settings_of(checked(call))
    updated = any(set(changes[name]) != set(app[name]) for name in ("bot_scopes", "user_scopes"))
    call.ctx.store.update("app", app["id"], **changes)
    return {"app_id": app["id"], "permissions_updated": updated}


@method("apps.manifest.export")
def export(call: Call) -> dict[str, Any]:
    """The manifest of an app."""
    return {"manifest": described(_one(call))}


@method("apps.manifest.delete")
def delete(call: Call) -> dict[str, Any]:
    """An app is no more, nor are its tokens."""
    app = _one(call)
    for token in list(call.ctx.store.select("token")):
        if token["app"] == app["id"]:
            webhooks.notify(call.ctx, token["team"], "app_uninstalled", {}, app=app["id"])
            call.ctx.store.update("token", token["token"], revoked=True)
    call.ctx.store.delete("app", app["id"])
    return {}


@method("apps.icon.set")
def set_icon(call: Call) -> dict[str, Any]:
    """The picture of an app and its bots: https://docs.slack.dev/reference/methods/apps.icon.set."""
    app = _one(call)
    url = call.args.text("url")
    if not url and not call.args.data.get("file"):
        raise missing_argument("file")
    url = url or f"{people.AVATARS}/{call.ctx.token('hex', 12)}.png"
    icons = {f"image_{size}": url for size in (36, 48, 72)}
    for bot in list(call.ctx.store.select("bot")):
        if bot["app_id"] == app["id"]:
            call.ctx.store.update("bot", bot["id"], icons=icons)
    call.ctx.store.update("app", app["id"], icon_url=url)
    return {}


@method("apps.managed.permissions.set")
def set_permissions(call: Call) -> dict[str, Any]:
    """Who may use an app: https://docs.slack.dev/reference/methods/apps.managed.permissions.set."""
    permissions = call.args.need("permissions")
    if permissions not in ("everyone", "app_owner"):
        raise fail("invalid_arguments")
    call.ctx.store.update("app", _one(call)["id"], permissions=permissions)
    return {}
