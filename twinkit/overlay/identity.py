"""What identifies and describes a record: id property and pattern, parent links, times, verbs' effects.

Imports: shapes, words."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from twinkit.overlay.shapes import Shapes
from twinkit.overlay.words import listed, norm, noun, opposite, participles, split, stem

PLAIN_IDS = (
    "id",
    "_id",
    "Id",
    "ID",
    "$id",
    "@id",
    "uuid",
    "guid",
    "uid",
    "sid",
    "gid",
    "key",
    "slug",
    "token",
    "arn",
    "number",
)
NAMES = (
    "name",
    "code",
    "login",
    "username",
    "userName",
    "handle",
    "identifier",
    "email",
    "title",
    "href",
    "uri",
    "url",
)
CREATED = listed("""
    created created_at createdAt creation_time creationTime create_time createTime date_created dateCreated
    created_on createdOn created_date createdDate creation_date creationDate inserted_at insertedAt
    created_time createdTime createdTimestamp created_timestamp created_datetime creationTimestamp dateAdded
    date_added added_at timestamp
    """)
UPDATED = listed("""
    updated updated_at updatedAt update_time updateTime date_updated dateUpdated updated_on updatedOn
    updated_date updatedDate modified modified_at modifiedAt modified_on modifiedOn last_modified lastModified
    lastUpdated last_updated last_updated_at lastUpdatedAt modification_time modificationDate modified_date
    modifiedDate date_modified dateModified lastModifiedDate last_modified_at lastModifiedDateTime updatedTime
    lastUpdatedTime lastUpdateTime updateDate dateLastUpdated
    """)
DELETED = ["deleted_at", "deletedAt", "date_deleted", "removed_at", "archived_at", "deleteTime", "deletion_time"]
_TIMEY = re.compile(
    r"(_at|At|_on|On|_time|Time|_date|Date|Timestamp|timestamp|^created$|^updated$|^modified$|_until|_from)$"
)
_EXAMPLE = re.compile(r"^([A-Za-z]{1,12}[_-](?:(?:test|live)_)?)([A-Za-z0-9]{8,40})$")
_CLASS = re.compile(r"^\^?([A-Za-z_\-:]*)(?:\[([^\]]+)\]|\\([dw]))(?:\{(\d+)(?:,(\d*))?\}|\+|\*)\$?$")


ALIASES: Mapping[str, tuple[str, ...]] = {"username": ("login", "user_name", "handle"), "login": ("username",)}
"""Other words for what a path parameter names."""
NUMBERS = ("number", "nbr", "no", "num", "nr")
"""How a number is spelled, in paths one way and in records another."""
OWN = ("id", "uuid", "key", "uid", "guid", "arn", "sid", "number", "code", "slug", "token", "identifier", "ref", "name")
"""What a record's own id may be called after its noun: `sessionId`, `DetectorArn`, `pageName`."""


def id_property(
    shapes: Shapes,
    node: Any,
    param: str | None,
    resource: str,
    *,
    guess: bool = True,
    given: Collection[str] = (),
    parents: Collection[str] = (),
) -> str | None:
    """The property that shows the id which a path parameter `param` names, or None.

    `guess`: also by a likeness. `given`: what callers send, which names other records rather than this one.
    `parents`: what the path calls the record's parents, as `norm` spells it.
    """
    scalars: Mapping[str, Any] = shapes.scalar_properties(node)
    if parents:
        scalars = {name: schema for name, schema in scalars.items() if norm(name) not in parents}
    if not scalars:
        return None
    by_norm: dict[str, str] = {}
    for name in scalars:
        by_norm.setdefault(norm(name), name)
    nouns = {norm(resource), norm(resource.rpartition(".")[2])}
    own = [by_norm[k] for k in (f"{n}{s}" for n in nouns for s in OWN) if k in by_norm]
    own += _ending(by_norm, nouns) if not own else []
    plain = next((n for n in PLAIN_IDS[:11] if n in scalars), None)
    if param:
        exact = by_norm.get(norm(param))
        if exact is not None and (plain is None or exact == plain or norm(param) not in nouns):
            return exact
        words = split(param)
        short = [norm("".join(words[:-1])) + end for end in NUMBERS] if words and words[-1] in NUMBERS else []
        brief = next((by_norm[k] for k in short if k in by_norm), None)
        if brief is not None and plain is None:
            return brief
        rest = _tail(param, nouns)
        if rest and rest in by_norm and (rest != "id" or plain == by_norm[rest]):
            return by_norm[rest]
        ends = [k for k in by_norm if len(k) > 3 and k.endswith("id") and norm(param).endswith(k)]
        if plain is None and ends:
            return by_norm[max(ends, key=len)]
        alias = next((a for a in ALIASES.get(norm(param), ()) if a in scalars), None)
        if alias is not None:
            return alias
    if plain is not None:
        return plain
    if own:
        return own[0]
    entity = next((by_norm[n] for n in ("entityid", "objectid", "resourceid", "pk") if n in by_norm), None)
    if entity is not None:
        return entity
    return _last_resort(scalars, by_norm, param, given) if guess else None


