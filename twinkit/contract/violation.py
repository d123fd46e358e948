"""What validation reports. Imports nothing of the kit."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

Where = Literal["path", "query", "header", "cookie", "body"]
Kind = Literal[
    "missing",
    "unknown",
    "type",
    "enum",
    "const",
    "format",
    "pattern",
    "minimum",
    "maximum",
    "multiple",
    "min_length",
    "max_length",
    "min_items",
    "max_items",
    "unique",
    "contains",
    "min_properties",
    "max_properties",
    "one_of",
    "any_of",
    "not",
    "required_body",
    "read_only",
]


class Violation(NamedTuple):
    """One way in which a value differs from its schema."""

    location: Where
    path: tuple[str | int, ...]
    """Property names and list positions from the outside in; the first is the parameter's name."""
    kind: Kind
    expected: Any
    """What the schema asks for: a type name or tuple of them, the enum's members, a limit, a format's name…"""
    value: Any
    """What was given; None when it is missing."""


def violation(kind: Kind, expected: Any, value: Any, *path: str | int) -> Violation:
    """A violation in a body, the usual place while a schema is being checked."""
    return Violation("body", path, kind, expected, value)


def prefix(found: list[Violation], start: int, step: str | int) -> None:
    """Put `step` before the path of every violation from position `start` on."""
    for position in range(start, len(found)):
        one = found[position]
        found[position] = one._replace(path=(step, *one.path))


_WEIGHTS = {"unknown": 3.0, "missing": 2.0}


def distance(found: list[Violation], unset: bool = False) -> float:
    """How far a value is from a branch of anyOf or oneOf: 0 fits, wrong type is farthest, deep trouble is near."""
    total = 0.0
    for one in found:
        depth = len(one.path)
        if depth == 0 and one.kind in ("type", "enum", "const"):
            total += 100.0 + (50.0 if unset else 0.0)
        elif one.kind in ("enum", "const"):
            total += 10.0 / depth if depth else 10.0
        else:
            total += _WEIGHTS.get(one.kind, 1.0) / (depth + 1)
    return total
