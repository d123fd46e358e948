"""A schema together with the components it reaches, rewritten to stand alone. Imports: contract.model.

Walks by position, so that properties named `$ref` or `items` stay properties.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twinkit.contract.model import Contract, Schema

MAPS = frozenset(("properties", "patternProperties", "dependentSchemas", "$defs"))
LISTS = frozenset(("allOf", "anyOf", "oneOf", "prefixItems"))
SINGLES = frozenset(("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"))
SINGLES |= {"unevaluatedProperties", "unevaluatedItems"}
Rewrite = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class Reach:
    """Rewrites schemas of one contract and collects the components that they refer to."""

    def __init__(self, contract: Contract, rewrite: Rewrite | None = None) -> None:
        """`rewrite` is applied to each node before its inner schemas are walked."""
        self._contract = contract
        self._rewrite = rewrite
        self._seen: set[str] = set()
        self._waiting: list[str] = []
        self.components: dict[str, Any] = {}
        """The rewritten components by name; complete after each call of `schema`."""

    def schema(self, schema: Schema) -> Any:
        """The rewritten schema."""
        node = self._node(schema)
        while self._waiting:
            name = self._waiting.pop()
            try:
                component: Schema = self._contract.schema(name)
            except KeyError:
                component = True
            self.components[name] = self._node(component)
        return node

    def _node(self, schema: Any) -> Any:
        if not isinstance(schema, Mapping):
            return schema if isinstance(schema, bool) else True
        if self._rewrite is not None:
            schema = self._rewrite(schema)
        out: dict[str, Any] = {}
        for keyword, value in schema.items():
            if keyword == "$ref" and isinstance(value, str):
                self._follow(value.rpartition("/")[2])
                out[keyword] = value
            elif keyword in MAPS and isinstance(value, Mapping):
                out[keyword] = {name: self._node(node) for name, node in value.items()}
            elif keyword in LISTS and isinstance(value, list):
                out[keyword] = [self._node(node) for node in value]
            elif keyword in SINGLES and isinstance(value, (Mapping, bool)):
                out[keyword] = self._node(value)
            else:
                out[keyword] = value
        return out

    def _follow(self, name: str) -> None:
        if name not in self._seen:
            self._seen.add(name)
            self._waiting.append(name)
