"""Channels shared between workspaces: invites, answers to them, the workspaces one is connected to.

Sources: https://docs.slack.dev/apis/slack-connect and https://docs.slack.dev/reference/methods/conversations.inviteShared.
The workspaces are those of the instance. Imports: call, places, webhooks.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Filter
from twins.slack import places, webhooks
from twins.slack.call import Call, method
from twins.slack.failing import fail, missing_argument
from twins.slack.paging import page

TOLD = (
    "avatar_hash", "display_name", "display_name_normalized", "is_custom_image", "real_name", "real_name_normalized",
    "team",
)  # fmt: skip
"""What an invite tells of a profile."""
LIFE = 14 * 86_400
"""Seconds in which an invite can be accepted."""


def team(call: Call, id: str) -> dict[str, Any]:
    """A workspace as invites tell it."""
    found = call.ctx.store.get("team", id)
    return {
        "id": found["id"], "name": found["name"], "icon": found["icon"], "is_verified": False,
        "domain": found["domain"], "date_created": found["created"],
    }  # fmt: skip


def person(ctx: Ctx, id: str) -> dict[str, Any]:
    """Somebody as invites tell of him."""
    user = ctx.store.find("user", id) or {"id": id, "team_id": "", "name": "", "profile": {}, "updated": 0}
    profile = {key: value for key, value in user["profile"].items() if key in TOLD or key.startswith("image_")}
    return {
        "id": user["id"], "team_id": user["team_id"], "name": user["name"], "updated": user["updated"],
        "who_can_share_contact_card": "EVERYONE", "profile": profile,
    }  # fmt: skip


def described(call: Call, invite: dict[str, Any]) -> dict[str, Any]:
    """An invite as events tell it."""
    found = {
        "id": invite["id"], "date_created": invite["date_created"], "date_invalid": invite["date_invalid"],
        "inviting_team": team(call, invite["team"]), "inviting_user": person(call.ctx, invite["user"]),
        "link": invite["url"],
    }  # fmt: skip
    if invite["email"]:
        found["recipient_email"] = invite["email"]
    if invite["recipient"]:
        found["recipient_user_id"] = invite["recipient"]
    return found


def _named(call: Call, invite: dict[str, Any]) -> dict[str, Any]:
    channel = call.ctx.store.get("channel", invite["channel"])
    return {
        "id": channel["id"], "name": channel["name"], "is_private": channel["kind"] == "private",
        "is_im": channel["kind"] == "im",
    }  # fmt: skip


@method("conversations.inviteShared")
def invite_shared(call: Call) -> dict[str, Any]:
    """Ask somebody of another workspace into a channel, by address or id."""
    args, ctx = call.args, call.ctx
    channel = _shareable(call)
    emails, users = args.names("emails"), args.names("user_ids")
    if not emails and not users:
        raise fail("recipients_not_specified")
    if len(emails) > 1:
        raise fail("too_many_emails")
    if emails and "@" not in emails[0]:
        raise fail("invalid_email")
    if users and ctx.store.raw("user", users[0]) is None:
        raise fail("user_not_found")
    if users and places.is_member(ctx, channel["id"], users[0]):
        raise fail("already_in_channel")
    invite = new_invite(
        call, channel["id"], email=emails[0] if emails else "", user=users[0] if users else "",
        limited=args.flag("external_limited", True),
    )  # fmt: skip
    recipient = ctx.store.find("user", invite["recipient"]) if users else None
    if recipient is not None:
        event = {"invite": described(call, invite), "channel": _named(call, invite)}
        webhooks.notify(ctx, recipient["team_id"], "shared_channel_invite_received", event)
    code = str(invite["url"]).rpartition("/")[2]
    return {"invite_id": invite["id"], "conf_code": code, "url": invite["url"], "is_legacy_shared_channel": False}


def new_invite(call: Call, channel: str, *, email: str = "", user: str = "", limited: bool = True) -> dict[str, Any]:
    """Store an invite into a channel."""
    ctx = call.ctx
    invite = {
        "id": ctx.new_id("I{upper:10}"), "channel": channel, "team": call.team, "user": call.user, "status": "pending",
        "email": email, "recipient": user, "date_created": ctx.now, "date_invalid": ctx.now + LIFE, "accepted_by": "",
        "accepting_team": "", "channel_name": "", "external_limited": limited,
        "url": f"https://join.slack.com/share/{ctx.token('alnum', 48)}",
    }  # fmt: skip
    ctx.store.insert("connect_invite", invite)
    return invite


def _shareable(call: Call) -> dict[str, Any]:
    """The channel that is to be shared. Raises the documented error for one that cannot be."""
    channel = places.find(call, call.args.text("channel"))
    if channel["kind"] in ("im", "mpim"):
        raise fail("invalid_channel_type")
    if channel["is_general"]:
        raise fail("cannot_share_mandatory_channel")
    if channel["is_archived"]:
        raise fail("channel_archived")
    if channel["team"] != call.team:
        raise fail("not_owner")
    return channel


def _one(call: Call) -> dict[str, Any]:
    """The invite that the arguments name, still open. Raises `invite_not_found`, `inactive_invite`."""
    if "invite_id" not in call.args:
        raise missing_argument("invite_id")
    found = call.record("connect_invite", "invite_id", "invite_not_found")
    if found["status"] == "declined" or found["date_invalid"] <= call.ctx.now:
        raise fail("inactive_invite")
    return found


@method("conversations.acceptSharedInvite")
def accept(call: Call) -> dict[str, Any]:
    """Take an invite, in another workspace; the channel is shared at once unless somebody has to approve it."""
    args = call.args
    if "channel_name" not in args:
        raise missing_argument("channel_name")
    if "channel_id" in args and "invite_id" not in args:
        where = [Filter("channel", "=", args.text("channel_id"))]
        found = next(call.ctx.store.select("connect_invite", where, order="newest"), None)
        if found is None:
            raise fail("invite_not_found")
        invite = found
    else:
        invite = _one(call)
    if invite["team"] == call.team:
        raise fail("invite_from_same_org")
    if invite["status"] == "approved":
        raise fail("invite_used")
    mail = str((call.ctx.store.find("user", call.user) or {}).get("profile", {}).get("email", ""))
    if invite["email"] and not call.is_bot and mail.lower() != invite["email"].lower():
        raise fail("email_does_not_match")
    name = places.check_name(args.text("channel_name"))
    after = call.ctx.store.update(
        "connect_invite", invite["id"], status="approved", accepted_by=call.user, accepting_team=call.team,
        channel_name=name,
    )  # fmt: skip
    share(call, after)
    event = {
        "invite": described(call, after), "channel": _named(call, after), "approval_required": False,
        "teams_in_channel": [team(call, after["team"]), team(call, call.team)],
        "accepting_user": person(call.ctx, call.user),
    }  # fmt: skip
    webhooks.notify(call.ctx, after["team"], "shared_channel_invite_accepted", event)
    return {"invite_id": invite["id"], "channel_id": invite["channel"], "implicit_approval": True}


def share(call: Call, invite: dict[str, Any]) -> None:
    """The channel of an invite is in the accepting workspace too, with whoever accepted in it."""
    channel = call.ctx.store.get("channel", invite["channel"])
    shared = list(dict.fromkeys([*channel.get("shared_with", ()), invite["accepting_team"]]))
    after = call.ctx.store.update("channel", channel["id"], shared_with=shared)
    if not places.is_member(call.ctx, channel["id"], invite["accepted_by"]):
        places.add(call.ctx, after, [invite["accepted_by"]])
    for team in (channel["team"], invite["accepting_team"]):
        event = {"connected_team_id": invite["accepting_team"], "channel": channel["id"]}
        webhooks.notify(call.ctx, team, "channel_shared", event)


@method("conversations.approveSharedInvite")
def approve(call: Call) -> dict[str, Any]:
    """Let an accepted invite through; here none has to wait."""
    _one(call)
    raise fail("approval_not_found")


@method("conversations.declineSharedInvite")
def decline(call: Call) -> dict[str, Any]:
    """Turn an invite down."""
    invite = _one(call)
    after = call.ctx.store.update("connect_invite", invite["id"], status="declined")
    event = {
        "invite": described(call, after), "channel": _named(call, after), "declining_team_id": call.team,
        "declining_user": person(call.ctx, call.user), "teams_in_channel": [team(call, after["team"])],
    }  # fmt: skip
    webhooks.notify(call.ctx, after["team"], "shared_channel_invite_declined", event)
    return {}


@method("conversations.listConnectInvites")
def list_invites(call: Call) -> dict[str, Any]:
    """Invites that came or went, newest first."""
    found = [
        row for row in call.ctx.store.select("connect_invite", order="newest")
        if call.team in (row["team"], row["accepting_team"]) or _invited(call, row)
    ]  # fmt: skip
    shown, metadata = page(call.args, found, lambda row: str(row["id"]), "invite")
    invites = [
        {
            "direction": "outgoing" if row["team"] == call.team else "incoming", "status": row["status"],
            "invite_type": "channel", "date_last_updated": row["date_created"], "invite": described(call, row),
            "channel": _named(call, row), "acceptances": _acceptances(call, row),
        }
        for row in shown
    ]  # fmt: skip
    return {"invites": invites, "response_metadata": metadata}


def _invited(call: Call, invite: dict[str, Any]) -> bool:
    user = call.ctx.store.find("user", invite["recipient"]) if invite["recipient"] else None
    return user is not None and user["team_id"] == call.team


def _acceptances(call: Call, invite: dict[str, Any]) -> list[dict[str, Any]]:
    if not invite["accepting_team"]:
        return []
    return [
        {
            "approval_status": "approved", "date_accepted": invite["date_created"], "reviews": [],
            "date_invalid": invite["date_invalid"], "accepting_team": team(call, invite["accepting_team"]),
            "accepting_user": person(call.ctx, invite["accepted_by"]),
        }
    ]  # fmt: skip


@method("conversations.externalInvitePermissions.set")
def permissions(call: Call) -> dict[str, Any]:
    """What the people of another workspace may do in a shared channel."""
    channel = places.find(call, call.args.text("channel"))
    target, action = call.args.need("target_team"), call.args.need("action")
    if action not in ("upgrade", "downgrade"):
        raise fail("invalid_action")
    if target not in channel.get("shared_with", ()):
        raise fail("invalid_target_team")
    limited = {**channel.get("external_limited", {}), target: action == "downgrade"}
    call.ctx.store.update("channel", channel["id"], external_limited=limited)
    return {}


# the workspaces one is connected to ----------------------------------------------------------------------------------


def _shared(call: Call) -> list[tuple[str, dict[str, Any]]]:
    """(other workspace, channel) of everything that is shared with the caller's workspace."""
    found = []
    for channel in call.ctx.store.select("channel", order="oldest"):
        teams = [channel["team"], *channel.get("shared_with", ())]
        if len(teams) > 1 and call.team in teams:
            found += [(team, channel) for team in teams if team != call.team]
    return found


