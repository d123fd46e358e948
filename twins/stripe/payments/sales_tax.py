"""Tax on sales: standard rates of countries and US states, and what one line comes to. Pure.

Sources: https://docs.stripe.com/tax/calculating, /tax/zero-tax (why nothing is due), /tax/customer-locations (which
addresses are precise enough), https://docs.stripe.com/api/tax/calculations/object; the rates are the published standard
rates of 2026 without those of counties and cities. Imports nothing of the kit.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
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
UNION = frozenset(_pairs(_VAT)) - {"GB", "NO", "CH"}
"""Countries of the European Union: one registration of the One Stop Shop is for all of them."""
ONE_STOP = ("oss_union", "oss_non_union", "ioss")
NONTAXABLE = "txcd_00000000"
_ZIPS = """
    005 NY 006 PR 010 MA 028 RI 030 NH 039 ME 050 VT 055 MA 056 VT 060 CT 070 NJ 100 NY 150 PA 197 DE 200 DC 201 VA 202
    DC 206 MD 220 VA 247 WV 270 NC 290 SC 300 GA 320 FL 350 AL 370 TN 386 MS 398 GA 400 KY 430 OH 460 IN 480 MI 500 IA
    530 WI 550 MN 570 SD 580 ND 590 MT 600 IL 630 MO 660 KS 680 NE 700 LA 716 AR 730 OK 733 TX 734 OK 750 TX 800 CO 820
    WY 832 ID 840 UT 850 AZ 870 NM 885 TX 889 NV 900 CA 967 HI 970 OR 980 WA 995 AK
"""
_STARTS, _STARTED = _ZIPS.split()[::2], _ZIPS.split()[1::2]


def state_of(address: Mapping[str, Any]) -> str | None:
    """The US state of an address: the one it names, else that of its postal code."""
    if address.get("country") != "US":
        return None
    code = str(address.get("postal_code") or "")
    known = _STARTED[max(bisect_right(_STARTS, code[:3]) - 1, 0)] if code[:3].isdigit() else None
    given = str(address.get("state") or "").upper()
    return given if given in STATES else known


def precise(address: Mapping[str, Any]) -> bool:
    """Whether tax can be calculated for an address."""
    country, code = address.get("country"), str(address.get("postal_code") or "")
    if country == "US":
        return bool(re.fullmatch(r"\d{5}(-\d{4})?", code))
    return bool(country) and (country != "CA" or bool(code or address.get("state")))


def _covered(address: Mapping[str, Any], registered: Iterable[Mapping[str, Any]]) -> bool:
    """Whether one of the registrations is for an address."""
    country = address.get("country")
    for each in registered:
        options = each["country_options"].get(str(each["country"]).lower()) or {}
        if country in UNION and options.get("type") in ONE_STOP:
            return True
        if each["country"] == country and (country != "US" or options.get("state") == state_of(address)):
            return True
    return False


def _business(country: str, tax_ids: Iterable[Mapping[str, Any]]) -> bool:
    """Whether one of the tax ids tells a business of this country."""
    types = {str(each.get("type")) for each in tax_ids}
    return any(type[:2].upper() == country or (type == "eu_vat" and country in UNION) for type in types)


def kind_of(address: Mapping[str, Any]) -> tuple[str, str | None]:
    """(standard percentage, kind of tax) at an address, whoever sells."""
    if address.get("country") == "US":
        return STATES.get(str(state_of(address)), "0.0"), "sales_tax"
    return RATES.get(str(address.get("country")), ("0.0", None))


def rate(
    address: Mapping[str, Any],
    registered: Iterable[Mapping[str, Any]],
    *,
    code: str = "",
    tax_ids: Sequence[Mapping[str, Any]] = (),
    seller: str | None = None,
) -> tuple[str, str | None, str]:
    """(percentage, kind of tax, reason) at an address, for an account with these active registrations.

    `code` is the product's, `tax_ids` are the buyer's, `seller` is the account's country: a business elsewhere accounts
    for the tax itself.
    """
    percentage, kind = kind_of(address)
    if not _covered(address, registered) or kind is None:
        return "0.0", None, "not_collecting"
    if code == NONTAXABLE:
        return "0.0", None, "not_subject_to_tax"
    country = str(address.get("country"))
    if kind in ("vat", "gst") and seller != country and _business(country, tax_ids):
        return "0.0", None, "reverse_charge"
    if percentage == "0.0":
        return "0.0", None, "not_subject_to_tax"
    return percentage, kind, "standard_rated"


def amount(value: int, percentage: str, *, inclusive: bool) -> int:
    """The tax in or on an amount."""
    part = Decimal(percentage) / 100
    tax = Decimal(value) * part / (1 + part) if inclusive else Decimal(value) * part
    return int(tax.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def details(address: Mapping[str, Any], percentage: str, kind: str | None) -> dict[str, Any]:
    """`tax_rate_details` of a calculation."""
    state = state_of(address)
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
        "display_name": str(state_of(address) if us else address.get("country")),
        "level": "state" if us else "country",
        "state": state_of(address),
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
