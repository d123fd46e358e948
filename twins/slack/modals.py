"""Views: stacks of modals, home tabs, triggers, the values people enter, and what apps answer to a submission.

Sources: https://docs.slack.dev/surfaces/modals, /reference/views. Imports: blocks, webhooks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, UsageError
from twins.slack import blocks as kit
from twins.slack.failing import fail, fail_with

TRIGGER_LIFE = 3_000_000
"""Microseconds in which a trigger works."""
STACK = 3
LARGEST = 250_000
KEPT = (
    "type", "title", "blocks", "close", "submit", "private_metadata", "callback_id", "external_id", "clear_on_close",
    "notify_on_close",
)  # fmt: skip

VALUES: dict[str, str] = {
    "plain_text_input": "value", "email_text_input": "value", "url_text_input": "value", "number_input": "value",
    "rich_text_input": "rich_text_value", "datepicker": "selected_date", "timepicker": "selected_time",
    "datetimepicker": "selected_date_time", "static_select": "selected_option", "external_select": "selected_option",
    "radio_buttons": "selected_option", "overflow": "selected_option", "users_select": "selected_user",
    "conversations_select": "selected_conversation", "channels_select": "selected_channel",
    "checkboxes": "selected_options", "multi_static_select": "selected_options",
    "multi_external_select": "selected_options", "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations", "multi_channels_select": "selected_channels",
    "file_input": "files", "button": "value",
}  # fmt: skip
"""Type of an element → property of its state."""
INITIAL = {name: f"initial_{value.removeprefix('selected_')}" for name, value in VALUES.items()}


# triggers ------------------------------------------------------------------------------------------------------------


def new_trigger(ctx: Ctx, app: str, user: str, team: str, view: str = "", channel: str = "") -> str:
    """A trigger for something somebody did."""
    id = f"{ctx.token('digits', 13)}.{ctx.token('digits', 12)}.{ctx.token('hex', 32)}"
    data = {"id": id, "app": app, "user": user, "team": team, "expires": ctx.micros + TRIGGER_LIFE, "view": view}
    ctx.store.insert("trigger", {**data, "channel": channel, "used": False})
    return id


def exchange(ctx: Ctx, id: str, app: str) -> dict[str, Any]:
    """Use a trigger up. Raises `invalid_trigger_id`, `exchanged_trigger_id`, `expired_trigger_id`."""
    trigger = ctx.store.find("trigger", id)
    if trigger is None or trigger["app"] != app:
        raise fail("invalid_trigger_id")
    if trigger["used"]:
        raise fail("exchanged_trigger_id")
    if ctx.micros > trigger["expires"]:
        raise fail("expired_trigger_id")
    ctx.store.update("trigger", id, used=True)
    return trigger


# views ---------------------------------------------------------------------------------------------------------------


def checked(view: Any, size: int) -> dict[str, Any]:
    """A view that may be shown. Raises `view_too_large`, `invalid_arguments` with the reasons."""
    if size > LARGEST:
        raise fail("view_too_large")
    wrong = [str(each) for each in kit.check_view(view)]
    if wrong:
        raise fail_with("invalid_arguments", wrong)
    return dict(view)


def make(
    ctx: Ctx, view: Mapping[str, Any], *, team: str, app: str, bot: str, user: str, previous: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Store a view on top of another, or as the first of its stack. Raises `duplicate_external_id`."""
    external = str(view.get("external_id") or "")
    if external and find_external(ctx, external, app) is not None:
        raise fail("duplicate_external_id")
    id = ctx.new_id("view")
    record: dict[str, Any] = {
        "id": id, "team_id": team, "app_id": app, "bot_id": bot, "app_installed_team_id": team, "user": user,
        "open": True, "state": {"values": {}}, "previous_view_id": previous["id"] if previous else None,
        "root_view_id": previous["root_view_id"] if previous else id,
    }  # fmt: skip
    record.update(described(ctx, view))
    ctx.store.insert("view", record)
    return record


def described(ctx: Ctx, view: Mapping[str, Any]) -> dict[str, Any]:
    """What a view shows, with ids and a new hash."""
    empty: dict[str, Any] = {
        "private_metadata": "", "callback_id": "", "external_id": "", "close": None, "submit": None, "title": None,
        "clear_on_close": False, "notify_on_close": False,
    }  # fmt: skip
    found = {**empty, **{name: kit.spelled_out(view[name]) for name in KEPT if name in view and name != "blocks"}}
    found["blocks"] = kit.with_ids(view["blocks"], lambda: ctx.token("alnum", 5))
    found["hash"] = f"{ctx.now}.{ctx.token('alnum', 8)}"
    return found


def change(ctx: Ctx, record: Mapping[str, Any], view: Mapping[str, Any]) -> dict[str, Any]:
    """Show another view in the place of one; what was entered stays where block and element stay."""
    after = ctx.store.update("view", str(record["id"]), **described(ctx, view))
    kept = {block["block_id"] for block in after["blocks"]}
    values = {id: value for id, value in after["state"]["values"].items() if id in kept}
    return ctx.store.update("view", str(record["id"]), state={"values": values})


