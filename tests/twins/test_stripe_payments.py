"""The Stripe twin's pure rules: test numbers, machines, money, fees, refunds, disputes."""

from __future__ import annotations

from datetime import datetime

import pytest

from twins.stripe.billing import periods
from twins.stripe.payments import banks, cards, declines, disputes, intents, ledger, money, refunds
from twins.stripe.payments.intents import Attempt, Situation


def test_every_documented_number_but_the_wrong_one_passes_its_check() -> None:
    assert [card.number for card in cards.documented() if not cards.luhn(card.number)] == ["4242424242424241"]
    for bank in banks.documented():
        if bank.type == "sepa_debit":
            turned = bank.number[4:] + bank.number[:4]
            assert int("".join(str(int(letter, 36)) for letter in turned)) % 97 == 1, bank.number


def test_every_reason_is_known() -> None:
    assert {card.decline for card in cards.documented()} - {"", "incorrect_number"} <= set(declines.DECLINES)
    assert {bank.failure for bank in banks.documented()} - {""} <= set(declines.BANK_FAILURES)
    assert {kind for card in cards.documented() for kind in card.disputes} <= set(disputes.KINDS)
    assert {bank.dispute for bank in banks.documented()} - {""} <= set(disputes.KINDS)


@pytest.mark.parametrize(
    ("name", "number", "country", "funding"),
    [
        ("pm_card_visa", "4242424242424242", "US", "credit"),
        ("tok_visa_debit", "4000056655665556", "US", "debit"),
        ("pm_card_mastercard_prepaid", "5105105105105100", "US", "prepaid"),
        ("tok_gb_debit", "4000058260000005", "GB", "debit"),
        ("pm_card_authenticationRequiredOnSetup", "4000002500003155", "FR", "credit"),
        ("pm_card_visa_chargeDeclined", "4000000000000002", "US", "credit"),
        ("pm_card_chargeDeclined", "4000000000000002", "US", "credit"),
    ],
)
def test_names_stand_for_numbers(name: str, number: str, country: str, funding: str) -> None:
    card = cards.named(name)
    assert card is not None
    assert (card.number, card.country, card.funding) == (number, country, funding)


@pytest.mark.parametrize("id", ["pm_card_nonsense", "tok_", "cus_123", "visa"])
def test_other_ids_are_no_names(id: str) -> None:
    assert cards.named(id) is None


@pytest.mark.parametrize(
    ("number", "brand"),
    [("4111111111111111", "visa"), ("2221000000000009", "mastercard"), ("4242424242424241", None), ("4111", None)],
)
def test_undocumented_numbers(number: str, brand: str | None) -> None:
    card = cards.card_of(number)
    assert (card and card.brand) == brand


ATTEMPTS = [
    ("visa", Situation(), Attempt("succeed")),
    ("visa_chargeDeclined", Situation(), Attempt("decline", "generic_decline")),
    ("visa_chargeDeclined", Situation(setup=True), Attempt("decline", "generic_decline")),
    ("chargeCustomerFail", Situation(setup=True), Attempt("succeed")),
    ("chargeCustomerFail", Situation(), Attempt("decline", "generic_decline")),
    ("authenticationRequired", Situation(), Attempt("action")),
    ("authenticationRequired", Situation(off_session=True, set_up=True), Attempt("decline", "authentication_required")),
    ("authenticationRequired", Situation(authenticated=True), Attempt("succeed", three_d_secure="authenticated")),
    ("authenticationRequiredOnSetup", Situation(), Attempt("action")),
    ("authenticationRequiredOnSetup", Situation(off_session=True), Attempt("decline", "authentication_required")),
    ("authenticationRequiredOnSetup", Situation(off_session=True, set_up=True), Attempt("succeed")),
    ("authenticationRequiredSetupForOffSession", Situation(off_session=True), Attempt("succeed")),
    ("authenticationRequiredSetupForOffSession", Situation(), Attempt("action")),
    ("threeDSecureRequiredChargeDeclined", Situation(), Attempt("action")),
    (
        "threeDSecureRequiredChargeDeclined",
        Situation(authenticated=True),
        Attempt("decline", "generic_decline", "authenticated"),
    ),
    ("threeDSecureRequiredProcessingError", Situation(), Attempt("decline", "generic_decline", "failed")),
    ("threeDSecureOptional", Situation(), Attempt("succeed")),
    ("threeDSecureOptional", Situation(requested=True), Attempt("action")),
    ("visa", Situation(requested=True), Attempt("succeed")),
    ("radarBlock", Situation(), Attempt("decline", "fraudulent", blocked=True)),
]


