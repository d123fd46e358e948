"""Request bodies for benchmarks, made by rules of their own: the judge shares nothing with the kit."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import Any

from twinkit.overlay.shapes import Shapes

WORDS = {
    "date-time": "2026-03-04T05:06:07Z",
    "date": "2026-03-04",
    "email": "ada@example.com",
    "uuid": "6f1c2b1e-5d3a-4f7b-9c8d-0a1b2c3d4e5f",
    "uri": "https://example.com/a",
    "url": "https://example.com/a",
    "ipv4": "192.0.2.7",
    "ipv6": "2001:db8::7",
    "hostname": "host.example.com",
    "time": "05:06:07Z",
    "byte": "YWJj",
}


class Bodies:
    """Valid request bodies."""

    def __init__(self, shapes: Shapes) -> None:
        self.shapes = shapes
        self.count = 0

    def make(self, schema: Any, depth: int = 0, salt: str = "") -> Any:
        node = self._merged(schema)
        if "const" in node:
            return node["const"]
        for key in ("example", "default"):
            if key in node and not salt and depth and not isinstance(node[key], (dict, list)):
                return node[key]
        if node.get("enum"):
            values = [v for v in node["enum"] if v is not None] or node["enum"]
            return values[-1 if salt else 0]
        for key in ("oneOf", "anyOf"):
            if node.get(key) and "properties" not in node:
                live = [b for b in node[key] if self.shapes.types(b) != {"null"}] or node[key]
                return self.make(live[0], depth + 1, salt)
        types = self.shapes.types(node)
        if "object" in types or "properties" in node or "allOf" in node:
            return self._object(node, depth, salt)
        if "array" in types:
            size = max(node.get("minItems", 0), 1 if depth < 3 else 0)
            return [self.make(node.get("items", {}), depth + 1, salt) for _ in range(min(size, 5))]
        if "string" in types:
            return self._string(node, salt)
        if types & {"integer", "number"}:
            low = node.get("minimum", 1)
            high = node.get("maximum", low + 50)
            value = min(max(low, 2 if not salt else 3), high)
            step = node.get("multipleOf")
            if step:
                value = max(step, value - value % step)
            return int(value) if "integer" in types else value
        return bool(salt) if "boolean" in types else {}

    def _merged(self, schema: Any) -> Mapping[str, Any]:
        """The node with the keywords of allOf parts that describe no object."""
        _, node = self.shapes.resolve(schema)
        if "allOf" in node and "properties" not in node:
            parts = [self._merged(part) for part in node["allOf"]]
            if parts and not any("properties" in part or "allOf" in part for part in parts):
                return {k: v for part in (*parts, node) for k, v in part.items() if k != "allOf"}
        return node

    def _object(self, node: Mapping[str, Any], depth: int, salt: str) -> dict[str, Any]:
        required = self.shapes.required(node)
        out = {}
        for name, schema in self.shapes.properties(node).items():
            inner = self.shapes.unit(schema).node
            if (isinstance(schema, Mapping) and schema.get("readOnly")) or inner.get("readOnly"):
                continue
            if name in required or (depth < 2 and self.shapes.types(schema) & {"string", "integer", "boolean"}):
                if depth > 5:
                    continue
                out[name] = self.make(schema, depth + 1, salt)
        return out

    def _string(self, node: Mapping[str, Any], salt: str) -> str:
        form = node.get("format")
        if form in WORDS:
            return WORDS[form]
        pattern = node.get("pattern")
        if pattern:
            return matching(pattern, node)
        self.count += 1
        text = f"text{salt}{self.count}"
        return text.ljust(node.get("minLength", 0), "x")[: node.get("maxLength", 99)]


def matching(pattern: str, node: Mapping[str, Any]) -> str:
    """A text that a pattern takes: a few tries, else one by hypothesis."""
    for text in (
        "text",
        "Text1",
        "12345",
        "abc-def",
        "A1",
        "a",
        "00000000000000000000",
        "2026-01-01",
        "+15550100",
        "AB",
    ):
        long = text.ljust(node.get("minLength", 0), text[-1])
        try:
            if re.search(pattern, long) and len(long) <= node.get("maxLength", 9999):
                return long
        except re.error:
            return text
    from hypothesis import strategies

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return str(strategies.from_regex(pattern, fullmatch=True).example())
