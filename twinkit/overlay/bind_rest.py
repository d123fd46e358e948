"""What each operation does: the table from method, place in the tree and reply to a binding.

Imports: places, kinds, listing.

Every `_…` method answers the keyword arguments of a `Binding`; `bind` adds what all have.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit.overlay.bind_loose import Loose
from twinkit.overlay.bind_rpc import Rpc
from twinkit.overlay.bodies import Bodies
from twinkit.overlay.identity import effects, id_property, scope_property
from twinkit.overlay.kinds import Collection, Collections, is_generic
from twinkit.overlay.listing import Lists
from twinkit.overlay.places import HOLE, Key, Op, Places, Reply
from twinkit.overlay.shapes import Shapes, Unit, has_id
from twinkit.overlay.skeleton import Skeleton
from twinkit.overlay.words import (
    BULK,
    COUNT,
    DELETE,
    READ,
    SEARCH,
    UPDATE,
    is_plural,
    is_verb,
    listed,
    norm,
    noun,
    split,
)

Bound = dict[str, Any]
RECORD = frozenset(listed("create retrieve update replace action singleton_get singleton_update upload"))
"""Kinds that answer one record, also where the reply has a place for many."""
CHANGING = ("update", "replace", "delete")
FILES = frozenset(
    listed("""
    upload avatar image photo file content contents attachment picture logo icon media thumbnail document
    """)
)


class Rest:
    """Binds the operations of one document."""

    def __init__(self, places: Places, collections: Collections, shapes: Shapes, skeleton: Skeleton) -> None:
        self.places = places
        self.collections = collections
        self.shapes = shapes
        self.lists = Lists(shapes, skeleton)
        self.bodies = Bodies(shapes, skeleton)
        self.loose = Loose(places, collections, shapes)
        self.rpc = Rpc(places, collections, shapes)

    def bind(self, op: Op) -> Bound:
        """The keyword arguments of an operation's `Binding`."""
        return self._complete(op, self.rpc.bind(op) or self._by_place(op))

    def rebind(self, op: Op, kind: str, resource: str | None) -> Bound:
        """The same when the overlay has said what it is: a kind and a resource."""
        bound = self.rpc.bind(op) or self._by_place(op)
        named = bound.get("id_parameter") or (op.params[-1] if op.params else None)
        fixed: Bound = {"kind": kind, "resource": resource}
        if kind in ("retrieve", "update", "replace", "delete", "action", "upload", "download"):
            fixed["id_parameter"] = named
        if kind == "action":
            unit = self.collections.units.get(resource or "")
            verb = bound.get("action") or op.last
            fixed |= {"action": verb, "sets": effects(self.shapes, unit.node, verb) if unit is not None else {}}
        if bound["kind"] == kind:
            fixed = {**bound, **fixed}
        return self._complete(op, fixed)

    def _complete(self, op: Op, bound: Bound) -> Bound:
        """What every binding has: parents, envelope, body, reply."""
        reply = self.places.replies[op.id]
        resource = bound.get("resource")
        unit = self.collections.units.get(resource) if resource else None
        bound |= {"operation": op.id, "status": op.status}
        if bound["kind"] in RECORD and unit is not None:
            reply = self._held(reply, unit)
        if "parents" not in bound:
            bound |= self._parents(op, bound.get("id_parameter"), unit)
        if bound["kind"] in ("list", "search", "count", "bulk_delete", "bulk_create", "bulk_update"):
            self._listed(op, reply, bound, unit)
        elif reply.wrap:
            bound["envelope"] = {"wrap": reply.wrap} | self.bodies.constants(op, reply)
        if bound.pop("newest", False):
            bound["envelope"] = {**bound.get("envelope", {}), "newest": True}
        one = bound["kind"] in RECORD and bound.get("resource") is not None
        if (bound.pop("single", False) or one) and reply.listing is not None:
            bound["envelope"] = {"wrap": reply.listing.place, "wrap_list": True} | self.bodies.constants(op, reply)
        params = self.collections.params(resource)
        items = {"params": params, "numbered": self.collections.numbered(resource)}
        if op.body is not None and bound["kind"] != "shape":
            bound["body"] = self.bodies.body(op, {**bound, "params": params}, unit) | bound.get("body", {})
        bound["reply"] = self.bodies.reply(op, reply, {**bound, **items}, unit)
        bound |= self._conditional(op, bound)
        if bound["kind"] == "shape":
            bound["fidelity"] = "shape"
        if op.method == "get" and "select" not in bound:
            bound |= {"select": self.lists.query(op.query, {}, set()).get("select")}
        return bound

    def _conditional(self, op: Op, bound: Bound) -> Bound:
        """Entity tags, where GET on the item documents them."""
        getter = self.places.on(op.key, "get") if op.on_item and bound.get("resource") else None
        if getter is None or "etag" not in getter.headers:
            return {}
        if bound["kind"] == "retrieve":
            return {"reply": {**bound["reply"], "etag": True}}
        return {"body": {**bound.get("body", {}), "match": True}} if bound["kind"] in CHANGING else {}

    def _held(self, reply: Reply, unit: Unit) -> Reply:
        """A reply that holds the record beside other things: where it is."""
        if reply.unit is None or reply.wrap or reply.listing is not None or self.collections.alike(unit, reply.unit):
            return reply
        for name, schema in self.shapes.properties(reply.unit.node).items():
            inner = self.shapes.unit(schema)
            if inner.node.get("type") != "array" and self.collections.alike(unit, inner):
                return Reply(None, name, inner)
        return reply

    def _listed(self, op: Op, reply: Reply, bound: Bound, unit: Unit | None) -> None:
        envelope = self.lists.envelope(op, reply)
        if bound["kind"] == "count":
            envelope = self.bodies.count(op)
            if "total" not in envelope:
                bound |= {"kind": "shape", "resource": None, "note": "no number in the reply of this count"}
        given: Mapping[str, Any] = op.query
        where = "query"
        if op.method == "post" and bound["kind"] == "search" and op.body is not None:
            inner = self.shapes.properties(self.shapes.unit(op.body).node)
            given = {**op.query, **{name: {"schema": schema} for name, schema in inner.items()}}
            where = "body"
        paging = self.lists.paging(op, given, envelope)
        if paging and where == "body":
            paging["in"] = "body"
        taken = {paging[k] for k in ("limit", "after", "before", "page", "offset") if k in paging}
        properties = self.shapes.properties(unit.node) if unit is not None else {}
        bound |= {"paging": paging, **self.lists.query(given, properties, taken)}
        bound["comparisons"] |= dict.fromkeys(asked := bound.pop("asked", ()), ("*", "is"))
        bound["filters"] = {n: f for n, f in bound["filters"].items() if n not in asked}
        if "each" in envelope:
            envelope["each"] = self.lists.each(envelope["items"], properties)
        envelope |= self.bodies.one_shown(op, bound.get("body", {}).get("one"), envelope.get("items", ""))
        bound["envelope"] = envelope

    def _parents(self, op: Op, id_parameter: str | None, unit: Unit | None) -> Bound:
        """`parents` and `scope`: every path parameter before the id, with the resource it names."""
        parents: list[tuple[str, str]] = []
        scope: dict[str, str] = {}
        own = self._own_id(op, unit)
        for place, part in enumerate(op.key):
            name = op.names[place]
            if part != HOLE or name == id_parameter:
                continue
            above = self._above(op.key[:place])
            parents.append((name, above.resource if above is not None and above.creates else ""))
            word = above.resource if above is not None else noun(op.key[place - 1]) if place else ""
            scope[name] = self._scope(op.key[: place + 1], name, word, unit, own)
        return {"parents": tuple(parents), "scope": scope}

    def _own_id(self, op: Op, unit: Unit | None) -> str | None:
        """The property that shows the id of the records at the end of a path."""
        if unit is None:
            return None
        home = self.collections.found.get(op.key[:-1] if op.on_item else op.key)
        name = home.resource if home is not None else ""
        return id_property(self.shapes, unit.node, home.param if home is not None else None, name, guess=False)

    def _scope(self, key: Key, name: str, word: str, unit: Unit | None, own: str | None) -> str:
        """The property for a parent, whatever its parameter is called on this path; `~noun` when there is none.

        `own`: the property that shows the record's own id, which is never a parent's.
        """
        if unit is not None:
            for spelled in (name, *sorted(self.places.spelled.get(key, ()))):
                found = scope_property(self.shapes, unit.node, spelled, word)
                if found is not None and found != own:
                    return found
        return f"~{word or name}"

    def _above(self, key: Key) -> Collection | None:
        return self.collections.found.get(key)

    # -- by place ---------------------------------------------------------------------------------------------

    def _by_place(self, op: Op) -> Bound:
        home = self.places.home(op)
        if home is None:
            return self.loose.bind(op)
        collection = self.collections.found.get(home)
        if collection is None:
            return self.loose.bind(op)
        rest = op.key[len(home) :]
        if op.verb is not None:
            return self._verb(op, collection, rest)
        if not rest:
            return self._on_collection(op, collection)
        if set(rest) == {HOLE}:
            return self._on_item(op, collection)
        if rest[0] == HOLE:
            return self._below_item(op, collection, rest)
        return self._beside(op, collection, rest)

    def _on_collection(self, op: Op, collection: Collection) -> Bound:
        reply = self.places.replies[op.id]
        resource = collection.resource
        if op.method in ("get", "head"):
            if reply.listing is None:
                return self._odd_list(op, collection, reply)
            return {"kind": "list", "resource": resource}
        if op.method == "post":
            return self._post_collection(op, collection, reply)
        if op.method == "delete":
            named = self._id_in(op, collection)
            if named:
                return {"kind": "delete", "resource": resource, "id_parameter": named}
            return {"kind": "bulk_delete", "resource": resource, "body": self.bodies.ids(op)}
        named = self._id_in(op, collection)
        if named:
            return {"kind": "replace" if op.method == "put" else "update", "resource": resource, "id_parameter": named}
        items = self.bodies.items(op)
        if not items and reply.listing is None and reply.unit is not None:
            if not self.collections.makes(resource):
                return {"kind": "create", "resource": resource}
            return self.loose.verb(op, f"{op.method}_{op.last}")
        return {"kind": "bulk_update", "resource": resource, "body": items}

    def _odd_list(self, op: Op, collection: Collection, reply: Reply) -> Bound:
        """A GET on a collection whose reply shows no array of records."""
        named = self._id_in(op, collection)
        if named is not None and named.startswith("query:") and op.query[named[6:]].get("required"):
            return {"kind": "retrieve", "resource": collection.resource, "id_parameter": named}
        note = "the reply of this list shows no array of records"
        if reply.unit is not None:
            known = self.collections.units.get(collection.resource)
            if known is not None and self.collections.alike(known, reply.unit):
                return {"kind": "singleton_get", "resource": collection.resource, "note": note, "newest": True}
            return self.loose.single(op, None, note)
        free = op.reply is None and op.status == 200 and op.method == "get"
        if free or (op.reply is not None and not op.binary_reply and self.shapes.anything(op.reply)):
            return {"kind": "list", "resource": collection.resource}
        return {"kind": "shape", "note": note}

    def _post_collection(self, op: Op, collection: Collection, reply: Reply) -> Bound:
        items = self.bodies.items(op)
        if items and reply.listing is not None:
            return {"kind": "bulk_create", "resource": collection.resource, "body": self.bodies.or_one(op, items)}
        if items and items["items"] == "" and not (reply.listing is None and self._holds(reply, collection.resource)):
            return {"kind": "bulk_create", "resource": collection.resource, "body": items}
        chosen = self._chosen_in_query(op, collection)
        return {
            "kind": "create",
            "resource": collection.resource,
            "single": reply.listing is not None,
            "id_parameter": f"query:{chosen}" if chosen else None,
        }

    def _chosen_in_query(self, op: Op, collection: Collection) -> str | None:
        """The query parameter in which a caller chooses the id of a new record: `POST /backups?backupId=`."""
        words = {norm(noun(collection.key[-1])), norm(collection.resource)}
        wanted = {f"{word}id" for word in words} | {norm(collection.param or "-")} - {"id", "name"}
        return next((name for name in op.query if norm(name) in wanted), None)

    def _id_in(self, op: Op, collection: Collection) -> str | None:
        """`query:id` or `body:id` when the request names one record outside the path."""
        unit = self.collections.units.get(collection.resource)
        names = {"id", "ids"} if unit is None else {"id"}
        words = {noun(collection.key[-1]), collection.resource}
        names |= {f"{w}{s}" for w in words for s in ("_id", "Id", "ID")} | (
            {collection.param} if collection.param else set()
        )
        for name in op.query:
            if name in names:
                return f"query:{name}"
        if op.body is not None:
            wrap, inner = self.shapes.wrapped(self.shapes.unit(op.body), (noun(collection.key[-1]),))
            for name in self.shapes.scalar_properties(inner.node):
                if name in names:
                    return f"body:{wrap}.{name}" if wrap else f"body:{name}"
        return None

    def _on_item(self, op: Op, collection: Collection) -> Bound:
        reply = self.places.replies[op.id]
        resource, name = collection.resource, op.names[-1]
        bound: Bound = {"resource": resource, "id_parameter": name}
        others = self.places.methods(op.key) - {op.method, "head", "options"}
        if op.method in ("get", "head"):
            if reply.listing is not None and not others and not reply.listing.place:
                return {"kind": "list", "resource": resource}
            if op.binary_reply:
                return {**bound, "kind": "download"}
            return {**bound, "kind": "retrieve", "single": reply.listing is not None}
        if op.method == "delete":
            return {**bound, "kind": "delete"}
        created = any(str(r["status"]) == "201" for r in op.raw.get("responses") or ())
        makes = not self.collections.makes(resource)
        if op.binary_body:
            return {**bound, "kind": "upload", "upsert": True}
        if op.method == "put":
            return {
                **bound,
                "kind": "replace",
                "single": reply.listing is not None,
                "upsert": created or makes,
                "created_status": 201 if created and op.status != 201 else None,
            }
        on_collection = any(o.method == "post" for o in self.places.at.get(op.key[:-1], ()))
        if op.method == "post" and op.status == 201 and not on_collection:
            return {**bound, "kind": "create"}
        if op.method == "post" and makes and "get" not in others and "put" not in others and "patch" not in others:
            return {**bound, "kind": "replace", "upsert": True}
        return {**bound, "kind": "update", "upsert": op.method == "post" and makes, "single": reply.listing is not None}

    # -- below an item ----------------------------------------------------------------------------------------

    def _item_id(self, op: Op, collection: Collection) -> str:
        """Name of the parameter that names the item of `collection` on an operation's path."""
        place = len(collection.key)
        while place + 1 < len(op.key) and op.key[place + 1] == HOLE:
            place += 1
        return op.names[place]

    def _verb(self, op: Op, collection: Collection, rest: Key) -> Bound:
        """`{id}:cancel` and `orders:batchGet`."""
        words = split(op.verb or "")
        reply = self.places.replies[op.id]
        if HOLE in rest:
            return self._action(op, collection, op.verb or "")
        if BULK & set(words):
            return self._bulk(op, collection, words)
        if SEARCH & set(words) and reply.listing is not None:
            return {"kind": "search", "resource": collection.resource}
        if reply.listing is not None:
            return {"kind": "list", "resource": collection.resource}
        return self.loose.verb(op, op.verb or "")

    def _action(self, op: Op, collection: Collection, verb: str) -> Bound:
        unit = self.collections.units.get(collection.resource)
        return {
            "kind": "action",
            "resource": collection.resource,
            "id_parameter": self._item_id(op, collection),
            "action": verb,
            "sets": effects(self.shapes, unit.node, verb) if unit is not None else {},
        }

    def _below_item(self, op: Op, collection: Collection, rest: Key) -> Bound:
        literals = [part for part in rest if part != HOLE]
        word = "_".join(literals)
        reply = self.places.replies[op.id]
        same = self.places.on(op.key, "get")
        kept = same is not None and self.places.replies[same.id].listing is None and not is_verb(literals[-1])
        kept = kept and not (same and same.binary_reply)
        if op.method in ("get", "head"):
            return self._get_below(op, collection, literals, reply)
        if self._is_file(op, literals):
            return {**self._action(op, collection, word), "kind": "upload"}
        if op.method == "delete":
            if kept or (self.places.methods(op.key) & {"put", "patch"} and not is_verb(literals[-1])):
                return {"kind": "singleton_delete", "resource": self._sub_resource(op, collection, word)}
            return self._action(
                op, collection, f"un{word}" if self.places.methods(op.key) & {"put", "post"} else f"delete_{word}"
            )
        if same is not None and op.method in ("put", "patch") and self.places.replies[same.id].listing is not None:
            listed = self._get_below(same, collection, literals, self.places.replies[same.id])
            if listed["kind"] == "list" and (items := self.bodies.items(op)):
                return {"kind": "bulk_update", "resource": listed["resource"], "body": items}
        if kept or (op.method in ("put", "patch") and op.body is not None and not is_verb(literals[-1])):
            return {"kind": "singleton_update", "resource": self._sub_resource(op, collection, word)}
        if op.method == "post" and not op.on_item:
            made = self._made_below(op, collection, reply, literals)
            if made is not None:
                return made
        return self._action(op, collection, word)

    def _made_below(self, op: Op, collection: Collection, reply: Reply, literals: list[str]) -> Bound | None:
        """POST below an item that makes a record of another kind, or None when it is a verb on the item."""
        if reply.unit is None or reply.listing is not None:
            return None
        known = self.collections.of_schema(reply.unit)
        if known == collection.resource or collection.unit is None:
            return None
        if known is not None:
            return {"kind": "create", "resource": known}
        if is_verb(literals[-1]) or op.body is None or is_generic(reply.unit.name):
            return None
        if has_id(self.shapes.properties(reply.unit.node)) or is_plural(literals[-1]):
            return {"kind": "create", "resource": self.collections.add(noun(literals[-1]), reply.unit, op)}
        return None

    def _get_below(self, op: Op, collection: Collection, literals: list[str], reply: Reply) -> Bound:
        if op.binary_reply:
            return {**self._action(op, collection, literals[-1]), "kind": "download", "sets": {}}
        if reply.listing is not None:
            if not self.shapes.properties(reply.listing.item.node):
                return {"kind": "shape", "note": "a list of plain values"}
            known = self.collections.of_schema(reply.unit)
            return {"kind": "list", "resource": known or self.collections.add(noun(literals[-1]), reply.unit, op)}
        if COUNT & set(split(literals[-1])):
            return {"kind": "count", "resource": collection.resource}
        if reply.unit is None:
            return {"kind": "shape", "note": "the reply holds no object"}
        if self.collections.of_schema(reply.unit) == collection.resource and not op.on_item:
            return {"kind": "retrieve", "resource": collection.resource, "id_parameter": self._item_id(op, collection)}
        return {"kind": "singleton_get", "resource": self._sub_resource(op, collection, "_".join(literals))}

    def _sub_resource(self, op: Op, collection: Collection, word: str) -> str:
        """The resource of the one thing at a path below an item: what GET shows there."""
        getter = self.places.on(op.key, "get") or op
        unit = self.places.replies[getter.id].unit
        known = self.collections.of_schema(unit)
        if known is not None and known != collection.resource:
            return known
        label = f"{collection.resource}_{noun(word)}"
        if label in self.collections.members:
            return label
        return self.collections.add(label, unit, getter)

    def _is_file(self, op: Op, literals: list[str]) -> bool:
        if op.binary_body:
            return True
        return "multipart" in (op.body_media or "") and bool(FILES & set(split(literals[-1])))

    # -- beside the items of a collection ---------------------------------------------------------------------

    def _beside(self, op: Op, collection: Collection, rest: Key) -> Bound:
        """`/customers/search`, `/pets/findByStatus`, `/users/me`, `/users/batch`, `/orders/by-number/{number}`."""
        words = tuple(w for part in rest if part != HOLE for w in split(part))
        reply = self.places.replies[op.id]
        resource = collection.resource
        if reply.listing is not None and op.method in ("get", "post") and not BULK & set(words):
            mine = self._holds(reply, resource)
            if mine or SEARCH & set(words):
                kind = "search" if SEARCH & set(words[:1]) or op.method == "post" else "list"
                return {"kind": kind, "resource": resource}
        if BULK & set(words):
            return self._bulk(op, collection, words)
        if COUNT & set(words) and op.method == "get":
            return {"kind": "count", "resource": resource}
        same = self.collections.of_schema(reply.unit) == resource and reply.listing is None
        if same and op.method == "get":
            if rest[-1] == HOLE:
                return {"kind": "retrieve", "resource": resource, "id_parameter": op.names[-1]}
            named = self._id_in(op, collection)
            if named:
                return {"kind": "retrieve", "resource": resource, "id_parameter": named}
            looked = self._looked_up(op, resource)
            if looked:
                return {"kind": "retrieve", "resource": resource, "id_parameter": f"query:{looked}"}
        if same and op.method == "post":
            named = self._id_in(op, collection)
            if named is None and HOLE not in rest and not set(words[:1]) & (DELETE | UPDATE):
                return {"kind": "create", "resource": resource}
        if set(words[:1]) & DELETE and (named := self._id_in(op, collection)):
            return {"kind": "delete", "resource": resource, "id_parameter": named}
        if set(words[:1]) & UPDATE and (named := self._id_in(op, collection)):
            return {"kind": "update", "resource": resource, "id_parameter": named}
        return self.loose.bind(op)

    def _looked_up(self, op: Op, resource: str) -> str | None:
        """The required query parameter that a record is looked up by (`/secrets/find?name=`), or None."""
        unit = self.collections.units.get(resource)
        known = {norm(n) for n in self.shapes.scalar_properties(unit.node)} if unit is not None else set()
        needed = [name for name, parameter in op.query.items() if parameter.get("required")]
        return next((n for n in needed if norm(n) in known and norm(n) not in ("scope", "type", "status")), None)

    def _holds(self, reply: Reply, resource: str) -> bool:
        if self.collections.of_schema(reply.unit) == resource:
            return True
        known = self.collections.units.get(resource)
        if known is None or reply.unit is None:
            return False
        mine, theirs = self.shapes.properties(known.node), self.shapes.properties(reply.unit.node)
        return len(theirs) > 1 and set(theirs) <= set(mine)

    def _bulk(self, op: Op, collection: Collection, words: tuple[str, ...]) -> Bound:
        resource = collection.resource
        if set(words) & DELETE or op.method == "delete":
            return {"kind": "bulk_delete", "resource": resource, "body": self.bodies.ids(op)}
        if set(words) & (READ | SEARCH | {"list"}) or op.method == "get":
            return {"kind": "search" if op.method == "post" else "list", "resource": resource}
        items = self.bodies.items(op)
        if not items:
            return self.loose.verb(op, "_".join(words))
        if set(words) & UPDATE or op.method in ("put", "patch"):
            return {"kind": "bulk_update", "resource": resource, "body": items}
        return {"kind": "bulk_create", "resource": resource, "body": items}
