"""A contract made by hand, for tests of what reads contracts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from twinkit.contract.model import Contract, Match, Operation, Schema


class Small(Contract):
    """A contract of a few schemas and operations."""

    service = title = version = "small"
    security = ()
    security_schemes: Mapping[str, Mapping[str, Any]] = {}
    base_path = ""

    def __init__(self, schemas: Mapping[str, Schema] | None = None, operations: tuple[Operation, ...] = ()) -> None:
        self._schemas = dict(schemas or {})
        self._operations = {operation.id: operation for operation in operations}

    def operation(self, id: str) -> Operation:
        return self._operations[id]

    def operations(self) -> Iterator[str]:
        return iter(self._operations)

    def schema(self, name: str) -> Schema:
        return self._schemas[name]

    def schemas(self) -> Iterator[str]:
        return iter(self._schemas)

    def resolve(self, schema: Schema) -> Schema:
        for _ in range(50):
            if not isinstance(schema, Mapping) or not isinstance(schema.get("$ref"), str):
                return schema
            schema = self._schemas[schema["$ref"].rpartition("/")[2]]
        return True

    def match(self, method: str, path: str) -> Match | None:
        return None

    def methods(self, path: str) -> tuple[str, ...]:
        return ()
