"""team.*. Source: https://docs.slack.dev/reference/methods/team.info. Imports: call, people."""

from __future__ import annotations

from typing import Any

from twins.slack import people
from twins.slack.call import Call, method
from twins.slack.failing import fail
from twins.slack.paging import numbered

HIDDEN = ("general", "primary_owner", "created", "settings", "plan")


def shown(team: dict[str, Any]) -> dict[str, Any]:
    """A workspace as replies show it."""
    return {name: value for name, value in team.items() if name not in HIDDEN}


@method("team.info")
def info(call: Call) -> dict[str, Any]:
    """The workspace, or another that the app is in."""
    id = call.args.text("team") or call.team
    team = call.ctx.store.find("team", id)
    domain = call.args.text("domain")
    if domain:
        team = next((each for each in call.ctx.store.select("team") if each["domain"] == domain), None)
    if team is None:
        raise fail("team_not_found")
    more = {
        "url": f"https://{team['domain']}.slack.com/", "avatar_base_url": "https://ca.slack-edge.com/",
        "is_verified": False,
    }  # fmt: skip
    return {"team": {**shown(team), **more}}


@method("team.profile.get")
def profile(call: Call) -> dict[str, Any]:
    """The fields of its own that profiles have here."""
    team = call.ctx.store.get("team", call.team)
    return {"profile": {"fields": team.get("profile_fields", [])}}


@method("team.accessLogs")
def access_logs(call: Call) -> dict[str, Any]:
    """Who has been here."""
    team = call.ctx.store.get("team", call.team)
    if team.get("plan") in ("", None):
        raise fail("paid_only")
    if call.args.whole("page", 1) > 100:
        raise fail("over_pagination_limit")
    logins = [
        {
            "user_id": user["id"], "username": user["name"], "date_first": team["created"],
            "date_last": user["updated"], "count": 1, "ip": "127.0.0.1", "user_agent": "twinkit", "isp": "",
            "country": "", "region": "",
        }
        for user in call.ctx.store.select("user", order="newest")
        if not user["is_bot"] and not user["deleted"]
    ]  # fmt: skip
    part, paging = numbered(call.args, logins)
    return {"logins": part, "paging": paging}


@method("team.billableInfo")
def billable(call: Call) -> dict[str, Any]:
    """Who is paid for."""
    id = call.args.text("user")
    users = [people.find(call.ctx, id)] if id else list(call.ctx.store.select("user", order="oldest"))
    found = {user["id"]: {"billing_active": not user["deleted"]} for user in users if not user["is_bot"]}
    return {"billable_info": found, "response_metadata": {"next_cursor": ""}}


@method("team.integrationLogs")
def integration_logs(call: Call) -> dict[str, Any]:
    """Which apps came and went."""
    logs = [
        {
            "app_id": app["id"], "app_type": app["name"], "change_type": "added", "date": str(call.ctx.now),
            "scope": ",".join(app["bot_scopes"]), "user_id": call.user, "user_name": "ana",
        }
        for app in call.ctx.store.select("app", order="newest")
    ]  # fmt: skip
    wanted = call.args.text("app_id")
    part, paging = numbered(call.args, [log for log in logs if not wanted or log["app_id"] == wanted])
    return {"logs": part, "paging": paging}


@method("team.billing.info")
def billing(call: Call) -> dict[str, Any]:
    """The plan."""
    return {"plan": call.ctx.store.get("team", call.team).get("plan") or "free"}


@method("team.preferences.list")
def preferences(call: Call) -> dict[str, Any]:
    """What the workspace has set."""
    return {
        "allow_message_deletion": True, "display_real_names": False, "disable_file_uploads": "allow_all",
        "msg_edit_window_mins": -1, "who_can_post_general": "everyone",
    }  # fmt: skip
