"""Lists as Okta pages them: `after` cursors and Link headers (self, next); filters checked on top of the indexes.

Source: https://developer.okta.com/docs/reference/core-okta-api/#pagination. Imports: the kit's public names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote_plus, urlencode

import orjson

from twinkit import Ctx, Filter, RawJSON, Reply, Request
from twins.okta import errors, filters

Check = Callable[[dict[str, Any]], bool]
DATES = frozenset({"created", "lastUpdated", "activated", "statusChanged", "lastMembershipUpdated", "published"})


class Limits(NamedTuple):
    """Page sizes of a list: when none is asked for, and at most."""

    default: int = 200
    most: int = 200


def limit_of(request: Request, limits: Limits) -> int:
    """The page size a request asks for, between 1 and the most."""
    try:
        asked = int(request.query.get("limit", limits.default))
    except (TypeError, ValueError):
        raise errors.error("E0000037", "") from None
    return max(1, min(asked, limits.most)) if asked else limits.default


def expression(text: str) -> filters.Expression:
    """A parsed `filter` or `search`. Raises E0000031."""
    try:
        return filters.parse(text)
    except filters.FilterError:
        raise errors.error("E0000031", causes=(f"Invalid filter {text!r}",)) from None


def find(
    ctx: Ctx,
    resource: str,
    where: Sequence[Filter],
    *,
    limit: int,
    after: str | None = None,
    parent: str | None = None,
    check: Check | None = None,
    sort: str | None = None,
    order: str = "oldest",
) -> tuple[list[dict[str, Any]], bool]:
    """Up to `limit` records that pass filters and check, and whether more follow."""
    if check is None:
        page = ctx.store.list(resource, where, parent=parent, order=order, limit=limit, after=after, sort=sort)  # type: ignore[arg-type]
        return [orjson.loads(row) for row in page.rows], page.has_more
    found: list[dict[str, Any]] = []
    size = max(limit, 200)
    while True:
        page = ctx.store.list(resource, where, parent=parent, order=order, limit=size, after=after, sort=sort)  # type: ignore[arg-type]
        for row in page.rows:
            record = orjson.loads(row)
            if check(record):
                if len(found) == limit:
                    return found, True
                found.append(record)
        if not page.has_more:
            return found, False
        after = page.ids[-1]


def reply(
    ctx: Ctx,
    request: Request,
    shown: list[Any] | RawJSON,
    next_cursor: str | None,
    status: int = 200,
    extra: Any = None,
) -> Reply:
    """A page with its Link header."""
    return Reply(status, shown, {"link": links(ctx, request, next_cursor), **(extra or {})})


def links(ctx: Ctx, request: Request, cursor: str | None) -> str:
    """`<…>; rel="self"` and, where more follow, `<…after=…>; rel="next"`."""
    base = f"{ctx.base_url}{request.url_path}"
    asked, others = _rewritten(request.raw_query)
    own = f"{base}?{asked}" if asked else base
    if cursor is None:
        return f'<{own}>; rel="self"'
    return f'<{own}>; rel="self", <{base}?{others}after={quote_plus(cursor)}>; rel="next"'


@lru_cache(maxsize=256)
def _rewritten(query: bytes) -> tuple[str, str]:
    """A query string as links show it, and what of it stands before another `after`."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    others = urlencode([(name, value) for name, value in pairs if name != "after"])
    return urlencode(pairs), f"{others}&" if others else ""


def page(
    ctx: Ctx,
    request: Request,
    resource: str,
    where: Sequence[Filter] = (),
    *,
    limits: Limits | None = None,
    parent: str | None = None,
    check: Check | None = None,
    sort: str | None = None,
    order: str = "oldest",
    show: Callable[[dict[str, Any]], Any] | None = None,
    glimpse: Callable[[bytes], bytes] | None = None,
) -> Reply:
    """The page of a list that a request asks for.

    `show` makes of a record what the list shows, `glimpse` of its stored JSON where nothing is to be checked.
    """
    limits = limits or Limits()
    if glimpse is not None and check is None:
        after = request.query.get("after") or None
        size = limit_of(request, limits)
        found = ctx.store.list(resource, where, parent=parent, order=order, limit=size, after=after, sort=sort)  # type: ignore[arg-type]
        body = RawJSON(b"[%s]" % b",".join([glimpse(row) for row in found.rows]))
        return reply(ctx, request, body, found.ids[-1] if found.has_more else None)
    records, more = find(
        ctx, resource, where, limit=limit_of(request, limits), after=request.query.get("after") or None,
        parent=parent, check=check, sort=sort, order=order,
    )  # fmt: skip
    cursor = str(records[-1]["id"]) if more and records else None
    shown = [show(record) if show else ctx.show(resource, record) for record in records]
    return reply(ctx, request, shown, cursor)


def part(
    ctx: Ctx, request: Request, names: Sequence[str], limits: Limits, show: Callable[[str], Any]
) -> Reply:  # fmt: skip
    """The page of a fixed list that a request asks for; the cursor is the last name. Raises E0000029."""
    after = str(request.query.get("after") or "")
    if after and after not in names:
        raise errors.error("E0000029", causes=("Invalid cursor.",))
    start = names.index(after) + 1 if after else 0
    chosen = names[start : start + limit_of(request, limits)]
    more = start + len(chosen) < len(names)
    return reply(ctx, request, [show(name) for name in chosen], chosen[-1] if more and chosen else None)


def filtered(
    text: str, allowed: frozenset[str] | None = None, operators: frozenset[str] = filters.OPERATORS,
    always: frozenset[str] = frozenset(),
) -> Any:  # fmt: skip
    """(narrowing filters, check) of an expression. Raises E0000031 for a bad one, E0000094 for one not supported."""
    parsed = expression(text)
    for each in filters.attributes(parsed):
        if each.operator not in operators or (allowed is not None and each.attribute not in allowed):
            raise errors.error("E0000031")
    return filters.narrow(parsed, DATES, always), lambda record: filters.matches(parsed, record)
