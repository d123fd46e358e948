"""What an object schema declares over all its branches: property names, and flags on them. Imports: contract.model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from twinkit.contract.model import Contract, Schema

Names = frozenset[str] | None
"""A closed set of names, or None: any name is welcome."""

COMPOSERS = ("allOf", "anyOf", "oneOf")
OBJECT_KEYWORDS = ("properties", "additionalProperties", "unevaluatedProperties", "required")


def parts(contract: Contract, schema: Schema) -> Iterator[Mapping[str, Any]]:
    """The schema node and every node that applies to the same value: references, compositions, conditions."""
    seen: set[int] = set()
    waiting: list[Any] = [schema]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, Mapping) or id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node.get("$ref"), str):
            waiting.append(_target(contract, node))
        for keyword in COMPOSERS:
            branches = node.get(keyword)
            waiting.extend(branches if isinstance(branches, list) else ())
        waiting.extend((node.get("then"), node.get("else")))
        dependent = node.get("dependentSchemas")
        waiting.extend(dependent.values() if isinstance(dependent, Mapping) else ())


def declared(contract: Contract, schema: Schema, *, open_unless_closed: bool) -> Names:
    """The names that `schema` and its branches declare; None when it admits others.

    An object that declares properties and says nothing of further ones is closed, unless `open_unless_closed`: then
    only `additionalProperties: false` or `unevaluatedProperties: false` closes it.
    """
    found: set[str] = set()
    closed = False
    for node in parts(contract, schema):
        found.update(_properties(node))
        for keyword in ("additionalProperties", "unevaluatedProperties"):
            further = node.get(keyword)
            if further is False:
                closed = True
            elif isinstance(further, (Mapping, bool)):
                return None
        if isinstance(node.get("patternProperties"), Mapping):
            return None
    if closed:
        return frozenset(found)
    return None if open_unless_closed or not found else frozenset(found)


def flagged(contract: Contract, schema: Schema, flag: str) -> frozenset[str]:
    """Names of properties, over all branches, whose schema carries `flag: true` (`readOnly`, `writeOnly`)."""
    return frozenset(
        name
        for node in parts(contract, schema)
        for name, member in _properties(node).items()
        if carries(contract, member, flag)
    )


def carries(contract: Contract, node: Schema | None, flag: str) -> bool:
    """Whether a schema, or what it refers to, carries `flag: true`."""
    if not isinstance(node, Mapping):
        return False
    if node.get(flag) is True:
        return True
    target = _target(contract, node) if "$ref" in node else None
    return isinstance(target, Mapping) and target.get(flag) is True


def _properties(node: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = node.get("properties")
    return properties if isinstance(properties, Mapping) else {}


def _target(contract: Contract, node: Mapping[str, Any]) -> Schema:
    try:
        return contract.resolve({"$ref": node["$ref"]})
    except KeyError:
        return True
