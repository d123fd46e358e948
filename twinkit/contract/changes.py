"""What differs between two documents: operations, parameters, request and response fields, schemas.

Compares canonical forms, so a full document and a stripped contract of it are equal.
Imports `adapters`, `breaking` and `load`.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from twinkit.contract.adapters import canonical
from twinkit.contract.breaking import PREFIX, REQUEST, RESPONSE, Judge, Said, texts
from twinkit.contract.load import Document

MARK = "breaking"
BREAKING = f"  [{MARK}]"
ALL = "(all)"
_DEPTH = 8
_INNER = ("properties", "required")
_TOLD = (
    "default",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "pattern",
    "multipleOf",
    "const",
    "uniqueItems",
    "readOnly",
    "writeOnly",
)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference inside an operation or a schema; `before` or `after` is empty when it was added or removed."""

    where: str
    """`parameter query limit`, `request field tax.ip`, `response 200 field id`, `field id`, `deprecated` …"""
    before: str = ""
    after: str = ""
    breaking: bool = False
    """Whether a caller of the older one may fail (see `breaking`)."""

    def __str__(self) -> str:
        mark = BREAKING if self.breaking else ""
        if self.after.startswith("now called "):
            return f"~ {self.where}: {self.after}{mark}"
        if not self.before:
            return f"+ {self.where}" + (f": {self.after}" if self.after else "") + mark
        return (f"- {self.where}" if not self.after else f"~ {self.where}: {self.before} → {self.after}") + mark


@dataclass(frozen=True, slots=True)
class Changed:
    """An operation or schema that both documents have."""

    name: str
    label: str
    changes: list[Change]
    operations: list[str] = field(default_factory=list)
    """Of a schema: the operations that send or answer it."""

    @property
    def breaking(self) -> bool:
        """Whether any of its changes breaks callers."""
        return any(change.breaking for change in self.changes)


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
    """`label` says which operations use the schema."""
    versions: tuple[str, str] = ("", "")
    base_paths: tuple[str, str] = ("", "")

    def __bool__(self) -> bool:
        lists = (self.added, self.removed, self.changed, self.schemas_added, self.schemas_removed, self.schemas_changed)
        return any(lists) or self.base_paths[0] != self.base_paths[1]

    def as_json(self) -> dict[str, Any]:
        """Plain values for `--json`."""
        return {**asdict(self), "breaking": self.breaking}

    @property
    def breaking(self) -> int:
        """How many changes break callers."""
        inside = sum(change.breaking for item in (*self.changed, *self.schemas_changed) for change in item.changes)
        return inside + len(self.removed) + (self.base_paths[0] != self.base_paths[1])

    def reasons(self) -> dict[str, list[str]]:
        """Operations that a twin may have to follow → why: removed, changed, or by a schema that breaks callers."""
        found = {id: ["removed"] for id, _ in self.removed}
        for item in self.changed:
            found.setdefault(item.name, []).append("changed" + (f" ({MARK})" if item.breaking else ""))
        for item in self.schemas_changed:
            for id in item.operations if item.breaking else ():
                if found.get(id) != ["removed"]:
                    found.setdefault(id, []).append(f"schema {item.name} ({MARK})")
        return found

    def lines(self, *, breaking: bool = False) -> Iterator[str]:
        """What a person reads; with `breaking` only what breaks callers."""
        if self.versions[0] != self.versions[1]:
            yield f"version {self.versions[0] or '(none)'} → {self.versions[1] or '(none)'}"
        if self.base_paths[0] != self.base_paths[1]:
            yield f"base path {self.base_paths[0] or '/'} → {self.base_paths[1] or '/'}{BREAKING}"
        yield f"breaking changes: {self.breaking or 'none'}"
        counts = f"{len(self.added)} added, {len(self.removed)} removed, {len(self.changed)} changed"
        yield f"operations: {counts}"
        if not breaking:
            yield from (f"  + {id}  {label}" for id, label in self.added)
        yield from (f"  - {id}  {label}{BREAKING}" for id, label in self.removed)
        yield from _listed(self.changed, breaking)
        counts = f"{len(self.schemas_added)} added, {len(self.schemas_removed)} removed"
        yield f"schemas: {counts}, {len(self.schemas_changed)} changed"
        if not breaking:
            yield from (f"  + {name}" for name in self.schemas_added)
            yield from (f"  - {name}" for name in self.schemas_removed)
        yield from _listed(self.schemas_changed, breaking)


