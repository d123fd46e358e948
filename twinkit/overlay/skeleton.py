"""The least value a schema admits: what a new record holds before the caller says anything.

Imports: contract, shapes, words.
Neutral on purpose (0, "", false, null), unlike contract.examples, which invents plausible values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from twinkit.contract.draws import Draw
from twinkit.contract.matching import matching
from twinkit.overlay.shapes import Shapes
from twinkit.overlay.words import norm

FORMATS: Mapping[str, str] = {
    "date-time": "2026-11-01T00:00:00Z",
    "date": "2026-11-01",
    "time": "00:00:00Z",
    "duration": "P1D",
    "email": "user@example.com",
    "idn-email": "user@example.com",
    "hostname": "example.com",
    "idn-hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "decimal": "0",
    "currency": "usd",
    "iri": "https://example.com/",
    "uri-reference": "/",
    "uri-template": "/{id}",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "json-pointer": "",
    "relative-json-pointer": "0",
    "regex": ".*",
    "byte": "",
    "binary": "",
}
Fallback = Callable[[Any], Any]


class Skeleton:
    """Makes least values from the schemas of one document. `fallback` makes what is beyond us (odd patterns)."""

    def __init__(self, shapes: Shapes, fallback: Fallback | None = None) -> None:
        self._shapes = shapes
        self._fallback = fallback

    def constants(self, node: Any) -> dict[str, Any]:
        """What stands beside the records of a reply: least values, constants, and that all went well."""
        made = self.value(node)
        if not isinstance(made, dict):
            return {}
        for name, schema in self._shapes.properties(node).items():
            only = self._shapes.const(schema)
            if only is not None:
                made[name] = only
            elif norm(name) in ("ok", "success") and "boolean" in self._shapes.types(schema):
                made[name] = True
        return made

    def record(self, node: Any) -> dict[str, Any]:
        """Skeleton of a record: required properties, and null for every nullable one."""
        made = self.value(node, depth=0)
        for key in ("anyOf", "oneOf"):
            if isinstance(node, Mapping) and node.get(key) and "properties" not in node:
                return made if isinstance(made, dict) else {}
        out = made if isinstance(made, dict) else {}
        for name, schema in self._shapes.properties(node).items():
            if name not in out and self._shapes.nullable(schema):
                out[name] = None
        return out

    def value(self, schema: Any, depth: int = 0, seen: tuple[str, ...] = ()) -> Any:
        """The least value of a schema; recursion is cut at null, an empty list or an empty object."""
        name, _ = self._shapes.resolve(schema)
        node = self._shapes.merged(schema)
        if name is not None:
            if seen.count(name) > 1 or depth > 12:
                return None if self._shapes.nullable(node) else [] if self._shapes.types(node) == {"array"} else {}
            seen = (*seen, name)
        if "const" in node:
            return node["const"]
        if "default" in node and node["default"] is not None:
            return node["default"]
        enum = node.get("enum")
        if isinstance(enum, list) and enum:
            return None if None in enum else enum[0]
        types = self._shapes.types(node)
        if depth and self._shapes.nullable(node):
            return None
        for key in ("anyOf", "oneOf"):
            branches = node.get(key)
            if isinstance(branches, list) and branches and "properties" not in node:
                return self._least_branch(branches, depth, seen)
        return self._typed(node, types, depth, seen)

    def _least_branch(self, branches: list[Any], depth: int, seen: tuple[str, ...]) -> Any:
        def cost(branch: Any) -> int:
            name, node = self._shapes.resolve(branch)
            types = self._shapes.types(node)
            return (name in seen) * 8 + ("object" in types) * 2 + ("array" in types) if depth else "object" not in types

        return self.value(min(branches, key=cost), depth + 1, seen)

    def _typed(self, node: Mapping[str, Any], types: frozenset[str], depth: int, seen: tuple[str, ...]) -> Any:
        if "object" in types or "properties" in node or ("allOf" in node and not types):
            return self._object(node, depth, seen)
        if "array" in types:
            wanted = node.get("minItems")
            size = wanted if isinstance(wanted, int) and wanted < 20 else 0
            return [self.value(node.get("items", {}), depth + 1, seen) for _ in range(size)]
        if "string" in types:
            return self._string(node)
        if "integer" in types or "number" in types:
            return self._number(node, "integer" in types)
        if "boolean" in types:
            return False
        return None if "null" in types else {} if not types and depth == 0 else ""

    def _object(self, node: Mapping[str, Any], depth: int, seen: tuple[str, ...]) -> dict[str, Any]:
        properties = self._shapes.properties(node)
        required = self._shapes.required(node)
        out = {name: self.value(properties[name], depth + 1, seen) for name in properties if name in required}
        for name in sorted(required - set(properties)):
            out[name] = ""
        return out

    def _string(self, node: Mapping[str, Any]) -> Any:
        pattern = node.get("pattern")
        wanted = node.get("minLength")
        least = wanted if isinstance(wanted, int) else 0
        text = FORMATS.get(str(node.get("format")), "")
        if isinstance(pattern, str):
            if _fits(pattern, text) and len(text) >= least:
                return text
            return self._fallback(node) if self._fallback else _matching(node, pattern, least, text)
        return text if len(text) >= least else text.ljust(min(least, 4096), "x")

    def _number(self, node: Mapping[str, Any], integer: bool) -> Any:
        low = node.get("minimum")
        value: float = 0
        above = node.get("exclusiveMinimum")
        if isinstance(low, (int, float)) and low > 0:
            value = low
        if isinstance(above, (int, float)) and not isinstance(above, bool) and above >= value:
            value = above + 1
        high = node.get("maximum")
        if isinstance(high, (int, float)) and high < value:
            value = high
        step = node.get("multipleOf")
        if isinstance(step, (int, float)) and step > 0 and value % step:
            value = (value // step + 1) * step
        return int(value) if integer else value


def _matching(node: Mapping[str, Any], pattern: str, least: int, text: str) -> str:
    """Text that the pattern is found in, always the same for the same pattern; else text of the right length."""
    longest = node.get("maxLength")
    draw = Draw(0, f"skeleton/{pattern}", optional=False, budget=0)
    made = matching(pattern, draw, least, longest if isinstance(longest, int) else None)
    return text.ljust(min(least, 4096), "x") if made is None else made


def _fits(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return True
