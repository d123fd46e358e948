"""The human's side: controls with which a test talks, reacts and sets an app up; `using` has those that use apps.

Each is `POST /_twin/do/<name>` with `user` (name or id) and what it is about. Imports: messages, places, gestures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, ServiceError, UsageError
from twins.slack import gestures, items, messages, people, places, twin, world
from twins.slack.args import Args

Data = Mapping[str, Any]


# who and where -------------------------------------------------------------------------------------------------------


def person(ctx: Ctx, data: Data) -> dict[str, Any]:
    """Who acts. Raises UsageError."""
    name = str(data.get("user") or "ana")
    found = people.named(ctx, name)
    if found is None:
        known = ", ".join(user["name"] for user in ctx.store.select("user", order="oldest"))
        raise UsageError(f"there is nobody called {name!r} (people: {known})")
    return found


def place(ctx: Ctx, data: Data, user: Mapping[str, Any]) -> dict[str, Any]:
    """Where: a channel by id or name, or a person for a direct message. Raises UsageError."""
    name = str(data.get("channel") or "#general")
    channel = ctx.store.find("channel", name) or places.by_name(ctx, user["team_id"], name.removeprefix("#"))
    if channel is None:
        other = people.named(ctx, name)
        if other is None:
            raise UsageError(f"there is no channel {name!r}")
        channel = places.direct(ctx, user["team_id"], [user["id"], other["id"]])
    return channel


def the_message(ctx: Ctx, data: Data, user: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], bool]:
    """(channel, message, whether it is ephemeral); the newest message of the channel when no `ts` is given."""
    channel = place(ctx, data, user)
    ts = str(data.get("ts") or "")
    if not ts:
        newest = ctx.store.list("message", parent=channel["id"], limit=1).ids
        if not newest:
            raise UsageError(f"nothing has been said in {channel['name'] or channel['id']}")
        return channel, ctx.store.get("message", newest[0]), False
    found = messages.find(ctx, channel["id"], ts)
    if found is not None:
        return channel, found[1], False
    whispered = ctx.store.find("ephemeral", f"{channel['id']} {ts}")
    if whispered is None:
        raise UsageError(f"there is no message {ts} in {channel['id']}")
    return channel, whispered, True


def app_of(ctx: Ctx, data: Data, fallback: str = "") -> dict[str, Any]:
    """The app that is addressed."""
    id = str(data.get("app") or fallback or world.APP)
    found = ctx.store.find("app", id)
    if found is None:
        raise UsageError(f"there is no app {id!r}")
    return found


# talking -------------------------------------------------------------------------------------------------------------


@twin.control("posts")
def posts(ctx: Ctx, data: Data) -> Any:
    """`user` says `text` in `channel` (in the thread `thread_ts`)."""
    user = person(ctx, data)
    channel = place(ctx, data, user)
    if places.membership(ctx, channel["id"], user["id"]) is None:
        raise UsageError(f"{user['name']} is not in {channel['name']}")
    said = {"user": user["id"], "team": user["team_id"], "client_msg_id": ctx.new_id("{uuid}")}
    content = messages.content(Args(data), ctx)
    try:
        done = messages.post(ctx, channel, {**said, **content}, thread_ts=str(data.get("thread_ts") or ""))
    except ServiceError as error:
        raise UsageError(str(error.body)) from None
    return {"channel": channel["id"], "ts": done["ts"], "message": messages.shown(done)}


@twin.control("edits")
def edits(ctx: Ctx, data: Data) -> Any:
    """`user` changes the text of the message `ts`."""
    user = person(ctx, data)
    channel, message, _ = the_message(ctx, data, user)
    edited = {"user": user["id"], "ts": message["ts"]}
    after = messages.change(ctx, channel, message, {"text": str(data.get("text", "")), "edited": edited})
    return {"channel": channel["id"], "ts": after["ts"]}


@twin.control("deletes")
def deletes(ctx: Ctx, data: Data) -> Any:
    """`user` takes the message `ts` back."""
    channel, message, _ = the_message(ctx, data, person(ctx, data))
    messages.delete(ctx, channel, message)
    return {"channel": channel["id"], "ts": message["ts"]}


@twin.control("reacts")
def reacts(ctx: Ctx, data: Data) -> Any:
    """`user` puts the emoji `name` to the message `ts`; `remove: true` takes it away."""
    from twins.slack.handlers import reactions

    user = person(ctx, data)
    channel, message, _ = the_message(ctx, data, user)
    item = items.Item("message", message, channel["id"], channel["team"])
    act = reactions.unreact if data.get("remove") else reactions.react
    act(ctx, item, reactions.emoji_name(ctx, str(data.get("name", "thumbsup"))), str(user["id"]))
    return {"channel": channel["id"], "ts": message["ts"]}


@twin.control("joins")
def joins(ctx: Ctx, data: Data) -> Any:
    """`user` enters `channel`."""
    from twins.slack.handlers import members

    user = person(ctx, data)
    channel = place(ctx, data, user)
    if places.membership(ctx, channel["id"], user["id"]) is None:
        members.enter(ctx, channel, user["id"])
    return {"channel": channel["id"]}


@twin.control("leaves")
def leaves(ctx: Ctx, data: Data) -> Any:
    """`user` leaves `channel`."""
    from twins.slack.handlers import members

    user = person(ctx, data)
    channel = place(ctx, data, user)
    if places.membership(ctx, channel["id"], user["id"]) is not None:
        members.leave_channel(ctx, channel, user["id"])
    return {"channel": channel["id"]}


@twin.control("app")
def set_app(ctx: Ctx, data: Data) -> Any:
    """Settings of an app: `request_url` (verified by a challenge), `interactivity_url`, `options_url`, `commands_url`,
    `commands`, `events`, `user_events`, `redirect_uris`, `token_rotation`, `bot_scopes`, `user_scopes`, `disabled`,
    `unfurl_domains`, `unlisted`, `pkce`, `classic`, and the limits `events_per_hour` and `spared_below`."""
    app = app_of(ctx, data)
    known = (
        "request_url", "interactivity_url", "options_url", "commands_url", "commands", "events", "redirect_uris",
        "token_rotation", "bot_scopes", "user_scopes", "name", "disabled", "user_events", "unlisted", "events_per_hour",
        "spared_below", "unfurl_domains", "pkce", "classic",
    )  # fmt: skip
    wrong = [name for name in data if name not in (*known, "app", "verify")]
    if wrong:
        raise UsageError(f"an app has no setting {wrong[0]!r} (settings: {', '.join(known)})")
    changes = {name: data[name] for name in known if name in data}
    if data.get("request_url"):
        changes["socket_mode"] = False
    after = ctx.store.update("app", app["id"], **changes)
    if data.get("request_url") and data.get("verify", True):
        challenge = {
            "token": app["verification_token"],
            "challenge": ctx.token("alnum", 52),
            "type": "url_verification",
        }
        team = next(ctx.store.select("team", order="oldest"))["id"]
        return {"app": after, **gestures.send(ctx, "verification", "url_verification", challenge, app, team)}
    return {"app": after}


@twin.control("team")
def set_team(ctx: Ctx, data: Data) -> Any:
    """Settings of a workspace (`team`): `disabled` ends it for its tokens and webhooks, false begins anew."""
    team = ctx.store.find("team", str(data.get("team") or world.TEAM))
    wrong = [name for name in data if name not in ("team", "disabled")]
    if team is None or wrong:
        raise UsageError(f"a workspace has no setting {wrong[0]!r} (settings: disabled)" if wrong else "no such team")
    disabled = bool(data.get("disabled"))
    for token in list(ctx.store.select("token")):
        if token.get("team") == team["id"]:
            ctx.store.update("token", token["token"], stopped=disabled)
    return {"team": ctx.store.update("team", team["id"], disabled=disabled)}
