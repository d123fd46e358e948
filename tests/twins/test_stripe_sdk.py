"""The Stripe twin through stripe-python, unmodified: payments, test cards, refunds, disputes, the ledger."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serving import Served
from twins.stripe.payments import banks, cards, declines, methods

stripe = pytest.importorskip("stripe")
PAY = {"amount": 2000, "currency": "usd", "confirm": True}


@pytest.fixture
def twin(private_stripe: Served) -> Served:
    return private_stripe


@pytest.fixture
def client(twin: Served) -> Any:
    return client_of(twin)


def client_of(twin: Served, **more: Any) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": twin.url, "files": twin.url}, **more)


def events(client: Any, *types: str) -> list[str]:
    """Types of the events so far, oldest first; only those asked for where any are."""
    found = [event.type for event in client.v1.events.list({"limit": 100}).auto_paging_iter()][::-1]
    return [type for type in found if not types or type in types]


# payments ------------------------------------------------------------------------------------------------------------


def test_a_payment_leaves_a_charge_a_balance_transaction_and_events(client: Any) -> None:
    customer = client.v1.customers.create({"email": "jenny@example.com", "name": "Jenny Rosen"})
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    intent = client.v1.payment_intents.create(
        {
            **PAY,
            "customer": customer.id,
            "payment_method": method.id,
            "expand": ["latest_charge", "customer"],
        }
    )
    assert (intent.status, intent.amount_received, intent.customer.email) == ("succeeded", 2000, "jenny@example.com")
    assert intent.latest_charge.balance_transaction is None  # it comes a moment later
    charge = client.v1.charges.retrieve(intent.latest_charge.id, {"expand": ["balance_transaction"]})
    assert (charge.status, charge.paid, charge.captured, charge.payment_method) == ("succeeded", True, True, method.id)
    assert (charge.balance_transaction.fee, charge.balance_transaction.net) == (88, 1912)
    assert charge.payment_method_details.card.last4 == "4242"
    assert events(client) == [
        "customer.created",
        "payment_method.attached",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "charge.updated",
    ]


DECLINED = [card for card in cards.by_name().values() if card.decline and card.decline_at == "attach"]


@pytest.mark.parametrize("name", sorted({card.name for card in DECLINED}))
def test_every_declining_card(client: Any, name: str) -> None:
    reason = declines.DECLINES[cards.by_name()[name].decline]
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_intents.create({**PAY, "payment_method": f"pm_card_{name}"})
    error = caught.value.error
    assert (error.code, error.decline_code, error.message) == (reason.code, reason.decline_code, reason.message)
    assert error.payment_intent.status == "requires_payment_method"
    assert error.payment_intent.last_payment_error.code == reason.code
    charge = client.v1.charges.retrieve(error.charge)
    assert (charge.status, charge.failure_code, charge.outcome.type) == ("failed", reason.code, "issuer_declined")
    assert client.v1.payment_intents.retrieve(error.payment_intent.id).latest_charge == charge.id
    assert events(client)[-2:] == ["charge.failed", "payment_intent.payment_failed"]
    customer = client.v1.customers.create({})
    with pytest.raises(stripe.CardError):
        client.v1.payment_methods.attach(f"pm_card_{name}", {"customer": customer.id})


PAYING = [
    card
    for card in cards.by_name().values()
    if not card.decline and card.authentication in ("none", "unsupported", "frictionless")
]


@pytest.mark.parametrize("card", PAYING, ids=lambda card: card.name)
def test_every_paying_card(client: Any, card: cards.TestCard) -> None:
    intent = client.v1.payment_intents.create(
        {**PAY, "payment_method": f"pm_card_{card.name}", "expand": ["latest_charge"]}
    )
    assert intent.status == "succeeded"
    shown = intent.latest_charge.payment_method_details.card
    assert (shown.last4, shown.brand, shown.country, shown.funding) == (
        card.number[-4:],
        card.brand,
        card.country,
        card.funding,
    )
    assert len(client.v1.disputes.list({"charge": intent.latest_charge.id}).data) == len(card.disputes)


@pytest.mark.parametrize("name", ["authenticationRequired", "authenticationRequiredOnSetup", "threeDSecure2Required"])
@pytest.mark.parametrize("passes", [True, False])
def test_authentication(client: Any, twin: Served, name: str, passes: bool) -> None:
    intent = client.v1.payment_intents.create(
        {**PAY, "payment_method": f"pm_card_{name}", "return_url": "https://example.com/back"}
    )
    assert intent.status == "requires_action"
    assert intent.next_action.type == "redirect_to_url"
    page = twin.client.get(intent.next_action.redirect_to_url.url)
    assert "3D Secure" in page.text
    twin.control("POST", "do/complete_3ds" if passes else "do/fail_3ds", intent=intent.id)
    intent = client.v1.payment_intents.retrieve(intent.id)
    assert intent.status == ("succeeded" if passes else "requires_payment_method")
    if not passes:
        assert intent.last_payment_error.code == "payment_intent_authentication_failure"


def test_the_hosted_challenge_sends_the_browser_back(client: Any, twin: Served) -> None:
    intent = client.v1.payment_intents.create(
        {**PAY, "payment_method": "pm_card_authenticationRequired", "return_url": "https://example.com/back"}
    )
    done = twin.client.post(intent.next_action.redirect_to_url.url, data={"result": "complete"})
    assert done.status_code == 302
    assert done.headers["location"].startswith(f"https://example.com/back?payment_intent={intent.id}&")
    assert done.headers["location"].endswith("redirect_status=succeeded")


def test_off_session_needs_a_card_that_was_set_up(client: Any) -> None:
    customer = client.v1.customers.create({})
    data = {"customer": customer.id, "payment_method": "pm_card_authenticationRequiredOnSetup", "confirm": True}
    with pytest.raises(stripe.CardError) as caught:
        method = client.v1.payment_methods.attach("pm_card_authenticationRequired", {"customer": customer.id})
        off = {**PAY, "customer": customer.id, "payment_method": method.id, "off_session": True}
        client.v1.payment_intents.create(off)
    assert caught.value.code == "authentication_required"
    setup = client.v1.setup_intents.create(data)
    assert setup.status == "requires_action"


def test_a_card_set_up_through_a_setup_intent_pays_off_session(client: Any, twin: Served) -> None:
    customer = client.v1.customers.create({})
    setup = client.v1.setup_intents.create(
        {"customer": customer.id, "payment_method": "pm_card_authenticationRequiredOnSetup", "confirm": True}
    )
    twin.control("POST", "do/complete_3ds", intent=setup.id)
    setup = client.v1.setup_intents.retrieve(setup.id, {"expand": ["payment_method", "latest_attempt"]})
    assert (setup.status, setup.payment_method.customer) == ("succeeded", customer.id)
    assert setup.latest_attempt.status == "succeeded"
    paid = client.v1.payment_intents.create(
        {**PAY, "customer": customer.id, "payment_method": setup.payment_method.id, "off_session": True}
    )
    assert paid.status == "succeeded"


def test_a_card_that_declines_after_attaching(client: Any) -> None:
    customer = client.v1.customers.create({})
    setup = client.v1.setup_intents.create(
        {"customer": customer.id, "payment_method": "pm_card_chargeCustomerFail", "confirm": True}
    )
    assert setup.status == "succeeded"
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_intents.create({**PAY, "customer": customer.id, "payment_method": setup.payment_method})
    assert caught.value.error.decline_code == "generic_decline"


def test_manual_capture_in_parts_increments_and_cancels(client: Any, twin: Served) -> None:
    options = {"card": {"request_incremental_authorization": "if_available"}}
    manual = {
        **PAY, "capture_method": "manual", "payment_method": "pm_card_visa", "payment_method_options": options,
    }  # fmt: skip
    intent = client.v1.payment_intents.create(manual)
    assert (intent.status, intent.amount_capturable) == ("requires_capture", 2000)
    intent = client.v1.payment_intents.increment_authorization(intent.id, {"amount": 3000})
    assert intent.amount_capturable == 3000
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 4000})
    assert caught.value.code == "amount_too_large"
    intent = client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 500})
    assert (intent.status, intent.amount_received) == ("succeeded", 500)
    charge = client.v1.charges.retrieve(intent.latest_charge)
    assert (charge.captured, charge.amount_captured, charge.amount_refunded) == (True, 500, 2500)
    second = client.v1.payment_intents.cancel(client.v1.payment_intents.create(manual).id)
    assert (second.status, second.amount_capturable) == ("canceled", 0)
    third = client.v1.payment_intents.create(manual)
    twin.control("POST", "clock/advance", days=8)
    assert client.v1.payment_intents.retrieve(third.id).cancellation_reason == "automatic"


def test_what_an_intent_refuses_embeds_it(client: Any) -> None:
    intent = client.v1.payment_intents.create({"amount": 2000, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.confirm(intent.id)
    assert caught.value.code == "payment_intent_unexpected_state"
    assert "missing a payment method" in caught.value.user_message
    paid = client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert paid.status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.cancel(intent.id)
    assert caught.value.error.payment_intent.id == intent.id


@pytest.mark.parametrize(
    "name",
    [
        "pm_sepaDebit_success_de",
        "pm_sepaDebit_failed_at",
        "pm_sepaDebit_successDelayed_fr",
        "pm_usBankAccount_success",
        "pm_usBankAccount_insufficientFunds",
        "pm_bacsDebit_success",
        "pm_auBecsDebit_noAccount",
    ],
)
def test_bank_debits_settle_later(client: Any, twin: Served, name: str) -> None:
    bank = banks.by_name()[name]
    currency = methods.CURRENCIES[bank.type][0]
    intent = client.v1.payment_intents.create(
        {**PAY, "currency": currency, "payment_method": name, "payment_method_types": [bank.type]}
    )
    assert intent.status == "processing"
    twin.control("POST", "clock/advance", seconds=bank.delay + 1)
    intent = client.v1.payment_intents.retrieve(intent.id)
    assert intent.status == ("requires_payment_method" if bank.failure else "succeeded")


def test_an_account_is_verified_by_microdeposits(client: Any, twin: Served) -> None:
    account = {"routing_number": "110000000", "account_number": "000123456789", "account_holder_type": "individual"}
    intent = client.v1.payment_intents.create(
        {
            **PAY,
            "payment_method_types": ["us_bank_account"],
            "payment_method_data": {
                "type": "us_bank_account",
                "us_bank_account": account,
                "billing_details": {"name": "Jenny"},
            },
        }
    )
    assert intent.next_action.type == "verify_with_microdeposits"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.verify_microdeposits(intent.id, {"amounts": [1, 2]})
    intent = client.v1.payment_intents.verify_microdeposits(intent.id, {"descriptor_code": "SM11AA"})
    assert intent.status == "processing"
    twin.control("POST", "clock/advance", seconds=1)
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


# refunds, disputes, balance ------------------------------------------------------------------------------------------


def pay(client: Any, name: str = "pm_card_visa", **more: Any) -> Any:
    return client.v1.payment_intents.create({**PAY, "payment_method": name, **more})


def test_refunds_in_parts_until_nothing_is_left(client: Any) -> None:
    intent = pay(client)
    first = client.v1.refunds.create({"payment_intent": intent.id, "amount": 500, "reason": "requested_by_customer"})
    assert (first.status, first.amount) == ("succeeded", 500)
    with pytest.raises(stripe.InvalidRequestError, match=r"\(\$20.00\) is greater than unrefunded amount"):
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 2000})
    client.v1.refunds.create({"payment_intent": intent.id})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": intent.id})
    assert caught.value.code == "charge_already_refunded"
    charge = client.v1.charges.retrieve(intent.latest_charge, {"expand": ["refunds"]})
    assert (charge.refunded, charge.amount_refunded, len(charge.refunds.data)) == (True, 2000, 2)


@pytest.mark.parametrize(
    ("name", "first", "then"), [("pendingRefund", "pending", "succeeded"), ("refundFail", "succeeded", "failed")]
)
def test_refunds_that_change_later(client: Any, twin: Served, name: str, first: str, then: str) -> None:
    refund = client.v1.refunds.create({"payment_intent": pay(client, f"pm_card_{name}").id})
    assert refund.status == first
    twin.control("POST", "clock/advance", minutes=10)
    assert client.v1.refunds.retrieve(refund.id).status == then
    assert events(client, "refund.updated", "refund.failed") == [
        f"refund.{'failed' if then == 'failed' else 'updated'}"
    ]


@pytest.mark.parametrize(
    ("evidence", "status", "back"), [("winning_evidence", "won", -1500), ("losing_evidence", "lost", -3500)]
)
def test_disputes(client: Any, evidence: str, status: str, back: int) -> None:
    intent = pay(client, "pm_card_createDispute")
    dispute = client.v1.disputes.list({"payment_intent": intent.id}).data[0]
    assert (dispute.status, dispute.reason, dispute.balance_transactions[0].net) == (
        "needs_response",
        "fraudulent",
        -3500,
    )
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": intent.id})
    assert caught.value.code == "charge_disputed"
    dispute = client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": evidence}})
    assert dispute.status == status
    assert sum(row.net for row in dispute.balance_transactions) == back
    assert events(client)[-1] == "charge.dispute.closed"


def test_an_inquiry_moves_no_money_until_it_escalates(client: Any) -> None:
    intent = pay(client, "pm_card_createDisputeInquiry")
    dispute = client.v1.disputes.list({"payment_intent": intent.id}).data[0]
    assert (dispute.status, dispute.balance_transactions) == ("warning_needs_response", [])
    dispute = client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "escalate_inquiry_evidence"}})
    assert (dispute.status, len(dispute.balance_transactions)) == ("needs_response", 1)


def test_the_ledger_sums_and_payouts_take_from_it(client: Any, twin: Served) -> None:
    intent = pay(client, "pm_card_bypassPending", amount=10_000)
    pay(client)
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 1000})
    rows = list(client.v1.balance_transactions.list().auto_paging_iter())
    balance = client.v1.balance.retrieve()
    total = balance.available[0].amount + balance.pending[0].amount
    assert total == sum(row.net for row in rows) == (10_000 - 320) + 1912 - 1000
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payouts.create({"amount": 50_000, "currency": "usd"})
    assert caught.value.code == "balance_insufficient"
    payout = client.v1.payouts.create({"amount": 5000, "currency": "usd"})
    assert payout.status == "pending"
    twin.control("POST", "clock/advance", days=7)
    assert client.v1.payouts.retrieve(payout.id).status == "paid"
    assert client.v1.balance.retrieve().pending[0].amount == 0
    second = client.v1.payouts.create({"amount": 100, "currency": "usd"})
    assert client.v1.payouts.cancel(second.id).status == "canceled"
