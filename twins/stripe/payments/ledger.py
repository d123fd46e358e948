"""Fees, settlement and balances of a US account: what a charge, refund, dispute and payout do to the ledger.

Sources: https://stripe.com/pricing (2.9 % + 30 ¢, 1.5 % for cards from abroad, 1 % for conversion, ACH 0.8 % at most
$5), https://docs.stripe.com/payouts (two business days), https://docs.stripe.com/disputes (dispute fee $15).
Amounts are integers in the smallest unit, times seconds. Pure; imports nothing of the kit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from twins.stripe.payments.money import decimals

DAY = 86_400
DISPUTE_FEE = 1500
HOME_COUNTRY = "US"
HOME_CURRENCY = "usd"


def _half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def processing_fee(amount: int, currency: str, *, method: str = "card", country: str | None = HOME_COUNTRY) -> int:
    """The processing fee in the smallest unit of `currency`.

    Cards: 2.9 % + 30 cents, 1.5 % more for a card from abroad, 1 % more when the currency is not the account's.
    ACH debit: 0.8 %, at most 5.00. SEPA and other debits: 0.8 % + 30 cents, at most 6.00.
    """
    places = decimals(currency)
    cents: int = 10**places
    if method == "us_bank_account":
        return min(_half_up(amount * 8, 1000), 5 * cents)
    if method != "card":
        return min(_half_up(amount * 8, 1000) + _half_up(30 * cents, 100), 6 * cents)
    permille = 29 + (15 if country and country != HOME_COUNTRY else 0) + (10 if currency != HOME_CURRENCY else 0)
    return _half_up(amount * permille, 1000) + _half_up(30 * cents, 100)


def available_on(created: int, *, now_available: bool = False, days: int = 2) -> int:
    """When funds become available: midnight UTC after `days` business days, or at once for test cards that bypass."""
    if now_available:
        return created
    day = created // DAY
    left = days
    while left:
        day += 1
        if (day + 3) % 7 < 5:  # 1970-01-01 was a Thursday; 0 is Monday
            left -= 1
    return day * DAY


def fee_detail(
    amount: int, currency: str, *, type: str = "stripe_fee", description: str = "Stripe processing fees"
) -> dict[str, Any]:
    """One row of `fee_details`."""
    return {"amount": amount, "application": None, "currency": currency, "description": description, "type": type}


CATEGORIES: Mapping[str, str] = {
    "charge": "charge",
    "payment": "charge",
    "refund": "refund",
    "payment_refund": "refund",
    "refund_failure": "refund_failure",
    "payment_failure_refund": "refund_failure",
    "payout": "payout",
    "payout_failure": "payout_reversal",
    "payout_cancel": "payout_reversal",
    "adjustment": "dispute",
    "topup": "topup",
    "transfer": "transfer",
    "stripe_fee": "fee",
}
"""Type of balance transaction → reporting category."""


def transaction(
    *,
    amount: int,
    currency: str,
    type: str,
    source: str,
    created: int,
    available: int,
    fees: Iterable[dict[str, Any]] = (),
    description: str | None = None,
    category: str | None = None,
) -> dict[str, Any]:
    """The values of a balance transaction; `net` is `amount` less the fees. It is `available` from its time on."""
    details = [fee for fee in fees if fee["amount"]]
    fee = sum(detail["amount"] for detail in details)
    return {
        "amount": amount,
        "available_on": available,
        "balance_type": "payments",
        "created": created,
        "currency": currency,
        "description": description,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": details,
        "net": amount - fee,
        "reporting_category": category or CATEGORIES.get(type, type),
        "source": source,
        "status": "available" if available <= created else "pending",
        "type": type,
    }


def balance(transactions: Iterable[Mapping[str, Any]], now: int) -> dict[str, Any]:
    """Sums by currency: `available` and `pending` amounts with their `source_types`; the account's currency first.

    Payments by bank debit and their refunds are bank account funds; what other accounts transferred is not.
    """
    sums: dict[str, dict[str, dict[str, int]]] = {"available": {}, "pending": {}}
    for row in transactions:
        if row.get("balance_type", "payments") != "payments":
            continue
        taken = row["available_on"] <= now or row["type"] == "payout"
        part = sums["available" if taken else "pending"]
        debit = str(row["type"]).startswith("payment") and str(row["source"]).startswith(("py_3", "pyr_3"))
        kind = "bank_account" if debit else "card"
        by_kind = part.setdefault(row["currency"], {})
        by_kind[kind] = by_kind.get(kind, 0) + row["net"]
    currencies = sorted({HOME_CURRENCY, *sums["available"], *sums["pending"]}, key=lambda c: (c != HOME_CURRENCY, c))

    def rows(part: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
        return [
            {"amount": sum(part.get(c, {}).values()), "currency": c, "source_types": part.get(c) or {"card": 0}}
            for c in currencies
        ]

    return {"available": rows(sums["available"]), "pending": rows(sums["pending"])}