def _listed(items: Iterable[Changed], breaking: bool) -> Iterator[str]:
    for item in items:
        if item.breaking or not breaking:
            yield f"  ~ {item.name}  {item.label}"
            yield from (f"      {change}" for change in item.changes if change.breaking or not breaking)


def compare(old: Document, new: Document) -> Difference:
    """What it takes to get from the older document to the newer one."""
    before, after = _comparable(old), _comparable(new)
    versions, bases = ((before[key], after[key]) for key in ("version", "base_path"))
    found = Difference(versions=versions, base_paths=bases)
    judge = Judge(before["schemas"], after["schemas"])
    olds = {operation["id"]: operation for operation in before["operations"]}
    by_place = {_place(operation): operation for operation in before["operations"]}
    ids = {operation["id"] for operation in after["operations"]}
    met: set[str] = set()
    for operation in after["operations"]:
        partner = olds.get(operation["id"])
        if partner is None:
            same_place = by_place.get(_place(operation))
            partner = same_place if same_place is not None and same_place["id"] not in ids else None
        if partner is None:
            found.added.append((operation["id"], _label(operation)))
            continue
        met.add(partner["id"])
        changes = list(_operation(judge, partner, operation))
        if changes:
            found.changed.append(Changed(partner["id"], _label(operation), changes))
    found.removed = [(id, _label(operation)) for id, operation in olds.items() if id not in met]
    _schemas(judge, before, after, found)
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


def _place(operation: Mapping[str, Any]) -> str:
    """Method and path, whatever the variables are called."""
    return f"{operation['method']} {re.sub(r'{[^{}]*}', '{}', operation['path'])}"


