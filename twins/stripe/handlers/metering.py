"""Meters and what is reported to them: events, their cancellation, what they add up to, alerts.

Sources: https://docs.stripe.com/api/billing/meter, /api/billing/meter-event, /api/billing/meter-event-adjustment,
/api/billing/meter-event-summary, https://docs.stripe.com/billing/subscriptions/usage-based. Imports: the kit's public
names, the twin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from hashlib import sha256
from typing import Any

from twinkit import Ctx, Filter, Request, ServiceError
from twins.stripe import errors, listing, lookup, twin, v2
from twins.stripe.billing import usage
from twins.stripe.handlers import clocks, destinations

METER = "billing.meter"
ALERT = "billing.alert"
EVENTS = "meter_usage"
"""Store name of the events, each with its meter, customer and value."""
IDENTIFIERS = "meter_identifier"
"""Store name of when each identifier was used."""
FIRED = "alert_fired"
"""Store name of which customers an alert was sent for."""


Watcher = Callable[[Ctx, str], None]
WATCHERS: list[Watcher] = []
"""Called with the customer of an event that counts."""


def watch(function: Watcher) -> Watcher:
    """Register what is done when a customer has used something."""
    WATCHERS.append(function)
    return function


# meters --------------------------------------------------------------------------------------------------------------


@twin.handler("PostBillingMeters")
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new meter; an event name has one active meter."""
    params = request.body or {}
    name = params["event_name"]
    if not ctx.options.get("materialise") and _active(ctx, name) is not None:
        text = (
            f"An active meter already exists for event name '{name}'. To create a new meter with the same event name, "
            "first deactivate the currently active meter."
        )
        raise errors.invalid(text)
    record = {
        "id": ctx.new_id(METER),
        "object": METER,
        "created": ctx.now,
        "customer_mapping": params.get("customer_mapping")
        or {"event_payload_key": "stripe_customer_id", "type": "by_id"},
        "default_aggregation": {"formula": params["default_aggregation"]["formula"]},
        "display_name": params["display_name"],
        "event_name": name,
        "event_time_window": params.get("event_time_window"),
        "livemode": False,
        "status": "active",
        "status_transitions": {"deactivated_at": None},
        "updated": ctx.now,
        "value_settings": params.get("value_settings") or {"event_payload_key": "value"},
    }
    ctx.store.insert(METER, record, created=ctx.micros)
    ctx.emit("billing.meter.created", record)
    return record


def _active(ctx: Ctx, event_name: Any) -> dict[str, Any] | None:
    where = [Filter("event_name", "=", event_name), Filter("status", "=", "active")]
    return next(ctx.store.select(METER, where), None)


def _switch(ctx: Ctx, id: str, status: str, event: str) -> dict[str, Any]:
    meter = lookup.in_path(ctx, METER, id)
    if meter["status"] == status and not ctx.options.get("materialise"):
        raise errors.invalid(f"You cannot {event} a meter that is already {status}.")
    at = ctx.now if status == "inactive" else None
    changes = {"status": status, "status_transitions": {"deactivated_at": at}, "updated": ctx.now}
    return ctx.update(METER, meter["id"], changes, event=f"{METER}.{event}d")


