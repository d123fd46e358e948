"""Webhook endpoints of the Stripe twin: who gets what, signatures, retries on the clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.serving import Served
from twinkit.testing import WebhookReceiver

stripe = pytest.importorskip("stripe")


@pytest.fixture
def twin(private_stripe: Served) -> Served:
    return private_stripe


@pytest.fixture
def client(twin: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": twin.url})


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as found:
        yield found


def test_an_event_arrives_signed(client: Any, receiver: WebhookReceiver) -> None:
    endpoint = client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["customer.created"]})
    assert endpoint.secret.startswith("whsec_")
    assert "secret" not in client.v1.webhook_endpoints.retrieve(endpoint.id).to_dict()
    customer = client.v1.customers.create({"name": "Jenny"}, {"idempotency_key": "key-1"})
    client.v1.products.create({"name": "not wanted"})
    arrival = receiver.wait(1)[0]
    sent = {name.lower(): value for name, value in arrival.headers.items()}
    signature = sent["stripe-signature"]
    assert sent["user-agent"].startswith("Stripe/1.0") and sent["content-type"] == "application/json; charset=utf-8"
    event = stripe.Webhook.construct_event(arrival.body, signature, endpoint.secret)
    assert (event.type, event.data.object.id) == ("customer.created", customer.id)
    assert event.request.idempotency_key == "key-1"
    assert event.request.id == customer.last_response.request_id
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(arrival.body, signature, "whsec_other")
    stored = client.v1.events.retrieve(event.id)
    assert stored.data.object.id == customer.id
    assert len(receiver.arrivals) == 1


def test_a_refused_event_is_sent_again_on_the_clock(client: Any, twin: Served, receiver: WebhookReceiver) -> None:
    client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
    receiver.respond(500)
    customer = client.v1.customers.create({})
    first = receiver.wait(1)[0]
    twin.control("POST", "clock/advance", hours=2)
    again = receiver.wait(2)[1]
    assert again.json["id"] == first.json["id"]
    assert again.json["data"]["object"]["id"] == customer.id


def test_a_disabled_endpoint_gets_nothing(client: Any, twin: Served, receiver: WebhookReceiver) -> None:
    endpoint = client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
    client.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    client.v1.customers.create({})
    twin.control("POST", "clock/advance", minutes=1)
    assert receiver.arrivals == []
    assert client.v1.webhook_endpoints.delete(endpoint.id).deleted


@pytest.mark.parametrize(
    ("data", "param"),
    [
        ({"url": "example.com", "enabled_events": ["*"]}, "url"),
        ({"url": "https://example.com", "enabled_events": ["no.such"]}, "enabled_events[0]"),
    ],
)
def test_bad_endpoints(client: Any, data: dict[str, Any], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.webhook_endpoints.create(data)
    assert caught.value.param == param
