"""One HTTP/1.1 request to a receiver, bounded in time and in what is kept of the answer; connections are kept open.

A client of its own (asyncio and httptools, both loaded by the server anyway): importing a general one would stop the
twin for a quarter of a second at the first webhook, and each delivery would cost four times as much.
Never follows redirects, never uses a proxy. Imports nothing of the kit.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import httptools

KEPT = 4096
"""Bytes of a receiver's answer that the log keeps."""
AGENT = "twinkit"
BAD_HEADER = re.compile(r"[\r\n\0]")
Origin = tuple[str, int, bool]
"""Host, port, TLS."""


class Answer(NamedTuple):
    """What a receiver said; `reason` is empty when it took the delivery (any 2xx), else one of schedule.REASONS."""

    status: int | None
    headers: dict[str, str]
    body: bytes
    reason: str
    error: str


class Line(asyncio.Protocol):
    """One connection to a receiver; sends one request at a time."""

    def __init__(self) -> None:
        self.open = True
        self._transport: asyncio.Transport | None = None
        self._future: asyncio.Future[Answer] | None = None
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._heard = False
        self._framed = False

    async def exchange(self, request: bytes) -> Answer:
        """Send a request and read its answer. Raises ConnectionError when the other side breaks off."""
        self._begin()
        self._future = asyncio.get_running_loop().create_future()
        assert self._transport is not None
        self._transport.write(request)
        try:
            return await self._future
        except asyncio.CancelledError:
            self.close()
            raise
        finally:
            self._future = None

    @property
    def silent(self) -> bool:
        """Not a byte of the answer has come."""
        return not self._heard

    def close(self) -> None:
        """Break the connection off."""
        self.open = False
        if self._transport:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio.Protocol."""
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Part of asyncio.Protocol."""
        self._heard = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(ConnectionError(f"no HTTP answer: {error}"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Part of asyncio.Protocol."""
        self.open = False
        if self._heard and self._headers and not self._framed:
            self._done()
        else:
            self._fail(exc if isinstance(exc, OSError) else ConnectionError("closed without an answer"))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Part of the parser's protocol."""
        key = name.decode("latin-1").lower()
        self._headers[key] = value.decode("latin-1")
        self._framed = self._framed or key in ("content-length", "transfer-encoding")

    def on_body(self, data: bytes) -> None:
        """Part of the parser's protocol."""
        self._body += data[: KEPT - len(self._body)]
        if len(self._body) >= KEPT:
            self._done()
            self.close()

    def on_message_complete(self) -> None:
        """Part of the parser's protocol."""
        if self._parser.get_status_code() < 200:
            self._headers = {}
            return
        keep = self._parser.should_keep_alive()
        self._done()
        if not keep:
            self.close()

    def _done(self) -> None:
        if self._future and not self._future.done():
            status = self._parser.get_status_code()
            reason = "" if 200 <= status < 300 else "redirect" if 300 <= status < 400 else "status"
            error = f"status {status}" if reason else ""
            self._future.set_result(Answer(status, self._headers, bytes(self._body), reason, error))

    def _fail(self, error: Exception) -> None:
        self.close()
        if self._future and not self._future.done():
            self._future.set_exception(error)


class Sender:
    """Open connections to receivers, used again for the next delivery."""

    def __init__(self) -> None:
        self._idle: dict[Origin, list[Line]] = {}
        self._tls: Any = None

    async def post(self, url: str, body: bytes, headers: dict[str, str], timeout: float) -> Answer:
        """Send and read the answer within `timeout` seconds. Never raises for what a receiver or network does."""
        try:
            origin, request = compose(url, body, headers)
        except ValueError as error:
            return Answer(None, {}, b"", "other", str(error))
        try:
            async with asyncio.timeout(timeout):
                return await self._exchange(origin, request)
        except TimeoutError:
            return Answer(None, {}, b"", "timeout", f"no answer within {timeout:g} s")
        except OSError as error:
            tls = type(error).__module__ == "ssl"
            text = f"{type(error).__name__}: {error}"
            return Answer(None, {}, b"", "tls" if tls else "connection_failed", text)

    async def _exchange(self, origin: Origin, request: bytes) -> Answer:
        line = self._take(origin)
        if line is not None:
            try:
                return await self._over(line, origin, request)
            except OSError:
                if not line.silent:
                    raise  # else: an idle connection that the receiver had closed
        return await self._over(await self._connect(origin), origin, request)

    async def _over(self, line: Line, origin: Origin, request: bytes) -> Answer:
        answer = await line.exchange(request)
        if line.open:
            self._idle.setdefault(origin, []).append(line)
        return answer

    def _take(self, origin: Origin) -> Line | None:
        waiting = self._idle.get(origin, [])
        while waiting:
            line = waiting.pop()
            if line.open:
                return line
        return None

    async def _connect(self, origin: Origin) -> Line:
        host, port, tls = origin
        loop = asyncio.get_running_loop()
        if tls and self._tls is None:
            import ssl

            self._tls = await asyncio.to_thread(ssl.create_default_context)
        context = self._tls if tls else None
        _, line = await loop.create_connection(Line, host, port, ssl=context)
        return line

    async def close(self) -> None:
        """Close every connection."""
        idle, self._idle = self._idle, {}
        for lines in idle.values():
            for line in lines:
                line.close()
        await asyncio.sleep(0)


def compose(url: str, body: bytes, headers: dict[str, str]) -> tuple[Origin, bytes]:
    """Where a request goes, and its bytes. Raises ValueError for a URL or header that cannot be sent."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url!r} is no http(s) URL")
    tls = parts.scheme == "https"
    port = parts.port or (443 if tls else 80)
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._") + (f"?{parts.query}" if parts.query else "")
    host = parts.netloc.rpartition("@")[2]
    lines = [f"POST {target} HTTP/1.1", f"host: {host}"]
    given = {name.lower() for name in headers}
    defaults = {"user-agent": AGENT, "accept": "*/*"}
    pairs = [*headers.items(), *((name, value) for name, value in defaults.items() if name not in given)]
    for name, value in pairs:
        if BAD_HEADER.search(name + value):
            raise ValueError(f"header {name!r} cannot be sent: it has a line break")
        lines.append(f"{name}: {value}")
    lines.append(f"content-length: {len(body)}")
    return (parts.hostname, port, tls), "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
