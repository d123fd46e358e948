"""The Slack twin's real-time connection, through the clients of slack_sdk and over a plain socket."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import pytest
from slack_sdk import WebClient
from slack_sdk.rtm_v2 import RTMClient

from tests.twins.slack_bench import ana, ben, bot, client, error, slack_server, twin
from twinkit.testing import Twin
from twins.slack import world

__all__ = ["ana", "ben", "bot", "slack_server", "twin"]
Work = Callable[[aiohttp.ClientWebSocketResponse], Awaitable[Any]]


@pytest.fixture
def classic(twin: Twin) -> Twin:
    twin.do("app", classic=True)
    return twin


@pytest.fixture
def heard(classic: Twin) -> Iterator[tuple[RTMClient, queue.Queue[dict[str, Any]]]]:
    """A connected client of the SDK, and what it heard."""
    rtm = RTMClient(token=world.BOT_TOKEN, base_url=f"{classic.url}/api/", ping_interval=1)
    said: queue.Queue[dict[str, Any]] = queue.Queue()
    rtm.message_listeners.append(lambda _client, event: said.put(event))
    rtm.connect()
    yield rtm, said
    rtm.close()


def wait_for(said: queue.Queue[dict[str, Any]], kind: str) -> dict[str, Any]:
    while True:
        event = said.get(timeout=5)
        if event.get("type") == kind or (kind == "reply" and "reply_to" in event):
            return event


def over_socket(twin: Twin, work: Work, token: str = world.BOT_TOKEN, **arguments: Any) -> Any:
    """Connect with a token and work on the socket after its hello."""

    async def run() -> Any:
        url = client(twin, token).rtm_connect(**arguments)["url"]
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
            assert await socket.receive_json(timeout=5) == {"type": "hello"}
            return await work(socket)

    return asyncio.run(run())


def test_only_classic_apps_connect(twin: Twin, bot: WebClient) -> None:
    assert error(bot.rtm_connect) == "not_allowed_token_type"
    twin.do("app", classic=True)
    told = bot.rtm_connect()
    assert told["self"] == {"id": world.BOT_USER, "name": "twinbot"}
    assert told["team"] == {"id": world.TEAM, "name": "Twinkit", "domain": "twinkit"}
    assert set(bot.rtm_start().data) == {"ok", "url", "team", "self"}
    assert error(client(twin, world.LIMITED_TOKEN).rtm_connect) == "missing_scope"


def test_the_sdk_hears_and_answers(
    classic: Twin, heard: tuple[RTMClient, queue.Queue[dict[str, Any]]], bot: WebClient
) -> None:
    rtm, said = heard
    assert wait_for(said, "hello") == {"type": "hello"}
    classic.do("posts", user="ana", channel="#general", text="hello robot")
    event = wait_for(said, "message")
    assert (event["text"], event["user"], event["channel"]) == ("hello robot", world.ANA, world.GENERAL)
    assert "channel_type" not in event
    rtm.send({"id": 7, "type": "message", "channel": world.GENERAL, "text": "hello <@U0ANA000001>"})
    reply = wait_for(said, "reply")
    assert (reply["ok"], reply["reply_to"], reply["text"]) == (True, 7, "hello <@U0ANA000001>")
    newest = bot.conversations_history(channel=world.GENERAL, limit=1)["messages"][0]
    assert (newest["ts"], newest["bot_id"]) == (reply["ts"], world.BOT)
    bot.reactions_add(channel=world.GENERAL, timestamp=event["ts"], name="wave")
    assert wait_for(said, "reaction_added")["reaction"] == "wave"


def test_the_sdk_comes_back_after_a_goodbye(
    classic: Twin, heard: tuple[RTMClient, queue.Queue[dict[str, Any]]]
) -> None:
    _, said = heard
    wait_for(said, "hello")
    assert classic.do("says_goodbye") == {"connections": 1}
    wait_for(said, "goodbye")
    wait_for(said, "hello")


def test_an_address_works_once_and_for_half_a_minute(classic: Twin, bot: WebClient) -> None:
    expired = {"type": "error", "error": {"code": 1, "msg": "Socket URL has expired"}}
    again = {"type": "error", "error": {"code": 3, "msg": "Cannot create connection"}}
    used, late = bot.rtm_connect()["url"], bot.rtm_connect()["url"]

    async def first(url: str) -> Any:
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
            return await socket.receive_json(timeout=5)

    assert asyncio.run(first(used)) == {"type": "hello"}
    assert asyncio.run(first(used)) == again
    classic.clock.advance(seconds=31)
    assert asyncio.run(first(late)) == expired


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        ({"id": 1, "type": "ping", "time": 5, "more": {}}, {"reply_to": 1, "type": "pong", "time": 5}),
        (
            {"id": 2, "type": "message", "channel": world.GENERAL, "text": ""},
            {"ok": False, "reply_to": 2, "error": {"code": 2, "msg": "message text is missing"}},
        ),
        (
            {"id": 3, "type": "message", "channel": world.LEADS, "text": "x"},
            {"ok": False, "reply_to": 3, "error": {"code": 2, "msg": "channel_not_found"}},
        ),
        (
            {"type": "presence_query", "ids": [world.BEN]},
            {"type": "presence_change", "presence": "away", "user": world.BEN},
        ),
    ],
)  # fmt: skip
def test_what_a_client_sends(classic: Twin, sent: dict[str, Any], answer: dict[str, Any]) -> None:
    async def work(socket: aiohttp.ClientWebSocketResponse) -> Any:
        await socket.send_str("no json")
        await socket.send_json(sent)
        return await socket.receive_json(timeout=5)

    assert over_socket(classic, work) == answer


def test_a_message_over_16_kilobytes_ends_the_connection(classic: Twin) -> None:
    async def work(socket: aiohttp.ClientWebSocketResponse) -> Any:
        await socket.send_json({"id": 1, "type": "message", "channel": world.GENERAL, "text": "x" * 16_384})
        return (await socket.receive(timeout=5)).type

    assert over_socket(classic, work) is aiohttp.WSMsgType.CLOSE


@pytest.mark.parametrize("batched", [False, True])
def test_presence_of_those_that_are_watched(classic: Twin, ana: WebClient, ben: WebClient, batched: bool) -> None:
    async def work(socket: aiohttp.ClientWebSocketResponse) -> Any:
        await socket.send_json({"type": "presence_sub", "ids": [world.BEN]})
        await socket.send_json({"id": 1, "type": "ping"})
        await socket.receive_json(timeout=5)
        await asyncio.to_thread(ana.users_setPresence, presence="away")
        await asyncio.to_thread(ben.users_setPresence, presence="away")
        return await socket.receive_json(timeout=5)

    who: dict[str, Any] = {"users": [world.BEN]} if batched else {"user": world.BEN}
    told = over_socket(classic, work, **({"batch_presence_aware": 1} if batched else {}))
    assert told == {"type": "presence_change", "presence": "away", **who}


def test_a_person_sees_what_concerns_them(classic: Twin, ana: WebClient, bot: WebClient) -> None:
    async def work(socket: aiohttp.ClientWebSocketResponse) -> list[dict[str, Any]]:
        await asyncio.to_thread(classic.do, "posts", user="ana", channel="#leads", text="not for ben")
        await asyncio.to_thread(classic.do, "is_typing", user="ana", channel="#general")
        await asyncio.to_thread(lambda: ana.conversations_invite(channel=world.LEADS, users=world.BEN))
        return [await socket.receive_json(timeout=5) for _ in range(4)]

    seen = over_socket(classic, work, world.MEMBER_TOKEN)
    assert seen[0] == {"type": "user_typing", "channel": world.GENERAL, "user": world.ANA}
    assert (seen[1]["type"], seen[1]["channel"]["id"]) == ("group_joined", world.LEADS)
    assert [(each["type"], each.get("subtype")) for each in seen[2:]] == [
        ("message", "group_join"), ("member_joined_channel", None),
    ]  # fmt: skip


def test_a_request_that_fails_tells_nobody(classic: Twin, bot: WebClient) -> None:
    async def work(socket: aiohttp.ClientWebSocketResponse) -> Any:
        await asyncio.to_thread(lambda: error(bot.chat_postMessage, channel=world.OLD, text="no"))
        await asyncio.to_thread(lambda: bot.chat_postMessage(channel=world.GENERAL, text="yes"))
        return await socket.receive_json(timeout=5)

    assert over_socket(classic, work)["text"] == "yes"
