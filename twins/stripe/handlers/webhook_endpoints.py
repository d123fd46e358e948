"""Webhook endpoints and events: who gets what, how an event looks, how a delivery is signed.

Source: https://docs.stripe.com/api/webhook_endpoints, /events. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from twinkit import Ctx, Filter, Outgoing, Receiver, Request
from twins.stripe import accounts, errors, listing, lookup, twin, webhooks, wire
from twins.stripe.handlers import destinations
from twins.stripe.handlers.destinations import SECRETS

MOST = 16
"""How many endpoints an account can have: https://docs.stripe.com/webhooks."""
KEPT = 30 * 86_400
"""Seconds that events can be looked at: https://docs.stripe.com/api/events."""


def _check(ctx: Ctx, params: dict[str, Any]) -> None:
    url = params.get("url")
    if url is not None and not str(url).startswith(("http://", "https://")):
        raise errors.invalid("Invalid URL: An explicit scheme (such as https) must be provided.", "url", "url_invalid")
    if "enabled_events" in params and not params["enabled_events"]:
        raise errors.empty("enabled_events")


@twin.handler("PostWebhookEndpoints")
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new endpoint; only this reply shows its secret."""
    params = request.body or {}
    _check(ctx, params)
    if ctx.store.count("webhook_endpoint") >= MOST:
        raise errors.invalid(f"You have reached the maximum of {MOST} test webhook endpoints.")
    record: dict[str, Any] = {
        "id": ctx.new_id("webhook_endpoint"),
        "object": "webhook_endpoint",
        "api_version": params.get("api_version"),
        "application": None,
        "created": ctx.now,
        "description": lookup.unset(params.get("description")),
        "enabled_events": list(params["enabled_events"]),
        "livemode": False,
        "metadata": lookup.metadata({}, params.get("metadata")),
        "status": "enabled",
        "url": params["url"],
    }
    secret = f"whsec_{ctx.token('alnum', 32)}"
    ctx.store.insert("webhook_endpoint", record, created=ctx.micros)
    ctx.store.insert(SECRETS, {"secret": secret, "connect": bool(params.get("connect"))}, id=record["id"])
    return {**record, "secret": secret}


@twin.handler("PostWebhookEndpointsWebhookEndpoint")
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change an endpoint, disable or enable it."""
    params = request.body or {}
    id = request.path["webhook_endpoint"]
    endpoint = lookup.in_path(ctx, "webhook_endpoint", id, "webhook_endpoint")
    _check(ctx, params)
    changes = lookup.changed(endpoint, params, "description", "enabled_events", "url")
    if "disabled" in params:
        changes["status"] = "disabled" if params["disabled"] else "enabled"
    return ctx.update("webhook_endpoint", id, changes, event="")


def _endpoints(ctx: Ctx, connected: bool) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None]]:
    """(endpoint, its hidden part): the account's own, and for a connected account the platform's `connect` ones."""
    for endpoint in ctx.store.select("webhook_endpoint"):
        kept = ctx.store.find(SECRETS, endpoint["id"])
        if connected or not (kept or {}).get("connect"):
            yield endpoint, kept
    if connected:
        platform = accounts.whole(ctx)
        for endpoint in platform.select("webhook_endpoint"):
            kept = platform.find(SECRETS, endpoint["id"])
            if kept and kept.get("connect"):
                yield endpoint, kept


@twin.receivers
def receivers(ctx: Ctx, event: dict[str, Any]) -> list[Receiver]:
    """The enabled endpoints and event destinations that want this type."""
    connected = accounts.current(ctx) is not None
    if not connected and not ctx.store.count(SECRETS):
        return []
    found = destinations.receivers(ctx, event)
    if event["object"] != "event":
        return found
    for endpoint, kept in _endpoints(ctx, connected):
        if endpoint["status"] != "enabled" or not webhooks.wants(endpoint["enabled_events"], event["type"]):
            continue
        found.append(
            Receiver(
                id=endpoint["id"],
                url=endpoint["url"],
                secret=kept["secret"] if kept else "",
                events=endpoint["enabled_events"],
                api_version=endpoint["api_version"],
            )
        )
    return found


@twin.compose
def compose(ctx: Ctx, event: dict[str, Any], receiver: Receiver) -> Outgoing:
    """The event as an endpoint gets it: with the endpoint's API version, and how many deliveries are under way."""
    thin = destinations.compose(ctx, event, receiver)
    if thin is not None:
        return Outgoing(thin, dict(webhooks.HEADERS))
    version = receiver.api_version or event["api_version"]
    pending = max(1, len(receivers(ctx, event)))
    return Outgoing(
        orjson.dumps({**event, "api_version": version, "pending_webhooks": pending}), dict(webhooks.HEADERS)
    )


@twin.sign
def sign(body: bytes, secret: str, at: int, _headers: dict[str, str]) -> dict[str, str]:
    """`Stripe-Signature` of a delivery."""
    if not secret:
        return {}
    return {"Stripe-Signature": webhooks.signature_header(body, [secret], at)}


@twin.envelope
def envelope(
    ctx: Ctx, type: str, data: dict[str, Any], previous: dict[str, Any] | None, **extra: Any
) -> dict[str, Any]:
    """The event object; a thin event is one already."""
    if "thin" in extra:
        return dict(extra["thin"])
    body: dict[str, Any] = {"object": data}
    if previous is not None:
        body["previous_attributes"] = previous
    request = ctx.request
    event: dict[str, Any] = {
        "id": ctx.new_id("event"),
        "object": "event",
        "api_version": wire.API_VERSION,
        "created": ctx.now,
        "data": body,
        "livemode": False,
        "pending_webhooks": 0,
        "request": {
            "id": wire.request_id(ctx, request) if request else None,
            "idempotency_key": request.headers.get("idempotency-key") if request else None,
        },
        "type": type,
    }
    account = accounts.current(ctx)
    if account is not None:
        event["account"] = account
    found = receivers(ctx, event)
    event["pending_webhooks"] = len(found)
    if any(each.data.get("thin") for each in found):
        destinations.shadow(ctx, event)
    return event


@twin.handler("GetEvents")
def list_events(ctx: Ctx, request: Request) -> Any:
    """Events of the last 30 days, by types or by a group of types such as `charge.*`."""
    query = request.query
    if query.get("type") and query.get("types"):
        raise errors.exclusive("type", "types")
    where = [*listing.ranges(query, "created"), Filter("created", ">=", ctx.now - KEPT)]
    head, star, tail = str(query.get("type") or "").partition("*")
    if star and not tail:
        where += [Filter("type", "prefix", head)] if head else []
    elif query.get("type"):
        where.append(Filter("type", "=", query["type"]))
    elif query.get("types"):
        where.append(Filter("type", "in", list(query["types"])))
    return listing.page(ctx, request, "event", where)


@twin.handler("GetEventsId")
@lookup.modelled
def retrieve(ctx: Ctx, request: Request) -> dict[str, Any]:
    """An event of the last 30 days."""
    event = lookup.in_path(ctx, "event", request.path["id"])
    if event["created"] < ctx.now - KEPT:
        raise errors.no_such("event", event["id"])
    return event
