"""Lists, searches and counts: filters, order, pages and the envelope around them.

Imports: behaviour (ctx, request), overlay (compiled), store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar, cast

import orjson

from twinkit.behaviour import madeup
from twinkit.behaviour.ctx import OWN_ID, Ctx
from twinkit.behaviour.generic.dotted import dig, put
from twinkit.behaviour.generic.paging import Paging, any_cursor, link_header, paging_of, was_sent
from twinkit.behaviour.generic.replies import constants, example_reply, hides, shown_record
from twinkit.behaviour.generic.scope import check_parents, locate, scope_filters, way_of, write_parents
from twinkit.behaviour.request import RawJSON, Reply, Request
from twinkit.contract.validate import Violation
from twinkit.errors import InvalidCursor
from twinkit.overlay.compiled import Binding
from twinkit.store import Filter
from twinkit.store.conditions import Op

T = TypeVar("T")
RANGE: dict[str, Op] = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


@dataclass(slots=True)
class Found:
    """One page of a list."""

    rows: list[bytes]
    ids: list[str]
    has_more: bool
    total: int | None = None


def list_records(ctx: Ctx, request: Request, binding: Binding) -> Reply:
    """The records in scope that pass the filters, a page at a time."""
    if not binding.resource:
        return example_reply(ctx, request, binding)
    check_parents(ctx, request, binding)
    paging = paging_of(ctx, request, binding)
    where, python = conditions(ctx, request, binding)
    found = find(ctx, request, binding, paging, where, python)
    if not found.ids and madeup.wanted(ctx) and paging.after is None and paging.before is None:
        found = _made_up(ctx, request, binding)
    return envelope(ctx, request, binding, paging, found)


def _made_up(ctx: Ctx, request: Request, binding: Binding) -> Found:
    """A page of one made-up record, where no list is to be empty."""
    values: dict[str, Any] = {}
    write_parents(ctx, request, binding, values)
    record = madeup.new(ctx, binding.resource or "", values)
    key = str(record.get(ctx.resource(binding.resource or "").id_property or "", ""))
    return Found([orjson.dumps(record)], [key], False, 1)


def count(ctx: Ctx, request: Request, binding: Binding) -> Reply:
    """How many records pass the filters."""
    check_parents(ctx, request, binding)
    where, python = conditions(ctx, request, binding)
    total = len(matching(ctx, binding, where, python)) if python else ctx.store.count(binding.resource or "", where)
    place = binding.envelope.get("total", "")
    if not place:
        return Reply(binding.status, total)
    body = constants(binding.envelope)
    put(body, place, total)
    return Reply(binding.status, body)


# what passes ---------------------------------------------------------------------------------------------------------

Condition = tuple[str, str, Any]


def conditions(ctx: Ctx, request: Request, binding: Binding) -> tuple[list[Filter], list[Condition]]:
    """The request's filters: those the store applies, and those on arrays or any text that are applied here."""
    params = request.params if binding.paging.get("in") == "body" or binding.kind == "search" else request.query
    where = scope_filters(ctx, request, binding)
    python: list[Condition] = []
    if binding.filters.keys().isdisjoint(params) and binding.comparisons.keys().isdisjoint(params):
        return where, python
    sent = _sent(request, params, binding.filters)
    compared = _sent(None, params, binding.comparisons)
    arrays = ctx.twin.array_properties(ctx.resource(binding.resource or "").schema)
    for field, value in sent:
        if field.startswith("?"):
            python.append((field[1:], "has" if field[1:].partition(".")[0] in arrays else "none or", value))
        elif field.partition(".")[0] in arrays:
            python.append((field, "has", value))
        elif isinstance(value, Mapping):
            where.extend(_inner(field, key, bound) for key, bound in value.items())
        elif isinstance(value, list):
            where.append(Filter(field, "in", value))
        else:
            where.append(Filter(field, "=", value))
    for (field, op), value in compared:
        if field == "*" or field.partition(".")[0] in arrays:
            python.append((field, op, value))
        else:
            where.append(Filter(field, cast("Op", op), value))
    return where, python


def _sent(request: Request | None, params: Mapping[str, Any], filters: Mapping[str, T]) -> list[tuple[T, Any]]:
    """(filter, value) of the parameters that say something; with a request, of those that it really carries."""
    return [
        (filter, params[name])
        for name, filter in filters.items()
        if params.get(name) not in (None, "", []) and (request is None or was_sent(request, name))
    ]


def _inner(field: str, key: str, wanted: Any) -> Filter:
    """One key of a filter that is an object: a bound (`gte`), else a property inside (`recurring[interval]`)."""
    return Filter(field, RANGE[key], wanted) if key in RANGE else Filter(f"{field}.{key}", "=", wanted)


