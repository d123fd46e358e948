"""Errors that the published document names: who provokes them, with which call; and those nothing provokes, and why."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from twinkit.testing.twin import Twin
from twins.slack import scopes, world

GENERAL, RANDOM, LEADS, OLD = world.GENERAL, world.RANDOM, world.LEADS, world.OLD
BOT, ANA, BEN = world.BOT_TOKEN, world.USER_TOKEN, world.MEMBER_TOKEN
NOW = 1_767_614_400
NONE: dict[str, Any] = {}
TEXT = {"text": "x"}
LATER = {**TEXT, "post_at": NOW + 99}
PLANNED = {"channel": GENERAL, "scheduled_message_id": "Q404"}
PREFS = {"channel_id": GENERAL, "prefs": "[]"}
OWN = {"client_id": world.CLIENT_ID, "client_secret": world.CLIENT_SECRET}
DIALOG = '{"title": "T", "callback_id": "c", "elements": [{"type": "text"}]}'
LONG = {"text": "x" * 40_001}
LONG_MARKDOWN = {"markdown_text": "x" * 12_001}
PREFS_OF = {"prefs": '{"who_can_post": "type:admin"}'}
ELSEWHERE = '{"https://b.test": {"text": "x"}}'
CROWD = ",".join(f"U{number}" for number in range(1001))
FLAT = "restricted_action_non_threadable_channel"
ADMINS: list[tuple[str, dict[str, Any]]] = [
    *((name, NONE) for name in ("archive", "convertToPrivate", "delete", "disconnectShared", "getConversationPrefs")),
    *((name, NONE) for name in ("getTeams", "unarchive")), ("rename", {"name": "x"}),
    ("setConversationPrefs", PREFS_OF), ("invite", {"user_ids": world.BEN}),
]  # fmt: skip
MANY = "[" + ",".join(['{"text": "a"}'] * 101) + "]"

ERRORS: list[tuple[str, str, dict[str, Any], str]] = [
    # method, token, arguments, error; a word in braces is the name of something that `prepare` made
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
    ("chat.meMessage", BOT, {"channel": GENERAL, **LONG}, "msg_too_long"),
    ("chat.postEphemeral", BOT, {"channel": "C404", "user": world.ANA, **TEXT}, "channel_not_found"),
    ("chat.postEphemeral", BOT, {"channel": OLD, "user": world.ANA, **TEXT}, "is_archived"),
    ("chat.postEphemeral", BOT, {"channel": GENERAL, "user": world.ANA}, "no_text"),
    ("chat.postEphemeral", BOT, {"channel": GENERAL, "user": world.EVE, **TEXT}, "user_not_in_channel"),
    ("chat.postMessage", BOT, TEXT, "channel_not_found"),
    ("chat.scheduleMessage", BOT, {"channel": GENERAL, **TEXT}, "invalid_time"),
    ("chat.scheduleMessage", BOT, {"channel": GENERAL, **TEXT, "post_at": "soon"}, "invalid_time"),
    ("chat.scheduleMessage", BOT, {"channel": "C404", **LATER}, "channel_not_found"),
    ("chat.scheduleMessage", BOT, {"channel": OLD, **LATER}, "is_archived"),
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
    ("admin.conversations.archive", ANA, {"channel_id": OLD}, "already_archived"),
    ("admin.conversations.archive", ANA, {"channel_id": GENERAL}, "cant_archive_general"),
    ("admin.conversations.archive", ANA, {"channel_id": "{im}"}, "channel_type_not_supported"),
    ("admin.conversations.convertToPrivate", ANA, {"channel_id": "{im}"}, "channel_type_not_supported"),
    ("admin.conversations.create", ANA, {"name": "general", "team_id": world.TEAM, "is_private": 0}, "name_taken"),
    ("admin.conversations.create", ANA, {"name": "zzz", "is_private": 0}, "team_id_or_org_required"),
    ("admin.conversations.delete", "{benadmin}", {"channel_id": RANDOM}, "not_an_admin"),
    ("admin.conversations.delete", ANA, {"channel_id": "{im}"}, "channel_type_not_supported"),
    ("admin.conversations.disconnectShared", "{benadmin}", {"channel_id": RANDOM}, "not_an_admin"),
    ("admin.conversations.getConversationPrefs", "{benadmin}", {"channel_id": RANDOM}, "not_an_admin"),
    ("admin.conversations.getConversationPrefs", ANA, {"channel_id": "{im}"}, "channel_type_not_supported"),
    ("admin.conversations.getTeams", ANA, {"channel_id": "{im}"}, "channel_type_not_supported"),
    ("admin.conversations.getTeams", ANA, {"channel_id": GENERAL, "cursor": "x"}, "invalid_cursor"),
    ("admin.conversations.getTeams", ANA, {"channel_id": GENERAL, "limit": -1}, "invalid_limit"),
    ("admin.conversations.invite", ANA, {"channel_id": "{im}", "user_ids": world.BEN}, "channel_type_not_supported"),
    ("admin.conversations.rename", ANA, {"channel_id": RANDOM, "name": "general"}, "name_taken"),
    ("admin.conversations.rename", ANA, {"channel_id": "{im}", "name": "q"}, "channel_type_not_supported"),
    ("admin.conversations.search", "{benadmin}", NONE, "not_an_admin"),
    ("admin.conversations.search", ANA, {"team_ids": "T404"}, "team_not_found"),
    ("admin.conversations.search", ANA, {"cursor": "x"}, "invalid_cursor"),
    ("admin.conversations.search", ANA, {"sort": "odd"}, "invalid_sort"),
    ("admin.conversations.setConversationPrefs", "{benadmin}", {"channel_id": RANDOM, "prefs": "{}"}, "not_an_admin"),
    ("admin.conversations.setConversationPrefs", ANA, {"channel_id": "{im}", **PREFS_OF}, "channel_type_not_supported"),
    ("admin.conversations.unarchive", ANA, {"channel_id": GENERAL}, "channel_not_archived"),
    ("admin.conversations.unarchive", ANA, {"channel_id": "{im}"}, "channel_type_not_supported"),
    ("apps.permissions.request", BOT, {"scopes": "a:b", "trigger_id": "{used}"}, "trigger_exchanged"),
    ("chat.delete", BOT, {"channel": GENERAL, "ts": "{ts}"}, "cant_delete_message"),
    ("chat.meMessage", BEN, {"channel": "{room}", **TEXT}, "not_in_channel"),
    ("chat.postEphemeral", BOT, {"channel": GENERAL, "user": world.ANA, **LONG_MARKDOWN}, "msg_too_long"),
    ("chat.postEphemeral", BOT, {"channel": GENERAL, "user": world.ANA, "attachments": MANY}, "too_many_attachments"),
    ("chat.postMessage", ANA, {"channel": OLD, **TEXT}, "is_archived"),
    ("chat.postMessage", BEN, {"channel": "{room}", **TEXT}, "not_in_channel"),
    ("chat.postMessage", BOT, {"channel": GENERAL, **LONG_MARKDOWN}, "msg_too_long"),
    ("chat.postMessage", BOT, {"channel": GENERAL}, "no_text"),
    ("chat.postMessage", BOT, {"channel": GENERAL, "attachments": MANY}, "too_many_attachments"),
    ("chat.scheduleMessage", BOT, {"channel": GENERAL, **TEXT, "post_at": NOW - 1}, "time_in_past"),
    ("chat.scheduleMessage", BOT, {"channel": GENERAL, **TEXT, "post_at": NOW + 121 * 86400}, "time_too_far"),
    ("chat.scheduleMessage", BEN, {"channel": "{room}", **LATER}, "not_in_channel"),
    ("chat.scheduleMessage", BOT, {"channel": GENERAL, "post_at": LATER["post_at"], **LONG_MARKDOWN}, "msg_too_long"),
    ("chat.scheduleMessage", BOT, {"channel": GENERAL, **LATER, "attachments": MANY}, "too_many_attachments"),
    ("chat.unfurl", BOT, {"channel": GENERAL, "ts": "{link}", "unfurls": ELSEWHERE}, "cannot_unfurl_url"),
    ("chat.unfurl", BOT, {"channel": GENERAL, "ts": "{link}"}, "missing_unfurls"),
    ("chat.update", BOT, {"channel": GENERAL, "ts": "{ts}", **TEXT}, "cant_update_message"),
    ("chat.update", BOT, {"channel": GENERAL, "ts": "{own}", **LONG}, "msg_too_long"),
    ("chat.update", BOT, {"channel": GENERAL, "ts": "{own}", "attachments": MANY}, "too_many_attachments"),
    ("chat.update", BOT, {"channel": GENERAL, "ts": "{own}"}, "no_text"),
    ("conversations.archive", BOT, {"channel": "{im}"}, "method_not_supported_for_channel_type"),
    ("conversations.archive", BOT, {"channel": GENERAL}, "cant_archive_general"),
    ("conversations.close", BOT, {"channel": GENERAL}, "method_not_supported_for_channel_type"),
    ("conversations.close", BOT, {"channel": "{room}"}, "method_not_supported_for_channel_type"),
    ("conversations.create", BOT, {"name": "general"}, "name_taken"),
    ("conversations.create", BOT, NONE, "invalid_name_required"),
    ("conversations.create", BOT, {"name": "--"}, "invalid_name_punctuation"),
    ("conversations.create", BOT, {"name": "x" * 81}, "invalid_name_maxlength"),
    ("conversations.create", BOT, {"name": "A B"}, "invalid_name_specials"),
    ("conversations.history", BOT, {"channel": GENERAL, "latest": "x"}, "invalid_ts_latest"),
    ("conversations.history", BOT, {"channel": GENERAL, "oldest": "x"}, "invalid_ts_oldest"),
    ("conversations.invite", BOT, {"channel": "{mpim}", "users": world.CHLOE}, "method_not_supported_for_channel_type"),
    ("conversations.invite", BOT, {"channel": RANDOM, "users": "U404"}, "user_not_found"),
    ("conversations.invite", BOT, {"channel": RANDOM}, "no_user"),
    ("conversations.invite", BOT, {"channel": RANDOM, "users": world.BOT_USER}, "cant_invite_self"),
    ("conversations.invite", BOT, {"channel": "{room}", "users": world.BEN}, "not_in_channel"),
    ("conversations.invite", BOT, {"channel": RANDOM, "users": world.BEN}, "already_in_channel"),
    ("conversations.invite", BOT, {"channel": RANDOM, "users": world.EVE}, "cant_invite"),
    ("conversations.invite", BOT, {"channel": RANDOM, "users": CROWD}, "too_many_users"),
    ("conversations.kick", BOT, {"channel": "{mpim}", "user": world.ANA}, "method_not_supported_for_channel_type"),
    ("conversations.kick", BOT, {"channel": RANDOM, "user": "U404"}, "user_not_found"),
    ("conversations.kick", BOT, {"channel": RANDOM, "user": world.BOT_USER}, "cant_kick_self"),
    ("conversations.kick", BOT, {"channel": "{room}", "user": world.ANA}, "not_in_channel"),
    ("conversations.kick", BOT, {"channel": GENERAL, "user": world.BEN}, "cant_kick_from_general"),
    ("conversations.kick", BEN, {"channel": RANDOM, "user": world.CHLOE}, "restricted_action"),
    ("conversations.leave", BOT, {"channel": "{im}"}, "method_not_supported_for_channel_type"),
    ("conversations.leave", BEN, {"channel": "{solo}"}, "last_member"),
    ("conversations.leave", BOT, {"channel": GENERAL}, "cant_leave_general"),
    ("conversations.mark", BOT, {"channel": GENERAL, "ts": "x"}, "invalid_timestamp"),
    ("conversations.mark", BOT, {"channel": "{room}", "ts": "1.1"}, "not_in_channel"),
    ("conversations.members", BOT, {"channel": GENERAL, "limit": -1}, "invalid_limit"),
    ("conversations.members", BOT, {"channel": GENERAL, "cursor": "x"}, "invalid_cursor"),
    ("conversations.open", BOT, {"users": "U404"}, "user_not_found"),
    ("conversations.open", BOT, {"users": world.EVE}, "user_disabled"),
    ("conversations.open", BOT, NONE, "users_list_not_supplied"),
    ("conversations.open", BOT, {"users": ",".join(f"U{n}" for n in range(9))}, "too_many_users"),
    ("conversations.open", BOT, {"channel": GENERAL}, "method_not_supported_for_channel_type"),
    ("conversations.rename", BOT, {"channel": "{mpim}", "name": "q"}, "method_not_supported_for_channel_type"),
    ("conversations.rename", BOT, {"channel": "{room}", "name": "q"}, "not_in_channel"),
    ("conversations.rename", ANA, {"channel": RANDOM, "name": "--"}, "invalid_name_punctuation"),
    ("conversations.rename", ANA, {"channel": RANDOM, "name": "x" * 81}, "invalid_name_maxlength"),
    ("conversations.replies", BOT, {"channel": GENERAL, "ts": "1.1"}, "thread_not_found"),
    ("conversations.setPurpose", BOT, {"channel": "{im}", "purpose": "x"}, "method_not_supported_for_channel_type"),
    ("conversations.setPurpose", BOT, {"channel": "{room}", "purpose": "x"}, "not_in_channel"),
    ("conversations.setTopic", BOT, {"channel": "{room}", "topic": "x"}, "not_in_channel"),
    ("conversations.setTopic", ANA, {"channel": OLD, "topic": "x"}, "is_archived"),
    ("conversations.setTopic", BOT, {"channel": GENERAL, "topic": "x" * 251}, "too_long"),
    ("conversations.unarchive", BOT, {"channel": "{im}"}, "method_not_supported_for_channel_type"),
    ("conversations.join", BOT, {"channel": "{im}"}, "method_not_supported_for_channel_type"),
    ("dialog.open", BOT, {"trigger_id": "{trigger}", "dialog": "{}"}, "validation_errors"),
    ("dialog.open", BOT, {"trigger_id": "{used}", "dialog": DIALOG}, "trigger_exchanged"),
    ("dnd.endSnooze", ANA, NONE, "snooze_not_active"),
    ("dnd.info", BOT, {"user": "U404"}, "user_not_found"),
    ("files.comments.delete", ANA, {"file": "{file}", "id": "Fc1"}, "comment_not_found"),
    ("files.delete", BOT, {"file": "{gone}"}, "file_deleted"),
    ("files.delete", BEN, {"file": "{anafile}"}, "cant_delete_file"),
    ("files.info", BOT, {"file": "F404"}, "file_not_found"),
    ("files.info", BOT, {"file": "{gone}"}, "file_deleted"),
    ("files.list", BOT, {"types": "odd"}, "unknown_type"),
    ("pins.add", BOT, {"channel": GENERAL, "timestamp": "{own}"}, "already_pinned"),
    ("pins.add", BOT, {"channel": "{room}", "timestamp": "{joined}"}, "not_pinnable"),
    ("pins.remove", BOT, {"channel": GENERAL, "timestamp": "x"}, "bad_timestamp"),
    ("pins.remove", BOT, {"channel": GENERAL, "file": "F404"}, "file_not_found"),
    ("pins.remove", BOT, {"channel": GENERAL, "file_comment": "Fc1"}, "file_comment_not_found"),
    ("pins.remove", BOT, {"channel": GENERAL, "timestamp": "1.1"}, "message_not_found"),
    ("pins.remove", BOT, {"channel": GENERAL, "timestamp": "{ts}"}, "not_pinned"),
    ("reactions.add", BOT, {"name": "x", "channel": GENERAL, "timestamp": "x"}, "bad_timestamp"),
    ("reactions.add", BOT, {"name": "x", "channel": GENERAL, "timestamp": "1.1"}, "message_not_found"),
    ("reactions.add", BOT, {"name": "!", "channel": GENERAL, "timestamp": "{ts}"}, "invalid_name"),
    ("reactions.add", BOT, {"name": "tada", "channel": GENERAL, "timestamp": "{own}"}, "already_reacted"),
    ("reactions.get", BOT, {"channel": GENERAL, "timestamp": "x"}, "bad_timestamp"),
    ("reactions.get", BOT, {"channel": GENERAL, "timestamp": "1.1"}, "message_not_found"),
    ("reactions.get", BOT, NONE, "no_item_specified"),
    ("reactions.remove", BOT, {"name": "x", "channel": GENERAL, "timestamp": "x"}, "bad_timestamp"),
    ("reactions.remove", BOT, {"name": "x", "file": "F404"}, "file_not_found"),
    ("reactions.remove", BOT, {"name": "x", "file_comment": "Fc1"}, "file_comment_not_found"),
    ("reactions.remove", BOT, {"name": "x", "channel": GENERAL, "timestamp": "1.1"}, "message_not_found"),
    ("reactions.remove", BOT, {"name": "x"}, "no_item_specified"),
    ("reactions.remove", BOT, {"name": "x", "channel": GENERAL, "timestamp": "{ts}"}, "no_reaction"),
    ("reminders.add", ANA, {"text": "x", "time": "when it suits"}, "cannot_parse"),
    ("reminders.add", ANA, {"text": "x", "time": "in 1 day", "user": "U404"}, "user_not_found"),
    ("reminders.add", ANA, {"text": "x", "time": "in 1 day", "user": world.BOT_USER}, "cannot_add_bot"),
    ("reminders.add", ANA, {"text": "x", "time": "in 1 day", "user": "USLACKBOT"}, "cannot_add_slackbot"),
    ("reminders.add", ANA, {"text": "x", "time": "every monday", "user": world.BEN}, "cannot_add_others_recurring"),
    ("reminders.complete", ANA, {"reminder": "{every}"}, "cannot_complete_recurring"),
    ("reminders.complete", ANA, {"reminder": "{forben}"}, "cannot_complete_others"),
    ("reminders.delete", ANA, {"reminder": "Rm404"}, "not_found"),
    ("reminders.info", ANA, {"reminder": "Rm404"}, "not_found"),
    ("stars.add", ANA, {"channel": GENERAL, "timestamp": "1.1"}, "message_not_found"),
    ("stars.add", ANA, {"file_comment": "Fc1"}, "file_comment_not_found"),
    ("stars.add", ANA, NONE, "no_item_specified"),
    ("stars.add", ANA, {"channel": GENERAL, "timestamp": "{own}"}, "already_starred"),
    ("stars.remove", ANA, {"channel": GENERAL, "timestamp": "x"}, "bad_timestamp"),
    ("stars.remove", ANA, {"channel": GENERAL, "timestamp": "1.1"}, "message_not_found"),
    ("stars.remove", ANA, {"file": "F404"}, "file_not_found"),
    ("stars.remove", ANA, {"file_comment": "Fc1"}, "file_comment_not_found"),
    ("stars.remove", ANA, NONE, "no_item_specified"),
    ("users.info", BOT, {"user": "U404"}, "user_not_found"),
    ("users.lookupByEmail", BOT, {"email": "no@where.test"}, "users_not_found"),
    ("users.profile.set", ANA, {"name": "avatar_hash", "value": "x"}, "reserved_name"),
    ("users.profile.set", ANA, {"user": world.CHLOE, "name": "title", "value": "x"}, "cannot_update_admin_user"),
    ("users.setPhoto", ANA, NONE, "not_found"),
    ("chat.postMessage", BOT, {"channel": "{quiet}", **TEXT}, "restricted_action_read_only_channel"),
    ("chat.scheduleMessage", BOT, {"channel": "{quiet}", **LATER}, "restricted_action_read_only_channel"),
    ("chat.scheduleMessage", BOT, {"channel": "{threads}", **LATER}, "restricted_action_thread_only_channel"),
    ("chat.scheduleMessage", BOT, {"channel": "{flat}", **LATER, "thread_ts": "1.1"}, FLAT),
    ("conversations.archive", "{single}", {"channel": GENERAL}, "user_is_ultra_restricted"),
    ("conversations.invite", "{single}", {"channel": GENERAL, "users": world.ANA}, "user_is_ultra_restricted"),
    ("conversations.join", "{single}", {"channel": RANDOM}, "user_is_ultra_restricted"),
    ("conversations.leave", "{single}", {"channel": RANDOM}, "user_is_ultra_restricted"),
    ("conversations.unarchive", "{single}", {"channel": OLD}, "user_is_ultra_restricted"),
    ("conversations.invite", ANA, {"channel": "{room}", "users": "{only}"}, "ura_max_channels"),
    ("conversations.mark", "xapp-1-A0TWINAPP01-twinkit", {"channel": GENERAL, "ts": "1.1"}, "not_allowed_token_type"),
    ("apps.uninstall", "xoxb-other", OWN, "client_id_token_mismatch"),
    ("conversations.open", BOT, {"users": "{far}"}, "user_not_visible"),
    ("users.info", BOT, {"user": "{far}"}, "user_not_visible"),
    ("dialog.open", "xoxb-other", {"dialog": DIALOG, "trigger_id": "{theirs}"}, "app_missing_action_url"),
    ("conversations.create", BOT, {"name": "!"}, "invalid_name_punctuation"),
    ("users.lookupByEmail", BOT, NONE, "users_not_found"),
    *((f"admin.conversations.{name}", ANA, {**more, "channel_id": "C404"}, "channel_not_found")
      for name, more in ADMINS),
    ("conversations.info", BOT, {"channel": "C404"}, "channel_not_found"),
    ("conversations.setPurpose", BOT, {"channel": "C404", "purpose": "x"}, "channel_not_found"),
    ("conversations.unarchive", BOT, {"channel": "C404"}, "channel_not_found"),
    ("stars.remove", ANA, {"channel": "C404"}, "channel_not_found"),
    *((name, "{guest}", NONE, "user_is_restricted") for name in sorted(scopes.GUESTS_NOT)),
]  # fmt: skip


# what the calls speak of ---------------------------------------------------------------------------------------------


class Maker:
    """Makes records through the Web API."""

    def __init__(self, twin: Twin, web: httpx.Client) -> None:
        self.twin = twin
        self.web = web

    def call(self, method: str, token: str = BOT, **arguments: Any) -> dict[str, Any]:
        """What a call gives, which has to succeed."""
        told = self.web.post(method, json=arguments, headers={"authorization": f"Bearer {token}"}).json()
        assert told["ok"], (method, arguments, told)
        return dict(told)

    def grant(self, user: str, scope: str) -> str:
        """A token of somebody, with scopes."""
        asked = {"client_id": world.CLIENT_ID, "user_scope": scope, "redirect_uri": "http://127.0.0.1:1/x"}
        answer = httpx.post(
            f"{self.twin.url}/oauth/v2/authorize", data={**asked, "twin_user": user, "twin_answer": "allow"}
        )
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        given = {**OWN, "code": code, "redirect_uri": asked["redirect_uri"]}
        return str(self.web.post("oauth.v2.access", data=given).json()["authed_user"]["access_token"])

    def file(self, token: str) -> str:
        """A small file in #general."""
        ticket = self.call("files.getUploadURLExternal", token, filename="a.txt", length=1)
        httpx.post(ticket["upload_url"], content=b"a")
        self.call("files.completeUploadExternal", token, files=[{"id": ticket["file_id"]}], channel_id=GENERAL)
        return str(ticket["file_id"])

    def trigger(self, app: str = world.APP) -> str:
        """A trigger of a shortcut."""
        return str(self.twin.do("shortcut", user="ana", callback_id="n", app=app)["trigger_id"])

    def user(self, name: str) -> str:
        """Somebody's id."""
        return str(self.twin.records("user", name=name)[0]["id"])

    def quiet(self, name: str, **prefs: str) -> str:
        """A channel of ana's with the bot in it, and preferences."""
        id = str(self.call("conversations.create", ANA, name=name)["channel"]["id"])
        self.call("conversations.invite", ANA, channel=id, users=world.BOT_USER)
        self.call("admin.conversations.setConversationPrefs", ANA, channel_id=id, prefs=prefs)
        return id


