"""Cursors and old-style pages. Pure; imports: failing, args.

A cursor is base64 of `kind:value`, as in https://docs.slack.dev/apis/web-api/pagination.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from twins.slack.args import Args
from twins.slack.failing import fail

T = TypeVar("T")


def encode(kind: str, value: str) -> str:
    """The cursor that names where the next page begins."""
    return base64.b64encode(f"{kind}:{value}".encode()).decode()


def decode(cursor: str, kind: str) -> str:
    """What `encode` put in. Raises `invalid_cursor`."""
    try:
        text = base64.b64decode(cursor.encode(), validate=True).decode()
    except (binascii.Error, UnicodeError):
        raise fail("invalid_cursor") from None
    found, colon, value = text.partition(":")
    if found != kind or not colon or not value:
        raise fail("invalid_cursor")
    return value


def limit_of(args: Args, default: int, maximum: int, error: str = "invalid_limit") -> int:
    """The page size asked for, at most `maximum`. Raises `error` when it is no number or negative."""
    limit = args.whole("limit", default, error)
    if limit < 0:
        raise fail(error)
    return min(limit or default, maximum)


def page(
    args: Args, items: Sequence[T], key: Callable[[T], str], kind: str, *, default: int = 100, maximum: int = 1000
) -> tuple[list[T], dict[str, Any]]:
    """One page of a sequence in a stable order, and `response_metadata`. Raises `invalid_cursor`, `invalid_limit`."""
    limit = limit_of(args, default, maximum)
    start = 0
    cursor = args.text("cursor")
    if cursor:
        first = decode(cursor, kind)
        start = next((place for place, item in enumerate(items) if key(item) == first), -1)
        if start < 0:
            raise fail("invalid_cursor")
    end = start + limit
    following = encode(kind, key(items[end])) if end < len(items) else ""
    return list(items[start:end]), {"next_cursor": following}


def numbered(
    args: Args, items: Sequence[T], *, default: int = 100, maximum: int = 1000
) -> tuple[list[T], dict[str, Any]]:
    """One page by `count` and `page`, and the `paging` object."""
    count = min(max(args.whole("count", default), 1), maximum)
    number = max(args.whole("page", 1), 1)
    pages = max(-(-len(items) // count), 1) if items else 0
    shown = list(items[(number - 1) * count : number * count])
    return shown, {"count": count, "total": len(items), "page": number, "pages": pages}