def _operation(judge: Judge, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    if old["id"] != new["id"]:
        yield Change("operation id", old["id"], new["id"])
    if _label(old) != _label(new):
        yield Change("path", _label(old), _label(new), _place(old) != _place(new))
    yield from _parameters(judge, old, new)
    yield from _bodies(judge, old.get("body") or {}, new.get("body") or {})
    yield from _responses(judge, old, new)
    if old.get("security") != new.get("security"):
        lost = not texts(old.get("security") or [{}]) <= texts(new.get("security") or [{}])
        yield Change(
            "security",
            _say(old.get("security")),
            _say(new.get("security")),
            lost and {} not in (new.get("security") or [{}]),
        )
    if old.get("deprecated") != new.get("deprecated"):
        yield Change("deprecated", _say(old.get("deprecated")), _say(new.get("deprecated")))


def _say(value: Any) -> str:
    return "default" if value is None else json.dumps(value) if isinstance(value, list) else str(value)


def _pairs(
    judge: Judge, sides: Iterable[str], old: Mapping[str, Said], new: Mapping[str, Said], where: str
) -> Iterator[Change]:
    """What differs between named things that are sent, answered or both."""
    body = where.removesuffix(" field ") + " body"
    for name, said in new.items():
        at = body if name == ALL else where + name
        if name not in old:
            yield Change(at, "", said.text, any(judge.added(side, said) for side in sides))
        elif old[name].text != said.text:
            broken = any(judge.changed(side, old[name], said) for side in sides)
            yield Change(at, *_shorter(old[name].text, said.text), broken)
    for name, said in old.items():
        if name not in new:
            yield Change(
                body if name == ALL else where + name, said.text, "", any(judge.removed(side, said) for side in sides)
            )


def _shorter(before: str, after: str) -> tuple[str, str]:
    """Of two long enums only the values that differ."""
    pattern = re.compile(r" of \[(.*)\]")
    olds, news = pattern.search(before), pattern.search(after)
    if olds is None or news is None:
        return before, after
    old, new = olds.group(1).split(" | "), news.group(1).split(" | ")
    lost = ", ".join(value for value in old if value not in new)
    won = ", ".join(value for value in new if value not in old)
    if not lost and not won:
        return before, after
    head, tail = pattern.sub("", before), pattern.sub("", after)
    first, second = (("with", lost), ("with", won)) if won and lost else _one_sided(lost, won)
    return f"{head} {first[0]} [{first[1]}]", f"{tail} {second[0]} [{second[1]}]"


def _one_sided(lost: str, won: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return (("without", won), ("with", won)) if won else (("with", lost), ("without", lost))


def _said(item: Mapping[str, Any], schema: Any) -> Said:
    required = bool(item.get("required"))
    return Said(_type(schema) + (", required" if required else ""), schema, required)


def _parameters(judge: Judge, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    olds = {f"{item['location']} {item['name']}": _said(item, item["schema"]) for item in old.get("parameters", ())}
    news = {f"{item['location']} {item['name']}": _said(item, item["schema"]) for item in new.get("parameters", ())}
    for before, after in list(_renamed(old, new, olds, news)):
        location, _, name = after.partition(" ")
        yield Change(f"parameter {location} {before.partition(' ')[2]}", "", f"now called {name}", location != "path")
        olds[after] = olds.pop(before)
    yield from _pairs(judge, (REQUEST,), olds, news, "parameter ")


def _renamed(
    old: Mapping[str, Any], new: Mapping[str, Any], olds: Mapping[str, Said], news: Mapping[str, Said]
) -> Iterator[tuple[str, str]]:
    """Parameters that have another name: the same place of the path, or one of a kind gone and a like one come."""
    places = zip(re.findall(r"\{([^{}]+)\}", old["path"]), re.findall(r"\{([^{}]+)\}", new["path"]), strict=False)
    known = {
        f"path {before}": f"path {after}" for before, after in places if before != after and _place(old) == _place(new)
    }
    gone = [name for name in olds if name not in news]
    come = [name for name in news if name not in olds]
    for before in gone:
        location = before.partition(" ")[0]
        like = [name for name in come if name.startswith(location + " ") and _alike(olds[before], news[name])]
        rivals = [name for name in gone if name.startswith(location + " ") and _alike(olds[before], olds[name])]
        after = known.get(before) if location == "path" else like[0] if len(like) == len(rivals) == 1 else None
        if after is not None and after in news and after not in olds:
            yield before, after


def _alike(one: Said, other: Said) -> bool:
    return one.text.removesuffix(", required") == other.text.removesuffix(", required")


def _bodies(judge: Judge, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    olds, news = old.get("content", {}), new.get("content", {})
    if bool(old.get("required")) != bool(new.get("required")):
        words = (
            ("optional" if olds else "none", "required")
            if new.get("required")
            else ("required", "optional" if news else "none")
        )
        yield Change("request body", *words, bool(new.get("required")) or not news)
    if olds and news:
        yield from _media(olds, news, "request")
    yield from _pairs(judge, (REQUEST,), *_contents(olds, news), "request field ")


def _media(old: Mapping[str, Any], new: Mapping[str, Any], what: str) -> Iterator[Change]:
    yield from (Change(f"{what} type {name}", "", "declared") for name in new if name not in old)
    yield from (Change(f"{what} type {name}", "declared", "", True) for name in old if name not in new)


def _responses(judge: Judge, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    olds = {item["status"]: item for item in old.get("responses", ())}
    news = {item["status"]: item for item in new.get("responses", ())}
    yield from (Change(f"response {status}", "", "declared") for status in news if status not in olds)
    for status in olds:
        if status not in news:
            yield Change(f"response {status}", "declared", "", status.startswith(("2", "3")))
    for status, item in news.items():
        if status in olds:
            before, after = olds[status].get("content", {}), item.get("content", {})
            if before and after:
                yield from _media(before, after, f"response {status}")
            yield from _pairs(judge, (RESPONSE,), *_contents(before, after), f"response {status} field ")
            old_heads, new_heads = (
                dict.fromkeys(each.get("headers", ()), Said("declared")) for each in (olds[status], item)
            )
            yield from _pairs(judge, (RESPONSE,), old_heads, new_heads, f"response {status} header ")


def _contents(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[dict[str, Said], dict[str, Said]]:
    """The fields of both, of the media types that both have if there are such."""
    common = [media for media in new if media in old]
    one, other = ({name: each[name] for name in common or each} for each in (old, new))
    return _content(one), _content(other)


def _content(content: Mapping[str, Any]) -> dict[str, Said]:
    found: dict[str, Said] = {}
    for schema in content.values():
        found.update(fields(schema))
    return found


def fields(schema: Any, prefix: str = "", depth: int = 0) -> dict[str, Said]:
    """Every property written in the schema itself → what it is; references are named, not followed."""
    if not isinstance(schema, dict) or depth > _DEPTH:
        return {}
    found: dict[str, Said] = {}
    if not prefix and not depth:
        found[ALL] = Said(_type(schema), {key: value for key, value in schema.items() if key not in _INNER})
    required = schema.get("required", ())
    for name, item in schema.get("properties", {}).items():
        path = f"{prefix}.{name}" if prefix else name
        needed = name in required
        found[path] = Said(_type(item) + (", required" if needed else ""), _outer(item), needed)
        found.update(fields(item, path, depth + 1))
    for key, mark in (("items", "[]"), ("additionalProperties", ".*")):
        if isinstance(schema.get(key), dict):
            found.update(fields(schema[key], prefix + mark, depth + 1))
    for key in ("allOf", "anyOf", "oneOf"):
        for item in schema.get(key, ()):
            found.update(fields(item, prefix, depth + 1))
    return found


def _outer(schema: Any) -> Any:
    """A schema without the properties that are compared one by one."""
    if not isinstance(schema, dict):
        return schema
    return {key: _outer(value) if key == "items" else value for key, value in schema.items() if key not in _INNER}


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
    return "".join([said, *(f", {key} {_short(schema[key])}" for key in _TOLD if schema.get(key) not in (None, False))])


def _short(value: Any) -> str:
    said = value if isinstance(value, str) else json.dumps(value)
    return "" if value is True else said if len(said) <= 60 else f"{said[:59]}…"


def _schemas(judge: Judge, before: Mapping[str, Any], after: Mapping[str, Any], found: Difference) -> None:
    olds, news = before["schemas"], after["schemas"]
    found.schemas_added = [name for name in news if name not in olds]
    found.schemas_removed = [name for name in olds if name not in news]
    users = Users(before)
    for name, schema in news.items():
        if name in olds and olds[name] != schema:
            used = users.of(name)
            sides = [side for side in (REQUEST, RESPONSE) if used[side]]
            changes = list(_pairs(judge, sides, fields_of(olds[name]), fields_of(schema), ""))
            if changes:
                ids = list(dict.fromkeys([*used[REQUEST], *used[RESPONSE]]))
                found.schemas_changed.append(Changed(name, _used(used), changes, ids))


def fields_of(schema: Any) -> dict[str, Said]:
    """The fields of a named schema, and the schema itself."""
    listed = fields(schema)
    own = listed.pop(ALL, Said(_type(schema), schema))
    return {"(itself)": own, **{f"field {name}": said for name, said in listed.items()}}


def _used(used: Mapping[str, list[str]]) -> str:
    parts = [
        f"{word} of {_few(used[side])}" for side, word in ((REQUEST, "requests"), (RESPONSE, "replies")) if used[side]
    ]
    return f"used by {' and '.join(parts)}" if parts else "used by no operation"


def _few(ids: list[str]) -> str:
    return ", ".join(ids) if len(ids) <= 3 else f"{len(ids)} operations"


class Users:
    """Which operations send and answer a schema, through other schemas too."""

    def __init__(self, canon: Mapping[str, Any]) -> None:
        self.above: dict[str, set[str]] = {}
        for name, schema in canon["schemas"].items():
            for held in _references(schema):
                self.above.setdefault(held, set()).add(name)
        self.direct: dict[str, dict[str, list[str]]] = {REQUEST: {}, RESPONSE: {}}
        for operation in canon["operations"]:
            parts = (
                (REQUEST, (operation.get("parameters"), operation.get("body"))),
                (RESPONSE, operation.get("responses")),
            )
            for side, part in parts:
                for held in _references(part):
                    self.direct[side].setdefault(held, []).append(operation["id"])

    def of(self, name: str) -> dict[str, list[str]]:
        """Ids of the operations that send and that answer the schema."""
        met, pending = {name}, [name]
        while pending:
            for holder in self.above.get(pending.pop(), ()):
                if holder not in met:
                    met.add(holder)
                    pending.append(holder)
        return {
            side: list(dict.fromkeys(id for each in sorted(met) for id in self.direct[side].get(each, ())))
            for side in (REQUEST, RESPONSE)
        }


def _references(node: Any) -> set[str]:
    found: set[str] = set()
    pending: list[Any] = [node]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str):
                found.add(reference[len(PREFIX) :])
            pending.extend(node.values())
        elif isinstance(node, list | tuple):
            pending.extend(node)
    return found
