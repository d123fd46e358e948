"""From a contract to what its operations do, by structure alone.

`infer` reads a canonical document once: collections and items give resources, and each operation gets a `Binding`.
What could not be understood is a finding, never a silent guess. Imports: contract.finding and the modules beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from twinkit.contract.finding import Finding
from twinkit.overlay.bind_rest import Rest
from twinkit.overlay.bind_rpc import own_names
from twinkit.overlay.compiled import Binding, Resource
from twinkit.overlay.errors import Errors
from twinkit.overlay.identity import (
    NAMES,
    id_pattern,
    id_place,
    id_property,
    id_type,
    link_property,
    narrower,
    natural_keys,
    times,
)
from twinkit.overlay.kinds import Collection, Collections, parent_names
from twinkit.overlay.places import HOLE, Key, Places
from twinkit.overlay.shapes import IDS, Shapes, Unit
from twinkit.overlay.skeleton import Fallback, Skeleton
from twinkit.overlay.words import norm, noun


@dataclass(slots=True)
class Inferred:
    """Everything inferred from one contract."""

    bindings: dict[str, Binding] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    error_bodies: dict[str, Any] = field(default_factory=dict)
    error_media: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    schemas: dict[str, Any] = field(default_factory=dict)
    """Schemas of records that the contract has inline, named after their resource: `note~`."""


class Inference:
    """The one pass over a canonical document."""

    def __init__(self, canonical: Mapping[str, Any], fallback: Fallback | None = None) -> None:
        self.shapes = Shapes(canonical)
        self.skeleton = Skeleton(self.shapes, fallback)
        self.places = Places(canonical, self.shapes)
        self.ops = {op.id: op for op in self.places.ops}
        self.collections = Collections(self.places, self.shapes)
        self.errors = Errors(self.shapes, self.skeleton)
        self.rest = Rest(self.places, self.collections, self.shapes, self.skeleton)
        self.path_schemas = self._all_path_schemas()
        self._nouns = {norm(noun(key[-1])) for key in self.collections.found}
        self.out = Inferred()

    def run(self) -> Inferred:
        """Bind every operation, then describe every resource that some operation touches."""
        for op in self.places.ops:
            bound = self.rest.bind(op)
            self.out.bindings[op.id] = Binding(**bound, errors=self.errors.of(op.raw))
            if bound["kind"] == "shape" or (bound["kind"] == "action" and not bound.get("resource")):
                why = bound.get("note") or "answers the documented example and keeps nothing"
                self.out.findings.append(Finding("infer.shape", f"{op.method.upper()} {op.path}", why))
        for name in self.collections.members:
            self.out.resources[name] = self.resource(name)
        self._shown_elsewhere()
        self._sublists()
        self.out.error_bodies = self.errors.bodies
        self.out.error_media = self.errors.media
        return self.out

    def rebind(self, operation: str, kind: str, resource: str | None) -> Binding:
        """The binding of an operation that the overlay says is of this kind and resource."""
        op = self.ops[operation]
        return Binding(**self.rest.rebind(op, kind, resource), errors=self.errors.of(op.raw))

    def resource(self, name: str) -> Resource:
        """The description of a resource of `collections`."""
        unit = self.collections.units.get(name)
        members = self.collections.members[name]
        if not members:
            members = [Collection(())]
        home = min(members, key=lambda m: (m.param is None, len(m.key)))
        if unit is None:
            said = self._path_schema(home)
            kind: Any = id_type(self.shapes, said) if said is not None else "string"
            pattern = id_pattern(self.shapes, said) if said is not None else "{alnum:20}"
            return Resource(name, id=pattern, id_schema=said, id_property="id", id_type=kind, open=True)
        shown, place = self._identified(name, unit, home)
        properties = self.shapes.properties(unit.node)
        schema = self._at(unit, shown or place)
        path = self._path_schema(home)
        narrow = path if path is not None and narrower(self.shapes, path, schema) else schema
        pattern = id_pattern(self.shapes, narrow)
        link = self._link(name, unit, home, shown if place is None else place)
        stamps, formats = times(self.shapes, unit.node)
        _, node = self.shapes.resolve(unit.node)
        body = next((op.body for m in members for op in m.ops if op.method == "post" and op.body is not None), None)
        depths = {sum(part == HOLE for part in m.key) for m in members if m.item_ops}
        if shown is None and home.from_body and node.get("additionalProperties") is not False:
            return Resource(
                name, id=pattern or "{alnum:20}", id_property="id", open=True, parent=self._parent(home.key)
            )
        if shown is None and place is None:
            self.out.findings.append(
                Finding("infer.id", name, "no property of the schema shows the id; it is only in paths and Location")
            )
        return Resource(
            name,
            schema=unit.name or self._hoisted(name, unit),
            id=pattern,
            id_schema=narrow if pattern is None and narrow is not schema else None,
            id_property=shown,
            id_type=id_type(self.shapes, schema) if shown or place else "string",  # type: ignore[arg-type]
            id_place=place,
            link=link,
            more_ids=self._more_ids(unit, shown),
            keys=self._keys(unit, shown, name if home.called else None),
            unique=tuple(natural_keys(self.shapes, unit.node, body, shown)),
            scoped=bool(depths) and min(depths) > 0 and (len(members) == 1 or shown not in ("id", "uuid")),
            parent=self._parent(home.key),
            timestamps=stamps,
            time_formats=formats,
            template=self._template(unit),
            properties=tuple(properties),
            open=bool(node.get("additionalProperties")),
            read_only=self._read_only(properties, members),
            write_only=self._marked(properties, "writeOnly"),
            expandable=self._expandable(unit),
        )

    def _identified(self, name: str, unit: Unit, home: Collection) -> tuple[str | None, str | None]:
        """(property, place inside the record) that shows the id which paths name; one of them, or neither."""
        sent = self._sent(home)
        chosen = not any(op.method == "post" for op in home.ops)
        given = {name for name in sent if chosen or self._elsewhere(name)}
        sure = id_property(self.shapes, unit.node, home.param, name, guess=False)
        place = id_place(self.shapes, unit.node, home.param, name) if home.param else None
        if place is not None and (
            sure is None or (sure in IDS and norm(home.param or "") == norm(place.split(".")[1]))
        ):
            return None, place
        if sure is not None:
            return sure, None
        above = parent_names(home)
        found = id_property(
            self.shapes, unit.node, home.param, name, guess=not home.from_body, given=given, parents=above
        )
        said = self._path_schema(home)
        kinds = self.shapes.types(said) if said is not None else frozenset()
        whole = bool(kinds) and kinds <= {"integer", "number"}
        if found in sent and whole and self._text(unit, found):
            return None, None  # what callers name things is no number
        return found, None

    def _link(self, name: str, unit: Unit, home: Collection, shown: str | None) -> str | None:
        """The place of a record's own address; what is but called `url` is one where nothing surely shows the id."""
        sent = self._sent(home) if home.item_ops else set()
        if not home.item_ops or link_property(self.shapes, unit.node, sent=sent, sure=False) is None:
            return None
        sure = id_property(self.shapes, unit.node, home.param, name, guess=False) is not None
        return link_property(self.shapes, unit.node, sent=sent, sure="." in (shown or "") or (bool(shown) and sure))

    def _sent(self, home: Collection) -> set[str]:
        """What callers send to make or replace a record."""
        bodies = [op.body for op in (*home.ops, *home.item_ops) if op.method in ("post", "put") and op.body is not None]
        return {name for body in bodies for name in self.shapes.properties(self.shapes.unit(body).node)}

    def _elsewhere(self, name: str) -> bool:
        """Whether a property names a record of another collection: `accountId` beside `/accounts`."""
        stem = norm(re.sub(r"(_id|Id|ID|_uuid|Uuid|Guid|_key|Sid|Arn)$", "", name))
        return stem in self._nouns

    def _text(self, unit: Unit, name: str | None) -> bool:
        return self.shapes.types(self._at(unit, name)) <= {"string", "null"}

    def _at(self, unit: Unit, place: str | None) -> Any:
        """The schema of a dotted place in a record."""
        node: Any = unit.node
        for part in (place or "").split("."):
            node = self.shapes.properties(self.shapes.unit(node).node).get(part, {})
        return node

    def _more_ids(self, unit: Unit, shown: str | None) -> dict[str, str]:
        """Properties that are an id beside the one that paths name: callers may take them for it."""
        scalars = self.shapes.scalar_properties(unit.node)
        found = {n: id_pattern(self.shapes, scalars[n]) for n in ("id", "uuid", "guid", "_id") if n in scalars}
        return {name: pattern for name, pattern in found.items() if pattern is not None and name != shown}

    def _hoisted(self, name: str, unit: Unit) -> str:
        """A component name for the schema of records that the contract has inline."""
        own = f"{name}~"
        self.out.schemas[own] = unit.node
        return own

    def _path_schema(self, home: Collection) -> Any:
        """The narrowest schema of the path parameters that name an item of a collection, deeper paths included."""
        found = self.path_schemas.get((*home.key, HOLE), [])
        numbers = [schema for schema in found if self.shapes.types(schema) & {"integer", "number"}]
        return (numbers or found or [None])[0]

    def _all_path_schemas(self) -> dict[Key, list[Any]]:
        out: dict[Key, list[Any]] = {}
        for op in self.places.ops:
            declared = {p["name"]: p.get("schema") for p in op.raw.get("parameters") or () if p["location"] == "path"}
            for end, name in enumerate(op.names, 1):
                if op.key[end - 1] == HOLE and declared.get(name) is not None:
                    out.setdefault(op.key[:end], []).append(declared[name])
        return out

    def _template(self, unit: Unit) -> dict[str, Any]:
        """The skeleton of a record, without what no reply shows and none requires."""
        hidden = set(self._marked(self.shapes.properties(unit.node), "writeOnly")) - self.shapes.required(unit.node)
        return {name: value for name, value in self.skeleton.record(unit.node).items() if name not in hidden}

    def _keys(self, unit: Unit, shown: str | None, noun: str | None) -> tuple[str, ...]:
        scalars = self.shapes.scalar_properties(unit.node)
        if noun is not None:
            return tuple(n for n in own_names(scalars, noun) if n != shown)
        names: tuple[str, ...] = ("id", "uuid", "slug", "key", "login", "username", "number", "handle")
        natural = (shown,) if shown and not re.search(r"(^|_)(u?id|guid|sid|arn)$|Id$|ID$|Uuid$|Arn$", shown) else ()
        if shown and shown.lower().endswith("arn"):
            names = (*names, *(n for n in scalars if n in ("name", "Name") or n.endswith("Id")))
        return (*natural, *(n for n in names if n in scalars and n != shown))

    def _parent(self, key: tuple[str, ...]) -> str | None:
        for end in range(len(key) - 1, 0, -1):
            above = self.collections.found.get(key[:end])
            if above is not None:
                return above.resource
        return None

    def _marked(self, properties: Mapping[str, Any], word: str) -> tuple[str, ...]:
        nodes = {name: self.shapes.resolve(schema)[1] for name, schema in properties.items()}
        own = {name for name, schema in properties.items() if isinstance(schema, Mapping) and schema.get(word) is True}
        return tuple(name for name, node in nodes.items() if name in own or node.get(word) is True)

    def _read_only(self, properties: Mapping[str, Any], members: Sequence[Collection]) -> tuple[str, ...]:
        """Properties that callers cannot set: marked so in the record, and in the bodies that name them as well."""
        marked = self._marked(properties, "readOnly")
        settable: set[str] = set()
        for member in members:
            for op in (*member.ops, *member.item_ops):
                if op.method in ("post", "put", "patch") and op.body is not None:
                    sent = self.shapes.properties(self.shapes.unit(op.body).node)
                    named = set() if op in member.ops else set(IDS)  # a change repeats the id that its path says
                    settable |= sent.keys() - named - set(self._marked(sent, "readOnly"))
        return tuple(name for name in marked if name not in settable)

    def _expandable(self, unit: Unit, prefix: str = "", depth: int = 0) -> dict[str, tuple[str, ...]]:
        """Dotted property → resources, for properties that are an id or the record itself."""
        out: dict[str, tuple[str, ...]] = {}
        for name, schema in self.shapes.properties(unit.node).items():
            place = f"{prefix}{name}"
            _, node = self.shapes.resolve(schema)
            branches = node.get("anyOf") or node.get("oneOf") or ()
            live = [b for b in branches if isinstance(b, Mapping)]
            if any(b.get("type") == "string" for b in live):
                units = [self.shapes.unit(b) for b in live if "$ref" in b]
                names = [r for u in units if u.name and (r := self.collections.by_schema.get(u.name))]
                if names:
                    out[place] = tuple(dict.fromkeys(names))
                continue
            if depth < 2 and prefix.count(".") < 4:
                inner = self.shapes.unit(schema)
                if inner.node.get("type") == "array":
                    inner, place = self.shapes.unit(inner.node.get("items", {})), f"{place}.*"
                own = inner.name is None or inner.name not in self.collections.by_schema
                if own and inner.node is not unit.node and len(self.shapes.properties(inner.node)) < 80:
                    out.update(self._expandable(inner, f"{place}.", depth + 1))
        return out

    def _shown_elsewhere(self) -> None:
        """Ids that only the reply of a create shows are made as that reply has them."""
        for binding in self.out.bindings.values():
            resource = self.out.resources.get(binding.resource or "")
            if binding.kind != "create" or resource is None:
                continue
            reply = self.places.replies[binding.operation]
            self._counted(resource, reply.unit)
            resource = self.out.resources[resource.name]
            named = binding.reply.get("id")
            params = {norm(m.param) for m in self.collections.members[resource.name] if m.param}
            better = named is not None and (norm(named) in params or named in IDS)
            better = better and norm(resource.id_property or "") not in params
            schema: Any = None
            if binding.reply.get("shows") == "id":
                schema = self.ops[binding.operation].reply
                own = self._at(self.collections.units[resource.name], resource.id_property)
                better = better or narrower(self.shapes, schema, own)
            if resource.id_property is not None and not (better and resource.id_property in NAMES):
                continue
            if named and reply.unit is not None:
                schema = self.shapes.properties(reply.unit.node).get(named)
            if schema is not None:
                self.out.resources[resource.name] = resource._replace(
                    id=(pattern := id_pattern(self.shapes, schema)),
                    id_schema=None if pattern else schema,
                    id_type=id_type(self.shapes, schema),  # type: ignore[arg-type]
                    id_property=None,
                    keys=(),
                )

    def _counted(self, resource: Resource, shown: Unit | None) -> None:
        """Further ids that the reply of a create shows as numbers are counted, whatever the record has them as."""
        known = self.shapes.properties(shown.node) if shown is not None else {}
        counted = {n: "{seq}" for n in resource.more_ids if n in known and id_type(self.shapes, known[n]) != "string"}
        if counted:
            self.out.resources[resource.name] = resource._replace(more_ids={**resource.more_ids, **counted})

    def _sublists(self) -> None:
        """Properties that list records of another resource, where a nested list operation of that name exists."""
        for op_id, binding in self.out.bindings.items():
            if binding.kind != "list" or not binding.parents or not binding.resource:
                continue
            op = self.ops[op_id]
            parent = binding.parents[-1][1]
            owner = self.out.resources.get(parent)
            if owner is None or op.key[-1] not in owner.properties:
                continue
            schema = self.shapes.properties(self.collections.units[parent].node)[op.key[-1]]
            listing = self.shapes.listing(schema)
            if (
                listing is not None
                and listing.item.name
                and self.collections.of_schema(listing.item) == binding.resource
            ):
                sublists = {**owner.sublists, op.key[-1]: {"resource": binding.resource, "operation": op_id}}
                self.out.resources[parent] = _with(owner, sublists=sublists)


def _with(resource: Resource, **changes: Any) -> Resource:
    return resource._replace(**changes)


def infer(canonical: Mapping[str, Any], fallback: Fallback | None = None) -> Inferred:
    """Bindings, resources and error bodies of a canonical document. Never raises on a readable one."""
    return Inference(canonical, fallback).run()
