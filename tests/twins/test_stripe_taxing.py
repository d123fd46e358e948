"""The Stripe twin's Tax API through stripe-python: registrations, calculations, transactions and their reversals."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serving import Served
from tests.twins.stripe_refusals import refusing

stripe = pytest.importorskip("stripe")
BERLIN = {"address": {"country": "DE", "city": "Berlin", "postal_code": "10115"}, "address_source": "shipping"}
SALE = {"currency": "eur", "customer_details": BERLIN, "line_items": [{"amount": 1000, "reference": "tea"}]}


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


def registered(client: Any) -> Any:
    options = {"de": {"type": "standard", "standard": {"place_of_supply_scheme": "standard"}}}
    return client.v1.tax.registrations.create({"country": "DE", "country_options": options, "active_from": "now"})


def test_nothing_is_collected_without_a_registration(client: Any) -> None:
    sale = client.v1.tax.calculations.create(SALE)
    assert (sale.amount_total, sale.tax_amount_exclusive) == (1000, 0)
    assert sale.tax_breakdown[0].taxability_reason == "not_collecting"
    with refusing("customer_tax_location_invalid"):
        client.v1.tax.calculations.create({**SALE, "customer_details": {}})


def test_tax_is_added_or_inside(client: Any, private_stripe: Served) -> None:
    place = registered(client)
    assert (place.status, place.active_from == place.created) == ("active", True)
    items = [{"amount": 1000, "reference": "tea"}, {"amount": 1190, "reference": "cup", "tax_behavior": "inclusive"}]
    sale = client.v1.tax.calculations.create({**SALE, "line_items": items, "expand": ["line_items"]})
    assert (sale.amount_total, sale.tax_amount_exclusive, sale.tax_amount_inclusive) == (2380, 190, 190)
    assert [line.amount_tax for line in sale.line_items.data] == [190, 190]
    assert sale.tax_breakdown[0].tax_rate_details.percentage_decimal == "19"
    exempt = {**BERLIN, "taxability_override": "reverse_charge"}
    assert client.v1.tax.calculations.create({**SALE, "customer_details": exempt}).tax_amount_exclusive == 0
    assert client.v1.tax.registrations.update(place.id, {"expires_at": "now"}).status == "expired"
    assert client.v1.tax.calculations.create(SALE).tax_amount_exclusive == 0


def test_a_sale_is_recorded_and_taken_back(client: Any, private_stripe: Served) -> None:
    registered(client)
    sale = client.v1.tax.calculations.create(SALE)
    kept = {"calculation": sale.id, "reference": "order-1"}
    sold = client.v1.tax.transactions.create_from_calculation({**kept, "expand": ["line_items"]})
    assert (sold.type, sold.reference, sold.line_items.data[0].amount_tax) == ("transaction", "order-1", 190)
    with refusing("resource_already_exists", "reference"):
        client.v1.tax.transactions.create_from_calculation(kept)
    part = {"original_line_item": sold.line_items.data[0].id, "amount": -500, "amount_tax": -95, "reference": "half"}
    asked = {"mode": "partial", "original_transaction": sold.id, "reference": "back-1", "line_items": [part]}
    back = client.v1.tax.transactions.create_reversal(asked)
    assert (back.type, back.reversal.original_transaction) == ("reversal", sold.id)
    whole = client.v1.tax.transactions.create_reversal(
        {"mode": "full", "original_transaction": sold.id, "reference": "back-2"}
    )
    lines = client.v1.tax.transactions.line_items.list(whole.id).data
    assert [(line.amount, line.amount_tax, line.type) for line in lines] == [(-1000, -190, "reversal")]
    private_stripe.control("POST", "clock/advance", days=91)
    with refusing(param="calculation"):
        client.v1.tax.transactions.create_from_calculation({**kept, "reference": "late"})


def test_a_payment_records_its_sale(client: Any, private_stripe: Served) -> None:
    registered(client)
    sale = client.v1.tax.calculations.create(SALE)
    intents, hooks = client.v1.payment_intents, {"inputs": {"tax": {"calculation": sale.id}}}
    asked = {"amount": sale.amount_total, "currency": "eur", "hooks": hooks, "payment_method_types": ["card"]}
    intent = intents.create(asked)
    assert intent.hooks.inputs.tax.calculation == sale.id
    found = client.v1.tax.associations.find({"payment_intent": intent.id})
    assert (found.calculation, found.tax_transaction_attempts) == (sale.id, [])
    intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    attempt = client.v1.tax.associations.find({"payment_intent": intent.id}).tax_transaction_attempts[0]
    assert (attempt.source, attempt.status) == (intent.id, "committed")
    sold = client.v1.tax.transactions.retrieve(attempt.committed.transaction, {"expand": ["line_items"]})
    assert (sold.reference, sold.line_items.data[0].amount_tax) == (intent.id, 190)
    half = client.v1.refunds.create({"payment_intent": intent.id, "amount": 595})
    attempts = client.v1.tax.associations.find({"payment_intent": intent.id}).tax_transaction_attempts
    assert [row.source for row in attempts] == [intent.id, half.id]
    back = client.v1.tax.transactions.line_items.list(attempts[1].committed.transaction).data[0]
    assert (back.amount, back.amount_tax, back.type) == (-500, -95, "reversal")
    second = intents.create({**asked, "payment_method": "pm_card_visa", "capture_method": "manual", "confirm": True})
    intents.capture(second.id)
    attempt = client.v1.tax.associations.find({"payment_intent": second.id}).tax_transaction_attempts[0]
    assert attempt.errored.reason == "another_payment_associated_with_calculation"
    plain = intents.create({"amount": 500, "currency": "eur", "payment_method_types": ["card"]})
    with refusing("resource_missing", "payment_intent"):
        client.v1.tax.associations.find({"payment_intent": plain.id})
