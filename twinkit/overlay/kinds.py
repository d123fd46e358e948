"""Which paths hold which kind of record: collections found, named, and merged when they are one resource.

Imports: places, identity."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from twinkit.overlay.candidates import Candidates, Tails
from twinkit.overlay.places import HOLE, Key, Op, Places
from twinkit.overlay.shapes import Shapes, Unit, has_id
from twinkit.overlay.words import listed, norm, noun, split

_GENERIC = frozenset(
    listed("""
    object result data item generic response success entity base error empty any record body payload model
    resource message status default ok list ref reference id
    """)
)
_AFFIX = frozenset(
    listed("""
    response dto model entity schema object out read view details detail full minimal simple basic summary
    lite extended resource representation get result reply output info data item base v1 v2 v3 api rest inline
    expanded short public compact request
    """)
)


_VERSION = re.compile(r"v?\d+(\.\d+)*|api|rest")


@dataclass(slots=True)
class Collection:
    """A path that holds records, and what was seen of them."""

    key: Key
    ops: list[Op] = field(default_factory=list)
    item_ops: list[Op] = field(default_factory=list)
    unit: Unit | None = None
    resource: str = ""
    link: bool = False
    """Its members are other records put in and taken out (PUT without a body)."""

    from_body: bool = False
    """No reply tells what a record is; the schema is that of a request's body."""

    called: str | None = None
    """What the requests of procedures call the id of a record: `ClusterName`."""

    @property
    def param(self) -> str | None:
        """Name of the path parameter of its items."""
        if self.called is not None:
            return self.called
        depth = len(self.key)
        for op in self.item_ops:
            if len(op.key) == depth + 1:
                return op.names[-1]
        return self.item_ops[0].names[-1] if self.item_ops else None

    @property
    def creates(self) -> bool:
        """Whether some operation makes records here."""
        return any(op.method == "post" for op in self.ops) or any(op.method in ("put", "post") for op in self.item_ops)


def parent_names(collection: Collection) -> frozenset[str]:
    """What the paths of a collection call its records' parents, as `norm` spells it; `id` says nothing."""
    ops = (*collection.ops, *collection.item_ops)
    depth = len(collection.key)
    named = {norm(n) for op in ops for part, n in zip(op.key[:depth], op.names[:depth], strict=True) if part == HOLE}
    return frozenset(named - {norm(collection.param or "")} - {"id", "uuid", "name", "key", "slug"})


@lru_cache(maxsize=65_536)
def base_name(name: str) -> str:
    """A schema name without the words that only tell versions of a shape apart: `FullUserResponse` → `user`."""
    words = split(name)
    if "with" in words[1:]:  # `IncomeWithId`
        words = words[: words.index("with", 1)]
    kept = [w for w in words if w not in _AFFIX]
    return noun("_".join(kept)) if kept else noun(name)


def _reads_one(collection: Collection) -> bool:
    return any(op.method == "get" for op in collection.item_ops)


def is_generic(name: str | None) -> bool:
    """Whether a schema name says nothing about the kind of record."""
    if not name:
        return True
    words = split(name)
    return (
        base_name(name) in _GENERIC
        or "inline" in words
        or (len(words) > 2 and words[-1].isdigit() and "response" in words)
    )


