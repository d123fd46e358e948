"""Calls of httpx clients answered in this process, without a socket: as transports, or for every client by respx.

Imports: routes, server (background); httpx, and respx for `routed`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpx

from twinkit.intercept.routes import Application, Routes, route_of
from twinkit.server.background import Answer, Background, ConnectionLost, ask

ASYNC: ContextVar[bool] = ContextVar("twinkit-async", default=False)


def _headers(request: httpx.Request) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]


def _response(answer: Answer, request: httpx.Request) -> httpx.Response:
    return httpx.Response(answer.status, headers=answer.headers, content=answer.body, request=request)


def _lost(error: ConnectionLost, request: httpx.Request) -> httpx.TransportError:
    kinds: dict[str, type[httpx.TransportError]] = {"hang": httpx.ReadTimeout, "reset": httpx.ReadError}
    return kinds.get(error.kind, httpx.RemoteProtocolError)(str(error), request=request)


class TwinTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport, for sync and async clients, that drives an application running on a Background of this process.

    A fault that cuts the connection becomes `httpx.RemoteProtocolError`, a reset `httpx.ReadError`, a hang
    `httpx.ReadTimeout`, at once.
    """

    def __init__(self, background: Background, app: Application) -> None:
        self._background = background
        self._app: Any = app

    def _ask(self, request: httpx.Request, body: bytes) -> Any:
        target = request.url.raw_path.decode("ascii")
        host = request.url.host
        return ask(self._app, request.method, target, _headers(request), body, scheme=request.url.scheme, host=host)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a sync client."""
        try:
            return _response(self._background.run(self._ask(request, request.read())), request)
        except ConnectionLost as error:
            raise _lost(error, request) from error

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer an async client, whatever loop it runs on."""
        future = self._background.submit(self._ask(request, await request.aread()))
        try:
            return _response(await asyncio.wrap_future(future), request)
        except ConnectionLost as error:
            raise _lost(error, request) from error


def transport(server: Any, *twins: Any) -> TwinTransport:
    """A transport for `httpx.Client` and `httpx.AsyncClient`: calls to the services' own hosts reach the twins.

    `server` is a `twinkit.testing.TwinServer`, `twins` instances of it.
    """
    return TwinTransport(server.background, Routes([route_of(server.host(twin.name), twin.instance) for twin in twins]))


@contextmanager
def routed(server: Any, *twins: Any, refuse: bool = True) -> Iterator[Any]:
    """Every httpx client of this process, sync or async: calls to the services' hosts reach the twins, by respx.

    Other hosts are refused (`respx`'s own error), or go out with `refuse=False`. Yields the respx router.
    """
    routes = Routes([route_of(server.host(twin.name), twin.instance) for twin in twins])
    answering = TwinTransport(server.background, routes)

    with _router(assert_all_called=False, assert_all_mocked=refuse) as router:
        for pattern in routes.hosts:
            expression = pattern.replace(".", r"\.").replace("*", r".+")
            router.route(host__regex=f"^{expression}$").mock(side_effect=_answering(answering))
        if not refuse:
            router.route().pass_through()
        yield router


def _answering(through: TwinTransport) -> Any:
    def effect(request: httpx.Request) -> Any:
        return through.handle_async_request(request) if ASYNC.get() else through.handle_request(request)

    return effect


def _router(**settings: Any) -> Any:
    """A respx router that knows whether a sync or an async client is asking."""
    import respx

    class Router(respx.MockRouter):
        def handler(self, request: httpx.Request) -> httpx.Response:
            token = ASYNC.set(False)
            try:
                return super().handler(request)
            finally:
                ASYNC.reset(token)

        async def async_handler(self, request: httpx.Request) -> httpx.Response:
            token = ASYNC.set(True)
            try:
                return await super().async_handler(request)
            finally:
                ASYNC.reset(token)

    return Router(**settings)
