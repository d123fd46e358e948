"""Billing thresholds: a subscription is billed before its period ends when its usage comes to enough.

Source: https://docs.stripe.com/billing/subscriptions/usage-based/thresholds. Trials are not looked at, nor is the last
day of a period; taxes do not count, discounts and prorations do. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from twinkit import Ctx, Filter
from twins.stripe.billing import periods, totals
from twins.stripe.handlers import (
    changing,
    clocks,
    cycle,
    discounting,
    invoicing,
    metering,
    recurring,
    subscribing,
)

Row = dict[str, Any]


@metering.watch
def watch(ctx: Ctx, customer: str) -> None:
    """A customer used something: bill the subscriptions that reach a threshold with it."""
    where = [Filter("customer", "=", customer), Filter("status", "in", ["active", "past_due"])]
    for subscription in list(ctx.store.select("subscription", where)):
        rows = recurring.items_of(ctx, subscription["id"])
        if subscription["billing_thresholds"] or any(row["billing_thresholds"] for row in rows):
            _look(ctx, subscription, rows)


def _look(ctx: Ctx, subscription: dict[str, Any], rows: Sequence[Row]) -> None:
    at = clocks.now(ctx, subscription["customer"])
    ends = min(int(row["current_period_end"]) for row in rows)
    if at >= ends - periods.DAY:
        return
    used = [row for row in rows if recurring.metered(row["price"])]
    reached = [row for row in used if _enough(ctx, subscription, row, at)]
    least = (subscription["billing_thresholds"] or {}).get("amount_gte")
    amount = least is not None and _worth(ctx, subscription, used, at) >= int(least)
    if reached or amount:
        _bill(ctx, subscription, reached, least if amount else None, at)


def _enough(ctx: Ctx, subscription: Mapping[str, Any], item: Row, at: int) -> bool:
    """Whether what was used of an item and not billed reaches the item's own threshold."""
    least = (item["billing_thresholds"] or {}).get("usage_gte")
    if least is None:
        return False
    start = int(item["current_period_start"])
    used = recurring.used(ctx, item, str(subscription["customer"]), (start, at + 1))
    return bool(used - recurring.billed(ctx, item, start) >= int(least))


def _worth(ctx: Ctx, subscription: Mapping[str, Any], used: Sequence[Row], at: int) -> int:
    """What would be billed now, after discounts and before taxes."""
    lines: list[dict[str, Any]] = []
    for item in used:
        period = (int(item["current_period_start"]), at + 1)
        pricing = {"price_details": {"product": item["price"]["product"]}}
        for part in recurring.used_parts(ctx, item, str(subscription["customer"]), period):
            lines.append({"amount": part.amount, "discountable": True, "pricing": pricing})
    waiting = [Filter("customer", "=", subscription["customer"]), Filter("invoice", "exists", False)]
    for row in ctx.store.select("invoiceitem", waiting):
        own = ((row.get("parent") or {}).get("subscription_details") or {}).get("subscription")
        if own in (None, subscription["id"]):
            lines.append({name: row[name] for name in ("amount", "discountable", "pricing")})
    totals.discount_lines(lines, invoicing.offs(ctx, discounting.running(ctx, subscription["discounts"], at)))
    off = sum(each["amount"] for line in lines for each in line["discount_amounts"])
    return sum(int(line["amount"]) for line in lines) - int(off)


def _bill(ctx: Ctx, subscription: dict[str, Any], reached: Sequence[Row], amount: int | None, at: int) -> None:
    """Bill what was used until now; with `reset_billing_cycle_anchor` the period ends with it."""
    anew = bool((subscription["billing_thresholds"] or {}).get("reset_billing_cycle_anchor"))
    rows = recurring.items_of(ctx, subscription["id"])
    billed = rows if anew else [row for row in rows if recurring.metered(row["price"])]
    over = {row["id"]: (int(row["current_period_start"]), at + 1) for row in billed}
    if anew:
        changing.restart(ctx, subscription, at)
    start = min(begin for begin, _ in over.values())

    def told(lines: list[Row]) -> Row:
        return {"amount_gte": amount, "item_reasons": [_reason(row, lines) for row in reached]}

    invoice = cycle.bill(ctx, subscription, "subscription_threshold", at, since=start, ended=over, threshold=told)
    if invoice is None:
        return
    for row in rows:
        if recurring.metered(row["price"]):
            _remember(ctx, subscription, row, over[row["id"]], anew=anew)
    changes: dict[str, Any] = {"latest_invoice": invoice["id"]}
    if anew:
        changes["billing_cycle_anchor"] = at
    changed = subscribing.changed(ctx, ctx.store.get("subscription", subscription["id"]), changes)
    if anew:
        subscribing.plan_renewal(ctx, changed)


def _reason(item: Row, lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    ids = [
        line["id"]
        for line in lines
        if (line["parent"]["subscription_item_details"] or {}).get("subscription_item") == item["id"]
    ]
    return {"line_item_ids": ids, "usage_gte": item["billing_thresholds"]["usage_gte"]}


def _remember(ctx: Ctx, subscription: Mapping[str, Any], item: Row, period: tuple[int, int], *, anew: bool) -> None:
    """Note what is billed: it is not billed again when the period ends."""
    if anew:
        recurring.priced_anew(ctx, item["id"])
        return
    used: Decimal = recurring.used(ctx, item, str(subscription["customer"]), period)
    recurring.bills(ctx, item["id"], period[0], used)
