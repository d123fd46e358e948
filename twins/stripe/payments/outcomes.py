"""The outcome of a charge and the error it leaves: pure functions over declines. Imports the twin's error texts."""

from __future__ import annotations

from typing import Any

from twinkit import ServiceError
from twins.stripe import errors
from twins.stripe.errors import DOC_URL
from twins.stripe.payments.declines import Decline

RISK_SCORES = {"normal": 32, "elevated": 65, "highest": 92}


def outcome(decline: Decline | None, *, risk: str = "normal", blocked: bool = False) -> dict[str, Any]:
    """`outcome` of a charge: who decided what, in whose words."""
    score = RISK_SCORES[risk]
    details: dict[str, Any] = {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network",
        "reason": None,
        "risk_level": risk,
        "risk_score": score,
        "seller_message": "Payment complete.",
        "type": "authorized",
    }
    if decline is None:
        if risk == "elevated":
            details["type"] = "manual_review"
            details["reason"] = "elevated_risk_level"
        return details
    details.update(
        advice_code=decline.advice,
        network_advice_code=decline.network_advice,
        network_decline_code=decline.network_code,
        network_status=decline.network_status,
        reason=decline.reason,
        seller_message=decline.seller_message,
        type="issuer_declined",
    )
    if blocked:
        details.update(network_status="not_sent_to_network", reason="highest_risk_level", type="blocked")
        details["seller_message"] = "Stripe blocked this payment as too risky."
    return details


def refused_card(decline: Decline) -> ServiceError:
    """402: the bank declines a card that is to be saved; no charge was tried."""
    return errors.declined(
        decline.message,
        decline.code,
        param=decline.param or "",
        decline_code=decline.decline_code,
        advice_code=decline.advice,
        network_advice_code=decline.network_advice,
        network_decline_code=decline.network_code,
    )


def payment_error(decline: Decline, *, charge: str | None, payment_method: dict[str, Any] | None) -> dict[str, Any]:
    """What a failure leaves as `last_payment_error`, `last_setup_error` and as the error of the reply."""
    error: dict[str, Any] = {}
    if decline.advice:
        error["advice_code"] = decline.advice
    if charge:
        error["charge"] = charge
    error["code"] = decline.code
    if decline.decline_code:
        error["decline_code"] = decline.decline_code
    error["doc_url"] = DOC_URL + decline.code.replace("_", "-")
    error["message"] = decline.message
    if decline.network_advice:
        error["network_advice_code"] = decline.network_advice
    if decline.network_code:
        error["network_decline_code"] = decline.network_code
    if decline.param:
        error["param"] = decline.param
    if payment_method is not None:
        error["payment_method"] = payment_method
    bank = payment_method is not None and payment_method.get("type") not in ("card", None)
    error["type"] = "invalid_request_error" if bank or "authentication_failure" in decline.code else "card_error"
    return error
