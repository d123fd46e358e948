"""Payment method types besides cards and debits: the currencies they take, and what the customer has to do.

Sources: https://docs.stripe.com/payments/payment-methods/payment-method-support (currencies, redirects, vouchers),
https://docs.stripe.com/api/payment_intents/object (`next_action`). Pure; imports nothing of the kit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_OTHERS = """
    affirm afterpay_clearpay alipay alma amazon_pay billie card card_present crypto custom customer_balance
    interac_present klarna link paypal revolut_pay samsung_pay scalapay sunbit wechat_pay zip
"""
CURRENCIES: Mapping[str, tuple[str, ...]] = {
    "acss_debit": ("cad", "usd"),
    "au_becs_debit": ("aud",),
    "bacs_debit": ("gbp",),
    "bancontact": ("eur",),
    "bizum": ("eur",),
    "blik": ("pln",),
    "boleto": ("brl",),
    "cashapp": ("usd",),
    "eps": ("eur",),
    "fpx": ("myr",),
    "giropay": ("eur",),
    "grabpay": ("sgd", "myr"),
    "ideal": ("eur",),
    "kakao_pay": ("krw",),
    "konbini": ("jpy",),
    "kr_card": ("krw",),
    "mb_way": ("eur",),
    "mobilepay": ("dkk", "eur", "nok", "sek"),
    "multibanco": ("eur",),
    "naver_pay": ("krw",),
    "nz_bank_account": ("nzd",),
    "oxxo": ("mxn",),
    "p24": ("eur", "pln"),
    "pay_by_bank": ("gbp", "eur"),
    "payco": ("krw",),
    "paynow": ("sgd",),
    "payto": ("aud",),
    "pix": ("brl",),
    "promptpay": ("thb",),
    "satispay": ("eur",),
    "sepa_debit": ("eur",),
    "sofort": ("eur",),
    "swish": ("sek",),
    "twint": ("chf",),
    "upi": ("inr",),
    "us_bank_account": ("usd",),
}
"""Type → the only currencies it can be paid in."""
TYPES = frozenset(_OTHERS.split()) | CURRENCIES.keys()
_REDIRECTS = """
    affirm afterpay_clearpay alma amazon_pay bancontact billie bizum eps fpx giropay grabpay ideal kakao_pay klarna
    kr_card mb_way mobilepay naver_pay p24 pay_by_bank payco paypal revolut_pay samsung_pay satispay scalapay sofort
    sunbit twint zip
"""
REDIRECTS = frozenset(_REDIRECTS.split())
"""Types whose customer authorizes the payment on a page of the provider."""
DEBITS = frozenset(("acss_debit", "au_becs_debit", "bacs_debit", "nz_bank_account", "sepa_debit", "us_bank_account"))
"""Types that are debited under a mandate."""
VOUCHER_DAYS = 3


def not_taken(types: Iterable[str], currency: str) -> str:
    """The first type that cannot be paid in a currency; empty when all can."""
    return next((type for type in types if currency not in CURRENCIES.get(type, (currency,))), "")


def must_act(type: str) -> bool:
    """Whether a payment of this type waits for its customer."""
    return type in REDIRECTS or type in ACTIONS


def next_action(type: str, page: str, now: int, return_url: str | None) -> dict[str, Any]:
    """`next_action` of a payment that waits for its customer; `page` is where they complete it, `now` in seconds."""
    if type not in ACTIONS:
        return {"redirect_to_url": {"return_url": return_url, "url": page}, "type": "redirect_to_url"}
    name, fields = ACTIONS[type]
    known: dict[str, Any] = {
        "data": f"https://qr.example.com/{type}",
        "expires_after": now + VOUCHER_DAYS * 86_400,
        "expires_at": now + VOUCHER_DAYS * 86_400,
        "image_data_url": "data:image/png;base64,",
        "native_data": None,
        "native_url": None,
        "number": "01010101010101010101010101010101",
        "qr_code": {"data": page, "expires_at": now + 3600, "image_url_png": page, "image_url_svg": page},
        "return_url": return_url,
        "entity": "12345",
        "reference": "123456789",
        "stores": dict.fromkeys(("familymart", "lawson", "ministop", "seicomart")),
    }
    return {name: {field: known.get(field, page) for field in fields.split()}, "type": name}


_QR = "data hosted_instructions_url image_url_png image_url_svg"
ACTIONS: Mapping[str, tuple[str, str]] = {
    "alipay": ("alipay_handle_redirect", "native_data native_url return_url url"),
    "blik": ("blik_authorize", ""),
    "boleto": ("boleto_display_details", "expires_at hosted_voucher_url number pdf"),
    "cashapp": ("cashapp_handle_redirect_or_display_qr_code", "hosted_instructions_url mobile_auth_url qr_code"),
    "konbini": ("konbini_display_details", "expires_at hosted_voucher_url stores"),
    "multibanco": ("multibanco_display_details", "entity expires_at hosted_voucher_url reference"),
    "oxxo": ("oxxo_display_details", "expires_after hosted_voucher_url number"),
    "paynow": ("paynow_display_qr_code", _QR),
    "pix": ("pix_display_qr_code", f"{_QR} expires_at"),
    "promptpay": ("promptpay_display_qr_code", _QR),
    "swish": ("swish_handle_redirect_or_display_qr_code", "hosted_instructions_url mobile_auth_url qr_code"),
    "wechat_pay": ("wechat_pay_display_qr_code", f"{_QR} image_data_url"),
}
"""Type → (its kind of next action, the fields of that), where it is no redirect."""

FEATURES: Mapping[str, tuple[str, str, str]] = {
    "request_extended_authorization": ("extended_authorization", "enabled", "disabled"),
    "request_incremental_authorization": ("incremental_authorization", "available", "unavailable"),
    "request_multicapture": ("multicapture", "available", "unavailable"),
    "request_overcapture": ("overcapture", "available", "unavailable"),
}
"""Option of a card payment → (property of the charge, its status when asked for, and when not).

Sources: https://docs.stripe.com/payments/extended-authorization, /incremental-authorization, /multicapture,
/overcapture.
"""
OVERCAPTURE_PERCENT = 20


def features(options: Mapping[str, Any], amount: int, held: bool) -> dict[str, Any]:
    """What a charge shows of the features asked for in `payment_method_options[card]`; only a hold has them."""
    shown: dict[str, Any] = {}
    for option, (name, yes, no) in FEATURES.items():
        shown[name] = {"status": yes if held and options.get(option) == "if_available" else no}
    most = amount
    if shown["overcapture"]["status"] == "available":
        most += amount * OVERCAPTURE_PERCENT // 100
    shown["overcapture"]["maximum_amount_capturable"] = most
    return shown


def has(charge: Mapping[str, Any], feature: str) -> bool:
    """Whether a charge has one of the FEATURES."""
    card = (charge.get("payment_method_details") or {}).get("card") or {}
    return (card.get(feature) or {}).get("status") in ("available", "enabled")
