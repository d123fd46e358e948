"""What a round trip is judged by: finding an id in a reply, and whether what was sent is shown again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from contradictions import Contradictions
from documents import Document

LINKS = ("uri", "self", "selflink", "href", "url", "link")
NAMED = ("key", "slug", "name", "code", "number", "login", "username", "token")

FORMS = {
    "uri": re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE),
    "uuid": re.compile(r"^[0-9a-f-]{36}$", re.IGNORECASE),
    "email": re.compile(r"@"),
    "date": re.compile(r"^\d{4}-\d\d-\d\d$"),
    "date-time": re.compile(r"^\d{4}-\d\d-\d\d[Tt ]"),
    "byte": re.compile(r"^[A-Za-z0-9+/]*=*$"),
}
"""Formats that a value of a plain string schema may miss."""


def bare(name: str) -> str:
    """Letters and digits of a name in lower case."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


WRAPS = ("data", "result", "item", "response", "payload", "attributes", "metadata", "resource", "body", "entity")


def levels(value: Any, depth: int, hints: Collection[str] = ()) -> Iterator[dict[str, Any]]:
    """Objects that many levels down; of lists the first element. With `hints` only inside what wraps a record."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        if depth == 0:
            yield value
        elif sum(isinstance(each, (str, int, float)) for each in value.values()) < 8:
            inner = [each for each in value.values() if isinstance(each, (dict, list))]
            for name, each in value.items():
                word = bare(name)
                wraps = (
                    word in WRAPS
                    or word.rstrip("s") in WRAPS
                    or word.rstrip("s") in hints
                    or word.removesuffix("reference") in hints
                )
                wraps = wraps or any(len(hint) > 3 and word.endswith(hint) for hint in hints)
                if not hints or wraps or (inner == [each] and len(value) < 3):
                    yield from levels(each, depth - 1, hints)


def nouns(path: str) -> set[str]:
    """The bare singulars that the last literal of a path may have."""
    word = bare(re.sub(r"\{[^{}]*\}|\.(json|xml)$", "", path).rstrip("/").rpartition("/")[2])
    return {word, word.removesuffix("s"), word.removesuffix("es"), re.sub("ies$", "y", word)}


def found_id(
    answer: tuple[Any, Any, Mapping[str, str]], param: str, collection: str, sent: Any, asked: Asked
) -> str | None:
    """The new record's id in the reply to its create, as the path's parameter admits it."""
    _, reply, headers = answer
    words, sent = nouns(collection), sent if isinstance(sent, dict) else {}
    mine = [bare(param), *(f"{n}{s}" for n in words for s in ("id", "uuid", "guid", "key", "sid"))]
    plain = ["id", "uuid", "guid", "gid", "sid", "uid", "entityid"]
    first = [*plain, *mine] if asked.order == "id" else [mine[0], *plain, *mine[1:]]
    ending = [k for place in levels(reply, 0) for k in scalars(place) if k.endswith("id") and bare(param).endswith(k)]
    other = [k for place in levels(reply, 0) for k in scalars(place) if k.endswith("id") and k not in scalars(sent)]
    last = [
        *ending,
        *(other if len(other) == 1 else ()),
        *NAMED,
        *(f"{n}{s}" for n in words for s in ("name", "number", "code")),
    ]
    chosen = scalars(next(levels(sent, 0), {})).get(bare(param))
    where = next((v for k, v in headers.items() if k.lower() == "location"), "")
    found = [
        *_named(reply, first, words),
        *([str(chosen)] if chosen is not None else []),
        *([unquote(where.partition("?")[0].rstrip("/").rpartition("/")[2])] if where else []),
        *(id.rstrip("/").rpartition("/")[2] for id in _named(reply, LINKS, words) if "/" in id),
        *_named(reply, last, words),
        *(
            str(v)
            for d in range(3)
            for place in levels(reply, d)
            for k, v in scalars(place).items()
            if k == bare(param)
        ),
        *([str(reply)] if isinstance(reply, (str, int)) and not isinstance(reply, bool) else []),
    ]
    return next((id for id in found if id and asked.admits(id)), None)


@dataclass(frozen=True, slots=True)
class Asked:
    """How an id is looked for: plain `id` or the name of the path's parameter first, and what that parameter admits."""

    order: str
    admits: Callable[[str], bool]


