"""Families of methods that the Conversations API replaced, and what the service says of them. Pure.

Source of the words: https://github.com/vluzrmos/laravel-slack-api/issues/34, with the address of the announcement.
"""

from __future__ import annotations

from typing import Any

COMMON = ("history", "info", "list", "mark", "replies")
MANAGED = (
    "archive", "create", "invite", "join", "kick", "leave", "rename", "setPurpose", "setTopic", "unarchive",
)  # fmt: skip
FAMILIES = {
    "channels": (*COMMON, *MANAGED), "groups": (*COMMON, *MANAGED, "close", "createChild", "open"),
    "im": (*COMMON, "close", "open"), "mpim": (*COMMON, "close", "open"),
}  # fmt: skip
INSTEAD = {"list": "conversations.list or users.conversations", "createChild": "conversations.create"}
NEWS = "https://api.slack.com/changelog/2020-01-deprecating-antecedents-to-the-conversations-api"


def reply(method: str) -> dict[str, Any] | None:
    """What a retired method answers; None for any other name."""
    family, _, name = method.partition(".")
    if name not in FAMILIES.get(family, ()):
        return None
    instead = INSTEAD.get(name, f"conversations.{name}")
    text = f"This method is retired and can no longer be used. Please use {instead} instead. Learn more: {NEWS}."
    return {"ok": False, "error": "method_deprecated", "response_metadata": {"messages": [f"[ERROR] {text}"]}}
