"""Disputes and early fraud warnings: opened by test numbers, answered with evidence, won or lost.

Source: https://docs.stripe.com/api/disputes. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import accounts, errors, lookup, twin
from twins.stripe.handlers import balances, radar
from twins.stripe.payments import disputes, ledger


def _eligibility(kinds: tuple[str, ...]) -> dict[str, Any]:
    shapes: dict[str, dict[str, Any]] = {
        "visa_compelling_evidence_3": {
            "required_actions": ["missing_prior_undisputed_transactions"],
            "status": "requires_action",
        },
        "visa_compliance": {"status": "requires_fee_acknowledgement"},
        "mastercard_compliance": {"status": "requires_fee_acknowledgement"},
    }
    return {name: shapes[name] for name in kinds}


def _method_details(charge: Mapping[str, Any], kind: disputes.Kind) -> dict[str, Any] | None:
    card = charge["payment_method_details"].get("card")
    if card is None:
        return None
    return {
        "card": {
            "brand": card["brand"],
            "case_type": kind.case_type,
            "network": card["brand"],
            "network_reason_code": kind.network_code or None,
        },
        "type": "card",
    }


def open_dispute(ctx: Ctx, charge_id: str, name: str, *, share: int = 1) -> dict[str, Any]:
    """Open a dispute of the kind `name` on a charge; each of `share` disputes takes its part of the amount."""
    charge = ctx.store.get("charge", charge_id)
    kind = disputes.KINDS[name]
    details = _method_details(charge, kind)
    record: dict[str, Any] = {
        "id": ctx.new_id("dispute"),
        "object": "dispute",
        "amount": charge["amount_captured"] // share,
        "balance_transactions": [],
        "charge": charge_id,
        "created": ctx.now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": list(kind.eligible),
        "evidence": {
            **disputes.empty_evidence(),
            "customer_email_address": charge["billing_details"].get("email"),
            "customer_name": charge["billing_details"].get("name"),
            "receipt": None,
        },
        "evidence_details": {
            "due_by": disputes.due_by(ctx.now),
            "enhanced_eligibility": _eligibility(kind.eligible),
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": kind.case_type == "inquiry",
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": kind.reason,
        "status": kind.status,
    }
    if details is not None:
        record["payment_method_details"] = details
    ctx.store.insert("dispute", record, created=ctx.micros)
    ctx.update("charge", charge_id, {"disputed": True, "dispute": record["id"]}, event="")
    radar.closes(ctx, charge, "disputed")
    if kind.case_type != "inquiry":
        record = withdraw(ctx, record)
    ctx.emit("charge.dispute.created", record)
    if kind.case_type != "inquiry":
        ctx.emit("charge.dispute.funds_withdrawn", record)
    ctx.schedule("dispute_due", {"dispute": record["id"]}, at=record["evidence_details"]["due_by"])
    return record


def _book(ctx: Ctx, dispute: dict[str, Any], amount: int, fee: int, text: str, category: str) -> dict[str, Any]:
    currency = dispute["currency"]
    id = balances.post(
        ctx,
        amount=amount,
        currency=currency,
        type="adjustment",
        source=dispute["id"],
        fees=[ledger.fee_detail(fee, currency, description="Dispute fee")],
        description=text,
        category=category,
    )
    rows = [*dispute["balance_transactions"], ctx.store.get("balance_transaction", id)]
    return ctx.update("dispute", dispute["id"], {"balance_transactions": rows}, event="")


def withdraw(ctx: Ctx, dispute: dict[str, Any]) -> dict[str, Any]:
    """Take the disputed amount and the fee from the balance."""
    text = f"Chargeback withdrawal for {dispute['charge']}"
    return _book(ctx, dispute, -dispute["amount"], ledger.DISPUTE_FEE, text, "dispute")


def reinstate(ctx: Ctx, dispute: dict[str, Any]) -> dict[str, Any]:
    """Give the disputed amount back; the fee is kept."""
    text = f"Chargeback reversal for {dispute['charge']}"
    return _book(ctx, dispute, dispute["amount"], 0, text, "dispute_reversal")


def warn(ctx: Ctx, charge: Mapping[str, Any]) -> None:
    """Issue an early fraud warning for a charge."""
    record = {
        "id": ctx.new_id("radar.early_fraud_warning"),
        "object": "radar.early_fraud_warning",
        "actionable": True,
        "charge": charge["id"],
        "created": ctx.now,
        "fraud_type": "made_with_stolen_card",
        "livemode": False,
        "payment_intent": charge["payment_intent"],
    }
    if record["payment_intent"] is None:
        del record["payment_intent"]
    ctx.store.insert("radar.early_fraud_warning", record, created=ctx.micros)
    ctx.emit("radar.early_fraud_warning.created", record)


def move(ctx: Ctx, dispute: dict[str, Any], trigger: str) -> dict[str, Any]:
    """Move a dispute by the table, with money and events. Raises 400 when it is closed."""
    target = disputes.TRANSITIONS.get((dispute["status"], trigger))
    if target is None:
        raise errors.invalid(f"This dispute is already closed: {dispute['id']}.")
    chargeback = not dispute["status"].startswith("warning_")
    changes: dict[str, Any] = {"status": target}
    if target == "won":
        changes["is_charge_refundable"] = True
    if trigger == "escalate":
        changes["is_charge_refundable"] = False
        details = dispute.get("payment_method_details")
        if details:
            changes["payment_method_details"] = {**details, "card": {**details["card"], "case_type": "chargeback"}}
    moved = ctx.update("dispute", dispute["id"], changes, event="charge.dispute.updated")
    if trigger == "escalate":
        moved = withdraw(ctx, moved)
        ctx.emit("charge.dispute.funds_withdrawn", moved)
    if target == "won" and chargeback:
        moved = reinstate(ctx, moved)
        ctx.emit("charge.dispute.funds_reinstated", moved)
    if target in disputes.CLOSED:
        ctx.emit("charge.dispute.closed", moved)
    return moved


@accounts.timer("dispute_due")
def due(ctx: Ctx, data: dict[str, Any]) -> None:
    """Nobody answered in time: the dispute is lost, an inquiry closed."""
    dispute = ctx.store.find("dispute", data["dispute"])
    if dispute is None or dispute["status"] not in ("needs_response", "warning_needs_response"):
        return
    details = {**dispute["evidence_details"], "past_due": True}
    dispute = ctx.update("dispute", dispute["id"], {"evidence_details": details}, event="")
    move(ctx, dispute, "lose" if dispute["status"] == "needs_response" else "close")


def _dispute(ctx: Ctx, request: Request) -> dict[str, Any]:
    if "dispute" in request.path:
        return lookup.in_path(ctx, "dispute", request.path["dispute"], "dispute")
    charge = lookup.in_path(ctx, "charge", request.path["charge"])
    found = next(ctx.store.select("dispute", [Filter("charge", "=", charge["id"])]), None)
    if found is None:
        raise errors.error(404, f"No dispute for charge: {charge['id']}")
    return found


@twin.handler("GetDisputesDispute", "GetChargesChargeDispute")
def retrieve(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One dispute, by its id or by its charge."""
    return _dispute(ctx, request)


