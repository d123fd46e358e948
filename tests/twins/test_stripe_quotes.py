"""The Stripe twin's quotes through stripe-python: offers, their sums, what they become, their end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serving import Served
from tests.twins.stripe_billing import DAY, START, events, payer, plan, refused

stripe = pytest.importorskip("stripe")


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


def once(client: Any, amount: int = 1099) -> Any:
    product = client.v1.products.create({"name": "Setup"})
    return client.v1.prices.create({"product": product.id, "unit_amount": amount, "currency": "usd"})


def quote(client: Any, *prices: Any, **more: Any) -> Any:
    items = [{"price": price.id, "quantity": 2} for price in prices]
    return client.v1.quotes.create({"line_items": items, **more})


def test_an_offer_of_goods_becomes_an_invoice(client: Any) -> None:
    customer = payer(client)
    made = quote(client, once(client), customer=customer.id)
    assert (made.status, made.number, made.amount_total, made.expires_at - made.created) == (
        "draft", None, 2198, 30 * DAY,
    )  # fmt: skip
    assert (made.computed.recurring, made.computed.upfront.amount_total) == (None, 2198)
    assert [row.description for row in client.v1.quotes.line_items.list(made.id).data] == ["Setup"]
    assert refused(client.v1.quotes.accept, made.id).http_status == 400
    opened = client.v1.quotes.finalize_quote(made.id)
    assert (opened.status, opened.number) == ("open", f"QT-{customer.invoice_prefix}-0001-1")
    assert refused(client.v1.quotes.update, made.id, {"description": "x"}).param == "description"
    taken = client.v1.quotes.accept(made.id)
    invoice = client.v1.invoices.retrieve(taken.invoice)
    assert (taken.status, taken.subscription, invoice.status, invoice.total) == ("accepted", None, "draft", 2198)
    assert (invoice.billing_reason, invoice.parent.quote_details.quote) == ("quote_accept", made.id)
    assert client.v1.invoices.pay(invoice.id).status == "paid"
    assert events(client, "quote") == ["quote.created", "quote.finalized", "quote.accepted"]
    assert refused(client.v1.quotes.cancel, made.id).http_status == 400


def test_an_offer_of_plans_becomes_a_subscription(client: Any) -> None:
    customer = payer(client)
    half = client.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    made = quote(client, plan(client), once(client), customer=customer.id, discounts=[{"coupon": half.id}])
    assert (made.amount_subtotal, made.amount_total, made.total_details.amount_discount) == (7198, 3599, 3599)
    periodic = made.computed.recurring
    assert (periodic.amount_total, periodic.interval, periodic.interval_count) == (2500, "month", 1)
    client.v1.quotes.finalize_quote(made.id)
    taken = client.v1.quotes.accept(made.id)
    found = client.v1.subscriptions.retrieve(taken.subscription, {"expand": ["latest_invoice"]})
    assert (found.status, found.latest_invoice.id, found.latest_invoice.total) == ("active", taken.invoice, 3599)
    trial = quote(client, plan(client), once(client), customer=customer.id, subscription_data={"trial_period_days": 7})
    assert (trial.amount_total, trial.computed.upfront.amount_total) == (7198, 2198)
    assert len(client.v1.quotes.computed_upfront_line_items.list(trial.id).data) == 1
    client.v1.quotes.finalize_quote(trial.id)
    begun = client.v1.subscriptions.retrieve(client.v1.quotes.accept(trial.id).subscription)
    assert begun.status == "trialing"


def test_an_offer_for_later_becomes_a_schedule_and_others_expire(client: Any) -> None:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": START})
    customer = payer(client, test_clock=clock.id)
    later = quote(client, plan(client), customer=customer.id, subscription_data={"effective_date": START + 5 * DAY})
    client.v1.quotes.finalize_quote(later.id)
    taken = client.v1.quotes.accept(later.id)
    assert (taken.subscription, client.v1.subscription_schedules.retrieve(taken.subscription_schedule).status) == (
        None, "not_started",
    )  # fmt: skip
    forgotten = quote(client, plan(client), customer=customer.id)
    client.v1.quotes.update(forgotten.id, {"expires_at": START + 3 * DAY})
    client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": START + 6 * DAY})
    gone = client.v1.quotes.retrieve(forgotten.id)
    assert (gone.status, gone.status_transitions.canceled_at) == ("canceled", START + 3 * DAY)
    assert client.v1.subscription_schedules.retrieve(taken.subscription_schedule).status == "active"
    assert [row.id for row in client.v1.quotes.list({"status": "canceled"}).data] == [forgotten.id]


def test_drafts_change_and_are_revised(client: Any) -> None:
    customer = payer(client)
    made = quote(client, once(client))
    assert refused(client.v1.quotes.finalize_quote, made.id).param == "customer"
    rate = client.v1.tax_rates.create({"display_name": "VAT", "inclusive": False, "percentage": 10})
    items = [{"price": once(client, 5000).id, "quantity": 1}]
    changed = client.v1.quotes.update(
        made.id, {"customer": customer.id, "line_items": items, "default_tax_rates": [rate.id], "header": "Offer"}
    )
    assert (changed.amount_total, changed.total_details.amount_tax, changed.header) == (5500, 500, "Offer")
    client.v1.quotes.finalize_quote(made.id)
    again = client.v1.quotes.create({"from_quote": {"quote": made.id, "is_revision": True}})
    assert (again.amount_total, again.from_quote.is_revision, again.status) == (5500, True, "draft")
    assert client.v1.quotes.finalize_quote(again.id).number == f"QT-{customer.invoice_prefix}-0001-2"
    other = client.v1.quotes.create({"from_quote": {"quote": made.id}})
    assert client.v1.quotes.finalize_quote(other.id).number == f"QT-{customer.invoice_prefix}-0002-1"
    assert client.v1.quotes.pdf(made.id).io.read().startswith(b"%PDF")
