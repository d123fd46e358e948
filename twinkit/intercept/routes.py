"""Which twin stands for which host, and the ASGI application that sends requests there. Imports: errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from twinkit.intercept.inside import covers

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


PUBLIC_SCHEMES = {"ws": "http", "wss": "https"}


@dataclass(frozen=True, slots=True)
class Route:
    """Hosts of a service, and the instance that stands for them."""

    twin: str
    hosts: tuple[str, ...]
    app: Application
    instance: str = "default"
    live: tuple[str, ...] = ()
    """How credentials of the real service begin; they are refused."""
    rebase: Callable[[str], None] | None = None
    """Tells the instance its address. A service whose hosts are named by its customers (`*.okta.com`) says it in
    replies, as issuer of tokens for example, and callers compare it with what they know."""


def route_of(hosted: Any, instance: str = "default") -> Route:
    """The route to an instance of a twin that a `twinkit.testing.TwinServer` hosts."""
    live = tuple(hosted.definition.compiled.options.get("live_credentials", ()))

    def rebase(url: str) -> None:
        hosted.app.hosting.named(instance).base_url = url

    return Route(hosted.definition.name, hosted.hosts, hosted.app, instance, live, rebase)


@dataclass
class Routes:
    """Every route in force; the last one added wins."""

    table: list[Route] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """Hosts that were asked for and are not twinned."""

    def find(self, host: str) -> Route | None:
        """The route of a host (without its port)."""
        return next((route for route in reversed(self.table) if covers(route.hosts, host)), None)

    @property
    def hosts(self) -> list[str]:
        """Every pattern in force."""
        return list(dict.fromkeys(pattern for route in self.table for pattern in route.hosts))

    @contextmanager
    def added(self, route: Route) -> Iterator[Route]:
        """A route in force for the length of a block."""
        self.table.append(route)
        try:
            yield route
        finally:
            self.table.remove(route)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer as an ASGI application: the `Host` header says which twin."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host = host_of(headers.get(b"host", ""))
        route = self.find(host)
        if route is None:
            self.refused.append(host)
            await refuse(scope, receive, send, 502, f"{host} is not twinned")
            return
        if is_live(headers.get(b"authorization", ""), route.live):
            await refuse(scope, receive, send, 403, live_message(route.twin))
            return
        if route.rebase is not None and host not in route.hosts:
            route.rebase(f"{PUBLIC_SCHEMES.get(scope['scheme'], scope['scheme'])}://{headers[b'host']}")
        inner = dict(scope)
        if route.instance != "default":
            inner["headers"] = [*scope["headers"], (b"twin-instance", route.instance.encode("latin-1"))]
        await route.app(inner, receive, send)


def host_of(authority: str) -> str:
    """The host of `host:port`, lower case; brackets of IPv6 addresses are taken off."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0].lower()
    return authority.partition(":")[0].lower()


def is_live(given: str, live: tuple[str, ...]) -> bool:
    """Whether an `Authorization` header holds a credential of the real service."""
    word, _, rest = given.partition(" ")
    if word.lower() == "basic":
        from twinkit.behaviour.authentication import basic_user

        rest = basic_user(rest)
    return bool(live) and (rest or given).strip().startswith(live)


def live_message(twin: str) -> str:
    """What somebody with a live credential reads."""
    return f"a credential of the real {twin} was sent; use a test key, and rotate this one if it leaked"


async def refuse(scope: Message, receive: Receive, send: Send, status: int, message: str) -> None:
    """Answer a request, or close a WebSocket, without a twin."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": message})
        return
    body = orjson.dumps({"error": {"type": "twinkit", "message": message}})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
