"""Billing thresholds of the Stripe twin through stripe-python: amounts, usage, tiers, the anchor."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.serving import Served
from tests.twins.stripe_billing import DAY, START, advance, events, payer, plan
from tests.twins.stripe_refusals import refusing
from twins.stripe.billing import pricing

stripe = pytest.importorskip("stripe")
HOUR = 3600


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


class Impressions:
    """A metered subscription of a customer who lives by a test clock, and what they use."""

    def __init__(self, client: Any, items: Any = (), **more: Any) -> None:
        self.client = client
        self.clock = client.v1.test_helpers.test_clocks.create({"frozen_time": START})
        self.customer = payer(client, test_clock=self.clock.id)
        self.meter = client.v1.billing.meters.create(
            {"display_name": "Ads", "event_name": "ads", "default_aggregation": {"formula": "sum"}}
        )
        recurring = {"interval": "month", "usage_type": "metered", "meter": self.meter.id}
        product = client.v1.products.create({"name": "Ads"})
        shape = more.pop("price", {"unit_amount": 50})
        self.price = client.v1.prices.create(
            {"product": product.id, "currency": "usd", "recurring": recurring, **shape}
        )
        item = {"price": self.price.id, **more.pop("item", {})}
        self.id = client.v1.subscriptions.create({"customer": self.customer.id, "items": [item, *items], **more}).id

    def use(self, value: int) -> None:
        payload = {"stripe_customer_id": self.customer.id, "value": str(value)}
        self.client.v1.billing.meter_events.create({"event_name": "ads", "payload": payload})

    def to(self, seconds: int) -> None:
        advance(self.client, self.clock, START + seconds)

    def bills(self) -> list[tuple[str, int]]:
        found = self.client.v1.invoices.list({"subscription": self.id}).data
        return [(each.billing_reason, each.total) for each in found if each.billing_reason != "subscription_create"]


def test_an_amount_is_billed_when_it_is_reached(client: Any) -> None:
    ads = Impressions(client, billing_thresholds={"amount_gte": 10_000, "reset_billing_cycle_anchor": False})
    ads.use(199)
    assert ads.bills() == []
    ads.use(6)
    assert ads.bills() == [("subscription_threshold", 10_250)]
    subscription = client.v1.subscriptions.retrieve(ads.id, {"expand": ["latest_invoice"]})
    assert subscription.billing_thresholds.amount_gte == 10_000
    draft = subscription.latest_invoice
    assert (draft.status, draft.threshold_reason.amount_gte, draft.threshold_reason.item_reasons) == (
        "draft",
        10_000,
        [],
    )
    ads.use(100)
    ads.to(2 * HOUR)
    assert client.v1.invoices.retrieve(draft.id).status == "paid"
    ads.to(31 * DAY + 2 * HOUR)
    assert ads.bills() == [("subscription_cycle", 5_000), ("subscription_threshold", 10_250)]
    assert client.v1.subscriptions.retrieve(ads.id).billing_cycle_anchor == START
    assert "invoice.created" in events(client, "invoice.created")


def test_graduated_tiers_go_on(client: Any) -> None:
    tiers = [{"up_to": 1000, "unit_amount": 50}, {"up_to": "inf", "unit_amount": 40}]
    ads = Impressions(
        client, billing_thresholds={"amount_gte": 10_000},
        price={"billing_scheme": "tiered", "tiers_mode": "graduated", "tiers": tiers},
    )  # fmt: skip
    for _ in range(5):
        ads.use(200)
    assert ads.bills() == [("subscription_threshold", 10_000)] * 5
    ads.use(249)
    assert len(ads.bills()) == 5
    ads.use(1)
    assert ads.bills()[0] == ("subscription_threshold", 10_000)
    line = client.v1.invoices.list({"subscription": ads.id, "limit": 1}).data[0].lines.data[0]
    assert (line.quantity, line.pricing.unit_amount_decimal) == (250, Decimal(40))


def test_volume_takes_back_what_was_billed(client: Any) -> None:
    tiers = [{"up_to": 10_000, "unit_amount": 50}, {"up_to": "inf", "unit_amount": 40}]
    ads = Impressions(
        client, billing_thresholds={"amount_gte": 500_000},
        price={"billing_scheme": "tiered", "tiers_mode": "volume", "tiers": tiers},
    )  # fmt: skip
    ads.use(10_000)
    assert ads.bills() == [("subscription_threshold", 500_000)]
    ads.use(14_999)
    assert len(ads.bills()) == 1
    ads.use(1)
    invoice = client.v1.invoices.list({"subscription": ads.id, "limit": 1}).data[0]
    assert [(line.quantity, line.amount) for line in invoice.lines.data] == [(25_000, 1_000_000), (10_000, -500_000)]
    assert invoice.lines.data[1].description == "Amount previously billed (at $0.50 per unit)"
    assert invoice.total == 500_000


def test_the_anchor_is_reset(client: Any) -> None:
    seat = plan(client, 2_000)
    ads = Impressions(
        client, [{"price": seat.id}], billing_thresholds={"amount_gte": 1_000, "reset_billing_cycle_anchor": True}
    )
    ads.to(5 * DAY)
    ads.use(20)
    assert ads.bills() == [("subscription_threshold", 3_000)]
    subscription = client.v1.subscriptions.retrieve(ads.id)
    assert subscription.billing_cycle_anchor == START + 5 * DAY
    assert {item.current_period_start for item in subscription["items"].data} == {START + 5 * DAY}
    ads.use(19)
    ads.to(5 * DAY + 31 * DAY + 2 * HOUR)
    assert ads.bills()[0] == ("subscription_cycle", 2_000 + 950)


def test_usage_of_an_item(client: Any) -> None:
    ads = Impressions(client, item={"billing_thresholds": {"usage_gte": 10}})
    ads.use(9)
    assert ads.bills() == []
    ads.use(2)
    invoice = client.v1.invoices.list({"subscription": ads.id, "limit": 1}).data[0]
    reason = invoice.threshold_reason.item_reasons[0]
    assert (invoice.total, invoice.threshold_reason.amount_gte, reason.usage_gte) == (550, None, 10)
    assert reason.line_item_ids == [line.id for line in invoice.lines.data]
    ads.use(9)
    assert len(ads.bills()) == 1
    item = client.v1.subscription_items.list({"subscription": ads.id}).data[0]
    changed = client.v1.subscription_items.update(item.id, {"billing_thresholds": ""})
    assert changed.billing_thresholds is None
    seat = client.v1.subscriptions.create({"customer": ads.customer.id, "items": [{"price": plan(client).id}]})
    with refusing(param="billing_thresholds"):
        wanted = {"billing_thresholds": {"usage_gte": 5}}
        client.v1.subscription_items.update(seat["items"].data[0].id, wanted)


def test_when_a_threshold_is_not_looked_at(client: Any) -> None:
    ads = Impressions(client, billing_thresholds={"amount_gte": 100}, trial_end=START + 2 * DAY)
    ads.use(10)
    assert ads.bills() == []
    ads.to(2 * DAY + HOUR)
    ads.to(2 * DAY + 30 * DAY + 12 * HOUR)
    ads.use(10)
    assert ads.bills() == []
    with refusing(param="billing_thresholds[amount_gte]"):
        client.v1.subscriptions.update(ads.id, {"billing_thresholds": {"amount_gte": 49}})
    cleared = client.v1.subscriptions.update(ads.id, {"billing_thresholds": ""})
    assert cleared.billing_thresholds is None


def test_what_is_left_of_usage_that_was_billed() -> None:
    tiers = [{"up_to": 10, "unit_amount": 5, "flat_amount": 100}, {"up_to": None, "unit_amount": 4}]
    price = {"billing_scheme": "tiered", "tiers_mode": "graduated"}

    def left(whole: int, billed: int) -> list[tuple[int, int]]:
        parts = pricing.rest(price, pricing.parts(price, whole, tiers), pricing.parts(price, billed, tiers))
        return [(int(part.quantity), part.amount) for part in parts]

    assert left(12, 8) == [(2, 10), (2, 8)]
    assert left(8, 8) == [(0, 0)]
    assert left(30, 20) == [(10, 40)]
