"""What happens to subscriptions, whoever asks: items, invoices of a period, payments, renewal, the end.

Used by the subscription operations, Checkout and the clock. Sources: https://docs.stripe.com/billing/subscriptions/overview,
https://docs.stripe.com/api/subscriptions. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Reply, ServiceError
from twins.stripe import errors, listing, lookup
from twins.stripe.billing import periods, pricing, statuses, totals
from twins.stripe.handlers import (
    catalogue,
    clocks,
    discounting,
    invoice_items,
    invoices,
    invoicing,
)

BIRTH = "subscription_birth"
"""Store name of the subscriptions that are just being made: what happens to them is not told yet."""
DETAILS: Mapping[str, Any] = dict.fromkeys(("comment", "feedback", "feedback_option", "reason"))


# items ---------------------------------------------------------------------------------------------------------------


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
    if not price["active"] and not ctx.options.get("materialise"):
        raise errors.invalid(
            "The price specified is inactive. This field only accepts active prices.", f"{where}[price]"
        )
    return price


def plan_of(price: Mapping[str, Any]) -> dict[str, Any]:
    """The older `plan` object that items still show beside their price."""
    rule = price.get("recurring") or {}
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": price["billing_scheme"],
        "created": price["created"],
        "currency": price["currency"],
        "interval": rule.get("interval", "month"),
        "interval_count": rule.get("interval_count", 1),
        "livemode": False,
        "metadata": price["metadata"],
        "meter": rule.get("meter"),
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": price["tiers_mode"],
        "transform_usage": price["transform_quantity"],
        "trial_period_days": None,
        "usage_type": rule.get("usage_type", "licensed"),
    }


def rule_of(price: Mapping[str, Any]) -> tuple[str, int]:
    """(interval, count) of a recurring price."""
    rule = price.get("recurring") or {}
    return str(rule.get("interval") or "month"), int(rule.get("interval_count") or 1)


def metered(price: Mapping[str, Any]) -> bool:
    """Whether a price bills what was used."""
    return (price.get("recurring") or {}).get("usage_type") == "metered"


def new_item(
    ctx: Ctx, subscription: str, price: dict[str, Any], given: Mapping[str, Any], period: tuple[int, int], at: int
) -> dict[str, Any]:
    """Keep a new item of a subscription."""
    record: dict[str, Any] = {
        "id": ctx.new_id("subscription_item"),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": at,
        "current_period_end": period[1],
        "current_period_start": period[0],
        "current_trial": None,
        "discounts": [],
        "metadata": lookup.metadata({}, given.get("metadata")),
        "plan": plan_of(price),
        "price": price,
        "subscription": subscription,
        "tax_rates": invoice_items.tax_rates(ctx, given.get("tax_rates"), "tax_rates"),
    }
    if not metered(price):
        quantity = given.get("quantity")
        record["quantity"] = 1 if quantity is None else int(quantity)
    record = lookup.ordered(record)
    ctx.store.insert("subscription_item", record, created=ctx.micros)
    return record


def items_of(ctx: Ctx, subscription: str) -> list[dict[str, Any]]:
    """The items of a subscription, oldest first."""
    return list(ctx.store.select("subscription_item", [Filter("subscription", "=", subscription)]))[::-1]


def show_items(ctx: Ctx, subscription: dict[str, Any]) -> dict[str, Any]:
    """The subscription with its items as they are now, not stored yet."""
    rows = items_of(ctx, subscription["id"])
    url = f"/v1/subscription_items?subscription={subscription['id']}"
    single = rows[0] if len(rows) == 1 else None
    return {
        **subscription,
        "items": listing.counted(rows, url),
        "plan": single["plan"] if single else None,
        "quantity": single.get("quantity") if single else None,
    }


def product_of(ctx: Ctx, price: Mapping[str, Any]) -> dict[str, Any]:
    """The product of a price, with a name even when it is gone."""
    return ctx.store.find("product", str(price["product"])) or {"name": str(price["product"])}


def whole(ctx: Ctx, item: Mapping[str, Any]) -> int:
    """What an item costs for a whole period."""
    hidden = ctx.store.find(catalogue.HIDDEN, item["price"]["id"]) or {}
    return pricing.amount(item["price"], int(item.get("quantity") or 0), hidden.get("tiers") or ())


# invoices of a period ------------------------------------------------------------------------------------------------


def item_lines(ctx: Ctx, invoice: str, subscription: Mapping[str, Any], *, trial: bool) -> list[dict[str, Any]]:
    """The lines for the current period of each item; free while it is a trial."""
    return [_period_line(ctx, invoice, subscription, item, trial) for item in items_of(ctx, subscription["id"])]


def _period_line(
    ctx: Ctx, invoice: str, subscription: Mapping[str, Any], item: Mapping[str, Any], trial: bool
) -> dict[str, Any]:
    price, product = item["price"], product_of(ctx, item["price"])
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
        "amount": 0 if trial else whole(ctx, item),
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
    rows = items_of(ctx, subscription["id"])
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


# status --------------------------------------------------------------------------------------------------------------


def changed(ctx: Ctx, subscription: dict[str, Any], changes: Mapping[str, Any], *events: str) -> dict[str, Any]:
    """Change a subscription and tell of it, unless it is just being made."""
    previous = ctx.store.get("subscription", subscription["id"])
    record = show_items(ctx, {**previous, **changes})
    ctx.store.replace("subscription", subscription["id"], record)
    before = {name: previous.get(name) for name in record if previous.get(name) != record[name]}
    if before and ctx.store.find(BIRTH, subscription["id"]) is None:
        ctx.emit("customer.subscription.updated", record, previous=before)
        for event in events:
            ctx.emit(event, record)
    return record


def end(
    ctx: Ctx, subscription: dict[str, Any], reason: str | None, details: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The subscription is over: canceled now."""
    at = clocks.now(ctx, subscription["customer"])
    given = {**subscription["cancellation_details"], **(details or {}), "reason": reason}
    values = {
        "canceled_at": subscription["canceled_at"] or at,
        "cancellation_details": given,
        "ended_at": at,
        "status": "canceled",
    }
    record = show_items(ctx, {**ctx.store.get("subscription", subscription["id"]), **values})
    ctx.store.replace("subscription", subscription["id"], record)
    ctx.emit("customer.subscription.deleted", record)
    return record


