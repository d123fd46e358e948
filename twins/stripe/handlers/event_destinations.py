"""Event destinations and thin events: the `/v2/core` operations.

Sources: https://docs.stripe.com/api/v2/core/event_destinations, /api/v2/core/events. Imports: the kit's public names,
the twin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, lookup, twin, v2
from twins.stripe.handlers import destinations
from twins.stripe.handlers.destinations import DESTINATION, EVENT, SECRETS

SECRET, URL = "webhook_endpoint.signing_secret", "webhook_endpoint.url"


def _shown(record: Mapping[str, Any], include: Iterable[str] = (), secret: str | None = None) -> dict[str, Any]:
    """A destination as a reply shows it: its address only when that is asked for, its secret only when it is made."""
    hook = record["webhook_endpoint"]
    if hook is None:
        return dict(record)
    wanted = set(include)
    shown = {
        "signing_secret": secret if SECRET in wanted else None,
        "url": hook["url"] if URL in wanted else None,
    }
    return {**record, "webhook_endpoint": shown}


def _check_url(params: Mapping[str, Any]) -> None:
    url = (params.get("webhook_endpoint") or {}).get("url")
    if url is not None and not str(url).startswith(("http://", "https://")):
        raise errors.invalid("Invalid URL: An explicit scheme (such as https) must be provided.", "url", "url_invalid")
    if "enabled_events" in params and not params["enabled_events"]:
        raise errors.missing("enabled_events")


@twin.handler("PostV2CoreEventDestinations")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new destination."""
    params = request.body or {}
    _check_url(params)
    kind = params["type"]
    if not params.get(kind):
        raise errors.missing(kind)
    at = v2.written(ctx.now)
    record: dict[str, Any] = {
        "id": ctx.new_id(DESTINATION),
        "object": DESTINATION,
        "amazon_eventbridge": None,
        "azure_event_grid": None,
        "created": at,
        "description": params.get("description") or "",
        "enabled_events": list(params["enabled_events"]),
        "event_payload": params["event_payload"],
        "events_from": list(params.get("events_from") or ["@self"]),
        "livemode": False,
        "metadata": v2.metadata({}, params.get("metadata")),
        "name": params["name"],
        "snapshot_api_version": params.get("snapshot_api_version"),
        "status": "enabled",
        "status_details": None,
        "type": kind,
        "updated": at,
        "webhook_endpoint": {"url": params["webhook_endpoint"]["url"]} if kind == "webhook_endpoint" else None,
    }
    if kind != "webhook_endpoint":
        record[kind] = dict(params[kind])
    secret = f"whsec_{ctx.token('alnum', 32)}"
    ctx.store.insert(DESTINATION, record, created=ctx.micros)
    ctx.store.insert(SECRETS, {"secret": secret}, id=record["id"])
    return _shown(record, params.get("include") or (), secret)


@twin.handler("GetV2CoreEventDestinations")
@lookup.modelled
def list_all(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The destinations."""
    found = v2.page(ctx, request, DESTINATION)
    return {**found, "data": [_shown(row, request.query.get("include") or ()) for row in found["data"]]}


def _one(ctx: Ctx, request: Request) -> dict[str, Any]:
    return lookup.in_path(ctx, DESTINATION, request.path["id"])


@twin.handler("GetV2CoreEventDestinationsId")
@lookup.modelled
def retrieve(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One destination."""
    return _shown(_one(ctx, request), request.query.get("include") or ())


@twin.handler("PostV2CoreEventDestinationsId")
@lookup.modelled
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change a destination."""
    params, record = request.body or {}, _one(ctx, request)
    _check_url(params)
    changes = {name: params[name] for name in ("description", "enabled_events", "name") if name in params}
    if "metadata" in params:
        changes["metadata"] = v2.metadata(record["metadata"], params["metadata"])
    if params.get("webhook_endpoint"):
        changes["webhook_endpoint"] = {"url": params["webhook_endpoint"]["url"]}
    return _shown(_changed(ctx, record, changes), params.get("include") or ())


def _changed(ctx: Ctx, record: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return ctx.store.update(DESTINATION, str(record["id"]), **changes, updated=v2.written(ctx.now))


@twin.handler("DeleteV2CoreEventDestinationsId")
@lookup.modelled
def delete(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Forget a destination."""
    record = _one(ctx, request)
    ctx.delete(DESTINATION, record["id"], event="")
    ctx.store.delete(SECRETS, record["id"])
    return {"id": record["id"], "object": DESTINATION}


@twin.handler("PostV2CoreEventDestinationsIdDisable")
@lookup.modelled
def disable(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Send a destination nothing, for now."""
    details = {"disabled": {"reason": "user"}}
    return _shown(_changed(ctx, _one(ctx, request), {"status": "disabled", "status_details": details}))


@twin.handler("PostV2CoreEventDestinationsIdEnable")
@lookup.modelled
def enable(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Send to a destination again."""
    return _shown(_changed(ctx, _one(ctx, request), {"status": "enabled", "status_details": None}))


@twin.handler("PostV2CoreEventDestinationsIdPing")
@lookup.modelled
def ping(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Send a destination an event that says nothing."""
    record = _one(ctx, request)
    return destinations.tell(ctx, destinations.PING, destinations.related(DESTINATION, record["id"]))


# events --------------------------------------------------------------------------------------------------------------


@twin.handler("GetV2CoreEvents")
@lookup.modelled
def events(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The thin events, by object, type or time."""
    query = request.query
    where = []
    if query.get("object_id"):
        where.append(Filter("related_object.id", "=", query["object_id"]))
    if query.get("types"):
        where.append(Filter("type", "in", list(query["types"])))
    words = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
    for word, text in (query.get("created") or {}).items():
        where.append(Filter("created", words[word], v2.written(v2.seconds(text, f"created[{word}]"))))  # type: ignore[arg-type]
    return v2.page(ctx, request, EVENT, where)
