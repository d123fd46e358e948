"""The real-time connection of classic apps: `rtm.connect` gives an address, a WebSocket then carries what happens.

Source: https://docs.slack.dev/legacy/legacy-rtm-api. What happens is kept in the store with what caused it, so that a
request that fails tells nobody; the loop sends it after the request. Imports: call, messages, webhooks, places.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qs
from weakref import WeakKeyDictionary

import orjson

from twinkit import Ctx, Request, ServiceError
from twins.slack import messages, places, twin
from twins.slack.args import Args
from twins.slack.call import Call
from twins.slack.failing import fail

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ROOT = "/websocket/"
TICKET_LIFE = 30
"""Seconds in which an address works, once."""
REFUSED = {1: "Socket URL has expired", 3: "Cannot create connection"}
"""Code → text of a refused connection; the second, of a used address, is in
https://github.com/slackapi/java-slack-sdk (test_with_remote_apis/methods/rtm_Test.java)."""
LONGEST = 16_384
"""Bytes of a message from a client; a longer one ends the connection."""
STREAMED = frozenset((
    "bot_added", "bot_changed", "channel_archive", "channel_created", "channel_deleted", "channel_history_changed",
    "channel_joined", "channel_left", "channel_marked", "channel_rename", "channel_unarchive", "dnd_updated",
    "dnd_updated_user", "emoji_changed", "file_change", "file_created", "file_deleted", "file_public", "file_shared",
    "file_unshared", "group_archive", "group_close", "group_deleted", "group_joined", "group_left", "group_marked",
    "group_open", "group_rename", "group_unarchive", "im_close", "im_created", "im_marked", "im_open",
    "manual_presence_change", "member_joined_channel", "member_left_channel", "message", "pin_added", "pin_removed",
    "presence_change", "reaction_added", "reaction_removed", "star_added", "star_removed", "subteam_created",
    "subteam_members_changed", "subteam_self_added", "subteam_self_removed", "subteam_updated", "team_domain_change",
    "team_join", "team_rename", "user_change", "user_typing",
))  # fmt: skip
"""Types that the page lists as those of this connection, of what the twin tells."""


class Stream:
    """One open connection of a bot or a person."""

    def __init__(self, token: Mapping[str, Any], batched: bool) -> None:
        self.token = token
        self.user, self.team = str(token["user"]), str(token["team"])
        self.batched = batched
        self.watched: frozenset[str] = frozenset()
        self.own: set[str] = set()
        """When it said something itself; that does not come back."""
        self.queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.loop = asyncio.get_running_loop()


OPEN: WeakKeyDictionary[Any, list[Stream]] = WeakKeyDictionary()
"""Store of an instance → its open connections."""


def connect(call: Call) -> dict[str, Any]:
    """An address for a connection. Raises `not_allowed_token_type` for apps that are not classic."""
    app = call.ctx.store.find("app", call.app) or {}
    if not app.get("classic"):
        raise fail("not_allowed_token_type")
    ticket = call.ctx.new_id("{uuid}")
    grant = {"token": call.token["token"], "expires": call.ctx.now + TICKET_LIFE}
    call.ctx.store.insert("grant", {"id": ticket, "kind": "stream", "app": call.app, **grant})
    scheme, _, rest = call.ctx.base_url.partition("://")
    query = "?batch_presence_aware=1" if call.args.flag("batch_presence_aware") else ""
    team, user = call.ctx.store.get("team", call.team), call.ctx.store.get("user", call.user)
    return {
        "url": f"{'wss' if scheme == 'https' else 'ws'}://{rest}{ROOT}{ticket}{query}",
        "team": {name: team[name] for name in ("id", "name", "domain")},
        "self": {"id": user["id"], "name": user["name"]},
    }  # fmt: skip


# what happens --------------------------------------------------------------------------------------------------------


def offer(ctx: Ctx, event: Mapping[str, Any]) -> None:
    """Keep an event for the open connections, to be sent after the request."""
    streams = OPEN.get(ctx.store)
    if not streams or event["kind"] != "event" or event["body"]["type"] not in STREAMED:
        return
    ctx.store.insert("streamed", {"id": str(event["id"]), "event": dict(event)})
    streams[0].loop.call_soon(flush, ctx)


def tell(ctx: Ctx, team: str, body: Mapping[str, Any], *, channel: str = "", person: str = "") -> None:
    """Tell open connections of what no app is told over HTTP."""
    if OPEN.get(ctx.store):
        event = {"kind": "event", "team": team, "channel": channel, "person": person, "body": dict(body)}
        offer(ctx, {**event, "id": ctx.new_id("Ev{upper:10}")})


