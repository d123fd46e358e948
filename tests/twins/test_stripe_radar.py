"""Smaller parts of the Stripe twin through stripe-python: value lists, reviews, top-ups, what an account offers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serving import Served
from tests.twins.stripe_refusals import refusing

stripe = pytest.importorskip("stripe")
PAY = {"amount": 2000, "currency": "usd", "confirm": True}


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


def told(client: Any, prefix: str) -> list[str]:
    found = [event.type for event in client.v1.events.list({"limit": 100}).data][::-1]
    return [type for type in found if type.startswith(prefix)]


def test_value_lists_hold_values_of_their_type(client: Any) -> None:
    assert client.v1.radar.value_lists.create({"alias": "any", "name": "Any"}).item_type == "string"
    lists, items = client.v1.radar.value_lists, client.v1.radar.value_list_items
    made = lists.create({"alias": "ips", "name": "Addresses", "item_type": "ip_address"})
    item = items.create({"value_list": made.id, "value": "1.2.3.4"})
    assert [each.id for each in lists.retrieve(made.id).list_items.data] == [item.id]
    assert [each.alias for each in lists.list({"contains": "1.2.3.4"}).data] == ["ips"]
    for wrong in ("1.2.3.4", "nobody"):
        with refusing(param="value"):
            items.create({"value_list": made.id, "value": wrong})
    with refusing(param="alias"):
        lists.create({"alias": "ips", "name": "Again"})
    items.delete(item.id)
    assert items.list({"value_list": made.id}).data == []
    assert lists.delete(made.id).deleted is True


@pytest.mark.parametrize(("end", "reason"), [("approve", "approved"), ("refund", "refunded")])
def test_a_risky_payment_is_reviewed(client: Any, end: str, reason: str) -> None:
    intent = client.v1.payment_intents.create({**PAY, "payment_method": "pm_card_riskLevelElevated"})
    review = client.v1.reviews.list().data[0]
    assert (review.open, review.reason, review.payment_intent) == (True, "rule", intent.id)
    assert client.v1.payment_intents.retrieve(intent.id).review == review.id
    if end == "approve":
        client.v1.reviews.approve(review.id)
        with refusing():
            client.v1.reviews.approve(review.id)
    else:
        client.v1.refunds.create({"payment_intent": intent.id})
    review = client.v1.reviews.retrieve(review.id)
    assert (review.open, review.closed_reason) == (False, reason)
    assert told(client, "review.") == ["review.opened", "review.closed"]


def test_topups_arrive_fail_or_are_called_off(client: Any, private_stripe: Served) -> None:
    good = client.v1.topups.create({"amount": 2000, "currency": "usd"})
    bad = client.v1.topups.create({"amount": 2000, "currency": "usd", "source": "btok_us_verified_noAccount"})
    off = client.v1.topups.create({"amount": 2000, "currency": "usd"})
    assert (good.status, good.balance_transaction) == ("pending", None)
    assert client.v1.topups.cancel(off.id).status == "canceled"
    with refusing():
        client.v1.topups.cancel(off.id)
    private_stripe.control("POST", "clock/advance", days=5)
    good, bad = client.v1.topups.retrieve(good.id), client.v1.topups.retrieve(bad.id)
    assert (good.status, bad.status, bad.failure_code) == ("succeeded", "failed", "no_account")
    assert client.v1.balance.retrieve().available[0].amount == 2000
    assert [each.id for each in client.v1.topups.list({"status": "failed"}).data] == [bad.id]
    assert told(client, "topup.") == ["topup.created"] * 3 + ["topup.canceled", "topup.succeeded", "topup.failed"]


def test_configurations_and_domains(client: Any) -> None:
    default = client.v1.payment_method_configurations.list().data[0]
    assert (default.is_default, default.card.display_preference.value, default.ideal.available) == (True, "on", False)
    wanted = {"ideal": {"display_preference": {"preference": "on"}}}
    made = client.v1.payment_method_configurations.create({"name": "Shop", **wanted})
    assert (made.ideal.available, made.ideal.display_preference.preference) == (True, "on")
    off = {"card": {"display_preference": {"preference": "off"}}}
    made = client.v1.payment_method_configurations.update(made.id, off)
    assert (made.card.display_preference.value, made.ideal.display_preference.value) == ("off", "on")
    domain = client.v1.payment_method_domains.create({"domain_name": "example.com"})
    assert (domain.enabled, domain.apple_pay.status) == (True, "active")
    assert client.v1.payment_method_domains.update(domain.id, {"enabled": False}).google_pay.status == "inactive"
    with refusing(param="domain_name"):
        client.v1.payment_method_domains.create({"domain_name": "no domain"})
