"""views.*, dialog.open. Source: https://docs.slack.dev/reference/methods/views.open. Imports: modals, call."""

from __future__ import annotations

from typing import Any

from twins.slack import dialogs, modals, webhooks
from twins.slack.blocks import Wrong, check_blocks, check_view
from twins.slack.call import Call, method
from twins.slack.failing import fail, fail_with, missing_argument


def _view(call: Call) -> dict[str, Any]:
    raw = call.args.text("view")
    if not raw:
        raise missing_argument("view")
    return modals.checked(call.args.json("view", "invalid_arguments"), len(raw))


def _bot(call: Call) -> str:
    return call.bot or ""


def _trigger(call: Call) -> dict[str, Any]:
    id = call.args.text("trigger_id") or call.args.text("interactivity_pointer")
    if not id:
        raise missing_argument("trigger_id")
    return modals.exchange(call.ctx, id, call.app)


@method("views.open")
def open_view(call: Call) -> dict[str, Any]:
    """Show a modal to somebody who just did something."""
    view = _view(call)
    if view["type"] == "home":
        raise fail_with("invalid_arguments", ["unsupported type: home [json-pointer:/view/type]"])
    trigger = _trigger(call)
    made = modals.make(
        call.ctx, view, team=call.team, app=call.app, bot=_bot(call), user=trigger["user"], previous=None
    )  # fmt: skip
    return {"view": modals.shown(made)}


@method("views.push")
def push(call: Call) -> dict[str, Any]:
    """Show a modal on top of the one that somebody just used."""
    view = _view(call)
    trigger = _trigger(call)
    stack = modals.stack(call.ctx, trigger["user"], call.app)
    if not stack:
        raise fail("not_found")
    if len(stack) >= modals.STACK:
        raise fail("push_limit_reached")
    made = modals.make(
        call.ctx, view, team=call.team, app=call.app, bot=_bot(call), user=trigger["user"], previous=stack[-1]
    )  # fmt: skip
    return {"view": modals.shown(made)}


@method("views.update")
def update(call: Call) -> dict[str, Any]:
    """Show something else in a view."""
    view = _view(call)
    id, external = call.args.text("view_id"), call.args.text("external_id")
    if not id and not external:
        raise missing_argument("view_id")
    record = call.ctx.store.find("view", id) if id else modals.find_external(call.ctx, external, call.app)
    if record is None or record["app_id"] != call.app or not record["open"]:
        raise fail("not_found")
    _check_hash(call, record)
    return {"view": modals.shown(modals.change(call.ctx, record, view))}


def _check_hash(call: Call, record: dict[str, Any]) -> None:
    given = call.args.text("hash")
    if given and given != record["hash"]:
        raise fail("hash_conflict")


@method("views.publish")
def publish(call: Call) -> dict[str, Any]:
    """Show a home tab to somebody."""
    user = call.args.need("user_id")
    if call.ctx.store.find("user", user) is None:
        raise fail_with("invalid_arguments", ["invalid `user_id`"])
    view = _view(call)
    if view["type"] != "home":
        raise fail_with("invalid_arguments", [f"unsupported type: {view['type']} [json-pointer:/view/type]"])
    record = modals.home(call.ctx, user, call.app)
    if record is None:
        record = modals.make(
            call.ctx, view, team=call.team, app=call.app, bot=_bot(call), user=user, previous=None
        )  # fmt: skip
    else:
        _check_hash(call, record)
        record = modals.change(call.ctx, record, view)
    return {"view": modals.shown(record)}


def _told(wrong: Wrong) -> dict[str, Any]:
    """One thing that is wrong, as https://docs.slack.dev/reference/methods/blocks.validate tells it."""
    told = {"code": "failed_constraint", "message": wrong.text, "pointer": wrong.at}
    return {**told, "constraint": wrong.constraint} if wrong.constraint else told


@method("blocks.validate")
def validate(call: Call) -> dict[str, Any]:
    """Whether blocks, a message or a view would do."""
    given = [name for name in ("blocks", "view", "message") if name in call.args]
    if len(given) != 1:
        text = "must provide exactly one of `blocks`, `view`, or `message`"
        raise fail("invalid_arguments", response_metadata={"messages": [text]})
    data = call.args.json(given[0], "invalid_arguments")
    blocks = data.get("blocks") if given[0] == "message" and isinstance(data, dict) else data
    wrong = check_view(data) if given[0] == "view" else check_blocks(blocks, 50, "")
    if wrong:
        raise fail("invalid_blocks", errors=[_told(each) for each in wrong])
    return {}


@method("dialog.open")
def open_dialog(call: Call) -> dict[str, Any]:
    """Show a dialog of the old kind."""
    if "dialog" not in call.args:
        raise fail("missing_dialog")
    if "trigger_id" not in call.args:
        raise fail("missing_trigger")
    trigger = call.ctx.store.find("trigger", call.args.text("trigger_id"))
    if trigger is None or trigger["app"] != call.app:
        raise fail("invalid_trigger")
    if trigger["used"]:
        raise fail("trigger_exchanged")
    if call.ctx.micros > trigger["expires"]:
        raise fail("trigger_expired")
    dialog = call.args.json("dialog", "validation_errors")
    wrong = dialogs.check(dialog)
    if wrong:
        raise fail_with("validation_errors", wrong)
    call.ctx.store.update("trigger", trigger["id"], used=True)
    app = call.ctx.store.get("app", call.app)
    if not webhooks.url_for(app, "interaction") and "*" not in app["events"]:
        raise fail("app_missing_action_url")
    team = call.ctx.store.get("team", call.team)
    record = {
        "id": call.ctx.new_id("Dl{upper:10}"), "app": call.app, "user": trigger["user"], "team": call.team,
        "channel": trigger.get("channel") or team["general"], "dialog": dialog, "open": True,
    }  # fmt: skip
    call.ctx.store.insert("dialog", record)
    return {}
