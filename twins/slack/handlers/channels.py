"""conversations.*: making, finding, naming, archiving. Source: https://docs.slack.dev/reference/methods.

Imports: places, messages.
"""

from __future__ import annotations

from typing import Any

import orjson

from twinkit import Ctx, Filter
from twins.slack import messages, places, webhooks
from twins.slack.call import Call, method
from twins.slack.failing import fail
from twins.slack.paging import page

MAX_TOPIC = 250
TOLD = frozenset((
    "id", "name", "name_normalized", "created", "creator", "context_team_id", "is_channel", "is_shared",
    "is_org_shared", "is_archived", "is_general", "is_group", "is_private", "is_ext_shared", "is_im", "is_mpim",
    "is_pending_ext_shared",
))  # fmt: skip
"""What `channel_created` tells of a channel: https://docs.slack.dev/reference/events/channel_created."""


def announce(ctx: Ctx, place: dict[str, Any], what: str, **event: Any) -> None:
    """An event about a conversation: `channel_archive`, `group_rename`, …"""
    webhooks.notify(ctx, place["team"], f"{places.event_prefix(place)}_{what}", event, channel=place["id"])


@method("conversations.create")
def create(call: Call) -> dict[str, Any]:
    """Make a channel with the caller in it."""
    private = call.args.flag("is_private")
    call.allow("private" if private else "public", "write")
    name = places.check_name(call.args.text("name"))
    if places.by_name(call.ctx, call.team, name) is not None:
        raise fail("name_taken")
    kind = "private" if private else "public"
    channel = places.new_channel(call.ctx, call.ctx.new_id("channel"), name, call.user, call.team, kind=kind)
    places.add(call.ctx, channel, [call.user])
    if not private:
        event = {name: value for name, value in places.described(channel, None).items() if name in TOLD}
        event["is_frozen"] = False
        webhooks.notify(call.ctx, call.team, "channel_created", {"channel": event})
    shown = places.shown(call.ctx, channel, call.user)
    return {"channel": {**shown, "last_read": places.NEVER, "priority": 0}}


@method("conversations.info")
def info(call: Call) -> dict[str, Any]:
    """One conversation."""
    args, store = call.args, call.ctx.store
    id = args.text("channel")
    raw = store.raw("channel", id)
    channel = places.known(call, orjson.loads(raw) if raw else None, "read")
    with_members = args.flag("include_num_members")
    plain = not with_members and "include_locale" not in args
    if plain and raw and call.is_bot and channel["kind"] in ("public", "private"):
        return {"channel": places.card(raw, store.raw("member", f"{id} {call.user}") or b"")}
    shown = places.shown(call.ctx, channel, call.user, members_count=with_members)
    if call.args.flag("include_locale"):
        shown["locale"] = "en-US"
    member = places.membership(call.ctx, channel["id"], call.user)
    if member is not None:
        shown["last_read"] = member["last_read"]
        if channel["kind"] in ("im", "mpim") or not call.is_bot:
            shown.update(messages.unread(call.ctx, channel, member))
    return {"channel": shown}


def kinds_of(call: Call, default: str) -> list[str]:
    """The kinds of conversation asked for, all of which the token may see. Raises `invalid_types`, `missing_scope`."""
    names = call.args.names("types") or [default]
    unknown = [name for name in names if name not in places.KINDS]
    if unknown:
        raise fail("invalid_types")
    kinds = [places.KINDS[name] for name in dict.fromkeys(names)]
    for kind in kinds:
        call.allow(kind, "read")
    return kinds


@method("conversations.list")
def list_channels(call: Call) -> dict[str, Any]:
    """The conversations that the caller may know of, oldest first."""
    kinds = kinds_of(call, "public_channel")
    where = [Filter("kind", "in", kinds), Filter("team", "=", call.team)]
    if call.args.flag("exclude_archived"):
        where.append(Filter("is_archived", "=", False))
    mine = set(places.channels_of(call.ctx, call.user))
    rows = call.ctx.store.select("channel", where, order="oldest")
    found = [row for row in rows if row["kind"] == "public" or row["id"] in mine]
    shown, metadata = page(call.args, found, lambda row: str(row["id"]), "team")
    channels = [places.shown(call.ctx, row, call.user, members_count=row["kind"] != "im") for row in shown]
    return {"channels": channels, "response_metadata": metadata}


@method("users.conversations")
def of_user(call: Call) -> dict[str, Any]:
    """The conversations that somebody is in, as far as the caller may know of them."""
    kinds = kinds_of(call, "public_channel")
    user = call.args.text("user") or call.user
    if call.ctx.store.find("user", user) is None:
        raise fail("user_not_found")
    found = []
    for id in places.channels_of(call.ctx, user):
        channel = call.ctx.store.get("channel", id)
        hidden = call.args.flag("exclude_archived") and channel["is_archived"]
        if channel["kind"] in kinds and not hidden and places.sees(call.ctx, channel, call.user):
            found.append(channel)
    shown, metadata = page(call.args, found, lambda row: str(row["id"]), "team")
    channels = [places.shown(call.ctx, row, call.user) for row in shown]
    for channel in channels:
        channel.pop("is_member", None)
    return {"channels": channels, "response_metadata": metadata}


