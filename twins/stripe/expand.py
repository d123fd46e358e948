"""`expand[]`: references replaced by what they name, up to four levels, also inside lists.

Pure: the contract says which properties can be expanded and to what; `fetch` gives the record. Source:
https://docs.stripe.com/expand. Imports the twin's error texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from twins.stripe import errors

MAX_DEPTH = 4
Schema = Mapping[str, Any]
Resolve = Callable[[Any], Any]
Fetch = Callable[[tuple[str, ...], str], Any]
"""(names of the resources it may be, id) → the record as shown, or None when there is none."""
Include = Callable[[Mapping[str, Any], str], Any]
"""(record, property) → the value of a property that is only there when it is expanded, or None."""


class Expander:
    """Expands replies of one operation. `resolve` follows a `$ref` of the contract."""

    def __init__(self, resolve: Resolve, fetch: Fetch, include: Include) -> None:
        self.resolve = resolve
        self.fetch = fetch
        self.include = include

    def check(self, schema: Any, paths: Iterable[str]) -> None:
        """Raise the service's error for a path that is too deep or begins with what cannot be expanded.

        Only the first property (in lists the one after `data`) is looked at; what is wrong further down is passed over.
        """
        for path in paths:
            parts = path.split(".")
            if len(parts) > MAX_DEPTH:
                raise errors.too_deep(path)
            listed = parts[0] == "data" and len(parts) > 1
            if not self._can(schema, parts[: 2 if listed else 1]):
                segment = parts[1 if listed else 0]
                raise errors.cannot_expand(segment, self._suggest(schema, segment))

    def expand(self, body: Any, paths: Iterable[str]) -> Any:
        """A copy of `body` with every path expanded; paths that lead nowhere in this reply change nothing."""
        for path in paths:
            body = self._walk(body, path.split("."))
        return body

    def _suggest(self, schema: Any, segment: str) -> str:
        node = self.resolve(schema)
        properties = node.get("properties", {}) if isinstance(node, Mapping) else {}
        if "data" in properties and "has_more" in properties and self._can(schema, ["data", segment]):
            return f"data.{segment}"
        return ""

    def _branches(self, schema: Any) -> list[Schema]:
        node = self.resolve(schema)
        if not isinstance(node, Mapping):
            return []
        inner = [*node.get("anyOf", ()), *node.get("oneOf", ()), *node.get("allOf", ())]
        if "items" in node:
            inner.append(node["items"])
        found: list[Schema] = [node]
        for branch in inner:
            found += self._branches(branch)
        return found

    def _can(self, schema: Any, parts: list[str]) -> bool:
        head, *rest = parts
        for node in self._branches(schema):
            properties = node.get("properties", {})
            if head not in properties:
                continue
            target = properties[head]
            branches = self._branches(target)
            if rest:
                if self._can(target, rest):
                    return True
            elif (
                "x-expansionResources" in target
                or any("x-expansionResources" in b for b in branches)
                or head in node.get("x-expandableFields", ())
            ):
                return True
        return False

    def _walk(self, value: Any, parts: list[str]) -> Any:
        if isinstance(value, list):
            return [self._walk(item, parts) for item in value]
        if not isinstance(value, dict):
            return value
        head, *rest = parts
        inner = value.get(head)
        if inner is None:
            inner = self.include(value, head)
            if inner is None:
                return value
        if isinstance(inner, str):
            inner = self._reference(inner, value, head)
        elif isinstance(inner, list):
            inner = [self._reference(item, value, head) if isinstance(item, str) else item for item in inner]
        if rest:
            inner = self._walk(inner, rest)
        return {**value, head: inner}

    def _reference(self, id: str, owner: Mapping[str, Any], name: str) -> Any:
        found = self.fetch((str(owner.get("object", "")), name), id)
        return id if found is None else found
