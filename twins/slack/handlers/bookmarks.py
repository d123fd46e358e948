"""bookmarks.*. Source: https://docs.slack.dev/reference/methods/bookmarks.add. Imports: call, places."""

from __future__ import annotations

import re
from typing import Any

from twins.slack import places
from twins.slack.call import Call, method
from twins.slack.failing import fail, missing_argument

EMOJI = re.compile(r":[a-z0-9_+'-]+:")
MOST = 100


def _channel(call: Call) -> dict[str, Any]:
    channel = places.find(call, call.args.text("channel_id"))
    if places.membership(call.ctx, channel["id"], call.user) is None:
        raise fail("permission_denied")
    return channel


def _checked(call: Call) -> dict[str, Any]:
    changes = {name: call.args.text(name) for name in ("title", "link", "emoji") if name in call.args}
    if "link" in changes and not changes["link"].startswith(("http://", "https://")):
        raise fail("invalid_link")
    if "emoji" in changes and not EMOJI.fullmatch(changes["emoji"]):
        raise fail("invalid_emoji")
    return changes


@method("bookmarks.add")
def add(call: Call) -> dict[str, Any]:
    """Put a link at the top of a channel."""
    channel = _channel(call)
    for name in ("title", "type"):
        if name not in call.args:
            raise missing_argument(name)
    if call.args.text("type") != "link":
        raise fail("invalid_bookmark_type")
    if "link" not in call.args:
        raise fail("invalid_link")
    if call.ctx.store.count("bookmark", parent=channel["id"]) >= MOST:
        raise fail("too_many_bookmarks")
    bookmark = {
        "id": call.ctx.new_id("bookmark"), "channel_id": channel["id"], "title": "", "link": "", "emoji": "",
        "icon_url": None, "type": "link", "entity_id": None, "date_created": call.ctx.now, "date_updated": 0,
        "rank": "i", "last_updated_by_user_id": call.user, "last_updated_by_team_id": call.team, "shortcut_id": None,
        "app_id": call.app or None, "app_action_id": None, **_checked(call),
    }  # fmt: skip
    call.ctx.store.insert("bookmark", bookmark, parent=channel["id"])
    return {"bookmark": bookmark}


def _one(call: Call) -> dict[str, Any]:
    channel = _channel(call)
    found = call.ctx.store.find("bookmark", call.args.text("bookmark_id"))
    if found is None or found["channel_id"] != channel["id"]:
        raise fail("not_found")
    return found


@method("bookmarks.edit")
def edit(call: Call) -> dict[str, Any]:
    """Change one."""
    found = _one(call)
    stamp = {"date_updated": call.ctx.now, "last_updated_by_user_id": call.user}
    return {"bookmark": call.ctx.store.update("bookmark", found["id"], **_checked(call), **stamp)}


@method("bookmarks.list")
def list_bookmarks(call: Call) -> dict[str, Any]:
    """All of a channel."""
    channel = places.find(call, call.args.text("channel_id"))
    return {"bookmarks": list(call.ctx.store.select("bookmark", parent=channel["id"], order="oldest"))}


@method("bookmarks.remove")
def remove(call: Call) -> dict[str, Any]:
    """Take one away."""
    call.ctx.store.delete("bookmark", _one(call)["id"])
    return {}
