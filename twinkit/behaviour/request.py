"""What a handler gets and gives: Request, Reply, Principal. Imports: contract (model), overlay (compiled)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from twinkit.contract.model import Operation
from twinkit.overlay.compiled import Binding


class RawJSON(bytes):
    """JSON text as the store keeps it, sent without being parsed: as the body of a reply, or anywhere inside it."""


def raw_list(rows: Iterable[bytes]) -> orjson.Fragment:
    """Records as the store keeps them, as a list inside a reply; at the root of one it is `RawJSON`."""
    return orjson.Fragment(b"[%s]" % b",".join(rows))


def to_json(data: Any) -> bytes:
    """Plain data, with `RawJSON` and `raw_list` anywhere in it, as JSON text."""
    return orjson.dumps(data, _unparsed, orjson.OPT_NON_STR_KEYS)


def _unparsed(value: Any) -> orjson.Fragment:
    if isinstance(value, RawJSON):
        return orjson.Fragment(bytes(value))
    raise TypeError(f"there is no JSON for {type(value).__name__}")


class Principal(NamedTuple):
    """Who is asking, as the service's own authentication found."""

    key: str
    """The credential as given."""
    kind: str = "secret"
    """The service's word for it: secret, restricted, bot, user, SSWS, …"""
    scopes: frozenset[str] = frozenset()
    account: str | None = None
    data: Mapping[str, Any] = {}


@dataclass(slots=True)
class Request:
    """One request after routing and decoding; values are coerced once validation has run."""

    method: str
    """Upper case."""
    url_path: str
    """The path as sent, still percent-encoded, without the instance prefix."""
    raw_query: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    raw: bytes = b""
    """The body as sent."""
    operation: Operation | None = None
    binding: Binding | None = None
    path: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    media_type: str | None = None
    principal: Principal | None = None

    @property
    def params(self) -> dict[str, Any]:
        """Query and body properties in one dictionary; the body wins."""
        if isinstance(self.body, dict):
            return {**self.query, **self.body} if self.query else self.body
        return self.query

    def header(self, name: str, default: str = "") -> str:
        """A header's value by its name in any case."""
        return self.headers.get(name.lower(), default)


@dataclass(slots=True)
class Reply:
    """An answer: a dict or list becomes JSON, RawJSON and bytes go out as they are, None is an empty body."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str | None = None
    """None means application/json for JSON bodies and application/octet-stream for bytes."""
    fidelity: str | None = None

    def parse(self) -> Reply:
        """This reply, its JSON body as plain data that can be looked into and changed."""
        if isinstance(self.body, RawJSON):
            self.body = orjson.loads(bytes(self.body))
        elif isinstance(self.body, dict | list):
            self.body = orjson.loads(to_json(self.body))
        return self
