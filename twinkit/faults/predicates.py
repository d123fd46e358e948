"""The closed set of predicates on a field of a request or a record: pure comparisons, never code in a profile.

A missing field satisfies only `exists: false`, `not` and `not_in`. Numbers written as text (form bodies) compare
as numbers. Imports: faults.model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twinkit.faults.model import Predicate

MISSING: Any = object()


def field_of(data: Any, path: str) -> Any:
    """The value at a dotted path (`card.number`, `items.0.price`), or MISSING."""
    if isinstance(data, Mapping) and path in data:
        return data[path]
    for word in path.split("."):
        if isinstance(data, Mapping) and word in data:
            data = data[word]
        elif isinstance(data, Sequence) and not isinstance(data, str) and word.isdigit() and int(word) < len(data):
            data = data[int(word)]
        else:
            return MISSING
    return data


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _same(a: Any, b: Any) -> bool:
    if a is MISSING:
        return False
    if isinstance(b, bool) and isinstance(a, str):
        return a == str(b).lower()
    left, right = _number(a), _number(b)
    if left is not None and right is not None:
        return left == right
    return bool(a == b)


def _ordered(test: Callable[[float, float], bool]) -> Callable[[Any, Any], bool]:
    def compare(a: Any, b: Any) -> bool:
        left, right = _number(a), _number(b)
        return left is not None and right is not None and test(left, right)

    return compare


def _contains(a: Any, b: Any) -> bool:
    if isinstance(a, str):
        return str(b) in a
    if isinstance(a, Mapping):
        return b in a
    return isinstance(a, Sequence) and any(_same(item, b) for item in a)


PREDICATES: dict[str, Callable[[Any, Any], bool]] = {
    "equals": _same,
    "not": lambda a, b: not _same(a, b),
    "in": lambda a, b: any(_same(a, item) for item in b),
    "not_in": lambda a, b: not any(_same(a, item) for item in b),
    "above": _ordered(lambda a, b: a > b),
    "at_least": _ordered(lambda a, b: a >= b),
    "below": _ordered(lambda a, b: a < b),
    "at_most": _ordered(lambda a, b: a <= b),
    "contains": _contains,
    "prefix": lambda a, b: isinstance(a, str) and a.startswith(b),
    "suffix": lambda a, b: isinstance(a, str) and a.endswith(b),
    "matches": lambda a, b: isinstance(a, str) and re.search(b, a) is not None,
    "exists": lambda a, b: (a is not MISSING) == b,
}


def holds(predicates: Sequence[Predicate], value: Any) -> bool:
    """Whether the value satisfies every predicate."""
    return all(PREDICATES[each.op](value, each.value) for each in predicates)