def _ending(by_norm: Mapping[str, str], nouns: Collection[str]) -> list[str]:
    """The one id whose noun ends like the record's: `expenseId` of a goal expense, `goalExpenseId` of an expense."""
    found = []
    for word, name in by_norm.items():
        stem = word.removesuffix("id")
        if stem != word and len(stem) > 4 and any(len(n) > 4 and (n.endswith(stem) or stem.endswith(n)) for n in nouns):
            found.append(name)
    return found if len(found) == 1 else []


_HOLDERS = ("metadata", "meta", "reference", "ref", "identifier", "identity", "identification", "key", "info")
"""What an object inside a record is called (after the record's noun, often) that says which record it is."""


def id_place(shapes: Shapes, node: Any, param: str, resource: str) -> str | None:
    """The dotted place of an id inside a record: `metadata.name`, `datasetReference.datasetId`; None: there is none."""
    nouns = {norm(resource), norm(resource.rpartition(".")[2]), norm(resource.rpartition("_")[2])}
    wanted = [norm(param), *(f"{n}{s}" for n in sorted(nouns) for s in ("id", "name", "key"))]
    wanted += ["id"] if _tail(param, nouns) == "id" else []
    for name, schema in shapes.properties(node).items():
        word = norm(name)
        own = any(word in (n, *(n + holder for holder in _HOLDERS)) for n in nouns)
        if not (own or word in _HOLDERS) or not shapes.is_object(schema):
            continue
        inner = {norm(n): n for n in shapes.scalar_properties(shapes.unit(schema).node)}
        found = next((inner[w] for w in (*wanted, *(("id", "name") if own else ())) if w in inner), None)
        if found is not None:
            return f"{name}.{found}"
    return None


LINKS = ("self", "selflink", "href", "selfurl", "selfuri", "selfhref")
_HOLDING_LINKS = ("links", "link", "meta", "metadata")


def link_property(shapes: Shapes, node: Any, *, sent: Collection[str], sure: bool = True) -> str | None:
    """The dotted place in a record of its own address: `selfLink`, `_links.self.href`; None: there is none.

    `sent`: what callers set. Unless `sure`, a plain `url` is one as well (of what shows no id).
    """
    names = LINKS if sure else (*LINKS, "url", "uri", "link", "location", "resourceuri", "resourceurl")
    properties = {norm(n): n for n in shapes.properties(node) if n not in sent}
    for word in names:
        if word in properties:
            schema = shapes.properties(node)[properties[word]]
            if "string" in shapes.types(schema):
                return properties[word]
            inner = shapes.properties(shapes.unit(schema).node) if word == "self" else {}
            if "href" in inner:
                return f"{properties[word]}.href"
    for word in _HOLDING_LINKS:
        holder = shapes.properties(node).get(properties.get(word, ""), {})
        inner = shapes.properties(shapes.unit(holder).node)
        place = next((n for n in inner if norm(n) in LINKS), None)
        if place is None:
            continue
        if "string" in shapes.types(inner[place]):
            return f"{properties[word]}.{place}"
        if "href" in shapes.properties(shapes.unit(inner[place]).node):
            return f"{properties[word]}.{place}.href"
    return None


