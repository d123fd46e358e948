"""The Stripe twin's payment records, payments attached to invoices, balance settings, forwarding and Climate."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.serving import Served
from tests.twins.stripe_billing import DAY, events, payer
from tests.twins.stripe_refusals import refusing

stripe = pytest.importorskip("stripe")
ELSEWHERE = {
    "amount_requested": {"currency": "usd", "value": 1000},
    "initiated_at": 1_700_000_000,
    "payment_method_details": {"type": "custom", "custom": {"display_name": "newpay", "type": "cpmt_1"}},
    "processor_details": {"type": "custom", "custom": {"payment_reference": "npp-1"}},
}
SURE = {"outcome": "guaranteed", "guaranteed": {"guaranteed_at": 1_700_000_100}}


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


def opened(client: Any, customer: Any, amount: int = 1000) -> Any:
    """An open invoice of a customer."""
    invoice = client.v1.invoices.create({"customer": customer.id, "auto_advance": False})
    client.v1.invoice_items.create({"customer": customer.id, "invoice": invoice.id, "amount": amount})
    return client.v1.invoices.finalize_invoice(invoice.id)


def test_attempts_of_a_payment(client: Any) -> None:
    records = client.v1.payment_records
    record = records.report_payment({**ELSEWHERE, "metadata": {"order": "7"}})
    assert (record.amount_requested.value, record.amount_guaranteed.value, record.reported_by) == (1000, 0, "self")
    first = client.v1.payment_attempt_records.retrieve(record.latest_payment_attempt_record)
    assert (first.payment_record, first.payment_method_details.custom.display_name) == (record.id, "newpay")
    with refusing(words="A new attempt cannot be reported"):
        records.report_payment_attempt(record.id, {"initiated_at": 1_700_000_010})
    failed = records.report_payment_attempt_failed(record.id, {"failed_at": 1_700_000_020})
    assert (failed.amount_failed.value, failed.amount_guaranteed.value) == (1000, 0)
    again = records.report_payment_attempt(record.id, {"initiated_at": 1_700_000_030})
    assert (again.amount_failed.value, again.latest_payment_attempt_record != first.id) == (0, True)
    done = records.report_payment_attempt_guaranteed(record.id, {"guaranteed_at": 1_700_000_040})
    assert (done.amount_guaranteed.value, done.metadata["order"]) == (1000, "7")
    with refusing(words="is already guaranteed"):
        records.report_payment_attempt_canceled(record.id, {"canceled_at": 1_700_000_050})
    kept = client.v1.payment_attempt_records.list({"payment_record": record.id}).data
    assert [each.amount_failed.value for each in kept] == [0, 1000]
    card = client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
    paid = records.report_payment({**ELSEWHERE, "payment_method_details": {"payment_method": card.id}})
    assert (paid.payment_method_details.type, paid.payment_method_details.payment_method) == ("card", card.id)
    told = records.report_payment_attempt_informational(record.id, {"description": "Order 7"})
    assert told.description == "Order 7"


def test_refunds_of_a_payment_record(client: Any) -> None:
    record = client.v1.payment_records.report_payment({**ELSEWHERE, **SURE})
    back = {
        "outcome": "refunded", "refunded": {"refunded_at": 1_700_000_200},
        "processor_details": {"type": "custom", "custom": {"refund_reference": "r-1"}},
    }  # fmt: skip
    part = client.v1.payment_records.report_refund(record.id, {**back, "amount": {"currency": "usd", "value": 300}})
    assert (part.amount_refunded.value, part.amount_guaranteed.value) == (300, 1000)
    with refusing(param="amount[value]"):
        client.v1.payment_records.report_refund(record.id, {**back, "amount": {"currency": "usd", "value": 800}})
    assert client.v1.payment_records.report_refund(record.id, back).amount_refunded.value == 1000


def test_a_payment_record_pays_an_invoice(client: Any) -> None:
    customer = client.v1.customers.create({"email": "jo@example.com"})
    invoice = opened(client, customer)
    record = client.v1.payment_records.report_payment(ELSEWHERE)
    waiting = client.v1.invoices.attach_payment(invoice.id, {"payment_record": record.id})
    assert (waiting.status, waiting.amount_paid) == ("open", 0)
    client.v1.payment_records.report_payment_attempt_guaranteed(record.id, {"guaranteed_at": 1_700_000_040})
    done = client.v1.invoices.retrieve(invoice.id)
    assert (done.status, done.amount_paid, done.amount_paid_off_stripe) == ("paid", 1000, 1000)
    payments = client.v1.invoice_payments.list({"invoice": invoice.id}).data
    assert [(row.status, row.is_default, row.payment.type) for row in payments] == [
        ("paid", False, "payment_record"),
        ("canceled", True, "payment_intent"),
    ]
    assert events(client, "invoice.paid") == ["invoice.paid"]
    with refusing(words="only be attached to open invoices"):
        client.v1.invoices.attach_payment(invoice.id, {"payment_record": record.id})


def test_payment_intents_pay_an_invoice_in_parts(client: Any) -> None:
    customer = payer(client)
    invoice = opened(client, customer, 1000)
    half = client.v1.payment_intents.create(
        {
            "amount": 400, "currency": "usd", "customer": customer.id, "payment_method": "pm_card_visa",
            "confirm": True, "payment_method_types": ["card"],
        }
    )  # fmt: skip
    partly = client.v1.invoices.attach_payment(invoice.id, {"payment_intent": half.id})
    assert (partly.status, partly.amount_paid, partly.amount_remaining) == ("open", 400, 600)
    with refusing(words="already attached"):
        client.v1.invoices.attach_payment(opened(client, customer).id, {"payment_intent": half.id})
    done = client.v1.invoices.pay(invoice.id)
    assert (done.status, done.amount_paid, done.amount_remaining) == ("paid", 1000, 0)
    rows = client.v1.invoice_payments.list({"invoice": invoice.id}).data
    assert sorted(row.amount_paid for row in rows) == [400, 600]
    more = opened(client, customer, 300)
    large = client.v1.payment_intents.create({"amount": 500, "currency": "usd", "payment_method_types": ["card"]})
    client.v1.invoices.attach_payment(more.id, {"payment_intent": large.id})
    client.v1.payment_intents.confirm(large.id, {"payment_method": "pm_card_visa"})
    over = client.v1.invoices.retrieve(more.id)
    assert (over.status, over.amount_overpaid) == ("paid", 200)
    euro = client.v1.payment_intents.create({"amount": 500, "currency": "eur", "payment_method_types": ["card"]})
    with refusing(param="payment_intent"):
        client.v1.invoices.attach_payment(opened(client, customer).id, {"payment_intent": euro.id})


def test_a_balance_is_paid_out_by_its_schedule(client: Any, private_stripe: Served) -> None:
    settings = client.v1.balance_settings.retrieve()
    assert (settings.payments.settlement_timing.delay_days, settings.payments.payouts.status) == (2, "enabled")
    with refusing("parameter_missing", "payments[payouts][schedule][weekly_payout_days]"):
        client.v1.balance_settings.update({"payments": {"payouts": {"schedule": {"interval": "weekly"}}}})
    private_stripe.control("POST", "do/add_funds", amount=5000, currency="usd")
    changed = client.v1.balance_settings.update(
        {"payments": {"payouts": {"schedule": {"interval": "daily"}, "minimum_balance_by_currency": {"usd": 1500}}}}
    )
    assert changed.payments.payouts.schedule.interval == "daily"
    assert events(client, "balance_settings") == ["balance_settings.updated"]
    private_stripe.control("POST", "clock/advance", days=2)
    payouts = client.v1.payouts.list().data
    assert [(payout.amount, payout.automatic) for payout in payouts] == [(3500, True)]
    slow = client.v1.balance_settings.update({"payments": {"settlement_timing": {"delay_days_override": 7}}})
    assert (slow.payments.settlement_timing.delay_days, slow.payments.settlement_timing.delay_days_override) == (7, 7)
    charge = client.v1.charges.create(
        {"amount": 1000, "currency": "usd", "source": "tok_visa", "expand": ["balance_transaction"]}
    )
    assert charge.balance_transaction.available_on - charge.created > 8 * DAY
    back = client.v1.balance_settings.update({"payments": {"settlement_timing": {"delay_days_override": ""}}})
    assert back.payments.settlement_timing.delay_days == 2


def test_a_payout_schedule_by_days(client: Any, private_stripe: Served) -> None:
    def to(day: str) -> list[int]:
        private_stripe.control("POST", "clock", now=f"{day}T12:00:00Z")
        return [payout.amount for payout in client.v1.payouts.list().data]

    assert to("2033-02-10") == []
    monthly = {"interval": "monthly", "monthly_payout_days": [5, 31]}
    client.v1.balance_settings.update({"payments": {"payouts": {"schedule": monthly}}})
    private_stripe.control("POST", "do/add_funds", amount=1000, currency="usd")
    assert to("2033-02-27") == []
    assert to("2033-02-28") == [1000]
    private_stripe.control("POST", "do/add_funds", amount=500, currency="usd")
    assert to("2033-03-06") == [500, 1000]


def test_card_details_are_forwarded(client: Any, private_stripe: Served) -> None:
    url = "https://endpoint.example/v1/payments"
    body = {"amount": {"value": 1000}, "paymentMethod": {"number": "", "expiryMonth": "", "cvc": "", "holderName": ""}}
    asked = {
        "url": url, "payment_method": "pm_card_visa", "replacements": ["card_number", "card_expiry", "card_cvc"],
        "request": {"body": json.dumps(body), "headers": [{"name": "Destination-API-Key", "value": "k"}]},
    }  # fmt: skip
    private_stripe.control("POST", "do/answer_forwarding", url=url, status=201, body='{"transactionId":"example1234"}')
    made = client.v1.forwarding.requests.create(asked)
    sent = json.loads(made.request_details.body)["paymentMethod"]
    assert (sent["number"], sent["cvc"], sent["holderName"]) == ("424242******4242", "***", "")
    assert [row.name for row in made.request_details.headers] == ["Destination-API-Key", "Content-Type"]
    assert (made.response_details.status, "example1234" in made.response_details.body) == (201, True)
    assert client.v1.forwarding.requests.list().data[0].id == made.id
    with refusing("url_invalid", "url"):
        client.v1.forwarding.requests.create({**asked, "url": "http://endpoint.example"})
    private_stripe.control("POST", "clock/advance", days=30)
    with refusing("resource_missing"):
        client.v1.forwarding.requests.retrieve(made.id)


def test_carbon_removal_is_ordered(client: Any, private_stripe: Served) -> None:
    product = client.v1.climate.products.list().data[0]
    assert product.current_prices_per_metric_ton["usd"].amount_total == 56_650
    supplier = client.v1.climate.suppliers.retrieve(product.suppliers[0].id)
    assert supplier.removal_pathway == "biomass_carbon_removal_and_storage"
    private_stripe.control("POST", "do/add_funds", amount=10_000, currency="usd")
    order = client.v1.climate.orders.create({"product": product.id, "metric_tons": Decimal("0.01")})
    assert (order.amount_subtotal, order.amount_fees, order.amount_total, order.status) == (550, 17, 567, "confirmed")
    assert client.v1.balance.retrieve().available[0].amount == 10_000 - 567
    changed = client.v1.climate.orders.update(order.id, {"beneficiary": {"public_name": "Rocket Rides"}})
    assert changed.beneficiary.public_name == "Rocket Rides"
    canceled = client.v1.climate.orders.cancel(order.id)
    assert (canceled.status, canceled.cancellation_reason) == ("canceled", "requested")
    assert client.v1.balance.retrieve().available[0].amount == 10_000 - 17
    late = client.v1.climate.orders.create({"product": product.id, "amount": 5665, "currency": "usd"})
    assert (late.metric_tons, late.amount_total) == (Decimal("0.1"), 5665)
    private_stripe.control("POST", "clock/advance", hours=25)
    with refusing(words="within 24 hours"):
        client.v1.climate.orders.cancel(late.id)
    private_stripe.control("POST", "do/deliver_climate_order", order=late.id)
    done = client.v1.climate.orders.retrieve(late.id, {"expand": ["product"]})
    assert (done.status, done.delivery_details[0].supplier.name, done.product.id) == (
        "delivered",
        "Charm Industrial",
        product.id,
    )
    assert events(client, "climate") == [
        "climate.order.created", "climate.order.canceled", "climate.order.created", "climate.order.delivered",
    ]  # fmt: skip
    with refusing("resource_missing", "product"):
        client.v1.climate.orders.create({"product": "climsku_x", "metric_tons": Decimal(1)})
