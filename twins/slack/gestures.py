"""What the controls share: the head of an interaction's payload, and sending it to its app. Imports: modals, places.

Source: https://docs.slack.dev/reference/interaction-payloads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from twinkit import Ctx
from twins.slack import enterprises, modals, people, places

Data = Mapping[str, Any]
NAMED = re.compile(r"(?<!\S)(?:(?P<url>https?://\S+)|@(?P<user>[\w.-]+)|#(?P<channel>[\w-]+))")


def escaped(ctx: Ctx, team: str, text: str) -> str:
    """The text of a command whose app has people, channels and addresses escaped; private channels go unnamed."""

    def spelled(match: re.Match[str]) -> str:
        if match["url"]:
            return f"<{match['url']}>"
        if match["user"]:
            user = people.named(ctx, match["user"])
            return f"<@{user['id']}>" if user else match[0]
        channel = places.by_name(ctx, team, match["channel"])
        if channel is None:
            return match[0]
        return f"<#{channel['id']}|{channel['name'] if channel['kind'] == 'public' else ''}>"

    return NAMED.sub(spelled, text)


def send(ctx: Ctx, kind: str, type: str, payload: dict[str, Any], app: Data, team: str) -> dict[str, Any]:
    """Send an app what somebody did; returns the id under which its answer will be kept."""
    ctx.emit(type, payload, kind=kind, team=team, channel="", app=app["id"])
    newest = ctx.store.list("sent", limit=1).ids
    return {"id": newest[0] if newest else "", "trigger_id": payload.get("trigger_id", "")}


def head(ctx: Ctx, kind: str, app: Data, user: Data, *, view: str = "", channel: str = "") -> dict[str, Any]:
    """What every interaction says: its kind, who did it where, and a trigger."""
    team = ctx.store.get("team", str(user["team_id"]))
    return {
        "type": kind, "team": {"id": team["id"], "domain": team["domain"]}, "enterprise": enterprises.told(team),
        "is_enterprise_install": False, "api_app_id": app["id"], "token": app["verification_token"],
        "user": {"id": user["id"], "username": user["name"], "name": user["name"], "team_id": user["team_id"]},
        "trigger_id": modals.new_trigger(ctx, str(app["id"]), str(user["id"]), str(team["id"]), view, channel),
    }  # fmt: skip


def old_head(ctx: Ctx, kind: str, app: Data, user: Data) -> dict[str, Any]:
    """What interactions of the old kinds say, dialogs and buttons of attachments."""
    team = ctx.store.get("team", str(user["team_id"]))
    return {
        "type": kind, "team": {"id": team["id"], "domain": team["domain"]}, "enterprise": enterprises.told(team),
        "is_enterprise_install": False, "user": {"id": user["id"], "name": user["name"]},
        "token": app["verification_token"], "action_ts": f"{ctx.now}.000000",
    }  # fmt: skip


def named(channel: Data) -> dict[str, str]:
    """A conversation as payloads name it."""
    names = {"im": "directmessage", "mpim": "privategroup", "private": "privategroup"}
    return {"id": channel["id"], "name": names.get(channel["kind"], channel["name"])}
