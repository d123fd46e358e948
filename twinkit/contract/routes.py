"""The route trie: method and path → operation, static words before parameters, with backtracking.

`build` makes a compact JSON form (kept in the header of the index), `Routes` matches on that form directly.
Imports only the standard library.

A node is `[words, parameter, patterns, leaf, rest]`: static children by decoded word, the child of a whole-segment
parameter, `[regex, child]` pairs for segments such as `{id}:cancel` or `{a}.json`, `{METHOD: entry}`, and the leaf
of a parameter that takes all the rest (`{path+}`). An entry is `[operation, names]`, with a third item
`[[conditions, operation, names], …]` where operations share a path and are told apart by more than it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote

Node = list[Any]
Leaf = dict[str, list[Any]]
Condition = list[Any]
"""`[place, key, value]`: place `query`, `any` (query or header) or `path` (key is then the place of the parameter);
value None (present), a text, a list of texts, or one of `_KINDS` for a path parameter."""

_KINDS = {
    "integer": re.compile(r"-?\d+"),
    "uuid": re.compile(r"[0-9A-Fa-f]{8}-?(?:[0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}"),
}

_VARIABLE = re.compile(r"\{([^{}/]*)\}")
_GREEDY = re.compile(r"^\{(?:\+([^{}]+)|([^{}]+?)(?:\+|\*))\}$")


def variables(path: str) -> list[str]:
    """The parameter names of a path template in order: `/a/{b}:{c}` → `["b", "c"]`; greedy marks are left out."""
    return [name.strip("+*") for name in _VARIABLE.findall(path)]


def build(routes: Iterable[tuple[str, str, int, list[Condition]]]) -> tuple[Node, list[int]]:
    """The trie over (method, path template, number of the operation, conditions), and the numbers that others hide."""
    root: Node = [{}, None, [], {}, None]
    hidden: list[int] = []
    for method, path, number, conditions in routes:
        leaf = _leaf(root, path)
        entry = leaf.get(method.upper())
        if entry is None:
            leaf[method.upper()] = [number, variables(path), [[conditions, number, variables(path)]]]
        elif any(conditions == other[0] for other in entry[2]):
            hidden.append(number)
        else:
            entry[2].append([conditions, number, variables(path)])
    _finish(root)
    return root, hidden


def _leaf(root: Node, path: str) -> Leaf:
    node = root
    segments = path.removeprefix("/").split("/")
    for place, segment in enumerate(segments):
        if _GREEDY.match(segment) and place == len(segments) - 1:
            if node[4] is None:
                node[4] = {}
            rest: Leaf = node[4]
            return rest
        node = _child(node, segment)
    leaf: Leaf = node[3]
    return leaf


def _child(node: Node, segment: str) -> Node:
    if "{" not in segment or not _VARIABLE.search(segment):
        child: Node = node[0].setdefault(unquote(segment), [{}, None, [], {}, None])
        return child
    if _VARIABLE.fullmatch(segment):
        if node[1] is None:
            node[1] = [{}, None, [], {}, None]
        whole: Node = node[1]
        return whole
    regex = _regex(segment)
    for known, child in node[2]:
        if known == regex:
            found: Node = child
            return found
    fresh: Node = [{}, None, [], {}, None]
    node[2].append([regex, fresh])
    return fresh


def _regex(segment: str) -> str:
    words = _VARIABLE.split(segment)[::2]
    return "(.+?)".join(re.escape(unquote(word)) for word in words)


def _finish(root: Node) -> None:
    """Patterns with more fixed text first, alternatives with more conditions first, no list of one alternative."""
    pending = [root]
    while pending:
        node = pending.pop()
        node[2].sort(key=lambda pair: (-len(pair[0].replace("(.+?)", "")), pair[0]))
        for leaf in (node[3], node[4] or {}):
            for method, (number, names, alternatives) in leaf.items():
                plain = next((other for other in alternatives if not other[0]), None)
                entry = [number, names] if plain is None else plain[1:]
                others = sorted((other for other in alternatives if other[0]), key=lambda other: -len(other[0]))
                leaf[method] = [*entry, others] if len(alternatives) > 1 else entry
        pending.extend(node[0].values())
        pending.extend(pair[1] for pair in node[2])
        if node[1] is not None:
            pending.append(node[1])


@lru_cache(maxsize=1024)
def _compiled(regex: str) -> re.Pattern[str]:
    return re.compile(regex, re.DOTALL)


class Routes:
    """Matching on the form that `build` makes."""

    __slots__ = ("_literal", "_root")

    def __init__(self, root: Node) -> None:
        self._root = root
        self._literal: dict[tuple[str, str], int] = {}
        """Paths without parameters or conditions that were asked for: (method, path) → operation."""

    def match(
        self, method: str, path: str, query: str = "", headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str]] | None:
        """Number of the operation and its decoded path parameters, for a percent-encoded path with its slash.

        Query string and headers (lower case) matter only where operations share a path.
        """
        method = method.upper()
        known = self._literal.get((method, path))
        if known is not None:
            return known, {}
        found = _find(self._root, _segments(path), 0, method, [])
        if found is None:
            return None
        entry, values = found
        if not values and len(entry) == 2 and "%" not in path:
            self._literal[method, path] = entry[0]
        number, names = entry[0], entry[1]
        for conditions, other, other_names in entry[2] if len(entry) > 2 else ():
            if _hold(conditions, values, query, headers or {}):
                number, names = other, other_names
                break
        return number, dict(zip(names, values, strict=True))

    def methods(self, path: str) -> tuple[str, ...]:
        """Methods, upper case and sorted, that some template declares for this path."""
        known: set[str] = set()
        _collect(self._root, _segments(path), 0, known)
        return tuple(sorted(known))


def _hold(conditions: list[Condition], values: list[str], query: str, headers: Mapping[str, str]) -> bool:
    given = dict(parse_qsl(query, keep_blank_values=True))
    for place, key, wanted in conditions:
        if place == "path":
            value: str | None = values[key]
        else:
            value = given.get(key)
            if value is None and place == "any":
                value = headers.get(key.lower())
        if value is None:
            return False
        kind = _KINDS.get(wanted) if place == "path" and isinstance(wanted, str) else None
        if kind is not None:
            if not kind.fullmatch(value):
                return False
        elif wanted is not None and (value not in wanted if isinstance(wanted, list) else value != wanted):
            return False
    return True


def _segments(path: str) -> list[str]:
    parts = path[1:].split("/") if path.startswith("/") else path.split("/")
    return [unquote(part) for part in parts] if "%" in path else parts


def _find(node: Node, parts: list[str], at: int, method: str, values: list[str]) -> tuple[Any, list[str]] | None:
    while at < len(parts):
        part = parts[at]
        children, variable, patterns, _, rest = node
        child = children.get(part)
        if child is not None:
            if variable is None and not patterns and rest is None:  # there is no other way
                node, at = child, at + 1
                continue
            found = _find(child, parts, at + 1, method, values)
            if found is not None:
                return found
        for regex, pattern_child in patterns:
            matched = _compiled(regex).fullmatch(part)
            if matched is not None:
                found = _find(pattern_child, parts, at + 1, method, [*values, *matched.groups()])
                if found is not None:
                    return found
        if variable is not None and part:
            if rest is None:
                node, at, values = variable, at + 1, [*values, part]
                continue
            found = _find(variable, parts, at + 1, method, [*values, part])
            if found is not None:
                return found
        entry = rest.get(method) if rest is not None and part else None
        return None if entry is None else (entry, [*values, "/".join(parts[at:])])
    entry = node[3].get(method)
    return None if entry is None else (entry, values)


def _collect(node: Node, parts: list[str], at: int, known: set[str]) -> None:
    if at == len(parts):
        known.update(node[3])
        return
    part = parts[at]
    if part in node[0]:
        _collect(node[0][part], parts, at + 1, known)
    for regex, child in node[2]:
        if _compiled(regex).fullmatch(part):
            _collect(child, parts, at + 1, known)
    if part and node[1] is not None:
        _collect(node[1], parts, at + 1, known)
    if part and node[4] is not None:
        known.update(node[4])
