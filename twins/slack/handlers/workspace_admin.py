"""admin.users.*, admin.teams.*, admin.inviteRequests.*, admin.apps.*, admin.emoji.*.

Source: https://docs.slack.dev/reference/methods. Imports: people, places, handlers.members, webhooks.
"""

from __future__ import annotations

from typing import Any

from twinkit import Filter
from twins.slack import people, places, webhooks
from twins.slack.call import Call, method
from twins.slack.failing import fail, missing_argument
from twins.slack.handlers import members, users
from twins.slack.handlers.teams import shown as shown_team
from twins.slack.paging import page


def admin(call: Call) -> None:
    """Only admins go on. Raises `not_an_admin`."""
    if not call.is_admin:
        raise fail("not_an_admin")


def _user(call: Call) -> dict[str, Any]:
    admin(call)
    return people.find(call.ctx, call.args.text("user_id"))


def _team(call: Call) -> dict[str, Any]:
    admin(call)
    found = call.ctx.store.find("team", call.args.text("team_id") or call.team)
    if found is None:
        raise fail("team_not_found")
    return found


# people --------------------------------------------------------------------------------------------------------------


@method("admin.users.list")
def list_users(call: Call) -> dict[str, Any]:
    """Everybody, as admins see them."""
    admin(call)
    rows = [row for row in call.ctx.store.select("user", order="oldest") if not row["is_bot"]]
    part, metadata = page(call.args, rows, lambda row: str(row["id"]), "user")
    found = [
        {
            "id": row["id"], "email": row["profile"].get("email", ""), "username": row["name"],
            "full_name": row["real_name"],
            "is_admin": row["is_admin"], "is_owner": row["is_owner"], "is_primary_owner": row["is_primary_owner"],
            "is_restricted": row["is_restricted"], "is_ultra_restricted": row["is_ultra_restricted"],
            "is_bot": row["is_bot"], "is_active": not row["deleted"], "date_created": row["updated"],
            "deactivated_ts": 0, "expiration_ts": int(row.get("expiration_ts", 0)), "workspaces": [row["team_id"]],
            "has_2fa": False, "has_sso": False,
        }
        for row in part
    ]  # fmt: skip
    return {"users": found, "response_metadata": metadata}


@method("admin.users.invite")
def invite(call: Call) -> dict[str, Any]:
    """Ask somebody in by mail."""
    admin(call)
    email, ids = call.args.text("email").lower(), call.args.names("channel_ids")
    if not email:
        raise missing_argument("email")
    if "@" not in email:
        raise fail("invalid_email")
    if not ids:
        raise missing_argument("channel_ids")
    for user in call.ctx.store.select("user"):
        if str(user["profile"].get("email", "")).lower() == email:
            raise fail("user_disabled" if user["deleted"] else "already_in_team")
    channels = [call.ctx.store.find("channel", id) for id in ids]
    if any(channel is None for channel in channels):
        raise fail("failed_to_validate_channels")
    name = email.partition("@")[0]
    special = {"is_restricted": call.args.flag("is_restricted"), "is_invited_user": True}
    special["is_ultra_restricted"] = call.args.flag("is_ultra_restricted")
    real = call.args.text("real_name") or name
    user = people.new_user(call.team, call.ctx.new_id("user"), name, real, call.ctx.now, **special)
    user["profile"]["email"] = email
    call.ctx.store.insert("user", user)
    for channel in channels:
        if channel is not None:
            members.enter(call.ctx, channel, user["id"])
    webhooks.notify(call.ctx, call.team, "team_join", {"user": people.told(user), "cache_ts": call.ctx.now})
    return {}


@method("admin.users.assign")
def assign(call: Call) -> dict[str, Any]:
    """Put somebody of the organisation into a workspace."""
    user = _user(call)
    _team(call)
    for id in call.args.names("channel_ids"):
        channel = call.ctx.store.find("channel", id)
        if channel is None:
            raise fail("channel_not_found")
        if places.membership(call.ctx, id, user["id"]) is None:
            members.enter(call.ctx, channel, user["id"])
    return {}


@method("admin.users.remove")
def remove(call: Call) -> dict[str, Any]:
    """Take somebody out: the account is deactivated, its tokens stop."""
    user = _user(call)
    if user["is_primary_owner"]:
        raise fail("cannot_modify_primary_owner")
    if user["deleted"]:
        raise fail("user_already_deleted")
    deactivate(call, user)
    return {}


