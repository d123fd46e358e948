"""What the Slack twin sends to apps: for whom an event is, how often it is repeated, when it stops; Socket Mode."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import pytest
from slack_sdk import WebClient

from tests.twins.slack_bench import ana, ben, bot, client, error, slack_server, twin
from twinkit.testing.receiver import WebhookReceiver
from twinkit.testing.twin import Twin
from twins.slack import webhooks, world

__all__ = ["ana", "ben", "bot", "slack_server", "twin"]
GENERAL = world.GENERAL


@pytest.fixture
def app() -> Iterator[WebhookReceiver]:
    with WebhookReceiver(secret=world.SIGNING_SECRET, sign=webhooks.sign) as receiver:
        yield receiver


def listen(twin: Twin, app: WebhookReceiver, **settings: Any) -> None:
    """Have the app's events sent to a receiver."""
    twin.do("app", request_url=app.url, verify=False, **settings)


# for whom an event is ------------------------------------------------------------------------------------------------


def test_subscriptions_by_kind_of_conversation(
    twin: Twin, app: WebhookReceiver, ana: WebClient, bot: WebClient
) -> None:
    listen(twin, app, events=["message.im"])
    direct = bot.conversations_open(users=world.ANA)["channel"]["id"]
    ana.chat_postMessage(channel=GENERAL, text="not this")
    ana.chat_postMessage(channel=direct, text="this")
    twin.idle()
    told = [sent.json for sent in app.of()]
    assert [body["event"]["text"] for body in told] == ["this"]
    assert told[0]["event"]["channel_type"] == "im"
    names = list(told[0])
    assert names[:6] == ["token", "team_id", "context_team_id", "context_enterprise_id", "api_app_id", "event"]
    assert names[6:] == [
        "type", "event_id", "event_time", "authorizations", "is_ext_shared_channel", "event_context",
    ]  # fmt: skip


def test_subscriptions_of_people(twin: Twin, app: WebhookReceiver, ana: WebClient) -> None:
    listen(twin, app, events=[], user_events=["message.groups"])
    ana.chat_postMessage(channel=world.LEADS, text="among us")
    twin.idle()
    (sent,) = (sent.json for sent in app.of())
    assert sent["authorizations"] == [
        {"enterprise_id": None, "team_id": world.TEAM, "user_id": world.ANA, "is_bot": False,
         "is_enterprise_install": False}
    ]  # fmt: skip
    web = client(twin, world.APP_TOKEN)
    told = web.apps_event_authorizations_list(event_context=sent["event_context"])
    assert [each["user_id"] for each in told["authorizations"]] == [world.ANA]
    assert error(web.apps_event_authorizations_list, event_context="4-x") == "invalid_event_context"


def test_one_authorization_of_several_is_named(twin: Twin, app: WebhookReceiver, ana: WebClient) -> None:
    listen(twin, app, events=["message.channels"], user_events=["message.channels"])
    ana.chat_postMessage(channel=GENERAL, text="x")
    twin.idle()
    (sent,) = (sent.json for sent in app.of())
    assert [each["user_id"] for each in sent["authorizations"]] == [world.BOT_USER]
    told = client(twin, world.APP_TOKEN).apps_event_authorizations_list(event_context=sent["event_context"])
    assert [each["user_id"] for each in told["authorizations"]] == [world.BOT_USER, world.ANA, world.BEN]


def test_people_and_bots_hear_of_themselves(
    twin: Twin, app: WebhookReceiver, ana: WebClient, ben: WebClient, bot: WebClient
) -> None:
    names = ["channel_left", "group_left", "subteam_self_added", "subteam_self_removed"]
    listen(twin, app, events=names, user_events=names)
    room = bot.conversations_create(name="room")["channel"]["id"]
    secret = ana.conversations_create(name="secret", is_private=True)["channel"]["id"]
    bot.conversations_invite(channel=room, users=f"{world.ANA},{world.BEN}")
    ana.conversations_invite(channel=secret, users=world.BEN)
    ben.conversations_leave(channel=room)
    ana.conversations_kick(channel=secret, user=world.BEN)
    bot.conversations_leave(channel=room)
    group = ana.usergroups_create(name="Team", handle="team")["usergroup"]["id"]
    for users in (world.BEN, world.ANA):
        ana.usergroups_users_update(usergroup=group, users=users)
    twin.idle()
    sent = sorted((sent.json for sent in app.of()), key=lambda body: str(body["event"]["event_ts"]))
    told = [(body["authorizations"][0]["user_id"], body["event"]) for body in sent]
    assert [(user, event["type"]) for user, event in told] == [
        (world.BEN, "channel_left"), (world.BEN, "group_left"), (world.BOT_USER, "channel_left"),
        (world.BEN, "subteam_self_added"), (world.ANA, "subteam_self_added"), (world.BEN, "subteam_self_removed"),
    ]  # fmt: skip
    assert [event["channel"] for _, event in told[:3]] == [room, secret, room]
    assert [event["actor_id"] for _, event in told[:3]] == [world.BEN, world.ANA, world.BOT_USER]
    assert {event["subteam_id"] for _, event in told[3:]} == {group}
    web = client(twin, world.APP_TOKEN)
    held = web.apps_event_authorizations_list(event_context=sent[0]["event_context"])["authorizations"]
    assert [each["user_id"] for each in held] == [world.BEN]


