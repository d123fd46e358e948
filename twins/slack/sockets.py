"""Socket Mode: connections of apps that take events, interactions and commands over a WebSocket.

Source: https://docs.slack.dev/apis/events-api/using-socket-mode. Imports: the twin, envelopes, realtime (whose sockets
begin here too). An envelope is kept in the store with what caused it, so a request that fails sends nothing; the loop
sends after the request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qs
from weakref import WeakKeyDictionary

import orjson

from twinkit import Ctx, Request
from twins.slack import envelopes, realtime, twin

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
MOST = 10
"""Connections of one app."""
HOST = "applink-1"
LIFE, SHORT_LIFE = 18_060, 360
"""Seconds that a connection is said to last; the short one is for apps under development that ask for it."""


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


def used(ctx: Ctx, app: Mapping[str, Any]) -> bool:
    """Whether an app uses sockets: one is open, or was and nothing took its place."""
    return bool(app.get("socket_mode")) or bool(connections(ctx, str(app["id"])))


def offer(ctx: Ctx, app: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether the app's sockets take an event; one that uses them gets its events later where none is open now."""
    if event["kind"] not in envelopes.KINDS:
        return False
    if not connections(ctx, str(app["id"])) and not (app.get("socket_mode") and event["kind"] == "event"):
        return False
    envelopes.keep(ctx, str(app["id"]), event)
    return True


def stir(ctx: Ctx, now: bool) -> None:
    """Have pending envelopes sent: at once by a timer, else as soon as the request is done."""
    found = OPEN.get(ctx.store)
    if found and now:
        flush(ctx)
    elif found:
        found[0].loop.call_soon(flush, ctx)


envelopes.LISTENERS.append(stir)


def flush(ctx: Ctx) -> None:
    """Give pending envelopes to the sockets, in turn; those of apps without one wait for their next attempt."""
    for record in envelopes.pending(ctx):
        found = connections(ctx, str(record["app"]))
        if not found:
            ctx.store.update("envelope", record["id"], state="waiting")
            continue
        least = min(found, key=lambda each: each.turn)
        least.turn += 1
        ctx.store.update("envelope", record["id"], state="sent")
        least.queue.put_nowait(envelopes.packed(ctx, record))


# the connection ------------------------------------------------------------------------------------------------------


@twin.websocket
async def serve(instance: Any, request: Request, receive: Receive, send: Send) -> None:
    """One socket, from its ticket to its end."""
    await receive()
    if request.url_path.startswith(realtime.ROOT):
        await realtime.serve(instance, request, receive, send)
        return
    ctx = instance.ctx()
    asked = parse_qs(request.raw_query.decode("latin-1"))
    app = _admit(instance, asked.get("ticket", [""])[0])
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
    life = SHORT_LIFE if asked.get("debug_reconnects", [""])[0] == "true" else LIFE
    await _say(send, hello(app, len(connections(ctx, app)), life))
    writer = asyncio.create_task(_write(connection, send))
    try:
        await _read(instance, receive)
    finally:
        here.remove(connection)
        writer.cancel()


def hello(app: str, count: int, life: int) -> dict[str, Any]:
    """The first message on a socket."""
    debug = {"host": HOST, "build_number": 1, "approximate_connection_time": life}
    return {"type": "hello", "num_connections": count, "debug_info": debug, "connection_info": {"app_id": app}}


def _admit(instance: Any, ticket: str) -> str:
    """The app that a ticket was given to, which uses sockets from now on; a ticket works once."""
    with instance.store.transaction():
        found = instance.store.find("grant", ticket) if ticket else None
        if found is None or found["kind"] != "socket":
            return ""
        instance.store.delete("grant", ticket)
        instance.store.update("app", found["app"], socket_mode=True)
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
                envelopes.acknowledged(instance.ctx(), data)
            instance.wake()


@twin.control("disconnects")
def disconnects(ctx: Ctx, data: Mapping[str, Any]) -> Any:
    """Ask the sockets of an app to connect anew: `reason` is `refresh_requested`, `warning` or `link_disabled`."""
    reason = str(data.get("reason") or "refresh_requested")
    found = OPEN.get(ctx.store, [])
    for each in found:
        each.queue.put_nowait({"type": "disconnect", "reason": reason, "debug_info": {"host": HOST}})
        if reason != "warning":
            each.queue.put_nowait({"type": "close"})
    return {"connections": len(found)}
