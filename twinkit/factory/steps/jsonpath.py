"""A small JSON path: `$.a.b[0].c`, `a.b`, `items[-1]`, `items[*].id`, `["odd name"]`. Imports nothing of the kit."""

from __future__ import annotations

import re
from typing import Any

PART = re.compile(r"\.?([A-Za-z_][\w-]*)|\[(-?\d+|\*)\]|\[\"([^\"]+)\"\]")


class NoSuchField(AssertionError):
    """The document has nothing at this path."""


def parse(path: str) -> list[str | int]:
    """The parts of a path. Raises ValueError when it cannot be read."""
    text = path[1:] if path.startswith("$") else path
    parts: list[str | int] = []
    at = 0
    while at < len(text):
        match = PART.match(text, at)
        if match is None:
            raise ValueError(f"{path!r} is no field path; write for example $.items[0].id")
        name, index, quoted = match.groups()
        parts.append((index if index == "*" else int(index)) if index is not None else quoted or name)
        at = match.end()
    return parts


def get(document: Any, path: str) -> Any:
    """The value at `path`; with `[*]` a list of values. Raises NoSuchField (an assertion) and ValueError."""
    return _get(document, parse(path), path)


def _get(node: Any, parts: list[str | int], path: str) -> Any:
    for position, part in enumerate(parts):
        if part == "*":
            if not isinstance(node, list):
                raise NoSuchField(f"there is no list at {path}")
            return [_get(item, parts[position + 1 :], path) for item in node]
        try:
            if isinstance(part, int) != isinstance(node, list) or not isinstance(node, (list, dict)):
                raise KeyError(part)
            node = node[part]  # type: ignore[index]
        except (KeyError, IndexError):
            raise NoSuchField(f"there is no field {path}") from None
    return node


def has(document: Any, path: str) -> bool:
    """Whether there is a value at `path`, be it null."""
    try:
        get(document, path)
    except NoSuchField:
        return False
    return True
