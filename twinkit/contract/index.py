"""The index file of a contract: a small header read at once, operations, schemas and extras parsed when asked for.

Layout: a magic line, the header's length, the header (names, offsets, route trie), then JSON chunks back to back.
Imports `model`, `routes` and orjson only: this is on the serve path.
"""

from __future__ import annotations

import hashlib
import mmap
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from twinkit.contract.model import Body, Match, Operation, Parameter, Response, Schema
from twinkit.contract.routes import Condition, Routes, build, variables
from twinkit.contract.wire import tells
from twinkit.errors import UsageError

MAGIC = b"twinkit index 1\n"
REFERENCE = "#/components/schemas/"


def compile_index(canonical: Mapping[str, Any], extra: Mapping[str, Any]) -> bytes:
    """The index file of a canonical contract; `extra` is any JSON, each key readable alone. Deterministic."""
    operations = canonical["operations"]
    schemas = canonical["schemas"]
    chunks = [orjson.dumps(operation) for operation in operations]
    chunks += [orjson.dumps(schema) for schema in schemas.values()]
    chunks += [orjson.dumps(value) for value in extra.values()]
    ends: list[int] = []
    total = 0
    for chunk in chunks:
        total += len(chunk)
        ends.append(total)
    routes, _ = build(_routes(operations))
    header = {key: canonical[key] for key in ("service", "title", "version", "base_path")}
    header["security"] = canonical["security"]
    header["security_schemes"] = canonical["security_schemes"]
    header["operations"] = [operation["id"] for operation in operations]
    header["schemas"] = list(schemas)
    header["extra"] = list(extra)
    header["ends"] = ends
    header["routes"] = routes
    digest = hashlib.sha256(orjson.dumps(header))
    for chunk in chunks:
        digest.update(chunk)
    header["digest"] = digest.hexdigest()[:16]
    text = orjson.dumps(header)
    return b"".join((MAGIC, b"%010d\n" % len(text), text, *chunks))


def _routes(operations: list[dict[str, Any]]) -> Iterator[tuple[str, str, int, list[Condition]]]:
    """Declared templates first; other spellings of a path (another server's prefix) never hide one."""
    shapes = Counter(_shape(operation) for operation in operations)
    for number, operation in enumerate(operations):
        conditions = operation.get("conditions", [])
        if shapes[_shape(operation)] > 1:
            conditions = conditions + _path_conditions(operation)
        yield operation["method"], operation["path"], number, conditions
    for number, operation in enumerate(operations):
        for alias in operation.get("aliases", ()):
            yield operation["method"], alias, number, operation.get("conditions", [])


def _shape(operation: Mapping[str, Any]) -> tuple[str, str]:
    return operation["method"], re.sub(r"\{[^{}/]*\}", "{}", operation["path"])


def _path_conditions(operation: Mapping[str, Any]) -> list[Condition]:
    """What tells `/a/{number}` from `/a/{word}`: whole numbers, UUIDs and enums."""
    found: list[Condition] = []
    names = variables(operation["path"])
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        if parameter["location"] == "path" and isinstance(schema, dict):
            if schema.get("type") == "integer":
                found.append(["path", names.index(parameter["name"]), "integer"])
            elif schema.get("format") == "uuid":
                found.append(["path", names.index(parameter["name"]), "uuid"])
            elif "enum" in schema:
                found.append(["path", names.index(parameter["name"]), [str(value) for value in schema["enum"]]])
    return found