def deactivate(call: Call, user: dict[str, Any]) -> None:
    """End somebody's account."""
    after = call.ctx.store.update("user", user["id"], deleted=True, updated=call.ctx.now)
    users.changed(call.ctx, after)


def _role(call: Call, **changes: Any) -> dict[str, Any]:
    user = _user(call)
    _team(call)
    if user["is_primary_owner"] and user["id"] != call.user:
        raise fail("cannot_modify_primary_owner")
    users.changed(call.ctx, call.ctx.store.update("user", user["id"], **changes, updated=call.ctx.now))
    return {}


@method("admin.users.setAdmin")
def set_admin(call: Call) -> dict[str, Any]:
    """Make an admin of somebody."""
    return _role(call, is_admin=True, is_restricted=False, is_ultra_restricted=False)


@method("admin.users.setOwner")
def set_owner(call: Call) -> dict[str, Any]:
    """Make an owner of somebody."""
    return _role(call, is_admin=True, is_owner=True, is_restricted=False, is_ultra_restricted=False)


@method("admin.users.setRegular")
def set_regular(call: Call) -> dict[str, Any]:
    """Make a plain member of somebody."""
    return _role(call, is_admin=False, is_owner=False, is_restricted=False, is_ultra_restricted=False)


@method("admin.users.setExpiration")
def set_expiration(call: Call) -> dict[str, Any]:
    """When a guest's account ends."""
    user = _user(call)
    if not user["is_restricted"] and not user["is_ultra_restricted"]:
        raise fail("not_allowed")
    at = call.args.whole("expiration_ts", 0)
    profile = {**user["profile"], "guest_expiration_ts": at}
    call.ctx.store.update("user", user["id"], expiration_ts=at, profile=profile)
    return {}


@method("admin.users.getExpiration")
def get_expiration(call: Call) -> dict[str, Any]:
    """It."""
    return {"expiration_ts": int(_user(call).get("expiration_ts", 0))}


@method("admin.users.session.reset", "admin.users.session.invalidate")
def reset_sessions(call: Call) -> dict[str, Any]:
    """Sign somebody out."""
    admin(call)
    if "user_id" in call.args:
        _user(call)
    return {}


@method("admin.users.session.list")
def list_sessions(call: Call) -> dict[str, Any]:
    """Who is signed in: nobody through a browser."""
    admin(call)
    return {"active_sessions": [], "response_metadata": {"next_cursor": ""}}


# workspaces ----------------------------------------------------------------------------------------------------------


@method("admin.teams.list")
def list_teams(call: Call) -> dict[str, Any]:
    """Every workspace."""
    admin(call)
    rows = list(call.ctx.store.select("team", order="oldest"))
    part, metadata = page(call.args, rows, lambda row: str(row["id"]), "team")
    found = [
        {
            "id": row["id"], "name": row["name"],
            "discoverability": row.get("settings", {}).get("discoverability", "open"),
            "primary_owner": {"user_id": row["primary_owner"]["id"], "email": row["primary_owner"]["email"]},
            "team_url": f"https://{row['domain']}.slack.com/",
        }
        for row in part
    ]  # fmt: skip
    return {"teams": found, "response_metadata": metadata}


@method("admin.teams.create")
def create_team(call: Call) -> dict[str, Any]:
    """Another workspace."""
    admin(call)
    domain, name = call.args.text("team_domain"), call.args.text("team_name")
    for key, value in (("team_domain", domain), ("team_name", name)):
        if not value:
            raise missing_argument(key)
    if next(call.ctx.store.select("team", [Filter("domain", "=", domain)]), None) is not None:
        raise fail("name_taken_in_org")
    own = call.ctx.store.get("team", call.team)
    settings = {"discoverability": call.args.text("team_discoverability", "closed")}
    id = call.ctx.new_id("team")
    general = places.new_channel(call.ctx, call.ctx.new_id("channel"), "general", call.user, id, is_general=True)
    places.add(call.ctx, general, [call.user])
    team = {**own, "id": id, "domain": domain, "name": name, "settings": settings, "general": general["id"]}
    call.ctx.store.insert("team", {**team, "description": call.args.text("team_description"), "created": call.ctx.now})
    return {"team": id}


def _with_role(call: Call, flag: str) -> tuple[list[str], dict[str, Any]]:
    team = _team(call)
    rows = [
        row["id"] for row in call.ctx.store.select("user", order="oldest") if row[flag] and row["team_id"] == team["id"]
    ]
    return page(call.args, rows, str, "user")


