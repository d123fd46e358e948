"""Pages that stand for the service's hosted ones: where they are found, and whose records they show.

Imports: the kit's public names, the twin's accounts and look-ups.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from twinkit import Ctx, Request
from twins.stripe import accounts, lookup


def address(ctx: Ctx, path: str) -> str:
    """Where a page of the account that asks is found."""
    account = accounts.current(ctx)
    return f"{ctx.base_url}{path}" + (f"?account={account}" if account else "")


def escape(text: str) -> str:
    """The text as HTML shows it; what does that is loaded with the first page."""
    from html import escape as escaped

    return escaped(text)


def query(request: Request) -> dict[str, str]:
    """What the address of a page says after the question mark."""
    return dict(parse_qsl(request.raw_query.decode("latin-1")))


def enter(ctx: Ctx, request: Request) -> None:
    """Work on the records of the account that a page's address names."""
    accounts.enter(ctx, query(request).get("account"))


def opened(ctx: Ctx, request: Request, resource: str, name: str) -> dict[str, Any]:
    """The record whose id a page's path has under `name`. Raises 404."""
    enter(ctx, request)
    return lookup.in_path(ctx, resource, str(request.path[name]), name)
