"""What happens to invoices, whoever asks: drafts, their lines and sums, finalizing, being paid.

Used by the invoice operations, subscriptions, Checkout and the clock. Source: https://docs.stripe.com/api/invoices.
Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from twinkit import Ctx, Filter, Reply
from twins.stripe import errors, listing, locating, lookup
from twins.stripe.accounts import ACCOUNT
from twins.stripe.billing import statuses, totals
from twins.stripe.handlers import assessing, balancing, clocks, confirming, payment_intents

LINES = "invoice_lines"
"""Store name of an invoice's whole lines, by its id; the invoice shows the first ten."""
PREVIEWS = "invoice_preview"
"""Store name of the previews that were made, by their ids."""
ACCOUNT_NAME = "Twinkit"
Change = Callable[[Ctx, dict[str, Any], str], None]
LISTENERS: list[Change] = []
"""Called with an invoice and what has become of its payment: `paid`, `failed`, `action` or `void`."""
Recount = Callable[[Ctx, dict[str, Any], list[dict[str, Any]]], list[dict[str, Any]]]
RECOUNTS: list[Recount] = []
"""Called with a draft and its lines before it is finalized; they return the lines as they are now."""
REASONS = {
    "subscription_create": "Subscription creation",
    "subscription_update": "Subscription update",
    "subscription_cycle": "Subscription update",
}
"""Billing reason → what the payment is described as."""


# lines ---------------------------------------------------------------------------------------------------------------