@pytest.mark.parametrize(("name", "case", "expected"), ATTEMPTS)
def test_an_attempt_with_a_card(name: str, case: Situation, expected: Attempt) -> None:
    assert intents.attempt_card(cards.by_name()[name], case) == expected


@pytest.mark.parametrize(
    ("name", "verified", "first", "then"),
    [
        ("pm_usBankAccount_success", False, "action", "succeed"),
        ("pm_usBankAccount_success", True, "process", "succeed"),
        ("pm_usBankAccount_insufficientFunds", True, "process", "decline"),
        ("pm_usBankAccount_riskLevelHighest", True, "decline", "decline"),
        ("pm_sepaDebit_success_de", False, "process", "succeed"),
        ("pm_usBankAccount_processing", True, "process", None),
    ],
)
def test_an_attempt_with_an_account(name: str, verified: bool, first: str, then: str | None) -> None:
    bank = banks.by_name()[name]
    assert intents.attempt_bank(bank, verified=verified, setup=False).trigger == first
    end = intents.settlement(bank)
    assert (end and end.trigger) == then


def test_machines_never_leave_a_final_status() -> None:
    for table in (intents.PAYMENT, intents.SETUP, refunds.TRANSITIONS, disputes.TRANSITIONS):
        sources = {status for status, _ in table}
        assert not sources & {"canceled", "won", "lost", "warning_closed", "failed"}
    assert not any(status == "succeeded" for status, _ in intents.PAYMENT)


@pytest.mark.parametrize(
    ("verb", "status", "text"),
    [
        ("confirm", "succeeded", "You cannot confirm this PaymentIntent because it has already succeeded after"),
        ("cancel", "succeeded", "You cannot cancel this PaymentIntent because it has a status of succeeded. Only a"),
        ("capture", "requires_action", "This PaymentIntent could not be captured because it has a status of"),
        ("cancel", "requires_capture", None),
    ],
)
def test_what_an_intent_refuses(verb: str, status: str, text: str | None) -> None:
    message = intents.unexpected("PaymentIntent", verb, status)
    assert message is None if text is None else message is not None and message.startswith(text)


@pytest.mark.parametrize(
    ("amount", "currency", "method", "country", "fee"),
    [
        (2000, "usd", "card", "US", 88),
        (2000, "usd", "card", "DE", 118),
        (2000, "eur", "card", "DE", 138),
        (10_000, "jpy", "card", "US", 390),
        (100_000, "usd", "us_bank_account", "US", 500),
        (1000, "usd", "us_bank_account", "US", 8),
    ],
)
def test_fees(amount: int, currency: str, method: str, country: str, fee: int) -> None:
    assert ledger.processing_fee(amount, currency, method=method, country=country) == fee


def test_funds_become_available_after_two_business_days() -> None:
    friday = 1_793_923_200  # 2026-11-06T00:00:00Z
    assert ledger.available_on(friday + 3600) == friday + 4 * ledger.DAY
    assert ledger.available_on(friday + 3600, now_available=True) == friday + 3600