def shown(record: Mapping[str, Any]) -> dict[str, Any]:
    """A view as replies and payloads show it."""
    return {name: value for name, value in record.items() if name not in ("user", "open")}


def find_external(ctx: Ctx, external: str, app: str) -> dict[str, Any] | None:
    """The open view of an app with an `external_id`."""
    where = [Filter("external_id", "=", external), Filter("app_id", "=", app), Filter("open", "=", True)]
    return next(ctx.store.select("view", where), None)


def stack(ctx: Ctx, user: str, app: str = "") -> list[dict[str, Any]]:
    """The open modals of somebody, the first one first."""
    where = [Filter("user", "=", user), Filter("open", "=", True), Filter("type", "=", "modal")]
    return [view for view in ctx.store.select("view", where, order="oldest") if not app or view["app_id"] == app]


def home(ctx: Ctx, user: str, app: str) -> dict[str, Any] | None:
    """The home tab of an app as somebody sees it."""
    where = [Filter("user", "=", user), Filter("type", "=", "home"), Filter("app_id", "=", app)]
    return next(ctx.store.select("view", where), None)


# what people enter ---------------------------------------------------------------------------------------------------


def elements(view: Mapping[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """(block, element) of everything in a view or message that can be used."""
    found = []
    for block in view.get("blocks") or ():
        inner = [block.get("element"), block.get("accessory"), *(block.get("elements") or ())]
        found += [(block, element) for element in inner if isinstance(element, dict) and element.get("action_id")]
    return found


def choose(element: Mapping[str, Any], value: Any) -> dict[str, Any]:
    """The state of an element after somebody chose a value; options are found by value or text."""
    kind = str(element["type"])
    name = VALUES.get(kind, "value")
    if name == "selected_option":
        value = option_of(element, value)
    elif name == "selected_options":
        value = [option_of(element, each) for each in (value if isinstance(value, list) else [value])]
    return {"type": kind, name: value}


def option_of(element: Mapping[str, Any], value: Any) -> Any:
    """An option of an element by its value or text; made up for one whose options come from the app."""
    if isinstance(value, Mapping) or value is None:
        return value
    groups = [group.get("options", []) for group in element.get("option_groups") or ()]
    options = [*(element.get("options") or ()), *(option for group in groups for option in group)]
    for option in options:
        if value in (option.get("value"), option["text"]["text"]):
            return option
    if options:
        known = ", ".join(str(option.get("value")) for option in options)
        raise UsageError(f"there is no option {value!r} (options: {known})")
    return {"text": {"type": "plain_text", "text": str(value)}, "value": str(value)}


def initial(holder: Mapping[str, Any]) -> dict[str, Any]:
    """`state.values` of a message nobody has used yet: what its elements begin with."""
    values: dict[str, Any] = {}
    for block, element in elements(holder):
        kind = str(element["type"])
        if kind not in ("button", "overflow"):
            found = {"type": kind, VALUES.get(kind, "value"): element.get(INITIAL.get(kind, ""))}
            values.setdefault(block["block_id"], {})[element["action_id"]] = found
    return values


def filled(view: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """`state.values` of a view with the given values, by `action_id` or `block_id`. Raises UsageError."""
    state: dict[str, Any] = {id: dict(inner) for id, inner in view["state"]["values"].items()}
    used: set[str] = set()
    for block, element in elements(view):
        if block["type"] != "input" and element["action_id"] not in values:
            continue
        given = next((name for name in (element["action_id"], block["block_id"]) if name in values), None)
        initial = element.get(INITIAL.get(str(element["type"]), ""))
        known = state.get(block["block_id"], {}).get(element["action_id"])
        if given is not None:
            used.add(given)
            entered = choose(element, values[given])
        elif known is not None:
            entered = known
        else:
            entered = {"type": element["type"], VALUES.get(str(element["type"]), "value"): initial}
        if block["type"] == "input" and not block.get("optional") and not any(list(entered.values())[1:]):
            raise UsageError(f"the input {element['action_id']!r} (block {block['block_id']!r}) has to be filled in")
        state.setdefault(block["block_id"], {})[element["action_id"]] = entered
    for name in values:
        if name not in used:
            known_names = ", ".join(element["action_id"] for _, element in elements(view))
            raise UsageError(f"the view has no input {name!r} (inputs: {known_names})")
    return state


def submitted(ctx: Ctx, event: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    """Do what an app answered to a submission: errors, update, push, clear, or close the view."""
    record = ctx.store.get("view", event["body"]["view"]["id"])
    action = answer.get("response_action")
    if action == "errors":
        return {"errors": answer.get("errors") or {}}
    if action == "clear":
        for view in stack(ctx, record["user"], record["app_id"]):
            ctx.store.update("view", view["id"], open=False)
    elif action in ("update", "push"):
        view = checked(answer.get("view"), 0)
        if action == "update":
            change(ctx, record, view)
        elif len(stack(ctx, record["user"], record["app_id"])) >= STACK:
            raise fail("push_limit_reached")
        else:
            make(
                ctx, view, team=record["team_id"], app=record["app_id"], bot=record["bot_id"], user=record["user"],
                previous=record,
            )  # fmt: skip
    else:
        ctx.store.update("view", record["id"], open=False)
    return {"response_action": action}