@twin.handler("PostBillingMetersIdDeactivate")
def deactivate(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Take no more events."""
    return _switch(ctx, request.path["id"], "inactive", "deactivate")


@twin.handler("PostBillingMetersIdReactivate")
def reactivate(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Take events again, unless another meter took the name meanwhile."""
    meter = lookup.in_path(ctx, METER, request.path["id"])
    other = _active(ctx, meter.get("event_name"))
    if meter["status"] == "inactive" and other is not None:
        text = (
            f"An active meter already exists for event name '{meter['event_name']}'. To create a new meter with the "
            "same event name, first deactivate the currently active meter."
        )
        raise errors.invalid(text)
    return _switch(ctx, meter["id"], "active", "reactivate")


# events --------------------------------------------------------------------------------------------------------------


def _wrong(code: str, text: str, param: str, error: str | None = None) -> ServiceError:
    """400, named as an error report names it."""
    found = errors.invalid(text, param, error)
    found.name = code
    return found


def _judged(ctx: Ctx, event_name: str, payload: Mapping[str, Any]) -> tuple[dict[str, Any], str, Decimal]:
    """(meter, customer, value) of an event. Raises 400."""
    meter = _active(ctx, event_name)
    if meter is None:
        raise _wrong("no_meter", f'No active meter found for event name "{event_name}".', "event_name")
    owner, key = (meter[name]["event_payload_key"] for name in ("customer_mapping", "value_settings"))
    counts = meter["default_aggregation"]["formula"] == "count"
    for name, code in ((owner, "meter_event_no_customer_defined"), (key, "meter_event_invalid_value")):
        if payload.get(name) in (None, "") and not (name == key and counts):
            where = f"payload[{name}]"
            raise _wrong(code, f"Missing required param: {where}.", where, "parameter_missing")
    value = Decimal(1) if counts else usage.value_of(payload[key])
    if value is None:
        raise _wrong("meter_event_invalid_value", f"Invalid decimal: {payload[key]}", f"payload[{key}]")
    return meter, str(payload[owner]), value


def report(
    ctx: Ctx, event_name: str, payload: Mapping[str, Any], identifier: str | None, timestamp: int | None
) -> dict[str, Any]:
    """Take one event; the `billing.meter_event` of it. Raises 400 for what can be said at once.

    That its customer does not exist is told in an error report: the event is taken and does not count.
    """
    meter, customer, value = _judged(ctx, event_name, payload)
    now = clocks.now(ctx, customer)
    at = now if timestamp is None else timestamp
    if at < now - usage.OLDEST:
        raise _wrong("timestamp_too_far_in_past", usage.too_old(now), "timestamp")
    if at > now + usage.NEWEST:
        raise _wrong("timestamp_in_future", usage.too_new(now), "timestamp")
    identifier = identifier or ctx.token("hex", 32)
    _remember(ctx, identifier)
    event = {
        "object": "billing.meter_event",
        "created": ctx.now,
        "event_name": event_name,
        "identifier": identifier,
        "livemode": False,
        "payload": {str(key): str(value) for key, value in payload.items()},
        "timestamp": at,
    }
    if ctx.store.find("customer", customer) is None:
        text = f"The customer {customer} that the event names does not exist."
        complain(ctx, event, text, "meter_event_customer_not_found")
        return event
    row = {
        "canceled": False, "customer": customer, "event_name": event_name, "identifier": identifier,
        "meter": meter["id"], "number": ctx.store.next(EVENTS) + 1, "received": ctx.now, "timestamp": at,
        "value": str(value),
    }  # fmt: skip
    ctx.store.insert(EVENTS, row, id=f"{row['number']:012d}", created=ctx.micros)
    _alert(ctx, meter, customer)
    for watcher in WATCHERS:
        watcher(ctx, customer)
    return event


def _remember(ctx: Ctx, identifier: str) -> None:
    """Note an identifier for a day. Raises 400 for one that was used within it."""
    kept = ctx.store.find(IDENTIFIERS, identifier)
    if kept is None:
        ctx.store.insert(IDENTIFIERS, {"received": ctx.now}, id=identifier)
        return
    if kept["received"] > ctx.now - usage.REMEMBERED:
        raise errors.invalid(f"An event already exists with identifier {identifier}.", "identifier")
    ctx.store.replace(IDENTIFIERS, identifier, {"received": ctx.now})


def complain(ctx: Ctx, event: Mapping[str, Any], text: str, code: str) -> None:
    """Tell of an event that did not count: `v1.billing.meter.error_report_triggered`, or that its meter is missing."""
    meter = _active(ctx, event.get("event_name"))
    sample = {"error_message": text, "request": {"identifier": str(event.get("identifier") or "")}}
    reason = {"error_count": 1, "error_types": [{"code": code, "error_count": 1, "sample_errors": [sample]}]}
    at = v2.written(ctx.now)
    data = {
        "developer_message_summary": "There is 1 invalid event", "reason": reason, "validation_end": at,
        "validation_start": at,
    }  # fmt: skip
    if meter is None:
        destinations.tell(ctx, "v1.billing.meter.no_meter_found", None, data)
    else:
        about = destinations.related(METER, str(meter["id"]))
        destinations.tell(ctx, "v1.billing.meter.error_report_triggered", about, data)


@twin.handler("PostBillingMeterEvents")
@lookup.modelled
def create_event(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Something was used."""
    params = request.body or {}
    return report(ctx, params["event_name"], params["payload"], params.get("identifier"), params.get("timestamp"))


@twin.handler("PostBillingMeterEventAdjustments")
@lookup.modelled
def adjust(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Cancel an event, within 24 hours after it was received."""
    params = request.body or {}
    return cancel(ctx, params["event_name"], (params.get("cancel") or {}).get("identifier"))


def cancel(ctx: Ctx, event_name: str, identifier: Any) -> dict[str, Any]:
    """Cancel an event by its identifier; the adjustment of it. Raises 400 for one that is not there or too old."""
    if not identifier:
        raise errors.missing("cancel[identifier]")
    where = [Filter("event_name", "=", event_name), Filter("identifier", "=", identifier)]
    row = next(iter(ctx.store.list(EVENTS, where, limit=1).ids), None)
    if row is None:
        raise errors.invalid(f"No event found with identifier {identifier}.", "cancel[identifier]", "resource_missing")
    if ctx.store.get(EVENTS, row)["received"] < ctx.now - usage.REMEMBERED:
        raise errors.invalid("Events can only be canceled within 24 hours of being received.", "cancel[identifier]")
    ctx.store.update(EVENTS, row, canceled=True)
    return {
        "object": "billing.meter_event_adjustment",
        "cancel": {"identifier": identifier},
        "event_name": event_name,
        "livemode": False,
        "status": "pending",
        "type": "cancel",
    }


# what was used -------------------------------------------------------------------------------------------------------


def newest(ctx: Ctx) -> int:
    """The number of the event that was reported last; 0 before the first."""
    found = ctx.store.list(EVENTS, limit=1).ids
    return int(found[0]) if found else 0


def used(ctx: Ctx, meter: str, customer: str, start: int, end: int, after: int = 0) -> Decimal:
    """What a customer's events of a meter add up to within [start, end), of those reported after a numbered one."""
    record = ctx.store.find(METER, meter)
    if record is None:
        return Decimal(0)
    rows = _events(ctx, meter, customer, start, end, after)
    return usage.aggregated(record["default_aggregation"]["formula"], rows)


def _events(ctx: Ctx, meter: str, customer: str, start: int, end: int, after: int = 0) -> list[usage.Used]:
    where = [
        Filter("meter", "=", meter),
        Filter("customer", "=", customer),
        Filter("canceled", "=", False),
        Filter("timestamp", ">=", start),
        Filter("timestamp", "<", end),
        Filter("number", ">", after),
    ]
    rows = list(ctx.store.select(EVENTS, where))[::-1]
    return [(row["timestamp"], Decimal(row["value"])) for row in rows]


@twin.handler("GetBillingMetersIdEventSummaries")
@lookup.modelled
def summaries(ctx: Ctx, request: Request) -> dict[str, Any]:
    """What a customer used of a meter between two times, as a whole or by day or hour; nothing where nothing was."""
    query, meter = request.query, lookup.in_path(ctx, METER, request.path["id"])
    start, end, grouping = query["start_time"], query["end_time"], query.get("value_grouping_window")
    lookup.record(ctx, "customer", query["customer"], "customer")
    off = usage.misaligned(start, end, grouping)
    if off:
        boundary = {"day": "UTC day", "hour": "hour"}.get(str(grouping), "minute")
        raise errors.invalid(f"`{off}` must be aligned with {boundary} boundaries.", off)
    rows = []
    for from_, to in usage.windows(start, end, grouping):
        events = _events(ctx, meter["id"], query["customer"], from_, to)
        if events:
            total = usage.aggregated(meter["default_aggregation"]["formula"], events)
            rows.append(
                {
                    "id": f"mtrusg_test_61{_fingerprint(meter['id'], query['customer'], from_, to)}",
                    "object": "billing.meter_event_summary",
                    "aggregated_value": int(total) if total == int(total) else float(total),
                    "end_time": to,
                    "livemode": False,
                    "meter": meter["id"],
                    "start_time": from_,
                }
            )
    return listing.sliced(request, rows, "billing.meter_event_summary")


def _fingerprint(*parts: object) -> str:
    """The same text for the same parts: summaries are computed, so their ids are too."""
    return sha256("/".join(map(str, parts)).encode()).hexdigest()[:39]


# alerts --------------------------------------------------------------------------------------------------------------


def _alert(ctx: Ctx, meter: Mapping[str, Any], customer: str) -> None:
    """Tell once of a customer whose usage reached an alert's threshold since the alert was made."""
    for alert in list(ctx.store.select(ALERT, [Filter("status", "=", "active")])):
        rule = alert.get("usage_threshold") or {}
        named = [each.get("customer") for each in rule.get("filters") or () if each.get("customer")]
        key = f"{alert['id']}/{customer}"
        if (
            rule.get("meter") != meter["id"]
            or (named and customer not in named)
            or ctx.store.find(FIRED, key) is not None
        ):
            continue
        since = int((ctx.store.find("alert_since", alert["id"]) or {}).get("at") or 0)
        value = used(ctx, str(meter["id"]), customer, since, ctx.now + usage.OLDEST)
        if value >= int(rule["gte"]):
            ctx.store.insert(FIRED, {}, id=key)
            body = {
                "object": "billing.alert_triggered", "alert": alert, "created": ctx.now, "customer": customer,
                "livemode": False, "value": int(value),
            }  # fmt: skip
            ctx.emit("billing.alert.triggered", body)


@twin.handler("PostBillingAlerts")
@lookup.modelled
def create_alert(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new alert on what customers use of a meter."""
    params = request.body or {}
    rule = params.get("usage_threshold")
    if not isinstance(rule, Mapping):
        raise errors.missing("usage_threshold")
    meter = lookup.record(ctx, METER, rule.get("meter"), "usage_threshold[meter]")
    filters = [{"customer": each.get("customer"), "type": "customer"} for each in rule.get("filters") or ()]
    record = {
        "id": ctx.new_id(ALERT),
        "object": ALERT,
        "alert_type": params["alert_type"],
        "livemode": False,
        "status": "active",
        "title": params["title"],
        "usage_threshold": {
            "filters": filters, "gte": rule["gte"], "meter": meter["id"], "recurrence": rule["recurrence"],
        },
    }  # fmt: skip
    ctx.store.insert(ALERT, record, created=ctx.micros)
    ctx.store.insert("alert_since", {"at": ctx.now}, id=record["id"])
    return record


def _alert_switch(ctx: Ctx, request: Request, status: str) -> dict[str, Any]:
    alert = lookup.in_path(ctx, ALERT, request.path["id"])
    if alert["status"] == "archived" and status != "archived":
        raise errors.invalid("This alert is archived and cannot be changed.")
    return ctx.update(ALERT, alert["id"], {"status": status}, event="")


@twin.handler("PostBillingAlertsIdActivate")
@lookup.modelled
def activate_alert(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Let an alert watch again."""
    return _alert_switch(ctx, request, "active")


@twin.handler("PostBillingAlertsIdDeactivate")
@lookup.modelled
def deactivate_alert(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Let an alert watch no more, for now."""
    return _alert_switch(ctx, request, "inactive")


@twin.handler("PostBillingAlertsIdArchive")
@lookup.modelled
def archive_alert(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Put an alert away for good."""
    return _alert_switch(ctx, request, "archived")