def line(ctx: Ctx, invoice: str, currency: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """One line of an invoice, not stored yet; `values` has amount, description, parent, period, pricing, quantity."""
    quantity = values.get("quantity")
    record: dict[str, Any] = {
        "id": ctx.new_id("line_item"),
        "object": "line_item",
        "currency": currency,
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": invoice,
        "livemode": False,
        "metadata": {},
        "pretax_credit_amounts": [],
        "quantity_decimal": str(quantity) if quantity is not None else None,
        "subtotal": values["amount"],
        "taxes": [],
        **values,
    }
    return lookup.ordered(record)


def item_line(ctx: Ctx, invoice: str, item: Mapping[str, Any]) -> dict[str, Any]:
    """The line that an invoice item becomes."""
    details = (item.get("parent") or {}).get("subscription_details") or {}
    credited = (item.get("proration_details") or {}).get("credited_items")
    shown = credited.get("invoice_line_item_details") if credited else None
    inner = {
        "invoice_item": item["id"],
        "proration": item["proration"],
        "proration_details": {"credited_items": shown},
        "subscription": details.get("subscription"),
    }
    of_subscription = bool(details.get("subscription_item"))
    kind = "subscription_item_details" if of_subscription else "invoice_item_details"
    parent: dict[str, Any] = {"invoice_item_details": None, "subscription_item_details": None, "type": kind}
    parent[kind] = {**inner, "subscription_item": details["subscription_item"]} if of_subscription else inner
    values = {
        "amount": item["amount"],
        "description": item["description"],
        "discountable": item["discountable"],
        "discounts": list(item.get("discounts") or ()),
        "metadata": dict(item["metadata"]),
        "parent": parent,
        "period": item["period"],
        "pricing": item["pricing"],
        "quantity": item["quantity"],
        totals.RATES: [rate["id"] for rate in item.get("tax_rates") or ()],
    }
    return line(ctx, invoice, item["currency"], values)


def lines_of(ctx: Ctx, invoice: str) -> list[dict[str, Any]]:
    """All lines of an invoice, with what is not shown."""
    kept = ctx.store.find(LINES, invoice)
    return list(kept["lines"]) if kept else []


def shown(lines: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Lines without what is not shown."""
    return [{name: value for name, value in each.items() if not name.startswith("_")} for each in lines]


def listed(lines: list[dict[str, Any]], invoice: str) -> dict[str, Any]:
    """`lines` of an invoice: the first ten."""
    rows, most = shown(lines), listing.DEFAULT
    url = f"/v1/invoices/{invoice}/lines"
    return {**listing.counted(rows[:most], url), "has_more": len(rows) > most, "total_count": len(rows)}


def sweep(ctx: Ctx, customer: str, invoice: str, subscription: str | None = None) -> list[dict[str, Any]]:
    """Put the customer's pending invoice items on an invoice; their lines, newest first."""
    found = []
    for item in list(ctx.store.select("invoiceitem", [Filter("customer", "=", customer)])):
        own = ((item.get("parent") or {}).get("subscription_details") or {}).get("subscription")
        if item["invoice"] is None and (own is None or subscription is None or own == subscription):
            ctx.store.update("invoiceitem", item["id"], invoice=invoice)
            found.append(item_line(ctx, invoice, item))
    return found


def preview(ctx: Ctx, id: str) -> dict[str, Any] | None:
    """A preview by its id, None when there is none or its time is over."""
    kept = ctx.store.find(PREVIEWS, id) if id.startswith("upcoming_in_") else None
    return kept["invoice"] if kept and kept["until"] > ctx.now else None


# sums ----------------------------------------------------------------------------------------------------------------


def offs(ctx: Ctx, discounts: Iterable[str]) -> list[totals.Off]:
    """What discounts take off, by their ids."""
    found = []
    for id in discounts:
        discount = ctx.store.find("discount", id)
        coupon = ctx.store.find("coupon", str((discount or {}).get("source", {}).get("coupon")))
        if discount and coupon:
            found.append(totals.off(id, coupon))
    return found


def sums(
    ctx: Ctx, invoice: Mapping[str, Any], lines: list[dict[str, Any]], buyer: assessing.Buyer | None = None
) -> dict[str, Any]:
    """What an invoice with these lines comes to; writes discounts and taxes into the lines.

    With automatic tax it is for `buyer`, the invoice's customer where nobody is named.
    """
    tax = invoice.get("automatic_tax") or {"enabled": False}
    own = offs(ctx, dict.fromkeys(id for each in lines for id in each.get("discounts") or ()))
    if tax["enabled"]:
        totals.discount_lines(lines, offs(ctx, invoice["discounts"]), own)
        if buyer is None and invoice.get("customer"):
            buyer = assessing.located(ctx, invoice["customer"], method_for(ctx, invoice))
        status = assessing.tax_lines(ctx, tax, lines, buyer)
        return {**totals.settled(lines), "automatic_tax": {**tax, "provider": "stripe", "status": status}}
    default = [rate["id"] for rate in invoice["default_tax_rates"]]
    wanted = {*default, *(id for each in lines for id in each.get(totals.RATES) or ())}
    rates = {id: rate for id in wanted if (rate := ctx.store.find("tax_rate", id))}
    totals.discount_lines(lines, offs(ctx, invoice["discounts"]), own)
    totals.tax_lines(lines, rates, default)
    return totals.settled(lines)


def recompute(ctx: Ctx, invoice: dict[str, Any], lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Write lines and sums of a draft; returns the invoice."""
    found = sums(ctx, invoice, lines)
    if ctx.store.find(LINES, invoice["id"]) is None:
        ctx.store.insert(LINES, {"lines": lines}, id=invoice["id"])
    else:
        ctx.store.replace(LINES, invoice["id"], {"lines": lines})
    changed = {**invoice, **found, "lines": listed(lines, invoice["id"])}
    ctx.store.replace("invoice", invoice["id"], changed)
    return changed


# drafts --------------------------------------------------------------------------------------------------------------

_EMPTY = """
    account_tax_ids application automatically_finalizes_at custom_fields customer_account default_payment_method
    default_source description due_date effective_at ending_balance footer from_invoice hosted_invoice_url invoice_pdf
    last_finalization_error latest_revision next_payment_attempt number on_behalf_of receipt_number shipping_cost
    shipping_details statement_descriptor
"""
_ZERO = """
    amount_due amount_overpaid amount_paid amount_paid_off_stripe amount_remaining amount_shipping attempt_count
    post_payment_credit_notes_amount pre_payment_credit_notes_amount starting_balance subtotal subtotal_excluding_tax
    total total_excluding_tax
"""
_NONE = ("total_discount_amounts", "total_pretax_credit_amounts", "total_taxes", "default_tax_rates", "discounts")


def blank(ctx: Ctx, customer: Mapping[str, Any], currency: str, at: int) -> dict[str, Any]:
    """A draft without lines, not stored yet."""
    id = ctx.new_id("invoice")
    record: dict[str, Any] = {
        "id": id,
        "object": "invoice",
        **dict.fromkeys(_EMPTY.split()),
        **dict.fromkeys(_ZERO.split(), 0),
        **{name: [] for name in _NONE},
        "account_country": "US",
        "account_name": ACCOUNT_NAME,
        "attempted": False,
        "auto_advance": False,
        "automatic_tax": dict(assessing.UNTAXED),
        "billing_reason": "manual",
        "collection_method": "charge_automatically",
        "created": at,
        "currency": currency,
        "customer": customer["id"],
        "customer_address": customer.get("address"),
        "customer_email": customer.get("email"),
        "customer_name": customer.get("name"),
        "customer_phone": customer.get("phone"),
        "customer_shipping": customer.get("shipping"),
        "customer_tax_exempt": customer.get("tax_exempt") or "none",
        "customer_tax_ids": locating.tax_ids(ctx, customer["id"]),
        "issuer": {"type": "self"},
        "lines": listing.counted([], f"/v1/invoices/{id}/lines"),
        "livemode": False,
        "metadata": {},
        "parent": None,
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": at,
        "period_start": at,
        "rendering": None,
        "status": "draft",
        "status_transitions": dict.fromkeys(("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")),
        "test_clock": customer.get("test_clock"),
        "webhooks_delivered_at": at,
    }
    return lookup.ordered(record)


def insert(ctx: Ctx, invoice: dict[str, Any], lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Keep a new draft with its lines, tell of it, and let it advance by itself where it is to."""
    ctx.store.insert("invoice", invoice, created=ctx.micros)
    kept = recompute(ctx, invoice, lines)
    kept = window(ctx, kept)
    ctx.emit("invoice.created", kept)
    return kept


def window(ctx: Ctx, invoice: dict[str, Any]) -> dict[str, Any]:
    """Set when a draft finalizes by itself: an hour after it was made, when `auto_advance` is on."""
    wait = invoice["auto_advance"] and invoice["status"] == "draft"
    at = invoice["created"] + statuses.FINALIZES_AFTER
    automatic = invoice["collection_method"] == "charge_automatically"
    changes = {
        "automatically_finalizes_at": at + 1 if wait else None,
        "next_payment_attempt": at if wait and automatic else None,
    }
    if wait:
        clocks.later(ctx, invoice["customer"], "finalize", {"invoice": invoice["id"]}, at)
    return ctx.store.update("invoice", invoice["id"], **changes)


# finalizing ----------------------------------------------------------------------------------------------------------


def recount(function: Recount) -> Recount:
    """Register what looks at the lines of a draft once more before it is finalized."""
    RECOUNTS.append(function)
    return function


def finalize(ctx: Ctx, invoice: dict[str, Any]) -> dict[str, Any]:
    """Number an invoice and open it; one that asks for nothing is paid at once."""
    invoice, kept = _assessed(ctx, invoice), lines_of(ctx, invoice["id"])
    for look in RECOUNTS:
        lines = look(ctx, invoice, kept)
        if lines is not kept:
            invoice, kept = recompute(ctx, invoice, lines), lines
    customer = ctx.store.get("customer", invoice["customer"])
    at = clocks.now(ctx, customer)
    sequence = int(customer.get("next_invoice_sequence") or 1)
    ctx.store.update("customer", customer["id"], next_invoice_sequence=sequence + 1)
    page = f"{ACCOUNT}/test_{ctx.token('alnum', 60)}"
    changes = {
        **balancing.used(ctx, invoice, customer, at),
        "automatically_finalizes_at": None,
        "customer_tax_ids": locating.tax_ids(ctx, customer["id"]),
        "next_payment_attempt": None,
        "number": invoice["number"] or f"{customer.get('invoice_prefix') or 'TWIN'}-{sequence:04d}",
        "effective_at": invoice["effective_at"] or at,
        "last_finalization_error": None,
        "hosted_invoice_url": f"https://invoice.stripe.com/i/{page}?s=ap",
        "invoice_pdf": f"https://pay.stripe.com/invoice/{page}/pdf?s=ap",
        "status": statuses.INVOICE["draft", "finalize"],
        "status_transitions": {**invoice["status_transitions"], "finalized_at": at},
    }
    if invoice["rendering"]:
        changes["rendering"] = {**invoice["rendering"], "pdf": {"page_size": "letter"}}
    opened = ctx.update("invoice", invoice["id"], changes, event="")
    ctx.emit("invoice.finalized", opened)
    if opened["amount_due"] == 0:
        return paid(ctx, opened, {"attempted": True})
    _ask_payment(ctx, opened, customer, at)
    return opened


def _assessed(ctx: Ctx, invoice: dict[str, Any]) -> dict[str, Any]:
    """A draft taxed as of now. Where nobody can tell where its customer is, automatic tax ends for it and for
    the subscription.

    https://docs.stripe.com/tax/customer-locations#invoice-finalization-errors
    """
    if not invoice["automatic_tax"]["enabled"]:
        return invoice
    lines = lines_of(ctx, invoice["id"])
    invoice = recompute(ctx, invoice, lines)
    if invoice["automatic_tax"]["status"] == "complete":
        return invoice
    off = {**assessing.UNTAXED, "disabled_reason": "finalization_requires_location_inputs", "provider": "stripe"}
    invoice = recompute(ctx, {**invoice, "automatic_tax": {**off, "status": "requires_location_inputs"}}, lines)
    ctx.emit("invoice.updated", invoice)
    assessing.end(ctx, subscription_of(invoice))
    return invoice


def unlocated(ctx: Ctx, invoice: dict[str, Any]) -> Reply | None:
    """The refusal of a draft that cannot be finalized, nobody knowing where its customer is; the draft keeps it."""
    if invoice["status"] != "draft" or not invoice["automatic_tax"]["enabled"]:
        return None
    invoice = recompute(ctx, invoice, lines_of(ctx, invoice["id"]))
    if invoice["automatic_tax"]["status"] == "complete":
        return None
    error = errors.invalid(locating.NO_PLACE, None, locating.UNLOCATED)
    failed = ctx.update("invoice", invoice["id"], {"last_finalization_error": error.body["error"]}, event="")
    ctx.emit("invoice.finalization_failed", failed)
    return Reply(error.status, error.body)


def _ask_payment(ctx: Ctx, invoice: dict[str, Any], customer: Mapping[str, Any], at: int) -> None:
    """The PaymentIntent of an open invoice, and the invoice payment that ties the two together."""
    reason = str(invoice["billing_reason"])
    wanted = {
        "amount": invoice["amount_due"],
        "capture_method": "automatic",
        "customer": customer["id"],
        "description": REASONS.get(reason, "Payment for Invoice"),
        "payment_method_types": ["card", "link"],
        "setup_future_usage": "off_session" if reason.startswith("subscription") else None,
    }
    intent = payment_intents.new_record(ctx, wanted, invoice["currency"])
    intent["payment_details"] = {"customer_reference": None, "order_reference": invoice["id"]}
    intent = lookup.ordered(intent)
    ctx.store.insert("payment_intent", intent, created=ctx.micros)
    ctx.emit("payment_intent.created", intent)
    payment = {
        "id": ctx.new_id("invoice_payment"),
        "object": "invoice_payment",
        "amount_paid": None,
        "amount_requested": invoice["amount_due"],
        "created": at,
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": True,
        "livemode": False,
        "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }
    ctx.store.insert("invoice_payment", payment, created=ctx.micros)


def payment_of(ctx: Ctx, invoice: str) -> dict[str, Any] | None:
    """The invoice payment of an invoice, None when it asked for none."""
    own = [Filter("invoice", "=", invoice), Filter("is_default", "=", True)]
    return next(ctx.store.select("invoice_payment", own), None)


def intent_of(ctx: Ctx, invoice: str) -> dict[str, Any] | None:
    """The PaymentIntent of an invoice, None when it has none."""
    payment = payment_of(ctx, invoice)
    return ctx.store.find("payment_intent", payment["payment"]["payment_intent"]) if payment else None


# being paid ----------------------------------------------------------------------------------------------------------


def subscription_of(invoice: Mapping[str, Any]) -> str | None:
    """The subscription an invoice belongs to."""
    details = (invoice.get("parent") or {}).get("subscription_details") or {}
    found = details.get("subscription")
    return str(found) if found else None


def method_for(ctx: Ctx, invoice: Mapping[str, Any]) -> str | None:
    """The payment method an invoice is charged with: its own, the subscription's, the customer's."""
    if invoice.get("default_payment_method"):
        return str(invoice["default_payment_method"])
    subscription = ctx.store.find("subscription", subscription_of(invoice) or "")
    if subscription and subscription.get("default_payment_method"):
        return str(subscription["default_payment_method"])
    return locating.default_method(ctx.store.find("customer", str(invoice["customer"])) or {})


def collect(ctx: Ctx, invoice: dict[str, Any], method: str, *, off_session: bool) -> Reply | dict[str, Any]:
    """Charge an open invoice to a payment method; what confirming its PaymentIntent answers."""
    intent = intent_of(ctx, invoice["id"])
    if intent is None:
        raise errors.invalid(statuses.REFUSED["pay"])
    changed = {**intent, "payment_method": method, "status": "requires_confirmation"}
    ctx.store.replace("payment_intent", intent["id"], changed)
    return confirming.confirm(ctx, changed, {"off_session": off_session})


def paid(ctx: Ctx, invoice: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """An invoice is paid: its sums, events, and what follows from it."""
    at = clocks.now(ctx, invoice["customer"])
    done = {
        "amount_paid": invoice["amount_due"],
        "amount_remaining": 0,
        "auto_advance": False,
        "automatically_finalizes_at": None,
        "next_payment_attempt": None,
        "status": "paid",
        "status_transitions": {**invoice["status_transitions"], "paid_at": at},
        **changes,
    }
    changed = ctx.update("invoice", invoice["id"], done, event="")
    ctx.emit("invoice.paid", changed)
    ctx.emit("invoice.payment_succeeded", changed)
    payment = payment_of(ctx, invoice["id"])
    if payment and payment["status"] == "open":
        moved = {"canceled_at": None, "paid_at": at}
        row = {"amount_paid": payment["amount_requested"], "status": "paid", "status_transitions": moved}
        ctx.emit("invoice_payment.paid", ctx.update("invoice_payment", payment["id"], row, event=""))
    for listener in LISTENERS:
        listener(ctx, changed, "paid")
    return ctx.store.get("invoice", invoice["id"])


@confirming.listen
def settled(ctx: Ctx, intent: dict[str, Any], outcome: str) -> None:
    """What became of the PaymentIntent of an invoice."""
    id = str((intent.get("payment_details") or {}).get("order_reference"))
    invoice = ctx.store.find("invoice", id) if id.startswith("in_") else None
    if invoice is None or invoice["status"] not in ("open", "uncollectible"):
        return
    if outcome == "succeeded":
        paid(ctx, invoice, {"attempted": True, "attempt_count": invoice["attempt_count"] + 1})
        return
    if outcome == "action":
        changed = ctx.update("invoice", invoice["id"], {"attempted": True}, event="")
        ctx.emit("invoice.payment_action_required", changed)
    else:
        tried = {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
        changed = ctx.update("invoice", invoice["id"], tried, event="")
        ctx.emit("invoice.payment_failed", changed)
    for listener in LISTENERS:
        listener(ctx, changed, outcome)


def cancel_payment(ctx: Ctx, invoice: str) -> None:
    """Nothing more is asked for an invoice: its PaymentIntent and its invoice payment are canceled."""
    intent, payment = intent_of(ctx, invoice), payment_of(ctx, invoice)
    if intent and intent["status"] not in ("succeeded", "canceled"):
        changes = {"status": "canceled", "canceled_at": ctx.now, "cancellation_reason": "void_invoice"}
        ctx.emit("payment_intent.canceled", ctx.update("payment_intent", intent["id"], changes, event=""))
    if payment and payment["status"] == "open":
        moved = {"canceled_at": ctx.now, "paid_at": None}
        ctx.update("invoice_payment", payment["id"], {"status": "canceled", "status_transitions": moved}, event="")


@clocks.work("finalize")
def finalizes(ctx: Ctx, data: dict[str, Any]) -> None:
    """A draft's hour is over: it is finalized and, where it is to be, charged."""
    invoice = ctx.store.find("invoice", data["invoice"])
    if invoice is None or invoice["status"] != "draft" or not invoice["auto_advance"]:
        return
    if subscription_of(invoice) is None and unlocated(ctx, invoice) is not None:
        return
    opened = finalize(ctx, invoice)
    attempt(ctx, opened)


def attempt(ctx: Ctx, invoice: dict[str, Any]) -> None:
    """Charge an open invoice by itself, or send it; without a payment method the attempt fails."""
    if invoice["status"] != "open":
        return
    if invoice["collection_method"] == "send_invoice":
        ctx.emit("invoice.sent", invoice)
        return
    method = method_for(ctx, invoice)
    if method is not None:
        collect(ctx, invoice, method, off_session=True)
        return
    intent = intent_of(ctx, invoice["id"])
    if intent is not None:
        settled(ctx, intent, "failed")
