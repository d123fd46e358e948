"""Payments that are attached to invoices beside the one that an invoice asks for itself.

Sources: https://docs.stripe.com/api/invoices/attach_payment, /invoicing/partial-payments. What cannot be attached is
refused in the twin's words. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, lookup, twin
from twins.stripe.handlers import clocks, confirming, invoicing, payment_records

PAYMENT = "invoice_payment"


def _attached(ctx: Ctx, kind: str, id: str) -> dict[str, Any] | None:
    """The open invoice payment that a payment was attached as."""
    where = [Filter(f"payment.{kind}", "=", id), Filter("status", "=", "open"), Filter("is_default", "=", False)]
    return next(ctx.store.select(PAYMENT, where), None)


@twin.handler("PostInvoicesInvoiceAttachPayment")
@lookup.modelled
def attach(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Let a payment count for an open invoice, at once where it has succeeded."""
    params = request.body or {}
    invoice = lookup.in_path(ctx, "invoice", request.path["invoice"], "invoice")
    kinds = [name for name in ("payment_intent", "payment_record") if params.get(name)]
    if len(kinds) != 1:
        raise errors.invalid("You must pass either `payment_intent` or `payment_record`.", "payment_intent")
    if invoice["status"] != "open":
        raise errors.invalid(f"Payments can only be attached to open invoices. This invoice is {invoice['status']}.")
    kind = kinds[0]
    found = lookup.record(ctx, kind, params[kind], kind)
    amount, done = _worth(found, kind)
    _check(ctx, invoice, found, kind)
    payment = {
        "id": ctx.new_id(PAYMENT),
        "object": PAYMENT,
        "amount_paid": None,
        "amount_requested": min(amount, invoice["amount_remaining"]),
        "created": clocks.now(ctx, invoice["customer"]),
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": False,
        "livemode": False,
        "payment": {kind: found["id"], "type": kind},
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }
    ctx.store.insert(PAYMENT, payment, created=ctx.micros)
    if done:
        _credit(ctx, payment, amount)
    return ctx.store.get("invoice", invoice["id"])


def _worth(payment: Mapping[str, Any], kind: str) -> tuple[int, bool]:
    """(amount, whether it has been paid) of what is attached."""
    if kind == "payment_intent":
        done = payment["status"] == "succeeded"
        return int(payment["amount_received"] if done else payment["amount"]), done
    sure = int(payment["amount_guaranteed"]["value"]) - int(payment["amount_refunded"]["value"])
    return sure or int(payment["amount_requested"]["value"]), sure > 0


def _check(ctx: Ctx, invoice: Mapping[str, Any], payment: Mapping[str, Any], kind: str) -> None:
    """Raise 400 for a payment of another currency or customer, one that is over, or one that counts already."""
    currency = payment["currency"] if kind == "payment_intent" else payment["amount_requested"]["currency"]
    if currency != invoice["currency"]:
        text = f"The payment is in {currency}, the invoice in {invoice['currency']}."
        raise errors.invalid(text, kind)
    if kind == "payment_intent" and payment["status"] == "canceled":
        raise errors.invalid("This PaymentIntent is canceled and cannot be attached to an invoice.", kind)
    details = payment.get("customer_details") or {}
    customer = payment.get("customer") or details.get("customer")
    if customer not in (None, invoice["customer"]):
        raise errors.invalid("The payment belongs to another customer than the invoice.", kind)
    used = ctx.store.select(PAYMENT, [Filter(f"payment.{kind}", "=", payment["id"])])
    if any(each["status"] != "canceled" for each in used):
        raise errors.invalid("This payment is already attached to an invoice.", kind)


def _credit(ctx: Ctx, payment: Mapping[str, Any], amount: int) -> None:
    """A payment counts for its invoice: it lowers what remains, and pays it when nothing does."""
    invoice = ctx.store.get("invoice", payment["invoice"])
    at = clocks.now(ctx, invoice["customer"])
    moved = {"canceled_at": None, "paid_at": at}
    changes = {"amount_paid": amount, "status": "paid", "status_transitions": moved}
    ctx.emit("invoice_payment.paid", ctx.update(PAYMENT, str(payment["id"]), changes, event=""))
    left = invoice["amount_due"] - invoice["amount_paid"] - amount
    more: dict[str, Any] = {"amount_paid": invoice["amount_paid"] + amount, "amount_remaining": max(left, 0)}
    if payment["payment"]["type"] == "payment_record":
        more["amount_paid_off_stripe"] = (invoice["amount_paid_off_stripe"] or 0) + amount
    if left > 0:
        ctx.update("invoice", invoice["id"], more)
        _ask_less(ctx, invoice["id"], left)
        return
    invoicing.cancel_payment(ctx, invoice["id"])
    invoicing.paid(ctx, invoice, {**more, "amount_overpaid": max(-left, 0)})


def _ask_less(ctx: Ctx, invoice: str, amount: int) -> None:
    """Part of an invoice is paid otherwise: its own payment asks for the rest."""
    intent, payment = invoicing.intent_of(ctx, invoice), invoicing.payment_of(ctx, invoice)
    if intent and payment and payment["status"] == "open" and intent["status"] not in ("succeeded", "canceled"):
        ctx.update("payment_intent", intent["id"], {"amount": amount}, event="")
        ctx.update("invoice_payment", payment["id"], {"amount_requested": amount}, event="")


@confirming.listen
def settled(ctx: Ctx, intent: dict[str, Any], outcome: str) -> None:
    """A PaymentIntent that was attached has succeeded."""
    payment = _attached(ctx, "payment_intent", intent["id"]) if outcome == "succeeded" else None
    if payment is not None:
        _credit(ctx, payment, int(intent["amount_received"]))


@confirming.capturing
def captured(ctx: Ctx, intent: dict[str, Any]) -> None:
    """A PaymentIntent that was attached is captured."""
    settled(ctx, intent, "succeeded")


@payment_records.listen
def guaranteed(ctx: Ctx, record: dict[str, Any]) -> None:
    """A payment record that was attached is guaranteed."""
    payment = _attached(ctx, "payment_record", record["id"])
    if payment is not None:
        _credit(ctx, payment, int(record["amount_guaranteed"]["value"]))
