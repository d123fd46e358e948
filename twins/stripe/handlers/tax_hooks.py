"""Tax of payments that name their calculation: it is recorded as a sale when they succeed, taken back with refunds.

Sources: https://docs.stripe.com/tax/payment-intent, https://docs.stripe.com/api/tax/associations. Imports: the kit's
public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, lookup, twin
from twins.stripe.handlers import confirming, refunds, taxing

ASSOCIATION = "tax.association"


def _of(intent: Mapping[str, Any]) -> str | None:
    """The calculation that a PaymentIntent names."""
    tax = ((intent.get("hooks") or {}).get("inputs") or {}).get("tax") or {}
    return str(tax["calculation"]) if tax.get("calculation") else None


def _association(ctx: Ctx, intent: str) -> dict[str, Any] | None:
    return next(ctx.store.select(ASSOCIATION, [Filter("payment_intent", "=", intent)]), None)


def _noted(ctx: Ctx, intent: Mapping[str, Any], calculation: str) -> dict[str, Any]:
    """The association of a PaymentIntent, made with its first attempt or look-up."""
    found = _association(ctx, str(intent["id"]))
    if found is None:
        found = {
            "id": ctx.new_id(ASSOCIATION),
            "object": ASSOCIATION,
            "calculation": calculation,
            "payment_intent": intent["id"],
            "tax_transaction_attempts": [],
        }
        ctx.store.insert(ASSOCIATION, found, created=ctx.micros)
    elif found["calculation"] != calculation:
        found = ctx.store.update(ASSOCIATION, found["id"], calculation=calculation)
    return found


def _tried(ctx: Ctx, association: Mapping[str, Any], source: str, outcome: str, **more: Any) -> None:
    attempt = {"source": source, "status": outcome, outcome: more}
    rows = [*association["tax_transaction_attempts"], attempt]
    ctx.store.update(ASSOCIATION, association["id"], tax_transaction_attempts=rows)


def _reason(ctx: Ctx, intent: Mapping[str, Any], calculation: Mapping[str, Any] | None) -> str | None:
    """Why a sale cannot be recorded, None when it can."""
    if calculation is None or calculation["expires_at"] <= ctx.now:
        return "calculation_expired"
    if calculation["currency"] != intent["currency"]:
        return "currency_mismatch"
    same = ctx.store.select(ASSOCIATION, [Filter("calculation", "=", calculation["id"])])
    if any(row["payment_intent"] != intent["id"] and row["tax_transaction_attempts"] for row in same):
        return "another_payment_associated_with_calculation"
    if ctx.store.list(taxing.TRANSACTION, [Filter("reference", "=", intent["id"])], limit=1).ids:
        return "unique_reference_violation"
    return None


@confirming.capturing
def captured(ctx: Ctx, intent: dict[str, Any]) -> None:
    """A payment was captured: its sale is recorded."""
    named = _of(intent)
    if named is None:
        return
    association, calculation = _noted(ctx, intent, named), ctx.store.find(taxing.CALCULATION, named)
    reason = _reason(ctx, intent, calculation)
    if reason is not None or calculation is None:
        _tried(ctx, association, intent["id"], "errored", reason=reason)
        return
    made = taxing.sell(ctx, calculation, {"reference": intent["id"]})
    _tried(ctx, association, intent["id"], "committed", transaction=made["id"])


@confirming.listen
def succeeded(ctx: Ctx, intent: dict[str, Any], outcome: str) -> None:
    """A payment has succeeded at once."""
    if outcome == "succeeded" and intent["status"] == "succeeded":
        captured(ctx, intent)


@refunds.listen
def refunded(ctx: Ctx, refund: dict[str, Any], charge: dict[str, Any]) -> None:
    """A payment was refunded: as much of its sale is taken back."""
    association = _association(ctx, str(refund["payment_intent"]))
    sold = next((row for row in (association or {}).get("tax_transaction_attempts") or () if "committed" in row), None)
    if association is None or sold is None:
        return
    transaction = ctx.store.get(taxing.TRANSACTION, sold["committed"]["transaction"])
    back = taxing.take_back(ctx, transaction, refund["amount"], charge["amount_captured"], refund["id"])
    _tried(ctx, association, refund["id"], "committed", transaction=back["id"])


@twin.handler("GetTaxAssociationsFind")
@lookup.modelled
def find(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The association of a PaymentIntent that names a calculation."""
    intent = lookup.record(ctx, "payment_intent", request.query["payment_intent"], "payment_intent")
    found, named = _association(ctx, intent["id"]), _of(intent)
    if found is None and named is None:
        text = f"No tax association found for PaymentIntent: {intent['id']}"
        raise errors.error(404, text, code="resource_missing", param="payment_intent")
    return found if found is not None else _noted(ctx, intent, str(named))
