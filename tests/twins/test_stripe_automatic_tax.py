"""Automatic tax of the Stripe twin: invoices, previews, subscriptions, quotes, sessions, links, connected accounts."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.serving import Served
from tests.twins.stripe_billing import DAY, START, advance, events, payer, plan, subscribe
from tests.twins.stripe_refusals import refusing

stripe = pytest.importorskip("stripe")
BERLIN = {"country": "DE", "city": "Berlin", "line1": "Torstr. 1", "postal_code": "10115"}
SEATTLE = {"country": "US", "postal_code": "98101"}
ON = {"enabled": True}
BACK = {"success_url": "https://shop.example/done"}


@pytest.fixture
def client(private_stripe: Served) -> Any:
    made = stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})
    registered(made, "DE", {"type": "standard", "standard": {"place_of_supply_scheme": "standard"}})
    registered(made, "US", {"type": "state_sales_tax", "state": "WA"})
    return made


def registered(client: Any, country: str, options: dict[str, Any], headers: Any = None) -> None:
    given = {"country": country, "country_options": {country.lower(): options}, "active_from": "now"}
    client.v1.tax.registrations.create(given, headers or {})


def priced(client: Any, amount: int = 1000, **more: Any) -> Any:
    product = client.v1.products.create({"name": "Tea", **{k: more.pop(k) for k in ("tax_code",) if k in more}})
    return client.v1.prices.create({"product": product.id, "unit_amount": amount, "currency": "usd", **more})


def billed(client: Any, customer: Any, *prices: Any, **more: Any) -> Any:
    invoice = client.v1.invoices.create({"customer": customer.id, "automatic_tax": ON, **more})
    for price in prices:
        item = {"customer": customer.id, "invoice": invoice.id, "pricing": {"price": price.id}}
        client.v1.invoice_items.create(item)
    return client.v1.invoices.retrieve(invoice.id)


def test_an_invoice_is_taxed_where_its_customer_is(client: Any) -> None:
    customer = client.v1.customers.create({"address": BERLIN})
    inside = priced(client, 1190, tax_behavior="inclusive")
    draft = billed(client, customer, priced(client, tax_behavior="exclusive"), inside)
    assert (draft.automatic_tax.status, draft.automatic_tax.provider) == ("complete", "stripe")
    assert draft.automatic_tax.liability.type == "self"
    assert (draft.subtotal, draft.total, draft.total_excluding_tax) == (2190, 2380, 2000)
    lines = {line.taxes[0].tax_behavior: line.taxes[0] for line in draft.lines.data}
    assert [(lines[name].amount, lines[name].taxable_amount) for name in ("exclusive", "inclusive")] == [
        (190, 1000),
        (190, 1000),
    ]
    assert {row.taxability_reason for row in draft.total_taxes} == {"standard_rated"}
    rate = client.v1.tax_rates.retrieve(lines["exclusive"].tax_rate_details.tax_rate)
    shown = (rate.percentage, rate.display_name, rate.country, rate.tax_type, rate.active, rate.inclusive)
    assert shown == (19.0, "VAT", "DE", "vat", False, False)
    done = client.v1.invoices.finalize_invoice(draft.id)
    assert (done.status, done.amount_due, done.automatic_tax.status) == ("open", 2380, "complete")
    client.v1.customers.tax_ids.create(customer.id, {"type": "eu_vat", "value": "DE123456789"})
    assert done.customer_tax_ids == []
    assert billed(client, customer).customer_tax_ids[0].value == "DE123456789"


def test_what_is_not_taxed_says_why(client: Any) -> None:
    price = priced(client, tax_behavior="exclusive")

    def reason(customer: dict[str, Any], *prices: Any) -> tuple[str, int]:
        made = client.v1.customers.create(customer)
        draft = billed(client, made, *(prices or (price,)))
        return draft.total_taxes[0].taxability_reason, draft.total

    vat = [{"type": "eu_vat", "value": "DE123456789"}]
    assert reason({"address": BERLIN}) == ("standard_rated", 1190)
    assert reason({"address": BERLIN, "tax_id_data": vat}) == ("reverse_charge", 1000)
    assert reason({"address": BERLIN, "tax_exempt": "exempt"}) == ("customer_exempt", 1000)
    assert reason({"address": BERLIN, "tax_exempt": "reverse"}) == ("reverse_charge", 1000)
    assert reason({"address": {**BERLIN, "country": "FR"}}) == ("not_collecting", 1000)
    free = priced(client, tax_behavior="exclusive", tax_code="txcd_00000000")
    assert reason({"address": BERLIN}, free) == ("not_subject_to_tax", 1000)
    shipped = {"address": BERLIN, "shipping": {"name": "Jo", "address": SEATTLE}}
    assert reason(shipped) == ("standard_rated", 1065)
    client.v1.tax.settings.update({"head_office": {"address": BERLIN}})
    assert reason({"address": BERLIN, "tax_id_data": vat}) == ("standard_rated", 1190)


def test_the_settings_say_what_prices_leave_open(client: Any) -> None:
    customer = client.v1.customers.create({"address": BERLIN})
    draft = billed(client, customer, priced(client))
    assert (draft.total, draft.total_taxes[0].tax_behavior) == (1190, "exclusive")
    settings = client.v1.tax.settings.update({"defaults": {"tax_behavior": "inclusive", "tax_code": "txcd_00000000"}})
    assert (settings.status, settings.defaults.tax_behavior) == ("active", "inclusive")
    draft = billed(client, customer, priced(client))
    assert (draft.total, draft.total_taxes[0].taxability_reason) == (1000, "not_subject_to_tax")


def test_a_customer_without_a_place(client: Any) -> None:
    customer = client.v1.customers.create({"email": "jo@example.com"}, {"stripe_version": "2026-08-26.dahlia"})
    tax = client.v1.customers.retrieve(customer.id, {"expand": ["tax"]}).tax
    assert (tax.automatic_tax, tax.location) == ("unrecognized_location", None)
    draft = billed(client, customer, priced(client))
    assert (draft.automatic_tax.status, draft.total, draft.total_taxes) == ("requires_location_inputs", 1000, [])
    with refusing("customer_tax_location_invalid", words="The customer's location isn't recognized."):
        client.v1.invoices.finalize_invoice(draft.id)
    failed = client.v1.invoices.retrieve(draft.id)
    assert (failed.status, failed.last_finalization_error.code) == ("draft", "customer_tax_location_invalid")
    assert events(client, "invoice.finalization") == ["invoice.finalization_failed"]
    client.v1.customers.update(customer.id, {"address": BERLIN})
    tax = client.v1.customers.retrieve(customer.id, {"expand": ["tax"]}).tax
    assert (tax.automatic_tax, tax.location.country, tax.location.source) == ("supported", "DE", "billing_address")
    done = client.v1.invoices.finalize_invoice(draft.id)
    assert (done.status, done.total, done.last_finalization_error) == ("open", 1190, None)
    with refusing("customer_tax_location_invalid"):
        client.v1.customers.create({"address": {"country": "US"}, "tax": {"validate_location": "immediately"}})
    assert client.v1.customers.create({"address": {"country": "US"}, "tax": {"validate_location": "deferred"}}).id


def test_a_subscription_is_taxed_until_nobody_knows_where(client: Any) -> None:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": START})
    nowhere = payer(client, test_clock=clock.id)
    price = plan(client, 1000, tax_behavior="exclusive")
    client.v1.customers.update(nowhere.id, {"address": {"country": "US"}})
    with refusing("customer_tax_location_invalid"):
        subscribe(client, nowhere, price, automatic_tax=ON)
    client.v1.customers.update(nowhere.id, {"address": BERLIN})
    made = subscribe(client, nowhere, price, automatic_tax=ON)
    assert (made.status, made.latest_invoice.total, made.automatic_tax.enabled) == ("active", 1190, True)
    with refusing("customer_tax_location_invalid"):
        client.v1.customers.update(nowhere.id, {"address": {"country": "US"}})
    client.v1.customers.update(nowhere.id, {"address": {"country": "US"}, "tax": {"validate_location": "deferred"}})
    advance(client, clock, START + 31 * DAY + 7200)
    after = client.v1.subscriptions.retrieve(made.id, {"expand": ["latest_invoice"]})
    assert (after.automatic_tax.enabled, after.automatic_tax.disabled_reason) == (False, "requires_location_inputs")
    tax = after.latest_invoice.automatic_tax
    assert (tax.enabled, tax.disabled_reason) == (False, "finalization_requires_location_inputs")
    assert (after.latest_invoice.status, after.latest_invoice.total) == ("paid", 1000)


def test_a_preview_and_a_quote(client: Any) -> None:
    price = plan(client, 1000, tax_behavior="exclusive")
    details = {"items": [{"price": price.id}]}
    buyer = {"address": BERLIN, "tax_ids": [{"type": "eu_vat", "value": "DE123456789"}]}
    asked = {"automatic_tax": ON, "subscription_details": details, "customer_details": {"address": BERLIN}}
    seen = client.v1.invoices.create_preview(asked)
    assert (seen.total, seen.automatic_tax.status) == (1190, "complete")
    assert client.v1.tax_rates.retrieve(seen.total_taxes[0].tax_rate_details.tax_rate).percentage == 19.0
    seen = client.v1.invoices.create_preview({**asked, "customer_details": buyer})
    assert (seen.total, seen.total_taxes[0].taxability_reason) == (1000, "reverse_charge")
    seen = client.v1.invoices.create_preview({**asked, "customer_details": {"address": {"country": "US"}}})
    assert (seen.total, seen.automatic_tax.status) == (1000, "requires_location_inputs")
    customer = payer(client, address=BERLIN)
    quote = client.v1.quotes.create(
        {"customer": customer.id, "automatic_tax": ON, "line_items": [{"price": price.id, "quantity": 2}]}
    )
    assert (quote.amount_total, quote.total_details.amount_tax, quote.automatic_tax.status) == (2380, 380, "complete")
    assert quote.computed.recurring.amount_total == 2380
    client.v1.quotes.finalize_quote(quote.id)
    accepted = client.v1.quotes.accept(quote.id)
    subscription = client.v1.subscriptions.retrieve(accepted.subscription, {"expand": ["latest_invoice"]})
    assert (subscription.automatic_tax.enabled, subscription.latest_invoice.total) == (True, 2380)


def test_a_session_is_taxed_where_its_buyer_says(client: Any, private_stripe: Served) -> None:
    items = [{"price": priced(client, tax_behavior="exclusive").id, "quantity": 1}]
    known = client.v1.customers.create({"email": "jo@example.com"})
    taxed = {"mode": "payment", "automatic_tax": ON, "line_items": items, **BACK}
    with refusing("customer_tax_location_invalid", words="requires a valid address on the Customer."):
        client.v1.checkout.sessions.create({**taxed, "customer": known.id})
    with refusing(words="`customer_update` can only be used with `customer`"):
        client.v1.checkout.sessions.create({**taxed, "customer_update": {"address": "auto"}})
    with refusing("parameter_missing", words="you must also set `customer_update[shipping]` to `auto`."):
        there = {"shipping_address_collection": {"allowed_countries": ["DE"]}}
        client.v1.checkout.sessions.create({**taxed, **there, "customer": known.id})
    with refusing(words="Tax ID collection requires updating business name on the customer."):
        named = {"tax_id_collection": ON, "customer_update": {"address": "auto"}}
        client.v1.checkout.sessions.create({**taxed, **named, "customer": known.id})
    made = client.v1.checkout.sessions.create({**taxed, "customer": known.id, "customer_update": {"address": "auto"}})
    assert (made.automatic_tax.status, made.amount_total) == ("requires_location_inputs", 1000)
    private_stripe.control("POST", "do/complete_checkout", session=made.id, address=BERLIN)
    done = client.v1.checkout.sessions.retrieve(made.id, {"expand": ["payment_intent"]})
    assert (done.amount_total, done.total_details.amount_tax, done.automatic_tax.status) == (1190, 190, "complete")
    assert done.payment_intent.amount == 1190
    assert client.v1.customers.retrieve(known.id).address.city == "Berlin"
    client.v1.customers.update(known.id, {"shipping": {"name": "Jo", "address": SEATTLE}})
    made = client.v1.checkout.sessions.create({**taxed, "customer": known.id, "customer_update": {"address": "auto"}})
    private_stripe.control("POST", "do/complete_checkout", session=made.id, address=BERLIN)
    assert client.v1.checkout.sessions.retrieve(made.id).total_details.amount_tax == 65


def test_a_link_sells_a_taxed_subscription(client: Any, private_stripe: Served) -> None:
    price = plan(client, 1000, tax_behavior="exclusive")
    link = client.v1.payment_links.create(
        {"line_items": [{"price": price.id, "quantity": 1}], "automatic_tax": ON, "tax_id_collection": ON}
    )
    assert (link.automatic_tax.enabled, link.automatic_tax.liability.type) == (True, "self")
    page = httpx.get(link.url, follow_redirects=True)
    assert 'id="taxId"' in page.text
    session = client.v1.checkout.sessions.list({"limit": 1}).data[0]
    ids = [{"type": "eu_vat", "value": "DE123456789"}]
    private_stripe.control("POST", "do/complete_checkout", session=session.id, address=BERLIN, tax_ids=ids)
    done = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription", "invoice"]})
    assert (done.amount_total, done.invoice.total, done.subscription.automatic_tax.enabled) == (1000, 1000, True)
    assert done.customer_details.tax_ids[0].value == "DE123456789"
    assert done.invoice.total_taxes[0].taxability_reason == "reverse_charge"
    assert [row.value for row in client.v1.customers.tax_ids.list(done.customer).data] == ["DE123456789"]


def test_another_account_is_liable(client: Any) -> None:
    connected = client.v1.accounts.create({"type": "custom", "country": "DE"})
    options = {"type": "oss_union"}
    registered(client, "DE", options, {"stripe_account": connected.id})
    customer = client.v1.customers.create({"address": {**BERLIN, "country": "FR"}})
    price = priced(client, tax_behavior="exclusive")
    assert billed(client, customer, price).total == 1000
    liability = {"type": "account", "account": connected.id}
    draft = billed(client, customer, price, automatic_tax={**ON, "liability": liability})
    assert (draft.total, draft.automatic_tax.liability.account) == (1200, connected.id)
    with refusing("resource_missing", "automatic_tax[liability][account]"):
        billed(client, customer, price, automatic_tax={**ON, "liability": {"type": "account", "account": "acct_x"}})


# rates made by hand ---------------------------------------------------------------------------------------------------


def test_a_rate_made_by_hand_is_zero_to_a_hundred_percent(client):
    rate = client.v1.tax_rates.create({"display_name": "VAT", "inclusive": False, "percentage": 8.875})
    assert (rate.active, rate.percentage, rate.effective_percentage, rate.rate_type) == (
        True, 8.875, 8.875, "percentage",
    )  # fmt: skip
    for wrong in (100.5, -1, 1.23456):
        with pytest.raises(stripe.InvalidRequestError, match="Invalid decimal") as refused:
            client.v1.tax_rates.create({"display_name": "VAT", "inclusive": False, "percentage": wrong})
        assert refused.value.param == "percentage"


def test_a_price_with_taxes_inside_takes_no_rate_on_top(client):
    """https://github.com/openaustralia/righttoknow/issues/981."""
    on_top, inside = (
        client.v1.tax_rates.create({"display_name": "VAT", "inclusive": inclusive, "percentage": 10})
        for inclusive in (False, True)
    )
    customer = client.v1.customers.create({"payment_method": "pm_card_visa"})
    price = plan(client, 1100, tax_behavior="inclusive")
    asked = {"customer": customer.id, "items": [{"price": price.id}], "payment_behavior": "default_incomplete"}
    refused = pytest.raises(stripe.InvalidRequestError, match="has a `tax_behavior` that conflicts with the tax rates")
    with refused:
        client.v1.subscriptions.create({**asked, "default_tax_rates": [on_top.id]})
    assert client.v1.subscriptions.list().data == []
    subscription = client.v1.subscriptions.create(
        {**asked, "default_tax_rates": [on_top.id], "items": [{"price": price.id, "tax_rates": [inside.id]}]}
    )
    with refused:
        client.v1.subscriptions.update(subscription.id, {"items": [{"price": price.id, "tax_rates": [on_top.id]}]})
    line = {"price": price.id, "quantity": 1, "tax_rates": [on_top.id]}
    with refused:
        client.v1.checkout.sessions.create(
            {"mode": "subscription", "success_url": "https://x.example", "line_items": [line]}
        )
    phase = {"items": [{"price": price.id}], "default_tax_rates": [on_top.id]}
    with refused:
        client.v1.subscription_schedules.create({"customer": customer.id, "start_date": "now", "phases": [phase]})


