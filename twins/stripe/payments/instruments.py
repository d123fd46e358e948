"""What a card or an account looks like in a payment method, a source, a token and a charge. Pure functions.

Shapes: https://docs.stripe.com/api/payment_methods/object, /cards/object, /charges/object. Imports nothing of the kit.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from twins.stripe.payments.banks import TestBank
from twins.stripe.payments.cards import TestCard

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
BRAND_NAMES: Mapping[str, str] = {
    "visa": "Visa",
    "mastercard": "MasterCard",
    "amex": "American Express",
    "discover": "Discover",
    "diners": "Diners Club",
    "jcb": "JCB",
    "unionpay": "UnionPay",
}
"""Brand → how the older card objects spell it."""
DISPLAY_BRANDS: Mapping[str, str] = {"amex": "american_express", "diners": "diners_club"}
EMPTY_ADDRESS: Mapping[str, Any] = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))


def fingerprint(number: str) -> str:
    """Sixteen characters that are the same for the same number."""
    value = int.from_bytes(blake2b(number.encode(), digest_size=16).digest(), "big")
    out = []
    for _ in range(16):
        value, rest = divmod(value, len(ALPHABET))
        out.append(ALPHABET[rest])
    return "".join(out)


def address(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """An address hash with every field."""
    if not given:
        return dict(EMPTY_ADDRESS)
    return {name: given.get(name) or None for name in EMPTY_ADDRESS}


def billing_details(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Billing details with every field."""
    given = given or {}
    details: dict[str, Any] = {name: given.get(name) or None for name in ("email", "name", "phone", "tax_id")}
    return {"address": address(given.get("address") or None), **details}


def checks(card: TestCard, *, cvc: bool, details: Mapping[str, Any], done: bool) -> dict[str, Any]:
    """Results of the bank's checks: null for what was not given, `unchecked` until the card is first used."""
    where = details.get("address") or {}

    def result(given: Any, outcome: str) -> str | None:
        if not given:
            return None
        return outcome if done else "unchecked"

    return {
        "address_line1_check": result(where.get("line1"), card.line1),
        "address_postal_code_check": result(where.get("postal_code"), card.postal_code),
        "cvc_check": result(cvc, card.cvc),
    }


def card_hash(card: TestCard, exp: tuple[int, int], checked: Mapping[str, Any]) -> dict[str, Any]:
    """`card` of a payment method; `exp` is (month, year)."""
    return {
        "brand": card.brand,
        "checks": dict(checked),
        "country": card.country,
        "display_brand": card.co_brand or DISPLAY_BRANDS.get(card.brand, card.brand),
        "exp_month": exp[0],
        "exp_year": exp[1],
        "fingerprint": fingerprint(card.number),
        "funding": card.funding,
        "generated_from": None,
        "last4": card.number[-4:],
        "networks": {"available": list(card.networks), "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": card.authentication != "unsupported"},
        "wallet": None,
    }


def card_object(card: TestCard, exp: tuple[int, int], given: Mapping[str, Any], *, done: bool) -> dict[str, Any]:
    """The older `card` object of tokens and sources, without id and owner; `given` holds name, cvc and address_*."""
    where = {"line1": given.get("address_line1"), "postal_code": given.get("address_zip")}
    checked = checks(card, cvc=bool(given.get("cvc")), details={"address": where}, done=done)
    names = ("city", "country", "line1", "line2", "state", "zip")
    return {
        "object": "card",
        **{f"address_{name}": given.get(f"address_{name}") or None for name in names},
        "address_line1_check": checked["address_line1_check"],
        "address_zip_check": checked["address_postal_code_check"],
        "allow_redisplay": "unspecified",
        "brand": BRAND_NAMES.get(card.brand, "Unknown"),
        "country": card.country,
        "cvc_check": checked["cvc_check"],
        "dynamic_last4": None,
        "exp_month": exp[0],
        "exp_year": exp[1],
        "fingerprint": fingerprint(card.number),
        "funding": card.funding,
        "last4": card.number[-4:],
        "metadata": {},
        "name": given.get("name") or None,
        "networks": {"preferred": None},
        "regulated_status": "unregulated",
        "tokenization_method": None,
        "wallet": None,
    }


def present_hash(card: TestCard, exp: tuple[int, int]) -> dict[str, Any]:
    """`card_present` of a payment method; `exp` is (month, year)."""
    return {
        "brand": card.brand,
        "brand_product": None,
        "cardholder_name": None,
        "country": card.country,
        "description": None,
        "exp_month": exp[0],
        "exp_year": exp[1],
        "fingerprint": fingerprint(card.number),
        "funding": card.funding,
        "issuer": None,
        "last4": card.number[-4:],
        "networks": {"available": list(card.networks), "preferred": None},
        "offline": {"stored_at": None, "type": None},
        "preferred_locales": ["en"],
        "read_method": "contact_emv",
        "wallet": {"type": "unknown"},
    }


