"""The Stripe twin through stripe-python, unmodified: flows, test cards, machines, ledger, paging, retries."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.serving import Served, serving
from twins.stripe.payments import banks, cards, declines

stripe = pytest.importorskip("stripe")
PAY = {"amount": 2000, "currency": "usd", "confirm": True}


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with serving("stripe", "--seed", "7", "--clock", "fixed") as served:
        yield served["stripe"]


@pytest.fixture
def twin(server: Served) -> Iterator[Served]:
    with server.private() as private:
        yield private


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
            "expand": ["latest_charge.balance_transaction", "customer"],
        }
    )
    assert (intent.status, intent.amount_received, intent.customer.email) == ("succeeded", 2000, "jenny@example.com")
    charge = intent.latest_charge
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
    manual = {**PAY, "capture_method": "manual", "payment_method": "pm_card_visa"}
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
    intent = client.v1.payment_intents.create({**PAY, "payment_method": name, "payment_method_types": [bank.type]})
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
    ("evidence", "status", "back"), [("winning_evidence", "won", 0), ("losing_evidence", "lost", -3500)]
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


# customers and catalogue ---------------------------------------------------------------------------------------------


def test_customers(client: Any) -> None:
    customer = client.v1.customers.create({"metadata": {"a": "1", "b": "2"}, "source": "tok_visa"})
    assert customer.default_source.startswith("card_")
    changed = client.v1.customers.update(customer.id, {"metadata": {"a": "", "c": "3"}, "description": "x"})
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
    event = client.v1.events.list({"type": "customer.updated"}).data[0]
    assert event.data.previous_attributes.to_dict()["description"] is None
    cards_ = client.v1.customers.payment_sources.list(customer.id)
    assert cards_.data[0].last4 == "4242"
    charge = client.v1.charges.create({"amount": 1000, "currency": "usd", "customer": customer.id})
    assert charge.status == "succeeded"
    credit = client.v1.customers.balance_transactions.create(customer.id, {"amount": -500, "currency": "usd"})
    assert (credit.ending_balance, client.v1.customers.retrieve(customer.id).balance) == (-500, -500)
    assert client.v1.customers.delete(customer.id).deleted
    assert client.v1.customers.retrieve(customer.id).deleted
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        client.v1.customers.update(customer.id, {"name": "x"})


def test_a_customer_made_with_its_default_payment_method(client: Any) -> None:
    settings = {"default_payment_method": "pm_card_visa"}
    customer = client.v1.customers.create({"payment_method": "pm_card_visa", "invoice_settings": settings})
    default = customer.invoice_settings.default_payment_method
    assert client.v1.payment_methods.retrieve(default).customer == customer.id
    other = client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_mastercard"}})
    with pytest.raises(stripe.InvalidRequestError, match="must be attached to the customer"):
        client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": other.id}})


def test_payment_methods_cannot_be_used_again_after_detaching(client: Any) -> None:
    customer = client.v1.customers.create({})
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    assert [m.id for m in client.v1.customers.payment_methods.list(customer.id).data] == [method.id]
    with pytest.raises(stripe.InvalidRequestError, match="belongs to the Customer"):
        pay(client, method.id)
    client.v1.payment_methods.detach(method.id)
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        client.v1.payment_methods.attach(method.id, {"customer": customer.id})


def test_products_prices_coupons_and_codes(client: Any) -> None:
    product = client.v1.products.create(
        {"name": "Shirt", "default_price_data": {"unit_amount": 1500, "currency": "usd"}}
    )
    price = client.v1.prices.retrieve(product.default_price, {"expand": ["product", "currency_options"]})
    assert (price.product.name, int(price.unit_amount_decimal), price.type) == ("Shirt", 1500, "one_time")
    tiered = client.v1.prices.create(
        {
            "product": product.id,
            "currency": "usd",
            "billing_scheme": "tiered",
            "tiers_mode": "graduated",
            "recurring": {"interval": "month"},
            "tiers": [{"up_to": 5, "unit_amount": 100}, {"up_to": "inf", "unit_amount": 50}],
            "lookup_key": "tiered",
            "expand": ["tiers"],
        }
    )
    assert [tier.up_to for tier in tiered.tiers] == [5, None]
    assert client.v1.prices.list({"lookup_keys": ["tiered"]}).data[0].id == tiered.id
    with pytest.raises(stripe.InvalidRequestError, match="one or more user-created prices"):
        client.v1.products.delete(product.id)
    coupon = client.v1.coupons.create({"id": "SUMMER", "percent_off": 20, "duration": "once"})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.coupons.create({"id": "SUMMER", "percent_off": 20})
    assert caught.value.code == "resource_already_exists"
    code = client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "SAVE20"})
    assert client.v1.promotion_codes.list({"code": "SAVE20"}).data[0].id == code.id
    assert client.v1.promotion_codes.list({"coupon": "SUMMER"}).data[0].id == code.id
    assert [p.id for p in client.v1.prices.list({"recurring": {"interval": "month"}}).data] == [tiered.id]
    assert client.v1.prices.list({"recurring": {"interval": "year"}}).data == []
    rate = client.v1.tax_rates.create({"display_name": "VAT", "percentage": 19, "inclusive": False})
    assert client.v1.tax_rates.update(rate.id, {"active": False}).active is False
    assert client.v1.coupons.delete("SUMMER").deleted


# lists, searches, retries --------------------------------------------------------------------------------------------


def test_paging_filters_and_search(client: Any, twin: Served) -> None:
    made = []
    for number in range(25):
        metadata = {"number": str(number)}
        made.append(client.v1.customers.create({"email": f"user{number}@example.com", "metadata": metadata}).id)
        twin.control("POST", "clock/advance", seconds=1)
    found = [c.id for c in client.v1.customers.list({"limit": 10}).auto_paging_iter()]
    assert found == made[::-1]
    assert client.v1.customers.list({"limit": 3, "ending_before": made[0]}).data[-1].id == made[1]
    fifth = client.v1.customers.retrieve(made[5]).created
    later = client.v1.customers.list({"created": {"gte": fifth}, "limit": 100}).data
    assert [c.id for c in later] == made[:4:-1]
    assert [c.id for c in client.v1.customers.list({"email": "user7@example.com"}).data] == [made[7]]
    hit = client.v1.customers.search({"query": "metadata['number']:'7' AND email~'user7'"})
    assert [c.id for c in hit.data] == [made[7]]
    pages = client.v1.customers.search({"query": "email~'example'", "limit": 10})
    assert len(list(pages.auto_paging_iter())) == 25


def test_idempotent_retries(client: Any) -> None:
    options = {"idempotency_key": "order-1"}
    first = client.v1.customers.create({"name": "A"}, options)
    again = client.v1.customers.create({"name": "A"}, options)
    assert again.id == first.id
    assert again.last_response.headers["idempotent-replayed"] == "true"
    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        client.v1.customers.create({"name": "B"}, options)
    assert len(client.v1.customers.list().data) == 1
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.create({"nmae": "C"}, {"idempotency_key": "order-3"})
    assert client.v1.customers.create({"name": "C"}, {"idempotency_key": "order-3"}).name == "C"
    client.v1.customers.delete(client.v1.customers.list().data[0].id)
    declined = {**PAY, "payment_method": "pm_card_visa_chargeDeclined"}
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            client.v1.payment_intents.create(declined, {"idempotency_key": "order-2"})
    assert len(client.v1.charges.list().data) == 1


@pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")
def test_the_async_client(twin: Served) -> None:
    async def flow() -> tuple[str, int]:
        http = stripe.HTTPXClient()
        client = client_of(twin, http_client=http)
        customer = await client.v1.customers.create_async({"email": "a@example.com"})
        intent = await client.v1.payment_intents.create_async(
            {**PAY, "customer": customer.id, "payment_method": "pm_card_visa"}
        )
        page = await client.v1.events.list_async({"limit": 2})
        count = len([event async for event in page.auto_paging_iter()])
        await http.close_async()
        return intent.status, count

    assert asyncio.run(flow()) == ("succeeded", 5)


def test_files(client: Any, tmp_path: Any) -> None:
    path = tmp_path / "evidence.png"
    path.write_bytes(b"\x89PNG\r\n")
    with path.open("rb") as file:
        made = client.v1.files.create({"purpose": "dispute_evidence", "file": file})
    assert (made.filename, made.size, made.type) == ("evidence.png", 6, "png")
    link = client.v1.file_links.create({"file": made.id, "expand": ["file"]})
    assert link.file.id == made.id


def test_a_subscription_has_its_items_and_periods(client: Any, twin: Served) -> None:
    data = {"unit_amount": 1000, "currency": "usd", "recurring": {"interval": "month"}}
    price = client.v1.products.create({"name": "Plan", "default_price_data": data}).default_price
    customer = client.v1.customers.create({}).id
    made = client.v1.subscriptions.create({"customer": customer, "items": [{"price": price, "quantity": 2}]})
    row = made["items"].data[0]
    assert (made.status, row.price.id, row.quantity) == ("active", price, 2)
    assert (row.current_period_end - row.current_period_start) in (28 * 86400, 30 * 86400, 31 * 86400)
    assert client.v1.subscription_items.retrieve(row.id).subscription == made.id
    trial = client.v1.subscriptions.create({"customer": customer, "items": [{"price": price}], "trial_period_days": 7})
    assert (trial.status, trial.trial_end) == ("trialing", trial.start_date + 7 * 86400)
    ended = client.v1.subscriptions.cancel(made.id)
    assert (ended.status, ended.canceled_at) == ("canceled", ended.ended_at)
    once = client.v1.prices.create({"product": row.price.product, "unit_amount": 5, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError, match="type=one_time"):
        client.v1.subscriptions.create({"customer": customer, "items": [{"price": once.id}]})
    wanted = [f"customer.subscription.{word}" for word in ("created", "created", "deleted")]
    assert [type for type in events(client) if type.startswith("customer.subscription")] == wanted


# connected accounts ---------------------------------------------------------------------------------------------------


def test_a_connected_account_has_records_of_its_own(client: Any, twin: Served) -> None:
    account = client.v1.accounts.create({"type": "express", "country": "US"})
    options = {"stripe_account": account.id}
    theirs = client.v1.customers.create({"email": "theirs@example.com"}, options)
    assert client.v1.customers.list({}, options).data[0].id == theirs.id
    assert client.v1.customers.list().data == []
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        client.v1.customers.retrieve(theirs.id)
    debit = {**PAY, "payment_method": "pm_sepaDebit_success_de", "payment_method_types": ["sepa_debit"]}
    intent = client.v1.payment_intents.create(debit, options)
    twin.control("POST", "clock/advance", seconds=1)
    assert client.v1.payment_intents.retrieve(intent.id, {}, options).status == "succeeded"
    assert client.v1.balance.retrieve({}, options).available[0].amount > 0
    assert client.v1.balance.retrieve().available[0].amount == 0
    event = client.v1.events.list({"type": "customer.created"}, options).data[0]
    assert event.account == account.id
    assert client.v1.events.list({"type": "customer.created"}).data == []
    with pytest.raises(stripe.PermissionError):
        client.v1.customers.list({}, {"stripe_account": "acct_none"})