_TAILS = listed("""
    number key slug name code uuid id token sid sha hash ref guid handle ip address email domain
    """)
"""Last words of a parameter that name a property by themselves."""


def _tail(param: str, nouns: set[str]) -> str:
    """`number` of `issue_number`, `key` of `projectKey`; the empty string when the parameter has one word."""
    words = split(param)
    if len(words) < 2:
        return ""
    head = norm("".join(words[:-1]))
    last = words[-1]
    return last if head in nouns or last in _TAILS or any(len(head) > 2 and n.endswith(head) for n in nouns) else ""


def _last_resort(
    scalars: Mapping[str, Any], by_norm: Mapping[str, str], param: str | None, given: Collection[str]
) -> str | None:
    for name in PLAIN_IDS[11:]:
        if name in scalars:
            return name
    ending = [n for n in scalars if re.search(r"(_id|Id|ID|_uuid|Uuid|Guid|_key|Sid|Arn)$", n) and n not in given]
    if len(ending) == 1:
        return ending[0]
    if param:
        words = split(param)
        last = words[-1] if words else ""
        tails = [by_norm[k] for k in by_norm if last and k.endswith(last)]
        if len(tails) == 1:
            return tails[0]
        inside = [k for k in by_norm if len(k) > 3 and norm(param).endswith(k)]
        if inside:
            return by_norm[max(inside, key=len)]
        heads = [by_norm[k] for k in by_norm if len(k) > 1 and norm(param).startswith(k)]
        if len(heads) == 1:
            return heads[0]
        for name in NAMES:
            if last and norm(name) == last:
                return by_norm.get(norm(name), name) if norm(name) in by_norm else None
        close = next((by_norm[k] for k in by_norm if last and last not in ("id", "name") and k.endswith(last)), None)
        if close is not None:
            return close
    for name in NAMES[:6]:
        if norm(name) in by_norm:
            return by_norm[norm(name)]
    return ending[0] if ending else None


def id_type(shapes: Shapes, schema: Any) -> str:
    """JSON type of an id: integer, number or string."""
    types = shapes.types(schema)
    if "string" in types or not types:
        return "string"
    return "integer" if "integer" in types else "number"


NARROWING = ("pattern", "format", "enum", "minLength", "maxLength", "const")


def narrower(shapes: Shapes, path: Any, schema: Any) -> bool:
    """Whether ids are to be made by the path parameter's schema rather than by the id property's."""
    given, shown = shapes.merged(path), shapes.merged(schema)
    kinds, types = shapes.types(given), shapes.types(shown)
    if types and "string" not in types:
        return False
    if kinds & {"integer", "number"}:
        return True
    if given.get("format") and given.get("format") != shown.get("format") and "pattern" not in shown:
        return True
    return "string" in kinds and any(k in given for k in NARROWING) and not any(k in shown for k in NARROWING)


def id_pattern(shapes: Shapes, schema: Any) -> str | None:
    """An id pattern (twinkit.ids) for the id property; None: make it from the schema (unusual patterns, enums)."""
    node = shapes.merged(schema)
    live = [b for b in node.get("anyOf") or node.get("oneOf") or () if shapes.types(b) != {"null"}]
    if live and "pattern" not in node:
        return id_pattern(shapes, live[0])
    if id_type(shapes, schema) != "string":
        return "{seq}" if _small(node) else None
    if node.get("enum") or "const" in node:
        return None
    if node.get("format") in ("uuid", "guid"):
        return "{uuid}"
    if node.get("format") not in (None, "string", "byte", "id", "int64", "objectid"):
        return None
    if node.get("format") == "int64":
        return "{seq}"
    found = _from_pattern(node) if "pattern" in node else _from_example(node)
    if found is not None or "pattern" in node:
        return found
    least, most = node.get("minLength"), node.get("maxLength")
    length = 20
    if isinstance(most, int):
        length = min(length, most)
    if isinstance(least, int):
        length = max(length, least)
    return f"{{alnum:{length}}}" if length > 0 else None


