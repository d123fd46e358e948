"""Conversations: records, members, names, who sees what, and how replies show them. Imports: people, failing.

Source: https://docs.slack.dev/reference/objects/conversation-object.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

import orjson

from twinkit import Ctx, Filter
from twins.slack import stamps
from twins.slack.call import Call
from twins.slack.failing import fail

MAX_NAME = 80
SPECIAL = re.compile(r"[^\w-]", re.UNICODE)
KINDS = {"public_channel": "public", "private_channel": "private", "im": "im", "mpim": "mpim"}
NEVER = "0000000000.000000"


def new_channel(
    ctx: Ctx, id: str, name: str, creator: str, team: str, *, kind: str = "public", **more: Any
) -> dict[str, Any]:
    """Store a conversation without members and return it."""
    nothing = {"value": "", "creator": "", "last_set": 0}
    record = {
        "id": id, "kind": kind, "name": name, "creator": creator, "created": ctx.now, "is_archived": False,
        "is_general": False, "topic": dict(nothing), "purpose": dict(nothing), "previous_names": [], "team": team,
        "updated": ctx.micros // 1000, **more,
    }  # fmt: skip
    ctx.store.insert("channel", record, created=ctx.micros)
    return record


def check_name(given: str) -> str:
    """A channel name that may be used. Raises the documented errors for those that may not."""
    name = given.strip().removeprefix("#")
    if not name:
        raise fail("invalid_name_required")
    if len(name) > MAX_NAME:
        raise fail("invalid_name_maxlength")
    if not re.sub(r"[\W_]", "", name):
        raise fail("invalid_name_punctuation")
    if SPECIAL.search(name) or name != name.lower():
        raise fail("invalid_name_specials")
    return name


def by_name(ctx: Ctx, team: str, name: str) -> dict[str, Any] | None:
    """A channel of a workspace by its name, public or private."""
    where = [Filter("name", "=", name), Filter("team", "=", team)]
    rows = ctx.store.list("channel", where, limit=1).ids
    return ctx.store.get("channel", rows[0]) if rows else None


# members -------------------------------------------------------------------------------------------------------------


def membership(ctx: Ctx, channel: str, user: str) -> dict[str, Any] | None:
    """The record that makes a user a member; None when he is not."""
    return ctx.store.find("member", f"{channel} {user}")


@lru_cache(maxsize=1024)
def last_read(member: bytes) -> str:
    """Up to where a member has read, from the stored record."""
    return str(orjson.loads(member)["last_read"])


def is_member(ctx: Ctx, channel: str, user: str) -> bool:
    """Whether a user is in a conversation."""
    return ctx.store.raw("member", f"{channel} {user}") is not None


def add(ctx: Ctx, channel: dict[str, Any], users: Iterable[str]) -> None:
    """Make users members."""
    for user in users:
        data = {"id": f"{channel['id']} {user}", "channel": channel["id"], "user": user, "last_read": NEVER}
        ctx.store.insert("member", {**data, "is_open": True}, parent=channel["id"], created=ctx.micros)


def remove(ctx: Ctx, channel: str, user: str) -> None:
    """End a membership."""
    ctx.store.delete("member", f"{channel} {user}")


def members(ctx: Ctx, channel: str) -> list[str]:
    """User ids in the order they joined."""
    return [row["user"] for row in ctx.store.select("member", parent=channel, order="oldest")]


def channels_of(ctx: Ctx, user: str) -> list[str]:
    """Ids of the conversations a user is in, oldest membership first."""
    return [row["channel"] for row in ctx.store.select("member", [Filter("user", "=", user)], order="oldest")]


# finding -------------------------------------------------------------------------------------------------------------


def belongs(channel: Mapping[str, Any], team: str) -> bool:
    """Whether a conversation is in a workspace, as its own or as a shared one."""
    return channel["team"] == team or team in channel.get("shared_with", ()) or team in channel.get("org_teams", ())


def sees(ctx: Ctx, channel: Mapping[str, Any], user: str) -> bool:
    """Whether a user may know of a conversation."""
    return channel["kind"] == "public" or is_member(ctx, channel["id"], user)


def visible(call: Call, channel: Mapping[str, Any]) -> bool:
    """Whether the caller may know of a conversation."""
    return belongs(channel, call.team) and sees(call.ctx, channel, call.user)


def find(call: Call, id: str, *, family: str = "") -> dict[str, Any]:
    """A conversation the caller may know of. Raises `channel_not_found`, `missing_scope` (for a `family` of scopes)."""
    return known(call, call.ctx.store.find("channel", id) if id else None, family)


def look(call: Call, id: str, *, family: str = "") -> Mapping[str, Any]:
    """Like `find`, for who only reads."""
    stored = call.ctx.store.raw("channel", id) if id else None
    return known(call, _parsed(stored) if stored else None, family)


@lru_cache(maxsize=256)
def _parsed(stored: bytes) -> Mapping[str, Any]:
    channel: dict[str, Any] = orjson.loads(stored)
    return channel


Place = TypeVar("Place", bound=Mapping[str, Any])


def known(call: Call, channel: Place | None, family: str) -> Place:
    """The conversation, if the caller may know of it. Raises `channel_not_found`, `missing_scope`."""
    if channel is None or not visible(call, channel):
        raise fail("channel_not_found")
    if family:
        call.allow(channel["kind"], family)
    return channel


def inside(call: Call, id: str, *, family: str = "", archived: bool = True) -> dict[str, Any]:
    """A conversation the caller is in. Raises also `not_in_channel` and, unless `archived`, `is_archived`."""
    channel = find(call, id, family=family)
    if not archived and channel["is_archived"]:
        raise fail("is_archived")
    if not is_member(call.ctx, id, call.user):
        raise fail("not_in_channel")
    return channel


def direct(ctx: Ctx, team: str, users: Iterable[str]) -> dict[str, Any]:
    """The conversation of exactly these people, made when there is none yet; two make an `im`."""
    people = list(dict.fromkeys(users))
    kind = "im" if len(people) <= 2 else "mpim"
    key = f"{team} " + " ".join(sorted(people))
    rows = ctx.store.list("channel", [Filter("people", "=", key)], limit=1).ids
    if rows:
        return ctx.store.get("channel", rows[0])
    id = ctx.new_id("D{upper:10}" if kind == "im" else "C{upper:10}")
    name = ""
    if kind == "mpim":
        handles = "--".join(str((ctx.store.find("user", user) or {}).get("name", user)) for user in people)
        name = f"mpdm-{handles}-1"
    channel = new_channel(ctx, id, name, people[0], team, kind=kind, people=key)
    add(ctx, channel, people)
    return channel


def whisper(ctx: Ctx, channel: str, user: str, said: dict[str, Any], ts: str = "") -> str:
    """Keep an ephemeral message where the human's side can see it; returns its timestamp."""
    ts = ts or stamps.new_ts(ctx)
    data = {**said, "ts": ts, "channel": channel, "to": user, "is_ephemeral": True}
    ctx.store.insert("ephemeral", data, id=f"{channel} {ts}", parent=user, created=stamps.micros_of(ts))
    return ts


