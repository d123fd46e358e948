"""Transactions of the pipeline: their states as a table, what each offers, how they are kept.

Source: https://developer.okta.com/docs/concepts/interaction-code/. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx
from twins.okta import people, wire

LIFE = 7200
"""Seconds a transaction waits for its person."""

OFFERS: dict[str, tuple[str, ...]] = {
    "IDENTIFY": ("identify", "select-enroll-profile"),
    "RECOVER": ("identify-recovery",),
    "SELECT": ("select-authenticator-authenticate",),
    "CHALLENGE": ("challenge-authenticator", "select-authenticator-authenticate"),
    "SELECT_ENROLL": ("select-authenticator-enroll", "skip"),
    "ENROLL_DATA": ("authenticator-enrollment-data", "select-authenticator-enroll"),
    "ENROLL": ("enroll-authenticator", "select-authenticator-enroll"),
    "REENROLL": ("reenroll-authenticator",),
    "WARN": ("reenroll-authenticator-warning", "skip"),
    "RESET": ("reset-authenticator",),
    "PROFILE": ("enroll-profile", "select-identify"),
    "DONE": (),
}
"""State → the remediations it offers, the expected one first."""
PATHS = {
    "identify": "identify",
    "identify-recovery": "identify",
    "select-enroll-profile": "enroll",
    "enroll-profile": "enroll/new",
    "select-identify": "identify/select",
    "select-authenticator-authenticate": "challenge",
    "challenge-authenticator": "challenge/answer",
    "enroll-authenticator": "challenge/answer",
    "reenroll-authenticator": "challenge/answer",
    "reenroll-authenticator-warning": "challenge/answer",
    "reset-authenticator": "challenge/answer",
    "select-authenticator-enroll": "credential/enroll",
    "authenticator-enrollment-data": "credential/enroll",
    "skip": "skip",
}
"""Remediation → path below /idp/idx."""
INTENTS = {"PROFILE": "ENROLL_NEW_USER", "RECOVER": "LOGIN"}
Row = dict[str, Any]


def begin(ctx: Ctx, fields: Mapping[str, Any], path: str, *, hosted: bool = False) -> Row:
    """A new transaction for an authorize or interact request at the server of a path."""
    id = f"02.id.{ctx.token('alnum', 43)}"
    row: Row = {
        "id": id, "fields": dict(fields), "path": path, "hosted": hosted, "state": "IDENTIFY", "intent": "LOGIN",
        "user": None, "current": None, "factor": None, "proved": [], "sent": None, "warned": False, "skipped": False,
        "remember": False, "code": None, "expires": ctx.now + LIFE,
    }  # fmt: skip
    ctx.store.insert("idx_transaction", row, id=id, created=ctx.micros)
    return row


def find(ctx: Ctx, handle: str) -> Row | None:
    """The live transaction of a state handle."""
    row = ctx.store.find("idx_transaction", handle) if handle else None
    return row if row is not None and row["expires"] > ctx.now else None


def save(ctx: Ctx, row: Row) -> Row:
    """Keep a changed transaction."""
    ctx.store.replace("idx_transaction", row["id"], row)
    return row


def move(row: Row, state: str, **changes: Any) -> Row:
    """The transaction in another state."""
    row |= {"state": state, **changes}
    row["intent"] = INTENTS.get(state, row["intent"])
    return row


def user_of(ctx: Ctx, row: Row) -> dict[str, Any] | None:
    """Whom a transaction is about, once that is known."""
    return people.get(ctx, row["user"]) if row["user"] else None


def interaction(ctx: Ctx, fields: Mapping[str, Any], path: str) -> str:
    """An interaction handle, which opens one transaction."""
    handle = ctx.token("alnum", 43)
    row = {"fields": dict(fields), "path": path, "expires": ctx.now + LIFE, "transaction": None}
    ctx.store.insert("idx_interaction", row, id=wire.digest(handle))
    return handle


def opened(ctx: Ctx, handle: str) -> Row | None:
    """The transaction of an interaction handle, begun when it is first asked for."""
    key = wire.digest(handle)
    held = ctx.store.find("idx_interaction", key) if handle else None
    if held is None or held["expires"] <= ctx.now:
        return None
    if held["transaction"]:
        return find(ctx, held["transaction"])
    row = begin(ctx, held["fields"], held["path"])
    ctx.store.update("idx_interaction", key, transaction=row["id"])
    return row