def prepare(twin: Twin, web: httpx.Client) -> dict[str, str]:
    """Name → id, timestamp or token of what the calls speak of."""
    made = Maker(twin, web)
    call = made.call
    found = {
        "ts": call("chat.postMessage", ANA, channel=GENERAL, text="by ana")["ts"],
        "own": call("chat.postMessage", channel=GENERAL, text="own")["ts"],
        "im": call("conversations.open", users=world.ANA)["channel"]["id"],
        "mpim": call("conversations.open", users=f"{world.ANA},{world.BEN}")["channel"]["id"],
        "room": call("conversations.create", ANA, name="room")["channel"]["id"],
        "solo": call("conversations.create", BEN, name="solo", is_private=True)["channel"]["id"],
        "every": call("reminders.add", ANA, text="x", time="every monday")["reminder"]["id"],
        "forben": call("reminders.add", ANA, text="x", time="in 1 day", user=world.BEN)["reminder"]["id"],
        "file": made.file(BOT), "anafile": made.file(ANA), "gone": made.file(BOT),
        "benadmin": made.grant("ben", "admin.conversations:write,admin.conversations:read,admin.users:write"),
        "guest": made.grant("dan", ",".join(world.USER_SCOPES)),
        "single": made.grant("only", ",".join(world.USER_SCOPES)),
        "trigger": made.trigger(), "used": made.trigger(),
        "only": made.user("only"), "far": made.user("far"),
        "theirs": made.trigger("A0OTHER0001"),
        "quiet": made.quiet("quiet", who_can_post="type:admin", can_thread="type:admin"),
        "threads": made.quiet("threads", who_can_post="type:admin"),
        "flat": made.quiet("flat", can_thread="type:admin"),
        "link": twin.do("posts", user="ana", text="see https://a.test/1")["ts"],
    }  # fmt: skip
    call("files.delete", file=found["gone"])
    call("pins.add", channel=GENERAL, timestamp=found["own"])
    call("reactions.add", channel=GENERAL, timestamp=found["own"], name="tada")
    call("stars.add", ANA, channel=GENERAL, timestamp=found["own"])
    call("views.open", trigger_id=found["used"], view={"type": "modal", "title": TITLE, "blocks": []})
    call("conversations.join", channel=found["room"])
    found["joined"] = call("conversations.history", channel=found["room"])["messages"][0]["ts"]
    call("conversations.leave", channel=found["room"])
    return found


