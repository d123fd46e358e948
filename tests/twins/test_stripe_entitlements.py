"""Entitlements of the Stripe twin through stripe-python: what a subscription lets its customer use."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serving import Served
from tests.twins.stripe_billing import payer, plan, refused, subscribe

stripe = pytest.importorskip("stripe")


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


def keys(client: Any, customer: Any) -> list[str]:
    found = client.v1.entitlements.active_entitlements.list({"customer": customer.id})
    return sorted(row.lookup_key for row in found.data)


def test_a_subscription_entitles_its_customer(client: Any) -> None:
    made = [client.v1.entitlements.features.create({"name": key.title(), "lookup_key": key}) for key in ("sso", "api")]
    basic, gold, customer = plan(client), plan(client, 9000), payer(client)
    client.v1.products.features.create(basic.product, {"entitlement_feature": made[0].id})
    for feature in made:
        client.v1.products.features.create(gold.product, {"entitlement_feature": feature.id})
    assert len(client.v1.products.features.list(gold.product).data) == 2
    assert keys(client, customer) == []
    subscription = subscribe(client, customer, basic)
    assert keys(client, customer) == ["sso"]
    item = subscription["items"].data[0].id
    client.v1.subscriptions.update(subscription.id, {"items": [{"id": item, "price": gold.id}]})
    assert keys(client, customer) == ["api", "sso"]
    entitlement = client.v1.entitlements.active_entitlements.list({"customer": customer.id}).data[0]
    found = client.v1.entitlements.active_entitlements.retrieve(entitlement.id, {"expand": ["feature"]})
    assert found.feature.lookup_key == entitlement.lookup_key
    client.v1.subscriptions.cancel(subscription.id)
    assert keys(client, customer) == []
    told = client.v1.events.list({"type": "entitlements.active_entitlement_summary.updated"}).data[::-1]
    assert [len(event.data.object["entitlements"]["data"]) for event in told] == [1, 2, 0]
    assert [len(event.data.previous_attributes["entitlements"]["data"]) for event in told] == [0, 1, 2]


def test_features_are_told_apart_and_taken_away(client: Any) -> None:
    feature = client.v1.entitlements.features.create({"name": "One", "lookup_key": "one"})
    twice = refused(client.v1.entitlements.features.create, {"name": "Two", "lookup_key": "one"})
    assert (twice.param, twice.code) == ("lookup_key", "resource_already_exists")
    price = plan(client)
    attached = client.v1.products.features.create(price.product, {"entitlement_feature": feature.id})
    again = refused(client.v1.products.features.create, price.product, {"entitlement_feature": feature.id})
    assert again.param == "entitlement_feature"
    client.v1.products.features.delete(price.product, attached.id)
    assert client.v1.products.features.list(price.product).data == []
    client.v1.entitlements.features.update(feature.id, {"active": False})
    assert client.v1.entitlements.features.list().data == []
    assert [row.id for row in client.v1.entitlements.features.list({"archived": True}).data] == [feature.id]