# what an event tells -------------------------------------------------------------------------------------------------

TOLD: dict[str, set[str]] = {
    "channel_created": {"channel", "event_ts", "type"},
    "channel_rename": {"channel", "event_ts", "type"},
    "channel_archive": {"channel", "event_ts", "is_moved", "type", "user"},
    "member_joined_channel": {"channel", "channel_type", "event_ts", "inviter", "team", "type", "user"},
    "pin_added": {
        "channel_id", "event_ts", "has_pins", "item", "item_user", "pin_count", "pinned_info", "type", "user",
    },
    "reaction_added": {"event_ts", "item", "item_user", "reaction", "type", "user"},
    "user_change": {"cache_ts", "event_ts", "type", "user"},
    "dnd_updated": {"dnd_status", "event_ts", "type", "user"},
}  # fmt: skip
"""Type of an event → its properties: https://docs.slack.dev/reference/events."""
CHANNEL = {
    "context_team_id", "created", "creator", "id", "is_archived", "is_channel", "is_ext_shared", "is_frozen",
    "is_general", "is_group", "is_im", "is_mpim", "is_org_shared", "is_pending_ext_shared", "is_private", "is_shared",
    "name", "name_normalized",
}  # fmt: skip


def test_what_events_tell(twin: Twin, bot: WebClient, ana: WebClient) -> None:
    ts = bot.chat_postMessage(channel=GENERAL, text="x")["ts"]
    bot.pins_add(channel=GENERAL, timestamp=ts)
    ana.reactions_add(channel=GENERAL, timestamp=ts, name="tada")
    channel = bot.conversations_create(name="made")["channel"]["id"]
    bot.conversations_invite(channel=channel, users=world.BEN)
    bot.conversations_rename(channel=channel, name="named")
    bot.conversations_archive(channel=channel)
    ana.users_profile_set(name="title", value="t")
    ana.dnd_setSnooze(num_minutes=3)
    told = {event.data["body"]["type"]: event.data["body"] for event in twin.events}
    assert {type: set(told[type]) for type in TOLD} == TOLD
    assert set(told["channel_created"]["channel"]) == CHANNEL
    assert (told["pin_added"]["pin_count"], told["pin_added"]["pinned_info"]["pinned_by"]) == ("1", world.BOT_USER)
    assert told["pin_added"]["item"]["message"]["permalink"].endswith(ts.replace(".", ""))
    assert {"locale"} <= set(told["user_change"]["user"]) and "fields" in told["user_change"]["user"]["profile"]


# how many ------------------------------------------------------------------------------------------------------------


def test_too_many_events_in_an_hour(twin: Twin, app: WebhookReceiver, ana: WebClient) -> None:
    listen(twin, app, events=["message.channels"], events_per_hour=2)
    for number in range(5):
        ana.chat_postMessage(channel=GENERAL, text=str(number))
    twin.idle()
    told = [sent.json for sent in app.of()]
    assert sorted(body["event"]["text"] for body in told if body["type"] == "event_callback") == ["0", "1"]
    (limited,) = (body for body in told if body["type"] == "app_rate_limited")
    assert sorted(limited) == ["api_app_id", "minute_rate_limited", "team_id", "token", "type"]
    assert limited["minute_rate_limited"] % 60 == 0
    twin.clock.advance(minutes=61)
    ana.chat_postMessage(channel=GENERAL, text="later")
    twin.idle()
    assert app.of()[-1].json["event"]["text"] == "later"


def test_subscriptions_end_after_many_failures(twin: Twin, app: WebhookReceiver, ana: WebClient) -> None:
    listen(twin, app, events=["message.channels"], spared_below=6)
    app.respond(500, times=100)
    for _ in range(3):
        ana.chat_postMessage(channel=GENERAL, text="x")
    twin.idle()
    assert not twin.record("app", world.APP).get("disabled")
    twin.clock.advance(minutes=7)
    assert twin.record("app", world.APP)["disabled"] is True
    before = len(app.of())
    ana.chat_postMessage(channel=GENERAL, text="nobody is told")
    twin.idle()
    assert len(app.of()) == before
    app.respond(200)
    twin.do("runs", user="ana", command="/hello")
    twin.idle()
    assert len(app.of()) == before + 1, "commands go on"


# Socket Mode ---------------------------------------------------------------------------------------------------------

Work = Callable[[aiohttp.ClientWebSocketResponse, dict[str, Any]], Awaitable[Any]]


def with_socket(twin: Twin, work: Work, more: str = "") -> Any:
    """What `work` gives on a fresh socket, after its hello."""
    url = client(twin, world.APP_TOKEN).apps_connections_open(app_token=world.APP_TOKEN)["url"]

    async def run() -> Any:
        async with aiohttp.ClientSession() as session, session.ws_connect(url + more) as socket:
            hello = await socket.receive_json(timeout=5)
            return await work(socket, hello)

    return asyncio.run(run())


