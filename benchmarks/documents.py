"""OpenAPI documents as an outside judge reads them: nothing of the kit is used, so that no mistake is shared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

METHODS = ("get", "put", "post", "delete", "patch")
Schema = Mapping[str, Any]


@dataclass(slots=True)
class Operation:
    """One operation with its references resolved one level deep."""

    method: str
    path: str
    parameters: list[Mapping[str, Any]]
    media: str | None = None
    body: Any = None
    replies: dict[str, tuple[str | None, Any]] = field(default_factory=dict)
    """Status → (media type, schema)."""

    def parameter(self, name: str, place: str = "path") -> Mapping[str, Any]:
        """The declared parameter of a name, at that place if it is at several; empty when there is none."""
        named = [p for p in self.parameters if p["name"] == name]
        return next((p for p in named if p.get("in") == place), named[0] if named else {})

    @property
    def reply(self) -> tuple[str | None, Any]:
        """(media type, schema) of the first success reply."""
        good = sorted(s for s in self.replies if s.startswith("2")) or [s for s in self.replies if s == "default"]
        return self.replies[good[0]] if good else (None, None)


class Document:
    """The operations and schemas of one document of version 2 or 3."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw
        self.old = "swagger" in raw
        self.base = self._base()
        self.operations: dict[tuple[str, str], Operation] = {}
        for path, item in (raw.get("paths") or {}).items():
            item = self.resolve(item)
            for method in METHODS:
                if isinstance(item.get(method), Mapping):
                    self.operations[method, path] = self._operation(method, path, item, item[method])

    def _base(self) -> str:
        if self.old:
            return str(self.raw.get("basePath") or "").rstrip("/")
        servers = self.raw.get("servers") or [{}]
        url = str(servers[0].get("url", ""))
        for name, variable in (servers[0].get("variables") or {}).items():
            url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
        path = urlsplit(url).path if "://" in url or url.startswith("/") else ""
        return path.rstrip("/") if "{" not in path else ""

    def resolve(self, node: Any) -> Schema:
        """Follow references; {} for what is no object."""
        for _ in range(30):
            if not isinstance(node, Mapping):
                return {}
            reference = node.get("$ref")
            if not isinstance(reference, str):
                return node
            node = self._pointed(reference)
        return {}

    def _pointed(self, reference: str) -> Any:
        node: Any = self.raw
        for part in reference.removeprefix("#/").split("/"):
            part = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(node, list):
                node = node[int(part)] if part.isdigit() and int(part) < len(node) else None
            else:
                node = node.get(part) if isinstance(node, Mapping) else None
        return node

    def _operation(self, method: str, path: str, item: Schema, raw: Schema) -> Operation:
        known = {}
        for given in (*(item.get("parameters") or ()), *(raw.get("parameters") or ())):
            parameter = self.resolve(given)
            if "name" in parameter:
                known[parameter["name"], parameter.get("in")] = parameter
        found = Operation(method, path, list(known.values()))
        if self.old:
            self._old_body(found, raw)
        else:
            found.media, found.body = self._content(self.resolve(raw.get("requestBody")).get("content"))
        for status, given in (raw.get("responses") or {}).items():
            response = self.resolve(given)
            if self.old:
                found.replies[str(status)] = (
                    ("application/json", response["schema"]) if "schema" in response else (None, None)
                )
            else:
                found.replies[str(status)] = self._content(response.get("content"))
        return found

    def _old_body(self, found: Operation, raw: Schema) -> None:
        consumes = raw.get("consumes") or self.raw.get("consumes") or ["application/json"]
        form = [p for p in found.parameters if p.get("in") == "formData"]
        body = next((p for p in found.parameters if p.get("in") == "body"), None)
        if body is not None:
            found.media = next((m for m in consumes if "json" in m), consumes[0])
            found.body = body.get("schema", {})
        elif form:
            found.media = next((m for m in consumes if "form" in m), "application/x-www-form-urlencoded")
            found.body = {
                "type": "object",
                "properties": {p["name"]: p for p in form},
                "required": [p["name"] for p in form if p.get("required") is True],
            }

    def _content(self, content: Any) -> tuple[str | None, Any]:
        if not isinstance(content, Mapping) or not content:
            return None, None
        for word in ("application/json", "json", "application/x-www-form", "multipart", "xml", ""):
            for media, node in content.items():
                if word in media:
                    return media, (node or {}).get("schema", {})
        return None, None

    # -- schemas ----------------------------------------------------------------------------------------------

    def merged(self, schema: Any, depth: int = 0) -> Schema:
        """A node with its allOf parts drawn into it: properties and required names joined, other keywords on top."""
        node = self.resolve(schema)
        parts = node.get("allOf")
        if not isinstance(parts, list) or depth > 8:
            return node
        out: dict[str, Any] = {}
        for part in [*(self.merged(p, depth + 1) for p in parts), {k: v for k, v in node.items() if k != "allOf"}]:
            for key, value in part.items():
                if key == "properties" and isinstance(value, Mapping):
                    out[key] = {**out.get(key, {}), **value}
                elif key == "required" and isinstance(value, list):
                    out[key] = [*out.get(key, []), *value]
                else:
                    out[key] = value
        return out

    def types(self, schema: Any, depth: int = 0) -> set[str]:
        """Type names that a schema admits; empty when it says nothing."""
        node = self.merged(schema)
        kind = node.get("type")
        out = {kind} if isinstance(kind, str) else set(kind) if isinstance(kind, list) else set()
        if "properties" in node and not out:
            out.add("object")
        if depth < 4:
            for key in ("oneOf", "anyOf"):
                for branch in node.get(key) or ():
                    out |= self.types(branch, depth + 1)
        return out

    def properties(self, schema: Any, depth: int = 0) -> dict[str, Any]:
        """Every property of an object schema, alternatives included."""
        node = self.merged(schema)
        own = node.get("properties")
        out = dict(own) if isinstance(own, Mapping) else {}
        if depth < 5:
            for key in ("oneOf", "anyOf"):
                for branch in node.get(key) or ():
                    for name, inner in self.properties(branch, depth + 1).items():
                        out.setdefault(name, inner)
        return out

    # -- paths ------------------------------------------------------------------------------------------------

    def pairs(self) -> Iterator[tuple[str, str]]:
        """(collection path, item path) wherever an item can be read and created, by POST above or by PUT."""
        plain = {normal(path): path for _, path in self.operations}
        seen: set[str] = set()
        for method, path in list(self.operations):
            head, _, last = normal(path).rpartition("/")
            if method != "get" or not head.strip("/") or not re.fullmatch(r"\{[^{}]+\}", last):
                continue
            if head.rpartition("/")[2].startswith("{"):
                continue
            above = plain.get(head, head)
            if head in seen:  # two names for one path: no telling which is meant
                continue
            seen.add(head)
            if ("post", above) in self.operations or self._puts(path, head):
                yield above, path

    def _puts(self, path: str, head: str) -> bool:
        """Whether PUT on an item makes it: documented by 201, or nothing else in the document makes such things."""
        putter = self.operations.get(("put", path))
        if putter is None or putter.body is None:
            return False
        word = head.rpartition("/")[2].lower()
        made = any(m == "post" and normal(p).rpartition("/")[2].lower() == word for m, p in self.operations)
        return "201" in putter.replies or not made


def normal(path: str) -> str:
    """A path without trailing slash and without an extension."""
    plain = path.rstrip("/")
    return re.sub(r"\.(json|xml)$", "", plain)


def holes(path: str) -> list[str]:
    """Names of the parameters of a path template."""
    return re.findall(r"\{([^{}]+)\}", path)
