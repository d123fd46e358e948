"""What tax a sale comes to, whoever asks: calculations, invoices, quotes and sessions with automatic tax.

Sources: https://docs.stripe.com/tax/calculating, /tax/zero-tax, /tax/products-prices-tax-codes-tax-behavior. Imports:
the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from twinkit import Ctx
from twins.stripe import accounts, errors, locating, lookup
from twins.stripe.billing import totals
from twins.stripe.payments import sales_tax

AUTOMATIC = "automatic_tax_rate"
"""Store name of the tax rates that automatic tax has made, by what they are for."""
CODES = "amount_tax_code"
"""Store name of the tax codes of amounts that no product stands behind, by the id of the product that is not there."""
UNTAXED: Mapping[str, Any] = {
    "disabled_reason": None, "enabled": False, "liability": None, "provider": None, "status": None,
}  # fmt: skip
"""`automatic_tax` of an invoice that does not calculate it."""
EXEMPT: Mapping[str, str] = {"exempt": "customer_exempt", "reverse": "reverse_charge"}
"""`tax_exempt` of a customer → why nothing is due."""


class Buyer(NamedTuple):
    """Who buys: where, with which tax ids, and why they owe nothing where that is known already."""

    address: Mapping[str, Any]
    tax_ids: Sequence[Mapping[str, Any]] = ()
    override: str = "none"


class Found(NamedTuple):
    """The tax of one amount; `base` is the amount without it."""

    percentage: str
    kind: str | None
    reason: str
    tax: int
    base: int


def taxed(
    buyer: Buyer, registered: Sequence[Mapping[str, Any]], seller: str | None, amount: int, *, inside: bool, code: str
) -> Found:
    """The tax of one amount for an account of the country `seller` with these registrations."""
    percentage, kind, reason = sales_tax.rate(
        buyer.address, registered, code=code, tax_ids=buyer.tax_ids, seller=seller
    )
    if buyer.override != "none" and reason != "not_collecting":
        percentage, kind, reason = "0.0", None, buyer.override
    tax = sales_tax.amount(amount, percentage, inclusive=inside)
    return Found(percentage, kind, reason, tax, amount - tax * inside)


def seller(ctx: Ctx) -> str | None:
    """The country of the account's head office."""
    office = locating.settings(ctx)["head_office"] or {}
    country = (office.get("address") or {}).get("country")
    return str(country) if country else None


# automatic tax -------------------------------------------------------------------------------------------------------


