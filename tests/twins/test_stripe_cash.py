"""Bank transfers, later payments of Checkout and what belongs to them, through stripe-python."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serving import Served
from tests.twins.stripe_refusals import refusing

stripe = pytest.importorskip("stripe")
ITEMS: list[dict[str, Any]] = [
    {"price_data": {"currency": "usd", "unit_amount": 2000, "product_data": {"name": "Tea"}}, "quantity": 1}
]
SESSION = {"mode": "payment", "line_items": ITEMS, "success_url": "https://example.com/thanks"}


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


def told(client: Any, *prefixes: str) -> list[str]:
    found = [event.type for event in client.v1.events.list({"limit": 100}).data][::-1]
    return [type for type in found if type.startswith(prefixes)]


def transfer(client: Any, customer: str, amount: int) -> Any:
    """A payment that is to be made by bank transfer."""
    options = {"funding_type": "bank_transfer", "bank_transfer": {"type": "us_bank_transfer"}}
    return client.v1.payment_intents.create(
        {
            "amount": amount,
            "currency": "usd",
            "customer": customer,
            "payment_method_types": ["customer_balance"],
            "payment_method_data": {"type": "customer_balance"},
            "payment_method_options": {"customer_balance": options},
            "confirm": True,
        }
    )


def send(client: Any, customer: str, amount: int) -> Any:
    return client.v1.test_helpers.customers.fund_cash_balance(customer, {"amount": amount, "currency": "usd"})


def test_a_payment_waits_for_a_bank_transfer(client: Any) -> None:
    customer = client.v1.customers.create({}).id
    intent = transfer(client, customer, 5000)
    told_to = intent.next_action.display_bank_transfer_instructions
    assert (intent.status, told_to.amount_remaining, told_to.type) == ("requires_action", 5000, "us_bank_transfer")
    asked = {"currency": "usd", "funding_type": "bank_transfer", "bank_transfer": {"type": "us_bank_transfer"}}
    where = client.v1.customers.funding_instructions.create(customer, asked).bank_transfer
    assert where.financial_addresses[0].aba.account_number == told_to.financial_addresses[0].aba.account_number
    send(client, customer, 2000)
    intent = client.v1.payment_intents.retrieve(intent.id)
    assert intent.next_action.display_bank_transfer_instructions.amount_remaining == 3000
    send(client, customer, 3500)
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    assert client.v1.customers.cash_balance.retrieve(customer).available.to_dict() == {"usd": 500}
    kinds = [entry.type for entry in client.v1.customers.cash_balance_transactions.list(customer).data][::-1]
    assert kinds == ["funded", "applied_to_payment", "funded", "applied_to_payment"]
    assert told(client, "payment_intent.", "cash_balance.") == [
        "payment_intent.created",
        "payment_intent.requires_action",
        "payment_intent.partially_funded",
        "payment_intent.succeeded",
        "cash_balance.funds_available",
    ]


def test_funds_wait_to_be_put_to_a_payment_by_hand(client: Any) -> None:
    customer = client.v1.customers.create({}).id
    settings = {"settings": {"reconciliation_mode": "manual"}}
    assert client.v1.customers.cash_balance.update(customer, settings).settings.reconciliation_mode == "manual"
    intent = transfer(client, customer, 5000)
    with refusing(param="amount"):
        client.v1.payment_intents.apply_customer_balance(intent.id)
    send(client, customer, 5000)
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_action"
    assert client.v1.payment_intents.apply_customer_balance(intent.id).status == "succeeded"
    send(client, customer, 700)
    assert transfer(client, customer, 700).status == "succeeded"
    with refusing(param="customer"):
        transfer(client, "", 700)


@pytest.mark.parametrize(
    ("account", "event", "status"),
    [("successDelayed_de", "async_payment_succeeded", "paid"), ("failedDelayed_de", "async_payment_failed", "unpaid")],
)
def test_checkout_tells_of_a_debit_that_arrives_later(
    client: Any, private_stripe: Served, account: str, event: str, status: str
) -> None:
    items = [{"price_data": {**ITEMS[0]["price_data"], "currency": "eur"}, "quantity": 1}]
    asked = {**SESSION, "line_items": items, "payment_method_types": ["sepa_debit"]}
    session = client.v1.checkout.sessions.create(asked)
    private_stripe.control("POST", "do/complete_checkout", session=session.id, card=f"pm_sepaDebit_{account}")
    session = client.v1.checkout.sessions.retrieve(session.id)
    assert (session.status, session.payment_status) == ("complete", "unpaid")
    private_stripe.control("POST", "clock/advance", minutes=5)
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == status
    assert told(client, "checkout.") == ["checkout.session.completed", f"checkout.session.{event}"]


def test_an_abandoned_session_can_be_recovered(client: Any) -> None:
    session = client.v1.checkout.sessions.create({**SESSION, "after_expiration": {"recovery": {"enabled": True}}})
    assert session.after_expiration.recovery.url is None
    recovery = client.v1.checkout.sessions.expire(session.id).after_expiration.recovery
    assert (recovery.enabled, recovery.expires_at > session.created) == (True, True)
    assert recovery.url


def test_a_payment_link_is_completed_as_often_as_it_says(client: Any, private_stripe: Served) -> None:
    price = client.v1.prices.create({"currency": "usd", "unit_amount": 1000, "product_data": {"name": "Tea"}}).id
    link = client.v1.payment_links.create(
        {"line_items": [{"price": price, "quantity": 1}], "restrictions": {"completed_sessions": {"limit": 1}}}
    )
    assert link.restrictions.completed_sessions.count == 0
    private_stripe.client.get(link.url)
    session = client.v1.checkout.sessions.list({"payment_link": link.id}).data[0]
    private_stripe.control("POST", "do/complete_checkout", session=session.id)
    link = client.v1.payment_links.retrieve(link.id)
    assert (link.active, link.restrictions.completed_sessions.count) == (False, 1)


def test_the_person_that_an_account_is(client: Any) -> None:
    given = {"first_name": "Jenny", "last_name": "Rosen", "ssn_last_4": "0000"}
    account = client.v1.accounts.create(
        {
            "type": "custom",
            "country": "US",
            "business_type": "individual",
            "capabilities": {"transfers": {"requested": True}},
            "individual": given,
        }
    )
    person = client.v1.accounts.persons.list(account.id).data[0]
    assert (account.individual.object, account.individual.id) == ("person", person.id)
    assert account.individual.ssn_last_4_provided is True
    client.v1.accounts.persons.update(account.id, person.id, {"email": "jenny@example.com"})
    assert client.v1.accounts.retrieve(account.id).individual.email == "jenny@example.com"


def test_a_payout_goes_where_somebody_is_known(client: Any, private_stripe: Served) -> None:
    private_stripe.control("POST", "do/add_funds", amount=5000)
    with refusing("resource_missing", "destination"):
        client.v1.payouts.create({"amount": 1000, "currency": "usd", "destination": "ba_none"})


def test_a_session_with_an_invoice(client: Any, private_stripe: Served) -> None:
    coupon = client.v1.coupons.create({"percent_off": 25, "duration": "once"}).id
    asked = {"invoice_creation": {"enabled": True, "invoice_data": {"description": "Tea"}}}
    session = client.v1.checkout.sessions.create({**SESSION, **asked, "discounts": [{"coupon": coupon}]})
    private_stripe.control("POST", "do/complete_checkout", session=session.id)
    done = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["invoice", "payment_intent"]})
    assert (done.status, done.payment_status, done.payment_intent.amount_received) == ("complete", "paid", 1500)
    assert (done.invoice.status, done.invoice.amount_paid, done.invoice.description) == ("paid", 1500, "Tea")
    assert (done.invoice.lines.data[0].description, done.invoice.customer) == ("Tea", done.customer)
