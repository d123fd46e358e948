"""Facts about schemas: properties, the one record in a reply, the list in a reply. Reads a canonical document.

Works on plain dicts so that the whole of a contract can be looked at in milliseconds. Imports: words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from twinkit.contract.extensions import LENIENT_NULL
from twinkit.overlay.words import listed, norm, normed, noun, split

REF = "#/components/schemas/"
Node = Mapping[str, Any]

ITEM_LISTS = listed("""
    data items results records entries list values value content contents elements rows hits objects resources
    collection edges nodes entities docs result response payload members embedded
    """)
DEEPER = listed("data response result results _embedded payload body elements items list content")
"""What an object around a list and what tells about it is called."""
LISTS = normed("data items results records entries values resources objects")
WRAPS = listed("""
    data result item response payload body attributes resource entity object record
    """)
META = normed("""
    has_more hasMore more next previous prev next_page next_page_token nextToken next_cursor previous_cursor
    cursor cursors page pages page_size per_page limit offset total total_count count size start end first
    last number totalElements totalPages numberOfElements empty sort pageable links _links link url href self
    meta metadata pagination paging response_metadata object kind etag ok success status code message messages
    error errors warning warnings request_id requestId timestamp time version included jsonapi result_info
    total_results num_results result_count page_info pageInfo is_last isLast startAt maxResults query took
    facets aggregations continuation_token nextLink odata_context odata_count odata_nextLink copyright server
    type ts cache_ts has_next has_prev has_previous hasNext hasPrevious truncated is_truncated next_offset
    next_marker marker description duration info debug errorCode errorDescription errorMessage error_code
    error_message responseCode response_code execution_time httpStatus statusText status_message isSuccess
    is_success trace_id traceId statusCode status_code
    """)


@dataclass(frozen=True, slots=True)
class Unit:
    """A schema seen as one thing: its component name (if it has one) and its resolved node."""

    name: str | None
    node: Node


@dataclass(frozen=True, slots=True)
class ListShape:
    """Where the records are in a list reply: dotted place ("" = the array itself) and what one is."""

    place: str
    item: Unit
    keyed: bool = False


class Shapes:
    """Looks at the schemas of one canonical document, remembering what it saw."""

    def __init__(self, canonical: Mapping[str, Any]) -> None:
        self.schemas: Mapping[str, Any] = canonical.get("schemas") or {}
        self._properties: dict[int, dict[str, Any]] = {}
        self._scalars: dict[int, dict[str, Any]] = {}
        self._units: dict[int, Unit] = {}
        self._kinds: dict[int, frozenset[str]] = {}
        self._branches: dict[str, frozenset[str]] = {}
        self._keep: list[Any] = []
        """What is remembered by identity must not be freed."""

    def resolve(self, schema: Any) -> tuple[str | None, Node]:
        """Follow references: (name of the last component, node); ({}) for what is no object."""
        name = None
        for _ in range(32):
            if not isinstance(schema, Mapping):
                return name, {}
            ref = schema.get("$ref")
            if not isinstance(ref, str):
                return name, schema
            name = ref.removeprefix(REF)
            schema = self.schemas.get(name)
        return name, {}

    def unit(self, schema: Any) -> Unit:
        """The one thing a schema stands for: null branches dropped, the first live branch of alternatives taken."""
        found = self._units.get(id(schema))
        if found is None:
            found = self._units[id(schema)] = self._unit(schema, 0)
            self._keep.append(schema)
        return found

    def _unit(self, schema: Any, depth: int) -> Unit:
        name, node = self.resolve(schema)
        if depth > 8:
            return Unit(name, {})
        for key in ("anyOf", "oneOf"):
            branches = [b for b in node.get(key) or () if isinstance(b, Mapping) and b.get("type") != "null"]
            if branches and "properties" not in node:
                return self._branch(name, branches, depth)
        parts = [p for p in node.get("allOf") or () if isinstance(p, Mapping)]
        if name is None and parts and "properties" not in node:
            named = [p for p in parts if "$ref" in p]
            rest = [p for p in parts if p.get("properties") or p.get("allOf")]
            if len(named) == 1 and not rest:
                return self._unit(named[0], depth + 1)
        return Unit(name, node)

    def _branch(self, name: str | None, branches: list[Node], depth: int) -> Unit:
        units = [self._unit(branch, depth + 1) for branch in branches]
        live = [u for u in units if self._object(u.node) and not (u.name or "").lower().startswith("deleted")]
        arrays = [u for u in units if u.node.get("type") == "array"]
        if name is not None and len(live) > 1:
            return Unit(name, self.resolve({"$ref": REF + name})[1])
        chosen = (live or arrays or units)[0]
        return chosen if len(branches) == 1 or name is None else Unit(name, chosen.node)

    def _object(self, node: Node) -> bool:
        kind = node.get("type")
        return (
            kind == "object" or "properties" in node or "allOf" in node or (isinstance(kind, list) and "object" in kind)
        )

    def is_object(self, schema: Any) -> bool:
        """Whether a schema describes an object."""
        node = self.unit(schema).node
        return self._object(node) or ("object" in self.types(node) and bool(self.properties(node)))

    def types(self, schema: Any) -> frozenset[str]:
        """Type names a schema admits, branches included; empty when it says nothing."""
        known = self._kinds.get(id(schema))
        if known is None:
            known = self._kinds[id(schema)] = frozenset(self._types(schema, 0))
            self._keep.append(schema)
        return known

    def _types(self, schema: Any, depth: int) -> Iterator[str]:
        _, node = self.resolve(schema)
        kind = node.get("type")
        if isinstance(kind, str):
            yield kind
        elif isinstance(kind, list):
            yield from (k for k in kind if isinstance(k, str))
        elif "properties" in node:
            yield "object"
        if depth < 4:
            for key in ("anyOf", "oneOf", "allOf"):
                for branch in node.get(key) or ():
                    yield from self._types(branch, depth + 1)

    def nullable(self, schema: Any, depth: int = 0) -> bool:
        """Whether a schema admits null: by its type, and by every part of an allOf, and by some branch."""
        _, node = self.resolve(schema)
        kind = node.get("type")
        if depth > 6 or not node or (isinstance(kind, str) and kind != "null") or LENIENT_NULL in node:
            return False
        if isinstance(kind, list) and "null" not in kind:
            return False
        enum = node.get("enum")
        if isinstance(enum, list) and None not in enum:
            return False
        parts = node.get("allOf") or ()
        if not all(self.nullable(part, depth + 1) for part in parts):
            return False
        branches = node.get("anyOf") or node.get("oneOf")
        if branches:
            return any(self.nullable(branch, depth + 1) for branch in branches)
        return bool(parts) or kind is not None

    def merged(self, schema: Any, depth: int = 0) -> Node:
        """The resolved node, with the keywords of allOf parts drawn into it when they describe no object."""
        _, node = self.resolve(schema)
        parts = node.get("allOf")
        if not parts or "properties" in node or depth > 6:
            return node
        inner = [self.merged(part, depth + 1) for part in parts]
        if any(self._object(part) for part in inner):
            return node
        out: dict[str, Any] = {}
        for part in (*inner, node):
            out |= {key: value for key, value in part.items() if key != "allOf"}
        self._keep.append(out)
        return out

    def properties(self, node: Any) -> dict[str, Any]:
        """Every property of an object schema: its own, those of allOf parts and of alternatives."""
        known = self._properties.get(id(node))
        if known is None:
            known = {}
            self._collect(node, known, 0)
            self._properties[id(node)] = known
            self._keep.append(node)
        return known

    def _collect(self, node: Any, out: dict[str, Any], depth: int) -> None:
        _, node = self.resolve(node)
        own = node.get("properties")
        if isinstance(own, Mapping):
            for name, schema in own.items():
                out.setdefault(name, schema)
        if depth < 6:
            for part in node.get("allOf") or ():
                inner: dict[str, Any] = {}
                self._collect(part, inner, depth + 1)
                for name, schema in inner.items():
                    known = out.get(name)
                    out[name] = schema if known is None or known == schema else {"allOf": [known, schema]}
            for key in ("anyOf", "oneOf"):
                for part in node.get(key) or ():
                    self._collect(part, out, depth + 1)

    def required(self, node: Any, depth: int = 0) -> set[str]:
        """Names of required properties, allOf parts included."""
        _, node = self.resolve(node)
        wanted = node.get("required")
        out = {name for name in wanted if isinstance(name, str)} if isinstance(wanted, list) else set()
        if depth < 6:
            for part in node.get("allOf") or ():
                out |= self.required(part, depth + 1)
        return out

    def anything(self, schema: Any) -> bool:
        """Whether a schema admits any object or any value at all."""
        if schema is True:
            return True
        _, node = self.resolve(schema)
        closed = {"properties", "allOf", "anyOf", "oneOf", "enum", "const", "items", "required"}
        return (
            not closed & set(node) and self.types(node) <= {"object", "null"} and not node.get("additionalProperties")
        )

    def const(self, schema: Any) -> Any:
        """The only value a schema admits, or None."""
        _, node = self.resolve(schema)
        if "const" in node:
            return node["const"]
        enum = node.get("enum")
        return enum[0] if isinstance(enum, list) and len(enum) == 1 else None

    def branches(self, name: str) -> frozenset[str]:
        """Component names of the alternatives of a component schema."""
        known = self._branches.get(name)
        if known is None:
            known = self._branches[name] = self._find_branches(name)
        return known

    def _find_branches(self, name: str) -> frozenset[str]:
        node = self.schemas.get(name)
        if not isinstance(node, Mapping):
            return frozenset()
        refs = [b.get("$ref") for key in ("anyOf", "oneOf") for b in node.get(key) or () if isinstance(b, Mapping)]
        return frozenset(ref.removeprefix(REF) for ref in refs if isinstance(ref, str))

    # -- one record in a reply --------------------------------------------------------------------------------

    def wrapped(self, unit: Unit, hints: tuple[str, ...] = ()) -> tuple[str, Unit]:
        """(dotted place of the record in an object, the record): `("user", User)` for `{"user": {...}}`."""
        place: list[str] = []
        wanted = {norm(h) for h in hints}
        for _ in range(2):
            inner = self._inner(unit, hints)
            if inner is None or (place and norm(place[0]) in wanted and self._beside(unit, inner)):
                break
            place.append(inner)
            unit = self.unit(self.properties(unit.node)[inner])
        return ".".join(place), unit

    def _beside(self, unit: Unit, name: str) -> bool:
        """Whether a property of an object has others beside it that tell of more than the reply."""
        return any(norm(other) not in META for other in self.properties(unit.node) if other != name)

    def _inner(self, unit: Unit, hints: tuple[str, ...]) -> str | None:
        properties = self.properties(unit.node)
        if not properties or len(properties) > 12 or has_id(properties):
            return None
        wanted = {norm(h) for h in hints}
        objects = [n for n, s in properties.items() if (norm(n) not in META or norm(n) in wanted) and self.is_object(s)]
        for name in objects:
            if norm(name) in wanted:
                return name
        rest = [n for n in properties if norm(n) not in META and n not in objects]
        plain = all(self.types(properties[n]) <= {"string", "integer", "number", "boolean", "null"} for n in rest)
        for word in WRAPS:
            for name in objects:
                if norm(name) == word and (not rest or (plain and len(rest) < 4 and word in ("data", "result"))):
                    return name if word != "attributes" or len(properties) == 1 else None
        others = [n for n in properties if norm(n) not in META]
        if len(objects) == 1 and others == objects:
            return objects[0] if self._wraps(unit, objects[0], len(properties)) else None
        return None

    def _wraps(self, unit: Unit, name: str, size: int) -> bool:
        """Whether a schema with this one object in it is only its wrapper."""
        inner = self.properties(self.unit(self.properties(unit.node)[name]).node)
        if unit.name is None:
            return has_id(inner) or len(inner) > 1
        words = norm(unit.name)
        told = words.endswith(("response", "result", "output", "reply", "wrapper", "resp", "envelope", "dto"))
        return (has_id(inner) and size == 1) or (told and len(inner) > 1)

    # -- lists ------------------------------------------------------------------------------------------------

    def listing(
        self, schema: Any, hints: tuple[str, ...] = (), *, item_path: bool = False, likely: bool = False
    ) -> ListShape | None:
        """The list in a reply, or None when the reply is one thing.

        `hints`: names the array may have. `item_path`: the path names one record. `likely`: it names many.
        """
        unit = self.unit(schema)
        node = unit.node
        if "array" in self.types(node) and (
            "properties" not in node or (node.get("type") == "array" and "items" in node)
        ):
            return ListShape("", self.unit(node.get("items", {})))
        return self._in_object(unit, hints, item_path, 0) or (self._guess(unit, hints) if likely else None)

    def _guess(self, unit: Unit, hints: tuple[str, ...]) -> ListShape | None:
        """The array in an object that should be a list: one named like the path, or like lists are, or the only one."""
        properties = self.properties(unit.node)
        if has_id(properties):
            return None
        arrays = {n: u for n, u in self._arrays(properties, hints).items() if self.properties(u.node)}
        wanted = [norm(h) for h in hints if len(h) > 2]
        named = [n for n in arrays if any(norm(n).endswith(w) for w in wanted)]
        generic = [n for n in arrays if norm(n) in ITEM_LISTS]
        found = (named or generic or (list(arrays) if len(arrays) == 1 else []))[:1]
        return ListShape(found[0], arrays[found[0]]) if found else None

    def _arrays(self, properties: Mapping[str, Any], hints: tuple[str, ...]) -> dict[str, Unit]:
        """The arrays among properties but for those that tell about the list (`errors`), unless the path names them."""
        wanted = {norm(h) for h in hints}
        out = {}
        for name, schema in properties.items():
            node = self.unit(schema).node
            if self.types(node) - {"null"} == {"array"} and (norm(name) not in META or norm(name) in wanted):
                out[name] = self.unit(self.elements(node))
        return out

    def elements(self, node: Node) -> Any:
        """The schema of an array's elements; of several parts the last that tells of properties."""
        own = [node["items"]] if "items" in node else []
        parts = [self.elements(self.unit(part).node) for part in node.get("allOf") or ()]
        told = [items for items in (*own, *reversed(parts)) if self.properties(self.unit(items).node)]
        return next(iter((*told, *own, *parts)), {})

    def _in_object(self, unit: Unit, hints: tuple[str, ...], item_path: bool, depth: int) -> ListShape | None:
        properties = self.properties(unit.node)
        if not properties:
            return self._keyed(unit)
        arrays = self._arrays(properties, hints)
        if item_path:
            arrays = {n: u for n, u in arrays.items() if self.properties(u.node) or not self.types(u.node)}
        wanted = {norm(h) for h in hints}
        named = [n for n in arrays if norm(n) in wanted]
        generic = [n for n in ITEM_LISTS if n in arrays] or [n for n in arrays if norm(n) in ITEM_LISTS]
        rest = [n for n in properties if norm(n) not in META and n not in arrays]
        meta = [n for n in properties if norm(n) in META]
        if not has_id(properties) or (generic and meta and not item_path and len(rest) < 3):
            if named and (len(rest) <= 2 or meta) and not item_path:
                return ListShape(named[0], arrays[named[0]])
            if generic and len(rest) <= 3 and not (item_path and not meta):
                return ListShape(generic[0], arrays[generic[0]])
            if item_path and len(properties) == 1 and (named or generic):
                name = (named or generic)[0]
                return ListShape(name, arrays[name]) if self.properties(arrays[name].node) else None
            if len(arrays) == 1 and not rest and not (item_path and not meta):
                name = next(iter(arrays))
                return ListShape(name, arrays[name])
            if not arrays and not item_path and len(rest) == 1 and (norm(rest[0]) in wanted or norm(rest[0]) in LISTS):
                inner = self._keyed(self.unit(properties[rest[0]]))
                if inner is not None:
                    return ListShape(rest[0], inner.item, keyed=True)
        found = self._deeper(properties, hints, item_path, depth)
        return self._linked(properties, wanted) if found is None and not item_path and not depth else found

    def _linked(self, properties: Mapping[str, Any], wanted: set[str]) -> ListShape | None:
        """A list of links to the records: `{"_links": {"subscriptions": [{"href": …}]}}`."""
        for holder, schema in properties.items():
            inner = self.properties(self.unit(schema).node) if norm(holder) == "links" else {}
            for name, node in inner.items():
                element = self.unit(self.unit(node).node.get("items", {}))
                if norm(name) in wanted and "href" in self.properties(element.node):
                    return ListShape(f"{holder}.{name}", element)
        return None

    def _deeper(
        self, properties: Mapping[str, Any], hints: tuple[str, ...], item_path: bool, depth: int
    ) -> ListShape | None:
        if depth or has_id(properties) or len(properties) > 10:
            return None
        alone = list(properties) if len(properties) == 1 else []
        for name in (*DEEPER, *hints, *alone):
            if name in properties and self.is_object(properties[name]):
                inner = self._in_object(self.unit(properties[name]), hints, item_path, depth + 1)
                if inner is not None and (name not in alone or self._many(inner.place, hints)):
                    return ListShape(f"{name}.{inner.place}" if inner.place else name, inner.item, inner.keyed)
        return None

    def _many(self, place: str, hints: tuple[str, ...]) -> bool:
        """Whether an array is called what lists are, or like the path."""
        word = norm(place.rpartition(".")[2])
        return word in ITEM_LISTS or f"{word}s" in ITEM_LISTS or word in {norm(hint) for hint in hints}

    def _keyed(self, unit: Unit) -> ListShape | None:
        """An object whose every value is a record: `{"<id>": {...}}`."""
        further = unit.node.get("additionalProperties")
        if not isinstance(further, Mapping):
            return None
        item = self.unit(further)
        return ListShape("", item, keyed=True) if len(self.properties(item.node)) > 1 else None

    # -- bodies -----------------------------------------------------------------------------------------------

    def scalar_properties(self, node: Any) -> dict[str, Any]:
        """Properties that may be a string, number or boolean."""
        known = self._scalars.get(id(node))
        if known is None:
            known = self._scalars[id(node)] = {
                name: schema
                for name, schema in self.properties(node).items()
                if (types := self.types(schema)) and not types <= {"object", "array", "null"}
            }
            self._keep.append(node)
        return known


