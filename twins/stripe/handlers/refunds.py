"""Refunds: create, list, fail or succeed later, cancel.

Source: https://docs.stripe.com/api/refunds. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twinkit import Ctx, Filter, RawJSON, Request
from twins.stripe import accounts, errors, facts, lookup, twin
from twins.stripe.handlers import balances, radar, transferring
from twins.stripe.payments import refunds

Listener = Callable[[Ctx, dict[str, Any], dict[str, Any]], None]
LISTENERS: list[Listener] = []


def listen(function: Listener) -> Listener:
    """Call a function with every new refund and its charge as it was before."""
    LISTENERS.append(function)
    return function


def _charge(ctx: Ctx, params: Mapping[str, Any]) -> dict[str, Any]:
    """The charge that a refund request means."""
    if params.get("charge"):
        return lookup.in_path(ctx, "charge", str(params["charge"]))
    if not params.get("payment_intent"):
        raise errors.invalid(
            "One of the following params should be provided for this request: payment_intent or charge."
        )
    intent = lookup.record(ctx, "payment_intent", params["payment_intent"], "payment_intent")
    latest = intent.get("latest_charge")
    charge = ctx.store.find("charge", str(latest)) if latest else None
    if charge is None or charge["status"] == "failed":
        text = f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
        raise errors.invalid(text, "payment_intent")
    return charge


def _destination(ctx: Ctx, charge: Mapping[str, Any]) -> dict[str, Any]:
    type = charge["payment_method_details"]["type"]
    if type != "card":
        return (
            {type: {}, "type": type}
            if type != "us_bank_account"
            else {"type": "us_bank_transfer", "us_bank_transfer": {}}
        )
    inner = {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"}
    return {"card": inner, "type": "card"}


def make(ctx: Ctx, charge: dict[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Refund a charge. Raises 400 when it cannot be."""
    chargeback = any(
        dispute["status"] in ("needs_response", "under_review", "lost")
        for dispute in ctx.store.select("dispute", [Filter("charge", "=", charge["id"])])
    )
    amount = params.get("amount")
    problem = refunds.refusal(charge, amount, chargeback=charge["disputed"] and chargeback)
    if problem:
        raise errors.invalid(problem["message"], problem.get("param"), problem.get("code"))
    amount = amount if amount is not None else refunds.whole(charge) - charge["amount_refunded"]
    known = facts.load(ctx, str(charge["payment_method"]))
    behaviour = known.card.refund if known.card else ""
    record: dict[str, Any] = {
        "id": ctx.new_id("pyr_3{alnum:23}" if known.bank else "refund"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": ctx.now,
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "destination_details": _destination(ctx, charge),
        "metadata": lookup.metadata({}, params.get("metadata")),
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "pending" if behaviour == "pending" else "succeeded",
        "transfer_reversal": None,
    }
    if behaviour == "pending":
        record["pending_reason"] = "processing"
    if charge["captured"]:
        record["balance_transaction"] = balances.post(
            ctx,
            amount=-amount,
            currency=charge["currency"],
            type="payment_refund" if known.bank else "refund",
            source=record["id"],
            description=f"REFUND FOR CHARGE ({charge['description']})"
            if charge["description"]
            else "REFUND FOR CHARGE",
        )
    record.update(transferring.undo(ctx, charge, record, params))
    ctx.store.insert("refund", record, created=ctx.micros)
    _after(ctx, charge, record, behaviour)
    for listener in LISTENERS:
        listener(ctx, record, charge)
    return record


def _after(ctx: Ctx, charge: dict[str, Any], record: dict[str, Any], behaviour: str) -> None:
    refunded = charge["amount_refunded"] + record["amount"]
    changes = {"amount_refunded": refunded, "refunded": refunded >= refunds.whole(charge)}
    updated = ctx.update("charge", charge["id"], changes, event="")
    previous = {name: charge[name] for name in changes if charge[name] != changes[name]}
    ctx.emit("refund.created", record)
    radar.closes(ctx, charge, "refunded_as_fraud" if record["reason"] == "fraudulent" else "refunded")
    ctx.emit("charge.refunded", updated, previous=previous)
    if behaviour:
        trigger = "succeed" if behaviour == "pending" else "fail"
        ctx.schedule("refund_settles", {"refund": record["id"], "trigger": trigger}, after=refunds.SETTLE_AFTER)
    if not charge["captured"] and charge["payment_intent"]:
        intent = ctx.store.find("payment_intent", charge["payment_intent"])
        if intent and intent["status"] == "requires_capture":
            changes = {"status": "canceled", "canceled_at": ctx.now, "amount_capturable": 0}
            ctx.update("payment_intent", intent["id"], changes, event="payment_intent.canceled")


def move(ctx: Ctx, refund: dict[str, Any], trigger: str) -> dict[str, Any]:
    """Move a refund by the table: a failed or canceled one gives the money back to the balance."""
    target = refunds.TRANSITIONS[refund["status"], trigger]
    changes: dict[str, Any] = {"status": target}
    event = "refund.updated"
    if target in ("failed", "canceled"):
        charge = ctx.store.get("charge", refund["charge"])
        changes["failure_balance_transaction"] = balances.post(
            ctx,
            amount=refund["amount"],
            currency=refund["currency"],
            type="refund_failure",
            source=refund["id"],
            description="REFUND FAILURE",
        )
        if target == "failed":
            changes["failure_reason"] = "expired_or_canceled_card"
            event = "refund.failed"
        left = charge["amount_refunded"] - refund["amount"]
        ctx.update("charge", charge["id"], {"amount_refunded": left, "refunded": False}, event="")
    moved = {name: value for name, value in {**refund, **changes}.items() if name != "pending_reason"}
    ctx.store.replace("refund", refund["id"], moved)
    previous = {"status": refund["status"]}
    ctx.emit(event, moved, previous=previous)
    ctx.emit("charge.refund.updated", moved, previous=previous)
    return moved


@accounts.timer("refund_settles")
def settles(ctx: Ctx, data: dict[str, Any]) -> None:
    """An asynchronous refund of a test card ends."""
    refund = ctx.store.get("refund", data["refund"])
    if (refund["status"], data["trigger"]) in refunds.TRANSITIONS:
        move(ctx, refund, data["trigger"])


@twin.handler("PostRefunds")
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Refund a charge or the charge of an intent."""
    params = request.body or {}
    amount = params.get("amount")
    if amount is not None and amount < 1:
        raise errors.too_small("amount", 1)
    return make(ctx, _charge(ctx, params), params)


@twin.handler("PostChargesChargeRefunds", "PostChargesChargeRefund")
def of_charge(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Refund a charge by the older paths: one answers the refund, the other the charge."""
    charge = lookup.in_path(ctx, "charge", request.path["charge"])
    refund = make(ctx, charge, request.body or {})
    assert request.operation is not None
    return refund if request.operation.id.endswith("Refunds") else ctx.store.get("charge", charge["id"])


@twin.handler("GetRefundsRefund", "GetChargesChargeRefundsRefund")
def retrieve(ctx: Ctx, request: Request) -> RawJSON | dict[str, Any]:
    """One refund."""
    return lookup.shown(ctx, "refund", request.path["refund"], "refund")


@twin.handler("PostRefundsRefund", "PostChargesChargeRefundsRefund")
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change a refund's metadata."""
    params = request.body or {}
    refund = lookup.in_path(ctx, "refund", request.path["refund"], "refund")
    if "metadata" not in params:
        return refund
    changes = {"metadata": lookup.metadata(refund["metadata"], params["metadata"])}
    return ctx.update("refund", refund["id"], changes, event="refund.updated")


@twin.handler("PostRefundsRefundCancel")
def cancel(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Cancel a refund that waits for the customer."""
    refund = lookup.in_path(ctx, "refund", request.path["refund"], "refund")
    if refund["status"] != "requires_action":
        raise errors.invalid("Canceling this refund is unsupported.")
    return move(ctx, refund, "cancel")


@twin.handler("PostTestHelpersRefundsRefundExpire")
def expire(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Let a refund that waits for the customer expire."""
    refund = lookup.in_path(ctx, "refund", request.path["refund"], "refund")
    if refund["status"] != "requires_action":
        raise errors.invalid("Only refunds with a status of `requires_action` can be expired.")
    return move(ctx, refund, "expire")