def passes(record: Mapping[str, Any], condition: Condition) -> bool:
    """Whether a record passes a condition that the store does not apply."""
    field, op, value = condition
    if op == "is":
        asked = value if isinstance(value, list) else [value]
        return any(held in asked for held in record.values() if isinstance(held, str | int))
    if field == "*":
        text = str(value).lower()
        return any(text in str(held).lower() for held in record.values() if isinstance(held, str))
    held = dig(record, field)
    wanted = value if isinstance(value, list) else [value]
    if op == "none or":
        return held is None or held in wanted or str(_own(held)) in {str(each) for each in wanted}
    if op in ("has", "=", "in"):
        return isinstance(held, list) and any(item in held or _named(held, item) for item in wanted)
    return isinstance(held, list) and any(str(value) in str(item) for item in held)


def _own(held: Any) -> Any:
    """An object's id, where a record shows another record instead of naming it."""
    return (
        next((held[key] for key in ("id", "gid", "uuid", "key") if key in held), held)
        if isinstance(held, Mapping)
        else held
    )


def _named(held: Iterable[Any], wanted: Any) -> bool:
    return any(isinstance(item, Mapping) and wanted in (item.get("id"), item.get("name")) for item in held)


def matching(ctx: Ctx, binding: Binding, where: list[Filter], python: list[Condition]) -> list[tuple[str, bytes]]:
    """(key, stored bytes) of every record that passes, newest first."""
    page = ctx.store.list(binding.resource or "", where, limit=1_000_000)
    pairs = zip(page.ids, page.rows, strict=True)
    return [(key, row) for key, row in pairs if all(passes(orjson.loads(row), condition) for condition in python)]


# a page --------------------------------------------------------------------------------------------------------------


def order_of(request: Request, binding: Binding) -> tuple[str | None, str]:
    """(property to sort by, `newest` or `oldest`)."""
    rules = binding.sort
    if not rules:
        return None, "newest" if binding.paging.get("style") == "cursor_id" else "oldest"
    default = str(rules.get("default", "oldest" if binding.paging.get("style") != "cursor_id" else "newest"))
    given = request.query.get(rules["by"]) if rules.get("by") else None
    down = request.query.get(rules["direction"]) if rules.get("direction") else None
    if isinstance(given, list):
        given = given[0] if given else None
    if not isinstance(given, str) or not given:
        return None, _direction(down, default)
    declared = (rules.get("values") or {}).get(given)
    if declared:
        return declared[0], _direction(down or declared[1], "oldest")
    name, word = _spelled(given)
    return name, _direction(down or word, "oldest")


def _spelled(text: str) -> tuple[str, str | None]:
    if text[0] in "+-":
        return text[1:], "desc" if text[0] == "-" else "asc"
    for mark in (" ", ":", ",", "_"):
        name, _, word = text.rpartition(mark)
        if name and word.lower() in ("asc", "desc", "ascending", "descending"):
            return name, word.lower()
    return text, None


def _direction(word: Any, default: str) -> str:
    text = str(word or "").lower()
    if text.startswith(("desc", "-", "newest")):
        return "newest"
    return "oldest" if text.startswith(("asc", "+", "oldest")) else default


def find(
    ctx: Ctx, request: Request, binding: Binding, paging: Paging, where: list[Filter], python: list[Condition]
) -> Found:
    """The page that the request asks for. Raises the service's `invalid` for a cursor that names no place."""
    sort, order = order_of(request, binding)
    resource = binding.resource or ""
    if sort is not None and not _plain_name(sort):
        sort = None
    if python:
        return _slice(ctx, binding, paging, matching(ctx, binding, where, python), order)
    total = ctx.store.count(resource, where) if needs_total(binding) else None
    try:
        page = ctx.store.list(
            resource,
            where,
            order=order,  # type: ignore[arg-type]
            limit=paging.offset + paging.limit,
            after=paging.after and _cursor(ctx, request, binding, paging.after),
            before=paging.before and _cursor(ctx, request, binding, paging.before),
            sort=sort,
        )
    except InvalidCursor as error:
        if any_cursor(ctx, request):
            return Found([], [], False, total)
        raise cursor_error(ctx, request, paging, error.cursor) from None
    start = paging.offset
    return Found(page.rows[start:], page.ids[start:], page.has_more, total)


def _plain_name(name: str) -> bool:
    return len(name) <= 64 and all(part.replace("_", "").isalnum() for part in name.split("."))


def _cursor(ctx: Ctx, request: Request, binding: Binding, value: str) -> str:
    resource = ctx.resource(binding.resource or "")
    key = f"{way_of(request, binding)}/{value}" if resource.scoped and "/" not in value else value
    return (locate(ctx, resource, key, value) or key) if resource.keys else key