@method("conversations.rename")
def rename(call: Call) -> dict[str, Any]:
    """Another name."""
    channel = places.inside(call, call.args.text("channel"), family="write")
    if channel["kind"] in ("im", "mpim"):
        raise fail("method_not_supported_for_channel_type")
    name = places.check_name(call.args.text("name"))
    other = places.by_name(call.ctx, call.team, name)
    if other is not None and other["id"] != channel["id"]:
        raise fail("name_taken")
    if channel["creator"] != call.user and not call.is_admin:
        raise fail("not_authorized")
    return {"channel": places.shown(call.ctx, apply_name(call.ctx, channel, name, call.user), call.user)}


def apply_name(ctx: Ctx, channel: dict[str, Any], name: str, user: str) -> dict[str, Any]:
    """Give a channel another name, with its message and event."""
    before = channel["name"]
    previous = [before, *(old for old in channel["previous_names"] if old not in (before, name))]
    after = ctx.store.update("channel", channel["id"], name=name, previous_names=previous, updated=ctx.micros // 1000)
    text = f'has renamed the channel from "{before}" to "{name}"'
    messages.system(ctx, after, f"{places.event_prefix(after)}_name", user, text, old_name=before, name=name)
    event = {
        "id": after["id"], "name": name, "name_normalized": name, "created": after["created"],
        "is_channel": True, "is_mpim": False,
    }  # fmt: skip
    announce(ctx, after, "rename", channel=event)
    return after


def _describe(call: Call, name: str) -> dict[str, Any]:
    channel = places.inside(call, call.args.text("channel"), family="write", archived=False)
    value = call.args.text(name)
    if len(value) > MAX_TOPIC:
        raise fail("too_long")
    if channel["kind"] == "im" and name == "purpose":
        raise fail("method_not_supported_for_channel_type")
    changes = {name: {"value": value, "creator": call.user, "last_set": call.ctx.now}}
    after = call.ctx.store.update("channel", channel["id"], **changes, updated=call.ctx.micros // 1000)
    text = f"set the channel {'topic' if name == 'topic' else 'description'}: {value}"
    more = {name: value}
    messages.system(call.ctx, after, f"{places.event_prefix(after)}_{name}", call.user, text, **more)
    return {"channel": places.shown(call.ctx, after, call.user)}


@method("conversations.setTopic")
def set_topic(call: Call) -> dict[str, Any]:
    """What the channel is about now."""
    return _describe(call, "topic")


@method("conversations.setPurpose")
def set_purpose(call: Call) -> dict[str, Any]:
    """What the channel is for."""
    return _describe(call, "purpose")


@method("conversations.archive")
def archive(call: Call) -> dict[str, Any]:
    """Close a channel for good, until it is unarchived."""
    channel = places.find(call, call.args.text("channel"), family="write")
    if channel["kind"] in ("im", "mpim"):
        raise fail("method_not_supported_for_channel_type")
    if channel["is_archived"]:
        raise fail("already_archived")
    if channel["is_general"]:
        raise fail("cant_archive_general")
    if places.membership(call.ctx, channel["id"], call.user) is None:
        raise fail("not_in_channel")
    set_archived(call.ctx, channel, call.user, True)
    return {}


def set_archived(ctx: Ctx, channel: dict[str, Any], user: str, archived: bool) -> dict[str, Any]:
    """Archive or unarchive, with the message and the event of it."""
    word = "archive" if archived else "unarchive"
    if archived:
        messages.system(ctx, channel, f"{places.event_prefix(channel)}_{word}", user, f"{word}d the channel")
    after = ctx.store.update("channel", channel["id"], is_archived=archived, updated=ctx.micros // 1000)
    if not archived:
        messages.system(ctx, after, f"{places.event_prefix(after)}_{word}", user, f"{word}d the channel")
    moved = {"is_moved": 0} if archived else {}
    announce(ctx, after, word, channel=channel["id"], user=user, **moved)
    return after


@method("conversations.unarchive")
def unarchive(call: Call) -> dict[str, Any]:
    """Open an archived channel again; a user who does is in it."""
    channel = places.find(call, call.args.text("channel"), family="write")
    if channel["kind"] in ("im", "mpim"):
        raise fail("method_not_supported_for_channel_type")
    if not channel["is_archived"]:
        raise fail("not_archived")
    if places.membership(call.ctx, channel["id"], call.user) is None:
        places.add(call.ctx, channel, [call.user])
    set_archived(call.ctx, channel, call.user, False)
    return {}
