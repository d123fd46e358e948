"""calls.*. Source: https://docs.slack.dev/reference/methods/calls.add. Imports: call."""

from __future__ import annotations

from typing import Any

from twins.slack.call import Call, method
from twins.slack.failing import fail, missing_argument


def _one(call: Call) -> dict[str, Any]:
    id = call.args.text("id")
    if not id:
        raise missing_argument("id")
    found = call.ctx.store.find("call", id)
    if found is None:
        raise fail("invalid_arguments")
    return found


def _users(call: Call) -> list[dict[str, Any]]:
    users = call.args.json("users", "invalid_arguments") or []
    if not isinstance(users, list) or not all(isinstance(user, dict) for user in users):
        raise fail("invalid_arguments")
    if any("slack_id" in user and call.ctx.store.find("user", str(user["slack_id"])) is None for user in users):
        raise fail("user_not_found")
    return users


def _shown(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in ("created_by", "ended")}


@method("calls.add")
def add(call: Call) -> dict[str, Any]:
    """A call that happens elsewhere."""
    external, url = call.args.text("external_unique_id"), call.args.text("join_url")
    for name, value in (("external_unique_id", external), ("join_url", url)):
        if not value:
            raise missing_argument(name)
    creator = call.args.text("created_by") or (call.user if not call.is_bot else "")
    if not creator:
        raise fail("invalid_created_by")
    if call.ctx.store.find("user", creator) is None:
        raise fail("invalid_created_by")
    record = {
        "id": call.ctx.new_id("call"), "date_start": call.args.whole("date_start", call.ctx.now, "invalid_start_time"),
        "external_unique_id": external, "join_url": url, "desktop_app_join_url": call.args.text("desktop_app_join_url"),
        "external_display_id": call.args.text("external_display_id"), "title": call.args.text("title"),
        "users": _users(call), "created_by": creator, "ended": False,
    }  # fmt: skip
    call.ctx.store.insert("call", record)
    return {"call": _shown(record)}


@method("calls.info")
def info(call: Call) -> dict[str, Any]:
    """One call."""
    return {"call": _shown(_one(call))}


@method("calls.update")
def update(call: Call) -> dict[str, Any]:
    """Change what is said of one."""
    record = _one(call)
    names = ("title", "join_url", "desktop_app_join_url")
    changes = {name: call.args.text(name) for name in names if name in call.args}
    return {"call": _shown(call.ctx.store.update("call", record["id"], **changes))}


@method("calls.end")
def end(call: Call) -> dict[str, Any]:
    """It is over."""
    record = _one(call)
    changes: dict[str, Any] = {"ended": True, "date_end": call.ctx.now}
    if "duration" in call.args:
        changes["duration"] = call.args.whole("duration", 0)
    call.ctx.store.update("call", record["id"], **changes)
    return {}


def _key(user: dict[str, Any]) -> str:
    return str(user.get("slack_id") or user.get("external_id"))


@method("calls.participants.add")
def add_participants(call: Call) -> dict[str, Any]:
    """More people."""
    record, users = _one(call), _users(call)
    known = {_key(user) for user in record["users"]}
    call.ctx.store.update("call", record["id"], users=[*record["users"], *(u for u in users if _key(u) not in known)])
    return {}


@method("calls.participants.remove")
def remove_participants(call: Call) -> dict[str, Any]:
    """Fewer people."""
    record, gone = _one(call), {_key(user) for user in _users(call)}
    call.ctx.store.update("call", record["id"], users=[user for user in record["users"] if _key(user) not in gone])
    return {}
