"""A uvicorn HTTP protocol that hands its connection to the application, so that faults can be real on the wire.

`scope["extensions"][CONNECTION]` is the `Connection` of a request. Imports uvicorn's httptools protocol: only the
server and tests of effects import this module.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from twinkit.faults import CONNECTION

ABORT = struct.pack("ii", 1, 0)
"""SO_LINGER on, zero seconds: closing sends RST and drops what is not sent."""
PATIENCE = 5.0
"""Seconds that a stopping server waits for a request that a fault delays."""


class Connection(HttpToolsProtocol):
    """One client connection, with what faults need: raw writes, close, reset, and waiting for its end."""

    _waiting: tuple[asyncio.Future[None], ...] = ()
    _held = False
    """A fault keeps the request for longer than that."""

    def on_message_begin(self) -> None:
        """A request begins: its scope gets the connection."""
        super().on_message_begin()
        self.scope["extensions"] = {CONNECTION: self}  # type: ignore[dict-item]

    def reply(self, scope: Any, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> bool:
        """Send a whole reply in one write, where nothing speaks against it; whether it was sent.

        The same as two ASGI messages, for a third of their time: the names and values are known to be sound, and the
        length is among them. Where requests are pipelined, uvicorn's cycle is the last one's, not this one's.
        """
        cycle = self.cycle
        if cycle.scope is not scope:
            return False
        if cycle.response_started or cycle.flow.write_paused or cycle.scope["method"] == "HEAD" or status in (204, 304):
            return False
        if cycle.disconnected:
            return True
        parts = [STATUS_LINE[status]]
        for name, value in (*cycle.default_headers, *headers):
            parts += (name, b": ", value, b"\r\n")
        if not cycle.keep_alive:
            parts.append(b"connection: close\r\n")
        parts += (b"\r\n", body)
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        self.transport.write(b"".join(parts))
        cycle.message_event.set()
        if not cycle.keep_alive:
            self.transport.close()
        cycle.on_response()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone: whoever waits for that goes on."""
        super().connection_lost(exc)
        waiting, self._waiting = self._waiting, ()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def shutdown(self) -> None:
        """The server stops: a request that a fault holds for long is let go by breaking its connection."""
        super().shutdown()
        if self._held:
            self.transport.abort()

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