@method("admin.teams.admins.list")
def list_admins(call: Call) -> dict[str, Any]:
    """Ids of the admins."""
    ids, metadata = _with_role(call, "is_admin")
    return {"admin_ids": ids, "response_metadata": metadata}


@method("admin.teams.owners.list")
def list_owners(call: Call) -> dict[str, Any]:
    """Ids of the owners."""
    ids, metadata = _with_role(call, "is_owner")
    return {"owner_ids": ids, "response_metadata": metadata}


@method("admin.teams.settings.info")
def settings_info(call: Call) -> dict[str, Any]:
    """What is set."""
    team = _team(call)
    settings = team.get("settings", {})
    channels = settings.get("default_channels", [team["general"]])
    return {"team": {**shown_team(team), "default_channels": channels, **settings}}


def _set(call: Call, **changes: Any) -> dict[str, Any]:
    team = _team(call)
    call.ctx.store.update("team", team["id"], settings={**team.get("settings", {}), **changes})
    return {}


@method("admin.teams.settings.setName")
def set_name(call: Call) -> dict[str, Any]:
    """Another name."""
    team, name = _team(call), call.args.need("name")
    call.ctx.store.update("team", team["id"], name=name)
    webhooks.notify(call.ctx, team["id"], "team_rename", {"name": name})
    return {}


@method("admin.teams.settings.setDescription")
def set_description(call: Call) -> dict[str, Any]:
    """Another description."""
    return _set(call, description=call.args.text("description"))


@method("admin.teams.settings.setDiscoverability")
def set_discoverability(call: Call) -> dict[str, Any]:
    """Who may find it."""
    value = call.args.text("discoverability")
    if value not in ("open", "invite_only", "closed", "unlisted"):
        raise fail("invalid_arguments")
    return _set(call, discoverability=value)


@method("admin.teams.settings.setDefaultChannels")
def set_default_channels(call: Call) -> dict[str, Any]:
    """Where newcomers are put."""
    ids = call.args.names("channel_ids")
    if any(call.ctx.store.find("channel", id) is None for id in ids):
        raise fail("channel_not_found")
    return _set(call, default_channels=ids)


@method("admin.teams.settings.setIcon")
def set_icon(call: Call) -> dict[str, Any]:
    """Another picture."""
    team, url = _team(call), call.args.need("image_url")
    call.ctx.store.update("team", team["id"], icon={"image_default": False, "image_34": url})
    return {}


# requests ------------------------------------------------------------------------------------------------------------


def _decide(call: Call, resource: str, id: str, status: str, missing: str) -> dict[str, Any]:
    admin(call)
    found = call.ctx.store.find(resource, id)
    if found is None:
        raise fail(missing)
    if found["status"] != "pending":
        raise fail("already_processed" if resource == "invite_request" else "request_already_resolved")
    call.ctx.store.update(resource, id, status=status, date_updated=call.ctx.now, actor=call.user)
    return {}


