"""What the twin sends to apps: events, interactions and commands; who gets them; how they are signed.

Sources: https://docs.slack.dev/apis/events-api, /authentication/verifying-requests-from-slack. Imports: the twin,
places, answers. An event as stored: `id`, `type`, `kind` (`event`, `interaction`, `command`, `verification`), `app`
(empty: every app that wants it), `body`.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import orjson

from twinkit import Ctx, Filter, Receiver
from twins.slack import eventscopes, limits, places, twin, world

MOST_APPS = 10_000
Data = Mapping[str, Any]
ROBOT = {"user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)", "accept": "*/*"}
FORM = {**ROBOT, "content-type": "application/x-www-form-urlencoded"}
JSON = {**ROBOT, "content-type": "application/json"}
MESSAGES = {"channel": "message.channels", "group": "message.groups", "im": "message.im", "mpim": "message.mpim"}
"""`channel_type` → the name that messages there are subscribed to by."""


def signature(body: bytes, secret: str, at: int) -> str:
    """The value of `X-Slack-Signature`: `v0=` and the hex HMAC-SHA256 of `v0:<at>:<body>`."""
    return "v0=" + hmac.new(secret.encode(), b"v0:%d:" % at + body, sha256).hexdigest()


@twin.sign
def sign(body: bytes, secret: str, at: int, headers: dict[str, str]) -> dict[str, str]:
    """The two headers of every request to an app."""
    key = secret or world.SIGNING_SECRET
    return {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": signature(body, key, at)}


# events --------------------------------------------------------------------------------------------------------------


def notify(
    ctx: Ctx, team: str, type: str, event: Mapping[str, Any], *, channel: str = "", app: str = "", person: str = ""
) -> None:
    """Tell the apps of a workspace of something; of a conversation, only those whose bot is in it.

    What concerns one `person` alone is told to installations of theirs (of the bot, when it is the bot).
    """
    inner = {**event, "type": type}
    inner.setdefault("event_ts", f"{ctx.now}.{ctx.store.next('event_ts') % 1_000_000:06d}")
    kind = MESSAGES.get(str(event.get("channel_type")), type) if type == "message" else type
    more: dict[str, Any] = {"person": person} if person else {}
    ctx.emit(kind, inner, kind="event", team=team, channel=channel, app=app, **more)


@twin.envelope
def envelope(ctx: Ctx, type: str, data: dict[str, Any], previous: Any, **extra: Any) -> dict[str, Any]:
    """An event as it is kept."""
    id = ctx.new_id("Ev{upper:10}")
    if extra.get("kind") != "event":
        ctx.store.insert("sent", {"id": id, "type": type, "at": ctx.now, "app": extra.get("app")})
    return {"id": id, "type": type, "time": ctx.now, "body": data, **extra}


def subscribed(names: Sequence[str], event: Mapping[str, Any]) -> bool:
    """Whether an event is among the types somebody subscribed to."""
    return any(name in ("*", event["type"], event["body"].get("type")) for name in names)


def authorizations(ctx: Ctx, app: Mapping[str, Any], event: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The installations of an app that see an event: its bot's, then those of people. None: it does not get it."""
    team, channel = str(event["team"]), str(event.get("channel") or "")
    if event.get("app") not in (None, "", app["id"]):
        return []
    place = ctx.store.find("channel", channel) if channel else None
    found = []
    for each in (team, *((place or {}).get("shared_with") or ())):
        found += _seen_in(ctx, app, event, each, channel)
    return found


def _seen_in(ctx: Ctx, app: Data, event: Data, team: str, channel: str) -> list[dict[str, Any]]:
    found = []
    person = event.get("person")
    wanted = eventscopes.needed(str(event["type"]), event["body"])
    if subscribed(app.get("events") or (), event):
        bot = bot_user(ctx, str(app["id"]), team)
        inside = (
            bot and person in (None, bot) and (not channel or ctx.store.raw("member", f"{channel} {bot}") is not None)
        )
        if inside and (not wanted or granted(ctx, str(app["id"]), team, bot).intersection(wanted)):
            found.append(_authorization(ctx, team, bot, is_bot=True))
    if subscribed(app.get("user_events") or (), event):
        for user in installers(ctx, str(app["id"]), team):
            if person not in (None, user):
                continue
            if channel and ctx.store.raw("member", f"{channel} {user}") is None:
                continue
            if not wanted or granted(ctx, str(app["id"]), team, user).intersection(wanted):
                found.append(_authorization(ctx, team, user, is_bot=False))
    return found


def _authorization(ctx: Ctx, team: str, user: str, *, is_bot: bool) -> dict[str, Any]:
    return {
        "enterprise_id": _organisation(ctx, team), "team_id": team, "user_id": user, "is_bot": is_bot,
        "is_enterprise_install": False,
    }  # fmt: skip


def _organisation(ctx: Ctx, team: str) -> Any:
    return (ctx.store.find("team", team) or {}).get("enterprise_id")


def bot_user(ctx: Ctx, app: str, team: str) -> str:
    """The bot user of an app in a workspace; empty when it is not installed there."""
    for bot in ctx.store.select("bot"):
        if bot["app_id"] == app and bot["team_id"] == team and not bot["deleted"]:
            return str(bot["user_id"])
    return ""


def granted(ctx: Ctx, app: str, team: str, user: str) -> frozenset[str]:
    """The scopes that somebody, or the bot, granted an app in a workspace: those of all its tokens."""
    where = [Filter("app", "=", app), Filter("team", "=", team), Filter("user", "=", user)]
    tokens = ctx.store.select("token", [*where, Filter("revoked", "=", False)])
    return frozenset(scope for token in tokens for scope in token["scopes"])


