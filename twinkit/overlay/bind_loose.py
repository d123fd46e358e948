"""Operations outside every collection: singletons, logins, reports, verbs on nothing.

Imports: places, kinds, identity. `bind` answers the keyword arguments of a `Binding`, like `bind_rest`.
"""

from __future__ import annotations

from typing import Any

from twinkit.overlay.identity import effects
from twinkit.overlay.kinds import Collections, is_generic
from twinkit.overlay.places import HOLE, Op, Places, Reply
from twinkit.overlay.shapes import Shapes, has_id
from twinkit.overlay.words import CREATE, SEARCH, is_plural, is_verb, noun, split

Bound = dict[str, Any]


class Loose:
    """Binds what `bind_rest` finds no collection for."""

    def __init__(self, places: Places, collections: Collections, shapes: Shapes) -> None:
        self.places = places
        self.collections = collections
        self.shapes = shapes

    def bind(self, op: Op) -> Bound:
        """Singletons, logins, reports: paths that are in no collection."""
        reply = self.places.replies[op.id]
        same = self.places.on(op.key, "get")
        kept = same is not None and self.places.replies[same.id].unit is not None
        if op.method in ("get", "head"):
            return self._get(op, reply)
        if op.on_item or not kept:
            return self._write(op, reply)
        if same is not None and self.places.replies[same.id].listing is not None:
            return self._write(op, reply)
        if op.method == "delete":
            return {"kind": "singleton_delete", "resource": self._single_name(op)}
        if op.method in ("put", "patch", "post") and not is_verb(op.last):
            return {"kind": "singleton_update", "resource": self._single_name(op)}
        return self._write(op, reply)

    def _get(self, op: Op, reply: Reply) -> Bound:
        if op.binary_reply:
            return {"kind": "shape", "note": "a file that belongs to no record"}
        if reply.listing is not None:
            if not self.shapes.properties(reply.listing.item.node):
                return {"kind": "shape", "note": "a list of plain values"}
            known = self.collections.of_schema(reply.unit)
            label = noun(op.last) if op.last else "thing"
            return {"kind": "list", "resource": known or self.collections.add(label, reply.unit, op)}
        if reply.unit is None:
            return {"kind": "shape", "note": "the reply holds no object"}
        return self.single(op, None, "")

    def single(self, op: Op, resource: str | None, note: str) -> Bound:
        """A GET that shows one thing: a singleton, or a shape when nothing writes it (`note` says why it is here)."""
        reply = self.places.replies[op.id]
        if reply.unit is None:
            return {"kind": "shape", "note": note or "the reply holds no object"}
        writes = self.places.methods(op.key) & {"put", "patch", "post", "delete"}
        known = self.collections.of_schema(reply.unit)
        if known is None and not writes and HOLE not in op.key and is_generic(reply.unit.name):
            return {"kind": "shape", "note": note or "nothing writes what this shows"}
        return {"kind": "singleton_get", "resource": self._single_name(op)}

    def _single_name(self, op: Op) -> str:
        getter = self.places.on(op.key, "get") or op
        unit = self.places.replies[getter.id].unit
        known = self.collections.of_schema(unit)
        if known is not None:
            return known
        label = noun(op.last) if op.last else "thing"
        if label in self.collections.members and self.collections.units.get(label) is not unit:
            label = "_".join([noun(part) for part in op.key if part != HOLE][-2:])
        if label in self.collections.members:
            return label
        return self.collections.add(label, unit, getter)

    def _write(self, op: Op, reply: Reply) -> Bound:
        known = self.collections.of_schema(reply.unit) if reply.listing is None else None
        made = not is_verb(op.last) or bool(CREATE & set(split(op.last)[:1]))
        if op.method == "post" and not op.on_item and known is not None and made:
            return {"kind": "create", "resource": known}
        if op.method == "post" and known is not None and HOLE in op.key and len(op.params) == 1:
            unit = self.collections.units.get(known)
            sets = effects(self.shapes, unit.node, op.last) if unit is not None else {}
            kind = "update" if op.on_item else "action"
            verb = None if op.on_item else op.last
            return {"kind": kind, "resource": known, "id_parameter": op.params[-1], "action": verb, "sets": sets}
        if op.method == "post" and not is_verb(op.last) and not op.on_item and reply.listing is None and reply.unit:
            shown = self.shapes.properties(reply.unit.node)
            named = not is_generic(reply.unit.name) and (has_id(shown) or is_plural(op.last))
            if shown and op.body is not None and named:
                return {"kind": "create", "resource": self.collections.add(noun(op.last), reply.unit, op)}
        if SEARCH & set(split(op.last)) and reply.listing is not None:
            known = self.collections.of_schema(reply.unit)
            if known is not None:
                return {"kind": "search", "resource": known}
        return self.verb(op, op.verb or op.last or op.id)

    def verb(self, op: Op, verb: str) -> Bound:
        """A verb on nothing that is kept."""
        note = "a verb on no record: answers the documented example"
        return {"kind": "action", "resource": None, "action": verb, "fidelity": "shape", "note": note}
