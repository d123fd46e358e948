"""Disputes: kinds that the test cards open, how they move, and what evidence does.

Sources: https://docs.stripe.com/disputes/how-disputes-work, https://docs.stripe.com/testing (evidence). Pure; imports
nothing of the kit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

DAY = 86_400


class Kind(NamedTuple):
    """One kind of dispute: `case_type` inquiry moves no money."""

    reason: str
    network_code: str
    case_type: str = "chargeback"
    status: str = "needs_response"
    eligible: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    "fraudulent": Kind("fraudulent", "10.4"),
    "product_not_received": Kind("product_not_received", "13.1"),
    "inquiry": Kind("fraudulent", "10", "inquiry", "warning_needs_response"),
    "compelling_evidence_3": Kind("fraudulent", "10.4", eligible=("visa_compelling_evidence_3",)),
    "visa_compliance": Kind("noncompliant", "98", "compliance", eligible=("visa_compliance",)),
    "mastercard_compliance": Kind("noncompliant", "C1", "compliance", eligible=("mastercard_compliance",)),
    "bank_cannot_process": Kind("bank_cannot_process", ""),
}
"""What a test card or account opens."""

TRANSITIONS: Mapping[tuple[str, str], str] = {
    ("needs_response", "submit"): "under_review",
    ("needs_response", "win"): "won",
    ("needs_response", "lose"): "lost",
    ("needs_response", "close"): "lost",
    ("under_review", "win"): "won",
    ("under_review", "lose"): "lost",
    ("warning_needs_response", "submit"): "warning_under_review",
    ("warning_needs_response", "win"): "warning_closed",
    ("warning_needs_response", "lose"): "warning_closed",
    ("warning_needs_response", "close"): "warning_closed",
    ("warning_needs_response", "escalate"): "needs_response",
    ("warning_under_review", "win"): "warning_closed",
    ("warning_under_review", "lose"): "warning_closed",
    ("warning_under_review", "escalate"): "needs_response",
}
"""(status, trigger) → status; won, lost, warning_closed and prevented are final."""

CLOSED = ("won", "lost", "warning_closed", "prevented")
RESPOND_WITHIN = 8 * DAY

EVIDENCE: Mapping[str, str] = {
    "winning_evidence": "win",
    "losing_evidence": "lose",
    "escalate_inquiry_evidence": "escalate",
}
"""`uncategorized_text` → trigger."""


def trigger(evidence: Mapping[str, Any]) -> str:
    """What submitting this evidence triggers: win, lose, escalate, or plain submit (under review)."""
    return EVIDENCE.get(str(evidence.get("uncategorized_text") or ""), "submit")


def due_by(created: int) -> int:
    """Last second to respond: the end of the day eight days on."""
    return (created + RESPOND_WITHIN) // DAY * DAY + DAY - 1


_EVIDENCE_FIELDS = """
    access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal
    customer_communication customer_email_address customer_name customer_purchase_ip customer_signature
    duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt
    refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation
    shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number
    uncategorized_file uncategorized_text
"""
EVIDENCE_FIELDS: tuple[str, ...] = tuple(_EVIDENCE_FIELDS.split())
"""Fields of the evidence hash, all null in a new dispute."""


def empty_evidence() -> dict[str, Any]:
    """Evidence of a new dispute."""
    return {**dict.fromkeys(EVIDENCE_FIELDS), "enhanced_evidence": {}}
