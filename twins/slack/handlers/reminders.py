"""reminders.*, on the clock. Source: https://docs.slack.dev/reference/methods/reminders.add. Imports: when, places."""

from __future__ import annotations

from typing import Any

from twinkit import Ctx
from twins.slack import messages, people, places, twin, when
from twins.slack.call import Call, method
from twins.slack.failing import fail, missing_argument

HIDDEN = ("timer", "team", "words")


def _shown(reminder: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in reminder.items() if name not in HIDDEN}


@method("reminders.add")
def add(call: Call) -> dict[str, Any]:
    """Tell somebody something later: at a second, in so many seconds, or in words."""
    for name in ("text", "time"):
        if name not in call.args:
            raise missing_argument(name)
    moment = when.parse(call.args.text("time"), call.ctx.now)
    if moment is None:
        raise fail("cannot_parse")
    at, recurring = moment
    user = call.args.text("user") or call.user
    if user != call.user:
        found = people.find(call.ctx, user)
        if user == "USLACKBOT":
            raise fail("cannot_add_slackbot")
        if found["is_bot"]:
            raise fail("cannot_add_bot")
        if found["is_restricted"]:
            raise fail("cannot_add_others")
        if recurring:
            raise fail("cannot_add_others_recurring")
    id = call.ctx.new_id("reminder")
    reminder: dict[str, Any] = {
        "id": id, "creator": call.user, "user": user, "text": call.args.text("text"), "recurring": recurring,
        "team": call.team, "words": call.args.text("time"),
    }  # fmt: skip
    if not recurring:
        reminder.update(time=at, complete_ts=0)
    reminder["timer"] = call.ctx.schedule("reminder", {"id": id}, at=at)
    call.ctx.store.insert("reminder", reminder)
    return {"reminder": _shown(reminder)}


@twin.timer("reminder")
def remind(ctx: Ctx, data: dict[str, Any]) -> None:
    """Slackbot says it."""
    reminder = ctx.store.find("reminder", data["id"])
    if reminder is None or reminder.get("complete_ts"):
        return
    channel = places.direct(ctx, reminder["team"], ["USLACKBOT", reminder["user"]])
    text = f"Reminder: {reminder['text']}."
    messages.post(ctx, channel, {"user": "USLACKBOT", "text": text, "team": reminder["team"]})
    following = when.parse(reminder["words"], ctx.now) if reminder["recurring"] else None
    if following is not None:
        timer = ctx.schedule("reminder", {"id": reminder["id"]}, at=following[0])
        ctx.store.update("reminder", reminder["id"], timer=timer)


def _one(call: Call) -> dict[str, Any]:
    found = call.ctx.store.find("reminder", call.args.text("reminder"))
    if found is None or call.user not in (found["creator"], found["user"]):
        raise fail("not_found")
    return found


@method("reminders.info")
def info(call: Call) -> dict[str, Any]:
    """One reminder."""
    return {"reminder": _shown(_one(call))}


@method("reminders.list")
def list_reminders(call: Call) -> dict[str, Any]:
    """Those that one made or will get."""
    rows = call.ctx.store.select("reminder", order="oldest")
    return {"reminders": [_shown(row) for row in rows if call.user in (row["creator"], row["user"])]}


@method("reminders.complete")
def complete(call: Call) -> dict[str, Any]:
    """It is done."""
    found = _one(call)
    if found["recurring"]:
        raise fail("cannot_complete_recurring")
    if found["user"] != call.user:
        raise fail("cannot_complete_others")
    call.ctx.cancel(found["timer"])
    call.ctx.store.update("reminder", found["id"], complete_ts=call.ctx.now)
    return {}


@method("reminders.delete")
def delete(call: Call) -> dict[str, Any]:
    """It is no longer wanted."""
    found = _one(call)
    call.ctx.cancel(found["timer"])
    call.ctx.store.delete("reminder", found["id"])
    return {}
