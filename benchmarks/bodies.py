"""Values for requests, made from schemas by rules of their own: the judge shares nothing with the kit."""

from __future__ import annotations

import contextlib
import random
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from documents import Document, Schema

WORDS = {
    "date-time": ("2026-03-04T05:06:07Z", "2031-12-30T23:59:58Z"),
    "date": ("2026-03-04", "2031-12-30"),
    "email": ("ada@example.com", "o.b-c+1@sub.example.org"),
    "uuid": ("6f1c2b1e-5d3a-4f7b-9c8d-0a1b2c3d4e5f", "9a3bdc0e-1111-4222-8333-444455556666"),
    "uri": ("https://example.com/a", "https://example.com/b?c=d"),
    "url": ("https://example.com/a", "https://example.com/b?c=d"),
    "ipv4": ("192.0.2.7", "198.51.100.200"),
    "ipv6": ("2001:db8::7", "2001:db8::ff"),
    "hostname": ("host.example.com", "b.example.org"),
    "time": ("05:06:07Z", "23:59:58Z"),
    "byte": ("YWJj", "ZGVm"),
    "duration": ("PT5M", "P1D"),
    "decimal": ("1.5", "2.5"),
}
ODD = ("Zoë O'Neil", "a b/c", "x", "100%", "tab\tnew\nline", "ÄÖ ✓", "null", "0", "-", "true")
WHOLE = (None, "int32", "int64")
LENGTH = 60
EXACT = 2**53 - 1
"""The largest whole number that every reader of JSON takes as it is."""