def _named(reply: Any, names: Collection[str], words: Collection[str]) -> Iterator[str]:
    for depth in range(3):
        for place in levels(reply, depth, words):
            known = scalars(place)
            yield from (str(known[name]) for name in names if known.get(name) not in (None, ""))


def scalars(place: Mapping[str, Any]) -> dict[str, Any]:
    """Bare name → value of the texts and whole numbers of an object."""
    return {bare(k): v for k, v in place.items() if isinstance(v, (str, int)) and not isinstance(v, bool)}


def holds(shown: Any, id: str, inside: bool = False) -> bool:
    """Whether an element of a list reply has an id: as a value, as a key of a map, or at the end of a link."""
    if isinstance(shown, dict):
        if any(k in ("id", "uuid") or k.endswith("id") for k, v in scalars(shown).items() if str(v) == id):
            return True
        keyed = id in shown and (inside or isinstance(shown[id], dict))
        inner = [v for v in shown.values() if isinstance(v, (dict, list))]
        texts = [v for v in shown.values() if inside and isinstance(v, str)]
        named = any(unquote(v).endswith("/" + id) or (v == id and not id.isdecimal()) for v in texts)
        return keyed or named or any(holds(v, id, inside) for v in inner)
    if isinstance(shown, list):
        return any(holds(v, id, True) for v in shown)
    return inside and (plain(shown) == id or (isinstance(shown, str) and unquote(shown).endswith("/" + id)))


def shows_one(shown: Any, item: Any) -> bool:
    """Whether an element of a list reply is the whole record that the item is shown as."""
    records = [place for depth in range(3) for place in levels(item, depth) if len(scalars(place)) > 1]
    return any(element in records for element in _elements(shown))


def _elements(value: Any) -> Iterator[Any]:
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if isinstance(value, list) and isinstance(each, dict):
            yield each
        yield from _elements(each)