def _small(node: Mapping[str, Any]) -> bool:
    least, most = node.get("minimum"), node.get("maximum")
    if isinstance(least, (int, float)) and least > 1:
        return False
    return not isinstance(most, (int, float)) or most >= 1_000_000


def _from_pattern(node: Mapping[str, Any]) -> str | None:
    match = _CLASS.match(re.sub(r"\(\??:?((?:\[[^\]]+\]|\\[dw])(?:\{[\d,]+\}|[+*])?)\)", r"\1", str(node["pattern"])))
    if not match:
        return None
    prefix, inside, short, low, high = match.groups()
    kind = {"d": "digits", "w": "alnum"}[short] if short else _class_kind(inside)
    if kind is None:
        return None
    least = int(low or 0) if low else 0
    length = least if low and (high is None or high == str(least)) else max(least, min(16, int(high) if high else 16))
    for bound, better in (("minLength", max), ("maxLength", min)):
        if isinstance(node.get(bound), int):
            length = better(length, node[bound] - len(prefix))
    return f"{prefix}{{{kind}:{length}}}" if length > 0 else None


def _class_kind(inside: str) -> str | None:
    plain = inside.replace("\\", "")
    for kind, needs in (
        ("alnum", ("a-z", "A-Z", "0-9")),
        ("lower", ("a-z", "0-9")),
        ("upper", ("A-Z", "0-9")),
        ("hex", ("a-f", "0-9")),
        ("letters", ("a-z", "A-Z")),
        ("digits", ("0-9",)),
    ):
        if all(need in plain for need in needs):
            return kind
    return None


def _from_example(node: Mapping[str, Any]) -> str | None:
    """`acct_{alnum:16}` from the example `acct_1032D82eZvKYlo2C`."""
    example = node.get("example")
    if example is None and isinstance(node.get("examples"), list) and node["examples"]:
        example = node["examples"][0]
    if not isinstance(example, str):
        return None
    if re.fullmatch(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}", example):
        return "{uuid}"
    match = _EXAMPLE.match(example)
    if match and any(c.isdigit() for c in match[2]):
        return f"{match[1]}{{{'lower' if match[2].islower() else 'alnum'}:{len(match[2])}}}"
    if re.fullmatch(r"[0-9a-f]{16,64}", example):
        return f"{{hex:{len(example)}}}"
    if re.fullmatch(r"[0-9]{1,18}", example):
        return "{seq}"
    return None


def scope_property(shapes: Shapes, node: Any, param: str, parent: str) -> str | None:
    """The property of a nested record that holds its parent's id; None when the schema has none."""
    properties = shapes.properties(node)
    by_norm: dict[str, str] = {}
    for name in properties:
        by_norm.setdefault(norm(name), name)
    last = noun(parent.rpartition(".")[2]) if parent else ""
    tail = split(param)[-1] if split(param) else ""
    bare = norm(re.sub(r"(_?[iI][dD]|_?[kK]ey|_?[sS]lug|_?[uU]uid|_?[nN]ame)$", "", param))
    names = [norm(param)] if norm(param) not in ("id", "uuid", "key", "name", "slug") else []
    short = last.rpartition("_")[2]
    said = norm(last) in norm(param) or norm(param) in norm(last) or tail in _TAILS or tail == "arn"
    mine = [norm(last) + "id", norm(last) + norm(tail), bare + "id", norm(last), bare, short + "id", short]
    names += mine if said else [bare + "id", bare]
    for name in names:
        found = by_norm.get(name) if name not in ("id", "") else None
        if found is None:
            continue
        if shapes.types(properties[found]) & {"string", "integer", "number"}:
            return found
        if shapes.is_object(properties[found]):
            inner = shapes.properties(shapes.unit(properties[found]).node)
            named = tail in ("slug", "name", "key", "login", "code", "number", "uuid")
            for key in (tail,) if named else ("id", norm(tail), "uuid", "key", "login", "slug", "name"):
                hit = next((n for n in inner if norm(n) == key), None)
                if hit is not None and shapes.types(inner[hit]) & {"string", "integer", "number"}:
                    return f"{found}.{hit}"
    return None


