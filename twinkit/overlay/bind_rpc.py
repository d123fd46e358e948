"""Documents that name procedures, not things: `POST /conversations.create`, `GET /users.info?user=`, `/user/list`,
`X-Amz-Target: Ecs.CreateCluster`.

Imports: places, kinds, procedures, words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from twinkit.overlay.identity import OWN, effects
from twinkit.overlay.kinds import Collections, is_generic
from twinkit.overlay.places import Op, Places, Reply
from twinkit.overlay.procedures import Procedure, dotted, read
from twinkit.overlay.shapes import META, ListShape, Shapes, Unit
from twinkit.overlay.words import norm, noun, singular

NAMING = ("retrieve", "delete", "update", "action")
"""Kinds of procedures that name the record they are about."""


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
            if home is not None and home == op.key and not dotted(op):
                continue
            procedure = read(op)
            if procedure is not None and (home is None or dotted(op)):
                if not dotted(op) and procedure.kind == "list":
                    self._relist(procedure)
                    if procedure.reads_many and self._places.replies[op.id].listing is None:
                        procedure = replace(procedure, kind="retrieve")
                self._nouns.setdefault(procedure.noun, []).append(procedure)
                self._of[op.id] = procedure
        self._resources = {name: self._resource(name, group) for name, group in self._nouns.items()}

    def _relist(self, procedure: Procedure) -> None:
        """What is surely a list answers the one array of its reply, or the one called like what it lists."""
        op = procedure.op
        if self._places.replies[op.id].listing is not None or op.reply is None:
            return
        properties = self._shapes.properties(self._shapes.unit(op.reply).node)
        arrays = {n: self._shapes.unit(s).node for n, s in properties.items() if self._shapes.types(s) == {"array"}}
        named = [n for n in arrays if norm(procedure.noun) in norm(n)]
        rest = [n for n in properties if n not in arrays and norm(n) not in META]
        if len(named) != 1 and (len(arrays) != 1 or (procedure.reads_many and rest)):
            return
        place = named[0] if len(named) == 1 else next(iter(arrays))
        item = self._shapes.unit(self._shapes.elements(arrays[place]))
        self._places.replies[op.id] = Reply(ListShape(place, item), unit=item)

    def _resource(self, name: str, group: list[Procedure]) -> str | None:
        kinds = {p.kind for p in group}
        if not kinds & {"create", "retrieve", "list"} or len(group) < 2:
            return None
        if not any(p.loud for p in group) and not ("create" in kinds and kinds & {"retrieve", "list", "delete"}):
            return None
        unit = self._unit(name, group)
        if unit is None:
            return None
        known = self._collections.of_schema(unit)
        made = known or self._collections.add(name, unit, group[0].op)
        if any(not dotted(p.op) for p in group):
            for member in self._collections.members[made]:
                if member.param is None:
                    member.called = self._called(name, group)
        return made

    def _called(self, name: str, group: list[Procedure]) -> str | None:
        """What requests call the id of a record, most of them first."""
        found: dict[str, int] = {}
        for procedure in group:
            named = self._id(procedure.op, name) if procedure.kind in NAMING else None
            if named is not None:
                word = named.partition(":")[2]
                found[word] = found.get(word, 0) + (1 if procedure.kind == "action" else 3)
        return max(found, key=lambda word: found[word]) if found else None

    def _unit(self, name: str, group: list[Procedure]) -> Unit | None:
        """What one of the records is shown as: by what reads one, else by what makes, lists or changes one."""
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
        for procedure in group:
            held = self._held(procedure, name)
            if held is not None:
                return held
        return self._repeated(group)

    def _repeated(self, group: list[Procedure]) -> Unit | None:
        """What a read shows without a name of its own, where another request of the noun sends a part of it."""
        for procedure in group:
            reply = self._places.replies[procedure.op.id]
            if procedure.kind != "retrieve" or reply.unit is None or reply.listing is not None:
                continue
            shown = {norm(n) for n in self._shapes.properties(reply.unit.node)}
            others = [p.op for p in group if p is not procedure and p.kind in ("create", "update")]
            bodies = [self._shapes.unit(op.body).node for op in others if op.body is not None]
            if any(shown & {norm(n) for n in self._shapes.properties(body)} for body in bodies):
                return reply.unit
        return None

    def _held(self, procedure: Procedure, name: str) -> Unit | None:
        """The record in a reply that shows one in an array of many, or beside other things, under its own name."""
        reply = self._places.replies[procedure.op.id]
        if procedure.kind == "action" or reply.unit is None:
            return None
        if reply.listing is not None:
            return reply.unit if self._shapes.properties(reply.unit.node) else None
        return next((unit for _, unit in self._named(reply, name)), None)

    def _named(self, reply: Reply, name: str) -> Iterator[tuple[str, Unit]]:
        """Objects of a reply that are called like the noun: `DBCluster`, `TableDescription` of a table."""
        word = norm(name)
        for key, schema in self._shapes.properties(reply.unit.node).items() if reply.unit else ():
            inner = self._shapes.unit(schema)
            called = norm(key) in {f"{word}{end}" for end in ("", "description", "detail", "details", "info")}
            if called and self._shapes.is_object(schema) and self._shapes.properties(inner.node):
                yield key, inner

    def bind(self, op: Op) -> dict[str, Any] | None:
        """Binding arguments of a procedure whose noun is a resource; None: not one of ours."""
        procedure = self._of.get(op.id)
        resource = self._resources.get(procedure.noun) if procedure else None
        if procedure is None or resource is None:
            return None
        bound: dict[str, Any] = {"kind": procedure.kind, "resource": resource}
        reply = self._places.replies[op.id]
        if procedure.kind in ("list", "search"):
            return self._listed(procedure, bound, reply)
        bound["single"] = reply.listing is not None
        if procedure.kind == "count":
            return bound
        if procedure.kind == "create":
            return bound if dotted(op) else bound | self._chosen(op, procedure.noun, resource)
        named = self._id(op, procedure.noun)
        if named is None:
            return self._alone(procedure, bound)
        bound["id_parameter"] = named
        if procedure.kind == "action":
            unit = self._collections.units[resource]
            bound |= {"action": procedure.verb, "sets": effects(self._shapes, unit.node, procedure.verb)}
        if procedure.kind == "update" and procedure.verb.lower() == "put":
            group = self._nouns[procedure.noun]
            bound["upsert"] = all(other.kind != "create" for other in group)
        return bound

    def _alone(self, procedure: Procedure, bound: dict[str, Any]) -> dict[str, Any] | None:
        """What is read and changed without being named is one thing: `GetAccountSettings`, `UpdateAccountSettings`."""
        group = self._nouns[procedure.noun]
        if dotted(procedure.op) or any(p.kind == "create" or self._id(p.op, p.noun) for p in group):
            return None
        kinds = {"retrieve": "singleton_get", "update": "singleton_update", "delete": "singleton_delete"}
        kind = kinds.get(procedure.kind)
        return None if kind is None else {**bound, "kind": kind}

    def _listed(self, procedure: Procedure, bound: dict[str, Any], reply: Reply) -> dict[str, Any] | None:
        op = procedure.op
        if reply.listing is None:
            return None
        if op.method == "post" and op.body is not None and not dotted(op):
            bound["kind"] = "search"
        if not dotted(op):
            bound["asked"] = self._asked(op, procedure.noun)
        return bound

    def _asked(self, op: Op, noun_: str) -> tuple[str, ...]:
        """Members that list the records asked for, by any of their ids or names: `clusters`, `LoadBalancerArns`."""
        word = norm(noun_)
        words = {word, *(f"{w}{end}" for w in ("", word, f"{word}s") for end in ("id", "arn", "name", "identifier"))}
        given = dict(op.query) if op.body is None else self._shapes.properties(self._shapes.unit(op.body).node)
        return tuple(
            name
            for name, schema in given.items()
            if "array" in self._shapes.types(schema.get("schema", {}) if op.body is None else schema)
            and norm(noun(name)) in words
        )

    def _chosen(self, op: Op, noun_: str, resource: str) -> dict[str, Any]:
        """The member in which a caller names a new record, where the record itself has no such property."""
        called = next((m.called for m in self._collections.members[resource] if m.called), None)
        own = {norm(n) for n in self._shapes.scalar_properties(self._collections.units[resource].node)}
        if called is None or norm(called) in own:
            return {}
        for where, known in self._given(op):
            found = next((n for n in known if norm(n) == norm(called)), None)
            if found is not None:
                return {"id_parameter": f"{where}:{found}"}
        return {}

    def _given(self, op: Op) -> list[tuple[str, Mapping[str, Any]]]:
        """(place, member → schema) of what a request says."""
        given: list[tuple[str, Mapping[str, Any]]] = [("query", op.query)]
        if op.body is not None:
            given.append(("body", self._shapes.scalar_properties(self._shapes.unit(op.body).node)))
        return given

    def _id(self, op: Op, noun_: str) -> str | None:
        """`place:member` in which a request names the record it is about."""
        names = [noun_, f"{noun_}_id", f"{noun_}id", "id", f"{noun_}_key", f"{noun_}_name", "name", "key", "uuid"]
        short = noun_.rpartition("_")[2]
        if short != noun_:
            names += [short, f"{short}_id"]
        if noun_ == "conversation":
            names.append("channel")
        given = self._given(op)
        if not dotted(op):
            names = [f"{noun_}{end}" for end in ("id", "arn", "name", "identifier", "key")] + names
            names += ["arn", "resource_arn", "identifier", *(f"{short}{end}" for end in OWN)]
        for wanted in names:
            for where, known in given:
                found = next((n for n in known if norm(n) == norm(wanted)), None)
                if found is not None:
                    return f"{where}:{found}"
        return None


def own_names(properties: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Properties by which a record may be asked for, given its noun: `clusterArn`, `clusterName`, `Name`."""
    word = norm(name)
    words = {f"{w}{end}" for w in (word, norm(singular(name.rpartition("_")[2]))) for end in ("arn", "name", "id")}
    return tuple(n for n in properties if norm(n) in words | {"arn", "name", "id", "identifier"})
