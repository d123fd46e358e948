"""Bank transfers that customers send: where they send them to, and what arrives. Pure; the numbers are made up.

Source: https://docs.stripe.com/payments/bank-transfers/accept-a-payment, https://docs.stripe.com/api/funding_instructions.
Imports nothing of the kit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KINDS: Mapping[str, str] = {
    "eur": "eu_bank_transfer",
    "gbp": "gb_bank_transfer",
    "jpy": "jp_bank_transfer",
    "mxn": "mx_bank_transfer",
    "usd": "us_bank_transfer",
}
"""Currency → kind of bank transfer."""
COUNTRIES: Mapping[str, str] = {
    "eu_bank_transfer": "DE",
    "gb_bank_transfer": "GB",
    "jp_bank_transfer": "JP",
    "mx_bank_transfer": "MX",
    "us_bank_transfer": "US",
}
NOTHING: Mapping[str, Any] = {"funds": {}, "mode": None}
"""A cash balance that nobody has sent anything to: funds by currency, and how they are put to payments."""
HOLDER = "Stripe Test Account"
BANK = {
    "city": "South San Francisco",
    "country": "US",
    "line1": "354 Oyster Point Blvd",
    "line2": None,
    "postal_code": "94080",
    "state": "CA",
}


def kind(currency: str) -> str:
    """The kind of bank transfer of a currency."""
    return KINDS.get(currency, "us_bank_transfer")


def country(kind: str) -> str:
    """Where the account of a kind of bank transfer is."""
    return COUNTRIES.get(kind, "US")


def addresses(kind: str, number: str) -> list[dict[str, Any]]:
    """`financial_addresses` for a customer whose account number is `number` (twelve digits)."""
    owned = {"account_holder_address": dict(BANK), "account_holder_name": HOLDER, "bank_address": dict(BANK)}
    if kind == "us_bank_transfer":
        aba = {**owned, "account_number": number, "account_type": "checking", "bank_name": "US Test Bank"}
        swift = {**owned, "account_number": number, "account_type": "checking", "bank_name": "US Test Bank"}
        return [
            {
                "aba": {**aba, "routing_number": "999999999"},
                "supported_networks": ["ach", "domestic_wire_us"],
                "type": "aba",
            },
            {"supported_networks": ["swift"], "swift": {**swift, "swift_code": "TESTUS99XXX"}, "type": "swift"},
        ]
    if kind == "gb_bank_transfer":
        code = {**owned, "account_number": number[:8], "sort_code": "200000"}
        return [{"sort_code": code, "supported_networks": ["bacs", "fps"], "type": "sort_code"}]
    if kind == "mx_bank_transfer":
        spei = {**owned, "bank_code": "000", "bank_name": "Test Bank", "clabe": f"000000{number}"}
        return [{"spei": spei, "supported_networks": ["spei"], "type": "spei"}]
    if kind == "jp_bank_transfer":
        zengin = {**owned, "account_number": number[:7], "account_type": "futsu", "bank_code": "0000"}
        more = {"bank_name": "Test Bank", "branch_code": "000", "branch_name": "Test"}
        return [{"supported_networks": ["zengin"], "type": "zengin", "zengin": {**zengin, **more}}]
    iban = {**owned, "bic": "TESTDE99XXX", "country": "DE", "iban": f"DE00000000{number}"}
    return [{"iban": iban, "supported_networks": ["sepa"], "type": "iban"}]


def funded(currency: str, reference: str | None) -> dict[str, Any]:
    """`bank_transfer` of an entry that says that money has arrived."""
    type = kind(currency)
    shapes: dict[str, dict[str, Any]] = {
        "eu_bank_transfer": {"bic": "TESTDE99XXX", "iban_last4": "3201", "sender_name": "Jenny Rosen"},
        "gb_bank_transfer": {"account_number_last4": "2345", "sender_name": "Jenny Rosen", "sort_code": "200000"},
        "jp_bank_transfer": {"sender_bank": "Test Bank", "sender_branch": "Test", "sender_name": "Jenny Rosen"},
        "us_bank_transfer": {"network": "ach", "sender_name": "Jenny Rosen"},
    }
    return {"reference": reference, "type": type, **({type: shapes[type]} if type in shapes else {})}


def cash_balance(state: Mapping[str, Any], customer: str) -> dict[str, Any]:
    """A cash balance as replies show it; `state` is as NOTHING is."""
    funds = {currency: amount for currency, amount in state["funds"].items() if amount}
    mode = state["mode"]
    return {
        "object": "cash_balance",
        "available": funds or None,
        "customer": customer,
        "customer_account": None,
        "livemode": False,
        "settings": {"reconciliation_mode": mode or "automatic", "using_merchant_default": mode is None},
    }
