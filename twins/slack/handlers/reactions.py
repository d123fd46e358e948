"""reactions.*. Source: https://docs.slack.dev/reference/methods/reactions.add. Imports: items, messages, webhooks."""

from __future__ import annotations

import re
from typing import Any

from twinkit import Ctx, Filter
from twins.slack import emoji, items, messages, people, webhooks
from twins.slack.call import Call, method
from twins.slack.failing import fail
from twins.slack.paging import page

NAME = re.compile(r"[a-z0-9_+'-]{1,100}(::skin-tone-[2-6])?")
MAX_EMOJI = 23
"""Different emoji on one message."""


def emoji_name(ctx: Ctx, given: str) -> str:
    """The name of an emoji, a common one or one of the workspace. Raises `invalid_name`."""
    name = given.strip(":")
    plain = name.partition("::")[0]
    if not NAME.fullmatch(name) or not (emoji.code_points(plain) or ctx.store.find("emoji", plain)):
        raise fail("invalid_name")
    return name


@method("reactions.add")
def add(call: Call) -> dict[str, Any]:
    """Put an emoji to something."""
    name = emoji_name(call.ctx, call.args.text("name"))
    react(call.ctx, items.chosen(call), name, call.user)
    return {}


def react(ctx: Ctx, item: items.Item, name: str, user: str) -> None:
    """Add somebody's reaction, with its event. Raises `already_reacted`, `too_many_emoji`."""
    reactions = [dict(each) for each in item.record.get("reactions", ())]
    mine = next((each for each in reactions if each["name"] == name), None)
    if mine is None:
        if len(reactions) >= MAX_EMOJI:
            raise fail("too_many_emoji")
        mine = {"name": name, "users": [], "count": 0}
        reactions.append(mine)
    if user in mine["users"]:
        raise fail("already_reacted")
    mine["users"] = [*mine["users"], user]
    mine["count"] = len(mine["users"])
    items.keep(ctx, item, {"reactions": reactions})
    _note(ctx, item, user)
    _announce(ctx, item, "reaction_added", name, user)


@method("reactions.remove")
def remove(call: Call) -> dict[str, Any]:
    """Take it away again."""
    name = emoji_name(call.ctx, call.args.text("name"))
    unreact(call.ctx, items.chosen(call), name, call.user)
    return {}


def unreact(ctx: Ctx, item: items.Item, name: str, user: str) -> None:
    """Take somebody's reaction away, with its event. Raises `no_reaction`."""
    kept = []
    found = False
    for each in item.record.get("reactions", ()):
        if each["name"] == name and user in each["users"]:
            found = True
            users = [other for other in each["users"] if other != user]
            each = {"name": name, "users": users, "count": len(users)}
        if each["users"]:
            kept.append(each)
    if not found:
        raise fail("no_reaction")
    items.keep(ctx, item, {"reactions": kept or None})
    if not any(user in each["users"] for each in kept):
        _unnote(ctx, item, user)
    _announce(ctx, item, "reaction_removed", name, user)


def _place(item: items.Item, user: str) -> str:
    return f"{user} {item.record['id']}" if item.kind == "file" else f"{user} {item.channel} {item.record['ts']}"


def _note(ctx: Ctx, item: items.Item, user: str) -> None:
    """Remember that somebody reacted to an item, so that a list of it needs no search."""
    id = _place(item, user)
    if ctx.store.raw("reacted", id) is None:
        where = {"kind": item.kind, "channel": item.channel, "item": item.record.get("ts") or item.record["id"]}
        ctx.store.insert("reacted", {"id": id, "user": user, **where})


def _unnote(ctx: Ctx, item: items.Item, user: str) -> None:
    id = _place(item, user)
    if ctx.store.raw("reacted", id) is not None:
        ctx.store.delete("reacted", id)


def _announce(ctx: Ctx, item: items.Item, type: str, name: str, user: str) -> None:
    place = {"type": "message", "channel": item.channel, "ts": item.record["ts"]}
    if item.kind == "file":
        place = {"type": "file", "file": item.record["id"]}
    event = {"user": user, "reaction": name, "item": place, "item_user": item.record.get("user", "")}
    team = item.team
    webhooks.notify(ctx, team, type, event, channel=item.channel)


@method("reactions.get")
def get(call: Call) -> dict[str, Any]:
    """What is put to something."""
    item = items.chosen(call)
    return items.shown(call.ctx, item)


@method("reactions.list")
def list_reactions(call: Call) -> dict[str, Any]:
    """What somebody has reacted to, newest first."""
    user = str(people.find(call.ctx, call.args.text("user") or call.user)["id"])
    visible = []
    for note in call.ctx.store.select("reacted", [Filter("user", "=", user)], order="newest"):
        record = messages.find(call.ctx, note["channel"], note["item"]) if note["kind"] == "message" else None
        if record is not None:
            shown_as = {"type": "message", "channel": note["channel"], "message": messages.shown(record[1])}
            visible.append((note["id"], shown_as))
        elif note["kind"] == "file" and call.ctx.store.raw("file", note["item"]) is not None:
            visible.append((note["id"], {"type": "file", "file": call.ctx.store.get("file", note["item"])}))
    shown, metadata = page(call.args, visible, lambda row: str(row[0]), "reacted")
    return {"items": [row[1] for row in shown], "response_metadata": metadata}
