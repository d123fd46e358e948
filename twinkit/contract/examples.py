"""Deterministic instances of schemas. Imports: contract (model)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit.contract.model import Contract, Schema

LEAST: dict[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False, "null": None}


class Examples:
    """Examples of one contract's schemas for one seed."""

    def __init__(self, contract: Contract, seed: int) -> None:
        self.contract = contract
        self.seed = seed

    def example(self, schema: Schema, stream: str, *, optional: bool = True, depth: int = 4) -> Any:
        """An instance of the schema, with its required properties."""
        return self._least(schema, 8)

    def required_only(self, schema: Schema, stream: str) -> Any:
        """The same, with nothing that is optional."""
        return self._least(schema, 8)

    def _least(self, schema: Schema, depth: int) -> Any:
        node = self.contract.resolve(schema)
        if not isinstance(node, Mapping) or depth == 0:
            return None
        if "const" in node:
            return node["const"]
        if node.get("enum"):
            return node["enum"][0]
        kinds = node.get("type", "object" if "properties" in node else None)
        kinds = kinds if isinstance(kinds, list) else [kinds]
        if "null" in kinds:
            return None
        for key in ("allOf", "oneOf", "anyOf"):
            branches = node.get(key) or []
            if {"type": "null"} in branches:
                return None
            if branches:
                return self._least(branches[0], depth - 1)
        if "object" in kinds:
            properties = node.get("properties", {})
            return {name: self._least(properties.get(name, True), depth - 1) for name in node.get("required", ())}
        return [] if "array" in kinds else LEAST.get(str(kinds[0]))
