"""What the control plane shows of instances, records, exchanges, deliveries. Imports: hosting, instance, faults."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, is_dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from twinkit.behaviour.twin import Twin
from twinkit.errors import UsageError, nearest
from twinkit.faults.profile import profile_path
from twinkit.instance import Instance
from twinkit.server.hosting import Hosting
from twinkit.store import Filter
from twinkit.webhooks.outbox import redeliver, redeliver_event
from twinkit.webhooks.receiver import Receiver, read_receiver


def info(hosting: Hosting, of: Instance) -> dict[str, Any]:
    """The twin, its contract, and how to reach this instance."""
    index = hosting.twin.index
    return {
        "twin": hosting.twin.name,
        "service": index.title,
        "version": index.version,
        "operations": len(hosting.twin.compiled.bindings),
        "controls": sorted(hosting.twin.controls),
        "instances": list(hosting.instances),
        "strangers": hosting.strangers,
        **instance(hosting, of),
    }


def instance(hosting: Hosting, of: Instance) -> dict[str, Any]:
    """How to reach an instance."""
    return {
        "name": of.name,
        "url": of.base_url,
        "seed": of.seed,
        "clock": clock(of),
        "credentials": of.credentials(),
        "env": of.env(of.base_url),
    }


def clock(of: Instance) -> dict[str, Any]:
    """Mode and time of an instance's clock."""
    moment = datetime.fromtimestamp(of.clock.now, UTC)
    return {"mode": of.clock.mode, "now": of.clock.now, "iso": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}


def check_resource(of: Instance, resource: str) -> None:
    """Raises UsageError with the nearest name for a resource that the twin has not."""
    known = {*of.twin.compiled.resources, *of.store.resources()}
    if resource not in known:
        raise UsageError(f"twin {of.twin.name} has no resource {resource!r}{nearest(resource, known)}")


def properties(of: Instance, resource: str) -> list[str]:
    """Names of the fields that a record can have, as far as contract, overlay and records say; empty: anything."""
    declared = of.twin.compiled.resources.get(resource)
    if declared is None or declared.schema is None:
        return []
    node = of.twin.index.resolve(of.twin.index.schema(declared.schema))
    if not isinstance(node, Mapping) or node.get("additionalProperties"):
        return []
    known = {*of.twin.properties(declared.schema), *orjson.loads(of.twin.skeleton(resource))}
    return sorted({*known, declared.id_property or "id"})


def records(of: Instance, resource: str, where: Mapping[str, str], limit: int) -> list[dict[str, Any]]:
    """Live records, newest first, whose properties read as the given text."""
    known: list[Filter] = []
    found = of.store.select(resource, known)
    passing = (row for row in found if all(_reads(row, name, text) for name, text in where.items()))
    return [row for row, _ in zip(passing, range(limit), strict=False)]


def _reads(row: Mapping[str, Any], name: str, text: str) -> bool:
    value: Any = row
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, bool):
        return str(value).lower() == text.lower()
    return str(value) == text


def plain(value: Any) -> dict[str, Any]:
    """A row of the store as a dictionary."""
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "_asdict"):
        return dict(value._asdict())
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else dict(vars(value))


def text(value: Any) -> Any:
    """Bytes as JSON where they are JSON, else as text."""
    if not isinstance(value, bytes):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value.decode("utf-8", "replace")


def exchange(row: Any) -> dict[str, Any]:
    """One exchange, bodies readable."""
    return {name: text(value) for name, value in plain(row).items()}


def delivery(row: Any) -> dict[str, Any]:
    """One delivery, bodies readable."""
    return {name: text(value) for name, value in plain(row).items()}


def advanced(done: Mapping[str, Any]) -> dict[str, Any]:
    """What ran while time moved, deliveries readable, of this twin and the others of its world."""
    shown = {**done, "deliveries": [delivery(each) for each in done["deliveries"]]}
    if "others" in done:
        shown["others"] = {name: advanced(ran) for name, ran in done["others"].items()}
    return shown


def change(row: Any) -> dict[str, Any]:
    """One write: resource, id, action, before, after."""
    return {name: text(value) for name, value in plain(row).items()}


def receiver(of: Receiver) -> dict[str, Any]:
    """A webhook receiver."""
    return plain(of)


def add_receiver(to: Instance, given: str | Mapping[str, Any]) -> Receiver:
    """Register a receiver with the kit; without a secret of its own it gets the twin's default. Raises UsageError."""
    known = {"url", "secret", "events", "id", "api_version", "enabled", "data"}
    for key in given if isinstance(given, Mapping) else ():
        if key not in known:
            raise UsageError(f"unknown key {key!r}{nearest(key, known)}")
    made = read_receiver(given, f"receiver_{len(to.receivers) + 1}")
    if not made.secret:
        made = replace(made, secret=str(to.credentials().get("webhook_secret", "")))
    to.receivers.append(made)
    return made


def send_again(of: Instance, event: str | None, delivery: int | None) -> list[int]:
    """Plan an event (by its id) or one delivery (by its number) again. Raises UsageError for an unknown one."""
    if delivery is not None:
        return [redeliver(of.store, int(delivery), of.clock.micros)]
    found = of.store.find_event(str(event))
    if found is None:
        raise UsageError(f"there is no event {event!r}; name an event by its id or a delivery by its number")
    return redeliver_event(of.store, found.seq, of.clock.micros)


def add_profile(to: Instance, given: Any) -> None:
    """Put a failure profile in force: a name, `{"profile": name}` or a profile written out. Raises UsageError."""
    if isinstance(given, Mapping) and set(given) == {"profile"}:
        given = given["profile"]
    to.injector.add(given, to.clock.micros)


def add_named_profile(to: Instance, given: Any) -> None:
    """Like `add_profile`, but a name is one of the profiles that come with the kit, never a file. Raises UsageError."""
    name = given.get("profile") if isinstance(given, Mapping) and set(given) == {"profile"} else given
    if isinstance(name, str):
        profile_path(name)
    add_profile(to, given)


def fired(of: Instance) -> dict[str, int]:
    """How often each fault was met, by its label."""
    found: dict[str, int] = {}
    for row in of.store.exchanges(limit=10_000):
        label = plain(row).get("fault")
        if label:
            found[label] = found.get(label, 0) + 1
    return found


def coverage(twin: Twin) -> dict[str, Any]:
    """Operation → fidelity, and how many there are of each."""
    matrix = {operation: twin.fidelity(operation) for operation in twin.compiled.bindings}
    counts: dict[str, int] = {}
    for fidelity in matrix.values():
        counts[fidelity] = counts.get(fidelity, 0) + 1
    return {"twin": twin.name, "counts": counts, "operations": matrix}


def control_document(routes: Iterable[tuple[str, tuple[str, ...], Callable[..., Any]]]) -> dict[str, Any]:
    """OpenAPI of the control plane, from its routes and their docstrings."""
    paths: dict[str, dict[str, Any]] = {}
    for path, methods, endpoint in routes:
        template = path.replace(":path", "")
        names = [part[1:-1] for part in template.split("/") if part.startswith("{")]
        parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
        for method in methods:
            paths.setdefault(f"/_twin{template}", {})[method.lower()] = {
                "operationId": f"{method.lower()}_{endpoint.__name__}",
                "summary": (endpoint.__doc__ or "").strip().partition("\n")[0],
                "parameters": parameters,
                "responses": {"200": {"description": "done", "content": {"application/json": {"schema": {}}}}},
            }
    return {"openapi": "3.1.0", "info": {"title": "twinkit control plane", "version": "1"}, "paths": paths}
