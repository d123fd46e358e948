"""The Stripe twin's subscriptions through stripe-python: payment, trials, prorations, renewals on clocks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serving import Served
from tests.twins.stripe_billing import DAY, START, advance, events, payer, plan, refused, subscribe

stripe = pytest.importorskip("stripe")


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


def test_a_subscription_is_paid_when_it_is_made(client: Any) -> None:
    customer = payer(client)
    made = subscribe(client, customer, plan(client))
    invoice = made.latest_invoice
    assert (made.status, invoice.status, invoice.billing_reason) == ("active", "paid", "subscription_create")
    assert invoice.lines.data[0].description == "1 \N{MULTIPLICATION SIGN} Gold (at $25.00 / month)"
    assert made["items"].data[0].current_period_start == made.created
    assert events(client, "customer.subscription") == ["customer.subscription.created"]


def test_a_subscription_without_a_payment_method(client: Any) -> None:
    customer, price = client.v1.customers.create({}), plan(client)
    error = refused(subscribe, client, customer, price)
    assert (error.code, error.param) == ("resource_missing", None)
    assert error.user_message.startswith("This customer has no attached payment source or default payment method.")
    assert client.v1.subscriptions.list({"status": "all"}).data == []


def test_a_subscription_that_is_paid_later(client: Any, private_stripe: Served) -> None:
    customer = client.v1.customers.create({})
    settings = {"save_default_payment_method": "on_subscription"}
    made = subscribe(
        client, customer, plan(client), payment_behavior="default_incomplete", payment_settings=settings,
        expand=["latest_invoice.confirmation_secret"],
    )  # fmt: skip
    assert (made.status, made.latest_invoice.status) == ("incomplete", "open")
    intent = made.latest_invoice.confirmation_secret.client_secret.partition("_secret_")[0]
    done = client.v1.payment_intents.confirm(
        intent, {"payment_method": "pm_card_visa", "return_url": "https://example.com"}
    )
    assert done.status == "succeeded"
    now = client.v1.subscriptions.retrieve(made.id)
    assert (now.status, now.default_payment_method) == ("active", done.payment_method)
    assert events(client, "customer.subscription") == [
        "customer.subscription.created", "customer.subscription.updated",
    ]  # fmt: skip
    never = subscribe(client, client.v1.customers.create({}), plan(client), payment_behavior="default_incomplete")
    private_stripe.control("POST", "clock/advance", hours=23)
    assert client.v1.subscriptions.retrieve(never.id).status == "incomplete_expired"
    assert client.v1.invoices.retrieve(never.latest_invoice.id).status == "void"


def test_a_first_payment_that_needs_the_customer(client: Any) -> None:
    customer, price = payer(client, "threeDSecure2Required"), plan(client)
    made = subscribe(client, customer, price)
    assert (made.status, made.latest_invoice.status) == ("incomplete", "open")
    assert (made.latest_invoice.attempted, made.latest_invoice.attempt_count) == (True, 0)
    error = refused(
        client.v1.subscriptions.create,
        {"customer": customer.id, "items": [{"price": price.id}], "payment_behavior": "error_if_incomplete"},
    )
    assert (error.http_status, error.code) == (402, "subscription_payment_intent_requires_action")
    assert len(client.v1.subscriptions.list({"status": "all"}).data) == 1


BAD = [
    ({"items": []}, "items", "parameter_missing", "Missing required param: items."),
    ({"items": [{"price": "price_x"}]}, "items[0][price]", "resource_missing", "No such price: 'price_x'"),
    ({"customer": "cus_x"}, "customer", "resource_missing", "No such customer: 'cus_x'"),
    (
        {"payment_behavior": "pending_if_incomplete"},
        "payment_behavior",
        None,
        "Setting `payment_behavior` to `pending_if_incomplete` has no effect when creating a subscription.",
    ),
    ({"days_until_due": 3}, None, None, "You can only specify 'due_date' or 'days_until_due' if"),
    ({"trial_end": 1000}, "trial_end", None, "Invalid timestamp"),
]


@pytest.mark.parametrize(("more", "param", "code", "text"), BAD)
def test_what_a_new_subscription_refuses(
    client: Any, more: dict[str, Any], param: str | None, code: str | None, text: str
) -> None:
    params = {"customer": payer(client).id, "items": [{"price": plan(client).id}], **more}
    error = refused(client.v1.subscriptions.create, params)
    assert (error.param, error.code, error.user_message.startswith(text)) == (param, code, True)


def test_the_same_price_twice(client: Any) -> None:
    price = plan(client)
    twice = [{"price": price.id}, {"price": price.id}]
    error = refused(client.v1.subscriptions.create, {"customer": payer(client).id, "items": twice})
    assert error.user_message.startswith("Cannot create a Subscription with multiple Subscription Items")


def test_canceling(client: Any) -> None:
    made = subscribe(client, payer(client), plan(client))
    later = client.v1.subscriptions.update(made.id, {"cancel_at_period_end": True})
    end = made["items"].data[0].current_period_end
    assert (later.status, later.cancel_at, later.cancel_at_period_end) == ("active", end, True)
    again = client.v1.subscriptions.update(made.id, {"cancel_at_period_end": False})
    assert (again.cancel_at, again.canceled_at) == (None, None)
    gone = client.v1.subscriptions.cancel(made.id, {"cancellation_details": {"feedback": "too_complex"}})
    assert (gone.status, gone.canceled_at == gone.ended_at) == ("canceled", True)
    assert gone.cancellation_details.to_dict() == {
        "comment": None, "feedback": "too_complex", "feedback_option": None, "reason": "cancellation_requested",
    }  # fmt: skip
    assert refused(client.v1.subscriptions.cancel, made.id).http_status == 404
    error = refused(client.v1.subscriptions.update, made.id, {"description": "x"})
    assert error.code == "invalid_canceled_subscription_fields"
    assert client.v1.subscriptions.update(made.id, {"metadata": {"a": "b"}}).metadata.to_dict() == {"a": "b"}
    assert client.v1.subscriptions.list().data == []
    assert [row.id for row in client.v1.subscriptions.list({"status": "canceled"}).data] == [made.id]


def clocked(client: Any, card: str = "visa") -> tuple[Any, Any]:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": START, "name": "year"})
    return clock, payer(client, card, test_clock=clock.id)


def test_renewals_on_a_test_clock(client: Any) -> None:
    clock, customer = clocked(client)
    made = subscribe(client, customer, plan(client))
    assert made.created == START
    end = made["items"].data[0].current_period_end
    advance(client, clock, end)
    draft = client.v1.invoices.retrieve(client.v1.subscriptions.retrieve(made.id).latest_invoice)
    assert (draft.status, draft.billing_reason, draft.auto_advance) == ("draft", "subscription_cycle", True)
    assert (draft.created, draft.automatically_finalizes_at) == (end, end + 3601)
    advance(client, clock, end + 3600)
    paid = client.v1.invoices.retrieve(draft.id)
    assert (paid.status, paid.number, paid.amount_paid) == ("paid", f"{customer.invoice_prefix}-0002", 2500)
    row = client.v1.subscriptions.retrieve(made.id)["items"].data[0]
    assert (row.current_period_start, paid.lines.data[0].period.start) == (end, end)
    advance(client, clock, START + 365 * DAY)
    assert len(client.v1.invoices.list({"subscription": made.id, "limit": 100}).data) == 13
    assert client.v1.subscriptions.update(made.id, {"cancel_at_period_end": True}).status == "active"
    advance(client, clock, START + 400 * DAY)
    gone = client.v1.subscriptions.retrieve(made.id)
    assert (gone.status, gone.ended_at == gone.cancel_at) == ("canceled", True)
    assert events(client, "test_helpers")[-2:] == ["test_helpers.test_clock.advancing", "test_helpers.test_clock.ready"]


def test_renewals_that_fail(client: Any) -> None:
    clock, customer = clocked(client)
    made = subscribe(client, customer, plan(client))
    method = client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id})
    client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})
    end = made["items"].data[0].current_period_end
    advance(client, clock, end + 2 * 3600)
    now = client.v1.subscriptions.retrieve(made.id, {"expand": ["latest_invoice"]})
    assert (now.status, now.latest_invoice.status, now.latest_invoice.attempt_count) == ("past_due", "open", 1)
    assert now.latest_invoice.next_payment_attempt == end + 3600 + 3 * DAY
    client.v1.customers.update(
        customer.id,
        {"invoice_settings": {"default_payment_method": client.v1.payment_methods.attach(
            "pm_card_visa", {"customer": customer.id}).id}},
    )  # fmt: skip
    advance(client, clock, end + 4 * DAY)
    now = client.v1.subscriptions.retrieve(made.id, {"expand": ["latest_invoice"]})
    assert (now.status, now.latest_invoice.status, now.latest_invoice.attempt_count) == ("active", "paid", 2)


def test_renewals_that_fail_for_good(client: Any) -> None:
    clock, customer = clocked(client)
    made = subscribe(client, customer, plan(client))
    method = client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id})
    client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})
    advance(client, clock, made["items"].data[0].current_period_end + 20 * DAY)
    now = client.v1.subscriptions.retrieve(made.id)
    assert (now.status, now.cancellation_details.reason) == ("canceled", "payment_failed")
    assert events(client, "invoice.payment_failed") == ["invoice.payment_failed"] * 4


def test_a_trial(client: Any) -> None:
    clock, customer = clocked(client)
    made = subscribe(client, customer, plan(client), trial_period_days=14)
    invoice = made.latest_invoice
    assert (made.status, made.trial_end, invoice.status) == ("trialing", START + 14 * DAY, "paid")
    assert (invoice.total, invoice.attempted, invoice.attempt_count) == (0, True, 0)
    assert invoice.lines.data[0].description == "Free trial for 1 \N{MULTIPLICATION SIGN} Gold"
    advance(client, clock, START + 11 * DAY)
    assert events(client, "customer.subscription.trial") == ["customer.subscription.trial_will_end"]
    advance(client, clock, START + 14 * DAY + 3600)
    now = client.v1.subscriptions.retrieve(made.id, {"expand": ["latest_invoice"]})
    assert (now.status, now.latest_invoice.amount_paid) == ("active", 2500)
    short = subscribe(client, customer, plan(client), trial_period_days=14)
    over = client.v1.subscriptions.update(short.id, {"trial_end": "now", "expand": ["latest_invoice"]})
    assert (over.status, over.latest_invoice.status, over.latest_invoice.total) == ("active", "paid", 2500)


@pytest.mark.parametrize(("behavior", "status"), [("cancel", "canceled"), ("pause", "paused")])
def test_a_trial_that_ends_without_a_payment_method(client: Any, behavior: str, status: str) -> None:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": START})
    customer = client.v1.customers.create({"test_clock": clock.id})
    settings = {"end_behavior": {"missing_payment_method": behavior}}
    made = subscribe(client, customer, plan(client), trial_period_days=7, trial_settings=settings)
    assert client.v1.setup_intents.retrieve(made.pending_setup_intent).customer == customer.id
    advance(client, clock, START + 8 * DAY)
    assert client.v1.subscriptions.retrieve(made.id).status == status
    if status == "paused":
        method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
        client.v1.subscriptions.update(made.id, {"default_payment_method": method.id})
        assert client.v1.subscriptions.resume(made.id).status == "active"
    else:
        assert "only resume" in refused(client.v1.subscriptions.resume, made.id).user_message


def test_prorations_wait_for_the_next_invoice(client: Any) -> None:
    clock, customer = clocked(client)
    made = subscribe(client, customer, plan(client, 3000))
    item = made["items"].data[0]
    period = item.current_period_end - item.current_period_start
    advance(client, clock, START + period // 3 * 2)
    client.v1.subscriptions.update(made.id, {"items": [{"id": item.id, "quantity": 3}]})
    given, taken = client.v1.invoice_items.list({"customer": customer.id}).data[::-1]
    assert (given.amount, taken.amount, given.quantity, taken.quantity) == (-1000, 3000, 1, 3)
    assert given.description.startswith("Unused time on Gold after ")
    assert taken.description.startswith("Remaining time on 3 \N{MULTIPLICATION SIGN} Gold after ")
    assert (given.proration, given.discountable, given.frozen_fields) == (
        True,
        False,
        ["pricing", "quantity", "discounts"],
    )
    credited = given.proration_details.credited_items.invoice_line_item_details
    assert (credited.invoice, taken.proration_details.credited_items) == (made.latest_invoice.id, None)
    advance(client, clock, item.current_period_end + 3600)
    renewed = client.v1.invoices.list({"subscription": made.id}).data[0]
    assert (renewed.total, renewed.status, len(renewed.lines.data)) == (-1000 + 3000 + 9000, "paid", 3)


def test_prorations_at_once_and_never(client: Any) -> None:
    clock, customer = clocked(client)
    cheap, dear = plan(client, 1000), plan(client, 4000)
    made = subscribe(client, customer, cheap)
    item = made["items"].data[0]
    advance(client, clock, (item.current_period_start + item.current_period_end) // 2)
    swap = {"items": [{"id": item.id, "price": dear.id}], "expand": ["latest_invoice"]}
    now = client.v1.subscriptions.update(made.id, {**swap, "proration_behavior": "always_invoice"})
    invoice = now.latest_invoice
    assert (invoice.billing_reason, invoice.status, invoice.total) == ("subscription_update", "paid", 1500)
    assert [row.amount for row in invoice.lines.data] == [-500, 2000]
    assert invoice.lines.data[0].parent.subscription_item_details.proration is True
    swap["items"][0]["price"] = cheap.id
    client.v1.subscriptions.update(made.id, {**swap, "proration_behavior": "none"})
    assert client.v1.invoice_items.list({"customer": customer.id, "pending": True}).data == []


def test_another_interval_is_billed_at_once(client: Any) -> None:
    _, customer = clocked(client)
    made = subscribe(client, customer, plan(client, 2500))
    yearly = plan(client, 25_000, "year")
    swap = [{"id": made["items"].data[0].id, "price": yearly.id}]
    now = client.v1.subscriptions.update(made.id, {"items": swap, "expand": ["latest_invoice"]})
    assert (now.latest_invoice.total, now.latest_invoice.status) == (22_500, "paid")
    row = now["items"].data[0]
    assert (row.plan.interval, row.current_period_end - row.current_period_start) == ("year", 365 * DAY)


def test_items_by_themselves(client: Any) -> None:
    made = subscribe(client, payer(client), plan(client))
    added = client.v1.subscription_items.create({"subscription": made.id, "price": plan(client, 500).id, "quantity": 2})
    assert added.current_period_end == made["items"].data[0].current_period_end
    assert client.v1.subscriptions.retrieve(made.id)["items"].total_count == 2
    assert client.v1.subscription_items.update(added.id, {"quantity": 5}).quantity == 5
    assert client.v1.subscription_items.delete(added.id).deleted
    assert refused(client.v1.subscription_items.retrieve, added.id).user_message == (
        f"Invalid subscription_item id: {added.id}"
    )
    last = refused(client.v1.subscription_items.delete, made["items"].data[0].id)
    assert last.user_message.startswith("A subscription must have at least one active plan.")


def test_coupons_of_subscriptions(client: Any) -> None:
    clock, customer = clocked(client)
    once = client.v1.coupons.create({"percent_off": 50, "duration": "once"})
    months = client.v1.coupons.create(
        {"amount_off": 500, "currency": "usd", "duration": "repeating", "duration_in_months": 2}
    )
    first = subscribe(client, customer, plan(client), discounts=[{"coupon": once.id}])
    assert (first.latest_invoice.total, client.v1.subscriptions.retrieve(first.id).discounts) == (1250, [])
    second = subscribe(client, customer, plan(client), discounts=[{"coupon": months.id}])
    advance(client, clock, START + 95 * DAY)
    totals = [invoice.total for invoice in client.v1.invoices.list({"subscription": second.id, "limit": 10}).data]
    assert totals == [2500, 2500, 2000, 2000]


def test_paused_collection(client: Any) -> None:
    clock, customer = clocked(client)
    made = subscribe(client, customer, plan(client))
    paused = client.v1.subscriptions.update(made.id, {"pause_collection": {"behavior": "void"}})
    assert (paused.status, paused.pause_collection.behavior) == ("active", "void")
    advance(client, clock, START + 32 * DAY)
    assert client.v1.invoices.list({"subscription": made.id}).data[0].status == "void"
    assert client.v1.subscriptions.update(made.id, {"pause_collection": ""}).pause_collection is None


def test_the_instance_clock_renews_too(client: Any, private_stripe: Served) -> None:
    made = subscribe(client, payer(client), plan(client))
    private_stripe.control("POST", "clock/advance", days=32)
    assert len(client.v1.invoices.list({"subscription": made.id}).data) == 2
    assert client.v1.subscriptions.retrieve(made.id, {"expand": ["latest_invoice"]}).latest_invoice.status == "paid"


def test_a_deleted_clock_takes_its_customers_along(client: Any) -> None:
    clock, customer = clocked(client)
    subscribe(client, customer, plan(client))
    assert client.v1.test_helpers.test_clocks.delete(clock.id).deleted
    assert client.v1.subscriptions.list({"status": "all"}).data == []
    assert refused(client.v1.test_helpers.test_clocks.advance, clock.id, {"frozen_time": START + 1}).http_status == 404
