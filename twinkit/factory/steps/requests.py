"""What the app sent to a twin, as flat fields: JSON, forms and queries read alike. Imports table."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from twinkit.factory.steps.table import same


class FromText(str):
    """A value of a form or query, which has no kinds."""

    __slots__ = ()


def fields(exchange: Mapping[str, Any]) -> dict[str, Any]:
    """Name → value of one request: `items[0][price]` of a form and `{"items": [{"price": …}]}` are `items.0.price`."""
    found: dict[str, Any] = {dotted(name): FromText(value) for name, value in _pairs(str(exchange.get("query") or ""))}
    body = exchange.get("request")
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError:
            return found | {dotted(name): FromText(value) for name, value in _pairs(body)}
    return found | dict(_leaves(body, ""))


def fits(sent: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether every wanted field was sent with this value."""
    return all(dotted(name) in sent and _same(sent[dotted(name)], value) for name, value in wanted.items())


def dotted(name: str) -> str:
    """`metadata[email]` and `$.metadata.email` as `metadata.email`."""
    return re.sub(r"[\[\].]+", ".", name.removeprefix("$.")).strip(".")


def _pairs(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True)


def _leaves(node: Any, name: str) -> Iterator[tuple[str, Any]]:
    inner: list[tuple[str, Any]] = []
    if isinstance(node, dict):
        inner = [(str(key), value) for key, value in node.items()]
    elif isinstance(node, list):
        inner = [(str(index), value) for index, value in enumerate(node)]
    if name:
        yield name, node
    for key, value in inner:
        yield from _leaves(value, f"{name}.{key}" if name else key)


def _same(sent: Any, wanted: Any) -> bool:
    if isinstance(sent, FromText):
        return sent == (wanted if isinstance(wanted, str) else json.dumps(wanted))
    return same(sent, wanted)
