"""Refunds: how much can be refunded, in which words it is refused, and how a refund moves on.

Source: https://docs.stripe.com/refunds, https://docs.stripe.com/api/refunds. Pure; imports nothing of the kit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twins.stripe.payments.money import written

TRANSITIONS: Mapping[tuple[str, str], str] = {
    ("pending", "succeed"): "succeeded",
    ("pending", "fail"): "failed",
    ("pending", "cancel"): "canceled",
    ("requires_action", "succeed"): "succeeded",
    ("requires_action", "cancel"): "canceled",
    ("requires_action", "expire"): "failed",
    ("succeeded", "fail"): "failed",
}
"""(status, trigger) → status of a refund."""

SETTLE_AFTER = 300
"""Seconds until an asynchronous refund of a test card changes its status."""
REASONS = ("duplicate", "fraudulent", "requested_by_customer")


def whole(charge: Mapping[str, Any]) -> int:
    """What can be refunded of a charge in all: what was charged, or more where more was captured than authorized."""
    return max(int(charge["amount"]), int(charge["amount_captured"]))


def refusal(charge: Mapping[str, Any], amount: int | None, *, chargeback: bool = False) -> dict[str, str] | None:
    """`message` of the error, `code` and `param` where it has them; None when `amount` (None: the rest) is fine."""
    left = whole(charge) - charge["amount_refunded"]
    currency = charge["currency"]
    if charge["status"] == "failed" and charge.get("payment_intent"):
        text = f"This PaymentIntent ({charge['payment_intent']}) does not have a successful charge to refund."
        return {"message": text}
    if charge["status"] == "failed" or not charge["paid"]:
        return {"message": f"This charge ({charge['id']}) cannot be refunded because it was not successful."}
    if chargeback:
        return {
            "code": "charge_disputed",
            "message": f"Charge {charge['id']} has been charged back; cannot issue a refund.",
        }
    if charge["refunded"] or left <= 0:
        return {"code": "charge_already_refunded", "message": f"Charge {charge['id']} has already been refunded."}
    if amount is None or amount <= left:
        return None
    if charge["amount_refunded"]:
        limit = f"unrefunded amount on charge ({written(left, currency)})"
    else:
        limit = f"charge amount ({written(whole(charge), currency)})"
    return {"param": "amount", "message": f"Refund amount ({written(amount, currency)}) is greater than {limit}"}
