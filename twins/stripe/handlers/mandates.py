"""Mandates: what a customer agreed to when an account of theirs was first debited or saved.

Source: https://docs.stripe.com/api/mandates. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx
from twins.stripe import errors, facts
from twins.stripe.facts import Facts
from twins.stripe.payments import methods

NEEDED = (
    "When confirming a PaymentIntent with a `{type}` PaymentMethod and `setup_future_usage` value of {usage}, "
    "`mandate_data` is required."
)
ASKING = ("sepa_debit",)
"""Types whose later use has to be agreed to in the request."""


def _details(type: str, reference: str) -> dict[str, Any]:
    """`payment_method_details` of a mandate for one type."""
    url = f"https://hooks.stripe.com/adapter/{type}/file/{reference}"
    shapes: dict[str, dict[str, Any]] = {
        "acss_debit": {
            "interval_description": None,
            "payment_schedule": "sporadic",
            "transaction_type": "personal",
        },
        "au_becs_debit": {"url": url},
        "bacs_debit": {
            "display_name": None,
            "network_status": "accepted",
            "reference": reference,
            "revocation_reason": None,
            "service_user_number": None,
            "url": url,
        },
        "sepa_debit": {"reference": reference, "url": url},
    }
    return {type: shapes.get(type, {}), "type": type}


def _acceptance(ctx: Ctx, given: Any) -> dict[str, Any]:
    """`customer_acceptance` of a mandate, in person where the request does not say."""
    accepted: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    type = str(accepted.get("type") or "offline")
    inner = accepted.get(type)
    fields = {"ip_address": None, "user_agent": None} if type == "online" else {}
    shown = {**fields, **(inner if isinstance(inner, Mapping) else {})}
    return {"accepted_at": accepted.get("accepted_at") or ctx.now, type: shown, "type": type}


def check(intent: Mapping[str, Any], method: Mapping[str, Any], params: Mapping[str, Any], known: Facts) -> None:
    """Raise 400 where an account is to be saved for later and nothing says that its owner agrees."""
    usage = intent.get("setup_future_usage")
    if usage and method["type"] in ASKING and not known.mandate and not params.get("mandate_data"):
        raise errors.invalid(NEEDED.format(type=method["type"], usage=usage), "mandate_data")


def keep(ctx: Ctx, intent: Mapping[str, Any], method: Mapping[str, Any], params: Mapping[str, Any]) -> None:
    """Make the mandate of a debit's first use; later ones are covered by it."""
    type = str(method["type"])
    if type not in methods.DEBITS:
        return
    known = facts.load(ctx, str(method["id"]))
    if known.mandate:
        return
    check(intent, method, params, known)
    data = params.get("mandate_data")
    record = {
        "id": ctx.new_id("mandate"),
        "object": "mandate",
        "customer_acceptance": _acceptance(ctx, data.get("customer_acceptance") if isinstance(data, Mapping) else None),
        "livemode": False,
        "multi_use": {},
        "payment_method": method["id"],
        "payment_method_details": _details(type, ctx.token("upper", 16)),
        "status": "active",
        "type": "multi_use",
    }
    ctx.store.insert("mandate", record, created=ctx.micros)
    known.mandate = str(record["id"])
    facts.save(ctx, str(method["id"]), known)


def revoke(ctx: Ctx, known: Facts) -> None:
    """The bank says that the mandate is no longer good."""
    if known.mandate and known.bank and known.bank.inactive_mandate:
        ctx.update("mandate", known.mandate, {"status": "inactive"}, event="mandate.updated")
