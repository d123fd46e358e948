"""admin.analytics.getFile: what people and public channels did in a day, counted; exports for admins.

Sources: https://docs.slack.dev/reference/methods/admin.analytics.getFile (the file is gzip of one JSON object a line)
and …/admin.users.unsupportedVersions.export. Imports: call, enterprises, filekit, messages, places.
"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import orjson

from twinkit import Filter, Reply
from twins.slack import enterprises, filekit, messages, places
from twins.slack.call import Call, method
from twins.slack.failing import fail, missing_argument
from twins.slack.handlers.workspace_admin import admin

SLACKBOT = "USLACKBOT"
TYPES = ("member", "public_channel")
MICROS = 1_000_000


@method("admin.analytics.getFile")
def get_file(call: Call) -> Reply:
    """The file of a day, or the names of the channels."""
    admin(call)
    kind = call.args.need("type")
    if kind not in TYPES:
        raise fail("invalid_type")
    if call.args.flag("metadata_only"):
        if kind != "public_channel":
            raise fail("metadata_not_available")
        rows = [_described(row) for row in _channels(call)]
    else:
        day = _day(call)
        rows = _members(call, day) if kind == "member" else _places(call, day)
    data = b"".join(orjson.dumps(row) + b"\n" for row in rows)
    return Reply(200, gzip.compress(data, mtime=0), {"content-type": "application/gzip"})


def _day(call: Call) -> date:
    text = call.args.text("date")
    if not text:
        raise missing_argument("date")
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise fail("invalid_date") from None
    if day >= datetime.fromtimestamp(call.ctx.now, UTC).date():
        raise fail("file_not_yet_available")
    return day


def _said(call: Call, day: date) -> list[dict[str, Any]]:
    """Everything said in a day, in this workspace."""
    begin = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * MICROS
    end = begin + int(timedelta(days=1).total_seconds()) * MICROS
    where = [Filter("@created", ">=", begin), Filter("@created", "<", end)]
    own = {row["id"]: row for row in call.ctx.store.select("channel", [Filter("team", "=", call.team)])}
    rows = [row for resource in ("message", "reply") for row in call.ctx.store.select(resource, where)]
    found = [{**row, "place": own[row["channel"]]} for row in rows if row["channel"] in own]
    return [row for row in found if row.get("subtype") in (None, "thread_broadcast", "file_share", "me_message")]


def _members(call: Call, day: date) -> list[dict[str, Any]]:
    said = _said(call, day)
    posted = Counter(str(row.get("user")) for row in said if not row.get("bot_id"))
    in_channels = Counter(
        str(row.get("user")) for row in said if not row.get("bot_id") and row["place"]["kind"] in ("public", "private")
    )
    files = Counter(str(row.get("user")) for row in said for _ in row.get("files", ()))
    users = call.ctx.store.select("user", [Filter("team_id", "=", call.team)], order="oldest")
    return [
        {
            "enterprise_id": "", "team_id": call.team, "date": day.isoformat(), "user_id": user["id"],
            "email_address": user["profile"].get("email", ""),
            "is_guest": bool(user["is_restricted"] or user["is_ultra_restricted"]),
            "is_billable_seat": not user["deleted"], "is_active": user["id"] in posted, "is_active_ios": False,
            "is_active_android": False, "is_active_desktop": user["id"] in posted, "reactions_added_count": 0,
            "messages_posted_count": posted[user["id"]], "channel_messages_posted_count": in_channels[user["id"]],
            "files_added_count": files[user["id"]], "is_active_apps": False, "is_active_workflows": False,
            "is_active_slack_connect": False, "total_calls_count": 0, "slack_calls_count": 0,
            "slack_huddles_count": 0, "search_count": 0, "date_claimed": user["updated"],
        }
        for user in users if not user["is_bot"] and user["id"] != "USLACKBOT"
    ]  # fmt: skip


def _channels(call: Call) -> list[dict[str, Any]]:
    where = [Filter("team", "=", call.team), Filter("kind", "=", "public")]
    return list(call.ctx.store.select("channel", where, order="oldest"))


def _described(channel: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "channel_id": channel["id"], "name": channel["name"], "topic": channel["topic"]["value"],
        "description": channel["purpose"]["value"],
    }  # fmt: skip


def _places(call: Call, day: date) -> list[dict[str, Any]]:
    said = _said(call, day)
    found = []
    for channel in _channels(call):
        here = [row for row in said if row["channel"] == channel["id"]]
        writers = {str(row.get("user")) for row in here if not row.get("bot_id")}
        found.append({
            "enterprise_id": "", "originating_team": {"team_id": channel["team"], "name": ""}, "team_id": call.team,
            "channel_id": channel["id"], "channel_type": "single_workspace_channel", "visibility": "public",
            "date": day.isoformat(), "date_created": channel["created"],
            "is_shared_externally": bool(channel.get("shared_with")), "shared_with": [],
            "total_members_count": call.ctx.store.count("member", parent=channel["id"]),
            "full_members_count": call.ctx.store.count("member", parent=channel["id"]), "guest_member_count": 0,
            "messages_posted_count": len(here), "messages_posted_by_members_count": len(
                [row for row in here if not row.get("bot_id")]
            ),
            "members_who_viewed_count": 0, "members_who_posted_count": len(writers), "reactions_added_count": 0,
        })  # fmt: skip
    return found


@method("admin.users.unsupportedVersions.export")
def export_unsupported(call: Call) -> dict[str, Any]:
    """Have Slackbot bring a zipped table of those with software that is no longer supported; here that is nobody."""
    import zipfile

    admin(call)
    if enterprises.id_of(call.ctx, call.team) is None:
        raise fail("not_an_enterprise")
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("unsupported_versions.csv"), b"")
    id = call.ctx.new_id("file")
    filekit.keep(call.ctx, id, packed.getvalue())
    name = "unsupported_versions.zip"
    file = filekit.new_file(call.ctx, id, name, name, len(packed.getvalue()), SLACKBOT, call.team)
    channel = places.direct(call.ctx, call.team, [SLACKBOT, call.user])
    shown = filekit.shown(filekit.placed(call.ctx, file, channel))
    said = {"user": SLACKBOT, "team": call.team, "text": "", "files": [shown], "upload": True, "subtype": "file_share"}
    messages.post(call.ctx, channel, said)
    return {}