def _listen(ctx: Ctx, invoice: dict[str, Any], outcome: str) -> None:
    """What became of the payment of a subscription's invoice."""
    id = invoicing.subscription_of(invoice)
    subscription = ctx.store.find("subscription", id) if id else None
    if subscription is None or subscription["status"] in statuses.ENDED:
        return
    if outcome == "paid":
        target = statuses.SUBSCRIPTION.get((subscription["status"], "paid"))
        latest = subscription["latest_invoice"] == invoice["id"] or subscription["status"] != "incomplete"
        changes: dict[str, Any] = {"status": target} if target and latest else {}
        save = (subscription["payment_settings"] or {}).get("save_default_payment_method")
        intent = invoicing.intent_of(ctx, invoice["id"])
        if save == "on_subscription" and intent:
            changes["default_payment_method"] = intent["payment_method"]
        if changes:
            changed(ctx, subscription, changes)
        return
    if invoice["billing_reason"] == "subscription_create":
        return
    target = statuses.SUBSCRIPTION.get((subscription["status"], "failed"))
    if target:
        subscription = changed(ctx, subscription, {"status": target})
    _retry(ctx, subscription, invoice)


invoicing.LISTENERS.append(_listen)


def _retry(ctx: Ctx, subscription: dict[str, Any], invoice: dict[str, Any]) -> None:
    """Plan the next attempt of a failed payment; after the last one the subscription is canceled."""
    tried = max(int(invoice["attempt_count"]), 1)
    customer = subscription["customer"]
    if tried > len(statuses.RETRIES):
        ctx.store.update("invoice", invoice["id"], next_payment_attempt=None)
        end(ctx, subscription, "payment_failed")
        return
    at = clocks.now(ctx, customer) + statuses.RETRIES[tried - 1]
    ctx.store.update("invoice", invoice["id"], next_payment_attempt=at)
    clocks.later(ctx, customer, "retry", {"invoice": invoice["id"], "tried": tried}, at)


