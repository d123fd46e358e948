"""conversations.history, replies, mark: flat however long a channel is. Imports: places, messages, stamps.

Source: https://docs.slack.dev/reference/methods/conversations.history.
"""

from __future__ import annotations

from typing import Any, Literal

import orjson

from twinkit import Filter
from twins.slack import messages, paging, places, stamps, webhooks
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
) -> tuple[list[dict[str, Any]], bool]:
    """Messages of a place within a span of time, and whether there are more."""
    where = []
    if span[0]:
        where.append(Filter("@created", ">=", span[0]))
    if span[1] != FOREVER:
        where.append(Filter("@created", "<=", span[1]))
    found = call.ctx.store.list(resource, where, parent=parent, order=order, sort="@created", limit=limit)
    return [messages.shown(orjson.loads(row)) for row in found.rows], found.has_more


def _cursor(args: Args) -> int | None:
    cursor = args.text("cursor")
    if not cursor:
        return None
    text = paging.decode(cursor, "next_ts")
    if not text.isdigit():
        raise fail("invalid_cursor")
    return int(text)


@method("conversations.history")
def history(call: Call) -> dict[str, Any]:
    """What was said in a conversation, newest first, replies in threads left out."""
    channel = places.find(call, call.args.text("channel"), family="history")
    if places.membership(call.ctx, channel["id"], call.user) is None and call.is_bot:
        raise fail("not_in_channel")
    limit = paging.limit_of(call.args, 100, 999)
    first, last = window(call.args)
    after = _cursor(call.args)
    if after is not None:
        last = min(last, after)
    found, more = rows(call, "message", channel["id"], "newest", limit, (first, last))
    reply: dict[str, Any] = {
        "messages": [_seen(call, message) for message in found], "has_more": more,
        "pin_count": call.ctx.store.count("pin", parent=channel["id"]), "channel_actions_ts": None,
        "channel_actions_count": 0,
    }  # fmt: skip
    if call.args.text("latest"):
        reply["latest"] = call.args.text("latest")
    if more:
        following = stamps.micros_of(found[-1]["ts"]) - 1
        reply["response_metadata"] = {"next_cursor": paging.encode("next_ts", str(following))}
    return reply


def _seen(call: Call, message: dict[str, Any]) -> dict[str, Any]:
    if not call.args.flag("include_all_metadata") and message.get("metadata") and message.get("app_id") != call.app:
        return {name: value for name, value in message.items() if name != "metadata"}
    return message


@method("conversations.replies")
def replies(call: Call) -> dict[str, Any]:
    """A thread: its parent, then the replies, oldest first."""
    channel = places.find(call, call.args.text("channel"), family="history")
    found = messages.find(call.ctx, channel["id"], call.args.text("ts"))
    if found is None:
        raise fail("thread_not_found")
    resource, parent = found
    if resource == "reply" or not int(parent.get("reply_count", 0)):
        return {"messages": [messages.shown(parent)], "has_more": False}
    limit = paging.limit_of(call.args, 1000, 1000)
    first, last = window(call.args)
    after = _cursor(call.args)
    shown: list[dict[str, Any]] = []
    if after is not None:
        first = max(first, after)
    elif limit:
        shown.append(_read_mark(call, channel["id"], parent))
    place = messages.key(channel["id"], parent["ts"])
    rest, more = rows(call, "reply", place, "oldest", max(limit - len(shown), 1), (first, last))
    shown += rest
    reply: dict[str, Any] = {"messages": [_seen(call, message) for message in shown], "has_more": more}
    if more:
        following = stamps.micros_of(rest[-1]["ts"]) + 1
        reply["response_metadata"] = {"next_cursor": paging.encode("next_ts", str(following))}
    return reply


def _read_mark(call: Call, channel: str, parent: dict[str, Any]) -> dict[str, Any]:
    shown = messages.shown(parent)
    if not call.is_bot:
        member = places.membership(call.ctx, channel, call.user)
        shown["last_read"] = member["last_read"] if member else places.NEVER
    return shown


@method("conversations.mark")
def mark(call: Call) -> dict[str, Any]:
    """Everything up to here is read."""
    channel = places.inside(call, call.args.text("channel"), family="write")
    ts = call.args.text("ts")
    stamps.micros_of(ts, fail("invalid_timestamp"))
    call.ctx.store.update("member", f"{channel['id']} {call.user}", last_read=ts)
    kind = {"public": "channel_marked", "private": "group_marked", "im": "im_marked", "mpim": "mpim_marked"}
    event = {"channel": channel["id"], "ts": ts}
    webhooks.notify(call.ctx, call.team, kind[channel["kind"]], event, channel=channel["id"])
    return {}
