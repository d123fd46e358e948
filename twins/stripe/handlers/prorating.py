"""Prorations on records: what changing items in the middle of a period gives back and charges.

Source: https://docs.stripe.com/billing/subscriptions/prorations. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twinkit import Ctx, Filter
from twins.stripe import lookup
from twins.stripe.billing import periods, pricing, proration
from twins.stripe.handlers import clocks, cycle, invoice_items, invoicing, recurring

Item = Mapping[str, Any]
FROZEN = ["pricing", "quantity", "discounts"]


def _billed(ctx: Ctx, item: Item) -> dict[str, Any] | None:
    """The invoice and lines that billed the current period of an item."""
    for invoice in ctx.store.select("invoice", [Filter("customer", "=", _owner(ctx, item))]):
        rows = [
            row["id"]
            for row in invoicing.lines_of(ctx, invoice["id"])
            if (row["parent"]["subscription_item_details"] or {}).get("subscription_item") == item["id"]
            and row["period"]["start"] == item["current_period_start"]
        ]
        if rows:
            inner = {"invoice": invoice["id"], "invoice_line_items": rows}
            return {"invoice_line_item_details": inner, "type": "invoice_line_items"}
    return None


def _owner(ctx: Ctx, item: Item) -> str:
    return str(ctx.store.get("subscription", str(item["subscription"]))["customer"])


def _values(
    ctx: Ctx, subscription: Mapping[str, Any], item: Item, amount: int, text: str, period: tuple[int, int]
) -> dict[str, Any]:
    """An invoice item of a proration, not stored yet."""
    inner = {"subscription": subscription["id"], "subscription_item": item["id"]}
    values = {
        "amount": amount,
        "currency": subscription["currency"],
        "description": text,
        "discountable": False,
        "frozen_fields": list(FROZEN),
        "parent": {"subscription_details": inner, "type": "subscription_details"},
        "period": {"end": period[1], "start": period[0]},
        "pricing": {**invoice_items.details(item["price"]), "unit_amount_decimal": None},
        "proration": True,
        "proration_details": {"credited_items": None},
        "quantity": int(item.get("quantity") or 1),
        "tax_rates": list(item["tax_rates"]),
    }
    customer = ctx.store.get("customer", str(subscription["customer"]))
    return invoice_items.new_record(ctx, customer, values)


def differs(old: Item | None, new: Item | None) -> bool:
    """Whether a change of an item changes what it costs."""
    if old is None or new is None:
        return True
    return old["price"]["id"] != new["price"]["id"] or old.get("quantity") != new.get("quantity")


def rows(
    ctx: Ctx, subscription: Mapping[str, Any], changes: Sequence[tuple[Item | None, Item | None]], at: int
) -> list[dict[str, Any]]:
    """The invoice items of a change, (item before, item after) each: the credits, then the charges; none is stored."""
    credits, charges = [], []
    for old, new in changes:
        if not differs(old, new):
            continue
        if old is not None and not recurring.metered(old["price"]):
            start, end = old["current_period_start"], old["current_period_end"]
            part = proration.remaining(start, end, at)
            text = proration.unused(_name(ctx, old), int(old.get("quantity") or 1), at)
            amount = proration.credit(recurring.whole(ctx, old, str(subscription["currency"])), part)
            item = _values(ctx, subscription, old, amount, text, (at, end))
            item["proration_details"] = {"credited_items": _billed(ctx, old)}
            if part:
                credits.append(item)
        if new is not None and not recurring.metered(new["price"]):
            start, end = new["current_period_start"], new["current_period_end"]
            part = proration.remaining(start, end, at)
            text = proration.rest(_name(ctx, new), int(new.get("quantity") or 1), at)
            amount = proration.charge(recurring.whole(ctx, new, str(subscription["currency"])), part)
            if part:
                charges.append(_values(ctx, subscription, new, amount, text, (at, end)))
    return [*credits, *charges]


def usage(ctx: Ctx, subscription: Mapping[str, Any], items: Sequence[Item], at: int) -> list[dict[str, Any]]:
    """The invoice items of what was used of metered items in their period and not billed; none is stored.

    https://docs.stripe.com/billing/subscriptions/billing-mode/compare: what is removed is billed for its usage.
    """
    found = []
    for item in items:
        if not recurring.metered(item["price"]):
            continue
        period = (int(item["current_period_start"]), at + 1)
        product = recurring.product_of(ctx, item["price"])
        for part in recurring.used_parts(ctx, item, str(subscription["customer"]), period):
            if part.quantity or part.amount:
                text = pricing.described(item["price"], product, part)
                values = _values(ctx, subscription, item, part.amount, text, period)
                values |= {"discountable": True, "frozen_fields": [], "proration": False, "proration_details": None}
                values |= {"quantity": int(part.quantity), "quantity_decimal": pricing.plain(part.quantity)}
                found.append(values)
    return found


def _name(ctx: Ctx, item: Item) -> str:
    return str(recurring.product_of(ctx, item["price"])["name"])


def keep(ctx: Ctx, items: Sequence[dict[str, Any]]) -> None:
    """Keep the invoice items of a change: they wait for the next invoice."""
    for item in items:
        ctx.store.insert("invoiceitem", item, created=ctx.micros)
        ctx.emit("invoiceitem.created", item)


def invoice_now(ctx: Ctx, subscription: dict[str, Any], *, pay: bool = True) -> dict[str, Any] | None:
    """Bill what is pending at once, as `subscription_update`; None when nothing is."""
    at = clocks.now(ctx, subscription["customer"])
    items = recurring.items_of(ctx, subscription["id"])
    start = min((row["current_period_start"] for row in items), default=at)
    invoice = cycle.draft(ctx, subscription, "subscription_update", at, period_start=start)
    lines = invoicing.sweep(ctx, str(subscription["customer"]), invoice["id"], subscription["id"])
    if not lines:
        return None
    invoice = invoicing.insert(ctx, invoice, sorted(lines, key=lambda row: row["amount"]))
    ctx.store.update("subscription", subscription["id"], latest_invoice=invoice["id"])
    if subscription["collection_method"] == "send_invoice":
        return invoice
    opened = cycle.finalize_now(ctx, invoice)
    if pay and opened["status"] == "open":
        invoicing.attempt(ctx, opened)
    return ctx.store.get("invoice", invoice["id"])


def period_of(ctx: Ctx, subscription: Mapping[str, Any], price: Mapping[str, Any], at: int) -> tuple[int, int]:
    """The period that an item which is added now joins: that of the others, else the one its anchor gives."""
    rows = recurring.items_of(ctx, str(subscription["id"]))
    same = [row for row in rows if recurring.rule_of(row["price"]) == recurring.rule_of(price)]
    if same:
        return int(same[0]["current_period_start"]), int(same[0]["current_period_end"])
    return periods.running(int(subscription["billing_cycle_anchor"]), *recurring.rule_of(price), at)


def changed_item(
    ctx: Ctx, item: dict[str, Any], given: Mapping[str, Any], at: int, anchor: int
) -> tuple[dict[str, Any], bool]:
    """(the item after a change, whether its interval changed), not stored yet.

    A new interval is counted from the anchor that the subscription has: recorded at https://github.com/pay-rails/pay.
    """
    after = {**item, **lookup.changed(item, given)}
    if given.get("quantity") is not None:
        after["quantity"] = int(given["quantity"])
    if "billing_thresholds" in given:
        given_threshold = given["billing_thresholds"]
        after["billing_thresholds"] = recurring.item_threshold(given_threshold, item["price"], "billing_thresholds")
    if given.get("tax_rates") is not None:
        after["tax_rates"] = invoice_items.tax_rates(ctx, given["tax_rates"] or (), "tax_rates")
    if not given.get("price") and not isinstance(given.get("price_data"), Mapping):
        return after, False
    price = recurring.price_of(ctx, given, "items[0]")
    moved = recurring.rule_of(price) != recurring.rule_of(item["price"])
    after |= {"price": price, "plan": pricing.plan_of(price)}
    if recurring.metered(price):
        after.pop("quantity", None)
    if moved:
        start, end = periods.running(anchor, *recurring.rule_of(price), at)
        after |= {"current_period_start": start, "current_period_end": end}
    return after, moved