class Collections:
    """Finds the collections of a document and the resource of each."""

    def __init__(self, places: Places, shapes: Shapes) -> None:
        self.places = places
        self.shapes = shapes
        self.found: dict[Key, Collection] = {}
        self.units: dict[str, Unit] = {}
        """Resource → the schema of its records."""
        self.members: dict[str, list[Collection]] = {}
        self.by_schema: dict[str, str] = {}
        """Component name → resource."""
        self._candidates = Candidates(shapes, base_name)
        self._tails: Tails | None = None
        self._numbers: dict[str, int] = {}
        self._numbered: dict[tuple[str, int], bool] = {}
        self._params: dict[str | None, tuple[int, list[str]]] = {}
        self._collect()
        ordered = sorted(
            self.found.values(), key=lambda c: (c.unit is None, not self._has_branches(c), len(c.key), not c.creates)
        )
        for collection in ordered:
            self._name(collection)

    def _has_branches(self, collection: Collection) -> bool:
        return bool(collection.unit and collection.unit.name and self.shapes.branches(collection.unit.name))

    def _collect(self) -> None:
        for op in self.places.ops:
            home = self.places.home(op)
            if home is None or op.verb is not None:
                continue
            rest = op.key[len(home) :]
            collection = self.found.setdefault(home, Collection(home))
            if not rest:
                collection.ops.append(op)
            elif set(rest) == {HOLE}:
                collection.item_ops.append(op)
        for collection in self.found.values():
            collection.unit = self._unit(collection)
            collection.link = self._is_link(collection)

    def _is_link(self, collection: Collection) -> bool:
        """Members are put in by `PUT …/{id}` without a body under a parent, and nothing is made here by POST."""
        puts = [op for op in collection.item_ops if op.method in ("put", "post")]
        posts = [op for op in collection.ops if op.method == "post" and op.body is not None]
        return HOLE in collection.key and bool(puts) and all(op.body is None for op in puts) and not posts

    def _unit(self, collection: Collection) -> Unit | None:
        """The schema of the records: what one of them is shown as, else the richest thing seen."""
        rest: list[Unit] = []
        for op in (*collection.item_ops, *collection.ops):
            reply = self.places.replies[op.id]
            unit = reply.unit
            if unit is None or not self.shapes.properties(unit.node):
                continue
            if op in collection.item_ops and op.method == "get" and reply.listing is None:
                return unit
            if (
                (op in collection.item_ops) == (reply.listing is None)
                or op.method == "post"
                or reply.listing is not None
            ):
                rest.append(unit)
        rest = [u for u in rest if not (u.name or "").lower().startswith("deleted")]
        if rest:
            with_id = [u for u in rest if has_id(self.shapes.properties(u.node))] or rest
            best = max(with_id, key=lambda u: len(self.shapes.properties(u.node)))
            return self._shown_one(collection, best) or best
        for op in (*collection.item_ops, *collection.ops):
            if op.method in ("post", "put", "patch") and op.body is not None:
                unit = self.shapes.wrapped(self.shapes.unit(op.body))[1]
                if self.shapes.properties(unit.node):
                    collection.from_body = True
                    return unit
        return None

    def _shown_one(self, collection: Collection, best: Unit) -> Unit | None:
        """What GET on an item shows inside an array of one, where that tells more than anything else does."""
        for op in collection.item_ops:
            reply = self.places.replies[op.id]
            if op.method == "get" and reply.listing is not None and reply.listing.place and reply.unit is not None:
                more = len(self.shapes.properties(reply.unit.node)) > len(self.shapes.properties(best.node))
                return reply.unit if more else None
        return None

    # -- naming and merging -----------------------------------------------------------------------------------

    def _name(self, collection: Collection) -> None:
        unit = collection.unit
        same = self._same(collection)
        if same is not None:
            collection.resource = same
            if unit is not None and self._shows_more(collection, unit, same):
                self.units[same] = unit
                self._candidates.add(same, unit)
                if unit.name:
                    self.by_schema.setdefault(unit.name, same)
            self.members[same].append(collection)
            return
        name = self._fresh(self._label(collection), collection)
        collection.resource = name
        self.members[name] = [collection]
        if unit is not None:
            self.units[name] = unit
            self._candidates.add(name, unit)
            if unit.name and not collection.link:
                self.by_schema.setdefault(unit.name, name)

    def _shows_more(self, collection: Collection, unit: Unit, known: str) -> bool:
        """Whether only this collection shows one record by itself; what lists elsewhere show may be a summary."""
        summary = self.units[known].name != unit.name and self._variant(self.units[known], unit)
        return summary and _reads_one(collection) and not any(map(_reads_one, self.members[known]))

    def _label(self, collection: Collection) -> str:
        segment = noun(collection.key[-1])
        unit = collection.unit
        if unit is None or collection.link or (is_generic(unit.name) and not self.strong(unit)):
            return segment
        name = unit.name or segment
        if name in self.by_schema and not self.strong(unit):
            return segment
        if name == name.lower():
            return name
        return base_name(name.rpartition(".")[2] or name) or segment

    def _fresh(self, label: str, collection: Collection) -> str:
        if label not in self.members:
            return label
        above = [noun(part) for part in collection.key[:-1] if part != HOLE]
        while above:
            label = f"{above.pop()}_{label}"
            if label not in self.members:
                return label
        number = self._numbers.get(label, 2)
        while f"{label}_{number}" in self.members:
            number += 1
        self._numbers[label] = number
        return f"{label}_{number}"

    def strong(self, unit: Unit) -> bool:
        """Whether a schema says by itself what kind of record it is (`object: {enum: [customer]}`, x-resourceId)."""
        if "x-resourceId" in unit.node:
            return True
        schema = self.shapes.properties(unit.node).get("object")
        value = self.shapes.const(schema) if schema is not None else None
        return isinstance(value, str) and value not in ("list", "search_result")

    def _same(self, collection: Collection) -> str | None:
        """The resource that a collection's records are of, when another collection has them too."""
        unit = collection.unit
        if unit is None:
            return self._same_path(collection)
        if collection.link:
            return None
        for name in self._candidates.near(unit):
            known, members = self.units[name], self.members[name]
            if members[0].link:
                continue
            if known.name is not None and known.name == unit.name:
                if self.strong(unit) or (not is_generic(unit.name) and self._related(collection, members, known.name)):
                    return name
            elif (
                self._union(known, unit) and any(m.key[:-1] == collection.key[:-1] and HOLE in m.key for m in members)
            ) or (self._variant(known, unit) and self._words_agree(collection, members)):
                return name
        return None

    def _same_path(self, collection: Collection) -> str | None:
        """For a path that only has verbs below it: `/test/refunds/{id}/expire` is about the records of `/refunds`."""
        if self._tails is None:  # collections that have a schema were named before any that has none
            self._tails = Tails()
            for name, members in self.members.items():
                for member in members:
                    if member.unit is not None:
                        self._tails.add(tuple(part for part in member.key if not _VERSION.fullmatch(part)), name)
        return self._tails.longest(collection.key)

    def _union(self, known: Unit, unit: Unit) -> bool:
        """Whether one schema is a branch of the other: `card` of `payment_source`."""
        if known.name is None or unit.name is None:
            return False
        return unit.name in self.shapes.branches(known.name) or known.name in self.shapes.branches(unit.name)

    def _related(self, collection: Collection, members: Iterable[Collection], schema: str) -> bool:
        if self._words_agree(collection, members):
            return True
        if any(m.key[:-1] == collection.key[:-1] and HOLE in m.key for m in members):
            return True
        mine = noun(collection.key[-1])
        return all(self._says(noun(m.key[-1]), schema) for m in members) and self._says(mine, schema)

    def _says(self, word: str, schema: str) -> bool:
        return base_name(schema).endswith(word) or norm(schema).endswith(norm(word))

    def _words_agree(self, collection: Collection, members: Iterable[Collection]) -> bool:
        return any(noun(m.key[-1]) == noun(collection.key[-1]) for m in members)

    def _variant(self, known: Unit, unit: Unit) -> bool:
        """`Pet` and `PetSummary`, or two equal inline schemas."""
        if self.strong(known) and self.strong(unit):
            return False
        if known.name and unit.name:
            return base_name(known.name) == base_name(unit.name) and not is_generic(unit.name)
        mine, theirs = self.shapes.properties(unit.node), self.shapes.properties(known.node)
        return len(mine) > 2 and set(mine) == set(theirs)

    def alike(self, known: Unit, unit: Unit) -> bool:
        """Whether two schemas show the same kind of record."""
        return (
            known.node is unit.node
            or (known.name is not None and known.name == unit.name)
            or self._variant(known, unit)
        )

    # -- asking -----------------------------------------------------------------------------------------------

    def of_schema(self, unit: Unit | None) -> str | None:
        """The resource whose records have this schema, or None."""
        if unit is None or unit.name is None:
            return None
        found = self.by_schema.get(unit.name)
        if found is None and not is_generic(unit.name) and not self.strong(unit):
            base = base_name(unit.name)
            found = next((r for s, r in self.by_schema.items() if base_name(s) == base and not is_generic(s)), None)
        return found

    def params(self, resource: str | None) -> list[str]:
        """What the path parameters of a resource's items are called, each name once."""
        members = self.members.get(resource or "", ())
        known = self._params.get(resource)
        if known is None or known[0] != len(members):
            names = dict.fromkeys(member.param for member in members if member.param)
            known = self._params[resource] = (len(members), list(names))
        return known[1]

    def numbered(self, resource: str | None) -> bool:
        """Whether paths name a resource's items by numbers alone."""
        members = self.members.get(resource or "", ())
        key = (resource or "", len(members))
        if key not in self._numbered:
            self._numbered[key] = self._by_number(members)
        return self._numbered[key]

    def _by_number(self, members: Iterable[Collection]) -> bool:
        named = [
            self.shapes.types(parameter.get("schema", {}))
            for member in members
            for op in member.item_ops
            for parameter in op.raw.get("parameters") or ()
            if parameter.get("location") == "path" and parameter["name"] == op.names[-1] == member.param
        ]
        return bool(named) and all(types and types <= {"integer", "number"} for types in named)

    def makes(self, resource: str) -> bool:
        """Whether some operation makes records of a resource by POST, on the collection or (201) on the item."""
        members = self.members[resource]
        if any(op.method == "post" for member in members for op in member.ops):
            return True
        return any(op.method == "post" and op.status == 201 for member in members for op in member.item_ops)

    def put(self, name: str, unit: Unit | None) -> None:
        """A resource that only the overlay knows."""
        self.members.setdefault(name, [])
        if unit is not None:
            self.units[name] = unit

    def rename(self, old: str, new: str) -> None:
        """The resource `old` is called `new`."""
        if old in self.members:
            self.members[new] = self.members.pop(old)
        if old in self.units:
            self.units[new] = self.units.pop(old)
        for collection in self.found.values():
            if collection.resource == old:
                collection.resource = new
        self.by_schema = {schema: new if name == old else name for schema, name in self.by_schema.items()}

    def add(self, label: str, unit: Unit | None, op: Op) -> str:
        """A resource for something that is in no collection (a singleton, an RPC noun); the known one when it is."""
        if unit is not None and self.strong(unit):
            label = unit.name or label
        if label in self.members and self.units.get(label) is unit:
            return label
        collection = Collection(op.key, [op], unit=unit)
        name = self._fresh(label, collection)
        collection.resource = name
        self.members[name] = [collection]
        if unit is not None:
            self.units[name] = unit
            if unit.name and (not is_generic(unit.name) or self.strong(unit)):
                self.by_schema.setdefault(unit.name, name)
        return name