def installers(ctx: Ctx, app: str, team: str) -> list[str]:
    """The people of a workspace for whom an app holds a token, oldest first."""
    tokens = ctx.store.select("token", order="oldest")
    held = (t for t in tokens if t["kind"] == "user" and not t["revoked"] and (t["app"], t["team"]) == (app, team))
    return list(dict.fromkeys(str(token["user"]) for token in held))


def context_of(app: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    """The `event_context` of an event: what it is and where, in base64."""
    parts = {"et": event["body"]["type"], "tid": event["team"], "aid": app["id"], "cid": event.get("channel") or None}
    parts["uid"] = event.get("person")
    named = {name: value for name, value in parts.items() if value}
    return "4-" + base64.urlsafe_b64encode(orjson.dumps(named)).decode().rstrip("=")


def event_in(ctx: Ctx, context: str) -> dict[str, Any] | None:
    """The event that an `event_context` speaks of; None for anything else."""
    coded = context.removeprefix("4-")
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4)))
        type, team, channel = str(parts["et"]), str(parts["tid"]), str(parts.get("cid", ""))
    except (ValueError, KeyError, TypeError):
        return None
    place = ctx.store.find("channel", channel) if channel and type == "message" else None
    kind = MESSAGES[places.event_kind(place)] if place else type
    person = {"person": str(parts["uid"])} if parts.get("uid") else {}
    return {"type": kind, "body": {"type": type}, "team": team, "channel": channel, **person}


def wrapped(ctx: Ctx, app: Mapping[str, Any], event: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON that an app gets for an event; of several installations that see it, it names one."""
    home = str(event["team"])
    found = authorizations(ctx, app, event) or installed(ctx, str(app["id"]), home)
    place = ctx.store.find("channel", str(event.get("channel") or "")) or {}
    team = found[0]["team_id"] if found else home
    return {
        "token": app["verification_token"], "team_id": team, "context_team_id": home,
        "context_enterprise_id": _organisation(ctx, home), "api_app_id": app["id"], "event": event["body"],
        "type": "event_callback", "event_id": event["id"], "event_time": event["time"],
        "authorizations": found[:1], "is_ext_shared_channel": bool(place.get("shared_with")),
        "event_context": context_of(app, event),
    }  # fmt: skip


def installed(ctx: Ctx, app: str, team: str) -> list[dict[str, Any]]:
    """The installation of an app's bot in a workspace, if there is one."""
    bot = bot_user(ctx, app, team)
    return [_authorization(ctx, team, bot, is_bot=True)] if bot else []


# who gets what -------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _app(raw: bytes) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(raw)
    return found


def apps(ctx: Ctx) -> list[dict[str, Any]]:
    """Every app, oldest first; nobody changes these records."""
    return [_app(row) for row in ctx.store.list("app", order="oldest", limit=MOST_APPS).rows]


def url_for(app: Mapping[str, Any], kind: str) -> str:
    """Where an app takes a kind of request; `request_url` is for all that has no URL of its own."""
    own = {"interaction": "interactivity_url", "options": "options_url", "command": "commands_url"}.get(kind, "")
    return str(app.get(own) or app.get("request_url") or "")


@twin.receivers
def receivers(ctx: Ctx, event: dict[str, Any]) -> list[Receiver]:
    """The apps' own URLs; an app with an open socket gets the event there instead."""
    from twins.slack import realtime, sockets

    realtime.offer(ctx, event)
    found = []
    for app in apps(ctx):
        url = str(event.get("url") or url_for(app, str(event["kind"])))
        if not (url or sockets.used(ctx, app)) or not _gets(ctx, app, event):
            continue
        if not sockets.offer(ctx, app, event) and url:
            found.append(Receiver(f"{app['id']}/{event['kind']}", url, secret=app["signing_secret"]))
    return found


def _gets(ctx: Ctx, app: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    if event["kind"] != "event":
        return bool(event["app"] == app["id"]) and not _settled(ctx, event)
    if app.get("disabled") or not authorizations(ctx, app, event):
        return False
    return not limits.too_many(ctx, app, str(event["team"]))


def _settled(ctx: Ctx, event: Mapping[str, Any]) -> bool:
    """Interactions and commands are sent once; nobody repeats them."""
    return ctx.store.find("interaction", str(event["id"])) is not None


@twin.compose
def compose(ctx: Ctx, event: dict[str, Any], receiver: Receiver) -> Any:
    """The request to one receiver: JSON for events, a form for everything that people do."""
    from twinkit.webhooks.outbox import Outgoing

    if event["kind"] == "event":
        app = ctx.store.find("app", receiver.id.partition("/")[0]) or ctx.store.get("app", world.APP)
        return Outgoing(orjson.dumps(wrapped(ctx, app, event)), dict(JSON))
    if event["kind"] in ("verification", "rate_limit"):
        return Outgoing(orjson.dumps(event["body"]), dict(JSON))
    if event["kind"] == "command":
        return Outgoing(urlencode(event["body"]).encode(), dict(FORM))
    return Outgoing(urlencode({"payload": orjson.dumps(event["body"]).decode()}).encode(), dict(FORM))


@twin.delivered
def delivered(ctx: Ctx, delivery: Any, final: bool) -> None:
    """Take what an app answered to an interaction, a command or a verification."""
    from twins.slack import answers

    found = ctx.store.event(delivery.event)
    if found is None or found.data.get("kind") == "rate_limit":
        return
    ok = delivery.response_status is not None and 200 <= delivery.response_status < 300
    if found.data.get("kind") == "event":
        limits.attempted(ctx, delivery.receiver.partition("/")[0], ok)
        return
    answer = answers.parse(bytes(delivery.response_body or b""))
    answers.take(ctx, found.data, ok, answer, late="timeout" in str(delivery.error))
