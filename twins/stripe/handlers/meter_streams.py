"""Usage reported through `/v2/billing`: single events, adjustments, and streams with a session of their own.

Sources: https://docs.stripe.com/api/v2/billing-meter, /api/v2/billing-meter-stream,
https://docs.stripe.com/billing/subscriptions/usage-based/recording-usage-api. Imports: the kit's public names, the
twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Request, ServiceError
from twins.stripe import lookup, twin, v2
from twins.stripe.handlers import metering
from twins.stripe.sessions import SESSION

LIFE = 15 * 60
"""Seconds a session lasts."""


def _report(ctx: Ctx, params: Mapping[str, Any]) -> dict[str, Any]:
    at = v2.seconds(params["timestamp"], "timestamp") if params.get("timestamp") else None
    made = metering.report(ctx, params["event_name"], params["payload"], params.get("identifier"), at)
    times = {"created": v2.written(made["created"]), "timestamp": v2.written(made["timestamp"])}
    return {**made, **times, "object": "v2.billing.meter_event"}


@twin.handler("PostV2BillingMeterEvents")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Something was used."""
    return _report(ctx, request.body or {})


@twin.handler("PostV2BillingMeterEventAdjustments")
@lookup.modelled
def adjust(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Cancel an event."""
    params = request.body or {}
    made = metering.cancel(ctx, params["event_name"], params["cancel"]["identifier"])
    return {
        **made,
        "id": ctx.new_id("mtr_event_adj_{alnum:24}"),
        "object": "v2.billing.meter_event_adjustment",
        "created": v2.written(ctx.now),
    }


@twin.handler("PostV2BillingMeterEventSession")
@lookup.modelled
def session(ctx: Ctx, _request: Request) -> dict[str, Any]:
    """A token that lets events be streamed for a quarter of an hour."""
    record = {
        "id": ctx.new_id(SESSION),
        "object": SESSION,
        "authentication_token": f"mes_test_{ctx.token('alnum', 60)}",
        "created": v2.written(ctx.now),
        "expires_at": v2.written(ctx.now + LIFE),
        "livemode": False,
    }
    ctx.store.insert(SESSION, record, created=ctx.micros)
    return record


@twin.handler("PostV2BillingMeterEventStream")
@lookup.modelled
def stream(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Many events at once; what is wrong with one is told in an error report, not here."""
    for each in (request.body or {})["events"]:
        try:
            _report(ctx, each)
        except ServiceError as error:
            metering.complain(ctx, each, str(error.body["error"]["message"]), error.name)
    return {}
