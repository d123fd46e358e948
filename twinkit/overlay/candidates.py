"""Which known resources a schema or a path may be about, without looking at all of them. Imports: places, shapes.

Documents with thousands of collections would otherwise compare each with each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twinkit.overlay.places import Key
from twinkit.overlay.shapes import Shapes, Unit


class Candidates:
    """Resources by what can make a schema one of theirs: its name, its name's base, its branches, its properties."""

    def __init__(self, shapes: Shapes, base_name: Callable[[str], str]) -> None:
        self._shapes = shapes
        self._base_name = base_name
        self._names: list[str] = []
        self._by: dict[tuple[str, Any], list[int]] = {}

    def add(self, name: str, unit: Unit) -> None:
        """Remember a resource and the schema of its records."""
        number = len(self._names)
        self._names.append(name)
        keys: list[tuple[str, Any]] = self._inline(unit, "any")
        if unit.name is None:
            keys += self._inline(unit, "inline")
        else:
            keys += [("name", unit.name), ("base", self._base_name(unit.name))]
            keys += [("branch", branch) for branch in self._shapes.branches(unit.name)]
        for key in keys:
            self._by.setdefault(key, []).append(number)

    def near(self, unit: Unit) -> list[str]:
        """Resources worth a look, in the order in which they were added."""
        if unit.name is None:
            keys = self._inline(unit, "any")
        else:
            keys = [("name", unit.name), ("base", self._base_name(unit.name)), *self._inline(unit, "inline")]
            keys += [("branch", unit.name), *(("name", branch) for branch in self._shapes.branches(unit.name))]
        numbers = {number for key in keys for number in self._by.get(key, ())}
        return [self._names[number] for number in sorted(numbers)]

    def _inline(self, unit: Unit, word: str) -> list[tuple[str, Any]]:
        """The key for equal properties; two or fewer say nothing."""
        properties = frozenset(self._shapes.properties(unit.node))
        return [(word, properties)] if len(properties) > 2 else []


class Tails:
    """Resources by the ends of the paths of their collections."""

    def __init__(self) -> None:
        self._names: dict[Key, str] = {}

    def add(self, key: Key, name: str) -> None:
        """Remember a collection's path (versions left out) and its resource."""
        if key:
            self._names[key] = max(name, self._names.get(key, ""))

    def longest(self, key: Key) -> str | None:
        """The resource of the longest known path that this one ends in."""
        for start in range(len(key)):
            name = self._names.get(key[start:])
            if name is not None:
                return name
        return None
