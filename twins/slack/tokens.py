"""Tokens and their owners, read from stored bytes once: what a request needs of them. Pure, remembered by content.

Source: https://docs.slack.dev/authentication/tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from twinkit import Ctx, Principal
from twins.slack.failing import fail

KNOWN = 1024
"""How many tokens and owners are remembered."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token's record, read."""

    principal: Principal
    """Its `data` is the record, which nobody changes."""
    revoked: bool
    expires: int
    user: str
    provided: str
    """The scopes as replies tell them."""
    stopped: bool = False
    """Its workspace is no longer active."""


@dataclass(frozen=True, slots=True)
class Owner:
    """What the user of a token is, as far as it matters to every request."""

    deleted: bool
    is_restricted: bool
    is_ultra_restricted: bool


NOBODY = Owner(False, False, False)


@lru_cache(maxsize=KNOWN)
def read(raw: bytes) -> Token:
    """A stored token."""
    data: dict[str, Any] = orjson.loads(raw)
    scopes = data.get("scopes", ())
    principal = Principal(data["token"], kind=data["kind"], scopes=frozenset(scopes), account=data["team"], data=data)
    return Token(
        principal, bool(data.get("revoked")), int(data.get("expires") or 0), str(data.get("user") or ""),
        ",".join(scopes), bool(data.get("stopped")),
    )  # fmt: skip


@lru_cache(maxsize=KNOWN)
def read_owner(raw: bytes) -> Owner:
    """A stored user."""
    data: dict[str, Any] = orjson.loads(raw)
    return Owner(*(bool(data.get(name)) for name in ("deleted", "is_restricted", "is_ultra_restricted")))


def valid(ctx: Ctx, given: str) -> tuple[Token, Owner]:
    """A token that works, and its user. Raises what the service says of one that does not."""
    raw = ctx.store.raw("token", given)
    if raw is None:
        raise fail("invalid_auth")
    token = read(raw)
    if token.revoked:
        raise fail("token_revoked")
    if token.expires and token.expires <= ctx.now:
        raise fail("token_expired")
    stored = ctx.store.raw("user", token.user) if token.user else None
    owner = read_owner(stored) if stored else NOBODY
    if owner.deleted or token.stopped:
        raise fail("account_inactive")
    return token, owner
