"""pins.*. Source: https://docs.slack.dev/reference/methods/pins.add. Imports: items, messages, webhooks."""

from __future__ import annotations

from typing import Any

from twins.slack import items, messages, places, webhooks
from twins.slack.call import Call, method
from twins.slack.failing import fail

NOT_PINNABLE = frozenset({"channel_join", "channel_leave", "group_join", "group_leave", "tombstone"})
MAX_PINS = 100


def _event(call: Call, item: items.Item, type: str, has_pins: bool, info: dict[str, Any]) -> None:
    channel = call.ctx.store.get("channel", item.channel)
    link = messages.permalink(call.ctx, channel, item.record)
    event = {
        "user": call.user, "pin_count": str(call.ctx.store.count("pin", parent=item.channel)),
        "pinned_info": info, "channel_id": item.channel, "has_pins": has_pins, "item_user": item.record.get("user", ""),
        "item": {
            "type": "message", "channel": item.channel, "message": {**messages.shown(item.record), "permalink": link},
            "created": call.ctx.now, "created_by": call.user,
        },
    }  # fmt: skip
    webhooks.notify(call.ctx, call.team, type, event, channel=item.channel)


def _item(call: Call) -> items.Item:
    if not call.args.text("channel"):
        raise fail("channel_not_found")
    places.find(call, call.args.text("channel"))
    return items.chosen(call)


@method("pins.add")
def add(call: Call) -> dict[str, Any]:
    """Pin a message."""
    item = _item(call)
    if item.kind != "message" or item.record.get("subtype") in NOT_PINNABLE:
        raise fail("not_pinnable")
    channel = places.inside(call, item.channel)
    key = messages.key(item.channel, item.record["ts"])
    store = call.ctx.store
    if store.find("pin", key) is not None:
        raise fail("already_pinned")
    if store.count("pin", parent=item.channel) >= MAX_PINS:
        raise fail("permission_denied")
    pin = {
        "id": key,
        "channel": item.channel,
        "ts": item.record["ts"],
        "created": call.ctx.now,
        "created_by": call.user,
    }
    store.insert("pin", pin, parent=item.channel, created=call.ctx.micros)
    info = {"channel": item.channel, "pinned_by": call.user, "pinned_ts": call.ctx.now}
    after = items.keep(call.ctx, item, {"pinned_to": [item.channel], "pinned_info": info})
    _event(call, items.Item("message", after, channel["id"], call.team), "pin_added", True, info)
    return {}


@method("pins.remove")
def remove(call: Call) -> dict[str, Any]:
    """Take the pin out."""
    item = _item(call)
    places.inside(call, item.channel)
    key = messages.key(item.channel, item.record["ts"])
    store = call.ctx.store
    if store.find("pin", key) is None:
        raise fail("not_pinned")
    info = dict(item.record.get("pinned_info") or {})
    store.delete("pin", key)
    after = items.keep(call.ctx, item, {"pinned_to": None, "pinned_info": None})
    left = store.count("pin", parent=item.channel) > 0
    _event(call, items.Item("message", after, item.channel, call.team), "pin_removed", left, info)
    return {}


@method("pins.list")
def list_pins(call: Call) -> dict[str, Any]:
    """What is pinned, newest first."""
    channel = places.find(call, call.args.text("channel"))
    found = []
    for pin in call.ctx.store.select("pin", parent=channel["id"], order="newest"):
        message = messages.find(call.ctx, channel["id"], pin["ts"])
        if message is not None:
            link = messages.permalink(call.ctx, channel, message[1])
            shown = {**messages.shown(message[1]), "permalink": link}
            head = {"type": "message", "created": pin["created"], "created_by": pin["created_by"]}
            found.append({**head, "channel": channel["id"], "message": shown})
    return {"items": found}
