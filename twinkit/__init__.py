"""twinkit: stateful digital twins of external services and the evaluation loop on top of them.

The names below are all that a twin needs. They are loaded when they are first asked for, so importing the package
costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twinkit.behaviour.authentication import basic_user
    from twinkit.behaviour.ctx import Ctx, Trial
    from twinkit.behaviour.request import Principal, RawJSON, Reply, Request, raw_list
    from twinkit.behaviour.twin import Twin
    from twinkit.contract.validate import Violation
    from twinkit.errors import (
        AuthorError,
        DuplicateRecord,
        InvalidCursor,
        RecordNotFound,
        ServiceError,
        TwinkitError,
        UsageError,
        need,
    )
    from twinkit.server.listeners import Broken, Line, Said
    from twinkit.store import Filter
    from twinkit.webhooks.call import call
    from twinkit.webhooks.outbox import Outgoing
    from twinkit.webhooks.receiver import Receiver

_PLACES = {
    "AuthorError": "errors",
    "Broken": "server.listeners",
    "Ctx": "behaviour.ctx",
    "DuplicateRecord": "errors",
    "Filter": "store",
    "InvalidCursor": "errors",
    "Line": "server.listeners",
    "Outgoing": "webhooks.outbox",
    "Principal": "behaviour.request",
    "RawJSON": "behaviour.request",
    "Receiver": "webhooks.receiver",
    "RecordNotFound": "errors",
    "Reply": "behaviour.request",
    "Request": "behaviour.request",
    "Said": "server.listeners",
    "ServiceError": "errors",
    "Trial": "behaviour.ctx",
    "Twin": "behaviour.twin",
    "TwinkitError": "errors",
    "UsageError": "errors",
    "Violation": "contract.validate",
    "basic_user": "behaviour.authentication",
    "call": "webhooks.call",
    "need": "errors",
    "raw_list": "behaviour.request",
}

__all__ = [
    "AuthorError",
    "Broken",
    "Ctx",
    "DuplicateRecord",
    "Filter",
    "InvalidCursor",
    "Line",
    "Outgoing",
    "Principal",
    "RawJSON",
    "Receiver",
    "RecordNotFound",
    "Reply",
    "Request",
    "Said",
    "ServiceError",
    "Trial",
    "Twin",
    "TwinkitError",
    "UsageError",
    "Violation",
    "basic_user",
    "call",
    "need",
    "raw_list",
]


def __getattr__(name: str) -> Any:
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module 'twinkit' has no attribute {name!r}")
    value = getattr(import_module(f"twinkit.{place}"), name)
    globals()[name] = value
    return value