def test_the_first_message_on_a_socket(twin: Twin) -> None:
    async def look(socket: aiohttp.ClientWebSocketResponse, hello: dict[str, Any]) -> dict[str, Any]:
        return hello

    hello = with_socket(twin, look)
    assert (hello["type"], hello["num_connections"], hello["connection_info"]) == ("hello", 1, {"app_id": world.APP})
    assert sorted(hello["debug_info"]) == ["approximate_connection_time", "build_number", "host"]
    short = with_socket(twin, look, "&debug_reconnects=true")
    assert short["debug_info"]["approximate_connection_time"] == 360


def test_an_event_that_is_not_acknowledged_comes_again(twin: Twin) -> None:
    async def work(socket: aiohttp.ClientWebSocketResponse, hello: dict[str, Any]) -> list[dict[str, Any]]:
        await asyncio.to_thread(twin.do, "posts", user="ana", text="hi")
        got = [await socket.receive_json(timeout=5)]
        for seconds in (3, 63, 303):
            await asyncio.to_thread(twin.clock.advance, seconds=seconds)
            got.append(await socket.receive_json(timeout=5))
        await socket.send_json({"envelope_id": got[-1]["envelope_id"]})
        await socket.ping()
        return got

    got = with_socket(twin, work)
    assert [(each["retry_attempt"], each["retry_reason"]) for each in got] == [
        (0, ""), (1, "timeout"), (2, "timeout"), (3, "timeout"),
    ]  # fmt: skip
    assert len({each["payload"]["event_id"] for each in got}) == 1
    assert len({each["envelope_id"] for each in got}) == 4


def test_an_acknowledged_event_comes_once(twin: Twin) -> None:
    async def work(socket: aiohttp.ClientWebSocketResponse, hello: dict[str, Any]) -> None:
        await asyncio.to_thread(twin.do, "posts", user="ana", text="hi")
        got = await socket.receive_json(timeout=5)
        await socket.send_json({"envelope_id": got["envelope_id"]})
        await asyncio.to_thread(twin.do, "posts", user="ana", text="again")
        second = await socket.receive_json(timeout=5)
        assert second["payload"]["event"]["text"] == "again"

    with_socket(twin, work)
    states = {record["event"]["body"]["text"]: record["state"] for record in twin.records("envelope")}
    assert states == {"hi": "acknowledged", "again": "sent"}


def test_an_event_without_an_open_socket_comes_later(twin: Twin) -> None:
    async def nothing(socket: aiohttp.ClientWebSocketResponse, hello: dict[str, Any]) -> None:
        pass

    async def work(socket: aiohttp.ClientWebSocketResponse, hello: dict[str, Any]) -> dict[str, Any]:
        await asyncio.to_thread(twin.clock.advance, seconds=70)
        found: dict[str, Any] = await socket.receive_json(timeout=5)
        return found

    with_socket(twin, nothing)
    twin.do("posts", user="ana", text="anybody?")
    twin.clock.advance(seconds=5)
    late = with_socket(twin, work)
    assert (late["payload"]["event"]["text"], late["retry_attempt"]) == ("anybody?", 2)


def test_what_a_person_did_fails_when_nobody_acknowledges(twin: Twin) -> None:
    async def work(socket: aiohttp.ClientWebSocketResponse, hello: dict[str, Any]) -> dict[str, Any]:
        note = await asyncio.to_thread(twin.do, "runs", user="ana", command="/slow")
        got = await socket.receive_json(timeout=5)
        assert got["accepts_response_payload"] is True and "retry_attempt" not in got
        await asyncio.to_thread(twin.clock.advance, seconds=4)
        return dict(note)

    note = with_socket(twin, work)
    assert twin.record("interaction", note["id"])["ok"] is False


def test_each_envelope_goes_to_one_socket(twin: Twin) -> None:
    async def work(first: aiohttp.ClientWebSocketResponse, hello: dict[str, Any]) -> None:
        web = client(twin, world.APP_TOKEN)
        url = (await asyncio.to_thread(web.apps_connections_open, app_token=world.APP_TOKEN))["url"]
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as second:
            assert (await second.receive_json(timeout=5))["num_connections"] == 2
            for text in ("a", "b"):
                await asyncio.to_thread(twin.do, "posts", user="ana", text=text)
            got = [(await each.receive_json(timeout=5))["payload"]["event"]["text"] for each in (first, second)]
            assert sorted(got) == ["a", "b"]
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(url)

    with_socket(twin, work)


def test_sockets_are_asked_to_connect_anew(twin: Twin) -> None:
    async def work(socket: aiohttp.ClientWebSocketResponse, hello: dict[str, Any]) -> list[Any]:
        await asyncio.to_thread(twin.do, "disconnects", reason="warning")
        warned = await socket.receive_json(timeout=5)
        await asyncio.to_thread(twin.do, "disconnects")
        asked = await socket.receive_json(timeout=5)
        return [warned["reason"], asked["reason"], (await socket.receive(timeout=5)).type]

    assert with_socket(twin, work) == ["warning", "refresh_requested", aiohttp.WSMsgType.CLOSE]
