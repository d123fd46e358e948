"""Incoming webhooks: what they take, whom they let in, and their errors, which are plain text with a status.

Sources: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks (the errors) and
https://api.slack.com/changelog/2016-05-17-changes-to-errors-for-incoming-webhooks (their statuses).
Imports: messages, people, places, postrules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import orjson

from twinkit import Ctx, Reply, Request, ServiceError, UsageError
from twins.slack import messages, people, places, postrules, twin, world
from twins.slack.args import Args
from twins.slack.failing import fail

ROOT = "/services/"
STATUSES = {
    "action_prohibited": 403, "posting_to_general_channel_denied": 403, "invalid_token": 403, "team_disabled": 403,
    "channel_not_found": 404, "no_service": 404, "no_service_id": 404, "no_team": 404, "no_active_hooks": 404,
    "channel_is_archived": 410, "rollup_error": 500,
}  # fmt: skip
"""Error → status, of all others 400. No page gives those of tokens, teams and hooks; they follow its classes."""


def fields(raw: bytes) -> dict[str, str]:
    """A query string or form; the last value of a name."""
    return {
        name: values[-1] for name, values in parse_qs(raw.decode("utf-8", "replace"), keep_blank_values=True).items()
    }


def payload_of(request: Request) -> dict[str, Any] | None:
    """JSON in the body, or in the form field `payload`; None when there is none."""
    raw: bytes | str = request.raw
    if request.header("content-type").startswith("application/x-www-form-urlencoded"):
        raw = fields(request.raw).get("payload", "")
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return data if isinstance(data, dict) else None


def refused(error: str) -> Reply:
    """An error as incoming webhooks tell it."""
    return Reply(STATUSES.get(error, 400), error, media_type="text/html")


@twin.page("POST", ROOT + "{team}/{bot}/{secret}")
def take(ctx: Ctx, request: Request) -> Reply:
    """Say something through an incoming webhook."""
    try:
        app, hook = _hook(ctx, request)
        data = payload_of(request)
        if data is None:
            raise fail("invalid_payload")
        _say(ctx, app, hook, data)
    except ServiceError as error:
        body = error.body if isinstance(error.body, dict) else {}
        return refused(str(body.get("error", "invalid_payload")))
    return Reply(200, "ok", media_type="text/html")


def _hook(ctx: Ctx, request: Request) -> tuple[dict[str, Any], dict[str, Any]]:
    """The app and the webhook of an address. Raises what is wrong with it."""
    team = ctx.store.find("team", request.path["team"])
    if team is None:
        raise fail("no_team")
    if team.get("disabled"):
        raise fail("team_disabled")
    if not request.path["bot"].startswith("B"):
        raise fail("no_service_id")
    start = request.url_path.rpartition("/")[0] + "/"
    known = False
    for app in ctx.store.select("app"):
        hooks = app.get("webhooks") or {}
        hook = hooks.get(request.url_path)
        if hook and hook.get("disabled"):
            raise fail("no_active_hooks")
        if hook:
            return app, hook
        known = known or any(path.startswith(start) for path in hooks)
    raise fail("invalid_token" if known else "no_service")


def _say(ctx: Ctx, app: Mapping[str, Any], hook: Mapping[str, Any], data: Mapping[str, Any]) -> None:
    """Post a message as the app; only a webhook of a custom integration chooses channel, name and picture."""
    own = data if hook.get("custom") else {}
    channel = _channel(ctx, hook, str(own.get("channel") or ""))
    _admit(ctx, hook, channel)
    bot = next((bot for bot in ctx.store.select("bot") if bot["app_id"] == app["id"]), None)
    said: dict[str, Any] = {
        "subtype": "bot_message", "username": own.get("username") or app["name"], "team": hook["team"],
    }  # fmt: skip
    if bot is not None:
        said.update(bot_id=bot["id"], app_id=app["id"])
    if own.get("icon_emoji"):
        said["icons"] = {"emoji": own["icon_emoji"]}
    elif own.get("icon_url"):
        said["icons"] = {"image_48": own["icon_url"]}
    said.update(messages.content(Args(data), ctx))
    messages.post(ctx, channel, said, thread_ts=str(data.get("thread_ts") or ""))


def _channel(ctx: Ctx, hook: Mapping[str, Any], wanted: str) -> dict[str, Any]:
    """Where a webhook posts. Raises `channel_not_found`, `user_not_found`, `channel_is_archived`."""
    if wanted.startswith("@"):
        user = people.named(ctx, wanted[1:])
        if user is None or user["deleted"]:
            raise fail("user_not_found")
        return places.direct(ctx, str(hook["team"]), [str(hook["user"]), str(user["id"])])
    channel = ctx.store.find("channel", wanted or str(hook["channel"]))
    if channel is None and wanted:
        channel = places.by_name(ctx, str(hook["team"]), wanted.removeprefix("#"))
    if channel is None:
        raise fail("channel_not_found")
    if channel["is_archived"]:
        raise fail("channel_is_archived")
    return channel


def _admit(ctx: Ctx, hook: Mapping[str, Any], channel: Mapping[str, Any]) -> None:
    """Refuse a message that whoever made the webhook may not post.

    Raises `posting_to_general_channel_denied`, `action_prohibited`.
    """
    rule = (channel.get("prefs") or {}).get("who_can_post")
    if not rule:
        return
    maker = str(hook.get("user") or "")
    groups = frozenset(str(group["id"]) for group in ctx.store.select("subteam") if maker in group["users"])
    if not postrules.fits(rule, ctx.store.find("user", maker) or {}, groups):
        raise fail("posting_to_general_channel_denied" if channel.get("is_general") else "action_prohibited")


@twin.control("webhook")
def set_webhook(ctx: Ctx, data: Mapping[str, Any]) -> Any:
    """Change the incoming webhook `path`, or make one: its `channel`, `user`, `disabled`, `custom` (an integration of
    old that chooses channel, name and picture), or `remove: true`."""
    path = str(data.get("path") or f"{ROOT}{world.TEAM}/{ctx.new_id('bot')}/{ctx.token('alnum', 24)}")
    app = ctx.store.get("app", str(data.get("app") or world.APP))
    hooks = dict(app.get("webhooks") or {})
    hook = {"channel": world.GENERAL, "team": world.TEAM, "user": world.ANA, **hooks.get(path, {})}
    for name, value in data.items():
        if name not in ("path", "app", "channel", "user", "disabled", "custom", "remove"):
            raise UsageError(f"a webhook has no setting {name!r} (settings: channel, user, disabled, custom, remove)")
        if name in ("channel", "user", "disabled", "custom"):
            hook[name] = value
    hooks[path] = hook
    if data.get("remove"):
        hooks.pop(path)
    ctx.store.update("app", app["id"], webhooks=hooks)
    return {"url": f"{ctx.base_url}{path}", "path": path, **hook}
