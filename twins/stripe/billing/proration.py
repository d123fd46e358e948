"""Proration: what is given back for the rest of a period and charged for it anew. Pure; imports nothing of the kit.

Source: https://docs.stripe.com/billing/subscriptions/prorations. Each line is the exact fraction of its whole amount,
rounded down (a credit away from zero, a charge towards it), to the second.
"""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from math import floor

from twins.stripe.billing.pricing import TIMES


def remaining(start: int, end: int, at: int) -> Fraction:
    """The part of the period [start, end) that is left at a time; 0 when it is over, 1 before it began."""
    if end <= start:
        return Fraction(0)
    return min(max(Fraction(end - at, end - start), Fraction(0)), Fraction(1))


def credit(whole: int, part: Fraction) -> int:
    """What is given back for the unused part, a negative amount."""
    return floor(-whole * part)


def charge(whole: int, part: Fraction) -> int:
    """What is charged for the remaining part."""
    return floor(whole * part)


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