class Comparison:
    """Compares what was sent with what a reply shows, by the reply's schema."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.contradictions = Contradictions(document)
        self.counts: Counter[str] = Counter()
        self.leave: set[str] = set()

    def lost(self, sent: Any, shown: Any, schema: Any, leave: set[str]) -> str:
        """The first property that a reply of this schema can show and shows otherwise than it was sent; else empty."""
        if not isinstance(sent, dict):
            return ""
        given, shown, schema = self._aligned(sent, shown, schema)
        self.leave = leave
        return self._object(given, shown, schema, "", 0)

    def _aligned(self, sent: dict[str, Any], shown: Any, schema: Any) -> tuple[dict[str, Any], Any, Any]:
        """The record in what was sent and in what is shown: the pair of objects with the most names in common."""
        best: tuple[int, dict[str, Any], Any, Any] = (-1, sent, shown, schema)
        inner = [sent, *(v for v in sent.values() if isinstance(v, dict))]
        for place, node in self._places(shown, schema, 0):
            names = set(self.document.properties(node))
            for one in inner:
                if one is not sent and set(one) <= {"id", "type", "href", "name", "login", "email"}:
                    continue
                score = 2 * len(names & set(one)) - (one is not sent)
                if score > best[0]:
                    best = (score, one, place, node)
        return best[1], best[2], best[3]

    def _places(self, shown: Any, schema: Any, depth: int) -> Iterator[tuple[Any, Any]]:
        yield shown, schema
        if depth >= 2:
            return
        few = depth or isinstance(shown, list) or len(self.document.properties(schema)) < 4
        if isinstance(shown, list) and shown:
            yield from self._places(shown[0], self.document.merged(schema).get("items", {}), depth + 1)
        if isinstance(shown, dict):
            for name, node in self.document.properties(schema).items():
                if isinstance(shown.get(name), dict if not few else (dict, list)):
                    yield from self._places(shown[name], node, depth + 1)

    def _object(self, sent: dict[str, Any], shown: Any, schema: Any, path: str, depth: int) -> str:
        known = self.document.properties(schema)
        for name, value in sent.items():
            if depth < 3 and bare(name) in self.leave:
                continue
            node = known.get(name)
            if node is None:
                self.counts["not readable"] += 1
                continue
            inner = self.document.merged(node)
            hidden = inner.get("writeOnly") or (isinstance(node, Mapping) and node.get("writeOnly"))
            if hidden or inner.get("readOnly") or (isinstance(node, Mapping) and node.get("readOnly")):
                self.counts["hidden or read-only"] += 1
                continue
            if inner.get("format") in ("password", "binary") or not self.fits(value, inner):
                self.counts["another type in the reply"] += 1
                continue
            self.counts["compared"] += 1
            if not isinstance(shown, dict) or name not in shown:
                wrong = f"{path}{name} is missing, sent {value!r:.50}"
            else:
                wrong = self._value(value, shown[name], node, f"{path}{name}", depth)
            if wrong and not self._refused(shown, name, value, schema):
                return wrong
        return ""

    def _refused(self, shown: Any, name: str, value: Any, schema: Any) -> bool:
        """Whether a reply's schema takes what is shown, and would not take what was sent in its place."""
        if not isinstance(shown, dict) or self.contradictions.first(schema, shown):
            return False
        refused = bool(self.contradictions.first(schema, {**shown, name: value}))
        self.counts["refused by the reply's schema"] += refused
        return refused

    def _value(self, sent: Any, shown: Any, node: Any, path: str, depth: int) -> str:
        if isinstance(sent, dict) and isinstance(shown, dict):
            if depth < 6 and self.document.properties(node):
                return self._object(sent, shown, node, f"{path}.", depth + 1)
            return "" if all(k in shown for k in sent) else f"{path}: sent {sent!r:.60}, shown {shown!r:.60}"
        if isinstance(sent, list) and isinstance(shown, list):
            if len(sent) > len(shown):
                return f"{path}: sent {len(sent)} elements, shown {len(shown)}"
            items = self.document.merged(node).get("items", {})
            pairs = enumerate(zip(sent, shown, strict=False))
            return next((w for n, (a, b) in pairs if (w := self._value(a, b, items, f"{path}.{n}", depth + 1))), "")
        return "" if same(sent, shown) else f"{path}: sent {sent!r:.60}, shown {shown!r:.60}"

    def fits(self, value: Any, node: Mapping[str, Any]) -> bool:
        """Whether the reply's schema admits a value that was sent, as far as type, enum, and bounds say."""
        types = self.document.types(node)
        kind = {str: "string", bool: "boolean", int: "integer", float: "number", dict: "object", list: "array"}
        mine = kind.get(type(value), "null")
        if types and mine not in types and not (mine == "integer" and "number" in types):
            return False
        values = node.get("enum")
        if isinstance(values, list) and value not in values:
            return False
        if isinstance(value, str) and node.get("format") in FORMS and not FORMS[node["format"]].search(value):
            return False
        if isinstance(value, str) and isinstance(node.get("pattern"), str):
            with_pattern = _search(node["pattern"], value)
            return with_pattern and len(value) <= node.get("maxLength", len(value))
        if isinstance(value, str):
            return node.get("minLength", 0) <= len(value) <= node.get("maxLength", len(value))
        if isinstance(value, list):
            few = len(value) < node.get("minItems", 0)
            return not few and all(self.fits(each, self.document.merged(node.get("items", {}))) for each in value)
        if (
            isinstance(value, dict)
            and isinstance(node.get("additionalProperties"), Mapping)
            and not node.get("properties")
        ):
            return all(self.fits(each, self.document.merged(node["additionalProperties"])) for each in value.values())
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return bool(node.get("minimum", value) <= value <= node.get("maximum", value))
        return True


def _search(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return False


def same(sent: Any, shown: Any) -> bool:
    """Equal, also where one is the text of the other."""
    return sent == shown or (
        not isinstance(sent, (dict, list)) and not isinstance(shown, (dict, list)) and plain(sent) == plain(shown)
    )


def plain(value: Any) -> str:
    """A scalar as a form would carry it."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
