"""ASGI applications on an event loop in a thread of its own, with sockets and without.

For tests, `twin run` and everything else that wants twins beside other work in one process. Imports: faults (effects,
connection); uvicorn when the first application is served.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import unquote

from twinkit.faults import WireFault

T = TypeVar("T")
Message = MutableMapping[str, Any]
Application = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Coroutine[Any, Any, None]
]
STOP_SECONDS = 5.0
"""How long open requests may take to finish when everything is stopped."""


class ConnectionLost(ConnectionError):
    """No whole reply came; `kind` is the network fault that made it so (`reset`, `hang`, …), when it was one."""

    def __init__(self, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(slots=True)
class Answer:
    """One reply: status, headers in lower case and in order, whole body."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def header(self, name: str, default: str = "") -> str:
        """The first value of a header."""
        return next((value for key, value in self.headers if key == name.lower()), default)


async def ask(
    app: Application,
    method: str,
    target: str,
    headers: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
    *,
    scheme: str = "http",
    host: str = "127.0.0.1",
) -> Answer:
    """Drive an ASGI application with one request, without a socket. Raises ConnectionLost when no whole reply came.

    `target` is the path with its query string, percent-encoded.
    """
    path, _, query = target.partition("?")
    wire = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    if not any(name == b"host" for name, _ in wire):
        wire.insert(0, (b"host", host.encode("latin-1")))
    scope: Message = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "scheme": scheme,
        "method": method.upper(), "path": unquote(path), "raw_path": path.encode("latin-1"), "root_path": "",
        "query_string": query.encode("latin-1"), "headers": wire, "client": ("127.0.0.1", 0), "server": (host, None),
        "extensions": {}, "state": {},
    }  # fmt: skip
    asked = False
    answer = Answer(0)
    done = False

    async def receive() -> Message:
        nonlocal asked
        if asked:
            await asyncio.Event().wait()
        asked = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal done
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            pairs = message.get("headers", ())
            answer.headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in pairs]
        elif message["type"] == "http.response.body":
            answer.body += message.get("body", b"")
            done = not message.get("more_body", False)

    try:
        await app(scope, receive, send)
    except WireFault as error:
        raise ConnectionLost(str(error), error.wire.kind) from None
    if not done:
        raise ConnectionLost("the connection was closed before a whole reply had come")
    return answer


def listen(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """A bound socket for `Background.serve`; port 0 takes a free one. Raises OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # with the protocol named, asyncio turns Nagle's algorithm off: else every reply waits 40 ms for an ACK
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


class Background:
    """An event loop on a daemon thread, and the servers that run on it. Usable as a context manager."""

    def __init__(self, name: str = "twinkit") -> None:
        self.loop = asyncio.new_event_loop()
        self._servers: list[tuple[Any, Future[None]]] = []
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine on the loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def run(self, work: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Run a coroutine on the loop and wait for it. Not to be called on the loop's own thread."""
        return self.submit(work).result(timeout)

    def serve(self, app: Application, listening: socket.socket, *, tls: ssl.SSLContext | None = None) -> None:
        """Serve an application on a bound socket; returns when it takes connections."""
        import uvicorn

        from twinkit.server.connection import Connection

        config = uvicorn.Config(
            app, http=Connection, log_config=None, log_level="critical", access_log=False, server_header=False,
            proxy_headers=False, lifespan="on", ws="websockets-sansio", timeout_graceful_shutdown=1,
        )  # fmt: skip
        config.load()
        config.ssl = tls
        server = _server(config)
        future = self.submit(server.serve(sockets=[listening]))
        self._servers.append((server, future))
        while not server.ready.wait(0.05):
            if future.done():
                future.result()
                raise RuntimeError("the server stopped before it was ready")

    def stop(self) -> None:
        """Stop every server, then the loop. May be called twice."""
        if not self._thread.is_alive():
            return
        for server, _ in self._servers:
            server.should_exit = True
        for _, future in self._servers:
            future.result(STOP_SECONDS)
        self._servers.clear()
        self.run(_cancel_rest(), STOP_SECONDS)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(STOP_SECONDS)
        self.loop.close()

    def __enter__(self) -> Background:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


async def _cancel_rest() -> None:
    rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


def _server(config: Any) -> Any:
    """A uvicorn server with `ready`, an event that is set when it takes connections."""
    import uvicorn

    class Server(uvicorn.Server):
        def __init__(self) -> None:
            super().__init__(config)
            self.ready = threading.Event()

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            self.ready.set()

    return Server()
