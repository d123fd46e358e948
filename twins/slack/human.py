"""The human's side: controls with which a test posts, clicks, submits, runs commands and reacts.

Each is `POST /_twin/do/<name>` with `user` (name or id) and what it is about. Imports: messages, modals, answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, ServiceError, UsageError
from twins.slack import answers, items, messages, modals, people, places, twin, webhooks, world
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


def _send(ctx: Ctx, kind: str, type: str, payload: dict[str, Any], app: Data, team: str) -> dict[str, Any]:
    ctx.emit(type, payload, kind=kind, team=team, channel="", app=app["id"])
    newest = ctx.store.list("sent", limit=1).ids
    return {"id": newest[0] if newest else "", "trigger_id": payload.get("trigger_id", "")}


def _head(ctx: Ctx, kind: str, app: Data, user: Data, view: str = "") -> dict[str, Any]:
    team = ctx.store.get("team", str(user["team_id"]))
    return {
        "type": kind, "team": {"id": team["id"], "domain": team["domain"]}, "enterprise": None,
        "is_enterprise_install": False, "api_app_id": app["id"], "token": app["verification_token"],
        "user": {"id": user["id"], "username": user["name"], "name": user["name"], "team_id": user["team_id"]},
        "trigger_id": modals.new_trigger(ctx, str(app["id"]), str(user["id"]), str(team["id"]), view),
    }  # fmt: skip


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
    act(ctx, item, reactions.emoji_name(str(data.get("name", "thumbsup"))), str(user["id"]))
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


# using apps ----------------------------------------------------------------------------------------------------------


@twin.control("runs")
def runs(ctx: Ctx, data: Data) -> Any:
    """`user` runs the slash `command`, such as `/deploy prod`, in `channel`."""
    user = person(ctx, data)
    channel = place(ctx, data, user)
    command, _, text = str(data.get("command", "")).partition(" ")
    if not command.startswith("/"):
        raise UsageError(f"a command begins with a slash, not {command!r}")
    owner = next((app for app in webhooks.apps(ctx) if command in (app.get("commands") or {})), None)
    app = owner or app_of(ctx, data)
    team = ctx.store.get("team", user["team_id"])
    url = answers.new_response_url(ctx, app["id"], channel["id"], user["id"], kind="commands")
    name = (
        "directmessage" if channel["kind"] == "im" else "privategroup" if channel["kind"] == "mpim" else channel["name"]
    )
    payload = {
        "token": app["verification_token"], "team_id": team["id"], "team_domain": team["domain"],
        "channel_id": channel["id"], "channel_name": name, "user_id": user["id"], "user_name": user["name"],
        "command": command, "text": str(data.get("text") or text), "api_app_id": app["id"],
        "is_enterprise_install": "false", "response_url": url,
        "trigger_id": modals.new_trigger(ctx, app["id"], user["id"], team["id"]),
    }  # fmt: skip
    return _send(ctx, "command", "slash_command", payload, app, team["id"])


@twin.control("clicks")
def clicks(ctx: Ctx, data: Data) -> Any:
    """`user` uses the element `action` (its `action_id` or text) of a message or the open view; `value` to choose."""
    user = person(ctx, data)
    if data.get("view") or not (data.get("channel") or data.get("ts")):
        return _clicks_view(ctx, data, user)
    channel, message, ephemeral = the_message(ctx, data, user)
    block, element = _element(message, str(data.get("action", "")))
    app = app_of(ctx, data, str(message.get("app_id", "")))
    url = answers.new_response_url(
        ctx, app["id"], channel["id"], user["id"], message_ts=message["ts"], ephemeral=ephemeral
    )
    container = {
        "type": "message", "message_ts": message["ts"], "channel_id": channel["id"], "is_ephemeral": ephemeral,
    }  # fmt: skip
    payload = {
        **_head(ctx, "block_actions", app, user), "container": container, "response_url": url,
        "channel": {"id": channel["id"], "name": channel["name"] or "directmessage"},
        "message": messages.shown(message), "state": {"values": {}},
        "actions": [_action(ctx, block, element, data.get("value"))],
    }  # fmt: skip
    return _send(ctx, "interaction", "block_actions", payload, app, channel["team"])


def _clicks_view(ctx: Ctx, data: Data, user: Data) -> Any:
    view = _view(ctx, data, user)
    block, element = _element(view, str(data.get("action", "")))
    app = app_of(ctx, data, view["app_id"])
    action = _action(ctx, block, element, data.get("value"))
    values = view["state"]["values"]
    if element["type"] not in ("button", "overflow"):
        values = {**values, block["block_id"]: {element["action_id"]: modals.choose(element, data.get("value"))}}
        view = ctx.store.update("view", view["id"], state={"values": values})
    payload = {
        **_head(ctx, "block_actions", app, user, view["id"]), "container": {"type": "view", "view_id": view["id"]},
        "view": modals.shown(view), "actions": [action],
    }  # fmt: skip
    return _send(ctx, "interaction", "block_actions", payload, app, str(user["team_id"]))


def _element(holder: Data, wanted: str) -> tuple[dict[str, Any], dict[str, Any]]:
    found = modals.elements(holder)
    for attachment in holder.get("attachments") or ():
        found += modals.elements(attachment)
    for block, element in found:
        if wanted in (element["action_id"], (element.get("text") or {}).get("text"), element.get("value")):
            return block, element
    known = ", ".join(element["action_id"] for _, element in found) or "none"
    raise UsageError(f"there is no element {wanted!r} (elements: {known})")


def _action(ctx: Ctx, block: Data, element: Data, value: Any) -> dict[str, Any]:
    action = {"action_id": element["action_id"], "block_id": block["block_id"], "type": element["type"]}
    if element["type"] == "button":
        action.update({name: element[name] for name in ("text", "value", "style") if name in element})
    else:
        action.update(modals.choose(element, value))
    return {**action, "action_ts": f"{ctx.now}.000000"}


def _view(ctx: Ctx, data: Data, user: Data) -> dict[str, Any]:
    id = data.get("view")
    if id == "home":
        found = modals.home(ctx, str(user["id"]), app_of(ctx, data)["id"])
    elif id:
        found = ctx.store.find("view", str(id))
    else:
        found = next(reversed(modals.stack(ctx, str(user["id"]))), None)
    if found is None:
        raise UsageError(f"{user['name']} has no view open")
    return found


@twin.control("submits")
def submits(ctx: Ctx, data: Data) -> Any:
    """`user` submits the top modal with `values` (by `action_id` or `block_id`)."""
    user = person(ctx, data)
    view = _view(ctx, data, user)
    state = {"values": modals.filled(view, data.get("values") or {})}
    view = ctx.store.update("view", view["id"], state=state)
    app = app_of(ctx, data, view["app_id"])
    payload = {**_head(ctx, "view_submission", app, user, view["id"]), "view": modals.shown(view), "response_urls": []}
    return _send(ctx, "interaction", "view_submission", payload, app, user["team_id"])


@twin.control("closes")
def closes(ctx: Ctx, data: Data) -> Any:
    """`user` closes the top modal, or with `all` the whole stack."""
    user = person(ctx, data)
    view = _view(ctx, data, user)
    everything = bool(data.get("all")) or view["clear_on_close"]
    for each in modals.stack(ctx, user["id"], view["app_id"]) if everything else [view]:
        ctx.store.update("view", each["id"], open=False)
    if not view["notify_on_close"]:
        return {"view": view["id"]}
    app = app_of(ctx, data, view["app_id"])
    payload = {**_head(ctx, "view_closed", app, user), "view": modals.shown(view), "is_cleared": everything}
    payload.pop("trigger_id")
    return _send(ctx, "interaction", "view_closed", payload, app, user["team_id"])


@twin.control("shortcut")
def shortcut(ctx: Ctx, data: Data) -> Any:
    """`user` uses the shortcut `callback_id`; with `channel` and `ts`, the one of a message."""
    user = person(ctx, data)
    app = app_of(ctx, data)
    name = str(data.get("callback_id", ""))
    if not data.get("ts"):
        payload = {**_head(ctx, "shortcut", app, user), "callback_id": name, "action_ts": f"{ctx.now}.000000"}
        return _send(ctx, "interaction", "shortcut", payload, app, user["team_id"])
    channel, message, _ = the_message(ctx, data, user)
    url = answers.new_response_url(ctx, app["id"], channel["id"], user["id"], message_ts=message["ts"], kind="app")
    payload = {
        **_head(ctx, "message_action", app, user), "callback_id": name, "action_ts": f"{ctx.now}.000000",
        "response_url": url, "message_ts": message["ts"], "message": messages.shown(message),
        "channel": {"id": channel["id"], "name": channel["name"]},
    }  # fmt: skip
    return _send(ctx, "interaction", "message_action", payload, app, user["team_id"])


@twin.control("types")
def types(ctx: Ctx, data: Data) -> Any:
    """`user` types `value` into the external select `action`; the app's options are in the interaction's record."""
    user = person(ctx, data)
    holder = _view(ctx, data, user) if not data.get("channel") else the_message(ctx, data, user)[1]
    block, element = _element(holder, str(data.get("action", "")))
    app = app_of(ctx, data, str(holder.get("app_id", "")))
    payload = {
        **_head(ctx, "block_suggestion", app, user), "action_id": element["action_id"], "block_id": block["block_id"],
        "value": str(data.get("value", "")),
    }  # fmt: skip
    payload.pop("trigger_id")
    if "root_view_id" in holder:
        payload.update(view=modals.shown(holder), container={"type": "view", "view_id": holder["id"]})
    return _send(ctx, "interaction", "block_suggestion", payload, app, user["team_id"])


@twin.control("opens_home")
def opens_home(ctx: Ctx, data: Data) -> Any:
    """`user` opens the app's home (`tab`: `home` or `messages`)."""
    user = person(ctx, data)
    app = app_of(ctx, data)
    bot = webhooks.bot_user(ctx, app["id"], user["team_id"])
    channel = places.direct(ctx, user["team_id"], [bot, user["id"]])
    tab = str(data.get("tab") or "home")
    event: dict[str, Any] = {"user": user["id"], "channel": channel["id"], "tab": tab}
    view = modals.home(ctx, user["id"], app["id"])
    if view is not None and tab == "home":
        event["view"] = modals.shown(view)
    webhooks.notify(ctx, user["team_id"], "app_home_opened", event, app=app["id"])
    return {"channel": channel["id"]}


@twin.control("app")
def set_app(ctx: Ctx, data: Data) -> Any:
    """Settings of an app: `request_url` (verified by a challenge), `interactivity_url`, `options_url`, `commands_url`,
    `commands`, `events`, `user_events`, `redirect_uris`, `token_rotation`, `bot_scopes`, `user_scopes`, `disabled`,
    and the limits `events_per_hour` and `spared_below`."""
    app = app_of(ctx, data)
    known = (
        "request_url", "interactivity_url", "options_url", "commands_url", "commands", "events", "redirect_uris",
        "token_rotation", "bot_scopes", "user_scopes", "name", "disabled", "user_events", "events_per_hour",
        "spared_below",
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
        return {"app": after, **_send(ctx, "verification", "url_verification", challenge, app, team)}
    return {"app": after}
