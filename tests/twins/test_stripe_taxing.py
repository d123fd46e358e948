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
