"""Messages that are said later, on the clock. Source: https://docs.slack.dev/reference/methods/chat.scheduleMessage.

Imports: messages, handlers.chat.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Filter, ServiceError
from twins.slack import messages, places, twin
from twins.slack.call import Call, method
from twins.slack.failing import fail, missing_argument
from twins.slack.handlers.chat import postable
from twins.slack.paging import page

FARTHEST = 120 * 86_400
"""Seconds ahead."""
MOST, SPAN = 30, 300
"""Messages to one channel, seconds in which there may be no more of them."""
TOO_LATE = 60
"""Seconds before its time in which a message can no longer be taken back."""


@method("chat.scheduleMessage")
def schedule(call: Call) -> dict[str, Any]:
    """Say something at `post_at`."""
    args = call.args
    post_at = args.whole("post_at", 0, "invalid_time")
    if not post_at:
        raise fail("invalid_time")
    channel = postable(call, args.text("channel"))
    if post_at <= call.ctx.now:
        raise fail("time_in_past")
    if post_at > call.ctx.now + FARTHEST:
        raise fail("time_too_far")
    if "text" not in args and "markdown_text" not in args and ("blocks" in args or "attachments" in args):
        raise missing_argument("text")
    _check_crowd(call, channel["id"], post_at)
    said = {**messages.dressed(call), **messages.composed(call)}
    id = call.ctx.new_id("scheduled")
    data = {
        "id": id, "channel_id": channel["id"], "post_at": post_at, "date_created": call.ctx.now, "text": said["text"],
        "message": said, "thread_ts": args.text("thread_ts"), "broadcast": args.flag("reply_broadcast"),
        "app": call.app, "user": call.user, "team": call.team,
    }  # fmt: skip
    data["timer"] = call.ctx.schedule("scheduled_message", {"id": id}, at=post_at)
    call.ctx.store.insert("scheduled", data)
    shown = {**messages.shown(said), "type": "delayed_message"}
    return {"channel": channel["id"], "scheduled_message_id": id, "post_at": post_at, "message": shown}


def _check_crowd(call: Call, channel: str, post_at: int) -> None:
    """At most thirty messages to a channel within five minutes. Raises `restricted_too_many`."""
    where = [Filter("channel_id", "=", channel), Filter("app", "=", call.app)]
    near = [row for row in call.ctx.store.select("scheduled", where) if abs(row["post_at"] - post_at) < SPAN]
    if len(near) >= MOST:
        raise fail("restricted_too_many")


@twin.timer("scheduled_message")
def say(ctx: Ctx, data: dict[str, Any]) -> None:
    """Its time has come: it is said, unless the channel is gone or closed."""
    planned = ctx.store.find("scheduled", data["id"])
    if planned is None:
        return
    ctx.store.delete("scheduled", data["id"])
    channel = ctx.store.find("channel", planned["channel_id"])
    if channel is None or channel["is_archived"]:
        return
    thread = planned["thread_ts"]
    try:
        messages.post(ctx, channel, planned["message"], thread_ts=thread, broadcast=planned["broadcast"])
    except ServiceError:
        messages.post(ctx, channel, planned["message"])


@method("chat.scheduledMessages.list")
def list_scheduled(call: Call) -> dict[str, Any]:
    """What this app has planned, soonest first."""
    args = call.args
    where = [Filter("app", "=", call.app), Filter("team", "=", call.team)]
    if args.text("channel"):
        if call.ctx.store.find("channel", args.text("channel")) is None:
            raise fail("invalid_channel")
        where.append(Filter("channel_id", "=", args.text("channel")))
    oldest, latest = args.whole("oldest", 0), args.whole("latest", 0)
    rows = [row for row in call.ctx.store.select("scheduled", where) if row["post_at"] >= oldest]
    rows = sorted((row for row in rows if not latest or row["post_at"] <= latest), key=lambda row: row["post_at"])
    shown, metadata = page(args, rows, lambda row: str(row["id"]), "scheduled")
    names = ("id", "channel_id", "post_at", "date_created", "text")
    found = [{name: row[name] for name in names} for row in shown]
    return {"scheduled_messages": found, "response_metadata": metadata}


@method("chat.deleteScheduledMessage")
def delete_scheduled(call: Call) -> dict[str, Any]:
    """Take it back before it is said."""
    channel = places.find(call, call.args.text("channel"))
    planned = call.ctx.store.find("scheduled", call.args.text("scheduled_message_id"))
    if planned is None or planned["channel_id"] != channel["id"] or planned["app"] != call.app:
        raise fail("invalid_scheduled_message_id")
    if planned["post_at"] - call.ctx.now < TOO_LATE:
        raise fail("invalid_scheduled_message_id")
    call.ctx.cancel(planned["timer"])
    call.ctx.store.delete("scheduled", planned["id"])
    return {}
