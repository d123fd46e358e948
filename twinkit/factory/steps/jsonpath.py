"""A small JSON path: `$.a.b[0].c`, `a.b`, `items[-1]`, `items[*].id`, `["odd name"]`. Imports nothing of the kit."""

from __future__ import annotations

import re
from collections.abc import Iterator
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
    """The value at `path`; with `[*]` a list of values, one per item. Raises NoSuchField (an assertion), ValueError."""
    return _get(document, parse(path), path)


def _get(node: Any, parts: list[str | int], path: str) -> Any:
    for position, part in enumerate(parts):
        if part == "*":
            if not isinstance(node, list):
                raise NoSuchField(f"there is no list at {path}")
            return [_get(item, parts[position + 1 :], path) for item in node]
        node = _step(node, part, path)
    return node


def _step(node: Any, part: str | int, path: str) -> Any:
    try:
        if isinstance(part, int) != isinstance(node, list) or not isinstance(node, (list, dict)):
            raise KeyError(part)
        if isinstance(node, dict) and part not in node:
            raise KeyError(part)
        return list.__getitem__(node, part) if isinstance(node, list) else node[part]  # type: ignore[index]
    except (KeyError, IndexError):
        raise NoSuchField(f"there is no field {path}") from None


def found(document: Any, path: str) -> list[Any]:
    """Every value there is at `path`, of all the items that `[*]` stands for; empty when there is none."""
    return list(_found(document, parse(path), path))


def _found(node: Any, parts: list[str | int], path: str) -> Iterator[Any]:
    for position, part in enumerate(parts):
        if part == "*":
            for item in node if isinstance(node, list) else ():
                yield from _found(item, parts[position + 1 :], path)
            return
        try:
            node = _step(node, part, path)
        except NoSuchField:
            return
    yield node


def has(document: Any, path: str) -> bool:
    """Whether there is a value at `path`, be it null; with `[*]`, whether there are items and all of them have it."""
    try:
        value = get(document, path)
    except NoSuchField:
        return False
    return "[*]" not in path or bool(_flat(value, path.count("[*]")))


def _flat(value: Any, depth: int) -> list[Any]:
    return value if depth <= 1 else [item for each in value for item in _flat(each, depth - 1)]
