"""Changes of the Stripe twin's subscriptions through stripe-python: payment first, anchors, pauses, codes, taxes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.serving import Served
from tests.twins.stripe_billing import DAY, START, advance, events, payer, plan, refused, subscribe
from twins.stripe.billing import periods

stripe = pytest.importorskip("stripe")


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


@pytest.fixture
def clock(client: Any) -> Any:
    return client.v1.test_helpers.test_clocks.create({"frozen_time": START})


def broke(client: Any, clock: Any) -> tuple[Any, Any]:
    """A subscription whose customer's card is refused from now on, and a dearer price."""
    customer = payer(client, test_clock=clock.id)
    made = subscribe(client, customer, plan(client, 1000))
    bad = client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id})
    client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": bad.id}})
    return made, plan(client, 9000)


def dearer(made: Any, price: Any, behavior: str, **more: Any) -> dict[str, Any]:
    items = [{"id": made["items"].data[0].id, "price": price.id}]
    return {"items": items, "payment_behavior": behavior, "proration_behavior": "always_invoice", **more}


def test_a_change_that_waits_for_its_payment(client: Any, clock: Any) -> None:
    made, price = broke(client, clock)
    before = len(events(client, "customer.subscription.updated"))
    changed = client.v1.subscriptions.update(made.id, dearer(made, price, "pending_if_incomplete"))
    assert (changed.status, changed["items"].data[0].price.unit_amount) == ("active", 1000)
    waits = changed.pending_update
    assert (waits.subscription_items[0].price.id, waits.expires_at) == (price.id, START + 23 * 3600)
    invoice = client.v1.invoices.retrieve(changed.latest_invoice)
    assert (invoice.status, invoice.total) == ("open", 8000)
    assert len(events(client, "customer.subscription.updated")) == before + 1
    client.v1.invoices.pay(invoice.id, {"payment_method": "pm_card_visa"})
    after = client.v1.subscriptions.retrieve(made.id)
    assert (after["items"].data[0].price.id, after.pending_update, after.status) == (price.id, None, "active")
    assert events(client, "customer.subscription.pending") == ["customer.subscription.pending_update_applied"]


def test_a_change_that_nobody_pays_is_forgotten(client: Any, clock: Any) -> None:
    made, price = broke(client, clock)
    changed = client.v1.subscriptions.update(made.id, dearer(made, price, "pending_if_incomplete"))
    advance(client, clock, START + DAY)
    after = client.v1.subscriptions.retrieve(made.id)
    assert (after.pending_update, after["items"].data[0].price.unit_amount, after.status) == (None, 1000, "active")
    assert client.v1.invoices.retrieve(changed.latest_invoice).status == "void"
    assert events(client, "customer.subscription.pending") == ["customer.subscription.pending_update_expired"]
    again = client.v1.subscriptions.update(made.id, dearer(made, price, "pending_if_incomplete"))
    client.v1.invoices.void_invoice(again.latest_invoice)
    assert client.v1.subscriptions.retrieve(made.id).pending_update is None


def test_a_change_that_can_be_paid_does_not_wait(client: Any, clock: Any) -> None:
    customer = payer(client, test_clock=clock.id)
    made, price = subscribe(client, customer, plan(client, 1000)), plan(client, 9000)
    changed = client.v1.subscriptions.update(made.id, dearer(made, price, "pending_if_incomplete"))
    assert (changed["items"].data[0].price.id, changed.pending_update) == (price.id, None)
    error = refused(
        client.v1.subscriptions.update, made.id, dearer(made, price, "pending_if_incomplete", metadata={"a": "b"})
    )
    assert error.user_message.startswith(
        "When `payment_behavior` is set to `pending_if_incomplete`, you can only pass supported params. "
        "`metadata` is not"
    )


def test_a_change_that_has_to_be_paid(client: Any, clock: Any) -> None:
    made, price = broke(client, clock)
    error = refused(client.v1.subscriptions.update, made.id, dearer(made, price, "error_if_incomplete"))
    assert (error.http_status, error.code) == (402, "card_declined")
    assert client.v1.subscriptions.retrieve(made.id)["items"].data[0].price.unit_amount == 1000
    later = client.v1.subscriptions.update(made.id, dearer(made, price, "default_incomplete"))
    assert (later.status, later["items"].data[0].price.id) == ("past_due", price.id)
    invoice = client.v1.invoices.retrieve(later.latest_invoice)
    assert (invoice.status, invoice.attempt_count) == ("open", 0)
    client.v1.invoices.pay(invoice.id, {"payment_method": "pm_card_visa"})
    assert client.v1.subscriptions.retrieve(made.id).status == "active"


def test_a_first_period_that_is_cut_short(client: Any, clock: Any) -> None:
    customer, price = payer(client, test_clock=clock.id), plan(client, 3100)
    made = subscribe(client, customer, price, billing_cycle_anchor=START + 10 * DAY)
    assert (made.latest_invoice.total, made["items"].data[0].current_period_end) == (1000, START + 10 * DAY)
    free = subscribe(client, customer, price, billing_cycle_anchor=START + 10 * DAY, proration_behavior="none")
    assert (free.latest_invoice, free.status) == (None, "active")
    advance(client, clock, START + 10 * DAY + 2 * 3600)
    for one in (made, free):
        now = client.v1.subscriptions.retrieve(one.id, {"expand": ["latest_invoice"]})
        assert (now.latest_invoice.total, now.latest_invoice.status) == (3100, "paid")
    late = {"customer": customer.id, "items": [{"price": price.id}], "billing_cycle_anchor": START + 90 * DAY}
    assert refused(client.v1.subscriptions.create, late).user_message.startswith(
        "billing_cycle_anchor cannot be later than next natural billing date ("
    )


