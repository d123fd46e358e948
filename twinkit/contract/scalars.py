"""Checks of single values: text, numbers, enums, and the reading of wire text as another type.

A check is called with the value and the list of violations to add to, and returns the value to use.
Imports: contract.formats, contract.violation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from twinkit.contract import formats
from twinkit.contract.violation import Violation, violation

Check = Callable[[Any, list[Violation]], Any]
FAIL = object()
"""What a reader returns for text that is not of its type."""

WIDEST = 2**63
_INTEGER = re.compile(r"[+-]?\d{1,40}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d{1,200}\.?\d{0,200}|\.\d{1,200})(?:[eE][+-]?\d{1,3})?", re.ASCII)


def keep(value: Any, found: list[Violation]) -> Any:
    """The check of a schema that accepts everything."""
    return value


def refuse(value: Any, found: list[Violation]) -> Any:
    """The check of the schema `false`."""
    found.append(violation("not", None, value))
    return value


def read_integer(text: str) -> Any:
    """The integer that the text spells, or FAIL, also beyond 64 bits: those can be neither kept nor sent as JSON."""
    number = int(text) if _INTEGER.fullmatch(text) else WIDEST
    return number if -WIDEST <= number < WIDEST else FAIL


def read_number(text: str) -> Any:
    """The number that the text spells (an int where it is one of at most 64 bits), or FAIL."""
    whole = read_integer(text)
    if whole is not FAIL:
        return whole
    if not _NUMBER.fullmatch(text):
        return FAIL
    number = float(text)
    return FAIL if number in (float("inf"), float("-inf")) else number


def read_boolean(text: str) -> Any:
    """The boolean that the text spells (`true`, `false`, and `1`, `0` as some SDKs write them), or FAIL."""
    if text == "true" or text == "1":
        return True
    if text == "false" or text == "0":
        return False
    return FAIL


def read_null(text: str) -> Any:
    """None for the empty text, else FAIL."""
    return None if text == "" else FAIL


READERS: Mapping[str, Callable[[str], Any]] = {
    "integer": read_integer,
    "number": read_number,
    "boolean": read_boolean,
    "null": read_null,
}


def number_of(schema: Mapping[str, Any], keyword: str) -> int | float | None:
    """The value of a keyword that must be a number; None when it is absent or something else."""
    value = schema.get(keyword)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def count_of(schema: Mapping[str, Any], keyword: str) -> int | None:
    """The value of a keyword that must be a count; None when it is absent or something else."""
    value = number_of(schema, keyword)
    return int(value) if value is not None and value >= 0 and value == int(value) else None


def string_check(schema: Mapping[str, Any]) -> Check:
    """The check of text against its length, format and pattern."""
    shortest, longest = count_of(schema, "minLength") or 0, count_of(schema, "maxLength")
    name, source = schema.get("format"), schema.get("pattern")
    fits = formats.string_format(name) if isinstance(name, str) else None
    matches = formats.pattern(source) if isinstance(source, str) else None
    if fits is None and matches is None and not shortest:
        if longest is None:
            return keep
        return _longest(longest)

    def check(value: str, found: list[Violation]) -> str:
        if longest is not None and len(value) > longest:
            found.append(violation("max_length", longest, value))
        if len(value) < shortest:
            found.append(violation("min_length", shortest, value))
        if fits is not None and not fits(value):
            found.append(violation("format", name, value))
        if matches is not None and not matches(value):
            found.append(violation("pattern", source, value))
        return value

    return check


def _longest(longest: int) -> Check:
    def check(value: str, found: list[Violation]) -> str:
        if len(value) > longest:
            found.append(violation("max_length", longest, value))
        return value

    return check


def bounds(schema: Mapping[str, Any]) -> tuple[float | int | None, bool, float | int | None, bool]:
    """Lower limit, whether it is exclusive, upper limit, whether it is exclusive; also OpenAPI 3.0's boolean form."""
    low, high = number_of(schema, "minimum"), number_of(schema, "maximum")
    low_open, high_open = schema.get("exclusiveMinimum") is True, schema.get("exclusiveMaximum") is True
    above, below = number_of(schema, "exclusiveMinimum"), number_of(schema, "exclusiveMaximum")
    if above is not None and (low is None or above >= low):
        low, low_open = above, True
    if below is not None and (high is None or below <= high):
        high, high_open = below, True
    return low, low_open, high, high_open


def number_check(schema: Mapping[str, Any]) -> Check:
    """The check of a number against its limits, its integer format and `multipleOf`."""
    low, low_open, high, high_open = bounds(schema)
    step = number_of(schema, "multipleOf")
    step = step if step and step > 0 else None
    name = schema.get("format")
    span = formats.NUMBER_RANGES.get(name) if isinstance(name, str) else None
    if low is None and high is None and step is None and span is None:
        return keep

    def check(value: float, found: list[Violation]) -> float:
        if low is not None and (value < low or (low_open and value == low)):
            found.append(violation("minimum", low, value))
        if high is not None and (value > high or (high_open and value == high)):
            found.append(violation("maximum", high, value))
        if step is not None and not is_multiple(value, step):
            found.append(violation("multiple", step, value))
        if span is not None and not span[0] <= value <= span[1]:
            found.append(violation("format", name, value))
        return value

    return check


def is_multiple(value: float, step: float) -> bool:
    """Whether `value` is a multiple of `step`, forgiving the rounding of binary fractions."""
    if isinstance(value, int) and isinstance(step, int):
        return value % step == 0
    try:
        times = value / step
    except OverflowError:
        return True
    return abs(times - round(times)) < 1e-9 * max(1.0, abs(times)) if abs(times) < 2**53 else True


def identity(value: Any) -> Any:
    """A hashable stand-in for a JSON value, equal exactly when JSON Schema calls two values equal."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return (type(value), value)
    if isinstance(value, (int, float)):
        return (float, value)
    if isinstance(value, list):
        return (list, tuple(identity(item) for item in value))
    if isinstance(value, dict):
        return (dict, frozenset((key, identity(item)) for key, item in value.items()))
    return (type(value), id(value))


def wire_text(value: Any) -> str | None:
    """How a scalar is written in a form or query; None for lists and objects."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    return str(value) if isinstance(value, (str, int, float)) else None


def enum_check(members: list[Any], *, coerce: bool, single: bool = False) -> Check:
    """The check of `enum` (or `const`, `single`); wire text may spell a member that is no text."""
    expected: Any = members[0] if single else tuple(members)
    kind: Any = "const" if single else "enum"
    texts = frozenset(member for member in members if type(member) is str)
    known = {identity(member) for member in members}
    spelled = {wire_text(member): member for member in reversed(members) if type(member) is not str} if coerce else {}

    def check(value: Any, found: list[Violation]) -> Any:
        if type(value) is str:
            if value in texts:
                return value
            if value in spelled:
                return spelled[value]
        elif identity(value) in known:
            return value
        found.append(violation(kind, expected, value))
        return value

    return check