@twin.handler("PostDisputesDispute", "PostChargesChargeDispute")
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Stage or submit evidence; the documented evidence texts decide the dispute."""
    params, dispute = request.body or {}, _dispute(ctx, request)
    changes = lookup.changed(dispute, params)
    evidence = params.get("evidence")
    if isinstance(evidence, Mapping):
        if dispute["status"] in disputes.CLOSED:
            raise errors.invalid("This dispute is already closed")
        sent = {name: lookup.unset(value) for name, value in evidence.items() if name != "enhanced_evidence"}
        changes["evidence"] = {**dispute["evidence"], **sent}
        details = {**dispute["evidence_details"], "has_evidence": any(v for v in sent.values())}
        if params.get("submit", True):
            details["submission_count"] += 1
        changes["evidence_details"] = details
    dispute = ctx.update("dispute", dispute["id"], changes, event="charge.dispute.updated")
    if isinstance(evidence, Mapping) and params.get("submit", True):
        trigger = disputes.trigger(dispute["evidence"])
        if (dispute["status"], trigger) in disputes.TRANSITIONS:
            dispute = move(ctx, dispute, trigger)
    return dispute


@twin.handler("PostDisputesDisputeClose", "PostChargesChargeDisputeClose")
def close(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Accept the dispute: it is lost."""
    dispute = _dispute(ctx, request)
    if (dispute["status"], "close") not in disputes.TRANSITIONS:
        raise errors.invalid("This dispute is already closed")
    return move(ctx, dispute, "close")
