"""The Stripe twin's subscription schedules through stripe-python: phases that begin and end on the clock."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serving import Served
from tests.twins.stripe_billing import DAY, START, advance, events, payer, plan, refused, subscribe
from twins.stripe.billing import phases

stripe = pytest.importorskip("stripe")
MONTH = 31 * DAY
"""From January to February."""


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


@pytest.fixture
def clock(client: Any) -> Any:
    return client.v1.test_helpers.test_clocks.create({"frozen_time": START})


def phase(price: Any, **more: Any) -> dict[str, Any]:
    return {
        "items": [{"price": price.id, **({"quantity": more.pop("quantity")} if "quantity" in more else {})}],
        **more,
    }


def two(client: Any, clock: Any, **more: Any) -> Any:
    """A month at 25 dollars, then a month at 40."""
    length = {"interval": "month"}
    given = [phase(plan(client), duration=length), phase(plan(client, 4000), duration=length)]
    customer = payer(client, test_clock=clock.id)
    return client.v1.subscription_schedules.create({"customer": customer.id, "phases": given, **more})


def test_phases_follow_each_other(client: Any, clock: Any) -> None:
    made = two(client, clock, start_date="now")
    assert (made.status, made.current_phase.start_date, made.current_phase.end_date) == ("active", START, START + MONTH)
    assert made.phases[1].start_date == START + MONTH
    first = client.v1.subscriptions.retrieve(made.subscription, {"expand": ["latest_invoice"]})
    assert (first.status, first.schedule, first.latest_invoice.status) == ("active", made.id, "draft")
    assert events(client, "subscription_schedule") == ["subscription_schedule.created"]
    advance(client, clock, START + MONTH + 2 * 3600)
    second = client.v1.subscriptions.retrieve(made.subscription, {"expand": ["latest_invoice"]})
    assert second["items"].data[0].price.unit_amount == 4000
    assert (second.latest_invoice.total, second.latest_invoice.status) == (4000, "paid")
    assert [invoice.total for invoice in client.v1.invoices.list({"subscription": second.id}).data] == [4000, 2500]
    now = client.v1.subscription_schedules.retrieve(made.id)
    assert (now.status, now.current_phase.start_date) == ("active", START + MONTH)
    advance(client, clock, START + MONTH + 28 * DAY + 60)
    done = client.v1.subscription_schedules.retrieve(made.id)
    assert (done.status, bool(done.completed_at), done.current_phase) == ("completed", True, None)
    after = client.v1.subscriptions.retrieve(made.subscription)
    assert (after.status, after.schedule) == ("active", None)
    assert events(client, "subscription_schedule") == [
        "subscription_schedule.created", "subscription_schedule.updated", "subscription_schedule.expiring",
        "subscription_schedule.completed",
    ]  # fmt: skip


def test_a_schedule_that_cancels_at_its_end(client: Any, clock: Any) -> None:
    made = two(client, clock, end_behavior="cancel")
    advance(client, clock, START + MONTH + 28 * DAY + 60)
    assert client.v1.subscriptions.retrieve(made.subscription).status == "canceled"
    assert client.v1.subscription_schedules.retrieve(made.id).status == "completed"
    assert len(client.v1.invoices.list({"subscription": made.subscription}).data) == 2


def test_a_start_in_the_future(client: Any, clock: Any) -> None:
    made = two(client, clock, start_date=START + 5 * DAY)
    assert (made.status, made.subscription, made.current_phase) == ("not_started", None, None)
    assert [row.id for row in client.v1.subscription_schedules.list({"scheduled": True}).data] == [made.id]
    advance(client, clock, START + 5 * DAY)
    begun = client.v1.subscription_schedules.retrieve(made.id)
    assert (begun.status, client.v1.subscriptions.retrieve(begun.subscription).start_date) == (
        "active", START + 5 * DAY,
    )  # fmt: skip
    assert client.v1.subscription_schedules.list({"scheduled": True}).data == []


def test_a_downgrade_at_the_end_of_the_period(client: Any, clock: Any) -> None:
    high, low = plan(client, 4000), plan(client, 1000)
    running = subscribe(client, payer(client, test_clock=clock.id), high)
    made = client.v1.subscription_schedules.create({"from_subscription": running.id})
    assert (made.status, made.phases[0].end_date, made.phases[0]["items"][0].quantity) == ("active", START + MONTH, 1)
    assert client.v1.subscriptions.retrieve(running.id).schedule == made.id
    again = refused(client.v1.subscription_schedules.create, {"from_subscription": running.id})
    assert again.user_message == (
        f"You cannot migrate a subscription that is already attached to a schedule: `{made.id}`."
    )
    first = {
        "items": [{"price": high.id}],
        "start_date": made.phases[0].start_date,
        "end_date": made.phases[0].end_date,
    }
    client.v1.subscription_schedules.update(made.id, {"phases": [first, phase(low)]})
    assert client.v1.subscriptions.retrieve(running.id)["items"].data[0].price.id == high.id
    advance(client, clock, START + MONTH + 60)
    now = client.v1.subscriptions.retrieve(running.id, {"expand": ["latest_invoice"]})
    assert (now["items"].data[0].price.id, now.latest_invoice.total) == (low.id, 1000)
    assert client.v1.invoice_items.list({"customer": running.customer}).data == []


def test_what_an_update_refuses(client: Any, clock: Any) -> None:
    made, price = two(client, clock), plan(client)
    update = client.v1.subscription_schedules.update
    bare = refused(update, made.id, {"phases": [phase(price)]})
    assert bare.user_message == phases.NO_ANCHOR
    moved = refused(update, made.id, {"phases": [phase(price, start_date=START + 60)]})
    assert moved.user_message == "You can not modify the start date of the current phase."
    both = phase(price, start_date=START, end_date=START + DAY, duration={"interval": "day"})
    assert refused(update, made.id, {"phases": [both]}).code == "parameters_exclusive"
    direct = refused(client.v1.subscriptions.update, made.subscription, {"cancel_at_period_end": True})
    assert direct.user_message.startswith(f"The subscription is managed by the subscription schedule `{made.id}`, and")
    mixed = {"from_subscription": made.subscription, "end_behavior": "cancel"}
    assert refused(client.v1.subscription_schedules.create, mixed).code == "parameters_exclusive"
    assert refused(client.v1.subscription_schedules.create, {"phases": [phase(price)]}).param == "customer"


def test_the_current_phase_changes_at_once_with_prorations(client: Any, clock: Any) -> None:
    price = plan(client)
    customer = payer(client, test_clock=clock.id)
    made = client.v1.subscription_schedules.create(
        {"customer": customer.id, "phases": [phase(price, duration={"interval": "month", "interval_count": 3})]}
    )
    assert made.phases[0].end_date > START + 2 * MONTH
    advance(client, clock, START + 10 * DAY)
    given = phase(price, quantity=3, start_date=START, end_date=made.phases[0].end_date)
    changed = client.v1.subscription_schedules.update(made.id, {"phases": [given], "metadata": {"a": "b"}})
    assert changed.phases[0]["items"][0].quantity == 3
    now = client.v1.subscriptions.retrieve(made.subscription)
    assert now["items"].data[0].quantity == 3
    waiting = client.v1.invoice_items.list({"customer": customer.id, "pending": True}).data
    assert sorted(item.amount for item in waiting) == [-1694, 5081]


def test_trials_coupons_and_settings_of_a_phase(client: Any, clock: Any) -> None:
    coupon = client.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    price, customer = plan(client), payer(client, test_clock=clock.id)
    made = client.v1.subscription_schedules.create(
        {
            "customer": customer.id,
            "default_settings": {"collection_method": "send_invoice", "invoice_settings": {"days_until_due": 9}},
            "phases": [
                phase(price, duration={"interval": "week"}, trial=True, metadata={"phase": "one"}),
                phase(price, discounts=[{"coupon": coupon.id}], metadata={"phase": "two"}),
            ],
        }
    )
    trial = client.v1.subscriptions.retrieve(made.subscription)
    assert (trial.status, trial.trial_end, trial.metadata["phase"]) == ("trialing", START + 7 * DAY, "one")
    assert (trial.collection_method, trial.days_until_due) == ("send_invoice", 9)
    advance(client, clock, START + 7 * DAY + 60)
    paid = client.v1.subscriptions.retrieve(made.subscription, {"expand": ["latest_invoice"]})
    assert (paid.status, paid.metadata["phase"], paid.latest_invoice.total) == ("active", "two", 1250)


def test_previews_of_schedules(client: Any, clock: Any) -> None:
    made = two(client, clock)
    assert client.v1.invoices.create_preview({"schedule": made.id}).total == 4000
    length = {"interval": "month"}
    price = client.v1.prices.retrieve(made.phases[0]["items"][0].price)
    given = [phase(price, start_date=START, duration=length), phase(plan(client, 7000))]
    changed = {"schedule": made.id, "schedule_details": {"phases": given}}
    assert client.v1.invoices.create_preview(changed).total == 7000
    assert client.v1.invoices.create_preview({"schedule": made.id}).total == 4000
    new = {"customer": made.customer, "schedule_details": {"phases": [phase(price, quantity=2)]}}
    assert client.v1.invoices.create_preview(new).total == 5000


def test_release_and_cancel(client: Any, clock: Any) -> None:
    made = two(client, clock)
    free = client.v1.subscription_schedules.release(made.id)
    assert (free.status, free.subscription, free.released_subscription) == ("released", None, made.subscription)
    assert client.v1.subscriptions.retrieve(made.subscription).schedule is None
    error = refused(client.v1.subscription_schedules.cancel, made.id)
    assert error.user_message == (
        "You cannot cancel a subscription schedule that is currently in the `released` status. It must be in "
        "`not_started, active` status to be canceled."
    )
    advance(client, clock, START + MONTH + 2 * 3600)
    assert client.v1.subscriptions.retrieve(made.subscription)["items"].data[0].price.unit_amount == 2500
    other = client.v1.subscription_schedules.create(
        {"customer": made.customer, "phases": [phase(plan(client, 3000), duration={"interval": "month"})]}
    )
    gone = client.v1.subscription_schedules.cancel(other.id)
    assert (gone.status, bool(gone.canceled_at)) == ("canceled", True)
    assert client.v1.subscriptions.retrieve(other.subscription).status == "canceled"
    later = two(client, clock, start_date=START + 90 * DAY)
    assert client.v1.subscription_schedules.cancel(later.id).subscription is None


def test_a_subscription_that_ends_ends_its_schedule(client: Any, clock: Any) -> None:
    made = two(client, clock)
    client.v1.subscriptions.cancel(made.subscription)
    assert client.v1.subscription_schedules.retrieve(made.id).status == "canceled"
    assert events(client, "subscription_schedule")[-1] == "subscription_schedule.canceled"


MONTHLY = ("month", 1)


@pytest.mark.parametrize(
    ("given", "start", "found"),
    [
        ([{}], 0, [(0, 31 * DAY)]),
        ([{"duration": {"interval": "day", "interval_count": 3}}, {}], 0, [(0, 3 * DAY), (3 * DAY, 34 * DAY)]),
        ([{}, {"start_date": 5 * DAY, "end_date": 9 * DAY}], 0, [(0, 5 * DAY), (5 * DAY, 9 * DAY)]),
        ([{"start_date": 60, "end_date": "now"}], None, [(60, 100)]),
        ([{}], None, phases.NO_ANCHOR),
        ([{"end_date": 0}], 5, "The end of a phase must be after its start."),
    ],
)
def test_places(given: list[dict[str, Any]], start: int | None, found: Any) -> None:
    rules = [MONTHLY] * len(given)
    if isinstance(found, str):
        with pytest.raises(ValueError, match=found[:30]):
            phases.placed(given, rules, start, 100)
    else:
        assert phases.placed(given, rules, start, 100) == found