def flush(ctx: Ctx) -> None:
    """Give what was kept to those who see it."""
    kept = list(ctx.store.select("streamed", order="oldest"))
    if not kept:
        return
    with ctx.store.transaction():
        for record in kept:
            ctx.store.delete("streamed", record["id"])
    for record in kept:
        for stream in OPEN.get(ctx.store, ()):
            if _sees(ctx, stream, record["event"]):
                stream.queue.put_nowait(_shown(stream, record["event"]["body"]))


def _sees(ctx: Ctx, stream: Stream, event: Mapping[str, Any]) -> bool:
    body, channel = event["body"], str(event.get("channel") or "")
    if stream.team != event["team"] and stream.team not in _shared(ctx, channel):
        return False
    if event.get("person") not in (None, "", stream.user) or event.get("app"):
        return False
    if body["type"] == "message" and body.get("ts") in stream.own:
        return False
    if body["type"] == "presence_change":
        return body["user"] in stream.watched
    if body["type"] == "user_typing" and body["user"] == stream.user:
        return False
    return not channel or places.is_member(ctx, channel, stream.user)


def _shared(ctx: Ctx, channel: str) -> tuple[str, ...]:
    place = ctx.store.find("channel", channel) if channel else None
    return tuple((place or {}).get("shared_with") or ())


def _shown(stream: Stream, body: Mapping[str, Any]) -> dict[str, Any]:
    """An event as it goes over the connection."""
    if body["type"] == "presence_change" and stream.batched:
        return {"type": "presence_change", "presence": body["presence"], "users": [body["user"]]}
    return {name: value for name, value in body.items() if name != "channel_type" or body["type"] != "message"}


def presence(ctx: Ctx, user: str, team: str, now: str, *, by_hand: bool = True) -> None:
    """Tell who watches somebody that he came or went, and himself that he said so."""
    tell(ctx, team, {"type": "presence_change", "presence": now, "user": user})
    if by_hand:
        tell(ctx, team, {"type": "manual_presence_change", "presence": now}, person=user)


# the connection ------------------------------------------------------------------------------------------------------


async def serve(instance: Any, request: Request, receive: Receive, send: Send) -> None:
    """One connection, from its address to its end; the request to open it has been received."""
    ctx = instance.ctx()
    await send({"type": "websocket.accept"})
    token = _admit(instance, ctx, request.url_path.removeprefix(ROOT))
    if isinstance(token, int):
        await _say(send, {"type": "error", "error": {"code": token, "msg": REFUSED[token]}})
        await send({"type": "websocket.close", "code": 1000})
        return
    batched = parse_qs(request.raw_query.decode("latin-1")).get("batch_presence_aware", ["0"])[0] == "1"
    stream = Stream(token, batched)
    here = OPEN.setdefault(ctx.store, [])
    here.append(stream)
    await _say(send, {"type": "hello"})
    writer = asyncio.create_task(_write(stream, send))
    try:
        await _read(instance, stream, receive)
    finally:
        here.remove(stream)
        writer.cancel()


def _admit(instance: Any, ctx: Ctx, ticket: str) -> dict[str, Any] | int:
    """The token that an address was given to; an address works once, and for a while. Else a code of `REFUSED`."""
    with instance.store.transaction():
        found = instance.store.find("grant", ticket)
        if found is None or found["kind"] != "stream":
            return 3
        instance.store.delete("grant", ticket)
        token: dict[str, Any] | None = instance.store.find("token", found["token"])
        if token is None or token["revoked"]:
            return 3
        return 1 if found["expires"] < ctx.now else token


async def _say(send: Send, message: Mapping[str, Any]) -> None:
    await send({"type": "websocket.send", "text": orjson.dumps(message).decode()})


async def _write(stream: Stream, send: Send) -> None:
    while True:
        message = await stream.queue.get()
        if message.get("type") == "close":
            await send({"type": "websocket.close", "code": 1000})
            return
        await _say(send, message)


async def _read(instance: Any, stream: Stream, receive: Receive) -> None:
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        raw = message.get("bytes") or (message.get("text") or "").encode()
        if len(raw) > LONGEST:
            stream.queue.put_nowait({"type": "close"})
            continue
        try:
            data = orjson.loads(raw)
        except orjson.JSONDecodeError:
            continue
        if isinstance(data, dict):
            answer = _answer(instance, stream, data)
            if answer:
                stream.queue.put_nowait(answer)


