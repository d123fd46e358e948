"""Tax on sales: standard rates of countries and US states, and what one line comes to. Pure.

Sources: https://docs.stripe.com/tax/calculating, https://docs.stripe.com/api/tax/calculations/object; the rates are the
published standard rates of 2026 without those of counties and cities. Imports nothing of the kit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

_VAT = """
    AT 20 BE 21 BG 20 CY 19 CZ 21 DE 19 DK 25 EE 24 ES 21 FI 25.5 FR 20 GB 20 GR 24 HR 25 HU 27 IE 23 IT 22 LT 21 LU 17
    LV 21 MT 18 NL 21 NO 25 PL 23 PT 23 RO 21 SE 25 SI 22 SK 23 CH 8.1
"""
_STATES = """
    AL 4.0 AZ 5.6 AR 6.5 CA 7.25 CO 2.9 CT 6.35 DC 6.0 FL 6.0 GA 4.0 HI 4.0 ID 6.0 IL 6.25 IN 7.0 IA 6.0 KS 6.5 KY 6.0
    LA 5.0 ME 5.5 MD 6.0 MA 6.25 MI 6.0 MN 6.875 MS 7.0 MO 4.225 NE 5.5 NV 6.85 NJ 6.625 NM 4.875 NY 4.0 NC 4.75 ND 5.0
    OH 5.75 OK 4.5 PA 6.0 RI 7.0 SC 6.0 SD 4.2 TN 7.0 TX 6.25 UT 6.1 VT 6.0 VA 5.3 WA 6.5 WV 6.0 WI 5.0 WY 4.0
"""


def _pairs(text: str) -> dict[str, str]:
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


STATES: Mapping[str, str] = _pairs(_STATES)
RATES: Mapping[str, tuple[str, str]] = {
    **{country: (rate, "vat") for country, rate in _pairs(_VAT).items()},
    "AU": ("10", "gst"),
    "CA": ("5", "gst"),
    "JP": ("10", "jct"),
    "NZ": ("15", "gst"),
    "SG": ("9", "gst"),
}
"""Country → (percentage, kind of tax)."""
NAMES: Mapping[str, str] = {"gst": "GST", "jct": "JCT", "sales_tax": "Sales tax", "vat": "VAT"}


def rate(address: Mapping[str, Any], registered: Iterable[Mapping[str, Any]]) -> tuple[str, str | None, str]:
    """(percentage, kind of tax, reason) at an address, for an account with these active registrations."""
    country, state = address.get("country"), address.get("state")
    for each in registered:
        if each["country"] != country:
            continue
        if country == "US":
            wanted = (each["country_options"].get("us") or {}).get("state")
            if wanted == state and state in STATES:
                return STATES[str(state)], "sales_tax", "standard_rated"
        elif country in RATES:
            percentage, kind = RATES[str(country)]
            return percentage, kind, "standard_rated"
    return "0.0", None, "not_collecting"


def amount(value: int, percentage: str, *, inclusive: bool) -> int:
    """The tax in or on an amount."""
    part = Decimal(percentage) / 100
    tax = Decimal(value) * part / (1 + part) if inclusive else Decimal(value) * part
    return int(tax.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def details(address: Mapping[str, Any], percentage: str, kind: str | None) -> dict[str, Any]:
    """`tax_rate_details` of a calculation."""
    state = address.get("state") if address.get("country") == "US" else None
    return {
        "country": address.get("country"),
        "flat_amount": None,
        "percentage_decimal": percentage,
        "rate_type": "percentage" if kind else None,
        "state": state,
        "tax_type": kind,
    }


def line_breakdown(
    address: Mapping[str, Any], percentage: str, kind: str | None, reason: str, tax: int, base: int
) -> dict[str, Any]:
    """`tax_breakdown` of one line."""
    us = address.get("country") == "US"
    where = {
        "country": address.get("country") or "US",
        "display_name": str(address.get("state") if us else address.get("country")),
        "level": "state" if us else "country",
        "state": address.get("state") if us else None,
    }
    shown = {"display_name": NAMES[kind], "percentage_decimal": percentage, "tax_type": kind} if kind else None
    return {
        "amount": tax,
        "jurisdiction": where,
        "sourcing": "destination",
        "tax_rate_details": shown,
        "taxability_reason": reason,
        "taxable_amount": base if kind else 0,
    }
