"""Operations seen by where they are: path segments, collections and items, what each reply carries.

Imports: shapes, words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from twinkit.overlay.shapes import ListShape, Shapes, Unit, has_id, hints_for, is_binary, media
from twinkit.overlay.words import is_plural, is_verb, norm

_PARAM = re.compile(r"\{([^{}]*)\}")
_SUFFIX = re.compile(r"^\.(json|xml|yaml|csv|\{?format\}?)$")
_CALL = re.compile(r"^([\w.\-]+)\(['\"]?\{([^{}]+)\}['\"]?\)$")
_CALLING = re.compile(r"action|method|operation|.*target", re.IGNORECASE)
"""What names a procedure where many operations share a path: `Action=CreateQueue`, `X-Amz-Target: Dynamo.GetItem`."""
Key = tuple[str, ...]
"""A path with every parameter as `{}`: ("users", "{}", "keys")."""
HOLE = "{}"


@dataclass(slots=True)
class Op:
    """One operation with what inference asks of it."""

    id: str
    method: str
    path: str
    key: Key
    names: tuple[str, ...]
    """Parameter name (or literal) at each place of `key`."""
    verb: str | None
    """`cancel` of `/orders/{id}:cancel`."""
    raw: Mapping[str, Any]
    query: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    body_media: str | None = None
    body: Any = None
    status: int = 200
    reply_media: str | None = None
    reply: Any = None
    """Schema of the success reply; None when it has no body."""
    headers: frozenset[str] = frozenset()
    """Lower-case names of declared reply headers."""

    @property
    def params(self) -> list[str]:
        """Names of the path parameters, in order."""
        return [name for part, name in zip(self.key, self.names, strict=True) if part == HOLE]

    @property
    def last(self) -> str:
        """The last literal segment, or the empty string."""
        return next((part for part in reversed(self.key) if part != HOLE), "")

    @property
    def on_item(self) -> bool:
        """Whether the path ends in a parameter."""
        return bool(self.key) and self.key[-1] == HOLE

    @property
    def binary_reply(self) -> bool:
        """Whether the success reply is a file."""
        return is_binary(self.reply_media)

    @property
    def binary_body(self) -> bool:
        """Whether the request is a file."""
        return is_binary(self.body_media)


def parse_path(path: str) -> tuple[Key, tuple[str, ...], str | None]:
    """(key, names, verb) of a path template; `.json` suffixes dropped, `{id}:verb` and `users({id})` understood."""
    key: list[str] = []
    names: list[str] = []
    verb = None
    plain, _, rest = path.partition("?")
    plain, _, fragment = plain.partition("#")
    for segment in plain.strip("/").split("/"):
        if not segment:
            continue
        call = _CALL.match(segment)
        if call:
            key += [call[1], HOLE]
            names += [call[1], call[2]]
            continue
        holes = _PARAM.findall(segment)
        if not holes:
            text, colon, verb_text = segment.partition(":")
            if colon and text and verb_text:
                verb = verb_text
                segment = text
            segment = re.sub(r"\.(json|xml)$", "", segment)
            key.append(segment)
            names.append(segment)
            continue
        after = segment[segment.rfind("}") + 1 :]
        if after.startswith(":") and len(after) > 1:
            verb = after[1:]
        name = holes[0] if holes[0] != "format" else holes[-1]
        if segment.startswith("{") or len(holes) > 1 or not re.sub(r"\{[^{}]*\}", "", segment).strip("()'@:.-_~$,;=*"):
            key.append(HOLE)
            names.append(name)
        elif _SUFFIX.match("." + segment.rpartition(".")[2]) and holes == ["format"]:
            key.append(segment.partition(".")[0])
            names.append(key[-1])
        else:
            key.append(HOLE)
            names.append(name)
    action = re.search(r"(?:Action|action|method|operation)=([\w.]+)", rest or fragment)
    if action:
        key.append(action[1])
        names.append(action[1])
    return tuple(key), tuple(names), verb


def _success(raw: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
    """Status and response of the first documented success: the lowest 2xx, else 2XX, else default."""
    responses = raw.get("responses") or []
    exact = [r for r in responses if str(r["status"]).isdigit() and str(r["status"])[0] == "2"]
    if exact:
        found = min(exact, key=lambda r: str(r["status"]))
        return int(found["status"]), found
    for wanted in ("2XX", "DEFAULT"):
        for response in responses:
            if str(response["status"]).upper() == wanted:
                return 200, response
    further = [r for r in responses if str(r["status"]).isdigit() and str(r["status"])[0] == "3"]
    if further:
        found = min(further, key=lambda r: str(r["status"]))
        return int(found["status"]), found
    return 200, {}


def read_operation(raw: Mapping[str, Any]) -> Op:
    """An `Op` from a canonical operation."""
    key, names, verb = parse_path(raw["path"])
    for place, name, value in raw.get("conditions") or ():
        if place != "path" and isinstance(value, str) and _CALLING.fullmatch(name):
            called = value.rpartition(".")[2]
            key, names = (*key, called), (*names, called)
    op = Op(raw["id"], raw["method"], raw["path"], key, names, verb, raw)
    for parameter in raw.get("parameters") or ():
        if parameter.get("location") == "query":
            op.query[parameter["name"]] = parameter
    body = raw.get("body")
    if body and raw["method"] not in ("get", "head"):
        op.body_media, op.body = media(body.get("content") or {})
    op.status, response = _success(raw)
    op.reply_media, op.reply = media(response.get("content") or {})
    op.headers = frozenset(name.lower() for name in response.get("headers") or {})
    return op


@dataclass(slots=True)
class Reply:
    """What a success reply carries."""

    listing: ListShape | None = None
    wrap: str = ""
    unit: Unit | None = None
    """The record (of the list too); None: nothing, or no object."""


def read_reply(shapes: Shapes, op: Op, likely: bool) -> Reply:
    """Whether an operation answers a list or one record, and where in the reply. `likely`: its path names many."""
    if op.reply is None or op.binary_reply:
        return Reply()
    hints = hints_for(op.last)
    listing = shapes.listing(op.reply, hints, item_path=op.on_item, likely=likely)
    if listing is not None and op.method != "get" and listing.place and not shapes.properties(listing.item.node):
        listing = None if len(shapes.properties(shapes.unit(op.reply).node)) > 1 else listing
    if listing is not None:
        if not listing.place and op.on_item and op.method in ("post", "put", "patch"):
            return Reply(listing, unit=listing.item)
        wrap, unit = (
            shapes.wrapped(listing.item, hints) if len(shapes.properties(listing.item.node)) == 1 else ("", None)
        )
        return Reply(listing, wrap, unit or listing.item)
    unit = shapes.unit(op.reply)
    wrap, inner = shapes.wrapped(unit, hints)
    if not shapes.properties(inner.node) and not shapes.is_object(inner.node):
        return Reply()
    return Reply(None, wrap, inner)


def _identifies(shapes: Shapes, node: Any, param: str) -> bool:
    """Whether a schema has an id, or a property called as a path's parameter."""
    properties = shapes.properties(node)
    return has_id(properties) or norm(param) in {norm(name) for name in properties}


