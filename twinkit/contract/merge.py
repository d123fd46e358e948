"""One schema out of many: references followed and `allOf` folded in, so that a value can be made from it.

What cannot be folded (anyOf, oneOf, not, conditions) is kept aside as choices and conditions. Imports: contract.names.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from twinkit.contract import formats
from twinkit.contract.model import Contract, Schema
from twinkit.contract.scalars import identity

_LOWEST = ("maximum", "maxLength", "maxItems", "maxProperties", "exclusiveMaximum")
_HIGHEST = ("minimum", "minLength", "minItems", "minProperties", "exclusiveMinimum")
_NESTED = ("items", "additionalProperties", "propertyNames", "contains")
_CONDITIONS = (
    "not",
    "if",
    "dependentSchemas",
    "dependentRequired",
    "contains",
    "propertyNames",
    "unevaluatedProperties",
)


class Choice(NamedTuple):
    """One anyOf or oneOf."""

    branches: tuple[Schema, ...]
    exclusive: bool
    """oneOf: no second branch may fit."""
    discriminator: Mapping[str, Any] | None


@dataclass
class Merged:
    """What a schema asks for, all branches of `allOf` taken together."""

    keywords: dict[str, Any] = field(default_factory=dict)
    choices: list[Choice] = field(default_factory=list)
    component: str = ""
    """Name of the component that the schema came from; empty for an inline one."""
    doubtful: bool = False
    """Whether a value made from the keywords may still not fit, so that it must be checked."""
    impossible: bool = False
    references: frozenset[str] = frozenset()
    """Components that have been folded in."""
    lazily: frozenset[str] = frozenset()
    """Properties that a record shows only on demand."""
    closed: list[tuple[frozenset[str], Any]] = field(default_factory=list)
    """Parts that say what other properties are like: the names they declare, and their `additionalProperties`."""


def merged(contract: Contract, *schemas: Schema, known: frozenset[str] = frozenset()) -> Merged:
    """The schemas as one; components `known` are folded in already. What cannot be resolved asks for nothing."""
    out = Merged(references=known)
    for schema in schemas:
        _fold(contract, out, schema)
    out.component = out.component or str(out.keywords.get("x-resourceId", ""))
    if out.closed or "patternProperties" in out.keywords:
        _close(out)
    return out


def _close(out: Merged) -> None:
    """Properties must fit the patterns of their names and, if they can be omitted, what other parts say of them."""
    properties, required = out.keywords.get("properties"), _list(out.keywords.get("required"))
    if not isinstance(properties, Mapping):
        return
    held = dict(properties)
    for source, node in _names(out.keywords.get("patternProperties")).items():
        matches = formats.pattern(source)
        for name in held:
            if matches is not None and matches(name):
                held[name] = _both(held[name], node)
    for names, further in out.closed:
        for name in held:
            if name not in names and name not in required:
                held[name] = _both(held[name], further)
    out.keywords["properties"] = held


def _fold(contract: Contract, out: Merged, schema: Schema) -> None:
    if schema is False:
        out.impossible = True
    if not isinstance(schema, Mapping):
        return
    reference = schema.get("$ref")
    if isinstance(reference, str):
        name = reference.rpartition("/")[2]
        if name not in out.references:
            out.references |= {name}
            out.component = out.component or name
            with suppress(KeyError):
                _fold(contract, out, contract.schema(name))
    branches = schema.get("allOf")
    for branch in branches if isinstance(branches, list) else ():
        _fold(contract, out, branch)
    for keyword, value in schema.items():
        if keyword not in ("$ref", "allOf", "anyOf", "oneOf"):
            _keyword(out, keyword, value)
    further = schema.get("additionalProperties")
    if further is False or isinstance(further, Mapping):
        if "patternProperties" not in schema:
            out.closed.append((frozenset(_names(schema.get("properties"))), further))
        out.doubtful = out.doubtful or len(out.closed) > 1
    _choices(out, schema)


def _choices(out: Merged, schema: Mapping[str, Any]) -> None:
    discriminator = schema.get("discriminator")
    for keyword in ("oneOf", "anyOf"):
        branches = schema.get(keyword)
        kept = [b for b in branches if isinstance(b, (Mapping, bool))] if isinstance(branches, list) else []
        if kept:
            named = discriminator if isinstance(discriminator, Mapping) else None
            out.choices.append(Choice(tuple(kept), keyword == "oneOf", named))


def _keyword(out: Merged, keyword: str, value: Any) -> None:
    held = out.keywords
    if keyword in _CONDITIONS:
        out.doubtful = True
    if keyword == "const":
        keyword, value = "enum", [value]
    if keyword not in held:
        held[keyword] = value
        return
    before = held[keyword]
    if keyword == "properties":
        held[keyword] = _properties(before, value)
    elif keyword == "required":
        held[keyword] = [*_list(before), *(name for name in _list(value) if name not in _list(before))]
    elif keyword == "type":
        _types(out, before, value)
    elif keyword == "enum":
        kept = {identity(member) for member in _list(value)}
        held[keyword] = [member for member in _list(before) if identity(member) in kept]
        out.impossible = out.impossible or not held[keyword]
    elif keyword in _LOWEST + _HIGHEST:
        if _number(before) and _number(value):
            held[keyword] = min(before, value) if keyword in _LOWEST else max(before, value)
    elif keyword in _NESTED:
        held[keyword] = value if before is True else before if value is True else _both(before, value)
        out.doubtful = out.doubtful or keyword == "additionalProperties"
    elif keyword in ("pattern", "format", "multipleOf", "not", "if", "prefixItems", "patternProperties"):
        out.doubtful = out.doubtful or before != value
    else:
        held[keyword] = value


def _names(properties: Any) -> Mapping[str, Any]:
    return properties if isinstance(properties, Mapping) else {}


def _both(one: Any, other: Any) -> Any:
    if one is False or other is False:
        return False
    return one if one == other else {"allOf": [one, other]}


def _properties(one: Any, other: Any) -> dict[str, Any]:
    out = dict(one) if isinstance(one, Mapping) else {}
    for name, schema in other.items() if isinstance(other, Mapping) else ():
        out[name] = _both(out[name], schema) if name in out else schema
    return out


def _types(out: Merged, one: Any, other: Any) -> None:
    first, second = (value if isinstance(value, list) else [value] for value in (one, other))
    kept = [name for name in first if name in second or (name == "integer" and "number" in second)]
    kept += [name for name in second if name == "integer" and "number" in first and name not in kept]
    if kept:
        out.keywords["type"] = kept if len(kept) > 1 else kept[0]
    else:
        out.impossible = True


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