def present_details(
    type: str,
    hash: Mapping[str, Any],
    *,
    amount: int,
    authorized: bool,
    code: str,
    network_transaction: str,
    capture_before: int | None,
) -> dict[str, Any]:
    """`payment_method_details` of a charge on a card that was presented to a reader."""
    names = ("brand", "brand_product", "cardholder_name", "country", "description", "exp_month", "exp_year")
    more = ("fingerprint", "funding", "issuer", "last4", "preferred_locales", "read_method", "wallet")
    inner: dict[str, Any] = {name: hash[name] for name in (*names, *more)}
    inner |= {
        "amount_authorized": amount if authorized else None,
        "emv_auth_data": None,
        "generated_card": None,
        "incremental_authorization_supported": False,
        "network": hash["brand"],
        "network_transaction_id": network_transaction,
        "offline": None,
        "overcapture_supported": False,
        "receipt": {
            "account_type": "credit",
            "application_cryptogram": "8A1B2C3D4E5F6071",
            "application_preferred_name": str(hash["brand"]).title(),
            "authorization_code": code,
            "authorization_response_code": "3030",
            "cardholder_verification_method": "approval",
            "dedicated_file_name": "A0000000031010",
            "terminal_verification_results": "8000008000",
            "transaction_status_information": "6800",
        },
    }
    if capture_before is not None:
        inner["capture_before"] = capture_before
    return {type: inner, "type": type}


BANK_CODES = {
    "AT": 5, "BE": 3, "CH": 5, "DE": 8, "DK": 4, "EE": 2, "ES": 4, "FI": 3, "FR": 5, "GB": 4, "IE": 4, "LT": 5,
    "LU": 3, "LV": 4, "MT": 4, "NL": 4, "NO": 4, "PL": 8, "PT": 4, "SE": 3,
}  # fmt: skip
"""Country → how long the bank's code is in an IBAN: https://www.swift.com/standards/data-standards/iban"""


def bank_hash(bank: TestBank, given: Mapping[str, Any]) -> dict[str, Any]:
    """The hash of a bank debit's payment method, under the key of its type; `given` is what the caller sent."""
    last4, mark = bank.number[-4:], fingerprint(bank.number)
    if bank.type == "us_bank_account":
        return {
            "account_holder_type": given.get("account_holder_type") or "individual",
            "account_type": given.get("account_type") or "checking",
            "bank_name": "STRIPE TEST BANK",
            "financial_connections_account": None,
            "fingerprint": mark,
            "last4": last4,
            "networks": {"preferred": "ach", "supported": ["ach"]},
            "routing_number": given.get("routing_number") or "110000000",
            "status_details": {},
        }
    if bank.type == "sepa_debit":
        return {
            "bank_code": bank.number[4 : 4 + BANK_CODES.get(bank.country, 5)],
            "branch_code": "",
            "country": bank.country,
            "fingerprint": mark,
            "generated_from": {"charge": None, "setup_attempt": None},
            "last4": last4,
        }
    if bank.type == "bacs_debit":
        return {"fingerprint": mark, "last4": last4, "sort_code": given.get("sort_code") or "108800"}
    if bank.type == "au_becs_debit":
        return {"bsb_number": given.get("bsb_number") or "000000", "fingerprint": mark, "last4": last4}
    return {"fingerprint": mark, "last4": last4}


def bank_details(bank: TestBank, hash: Mapping[str, Any], mandate: str | None) -> dict[str, Any]:
    """`payment_method_details` of a charge on a bank debit."""
    kept = ("account_holder_type", "account_type", "bank_name", "routing_number", "bank_code", "branch_code", "country")
    more = ("sort_code", "bsb_number", "fingerprint", "last4")
    inner: dict[str, Any] = {name: hash[name] for name in (*kept, *more) if name in hash}
    if bank.type == "us_bank_account":
        inner["payment_reference"] = None
    inner["mandate"] = mandate
    return {bank.type: inner, "type": bank.type}


def three_d_secure(result: str, *, challenged: bool, transaction: str) -> dict[str, Any] | None:
    """`three_d_secure` of a charge; None when nothing was tried."""
    if not result:
        return None
    return {
        "authentication_flow": "challenge" if challenged else "frictionless",
        "electronic_commerce_indicator": "05" if result == "authenticated" else None,
        "exemption_indicator": None,
        "result": result,
        "result_reason": None if result == "authenticated" else "protocol_error",
        "transaction_id": transaction,
        "version": "2.2.0",
    }


def card_details(
    card: TestCard,
    hash: Mapping[str, Any],
    *,
    amount: int,
    authorized: bool,
    code: str,
    network_transaction: str,
    capture_before: int | None,
    secure: Mapping[str, Any] | None,
    cvc: bool,
    billing: Mapping[str, Any],
    features: Mapping[str, Any],
) -> dict[str, Any]:
    """`payment_method_details` of a charge on a card; `capture_before` (seconds) for one that is not captured yet,
    `features` as `methods.features` shows them."""
    inner: dict[str, Any] = {
        "amount_authorized": amount if authorized else None,
        "authorization_code": code if authorized else None,
        "brand": hash["brand"],
        "checks": checks(card, cvc=cvc, details=billing, done=True),
        "country": hash["country"],
        "electronic_commerce_indicator": "05" if secure else "07",
        "exp_month": hash["exp_month"],
        "exp_year": hash["exp_year"],
        "fingerprint": hash["fingerprint"],
        "funding": hash["funding"],
        "installments": None,
        "last4": hash["last4"],
        "mandate": None,
        "network": card.brand if card.brand != "unknown" else None,
        "network_token": {"used": False},
        "network_transaction_id": network_transaction,
        "regulated_status": "unregulated",
        "three_d_secure": secure,
        "transaction_link_id": None,
        "wallet": None,
        **features,
    }
    if capture_before is not None:
        inner["capture_before"] = capture_before
    return {"card": dict(sorted(inner.items())), "type": "card"}