def _open_up(ops: list[Op], shapes: Shapes) -> None:
    """Give a collection that a parameter ends (`/flags/{project}`, with items `/flags/{project}/{flag}`) a word of its
    own, as though it were `/flags/{project}/flags`; the one at `/` too.
    """
    at: dict[Key, dict[str, Op]] = {}
    for op in ops:
        if op.verb is None:
            at.setdefault(op.key, {}).setdefault(op.method, op)
    for key in sorted((k for k in at if not k or k[-1] == HOLE), key=len, reverse=True):
        here, items = at[key], at.get((*key, HOLE), {})
        if not items.keys() & {"get", "put", "patch", "delete"} or here.keys() & {"put", "patch", "delete"}:
            continue
        getter = here.get("get")
        if (key and at.get(key[:-1], {}).keys() & {"get", "post"}) or (getter is None and "post" not in here):
            continue
        if getter is not None and shapes.listing(getter.reply, hints_for(getter.last), likely=True) is None:
            continue
        word = next((part for part in reversed(key) if part != HOLE), "item")
        for op in ops:
            if op.key == key or op.key[: len(key) + 1] == (*key, HOLE):
                op.key = (*key, word, *op.key[len(key) :])
                op.names = (*op.names[: len(key)], word, *op.names[len(key) :])