IDS = ("id", "uuid", "guid", "_id", "ID", "Id", "sid", "uid", "gid", "$id", "@id", "sha")


def has_id(properties: Mapping[str, Any]) -> bool:
    """Whether an object carries an identifier of its own."""
    return any(name in properties for name in IDS)


def media(content: Mapping[str, Any]) -> tuple[str | None, Any]:
    """(media type, schema) to use of several: JSON first, then form, then XML, then whatever comes first."""
    if not content:
        return None, None
    for test in (
        lambda m: m.startswith("application/json"),
        lambda m: "json" in m,
        lambda m: "x-www-form-urlencoded" in m,
        lambda m: "multipart" in m,
        lambda m: "xml" in m,
    ):
        for name, schema in content.items():
            if test(name.lower()):
                return name, schema
    return next(iter(content.items()))


def is_binary(media_type: str | None) -> bool:
    """Whether a media type is neither JSON, form, XML nor text."""
    if not media_type:
        return False
    low = media_type.lower()
    return not any(word in low for word in ("json", "form", "xml", "text", "*/*", "yaml", "html"))


def hints_for(segment: str) -> tuple[str, ...]:
    """Property names that a record or list of this path segment may hide under: `users`, `user`, `LineItem` …"""
    words = split(segment)
    if not words:
        return ()
    last = noun(words[-1])
    return tuple(dict.fromkeys((segment, noun(segment), *words[-1:], last)))
