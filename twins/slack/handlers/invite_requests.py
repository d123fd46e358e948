"""conversations.requestSharedInvite.*: people ask to share a channel, admins answer. Imports: call, handlers.connect.

Source: https://docs.slack.dev/reference/methods/conversations.requestSharedInvite.list. The control
`requests_invite` asks.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Filter
from twins.slack import twin, webhooks
from twins.slack.call import Call, method
from twins.slack.failing import fail
from twins.slack.gestures import Data
from twins.slack.handlers import connect
from twins.slack.human import person, place
from twins.slack.paging import page

LIFE = 14 * 86_400


@twin.control("requests_invite")
def requests_invite(ctx: Ctx, data: Data) -> Any:
    """`user` asks that `email` be invited into `channel`, which admins have to approve."""
    user = person(ctx, data)
    channel = place(ctx, data, user)
    record = {
        "id": ctx.new_id("I{upper:10}"), "channel": channel["id"], "team": user["team_id"], "user": user["id"],
        "email": str(data.get("email") or ""), "status": "pending", "date_created": ctx.now, "date_updated": ctx.now,
        "expires_at": ctx.now + LIFE,
    }  # fmt: skip
    ctx.store.insert("shared_request", record)
    event = {"actor": connect.person(ctx, user["id"]), "channel_id": channel["id"], "event_type": "slack#/events/"
             "shared_channel_invite_requested", "channel_name": channel["name"], "channel_type": "public",
             "target_users": [{"email": record["email"], "invite_id": record["id"]}],
             "team_ids_in_channel": [channel["team"]], "is_external_limited": True, "channel_date_created":
             channel["created"], "message_latest_ts": ""}  # fmt: skip
    webhooks.notify(ctx, user["team_id"], "shared_channel_invite_requested", event)
    return {"id": record["id"]}


def _one(call: Call) -> dict[str, Any]:
    found = call.ctx.store.find("shared_request", call.args.need("invite_id"))
    if found is None or found["team"] != call.team:
        raise fail("invite_not_found")
    if found["status"] != "pending" or found["expires_at"] <= call.ctx.now:
        raise fail("invalid_action")
    return found


@method("conversations.requestSharedInvite.approve")
def approve(call: Call) -> dict[str, Any]:
    """Send the invite that was asked for."""
    found = _one(call)
    limited = call.args.flag("is_external_limited", True)
    made = connect.new_invite(
        call, call.args.text("channel_id") or found["channel"], email=found["email"], limited=limited
    )
    changes = {"status": "approved", "date_updated": call.ctx.now, "invite_id": made["id"]}
    call.ctx.store.update("shared_request", found["id"], **changes)
    return {"invite_id": made["id"]}


@method("conversations.requestSharedInvite.deny")
def deny(call: Call) -> dict[str, Any]:
    """Do not."""
    found = _one(call)
    call.ctx.store.update("shared_request", found["id"], status="denied", date_updated=call.ctx.now)
    return {"invite_id": found["id"]}


@method("conversations.requestSharedInvite.list")
def list_requests(call: Call) -> dict[str, Any]:
    """What is asked for; what was answered or is too old only when asked for."""
    args, now = call.args, call.ctx.now
    ids, user = args.names("invite_ids"), args.text("user_id")
    rows = []
    for row in call.ctx.store.select("shared_request", [Filter("team", "=", call.team)], order="oldest"):
        status = "expired" if row["status"] == "pending" and row["expires_at"] <= now else row["status"]
        asked = status == "pending" or args.flag(f"include_{status}")
        if asked and (not ids or row["id"] in ids) and user in ("", row["user"]):
            rows.append(row)
    shown, metadata = page(args, rows, lambda row: str(row["id"]), "request", maximum=200)
    return {"invite_requests": [_described(call, row) for row in shown], "response_metadata": metadata}


def _described(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    channel = call.ctx.store.get("channel", row["channel"])
    place = {
        "id": channel["id"], "name": channel["name"], "is_private": channel["kind"] == "private", "is_im": False,
        "date_created": channel["created"], "connections": [], "pending_connections": [], "previous_connections": [],
    }  # fmt: skip
    return {
        "id": row["id"], "inviting_team": connect.team(call, row["team"]),
        "inviting_user": connect.person(call.ctx, row["user"]),
        "recipient_email": row["email"], "channel": place, "date_created": row["date_created"],
        "date_last_updated": row["date_updated"], "expires_at": row["expires_at"],
    }  # fmt: skip
