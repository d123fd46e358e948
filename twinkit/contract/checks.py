"""The compiler from schemas to closures: each node becomes one function, built when it is first needed.

References are followed at call time, so recursive schemas cost nothing until a value recurses. A keyword of the wrong
type is ignored. Imports: contract.model, contract.scalars, contract.violation, contract.containers.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from twinkit.contract import containers, scalars
from twinkit.contract.extensions import LENIENT_NULL
from twinkit.contract.model import Contract, Schema
from twinkit.contract.names import OBJECT_KEYWORDS, Names, carries, declared, flagged
from twinkit.contract.scalars import FAIL, Check, keep, refuse
from twinkit.contract.violation import Violation, distance, violation
from twinkit.contract.wire import Repeated, Upload, WireError, parse_json

TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
    "array": (list,),
    "object": (dict,),
}
REFERENCE = "#/components/schemas/"
KEPT = 20_000
"""How many compiled nodes are kept: more than any contract has, unless schemas are made up as requests come in."""


class Options(NamedTuple):
    """How to validate: wire text or JSON, which side is speaking, what to do with undeclared names."""

    coerce: bool = False
    direction: Literal["request", "response"] = "request"
    reject: bool = False
    """Undeclared names are violations wherever an object declares properties and nothing more."""
    defaults: bool = False
    strict: bool = False
    """Read schemas as JSON Schema is written: one branch of oneOf and no more, each closed part for itself."""
    documents: bool = False
    """Text where an object or a list is declared may be JSON, as in parts of multipart forms."""
    read_only: bool = False
    """Read-only properties in a request are violations instead of being dropped."""


def type_names(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The known types that `type` names, in order; empty when it says nothing."""
    declared_type = schema.get("type")
    if isinstance(declared_type, str):
        return (declared_type,) if declared_type in TYPES else ()
    if isinstance(declared_type, list):
        return tuple(name for name in declared_type if isinstance(name, str) and name in TYPES)
    return ()