TITLE = {"type": "plain_text", "text": "T"}
BASELINE = {
    "team": [{"id": "T0OTHER0001", "name": "Other"}],
    "app": [{"id": "A0OTHER0001", "name": "Other", "events": []}],
    "user": [{"name": "only", "is_ultra_restricted": True}, {"name": "far", "team_id": "T0OTHER0001"}],
    "channel": [{"name": "guests", "members": ["only"]}],
    "token": [
        {"token": "xoxp-eve", "user": "eve"}, {"token": "xoxp-revoked", "revoked": True},
        {"token": "xoxb-none", "scopes": ["identify"]}, {"token": "xoxp-none", "scopes": ["identify"]},
    ],
}  # fmt: skip

# what nothing provokes -----------------------------------------------------------------------------------------------

ASKED = "trouble of the service, which a failure profile brings about"
ENTERPRISE = "an organisation or its channels, which the twin has none of"
SETTING = "a setting or plan of the workspace that the twin does not have"
RETIRED = "a kind of token or of file that is no more"
NOT_HERE: dict[str, str] = {
    **dict.fromkeys((
        "fatal_error", "internal_error", "request_timeout", "rate_limited", "unknown_error", "snooze_end_failed",
        "fetch_members_failed", "could_not_archive_channel", "could_not_convert_channel", "could_not_create_channel",
        "could_not_delete_channel", "could_not_get_conversation_prefs", "could_not_get_teams",
        "could_not_rename_channel", "could_not_unarchive_channel", "timezone_count_failed", "cannot_create_dialog",
        "failed_sending_dialog", "cannot_find_service", "cannot_prompt", "bad_token",
    ), ASKED),
    **dict.fromkeys((
        "team_added_to_org", "org_login_required", "default_org_wide_channel", "external_channel_migrating",
        "unsupported_team_type", "not_an_enterprise", "leaving_team_not_in_channel", "no_teams_to_disconnect",
        "leaving_team_required", "cannot_kick_team", "cannot_kick_home_team", "enterprise_is_restricted",
        "not_supported", "invalid_team",
    ), ENTERPRISE),
    **dict.fromkeys((
        "upgrade_required", "feature_not_enabled", "restricted_action", "compliance_exports_prevent_deletion",
        "ekm_access_denied", "edit_window_closed", "is_inactive", "not_allowed", "paid_only", "limit_required",
        "posting_to_general_channel_denied", "file_uploads_disabled", "file_uploads_except_images_disabled",
        "storage_limit_reached", "permission_denied", "not_app_admin", "user_must_be_admin", "too_many_frames",
        "too_large", "too_many_reactions",
    ), SETTING),
    **dict.fromkeys(("no_permission", "user_is_bot", "cant_delete", "file_not_shared"), RETIRED),
    **dict.fromkeys((
        "invalid_post_typ", "missing_post_typ", "request_timeou", "account_inactiv", "upgrade_require",
    ), "a word that the document cut short"),
}  # fmt: skip
"""Error → why no call of the twin ends with it."""
RULED_OUT: dict[tuple[str, str], str] = {
    ("admin.conversations.convertToPrivate", "name_taken"): "names are taken across kinds, so the new one is not",
    ("admin.conversations.convertToPrivate", "method_not_supported_for_channel_type"): "channel_type_not_supported",
    ("admin.conversations.disconnectShared", "team_not_found"): ENTERPRISE,
    ("chat.deleteScheduledMessage", "invalid_arguments"): "invalid_scheduled_message_id says more",
    ("chat.scheduleMessage", "invalid_arguments"): "invalid_time and channel_not_found say more",
    ("chat.scheduledMessages.list", "invalid_arguments"): "invalid_channel says more",
    ("chat.scheduledMessages.list", "missing_scope"): "it needs none",
    ("users.setActive", "invalid_arguments"): "it has no arguments",
    ("conversations.close", "user_does_not_own_channel"): "channel_not_found, for nobody else sees it",
    ("conversations.create", "method_not_supported_for_channel_type"): "nothing else can be created",
    ("conversations.create", "no_channel"): "invalid_name_required",
    ("conversations.create", "invalid_name"): "one of the more precise words",
    ("conversations.rename", "invalid_name"): "one of the more precise words",
    ("conversations.mark", "method_not_supported_for_channel_type"): "every kind can be marked",
    ("conversations.setTopic", "method_not_supported_for_channel_type"): "every kind has a topic",
    ("conversations.open", "invalid_user_combination"): "not_enough_users",
    ("users.conversations", "method_not_supported_for_channel_type"): "invalid_types",
}
"""(method, error) → what the twin says in its place, or why it never comes to it."""
