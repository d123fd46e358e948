"""What differs between two documents: operations, parameters, request and response fields, schemas.

Compares canonical forms, so a full document and a stripped contract of it are equal. Imports `adapters` and `load`.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from twinkit.contract.adapters import canonical
from twinkit.contract.load import Document

PREFIX = "#/components/schemas/"
_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Change:
    """One difference inside an operation or a schema; `before` or `after` is empty when it was added or removed."""

    where: str
    """`parameter query limit`, `request field tax.ip`, `response 200 field id`, `field id`, `deprecated` …"""
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        if not self.before:
            return f"+ {self.where}" + (f": {self.after}" if self.after else "")
        return f"- {self.where}" if not self.after else f"~ {self.where}: {self.before} → {self.after}"


@dataclass(frozen=True, slots=True)
class Changed:
    """An operation or schema that both documents have."""

    name: str
    label: str
    changes: list[Change]


@dataclass
class Difference:
    """Everything that differs, in the order of the newer document (removed: of the older)."""

    added: list[tuple[str, str]] = field(default_factory=list)
    """Operations: (id, `GET /v1/customers`)."""
    removed: list[tuple[str, str]] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    schemas_added: list[str] = field(default_factory=list)
    schemas_removed: list[str] = field(default_factory=list)
    schemas_changed: list[Changed] = field(default_factory=list)
    """`label` says how many operations use the schema directly."""
    versions: tuple[str, str] = ("", "")

    def __bool__(self) -> bool:
        return bool(
            self.added
            or self.removed
            or self.changed
            or self.schemas_added
            or self.schemas_removed
            or self.schemas_changed
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values for `--json`."""
        return asdict(self)

    def affected(self) -> list[str]:
        """Ids of operations that were removed or changed."""
        return [id for id, _ in self.removed] + [item.name for item in self.changed]

    def lines(self) -> Iterator[str]:
        """What a person reads."""
        if self.versions[0] != self.versions[1]:
            yield f"version {self.versions[0] or '(none)'} → {self.versions[1] or '(none)'}"
        counts = f"{len(self.added)} added, {len(self.removed)} removed, {len(self.changed)} changed"
        yield f"operations: {counts}"
        yield from (f"  + {id}  {label}" for id, label in self.added)
        yield from (f"  - {id}  {label}" for id, label in self.removed)
        for item in self.changed:
            yield f"  ~ {item.name}  {item.label}"
            yield from (f"      {change}" for change in item.changes)
        counts = f"{len(self.schemas_added)} added, {len(self.schemas_removed)} removed"
        yield f"schemas: {counts}, {len(self.schemas_changed)} changed"
        yield from (f"  + {name}" for name in self.schemas_added)
        yield from (f"  - {name}" for name in self.schemas_removed)
        for item in self.schemas_changed:
            yield f"  ~ {item.name}  {item.label}"
            yield from (f"      {change}" for change in item.changes)


def compare(old: Document, new: Document) -> Difference:
    """What it takes to get from the older document to the newer one."""
    before, after = _comparable(old), _comparable(new)
    found = Difference(versions=(before["version"], after["version"]))
    olds = {operation["id"]: operation for operation in before["operations"]}
    by_place = {_label(operation): operation for operation in before["operations"]}
    ids = {operation["id"] for operation in after["operations"]}
    met: set[str] = set()
    for operation in after["operations"]:
        partner = olds.get(operation["id"])
        if partner is None:
            same_place = by_place.get(_label(operation))
            partner = same_place if same_place is not None and same_place["id"] not in ids else None
        if partner is None:
            found.added.append((operation["id"], _label(operation)))
            continue
        met.add(partner["id"])
        changes = list(_operation(partner, operation))
        if changes:
            found.changed.append(Changed(operation["id"], _label(operation), changes))
    found.removed = [(id, _label(operation)) for id, operation in olds.items() if id not in met]
    _schemas(before, after, found)
    return found


def _comparable(document: Document) -> dict[str, Any]:
    data = document.data
    if "asyncapi" in data:
        homes = (data.get("topics"), data.get("channels"))
        topics = {name: item for home in homes if isinstance(home, dict) for name, item in home.items()}
        paths = {f"/{name}": _topic(name, item) for name, item in topics.items() if isinstance(item, dict)}
        data = {"openapi": "3.0.0", "info": data.get("info"), "paths": paths, "components": data.get("components")}
    return canonical(Document(document.source, copy.deepcopy(data)))


def _topic(name: str, item: dict[str, Any]) -> dict[str, Any]:
    """A topic as if it were a request with the payload as its body."""
    for verb in ("subscribe", "publish"):
        node = item.get(verb)
        if isinstance(node, dict):
            message = node.get("message")
            payload = message.get("payload", {}) if isinstance(message, dict) else node.get("payload", {})
            return {"post": {**node, "operationId": name, "requestBody": {"content": {"json": {"schema": payload}}}}}
    return {}


def _label(operation: Mapping[str, Any]) -> str:
    return f"{operation['method'].upper()} {operation['path']}"


