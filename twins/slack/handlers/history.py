"""conversations.history, replies, mark: flat however long a channel is. Imports: places, messages, stamps,
limits.

Source: https://docs.slack.dev/reference/methods/conversations.history.
"""

from __future__ import annotations

from typing import Any, Literal

import orjson

from twinkit import Filter
from twins.slack import limits, messages, paging, places, realtime, stamps
from twins.slack.args import Args
from twins.slack.call import Call, method
from twins.slack.failing import fail

FOREVER = 10**18


def window(args: Args) -> tuple[int, int]:
    """First and last microsecond asked for, both included."""
    oldest, latest, inclusive = args.text("oldest"), args.text("latest"), args.flag("inclusive")
    first, last = 0, FOREVER
    if oldest and oldest != "0":
        first = stamps.micros_of(oldest, fail("invalid_ts_oldest")) + (0 if inclusive else 1)
    if latest and latest != "now":
        last = stamps.micros_of(latest, fail("invalid_ts_latest")) - (0 if inclusive else 1)
    return first, last


def rows(
    call: Call, resource: str, parent: str, order: Literal["newest", "oldest"], limit: int, span: tuple[int, int]
) -> tuple[list[bytes], int, bool]:
    """Stored messages of a place within a span of time, when the last of them was said, and whether there are more."""
    where = []
    if span[0]:
        where.append(Filter("@created", ">=", span[0]))
    if span[1] != FOREVER:
        where.append(Filter("@created", "<=", span[1]))
    found = call.ctx.store.list(resource, where, parent=parent, order=order, sort="@created", limit=limit)
    last = stamps.micros_of(found.ids[-1].partition(" ")[2]) if found.has_more else 0
    return found.rows, last, found.has_more


def seen(call: Call, rows: list[bytes], last_read: str) -> list[Any]:
    """Stored messages as the caller sees them."""
    return [
        _seen(call, messages.shown(orjson.loads(row)), last_read) if differs else same
        for row, (same, differs) in zip(rows, map(messages.glimpse, rows), strict=True)
    ]


def _cursor(args: Args) -> int | None:
    cursor = args.text("cursor")
    if not cursor:
        return None
    text = paging.decode(cursor, "next_ts")
    if not text.isdigit():
        raise fail("invalid_cursor")
    return int(text)


def _limit(call: Call, method: str, default: int, maximum: int) -> int:
    """How many messages to give. Raises `ratelimited` where an unlisted app asks again within the minute."""
    most = limits.readable(call.ctx, call.app, call.team, method)
    return paging.limit_of(call.args, min(default, most or default), min(maximum, most or maximum))


@method("conversations.history")
def history(call: Call) -> dict[str, Any]:
    """What was said in a conversation, newest first, replies in threads left out."""
    channel = places.look(call, call.args.text("channel"), family="history")
    last_read = _last_read(call, channel["id"])
    if not last_read and call.is_bot:
        raise fail("not_in_channel")
    limit = _limit(call, "history", 100, 999)
    first, last = window(call.args)
    after = _cursor(call.args)
    if after is not None:
        last = min(last, after)
    found, last_said, more = rows(call, "message", channel["id"], "newest", limit, (first, last))
    store = call.ctx.store
    pins = store.count("pin", parent=channel["id"]) if store.count("pin") else 0
    reply: dict[str, Any] = {
        "messages": seen(call, found, last_read), "has_more": more,
        "pin_count": pins, "channel_actions_ts": None,
        "channel_actions_count": 0,
    }  # fmt: skip
    reply.update({name: call.args.text(name) for name in ("oldest", "latest") if name in call.args})
    if more:
        reply["response_metadata"] = {"next_cursor": paging.encode("next_ts", str(last_said - 1))}
    return reply


def _seen(call: Call, message: dict[str, Any], last_read: str) -> dict[str, Any]:
    if message.get("metadata") and message.get("app_id") != call.app and not call.args.flag("include_all_metadata"):
        message.pop("metadata")
    return messages.seen_by(message, "" if call.is_bot else call.user, last_read)


def _last_read(call: Call, channel: str) -> str:
    member = call.ctx.store.raw("member", f"{channel} {call.user}")
    return places.last_read(member) if member else ""


@method("conversations.replies")
def replies(call: Call) -> dict[str, Any]:
    """A thread: its parent, on every page, then the replies, oldest first."""
    channel = places.look(call, call.args.text("channel"), family="history")
    last_read = _last_read(call, channel["id"])
    if not last_read and call.is_bot:
        raise fail("not_in_channel")
    limit = _limit(call, "replies", 1000, 1000)
    found = messages.find(call.ctx, channel["id"], call.args.text("ts"))
    if found is None:
        raise fail("thread_not_found")
    resource, parent = found
    shown = _seen(call, messages.shown(parent), last_read)
    if resource == "reply" or not int(parent.get("reply_count", 0)):
        return {"messages": [shown], "has_more": False}
    first, last = window(call.args)
    after = _cursor(call.args)
    if after is not None:
        first = max(first, after)
    place = messages.key(channel["id"], parent["ts"])
    rest, last_said, more = rows(call, "reply", place, "oldest", limit, (first, last))
    reply: dict[str, Any] = {
        "messages": [shown, *seen(call, rest, last_read)], "has_more": more,
    }  # fmt: skip
    if more:
        reply["response_metadata"] = {"next_cursor": paging.encode("next_ts", str(last_said + 1))}
    return reply


@method("conversations.mark")
def mark(call: Call) -> dict[str, Any]:
    """Everything up to here is read."""
    channel = places.inside(call, call.args.text("channel"), family="write")
    ts = call.args.text("ts")
    stamps.micros_of(ts, fail("invalid_timestamp"))
    call.ctx.store.update("member", f"{channel['id']} {call.user}", last_read=ts)
    kind = {"public": "channel_marked", "private": "group_marked", "im": "im_marked", "mpim": "group_marked"}
    event = {"type": kind[channel["kind"]], "channel": channel["id"], "ts": ts}
    realtime.tell(call.ctx, call.team, event, person=call.user)
    return {}