def switched(ctx: Ctx, given: Any, current: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """`automatic_tax` as a request wants it, over what it was: enabled, and who is liable. Raises 400."""
    before = current or {"enabled": False, "liability": None}
    if not isinstance(given, Mapping):
        return {"enabled": bool(before["enabled"]), "liability": before["liability"]}
    if not given.get("enabled"):
        return {"enabled": False, "liability": None}
    liability = given.get("liability") or before["liability"] or {"type": "self"}
    if liability["type"] == "account":
        if not liability.get("account"):
            raise errors.missing("automatic_tax[liability][account]")
        lookup.record(ctx, "account", liability["account"], "automatic_tax[liability][account]")
    return {"enabled": True, "liability": dict(liability)}


def located(ctx: Ctx, customer: str, method: str | None = None) -> Buyer | None:
    """A customer as a buyer; None where automatic tax cannot tell where they are."""
    record = ctx.store.find("customer", customer) or {}
    found = locating.address_of(ctx, record, method)
    if found is None:
        return None
    return Buyer(found[0], locating.tax_ids(ctx, customer), EXEMPT.get(str(record.get("tax_exempt")), "none"))


def insist(ctx: Ctx, customer: str, method: str | None = None) -> None:
    """Raise 400 for a customer nobody can tell the location of."""
    if located(ctx, customer, method) is None:
        raise errors.invalid(locating.NO_PLACE, None, locating.UNLOCATED)


@contextmanager
def liable(ctx: Ctx, tax: Mapping[str, Any]) -> Iterator[tuple[list[dict[str, Any]], str | None]]:
    """(registrations, country) of the account that is liable for an `automatic_tax`."""
    liability = tax.get("liability") or {}
    if liability.get("type") != "account":
        yield locating.registered(ctx), seller(ctx)
        return
    with accounts.acting(ctx, liability["account"]):
        found = locating.registered(ctx), seller(ctx)
    yield found


def end(ctx: Ctx, subscription: str | None) -> None:
    """Automatic tax ends for a subscription whose customer is nowhere, and for the phase of its schedule that runs."""
    record = ctx.store.find("subscription", subscription or "")
    if record is None or not record["automatic_tax"]["enabled"]:
        return
    tax = {"disabled_reason": "requires_location_inputs", "enabled": False, "liability": None}
    ctx.update("subscription", record["id"], {"automatic_tax": tax})
    schedule = ctx.store.find("subscription_schedule", str(record.get("schedule")))
    if schedule is not None:
        running = (schedule["current_phase"] or {}).get("start_date")
        phases = [
            {**phase, "automatic_tax": tax} if phase["start_date"] == running else phase for phase in schedule["phases"]
        ]
        settings = {**schedule["default_settings"], "automatic_tax": tax}
        ctx.update("subscription_schedule", schedule["id"], {"default_settings": settings, "phases": phases})


def tax_lines(ctx: Ctx, tax: Mapping[str, Any], lines: Sequence[dict[str, Any]], buyer: Buyer | None) -> str:
    """Write `taxes` into lines as automatic tax finds them; the status of it."""
    if buyer is None:
        for line in lines:
            line["taxes"] = []
        return "requires_location_inputs"
    with liable(ctx, tax) as (registered, country):
        for line in lines:
            base = int(line["amount"]) - sum(row["amount"] for row in line["discount_amounts"]) - totals.credited(line)
            behavior, code = _product(ctx, line)
            inside = locating.inside(ctx, behavior, str(line["currency"]))
            found = taxed(buyer, registered, country, base, inside=inside, code=code)
            line["taxes"] = [_shown(ctx, buyer, found, inside)]
    return "complete"


def _product(ctx: Ctx, line: Mapping[str, Any]) -> tuple[str | None, str]:
    """(tax behaviour, tax code) of what a line sells."""
    details = (line.get("pricing") or {}).get("price_details") or {}
    price = ctx.store.find("price", str(details.get("price"))) or {}
    product = ctx.store.find("product", str(details.get("product"))) or {}
    own = ctx.store.find(CODES, str(details.get("product"))) or {}
    code = own.get("tax_code") or product.get("tax_code") or locating.settings(ctx)["defaults"]["tax_code"]
    return price.get("tax_behavior"), str(code)


def _shown(ctx: Ctx, buyer: Buyer, found: Found, inside: bool) -> dict[str, Any]:
    return {
        "amount": found.tax,
        "tax_behavior": "inclusive" if inside else "exclusive",
        "tax_rate_details": {"tax_rate": rate(ctx, buyer.address, found, inside)},
        "taxability_reason": found.reason,
        "taxable_amount": found.base if found.kind else 0,
        "type": "tax_rate_details",
    }


def rate(ctx: Ctx, address: Mapping[str, Any], found: Found, inside: bool) -> str:
    """The id of the tax rate behind automatic tax at an address: inactive, the same for the same tax."""
    _, kind = sales_tax.kind_of(address)
    state, country = sales_tax.state_of(address), str(address.get("country"))
    record = {
        "object": "tax_rate",
        "active": False,
        "country": country,
        "created": ctx.now,
        "description": None,
        "display_name": sales_tax.NAMES.get(str(kind), "Tax"),
        "effective_percentage": float(found.percentage),
        "flat_amount": None,
        "inclusive": inside,
        "jurisdiction": state or country,
        "jurisdiction_level": "state" if state else "country",
        "livemode": False,
        "metadata": {},
        "percentage": float(found.percentage),
        "rate_type": "percentage" if found.kind else None,
        "state": state,
        "tax_type": kind,
    }
    known = ctx.store.find(AUTOMATIC, _key(record))
    if known is not None:
        return str(known["rate"])
    record = {"id": ctx.new_id("tax_rate"), **record}
    keep(ctx, [record])
    return str(record["id"])


def rates_of(ctx: Ctx, lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The tax rates of lines, whole: what a trial has made, to `keep` when it is over."""
    ids = {row["tax_rate_details"]["tax_rate"] for line in lines for row in line["taxes"]}
    return [rate for id in sorted(ids) if (rate := ctx.store.find("tax_rate", id)) is not None]


def keep(ctx: Ctx, rates: Sequence[Mapping[str, Any]]) -> None:
    """Keep tax rates that are not there yet."""
    for each in rates:
        if ctx.store.find("tax_rate", str(each["id"])) is None:
            ctx.store.insert("tax_rate", dict(each), created=ctx.micros)
            if ctx.store.find(AUTOMATIC, _key(each)) is None:
                ctx.store.insert(AUTOMATIC, {"rate": each["id"]}, id=_key(each))


def _key(rate: Mapping[str, Any]) -> str:
    return "/".join(str(rate[name]) for name in ("country", "state", "percentage", "rate_type", "inclusive"))
