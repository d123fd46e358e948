"""Money as Stripe counts it: currencies, zero- and three-decimal ones, least and most amounts, how one is written.

Source: https://docs.stripe.com/currencies. Amounts are integers in the currency's smallest unit. Imports nothing of
the kit.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

_ZERO_DECIMAL = "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf"
ZERO_DECIMAL = frozenset(_ZERO_DECIMAL.split())
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
_CURRENCIES = """
    usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf
    chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl hrk htg
    huf idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt
    mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar
    sbd scr sek sgd shp sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd
    xcg xof xpf yer zar zmw usdc btn ghs eek lvl svc vef ltl sll mro
"""
CURRENCIES: tuple[str, ...] = tuple(_CURRENCIES.split())
"""Currencies in the order the service names them in its error text."""

MINIMUM: Mapping[str, int] = {
    "usd": 50,
    "aed": 200,
    "aud": 50,
    "bgn": 100,
    "brl": 50,
    "cad": 50,
    "chf": 50,
    "czk": 1500,
    "dkk": 250,
    "eur": 50,
    "gbp": 30,
    "hkd": 400,
    "huf": 17500,
    "inr": 50,
    "jpy": 50,
    "mxn": 1000,
    "myr": 200,
    "nok": 300,
    "nzd": 50,
    "pln": 200,
    "ron": 200,
    "sek": 300,
    "sgd": 50,
    "thb": 1000,
}
"""Least amount that can be charged, by currency."""
MAXIMUM = 99_999_999
SYMBOLS: Mapping[str, str] = {
    "usd": "$",
    "eur": "€",
    "gbp": "£",
    "jpy": "¥",
    "inr": "₹",
    "cad": "$",
    "aud": "$",
    "nzd": "$",
    "sgd": "$",
    "hkd": "$",
    "mxn": "$",
    "brl": "R$",
}


def decimals(currency: str) -> int:
    """Decimal places of a currency: 0, 2 or 3."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def written(amount: int, currency: str) -> str:
    """An amount as error texts write it: `$1,234.50`, `¥500`, `Kč15.00` is `15.00 czk` where no symbol is known."""
    places = decimals(currency)
    text = f"{amount / 10**places:,.{places}f}"
    symbol = SYMBOLS.get(currency)
    return f"{symbol}{text}" if symbol else f"{text} {currency}"


def exactly(amount: Decimal, currency: str) -> str:
    """An amount with fractions of the smallest unit, as invoice lines write it: `$0.036`, `$9.00`."""
    places = decimals(currency)
    value = amount.scaleb(-places)
    shown = max(places, -int(value.normalize().as_tuple().exponent))
    text = f"{value:,.{shown}f}"
    symbol = SYMBOLS.get(currency)
    return f"{symbol}{text}" if symbol else f"{text} {currency}"


def minimum(currency: str) -> int:
    """Least amount of a charge in the smallest unit; 1 where none is documented."""
    return MINIMUM.get(currency, 1)


def amount_error(amount: int, currency: str) -> tuple[str, str] | None:
    """(code, message) for an amount that is too small or too large, None when it can be charged."""
    if amount < minimum(currency):
        return "amount_too_small", f"Amount must be at least {written(minimum(currency), currency)} {currency}"
    if amount > MAXIMUM:
        return "amount_too_large", f"Amount must be no more than {written(MAXIMUM, currency)}"
    return None
