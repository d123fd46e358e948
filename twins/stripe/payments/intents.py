"""The PaymentIntent and SetupIntent machines as tables, and what one attempt with a card or an account leads to.

Sources: https://docs.stripe.com/payments/paymentintents/lifecycle, https://docs.stripe.com/payments/setup-intents,
https://docs.stripe.com/testing. Pure; imports nothing of the kit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from twins.stripe.payments.banks import NEVER, TestBank
from twins.stripe.payments.cards import TestCard

PAYMENT: Mapping[tuple[str, str], str] = {
    ("requires_payment_method", "attach"): "requires_confirmation",
    ("requires_payment_method", "action"): "requires_action",
    ("requires_payment_method", "process"): "processing",
    ("requires_payment_method", "authorize"): "requires_capture",
    ("requires_payment_method", "succeed"): "succeeded",
    ("requires_payment_method", "decline"): "requires_payment_method",
    ("requires_payment_method", "cancel"): "canceled",
    ("requires_confirmation", "attach"): "requires_confirmation",
    ("requires_confirmation", "action"): "requires_action",
    ("requires_confirmation", "process"): "processing",
    ("requires_confirmation", "authorize"): "requires_capture",
    ("requires_confirmation", "succeed"): "succeeded",
    ("requires_confirmation", "decline"): "requires_payment_method",
    ("requires_confirmation", "cancel"): "canceled",
    ("requires_action", "attach"): "requires_confirmation",
    ("requires_action", "action"): "requires_action",
    ("requires_action", "process"): "processing",
    ("requires_action", "authorize"): "requires_capture",
    ("requires_action", "succeed"): "succeeded",
    ("requires_action", "decline"): "requires_payment_method",
    ("requires_action", "cancel"): "canceled",
    ("processing", "succeed"): "succeeded",
    ("processing", "decline"): "requires_payment_method",
    ("processing", "cancel"): "canceled",
    ("requires_capture", "capture"): "succeeded",
    ("requires_capture", "capture_part"): "requires_capture",
    ("requires_capture", "cancel"): "canceled",
}
"""(status, trigger) → status of a PaymentIntent; what is not here cannot happen."""

SETUP: Mapping[tuple[str, str], str] = {
    (status, trigger): target
    for (status, trigger), target in PAYMENT.items()
    if status not in ("requires_capture",) and trigger not in ("authorize", "capture", "capture_part")
}
"""(status, trigger) → status of a SetupIntent: the same without capture."""

CANCELABLE = ("requires_payment_method", "requires_capture", "requires_confirmation", "requires_action", "processing")
CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
CAPTURABLE = ("requires_capture",)
UPDATABLE = ("requires_payment_method", "requires_confirmation", "requires_action")


def allowed(table: Mapping[tuple[str, str], str], status: str, trigger: str) -> bool:
    """Whether the trigger has a row for this status."""
    return (status, trigger) in table


def unexpected(kind: str, verb: str, status: str) -> str | None:
    """The service's text when an intent of `kind` (PaymentIntent, SetupIntent) cannot be canceled, captured,
    confirmed or incremented in `status`; None when it can."""
    rules = {"cancel": CANCELABLE, "capture": CAPTURABLE, "confirm": CONFIRMABLE, "increment": CAPTURABLE}
    statuses = [s for s in rules[verb] if kind == "PaymentIntent" or s not in ("requires_capture", "processing")]
    if status in statuses:
        return None
    if kind == "SetupIntent":
        return setup_unexpected(verb, status)
    names = ", ".join(statuses)
    if verb == "confirm" and status == "succeeded":
        return f"You cannot confirm this {kind} because it has already succeeded after being previously confirmed."
    if verb == "capture":
        if status == "succeeded":
            return f"This {kind} could not be captured because it has already been captured."
        return (
            f"This {kind} could not be captured because it has a status of {status}. "
            f"Only a {kind} with one of the following statuses may be captured: {names}."
        )
    if verb == "increment":
        return (
            f"This {kind}'s authorization could not be incremented because it has a status of {status}. "
            f"Only a {kind} with one of the following statuses may be incremented: {names}."
        )
    past = {"cancel": "canceled", "confirm": "confirmed"}[verb]
    return (
        f"You cannot {verb} this {kind} because it has a status of {status}. "
        f"Only a {kind} with one of the following statuses may be {past}: {names}."
    )


def setup_unexpected(verb: str, status: str) -> str:
    """The service's text when a SetupIntent cannot be canceled or confirmed in `status`."""
    if verb == "confirm" and status == "succeeded":
        return "You cannot confirm this SetupIntent because it has already succeeded."
    if status == "canceled":
        return f"You cannot {verb} this SetupIntent because it is already canceled."
    past = {"cancel": "canceled", "confirm": "confirmed"}[verb]
    return (
        f"You cannot {verb} this SetupIntent because it has a status of {status}. Only a SetupIntent with one of the "
        f"following statuses may be {past}: `requires_payment_method`, `requires_confirmation`, or `requires_action`."
    )


