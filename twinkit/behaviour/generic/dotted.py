"""Reading and writing dotted names (`meta.next_cursor`) in plain data. Imports nothing of the kit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def dig(data: Any, path: str, default: Any = None) -> Any:
    """The value at a dotted name, `default` where it is absent; the data itself for the empty name."""
    if not path:
        return data
    for part in path.split("."):
        if not isinstance(data, Mapping) or part not in data:
            return default
        data = data[part]
    return data


def put(data: dict[str, Any], path: str, value: Any) -> None:
    """Write a value at a dotted name, making the objects on the way."""
    *way, last = path.split(".")
    for part in way:
        inner = data.get(part)
        if not isinstance(inner, dict):
            inner = data[part] = {}
        data = inner
    data[last] = value
