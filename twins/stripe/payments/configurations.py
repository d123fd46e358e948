"""Which payment methods an account offers, and on which domains wallets may be shown. Pure.

Source: https://docs.stripe.com/api/payment_method_configurations/object, /payment_method_domains/object. Imports
nothing of the kit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TYPES = """
    acss_debit affirm afterpay_clearpay alipay alma amazon_pay apple_pay au_becs_debit bacs_debit bancontact billie
    bizum blik boleto card cartes_bancaires cashapp crypto customer_balance eps fpx giropay google_pay grabpay ideal jcb
    kakao_pay klarna konbini kr_card link mb_way mobilepay multibanco naver_pay nz_bank_account oxxo p24 pay_by_bank
    payco paynow paypal payto pix promptpay revolut_pay samsung_pay satispay scalapay sepa_debit sofort sunbit swish
    twint upi us_bank_account wechat_pay zip
"""
TYPES = tuple(_TYPES.split())
OFFERED = frozenset(("apple_pay", "card", "google_pay", "link"))
"""What is on until somebody turns it off."""
WALLETS = ("amazon_pay", "apple_pay", "google_pay", "klarna", "link", "paypal")


def _shown(type: str, preference: str) -> dict[str, Any]:
    on = preference == "on" or (preference == "none" and type in OFFERED)
    chosen = {"overridable": None, "preference": preference, "value": "on" if on else "off"}
    return {"available": on, "display_preference": chosen}


def methods(given: Mapping[str, Any], current: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Every type of payment method with what is preferred, after a request."""
    shown = {}
    for type in TYPES:
        asked = given.get(type)
        wanted = asked.get("display_preference") if isinstance(asked, Mapping) else None
        preference = wanted.get("preference") if isinstance(wanted, Mapping) else None
        if preference is None and current is not None and type in current:
            shown[type] = current[type]
        else:
            shown[type] = _shown(type, str(preference or "none"))
    return shown


def domain(name: str, enabled: bool) -> dict[str, Any]:
    """What a domain shows besides its id: wallets work on one that is enabled."""
    status = {"status": "active" if enabled else "inactive"}
    return {"domain_name": name, "enabled": enabled, **{wallet: dict(status) for wallet in WALLETS}}
