"""What the twin sends to apps: events, interactions and commands; who gets them; how they are signed.

Sources: https://docs.slack.dev/apis/events-api, /authentication/verifying-requests-from-slack. Imports: the twin,
places, answers. An event as stored: `id`, `type`, `kind` (`event`, `interaction`, `command`, `verification`), `app`
(empty: every app that wants it), `body`.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import orjson

from twinkit import Ctx, Receiver
from twins.slack import twin, world

FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}


def signature(body: bytes, secret: str, at: int) -> str:
    """The value of `X-Slack-Signature`: `v0=` and the hex HMAC-SHA256 of `v0:<at>:<body>`."""
    return "v0=" + hmac.new(secret.encode(), b"v0:%d:" % at + body, sha256).hexdigest()


@twin.sign
def sign(body: bytes, secret: str, at: int, headers: dict[str, str]) -> dict[str, str]:
    """The two headers of every request to an app."""
    key = secret or world.SIGNING_SECRET
    return {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": signature(body, key, at)}


# events --------------------------------------------------------------------------------------------------------------


def notify(ctx: Ctx, team: str, type: str, event: Mapping[str, Any], *, channel: str = "", app: str = "") -> None:
    """Tell the apps of a workspace of something; of a conversation, only those whose bot is in it."""
    inner = {**event, "type": type}
    inner.setdefault("event_ts", f"{ctx.now}.{ctx.store.next('event_ts') % 1_000_000:06d}")
    kind = f"message.{event['channel_type']}s" if type == "message" and event.get("channel_type") else type
    ctx.emit(kind, inner, kind="event", team=team, channel=channel, app=app)


@twin.envelope
def envelope(ctx: Ctx, type: str, data: dict[str, Any], previous: Any, **extra: Any) -> dict[str, Any]:
    """An event as it is kept."""
    id = ctx.new_id("Ev{upper:10}")
    if extra.get("kind") != "event":
        ctx.store.insert("sent", {"id": id, "type": type, "at": ctx.now, "app": extra.get("app")})
    return {"id": id, "type": type, "time": ctx.now, "body": data, **extra}


def wanted_by(ctx: Ctx, app: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether an app gets an event: subscribed, installed, and where the event is."""
    if event.get("app"):
        return bool(event["app"] == app["id"])
    subscribed = app.get("events") or ()
    if "*" not in subscribed and event["type"] not in subscribed and event["body"]["type"] not in subscribed:
        return False
    bot = bot_user(ctx, str(app["id"]), str(event["team"]))
    if not bot:
        return False
    channel = str(event.get("channel") or "")
    return not channel or ctx.store.find("member", f"{channel} {bot}") is not None


def bot_user(ctx: Ctx, app: str, team: str) -> str:
    """The bot user of an app in a workspace; empty when it is not installed there."""
    for bot in ctx.store.select("bot"):
        if bot["app_id"] == app and bot["team_id"] == team and not bot["deleted"]:
            return str(bot["user_id"])
    return ""


def wrapped(ctx: Ctx, app: Mapping[str, Any], event: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON that an app gets for an event."""
    team = str(event["team"])
    return {
        "token": app["verification_token"], "team_id": team, "context_team_id": team, "context_enterprise_id": None,
        "api_app_id": app["id"], "event": event["body"], "type": "event_callback", "event_id": event["id"],
        "event_time": event["time"], "is_ext_shared_channel": False,
        "event_context": f"4-{event['id']}",
        "authorizations": [
            {
                "enterprise_id": None, "team_id": team, "user_id": bot_user(ctx, str(app["id"]), team), "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
    }  # fmt: skip


# who gets what -------------------------------------------------------------------------------------------------------


def apps(ctx: Ctx) -> list[dict[str, Any]]:
    """Every app."""
    return list(ctx.store.select("app", order="oldest"))


def url_for(app: Mapping[str, Any], kind: str) -> str:
    """Where an app takes a kind of request; `request_url` is for all that has no URL of its own."""
    own = {"interaction": "interactivity_url", "options": "options_url", "command": "commands_url"}.get(kind, "")
    return str(app.get(own) or app.get("request_url") or "")


@twin.receivers
def receivers(ctx: Ctx, event: dict[str, Any]) -> list[Receiver]:
    """The apps' own URLs; an app with an open socket gets the event there instead."""
    from twins.slack import sockets

    found = []
    for app in apps(ctx):
        if not wanted_by(ctx, app, event) or _settled(ctx, event):
            continue
        if sockets.offer(ctx, app, event):
            continue
        url = str(event.get("url") or url_for(app, str(event["kind"])))
        if url and not app.get("disabled"):
            found.append(Receiver(f"{app['id']}/{event['kind']}", url, secret=app["signing_secret"]))
    return found


def _settled(ctx: Ctx, event: Mapping[str, Any]) -> bool:
    """Interactions and commands are sent once; nobody repeats them."""
    return event["kind"] not in ("event",) and ctx.store.find("interaction", str(event["id"])) is not None


@twin.compose
def compose(ctx: Ctx, event: dict[str, Any], receiver: Receiver) -> Any:
    """The request to one receiver: JSON for events, a form for everything that people do."""
    from twinkit.webhooks.outbox import Outgoing

    if event["kind"] == "event":
        app = ctx.store.find("app", receiver.id.partition("/")[0]) or ctx.store.get("app", world.APP)
        return Outgoing(orjson.dumps(wrapped(ctx, app, event)), dict(JSON))
    if event["kind"] == "verification":
        return Outgoing(orjson.dumps(event["body"]), dict(JSON))
    if event["kind"] == "command":
        return Outgoing(urlencode(event["body"]).encode(), dict(FORM))
    return Outgoing(urlencode({"payload": orjson.dumps(event["body"]).decode()}).encode(), dict(FORM))


@twin.delivered
def delivered(ctx: Ctx, delivery: Any, final: bool) -> None:
    """Take what an app answered to an interaction, a command or a verification."""
    from twins.slack import answers

    found = ctx.store.event(delivery.event)
    if found is None or found.data.get("kind") == "event":
        return
    ok = delivery.response_status is not None and 200 <= delivery.response_status < 300
    answers.take(ctx, found.data, ok, answers.parse(bytes(delivery.response_body or b"")))
