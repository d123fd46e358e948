"""Subscriptions as they are made: their items with prices and periods, their trial. What follows is generic.

Source: https://docs.stripe.com/api/subscriptions. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Request
from twins.stripe import errors, lookup, twin
from twins.stripe.billing import periods
from twins.stripe.handlers import catalogue

DAY = 86_400


def price_of(ctx: Ctx, given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The recurring price that an item names or describes. Raises 400."""
    data = given.get("price_data")
    if isinstance(data, Mapping):
        product = lookup.record(ctx, "product", data.get("product"), f"{where}[price_data][product]")
        return catalogue.make_price(ctx, data, product["id"])
    if not given.get("price"):
        raise errors.missing(f"{where}[price]")
    price = lookup.record(ctx, "price", given["price"], f"{where}[price]")
    if price.get("recurring") is None and not ctx.options.get("materialise"):
        text = (
            f"The price specified is set to `type=one_time` but this field only accepts prices with "
            f"`type=recurring`: {price['id']}."
        )
        raise errors.invalid(text, f"{where}[price]")
    return price


def item(ctx: Ctx, subscription: str, price: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Keep a new item of a subscription."""
    rule = price.get("recurring") or {"interval": "month", "interval_count": 1}
    values: dict[str, Any] = {
        "subscription": subscription,
        "price": price,
        "metadata": lookup.metadata({}, given.get("metadata")),
        "tax_rates": [],
        "current_period_start": ctx.now,
        "current_period_end": periods.period_end(ctx.now, rule["interval"], rule["interval_count"]),
    }
    if rule.get("usage_type") != "metered":
        values["quantity"] = given.get("quantity", 1)
    return ctx.create("subscription_item", values, event="")


@twin.before("subscription", "create")
def fill(ctx: Ctx, request: Request | None, record: dict[str, Any]) -> None:
    """The items, the currency, the dates and the trial of a new subscription."""
    params = request.body if request is not None and isinstance(request.body, Mapping) else {}
    given = params.get("items")
    if not isinstance(given, list):
        return
    if params.get("customer"):
        lookup.record(ctx, "customer", params["customer"], "customer")
    prices = [price_of(ctx, each, f"items[{number}]") for number, each in enumerate(given)]
    rows = [item(ctx, record["id"], price, each) for price, each in zip(prices, given, strict=True)]
    record["items"] = {**record["items"], "data": rows, "has_more": False}
    record.update(start_date=ctx.now, billing_cycle_anchor=ctx.now)
    if prices:
        record["currency"] = prices[0]["currency"]
    _trial(ctx, params, record)


def _trial(ctx: Ctx, params: Mapping[str, Any], record: dict[str, Any]) -> None:
    end = params.get("trial_end")
    if params.get("trial_period_days"):
        end = ctx.now + int(params["trial_period_days"]) * DAY
    if not isinstance(end, int) or end <= ctx.now:
        return
    record.update(status="trialing", trial_start=ctx.now, trial_end=end, billing_cycle_anchor=end)
    for row in record["items"]["data"]:
        row["current_period_end"] = end
        ctx.store.update("subscription_item", row["id"], current_period_end=end)


@twin.before("subscription_item", "create")
def fill_item(ctx: Ctx, request: Request | None, record: dict[str, Any]) -> None:
    """The price and the period of an item that is added by itself."""
    params = request.body if request is not None and isinstance(request.body, Mapping) else {}
    if "subscription" not in params or not params.get("price"):
        return
    price = lookup.record(ctx, "price", params["price"], "price")
    rule = price.get("recurring") or {"interval": "month", "interval_count": 1}
    record.update(
        price=price,
        quantity=params.get("quantity", 1),
        current_period_start=ctx.now,
        current_period_end=periods.period_end(ctx.now, rule["interval"], rule["interval_count"]),
    )
