"""Whether a change breaks callers: what a schema admits no longer, what a reply shows no longer. Imports nothing.

A request breaks when something callers may send is refused or not known any more; a reply when something they may read
is gone or of another kind. A new member of an enum in a reply does not count: callers are told to expect those.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
EXACT = ("pattern", "multipleOf", "const", "uniqueItems")
WIDER_FORMATS = {("int32", "int64"), ("float", "double")}
PREFIX = "#/components/schemas/"
REQUEST, RESPONSE = "request", "response"


@dataclass(frozen=True, slots=True)
class Said:
    """What one document says of a parameter, a field or a body."""

    text: str
    """As a person reads it."""
    schema: Any = True
    required: bool = False


class Judge:
    """Says of two documents' schemas whether going from one to the other breaks callers."""

    def __init__(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        self.old = old
        self.new = new

    def added(self, side: str, said: Said) -> bool:
        """Whether something new breaks callers that do not know it: what they must send now."""
        return side == REQUEST and said.required and not flag(said.schema, "readOnly")

    def removed(self, side: str, said: Said) -> bool:
        """Whether callers miss what is gone."""
        return not flag(said.schema, "readOnly" if side == REQUEST else "writeOnly")

    def changed(self, side: str, old: Said, new: Said) -> bool:
        """Whether something that both documents have breaks callers of the older one."""
        if flag(old.schema, "readOnly" if side == REQUEST else "writeOnly"):
            return False
        if side == REQUEST:
            return (new.required and not old.required) or self.narrower(old.schema, new.schema)
        if old.required and not new.required:
            return True
        return self.narrower(new.schema, old.schema, reply=True)

    def narrower(self, wide: Any, narrow: Any, *, reply: bool = False, depth: int = 0) -> bool:
        """Whether `narrow` refuses something that `wide` admits; with `reply`, `wide` is the newer one."""
        if wide == narrow or narrow is True or narrow == {} or depth > 6:
            return False
        first, second = (self.new, self.old) if reply else (self.old, self.new)
        named = isinstance(wide, dict) and isinstance(narrow, dict) and "$ref" in wide and "$ref" in narrow
        wide, narrow = resolved(wide, first), resolved(narrow, second)
        if wide == narrow or not isinstance(narrow, dict):
            return narrow is False
        wide = wide if isinstance(wide, dict) else {}
        if kinds(narrow) and not kinds(wide) <= (kinds(narrow) | ({"integer"} if "number" in kinds(narrow) else set())):
            return True
        if (kinds(narrow) and not kinds(wide) and not branches(wide)) or limits(wide, narrow):
            return True
        if "enum" in narrow and not reply and not members(wide) <= members(narrow):
            return True
        if self._structure(wide, narrow, named and reply):
            return True
        inner = ("items", "additionalProperties")
        deeper = depth + 1
        return any(
            self.narrower(wide[key], narrow[key], reply=reply, depth=deeper)
            for key in inner
            if isinstance(wide.get(key), dict) and isinstance(narrow.get(key), dict)
        )

    def _structure(self, wide: Mapping[str, Any], narrow: Mapping[str, Any], reply: bool) -> bool:
        """Whether alternatives were lost, demands made, or (of a named schema in a reply) properties lost."""
        for key in ("oneOf", "anyOf"):
            if key in narrow and key in wide and not texts(wide[key]) <= texts(narrow[key]):
                return True
        if "allOf" in narrow and "allOf" in wide and not texts(narrow["allOf"]) <= texts(wide["allOf"]):
            return True
        if reply:
            return not set(narrow.get("properties", ())) <= set(wide.get("properties", ()))
        return not set(narrow.get("required", ())) <= set(wide.get("required", ())) if "required" in narrow else False


def flag(schema: Any, name: str) -> bool:
    """Whether a schema says `readOnly` or `writeOnly`."""
    return isinstance(schema, dict) and schema.get(name) is True


def resolved(schema: Any, schemas: Mapping[str, Any]) -> Any:
    """A schema, its reference followed."""
    for _ in range(8):
        if not isinstance(schema, dict) or not isinstance(schema.get("$ref"), str):
            return schema
        schema = schemas.get(schema["$ref"].removeprefix(PREFIX), True)
    return True


def kinds(schema: Mapping[str, Any]) -> set[str]:
    """The types a schema names."""
    kind = schema.get("type")
    return {kind} if isinstance(kind, str) else set(kind) if isinstance(kind, list) else set()


def branches(schema: Mapping[str, Any]) -> bool:
    """Whether the types are said elsewhere in the schema."""
    return any(key in schema for key in ("allOf", "anyOf", "oneOf", "properties", "enum", "const"))


def members(schema: Mapping[str, Any]) -> set[str]:
    """The members of an enum; without one, something that no enum has."""
    return texts(schema["enum"]) if isinstance(schema.get("enum"), list) else {"(anything)"}


def texts(values: Any) -> set[str]:
    """Values as text that can be compared."""
    return {json.dumps(value, sort_keys=True) for value in values} if isinstance(values, list) else set()


def limits(wide: Mapping[str, Any], narrow: Mapping[str, Any]) -> bool:
    """Whether a limit, pattern or format of `narrow` refuses what `wide` admits."""
    for keys, sign in ((UPPER, 1), (LOWER, -1)):
        for key in keys:
            limit = narrow.get(key)
            if isinstance(limit, int | float):
                before = wide.get(key)
                if not isinstance(before, int | float):
                    if not (sign == -1 and limit <= 0 and key.startswith("min") and key != "minimum"):
                        return True
                elif (before - limit) * sign > 0:
                    return True
    if any(key in narrow and narrow[key] != wide.get(key) and narrow[key] is not False for key in EXACT):
        return True
    formats = (wide.get("format"), narrow.get("format"))
    return formats[1] is not None and formats[0] != formats[1] and formats not in WIDER_FORMATS
