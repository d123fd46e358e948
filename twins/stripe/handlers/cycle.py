"""The invoices of a subscription's periods: their lines, their drafts.

Sources: https://docs.stripe.com/billing/invoices/subscription, /billing/subscriptions/billing-mode/compare.
Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from twinkit import Ctx
from twins.stripe.billing import periods, pricing, proration, totals
from twins.stripe.handlers import discounting, invoice_items, invoicing, recurring

Ended = Mapping[str, tuple[int, int]]
"""Item id → the period that is over for it."""
USAGE = "_usage"
"""Marks a line of usage, so that it is counted again when its draft is finalized."""


def item_lines(
    ctx: Ctx,
    invoice: str,
    subscription: Mapping[str, Any],
    *,
    trial: bool,
    ended: Ended | None = None,
    stub: bool = False,
) -> list[dict[str, Any]]:
    """The lines of each item: licensed ones for the period that begins, free while it is a trial, metered ones for the
    period that is over. With `ended` only the items named in it are billed; a `stub` is part of a whole period."""
    lines: list[dict[str, Any]] = []
    for item in recurring.items_of(ctx, subscription["id"]):
        if ended is not None and item["id"] not in ended:
            continue
        if not recurring.metered(item["price"]):
            period = (item["current_period_start"], item["current_period_end"])
            parts = recurring.parts(ctx, item, str(subscription["currency"]))
            if stub:
                parts = _part(item, parts)
            lines += _lines(ctx, invoice, subscription, item, parts, period, trial=trial)
        elif ended is not None:
            lines += usage_lines(ctx, invoice, subscription, item, ended[item["id"]])
    return lines


def _part(item: Mapping[str, Any], parts: Sequence[pricing.Part]) -> list[pricing.Part]:
    """What an item costs for a period that its anchor cuts short."""
    start, end = item["current_period_start"], item["current_period_end"]
    share = proration.remaining(periods.period_start(end, *recurring.rule_of(item["price"])), end, start)
    return [part._replace(amount=proration.charge(part.amount, share)) for part in parts]


def usage_lines(
    ctx: Ctx, invoice: str, subscription: Mapping[str, Any], item: Mapping[str, Any], period: tuple[int, int]
) -> list[dict[str, Any]]:
    """The lines for what a metered item was used in a period."""
    parts = recurring.used_parts(ctx, item, str(subscription["customer"]), period)
    return [{**row, USAGE: True} for row in _lines(ctx, invoice, subscription, item, parts, period, trial=False)]


def _lines(
    ctx: Ctx, invoice: str, subscription: Mapping[str, Any], item: Mapping[str, Any], parts: Sequence[pricing.Part],
    period: tuple[int, int], *, trial: bool,
) -> list[dict[str, Any]]:  # fmt: skip
    price = recurring.local(ctx, item["price"], str(subscription["currency"]))
    product = recurring.product_of(ctx, price)
    discounts = discounting.running(ctx, item["discounts"], period[0])
    if trial:
        quantity = Decimal(int(item.get("quantity") or 0))
        parts = [pricing.Part(0, quantity, Decimal(0))]
    lines = []
    for part in parts:
        text = f"Free trial for {pricing.counted(part.quantity, product)}"
        if not trial:
            text = pricing.described(price, product, part)
        inner = {
            "invoice_item": None,
            "proration": False,
            "proration_details": {"credited_items": None},
            "subscription": subscription["id"],
            "subscription_item": item["id"],
        }
        values = {
            "amount": part.amount,
            "description": text,
            "discounts": discounts,
            "metadata": dict(item["metadata"]),
            "parent": {
                "invoice_item_details": None,
                "subscription_item_details": inner,
                "type": "subscription_item_details",
            },
            "period": {"end": period[1], "start": period[0]},
            "pricing": {**invoice_items.details(price), "unit_amount_decimal": part.unit_text},
            "quantity": int(part.quantity),
            "quantity_decimal": pricing.plain(part.quantity),
            totals.RATES: [rate["id"] for rate in item["tax_rates"]],
        }
        lines.append(invoicing.line(ctx, invoice, str(subscription["currency"]), values))
    return lines


def draft(
    ctx: Ctx, subscription: Mapping[str, Any], reason: str, at: int, *, period_start: int | None = None
) -> dict[str, Any]:
    """The draft of a subscription's invoice, without lines and not stored yet."""
    customer = ctx.store.get("customer", str(subscription["customer"]))
    invoice = invoicing.blank(ctx, customer, str(subscription["currency"]), at)
    inner = {"metadata": dict(subscription["metadata"]), "subscription": subscription["id"]}
    sent = subscription["collection_method"] == "send_invoice"
    taxed = subscription["automatic_tax"]
    if taxed["enabled"]:
        invoice["automatic_tax"] = {**taxed, "disabled_reason": None, "provider": "stripe", "status": "complete"}
    invoice |= {
        "auto_advance": True,
        "billing_reason": reason,
        "collection_method": subscription["collection_method"],
        "default_tax_rates": list(subscription["default_tax_rates"] or ()),
        "description": subscription["description"],
        "discounts": discounting.running(ctx, subscription["discounts"], at),
        "due_date": at + int(subscription["days_until_due"] or 30) * periods.DAY if sent else None,
        "parent": {"quote_details": None, "subscription_details": inner, "type": "subscription_details"},
        "period_start": period_start if period_start is not None else at,
    }
    return invoice