def _implied(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The type that wire text is read as where the schema names none."""
    if "items" in schema:
        return ("array",)
    return ("object",) if isinstance(schema.get("properties"), Mapping) else ()


class Compiler:
    """Compiled checks of one contract under one set of options, kept by the identity of the schema node."""

    def __init__(self, contract: Contract, options: Options) -> None:
        self.options = options
        self._contract = _weakly(contract)
        self._memo: dict[tuple[int, Names], Check] = {}
        self._kept: list[Any] = []

    def flag(self, node: Schema | None, keyword: str) -> bool:
        """Whether a property's schema carries `readOnly` or `writeOnly`, itself or where it refers to."""
        return carries(self._contract, node, keyword)

    def compile(self, schema: Schema, outer: Names = frozenset()) -> Check:
        """The check of a schema node. `outer`: names that the composition around it declares; None leaves them open."""
        if not isinstance(schema, Mapping):
            return refuse if schema is False else keep
        key = (id(schema), outer)
        check = self._memo.get(key)
        if check is None:
            if len(self._memo) > KEPT:
                self._memo.clear()
                self._kept.clear()
            check = self._memo[key] = self._build(schema, outer)
            self._kept.append(schema)
        return check

    def _build(self, schema: Mapping[str, Any], outer: Names) -> Check:
        whole = outer is not None and self._composed(schema)
        inner = None if whole else outer
        parts: list[Check] = []
        reference = schema.get("$ref")
        if isinstance(reference, str):
            parts.append(self._reference(reference, inner))
        parts.append(self._typed(schema, inner))
        if "const" in schema:
            parts.append(scalars.enum_check([schema["const"]], coerce=self.options.coerce, single=True))
        members = schema.get("enum")
        if isinstance(members, list) and members:
            parts.append(scalars.enum_check(members, coerce=self.options.coerce))
        parts.extend(self.compile(branch, inner) for branch in _branches(schema, "allOf"))
        for keyword in ("anyOf", "oneOf"):
            branches = _branches(schema, keyword)
            if branches:
                parts.append(self._choice(schema, keyword, branches, inner))
        parts.extend(self._logic(schema))
        check = _sequence([part for part in parts if part is not keep])
        return self._together(schema, outer or frozenset(), check) if whole else check

    def _composed(self, schema: Mapping[str, Any]) -> bool:
        """Whether the names of an object are declared in several places, so that no one of them may close it.

        Read strictly, each place speaks for itself.
        """
        if schema.get("unevaluatedProperties") is False:
            return True
        if self.options.strict:
            return False
        own = any(keyword in schema for keyword in OBJECT_KEYWORDS)
        branched = any(keyword in schema for keyword in ("$ref", "anyOf", "oneOf"))
        return bool(_branches(schema, "allOf")) or (own and branched)

    def _together(self, schema: Mapping[str, Any], outer: frozenset[str], check: Check) -> Check:
        """Closes a composed object as a whole, and forgives required names that the other side sends."""
        exempt = "readOnly" if self.options.direction == "request" else "writeOnly"
        known: list[tuple[Names, frozenset[str]]] = []

        def together(value: Any, found: list[Violation]) -> Any:
            if type(value) is not dict:
                return check(value, found)
            if not known:
                names = declared(self._contract, schema, open_unless_closed=not self.options.reject)
                known.append((names, flagged(self._contract, schema, exempt)))
            names, forgiven = known[0]
            before = len(found)
            read = check(value, found)
            if forgiven and len(found) != before:
                found[before:] = [v for v in found[before:] if not _forgiven(v, forgiven)]
            if names is not None:
                strange = [name for name in value if name not in names and name not in outer]
                found.extend(violation("unknown", None, value[name], name) for name in strange)
            return read

        return together

    def _reference(self, reference: str, outer: Names) -> Check:
        target: list[Check] = []

        def check(value: Any, found: list[Violation]) -> Any:
            if not target:
                target.append(self._resolve(reference, outer))
            return target[0](value, found)

        return check

    def _resolve(self, reference: str, outer: Names) -> Check:
        if not reference.startswith(REFERENCE):
            return keep
        try:
            return self.compile(self._contract.schema(reference.removeprefix(REFERENCE)), outer)
        except KeyError:
            return keep

    def _typed(self, schema: Mapping[str, Any], outer: Names) -> Check:
        """The check of `type` and of the constraints that go with each type."""
        names = type_names(schema) or (_implied(schema) if self.options.coerce else ())
        if LENIENT_NULL in schema and self.options.strict and self.options.direction == "response":
            names = tuple(name for name in names if name != "null")
            if not names:
                return refuse
        table: dict[type, Check] = {kind: self._constraints(schema, kind, outer) for kind in (str, float, list, dict)}
        if not names:
            return containers.untyped(table) if any(check is not keep for check in table.values()) else keep
        handlers: dict[type, Check] = {}
        for name in names:
            for kind in TYPES[name]:
                handlers[kind] = table.get(float if kind is int else kind, keep)
        if "integer" in names and "number" not in names:
            handlers[float] = _whole(table[float], names)
        expected: Any = names[0] if len(names) == 1 else names
        if not self.options.coerce:
            return _by_type(handlers, expected)
        binary = schema.get("format") == "binary"
        return _coerced(handlers, names, expected, binary=binary, documents=self.options.documents)

    def _constraints(self, schema: Mapping[str, Any], kind: type, outer: Names) -> Check:
        if kind is str:
            return scalars.string_check(schema)
        if kind is float:
            return scalars.number_check(schema)
        if kind is list:
            return containers.array_check(self, schema)
        return containers.object_check(self, schema, outer)

    def _choice(self, schema: Mapping[str, Any], keyword: str, branches: list[Schema], outer: Names) -> Check:
        pick = self._discriminator(schema, branches)
        checks: list[Check] = []
        unset = [isinstance(branch, Mapping) and branch.get("enum") == [""] for branch in branches]
        strict = keyword == "oneOf" and self.options.strict

        def check(value: Any, found: list[Violation]) -> Any:
            if not checks:
                checks.extend(self.compile(branch, outer) for branch in branches)
            if pick is not None and type(value) is dict:
                chosen = pick(value)
                if chosen is not None:
                    return checks[chosen](value, found)
            return _best(checks, unset, strict, value, found)

        return check

    def _discriminator(self, schema: Mapping[str, Any], branches: list[Schema]) -> Any:
        """Picks the branch that a discriminator names, which makes better messages; JSON Schema does not know it."""
        discriminator = schema.get("discriminator")
        if self.options.strict or not isinstance(discriminator, Mapping):
            return None
        name = discriminator.get("propertyName")
        if not isinstance(name, str):
            return None
        positions: dict[Any, int] = {}
        for position, branch in enumerate(branches):
            reference = branch.get("$ref") if isinstance(branch, Mapping) else None
            if isinstance(reference, str):
                positions[reference.rpartition("/")[2]] = position
        mapping = discriminator.get("mapping")
        for key, target in mapping.items() if isinstance(mapping, Mapping) else ():
            position_of = positions.get(str(target).rpartition("/")[2])
            if position_of is not None:
                positions[key] = position_of

        def pick(value: dict[str, Any]) -> int | None:
            key = value.get(name)
            return positions.get(key) if isinstance(key, str) else None

        return pick

    def _logic(self, schema: Mapping[str, Any]) -> Iterable[Check]:
        unwanted = schema.get("not")
        if isinstance(unwanted, (Mapping, bool)):
            yield _not(self.compile(unwanted, None), unwanted)
        condition = schema.get("if")
        if isinstance(condition, (Mapping, bool)):
            yield _if(*(self.compile(schema.get(keyword, True), None) for keyword in ("if", "then", "else")))


def _forgiven(one: Violation, names: frozenset[str]) -> bool:
    """Whether it is the object itself that misses one of the names, not something inside it."""
    return one.kind == "missing" and len(one.path) == 1 and one.path[0] in names


def _weakly(contract: Contract) -> Contract:
    """The contract without keeping it alive: compilers are kept in a table beside it."""
    try:
        proxy: Contract = weakref.proxy(contract)
    except TypeError:
        return contract
    return proxy


def _branches(schema: Mapping[str, Any], keyword: str) -> list[Schema]:
    branches = schema.get(keyword)
    return [b for b in branches if isinstance(b, (Mapping, bool))] if isinstance(branches, list) else []


def _sequence(parts: list[Check]) -> Check:
    if not parts:
        return keep
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 2:
        first, second = parts
        return lambda value, found: second(first(value, found), found)

    def check(value: Any, found: list[Violation]) -> Any:
        for part in parts:
            value = part(value, found)
        return value

    return check


def _best(checks: list[Check], unset: list[bool], strict: bool, value: Any, found: list[Violation]) -> Any:
    """The value by the first branch that fits; else the violations of the nearest branch."""
    nearest: list[Violation] = []
    least, matched, result = float("inf"), 0, value
    for position, check in enumerate(checks):
        trial: list[Violation] = []
        read = check(value, trial)
        if not trial:
            if not strict:
                return read
            matched += 1
            result = read
            continue
        away = distance(trial, unset[position])
        if away < least:
            nearest, least = trial, away
    if matched == 0:
        found.extend(nearest)
    elif matched > 1:
        found.append(violation("one_of", matched, value))
    return result


def _whole(check: Check, names: tuple[str, ...]) -> Check:
    """JSON Schema counts 2.0 as an integer."""

    def whole(value: float, found: list[Violation]) -> Any:
        if value.is_integer():
            return check(value, found)
        found.append(violation("type", names[0] if len(names) == 1 else names, value))
        return value

    return whole


def _by_type(handlers: dict[type, Check], expected: Any) -> Check:
    get = handlers.get

    def check(value: Any, found: list[Violation]) -> Any:
        handler = get(type(value))
        if handler is None:
            found.append(violation("type", expected, value))
            return value
        return handler(value, found)

    return check


def _coerced(
    handlers: dict[type, Check], names: tuple[str, ...], expected: Any, *, binary: bool, documents: bool
) -> Check:
    """Reads wire values as the declared types, first declared first, then checks them."""
    order = names[: names.index("string")] if "string" in names else names
    readers = [scalars.READERS[name] for name in order if name in scalars.READERS]
    lists, objects, text = list in handlers, dict in handlers, str in handlers
    get = handlers.get

    def read(value: Any) -> Any:
        kind = type(value)
        if kind is Repeated:
            return list(value) if lists else read(value[-1])
        if kind is str:
            for reader in readers:
                result = reader(value)
                if result is not FAIL:
                    return result
            if documents and not text and ((lists and value[:1] == "[") or (objects and value[:1] == "{")):
                return _document(value)
            return [value] if lists and not text else value
        if kind is dict and lists and not objects and value and all(_index(key) for key in value):
            return [value[key] for key in sorted(value, key=int)]
        if kind is Upload and lists:
            return [value]
        return value

    plain = {kind for kind, as_it_is in ((str, text and not readers), (dict, not lists)) if as_it_is}

    def check(value: Any, found: list[Violation]) -> Any:
        kind = type(value)
        if kind not in plain:
            value = read(value)
            kind = type(value)
        handler = get(kind)
        if handler is not None:
            return handler(value, found)
        if not (kind is Upload and (binary or text)):
            found.append(violation("type", expected, value))
        return value

    return check if readers or not text else _text_first(handlers[str], check)


def _text_first(of_text: Check, of_any: Check) -> Check:
    """What comes from the wire is text mostly: its check without looking for one, where text is taken as it is."""

    def check(value: Any, found: list[Violation]) -> Any:
        return of_text(value, found) if type(value) is str else of_any(value, found)

    return check


def _document(text: str) -> Any:
    """The text as JSON where it is, else as it is."""
    try:
        return parse_json(text.encode())
    except WireError:
        return text


def _index(key: str) -> bool:
    return key.isascii() and key.isdigit() and len(key) < 10


def _not(check: Check, unwanted: Schema) -> Check:
    def refuse_matching(value: Any, found: list[Violation]) -> Any:
        trial: list[Violation] = []
        check(value, trial)
        if not trial:
            found.append(violation("not", unwanted, value))
        return value

    return refuse_matching


def _if(condition: Check, then: Check, otherwise: Check) -> Check:
    def check(value: Any, found: list[Violation]) -> Any:
        trial: list[Violation] = []
        condition(value, trial)
        return otherwise(value, found) if trial else then(value, found)

    return check
