"""Why a payment fails: error code, decline code, message, advice and outcome of each kind. Imports nothing of the kit.

Sources: https://docs.stripe.com/declines/codes, https://docs.stripe.com/error-codes and the answers of the
documented test numbers. Message texts are the service's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Decline(NamedTuple):
    """One reason. `code` and `message` are the error's; `reason` is `outcome.reason` of the charge."""

    code: str
    message: str
    decline_code: str | None = None
    param: str | None = None
    advice: str | None = None
    network_status: str = "declined_by_network"
    network_code: str | None = None
    network_advice: str | None = None
    seller_message: str = "The bank did not return any further details with this decline."

    @property
    def reason(self) -> str:
        """The decline code where there is one, else the error code."""
        return self.decline_code or self.code


DECLINED = "Your card was declined."

DECLINES: Mapping[str, Decline] = {
    "generic_decline": Decline(
        "card_declined", DECLINED, "generic_decline", advice="try_again_later", network_code="01"
    ),
    "insufficient_funds": Decline(
        "card_declined",
        "Your card has insufficient funds.",
        "insufficient_funds",
        advice="try_again_later",
        network_code="51",
        network_advice="02",
        seller_message="The bank returned the decline code `insufficient_funds`.",
    ),
    "lost_card": Decline(
        "card_declined",
        DECLINED,
        "lost_card",
        advice="do_not_try_again",
        network_code="41",
        network_advice="01",
        seller_message="The bank returned the decline code `lost_card`.",
    ),
    "stolen_card": Decline(
        "card_declined",
        DECLINED,
        "stolen_card",
        advice="do_not_try_again",
        network_code="43",
        network_advice="01",
        seller_message="The bank returned the decline code `stolen_card`.",
    ),
    "expired_card": Decline(
        "expired_card",
        "Your card has expired.",
        "expired_card",
        param="exp_month",
        advice="confirm_card_data",
        network_code="54",
        network_advice="03",
        seller_message="The bank returned the decline code `expired_card`.",
    ),
    "incorrect_cvc": Decline(
        "incorrect_cvc",
        "Your card's security code is incorrect.",
        "incorrect_cvc",
        param="cvc",
        advice="confirm_card_data",
        network_code="N7",
        network_advice="03",
        seller_message="The bank returned the decline code `incorrect_cvc`.",
    ),
    "processing_error": Decline(
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
        "processing_error",
        advice="try_again_later",
        network_code="06",
        seller_message="The bank returned the decline code `processing_error`.",
    ),
    "card_velocity_exceeded": Decline(
        "card_declined",
        "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
        "card_velocity_exceeded",
        advice="try_again_later",
        network_code="61",
        network_advice="02",
        seller_message="The bank returned the decline code `card_velocity_exceeded`.",
    ),
    "fraudulent": Decline(
        "card_declined",
        DECLINED,
        "fraudulent",
        advice="do_not_try_again",
        network_status="not_sent_to_network",
        seller_message="Stripe blocked this payment as too risky.",
    ),
    "authentication_required": Decline(
        "authentication_required",
        "Your card was declined. This transaction requires authentication.",
        "authentication_required",
        network_code="1A",
        seller_message="The bank returned the decline code `authentication_required`.",
    ),
}
"""Kind → decline. `authentication_required` is what an off-session payment gets that would need the customer."""

BANK_FAILURES: Mapping[str, Decline] = {
    "account_closed": Decline(
        "account_closed", "The customer's bank account has been closed.", network_status="approved_by_network"
    ),
    "no_account": Decline("no_account", "The bank account could not be located."),
    "insufficient_funds": Decline(
        "insufficient_funds", "The customer's account has insufficient funds to cover this payment."
    ),
    "debit_not_authorized": Decline(
        "debit_not_authorized",
        "The customer has notified their bank that this payment was unauthorized, or their mandate has been revoked.",
    ),
    "invalid_currency": Decline(
        "invalid_currency", "The bank was unable to process this payment because of its currency."
    ),
    "charge_exceeds_source_limit": Decline(
        "charge_exceeds_source_limit",
        "This payment would cause the account to exceed its weekly payment volume limit.",
    ),
    "charge_exceeds_weekly_limit": Decline(
        "charge_exceeds_weekly_limit", "This payment exceeds the account's weekly transaction volume limit."
    ),
    "charge_exceeds_transaction_limit": Decline(
        "charge_exceeds_transaction_limit", "This payment exceeds the account's transaction volume limit."
    ),
    "tokenized_account_number_deactivated": Decline(
        "tokenized_account_number_deactivated", "The tokenized account number has been deactivated."
    ),
    "refer_to_customer": Decline("refer_to_customer", "The customer's bank asked to refer to the customer."),
    "generic_decline": Decline("payment_intent_payment_attempt_failed", "The payment failed."),
    "fraudulent": DECLINES["fraudulent"],
}
"""Failure code of a bank debit → decline."""

AUTHENTICATION_FAILED: Mapping[str, Decline] = {
    "payment_intent": Decline(
        "payment_intent_authentication_failure",
        "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
    ),
    "setup_intent": Decline(
        "setup_intent_authentication_failure",
        "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
    ),
}
"""What a failed 3D Secure challenge leaves as `last_payment_error` or `last_setup_error`."""

CARD_DATA: Mapping[str, tuple[str, str]] = {
    "incorrect_number": ("Your card number is incorrect.", "number"),
    "invalid_number": ("Your card number is invalid.", "number"),
    "invalid_expiry_month": ("Your card's expiration month is invalid.", "exp_month"),
    "invalid_expiry_year": ("Your card's expiration year is invalid.", "exp_year"),
    "invalid_cvc": ("Your card's security code is invalid.", "cvc"),
}
"""Error code of bad card details → (message, parameter)."""


def card_data_error(
    number_known: bool, month: int, year: int, cvc: str | None, now: tuple[int, int], amex: bool
) -> str:
    """The error code for card details, or the empty string; `now` is (year, month), a two-digit year means 20xx."""
    full = year + 2000 if 0 <= year < 100 else year
    if not number_known:
        return "incorrect_number"
    if not 1 <= month <= 12:
        return "invalid_expiry_month"
    if full < now[0] or full > now[0] + 50:
        return "invalid_expiry_year"
    if (full, month) < now:
        return "invalid_expiry_month"
    if cvc is not None and not (cvc.isdigit() and len(cvc) in ((3, 4) if amex else (3,))):
        return "invalid_cvc"
    return ""