def bill(
    ctx: Ctx,
    subscription: dict[str, Any],
    reason: str,
    at: int,
    *,
    trial: bool = False,
    since: int | None = None,
    ended: Ended | None = None,
    stub: bool = False,
    threshold: Callable[[list[dict[str, Any]]], dict[str, Any]] | None = None,
) -> dict[str, Any] | None:
    """Keep the draft for the current period, with what was pending; the subscription names it as its latest.

    `since` is when the period before began: what an invoice of a renewal looks back on. None when there is nothing to
    bill: items that bill usage put nothing on the invoice they begin with. With `threshold`, what says which one was
    reached, usage that is reported while the draft waits is not added to it.
    """
    rows = recurring.items_of(ctx, subscription["id"])
    start = since
    if start is None and reason != "subscription_create":
        start = min((row["current_period_start"] for row in rows), default=at)
    invoice = draft(ctx, subscription, reason, at, period_start=None if start is None else min(start, at))
    pending = invoicing.sweep(ctx, str(subscription["customer"]), invoice["id"], subscription["id"])
    lines = [*pending, *item_lines(ctx, invoice["id"], subscription, trial=trial, ended=ended, stub=stub)]
    if not lines:
        return None
    if threshold is not None:
        lines = [{name: value for name, value in line.items() if name != USAGE} for line in lines]
        invoice["threshold_reason"] = threshold(lines)
    invoice = invoicing.insert(ctx, invoice, lines)
    ctx.store.update("subscription", subscription["id"], latest_invoice=invoice["id"])
    for resource, owner in (("subscription", subscription), *(("subscription_item", row) for row in rows)):
        kept = [id for id in owner["discounts"] if discounting.lasts(ctx, id)]
        if kept != owner["discounts"]:
            ctx.store.update(resource, owner["id"], discounts=kept)
    return invoice


def finalize_now(ctx: Ctx, invoice: dict[str, Any]) -> dict[str, Any]:
    """Finalize a draft at once instead of after its hour."""
    return invoicing.finalize(ctx, ctx.store.get("invoice", invoice["id"]))


@invoicing.recount
def recounted(ctx: Ctx, invoice: dict[str, Any], lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines of a draft with usage as it is now: what was reported while it waited counts."""
    subscription = ctx.store.find("subscription", invoicing.subscription_of(invoice) or "")
    if subscription is None or not any(row.get(USAGE) for row in lines):
        return lines
    found, done = [], set()
    for row in lines:
        if not row.get(USAGE):
            found.append(row)
            continue
        id = row["parent"]["subscription_item_details"]["subscription_item"]
        item = ctx.store.find("subscription_item", id)
        if item is None or item["price"]["id"] != row["pricing"]["price_details"]["price"]:
            found.append(row)
        elif id not in done:
            done.add(id)
            period = (row["period"]["start"], row["period"]["end"])
            found += usage_lines(ctx, invoice["id"], subscription, item, period)
    return found