def test_a_ledger_sums() -> None:
    fee = ledger.fee_detail(88, "usd")
    paid = ledger.transaction(
        amount=2000, currency="usd", type="charge", source="ch_1", created=0, available=10, fees=[fee]
    )
    refund = ledger.transaction(amount=-500, currency="usd", type="refund", source="re_1", created=5, available=5)
    assert paid["net"] == 1912
    before, after = ledger.balance([paid, refund], 5), ledger.balance([paid, refund], 10)
    assert (before["available"][0]["amount"], before["pending"][0]["amount"]) == (-500, 1912)
    assert (after["available"][0]["amount"], after["pending"][0]["amount"]) == (1412, 0)


@pytest.mark.parametrize(
    ("amount", "currency", "code", "message"),
    [
        (49, "usd", "amount_too_small", "Amount must be at least $0.50 usd"),
        (49, "jpy", "amount_too_small", "Amount must be at least ¥50 jpy"),
        (100_000_000, "usd", "amount_too_large", "Amount must be no more than $999,999.99"),
    ],
)
def test_amounts_out_of_bounds(amount: int, currency: str, code: str, message: str) -> None:
    assert money.amount_error(amount, currency) == (code, message)
    assert money.amount_error(50, currency) is None


@pytest.mark.parametrize(
    ("refunded", "amount", "expected"),
    [
        (0, None, None),
        (0, 1000, None),
        (0, 2000, {"param": "amount", "message": "Refund amount ($20.00) is greater than charge amount ($10.00)"}),
        (
            600,
            500,
            {"param": "amount", "message": "Refund amount ($5.00) is greater than unrefunded amount on charge ($4.00)"},
        ),
        (1000, 1, {"code": "charge_already_refunded", "message": "Charge ch_1 has already been refunded."}),
    ],
)
def test_refusals_of_refunds(refunded: int, amount: int | None, expected: dict[str, str] | None) -> None:
    charge = {
        "id": "ch_1",
        "amount": 1000,
        "amount_captured": 1000,
        "amount_refunded": refunded,
        "currency": "usd",
        "status": "succeeded",
        "paid": True,
        "refunded": refunded == 1000,
    }
    assert refunds.refusal(charge, amount) == expected


def test_what_evidence_does() -> None:
    assert disputes.trigger({"uncategorized_text": "winning_evidence"}) == "win"
    assert disputes.trigger({"uncategorized_text": "we shipped it"}) == "submit"
    assert disputes.TRANSITIONS["warning_needs_response", "escalate"] == "needs_response"


@pytest.mark.parametrize(
    ("known", "month", "year", "cvc", "code"),
    [
        (False, 1, 2030, None, "incorrect_number"),
        (True, 13, 2030, None, "invalid_expiry_month"),
        (True, 1, 1995, None, "invalid_expiry_year"),
        (True, 10, 2026, None, "invalid_expiry_month"),
        (True, 11, 2026, None, ""),
        (True, 12, 34, "99", "invalid_cvc"),
        (True, 12, 34, "123", ""),
    ],
)
def test_card_details(known: bool, month: int, year: int, cvc: str | None, code: str) -> None:
    assert declines.card_data_error(known, month, year, cvc, (2026, 11), amex=False) == code


def test_microdeposits() -> None:
    assert banks.microdeposits([45, 32], None) == "verified"
    assert banks.microdeposits(None, "SM33CC") == "attempts_exceeded"
    assert banks.microdeposits([1, 2], None) == "mismatch"


@pytest.mark.parametrize(
    ("start", "interval", "count", "end"),
    [
        ("2027-01-31", "month", 1, "2027-02-28"),
        ("2028-01-31", "month", 1, "2028-02-29"),
        ("2027-11-15", "month", 3, "2028-02-15"),
        ("2028-02-29", "year", 1, "2029-02-28"),
        ("2027-01-01", "week", 2, "2027-01-15"),
        ("2027-12-31", "day", 1, "2028-01-01"),
    ],
)
def test_billing_periods(start: str, interval: str, count: int, end: str) -> None:
    def at(day: str) -> int:
        return int(datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp())

    assert periods.period_end(at(start), interval, count) == at(end)
