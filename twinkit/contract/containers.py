"""Checks of lists and objects. Imports: contract.scalars, contract.names, contract.violation.

A value is copied only when something in it changes: wire text read as its type, a default, a dropped name.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from twinkit.contract import formats
from twinkit.contract.names import Names
from twinkit.contract.scalars import Check, count_of, identity, keep
from twinkit.contract.violation import Violation, prefix, violation

if TYPE_CHECKING:
    from twinkit.contract.checks import Compiler

Lookup = Callable[[str], Check | None]


def untyped(table: Mapping[type, Check]) -> Check:
    """The check of a schema without `type`: each constraint applies to the values it is about."""

    def check(value: Any, found: list[Violation]) -> Any:
        kind = type(value)
        handler = table.get(float if kind is int else kind)
        return value if handler is None else handler(value, found)

    return check


def array_check(compiler: Compiler, schema: Mapping[str, Any]) -> Check:
    """The check of a list: its size, its items by position and in general, uniqueness, `contains`."""
    least, most = count_of(schema, "minItems") or 0, count_of(schema, "maxItems")
    unique = schema.get("uniqueItems") is True
    first = [node for node in _list(schema, "prefixItems") if isinstance(node, (Mapping, bool))]
    rest = schema.get("items", True)
    contains = _contains(compiler, schema)
    checks: list[Check] = []
    every: list[Check] = []
    plain = not first and rest is True
    if plain and not least and most is None and not unique and contains is None:
        return keep

    def check(value: list[Any], found: list[Violation]) -> list[Any]:
        if len(value) < least:
            found.append(violation("min_items", least, value))
        if most is not None and len(value) > most:
            found.append(violation("max_items", most, value))
        if unique and len({identity(item) for item in value}) < len(value):
            found.append(violation("unique", True, value))
        if contains is not None:
            contains(value, found)
        if plain:
            return value
        if not every:
            checks.extend(compiler.compile(node) for node in first)
            every.append(compiler.compile(rest))
        return _items(value, checks, every[0], found)

    return check


def _items(value: list[Any], first: list[Check], every: Check, found: list[Violation]) -> list[Any]:
    changed: list[Any] | None = None
    for position, item in enumerate(value):
        check = first[position] if position < len(first) else every
        before = len(found)
        read = check(item, found)
        if len(found) != before:
            prefix(found, before, position)
        if read is not item:
            if changed is None:
                changed = list(value)
            changed[position] = read
    return value if changed is None else changed


def _contains(compiler: Compiler, schema: Mapping[str, Any]) -> Check | None:
    wanted = schema.get("contains")
    if not isinstance(wanted, (Mapping, bool)):
        return None
    least, most = count_of(schema, "minContains"), count_of(schema, "maxContains")
    least = 1 if least is None else least
    inner = compiler.compile(wanted, None)

    def check(value: list[Any], found: list[Violation]) -> list[Any]:
        matches = 0
        for item in value:
            trial: list[Violation] = []
            inner(item, trial)
            matches += not trial
        if matches < least or (most is not None and matches > most):
            found.append(violation("contains", (least, most), value))
        return value

    return check


def object_check(compiler: Compiler, schema: Mapping[str, Any], outer: Names) -> Check:
    """The check of an object: required names, each property, undeclared names, sizes and dependencies."""
    properties = _mapping(schema, "properties")
    required = _required(compiler, schema, properties)
    members = _members(compiler, schema, properties, outer)
    extras = _extras(compiler, schema)
    if members is None and not required and not extras:
        return keep
    inner = members or keep
    if not extras and not required:
        return inner

    def check(value: dict[str, Any], found: list[Violation]) -> dict[str, Any]:
        for name in required:
            if name not in value:
                found.append(violation("missing", None, None, name))
        for extra in extras:
            extra(value, found)
        read: dict[str, Any] = inner(value, found)
        return read

    return check


def _required(compiler: Compiler, schema: Mapping[str, Any], properties: Mapping[str, Any]) -> tuple[str, ...]:
    """Required names, without those that only the other side of the conversation sends."""
    exempt = "readOnly" if compiler.options.direction == "request" else "writeOnly"
    names = [name for name in _list(schema, "required") if isinstance(name, str)]
    return tuple(name for name in dict.fromkeys(names) if not compiler.flag(properties.get(name), exempt))


def _members(
    compiler: Compiler, schema: Mapping[str, Any], properties: Mapping[str, Any], outer: Names
) -> Check | None:
    options = compiler.options
    others = _others(compiler, schema, properties, outer)
    defaults = _defaults(properties) if options.defaults else {}
    request = options.direction == "request"
    hidden = {n for n, s in properties.items() if compiler.flag(s, "readOnly")} if request else set()
    if not properties and others is None:
        return None
    checks: dict[str, Check] = dict.fromkeys(hidden, _read_only) if options.read_only else {}
    dropped = frozenset() if options.read_only else frozenset(hidden)

    def lookup(name: str) -> Check:
        if name in properties:
            check = checks[name] = compiler.compile(properties[name])
            return check
        return others(name) or keep if others is not None else keep

    def check(value: dict[str, Any], found: list[Violation]) -> dict[str, Any]:
        changed: dict[str, Any] | None = None
        before = len(found)
        for name, item in value.items():
            read = (get(name) or lookup(name))(item, found)
            if len(found) != before:
                prefix(found, before, name)
                before = len(found)
            if read is not item:
                if changed is None:
                    changed = dict(value)
                changed[name] = read
        return value if changed is None else changed

    get = checks.get
    if not defaults and not dropped:
        return check
    return _rewriting(check, defaults, dropped)


def _rewriting(check: Check, defaults: Mapping[str, Any], dropped: frozenset[str]) -> Check:
    """Drops read-only names first and fills in defaults last."""

    def rewrite(value: dict[str, Any], found: list[Violation]) -> dict[str, Any]:
        if dropped and not dropped.isdisjoint(value):
            value = {name: item for name, item in value.items() if name not in dropped}
        read: dict[str, Any] = check(value, found)
        for name, default in defaults.items():
            if name not in read:
                if read is value:
                    read = dict(value)
                read[name] = copy.deepcopy(default)
        return read

    return rewrite


def _others(
    compiler: Compiler, schema: Mapping[str, Any], properties: Mapping[str, Any], outer: Names
) -> Lookup | None:
    """What checks a name that `properties` has not: patterns, then `additionalProperties`; None when nothing does."""
    patterns = [
        (formats.pattern(source), node)
        for source, node in _mapping(schema, "patternProperties").items()
        if isinstance(source, str)
    ]
    further = schema.get("additionalProperties")
    if further is None and compiler.options.reject and properties and not patterns:
        further = False
    if outer is None and further is False:
        further = None
    if not patterns and (further is None or further is True):
        return None
    beyond = compiler.compile(further) if isinstance(further, Mapping) else keep

    def lookup(name: str) -> Check | None:
        for matches, node in patterns:
            if matches is not None and matches(name):
                return compiler.compile(node)
        if further is False:
            return None if outer is not None and name in outer else _unknown
        return beyond

    return lookup


def _unknown(value: Any, found: list[Violation]) -> Any:
    found.append(violation("unknown", None, value))
    return value


def _read_only(value: Any, found: list[Violation]) -> Any:
    found.append(violation("read_only", None, value))
    return value


def _extras(compiler: Compiler, schema: Mapping[str, Any]) -> list[Check]:
    out: list[Check] = []
    least, most = count_of(schema, "minProperties") or 0, count_of(schema, "maxProperties")
    if least or most is not None:
        out.append(_size(least, most))
    names = schema.get("propertyNames")
    if isinstance(names, (Mapping, bool)):
        out.append(_names(compiler.compile(names, None)))
    for trigger, needed in _mapping(schema, "dependentRequired").items():
        if isinstance(needed, list):
            out.append(_needs(trigger, [name for name in needed if isinstance(name, str)]))
    for trigger, node in _mapping(schema, "dependentSchemas").items():
        if isinstance(node, (Mapping, bool)):
            out.append(_when(trigger, compiler.compile(node, None)))
    return out


def _size(least: int, most: int | None) -> Check:
    def check(value: dict[str, Any], found: list[Violation]) -> Any:
        if len(value) < least:
            found.append(violation("min_properties", least, value))
        if most is not None and len(value) > most:
            found.append(violation("max_properties", most, value))
        return value

    return check


def _names(inner: Check) -> Check:
    def check(value: dict[str, Any], found: list[Violation]) -> Any:
        for name in value:
            before = len(found)
            inner(name, found)
            if len(found) != before:
                prefix(found, before, name)
        return value

    return check


def _needs(trigger: str, needed: list[str]) -> Check:
    def check(value: dict[str, Any], found: list[Violation]) -> Any:
        if trigger in value:
            found.extend(violation("missing", None, None, name) for name in needed if name not in value)
        return value

    return check


def _when(trigger: str, inner: Check) -> Check:
    def check(value: dict[str, Any], found: list[Violation]) -> Any:
        return inner(value, found) if trigger in value else value

    return check


def _defaults(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: node["default"]
        for name, node in properties.items()
        if isinstance(node, Mapping) and "default" in node and not node.get("readOnly")
    }


def _mapping(schema: Mapping[str, Any], keyword: str) -> Mapping[str, Any]:
    value = schema.get(keyword)
    return value if isinstance(value, Mapping) else {}


def _list(schema: Mapping[str, Any], keyword: str) -> list[Any]:
    value = schema.get(keyword)
    return value if isinstance(value, list) else []
