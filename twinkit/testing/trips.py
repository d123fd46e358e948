"""Round trips: what is made can be read, found in the list, changed and deleted. Imports: behaviour, contract, overlay.

`trips_of` finds them in a twin's bindings; `travel` makes one over HTTP with bodies made from the contract.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from twinkit.behaviour.generic.dotted import dig
from twinkit.contract.examples import Examples
from twinkit.contract.model import Operation, Parameter

if TYPE_CHECKING:
    import httpx

    from twinkit.behaviour.twin import Twin as Definition
    from twinkit.overlay.compiled import Binding
    from twinkit.testing.twin import Twin


@dataclass(frozen=True, slots=True)
class Trip:
    """The operations on one resource under the same parents, by operation id."""

    resource: str
    create: str
    retrieve: str
    list: str | None = None
    change: str | None = None
    delete: str | None = None

    def __str__(self) -> str:
        return f"{self.resource}-{self.create}"


def trips_of(definition: Definition) -> list[Trip]:
    """Every resource that can be created and retrieved, one trip for each way to create it, PUT on a new id too."""
    bindings = list(definition.compiled.bindings.values())
    mates_of: dict[tuple[str | None, tuple[str, ...]], list[Binding]] = {}
    for binding in bindings:
        mates_of.setdefault((binding.resource, _names(binding)), []).append(binding)
    trips = []
    for made in bindings:
        if made.resource is None or not (made.kind == "create" or _puts(made)):
            continue
        trip = Trip(made.resource, made.operation, "")
        for binding in mates_of[made.resource, _names(made)]:
            if binding.kind == "retrieve" and binding.reply.get("shows") == "record":
                trip = replace(trip, retrieve=trip.retrieve or binding.operation)
            elif binding.kind == "list" and not binding.reply.get("project"):
                trip = replace(trip, list=trip.list or binding.operation)
            elif binding.kind in ("update", "replace") and binding.body.get("style", "merge") == "merge":
                trip = replace(trip, change=trip.change or binding.operation)
            elif binding.kind == "delete":
                trip = replace(trip, delete=trip.delete or binding.operation)
        if trip.retrieve:
            trips.append(trip)
    return trips


def _puts(binding: Binding) -> bool:
    """Whether an operation on an item makes the item that its caller has named."""
    return binding.kind == "replace" and binding.upsert and bool(binding.id_parameter)


def _names(binding: Binding) -> tuple[str, ...]:
    return tuple(resource or parameter for parameter, resource in binding.parents)


def travel(twin: Twin, definition: Definition, trip: Trip) -> None:
    """Make the trip. Raises AssertionError that says where it ended."""
    Traveller(twin, definition).travel(trip)


class Traveller:
    """Calls the operations of one twin with what the contract asks for."""

    def __init__(self, twin: Twin, definition: Definition, seed: int = 7) -> None:
        self.twin = twin
        self.definition = definition
        self.index = definition.index
        self.compiled = definition.compiled
        self._examples = Examples(self.index, seed, direction="request")
        self._trips = {trip.resource: trip for trip in reversed(trips_of(definition))}
        self._samples: dict[str, str] = {}
        self._made: list[str] = []

    def travel(self, trip: Trip) -> None:
        """Create, retrieve, list, change, delete. Raises AssertionError."""
        values = self.parents(trip.create)
        created = self.call(trip.create, values)
        id = self.id_of(trip, created)
        assert id is not None, f"{trip.create}: no id of the new {trip.resource} in {created.text[:200]}"
        values |= {self._item_parameter(trip.retrieve): id}
        self.call(trip.retrieve, values)
        if trip.list:
            listed = self.call(trip.list, values)
            assert id in listed.text, f"{trip.list}: the list lacks {id}: {listed.text[:200]}"
        if trip.change:
            self.call(trip.change, {**values, self._item_parameter(trip.change): id})
            self.call(trip.retrieve, values)
        if trip.delete:
            self.call(trip.delete, {**values, self._item_parameter(trip.delete): id})
            gone = self.send(self.index.operation(trip.retrieve), values)
            assert gone.status_code in (404, 410), f"{trip.retrieve}: {gone.status_code} after {trip.delete}"

    def _item_parameter(self, operation: str) -> str:
        return (self.compiled.bindings[operation].id_parameter or "").rpartition(":")[2]

    def parents(self, operation: str) -> dict[str, str]:
        """Path parameters of the parents, each a record made for it where something makes one."""
        values: dict[str, str] = {}
        for parameter, resource in self.compiled.bindings[operation].parents:
            trip = self._trips.get(resource)
            if trip is not None and resource not in self._made:
                self._made.append(resource)
                above = self.parents(trip.create)
                id = self.id_of(trip, self.call(trip.create, {**above, **values}))
                self._made.remove(resource)
                if id is not None:
                    values |= above | {parameter: id}
        return values

    def id_of(self, trip: Trip, reply: httpx.Response) -> str | None:
        """The id in the reply of a create, else in its Location header."""
        binding = self.compiled.bindings[trip.create]
        resource = self.compiled.resources[trip.resource]
        chosen = (binding.id_parameter or "").rpartition(":")[2]
        if chosen in self._samples:
            return self._samples[chosen]
        try:
            body = reply.json()
        except ValueError:
            body = None
        if binding.reply.get("shows") == "id":
            return str(body)
        shown = binding.reply.get("id") if binding.reply.get("shows") == "project" else resource.id_property
        place = ".".join(part for part in (binding.envelope.get("wrap", ""), shown) if part)
        if binding.envelope.get("wrap_list"):
            held = dig(body, binding.envelope["wrap"]) if binding.envelope["wrap"] else body
            found = dig(held[0], shown or "id") if isinstance(held, list) and held else None
        else:
            found = dig(body, place) if isinstance(body, Mapping) and place else None
        if found is None and "location" in reply.headers:
            return reply.headers["location"].rstrip("/").rpartition("/")[2]
        return None if found is None else str(found)

    def call(self, operation: str, values: Mapping[str, str]) -> httpx.Response:
        """The reply of an operation. Raises AssertionError when it is no success."""
        declared = self.index.operation(operation)
        reply = self.send(declared, values)
        asked = f"{operation}: {declared.method.upper()} {reply.request.url}"
        assert reply.is_success, f"{asked} answered {reply.status_code} {reply.text[:300]}"
        return reply

    def send(self, operation: Operation, values: Mapping[str, str]) -> httpx.Response:
        """Send a request that holds what the operation requires."""
        path = operation.path
        params: list[tuple[str, Any]] = []
        headers: dict[str, str] = {}
        for parameter in operation.parameters:
            if parameter.location == "path":
                text = values.get(parameter.name) or self.sample(operation, parameter)
                path = path.replace(f"{{{parameter.name}}}", quote(text, safe=""))
            elif parameter.required and parameter.location == "query":
                params.append((parameter.name, self.sample(operation, parameter)))
            elif parameter.required and parameter.location == "header":
                headers[parameter.name] = self.sample(operation, parameter)
        self.authorize(headers, params)
        body, media = self.body(operation)
        if media:
            headers["Content-Type"] = media
        return self.twin.client.request(
            operation.method.upper(), self.index.base_path + path, params=params, headers=headers, **body
        )

    def authorize(self, headers: dict[str, str], params: list[tuple[str, Any]]) -> None:
        """Any credential for each scheme that the contract declares."""
        for scheme in self.index.security_schemes.values():
            place, name = scheme.get("in"), str(scheme.get("name", ""))
            if scheme.get("type") == "apiKey" and place == "header" and name.lower() != "authorization":
                headers.setdefault(name, "key")
            elif scheme.get("type") == "apiKey" and place == "query":
                params.append((name, "key"))
        if "authorization" not in {name.lower() for name in (*headers, *self.twin.client.headers)}:
            headers["Authorization"] = "Bearer key"

    def sample(self, operation: Operation, parameter: Parameter) -> str:
        """A value of a parameter: the same wherever the name comes again."""
        if parameter.name not in self._samples:
            made = self._examples.required_only(parameter.schema, f"trips/{parameter.name}")
            made = made[0] if isinstance(made, list) and made else made
            text = made if isinstance(made, str) else json.dumps(made)
            self._samples[parameter.name] = text or "x"
        return self._samples[parameter.name]

    def body(self, operation: Operation) -> tuple[dict[str, Any], str]:
        """The arguments of httpx for a body that the operation admits, and its content type when httpx sets none."""
        if operation.body is None or operation.method == "get":
            return {}, ""
        media = self.compiled.bindings[operation.id].body.get("media", "application/json")
        if media not in operation.body.content:
            media = next(iter(operation.body.content), media)
        made = self._examples.required_only(operation.body.content.get(media, True), f"trips/{operation.id}")
        if "x-www-form-urlencoded" in media:
            return {"data": dict(flat(made))}, ""
        if "multipart" in media:
            return {"files": {name: (None, value) for name, value in flat(made)} or {"_": (None, "")}}, ""
        text = made if isinstance(made, str) and "json" not in media else json.dumps(made)
        return {"content": text.encode()}, media.replace("*/*", "application/json")


def flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """`a[b][0]` pairs of a nested value."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from flat(each, f"{name}[{key}]" if name else str(key))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from flat(each, f"{name}[{number}]")
    elif name:
        yield name, value if isinstance(value, str) else json.dumps(value)
