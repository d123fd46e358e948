"""conversations.*: who is in them, and direct messages. Source: https://docs.slack.dev/reference/methods.

Imports: places, messages.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx
from twins.slack import messages, places, realtime, webhooks
from twins.slack.call import Call, method
from twins.slack.failing import fail
from twins.slack.paging import limit_of, page

MAX_INVITED = 1000
MAX_PEOPLE = 8


def enter(ctx: Ctx, channel: dict[str, Any], user: str, inviter: str = "") -> None:
    """Make a user a member, with the message and the event of it."""
    places.add(ctx, channel, [user])
    joined = {"type": f"{places.event_prefix(channel)}_joined", "channel": places.shown(ctx, channel, user)}
    realtime.tell(ctx, channel["team"], joined, person=user)
    subtype = f"{places.event_prefix(channel)}_join"
    more = {"inviter": inviter} if inviter else {}
    messages.system(ctx, channel, subtype, user, f"<@{user}> has joined the channel", **more)
    event = {
        "user": user, "channel": channel["id"], "channel_type": "C" if channel["kind"] == "public" else "G",
        "team": channel["team"], **more,
    }  # fmt: skip
    webhooks.notify(ctx, channel["team"], "member_joined_channel", event, channel=channel["id"])


def leave_channel(ctx: Ctx, channel: dict[str, Any], user: str, actor: str = "") -> None:
    """End a membership, with the message and the events of it; `actor` is who ended it, if not the member."""
    subtype = f"{places.event_prefix(channel)}_leave"
    messages.system(ctx, channel, subtype, user, f"<@{user}> has left the channel")
    event = {
        "user": user, "channel": channel["id"], "channel_type": "C" if channel["kind"] == "public" else "G",
        "team": channel["team"],
    }  # fmt: skip
    webhooks.notify(ctx, channel["team"], "member_left_channel", event, channel=channel["id"])
    places.remove(ctx, channel["id"], user)
    own = {"channel": channel["id"], "actor_id": actor or user}
    webhooks.notify(ctx, channel["team"], f"{places.event_prefix(channel)}_left", own, person=user)


def _only_channels(channel: dict[str, Any]) -> None:
    if channel["kind"] in ("im", "mpim"):
        raise fail("method_not_supported_for_channel_type")


@method("conversations.join")
def join(call: Call) -> dict[str, Any]:
    """Enter a public channel."""
    channel = places.find(call, call.args.text("channel"))
    if channel["kind"] != "public":
        raise fail("method_not_supported_for_channel_type")
    if channel["is_archived"]:
        raise fail("is_archived")
    if places.membership(call.ctx, channel["id"], call.user) is not None:
        warning = {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
        return {"channel": places.shown(call.ctx, channel, call.user), **warning}
    enter(call.ctx, channel, call.user)
    return {"channel": places.shown(call.ctx, channel, call.user)}


@method("conversations.invite")
def invite(call: Call) -> dict[str, Any]:
    """Bring people in."""
    channel = places.inside(call, call.args.text("channel"), family="write", archived=False)
    _only_channels(channel)
    users = call.args.names("users")
    if not users:
        raise fail("no_user")
    if len(users) > MAX_INVITED:
        raise fail("too_many_users")
    wrong = [(user, _uninvitable(call, channel, user)) for user in dict.fromkeys(users)]
    failed = [{"user": user, "ok": False, "error": error} for user, error in wrong if error]
    if failed and not (call.args.flag("force") and len(failed) < len(wrong)):
        raise fail(str(failed[0]["error"]), errors=failed)
    for user, error in wrong:
        if not error:
            enter(call.ctx, channel, user, call.user)
    return {"channel": places.shown(call.ctx, channel, call.user)}


def _uninvitable(call: Call, channel: dict[str, Any], user: str) -> str:
    if user == call.user:
        return "cant_invite_self"
    found = call.ctx.store.find("user", user)
    if found is None:
        return "user_not_found"
    if found["deleted"]:
        return "cant_invite"
    if found["is_ultra_restricted"]:
        return "ura_max_channels" if places.channels_of(call.ctx, user) else ""
    return "already_in_channel" if places.membership(call.ctx, channel["id"], user) else ""


@method("conversations.kick")
def kick(call: Call) -> dict[str, Any]:
    """Put somebody out."""
    channel = places.find(call, call.args.text("channel"), family="write")
    _only_channels(channel)
    user = call.args.text("user")
    if call.ctx.store.find("user", user) is None:
        raise fail("user_not_found")
    if user == call.user:
        raise fail("cant_kick_self")
    if channel["is_general"]:
        raise fail("cant_kick_from_general")
    for each in (call.user, user):
        if places.membership(call.ctx, channel["id"], each) is None:
            raise fail("not_in_channel")
    if not call.is_bot and not call.is_admin and channel["creator"] != call.user:
        raise fail("restricted_action")
    leave_channel(call.ctx, channel, user, call.user)
    return {}


@method("conversations.leave")
def leave(call: Call) -> dict[str, Any]:
    """Go."""
    channel = places.find(call, call.args.text("channel"), family="write")
    _only_channels(channel)
    if channel["is_archived"]:
        raise fail("is_archived")
    if channel["is_general"]:
        raise fail("cant_leave_general")
    if places.membership(call.ctx, channel["id"], call.user) is None:
        return {"not_in_channel": True}
    if channel["kind"] == "private" and call.ctx.store.count("member", parent=channel["id"]) == 1:
        raise fail("last_member")
    leave_channel(call.ctx, channel, call.user)
    return {}


@method("conversations.members")
def list_members(call: Call) -> dict[str, Any]:
    """The ids of those who are in."""
    limit_of(call.args, 100, 1000)
    channel = places.find(call, call.args.text("channel"), family="read")
    shown, metadata = page(call.args, places.members(call.ctx, channel["id"]), str, "user")
    return {"members": shown, "response_metadata": metadata}


# direct messages -----------------------------------------------------------------------------------------------------


@method("conversations.open")
def open_direct(call: Call) -> dict[str, Any]:
    """The conversation with these people, opened or opened again."""
    channel, created = _direct(call)
    call.allow(channel["kind"], "write")
    member = places.membership(call.ctx, channel["id"], call.user)
    if member is None:
        raise fail("channel_not_found")
    already = bool(member["is_open"]) and not created
    call.ctx.store.update("member", member["id"], is_open=True)
    if created and channel["kind"] == "im":
        event = {"user": call.user, "channel": {"id": channel["id"], "created": channel["created"], "is_im": True}}
        webhooks.notify(call.ctx, call.team, "im_created", event, channel=channel["id"])
    elif not already:
        kind = "im_open" if channel["kind"] == "im" else "group_open"
        event = {"user": call.user, "channel": channel["id"]}
        webhooks.notify(call.ctx, call.team, kind, event, channel=channel["id"])
    found: dict[str, Any] = {"channel": {"id": channel["id"]}}
    if call.args.flag("return_im"):
        shown = places.shown(call.ctx, channel, call.user)
        found["channel"] = {**shown, **messages.unread(call.ctx, channel, member)}
    return {"no_op": True, "already_open": True, **found} if already else found


def _direct(call: Call) -> tuple[dict[str, Any], bool]:
    id = call.args.text("channel")
    if id:
        channel = places.find(call, id)
        if channel["kind"] not in ("im", "mpim"):
            raise fail("method_not_supported_for_channel_type")
        return channel, False
    users = [user for user in dict.fromkeys(call.args.names("users")) if user != call.user]
    if not call.args.names("users"):
        raise fail("users_list_not_supplied")
    if len(users) > MAX_PEOPLE:
        raise fail("too_many_users")
    for user in users:
        found = call.ctx.store.find("user", user)
        if found is None:
            raise fail("user_not_found")
        if found["team_id"] != call.team:
            raise fail("user_not_visible")
        if found["deleted"]:
            raise fail("user_disabled")
    if not users and call.is_bot:
        raise fail("not_enough_users")
    before = call.ctx.store.count("channel")
    channel = places.direct(call.ctx, call.team, [call.user, *users])
    return channel, call.ctx.store.count("channel") > before


@method("conversations.close")
def close_direct(call: Call) -> dict[str, Any]:
    """Take a direct message from one's list."""
    channel = places.find(call, call.args.text("channel"), family="write")
    if channel["kind"] not in ("im", "mpim"):
        raise fail("method_not_supported_for_channel_type")
    member = places.membership(call.ctx, channel["id"], call.user)
    if member is None:
        raise fail("user_does_not_own_channel")
    if not member["is_open"]:
        return {"no_op": True, "already_closed": True}
    call.ctx.store.update("member", member["id"], is_open=False)
    event = {"user": call.user, "channel": channel["id"]}
    kind = "im_close" if channel["kind"] == "im" else "group_close"
    webhooks.notify(call.ctx, call.team, kind, event, channel=channel["id"])
    return {}
