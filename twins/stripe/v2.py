"""How the `/v2` namespace talks: times, pages, errors.

Sources: https://docs.stripe.com/api-v2-overview, https://docs.stripe.com/api/pagination?api-version=v2. Imports: the
kit's public names, the twin's texts.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import orjson

from twinkit import Ctx, Filter, Request
from twins.stripe import errors

PREFIX = "/v2/"
DEFAULT = 20
"""Records of a page unless `limit` says otherwise."""
CODES: Mapping[int, str] = {401: "unauthorized", 403: "forbidden", 404: "not_found", 429: "rate_limit"}
"""Status → the code of an error that has none of its own."""
TYPES = frozenset({"idempotency_error", "rate_limit", "temporary_session_expired"})
"""Types of errors that a reply keeps: SDKs have a class for each."""


def written(at: int) -> str:
    """Seconds since 1970 as these operations write a time: `2024-06-01T12:10:00.000Z`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def seconds(text: str, param: str) -> int:
    """A time as it is sent, in seconds since 1970. Raises 400."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise errors.invalid(f"Invalid timestamp: {text}", param) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def error(given: Mapping[str, Any], status: int) -> dict[str, Any]:
    """The `error` of a reply: a code always, a type only where SDKs tell it apart."""
    kept = {name: value for name, value in given.items() if name not in ("type", "code")}
    code = given.get("code") or CODES.get(status, "invalid_request" if status < 500 else "internal")
    kind = given.get("type")
    return dict(sorted({**kept, "code": "not_found" if status == 404 else code}.items())) | (
        {"type": kind} if kind in TYPES else {}
    )


def page(ctx: Ctx, request: Request, resource: str, where: Sequence[Filter] = ()) -> dict[str, Any]:
    """The page that a list request asks for, newest first; `page` is the token of an earlier reply's address."""
    query = dict(request.query)
    limit, after = int(query.get("limit") or DEFAULT), None
    token = query.pop("page", None)
    if token:
        try:
            after = urlsafe_b64decode(str(token).encode()).decode()
        except (Error, ValueError):
            raise errors.invalid(f"Invalid page token: {token}", "page") from None
        if ctx.store.find(resource, after) is None:
            raise errors.invalid(f"Invalid page token: {token}", "page")
    found = ctx.store.list(resource, where, limit=limit, after=after)
    following = None
    if found.has_more:
        last = urlsafe_b64encode(found.ids[-1].encode()).decode()
        following = f"{request.url_path}?{urlencode(list(_pairs({**query, 'page': last})))}"
    return {
        "data": [orjson.loads(row) for row in found.rows],
        "next_page_url": following,
        "previous_page_url": None,
    }


def _pairs(query: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A query as fields, lists and maps with brackets."""
    found: list[tuple[str, str]] = []
    for name, value in query.items():
        if isinstance(value, Mapping):
            found += [(f"{name}[{key}]", str(each)) for key, each in value.items()]
        elif isinstance(value, list):
            found += [(f"{name}[{place}]", str(each)) for place, each in enumerate(value)]
        else:
            found.append((name, str(value).lower() if isinstance(value, bool) else str(value)))
    return found


def metadata(current: Mapping[str, str] | None, given: Any) -> dict[str, str]:
    """Metadata after an update: keys merge, null removes its key."""
    merged = {**(current or {}), **(given or {})}
    return {str(key): str(value) for key, value in merged.items() if value is not None}