@clocks.work("retry")
def retries(ctx: Ctx, data: dict[str, Any]) -> None:
    """A failed payment is tried again."""
    invoice = ctx.store.find("invoice", data["invoice"])
    if invoice is not None and invoice["status"] == "open":
        invoicing.attempt(ctx, invoice)


# making one ----------------------------------------------------------------------------------------------------------


def collect_first(ctx: Ctx, subscription: dict[str, Any], behavior: str, *, on_session: bool = True) -> None:
    """The first invoice of a new subscription and its payment. Raises for what the behaviour does not admit."""
    at = clocks.now(ctx, subscription["customer"])
    trial = subscription["trial_end"] is not None and subscription["trial_end"] > at
    invoice = bill(ctx, subscription, "subscription_create", at, trial=trial)
    if subscription["collection_method"] == "send_invoice":
        ctx.store.update("subscription", subscription["id"], status="trialing" if trial else "active")
        return
    opened = finalize_now(ctx, invoice)
    if opened["status"] == "paid":
        ctx.store.update("subscription", subscription["id"], status="trialing" if trial else "active")
        return
    method = invoicing.method_for(ctx, opened)
    if method is None and behavior != "default_incomplete":
        raise errors.invalid(statuses.NO_METHOD, code="resource_missing")
    if behavior != "default_incomplete" and method is not None:
        reply = invoicing.collect(ctx, opened, method, off_session=not on_session)
        if behavior == "error_if_incomplete":
            _insist(reply)
    if ctx.store.get("subscription", subscription["id"])["status"] == "incomplete":
        until = at + statuses.EXPIRES_AFTER
        clocks.later(ctx, subscription["customer"], "expire", {"subscription": subscription["id"]}, until)


def _insist(reply: Reply | dict[str, Any]) -> None:
    """Raise what went wrong with a first payment that had to succeed at once."""
    if isinstance(reply, Reply):
        inner = {name: value for name, value in reply.body["error"].items() if name not in ("payment_intent", "charge")}
        raise ServiceError(402, {"error": inner}, name="card_declined")
    if reply["status"] == "requires_action":
        text = (
            "Payment for this subscription requires additional user action before it can be completed successfully. "
            "Payment can be completed using the PaymentIntent associated with "
            "`subscription.latest_invoice.payment_intent`. For more details see: "
            "https://stripe.com/docs/billing/subscriptions/overview#requires-action"
        )
        raise errors.declined(text, "subscription_payment_intent_requires_action")


@clocks.work("expire")
def expires(ctx: Ctx, data: dict[str, Any]) -> None:
    """Nobody completed the first payment in time."""
    subscription = ctx.store.find("subscription", data["subscription"])
    if subscription is None or subscription["status"] != "incomplete":
        return
    invoice = ctx.store.find("invoice", str(subscription["latest_invoice"]))
    if invoice is not None and invoice["status"] == "open":
        invoices.void_invoice(ctx, invoice)
    at = clocks.now(ctx, subscription["customer"])
    changed(ctx, subscription, {"status": "incomplete_expired", "ended_at": at})


# renewal -------------------------------------------------------------------------------------------------------------


def plan_renewal(ctx: Ctx, subscription: Mapping[str, Any]) -> None:
    """Let the clock renew a subscription when the first of its periods ends."""
    rows = items_of(ctx, str(subscription["id"]))
    if rows:
        end_at = min(row["current_period_end"] for row in rows)
        clocks.later(
            ctx, subscription["customer"], "renew", {"subscription": subscription["id"], "end": end_at}, end_at
        )
        told_at = end_at - statuses.TOLD_BEFORE
        if told_at > clocks.now(ctx, subscription["customer"]):
            data = {"subscription": subscription["id"], "end": end_at}
            clocks.later(ctx, subscription["customer"], "upcoming", data, told_at)
    cancel_at = subscription.get("cancel_at")
    if cancel_at:
        data = {"subscription": subscription["id"], "at": cancel_at}
        clocks.later(ctx, subscription["customer"], "cancel_at", data, cancel_at)


