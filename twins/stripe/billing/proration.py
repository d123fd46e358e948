"""Proration: what is given back for the rest of a period and charged for it anew. Pure; imports nothing of the kit.

Source: https://docs.stripe.com/billing/subscriptions/prorations. Each line is the fraction of its whole amount to the
second, to the nearest cent, as recorded at https://github.com/pay-rails/pay.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from twins.stripe.billing.pricing import TIMES, rounded


def remaining(start: int, end: int, at: int) -> Fraction:
    """The part of the period [start, end) that is left at a time; 0 when it is over, 1 before it began."""
    if end <= start:
        return Fraction(0)
    return min(max(Fraction(end - at, end - start), Fraction(0)), Fraction(1))


def credit(whole: int, part: Fraction) -> int:
    """What is given back for the unused part, a negative amount."""
    return -charge(whole, part)


def charge(whole: int, part: Fraction) -> int:
    """What is charged for the remaining part."""
    exact = whole * part
    return rounded(Decimal(exact.numerator) / exact.denominator)


def day(at: int) -> str:
    """A date as the lines write it: `06 Oct 2026`."""
    return datetime.fromtimestamp(at, UTC).strftime("%d %b %Y")


def unused(name: str, quantity: int, at: int) -> str:
    """What a credit says."""
    return f"Unused time on {_many(name, quantity)} after {day(at)}"


def rest(name: str, quantity: int, at: int) -> str:
    """What a charge for the rest says."""
    return f"Remaining time on {_many(name, quantity)} after {day(at)}"


def _many(name: str, quantity: int) -> str:
    return name if quantity == 1 else f"{quantity} {TIMES} {name}"
