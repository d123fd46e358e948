"""The invoices of a subscription's periods: their lines, their drafts.

Sources: https://docs.stripe.com/billing/invoices/subscription, /billing/subscriptions/billing-mode/compare.
Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx
from twins.stripe.billing import periods, pricing, totals
from twins.stripe.handlers import discounting, invoice_items, invoicing, recurring


def item_lines(ctx: Ctx, invoice: str, subscription: Mapping[str, Any], *, trial: bool) -> list[dict[str, Any]]:
    """The lines for the current period of each item; free while it is a trial."""
    return [
        _period_line(ctx, invoice, subscription, item, trial) for item in recurring.items_of(ctx, subscription["id"])
    ]


def _period_line(
    ctx: Ctx, invoice: str, subscription: Mapping[str, Any], item: Mapping[str, Any], trial: bool
) -> dict[str, Any]:
    price, product = item["price"], recurring.product_of(ctx, item["price"])
    quantity = int(item.get("quantity") or 0)
    text = pricing.described(price, product, quantity)
    details = invoice_items.details(price)
    if trial:
        text = f"Free trial for {pricing.counted(quantity, product)}"
        details = {**details, "unit_amount_decimal": "0"}
    inner = {
        "invoice_item": None,
        "proration": False,
        "proration_details": {"credited_items": None},
        "subscription": subscription["id"],
        "subscription_item": item["id"],
    }
    values = {
        "amount": 0 if trial else recurring.whole(ctx, item),
        "description": text,
        "metadata": dict(item["metadata"]),
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": inner,
            "type": "subscription_item_details",
        },
        "period": {"end": item["current_period_end"], "start": item["current_period_start"]},
        "pricing": details,
        "quantity": quantity,
        totals.RATES: [rate["id"] for rate in item["tax_rates"]],
    }
    return invoicing.line(ctx, invoice, str(subscription["currency"]), values)


def draft(
    ctx: Ctx, subscription: Mapping[str, Any], reason: str, at: int, *, period_start: int | None = None
) -> dict[str, Any]:
    """The draft of a subscription's invoice, without lines and not stored yet."""
    customer = ctx.store.get("customer", str(subscription["customer"]))
    invoice = invoicing.blank(ctx, customer, str(subscription["currency"]), at)
    inner = {"metadata": dict(subscription["metadata"]), "subscription": subscription["id"]}
    sent = subscription["collection_method"] == "send_invoice"
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
    ctx: Ctx, subscription: dict[str, Any], reason: str, at: int, *, trial: bool = False, since: int | None = None
) -> dict[str, Any]:
    """Keep the draft for the current period, with what was pending; the subscription names it as its latest.

    `since` is when the period before began: what an invoice of a renewal looks back on.
    """
    rows = recurring.items_of(ctx, subscription["id"])
    start = since
    if start is None and reason != "subscription_create":
        start = min((row["current_period_start"] for row in rows), default=at)
    invoice = draft(ctx, subscription, reason, at, period_start=None if start is None else min(start, at))
    pending = invoicing.sweep(ctx, str(subscription["customer"]), invoice["id"], subscription["id"])
    lines = [*pending, *item_lines(ctx, invoice["id"], subscription, trial=trial)]
    invoice = invoicing.insert(ctx, invoice, lines)
    ctx.store.update("subscription", subscription["id"], latest_invoice=invoice["id"])
    once = [id for id in subscription["discounts"] if not discounting.lasts(ctx, id)]
    if once:
        kept = [id for id in subscription["discounts"] if id not in once]
        ctx.store.update("subscription", subscription["id"], discounts=kept)
    return invoice


def finalize_now(ctx: Ctx, invoice: dict[str, Any]) -> dict[str, Any]:
    """Finalize a draft at once instead of after its hour."""
    ctx.store.update("invoice", invoice["id"], auto_advance=False)
    return invoicing.finalize(ctx, ctx.store.get("invoice", invoice["id"]))
