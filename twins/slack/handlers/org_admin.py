"""admin.roles.*, admin.barriers.*, admin.auth.policy.*, settings of sessions, bulk work on channels.

Source: https://docs.slack.dev/reference/methods/admin.roles.addAssignments and its neighbours. Imports: call, paging,
handlers.workspace_admin.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twinkit import Filter, Reply
from twins.slack import places, stamps, webhooks
from twins.slack.call import Call, method
from twins.slack.failing import fail, missing_argument
from twins.slack.handlers.workspace_admin import admin
from twins.slack.paging import limit_of, page

POLICIES = ("email_password",)
SUBJECTS = {"im", "mpim", "call"}
MOST_CHANNELS = 100
MOST_ASSIGNED = 10


def _needed(call: Call, *names: str) -> list[list[str]]:
    """Lists that must be there. Raises `not_an_admin`, `invalid_arguments`."""
    admin(call)
    found = []
    for name in names:
        if name not in call.args:
            raise missing_argument(name)
        found.append(call.args.names(name))
    return found


def _assignment(call: Call) -> tuple[str, list[str], list[str]]:
    """Role, entities and people of a call. Raises `invalid_actor`, `too_many_users`, `too_many_entities`."""
    if not call.is_admin:
        raise fail("invalid_actor")
    roles, entities, users = _needed(call, "role_id", "entity_ids", "user_ids")
    if len(users) > MOST_ASSIGNED:
        raise fail("too_many_users")
    if len(entities) > MOST_ASSIGNED:
        raise fail("too_many_entities")
    return roles[0], entities, users


def _unknown(call: Call, users: Iterable[str]) -> list[str]:
    return [user for user in users if call.ctx.store.raw("user", user) is None]


# roles ---------------------------------------------------------------------------------------------------------------


@method("admin.roles.addAssignments")
def add_roles(call: Call) -> dict[str, Any] | Reply:
    """Give people a role over entities."""
    role, entities, users = _assignment(call)
    rejected = _unknown(call, users)
    if len(rejected) == len(users):
        raise fail("no_valid_users")
    for user in users:
        for entity in entities if user not in rejected else ():
            id = f"{role} {entity} {user}"
            if call.ctx.store.raw("role", id) is None:
                record = {"role_id": role, "entity_id": entity, "user_id": user, "date_create": call.ctx.now}
                call.ctx.store.insert("role", {"id": id, **record})
    if rejected:
        told = [{"id": user, "error": "user_not_found"} for user in rejected]
        return Reply(200, {"ok": False, "error": "failed_for_some_users", "rejected_users": told})
    return {}


@method("admin.roles.removeAssignments")
def remove_roles(call: Call) -> dict[str, Any]:
    """Take it from them."""
    role, entities, users = _assignment(call)
    for user in users:
        for entity in entities:
            if call.ctx.store.find("role", f"{role} {entity} {user}") is not None:
                call.ctx.store.delete("role", f"{role} {entity} {user}")
    return {}


@method("admin.roles.listAssignments")
def list_roles(call: Call) -> dict[str, Any]:
    """Who has which role where."""
    admin(call)
    roles, entities = call.args.names("role_ids"), call.args.names("entity_ids")
    backward = call.args.text("sort_dir", "ASC").lower() == "desc"
    rows = [
        row for row in call.ctx.store.select("role", order="newest" if backward else "oldest")
        if (not roles or row["role_id"] in roles) and (not entities or row["entity_id"] in entities)
    ]  # fmt: skip
    shown, metadata = page(call.args, rows, lambda row: str(row["id"]), "role")
    names = ("role_id", "entity_id", "user_id", "date_create")
    return {"role_assignments": [{name: row[name] for name in names} for row in shown], "response_metadata": metadata}


# barriers ------------------------------------------------------------------------------------------------------------


def _group(call: Call, id: str, error: str) -> dict[str, Any]:
    found = call.ctx.store.find("subteam", id)
    if found is None:
        raise fail(error)
    return {"id": id, "name": found["name"]}


def _barrier(call: Call) -> dict[str, Any]:
    (primary,), others, subjects = _needed(
        call, "primary_usergroup_id", "barriered_from_usergroup_ids", "restricted_subjects"
    )
    if set(subjects) != SUBJECTS:
        raise fail("invalid_restricted_subjects")
    return {
        "enterprise_id": "", "primary_usergroup": _group(call, primary, "primary_usergroup_not_found"),
        "date_update": call.ctx.now,
        "barriered_from_usergroups": [_group(call, id, "barriered_from_usergroups_not_found") for id in others],
        "restricted_subjects": subjects,
    }  # fmt: skip


@method("admin.barriers.create")
def create_barrier(call: Call) -> dict[str, Any]:
    """Keep groups from talking to each other."""
    barrier = {"id": call.ctx.new_id("Ba{upper:10}"), **_barrier(call)}
    for known in call.ctx.store.select("barrier"):
        if known["primary_usergroup"] == barrier["primary_usergroup"]:
            raise fail("barrier_already_exists")
    call.ctx.store.insert("barrier", barrier)
    return {"barrier": barrier}


def _one_barrier(call: Call) -> str:
    admin(call)
    id = call.args.text("barrier_id")
    if call.ctx.store.find("barrier", id) is None:
        raise fail("barrier_not_found")
    return id


@method("admin.barriers.update")
def update_barrier(call: Call) -> dict[str, Any]:
    """Keep others."""
    id = _one_barrier(call)
    return {"barrier": call.ctx.store.update("barrier", id, **_barrier(call))}


@method("admin.barriers.delete")
def delete_barrier(call: Call) -> dict[str, Any]:
    """Let them talk."""
    call.ctx.store.delete("barrier", _one_barrier(call))
    return {}


@method("admin.barriers.list")
def list_barriers(call: Call) -> dict[str, Any]:
    """All barriers."""
    admin(call)
    rows = list(call.ctx.store.select("barrier", order="oldest"))
    shown, metadata = page(call.args, rows, lambda row: str(row["id"]), "barrier")
    return {"barriers": shown, "response_metadata": metadata}


# policies of signing in ----------------------------------------------------------------------------------------------


def _policy(call: Call) -> str:
    admin(call)
    name = call.args.text("policy_name")
    if name not in POLICIES:
        raise fail("policy_not_found")
    return name


@method("admin.auth.policy.assignEntities", "admin.auth.policy.removeEntities")
def change_policy(call: Call) -> dict[str, Any]:
    """Put people under a policy, or take them out."""
    name = _policy(call)
    (users,) = _needed(call, "entity_ids")
    if call.args.text("entity_type", "USER") != "USER":
        raise fail("invalid_arguments")
    if _unknown(call, users):
        raise fail("entity_not_found")
    assign = (call.request.operation.id if call.request.operation else "").endswith("assignEntities")
    for user in users:
        known = call.ctx.store.find("policy", f"{name} {user}")
        if assign and known is None:
            record = {"id": f"{name} {user}", "entity_id": user, "entity_type": "USER", "date_added": call.ctx.now}
            call.ctx.store.insert("policy", {**record, "policy": name})
        elif not assign and known is not None:
            call.ctx.store.delete("policy", known["id"])
    total = len(list(call.ctx.store.select("policy", [Filter("policy", "=", name)])))
    return {"entity_total_count": total}


@method("admin.auth.policy.getEntities")
def policy_entities(call: Call) -> dict[str, Any]:
    """Who is under a policy."""
    rows = list(call.ctx.store.select("policy", [Filter("policy", "=", _policy(call))], order="oldest"))
    shown, metadata = page(call.args, rows, lambda row: str(row["id"]), "policy")
    names = ("entity_id", "entity_type", "date_added")
    entities = [{name: row[name] for name in names} for row in shown]
    return {"entities": entities, "entity_total_count": len(rows), "response_metadata": metadata}


# sessions ------------------------------------------------------------------------------------------------------------


@method("admin.users.session.setSettings")
def set_sessions(call: Call) -> dict[str, Any]:
    """How long people stay signed in."""
    (users,) = _needed(call, "user_ids")
    given = {
        "desktop_app_browser_quit": call.args.flag("desktop_app_browser_quit"),
        "duration": call.args.whole("duration", 0),
    }  # fmt: skip
    kept = {name: value for name, value in given.items() if name in call.args}
    if not kept:
        raise missing_argument("duration")
    for user in users:
        if call.ctx.store.find("session_setting", user) is None:
            call.ctx.store.insert("session_setting", {"id": user, "user_id": user})
        call.ctx.store.update("session_setting", user, **kept)
    return {}


@method("admin.users.session.getSettings")
def get_sessions(call: Call) -> dict[str, Any]:
    """What is set for whom."""
    (users,) = _needed(call, "user_ids")
    known = {user: call.ctx.store.find("session_setting", user) for user in users}
    return {
        "session_settings": [{k: v for k, v in row.items() if k != "id"} for row in known.values() if row],
        "no_settings_applied": [user for user, row in known.items() if row is None],
    }


@method("admin.users.session.clearSettings")
def clear_sessions(call: Call) -> dict[str, Any]:
    """Nothing is set for them any more."""
    (users,) = _needed(call, "user_ids")
    for user in users:
        if call.ctx.store.find("session_setting", user) is not None:
            call.ctx.store.delete("session_setting", user)
    return {}


@method("admin.users.session.resetBulk")
def reset_sessions(call: Call) -> dict[str, Any]:
    """Sign people out everywhere."""
    (users,) = _needed(call, "user_ids")
    if _unknown(call, users):
        raise fail("invalid_arguments")
    return {}


# many channels at once -----------------------------------------------------------------------------------------------


@method("admin.conversations.bulkDelete", "admin.conversations.bulkMove")
def bulk(call: Call) -> dict[str, Any]:
    """Delete many channels, or move them to another workspace of the organisation."""
    (ids,) = _needed(call, "channel_ids")
    if len(ids) > MOST_CHANNELS:
        raise fail("invalid_arguments")
    target = call.args.text("target_team_id")
    moving = (call.request.operation.id if call.request.operation else "").endswith("bulkMove")
    if moving and call.ctx.store.find("team", target) is None:
        raise fail("team_not_found")
    refused = []
    for id in ids:
        channel = call.ctx.store.find("channel", id)
        if channel is None or channel["is_general"]:
            word = "channel_not_found" if channel is None else "cant_delete_general"
            refused.append({"channel_id": id, "errors": [word]})
        elif moving:
            call.ctx.store.update("channel", id, team=target)
        else:
            call.ctx.store.delete("channel", id)
            webhooks.notify(call.ctx, call.team, "channel_deleted", {"channel": id})
    return {"bulk_action_id": call.ctx.token("digits", 13), "not_added": refused}


@method("admin.conversations.lookup")
def lookup(call: Call) -> dict[str, Any]:
    """Channels in which nobody has said anything since a moment."""
    (teams,) = _needed(call, "team_ids")
    before = call.args.whole("last_message_activity_before", 0)
    if not before:
        raise missing_argument("last_message_activity_before")
    most = call.args.whole("max_member_count", 1 << 30)
    limit_of(call.args, 100, 1000)
    store = call.ctx.store
    found = []
    for channel in store.select("channel", order="oldest"):
        newest = store.list("message", parent=channel["id"], limit=1).ids
        last = stamps.micros_of(newest[0].partition(" ")[2]) // 1_000_000 if newest else channel["created"]
        quiet = channel["team"] in teams and channel["kind"] in ("public", "private") and last < before
        if quiet and len(places.members(call.ctx, channel["id"])) <= most:
            found.append(str(channel["id"]))
    shown, metadata = page(call.args, found, str, "channel")
    return {"channel_ids": shown, "response_metadata": metadata}
