"""The ASGI application of one twin: picks the instance, reads the body within limits, runs the pipeline, sends.

Imports: pipeline, control (loaded at its first use), instance, faults (effects).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson

from twinkit.behaviour.request import Request
from twinkit.errors import ServiceError
from twinkit.faults import WireFault
from twinkit.server import pipeline
from twinkit.server.hosting import Hosting
from twinkit.server.pages import page_for
from twinkit.server.render import Rendered

if TYPE_CHECKING:
    from twinkit.instance import Instance

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

log = logging.getLogger("twinkit")
access = logging.getLogger("twinkit.access")
MAX_BODY = 16 * 1024 * 1024
"""Bytes of a request body that are read unless the overlay's `max_body` says otherwise."""
INSTANCE_PATH = re.compile(r"^/i/([^/]+)(/.*)?$")


class TooLarge(Exception):
    """The body is over the limit."""


class TwinApp:
    """One twin with all its instances, as an ASGI application."""

    def __init__(self, hosting: Hosting) -> None:
        self.hosting = hosting
        self.max_body = int(hosting.twin.compiled.options.get("max_body", MAX_BODY))
        self._control: Any = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request, WebSocket or lifespan."""
        kind = scope["type"]
        if kind == "lifespan":
            await self._lifespan(receive, send)
            return
        path = raw_path(scope)
        prefix, path = split_instance(path)
        if is_control(path):
            await self.control(scope, receive, send, prefix, path)
            return
        if kind == "websocket":
            await self._websocket(scope, receive, send, prefix, path)
            return
        await self._http(scope, receive, send, prefix, path)

    async def control(self, scope: Scope, receive: Receive, send: Send, prefix: str | None, path: str) -> None:
        """The control plane, loaded when it is first asked for."""
        if self._control is None:
            from twinkit.server.control import control_app

            self._control = control_app(self.hosting)
        inner = dict(scope)
        inner["path"] = unquote(path)
        inner["raw_path"] = path.encode("latin-1")
        inner["root_path"] = ""
        inner["twin.instance"] = prefix or header(scope, b"twin-instance") or "default"
        await self._control(inner, receive, send)

    def at_once(self, method: str, target: bytes, headers: list[tuple[bytes, bytes]], body: bytes) -> Rendered | None:
        """The reply to a whole request of which the target begins with a slash, where nothing waits before or in it.

        None where something may: the control plane, faults, a body over the limit. Those are for `__call__`.
        """
        path, _, query = target.partition(b"?")
        prefix, inner = split_instance(path.decode("latin-1"))
        if is_control(inner) or len(body) > self.max_body:
            return None
        request = Request(method, inner, query, text_headers(headers), body)
        try:
            instance = self.hosting.find(prefix, request.headers)
        except ServiceError as error:
            return _plain(error)
        if "twin-fault" in request.headers or not instance.faultless:
            return None
        try:
            return self._execute(instance, self._prepare(instance, request))
        except Exception:
            return self._failed(instance, request)

    async def _http(self, scope: Scope, receive: Receive, send: Send, prefix: str | None, path: str) -> None:
        headers = text_headers(scope["headers"])
        if "twin-fault" in headers and self.hosting.control_token:
            self._guard(headers)
        request = Request(scope["method"], path, scope.get("query_string", b""), headers)
        try:
            instance = self.hosting.find(prefix, request.headers)
        except ServiceError as error:
            await send_rendered(send, _plain(error))
            return
        try:
            request.raw = await read_body(receive, self.max_body)
        except TooLarge:
            ctx = instance.ctx(request)
            refused = ctx.error("too_large", f"the body is larger than {self.max_body} bytes")
            rendered = pipeline.refuse(instance, pipeline.Prepared(request, ctx, 0), refused)
            await send_rendered(send, rendered, close=True)
            return
        try:
            await self._answer(scope, send, instance, self._prepare(instance, request))
        except WireFault:
            raise
        except Exception:
            await send_rendered(send, self._failed(instance, request))

    def _failed(self, instance: Instance, request: Request) -> Rendered:
        """The service's own words for a twin that failed; the log says where."""
        log.exception("twin %s: %s %s", instance.twin.name, request.method, request.url_path)
        return _plain(instance.ctx(request).error("internal", "the twin failed; its log says where"))

    def _guard(self, headers: dict[str, str]) -> None:
        """Where the control plane asks for a token, a fault by header needs it too."""
        if headers.get("twin-control-token") != self.hosting.control_token:
            self.hosting.note_stranger(f"Twin-Fault: {headers.pop('twin-fault')}")

    def _prepare(self, instance: Instance, request: Request) -> pipeline.Prepared:
        page = page_for(instance, request) if instance.twin.pages else None
        prepared = pipeline.prepare_page(instance, request, page) if page else pipeline.prepare(instance, request)
        if instance.clock.mode == "tick":
            self.hosting.ticked(instance)
        return prepared

    def _execute(self, instance: Instance, prepared: pipeline.Prepared) -> Rendered:
        rendered = pipeline.execute(instance, prepared)
        request = prepared.request
        access.info("%s %s %s → %d", instance.name, request.method, request.url_path, rendered.status)
        return rendered

    async def _answer(self, scope: Scope, send: Send, instance: Instance, prepared: pipeline.Prepared) -> None:
        decision = prepared.decision
        if decision is not None and decision.delay:
            from twinkit.faults.effects import pause

            await pause(scope, decision.delay)
        wire = decision.wire if decision is not None and prepared.refused is None else None
        if wire is not None and decision is not None and decision.at == "before":
            from twinkit.faults.effects import apply

            pipeline.lost(instance, prepared)
            await apply(wire, scope, send)
            return
        rendered = self._execute(instance, prepared)
        if wire is not None:
            from twinkit.faults.effects import Answer, apply

            await apply(wire, scope, send, Answer.of(rendered.status, rendered.headers, rendered.body))
            return
        await send_rendered(send, rendered)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send, prefix: str | None, path: str) -> None:
        hook = self.hosting.twin.single.get("websocket")
        if hook is None:
            await receive()
            await send({"type": "websocket.close", "code": 1000})
            return
        request = Request("GET", path, scope.get("query_string", b""), text_headers(scope["headers"]))
        await hook(self.hosting.find(prefix, request.headers), request, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self.hosting.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.hosting.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


def raw_path(scope: Scope) -> str:
    """The path as sent, percent-encoded, without the query string."""
    raw = scope.get("raw_path")
    if raw:
        return bytes(raw).partition(b"?")[0].decode("latin-1")
    from urllib.parse import quote

    return quote(scope["path"], safe="/:@!$&'()*+,;=-._~%")


def is_control(path: str) -> bool:
    """Whether a path belongs to the control plane."""
    return path.startswith("/_twin") and (len(path) == 6 or path[6] == "/")


def text_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by name; of one that is given twice the last."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}


def header(scope: Scope, wanted: bytes) -> str | None:
    """A header's value by its lower-case name; None when it is absent."""
    for name, value in scope["headers"]:
        if name == wanted:
            return str(value.decode("latin-1"))
    return None


def split_instance(path: str) -> tuple[str | None, str]:
    """(instance, rest) of `/i/<instance>/rest`; (None, path) when the path names none."""
    if path.startswith("/i/"):
        match = INSTANCE_PATH.match(path)
        if match:
            return unquote(match[1]), match[2] or "/"
    return None, path


async def read_body(receive: Receive, limit: int) -> bytes:
    """The whole body. Raises TooLarge over the limit, having read no more than one chunk beyond it."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        if len(body) > limit:
            raise TooLarge
        return body
    chunks = [body]
    size = len(body)
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise TooLarge
        chunks.append(chunk)
    return b"".join(chunks)


async def send_rendered(send: Send, rendered: Rendered, *, close: bool = False) -> None:
    """Send a whole reply; `close` ends the connection after it."""
    headers = rendered.wire_headers()
    if close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": rendered.status, "headers": headers})
    await send({"type": "http.response.body", "body": rendered.body})


def _plain(error: ServiceError) -> Rendered:
    return Rendered(error.status, orjson.dumps(error.body), {"content-type": "application/problem+json"})


__all__ = ["TwinApp", "read_body", "send_rendered", "split_instance"]
