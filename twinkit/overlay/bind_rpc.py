"""Documents that name procedures, not things: `POST /conversations.create`, `GET /users.info?user=`, `/user/list`.

Imports: places, kinds, words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit.overlay.identity import effects
from twinkit.overlay.kinds import Collections, is_generic
from twinkit.overlay.places import HOLE, Op, Places
from twinkit.overlay.shapes import Shapes, Unit
from twinkit.overlay.words import COUNT, CREATE, DELETE, LIST, READ, SEARCH, UPDATE, norm, noun, singular, split

CLASSES = (
    ("list", LIST),
    ("count", COUNT),
    ("retrieve", READ),
    ("search", SEARCH),
    ("create", CREATE),
    ("delete", DELETE),
    ("update", UPDATE),
)


class Procedure:
    """An operation read as a noun and a verb."""

    def __init__(self, op: Op, noun_: str, verb: str) -> None:
        self.op = op
        self.noun = noun_
        self.verb = verb
        words = set(split(verb)[:1])
        self.kind = next((kind for kind, words_ in CLASSES if words & words_), "action")
        if norm(verb) in ("getlist", "getall", "listall"):
            self.kind = "list"


def read(op: Op) -> Procedure | None:
    """The noun and verb of a path without parameters, or None when it names a thing."""
    if HOLE in op.key or not op.key or op.verb is not None:
        return None
    last = op.key[-1]
    if "." in last and not last.startswith("v"):
        head, _, verb = last.rpartition(".")
        return Procedure(op, noun(head.rpartition(".")[2]), verb) if head and verb else None
    known = CREATE | READ | LIST | UPDATE | DELETE
    words = split(last)
    if len(op.key) >= 2 and len(words) == 1 and words[0] in known and op.method in ("get", "post"):
        return Procedure(op, noun(op.key[-2]), last)
    if len(words) >= 2 and words[0] in known | SEARCH and last[:1].isupper():
        return Procedure(
            op, noun("_".join(words[1:])), words[0] if singular(words[-1]) == words[-1] else _plural(words[0])
        )
    return None


def _plural(verb: str) -> str:
    return "list" if verb in READ else verb


class Rpc:
    """The procedures of one document, by noun."""

    def __init__(self, places: Places, collections: Collections, shapes: Shapes) -> None:
        self._places = places
        self._collections = collections
        self._shapes = shapes
        self._nouns: dict[str, list[Procedure]] = {}
        self._of: dict[str, Procedure] = {}
        for op in places.ops:
            home = places.home(op)
            if home is not None and home == op.key and not _dotted(op):
                continue
            procedure = read(op)
            if procedure is not None and (home is None or _dotted(op)):
                self._nouns.setdefault(procedure.noun, []).append(procedure)
                self._of[op.id] = procedure
        self._resources = {name: self._resource(name, group) for name, group in self._nouns.items()}

    def _resource(self, name: str, group: list[Procedure]) -> str | None:
        kinds = {p.kind for p in group}
        if not kinds & {"create", "retrieve", "list"} or len(group) < 2:
            return None
        unit = self._unit(name, group)
        if unit is None:
            return None
        known = self._collections.of_schema(unit)
        return known or self._collections.add(name, unit, group[0].op)

    def _unit(self, name: str, group: list[Procedure]) -> Unit | None:
        for wanted in ("retrieve", "create", "list", "update"):
            for procedure in group:
                if procedure.kind != wanted:
                    continue
                reply = self._places.replies[procedure.op.id]
                if reply.unit is None or not self._shapes.properties(reply.unit.node):
                    continue
                named = bool(reply.wrap) or not is_generic(reply.unit.name)
                if named and (wanted == "list") == (reply.listing is not None):
                    return reply.unit
        return None

    def bind(self, op: Op) -> dict[str, Any] | None:
        """Binding arguments of a procedure whose noun is a resource; None: not one of ours."""
        procedure = self._of.get(op.id)
        resource = self._resources.get(procedure.noun) if procedure else None
        if procedure is None or resource is None:
            return None
        bound: dict[str, Any] = {"kind": procedure.kind, "resource": resource}
        reply = self._places.replies[op.id]
        if procedure.kind in ("list", "search"):
            return bound if reply.listing is not None else None
        bound["single"] = reply.listing is not None
        if procedure.kind in ("create", "count"):
            return bound
        named = self._id(op, procedure.noun)
        if named is None:
            return None
        bound["id_parameter"] = named
        if procedure.kind == "action":
            unit = self._collections.units[resource]
            bound |= {"action": procedure.verb, "sets": effects(self._shapes, unit.node, procedure.verb)}
        return bound

    def _id(self, op: Op, noun_: str) -> str | None:
        names = [noun_, f"{noun_}_id", f"{noun_}id", "id", f"{noun_}_key", f"{noun_}_name", "name", "key", "uuid"]
        short = noun_.rpartition("_")[2]
        if short != noun_:
            names += [short, f"{short}_id"]
        if noun_ == "conversation":
            names.append("channel")
        given: list[tuple[str, Mapping[str, Any]]] = [("query", op.query)]
        if op.body is not None:
            given.append(("body", self._shapes.scalar_properties(self._shapes.unit(op.body).node)))
        for wanted in names:
            for where, known in given:
                found = next((n for n in known if norm(n) == norm(wanted)), None)
                if found is not None:
                    return f"{where}:{found}"
        return None


def _dotted(op: Op) -> bool:
    return "." in (op.key[-1] if op.key else "") and HOLE not in op.key