# showing -------------------------------------------------------------------------------------------------------------


def other(ctx: Ctx, channel: dict[str, Any], viewer: str) -> str:
    """The other side of a direct message."""
    people = str(channel["people"]).split(" ")[1:]
    return next((user for user in people if user != viewer), viewer)


def shown(ctx: Ctx, channel: dict[str, Any], viewer: str, *, members_count: bool = False) -> dict[str, Any]:
    """A conversation as `conversations.list` shows it."""
    member = membership(ctx, channel["id"], viewer)
    if channel["kind"] == "im":
        return _shown_im(ctx, channel, viewer, member)
    found = described(channel, member)
    if members_count:
        found["num_members"] = ctx.store.count("member", parent=channel["id"])
    return found


@lru_cache(maxsize=2048)
def card(raw: bytes, member: bytes) -> orjson.Fragment:
    """A stored channel as `conversations.info` shows it to a bot, whose membership may be empty."""
    known = orjson.loads(member) if member else None
    found = described(orjson.loads(raw), known)
    if known:
        found["last_read"] = known["last_read"]
    return orjson.Fragment(orjson.dumps(found))


def described(channel: dict[str, Any], member: dict[str, Any] | None) -> dict[str, Any]:
    """A conversation of more than two, as somebody with this membership sees it."""
    kind = channel["kind"]
    found: dict[str, Any] = {
        "id": channel["id"], "name": channel["name"], "is_channel": kind != "mpim", "is_group": kind == "mpim",
        "is_im": False, "is_mpim": kind == "mpim", "is_private": kind != "public", "created": channel["created"],
        "is_archived": channel["is_archived"], "is_general": channel["is_general"], "unlinked": 0,
        "name_normalized": channel["name"], "is_shared": False, "is_org_shared": False,
        "is_pending_ext_shared": False, "pending_shared": [], "context_team_id": channel["team"],
        "updated": channel["updated"], "parent_conversation": None, "creator": channel["creator"],
        "is_ext_shared": False, "shared_team_ids": [channel["team"]], "pending_connected_team_ids": [],
        "is_member": member is not None and not channel["is_archived"], "topic": channel["topic"],
        "purpose": channel["purpose"], "previous_names": channel["previous_names"],
    }  # fmt: skip
    shared = channel.get("shared_with")
    if shared:
        found.update(
            is_shared=True, is_ext_shared=True, shared_team_ids=[channel["team"], *shared],
            connected_team_ids=shared, conversation_host_id=channel["team"],
        )  # fmt: skip
    if channel.get("org_teams"):
        teams = channel["org_teams"]
        found.update(is_shared=True, is_org_shared=True, shared_team_ids=teams, internal_team_ids=teams)
    if kind in ("private", "mpim") and member is not None:
        found["is_open"] = member["is_open"]
    if channel.get("properties"):
        found["properties"] = channel["properties"]
    return found


def _shown_im(ctx: Ctx, channel: dict[str, Any], viewer: str, member: dict[str, Any] | None) -> dict[str, Any]:
    user = other(ctx, channel, viewer)
    owner = ctx.store.find("user", user) or {}
    return {
        "id": channel["id"], "created": channel["created"], "is_archived": False, "is_im": True,
        "is_org_shared": False, "context_team_id": channel["team"], "updated": channel["updated"], "user": user,
        "is_user_deleted": bool(owner.get("deleted")), "priority": 0,
        "is_open": bool(member["is_open"]) if member else False,
    }  # fmt: skip


def event_kind(channel: dict[str, Any]) -> str:
    """`channel_type` of the events of a conversation."""
    return {"public": "channel", "private": "group", "im": "im", "mpim": "mpim"}[channel["kind"]]


def event_prefix(channel: dict[str, Any]) -> str:
    """The first word of the types of events about a conversation."""
    return "channel" if channel["kind"] == "public" else "group"