def cursor_error(ctx: Ctx, request: Request, paging: Paging, cursor: str) -> Exception:
    """The service's answer to a cursor that names no place: `invalid_cursor` where it has one, else `invalid`."""
    name = paging.after_parameter if paging.after is not None else paging.before_parameter
    if "invalid_cursor" in ctx.twin.compiled.errors:
        resource = request.binding.resource if request.binding else None
        return ctx.error("invalid_cursor", cursor=cursor, id=cursor, resource=resource, param=name or "cursor")
    return ctx.invalid(request, [Violation("query", (name or "cursor",), "format", "cursor", cursor)])


def _slice(ctx: Ctx, binding: Binding, paging: Paging, found: list[tuple[str, bytes]], order: str) -> Found:
    if order == "oldest":
        found = found[::-1]
    start = paging.offset
    keys = [key for key, _ in found]
    if paging.after in keys:
        start = keys.index(paging.after) + 1
    page = found[start : start + paging.limit]
    return Found([row for _, row in page], [key for key, _ in page], start + paging.limit < len(found), len(found))


def needs_total(binding: Binding) -> bool:
    """Whether the reply tells how many records there are in all."""
    paging = binding.paging
    shown = "total" in binding.envelope or "pages" in binding.envelope
    return shown or bool(paging.get("total_header") or paging.get("link") or binding.reply.get("total"))


# the envelope --------------------------------------------------------------------------------------------------------


def envelope(ctx: Ctx, request: Request, binding: Binding, paging: Paging, found: Found) -> Reply:
    """The page in the form of the reply."""
    raw = plain_rows(ctx, request, binding, found.rows)
    headers = page_headers(ctx, request, binding, paging, found)
    if "map" in binding.envelope:
        return Reply(binding.status, _mapped(ctx, binding, found), headers)
    place = binding.envelope.get("items", "")
    if place == "":
        if raw is not None:
            return Reply(binding.status, RawJSON(b"[%s]" % raw), headers)
        return Reply(binding.status, shown_rows(ctx, request, binding, found.rows), headers)
    body = around(ctx, request, binding, paging, found)
    if raw is not None and "." not in place:
        return Reply(binding.status, filled_in(body, place, raw), headers)
    put(body, place, filled(ctx, binding, shown_rows(ctx, request, binding, found.rows)))
    return Reply(binding.status, body, headers)


def filled_in(body: dict[str, Any], place: str, raw: bytes) -> RawJSON | dict[str, Any]:
    """The body with the elements of the list at one of its own properties, which are not copied more than once.

    A quote inside a text is written with a backslash, so what is looked for is a property, be it of an inner object.
    """
    body[place] = []
    mark = b"%s:[]" % orjson.dumps(place)
    head, _, tail = orjson.dumps(body).partition(mark)
    if mark in tail:
        return {**body, place: orjson.Fragment(b"[%s]" % raw)}
    return RawJSON(b"%s%s%s]%s" % (head, mark[:-1], raw, tail))


def plain_rows(ctx: Ctx, request: Request, binding: Binding, rows: list[bytes]) -> bytes | None:
    """The stored rows, commas between them, when they can be sent as they are, else None."""
    if (
        binding.resource in ctx.twin.renderers
        or binding.reply.get("project")
        or binding.envelope.get("wrap")
        or binding.envelope.get("each")
        or binding.envelope.get("least", 0) > len(rows)
    ):
        return None
    if binding.select and request.query.get(binding.select):
        return None
    array = b",".join(rows)
    return None if hides(array) else array


def shown_rows(ctx: Ctx, request: Request, binding: Binding, rows: list[bytes]) -> list[Any]:
    """The rows as the reply shows them, reduced to the selected properties."""
    shown: list[Any] = [shown_record(ctx, binding, orjson.loads(row)) for row in rows]
    if binding.select:
        shown = [selected(item, request.query.get(binding.select)) for item in shown]
    if binding.envelope.get("each"):
        each = binding.envelope["each"]
        shown_id = each if each != "id" else ctx.resource(binding.resource or "").id_property or OWN_ID
        return [orjson.loads(row).get(shown_id) for row in rows]
    wrap = binding.envelope.get("wrap")
    return [{wrap: item} for item in shown] if wrap else shown


def filled(ctx: Ctx, binding: Binding, shown: list[Any]) -> list[Any]:
    """The elements, with examples added where the contract wants more of them than there are records."""
    least = binding.envelope.get("least", 0)
    schema = ctx.twin.shown_schema(binding) if len(shown) < least else None
    while schema is not None and len(shown) < least:
        shown.append(ctx.twin.examples(ctx.seed).example(schema, f"{binding.operation}/{len(shown)}"))
    return shown


