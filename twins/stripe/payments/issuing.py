"""Issued cards: what a purchase is decided by, and what decisions, holds and purchases look like. Pure.

Sources: https://docs.stripe.com/issuing/controls/spending-controls, https://docs.stripe.com/issuing/purchases/authorizations,
https://docs.stripe.com/api/issuing/authorizations/object and replies recorded by others. Imports nothing of the kit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

FUNDS = 1_000_000
"""What the issuing balance holds before anything was spent, in the smallest unit of its currency."""
DAY = 86_400
INTERVALS: Mapping[str, int] = {"daily": DAY, "weekly": 7 * DAY, "monthly": 30 * DAY, "yearly": 365 * DAY}
"""Interval of a spending limit → seconds that it looks back; `per_authorization` and `all_time` have none."""
CODES: Mapping[str, str] = {
    "ac_refrigeration_repair": "7623",
    "bakeries": "5462",
    "computer_software_stores": "5734",
    "eating_places_restaurants": "5812",
    "fast_food_restaurants": "5814",
    "grocery_stores_supermarkets": "5411",
    "hotels_motels_and_resorts": "7011",
    "taxicabs_limousines": "4121",
}
"""Category of a merchant → its four-digit code, for those that tests use most."""
LISTS = (
    "allowed_card_presences", "allowed_categories", "allowed_merchant_countries", "blocked_card_presences",
    "blocked_categories", "blocked_merchant_countries",
)  # fmt: skip
SHIPPING: Mapping[tuple[str, str], str] = {
    ("pending", "submit"): "submitted",
    ("pending", "ship"): "shipped",
    ("submitted", "ship"): "shipped",
    ("shipped", "deliver"): "delivered",
    ("shipped", "return"): "returned",
    ("shipped", "fail"): "failure",
    ("submitted", "fail"): "failure",
    ("pending", "fail"): "failure",
}
"""(status, trigger) → shipping status of a physical card: https://docs.stripe.com/issuing/cards/physical."""
DISPUTES: Mapping[tuple[str, str], str] = {
    ("unsubmitted", "submit"): "submitted",
    ("submitted", "win"): "won",
    ("submitted", "lose"): "lost",
    ("unsubmitted", "expire"): "expired",
}
"""(status, trigger) → status of an issuing dispute: https://docs.stripe.com/issuing/purchases/disputes."""


def controls(given: Any, *, card: bool) -> dict[str, Any]:
    """`spending_controls` of a card or a cardholder."""
    told: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    empty: list[str] | None = None if card else []
    limits = [{"categories": [], **limit} for limit in told.get("spending_limits") or ()]
    shown = {name: list(told[name]) if told.get(name) else empty for name in LISTS}
    return {**shown, "spending_limits": limits, "spending_limits_currency": "usd" if limits else None}


def merchant(given: Any) -> dict[str, Any]:
    """`merchant_data` of a purchase."""
    told: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    category = told.get("category") or "ac_refrigeration_repair"
    empty = dict.fromkeys(("city", "country", "name", "postal_code", "state", "tax_id", "terminal_id", "url"))
    known = {"category": category, "category_code": CODES.get(category, "5999"), "network_id": "1234567890"}
    return {**empty, **known, **{name: value for name, value in told.items() if value}}


def verification(given: Any) -> dict[str, Any]:
    """`verification_data` of an authorization."""
    told: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    checks = {
        "address_line1_check": "not_provided",
        "address_postal_code_check": "not_provided",
        "cvc_check": "match",
        "expiry_check": "match",
    }
    return {**checks, "authentication_exemption": None, "postal_code": None, "three_d_secure": None, **told}


def _refused_by(rules: Mapping[str, Any], merchant: Mapping[str, Any]) -> bool:
    """Whether the lists of spending controls keep a merchant out."""
    for named, field in (("categories", "category"), ("merchant_countries", "country")):
        value, allowed, blocked = merchant.get(field), rules.get(f"allowed_{named}"), rules.get(f"blocked_{named}")
        if (allowed and value not in allowed) or (blocked and value in blocked):
            return True
    return False


def _over(
    rules: Mapping[str, Any], amount: int, merchant: Mapping[str, Any], spent: Iterable[tuple[int, int, str]], now: int
) -> bool:
    """Whether a purchase goes over a spending limit; `spent` is (amount, time, category) of earlier ones."""
    earlier = list(spent)
    for limit in rules.get("spending_limits") or ():
        categories = limit.get("categories") or ()
        if categories and merchant["category"] not in categories:
            continue
        interval = limit["interval"]
        since = now - INTERVALS[interval] if interval in INTERVALS else (0 if interval == "all_time" else now + 1)
        before = sum(a for a, at, category in earlier if at >= since and (not categories or category in categories))
        if before + amount > limit["amount"]:
            return True
    return False


def decide(
    card: Mapping[str, Any],
    amount: int,
    merchant: Mapping[str, Any],
    spent: Iterable[tuple[int, int, str]],
    funds: int,
    now: int,
) -> str:
    """Why a purchase is refused; empty when it is approved. Reasons as in `request_history`."""
    holder = card["cardholder"]
    if card["status"] != "active":
        return "card_canceled" if card["status"] == "canceled" else "card_inactive"
    if holder["status"] != "active":
        return "cardholder_blocked" if holder["status"] == "blocked" else "cardholder_inactive"
    earlier = list(spent)
    for rules in (card["spending_controls"] or {}, holder["spending_controls"] or {}):
        if _refused_by(rules, merchant) or _over(rules, amount, merchant, earlier, now):
            return "spending_controls"
    return "insufficient_funds" if amount > funds else ""


def decision(reason: str, amount: int, currency: str, now: int, code: str) -> dict[str, Any]:
    """One row of `request_history`."""
    return {
        "amount": amount,
        "amount_details": {"atm_fee": None, "cashback_amount": None},
        "approved": not reason,
        "authorization_code": None if reason else code,
        "created": now,
        "currency": currency,
        "merchant_amount": amount,
        "merchant_currency": currency,
        "network_risk_score": None,
        "reason": reason or "card_active",
        "reason_message": None,
        "requested_at": now,
    }