def _answer(instance: Any, stream: Stream, data: dict[str, Any]) -> dict[str, Any] | None:
    """What a message of a client is answered with; None where nothing is."""
    kind = data.get("type")
    if kind == "ping":
        flat = {name: value for name, value in data.items() if not isinstance(value, dict | list)}
        return {
            **{n: v for n, v in flat.items() if n not in ("id", "type")},
            "reply_to": data.get("id"),
            "type": "pong",
        }
    ctx = instance.ctx()
    try:
        with instance.store.transaction():
            return HANDLERS[str(kind)](ctx, stream, data) if kind in HANDLERS else None
    except ServiceError as error:
        body = error.body if isinstance(error.body, dict) else {}
        return _refused(data, str(body.get("error", "error")))
    finally:
        instance.wake()


def _refused(data: Mapping[str, Any], text: str) -> dict[str, Any]:
    return {"ok": False, "reply_to": data.get("id"), "error": {"code": 2, "msg": text}}


def _message(ctx: Ctx, stream: Stream, data: dict[str, Any]) -> dict[str, Any]:
    """Say something where the bot or the person is; only text, with the default formatting."""
    if not str(data.get("text") or ""):
        return _refused(data, "message text is missing")
    channel = ctx.store.find("channel", str(data.get("channel") or ""))
    if channel is None or not places.is_member(ctx, channel["id"], stream.user):
        raise fail("channel_not_found")
    if channel["is_archived"]:
        raise fail("is_archived")
    call = Call(ctx, Request("POST", ROOT), Args({}), stream.token)
    content = messages.content(Args({"text": data["text"]}), ctx)
    ts = str(data.get("thread_ts") or "")
    done = messages.post(ctx, channel, {**messages.author(call), **content}, thread_ts=ts)
    stream.own.add(str(done["ts"]))
    return {"ok": True, "reply_to": data.get("id"), "ts": done["ts"], "text": done["text"]}


def _typing(ctx: Ctx, stream: Stream, data: dict[str, Any]) -> dict[str, Any] | None:
    """Show the others of a conversation that somebody writes."""
    channel = str(data.get("channel") or "")
    if not places.is_member(ctx, channel, stream.user):
        raise fail("channel_not_found")
    typing(ctx, stream.team, channel, stream.user)
    return None


def typing(ctx: Ctx, team: str, channel: str, user: str) -> None:
    """Tell the members of a conversation that somebody writes."""
    tell(ctx, team, {"type": "user_typing", "channel": channel, "user": user}, channel=channel)


def _watch(ctx: Ctx, stream: Stream, data: dict[str, Any]) -> dict[str, Any] | None:
    """Be told of the coming and going of those named, and of no others."""
    ids = data.get("ids")
    stream.watched = frozenset(str(id) for id in ids) if isinstance(ids, list) else frozenset()
    return None


def _query(ctx: Ctx, stream: Stream, data: dict[str, Any]) -> dict[str, Any] | None:
    """Say once whether those named are there."""
    ids = data.get("ids")
    for id in ids if isinstance(ids, list) else ():
        user = ctx.store.find("user", str(id))
        if user is not None:
            body = {"type": "presence_change", "presence": user["presence"], "user": user["id"]}
            stream.queue.put_nowait(_shown(stream, body))
    return None


HANDLERS: Mapping[str, Callable[[Ctx, Stream, dict[str, Any]], dict[str, Any] | None]] = {
    "message": _message, "typing": _typing, "presence_sub": _watch, "presence_query": _query,
}  # fmt: skip


@twin.control("says_goodbye")
def says_goodbye(ctx: Ctx, data: Mapping[str, Any]) -> Any:
    """End the real-time connections, as the service does before it moves them."""
    found = OPEN.get(ctx.store, [])
    for each in found:
        each.queue.put_nowait({"type": "goodbye"})
        each.queue.put_nowait({"type": "close"})
    return {"connections": len(found)}


@twin.control("is_typing")
def is_typing(ctx: Ctx, data: Mapping[str, Any]) -> Any:
    """`user` begins to write in `channel`."""
    from twins.slack import human

    user = human.person(ctx, data)
    channel = human.place(ctx, data, user)
    typing(ctx, str(user["team_id"]), str(channel["id"]), str(user["id"]))
    return {"channel": channel["id"]}
