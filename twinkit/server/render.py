"""From a Reply to bytes and headers. Imports: behaviour (request), faults (decision)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twinkit.behaviour.request import RawJSON, Reply, to_json

if TYPE_CHECKING:
    from twinkit.faults.injector import Decision

BREAKS = re.compile(r"[\r\n\0]")

NAMES_KNOWN = 1000
"""So many names of headers are looked at once only."""
_lower: set[str] = set()  # names of headers that are in lower case


@dataclass(slots=True)
class Rendered:
    """What goes onto the wire."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    """Names in lower case."""

    def lines(self) -> bytes:
        """Headers as they go over the wire, content-length included, each with its end of line."""
        headers = self.headers
        given = "".join([*headers, *headers.values()])
        if "\n" in given or "\r" in given or "\0" in given:
            headers = {BREAKS.sub(" ", name): BREAKS.sub(" ", value) for name, value in headers.items()}
        text = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        if self.status not in (204, 304) and "content-length" not in self.headers:
            text += f"content-length: {len(self.body)}\r\n"
        return text.encode("latin-1", "replace")

    def wire_headers(self) -> list[tuple[bytes, bytes]]:
        """Headers as ASGI wants them, content-length included."""
        found = [(name.encode("latin-1"), one_line(value)) for name, value in self.headers.items()]
        if self.status not in (204, 304) and "content-length" not in self.headers:
            found.append((b"content-length", str(len(self.body)).encode()))
        return found


def one_line(value: str) -> bytes:
    """A header's value on the wire: Latin-1, and on one line whatever a record held."""
    return BREAKS.sub(" ", value).encode("latin-1", "replace")


def render(reply: Reply, decision: Decision | None = None) -> Rendered:
    """Serialise a reply; names the fidelity and the fault in `twin-` headers."""
    given = reply.headers
    if given.keys() <= _lower:
        headers = dict(given)
    else:
        headers = {name.lower(): value for name, value in given.items()}
        if len(_lower) < NAMES_KNOWN:
            _lower.update(headers)
    text = isinstance(reply.body, str) and "json" in (reply.media_type or "")
    body = to_json(reply.body) if text else encode(reply.body)
    if reply.status in (204, 304):
        body = b""
    elif body or reply.body is not None:
        media_type = reply.media_type or _media_type(reply.body)
        headers.setdefault("content-type", media_type)
    if reply.fidelity:
        headers["twin-fidelity"] = reply.fidelity
    if decision is not None:
        headers.update({name.lower(): value for name, value in decision.headers.items()})
        if decision.label:
            headers["twin-fault"] = decision.label
    return Rendered(reply.status, body, headers)


def encode(body: Any) -> bytes:
    """Bytes of a reply body."""
    if body is None:
        return b""
    if isinstance(body, bytes):
        return bytes(body)
    if isinstance(body, str):
        return body.encode()
    return to_json(body)


def _media_type(body: Any) -> str:
    if isinstance(body, RawJSON):
        return "application/json"
    if isinstance(body, bytes):
        return "application/octet-stream"
    if isinstance(body, str):
        return "text/plain; charset=utf-8"
    return "application/json"