class Places:
    """All operations by path, and which paths are collections."""

    def __init__(self, canonical: Mapping[str, Any], shapes: Shapes) -> None:
        self.ops: list[Op] = [read_operation(raw) for raw in canonical.get("operations") or ()]
        self.at: dict[Key, list[Op]] = {}
        _open_up(self.ops, shapes)
        self.below: dict[Key, set[str]] = {}
        self.spelled: dict[Key, set[str]] = {}
        """Path ending in a parameter → every name that parameter has in the document."""
        for op in self.ops:
            for end, name in enumerate(op.names, 1):
                if op.key[end - 1] == HOLE:
                    self.spelled.setdefault(op.key[:end], set()).add(name)
            if op.verb is None:
                self.at.setdefault(op.key, []).append(op)
            for end in range(1, len(op.key) + 1):
                self.below.setdefault(op.key[: end - 1], set()).add(op.key[end - 1])
        self.replies: dict[str, Reply] = {op.id: read_reply(shapes, op, self._likely(op)) for op in self.ops}
        self._lists_of_one(shapes)
        self._made_as_shown(shapes)
        self._open_maps(shapes)
        self._collections: dict[Key, bool] = {}

    def _lists_of_one(self, shapes: Shapes) -> None:
        """An item shown by the very schema that its collection's list has is a list of one, whatever its array is
        called, where the array's elements have the id and what is around them has none.
        """
        for op in self.ops:
            above = self.on(op.key[:-1], "get") if op.on_item and op.verb is None and op.method != "delete" else None
            if above is None or op.reply is None or above.reply is None or self.replies[op.id].listing is not None:
                continue
            listed = self.replies[above.id]
            around = shapes.unit(op.reply).node
            if around is not shapes.unit(above.reply).node or listed.listing is None or not listed.listing.place:
                continue
            inside = listed.listing.item.node
            if _identifies(shapes, inside, op.names[-1]) and not _identifies(shapes, around, op.names[-1]):
                self.replies[op.id] = listed

    def _made_as_shown(self, shapes: Shapes) -> None:
        """What answers with the very schema that an item is shown by answers one record, whatever arrays that has."""
        for op in self.ops:
            listing = self.replies[op.id].listing
            if op.method == "get" or op.on_item or op.verb is not None or listing is None or not listing.place:
                continue
            shown = self.on((*op.key, HOLE), "get")
            if shown is None or shown.reply is None or self.replies[shown.id].listing is not None:
                continue
            if shapes.unit(shown.reply).node is shapes.unit(op.reply).node:
                self.replies[op.id] = self.replies[shown.id]

    def _open_maps(self, shapes: Shapes) -> None:
        """`{"tags": {…}}` around a map of any keys is the record itself where what is sent there has `tags` as well."""
        for op in self.ops:
            reply = self.replies[op.id]
            if not reply.wrap or reply.listing is not None or reply.unit is None or shapes.properties(reply.unit.node):
                continue
            bodies = [other.body for other in self.at.get(op.key, ()) if other.body is not None]
            if any(reply.wrap in shapes.properties(shapes.unit(body).node) for body in bodies):
                self.replies[op.id] = Reply(unit=shapes.unit(op.reply))

    def _likely(self, op: Op) -> bool:
        """Whether a GET is on a path that holds many: it has items below, things are made there, or it is a plural."""
        if op.method != "get" or op.on_item or not op.key:
            return False
        return (*op.key, HOLE) in self.at or "post" in self.methods(op.key) or is_plural(op.key[-1])

    def methods(self, key: Key) -> set[str]:
        """Methods of the operations at a path."""
        return {op.method for op in self.at.get(key, ())}

    def on(self, key: Key, method: str) -> Op | None:
        """The operation at a path, or None."""
        return next((op for op in self.at.get(key, ()) if op.method == method), None)

    def is_collection(self, key: Key) -> bool:
        """Whether a path (ending in a literal) holds records."""
        known = self._collections.get(key)
        if known is None:
            known = self._collections[key] = self._is_collection(key)
        return known

    def _is_collection(self, key: Key) -> bool:
        if not key or key[-1] == HOLE:
            return False
        getter, poster = self.on(key, "get"), self.on(key, "post")
        listed = getter is not None and self.replies[getter.id].listing is not None
        if HOLE in self.below.get(key, ()):
            item = (*key, HOLE)
            inner = self.methods(item)
            if inner & {"put", "patch", "delete"} or (listed and inner) or (poster and inner):
                return True
            one = self.on(item, "get")
            if one is not None and self.replies[one.id].listing is not None:
                return False
            return bool(inner) or bool(self.below.get(item)) or listed
        if getter is not None and not listed:
            return False
        word = key[-1]
        if is_verb(word):
            return False
        if listed:
            unit = self.replies[getter.id].unit if getter else None
            return unit is not None and bool(unit.node) and bool(unit.node.get("properties") or unit.name)
        return False

    def home(self, op: Op) -> Key | None:
        """The deepest collection an operation's path is in (its own path, or above), or None."""
        for end in range(len(op.key), 0, -1):
            part = op.key[:end]
            if part[-1] != HOLE and self.is_collection(part):
                return part
        return None
