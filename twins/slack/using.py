"""The human's side, continued: controls that use apps by command, click, shortcut, modal and dialog.

Source: https://docs.slack.dev/reference/interaction-payloads. Imports: human, gestures, modals, dialogs, answers.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, UsageError
from twins.slack import answers, dialogs, gestures, messages, modals, places, twin, webhooks
from twins.slack.gestures import Data, head, named, old_head, send
from twins.slack.human import app_of, person, place, the_message


@twin.control("runs")
def runs(ctx: Ctx, data: Data) -> Any:
    """`user` runs the slash `command`, such as `/deploy prod`, in `channel`; the app that came last has it.

    https://docs.slack.dev/interactivity/implementing-slash-commands.
    """
    user = person(ctx, data)
    channel = place(ctx, data, user)
    command, _, text = str(data.get("command", "")).partition(" ")
    if not command.startswith("/"):
        raise UsageError(f"a command begins with a slash, not {command!r}")
    text = str(data.get("text") or text)
    owner = next((app for app in reversed(webhooks.apps(ctx)) if command in (app.get("commands") or {})), None)
    app = owner or app_of(ctx, data)
    settings = (app.get("commands") or {}).get(command)
    if isinstance(settings, dict) and settings.get("should_escape"):
        text = gestures.escaped(ctx, str(user["team_id"]), text)
    team = ctx.store.get("team", user["team_id"])
    url = answers.new_response_url(ctx, app["id"], channel["id"], user["id"], kind="commands")
    payload = {
        "token": app["verification_token"], "team_id": team["id"], "team_domain": team["domain"],
        "channel_id": channel["id"], "channel_name": named(channel)["name"], "user_id": user["id"],
        "user_name": user["name"],
        "command": command, "text": text, "api_app_id": app["id"],
        "is_enterprise_install": "false", "response_url": url,
        "trigger_id": modals.new_trigger(ctx, app["id"], user["id"], team["id"], channel=channel["id"]),
    }  # fmt: skip
    if team.get("enterprise_id"):
        payload.update(enterprise_id=team["enterprise_id"], enterprise_name=team["enterprise_name"])
    return send(ctx, "command", "slash_command", payload, app, team["id"])


@twin.control("clicks")
def clicks(ctx: Ctx, data: Data) -> Any:
    """`user` uses the element `action` (its `action_id` or text) of a message or the open view; `value` to choose."""
    user = person(ctx, data)
    if data.get("view") or not (data.get("channel") or data.get("ts")):
        return _clicks_view(ctx, data, user)
    channel, message, ephemeral = the_message(ctx, data, user)
    app = app_of(ctx, data, str(message.get("app_id", "")))
    wanted = str(data.get("action", ""))
    old = dialogs.old_action(message, wanted)
    url = answers.new_response_url(
        ctx, app["id"], channel["id"], user["id"], message_ts=message["ts"], ephemeral=ephemeral
    )
    if old is not None:
        payload = {
            **old_head(ctx, "interactive_message", app, user), "channel": named(channel), "message_ts": message["ts"],
            "original_message": messages.shown(message), "is_app_unfurl": False, "response_url": url,
            **dialogs.used(old, data.get("value")),
        }  # fmt: skip
        payload["trigger_id"] = modals.new_trigger(
            ctx, app["id"], user["id"], channel["team"], channel=channel["id"]
        )  # fmt: skip
        return send(ctx, "interaction", "interactive_message", payload, app, channel["team"])
    block, element = _element(message, wanted)
    payload = {
        **head(ctx, "block_actions", app, user, channel=channel["id"]),
        "container": _container(channel, message, ephemeral), "response_url": url,
        "channel": named(channel), "message": messages.shown(message),
        "state": {"values": _chosen(ctx, message, block, element, data.get("value"))},
        "actions": [_action(ctx, block, element, data.get("value"))],
    }  # fmt: skip
    return send(ctx, "interaction", "block_actions", payload, app, channel["team"])


def _container(channel: Data, message: Data, ephemeral: bool) -> dict[str, Any]:
    """Where in a conversation something was used."""
    found = {
        "type": "message", "message_ts": message["ts"], "channel_id": channel["id"], "is_ephemeral": ephemeral,
    }  # fmt: skip
    return {**found, "thread_ts": message["thread_ts"]} if message.get("thread_ts") else found


def _chosen(ctx: Ctx, message: Data, block: Data, element: Data, value: Any) -> dict[str, Any]:
    """What is chosen in the elements of a message, after this choice."""
    key = f"{message.get('channel', '')} {message['ts']}"
    found = ctx.store.find("pane", key)
    values: dict[str, Any] = found["values"] if found else modals.initial(message)
    if element["type"] not in ("button", "overflow"):
        inner = {**values.get(block["block_id"], {}), element["action_id"]: modals.choose(element, value)}
        values = {**values, block["block_id"]: inner}
    if found is None:
        ctx.store.insert("pane", {"id": key, "values": values})
    else:
        ctx.store.update("pane", key, values=values)
    return values


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
        **head(ctx, "block_actions", app, user, view=view["id"]), "container": {"type": "view", "view_id": view["id"]},
        "view": modals.shown(view), "actions": [action],
    }  # fmt: skip
    return send(ctx, "interaction", "block_actions", payload, app, str(user["team_id"]))


def _element(holder: Data, wanted: str) -> tuple[dict[str, Any], dict[str, Any]]:
    found = modals.elements(holder)
    for attachment in holder.get("attachments") or ():
        found += modals.elements(attachment)
    for block, element in found:
        if wanted in (element["action_id"], (element.get("text") or {}).get("text"), element.get("value")):
            return block, element
    known = ", ".join([*(element["action_id"] for _, element in found), *dialogs.old_names(holder)]) or "none"
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
    """`user` submits the open dialog or top modal with `values` (by name, `action_id` or `block_id`)."""
    user = person(ctx, data)
    dialog = None if data.get("view") else dialogs.opened(ctx, user["id"])
    if dialog is not None:
        return _submits_dialog(ctx, dialog, data, user)
    view = _view(ctx, data, user)
    state = {"values": modals.filled(view, data.get("values") or {})}
    view = ctx.store.update("view", view["id"], state=state)
    app = app_of(ctx, data, view["app_id"])
    urls = _response_urls(ctx, view, app, user)
    payload = {
        **head(ctx, "view_submission", app, user, view=view["id"]),
        "view": modals.shown(view),
        "response_urls": urls,
    }
    return send(ctx, "interaction", "view_submission", payload, app, user["team_id"])


def _response_urls(ctx: Ctx, view: Data, app: Data, user: Data) -> list[dict[str, Any]]:
    """An address for each chosen conversation whose element asks for one."""
    found = []
    for block, element in modals.elements(view):
        if not element.get("response_url_enabled"):
            continue
        chosen = view["state"]["values"].get(block["block_id"], {}).get(element["action_id"], {})
        channel = chosen.get("selected_conversation") or chosen.get("selected_channel")
        if channel and ctx.store.find("channel", channel) is not None:
            url = answers.new_response_url(ctx, app["id"], channel, user["id"], kind="app")
            where = {"block_id": block["block_id"], "action_id": element["action_id"], "channel_id": channel}
            found.append({**where, "response_url": url})
    return found


def _submits_dialog(ctx: Ctx, dialog: Data, data: Data, user: Data) -> Any:
    app = app_of(ctx, data, str(dialog["app"]))
    submission = dialogs.filled(dialog["dialog"], data.get("values") or {})
    return _dialog(ctx, dialog, "dialog_submission", app, user, {"submission": submission})


def _dialog(ctx: Ctx, dialog: Data, kind: str, app: Data, user: Data, more: dict[str, Any]) -> Any:
    channel = ctx.store.get("channel", str(dialog["channel"]))
    asked = dialog["dialog"]
    payload = {
        **old_head(ctx, kind, app, user), "callback_id": asked["callback_id"], "state": asked.get("state", ""),
        "channel": named(channel), "response_url": answers.new_response_url(ctx, app["id"], channel["id"], user["id"]),
        "dialog_id": dialog["id"], **more,
    }  # fmt: skip
    return send(ctx, "interaction", kind, payload, app, str(user["team_id"]))


@twin.control("closes")
def closes(ctx: Ctx, data: Data) -> Any:
    """`user` closes the open dialog or the top modal, or with `all` the whole stack."""
    user = person(ctx, data)
    dialog = None if data.get("view") else dialogs.opened(ctx, user["id"])
    if dialog is not None:
        ctx.store.update("dialog", dialog["id"], open=False)
        if not dialog["dialog"].get("notify_on_cancel"):
            return {"dialog": dialog["id"]}
        return _dialog(ctx, dialog, "dialog_cancellation", app_of(ctx, data, str(dialog["app"])), user, {})
    view = _view(ctx, data, user)
    everything = bool(data.get("all")) or view["clear_on_close"]
    for each in modals.stack(ctx, user["id"], view["app_id"]) if everything else [view]:
        ctx.store.update("view", each["id"], open=False)
    if not view["notify_on_close"]:
        return {"view": view["id"]}
    app = app_of(ctx, data, view["app_id"])
    payload = {**head(ctx, "view_closed", app, user), "view": modals.shown(view), "is_cleared": everything}
    payload.pop("trigger_id")
    return send(ctx, "interaction", "view_closed", payload, app, user["team_id"])


@twin.control("shortcut")
def shortcut(ctx: Ctx, data: Data) -> Any:
    """`user` uses the shortcut `callback_id`; with `channel` and `ts`, the one of a message."""
    user = person(ctx, data)
    app = app_of(ctx, data)
    name = str(data.get("callback_id", ""))
    if not data.get("ts"):
        payload = {**head(ctx, "shortcut", app, user), "callback_id": name, "action_ts": f"{ctx.now}.000000"}
        payload.pop("api_app_id")
        return send(ctx, "interaction", "shortcut", payload, app, user["team_id"])
    channel, message, _ = the_message(ctx, data, user)
    url = answers.new_response_url(ctx, app["id"], channel["id"], user["id"], message_ts=message["ts"], kind="app")
    payload = {
        **head(ctx, "message_action", app, user, channel=channel["id"]), "callback_id": name,
        "action_ts": f"{ctx.now}.000000",
        "response_url": url, "message_ts": message["ts"], "message": messages.shown(message),
        "channel": named(channel),
    }  # fmt: skip
    payload.pop("api_app_id")
    return send(ctx, "interaction", "message_action", payload, app, user["team_id"])


@twin.control("types")
def types(ctx: Ctx, data: Data) -> Any:
    """`user` types `value` into the external select `action`; the app's options are in the interaction's record."""
    user = person(ctx, data)
    channel, holder, ephemeral = the_message(ctx, data, user) if data.get("channel") else ({}, None, False)
    if holder is None:
        holder = _view(ctx, data, user)
    block, element = _element(holder, str(data.get("action", "")))
    app = app_of(ctx, data, str(holder.get("app_id", "")))
    payload = {
        **head(ctx, "block_suggestion", app, user), "action_id": element["action_id"], "block_id": block["block_id"],
        "value": str(data.get("value", "")),
    }  # fmt: skip
    payload.pop("trigger_id")
    if "root_view_id" in holder:
        payload.update(view=modals.shown(holder), container={"type": "view", "view_id": holder["id"]})
    else:
        payload.update(
            container=_container(channel, holder, ephemeral), channel=named(channel), message=messages.shown(holder)
        )
    return send(ctx, "interaction", "block_suggestion", payload, app, user["team_id"])


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
