"""Valid values of a schema, and values with one thing wrong, each proven by jsonschema before it is used."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from judging.document import OpenDocument

WORDS = {
    "date-time": "2026-03-04T05:06:07Z", "date": "2026-03-04", "time": "05:06:07Z", "email": "ada@example.com",
    "uuid": "6f1c2b1e-5d3a-4f7b-9c8d-0a1b2c3d4e5f", "uri": "https://example.com/a", "url": "https://example.com/a",
    "ipv4": "192.0.2.7", "ipv6": "2001:db8::7", "hostname": "host.example.com", "byte": "YWJj", "duration": "P1D",
    "uri-reference": "/a", "regex": "a+", "json-pointer": "/a",
}  # fmt: skip
NONE = object()


class Samples:
    """Values for schemas of one side of a document."""

    def __init__(self, document: OpenDocument, side: str = "in") -> None:
        self.document = document
        self.side = side

    def resolve(self, schema: Any) -> Any:
        """The schema behind references, allOf folded in."""
        for _ in range(20):
            if isinstance(schema, dict) and isinstance(schema.get("$ref"), str):
                pointer = schema["$ref"].partition(f"urn:{self.side}:")[2].replace("%23", "#", 1)
                try:
                    schema = self.document.schema(self.document.at(pointer), self.side)
                except KeyError:
                    return {}
        if isinstance(schema, dict) and schema.get("allOf"):
            whole = {key: value for key, value in schema.items() if key != "allOf"}
            for part in schema["allOf"]:
                part = self.resolve(part) if len(str(part)) < 5000 else {}
                for key, value in part.items() if isinstance(part, dict) else ():
                    if key == "properties":
                        whole[key] = {**value, **whole.get(key, {})}
                    elif key == "required":
                        whole[key] = [*whole.get(key, []), *value]
                    else:
                        whole.setdefault(key, value)
            return whole
        return schema

    def valid(self, schema: Any, *, full: bool = False) -> Any:
        """A value that fits, or NONE."""
        for wide in (full, not full):
            try:
                value = self.make(schema, 0, wide)
            except RecursionError:
                continue
            if value is not NONE and not self.document.errors(schema, self.side, value):
                return value
        return NONE

    def make(self, schema: Any, depth: int, full: bool) -> Any:
        """A value that probably fits."""
        node = self.resolve(schema)
        if not isinstance(node, dict) or depth > 7:
            return "x" if node is not False else NONE
        if "const" in node:
            return node["const"]
        for key in ("example", "default"):
            if key in node and node[key] is not None and not self.document.errors(node, self.side, node[key]):
                return copy.deepcopy(node[key])
        if "enum" in node:
            return next((m for m in node["enum"] if m is not None), None)
        for key in ("oneOf", "anyOf"):
            if node.get(key):
                return self._branch(node, key, depth, full)
        return self._typed(node, depth, full)

    def _branch(self, node: Any, key: str, depth: int, full: bool) -> Any:
        rest = {k: v for k, v in node.items() if k != key}
        first: Any = NONE
        for branch in node[key][:6]:
            value = self.make({**rest, "allOf": [branch]} if rest else branch, depth + 1, full)
            if value is not NONE and not self.document.errors(node, self.side, value):
                return value
            first = value if first is NONE else first
        return first

    def _typed(self, node: Any, depth: int, full: bool) -> Any:
        kinds = node.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if "object" in kinds or "properties" in node:
            return self._object(node, depth, full)
        if "array" in kinds or "items" in node:
            size = max(node.get("minItems", 0), 1 if full and depth < 4 else 0)
            items = [self.make(node.get("items", {}), depth + 1, full) for _ in range(min(size, 5))]
            return [item for item in items if item is not NONE]
        if "string" in kinds:
            return text(node)
        if "integer" in kinds or "number" in kinds:
            return number(node, "integer" in kinds)
        if "boolean" in kinds:
            return True
        return None if kinds == ["null"] else "x"

    def _object(self, node: Any, depth: int, full: bool) -> Any:
        out: dict[str, Any] = {}
        required = node.get("required", [])
        for name, schema in (node.get("properties") or {}).items():
            if name in required or (full and depth < 3):
                inner = self.resolve(schema)
                if isinstance(inner, dict) and inner.get("x-hidden"):
                    continue
                value = self.make(schema, depth + 1, full and depth < 2)
                if value is not NONE:
                    out[name] = value
        for name in required:
            if name not in out and name not in (node.get("properties") or {}):
                out[name] = "x"
        return out

    def wrong(self, schema: Any, value: Any) -> Iterator[tuple[str, Any]]:
        """(what is wrong, a value that does not fit), each a small change of a valid one."""
        for what, trial in self._changes(schema, value, 0):
            if self.document.errors(schema, self.side, trial):
                yield what, trial

    def _changes(self, schema: Any, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
        node = self.resolve(schema)
        if not isinstance(node, dict) or depth > 2:
            return
        yield from scalar_changes(node, value)
        if isinstance(value, dict):
            for name in node.get("required", []):
                if name in value:
                    yield "missing property", {k: v for k, v in value.items() if k != name}
            if node.get("additionalProperties") is False:
                yield "unknown property", {**value, "x_unknown_property": "x"}
            for name, inner in (node.get("properties") or {}).items():
                if name in value:
                    for what, trial in self._changes(inner, value[name], depth + 1):
                        yield what, {**value, name: trial}
        if isinstance(value, list) and value and isinstance(node.get("items"), dict):
            for what, trial in self._changes(node["items"], value[0], depth + 1):
                yield what, [trial, *value[1:]]


def scalar_changes(node: Any, value: Any) -> Iterator[tuple[str, Any]]:
    """Wrong values of one node."""
    if "type" in node:
        for other in (["x"], {"x": 1}, 12.5, "not of this type", True, None):
            if type(other) is not type(value) and not (isinstance(other, float) and isinstance(value, int)):
                yield "null" if other is None else "wrong type", other
    if "enum" in node:
        yield "out of enum", "no-such-member" if isinstance(node["enum"][0], str) else 987654
    if isinstance(value, str):
        if "maxLength" in node and node["maxLength"] < 20_000:
            yield "too long", (value or "x") * (int(node["maxLength"]) // max(len(value), 1) + 2)
        if node.get("minLength"):
            yield "too short", value[: int(node["minLength"]) - 1]
        if "pattern" in node:
            yield "pattern", "\u00a7 \u00a7"
        if node.get("format") in ("date", "date-time", "uuid", "email", "ipv4"):
            yield "format", "no such thing"
    if isinstance(value, int | float) and not isinstance(value, bool):
        if "minimum" in node:
            yield "out of range", int(node["minimum"]) - 1
        if "maximum" in node:
            yield "out of range", int(node["maximum"]) + 1
    if isinstance(value, list):
        if node.get("minItems"):
            yield "too few items", value[: int(node["minItems"]) - 1]
        if "maxItems" in node and value and node["maxItems"] < 200:
            yield "too many items", value[:1] * (int(node["maxItems"]) + 1)


def number(node: Any, whole: bool) -> Any:
    """A number within its limits."""
    low = node.get("minimum", node.get("exclusiveMinimum"))
    high = node.get("maximum", node.get("exclusiveMaximum"))
    step = node.get("multipleOf")
    value = low if low is not None else min(2, high) if high is not None else 2
    if "exclusiveMinimum" in node:
        value = low + (1 if whole or high is None or low + 1 < high else (high - low) / 2)
    if step:
        value = step * -(-value // step)
    return int(value) if whole else value


def text(node: Any) -> str:
    """Text of its format, pattern and length."""
    if "pattern" in node:
        made = from_pattern(node["pattern"], int(node.get("minLength", 0)))
        if made is not None:
            return made
    value = WORDS.get(node.get("format", ""), "text")
    least, most = int(node.get("minLength", 0)), node.get("maxLength")
    if len(value) < least:
        value = (value * least)[:least]
    return value[: int(most)] if most is not None and len(value) > most else value


def from_pattern(pattern: str, least: int) -> str | None:
    """Text that the pattern finds, or None."""
    for more in (0, least, 1, 3, 8):
        try:
            made = "".join(_spell(parser.parse(pattern), more))
        except (re.error, ValueError, IndexError, OverflowError, TypeError):
            return None
        if len(made) >= least and re.search(pattern, made):
            return made
    return None


def _spell(tree: Any, more: int) -> Iterator[str]:
    for operator, argument in tree:
        if operator is sre.LITERAL:
            yield chr(argument)
        elif operator is sre.NOT_LITERAL:
            yield "b" if chr(argument) == "a" else "a"
        elif operator is sre.ANY:
            yield "a"
        elif operator is sre.IN:
            yield _member(argument)
        elif operator in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            low, high, inner = argument
            for _ in range(min(max(low, more), int(high))):
                yield from _spell(inner, more)
        elif operator is sre.SUBPATTERN:
            yield from _spell(argument[-1], more)
        elif operator is sre.BRANCH:
            yield from _spell(argument[1][0], more)
        elif operator not in (sre.AT, sre.ASSERT, sre.ASSERT_NOT):
            raise ValueError(operator)


def _member(members: Any) -> str:
    if members[0][0] is sre.NEGATE:
        return next(c for c in "a0- _Zx" if not re.match(_class(members[1:]), c))
    kind, argument = members[0]
    if kind is sre.LITERAL:
        return chr(argument)
    if kind is sre.RANGE:
        return chr(argument[0])
    return {sre.CATEGORY_DIGIT: "1", sre.CATEGORY_WORD: "a", sre.CATEGORY_SPACE: " "}.get(argument, "a")


def _class(members: Any) -> str:
    pieces = []
    for kind, argument in members:
        if kind is sre.LITERAL:
            pieces.append(re.escape(chr(argument)))
        elif kind is sre.RANGE:
            pieces.append(f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}")
        else:
            pieces.append(
                {sre.CATEGORY_DIGIT: r"\d", sre.CATEGORY_WORD: r"\w", sre.CATEGORY_SPACE: r"\s"}.get(argument, "")
            )
    return "[" + "".join(pieces) + "]"
