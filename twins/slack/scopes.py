"""Which scopes a method asks for, and which kinds of token may call it. Pure data and functions.

The published document has the scopes of old ("chat:write:user"); they are read as today's: https://docs.slack.dev/reference/scopes.
"""

from __future__ import annotations

from collections.abc import Iterable

RENAMED = {
    "chat:write:user": "chat:write",
    "chat:write:bot": "chat:write",
    "files:write:user": "files:write",
    "none": "",
    "tokens.basic": "tokens.basic",
}
BOT_NAMES = {"channels:write": ("channels:manage",)}
"""What bot tokens hold in place of a user's scope."""

OTHERS = {"bot": "channels:write", "user": "channels:manage"}
"""Kind of token → the scope that only the other kind can hold."""

NARROW: dict[str, tuple[str, ...]] = {
    "conversations.join": ("channels:join", "channels:write"),
    "conversations.invite": (
        "channels:manage", "channels:write.invites", "groups:write.invites", "channels:write", "groups:write",
        "im:write", "mpim:write",
    ),
    "conversations.setTopic": (
        "channels:manage", "channels:write.topic", "groups:write.topic", "channels:write", "groups:write",
        "im:write.topic", "mpim:write.topic", "im:write", "mpim:write",
    ),
    "conversations.setPurpose": (
        "channels:manage", "channels:write.topic", "groups:write.topic", "channels:write", "groups:write",
        "mpim:write.topic", "im:write.topic", "mpim:write", "im:write",
    ),
    "conversations.open": ("im:write", "mpim:write", "channels:manage", "channels:write", "groups:write"),
    "files.getUploadURLExternal": ("files:write",),
    "files.completeUploadExternal": ("files:write",),
    "apps.connections.open": ("connections:write",),
    "chat.startStream": ("chat:write",),
    "openid.connect.userInfo": ("openid", "identity.basic"),
    "team.billing.info": ("team.billing:read",),
    "search.messages": ("search:read", "search:read.public"),
    "assistant.search.context": ("search:read.public", "search:read"),
    "assistant.search.info": ("search:read.public", "search:read"),
    "search.files": ("search:read", "search:read.files"),
    "search.all": ("search:read", "search:read.public"),
    "users.profile.get": ("users.profile:read", "users:read"),
}  # fmt: skip
"""Scopes of which one is enough, where the document says otherwise."""

KIND_SCOPES = {
    "public": "channels", "private": "groups", "im": "im", "mpim": "mpim",
}  # fmt: skip
"""Kind of a conversation → family of its scopes."""

USER_ONLY = (
    "admin.", "slackbot.", "search.", "stars.", "reminders.", "dnd.setSnooze", "dnd.endDnd", "dnd.endSnooze",
    "users.setPhoto", "users.deletePhoto", "users.identity", "team.accessLogs", "team.integrationLogs",
    "team.billableInfo", "files.sharedPublicURL", "files.revokePublicURL", "files.comments.",
)  # fmt: skip
"""Methods (or families) that bot tokens may not call."""

GUESTS_NOT = frozenset((
    "conversations.archive", "conversations.create", "conversations.invite", "conversations.join", "conversations.kick",
    "conversations.leave", "conversations.rename", "conversations.setPurpose", "conversations.setTopic",
    "conversations.unarchive", "files.revokePublicURL", "files.sharedPublicURL", "usergroups.create",
    "usergroups.disable", "usergroups.enable", "usergroups.list", "usergroups.update", "usergroups.users.list",
    "usergroups.users.update",
))  # fmt: skip
"""Methods that document `user_is_restricted`: guests may not call them."""
SINGLE_NOT = frozenset((
    "conversations.archive", "conversations.invite", "conversations.join", "conversations.leave",
    "conversations.unarchive",
))  # fmt: skip
"""Those that have a word of their own for guests of one channel."""

CONFIG_ONLY = ("apps.manifest.", "apps.icon.", "apps.managed.")
"""Families that take the token with which apps are configured."""
APP_ONLY = ("apps.connections.open", "apps.event.authorizations.list")
TOKENLESS = (
    "api.test", "oauth.access", "oauth.token", "oauth.v2.access", "openid.connect.token", "oauth.v2.exchange",
    "apps.uninstall", "tooling.tokens.rotate", "blocks.validate",
)  # fmt: skip
"""Methods that answer without a token."""


def needed(method: str, declared: Iterable[str]) -> tuple[str, ...]:
    """The scopes of which one is enough; empty when any token will do."""
    if method in NARROW:
        return NARROW[method]
    found: list[str] = []
    for scope in declared:
        name = RENAMED.get(scope, scope)
        if name:
            found += [name, *BOT_NAMES.get(name, ())]
    return tuple(sorted(dict.fromkeys(found), key=lambda scope: scope.startswith("im:")))


def matches(method: str, names: Iterable[str]) -> bool:
    """Whether a method is among names, some of which are families that end in a dot."""
    return any(method == name or (name.endswith(".") and method.startswith(name)) for name in names)


def guest_error(method: str, *, single: bool) -> str:
    """What a guest (of a single channel) who calls a method is told; empty where guests may call it."""
    if single and method in SINGLE_NOT:
        return "user_is_ultra_restricted"
    return "user_is_restricted" if method in GUESTS_NOT else ""


PARTS = {
    "conversations.invite": "write.invites", "conversations.setTopic": "write.topic",
    "conversations.setPurpose": "write.topic", "conversations.join": "join",
}  # fmt: skip
"""Methods for which a part of a family's scope is enough."""


def held(kind: str, family: str, scopes: frozenset[str], method: str) -> bool:
    """Whether the scopes cover a family (`history`, `read`, `write`) of conversations of this kind, for a method."""
    prefix = KIND_SCOPES[kind]
    wanted = {f"{prefix}:{family}"}
    if family == "write":
        wanted |= {"channels:manage"} if kind == "public" else set()
        wanted |= {f"{prefix}:{PARTS[method]}"} if method in PARTS else set()
    return bool(wanted & scopes)