def _operation(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    if old["id"] != new["id"]:
        yield Change("operation id", old["id"], new["id"])
    if _label(old) != _label(new):
        yield Change("path", _label(old), _label(new))
    yield from _pairs(_parameters(old), _parameters(new), "parameter ")
    yield from _pairs(_body(old), _body(new), "request field ")
    olds, news = _responses(old), _responses(new)
    yield from _pairs(dict.fromkeys(olds, "declared"), dict.fromkeys(news, "declared"), "response ")
    for status, fields in news.items():
        if status in olds:
            yield from _pairs(olds[status], fields, f"response {status} field ")
    for key in ("security", "deprecated"):
        if old.get(key) != new.get(key):
            yield Change(key, _say(old.get(key)), _say(new.get(key)))


def _say(value: Any) -> str:
    return "default" if value is None else str(value)


def _pairs(old: Mapping[str, str], new: Mapping[str, str], where: str) -> Iterator[Change]:
    for name, said in new.items():
        if name not in old:
            yield Change(where + name, "", said)
        elif old[name] != said:
            yield Change(where + name, *_shorter(old[name], said))
    for name, said in old.items():
        if name not in new:
            yield Change(where + name, said, "")


def _shorter(before: str, after: str) -> tuple[str, str]:
    """Of two long enums only the values that differ."""
    pattern = re.compile(r" of \[(.*)\]")
    olds, news = pattern.search(before), pattern.search(after)
    if olds is None or news is None:
        return before, after
    old, new = olds.group(1).split(" | "), news.group(1).split(" | ")
    lost = ", ".join(value for value in old if value not in new)
    won = ", ".join(value for value in new if value not in old)
    head, tail = pattern.sub("", before), pattern.sub("", after)
    return f"{head} without [{won}]" if won else f"{head} with [{lost}]", f"{tail} with [{won}]" if won else tail


def _parameters(operation: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"{item['location']} {item['name']}": _type(item["schema"]) + (", required" if item.get("required") else "")
        for item in operation.get("parameters", ())
    }


def _body(operation: Mapping[str, Any]) -> dict[str, str]:
    body = operation.get("body") or {"content": {}}
    return _content(body["content"])


def _responses(operation: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    return {item["status"]: _content(item.get("content", {})) for item in operation.get("responses", ())}


def _content(content: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for schema in content.values():
        found.update(fields(schema))
    return found


def fields(schema: Any, prefix: str = "", depth: int = 0) -> dict[str, str]:
    """Every property written in the schema itself → what it is; references are named, not followed."""
    if not isinstance(schema, dict) or depth > _DEPTH:
        return {}
    found: dict[str, str] = {}
    if "$ref" in schema and not prefix:
        found["(all)"] = _type(schema)
    required = schema.get("required", ())
    for name, item in schema.get("properties", {}).items():
        path = f"{prefix}.{name}" if prefix else name
        found[path] = _type(item) + (", required" if name in required else "")
        found.update(fields(item, path, depth + 1))
    for key, mark in (("items", "[]"), ("additionalProperties", ".*")):
        if isinstance(schema.get(key), dict):
            if "$ref" in schema[key]:
                found[prefix + mark] = _type(schema[key])
            found.update(fields(schema[key], prefix + mark, depth + 1))
    for key in ("allOf", "anyOf", "oneOf"):
        for item in schema.get(key, ()):
            found.update(fields(item, prefix, depth + 1))
    return found


def _type(schema: Any) -> str:
    if not isinstance(schema, dict):
        return "anything"
    if "$ref" in schema:
        return str(schema["$ref"])[len(PREFIX) :]
    for key in ("allOf", "anyOf", "oneOf"):
        if key in schema:
            return f"{key}({', '.join(_type(item) for item in schema[key])})"
    kind = schema.get("type", "anything")
    said = "|".join(kind) if isinstance(kind, list) else str(kind)
    if "items" in schema:
        said += f" of {_type(schema['items'])}"
    if "format" in schema:
        said += f" ({schema['format']})"
    if "enum" in schema:
        said += f" of [{' | '.join(str(value) for value in schema['enum'])}]"
    return said


def _schemas(before: Mapping[str, Any], after: Mapping[str, Any], found: Difference) -> None:
    olds, news = before["schemas"], after["schemas"]
    found.schemas_added = [name for name in news if name not in olds]
    found.schemas_removed = [name for name in olds if name not in news]
    users = _users(after["operations"])
    for name, schema in news.items():
        if name in olds and olds[name] != schema:
            changes = list(_pairs(_whole(olds[name]), _whole(schema), ""))
            if changes:
                label = f"used by {len(users.get(name, ()))} operations"
                found.schemas_changed.append(Changed(name, label, changes))


def _whole(schema: Any) -> dict[str, str]:
    return {"(itself)": _type(schema), **{f"field {name}": said for name, said in fields(schema).items()}}


def _users(operations: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for operation in operations:
        pending: list[Any] = [operation]
        while pending:
            node = pending.pop()
            if isinstance(node, dict):
                reference = node.get("$ref")
                if isinstance(reference, str):
                    found.setdefault(reference[len(PREFIX) :], set()).add(operation["id"])
                pending.extend(node.values())
            elif isinstance(node, list):
                pending.extend(node)
    return found


def mentions(folder: Path, ids: Iterable[str]) -> dict[str, list[str]]:
    """Where a twin's package speaks of an operation: id → `handlers/x.py:12`; ids nobody mentions are left out."""
    found: dict[str, list[str]] = {}
    wanted = set(ids)
    for file in sorted([*folder.rglob("*.py"), *folder.rglob("*.yaml")]):
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            for word in set(re.findall(r"[\w./-]+", line)) & wanted:
                found.setdefault(word, []).append(f"{file.relative_to(folder).as_posix()}:{number}")
    return found