def times(shapes: Shapes, node: Any) -> tuple[dict[str, str], dict[str, str]]:
    """(timestamps, time_formats) of a record's schema."""
    properties = shapes.properties(node)
    formats = {name: form for name, schema in properties.items() if (form := time_format(shapes, name, schema))}
    stamps: dict[str, str] = {}
    by_norm = {norm(name): name for name in reversed(list(formats))}
    for key, words in (("create", CREATED), ("update", UPDATED), ("delete", DELETED)):
        found = next((by_norm[norm(w)] for w in words if norm(w) in by_norm), None)
        if found is not None:
            stamps[key] = found
    return stamps, formats


def time_format(shapes: Shapes, name: str, schema: Any) -> str | None:
    """How a property spells a time: "unix", "unix_ms", "iso", "date"; None when it holds none."""
    unit = shapes.unit(schema)
    node = unit.node
    form = node.get("format")
    types = shapes.types(schema)
    if form == "date-time":
        return "iso"
    if form == "date":
        return "date" if "string" in types else None
    if form in ("unix-time", "unixtime", "timestamp"):
        return "unix"
    if not _TIMEY.search(name) or form in ("uri", "duration", "time"):
        return None
    if "integer" in types or "number" in types:
        return "unix_ms" if "Millis" in name or "_ms" in name or form == "int64-ms" else "unix"
    known = {norm(w) for w in (*CREATED, *UPDATED, *DELETED)}
    plain = "string" in types and not node.get("pattern") and not node.get("enum") and not node.get("maxLength")
    return "iso" if plain and norm(name) in known else None


def effects(shapes: Shapes, node: Any, verb: str) -> dict[str, Any]:
    """What a verb sets on a record of this schema: a status, a flag or a time; empty when nothing fits."""
    words = split(verb)
    if not words:
        return {}
    word = words[0]
    properties = shapes.properties(node)
    states = participles(word)
    out: dict[str, Any] = {}
    for name, schema in properties.items():
        low = norm(name)
        if low in ("status", "state", "lifecyclestate", "phase", "lifecyclestatus"):
            value = _enum_value(shapes, schema, states)
            if value is not None:
                out[name] = value
    undone = opposite(word)
    out.update(_flags(shapes, properties, states, True))
    if undone:
        out.update(_flags(shapes, properties, participles(undone), False))
    return out


def _enum_value(shapes: Shapes, schema: Any, states: Sequence[str]) -> Any:
    node = shapes.unit(schema).node
    values = node.get("enum")
    if not isinstance(values, list):
        return None
    by_norm = {norm(str(v)): v for v in values if v is not None}
    for state in states:
        if norm(state) in by_norm:
            return by_norm[norm(state)]
    return next(
        (v for k, v in by_norm.items() if len(stem(states[-1])) > 4 and k.startswith(stem(states[-1])[:-2])), None
    )


def _flags(shapes: Shapes, properties: Mapping[str, Any], states: Sequence[str], on: bool) -> dict[str, Any]:
    out: dict[str, Any] = {}
    wanted = {norm(state) for state in states}
    for name, schema in properties.items():
        words = split(name)
        if not words:
            continue
        types = shapes.types(schema)
        core = norm("".join(words[1:] if words[0] in ("is", "has") else words))
        if core in wanted and "boolean" in types:
            out[name] = on
        elif len(words) > 1 and words[-1] in ("at", "on", "date", "time") and norm("".join(words[:-1])) in wanted:
            out[name] = {"$now": True} if on else {"$clear": True}
    return out


def natural_keys(shapes: Shapes, node: Any, body: Any, id_name: str | None) -> list[str]:
    """Properties that look like natural keys: a slug or login that the caller gives and that is required."""
    given = shapes.properties(shapes.unit(body).node) if body is not None else {}
    required = shapes.required(shapes.unit(body).node) if body is not None else set()
    shown = shapes.properties(node)
    names = ("slug", "login", "username", "userName", "handle", "user_name")
    return [n for n in names if n in given and n in shown and n in required and n != id_name]
