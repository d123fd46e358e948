"""What the service publishes to everyone: what each country can be paid in, exchange rates.

Source: https://docs.stripe.com/api/country_specs, /exchange_rates, https://docs.stripe.com/connect/required-verification-information.
Rates are made up and stay as they are. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Request
from twins.stripe import errors, listing, lookup, twin
from twins.stripe.payments import money, onboarding

RATES = {
    "usd": 1.0, "eur": 0.92, "gbp": 0.79, "cad": 1.36, "aud": 1.52, "nzd": 1.66, "jpy": 150.0, "chf": 0.88, "sek": 10.5,
    "nok": 10.7, "dkk": 6.87, "pln": 3.97, "czk": 23.2, "huf": 360.0, "ron": 4.58, "mxn": 17.1, "brl": 5.0, "inr": 83.2,
    "sgd": 1.34, "hkd": 7.82, "myr": 4.72, "thb": 35.6, "krw": 1330.0, "cny": 7.2, "aed": 3.67,
}  # fmt: skip
"""Currency → how much of it a dollar is."""
MINIMUM = ("business_profile.mcc", "business_profile.url", "business_type", "external_account", "tos_acceptance.date")
PERSON = ("dob.day", "dob.month", "dob.year", "email", "first_name", "last_name", "phone")


def _fields(who: str, additional: tuple[str, ...]) -> dict[str, list[str]]:
    owned = [f"{who}.{field}" for field in PERSON]
    return {"additional": list(additional), "minimum": sorted([*MINIMUM, "tos_acceptance.ip", *owned])}


def _spec(country: str) -> dict[str, Any]:
    """The specification of a country."""
    home = onboarding.CURRENCIES[country]
    banks = {currency: sorted(c for c, own in onboarding.CURRENCIES.items() if own == currency) for currency in (home,)}
    methods = ["ach", "card", "stripe"] if country == "US" else ["card", "stripe"]
    return {
        "id": country,
        "object": "country_spec",
        "default_currency": home,
        "supported_bank_account_currencies": banks,
        "supported_payment_currencies": sorted(money.CURRENCIES, key=lambda c: (c != home, c)),
        "supported_payment_methods": methods,
        "supported_transfer_countries": sorted(onboarding.CURRENCIES, key=lambda c: (c != country, c)),
        "verification_fields": {
            "company": _fields("representative", ("relationship.executive", "relationship.owner")),
            "individual": _fields("individual", ("individual.verification.document",)),
        },
    }


@twin.handler("GetCountrySpecs")
@lookup.modelled
def specs(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Every country's specification."""
    return listing.sliced(request, [_spec(country) for country in sorted(onboarding.CURRENCIES)], "country_spec")


@twin.handler("GetCountrySpecsCountry")
@lookup.modelled
def spec(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One country's specification."""
    country = request.path["country"].upper()
    if country not in onboarding.CURRENCIES:
        raise errors.no_such("country_spec", request.path["country"], "country")
    return _spec(country)


def _rates(currency: str) -> dict[str, Any]:
    """How much of each currency one unit of another is."""
    rates = {other: round(rate / RATES[currency], 8) for other, rate in sorted(RATES.items()) if other != currency}
    return {"id": currency, "object": "exchange_rate", "rates": rates}


@twin.handler("GetExchangeRates")
@lookup.modelled
def exchange(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The rates of every currency."""
    return listing.sliced(request, [_rates(currency) for currency in sorted(RATES)], "exchange_rate")


@twin.handler("GetExchangeRatesRateId")
@lookup.modelled
def rate(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The rates of one currency."""
    currency = request.path["rate_id"].lower()
    if currency not in RATES:
        raise errors.no_such("exchange_rate", request.path["rate_id"], "rate_id")
    return _rates(currency)
