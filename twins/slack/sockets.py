"""Socket Mode: connections of apps that take events, interactions and commands over a WebSocket.

Source: https://docs.slack.dev/apis/events-api/using-socket-mode. Imports: the twin, webhooks, answers. An envelope is
kept in the store with what caused it, so a request that fails sends nothing; the loop sends after the request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qs
from weakref import WeakKeyDictionary

import orjson

from twinkit import Ctx, Filter, Request
from twins.slack import answers, twin, webhooks

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
KINDS = {"event": "events_api", "interaction": "interactive", "command": "slash_commands"}
ANSWERABLE = frozenset({"view_submission", "block_suggestion", "slash_command"})
MOST = 10
"""Connections of one app."""


class Connection:
    """One open socket of an app."""

    def __init__(self, app: str) -> None:
        self.app = app
        self.queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.loop = asyncio.get_running_loop()
        self.turn = 0


OPEN: WeakKeyDictionary[Any, list[Connection]] = WeakKeyDictionary()
"""Store of an instance → its open sockets, in the order they were opened."""


def connections(ctx: Ctx, app: str) -> list[Connection]:
    """The open sockets of an app on an instance."""
    return [each for each in OPEN.get(ctx.store, ()) if each.app == app]


def offer(ctx: Ctx, app: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether an open socket of the app takes the event."""
    found = connections(ctx, str(app["id"]))
    if not found or event["kind"] not in KINDS:
        return False
    id = ctx.new_id("{uuid}")
    if ctx.store.find("envelope", f"{event['id']} {app['id']}") is not None:
        return True
    record = {"id": f"{event['id']} {app['id']}", "envelope": id, "app": app["id"], "event": event, "state": "pending"}
    ctx.store.insert("envelope", record)
    found[0].loop.call_soon(flush, ctx)
    return True


def flush(ctx: Ctx) -> None:
    """Give pending envelopes to the sockets, in turn."""
    for record in list(ctx.store.select("envelope", [Filter("state", "=", "pending")], order="oldest")):
        found = connections(ctx, str(record["app"]))
        if not found:
            continue
        least = min(found, key=lambda each: each.turn)
        least.turn += 1
        ctx.store.update("envelope", record["id"], state="sent")
        least.queue.put_nowait(packed(ctx, record))


def packed(ctx: Ctx, record: Mapping[str, Any]) -> dict[str, Any]:
    """An envelope as it goes over the socket."""
    event = record["event"]
    app = ctx.store.get("app", str(record["app"]))
    payload = webhooks.wrapped(ctx, app, event) if event["kind"] == "event" else event["body"]
    found = {
        "envelope_id": record["envelope"], "payload": payload, "type": KINDS[event["kind"]],
        "accepts_response_payload": event["type"] in ANSWERABLE,
    }  # fmt: skip
    return {**found, "retry_attempt": 0, "retry_reason": ""} if event["kind"] == "event" else found


def acknowledged(ctx: Ctx, message: Mapping[str, Any]) -> None:
    """Take an acknowledgement, with the answer in it."""
    where = [Filter("envelope", "=", str(message.get("envelope_id")))]
    record = next(ctx.store.select("envelope", where), None)
    if record is None or record["state"] == "acknowledged":
        return
    ctx.store.update("envelope", record["id"], state="acknowledged")
    if record["event"]["kind"] != "event":
        answers.take(ctx, record["event"], True, message.get("payload"))


# the connection ------------------------------------------------------------------------------------------------------


@twin.websocket
async def serve(instance: Any, request: Request, receive: Receive, send: Send) -> None:
    """One socket, from its ticket to its end."""
    await receive()
    ctx = instance.ctx()
    app = _admit(instance, request)
    if not app:
        await send({"type": "websocket.close", "code": 4404})
        return
    await send({"type": "websocket.accept"})
    connection = Connection(app)
    here = OPEN.setdefault(ctx.store, [])
    if len(connections(ctx, app)) >= MOST:
        await send({"type": "websocket.send", "text": '{"type":"disconnect","reason":"too_many_websockets"}'})
        await send({"type": "websocket.close", "code": 1000})
        return
    here.append(connection)
    await _say(send, hello(app, len(connections(ctx, app))))
    writer = asyncio.create_task(_write(connection, send))
    try:
        await _read(instance, receive)
    finally:
        here.remove(connection)
        writer.cancel()


def hello(app: str, count: int) -> dict[str, Any]:
    """The first message on a socket."""
    debug = {"host": "applink-1", "build_number": 1, "approximate_connection_time": 3600}
    return {"type": "hello", "num_connections": count, "debug_info": debug, "connection_info": {"app_id": app}}


def _admit(instance: Any, request: Request) -> str:
    """The app that a ticket was given to; a ticket works once."""
    ticket = parse_qs(request.raw_query.decode("latin-1")).get("ticket", [""])[0]
    with instance.store.transaction():
        found = instance.store.find("grant", ticket) if ticket else None
        if found is None or found["kind"] != "socket":
            return ""
        instance.store.delete("grant", ticket)
    return str(found["app"])


async def _say(send: Send, message: Mapping[str, Any]) -> None:
    await send({"type": "websocket.send", "text": orjson.dumps(message).decode()})


async def _write(connection: Connection, send: Send) -> None:
    while True:
        message = await connection.queue.get()
        if message.get("type") == "close":
            await send({"type": "websocket.close", "code": 1000})
            return
        await _say(send, message)


async def _read(instance: Any, receive: Receive) -> None:
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        text = message.get("text") or (message.get("bytes") or b"").decode("utf-8", "replace")
        try:
            data = orjson.loads(text)
        except orjson.JSONDecodeError:
            continue
        if isinstance(data, dict) and data.get("envelope_id"):
            with instance.store.transaction():
                acknowledged(instance.ctx(), data)
            instance.wake()


@twin.control("disconnects")
def disconnects(ctx: Ctx, data: Mapping[str, Any]) -> Any:
    """Ask the sockets of an app to connect anew: `reason` is `refresh_requested`, `warning` or `link_disabled`."""
    reason = str(data.get("reason") or "refresh_requested")
    found = OPEN.get(ctx.store, [])
    for each in found:
        each.queue.put_nowait({"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-1"}})
        if reason != "warning":
            each.queue.put_nowait({"type": "close"})
    return {"connections": len(found)}