class Bodies:
    """Valid values. `mode` is `full` (every writable property), `required` or `random` (a draw of both, odd texts)."""

    def __init__(self, document: Document, mode: str = "full", seed: int = 0) -> None:
        self.document = document
        self.mode = mode
        self.random = random.Random(seed)
        self.count = 0
        self.doubtful = ""
        """The last pattern or contradiction that no value was found for."""

    @contextlib.contextmanager
    def in_mode(self, mode: str) -> Iterator[None]:
        """Make values in another mode."""
        self.mode, before = mode, self.mode
        try:
            yield
        finally:
            self.mode = before

    def make(self, schema: Any, depth: int = 0, other: bool = False) -> Any:
        """A value of a schema; `other` asks for one that differs from the first."""
        node = self.document.merged(schema)
        if "const" in node:
            return node["const"]
        for key in ("example", "default"):
            if key in node and not other and depth and self.mode != "random" and self.fits(node[key], node):
                return node[key]
        values = node.get("enum")
        if isinstance(values, list) and values:
            live = [v for v in values if v is not None and self._kind(v, node)]
            if not live:
                self.doubtful = "no enum value is of the type"
                return values[0]
            return self.random.choice(live) if self.mode == "random" else live[-1 if other else 0]
        if (node.get("oneOf") or node.get("anyOf")) and depth < 8:
            return self._alternative(node, depth, other)
        types = self.document.types(node)
        if "object" in types or (not types and ("properties" in node or "additionalProperties" in node)):
            return self._object(node, depth, other)
        if "array" in types or "items" in node:
            return self._array(node, depth, other)
        if "string" in types:
            return self._string(node, other)
        if types & {"integer", "number"}:
            return self._number(node, other, "integer" in types)
        return other if "boolean" in types else "text" if depth else {}

    def fits(self, value: Any, node: Schema) -> bool:
        """Whether a documented scalar is a value of its own schema."""
        types = self.document.types(node)
        if isinstance(value, bool):
            return "boolean" in types
        if isinstance(value, str):
            sized = node.get("minLength", 0) <= len(value) <= node.get("maxLength", 10**6)
            listed = not node.get("enum") or value in node["enum"]
            plain = "pattern" not in node and node.get("format", "") not in (*WORDS, "date-time", "binary")
            return "string" in types and sized and listed and plain and value != ""
        if isinstance(value, (int, float)):
            whole = isinstance(value, int) or "integer" not in types
            inside = node.get("minimum", value) <= value <= node.get("maximum", value)
            listed = not node.get("enum") or value in node["enum"]
            return bool(types & {"integer", "number"}) and whole and inside and listed
        return False

    def _kind(self, value: Any, node: Schema) -> bool:
        """Whether a value is of a type that its schema names."""
        kinds = {bool: {"boolean"}, str: {"string"}, int: {"integer", "number"}, float: {"number"}}
        types = self.document.types(node)
        return not types or bool(types & kinds.get(type(value), types))

    def _alternative(self, node: Schema, depth: int, other: bool) -> Any:
        branches = node.get("oneOf") or node.get("anyOf") or ()
        live = [b for b in branches if self.document.types(b) != {"null"}] or list(branches)
        branch = live[0] if self.mode != "random" else self.random.choice(live)
        base = {k: v for k, v in node.items() if k not in ("oneOf", "anyOf")}
        if "properties" not in base and set(base) <= {"description", "title", "discriminator", "nullable", "example"}:
            made = self.make(branch, depth + 1, other)
        else:
            made = self.make(
                {"allOf": [{k: v for k, v in base.items() if k != "discriminator"}, branch]}, depth + 1, other
            )
        named = (node.get("discriminator") or {}).get("propertyName") if isinstance(made, dict) else None
        if named and isinstance(branch, Mapping) and "$ref" in branch:
            mapping = (node["discriminator"].get("mapping") or {}).items()
            word = next((k for k, v in mapping if v == branch["$ref"]), branch["$ref"].rpartition("/")[2])
            known = self.document.properties(branch).get(named)
            values = self.document.merged(known).get("enum")
            if not values or word in values:
                made[named] = word
        return made

    def _object(self, node: Schema, depth: int, other: bool) -> dict[str, Any]:
        required = {n for n in node.get("required") or () if isinstance(n, str)}
        properties = node.get("properties") or {}
        out = {}
        for name, schema in properties.items():
            inner = self.document.merged(schema)
            own = isinstance(schema, Mapping) and schema.get("readOnly")
            if own or inner.get("readOnly"):
                continue
            if name in required:
                wanted = depth < 8
            elif self.mode == "required":
                wanted = False
            elif self.mode == "random":
                wanted = depth < 4 and self.random.random() < 0.6
            else:
                wanted = depth < (2 if self.document.types(inner) & {"object", "array"} else 3)
            if wanted:
                out[name] = self.make(schema, depth + 1, other)
        for name in sorted(required - set(properties)):
            if node.get("additionalProperties") is False:
                self.doubtful = "what is required is not known"
            out[name] = "text"
        further = node.get("additionalProperties")
        if not properties and isinstance(further, Mapping) and further and depth < 4 and self.mode != "required":
            names = self.document.merged(node.get("propertyNames", {}))
            out[self._string(names, False) if "pattern" in names else "key1"] = self.make(further, depth + 1, other)
        return out

    def _array(self, node: Schema, depth: int, other: bool) -> list[Any]:
        size = max(int(node.get("minItems", 0)), 1 if depth < 4 and self.mode != "required" else 0)
        if self.mode == "random" and depth < 4:
            size = max(size, self.random.randint(0, 2))
        size = min(size, int(node.get("maxItems", size)), 20)
        made: list[Any] = []
        for number in range(size):
            value = self.make(node.get("items", {}), depth + 1, other if number == 0 else not other)
            if not node.get("uniqueItems") or value not in made:
                made.append(value)
        return made

    def _string(self, node: Schema, other: bool) -> str:
        form = node.get("format")
        if form == "uuid":
            self.count += 1
            return f"{self.count:08x}-5d3a-4f7b-9c8d-0a1b2c3d4e5f"
        if form in WORDS:
            return WORDS[form][bool(other) ^ (self.mode == "random")]
        if isinstance(node.get("pattern"), str):
            found = matching(node["pattern"], node, self.random.randint(0, 99) if other or self.mode == "random" else 0)
            if found is None:
                self.doubtful = "no value found for a pattern"
            return found or "text"
        self.count += 1
        text = f"text{'b' if other else 'a'}{self.count}"
        if self.mode == "random" and self.random.random() < 0.3:
            text = self.random.choice(ODD)
        return text.ljust(int(node.get("minLength", 0)), "x")[: int(node.get("maxLength", LENGTH))]

    def _number(self, node: Schema, other: bool, whole: bool) -> float:
        low, high = node.get("minimum"), node.get("maximum")
        least = low if isinstance(low, (int, float)) else 1 if not isinstance(high, (int, float)) or high > 2 else high
        if not isinstance(low, (int, float)) and not isinstance(high, (int, float)) and node.get("format") in WHOLE:
            least = 1001  # no id that a twin counts up
        most = high if isinstance(high, (int, float)) else least + 50
        if node.get("exclusiveMinimum") is True:
            least += 1
        least, most = max(least, -EXACT), min(most, EXACT)
        value = least + (2 if other else 1) if least + 2 <= most else (most if other else least)
        if self.mode == "random":
            value = self.random.randint(int(least), int(max(least, most, least)))
        step = node.get("multipleOf")
        if isinstance(step, (int, float)) and step > 0.01:
            value = max(step, value - value % step)
        return int(value) if whole else value


def matching(pattern: str, node: Schema, turn: int = 0) -> str | None:
    """A text that a pattern takes: a few tries, else one by hypothesis; None when none is found."""
    least, most = int(node.get("minLength", 0)), int(node.get("maxLength", 9999))
    tries = ("text", "Text1", "12345", "abc-def", "A1", "a", "00000000000000000000", "2026-01-01", "+15550100", "AB")
    try:
        regex = re.compile(pattern, re.ASCII)
    except re.error:
        return None
    for number in range(len(tries)):
        tried = tries[(number + turn) % len(tries)]
        tried = tried.ljust(least, tried[-1])
        if regex.search(tried) and len(tried) <= most:
            return tried
    from hypothesis import strategies

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for whole in (True, False):
            try:
                drawn = strategies.from_regex(regex, fullmatch=whole).filter(
                    lambda t: least <= len(t) <= most and not t.endswith("\n")
                )
                return str(drawn.example())
            except Exception:  # unsatisfiable, or no regular expression that hypothesis knows
                continue
    return None
