"""Tax rates made by hand: what they may be, and what they may be put on.

Sources: https://docs.stripe.com/api/tax_rates, https://docs.stripe.com/billing/taxes/tax-rates; the words for a price
that says otherwise: https://github.com/openaustralia/righttoknow/issues/981. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

from twinkit import Ctx, Request
from twins.stripe import errors, lookup, twin

RATE = "tax_rate"
CONFLICT = (
    "One or more prices has a `tax_behavior` that conflicts with the tax rates that apply to the corresponding line "
    "item."
)
PLACES = "Invalid decimal: {value}; must contain at maximum four decimal places."
OUTSIDE = "Invalid decimal: {value}; must be between 0 and 100."


@twin.handler("PostTaxRates")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A tax rate of 0 to 100 percent with four decimal places at most. Raises 400."""
    params = request.body or {}
    value = Decimal(str(params["percentage"]))
    if not 0 <= value <= 100:
        raise errors.invalid(OUTSIDE.format(value=value), "percentage")
    if value != round(value, 4):
        raise errors.invalid(PLACES.format(value=value), "percentage")
    names = ("active", "country", "description", "display_name", "inclusive", "jurisdiction", "state", "tax_type")
    kept = {name: lookup.unset(params[name]) for name in names if name in params}
    percentage = int(value) if value == int(value) else float(value)
    kept |= {"effective_percentage": percentage, "percentage": percentage, "rate_type": "percentage"}
    return ctx.create(RATE, {**kept, "metadata": lookup.metadata({}, params.get("metadata"))})


def usable(ctx: Ctx, given: Any, param: str, had: Collection[str] = ()) -> list[dict[str, Any]]:
    """Whole tax rates by their ids. Raises 400 for one that is not there, or archived and not there before."""
    found = []
    for place, id in enumerate(given or ()):
        rate = lookup.record(ctx, RATE, id, f"{param}[{place}]")
        if not rate["active"] and rate["id"] not in had:
            text = f"The tax rate {rate['id']} is archived: it can no longer be applied."
            raise errors.invalid(text, f"{param}[{place}]")
        found.append(rate)
    return found


def agree(lines: Iterable[tuple[Mapping[str, Any], Iterable[Mapping[str, Any]]]]) -> None:
    """Raise 400 where a price says that taxes are inside or on top and a rate for it says the contrary."""
    for price, rates in lines:
        inside = {"exclusive": False, "inclusive": True}.get(str(price.get("tax_behavior")))
        if inside is not None and any(rate["inclusive"] != inside for rate in rates):
            raise errors.invalid(CONFLICT)


def of(subscription: Mapping[str, Any], items: Iterable[Mapping[str, Any]]) -> set[str]:
    """The ids of all rates on a subscription."""
    rates = [*(subscription["default_tax_rates"] or ()), *(rate for item in items for rate in item["tax_rates"] or ())]
    return {str(rate["id"]) for rate in rates}


def check(
    ctx: Ctx, subscription: Mapping[str, Any], items: Collection[Mapping[str, Any]], had: Collection[str] = ()
) -> None:
    """Raise 400 for a subscription that got archived rates, or rates that its prices conflict with."""
    default = subscription["default_tax_rates"] or ()
    places = [("default_tax_rates", default)]
    places += [(f"items[{place}][tax_rates]", row["tax_rates"]) for place, row in enumerate(items)]
    for name, rates in places:
        usable(ctx, [rate["id"] for rate in rates or ()], name, had)
    agree((row["price"], row["tax_rates"] or default) for row in items)
