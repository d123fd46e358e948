"""Looking things up in a document: JSON pointers, anchors, mended references. Standard library only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote


class Missing(LookupError):
    """A pointer that leads nowhere."""


def tokens(pointer: str) -> list[str]:
    """`#/a/b~1c%20d` → `["a", "b/c d"]`."""
    parts = pointer.lstrip("#").split("/")
    if parts and parts[0] == "":
        parts = parts[1:]
    if "%" in pointer or "~" in pointer:
        return [unquote(part).replace("~1", "/").replace("~0", "~") for part in parts]
    return parts


def escape(token: str) -> str:
    """One token as it stands in a pointer."""
    return token.replace("~", "~0").replace("/", "~1")


def look_up(root: Any, pointer: str) -> Any:
    """The node a local pointer names. Raises Missing."""
    node = root
    raw = pointer.lstrip("#").split("/")[1:]
    for token, plain in zip(tokens(pointer), raw, strict=False):
        if isinstance(node, dict) and (token in node or plain in node):
            node = node[token] if token in node else node[plain]
        elif isinstance(node, list) and token.isdecimal() and len(token) < 9 and int(token) < len(node):
            node = node[int(token)]
        else:
            raise Missing(pointer)
    return node


def anchors(root: Any) -> dict[str, str]:
    """Every `$anchor`, `$dynamicAnchor` and `$id` of a document → the pointer of its node."""
    found: dict[str, str] = {}
    for pointer, node in walk(root):
        for key in ("$anchor", "$dynamicAnchor"):
            if isinstance(node.get(key), str):
                found.setdefault("#" + node[key], pointer)
        if isinstance(node.get("$id"), str) and node["$id"]:
            found.setdefault(node["$id"].rstrip("#"), pointer)
    return found


def walk(root: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every mapping of a document with its pointer, each object once, without recursion."""
    pending: list[tuple[str, Any]] = [("#", root)]
    seen: set[int] = set()
    while pending:
        pointer, node = pending.pop()
        if id(node) in seen:
            continue
        if isinstance(node, dict):
            seen.add(id(node))
            yield pointer, node
            pending.extend((f"{pointer}/{escape(str(key))}", item) for key, item in node.items())
        elif isinstance(node, list):
            seen.add(id(node))
            pending.extend((f"{pointer}/{at}", item) for at, item in enumerate(node))