@method("team.externalTeams.list")
def external_teams(call: Call) -> dict[str, Any]:
    """The workspaces that channels are shared with."""
    shared = _shared(call)
    teams = list(dict.fromkeys(team for team, _ in shared))
    shown, metadata = page(call.args, teams, str, "team")
    found = []
    for id in shown:
        team = call.ctx.store.get("team", id)
        kinds = [channel["kind"] for other, channel in shared if other == id]
        found.append({
            "team_id": id, "team_name": team["name"], "team_domain": team["domain"],
            "public_channel_count": kinds.count("public"), "private_channel_count": kinds.count("private"),
            "im_channel_count": 0, "mpim_channel_count": 0, "connected_workspaces": [], "slack_connect_prefs": {},
            "connection_status": "CONNECTED", "last_active_timestamp": call.ctx.now, "is_sponsored": False,
        })  # fmt: skip
    return {"organizations": found, "total_count": len(teams), "response_metadata": metadata}


@method("team.externalTeams.disconnect")
def disconnect(call: Call) -> dict[str, Any]:
    """Part every channel from another workspace."""
    target = call.args.need("target_team")
    shared = [channel for team, channel in _shared(call) if team == target]
    if not shared:
        raise fail("invalid_target_team")
    for channel in shared:
        left = [team for team in channel["shared_with"] if team not in (target, call.team)]
        call.ctx.store.update("channel", channel["id"], shared_with=left)
        gone = target if channel["team"] == call.team else call.team
        for user in places.members(call.ctx, channel["id"]):
            if (call.ctx.store.find("user", user) or {}).get("team_id") == gone:
                places.remove(call.ctx, channel["id"], user)
        event = {"previously_connected_team_id": gone, "channel": channel["id"], "is_ext_shared": bool(left)}
        webhooks.notify(call.ctx, channel["team"], "channel_unshared", event)
    return {}
