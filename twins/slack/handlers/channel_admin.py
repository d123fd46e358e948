"""admin.conversations.*, admin.usergroups.*. Source: https://docs.slack.dev/reference/methods/admin.conversations.create.

Imports: places, handlers.channels, handlers.members.
"""

from __future__ import annotations

from typing import Any

from twinkit import Filter
from twins.slack import enterprises, places, postrules, webhooks
from twins.slack.call import Call, method
from twins.slack.failing import fail, missing_argument
from twins.slack.handlers import channels, members
from twins.slack.paging import page

SORTS = ("relevant", "name", "member_count", "created")
TYPES = (
    "private", "public", "private_exclude", "public_exclude", "archived", "exclude_archived", "multi_workspace",
    "org_wide", "external_shared", "external_shared_exclude", "",
)  # fmt: skip


def one(call: Call) -> dict[str, Any]:
    """The channel that an admin speaks of, seen or not. Raises `not_an_admin`, `channel_not_found`."""
    if not call.is_admin:
        raise fail("not_an_admin")
    channel = call.ctx.store.find("channel", call.args.text("channel_id"))
    if channel is None or channel["team"] not in enterprises.teams(call.ctx, call.team):
        raise fail("channel_not_found")
    if channel["kind"] in ("im", "mpim"):
        raise fail("channel_type_not_supported")
    return channel


@method("admin.conversations.create")
def create(call: Call) -> dict[str, Any]:
    """Make a channel."""
    if not call.is_admin:
        raise fail("not_an_admin")
    everywhere = call.args.flag("org_wide")
    if not everywhere and not call.args.text("team_id") and not call.token.get("enterprise"):
        raise fail("team_id_or_org_required")
    if call.args.text("team_id") not in ("", call.team):
        raise fail("team_not_found")
    if everywhere and enterprises.id_of(call.ctx, call.team) is None:
        raise fail("not_an_enterprise")
    try:
        name = places.check_name(call.args.text("name"))
    except Exception as error:
        raise fail("invalid_name") from error
    if places.by_name(call.ctx, call.team, name) is not None:
        raise fail("name_taken")
    kind = "private" if call.args.flag("is_private") else "public"
    channel = places.new_channel(call.ctx, call.ctx.new_id("channel"), name, call.user, call.team, kind=kind)
    purpose = {"value": call.args.text("description"), "creator": call.user, "last_set": call.ctx.now}
    more = {"org_teams": enterprises.teams(call.ctx, call.team)} if everywhere else {}
    call.ctx.store.update("channel", channel["id"], purpose=purpose, **more)
    places.add(call.ctx, channel, [call.user])
    return {"channel_id": channel["id"]}


@method("admin.conversations.archive")
def archive(call: Call) -> dict[str, Any]:
    """Archive any channel."""
    channel = one(call)
    if channel["is_archived"]:
        raise fail("already_archived")
    if channel["is_general"]:
        raise fail("cant_archive_general")
    channels.set_archived(call.ctx, channel, call.user, True)
    return {}


@method("admin.conversations.unarchive")
def unarchive(call: Call) -> dict[str, Any]:
    """Unarchive any channel."""
    channel = one(call)
    if not channel["is_archived"]:
        raise fail("channel_not_archived")
    channels.set_archived(call.ctx, channel, call.user, False)
    return {}


@method("admin.conversations.bulkArchive")
def bulk_archive(call: Call) -> dict[str, Any]:
    """Archive several."""
    for id in call.args.names("channel_ids"):
        channel = call.ctx.store.find("channel", id)
        if channel is not None and not channel["is_archived"] and not channel["is_general"]:
            channels.set_archived(call.ctx, channel, call.user, True)
    return {"bulk_action_id": call.ctx.new_id("{upper:12}"), "not_added": []}


@method("admin.conversations.delete")
def delete(call: Call) -> dict[str, Any]:
    """Delete a channel and what was said in it."""
    channel = one(call)
    if channel["is_general"]:
        raise fail("default_org_wide_channel")
    store = call.ctx.store
    channels.announce(call.ctx, channel, "deleted", channel=channel["id"], actor_id=call.user)
    for resource in ("member", "message", "pin", "bookmark"):
        for row in list(store.select(resource, parent=channel["id"])):
            key = row["id"] if resource != "message" else f"{channel['id']} {row['ts']}"
            store.delete(resource, key)
    store.delete("channel", channel["id"])
    return {}


@method("admin.conversations.rename")
def rename(call: Call) -> dict[str, Any]:
    """Another name for any channel."""
    channel = one(call)
    name = places.check_name(call.args.text("name"))
    if places.by_name(call.ctx, call.team, name) is not None:
        raise fail("name_taken")
    channels.apply_name(call.ctx, channel, name, call.user)
    return {}


