"""What a request body holds and what a reply shows of the record: wraps, arrays, files, constants.

Imports: places, shapes, spread."""

from __future__ import annotations

from typing import Any

from twinkit.overlay.identity import id_property, link_property
from twinkit.overlay.listing import TOTAL
from twinkit.overlay.places import HOLE, Op, Reply
from twinkit.overlay.shapes import Shapes, Unit, hints_for
from twinkit.overlay.skeleton import Skeleton
from twinkit.overlay.spread import Spread
from twinkit.overlay.words import norm

ASKING = ("request", "input", "payload", "params", "body", "data")
"""What the object in a body may be called after the record's noun."""


def is_id(name: str) -> bool:
    """Whether a property is surely an id, whatever its type."""
    return norm(name).endswith(("id", "key", "number", "sid", "uuid"))


class Bodies:
    """Reads request bodies and reply bodies of one document."""

    def __init__(self, shapes: Shapes, skeleton: Skeleton) -> None:
        self._shapes = shapes
        self._skeleton = skeleton
        self._spread = Spread(shapes)

    def items(self, op: Op) -> dict[str, Any]:
        """`{"items": place}` when the body is an array of objects or an object around just one; else nothing."""
        if op.body is None:
            return {}
        unit = self._shapes.unit(op.body)
        if self._shapes.types(unit.node) - {"null"} == {"array"}:
            return {"items": ""}
        properties = self._shapes.properties(unit.node)
        arrays = [n for n, s in properties.items() if self._shapes.types(s) == {"array"}]
        objects = [n for n in arrays if self._shapes.is_object(self._shapes.unit(properties[n]).node.get("items", {}))]
        return {"items": objects[0]} if len(objects) == 1 and len(properties) <= 2 else {}

    def or_one(self, op: Op, items: dict[str, Any]) -> dict[str, Any]:
        """The same with `one`: the property of a body that may hold one record where another holds many of them."""
        properties = self._shapes.properties(self._shapes.unit(op.body).node)
        many = properties.get(items["items"])
        if many is None:
            return items
        element = self._shapes.unit(self._shapes.unit(many).node.get("items", {}))
        alone = [n for n, s in properties.items() if n != items["items"] and self._shapes.unit(s).node is element.node]
        return {**items, "one": alone[0]} if alone else items

    def one_shown(self, op: Op, name: str | None, items: str) -> dict[str, Any]:
        """`{"one": place}` where a reply has room for that one record beside the many."""
        around = items.rpartition(".")[0]
        node = self._shapes.unit(op.reply).node
        for part in around.split(".") if around else ():
            node = self._shapes.unit(self._shapes.properties(node).get(part, {})).node
        there = name is not None and name in self._shapes.properties(node)
        return {"one": f"{around}.{name}" if around else name} if there else {}

    def ids(self, op: Op) -> dict[str, Any]:
        """`{"ids": property}` when the body lists ids; `{"ids": ""}` when it is the list."""
        if op.body is None:
            return {}
        unit = self._shapes.unit(op.body)
        if "array" in self._shapes.types(unit.node):
            return {"ids": ""}
        for name, schema in self._shapes.properties(unit.node).items():
            if self._shapes.types(schema) == {"array"}:
                return {"ids": name}
        return {}

    def body(self, op: Op, bound: dict[str, Any], unit: Unit | None) -> dict[str, Any]:
        """`Binding.body` of an operation with a request body."""
        out: dict[str, Any] = {}
        if op.body_media and op.body_media != "application/json":
            out["media"] = op.body_media
        if "json-patch" in (op.body_media or "") or (op.method == "patch" and self._is_json_patch(op)):
            out["style"] = "json_patch"
        elif "merge-patch" in (op.body_media or ""):
            out["style"] = "json_merge_patch"
        given = self._shapes.unit(op.body)
        own = self._shapes.properties(unit.node) if unit is not None else {}
        properties = self._shapes.properties(given.node)
        literals = [part for part in op.key if part != HOLE][-2:]
        hints = tuple(hint for word in (*literals, bound.get("resource") or "") for hint in hints_for(word))
        few = len(set(map(norm, properties)) & set(map(norm, own))) < max(1, len(properties) // 2)
        if properties and (few or self._holds_one(properties, own, hints)):
            wrap = self._shapes.wrapped(given, (*hints, *(f"{hint}_{word}" for hint in hints for word in ASKING)))[0]
            wrap = wrap or self._wrap_of(properties, own)
            if self._shapes.is_object(
                own.get(wrap.rpartition(".")[2])
            ):  # `{"data": {"attributes": …}}` of a record that has `attributes`
                wrap = wrap.rpartition(".")[0]
            if (
                wrap
                and "." not in wrap
                and self._part_of(properties[wrap], own)
                and self._spread.of(properties, own, ())
            ):
                wrap = ""
            into = "" if wrap else self._into(properties, own, hints)
            out |= {"wrap": wrap} if wrap else {"into": into} if into else {}
        if bound["kind"].startswith("bulk_"):
            out.pop("wrap", None)
        if bound["kind"] in ("create", "update", "replace") and "wrap" not in out and "style" not in out:
            items = self.items(op).get("items") if few else None
            out |= {"wrap": items} if items else {}
        file = self._file(properties)
        if file and "json" not in (op.body_media or ""):
            out["file"] = file
        for param in bound.get("params") or ():
            if bound["kind"] == "create" and "wrap" not in out:
                chosen = next((n for n in self._shapes.scalar_properties(given.node) if norm(n) == norm(param)), None)
                if chosen and (norm(param) not in ("id", "uuid") or not any(norm(n) == norm(param) for n in own)):
                    out["id"] = chosen
        inner = self._at(given, out.get("wrap", "")) if own else {}
        if "into" not in out and (inner or "wrap" not in out):
            nouns = {norm(hint) for hint in (*hints, bound.get("resource") or "")}
            properties = inner or properties
            rename = self._rename(properties, own, nouns)
            rest = {name: schema for name, schema in properties.items() if name not in rename}
            apart = bool(own) and "style" not in out and not rest.keys() <= own.keys()
            spread = self._spread.of(rest, own, nouns) if apart else {}
            out |= {"rename": rename} if rename else {}
            copied = self._spread.copied(rest, own, spread)
            out |= {"spread": spread} if spread else {}
            out |= {"copied": copied} if copied else {}
        return out

    def _holds_one(self, given: dict[str, Any], own: dict[str, Any], hints: tuple[str, ...]) -> bool:
        """Whether a body has an object named like the record, and the record itself no such object."""
        wanted = {norm(hint) for hint in hints}
        named = [n for n, schema in given.items() if norm(n) in wanted and self._shapes.is_object(schema)]
        rest = {norm(n) for n in given if n not in named} & {norm(n) for n in own}
        return bool(named) and not rest and not any(self._shapes.is_object(own[n]) for n in named if n in own)

    def _wrap_of(self, given: dict[str, Any], own: dict[str, Any]) -> str:
        """The object of a body whose properties are mostly the record's, or empty."""
        for name, schema in given.items():
            inner = self._shapes.properties(self._shapes.unit(schema).node) if self._shapes.is_object(schema) else {}
            if (
                name not in own
                and inner
                and not self._spread.is_reference(inner)
                and 2 * len(set(inner) & set(own)) > len(inner)
            ):
                return name
        return ""

    def _at(self, unit: Unit, place: str) -> dict[str, Any]:
        """The properties of an object at a dotted place of a body."""
        node: Any = unit.node
        for part in place.split(".") if place else ():
            node = self._shapes.unit(self._shapes.properties(node).get(part, {})).node
        return self._shapes.properties(node)

    def _part_of(self, schema: Any, own: dict[str, Any]) -> bool:
        """Whether an object of a body has nothing that the record has on top: it is a part of the record."""
        inner = self._shapes.properties(self._shapes.unit(schema).node)
        return bool(own) and not {norm(name) for name in inner} & {norm(name) for name in own}

    def _into(self, given: dict[str, Any], own: dict[str, Any], hints: tuple[str, ...]) -> str:
        """The property of the record that holds what the body has on top: `properties` of Azure's, or empty."""
        missing = [name for name in given if name not in own]
        named = [name for name in own if norm(name) in {norm(hint) for hint in hints}]
        for name in (*named, "properties", "attributes", "spec", "config", "settings"):
            inner = self._shapes.properties(self._shapes.unit(own[name]).node) if name in own else {}
            if inner and missing and all(each in inner for each in missing):
                return name
        return ""

    def _is_json_patch(self, op: Op) -> bool:
        unit = self._shapes.unit(op.body)
        if "array" not in self._shapes.types(unit.node):
            return False
        inner = self._shapes.properties(self._shapes.unit(unit.node.get("items", {})).node)
        return {"op", "path"} <= set(inner)

    def _file(self, properties: dict[str, Any]) -> str | None:
        for name, schema in properties.items():
            if self._shapes.unit(schema).node.get("format") in ("binary", "file"):
                return name
        return None

    def _rename(self, given: dict[str, Any], own: dict[str, Any], nouns: set[str]) -> dict[str, str]:
        """Body properties spelled otherwise in the record: `firstName` for `first_name`, `rulePolicy` for a rule's
        `policy`.
        """
        by_norm = {norm(name): name for name in own}
        out = {}
        for name in given:
            if name in own:
                continue
            short = [norm(name).removeprefix(noun) for noun in nouns if len(noun) > 2 and norm(name).startswith(noun)]
            spelled = [norm(name), *sorted(word for word in short if word not in ("", "id"))]
            found = next((by_norm[word] for word in spelled if word in by_norm), None)
            if found is None or found in given:
                continue
            if norm(found) == norm(name) or self._spread.alike(given[name], own[found]):
                out[name] = found
        return out

    def constants(self, op: Op, reply: Reply) -> dict[str, Any]:
        """`{"constants": …}`: what stands beside a wrapped record."""
        made = self._skeleton.constants(self._shapes.unit(op.reply).node)
        return {"constants": made} if made else {}

    def count(self, op: Op) -> dict[str, Any]:
        """Envelope of a count: where the number goes."""
        unit = self._shapes.unit(op.reply)
        types = self._shapes.types(unit.node)
        if types & {"integer", "number"}:
            return {"total": ""}
        numbers = {
            n: s for n, s in self._shapes.properties(unit.node).items() if self._shapes.types(s) & {"integer", "number"}
        }
        named = [n for n in numbers if norm(n) in TOTAL or norm(n) == "count"]
        place = (named or list(numbers))[:1]
        made = self._skeleton.value(unit.node)
        out: dict[str, Any] = {"total": place[0]} if place else {}
        if isinstance(made, dict) and made:
            out["constants"] = made
        return out

    def reply(self, op: Op, reply: Reply, bound: dict[str, Any], unit: Unit | None) -> dict[str, Any]:
        """`Binding.reply`: what of the record the success reply shows."""
        out: dict[str, Any] = {"shows": self._shows(op, reply, bound, unit)}
        if op.reply_media and op.reply_media != "application/json":
            out["media"] = op.reply_media
        if reply.unit is not None and reply.unit.name:
            out["schema"] = reply.unit.name
        if "location" in op.headers or (op.status == 201 and op.reply is None):
            out["location"] = True
        if self._needed(op):
            out["headers"] = True
        if out["shows"] == "list" and reply.unit is not None and not self._same(reply, unit):
            out["project"] = bool(self._shapes.properties(reply.unit.node))
            link = (
                link_property(self._shapes, reply.unit.node, sent=()) if self._shown_id(reply, bound) is None else None
            )
            out |= {"link": link} if link and "." not in link else {}
        hidden = out["shows"] in ("empty", "example", "text") or self._shown_id(reply, bound) is None
        if bound["kind"] == "create" and hidden and out["shows"] != "id":
            out["location"] = True
        if bound["kind"] == "create" and out["shows"] == "project" and reply.unit is not None:
            link = link_property(self._shapes, reply.unit.node, sent=(), sure=False)
            out |= {"link": link} if link else {}
        chosen = bound["kind"] == "create" and bound.get("id_parameter") is not None
        if not chosen and (out.get("project") or out["shows"] == "project"):
            shown = self._shown_id(reply, bound)
            if shown:
                out["id"] = shown
        if out["shows"] == "deleted":
            out["deleted"] = self._deleted(op, self._shown_id(reply, bound))
        return out

    def _needed(self, op: Op) -> bool:
        """Whether the success reply has headers that it must have."""
        mine = (str(op.status), "2XX", "DEFAULT")
        return any(r.get("required_headers") for r in op.raw.get("responses") or () if str(r["status"]) in mine)

    def _shown_id(self, reply: Reply, bound: dict[str, Any]) -> str | None:
        """The property of another schema that shows the record's id."""
        if reply.unit is None:
            return None
        above = {norm(name) for name, _ in bound.get("parents") or ()} - {"id", "uuid", "name", "key", "slug"}
        for param in bound.get("params") or (None,):
            parents = above - {norm(param or "")}
            found = id_property(self._shapes, reply.unit.node, param, bound["resource"], parents=parents)
            text = found and self._shapes.types(self._shapes.properties(reply.unit.node)[found]) <= {"string", "null"}
            if found and not (text and bound.get("numbered") and not is_id(found)):
                return found
        return None

    def _shows(self, op: Op, reply: Reply, bound: dict[str, Any], unit: Unit | None) -> str:
        kind = bound["kind"]
        if op.reply is None or op.status in (204, 205, 304):
            return self._undocumented(op, kind) if bound.get("resource") else "empty"
        if kind == "download" or op.binary_reply:
            return "bytes"
        if kind == "shape" or not bound.get("resource"):
            return "example"
        if kind in ("list", "search") or (kind in ("bulk_create", "bulk_update") and reply.listing is not None):
            return "list"
        if kind == "count":
            return "count"
        if kind.startswith("bulk_"):
            return "example"
        same = self._same(reply, unit) or (
            kind not in ("delete", "singleton_delete") and self._shapes.anything(op.reply)
        )
        if kind in ("delete", "singleton_delete", "bulk_delete") and not (same and reply.listing is None):
            return "deleted" if self._deleted(op, None) else "example"
        if reply.unit is None and not same:
            media = op.reply_media or ""
            scalar = self._shapes.types(op.reply)
            if kind in ("create", "replace") and scalar and scalar <= {"string", "integer"} and "json" in media:
                return "id"
            return "text" if media.startswith("text/") else "example"
        return "record" if same else "project"

    def _undocumented(self, op: Op, kind: str) -> str:
        """A read or create whose reply the contract says nothing about answers what is kept, as JSON."""
        if op.status not in (200, 201) or op.method == "head":
            return "empty"
        if kind in ("list", "search"):
            return "list"
        return "record" if kind == "retrieve" or (kind == "create" and "location" not in op.headers) else "empty"

    def _same(self, reply: Reply, unit: Unit | None) -> bool:
        if reply.unit is None or unit is None:
            return False
        return reply.unit.node is unit.node or (reply.unit.name is not None and reply.unit.name == unit.name)

    def _deleted(self, op: Op, shown: str | None) -> Any:
        """`{"id": "$id", "object": "customer", "deleted": true}` where the reply of a delete is such an object."""
        node = self._shapes.unit(op.reply).node
        made = self._skeleton.value(node)
        if not isinstance(made, dict):
            return None
        for name, schema in self._shapes.properties(node).items():
            types = self._shapes.types(schema)
            if (name == shown or norm(name) in ("id", "uuid", "key")) and types & {"string", "integer"}:
                made[name] = "$id"
            elif (
                norm(name) in ("deleted", "success", "ok", "isdeleted", "removed", "acknowledged")
                and "boolean" in types
            ):
                made[name] = True
        return made
