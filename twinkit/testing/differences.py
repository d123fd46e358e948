"""Expected and actual data compared, with differences a person can read. Pure functions over plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from twinkit.errors import nearest

_ABSENT = object()


def differences(expected: Any, actual: Any, where: str = "") -> list[str]:
    """What keeps `actual` from matching `expected`, one line each; empty when it matches.

    A mapping matches when each of its properties matches (others may be there); a list matches element by element; a
    function matches when it returns true; everything else by `==`, so `unittest.mock.ANY` and `pytest.approx` work.
    Keys of the outermost mapping may be dotted or use `__` for nested properties: `{"card.brand": "visa"}`.
    """
    if isinstance(expected, Mapping):
        return _of_mapping(expected, actual, where)
    if isinstance(expected, list | tuple) and isinstance(actual, list | tuple):
        if len(expected) != len(actual):
            return [f"{where or 'the value'}: {len(actual)} elements instead of {len(expected)}"]
        pairs = enumerate(zip(expected, actual, strict=True))
        return [line for number, (e, a) in pairs for line in differences(e, a, f"{where}[{number}]")]
    if callable(expected) and not isinstance(expected, type):
        matches = bool(expected(actual))
        return [] if matches else [f"{where or 'the value'}: {actual!r} does not satisfy {_name(expected)}"]
    return [] if expected == actual else [f"{where or 'the value'}: {actual!r} instead of {expected!r}"]


def _of_mapping(expected: Mapping[Any, Any], actual: Any, where: str) -> list[str]:
    if not isinstance(actual, Mapping):
        return [f"{where or 'the value'}: {actual!r} instead of an object"]
    found: list[str] = []
    for name, wanted in expected.items():
        here = f"{where}.{name}" if where else str(name)
        value = look(actual, str(name))
        if value is _ABSENT:
            found.append(f"{here}: is absent{nearest(str(name), [str(key) for key in actual])}")
        else:
            found.extend(differences(wanted, value, here))
    return found


def look(data: Any, name: str) -> Any:
    """The property `name`, or the nested one that `a.b` or `a__b` names; a private marker when it is absent."""
    if isinstance(data, Mapping) and name in data:
        return data[name]
    for separator in (".", "__"):
        if separator in name.strip("_"):
            value = data
            for part in name.split(separator):
                if isinstance(value, Mapping) and part in value:
                    value = value[part]
                elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
                    value = value[int(part)]
                else:
                    return _ABSENT
            return value
    return _ABSENT


def matches(expected: Mapping[str, Any], actual: Any) -> bool:
    """Whether there is no difference."""
    return not differences(expected, actual)


def closest(expected: Mapping[str, Any], candidates: Iterable[tuple[str, Any]]) -> tuple[str, list[str]] | None:
    """The candidate (title, data) with the fewest differences, and those; None without candidates."""
    rated = [(title, differences(expected, data)) for title, data in candidates]
    return min(rated, key=lambda pair: len(pair[1])) if rated else None


def _name(function: Any) -> str:
    return getattr(function, "__qualname__", None) or repr(function)
