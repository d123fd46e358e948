"""A loopback proxy for programs that cannot be reached from inside: twinned hosts go to the front, others are refused.

Imports: routes, front, inside. Understands CONNECT and absolute URLs, `https:` ones too: axios sends such to a proxy.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from twinkit.intercept.front import Front
from twinkit.intercept.inside import PLAIN_PORTS, covers, is_local
from twinkit.intercept.routes import host_of

DEFAULT_PORTS = {"http": 80, "https": 443}
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
LINGER_SECONDS = 30.0
HEAD_LIMIT = 64 * 1024
CHUNK = 64 * 1024
HEAD_SECONDS = 30.0


class Proxy:
    """An HTTP proxy on a loopback port; `start` binds it."""

    def __init__(self, front: Front, *, allow: Sequence[str] = (), report: Callable[[str], None] | None = None) -> None:
        self.front = front
        self.allow = list(allow)
        self.port = 0
        self.report = report or (lambda host: None)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None] | None] = set()
        """Connections being served: the loop itself keeps no hold on them."""

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=HEAD_LIMIT)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening; what is open is cut."""
        if self._server:
            self._server.close()
        for task in self._open:
            if task is not None:
                task.cancel()

    def destination(self, host: str, port: int, *, plain: bool = False) -> tuple[str, int] | None:
        """Where a connection for `host:port` goes, `plain` when no TLS follows on it; None when it is refused."""
        if self.front.routes.find(host):
            return "127.0.0.1", self.front.plain_port if plain or port in PLAIN_PORTS else self.front.tls_port
        if is_local(host) or covers(self.allow, host):
            return host, port
        self.report(host)
        return None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._open.add(task)
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            await self._handle(head, reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._open.discard(task)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _handle(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line, _, rest = head.partition(b"\r\n")
        method, target, version = line.decode("latin-1").split(" ", 2)
        if method == "CONNECT":
            host, port = host_of(target), int(target.rpartition(":")[2])
            opening, secure = b"", False
        else:
            parts = urlsplit(target)
            host, port = (parts.hostname or "").lower(), parts.port or DEFAULT_PORTS.get(parts.scheme, 80)
            secure = parts.scheme == "https"
            path = parts.path + (f"?{parts.query}" if parts.query else "") or "/"
            opening = f"{method} {path} {version}\r\n".encode("latin-1") + once(rest)
        where = self.destination(host, port, plain=method != "CONNECT")
        if where is None:
            message = f"{host} is not twinned, so twin run refuses it (let it through with --allow {host})\n".encode()
            writer.write(b"HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\nconnection: close\r\n")
            writer.write(b"content-length: %d\r\n\r\n" % len(message) + message)
            await writer.drain()
            return
        tls = ssl.create_default_context() if secure and where == (host, port) else None
        far_reader, far_writer = await asyncio.open_connection(*where, ssl=tls)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        far_writer.write(opening)
        await exchange((reader, writer), (far_reader, far_writer))


def once(headers: bytes) -> bytes:
    """Header lines that make a connection carry one request: hop-by-hop ones replaced by `connection: close`."""
    lines = headers.split(b"\r\n")
    hop = (b"proxy-connection:", b"connection:", b"keep-alive:", b"proxy-authorization:")
    kept = [line for line in lines if not line.lower().startswith(hop)]
    return b"\r\n".join([b"connection: close", *kept])


async def exchange(near: Stream, far: Stream) -> None:
    """Copy both ways until the far side has ended.

    A client that has said all it has to say still gets its answer: its end is not passed on, and the far side has
    `LINGER_SECONDS` from then.
    """
    up, down = (asyncio.create_task(pipe(*pair)) for pair in ((near[0], far[1]), (far[0], near[1])))
    try:
        await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({down}, timeout=LINGER_SECONDS)
    finally:
        up.cancel()
        down.cancel()
        far[1].close()


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy bytes until the end."""
    with contextlib.suppress(OSError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
