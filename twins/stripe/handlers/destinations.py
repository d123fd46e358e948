"""Where events go besides webhook endpoints: event destinations, with thin events or snapshots.

A thin event names its object and is fetched; one of a v1 resource is the shadow of a snapshot event, and is only kept
where a destination asks for it. Sources: https://docs.stripe.com/event-destinations, https://docs.stripe.com/api/v2/core/events.
Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import orjson

from twinkit import Ctx, Filter, Receiver
from twins.stripe import accounts, twin, v2, webhooks, wire

EVENT = "v2.core.event"
DESTINATION = "v2.core.event_destination"
SECRETS = "webhook_secret"
"""Store name of signing secrets, by webhook endpoint or event destination: one row each."""
PING = "v2.core.event_destination.ping"
NOTICED = ("id", "object", "context", "created", "livemode", "reason", "related_object", "type")
"""What a thin event shows when it is sent; the rest is fetched."""


@cache
def _addresses() -> Mapping[str, str]:
    """Resource → the path of one record of it."""
    found: dict[str, str] = {}
    for id, binding in twin.compiled.bindings.items():
        path = twin.index.operation(id).path
        if binding.kind == "retrieve" and binding.resource and path.count("{") == 1 and path.endswith("}"):
            found.setdefault(binding.resource, path.rpartition("{")[0])
    return found


def related(kind: str, id: str) -> dict[str, str] | None:
    """`related_object` of an event, None where records of this kind cannot be retrieved."""
    path = _addresses().get(kind)
    return {"id": id, "type": kind, "url": f"{path}{id}"} if path else None


def make(ctx: Ctx, type: str, about: dict[str, str] | None, data: Any = None, changes: Any = None) -> dict[str, Any]:
    """A thin event, not stored yet."""
    request = ctx.request
    reason = None
    if request is not None:
        key = request.headers.get("idempotency-key")
        reason = {"request": {"id": wire.request_id(ctx, request), "idempotency_key": key}, "type": "request"}
    return {
        "id": ctx.new_id("evt_test_65{alnum:45}"),
        "object": EVENT,
        "changes": changes,
        "context": accounts.current(ctx),
        "created": v2.written(ctx.now),
        "data": data,
        "livemode": False,
        "reason": reason,
        "related_object": about,
        "type": type,
    }


def tell(ctx: Ctx, type: str, about: dict[str, str] | None, data: Any = None, changes: Any = None) -> dict[str, Any]:
    """Keep a thin event and send it to the destinations that want it."""
    event = make(ctx, type, about, data, changes)
    ctx.emit(type, {}, shown_as=EVENT, thin=event)
    return event


def shadow(ctx: Ctx, event: Mapping[str, Any]) -> None:
    """Keep the thin event of a snapshot, where a destination wants it."""
    type = f"v1.{event['type']}"
    thin = [each for each, _ in _wanting(ctx, type) if each["event_payload"] == "thin"]
    if not thin:
        return
    data = event["data"]["object"]
    about = related(str(data.get("object")), str(data.get("id"))) if isinstance(data, Mapping) else None
    made = {**make(ctx, type, about), "snapshot_event": event["id"]}
    ctx.store.insert(EVENT, made, created=ctx.micros)


def _all(ctx: Ctx) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None]]:
    """(destination, its secret): the account's own, and the platform's for its connected accounts."""
    for each in ctx.store.select(DESTINATION):
        yield each, ctx.store.find(SECRETS, each["id"])
    if accounts.current(ctx) is not None:
        platform = accounts.whole(ctx)
        for each in platform.select(DESTINATION):
            if "@accounts" in (each["events_from"] or ()):
                yield each, platform.find(SECRETS, each["id"])


def _wanting(ctx: Ctx, type: str) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None]]:
    """The enabled destinations that want a type: thin ones name it with its namespace."""
    for each, kept in _all(ctx):
        own = accounts.current(ctx) is not None or "@self" in (each["events_from"] or ())
        wanted = type if each["event_payload"] == "thin" else type.removeprefix("v1.")
        if own and each["status"] == "enabled" and webhooks.wants(each["enabled_events"], wanted):
            yield each, kept


def receivers(ctx: Ctx, event: Mapping[str, Any]) -> list[Receiver]:
    """The destinations that an event goes to; a ping goes to the one that is pinged."""
    thin = event["object"] == EVENT
    type = str(event["type"])
    if thin and type == PING:
        wanted = [pair for pair in _all(ctx) if pair[0]["id"] == event["related_object"]["id"]]
    else:
        found = list(_wanting(ctx, type if thin else f"v1.{type}"))
        wanted = [pair for pair in found if not thin or pair[0]["event_payload"] == "thin"]
    return [
        Receiver(
            id=each["id"],
            url=each["webhook_endpoint"]["url"],
            secret=kept["secret"] if kept else "",
            events=("*",),
            api_version=each["snapshot_api_version"],
            data={"thin": each["event_payload"] == "thin"},
        )
        for each, kept in wanted
        if each["webhook_endpoint"]
    ]


def compose(ctx: Ctx, event: Mapping[str, Any], receiver: Receiver) -> bytes | None:
    """A thin event as it is sent; None for an event that goes as a snapshot."""
    shown: Mapping[str, Any] | None = event if event["object"] == EVENT else None
    if shown is None and receiver.data.get("thin"):
        shown = next(ctx.store.select(EVENT, [Filter("snapshot_event", "=", event["id"])]), None)
    return (
        None if shown is None else orjson.dumps({name: shown[name] for name in NOTICED if shown.get(name) is not None})
    )
