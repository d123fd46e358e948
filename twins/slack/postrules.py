"""Who may post in a channel and who may answer, as its preferences say. Pure but for the reader of a caller.

Source: https://docs.slack.dev/reference/methods/admin.conversations.setConversationPrefs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twins.slack.call import Call
from twins.slack.failing import fail

NAMES = ("who_can_post", "can_thread", "can_huddle", "enable_at_here", "enable_at_channel")
EVERYBODY = {"type": ["everyone"]}


def read(given: Any) -> dict[str, Any] | None:
    """`{"who_can_post": "type:admin,user:U1"}` by kind; None for anything else."""
    if not isinstance(given, Mapping) or any(name not in NAMES for name in given):
        return None
    found: dict[str, Any] = {}
    for name, text in given.items():
        if isinstance(text, bool) or str(text).lower() in ("true", "false"):
            found[name] = {"enabled": str(text).lower() == "true"}
            continue
        who: dict[str, list[str]] = {}
        for part in str(text).split(","):
            kind, colon, value = part.strip().partition(":")
            if not colon or kind not in ("type", "user", "subteam"):
                return None
            who.setdefault(kind, []).append(value)
        found[name] = who
    return found


def fits(who: Mapping[str, Any], user: Mapping[str, Any], groups: frozenset[str]) -> bool:
    """Whether somebody is among those whom a preference lets."""
    kinds = set(who.get("type", ()))
    admin = bool(user.get("is_admin") or user.get("is_owner"))
    named = user.get("id") in who.get("user", ()) or bool(groups & set(who.get("subteam", ())))
    regular = not user.get("is_restricted") and not user.get("is_ultra_restricted")
    return named or "everyone" in kinds or ("admin" in kinds and admin) or ("regular" in kinds and (regular or admin))


def check(call: Call, channel: Mapping[str, Any], thread_ts: str) -> None:
    """Refuse a message that the channel's preferences forbid. Raises the documented `restricted_action_…`."""
    prefs = channel.get("prefs")
    if not prefs:
        return
    name = "can_thread" if thread_ts else "who_can_post"
    user = call.ctx.store.find("user", call.user) or {}
    groups = frozenset(str(group["id"]) for group in call.ctx.store.select("subteam") if call.user in group["users"])
    if fits(prefs.get(name) or EVERYBODY, user, groups):
        return
    if thread_ts:
        raise fail("restricted_action_non_threadable_channel")
    threads = fits(prefs.get("can_thread") or EVERYBODY, user, groups)
    raise fail("restricted_action_thread_only_channel" if threads else "restricted_action_read_only_channel")