class Index:
    """A contract opened from its index file; implements `model.Contract`."""

    def __init__(self, data: bytes | mmap.mmap) -> None:
        """Read the header of an index file's content. Raises UsageError when it is none."""
        start = len(MAGIC)
        if data[:start] != MAGIC:
            raise UsageError("not an index file of this version of twinkit; remove it, and it is made again")
        try:
            size = int(data[start : start + 10])
            start += 11
            header = orjson.loads(data[start : start + size])
            self._data = data
            self._start = start + size
            self.service: str = header["service"]
            self.title: str = header["title"]
            self.version: str = header["version"]
            self.base_path: str = header["base_path"]
            self.digest: str = header["digest"]
            self.security = _security(header["security"]) or ()
            self.security_schemes: Mapping[str, Mapping[str, Any]] = header["security_schemes"]
            self._ends: list[int] = header["ends"]
            self._operations: list[str] = header["operations"]
            names: list[str] = header["schemas"]
            self._operation_at = {name: at for at, name in enumerate(self._operations)}
            self._schema_at = {name: at for at, name in enumerate(names, len(self._operations))}
            self._extra_at = {name: at for at, name in enumerate(header["extra"], len(self._operations) + len(names))}
            self._routes = Routes(header["routes"])
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError("a damaged index file; remove it, and it is made again") from error
        if self._start + (self._ends[-1] if self._ends else 0) > len(data):
            raise UsageError("a cut index file; remove it, and it is made again")
        self._opened: dict[str, Operation] = {}
        self._schemas: dict[str, Schema] = {}
        self._extras: dict[str, Any] = {}

    @classmethod
    def open(cls, source: str | Path | bytes) -> Index:
        """Open a file (memory-mapped) or its bytes. Raises UsageError when it is no index, OSError when absent."""
        if isinstance(source, bytes):
            return cls(source)
        with Path(source).open("rb") as file:
            try:
                return cls(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            except ValueError as error:
                raise UsageError(f"{source}: an empty index file; remove it, and it is made again") from error

    def _chunk(self, at: int) -> Any:
        first = self._ends[at - 1] if at else 0
        return orjson.loads(self._data[self._start + first : self._start + self._ends[at]])

    def extra(self, key: str) -> Any:
        """The value compiled under this key of `extra`, parsed once. Raises KeyError."""
        if key not in self._extras:
            self._extras[key] = self._chunk(self._extra_at[key])
        return self._extras[key]

    def extras(self) -> Iterator[str]:
        """Every key of `extra`, in the order they were compiled."""
        return iter(self._extra_at)

    def operation(self, id: str) -> Operation:
        """The operation with this id. Raises KeyError."""
        found = self._opened.get(id)
        if found is None:
            found = self._opened[id] = _operation(self._chunk(self._operation_at[id]))
        return found

    def operations(self) -> Iterator[str]:
        """Every operation id, in document order."""
        return iter(self._operations)

    def schema(self, name: str) -> Schema:
        """The component schema of this name. Raises KeyError."""
        found = self._schemas.get(name)
        if found is None:
            found = self._schemas[name] = self._chunk(self._schema_at[name])
        return found

    def schemas(self) -> Iterator[str]:
        """Every component schema name, in document order."""
        return iter(self._schema_at)

    def resolve(self, schema: Schema) -> Schema:
        """Follow `$ref` until the node is none; `True` (anything) for a chain that never ends."""
        for _ in range(64):
            if isinstance(schema, bool) or "$ref" not in schema:
                return schema
            schema = self.schema(schema["$ref"][len(REFERENCE) :])
        return True

    def match(self, method: str, path: str, query: str = "", headers: Mapping[str, str] | None = None) -> Match | None:
        """The operation for a percent-encoded request path, with or without the base path; None when unknown.

        Query string and headers (names in lower case) tell operations apart that share a path.
        """
        for candidate in self._candidates(path):
            found = self._routes.match(method, candidate, query, headers)
            if found is not None:
                return Match(self._operations[found[0]], found[1])
        return None

    def methods(self, path: str) -> tuple[str, ...]:
        """Methods (upper case) that some operation declares at this path; empty when the path is unknown."""
        for candidate in self._candidates(path):
            found = self._routes.methods(candidate)
            if found:
                return found
        return ()

    def _candidates(self, path: str) -> tuple[str, ...]:
        base = self.base_path
        if base and path.startswith(base) and (len(path) == len(base) or path[len(base)] == "/"):
            return path[len(base) :] or "/", path
        return (path,)


def _security(value: Any) -> tuple[Mapping[str, tuple[str, ...]], ...] | None:
    if value is None:
        return None
    return tuple({name: tuple(scopes) for name, scopes in need.items()} for need in value)


def _bracketed(content: Mapping[str, Schema]) -> dict[str, tuple[str, ...]]:
    found = {}
    for media, schema in content.items():
        properties = schema.get("properties") if isinstance(schema, Mapping) else None
        names = tuple(name for name in properties if "[" in name) if isinstance(properties, Mapping) else ()
        if names:
            found[media] = names
    return found


def _body(node: Mapping[str, Any]) -> Body:
    encoding = {
        media: telling
        for media, rules in node.get("encoding", {}).items()
        if (telling := {name: rule for name, rule in rules.items() if tells(rule)})
    }
    content = node["content"]
    return Body(content, node.get("required", False), encoding, _bracketed(content))


def _operation(node: dict[str, Any]) -> Operation:
    body = node.get("body")
    parameters = tuple(Parameter(**parameter) for parameter in node.get("parameters", ()))
    return Operation(
        id=node["id"],
        method=node["method"],
        path=node["path"],
        parameters=parameters,
        bracketed=tuple(one.name for one in parameters if one.location == "query" and "[" in one.name),
        body=None if body is None else _body(body),
        responses=tuple(Response(**response) for response in node.get("responses", ())),
        security=_security(node.get("security")),
        tags=tuple(node.get("tags", ())),
        deprecated=node.get("deprecated", False),
        summary=node.get("summary", ""),
        extensions=node.get("extensions", {}),
    )
