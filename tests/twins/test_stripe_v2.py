"""The `/v2` namespace through stripe-python: destinations with thin events, streams of usage, accounts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.serving import Served
from tests.twins.stripe_billing import DAY, refused
from twinkit.testing import WebhookReceiver

stripe = pytest.importorskip("stripe")
SECRET = ["webhook_endpoint.signing_secret", "webhook_endpoint.url"]


def connected(server: Served, key: str = "sk_test_123") -> Any:
    return stripe.StripeClient(key, base_addresses={"api": server.url, "meter_events": server.url})


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return connected(private_stripe)


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as found:
        yield found


def destination(client: Any, receiver: WebhookReceiver, *types: str, **more: Any) -> Any:
    return client.v2.core.event_destinations.create(
        {
            "name": "Mine", "type": "webhook_endpoint", "event_payload": "thin", "enabled_events": list(types),
            "webhook_endpoint": {"url": receiver.url}, "include": SECRET, **more,
        }
    )  # fmt: skip


def notified(client: Any, arrival: Any, made: Any) -> Any:
    signature = {name.lower(): value for name, value in arrival.headers.items()}["stripe-signature"]
    return client.parse_event_notification(arrival.body, signature, made.webhook_endpoint.signing_secret)


def meter(client: Any, **more: Any) -> Any:
    aggregation = {"formula": "sum"}
    return client.v1.billing.meters.create(
        {"display_name": "Calls", "event_name": "calls", "default_aggregation": aggregation, **more}
    )


def used(client: Any, meter: Any, customer: Any, at: int) -> float:
    window = {"customer": customer.id, "start_time": at // DAY * DAY, "end_time": at // DAY * DAY + DAY}
    return float(client.v1.billing.meters.event_summaries.list(meter.id, window).data[0].aggregated_value)


def test_a_ping_is_a_thin_event(client: Any, receiver: WebhookReceiver) -> None:
    made = destination(client, receiver, "v1.customer.created")
    assert (made.status, made.webhook_endpoint.url) == ("enabled", receiver.url)
    assert client.v2.core.event_destinations.retrieve(made.id).webhook_endpoint.url is None
    sent = client.v2.core.event_destinations.ping(made.id)
    assert (sent.type, sent.object) == ("v2.core.event_destination.ping", "v2.core.event")
    notice = notified(client, receiver.wait(1)[0], made)
    assert (notice.id, notice.related_object.id) == (sent.id, made.id)
    assert notice.fetch_related_object().name == "Mine"
    assert notice.fetch_event().created == sent.created
    assert set(json.loads(receiver.arrivals[0].body)) <= {
        "id", "object", "type", "created", "livemode", "reason", "related_object",
    }  # fmt: skip


def test_a_thin_event_stands_for_a_snapshot(client: Any, receiver: WebhookReceiver) -> None:
    made = destination(client, receiver, "v1.customer.created")
    customer = client.v1.customers.create({"name": "Jenny"}, {"idempotency_key": "key-1"})
    client.v1.customers.update(customer.id, {"name": "Jen"})
    notice = notified(client, receiver.wait(1)[0], made)
    assert (notice.type, notice.related_object.url) == ("v1.customer.created", f"/v1/customers/{customer.id}")
    assert notice.reason.request.idempotency_key == "key-1"
    assert notice.fetch_related_object().name == "Jen"
    full = notice.fetch_event()
    assert client.v1.events.retrieve(full.snapshot_event).data.object.name == "Jenny"
    assert [event.type for event in client.v1.events.list().data] == ["customer.updated", "customer.created"]
    assert len(receiver.arrivals) == 1


def test_snapshots_go_to_destinations_too(client: Any, receiver: WebhookReceiver) -> None:
    made = destination(client, receiver, "customer.created", event_payload="snapshot")
    customer = client.v1.customers.create({})
    arrival = receiver.wait(1)[0]
    signature = {name.lower(): value for name, value in arrival.headers.items()}["stripe-signature"]
    event = stripe.Webhook.construct_event(arrival.body, signature, made.webhook_endpoint.signing_secret)
    assert event.data.object.id == customer.id
    client.v2.core.event_destinations.disable(made.id)
    client.v1.customers.create({})
    assert client.v2.core.event_destinations.enable(made.id).status == "enabled"
    client.v2.core.event_destinations.delete(made.id)
    gone = refused(client.v2.core.event_destinations.retrieve, made.id)
    assert (gone.http_status, gone.code) == (404, "not_found")
    assert len(receiver.arrivals) == 1


def test_pages_by_token(client: Any, receiver: WebhookReceiver) -> None:
    made = destination(client, receiver, "*")
    ids = [client.v2.core.event_destinations.ping(made.id).id for _ in range(5)]
    first = client.v2.core.events.list({"object_id": made.id, "limit": 2})
    assert [event.id for event in first.data] == ids[:2:-1]
    assert "page=" in first.next_page_url
    assert [event.id for event in first.auto_paging_iter()] == ids[::-1]
    wrong = refused(client.raw_request, "get", "/v2/core/events?page=nonsense")
    assert wrong.http_status == 400
    assert client.v2.core.events.list({"object_id": made.id, "types": ["v1.customer.created"]}).data == []
    changed = client.v2.core.event_destinations.update(made.id, {"metadata": {"a": "b"}, "name": "Ours"})
    assert (changed.name, changed.metadata["a"]) == ("Ours", "b")
    cleared = client.v2.core.event_destinations.update(made.id, {"metadata": {"a": None}})
    assert cleared.metadata.to_dict() == {}


def test_usage_through_v2(client: Any) -> None:
    counter, customer = meter(client), client.v1.customers.create({})
    payload = {"stripe_customer_id": customer.id, "value": "7"}
    sent = client.v2.billing.meter_events.create({"event_name": "calls", "payload": payload, "identifier": "a"})
    assert (sent.identifier, sent.created.endswith("Z")) == ("a", True)
    assert used(client, counter, customer, customer.created) == 7
    twice = {"event_name": "calls", "payload": payload, "identifier": "a"}
    assert refused(client.v2.billing.meter_events.create, twice).user_message == (
        "An event already exists with identifier a."
    )
    old = {"event_name": "calls", "payload": payload, "timestamp": "2001-01-01T00:00:00Z"}
    assert "35 days" in str(refused(client.v2.billing.meter_events.create, old))
    undone = client.v2.billing.meter_event_adjustments.create(
        {"event_name": "calls", "type": "cancel", "cancel": {"identifier": "a"}}
    )
    assert (undone.object, undone.status) == ("v2.billing.meter_event_adjustment", "pending")


def test_usage_is_streamed_with_a_session(client: Any, private_stripe: Served, receiver: WebhookReceiver) -> None:
    counter, customer = meter(client), client.v1.customers.create({})
    made = destination(client, receiver, "v1.billing.meter.error_report_triggered", "v1.billing.meter.no_meter_found")
    session = client.v2.billing.meter_event_session.create()
    streaming = connected(private_stripe, session.authentication_token)
    payload = {"stripe_customer_id": customer.id, "value": "2"}
    events = [{"event_name": "calls", "payload": payload} for _ in range(3)]
    streaming.v2.billing.meter_event_stream.create({"events": events})
    assert used(client, counter, customer, customer.created) == 6
    bad = {"event_name": "calls", "payload": {**payload, "stripe_customer_id": "cus_none"}, "identifier": "b"}
    streaming.v2.billing.meter_event_stream.create({"events": [bad, {"event_name": "other", "payload": payload}]})
    notices = {notified(client, arrival, made).type: arrival for arrival in receiver.wait(2)}
    report = notified(client, notices["v1.billing.meter.error_report_triggered"], made)
    kinds = report.fetch_event().data.reason.error_types
    assert (kinds[0].code, kinds[0].sample_errors[0].request.identifier) == ("meter_event_customer_not_found", "b")
    assert report.fetch_related_object().id == counter.id
    assert "v1.billing.meter.no_meter_found" in notices
    private_stripe.control("POST", "clock/advance", minutes=16)
    with pytest.raises(stripe.TemporarySessionExpiredError):
        streaming.v2.billing.meter_event_stream.create({"events": events})


def test_accounts(client: Any, receiver: WebhookReceiver) -> None:
    requested = {"merchant": {"capabilities": {"card_payments": {"requested": True}}}}
    made = client.v2.core.accounts.create(
        {
            "contact_email": "jenny@example.com", "display_name": "Jenny", "dashboard": "full",
            "identity": {"country": "us", "entity_type": "company"}, "configuration": requested,
            "include": ["configuration.merchant", "identity"],
        }
    )  # fmt: skip
    assert (made.applied_configurations, made.identity.country, made.defaults) == (["merchant"], "us", None)
    assert made.configuration.merchant.capabilities.card_payments.status == "restricted"
    assert client.v2.core.accounts.retrieve(made.id).configuration is None
    changed = client.v2.core.accounts.update(
        made.id, {"identity": {"entity_type": "individual"}, "include": ["identity"], "metadata": {"a": "b"}}
    )
    assert (changed.identity.country, changed.identity.entity_type) == ("us", "individual")
    assert [row.id for row in client.v2.core.accounts.list({"applied_configurations": ["merchant"]}).data] == [made.id]
    assert client.v2.core.accounts.close(made.id).closed is True
    assert client.v2.core.accounts.list().data == []
    types = [event.type for event in client.v2.core.events.list({"object_id": made.id}).data][::-1]
    assert types == [
        "v2.core.account.created", "v2.core.account.updated", "v2.core.account[identity].updated",
        "v2.core.account.closed",
    ]  # fmt: skip


def test_errors_and_contexts(client: Any, private_stripe: Served) -> None:
    headers = {"authorization": "Bearer sk_test_123"}
    reply = httpx.post(f"{private_stripe.url}/v2/core/event_destinations", headers=headers, json={"name": 3})
    assert (reply.status_code, sorted(reply.json()["error"])) == (
        400, ["code", "doc_url", "message", "param", "request_log_url"],
    )  # fmt: skip
    missing = httpx.get(f"{private_stripe.url}/v2/core/events/evt_none", headers=headers).json()["error"]
    assert (missing["code"], "type" in missing) == ("not_found", False)
    assert httpx.get(f"{private_stripe.url}/v2/core/events").json()["error"]["code"] == "unauthorized"
    account = client.v1.accounts.create({"type": "express"})
    inside = client.v1.customers.create({"name": "Inside"}, {"stripe_context": account.id})
    assert client.v1.customers.retrieve(inside.id, {}, {"stripe_account": account.id}).name == "Inside"
    assert refused(client.v1.customers.retrieve, inside.id).http_status == 404
