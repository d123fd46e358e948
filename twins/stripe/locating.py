"""Where customers are for tax, where an account collects it, and the account's tax settings.

Sources: https://docs.stripe.com/tax/customer-locations (which address counts), https://docs.stripe.com/api/tax/settings.
Imports: the kit's public names, the twin's payments.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter
from twins.stripe import errors
from twins.stripe.payments import sales_tax

REGISTRATION = "tax.registration"
SETTINGS = "tax.settings"
HINTS = "customer_tax_hint"
"""Store name of the IP addresses that customers were given, by their ids."""
NO_PLACE = (
    "The customer's location isn't recognized. Set a valid customer address in order to automatically calculate tax."
)
UNLOCATED = "customer_tax_location_invalid"
DEFAULTS: Mapping[str, Any] = {
    "object": SETTINGS,
    "defaults": {"provider": "stripe", "tax_behavior": "inferred_by_currency", "tax_code": "txcd_10000000"},
    "head_office": {
        "address": {
            "city": "San Francisco", "country": "US", "line1": "354 Oyster Point Blvd", "line2": None,
            "postal_code": "94080", "state": "CA",
        }
    },
    "livemode": False,
    "status": "active",
    "status_details": {"active": {}},
}  # fmt: skip
"""Tax settings of an account that has changed none."""
ADDED = ("usd", "cad")
"""Currencies whose prices are taken as without tax where the currency decides."""


def settings(ctx: Ctx) -> dict[str, Any]:
    """The tax settings of the account."""
    return ctx.store.find(SETTINGS, SETTINGS) or dict(DEFAULTS)


def status(ctx: Ctx, start: int, end: int | None) -> str:
    """The status of a registration that begins and ends then."""
    if end is not None and end <= ctx.now:
        return "expired"
    return "scheduled" if start > ctx.now else "active"


def registered(ctx: Ctx) -> list[dict[str, Any]]:
    """The registrations that are active now."""
    found = ctx.store.select(REGISTRATION)
    return [each for each in found if status(ctx, each["active_from"], each["expires_at"]) == "active"]


def inside(ctx: Ctx, behavior: Any, currency: str) -> bool:
    """Whether a price has its tax in it: what it says itself, else what the account's settings say."""
    if behavior in (None, "unspecified"):
        behavior = settings(ctx)["defaults"]["tax_behavior"]
    if behavior == "inferred_by_currency":
        return currency not in ADDED
    return bool(behavior == "inclusive")


def address_of(ctx: Ctx, customer: Mapping[str, Any], method: str | None = None) -> tuple[dict[str, Any], str] | None:
    """(address, where it is from) that a customer is taxed at; None where none is precise enough.

    The shipping address counts before the billing address, that before the payment method's; one that is there and not
    precise is not passed over.
    """
    shipping = (customer.get("shipping") or {}).get("address") or {}
    for address, source in ((shipping, "shipping_destination"), (customer.get("address") or {}, "billing_address")):
        if any(address.values()):
            return (dict(address), source) if sales_tax.precise(address) else None
    paying = ctx.store.find("payment_method", str(method or default_method(customer))) or {}
    billed = (paying.get("billing_details") or {}).get("address") or {}
    if not billed.get("country") and paying.get("card"):
        billed = {**billed, "country": paying["card"].get("country")}
    return (dict(billed), "payment_method") if sales_tax.precise(billed) else None


def tax_ids(ctx: Ctx, customer: str) -> list[dict[str, Any]]:
    """The tax ids of a customer as invoices and sessions show them, oldest first."""
    rows = ctx.store.select("tax_id", [Filter("customer", "=", customer)])
    return [{"type": row["type"], "value": row["value"]} for row in rows][::-1]


def default_method(customer: Mapping[str, Any]) -> str | None:
    """What a customer pays with when nothing else is said."""
    found = (customer.get("invoice_settings") or {}).get("default_payment_method") or customer.get("default_source")
    return str(found) if found else None


def shown(ctx: Ctx, customer: Mapping[str, Any]) -> dict[str, Any]:
    """`tax` of a customer: https://docs.stripe.com/api/customers/object#customer_object-tax."""
    found = address_of(ctx, customer)
    hint = (ctx.store.find(HINTS, str(customer["id"])) or {}).get("ip_address")
    tax: dict[str, Any] = {"automatic_tax": "unrecognized_location", "ip_address": hint, "location": None}
    if found is not None:
        address, source = found
        _, _, reason = sales_tax.rate(address, registered(ctx))
        tax["automatic_tax"] = "not_collecting" if reason == "not_collecting" else "supported"
        state = sales_tax.state_of(address) or address.get("state") or None
        tax["location"] = {"country": address["country"], "source": source, "state": state}
    return {**tax, "provider": "stripe"}


def validate(ctx: Ctx, customer: Mapping[str, Any], given: Any, *, new: bool) -> None:
    """Raise 400 for a customer whose location is to be known and is not; keeps the IP address given.

    `immediately` asks for it at once, `auto` for customers with a subscription that is taxed by itself:
    https://docs.stripe.com/changelog/acacia/2024-10-28/tax-validate-location-auto.
    """
    asked = given if isinstance(given, Mapping) else {}
    if "ip_address" in asked:
        kept = {"ip_address": asked["ip_address"] or None}
        if ctx.store.find(HINTS, str(customer["id"])) is None:
            ctx.store.insert(HINTS, kept, id=str(customer["id"]))
        else:
            ctx.store.replace(HINTS, str(customer["id"]), kept)
    wanted = asked.get("validate_location") or ("deferred" if new else "auto")
    if wanted == "deferred" or (wanted == "auto" and not _taxed(ctx, str(customer["id"]))):
        return
    if address_of(ctx, customer) is None:
        raise errors.invalid(NO_PLACE, None, UNLOCATED)


def _taxed(ctx: Ctx, customer: str) -> bool:
    """Whether a customer has a running subscription with automatic tax."""
    mine = [Filter("customer", "=", customer), Filter("automatic_tax.enabled", "=", True)]
    running = ctx.store.select("subscription", mine)
    return any(each["status"] not in ("canceled", "incomplete_expired") for each in running)
