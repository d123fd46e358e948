"""What a price comes to: units, packages, tiers, and how a line says so. Pure; imports nothing of the kit.

Sources: https://docs.stripe.com/products-prices/pricing-models, https://docs.stripe.com/api/prices. Amounts are
integers in the smallest unit; fractions of it are rounded half up once, at the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from twins.stripe.payments.money import written

Tier = Mapping[str, Any]
TIMES = "\N{MULTIPLICATION SIGN}"


def rounded(value: Decimal) -> int:
    """A whole amount, halves away from zero."""
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))


def _decimal(exact: Any, whole: Any = None) -> Decimal:
    if exact not in (None, ""):
        return Decimal(str(exact))
    return Decimal(int(whole or 0))


def packages(quantity: int, rule: Mapping[str, Any] | None) -> int:
    """How many units are billed: `transform_quantity` divides and rounds up or down."""
    if not rule:
        return quantity
    by = int(rule["divide_by"])
    return -(-quantity // by) if rule["round"] == "up" else quantity // by


def tiered(tiers: Sequence[Tier], mode: str | None, quantity: int) -> Decimal:
    """The amount of `quantity` units under tiers: each unit in its tier (graduated), or all in the last one reached."""
    total, below = Decimal(0), 0
    for tier in tiers:
        top = tier.get("up_to")
        unit = _decimal(tier.get("unit_amount_decimal"), tier.get("unit_amount"))
        flat = _decimal(tier.get("flat_amount_decimal"), tier.get("flat_amount"))
        last = top is None or quantity <= int(top)
        if mode == "volume":
            if last:
                return unit * quantity + flat
            continue
        units = (quantity if last else int(str(top))) - below
        if units > 0 or (quantity == 0 and below == 0):
            total += unit * units + flat
        if last:
            break
        below = int(str(top))
    return total


def amount(price: Mapping[str, Any], quantity: int, tiers: Sequence[Tier] = ()) -> int:
    """What `quantity` of a price costs."""
    if price.get("billing_scheme") == "tiered":
        return rounded(tiered(tiers, price.get("tiers_mode"), quantity))
    unit = _decimal(price.get("unit_amount_decimal"), price.get("unit_amount"))
    return rounded(unit * packages(quantity, price.get("transform_quantity")))


def every(rule: Mapping[str, Any]) -> str:
    """`month`, `every 3 months`: how often a recurring price is billed."""
    count, interval = int(rule.get("interval_count") or 1), str(rule["interval"])
    return interval if count == 1 else f"every {count} {interval}s"


def counted(quantity: int, product: Mapping[str, Any]) -> str:
    """`1 x Gold`, with the product's unit label `1 user x Gold`."""
    label = product.get("unit_label")
    return f"{quantity} {label} {TIMES} {product['name']}" if label else f"{quantity} {TIMES} {product['name']}"


def described(price: Mapping[str, Any], product: Mapping[str, Any], quantity: int) -> str:
    """What a line of a subscription's invoice says: `1 x Gold (at $25.00 / month)`."""
    rule = price.get("recurring")
    if not rule:
        return str(product["name"])
    unit = price.get("unit_amount")
    at = written(int(unit), str(price["currency"])) if unit is not None else "varying prices"
    return f"{counted(quantity, product)} (at {at} / {every(rule)})"
