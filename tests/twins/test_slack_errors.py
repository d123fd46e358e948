"""Errors that the published document names, each provoked by a call: method, who calls, arguments, error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.twins.slack_bench import slack_server
from twinkit.testing import TwinServer
from twinkit.testing.twin import Twin
from twins.slack import world

__all__ = ["slack_server"]
GENERAL, RANDOM, LEADS, OLD = world.GENERAL, world.RANDOM, world.LEADS, world.OLD
BOT, ANA, BEN = world.BOT_TOKEN, world.USER_TOKEN, world.MEMBER_TOKEN
NOW = 1_767_614_400
NONE: dict[str, Any] = {}
TEXT = {"text": "x"}
PLANNED = {"channel": GENERAL, "scheduled_message_id": "Q404"}
PREFS = {"channel_id": GENERAL, "prefs": "[]"}
OWN = {"client_id": world.CLIENT_ID, "client_secret": world.CLIENT_SECRET}
DIALOG = '{"title": "T", "callback_id": "c", "elements": [{"type": "text"}]}'

ERRORS: list[tuple[str, str, dict[str, Any], str]] = [
    ("api.test", BOT, {"error": "my_error"}, "my_error"),
    ("apps.uninstall", BOT, {"client_id": "1.2", "client_secret": "x"}, "invalid_client_id"),
    ("apps.uninstall", BOT, {**OWN, "client_secret": "x"}, "bad_client_secret"),
    ("apps.permissions.request", BOT, {"scopes": "nonsense", "trigger_id": "1"}, "invalid_scope"),
    ("apps.permissions.request", BOT, {"scopes": "a:b", "trigger_id": "1"}, "invalid_trigger"),
    ("apps.permissions.request", BOT, {"scopes": "a:b", "trigger_id": "1", "user": "U404"}, "invalid_user"),
    ("apps.permissions.resources.list", BOT, {"cursor": "x"}, "invalid_cursor"),
    ("bots.info", BOT, {"bot": "B404"}, "bot_not_found"),
    ("chat.delete", BOT, {"channel": GENERAL, "ts": "1.1"}, "message_not_found"),
    ("chat.delete", BOT, {"channel": "C404", "ts": "1.1"}, "channel_not_found"),
    ("chat.deleteScheduledMessage", BOT, {"channel": "C404", "scheduled_message_id": "Q"}, "channel_not_found"),
    ("chat.deleteScheduledMessage", BOT, PLANNED, "invalid_scheduled_message_id"),
    ("chat.getPermalink", BOT, {"channel": "C404", "message_ts": "1.1"}, "channel_not_found"),
    ("chat.getPermalink", BOT, {"channel": GENERAL, "message_ts": "1.1"}, "message_not_found"),
    ("chat.meMessage", BOT, {"channel": "C404", **TEXT}, "channel_not_found"),
    ("chat.meMessage", BOT, {"channel": OLD, **TEXT}, "is_archived"),
    ("chat.meMessage", BOT, {"channel": GENERAL}, "no_text"),
    ("chat.meMessage", BOT, {"channel": GENERAL, "text": "x" * 40_001}, "msg_too_long"),
    ("chat.postEphemeral", BOT, {"channel": "C404", "user": world.ANA, **TEXT}, "channel_not_found"),
    ("chat.postEphemeral", BOT, {"channel": OLD, "user": world.ANA, **TEXT}, "is_archived"),
    ("chat.postEphemeral", BOT, {"channel": GENERAL, "user": world.ANA}, "no_text"),
    ("chat.postEphemeral", BOT, {"channel": GENERAL, "user": world.EVE, **TEXT}, "user_not_in_channel"),
    ("chat.postMessage", BOT, TEXT, "channel_not_found"),
    ("chat.scheduleMessage", BOT, {"channel": GENERAL, **TEXT}, "invalid_time"),
    ("chat.scheduleMessage", BOT, {"channel": GENERAL, **TEXT, "post_at": "soon"}, "invalid_time"),
    ("chat.scheduleMessage", BOT, {"channel": "C404", **TEXT, "post_at": NOW + 99}, "channel_not_found"),
    ("chat.scheduleMessage", BOT, {"channel": OLD, **TEXT, "post_at": NOW + 99}, "is_archived"),
    ("chat.scheduleMessage", BOT, {"channel": GENERAL, "post_at": NOW + 99}, "no_text"),
    ("chat.scheduledMessages.list", BOT, {"channel": "C404"}, "invalid_channel"),
    ("chat.update", BOT, {"channel": GENERAL, "ts": "1.1", **TEXT}, "message_not_found"),
    ("chat.update", BOT, {"channel": "C404", "ts": "1.1", **TEXT}, "channel_not_found"),
    ("conversations.archive", BOT, {"channel": "C404"}, "channel_not_found"),
    ("conversations.archive", BOT, {"channel": OLD}, "already_archived"),
    ("conversations.close", BOT, {"channel": "D404"}, "channel_not_found"),
    ("conversations.history", BOT, {"channel": "C404"}, "channel_not_found"),
    ("conversations.history", BOT, {"channel": LEADS}, "channel_not_found"),
    ("conversations.invite", BOT, {"channel": OLD, "users": world.ANA}, "is_archived"),
    ("conversations.invite", BOT, {"channel": "C404", "users": world.ANA}, "channel_not_found"),
    ("conversations.join", BOT, {"channel": "C404"}, "channel_not_found"),
    ("conversations.join", BOT, {"channel": OLD}, "is_archived"),
    ("conversations.join", ANA, {"channel": LEADS}, "method_not_supported_for_channel_type"),
    ("conversations.kick", BOT, {"channel": "C404", "user": world.ANA}, "channel_not_found"),
    ("conversations.leave", BOT, {"channel": "C404"}, "channel_not_found"),
    ("conversations.leave", ANA, {"channel": OLD}, "is_archived"),
    ("conversations.mark", ANA, {"channel": "C404", "ts": "1.1"}, "channel_not_found"),
    ("conversations.members", BOT, {"channel": "C404"}, "channel_not_found"),
    ("conversations.open", BOT, {"channel": "D404"}, "channel_not_found"),
    ("conversations.open", BOT, {"users": world.BOT_USER}, "not_enough_users"),
    ("conversations.rename", BOT, {"channel": "C404", "name": "x"}, "channel_not_found"),
    ("conversations.rename", BOT, {"channel": RANDOM, "name": "x"}, "not_authorized"),
    ("conversations.rename", ANA, {"channel": RANDOM, "name": "general"}, "name_taken"),
    ("conversations.rename", ANA, {"channel": RANDOM, "name": "A B"}, "invalid_name_specials"),
    ("conversations.rename", ANA, {"channel": RANDOM}, "invalid_name_required"),
    ("conversations.replies", BOT, {"channel": "C404", "ts": "1.1"}, "channel_not_found"),
    ("conversations.setPurpose", ANA, {"channel": OLD, "purpose": "x"}, "is_archived"),
    ("conversations.setPurpose", ANA, {"channel": GENERAL, "purpose": "x" * 251}, "too_long"),
    ("conversations.setTopic", BOT, {"channel": "C404", "topic": "x"}, "channel_not_found"),
    ("conversations.unarchive", BOT, {"channel": GENERAL}, "not_archived"),
    ("dialog.open", BOT, {"trigger_id": "1"}, "missing_dialog"),
    ("dialog.open", BOT, {"dialog": DIALOG}, "missing_trigger"),
    ("dialog.open", BOT, {"dialog": DIALOG, "trigger_id": "1"}, "invalid_trigger"),
    ("dnd.setSnooze", ANA, NONE, "missing_duration"),
    ("dnd.setSnooze", ANA, {"num_minutes": "x"}, "snooze_failed"),
    ("dnd.setSnooze", ANA, {"num_minutes": 99_999_999}, "too_long"),
    ("files.comments.delete", ANA, {"file": "F404", "id": "Fc1"}, "file_not_found"),
    ("files.delete", BOT, {"file": "F404"}, "file_not_found"),
    ("files.list", BOT, {"user": "U404"}, "user_not_found"),
    ("files.sharedPublicURL", ANA, {"file": "F404"}, "file_not_found"),
    ("files.revokePublicURL", ANA, {"file": "F404"}, "file_not_found"),
    ("files.upload", BOT, {"content": "x", "channels": "C404"}, "invalid_channel"),
    ("migration.exchange", BOT, {"users": world.ANA}, "not_enterprise_team"),
    ("migration.exchange", BOT, {"users": ",".join(f"U{n}" for n in range(401))}, "too_many_users"),
    ("pins.add", BOT, NONE, "channel_not_found"),
    ("pins.add", BOT, {"channel": GENERAL}, "no_item_specified"),
    ("pins.add", BOT, {"channel": GENERAL, "timestamp": "x"}, "bad_timestamp"),
    ("pins.add", BOT, {"channel": GENERAL, "timestamp": "1.1"}, "message_not_found"),
    ("pins.remove", BOT, {"channel": GENERAL}, "no_item_specified"),
    ("pins.list", BOT, {"channel": "C404"}, "channel_not_found"),
    ("reactions.add", BOT, {"name": "x"}, "no_item_specified"),
    ("reactions.get", BOT, {"file": "F404"}, "file_not_found"),
    ("reactions.get", BOT, {"file_comment": "Fc1"}, "file_comment_not_found"),
    ("reactions.list", BOT, {"user": "U404"}, "user_not_found"),
    ("reactions.remove", BOT, {"name": "!", "channel": GENERAL, "timestamp": "1.1"}, "invalid_name"),
    ("reminders.complete", ANA, {"reminder": "Rm404"}, "not_found"),
    ("reminders.add", ANA, {"text": "x", "time": "in 1 day", "user": world.DAN}, "cannot_add_others"),
    ("stars.add", ANA, {"channel": "C404"}, "channel_not_found"),
    ("stars.add", ANA, {"file": "F404"}, "file_not_found"),
    ("stars.add", ANA, {"channel": GENERAL, "timestamp": "x"}, "bad_timestamp"),
    ("stars.remove", ANA, {"channel": GENERAL}, "not_starred"),
    ("team.accessLogs", ANA, {"page": 101}, "over_pagination_limit"),
    ("users.conversations", BOT, {"types": "x"}, "invalid_types"),
    ("users.conversations", BOT, {"cursor": "x"}, "invalid_cursor"),
    ("users.conversations", BOT, {"limit": -1}, "invalid_limit"),
    ("users.list", BOT, {"cursor": "x"}, "invalid_cursor"),
    ("users.profile.get", BOT, {"user": "U404"}, "user_not_found"),
    ("users.profile.set", ANA, NONE, "invalid_profile"),
    ("users.profile.set", BEN, {"name": "email", "value": "x@y.z"}, "not_admin"),
    ("users.profile.set", ANA, {"name": "status_text", "value": "x" * 101}, "profile_set_failed"),
    ("users.setPhoto", ANA, {"image": "no picture"}, "bad_image"),
    ("users.setPresence", ANA, {"presence": "x"}, "invalid_presence"),
    ("admin.conversations.search", ANA, {"sort_dir": "up"}, "invalid_sort_dir"),
    ("admin.conversations.search", ANA, {"search_channel_types": "odd"}, "invalid_search_channel_type"),
    ("admin.conversations.setConversationPrefs", ANA, PREFS, "could_not_set_channel_pref"),
    ("admin.conversations.disconnectShared", ANA, {"channel_id": GENERAL}, "not_an_enterprise"),
    ("admin.conversations.delete", BEN, {"channel_id": GENERAL}, "missing_scope"),
    ("admin.conversations.create", ANA, {"name": "A B", "team_id": world.TEAM, "is_private": 1}, "invalid_name"),
    ("admin.conversations.create", ANA, {"name": "x", "team_id": "T404", "is_private": 1}, "team_not_found"),
    ("admin.conversations.invite", ANA, {"channel_id": GENERAL, "user_ids": "U404"}, "failed_for_some_users"),
    ("admin.inviteRequests.approve", ANA, {"invite_request_id": "I404"}, "invalid_request"),
    ("admin.apps.approve", ANA, NONE, "request_id_or_app_id_is_required"),
    ("admin.users.remove", ANA, {"team_id": world.TEAM, "user_id": world.ANA}, "cannot_modify_primary_owner"),
    ("admin.users.remove", ANA, {"team_id": world.TEAM, "user_id": world.EVE}, "user_already_deleted"),
    ("oauth.v2.access", "", {**OWN, "code": "x"}, "invalid_code"),
    ("oauth.v2.access", "", {**OWN, "grant_type": "x"}, "invalid_grant_type"),
    ("oauth.v2.exchange", "", {**OWN, "token": "x"}, "invalid_token"),
    ("rtm.connect", BOT, NONE, "not_allowed_token_type"),
]  # fmt: skip


@pytest.fixture(scope="module")
def fixed(slack_server: TwinServer) -> Iterator[Twin]:
    made = slack_server.instance("slack")
    yield made
    slack_server.remove(made)


@pytest.fixture(scope="module")
def web(fixed: Twin) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{fixed.url}/api/", timeout=20) as client:
        yield client


@pytest.mark.parametrize(("method", "token", "arguments", "expected"), ERRORS)
def test_a_documented_error(
    web: httpx.Client, method: str, token: str, arguments: dict[str, Any], expected: str
) -> None:
    head = {"authorization": f"Bearer {token}"} if token else {}
    reply = web.post(method, data=arguments, headers=head)
    assert reply.status_code == 200
    assert (reply.json()["ok"], reply.json()["error"]) == (False, expected)


FORM = "application/x-www-form-urlencoded"
WIRE = [
    (b"{", "application/json; charset=utf-8", "invalid_json"),
    (b"[]", "application/json; charset=utf-8", "json_not_object"),
    (b"channel=C1", "", "missing_post_type"),
    (b"<x/>", "text/xml", "invalid_post_type"),
    (b"text=x", f"{FORM}; charset=utf-7", "invalid_charset"),
    (b"foo[7]=x", FORM, "invalid_array_arg"),
    (b"no%20way!=x", FORM, "invalid_arg_name"),
]


@pytest.mark.parametrize(("body", "kind", "expected"), WIRE)
def test_requests_that_cannot_be_read(fixed: Twin, body: bytes, kind: str, expected: str) -> None:
    head = {"authorization": f"Bearer {BOT}", **({"content-type": kind} if kind else {})}
    assert httpx.post(f"{fixed.url}/api/users.info", content=body, headers=head).json()["error"] == expected


def test_warnings_about_charsets(web: httpx.Client) -> None:
    head = {"authorization": f"Bearer {BOT}"}
    superfluous = {**head, "content-type": f"{FORM}; charset=utf-8"}
    told = web.post("auth.test", content=b"a=b", headers=superfluous).json()
    assert (told["warning"], told["response_metadata"]["warnings"]) == ("superfluous_charset", ["superfluous_charset"])
    assert "warning" not in web.post("auth.test", data={"a": "b"}, headers=head).json()