def _requests(call: Call, resource: str, status: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    admin(call)
    rows = list(call.ctx.store.select(resource, [Filter("status", "=", status)], order="oldest"))
    return page(call.args, rows, lambda row: str(row["id"]), "request")


@method("admin.inviteRequests.approve")
def approve_invite(call: Call) -> dict[str, Any]:
    """Yes."""
    return _decide(call, "invite_request", call.args.text("invite_request_id"), "approved", "invalid_request")


@method("admin.inviteRequests.deny")
def deny_invite(call: Call) -> dict[str, Any]:
    """No."""
    return _decide(call, "invite_request", call.args.text("invite_request_id"), "denied", "invalid_request")


@method("admin.inviteRequests.list")
def list_invites(call: Call) -> dict[str, Any]:
    """Those to be decided."""
    rows, metadata = _requests(call, "invite_request", "pending")
    return {"invite_requests": rows, "response_metadata": metadata}


@method("admin.inviteRequests.approved.list")
def approved_invites(call: Call) -> dict[str, Any]:
    """Those approved."""
    rows, metadata = _requests(call, "invite_request", "approved")
    return {"approved_requests": rows, "response_metadata": metadata}


@method("admin.inviteRequests.denied.list")
def denied_invites(call: Call) -> dict[str, Any]:
    """Those denied."""
    rows, metadata = _requests(call, "invite_request", "denied")
    return {"denied_requests": rows, "response_metadata": metadata}


def _app_decision(call: Call, status: str) -> dict[str, Any]:
    admin(call)
    request, app = call.args.text("request_id"), call.args.text("app_id")
    if not request and not app:
        raise fail("request_id_or_app_id_is_required")
    if request and app:
        raise fail("too_many_ids_provided")
    store = call.ctx.store
    if request:
        return _decide(call, "app_request", request, status, "invalid_request_id")
    if store.find("app", app) is None:
        raise fail("invalid_app_id")
    store.update("app", app, approval=status, approval_at=call.ctx.now, approval_by=call.user)
    return {}


@method("admin.apps.approve")
def approve_app(call: Call) -> dict[str, Any]:
    """An app may be installed."""
    return _app_decision(call, "approved")


@method("admin.apps.restrict")
def restrict_app(call: Call) -> dict[str, Any]:
    """An app may not."""
    return _app_decision(call, "restricted")


def _apps(call: Call, status: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    admin(call)
    rows = [app for app in call.ctx.store.select("app", order="oldest") if app.get("approval") == status]
    part, metadata = page(call.args, rows, lambda row: str(row["id"]), "app")
    found = [
        {
            "app": {"id": row["id"], "name": row["name"], "description": ""}, "date_updated": row["approval_at"],
            "scopes": [{"name": scope, "is_sensitive": False, "token_type": "bot"} for scope in row["bot_scopes"]],
            "last_resolved_by": {"actor_id": row["approval_by"], "actor_type": "user"},
        }
        for row in part
    ]  # fmt: skip
    return found, metadata


@method("admin.apps.approved.list")
def approved_apps(call: Call) -> dict[str, Any]:
    """Apps that may be installed."""
    rows, metadata = _apps(call, "approved")
    return {"approved_apps": rows, "response_metadata": metadata}


@method("admin.apps.restricted.list")
def restricted_apps(call: Call) -> dict[str, Any]:
    """Apps that may not."""
    rows, metadata = _apps(call, "restricted")
    return {"restricted_apps": rows, "response_metadata": metadata}


@method("admin.apps.requests.list")
def app_requests(call: Call) -> dict[str, Any]:
    """Apps that somebody asked for."""
    rows, metadata = _requests(call, "app_request", "pending")
    return {"app_requests": rows, "response_metadata": metadata}


# emoji ---------------------------------------------------------------------------------------------------------------


def _emoji_event(call: Call, subtype: str, **more: Any) -> None:
    webhooks.notify(call.ctx, call.team, "emoji_changed", {"subtype": subtype, **more})


@method("admin.emoji.add")
def add_emoji(call: Call) -> dict[str, Any]:
    """A new one."""
    name, url = call.args.need("name").strip(":"), call.args.need("url")
    return _new_emoji(call, name, url)


def _new_emoji(call: Call, name: str, url: str) -> dict[str, Any]:
    admin(call)
    if call.ctx.store.find("emoji", name) is not None:
        raise fail("error_name_taken")
    record = {"name": name, "url": url, "created": call.ctx.now, "user": call.user}
    call.ctx.store.insert("emoji", record, id=name)
    _emoji_event(call, "add", name=name, value=url)
    return {}


@method("admin.emoji.addAlias")
def add_alias(call: Call) -> dict[str, Any]:
    """Another name for one."""
    name, other = call.args.need("name").strip(":"), call.args.need("alias_for").strip(":")
    if call.ctx.store.find("emoji", other) is None:
        raise fail("emoji_not_found")
    return _new_emoji(call, name, f"alias:{other}")


@method("admin.emoji.remove")
def remove_emoji(call: Call) -> dict[str, Any]:
    """Away with one."""
    admin(call)
    name = call.args.need("name").strip(":")
    if call.ctx.store.find("emoji", name) is None:
        raise fail("emoji_not_found")
    call.ctx.store.delete("emoji", name)
    _emoji_event(call, "remove", names=[name])
    return {}


@method("admin.emoji.rename")
def rename_emoji(call: Call) -> dict[str, Any]:
    """Another name in place of the old."""
    admin(call)
    name, new = call.args.need("name").strip(":"), call.args.need("new_name").strip(":")
    found = call.ctx.store.find("emoji", name)
    if found is None:
        raise fail("emoji_not_found")
    if call.ctx.store.find("emoji", new) is not None:
        raise fail("error_name_taken")
    call.ctx.store.delete("emoji", name)
    call.ctx.store.insert("emoji", {**found, "name": new}, id=new)
    _emoji_event(call, "rename", old_name=name, new_name=new, value=found["url"])
    return {}
