"""Shipping rates: what they come to in a currency, what of them changes.

Sources: https://docs.stripe.com/api/shipping_rates, https://docs.stripe.com/payments/during-payment/charge-shipping;
the words for the rate's own currency: https://github.com/stripe/stripe-go/issues/1710. Imports: the kit's public names,
the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Request
from twins.stripe import errors, lookup, twin
from twins.stripe.handlers import charges

RATE = "shipping_rate"
OWN_CURRENCY = (
    "You are specifying an update to a currency option that matches the top-level currency for this shipping rate. "
    "Please remove this currency option and update the top-level params instead."
)


def make(ctx: Ctx, params: Mapping[str, Any], where: str = "", *, event: str | None = None) -> dict[str, Any]:
    """A new shipping rate. Raises 400."""
    name = f"{where}[fixed_amount]" if where else "fixed_amount"
    fixed = params.get("fixed_amount")
    if not isinstance(fixed, Mapping):
        raise errors.missing(name)
    currency = charges.check_currency(fixed["currency"])
    if currency in (fixed.get("currency_options") or {}):
        raise errors.invalid(OWN_CURRENCY, f"{name}[currency_options][{currency}]")
    names = ("delivery_estimate", "display_name", "tax_behavior", "tax_code")
    kept = {name: lookup.unset(params[name]) for name in names if name in params}
    kept["fixed_amount"] = {"amount": int(fixed["amount"]), "currency": currency}
    if fixed.get("currency_options"):
        kept["fixed_amount"]["currency_options"] = _options({}, fixed["currency_options"])
    kept["metadata"] = lookup.metadata({}, params.get("metadata"))
    return ctx.create(RATE, kept, event=event)


def _options(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(before)
    for currency, each in given.items():
        found[currency] = {"tax_behavior": "unspecified", **found.get(currency, {}), **each}
    return found


@twin.handler("PostShippingRates")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new shipping rate."""
    return make(ctx, request.body or {})


@twin.handler("PostShippingRatesShippingRateToken")
@lookup.modelled
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Archive a rate or bring it back, say its tax behavior, price it in further currencies."""
    id, params = request.path["shipping_rate_token"], request.body or {}
    record = lookup.in_path(ctx, RATE, id, "shipping_rate_token")
    changes = lookup.changed(record, params, "active", "tax_behavior")
    options = (params.get("fixed_amount") or {}).get("currency_options") or {}
    fixed = record["fixed_amount"]
    if fixed["currency"] in options:
        raise errors.invalid(OWN_CURRENCY, f"fixed_amount[currency_options][{fixed['currency']}]")
    if options:
        changes["fixed_amount"] = {**fixed, "currency_options": _options(fixed.get("currency_options") or {}, options)}
    return ctx.update(RATE, id, changes)


def usable(ctx: Ctx, id: Any, currency: str, where: str) -> dict[str, Any]:
    """A rate for a new purchase in a currency. Raises 400 for one that is archived or has no such currency."""
    rate = lookup.record(ctx, RATE, id, where)
    if not rate["active"]:
        raise errors.invalid(f"The shipping rate {rate['id']} is archived: it cannot be used for new purchases.", where)
    found = within(rate, currency)
    if found is None:
        text = f"The shipping rate {rate['id']} has no amount in the currency of this session, `{currency}`."
        raise errors.invalid(text, where)
    return found


def within(rate: Mapping[str, Any], currency: str) -> dict[str, Any] | None:
    """A rate with its amount and tax behavior in a currency, None when it has none."""
    fixed = rate["fixed_amount"]
    if fixed["currency"] == currency:
        return dict(rate)
    option = (fixed.get("currency_options") or {}).get(currency)
    if option is None:
        return None
    amount = {"amount": int(option["amount"]), "currency": currency}
    return {**rate, "fixed_amount": amount, "tax_behavior": option["tax_behavior"]}