def selected(record: Any, wanted: Any) -> Any:
    """The record reduced to the wanted top-level properties; whole when none of them is known."""
    if not wanted or not isinstance(record, Mapping):
        return record
    names = wanted if isinstance(wanted, list) else str(wanted).split(",")
    tops = {str(name).strip().partition(".")[0] for name in names}
    kept = {name: value for name, value in record.items() if name in tops or name == "id"}
    return kept if any(name in record for name in tops) else record


def _mapped(ctx: Ctx, binding: Binding, found: Found) -> Any:
    resource = ctx.resource(binding.resource or "")
    records = [orjson.loads(row) for row in found.rows]
    named = [record.get(resource.id_property or OWN_ID) for record in records]
    ids = [key.rpartition("/")[2] if id is None else str(id) for id, key in zip(named, found.ids, strict=True)]
    keyed = {id: shown_record(ctx, binding, record) for id, record in zip(ids, records, strict=True)}
    place = binding.envelope["map"]
    if place in ("", True):
        return keyed
    body = constants(binding.envelope)
    put(body, place, keyed)
    return body


FACTS: Mapping[str, Callable[[Ctx, Request, str, Paging, Found], Any]] = {
    "has_more": lambda ctx, request, kind, paging, found: found.has_more,
    "is_last": lambda ctx, request, kind, paging, found: not found.has_more,
    "is_first": lambda ctx, request, kind, paging, found: paging.offset == 0 and paging.after is None,
    "total": lambda ctx, request, kind, paging, found: found.total,
    "count": lambda ctx, request, kind, paging, found: len(found.ids),
    "page": lambda ctx, request, kind, paging, found: paging.page,
    "limit": lambda ctx, request, kind, paging, found: paging.limit,
    "offset": lambda ctx, request, kind, paging, found: paging.offset,
    "pages": lambda ctx, request, kind, paging, found: (
        None if found.total is None or not paging.limit else -(-found.total // paging.limit)
    ),
    "url": lambda ctx, request, kind, paging, found: request.url_path,
    "next": lambda ctx, request, kind, paging, found: paging.next(
        request, kind, found.ids, found.has_more, ctx.base_url
    ),
    "previous": lambda ctx, request, kind, paging, found: paging.previous(request, kind, found.ids, ctx.base_url),
}
"""What a reply can tell beside the records, in the order of its properties."""


class Frame(NamedTuple):
    """Everything of a list's reply but the records, as `Binding.envelope` asks for it, read once."""

    constants: bytes
    """JSON of the properties that never change; empty: there are none."""
    items: str
    """Name of the records' property, empty where it is no top-level one."""
    facts: tuple[tuple[str, str, bool], ...]
    """(name in FACTS, dotted place, whether the place is a top-level property), in the order of FACTS."""
    kind: str
    """What leads to the next page: cursor, page, offset or url."""
    optional: frozenset[str]
    """Places that are left out at the end of the list."""
    end: Any
    """What stands at the place of the next page there."""

    @classmethod
    def of(cls, rules: Mapping[str, Any]) -> Frame:
        """The frame of an envelope's rules."""
        items = str(rules.get("items") or "")
        facts = tuple((name, str(rules[name]), "." not in rules[name]) for name in FACTS if rules.get(name))
        constants = orjson.dumps(rules["constants"]) if rules.get("constants") else b""
        kind, optional = str(rules.get("next_kind", "cursor")), frozenset(rules.get("optional", ()))
        return cls(constants, "" if "." in items else items, facts, kind, optional, rules.get("end"))


def around(ctx: Ctx, request: Request, binding: Binding, paging: Paging, found: Found) -> dict[str, Any]:
    """Everything of a list's reply but the records."""
    frame = ctx.twin.frames.get(binding.operation)
    if frame is None:
        frame = ctx.twin.frames[binding.operation] = Frame.of(binding.envelope)
    fixed, items, facts, kind, optional, end = cast("Frame", frame)
    body: dict[str, Any] = orjson.loads(fixed) if fixed else {}
    if items and items not in body:
        body[items] = []
    for name, place, top in facts:
        value = FACTS[name](ctx, request, kind, paging, found)
        if value is None and name in ("next", "previous") and dig(body, place) is None:
            if place in optional:
                continue
            value = end
        if top:
            body[place] = value
        else:
            put(body, place, value)
    return body


def page_headers(ctx: Ctx, request: Request, binding: Binding, paging: Paging, found: Found) -> dict[str, str]:
    """`Link` and the header with the total, where the operation has them."""
    headers: dict[str, str] = {}
    if binding.paging.get("link"):
        link = link_header(paging, request, found.ids, found.has_more, ctx.base_url)
        if link:
            headers["link"] = link
    name = binding.paging.get("total_header")
    if name and found.total is not None:
        headers[str(name).lower()] = str(found.total)
    return headers
