"""The system log: by time, filter and words. Source: https://developer.okta.com/docs/reference/api/system-log/."""

from __future__ import annotations

import re
from typing import Any

import orjson

from twinkit import Ctx, Filter, Reply, Request
from twins.okta import errors, filters, listing, twin

LOGS = listing.Limits(100, 1000)


def instant(text: str) -> str:
    """A bound as events hold it. Raises E0000030."""
    if not re.match(filters.DATE, text):
        raise errors.error("E0000030")
    return filters.stored_instant(text)


@twin.handler("listLogEvents")
def list_events(ctx: Ctx, request: Request) -> Reply:
    """The events between `since` and `until` that pass `filter` and have every word of `q`."""
    query = request.query
    where: list[Filter] = []
    if query.get("since"):
        where.append(Filter("published", ">=", instant(str(query["since"]))))
    if query.get("until"):
        where.append(Filter("published", "<", instant(str(query["until"]))))
    tests: list[Any] = []
    if query.get("filter"):
        more, check = listing.filtered(str(query["filter"]))
        where += more
        tests.append(check)
    words = str(query.get("q") or "").casefold().split()
    if words:
        tests.append(lambda event: all(word in orjson.dumps(event).decode().casefold() for word in words))
    order = "newest" if str(query.get("sortOrder", "ASCENDING")).upper().startswith("DESC") else "oldest"
    limit = listing.limit_of(request, LOGS)
    records, more_follow = listing.find(
        ctx, "log_event", where, limit=limit, after=query.get("after") or None, order=order,
        check=(lambda event: all(test(event) for test in tests)) if tests else None,
    )  # fmt: skip
    endless = not query.get("until") and order == "oldest"
    cursor = records[-1]["uuid"] if records and (more_follow or endless) else None
    return listing.reply(ctx, request, records, cursor or (query.get("after") if endless else None))
