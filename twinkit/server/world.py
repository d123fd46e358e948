"""A world: several twins with one seed, one clock and one snapshot, and first records that refer to each other.

`twin serve --world team.yaml`. The clock object is shared by the default instances of all twins, so a request to one
of them moves the time of all. Imports: hosting, instance, views, clock, errors; YAML and `twinkit.faults.reading` are
loaded for a file only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from twinkit.clock import Clock
from twinkit.errors import UsageError, nearest
from twinkit.files import read_text
from twinkit.instance import Capture
from twinkit.server import views
from twinkit.server.hosting import Hosting

REFERENCE = re.compile(r"\{([\w.-]+)\}")
NAME = "$as"
KEYS = ("world", "description", "seed", "clock", "twins", "baseline", "failures", "receivers")


@dataclass(frozen=True, slots=True)
class WorldFile:
    """What a world's file says. `baseline`: twin → resource → records; `failures`, `receivers`: twin → list."""

    name: str
    twins: tuple[str, ...]
    seed: int | None = None
    clock: str | None = None
    baseline: Mapping[str, Any] = field(default_factory=dict)
    failures: Mapping[str, Any] = field(default_factory=dict)
    receivers: Mapping[str, Any] = field(default_factory=dict)


def read_world(path: Path) -> WorldFile:
    """The world in a YAML file. Raises UsageError naming every mistake with its line."""
    from twinkit.faults.reading import Place, read_yaml

    data, lines, twice = read_yaml(read_text(path), str(path))
    place = Place(data, lines=lines)
    place.mistakes.extend(twice)
    found = place.members(KEYS, "a world")
    parts = {key: found[key].mapping() if key in found else {} for key in ("baseline", "failures", "receivers")}
    twins = found["twins"].texts() if "twins" in found else tuple(parts["baseline"])
    seed = found["seed"].whole() if "seed" in found else None
    if place.mistakes:
        raise UsageError("\n".join(f"{path}: {mistake}" for mistake in sorted(place.mistakes)))
    name = found["world"].text() if "world" in found else path.stem
    return WorldFile(name, twins, seed, found["clock"].text() if "clock" in found else None, **parts)


