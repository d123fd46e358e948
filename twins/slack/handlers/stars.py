"""stars.*. Source: https://docs.slack.dev/reference/methods/stars.add. Imports: items, places, webhooks."""

from __future__ import annotations

from typing import Any

from twinkit import Filter
from twins.slack import items, messages, places, webhooks
from twins.slack.call import Call, method
from twins.slack.failing import fail
from twins.slack.paging import numbered, page


def _chosen(call: Call) -> tuple[str, dict[str, Any]]:
    args = call.args
    if "channel" in args and "timestamp" not in args and "file" not in args and "file_comment" not in args:
        channel = places.find(call, args.text("channel"))
        kind = {"public": "channel", "private": "group", "im": "im", "mpim": "group"}[channel["kind"]]
        return channel["id"], {"type": kind, "channel": channel["id"]}
    item = items.chosen(call)
    if item.kind == "file":
        return item.record["id"], {"type": "file", "file_id": item.record["id"]}
    return messages.key(item.channel, item.record["ts"]), {
        "type": "message", "channel": item.channel, "ts": item.record["ts"],
    }  # fmt: skip


@method("stars.add")
def add(call: Call) -> dict[str, Any]:
    """Put something aside."""
    place, star = _chosen(call)
    key = f"{call.user} {place}"
    if call.ctx.store.find("star", key) is not None:
        raise fail("already_starred")
    call.ctx.store.insert("star", {"id": key, "user": call.user, "date_create": call.ctx.now, **star})
    webhooks.notify(call.ctx, call.team, "star_added", {"user": call.user, "item": star})
    return {}


@method("stars.remove")
def remove(call: Call) -> dict[str, Any]:
    """Put it back."""
    place, star = _chosen(call)
    key = f"{call.user} {place}"
    if call.ctx.store.find("star", key) is None:
        raise fail("not_starred")
    call.ctx.store.delete("star", key)
    webhooks.notify(call.ctx, call.team, "star_removed", {"user": call.user, "item": star})
    return {}


@method("stars.list")
def list_stars(call: Call) -> dict[str, Any]:
    """What is put aside, newest first."""
    found = []
    for star in call.ctx.store.select("star", [Filter("user", "=", call.user)], order="newest"):
        shown = {name: value for name, value in star.items() if name not in ("id", "user", "ts", "file_id")}
        if star["type"] == "message":
            message = messages.find(call.ctx, star["channel"], star["ts"])
            if message is None:
                continue
            shown["message"] = {**messages.shown(message[1]), "is_starred": True}
        elif star["type"] == "file":
            shown["file"] = call.ctx.store.find("file", star["file_id"])
        found.append((star["id"], shown))
    if "limit" in call.args or "cursor" in call.args:
        part, metadata = page(call.args, found, lambda row: str(row[0]), "star")
        return {"items": [row[1] for row in part], "response_metadata": metadata}
    part, paging = numbered(call.args, found)
    return {"items": [row[1] for row in part], "paging": paging}
