"""What a price comes to: units, packages, tiers, and how a line says so. Pure; imports nothing of the kit.

Sources: https://docs.stripe.com/products-prices/pricing-models, https://docs.stripe.com/api/prices. Amounts are
integers in the smallest unit; fractions of it are rounded half up once, at the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from twins.stripe.payments.money import exactly

Tier = Mapping[str, Any]
TIMES = "\N{MULTIPLICATION SIGN}"


def rounded(value: Decimal) -> int:
    """A whole amount, halves away from zero."""
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))


def _decimal(exact: Any, whole: Any = None) -> Decimal:
    if exact not in (None, ""):
        return Decimal(str(exact))
    return Decimal(int(whole or 0))


def packages(quantity: Decimal | int, rule: Mapping[str, Any] | None) -> Decimal:
    """How many units are billed: `transform_quantity` divides and rounds up or down."""
    if not rule:
        return Decimal(quantity)
    whole = ROUND_CEILING if rule["round"] == "up" else ROUND_FLOOR
    return (Decimal(quantity) / int(rule["divide_by"])).to_integral_value(whole)


class Part(NamedTuple):
    """One line's share of what a price costs: units at an amount each, or (without `unit`) a flat amount of a tier."""

    amount: int
    quantity: Decimal
    unit: Decimal | None = None
    tier: int = 0
    """Which tier, from 1; 0 where the price has none."""
    before: bool = False
    """Whether it takes back what was billed before at another amount."""

    @property
    def unit_text(self) -> str | None:
        """`unit` as text."""
        return None if self.unit is None else plain(self.unit)


def parts(price: Mapping[str, Any], quantity: Decimal | int, tiers: Sequence[Tier] = ()) -> list[Part]:
    """What `quantity` of a price costs, line by line: a tiered price has a line for each tier reached and one for its
    flat amount, as recorded at https://github.com/gitpod-io/gitpod (invoices of usage)."""
    count = Decimal(quantity)
    if price.get("billing_scheme") == "tiered":
        return _tiered(tiers, price.get("tiers_mode"), count)
    unit = _decimal(price.get("unit_amount_decimal"), price.get("unit_amount"))
    return [Part(rounded(unit * packages(count, price.get("transform_quantity"))), count, unit)]


def rest(price: Mapping[str, Any], whole: Sequence[Part], billed: Sequence[Part]) -> list[Part]:
    """What is still to be billed of usage that was billed in part: the same tiers go on. Where all units cost what the
    last tier does, they are billed anew and what was billed is taken back."""
    if price.get("tiers_mode") == "volume" and [part.tier for part in whole] != [part.tier for part in billed]:
        return [*whole, *(part._replace(amount=-part.amount, before=True) for part in billed)]
    done = {(part.tier, part.unit is None): part for part in billed}
    found = []
    for part in whole:
        old = done.get((part.tier, part.unit is None))
        if old is not None:
            part = part._replace(amount=part.amount - old.amount, quantity=part.quantity - old.quantity)
        if part.amount or part.quantity:
            found.append(part)
    return found or [whole[-1]._replace(amount=0, quantity=Decimal(0))]


def _tiered(tiers: Sequence[Tier], mode: str | None, quantity: Decimal) -> list[Part]:
    """Each unit in its tier (graduated), or all in the last one reached (volume)."""
    found: list[Part] = []
    below = Decimal(0)
    for number, tier in enumerate(tiers, 1):
        top = tier.get("up_to")
        last = top is None or quantity <= int(top)
        if mode == "volume" and not last:
            continue
        units = (quantity if last else Decimal(str(top))) - (0 if mode == "volume" else below)
        if units > 0 or quantity == 0:
            unit = _decimal(tier.get("unit_amount_decimal"), tier.get("unit_amount"))
            found.append(Part(rounded(unit * units), units, unit, number))
            if tier.get("flat_amount_decimal") not in (None, "") or tier.get("flat_amount") is not None:
                flat = _decimal(tier.get("flat_amount_decimal"), tier.get("flat_amount"))
                found.append(Part(rounded(flat), Decimal(0), None, number))
        if last:
            break
        below = Decimal(str(top))
    return found


def amount(price: Mapping[str, Any], quantity: Decimal | int, tiers: Sequence[Tier] = ()) -> int:
    """What `quantity` of a price costs."""
    return sum(part.amount for part in parts(price, quantity, tiers))


def every(rule: Mapping[str, Any]) -> str:
    """`month`, `every 3 months`: how often a recurring price is billed."""
    count, interval = int(rule.get("interval_count") or 1), str(rule["interval"])
    return interval if count == 1 else f"every {count} {interval}s"


def plain(value: Decimal) -> str:
    """A decimal as it is written: `12`, `0.5`."""
    return f"{value.normalize():f}"


def counted(quantity: Decimal | int, product: Mapping[str, Any]) -> str:
    """`1 x Gold`, with the product's unit label `1 user x Gold`."""
    label, count = product.get("unit_label"), plain(Decimal(quantity))
    return f"{count} {label} {TIMES} {product['name']}" if label else f"{count} {TIMES} {product['name']}"


def described(price: Mapping[str, Any], product: Mapping[str, Any], part: Part) -> str:
    """What a line says: `1 x Gold (at $25.00 / month)`, `Gold (Tier 1 at $9.00 / month)`."""
    rule = price.get("recurring")
    if not rule:
        return str(product["name"])
    each = part.unit if part.unit is not None else Decimal(part.amount)
    at = exactly(each, str(price["currency"]))
    if part.before:
        return f"Amount previously billed (at {at} per unit)"
    package = price.get("transform_quantity")
    if package:
        at += f" per {package['divide_by']} {product.get('unit_label') or 'units'}"
    subject = str(product["name"]) if part.unit is None else counted(part.quantity, product)
    tier = f"Tier {part.tier} " if part.tier else ""
    return f"{subject} ({tier}at {at} / {every(rule)})"


def own_currency(price: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """`currency_options` of a price in no currency but its own."""
    names = ("custom_unit_amount", "tax_behavior", "unit_amount", "unit_amount_decimal")
    return {price["currency"]: {name: price[name] for name in names}}


def plan_of(price: Mapping[str, Any]) -> dict[str, Any]:
    """The older `plan` object that a recurring price is as well: https://docs.stripe.com/api/plans/object."""
    rule = price.get("recurring") or {}
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": price["billing_scheme"],
        "created": price["created"],
        "currency": price["currency"],
        "interval": rule.get("interval", "month"),
        "interval_count": rule.get("interval_count", 1),
        "livemode": False,
        "metadata": price["metadata"],
        "meter": rule.get("meter"),
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": price["tiers_mode"],
        "transform_usage": price["transform_quantity"],
        "trial_period_days": rule.get("trial_period_days"),
        "usage_type": rule.get("usage_type", "licensed"),
    }