def not_updatable(kind: str, parameter: str, status: str) -> str:
    """The service's text when `parameter` cannot be changed in `status`."""
    return (
        f"This {kind}'s {parameter} could not be updated because it has a status of {status}. You may only update the "
        f"{parameter} of a {kind} with one of the following statuses: {', '.join(UPDATABLE)}."
    )


class Attempt(NamedTuple):
    """What happens when a payment method is tried: a trigger of the tables, and why."""

    trigger: str
    """`succeed`, `action`, `decline` or `process`."""
    decline: str = ""
    """Key into `declines.DECLINES` or, for accounts, `declines.BANK_FAILURES`."""
    three_d_secure: str = ""
    """`authenticated`, `attempt_acknowledged`, `failed` or empty when none was tried."""
    blocked: bool = False


class Situation(NamedTuple):
    """What the outcome depends on besides the card."""

    off_session: bool = False
    authenticated: bool = False
    """The customer has just completed the challenge of this attempt."""
    set_up: bool = False
    """The payment method was set up for off-session use before."""
    requested: bool = False
    """`request_three_d_secure` is `any` or `challenge`."""
    setup: bool = False
    """A SetupIntent: nothing is charged."""


def needs_authentication(card: TestCard, case: Situation) -> bool:
    """Whether this attempt must be authenticated by the customer."""
    match card.authentication:
        case "always" | "required":
            return True
        case "unless_set_up":
            return not (case.off_session and case.set_up)
        case "already_set_up":
            return not case.off_session
        case "unsupported" | "frictionless":
            return False
    return case.requested and card.name.startswith("threeDSecureOptional") and not case.off_session


def attempt_card(card: TestCard, case: Situation) -> Attempt:
    """One attempt with a card, for a payment or (`case.setup`) for saving it."""
    secure = "authenticated" if case.authenticated or card.authentication == "frictionless" else ""
    if needs_authentication(card, case) and not case.authenticated:
        if card.authentication_error:
            return Attempt("decline", card.decline or "processing_error", "failed")
        if case.off_session and not case.setup:
            return Attempt("decline", "authentication_required")
        return Attempt("action")
    if card.decline and not (case.setup and card.decline_at == "charge"):
        return Attempt("decline", card.decline, secure, card.blocked)
    return Attempt("succeed", three_d_secure=secure)


def attempt_bank(bank: TestBank, *, verified: bool, setup: bool) -> Attempt:
    """One attempt with a bank debit: a US account that is not verified yet needs microdeposits first."""
    if bank.type == "us_bank_account" and not verified:
        return Attempt("action")
    if bank.blocked and not setup:
        return Attempt("decline", bank.failure, blocked=True)
    return Attempt("succeed" if setup else "process")


def settlement(bank: TestBank) -> Attempt | None:
    """What a payment in `processing` ends as; None when it never does."""
    if bank.delay == NEVER:
        return None
    return Attempt("decline", bank.failure) if bank.failure else Attempt("succeed")
