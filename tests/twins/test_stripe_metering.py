"""The Stripe twin's meters through stripe-python: what is reported, what it adds up to, what is billed for it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.serving import Served
from tests.twins.stripe_billing import DAY, START, advance, events, payer, plan, refused, subscribe
from twins.stripe.billing import pricing, usage

stripe = pytest.importorskip("stripe")
X = "\N{MULTIPLICATION SIGN}"
TIERS = [
    {"up_to": 100, "unit_amount_decimal": "0", "flat_amount": 900},
    {"up_to": "inf", "unit_amount_decimal": "3.6"},
]


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


def meter(client: Any, formula: str = "sum", name: str = "api_requests") -> Any:
    aggregation = {"formula": formula}
    return client.v1.billing.meters.create(
        {"display_name": "Requests", "event_name": name, "default_aggregation": aggregation}
    )


def report(client: Any, customer: Any, value: Any, **more: Any) -> Any:
    payload = {"stripe_customer_id": customer.id, "value": str(value)}
    return client.v1.billing.meter_events.create({"event_name": "api_requests", "payload": payload, **more})


def clocked(client: Any) -> tuple[Any, Any]:
    """A test clock and a customer who pays and lives by it."""
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": START})
    return clock, payer(client, test_clock=clock.id)


def metered(client: Any, meter: Any, **more: Any) -> Any:
    product = client.v1.products.create({"name": "Requests", "unit_label": "request"})
    recurring = {"interval": "month", "usage_type": "metered", "meter": meter.id}
    return client.v1.prices.create({"product": product.id, "currency": "usd", "recurring": recurring, **more})


def test_meters(client: Any) -> None:
    made = meter(client)
    assert (made.status, made.customer_mapping.event_payload_key) == ("active", "stripe_customer_id")
    again = refused(client.v1.billing.meters.create, {
        "display_name": "x", "event_name": "api_requests", "default_aggregation": {"formula": "sum"},
    })  # fmt: skip
    assert again.user_message.startswith("An active meter already exists for event name 'api_requests'.")
    off = client.v1.billing.meters.deactivate(made.id)
    assert (off.status, bool(off.status_transitions.deactivated_at)) == ("inactive", True)
    customer = client.v1.customers.create({})
    gone = refused(report, client, customer, 1)
    assert gone.user_message == 'No active meter found for event name "api_requests".'
    assert client.v1.billing.meters.reactivate(made.id).status == "active"
    assert client.v1.billing.meters.update(made.id, {"display_name": "Calls"}).display_name == "Calls"
    assert events(client, "billing.meter") == [
        "billing.meter.created", "billing.meter.deactivated", "billing.meter.reactivated", "billing.meter.updated",
    ]  # fmt: skip


def test_events_are_taken_once_and_within_their_time(client: Any, private_stripe: Served) -> None:
    made, customer = meter(client), client.v1.customers.create({})
    first = report(client, customer, 5, identifier="a")
    assert (first.identifier, first.payload["value"]) == ("a", "5")
    assert refused(lambda: report(client, customer, 5, identifier="a")).user_message == (
        "An event already exists with identifier a."
    )
    now = first.created
    late = refused(lambda: report(client, customer, 1, timestamp=now - 36 * DAY))
    assert late.user_message.startswith("The event timestamp cannot be more than 35 days in past. Expected a timestamp")
    assert refused(lambda: report(client, customer, 1, timestamp=now + 3600)).param == "timestamp"
    assert refused(lambda: report(client, customer, "many")).param == "payload[value]"
    private_stripe.control("POST", "clock/advance", hours=25)
    report(client, customer, 7, identifier="a")
    start = now // DAY * DAY
    found = client.v1.billing.meters.event_summaries.list(
        made.id,
        {"customer": customer.id, "start_time": start, "end_time": start + 3 * DAY, "value_grouping_window": "day"},
    )
    assert [row.aggregated_value for row in found.data] == [7, 5]
    one = client.v1.billing.meters.event_summaries.list(
        made.id, {"customer": customer.id, "start_time": start, "end_time": start + 3 * DAY}
    )
    assert [row.aggregated_value for row in one.data] == [12]
    odd = {"customer": customer.id, "start_time": start + 1, "end_time": start + DAY}
    assert refused(client.v1.billing.meters.event_summaries.list, made.id, odd).param == "start_time"


def test_a_canceled_event_does_not_count(client: Any, private_stripe: Served) -> None:
    made, customer = meter(client), client.v1.customers.create({})
    sent = report(client, customer, 5, identifier="a")
    report(client, customer, 2)
    cancel = {"event_name": "api_requests", "type": "cancel", "cancel": {"identifier": "a"}}
    assert client.v1.billing.meter_event_adjustments.create(cancel).status == "pending"
    start = sent.created // DAY * DAY
    window = {"customer": customer.id, "start_time": start, "end_time": start + 2 * DAY}
    assert client.v1.billing.meters.event_summaries.list(made.id, window).data[0].aggregated_value == 2
    private_stripe.control("POST", "clock/advance", hours=25)
    assert "24 hours" in refused(client.v1.billing.meter_event_adjustments.create, cancel).user_message


def test_usage_is_billed_when_its_period_is_over(client: Any) -> None:
    clock, customer = clocked(client)
    price = metered(client, meter(client), unit_amount_decimal="0.5")
    made = subscribe(client, customer, price)
    assert (made.status, made.latest_invoice) == ("active", None)
    advance(client, clock, START + 5 * DAY)
    report(client, customer, 300)
    advance(client, clock, START + 31 * DAY + 60)
    draft = client.v1.invoices.list({"subscription": made.id}).data[0]
    assert (draft.status, draft.amount_due, draft.billing_reason) == ("draft", 150, "subscription_cycle")
    report(client, customer, 101, timestamp=START + 30 * DAY)
    report(client, customer, 7)
    advance(client, clock, START + 31 * DAY + 2 * 3600)
    paid = client.v1.invoices.retrieve(draft.id)
    line = paid.lines.data[0]
    assert (paid.status, paid.amount_paid) == ("paid", 201)
    assert (line.quantity, line.description) == (401, f"401 request {X} Requests (at $0.005 / month)")
    assert (line.period.start, line.period.end) == (START, START + 31 * DAY)
    assert client.v1.subscription_items.list({"subscription": made.id}).data[0].to_dict().get("quantity") is None


def test_tiers_have_lines_of_their_own(client: Any) -> None:
    clock, customer = clocked(client)
    price = metered(client, meter(client), billing_scheme="tiered", tiers_mode="graduated", tiers=TIERS)
    made = subscribe(client, customer, price)
    report(client, customer, 131)
    advance(client, clock, START + 31 * DAY + 2 * 3600)
    invoice = client.v1.invoices.list({"subscription": made.id}).data[0]
    assert [(line.description, line.quantity, line.amount) for line in invoice.lines.data] == [
        (f"100 request {X} Requests (Tier 1 at $0.00 / month)", 100, 0),
        ("Requests (Tier 1 at $9.00 / month)", 0, 900),
        (f"31 request {X} Requests (Tier 2 at $0.036 / month)", 31, 112),
    ]
    assert (invoice.total, invoice.status) == (1012, "paid")


def test_usage_of_what_is_removed_or_canceled_is_billed(client: Any) -> None:
    clock, customer = clocked(client)
    price, flat = metered(client, meter(client), unit_amount=10), plan(client)
    made = client.v1.subscriptions.create({"customer": customer.id, "items": [{"price": price.id}, {"price": flat.id}]})
    report(client, customer, 4)
    advance(client, clock, START + 3 * DAY)
    used = next(item for item in made["items"].data if item.price.id == price.id)
    client.v1.subscription_items.delete(used.id)
    waiting = client.v1.invoice_items.list({"customer": customer.id, "pending": True}).data
    assert [(item.amount, item.proration) for item in waiting] == [(40, False)]
    other = subscribe(client, customer, price)
    report(client, customer, 5)
    client.v1.subscriptions.update(other.id, {"cancel_at_period_end": True})
    advance(client, clock, START + 34 * DAY + 2 * 3600)
    assert client.v1.subscriptions.retrieve(other.id).status == "canceled"
    assert [invoice.total for invoice in client.v1.invoices.list({"subscription": other.id}).data] == [50]
    third = subscribe(client, customer, price)
    report(client, customer, 6)
    client.v1.subscriptions.cancel(third.id, {"invoice_now": True})
    assert [invoice.total for invoice in client.v1.invoices.list({"subscription": third.id}).data] == [60]


def test_usage_at_a_new_price_counts_from_then_on(client: Any) -> None:
    clock, customer = clocked(client)
    counter = meter(client)
    made = subscribe(client, customer, metered(client, counter, unit_amount=10))
    report(client, customer, 2)
    advance(client, clock, START + 10 * DAY)
    item = made["items"].data[0]
    client.v1.subscription_items.update(item.id, {"price": metered(client, counter, unit_amount=20).id})
    report(client, customer, 3)
    advance(client, clock, START + 31 * DAY + 2 * 3600)
    invoice = client.v1.invoices.list({"subscription": made.id}).data[0]
    assert sorted(line.amount for line in invoice.lines.data) == [20, 60]


def test_a_trial_bills_no_usage(client: Any) -> None:
    clock, customer = clocked(client)
    made = subscribe(client, customer, metered(client, meter(client), unit_amount=10), trial_period_days=7)
    report(client, customer, 4)
    advance(client, clock, START + 8 * DAY)
    assert client.v1.subscriptions.retrieve(made.id).status == "active"
    report(client, customer, 1)
    advance(client, clock, START + 40 * DAY)
    assert [invoice.total for invoice in client.v1.invoices.list({"subscription": made.id}).data] == [10]


def test_a_preview_shows_usage_so_far(client: Any) -> None:
    _, customer = clocked(client)
    made = subscribe(client, customer, metered(client, meter(client), unit_amount=10))
    report(client, customer, 4)
    assert client.v1.invoices.create_preview({"subscription": made.id}).total == 40


def test_metered_prices_need_a_meter(client: Any) -> None:
    product = client.v1.products.create({"name": "x"})
    recurring = {"interval": "month", "usage_type": "metered"}
    params = {"product": product.id, "currency": "usd", "unit_amount": 1, "recurring": recurring}
    assert refused(client.v1.prices.create, params).user_message == (
        "Starting with Stripe version `2025-03-31.basil`, metered prices must be backed by meters."
    )
    params["recurring"] = {**recurring, "meter": "mtr_x"}
    assert refused(client.v1.prices.create, params).param == "recurring[meter]"


def test_an_alert_is_sent_once(client: Any) -> None:
    made, customer = meter(client), client.v1.customers.create({})
    rule = {"meter": made.id, "gte": 10, "recurrence": "one_time"}
    alert = client.v1.billing.alerts.create({"alert_type": "usage_threshold", "title": "Ten", "usage_threshold": rule})
    for value in (6, 6, 6):
        report(client, customer, value)
    assert events(client, "billing.alert") == ["billing.alert.triggered"]
    found = client.v1.events.list({"type": "billing.alert.triggered"}).data[0].data.object
    assert (found["alert"]["id"], found["customer"], found["value"]) == (alert.id, customer.id, 12)
    assert client.v1.billing.alerts.archive(alert.id).status == "archived"


@pytest.mark.parametrize(
    ("formula", "rows", "total"),
    [
        ("sum", [(1, "2"), (2, "0.5")], "2.5"),
        ("count", [(1, "9"), (1, "9")], "2"),
        ("last", [(5, "1"), (3, "7"), (5, "2")], "2"),
        ("last", [], "0"),
    ],
)
def test_aggregation(formula: str, rows: list[tuple[int, str]], total: str) -> None:
    assert usage.aggregated(formula, [(at, Decimal(value)) for at, value in rows]) == Decimal(total)


VOLUME = [{"up_to": 5, "unit_amount": 700}, {"up_to": 10, "unit_amount": 650}, {"up_to": None, "unit_amount": 600}]
PACKAGE = {"divide_by": 1000, "round": "up"}


@pytest.mark.parametrize(
    ("price", "tiers", "quantity", "total"),
    [
        ({"billing_scheme": "tiered", "tiers_mode": "volume"}, VOLUME, 5, 3500),
        ({"billing_scheme": "tiered", "tiers_mode": "volume"}, VOLUME, 6, 3900),
        ({"billing_scheme": "tiered", "tiers_mode": "volume"}, VOLUME, 25, 15000),
        ({"billing_scheme": "tiered", "tiers_mode": "graduated"}, VOLUME, 6, 4150),
        ({"billing_scheme": "tiered", "tiers_mode": "graduated"}, VOLUME, 25, 15750),
        ({"unit_amount": 10, "transform_quantity": PACKAGE}, (), 1, 10),
        ({"unit_amount": 10, "transform_quantity": PACKAGE}, (), 1001, 20),
        ({"unit_amount": 10, "transform_quantity": {**PACKAGE, "round": "down"}}, (), 1999, 10),
        ({"unit_amount_decimal": "0.4"}, (), Decimal("2.5"), 1),
    ],
)
def test_what_a_quantity_costs(price: dict[str, Any], tiers: Any, quantity: Any, total: int) -> None:
    """The examples of https://docs.stripe.com/subscriptions/pricing-models/tiered-pricing."""
    assert pricing.amount(price, quantity, tiers) == total