def test_an_archived_rate_stays_where_it_is_and_goes_nowhere_else(client):
    rate = client.v1.tax_rates.create({"display_name": "VAT", "inclusive": False, "percentage": 10})
    customer = client.v1.customers.create({"payment_method": "pm_card_visa"})
    price = plan(client, 1000)
    asked = {"customer": customer.id, "items": [{"price": price.id}], "default_tax_rates": [rate.id]}
    asked["payment_behavior"] = "default_incomplete"
    subscription = client.v1.subscriptions.create(asked)
    assert client.v1.tax_rates.update(rate.id, {"active": False}).active is False
    kept = client.v1.subscriptions.update(
        subscription.id, {"items": [{"id": subscription["items"].data[0].id, "quantity": 2}]}
    )
    assert kept.default_tax_rates[0].id == rate.id
    again = client.v1.subscriptions.update(subscription.id, {"default_tax_rates": [rate.id]})
    assert again.default_tax_rates[0].id == rate.id
    line = {"price": price.id, "quantity": 1, "tax_rates": [rate.id]}
    for call in (
        lambda: client.v1.subscriptions.create(asked),
        lambda: client.v1.invoices.create({"customer": customer.id, "default_tax_rates": [rate.id]}),
        lambda: client.v1.checkout.sessions.create(
            {"mode": "subscription", "success_url": "https://x.example", "line_items": [line]}
        ),
    ):
        with pytest.raises(stripe.InvalidRequestError, match="is archived"):
            call()
