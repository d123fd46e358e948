"""The Slack twin as slack_sdk's clients see it: tokens, messages, conversations, people."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.twins.slack_bench import ana, ben, bot, client, error, slack_server, twin
from twinkit.testing.twin import Twin
from twins.slack import world

__all__ = ["ana", "ben", "bot", "slack_server", "twin"]
GENERAL, RANDOM, LEADS, OLD = world.GENERAL, world.RANDOM, world.LEADS, world.OLD


# tokens --------------------------------------------------------------------------------------------------------------


def test_who_a_token_belongs_to(bot: WebClient, ana: WebClient) -> None:
    told = bot.auth_test()
    assert (told["user_id"], told["bot_id"], told["team"]) == (world.BOT_USER, world.BOT, "Twinkit")
    assert ana.auth_test()["user"] == "ana"
    assert "chat:write" in told.headers["x-oauth-scopes"]


@pytest.mark.parametrize(
    ("token", "expected"),
    [("xoxb-nobody", "invalid_auth"), ("", "not_authed"), (world.APP_TOKEN, "not_allowed_token_type")],
)
def test_tokens_that_do_not_work(twin: Twin, token: str, expected: str) -> None:
    reply = httpx.post(f"{twin.url}/api/users.list", headers={"authorization": f"Bearer {token}"} if token else {})
    assert reply.status_code == 200
    assert reply.json() == {"ok": False, "error": expected}


def test_a_token_anywhere_and_any_encoding(twin: Twin) -> None:
    url = f"{twin.url}/api/chat.postMessage"
    said = {"token": world.BOT_TOKEN, "channel": GENERAL, "text": "hi"}
    head = {"authorization": f"Bearer {world.BOT_TOKEN}"}
    assert httpx.get(url, params=said).json()["ok"]
    assert httpx.post(url, data=said).json()["ok"]
    assert httpx.post(url, files={name: (None, value) for name, value in said.items()}).json()["ok"]
    bare = httpx.post(url, headers=head, json={"channel": GENERAL, "text": "hi"}).json()
    assert bare["ok"] and bare["warning"] == "missing_charset"


def test_unknown_methods(twin: Twin) -> None:
    reply = httpx.post(f"{twin.url}/api/chat.shout")
    assert (reply.status_code, reply.json()) == (
        200,
        {"ok": False, "error": "unknown_method", "req_method": "chat.shout"},
    )


def test_missing_scope_tells_what_is_needed(twin: Twin) -> None:
    limited = client(twin, world.LIMITED_TOKEN)
    with pytest.raises(SlackApiError) as caught:
        limited.users_list()
    told = caught.value.response
    assert (told["error"], told["needed"], told["provided"]) == (
        "missing_scope",
        "users:read",
        "chat:write,channels:read",
    )
    assert error(limited.conversations_list, types="private_channel") == "missing_scope"


def test_revoked_and_deactivated(twin: Twin, ana: WebClient, ben: WebClient) -> None:
    assert ben.auth_revoke(test=True)["revoked"] is False
    assert ben.auth_revoke()["revoked"] is True
    assert error(ben.auth_test) == "token_revoked"
    assert ana.admin_users_remove(team_id=world.TEAM, user_id=world.BEN)["ok"]


def test_bots_may_not_do_what_people_do(bot: WebClient) -> None:
    assert error(bot.search_messages, query="x") == "not_allowed_token_type"
    assert error(bot.reminders_list) == "not_allowed_token_type"


# messages ------------------------------------------------------------------------------------------------------------


def test_a_message_and_its_life(bot: WebClient) -> None:
    said = bot.chat_postMessage(channel="#general", text="hello <@U0ANA000001>")
    assert said["channel"] == GENERAL
    assert said["message"]["bot_id"] == world.BOT and said["message"]["user"] == world.BOT_USER
    seen = bot.conversations_history(channel=GENERAL, limit=1)["messages"][0]
    assert (seen["text"], seen["ts"]) == ("hello <@U0ANA000001>", said["ts"])
    changed = bot.chat_update(channel=GENERAL, ts=said["ts"], text="hello again")
    assert changed["message"]["edited"]["user"] == world.BOT_USER
    link = bot.chat_getPermalink(channel=GENERAL, message_ts=said["ts"])["permalink"]
    assert link == f"https://twinkit.slack.com/archives/{GENERAL}/p{said['ts'].replace('.', '')}"
    bot.chat_delete(channel=GENERAL, ts=said["ts"])
    assert error(bot.chat_update, channel=GENERAL, ts=said["ts"], text="x") == "message_not_found"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"channel": "C404", "text": "x"}, "channel_not_found"),
        ({"channel": LEADS, "text": "x"}, "channel_not_found"),
        ({"channel": OLD, "text": "x"}, "is_archived"),
        ({"channel": GENERAL, "text": "", "attachments": []}, "no_text"),
        ({"channel": GENERAL, "markdown_text": "x" * 12_001}, "msg_too_long"),
        ({"channel": GENERAL, "text": "x", "thread_ts": "1.1"}, "thread_not_found"),
        ({"channel": GENERAL, "text": "x", "blocks": "{"}, "invalid_blocks_format"),
        ({"channel": GENERAL, "text": "x", "attachments": [{"text": "a"}] * 101}, "too_many_attachments"),
        ({"channel": GENERAL, "text": "x", "metadata": {"event_type": "a"}}, "invalid_metadata_format"),
    ],
)
def test_what_cannot_be_said(bot: WebClient, arguments: dict[str, Any], expected: str) -> None:
    assert error(bot.chat_postMessage, **arguments) == expected


def test_posting_where_one_is_not(twin: Twin, ben: WebClient) -> None:
    ben.conversations_leave(channel=RANDOM)
    assert error(ben.chat_postMessage, channel=RANDOM, text="x") == "not_in_channel"
    assert (
        error(client(twin, world.LIMITED_TOKEN).chat_postMessage, channel=GENERAL, text="x", username="y")
        == "missing_scope"
    )


def test_another_name_and_picture(bot: WebClient) -> None:
    said = bot.chat_postMessage(channel=GENERAL, text="x", username="Robo", icon_emoji=":robot_face:")["message"]
    assert (said["subtype"], said["username"], said["icons"]["emoji"]) == ("bot_message", "Robo", ":robot_face:")


def test_blocks_are_checked(bot: WebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        bot.chat_postMessage(channel=GENERAL, text="x", blocks=[{"type": "sektion"}])
    assert caught.value.response["error"] == "invalid_blocks"
    assert caught.value.response["response_metadata"]["messages"] == [
        "[ERROR] unsupported type: sektion [json-pointer:/blocks/0/type]"
    ]
    button = {"type": "button", "text": {"type": "plain_text", "text": "Go"}}
    said = bot.chat_postMessage(channel=GENERAL, text="x", blocks=[{"type": "actions", "elements": [button]}])[
        "message"
    ]
    assert said["blocks"][0]["block_id"] and said["blocks"][0]["elements"][0]["action_id"]


def test_threads(bot: WebClient, ana: WebClient) -> None:
    parent = bot.chat_postMessage(channel=GENERAL, text="question")["ts"]
    first = ana.chat_postMessage(channel=GENERAL, text="one", thread_ts=parent)["ts"]
    bot.chat_postMessage(channel=GENERAL, text="two", thread_ts=parent, reply_broadcast=True)
    thread = bot.conversations_replies(channel=GENERAL, ts=parent)["messages"]
    assert [each["text"] for each in thread] == ["question", "one", "two"]
    assert (thread[0]["reply_count"], thread[0]["reply_users"]) == (2, [world.ANA, world.BOT_USER])
    texts = [each["text"] for each in bot.conversations_history(channel=GENERAL)["messages"]]
    assert texts[:2] == ["two", "question"]
    bot.chat_delete(channel=GENERAL, ts=parent)
    stone = bot.conversations_replies(channel=GENERAL, ts=parent)["messages"][0]
    assert (stone["subtype"], stone["reply_count"]) == ("tombstone", 2)
    ana.chat_delete(channel=GENERAL, ts=first)
    assert bot.conversations_replies(channel=GENERAL, ts=parent)["messages"][0]["reply_count"] == 1


def test_only_ones_own(bot: WebClient, ana: WebClient, ben: WebClient) -> None:
    ts = ana.chat_postMessage(channel=GENERAL, text="mine")["ts"]
    assert error(bot.chat_update, channel=GENERAL, ts=ts, text="x") == "cant_update_message"
    assert error(ben.chat_delete, channel=GENERAL, ts=ts) == "cant_delete_message"
    said = bot.chat_postMessage(channel=GENERAL, text="bot's")["ts"]
    assert ana.chat_delete(channel=GENERAL, ts=said)["ok"], "an admin may"


def test_ephemeral_and_me(bot: WebClient) -> None:
    assert bot.chat_postEphemeral(channel=GENERAL, user=world.ANA, text="psst")["message_ts"]
    assert error(bot.chat_postEphemeral, channel=RANDOM, user=world.DAN, text="x") == "user_not_in_channel"
    before = bot.conversations_history(channel=GENERAL)["messages"]
    assert before == []
    assert bot.chat_meMessage(channel=GENERAL, text="waves")["ts"]


def test_unfurling(bot: WebClient, ana: WebClient) -> None:
    ts = ana.chat_postMessage(channel=GENERAL, text="see https://example.com/a")["ts"]
    bot.chat_unfurl(channel=GENERAL, ts=ts, unfurls={"https://example.com/a": {"text": "A"}})
    shown = bot.conversations_history(channel=GENERAL, limit=1)["messages"][0]
    assert shown["attachments"][0]["from_url"] == "https://example.com/a"
    wrong = {"https://example.com/b": {"text": "B"}}
    assert error(bot.chat_unfurl, channel=GENERAL, ts=ts, unfurls=wrong) == "cannot_unfurl_url"
    assert error(bot.chat_unfurl, channel=GENERAL, ts=ts, unfurls={}) == "missing_unfurls"


def test_streams(bot: WebClient, ana: WebClient) -> None:
    ts = ana.chat_postMessage(channel=GENERAL, text="tell me")["ts"]
    stream = bot.chat_startStream(
        channel=GENERAL, thread_ts=ts, recipient_user_id=world.ANA, recipient_team_id=world.TEAM, markdown_text="a"
    )["ts"]
    bot.chat_appendStream(channel=GENERAL, ts=stream, markdown_text="b")
    assert error(bot.chat_update, channel=GENERAL, ts=stream, text="x") == "streaming_state_conflict"
    assert bot.chat_stopStream(channel=GENERAL, ts=stream, markdown_text="c")["message"]["text"] == "abc"
    assert (
        error(bot.chat_appendStream, channel=GENERAL, ts=stream, markdown_text="d") == "message_not_in_streaming_state"
    )


def test_scheduled_messages_are_said_on_the_clock(twin: Twin, bot: WebClient) -> None:
    now = int(bot.chat_postMessage(channel=GENERAL, text="now")["ts"].partition(".")[0])
    planned = bot.chat_scheduleMessage(channel=GENERAL, text="later", post_at=now + 3600)
    taken = bot.chat_scheduleMessage(channel=GENERAL, text="never", post_at=now + 7200)["scheduled_message_id"]
    listed = bot.chat_scheduledMessages_list()["scheduled_messages"]
    assert [each["text"] for each in listed] == ["later", "never"]
    bot.chat_deleteScheduledMessage(channel=GENERAL, scheduled_message_id=taken)
    assert error(bot.chat_scheduleMessage, channel=GENERAL, text="x", post_at=now - 1) == "time_in_past"
    assert error(bot.chat_scheduleMessage, channel=GENERAL, text="x", post_at=now + 121 * 86400) == "time_too_far"
    twin.clock.advance(hours=3)
    newest = bot.conversations_history(channel=GENERAL, limit=1)["messages"][0]
    assert (newest["text"], newest["ts"].partition(".")[0]) == ("later", str(now + 3600))
    wrong = planned["scheduled_message_id"]
    assert (
        error(bot.chat_deleteScheduledMessage, channel=GENERAL, scheduled_message_id=wrong)
        == "invalid_scheduled_message_id"
    )


# conversations -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("general", "name_taken"),
        ("", "invalid_name_required"),
        ("---", "invalid_name_punctuation"),
        ("x" * 81, "invalid_name_maxlength"),
        ("Upper", "invalid_name_specials"),
        ("a b", "invalid_name_specials"),
    ],
)
def test_names_of_channels(bot: WebClient, name: str, expected: str) -> None:
    assert error(bot.conversations_create, name=name) == expected


def test_the_life_of_a_channel(bot: WebClient, ana: WebClient) -> None:
    id = bot.conversations_create(name="launch")["channel"]["id"]
    assert error(ana.conversations_setTopic, channel=id, topic="x") == "not_in_channel"
    bot.conversations_invite(channel=id, users=[world.ANA])
    assert error(bot.conversations_invite, channel=id, users=[world.ANA]) == "already_in_channel"
    assert bot.conversations_setTopic(channel=id, topic="soon")["channel"]["topic"]["value"] == "soon"
    assert error(bot.conversations_setTopic, channel=id, topic="x" * 251) == "too_long"
    assert bot.conversations_rename(channel=id, name="launched")["channel"]["previous_names"] == ["launch"]
    bot.conversations_archive(channel=id)
    assert error(bot.conversations_archive, channel=id) == "already_archived"
    assert error(bot.conversations_join, channel=id) == "is_archived"
    bot.conversations_unarchive(channel=id)
    assert error(bot.conversations_unarchive, channel=id) == "not_archived"
    bot.conversations_kick(channel=id, user=world.ANA)
    assert bot.conversations_members(channel=id)["members"] == [world.BOT_USER]
    subtypes = [each.get("subtype") for each in bot.conversations_history(channel=id)["messages"]]
    assert {"channel_join", "channel_topic", "channel_name", "channel_archive", "channel_leave"} <= set(subtypes)


@pytest.mark.parametrize(
    ("method", "arguments", "expected"),
    [
        ("archive", {"channel": GENERAL}, "cant_archive_general"),
        ("leave", {"channel": GENERAL}, "cant_leave_general"),
        ("kick", {"channel": GENERAL, "user": world.BEN}, "cant_kick_from_general"),
        ("kick", {"channel": RANDOM, "user": world.ANA}, "cant_kick_self"),
        ("kick", {"channel": RANDOM, "user": "U404"}, "user_not_found"),
        ("kick", {"channel": RANDOM, "user": world.DAN}, "not_in_channel"),
        ("invite", {"channel": RANDOM, "users": world.ANA}, "cant_invite_self"),
        ("invite", {"channel": RANDOM, "users": world.EVE}, "cant_invite"),
        ("invite", {"channel": RANDOM, "users": "U404"}, "user_not_found"),
        ("invite", {"channel": RANDOM, "users": ""}, "no_user"),
        ("info", {"channel": "C404"}, "channel_not_found"),
        ("mark", {"channel": RANDOM, "ts": "soon"}, "invalid_timestamp"),
        ("history", {"channel": RANDOM, "latest": "x"}, "invalid_ts_latest"),
        ("history", {"channel": RANDOM, "oldest": "x"}, "invalid_ts_oldest"),
        ("replies", {"channel": RANDOM, "ts": "1.000001"}, "thread_not_found"),
        ("members", {"channel": RANDOM, "cursor": "%"}, "invalid_cursor"),
        ("members", {"channel": RANDOM, "limit": -1}, "invalid_limit"),
        ("open", {"users": ""}, "users_list_not_supplied"),
        ("open", {"users": "U404"}, "user_not_found"),
        ("open", {"users": world.EVE}, "user_disabled"),
        ("open", {"users": ",".join(f"U{n}" for n in range(9))}, "too_many_users"),
        ("close", {"channel": GENERAL}, "method_not_supported_for_channel_type"),
        ("list", {"types": "secret"}, "invalid_types"),
        ("list", {"cursor": "bm9wZQ=="}, "invalid_cursor"),
    ],
)
def test_what_conversations_refuse(ana: WebClient, method: str, arguments: dict[str, Any], expected: str) -> None:
    assert error(getattr(ana, f"conversations_{method}"), **arguments) == expected


def test_direct_messages(bot: WebClient, ana: WebClient) -> None:
    opened = bot.conversations_open(users=[world.ANA])
    id = opened["channel"]["id"]
    assert id.startswith("D")
    assert bot.conversations_open(users=[world.ANA])["already_open"]
    bot.chat_postMessage(channel=world.ANA, text="hi")
    assert ana.conversations_history(channel=id)["messages"][0]["text"] == "hi"
    assert ana.conversations_info(channel=id)["channel"]["unread_count"] == 1
    ana.conversations_mark(channel=id, ts=ana.conversations_history(channel=id)["messages"][0]["ts"])
    assert ana.conversations_info(channel=id)["channel"]["unread_count"] == 0
    assert bot.conversations_close(channel=id)["ok"]
    assert bot.conversations_close(channel=id)["already_closed"]
    only = bot.conversations_open(users=[world.ANA, world.BEN])["channel"]
    group = bot.conversations_open(channel=only["id"], return_im=True)["channel"]
    assert list(only) == ["id"] and group["id"] == only["id"]
    assert group["is_mpim"] and group["name"] == "mpdm-twinbot--ana--ben-1"


def test_lists_by_pages(bot: WebClient, ana: WebClient) -> None:
    for number in range(7):
        bot.conversations_create(name=f"room-{number}")
    names = [channel["name"] for page in bot.conversations_list(limit=3) for channel in page["channels"]]
    assert names == ["general", "random", "old-project", *(f"room-{number}" for number in range(7))]
    private = ana.conversations_list(types="private_channel")["channels"]
    assert [channel["id"] for channel in private] == [LEADS]
    assert bot.conversations_list(types="private_channel")["channels"] == []
    assert error(bot.conversations_history, channel=LEADS) == "channel_not_found"
    for number in range(9):
        bot.chat_postMessage(channel=RANDOM, text=str(number))
    texts = [each["text"] for page in bot.conversations_history(channel=RANDOM, limit=4) for each in page["messages"]]
    assert texts == [str(number) for number in reversed(range(9))]


def test_people(bot: WebClient, ana: WebClient, ben: WebClient) -> None:
    members = [user["name"] for page in bot.users_list(limit=2) for user in page["members"]]
    assert members == ["ana", "ben", "chloe", "dan", "eve", "slackbot", "twinbot"]
    assert bot.users_lookupByEmail(email="ANA@twinkit.test")["user"]["id"] == world.ANA
    assert error(bot.users_lookupByEmail, email="x@y.z") == "users_not_found"
    assert error(bot.users_info, user="U404") == "user_not_found"
    ben.users_profile_set(profile={"status_text": "away", "status_emoji": ":palm_tree:"})
    assert bot.users_info(user=world.BEN)["user"]["profile"]["status_text"] == "away"
    assert error(ben.users_profile_set, user=world.ANA, name="title", value="x") == "not_admin"
    assert error(ana.users_profile_set, user=world.CHLOE, name="title", value="x") == "cannot_update_admin_user"
    assert error(ben.users_profile_set, name="id", value="x") == "reserved_name"
    ben.users_setPresence(presence="away")
    assert error(ben.users_setPresence, presence="gone") == "invalid_presence"
    assert ben.users_getPresence(user=world.BEN)["manual_away"] is True
    assert bot.bots_info(bot=world.BOT)["bot"]["user_id"] == world.BOT_USER
    assert error(bot.bots_info, bot="B404") == "bot_not_found"


def test_reactions_and_pins(bot: WebClient, ana: WebClient) -> None:
    ts = bot.chat_postMessage(channel=GENERAL, text="vote")["ts"]
    place = {"channel": GENERAL, "timestamp": ts}
    bot.reactions_add(name="thumbsup", **place)
    ana.reactions_add(name="thumbsup", **place)
    assert error(bot.reactions_add, name="thumbsup", **place) == "already_reacted"
    assert error(bot.reactions_add, name="no way!", **place) == "invalid_name"
    assert error(bot.reactions_add, name="x", channel=GENERAL, timestamp="abc") == "bad_timestamp"
    assert error(bot.reactions_add, name="x", channel=GENERAL, timestamp="1.0") == "message_not_found"
    assert bot.reactions_get(**place)["message"]["reactions"][0]["count"] == 2
    assert len(bot.reactions_list()["items"]) == 1
    bot.reactions_remove(name="thumbsup", **place)
    assert error(bot.reactions_remove, name="thumbsup", **place) == "no_reaction"
    assert error(bot.reactions_get) == "no_item_specified"
    bot.pins_add(**place)
    assert error(bot.pins_add, **place) == "already_pinned"
    assert bot.pins_list(channel=GENERAL)["items"][0]["message"]["ts"] == ts
    bot.pins_remove(**place)
    assert error(bot.pins_remove, **place) == "not_pinned"


def test_the_asynchronous_client(twin: Twin) -> None:
    async def work() -> Any:
        web = AsyncWebClient(world.BOT_TOKEN, base_url=f"{twin.url}/api/")
        said = await web.chat_postMessage(channel=GENERAL, text="hi")
        pages = [len(page["members"]) async for page in await web.users_list(limit=3)]
        return said["message"]["text"], pages

    assert asyncio.run(work()) == ("hi", [3, 3, 1])