class World:
    """The twins of one process, moved and copied together."""

    def __init__(self, name: str, clock: Clock, members: list[Hosting]) -> None:
        self.name = name
        self.clock = clock
        self.members = {hosting.twin.name: hosting for hosting in members}
        self.snapshots: dict[str, tuple[dict[str, Any], dict[str, Capture]]] = {}
        self.started = clock.state()
        for hosting in members:
            hosting.world = self
            hosting.default.shares_clock = True

    def lay(self, file: WorldFile) -> None:
        """Put the file's records, profiles and receivers into the twins, in the order written. Raises UsageError.

        Records that a state file kept from an earlier run are left alone.
        """
        for part, given in (("baseline", file.baseline), ("failures", file.failures), ("receivers", file.receivers)):
            for twin in given:
                if twin not in self.members:
                    raise UsageError(f"{part}: no twin {twin!r} in this world{nearest(twin, self.members)}")
        named: dict[str, Mapping[str, Any]] = {}
        for twin, resources in file.baseline.items():
            self._lay_records(twin, resources, named)
        for twin, profiles in file.failures.items():
            for profile in profiles if isinstance(profiles, list) else [profiles]:
                views.add_profile(self.members[twin].default, profile)
        for twin, receivers in file.receivers.items():
            for receiver in receivers if isinstance(receivers, list) else [receivers]:
                views.add_receiver(self.members[twin].default, receiver)

    def _lay_records(self, twin: str, resources: Any, named: dict[str, Mapping[str, Any]]) -> None:
        instance = self.members[twin].default
        if not isinstance(resources, Mapping):
            raise UsageError(f"baseline of {twin}: a mapping of resources to lists of records is wanted")
        kept = orjson.loads(instance.store.meta("world") or "{}")
        for resource, rows in resources.items():
            views.check_resource(instance, resource)
            for row in rows if isinstance(rows, list) else [rows]:
                if not isinstance(row, Mapping):
                    raise UsageError(f"baseline of {twin}: {resource} is a list of records, not {row!r}")
                plain = resolve({key: value for key, value in row.items() if key != NAME}, named)
                name = f"{twin}.{row.get(NAME, f'{resource}-{len(named)}')}"
                if name in kept:
                    named[name] = instance.store.get(resource, kept[name])
                    instance.expect({resource: [plain]})
                    continue
                instance.baseline({resource: [plain]})
                made = orjson.loads(instance.store.list(resource, limit=1).rows[0])
                named[name] = made
                kept[name] = instance.store.list(resource, limit=1).ids[0]
        instance.store.set_meta("world", orjson.dumps(kept).decode())

    def moved(self, by: Hosting) -> None:
        """A request to one twin moved the clock: what is due at the others runs."""
        for hosting in self.members.values():
            due = self.next_due_of(hosting)
            if hosting is not by and due is not None and due <= self.clock.micros:
                hosting.woken(hosting.default)

    @staticmethod
    def next_due_of(hosting: Hosting) -> int | None:
        """When something of a twin's shared instance is due, in microseconds."""
        return hosting.next_due(hosting.default)

    async def advance(self, target: int) -> dict[str, dict[str, Any]]:
        """Move the one clock to `target` (microseconds); every twin's timers and deliveries run in order of time."""
        ran: dict[str, dict[str, Any]] = {name: {"timers": [], "deliveries": []} for name in self.members}
        while True:
            dues = {name: self.next_due_of(hosting) for name, hosting in self.members.items()}
            known = [due for due in dues.values() if due is not None]
            soonest = min(known, default=None)
            if soonest is None or soonest > target:
                break
            soonest = max(soonest, self.clock.micros)
            for name, due in dues.items():
                if due is not None and due <= soonest:
                    await self._run(name, soonest, ran)
        for name in self.members:
            await self._run(name, target, ran)
        return ran

    async def _run(self, name: str, until: int, ran: dict[str, dict[str, Any]]) -> None:
        hosting = self.members[name]
        done = await hosting.advance_alone(hosting.default, until)
        ran[name]["timers"].extend(done["timers"])
        ran[name]["deliveries"].extend(done["deliveries"])

    def snapshot(self, name: str) -> None:
        """Freeze every twin under a name."""
        captures = {twin: hosting.default.capture() for twin, hosting in self.members.items()}
        self.snapshots[name] = (self.clock.state(), captures)

    def restore(self, name: str) -> None:
        """Bring every twin back. Raises UsageError with the nearest name."""
        if name not in self.snapshots:
            raise UsageError(f"there is no snapshot {name!r} of the world{nearest(name, self.snapshots)}")
        clock, captures = self.snapshots[name]
        self.clock.restore(clock)
        for twin, capture in captures.items():
            hosting = self.members[twin]
            hosting.default.restore(capture)
            hosting.restored(hosting.default)

    def reset(self) -> None:
        """Bring every twin and the clock back to the beginning."""
        self.clock.restore(self.started)
        for hosting in self.members.values():
            kept = hosting.default.store.meta("world")
            hosting.default.reset()
            hosting.default.store.set_meta("world", kept or "{}")
            hosting.restored(hosting.default)

    def show(self) -> dict[str, Any]:
        """Name, time, and where each twin is."""
        twins = {name: hosting.base_url for name, hosting in self.members.items()}
        return {"world": self.name, "now": self.clock.now, "twins": twins, "snapshots": list(self.snapshots)}


def resolve(value: Any, named: Mapping[str, Mapping[str, Any]]) -> Any:
    """The value with `{twin.name.field}` replaced by that record's field. Raises UsageError for an unknown one.

    A text that is one reference and nothing else takes the field's own type.
    """
    if isinstance(value, Mapping):
        return {key: resolve(item, named) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, named) for item in value]
    if not isinstance(value, str):
        return value
    whole = REFERENCE.fullmatch(value)
    if whole:
        return _look_up(whole[1], named)
    return REFERENCE.sub(lambda match: str(_look_up(match[1], named)), value)


def _look_up(path: str, named: Mapping[str, Mapping[str, Any]]) -> Any:
    parts = path.split(".")
    if len(parts) < 3:
        raise UsageError(f"{{{path}}}: a reference is {{twin.name.field}}")
    found: Any = named.get(".".join(parts[:2]))
    if found is None:
        raise UsageError(f"{{{path}}}: no record is named {parts[1]!r} in {parts[0]} before{nearest(parts[1], named)}")
    for part in parts[2:]:
        if not isinstance(found, Mapping) or part not in found:
            raise UsageError(f"{{{path}}}: the record has no field {part!r}")
        found = found[part]
    return found