def _convert(call: Call, kind: str) -> dict[str, Any]:
    channel = one(call)
    if channel["is_general"]:
        raise fail("default_org_wide_channel")
    if channel["kind"] == kind:
        raise fail("channel_type_not_supported")
    call.ctx.store.update("channel", channel["id"], kind=kind, updated=call.ctx.micros // 1000)
    return {}


@method("admin.conversations.convertToPrivate")
def to_private(call: Call) -> dict[str, Any]:
    """Only for its members from now on."""
    return _convert(call, "private")


@method("admin.conversations.convertToPublic")
def to_public(call: Call) -> dict[str, Any]:
    """For everybody from now on."""
    return _convert(call, "public")


@method("admin.conversations.invite")
def invite(call: Call) -> dict[str, Any]:
    """Bring people into any channel."""
    channel = one(call)
    users = call.args.names("user_ids")
    failed = [user for user in users if call.ctx.store.find("user", user) is None]
    if failed:
        raise fail("failed_for_some_users", failed_user_ids=failed)
    for user in users:
        if places.membership(call.ctx, channel["id"], user) is None:
            members.enter(call.ctx, channel, user, call.user)
    return {}


@method("admin.conversations.search")
def search(call: Call) -> dict[str, Any]:
    """Channels by name, seen or not."""
    if not call.is_admin:
        raise fail("not_an_admin")
    sort, direction = call.args.text("sort", "member_count"), call.args.text("sort_dir", "desc")
    kinds = call.args.names("search_channel_types")
    if sort not in SORTS:
        raise fail("invalid_sort")
    if direction not in ("asc", "desc"):
        raise fail("invalid_sort_dir")
    if any(kind not in TYPES for kind in kinds):
        raise fail("invalid_search_channel_type")
    if any(call.ctx.store.find("team", id) is None for id in call.args.names("team_ids")):
        raise fail("team_not_found")
    wanted = call.args.text("query").lower()
    rows = []
    teams = call.args.names("team_ids") or enterprises.teams(call.ctx, call.team)
    for row in call.ctx.store.select("channel", [Filter("team", "in", teams)], order="oldest"):
        hidden = ("private_exclude" in kinds and row["kind"] == "private") or (
            "exclude_archived" in kinds and row["is_archived"]
        )
        only = [kind for kind in kinds if kind in ("private", "public")]
        if row["kind"] in ("public", "private") and wanted in row["name"] and not hidden:
            rows += [row] if not only or row["kind"] in only else []
    count = {row["id"]: call.ctx.store.count("member", parent=row["id"]) for row in rows}
    keys = {"name": lambda row: row["name"], "created": lambda row: row["created"]}
    rows.sort(key=keys.get(sort, lambda row: count[row["id"]]), reverse=direction == "desc")
    shown, metadata = page(call.args, rows, lambda row: str(row["id"]), "channel", default=10, maximum=20)
    found = [
        {
            "id": row["id"], "name": row["name"], "purpose": row["purpose"]["value"], "member_count": count[row["id"]],
            "created": row["created"], "creator_id": row["creator"], "is_private": row["kind"] == "private",
            "is_archived": row["is_archived"], "is_general": row["is_general"], "last_activity_ts": 0,
            "is_ext_shared": False, "is_global_shared": False, "is_org_default": False, "is_org_mandatory": False,
            "is_org_shared": False, "is_frozen": False, "connected_team_ids": [], "internal_team_ids": [],
            "pending_connected_team_ids": [], "is_pending_ext_shared": False,
        }
        for row in shown
    ]  # fmt: skip
    return {"conversations": found, "next_cursor": metadata["next_cursor"], "total_count": len(rows)}


@method("admin.conversations.getConversationPrefs")
def get_prefs(call: Call) -> dict[str, Any]:
    """Who may post and reply."""
    default = {"who_can_post": postrules.EVERYBODY, "can_thread": postrules.EVERYBODY}
    return {"prefs": {**default, **(one(call).get("prefs") or {})}}


@method("admin.conversations.setConversationPrefs")
def set_prefs(call: Call) -> dict[str, Any]:
    """Set it."""
    channel = one(call)
    prefs = postrules.read(call.args.json("prefs", "could_not_set_channel_pref"))
    if prefs is None:
        raise fail("could_not_set_channel_pref")
    call.ctx.store.update("channel", channel["id"], prefs={**(channel.get("prefs") or {}), **prefs})
    return {}


@method("admin.conversations.getTeams")
def get_teams(call: Call) -> dict[str, Any]:
    """The workspaces a channel is in."""
    channel = one(call)
    shown, metadata = page(call.args, channel.get("org_teams") or [channel["team"]], str, "team")
    return {"team_ids": shown, "response_metadata": metadata}


@method("admin.conversations.setTeams")
def set_teams(call: Call) -> dict[str, Any]:
    """Put a channel into workspaces of the organisation, or into all. Raises `not_an_enterprise`."""
    channel, known = _in_organisation(call)
    wanted = known if call.args.flag("org_channel") else call.args.names("target_team_ids")
    if not wanted or any(team not in known for team in wanted):
        raise fail("team_not_found")
    call.ctx.store.update("channel", channel["id"], org_teams=wanted, team=wanted[0])
    return {}


def _in_organisation(call: Call) -> tuple[dict[str, Any], list[str]]:
    """A channel, and the workspaces of its organisation."""
    channel = one(call)
    if enterprises.id_of(call.ctx, channel["team"]) is None:
        raise fail("not_an_enterprise")
    return channel, enterprises.teams(call.ctx, channel["team"])


@method("admin.conversations.disconnectShared")
def disconnect(call: Call) -> dict[str, Any]:
    """Part a channel from other workspaces: from those named, or from all outside the organisation."""
    channel, _ = _in_organisation(call)
    leaving = call.args.names("leaving_team_ids")
    outside = [team for team in channel.get("shared_with", ()) if leaving and team not in leaving]
    inside = [team for team in channel.get("org_teams", ()) if team not in leaving]
    call.ctx.store.update("channel", channel["id"], shared_with=outside, org_teams=inside)
    return {}


@method("admin.conversations.getCustomRetention")
def get_retention(call: Call) -> dict[str, Any]:
    """How long messages are kept."""
    days = int(one(call).get("retention_days", 0))
    return {"is_policy_enabled": bool(days), "duration_days": days}


@method("admin.conversations.setCustomRetention")
def set_retention(call: Call) -> dict[str, Any]:
    """Set it."""
    call.ctx.store.update("channel", one(call)["id"], retention_days=call.args.whole("duration_days", 0))
    return {}


@method("admin.conversations.removeCustomRetention")
def remove_retention(call: Call) -> dict[str, Any]:
    """As the workspace has it."""
    call.ctx.store.update("channel", one(call)["id"], retention_days=0)
    return {}


@method("admin.conversations.restrictAccess.addGroup")
def add_group(call: Call) -> dict[str, Any]:
    """Let a group of an identity provider in."""
    channel = one(call)
    groups = [*channel.get("idp_groups", ()), call.args.need("group_id")]
    call.ctx.store.update("channel", channel["id"], idp_groups=list(dict.fromkeys(groups)))
    return {}


@method("admin.conversations.restrictAccess.listGroups")
def list_groups(call: Call) -> dict[str, Any]:
    """Which are let in."""
    return {"group_ids": one(call).get("idp_groups", [])}


@method("admin.conversations.restrictAccess.removeGroup")
def remove_group(call: Call) -> dict[str, Any]:
    """Let one in no longer."""
    channel = one(call)
    left = [group for group in channel.get("idp_groups", ()) if group != call.args.need("group_id")]
    call.ctx.store.update("channel", channel["id"], idp_groups=left)
    return {}


# user groups ---------------------------------------------------------------------------------------------------------


def _group(call: Call) -> dict[str, Any]:
    return call.record("subteam", "usergroup_id", "usergroup_not_found")


@method("admin.usergroups.addChannels")
def add_channels(call: Call) -> dict[str, Any]:
    """Default channels of a user group."""
    group = _group(call)
    ids = call.args.names("channel_ids")
    if not ids:
        raise missing_argument("channel_ids")
    if any(call.ctx.store.find("channel", id) is None for id in ids):
        raise fail("channel_not_found")
    prefs = {**group["prefs"], "channels": list(dict.fromkeys([*group["prefs"]["channels"], *ids]))}
    call.ctx.store.update("subteam", group["id"], prefs=prefs)
    return {}


@method("admin.usergroups.removeChannels")
def remove_channels(call: Call) -> dict[str, Any]:
    """Fewer of them."""
    group = _group(call)
    gone = call.args.names("channel_ids")
    left = [id for id in group["prefs"]["channels"] if id not in gone]
    call.ctx.store.update("subteam", group["id"], prefs={**group["prefs"], "channels": left})
    return {}


@method("admin.usergroups.listChannels")
def group_channels(call: Call) -> dict[str, Any]:
    """All of them."""
    rows = [call.ctx.store.get("channel", id) for id in _group(call)["prefs"]["channels"]]
    found = [{"id": row["id"], "name": row["name"], "team_id": row["team"]} for row in rows]
    if call.args.flag("include_num_members"):
        for each in found:
            each["num_members"] = call.ctx.store.count("member", parent=each["id"])
    return {"channels": found}


@method("admin.usergroups.addTeams")
def group_teams(call: Call) -> dict[str, Any]:
    """Workspaces of a user group."""
    group = _group(call)
    webhooks.notify(call.ctx, call.team, "subteam_updated", {"subteam": group})
    return {}
