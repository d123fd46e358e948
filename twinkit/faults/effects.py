"""Carries out network faults and latencies from inside an ASGI application.

On uvicorn (with `twinkit.server.connection.Connection` as its protocol) they are real on the wire. Where there is no
wire (in-process clients) a `WireFault` is raised for the one who drives the application to translate.
Imports: faults.model, errors; uvicorn is not imported.
"""

from __future__ import annotations

import asyncio
import http
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from twinkit.faults import CONNECTION, WireFault
from twinkit.faults.model import Wire

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
GARBAGE = bytes((number * 73 + 21) % 256 for number in range(256))
"""What `garbage` sends: bytes that are no HTTP, always the same."""
STEP = 0.05
"""Seconds between two writes of a slow reply."""


class Wired(Protocol):
    """What effects need of a connection; see `twinkit.server.connection`."""

    async def lost(self, timeout: float | None = None) -> bool:
        """Wait until it is gone, at most `timeout` seconds; whether it is."""

    def write(self, data: bytes) -> None:
        """Put bytes on the wire."""

    async def close(self) -> None:
        """FIN after what was written."""

    async def reset(self) -> None:
        """RST at once."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply that a fault spoils: header names in lower case, without content-length."""

    status: int = 200
    headers: Sequence[tuple[bytes, bytes]] = ((b"content-type", b"application/json"),)
    body: bytes = b'{"id": "' + b"x" * 246 + b'"}'

    @classmethod
    def of(cls, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        """From a plain status, headers and body."""
        pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        return cls(status, [pair for pair in pairs if pair[0] != b"content-length"], body)

    def head(self, *more: tuple[bytes, bytes]) -> bytes:
        """Status line and headers as they go over the wire; the connection closes after the reply."""
        try:
            phrase = http.HTTPStatus(self.status).phrase
        except ValueError:
            phrase = ""
        lines = [f"HTTP/1.1 {self.status} {phrase}".encode("latin-1")]
        pairs = (*self.headers, *more, (b"connection", b"close"))
        lines += [b": ".join(pair) for pair in pairs]
        return b"\r\n".join(lines) + b"\r\n\r\n"


def connection_of(scope: Scope) -> Wired | None:
    """The connection of a request, or None where there is no wire."""
    wired: Wired | None = (scope.get("extensions") or {}).get(CONNECTION)
    return wired


async def pause(scope: Scope, micros: int) -> bool:
    """Wait, unless the client or the server ends the connection before; whether it is still there."""
    connection = connection_of(scope)
    if connection is None:
        await asyncio.sleep(micros / 1e6)
        return True
    return not await connection.lost(micros / 1e6)


async def apply(wire: Wire, scope: Scope, send: Send, answer: Answer | None = None) -> None:
    """Carry out a network fault on this request; `answer` is the reply there would be (None: nothing was done).

    Returns when the reply is complete or the connection is gone. Raises WireFault where there is no wire.
    """
    answer = answer or Answer()
    if wire.kind == "malformed":
        await _send_malformed(wire, send, answer)
        return
    connection = connection_of(scope)
    if connection is None:
        raise WireFault(wire)
    await EFFECTS[wire.kind](wire, connection, answer)


async def _send_malformed(wire: Wire, send: Send, answer: Answer) -> None:
    """A complete reply whose body is cut JSON, of the length it says."""
    body = _part(wire, answer)
    headers = [*answer.headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _part(wire: Wire, answer: Answer) -> bytes:
    """The share of the body that is kept: never all of it."""
    return answer.body[: min(int(len(answer.body) * wire.keep), len(answer.body) - 1)]


def _length(size: int) -> tuple[bytes, bytes]:
    return (b"content-length", str(size).encode())


async def _reset(wire: Wire, connection: Wired, answer: Answer) -> None:
    await connection.reset()


async def _hang(wire: Wire, connection: Wired, answer: Answer) -> None:
    """Nothing, until the client gives up; after `limit` the connection is closed."""
    if not await connection.lost(wire.limit / 1e6):
        await connection.close()


async def _empty(wire: Wire, connection: Wired, answer: Answer) -> None:
    await connection.close()


async def _truncated(wire: Wire, connection: Wired, answer: Answer) -> None:
    """The right length announced, a part sent, then FIN."""
    connection.write(answer.head(_length(len(answer.body))) + _part(wire, answer))
    await connection.close()


async def _cut(wire: Wire, connection: Wired, answer: Answer) -> None:
    """Chunked, then FIN inside the second chunk."""
    part, size = _part(wire, answer), len(answer.body)
    connection.write(answer.head((b"transfer-encoding", b"chunked")))
    first = part[: len(part) // 2]
    if first:
        connection.write(b"%x\r\n%s\r\n" % (len(first), first))
    connection.write(b"%x\r\n%s" % (max(1, size - len(first)), part[len(first) :]))
    await connection.close()


async def _wrong_length(wire: Wire, connection: Wired, answer: Answer) -> None:
    """The whole body, but a length announced that is too short by the share not kept."""
    connection.write(answer.head(_length(len(_part(wire, answer)))) + answer.body)
    await connection.close()


async def _slow(wire: Wire, connection: Wired, answer: Answer) -> None:
    """The whole reply, `rate` bytes a second; what is left after `limit` is sent at once."""
    data = answer.head(_length(len(answer.body))) + answer.body
    loop = asyncio.get_running_loop()
    start = loop.time()
    sent = 0
    while sent < len(data):
        passed = loop.time() - start
        upto = len(data) if passed * 1e6 >= wire.limit else max(sent, int(passed * wire.rate) + 1)
        connection.write(data[sent:upto])
        sent = min(upto, len(data))
        if sent < len(data) and await connection.lost(max(STEP, 1 / wire.rate)):
            return
    await connection.close()


async def _garbage(wire: Wire, connection: Wired, answer: Answer) -> None:
    connection.write(GARBAGE)
    await connection.close()


EFFECTS: dict[str, Callable[[Wire, Wired, Answer], Awaitable[None]]] = {
    "reset": _reset,
    "hang": _hang,
    "empty": _empty,
    "truncated": _truncated,
    "cut": _cut,
    "wrong_length": _wrong_length,
    "slow": _slow,
    "garbage": _garbage,
}