@clocks.work("cancel_at")
def cancels(ctx: Ctx, data: dict[str, Any]) -> None:
    """The time a subscription was to be canceled at has come."""
    subscription = ctx.store.find("subscription", data["subscription"])
    if subscription is None or subscription["status"] in statuses.ENDED or subscription["cancel_at"] != data["at"]:
        return
    end(ctx, subscription, "cancellation_requested")


@clocks.work("renew")
def renews(ctx: Ctx, data: dict[str, Any]) -> None:
    """A period is over: the next one begins, and is billed."""
    subscription = ctx.store.find("subscription", data["subscription"])
    if subscription is None or subscription["status"] not in ("active", "past_due", "trialing", "unpaid"):
        return
    rows = items_of(ctx, subscription["id"])
    due = [row for row in rows if row["current_period_end"] == data["end"]]
    if not due:
        return
    if subscription["cancel_at"] is not None and subscription["cancel_at"] <= data["end"]:
        end(ctx, subscription, "cancellation_requested")
        return
    if subscription["status"] == "trialing" and not _trial_over(ctx, subscription):
        return
    for row in due:
        interval, count = rule_of(row["price"])
        start = row["current_period_end"]
        until = periods.next_boundary(subscription["billing_cycle_anchor"], interval, count, start)
        ctx.store.update("subscription_item", row["id"], current_period_start=start, current_period_end=until)
    subscription = ctx.store.get("subscription", subscription["id"])
    at = clocks.now(ctx, subscription["customer"])
    since = min(row["current_period_start"] for row in due)
    invoice = bill(ctx, subscription, "subscription_cycle", at, since=since)
    paused = subscription["pause_collection"]
    if paused:
        _collect_not(ctx, invoice, str(paused["behavior"]))
    status = "active" if subscription["status"] == "trialing" else subscription["status"]
    subscription = changed(ctx, {**subscription, "status": status}, {"status": status, "latest_invoice": invoice["id"]})
    plan_renewal(ctx, {**subscription, "cancel_at": None})


def _trial_over(ctx: Ctx, subscription: dict[str, Any]) -> bool:
    """Whether a trial goes over into a paid period; without a payment method it may pause or end instead."""
    behavior = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    customer = ctx.store.find("customer", subscription["customer"]) or {}
    method = subscription["default_payment_method"] or invoicing.customer_method(customer)
    if method or behavior == "create_invoice" or subscription["collection_method"] == "send_invoice":
        return True
    if behavior == "cancel":
        end(ctx, subscription, "cancellation_requested")
        return False
    changed(ctx, subscription, {"status": "paused"}, "customer.subscription.paused")
    return False


def _collect_not(ctx: Ctx, invoice: dict[str, Any], behavior: str) -> None:
    """What is done with the invoice of a subscription whose collection is paused."""
    ctx.store.update("invoice", invoice["id"], auto_advance=False, next_payment_attempt=None)
    ctx.store.update("invoice", invoice["id"], automatically_finalizes_at=None)
    if behavior == "keep_as_draft":
        return
    opened = invoicing.finalize(ctx, ctx.store.get("invoice", invoice["id"]))
    if opened["status"] != "open":
        return
    if behavior == "void":
        invoices.void_invoice(ctx, opened)
    else:
        ctx.update("invoice", opened["id"], {"status": "uncollectible"}, event="invoice.marked_uncollectible")


@clocks.work("trial_will_end")
def trial_will_end(ctx: Ctx, data: dict[str, Any]) -> None:
    """Three days before a trial ends."""
    subscription = ctx.store.find("subscription", data["subscription"])
    if subscription is not None and subscription["status"] == "trialing":
        ctx.emit("customer.subscription.trial_will_end", subscription)
