"""Lists that handlers make themselves: a page of records in Stripe's list object. Imports: the kit's public names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from twinkit import Ctx, Filter, InvalidCursor, Request, raw_list
from twins.stripe import errors

DEFAULT, MOST = 10, 100


def empty(url: str) -> dict[str, Any]:
    """A list of nothing."""
    return {"object": "list", "data": [], "has_more": False, "url": url}


def counted(data: list[dict[str, Any]], url: str) -> dict[str, Any]:
    """A whole list as records show it inside themselves."""
    return {"object": "list", "data": data, "has_more": False, "total_count": len(data), "url": url}


def page(ctx: Ctx, request: Request, resource: str, where: Sequence[Filter] = ()) -> dict[str, Any]:
    """The page a list request asks for, newest first. Raises 400 for a cursor that names no record."""
    query = request.query
    try:
        found = ctx.store.list(
            resource,
            where,
            limit=query.get("limit", DEFAULT),
            after=query.get("starting_after"),
            before=query.get("ending_before"),
        )
    except InvalidCursor as error:
        name = "starting_after" if query.get("starting_after") == error.cursor else "ending_before"
        raise errors.no_such(resource, error.cursor, name, path=False) from None
    data: Any = raw_list(found.rows)
    first = not (query.get("starting_after") or query.get("ending_before"))
    if not found.rows and first and ctx.options.get("materialise") and resource != "payment_source":
        data = [{**ctx.materialise(resource), **{each.field: each.value for each in where if each.op == "="}}]
    return {"object": "list", "data": data, "has_more": found.has_more, "url": request.url_path}


def embedded(ctx: Ctx, resource: str, where: Sequence[Filter], url: str, *, oldest: bool = False) -> dict[str, Any]:
    """A list shown inside a record: its first ten, and how many there are."""
    found = ctx.store.list(resource, where, limit=DEFAULT, order="oldest" if oldest else "newest")
    data = [orjson.loads(row) for row in found.rows]
    total = ctx.store.count(resource, where) if found.has_more else len(data)
    return {"object": "list", "data": data, "has_more": found.has_more, "total_count": total, "url": url}


def sliced(request: Request, rows: list[dict[str, Any]], resource: str) -> dict[str, Any]:
    """The page a list request asks for out of whole rows. Raises 400 for a cursor that names none of them."""
    query = request.query
    limit = int(query.get("limit", DEFAULT))
    after, before = query.get("starting_after"), query.get("ending_before")
    ids = [row["id"] for row in rows]
    for name, cursor in (("starting_after", after), ("ending_before", before)):
        if cursor and cursor not in ids:
            raise errors.no_such(resource, str(cursor), name, path=False)
    if before:
        end = ids.index(before)
        start = max(end - limit, 0)
        more = start > 0
    else:
        start = ids.index(after) + 1 if after else 0
        end = start + limit
        more = end < len(rows)
    return {"object": "list", "data": rows[start:end], "has_more": more, "url": request.url_path}


OPERATORS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def ranges(query: Mapping[str, Any], name: str) -> list[Filter]:
    """The filters that a time or a range of times in a list request means."""
    given = query.get(name)
    if isinstance(given, Mapping):
        return [Filter(name, OPERATORS[word], value) for word, value in given.items() if word in OPERATORS]  # type: ignore[arg-type]
    return [] if given is None else [Filter(name, "=", given)]
