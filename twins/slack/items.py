"""What can be reacted to, starred and pinned: messages and files. Imports: places, messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twinkit import Ctx
from twins.slack import messages, places, stamps
from twins.slack.call import Call
from twins.slack.failing import fail


@dataclass(frozen=True, slots=True)
class Item:
    """One message or file."""

    kind: str
    """`message` or `file`."""
    record: dict[str, Any]
    channel: str = ""
    team: str = ""


def chosen(call: Call, ts_name: str = "timestamp") -> Item:
    """The item that the arguments name. Raises `no_item_specified`, `bad_timestamp`, `message_not_found` and so on."""
    args = call.args
    if "file" in args:
        record = call.ctx.store.find("file", args.text("file"))
        if record is None:
            raise fail("file_not_found")
        return Item("file", record, team=call.team)
    if "file_comment" in args:
        raise fail("file_comment_not_found")
    if ts_name not in args or "channel" not in args:
        raise fail("no_item_specified")
    channel = places.find(call, args.text("channel"))
    ts = args.text(ts_name)
    stamps.micros_of(ts)
    record = messages.need(call.ctx, channel["id"], ts)
    return Item("message", record, channel["id"], call.team)


def keep(ctx: Ctx, item: Item, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Change the record of an item without a word; None takes a property away."""
    after = {name: value for name, value in {**item.record, **changes}.items() if value is not None}
    if item.kind == "file":
        ctx.store.replace("file", after["id"], after)
    else:
        messages.save(ctx, item.channel, after)
    return after


def shown(ctx: Ctx, item: Item) -> dict[str, Any]:
    """An item as lists show it."""
    if item.kind == "file":
        return {"type": "file", "file": item.record}
    channel = ctx.store.get("channel", item.channel)
    link = messages.permalink(ctx, channel, item.record)
    return {"type": "message", "channel": item.channel, "message": {**messages.shown(item.record), "permalink": link}}
