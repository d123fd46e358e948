"""Previews of invoices through stripe-python: each is held against the invoice that the service then makes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serving import Served
from tests.twins.stripe_billing import DAY, START, events, payer, plan, refused, subscribe

stripe = pytest.importorskip("stripe")
SAME = (
    "amount_due", "subtotal", "total", "currency", "customer", "period_start", "period_end", "collection_method",
    "starting_balance", "created",
)  # fmt: skip


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


def clocked(client: Any) -> tuple[Any, Any]:
    """(a test clock, a customer who lives by it and pays)."""
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": START})
    return clock, payer(client, test_clock=clock.id)


def lines(invoice: Any) -> list[tuple[Any, ...]]:
    found = [
        (row.amount, row.description, row.period.start, row.period.end, row.quantity) for row in invoice.lines.data
    ]
    return sorted(found)


def shown(invoice: Any) -> dict[str, Any]:
    return {name: invoice[name] for name in SAME}


def latest(client: Any, subscription: Any) -> Any:
    return client.v1.subscriptions.retrieve(subscription.id, {"expand": ["latest_invoice"]}).latest_invoice


def test_the_next_period_is_billed_as_it_was_previewed(client: Any) -> None:
    clock, customer = clocked(client)
    made = subscribe(client, customer, plan(client), discounts=[{"coupon": client.v1.coupons.create(
        {"percent_off": 10, "duration": "forever"}).id}])  # fmt: skip
    client.v1.invoice_items.create({"customer": customer.id, "amount": 700, "currency": "usd", "description": "Extra"})
    client.v1.customers.balance_transactions.create(customer.id, {"amount": -300, "currency": "usd"})
    before = events(client, "")
    preview = client.v1.invoices.create_preview({"subscription": made.id})
    assert events(client, "") == before
    assert preview.id.startswith("upcoming_in_1")
    assert (preview.status, preview.billing_reason, preview.number) == ("draft", "upcoming", None)
    assert (preview.total, preview.amount_due) == (2880, 2580)
    assert preview.parent.subscription_details.subscription == made.id
    assert [row.id[:7] for row in preview.lines.data] == ["il_tmp_"] * 2
    assert client.v1.invoices.list({"customer": customer.id}).data == [
        client.v1.invoices.retrieve(made.latest_invoice.id)
    ]
    assert client.v1.invoice_items.list({"pending": True}).data[0].invoice is None
    assert client.v1.subscriptions.retrieve(made.id).latest_invoice == made.latest_invoice.id
    end = made["items"].data[0].current_period_end
    client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": end + 2 * 3600})
    real = latest(client, made)
    assert (real.status, shown(real), lines(real)) == ("paid", shown(preview), lines(preview))


def test_a_preview_can_be_retrieved_for_three_days(client: Any, private_stripe: Served) -> None:
    made = subscribe(client, payer(client), plan(client))
    preview = client.v1.invoices.create_preview({"subscription": made.id})
    assert client.v1.invoices.retrieve(preview.id) == preview
    assert client.v1.invoices.line_items.list(preview.id).data == preview.lines.data
    again = client.v1.invoices.create_preview({"subscription": made.id})
    assert again.id != preview.id and lines(again) == lines(preview)
    private_stripe.control("POST", "clock/advance", hours=73)
    assert refused(client.v1.invoices.retrieve, preview.id).code == "resource_missing"


@pytest.mark.parametrize("behavior", ["create_prorations", "always_invoice", "none"])
def test_a_change_is_billed_as_it_was_previewed(client: Any, behavior: str) -> None:
    clock, customer = clocked(client)
    made = subscribe(client, customer, plan(client))
    item, dear = made["items"].data[0], plan(client, 9000)
    client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": START + 10 * DAY})
    wanted = {"items": [{"id": item.id, "price": dear.id}], "proration_behavior": behavior}
    date = {"proration_date": START + 9 * DAY}
    preview = client.v1.invoices.create_preview({"subscription": made.id, "subscription_details": {**wanted, **date}})
    assert client.v1.subscription_items.retrieve(item.id).price.id == item.price.id
    client.v1.subscriptions.update(made.id, {**wanted, **date})
    if behavior != "always_invoice":
        client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": item.current_period_end + 2 * 3600})
    real = latest(client, made)
    assert (shown(real), lines(real)) == (shown(preview), lines(preview))
    prorated = [row for row in preview.lines.data if row.parent.subscription_item_details.proration]
    assert len(prorated) == (0 if behavior == "none" else 2)
    assert len(preview.lines.data) == {"create_prorations": 3, "always_invoice": 2, "none": 1}[behavior]


def test_only_what_recurs(client: Any) -> None:
    made = subscribe(client, payer(client), plan(client))
    client.v1.invoice_items.create({"customer": made.customer, "amount": 700, "currency": "usd"})
    details = {"items": [{"id": made["items"].data[0].id, "quantity": 3}]}
    params = {"subscription": made.id, "subscription_details": details, "preview_mode": "recurring"}
    preview = client.v1.invoices.create_preview(params)
    assert ([row.amount for row in preview.lines.data], preview.total) == ([7500], 7500)


def test_a_subscription_that_is_not_there_yet(client: Any) -> None:
    price = plan(client)
    details = {"items": [{"price": price.id, "quantity": 2}]}
    params = {"customer": payer(client).id, "subscription_details": details}
    preview = client.v1.invoices.create_preview(params)
    assert (preview.status, preview.amount_due) == ("draft", 5000)
    assert client.v1.subscriptions.list({"status": "all"}).data == []
    nobody = client.v1.invoices.create_preview({"subscription_details": details, "currency": "usd"})
    assert nobody.total == 5000
    made = client.v1.subscriptions.create({"customer": params["customer"], **details})
    assert lines(latest(client, made)) == lines(preview)


def test_what_waits_with_items_and_a_code(client: Any) -> None:
    customer = client.v1.customers.create({})
    waiting = client.v1.invoice_items.create({"customer": customer.id, "amount": 1000, "currency": "usd"})
    coupon = client.v1.coupons.create({"percent_off": 50, "duration": "once"})
    extra = {"amount": 500, "currency": "usd", "description": "More"}
    params = {"customer": customer.id, "invoice_items": [extra], "discounts": [{"coupon": coupon.id}]}
    preview = client.v1.invoices.create_preview(params)
    assert (preview.subtotal, preview.total, len(preview.lines.data)) == (1500, 750, 2)
    assert client.v1.coupons.retrieve(coupon.id).times_redeemed == 0
    changed = {"invoiceitem": waiting.id, "amount": 2000}
    assert client.v1.invoices.create_preview({"customer": customer.id, "invoice_items": [changed]}).total == 2000
    assert client.v1.invoice_items.retrieve(waiting.id).amount == 1000


def test_what_cannot_be_previewed(client: Any) -> None:
    made = subscribe(client, payer(client), plan(client))
    error = refused(client.v1.invoices.create_preview, {"customer": made.customer})
    assert (error.http_status, error.user_message[:37]) == (400, "You must provide at least one of: `su")
    error = refused(client.v1.invoices.create_preview, {"subscription": "sub_none"})
    assert (error.http_status, error.code, error.param) == (400, "resource_missing", "subscription")
    ending = {"subscription": made.id, "subscription_details": {"cancel_at_period_end": True}}
    error = refused(client.v1.invoices.create_preview, ending)
    assert (error.http_status, error.code) == (404, "invoice_upcoming_none")
    assert error.user_message == f"No upcoming invoices for customer: {made.customer}"
    assert client.v1.subscriptions.retrieve(made.id).cancel_at_period_end is False
    client.v1.subscriptions.cancel(made.id)
    assert refused(client.v1.invoices.create_preview, {"subscription": made.id}).code == "invoice_upcoming_none"


def test_cancelling_now_gives_the_rest_back(client: Any) -> None:
    clock, customer = clocked(client)
    made = subscribe(client, customer, plan(client, 3100))
    client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": START + 1 * DAY})
    preview = client.v1.invoices.create_preview({"subscription": made.id, "subscription_details": {"cancel_now": True}})
    assert [row.amount for row in preview.lines.data] == [-3000]
    assert (preview.total, preview.amount_due, preview.ending_balance) == (-3000, 0, -3000)
    assert client.v1.subscriptions.retrieve(made.id).status == "active"


def test_an_event_seven_days_before_a_renewal(client: Any) -> None:
    clock, customer = clocked(client)
    made = subscribe(client, customer, plan(client))
    item = made["items"].data[0]
    client.v1.subscription_items.update(item.id, {"quantity": 2, "proration_behavior": "none"})
    early = item.current_period_end - 7 * DAY
    client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": early - 1})
    assert events(client, "invoice.upcoming") == []
    client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": early})
    (event,) = client.v1.events.list({"type": "invoice.upcoming"}).data
    told = event.data.object
    assert "id" not in told and (told.billing_reason, told.total) == ("upcoming", 5000)
    client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": item.current_period_end + 2 * 3600})
    real = latest(client, made)
    assert (shown(real), lines(real)) == (shown(told), lines(told))
    assert events(client, "invoice.upcoming") == ["invoice.upcoming"]


def test_no_event_for_a_subscription_that_ends(client: Any) -> None:
    clock, customer = clocked(client)
    made = subscribe(client, customer, plan(client), cancel_at_period_end=True)
    end = made["items"].data[0].current_period_end
    client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": end - DAY})
    assert events(client, "invoice.upcoming") == []


@pytest.mark.parametrize(("behavior", "amounts"), [("create_prorations", [-2000, 9000]), ("none", [9000])])
def test_a_billing_cycle_that_begins_anew_is_billed_at_once(client: Any, behavior: str, amounts: list[int]) -> None:
    clock, customer = clocked(client)
    made = subscribe(client, customer, plan(client, 3100))
    client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": START + 11 * DAY})
    item = {"id": made["items"].data[0].id, "price": plan(client, 9000).id}
    wanted = {"billing_cycle_anchor": "now", "proration_behavior": behavior, "items": [item]}
    preview = client.v1.invoices.create_preview({"subscription": made.id, "subscription_details": wanted})
    assert sorted(row.amount for row in preview.lines.data) == amounts
    changed = client.v1.subscriptions.update(made.id, wanted)
    real = latest(client, made)
    assert (real.status, real.billing_reason) == ("paid", "subscription_update")
    assert (shown(real), lines(real)) == (shown(preview), lines(preview))
    assert changed.billing_cycle_anchor == changed["items"].data[0].current_period_start == START + 11 * DAY
