"""usergroups.*. Source: https://docs.slack.dev/reference/methods/usergroups.create. Imports: call, webhooks."""

from __future__ import annotations

from typing import Any

from twinkit import Filter
from twins.slack import webhooks
from twins.slack.call import Call, method
from twins.slack.failing import fail, missing_argument


def _shown(call: Call, group: dict[str, Any], users: bool = False) -> dict[str, Any]:
    found = dict(group)
    people = found["users"]
    if call.args.flag("include_count") or users:
        found["user_count"] = len(people)
    if not (users or call.args.flag("include_users")):
        found.pop("users")
    return found


def _one(call: Call) -> dict[str, Any]:
    found = call.ctx.store.find("subteam", call.args.text("usergroup"))
    if found is None or found["team_id"] != call.team:
        raise fail("no_such_subteam")
    return found


def _handle(call: Call, own: str = "") -> str:
    handle = call.args.text("handle").removeprefix("@")
    for group in call.ctx.store.select("subteam", [Filter("handle", "=", handle)]):
        if handle and group["id"] != own:
            raise fail("handle_already_exists")
    taken = next(call.ctx.store.select("user", [Filter("name", "=", handle)]), None) if handle else None
    if taken is not None:
        raise fail("handle_already_exists")
    return handle


def _channels(call: Call) -> list[str]:
    ids = call.args.names("channels")
    if any(call.ctx.store.find("channel", id) is None for id in ids):
        raise fail("channel_not_found")
    return ids


def _changed(call: Call, id: str, event: str = "subteam_updated", **changes: Any) -> dict[str, Any]:
    stamp = {"date_update": call.ctx.now, "updated_by": call.user}
    after = call.ctx.store.update("subteam", id, **{**stamp, **changes})
    webhooks.notify(call.ctx, call.team, event, {"subteam": {**after, "user_count": len(after["users"])}})
    return after


@method("usergroups.create")
def create(call: Call) -> dict[str, Any]:
    """A group that can be mentioned."""
    name = call.args.text("name")
    if not name:
        raise missing_argument("name")
    if next(call.ctx.store.select("subteam", [Filter("name", "=", name)]), None) is not None:
        raise fail("name_already_exists")
    handle = _handle(call) or "".join(letter for letter in name.lower() if letter.isalnum() or letter in "-_")
    group = {
        "id": call.ctx.new_id("subteam"), "team_id": call.team, "is_usergroup": True, "is_subteam": True, "name": name,
        "description": call.args.text("description"), "handle": handle, "is_external": False,
        "date_create": call.ctx.now, "date_update": call.ctx.now, "date_delete": 0, "auto_type": None,
        "auto_provision": False, "enterprise_subteam_id": "", "created_by": call.user, "updated_by": call.user,
        "deleted_by": None, "prefs": {"channels": _channels(call), "groups": []}, "users": [],
    }  # fmt: skip
    call.ctx.store.insert("subteam", group)
    webhooks.notify(call.ctx, call.team, "subteam_created", {"subteam": {**group, "user_count": 0}})
    return {"usergroup": _shown(call, group)}


@method("usergroups.update")
def update(call: Call) -> dict[str, Any]:
    """Change one."""
    group = _one(call)
    changes: dict[str, Any] = {name: call.args.text(name) for name in ("name", "description") if name in call.args}
    if "handle" in call.args:
        changes["handle"] = _handle(call, group["id"])
    if "channels" in call.args:
        changes["prefs"] = {**group["prefs"], "channels": _channels(call)}
    return {"usergroup": _shown(call, _changed(call, group["id"], **changes))}


@method("usergroups.disable")
def disable(call: Call) -> dict[str, Any]:
    """Put one out of use."""
    group = _one(call)
    if group["date_delete"]:
        raise fail("already_disabled")
    return {"usergroup": _shown(call, _changed(call, group["id"], date_delete=call.ctx.now, deleted_by=call.user))}


@method("usergroups.enable")
def enable(call: Call) -> dict[str, Any]:
    """Put it into use again."""
    group = _one(call)
    if not group["date_delete"]:
        raise fail("already_enabled")
    return {"usergroup": _shown(call, _changed(call, group["id"], date_delete=0, deleted_by=None))}


@method("usergroups.list")
def list_groups(call: Call) -> dict[str, Any]:
    """All, those out of use only when asked for."""
    rows = call.ctx.store.select("subteam", [Filter("team_id", "=", call.team)], order="oldest")
    disabled = call.args.flag("include_disabled")
    return {"usergroups": [_shown(call, row) for row in rows if disabled or not row["date_delete"]]}


@method("usergroups.users.list")
def list_users(call: Call) -> dict[str, Any]:
    """Who is in one."""
    group = _one(call)
    if group["date_delete"] and not call.args.flag("include_disabled"):
        raise fail("no_such_subteam")
    return {"users": group["users"]}


@method("usergroups.users.update")
def set_users(call: Call) -> dict[str, Any]:
    """Put these people, and no others, in; an empty text empties the group.

    As in https://github.com/slackapi/java-slack-sdk (test_with_remote_apis/methods/usergroups_Test.java).
    """
    group = _one(call)
    given = call.args.data.get("users")
    if given is None:
        raise fail("missing_required_argument")
    users = call.args.names("users")
    if given and not users:
        raise fail("no_users_provided")
    if any(call.ctx.store.find("user", user) is None for user in users):
        raise fail("invalid_users")
    before = group["users"]
    after = _changed(call, group["id"], users=users)
    change = {
        "subteam_id": group["id"], "team_id": call.team, "date_previous_update": group["date_update"],
        "date_update": after["date_update"], "added_users": [user for user in users if user not in before],
        "removed_users": [user for user in before if user not in users],
    }  # fmt: skip
    change.update(added_users_count=len(change["added_users"]), removed_users_count=len(change["removed_users"]))
    webhooks.notify(call.ctx, call.team, "subteam_members_changed", change)
    for type, whom in (("subteam_self_added", "added_users"), ("subteam_self_removed", "removed_users")):
        for user in change[whom]:
            webhooks.notify(call.ctx, call.team, type, {"subteam_id": group["id"]}, person=user)
    return {"usergroup": _shown(call, after, users=True)}
