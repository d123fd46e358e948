"""A uvicorn HTTP protocol for twins: answers at once what nothing waits for, and makes faults real on the wire.

An application with a method `at_once` is asked there first, without a task and ASGI messages, which cost more than
most replies; what it leaves (None) goes the ASGI way, with the `Connection` at `scope["extensions"][CONNECTION]`.
Imports uvicorn's httptools protocol: only the server and tests of effects import this module. What it builds on is
uvicorn's own affair, as it is from 0.50 on (pyproject.toml says so); tests/twinkit/server/test_connection.py tell.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Callable

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from twinkit.faults import CONNECTION
from twinkit.server.render import Rendered

ABORT = struct.pack("ii", 1, 0)
"""SO_LINGER on, zero seconds: closing sends RST and drops what is not sent."""
PATIENCE = 5.0
"""Seconds that a stopping server waits for a request that a fault delays."""
MAX_HEAD = 64 * 1024
"""Bytes of a request's head that are waited for; what came in the read that went over it still counts as one."""
HEAD_TOO_LARGE = Rendered(
    431,
    b"Request Header Fields Too Large: more than 65536 bytes before the body",
    {"content-type": "text/plain; charset=utf-8", "connection": "close"},
)
FAILED = Rendered(500, b"Internal Server Error", {"content-type": "text/plain; charset=utf-8", "connection": "close"})


class Connection(HttpToolsProtocol):
    """One client connection, with what faults need: raw writes, close, reset, and waiting for its end."""

    _waiting: tuple[asyncio.Future[None], ...] = ()
    _held = False
    """A fault keeps the request for longer than that."""
    _at_once: Callable[[str, bytes, list[tuple[bytes, bytes]], bytes], Rendered | None] | None = None
    _whole: bytes | None = None
    """The body so far of a request that is to be answered at once; None when the request under way is not."""
    _head: int | None = None
    """Bytes so far of a head that is not complete; None outside of one."""
    _last = False
    """The server stops: the reply under way is the connection's last."""
    _rested = 0.0
    """When the connection last became idle, by the loop's clock; 0 while a request is under way."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._at_once = getattr(self.app, "at_once", None)

    # requests answered at once -------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A request begins; its scope is made when somebody needs one."""
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        self._head = 0

    def on_headers_complete(self) -> None:
        """Wait for the body of a request that can be answered at once, hand any other over to ASGI."""
        self._head = None
        if self._at_once is not None and self._is_plain():
            self._whole = b""
        else:
            self._hand_over()

    def _is_plain(self) -> bool:
        """Whether the request's turn has come, and it asks for nothing but a reply."""
        apart = self._is_busy() or self.expect_100_continue or self.flow.write_paused or self.transport.is_closing()
        plain = self.url.startswith(b"/") and b"#" not in self.url and self.url.isascii()
        return plain and not apart and not self.parser.should_upgrade()

    def _is_busy(self) -> bool:
        """Whether an earlier request of this connection is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def _hand_over(self) -> None:
        """Let ASGI answer the request of which the head (and perhaps a part of the body) has come."""
        url, headers, expected = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expected
        self.headers += headers
        self.scope["extensions"] = {CONNECTION: self}  # type: ignore[dict-item]
        super().on_headers_complete()
        begun, self._whole = self._whole, None
        if begun:
            super().on_body(begun)

    def on_body(self, body: bytes) -> None:
        """A piece of the body; one that grows large goes on to ASGI, which has limits for it."""
        if self._whole is None:
            super().on_body(body)
            return
        self._whole += body
        if len(self._whole) > HIGH_WATER_LIMIT:
            self._hand_over()

    def on_message_complete(self) -> None:
        """The request is there as a whole."""
        if self._whole is None or self._at_once is None:
            super().on_message_complete()
            return
        method = self.parser.get_method().decode("ascii")
        try:
            rendered = self._at_once(method, self.url, self.headers, self._whole)
        except Exception as error:
            self.logger.error("Exception in application", exc_info=error)
            rendered = FAILED
        if rendered is None:
            self._hand_over()
            super().on_message_complete()
        else:
            self._whole = None
            self._reply(rendered, method)

    def _reply(self, rendered: Rendered, method: str) -> None:
        """Send a whole reply in one write."""
        parts = [STATUS_LINE[rendered.status]]
        for name, value in self.server_state.default_headers:
            parts += (name, b": ", value, b"\r\n")
        parts.append(rendered.lines())
        last = "connection" in rendered.headers
        if not last and (self._last or not self._stays()):
            last = True
            parts.append(b"connection: close\r\n")
        parts += (b"\r\n", rendered.body if method != "HEAD" else b"")
        self.transport.write(b"".join(parts))
        if last:
            self.transport.close()
        self.on_response_complete()

    def _stays(self) -> bool:
        """Whether the client keeps the connection open after a reply."""
        return bool(self.parser.should_keep_alive() and self.parser.get_http_version() != "1.0")

    # between requests ----------------------------------------------------------------------------------------------

    def on_response_complete(self) -> None:
        """A reply is out: go on with a request that waits for its turn, else rest."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._rested = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._rest(self.timeout_keep_alive)

    def _rest(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def data_received(self, data: bytes) -> None:
        """Bytes came. The timer that closes an idle connection stays, and looks at the time again when it fires."""
        super().data_received(data)
        if self._head is not None:
            self._head += len(data)
            if self._head > MAX_HEAD:
                self._refuse_head()

    def _refuse_head(self) -> None:
        """Answer a request whose head does not end; where another one is being answered, only break off."""
        if self._is_busy():
            self.transport.abort()
        else:
            self._reply(HEAD_TOO_LARGE, "")

    def _unset_keepalive_if_required(self) -> None:
        self._rested = 0.0

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that has been idle for long enough."""
        self.timeout_keep_alive_task = None
        if not self._rested:
            return
        left = self._rested + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._rest(left)
        else:
            super().timeout_keep_alive_handler()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone: whoever waits for that goes on."""
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None
        waiting, self._waiting = self._waiting, ()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def shutdown(self) -> None:
        """The server stops: a request that a fault holds for long is let go by breaking its connection."""
        if self._whole is not None:
            self._last = True
            return
        super().shutdown()
        if self._held:
            self.transport.abort()

    # what faults need ----------------------------------------------------------------------------------------------

    async def lost(self, timeout: float | None = None) -> bool:
        """Wait until the connection is gone, at most `timeout` seconds; whether it is."""
        if self.cycle.disconnected:
            return True
        future = self.loop.create_future()
        self._held = timeout is None or timeout > PATIENCE
        self._waiting = (*self._waiting, future)
        try:
            async with asyncio.timeout(timeout):
                await future
        except TimeoutError:
            return False
        finally:
            self._waiting = tuple(each for each in self._waiting if each is not future)
        return True

    def write(self, data: bytes) -> None:
        """Put bytes on the wire as they are."""
        if not self.transport.is_closing():
            self.transport.write(data)

    async def close(self) -> None:
        """Send what was written, then FIN; returns when the connection is gone."""
        self.transport.close()
        await self.lost()

    async def reset(self) -> None:
        """Send RST; returns when the connection is gone."""
        own = self.transport.get_extra_info("socket")
        if own is not None and own.family in (socket.AF_INET, socket.AF_INET6):
            with socket.socket(fileno=os.dup(own.fileno())) as twin:
                twin.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        self.transport.abort()
        await self.lost()
