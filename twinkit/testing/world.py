"""Several twins with one seed, one time and one snapshot. Imports: server, twin, clock."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from twinkit.testing.twin import Snapshot, Twin


class WorldSnapshot:
    """One snapshot of each twin that was in use when it was taken."""

    def __init__(self, parts: list[Snapshot]) -> None:
        self._parts = parts

    def restore(self) -> None:
        """Bring every twin back to it."""
        for part in self._parts:
            part.restore()


class WorldClock:
    """The time of every twin in use, moved together."""

    def __init__(self, world: World) -> None:
        self._world = world

    def advance(self, **how: Any) -> dict[str, dict[str, Any]]:
        """Move every twin's time on, in the words of `TwinClock.advance`; returns twin → what ran."""
        return {twin.name: twin.clock.advance(**how) for twin in self._world}


class World:
    """Twins by name, made when first asked for: `world.stripe`, `world["okta"]`."""

    def __init__(self, make: Callable[[str], Twin]) -> None:
        self._make = make
        self._twins: dict[str, Twin] = {}
        self._numbers = itertools.count(1)
        self.clock = WorldClock(self)

    def __getitem__(self, name: str) -> Twin:
        if name not in self._twins:
            self._twins[name] = self._make(name)
        return self._twins[name]

    def __getattr__(self, name: str) -> Twin:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __iter__(self) -> Iterator[Twin]:
        return iter(list(self._twins.values()))

    @property
    def env(self) -> dict[str, str]:
        """The variables of every twin in use."""
        return {name: value for twin in self for name, value in twin.env.items()}

    def snapshot(self) -> WorldSnapshot:
        """Freeze every twin in use."""
        name = f"world-{next(self._numbers)}"
        return WorldSnapshot([twin.snapshot(name) for twin in self])

    def reset(self) -> None:
        """Bring every twin in use back to its beginning."""
        for twin in self:
            twin.reset()