def test_an_anchor_on_a_day_of_the_month(client: Any, clock: Any) -> None:
    customer = payer(client, test_clock=clock.id)
    made = subscribe(client, customer, plan(client), billing_cycle_anchor_config={"day_of_month": 31})
    end = datetime.fromtimestamp(made["items"].data[0].current_period_end, UTC)
    assert (end.month, end.day, end.hour) == (1, 31, 8)
    assert (made.billing_cycle_anchor_config.day_of_month, made.billing_cycle_anchor_config.hour) == (31, None)
    advance(client, clock, int(end.timestamp()) + 60)
    following = client.v1.subscriptions.retrieve(made.id)["items"].data[0].current_period_end
    assert datetime.fromtimestamp(following, UTC).day == 28


@pytest.mark.parametrize("behavior", ["void", "mark_uncollectible", "keep_as_draft"])
def test_a_pause_ends_by_itself(client: Any, clock: Any, behavior: str) -> None:
    customer = payer(client, test_clock=clock.id)
    made = subscribe(client, customer, plan(client))
    pause = {"behavior": behavior, "resumes_at": START + 40 * DAY}
    paused = client.v1.subscriptions.update(made.id, {"pause_collection": pause})
    assert (paused.status, paused.pause_collection.resumes_at) == ("active", START + 40 * DAY)
    advance(client, clock, START + 32 * DAY)
    wanted = {"void": "void", "mark_uncollectible": "uncollectible", "keep_as_draft": "draft"}
    assert client.v1.invoices.list({"subscription": made.id}).data[0].status == wanted[behavior]
    advance(client, clock, START + 41 * DAY)
    assert client.v1.subscriptions.retrieve(made.id).pause_collection is None
    advance(client, clock, START + 61 * DAY)
    assert client.v1.invoices.list({"subscription": made.id}).data[0].status == "paid"
    past = {"pause_collection": {"behavior": "void", "resumes_at": START}}
    assert refused(client.v1.subscriptions.update, made.id, past).param == "pause_collection[resumes_at]"


def test_months_and_years_on_one_subscription(client: Any, clock: Any) -> None:
    customer = payer(client, test_clock=clock.id)
    month, year = plan(client, 1000), plan(client, 9000, "year")
    made = client.v1.subscriptions.create({"customer": customer.id, "items": [{"price": month.id}, {"price": year.id}]})
    advance(client, clock, START + 62 * DAY)
    totals = [invoice.total for invoice in client.v1.invoices.list({"subscription": made.id}).data]
    assert totals == [1000, 1000, 10_000]


def test_a_coupon_for_some_months(client: Any, clock: Any) -> None:
    coupon = client.v1.coupons.create({"percent_off": 50, "duration": "repeating", "duration_in_months": 2})
    customer = payer(client, test_clock=clock.id)
    made = subscribe(client, customer, plan(client, 1000), discounts=[{"coupon": coupon.id}])
    advance(client, clock, START + 95 * DAY)
    totals = [invoice.total for invoice in client.v1.invoices.list({"subscription": made.id}).data]
    assert totals == [1000, 1000, 500, 500]


def test_codes_with_restrictions(client: Any, clock: Any) -> None:
    coupon = client.v1.coupons.create({"percent_off": 50, "duration": "once"})
    buyer, fresh = payer(client), payer(client)
    price = plan(client, 1000)
    subscribe(client, buyer, price)

    def code(**more: Any) -> Any:
        return client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, **more})

    first = code(restrictions={"first_time_transaction": True})
    error = refused(lambda: subscribe(client, buyer, price, discounts=[{"promotion_code": first.id}]))
    assert (error.user_message, error.param) == (
        "This promotion code cannot be redeemed because the associated customer has prior transactions.",
        "discounts[0][promotion_code]",
    )
    assert subscribe(client, fresh, price, discounts=[{"promotion_code": first.id}]).latest_invoice.total == 500
    least = code(restrictions={"minimum_amount": 5000, "minimum_amount_currency": "usd"})
    error = refused(lambda: subscribe(client, fresh, price, discounts=[{"promotion_code": least.id}]))
    assert "minimum amount requirement" in error.user_message
    own = code(customer=fresh.id, max_redemptions=1)
    assert refused(lambda: subscribe(client, buyer, price, discounts=[{"promotion_code": own.id}])).http_status == 400
    subscribe(client, fresh, price, discounts=[{"promotion_code": own.id}])
    assert client.v1.promotion_codes.retrieve(own.id).active is False


@pytest.mark.parametrize(
    ("start", "config", "found"),
    [
        ("2027-01-15T08:00:00", {"day_of_month": 20}, "2027-01-20T08:00:00"),
        ("2027-01-15T08:00:00", {"day_of_month": 15}, "2027-02-15T08:00:00"),
        ("2027-01-15T08:00:00", {"day_of_month": 15, "hour": 9, "minute": 0, "second": 0}, "2027-01-15T09:00:00"),
        ("2027-02-01T00:00:00", {"day_of_month": 31}, "2027-02-28T00:00:00"),
        ("2027-06-01T00:00:00", {"day_of_month": 1, "month": 4}, "2028-04-01T00:00:00"),
    ],
)
def test_configured_anchors(start: str, config: dict[str, int], found: str) -> None:
    def at(text: str) -> int:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())

    assert periods.configured(at(start), config) == at(found)
