"""What stripe-python, unmodified, makes of failures: which it gets over, which it hands on, and what was charged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe

from tests.serving import Served, serving
from tests.twinkit.webhooks.receiving import Got, Inbox

Charge = dict[str, Any]
CARD: Charge = {"amount": 2000, "currency": "usd", "source": "tok_visa"}


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with serving("stripe", "--seed", "7") as served:
        yield served["stripe"]


@pytest.fixture
def twin(server: Served) -> Iterator[Served]:
    with server.private() as instance:
        yield instance


def sdk(twin: Served, **options: Any) -> stripe.StripeClient:
    addresses: Any = {"api": twin.url}
    options = {"max_network_retries": 2, **options}
    return stripe.StripeClient("sk_test_failures", base_addresses=addresses, **options)


def fail(twin: Served, then: dict[str, Any], **when: Any) -> None:
    rule = {"when": when or {"method": "POST"}, "then": then}
    twin.control("POST", "faults", profile="test", rules=[rule])


def charges(twin: Served) -> int:
    return int(twin.control("GET", "state")["resources"].get("charge", 0))


def statuses(twin: Served) -> list[tuple[int, str | None]]:
    return [(each["status"], each["fault"]) for each in twin.control("GET", "exchanges")["exchanges"]]


@pytest.mark.parametrize(
    "then",
    [
        {"network": "reset"},
        {"network": "empty"},
        {"error": "internal"},
        {"error": "unavailable"},
        {"network": "reset", "at": "after_commit"},
    ],
)
def test_it_gets_over_two_failures_and_charges_once(twin: Served, then: dict[str, Any]) -> None:
    fail(twin, then, operation="PostCharges", calls=[1, 2])
    charge = sdk(twin).v1.charges.create(params=CARD)  # type: ignore[arg-type]
    assert charge.status == "succeeded"
    assert charges(twin) == 1
    assert len(statuses(twin)) == 3


def test_a_truncated_reply_is_not_retried_although_it_charged(twin: Served) -> None:
    fail(twin, {"network": "truncated"}, operation="PostCharges", calls=[1])
    with pytest.raises(stripe.APIConnectionError, match="IncompleteRead"):
        sdk(twin).v1.charges.create(params=CARD)  # type: ignore[arg-type]
    assert charges(twin) == 1


def test_it_gives_up_after_its_retries(twin: Served) -> None:
    fail(twin, {"error": "internal"})
    with pytest.raises(stripe.APIError) as caught:
        sdk(twin).v1.charges.create(params=CARD)  # type: ignore[arg-type]
    assert caught.value.http_status == 500
    assert statuses(twin) == [(500, "error internal")] * 3
    assert charges(twin) == 0


def test_a_rate_limit_is_handed_on_at_once(twin: Served) -> None:
    fail(twin, {"error": "rate_limit"})
    with pytest.raises(stripe.RateLimitError) as caught:
        sdk(twin).v1.charges.create(params=CARD)  # type: ignore[arg-type]
    headers: Any = caught.value.headers
    assert headers["stripe-rate-limited-reason"] == "global-rate"
    assert len(statuses(twin)) == 1


def test_garbage_and_malformed_replies_are_errors_of_the_sdk(twin: Served) -> None:
    for network in ("garbage", "malformed"):
        fail(twin, {"network": network})
        with pytest.raises((stripe.APIConnectionError, stripe.APIError)):
            sdk(twin, max_network_retries=0).v1.charges.create(params=CARD)  # type: ignore[arg-type]


def test_a_hang_is_the_clients_timeout(twin: Served) -> None:
    fail(twin, {"network": "hang"})
    client = sdk(twin, max_network_retries=0, http_client=stripe.RequestsClient(timeout=0.3))
    with pytest.raises(stripe.APIConnectionError, match="timed out"):
        client.v1.charges.create(params=CARD)  # type: ignore[arg-type]
    assert charges(twin) == 0


def test_a_lost_reply_without_an_idempotency_key_charges_twice(twin: Served) -> None:
    fail(twin, {"network": "reset", "at": "after_commit"}, operation="PostCharges", calls=[1])
    send = {"url": f"{twin.url}/v1/charges", "data": CARD, "auth": ("sk_test_failures", ""), "timeout": 10}
    with pytest.raises(requests.ConnectionError):
        requests.post(**send)
    assert requests.post(**send).status_code == 200
    assert charges(twin) == 2


def test_a_lost_reply_with_an_idempotency_key_charges_once(twin: Served) -> None:
    fail(twin, {"network": "reset", "at": "after_commit"}, operation="PostCharges", calls=[1])
    send = {"url": f"{twin.url}/v1/charges", "data": CARD, "auth": ("sk_test_failures", ""), "timeout": 10}
    headers = {"Idempotency-Key": "order-6735"}
    with pytest.raises(requests.ConnectionError):
        requests.post(**send, headers=headers)
    again = requests.post(**send, headers=headers)
    assert again.headers["idempotent-replayed"] == "true"
    assert charges(twin) == 1


def test_declined_cards(twin: Served) -> None:
    twin.control("POST", "faults", profile="card-declined")
    with pytest.raises(stripe.CardError) as caught:
        sdk(twin).v1.charges.create(params=CARD)  # type: ignore[arg-type]
    assert caught.value.code == "card_declined"


def test_expired_keys(twin: Served) -> None:
    twin.control("POST", "faults", profile="expired-tokens")
    client = sdk(twin)
    for _ in range(9):
        client.v1.balance.retrieve()
    with pytest.raises(stripe.AuthenticationError) as caught:
        client.v1.balance.retrieve()
    reply: Any = caught.value.json_body
    assert reply["error"]["code"] == "api_key_expired"
    client.v1.balance.retrieve()


def test_the_services_own_limits(server: Served) -> None:
    with server.private(clock="fixed") as twin:
        twin.control("POST", "faults", then={"rate_limit": "twin"})
        client = sdk(twin, max_network_retries=0)
        for _ in range(25):
            client.v1.balance.retrieve()
        with pytest.raises(stripe.RateLimitError) as caught:
            client.v1.balance.retrieve()
        headers: Any = caught.value.headers
        assert headers["stripe-rate-limited-reason"] == "global-rate"
        (row,) = twin.control("GET", "faults")["conduct"]
        assert row["refused"] == 1
        twin.control("POST", "clock/advance", seconds=1)
        client.v1.balance.retrieve()


def test_webhooks_are_constructed_and_forged_ones_refused(twin: Served) -> None:
    with Inbox() as inbox:
        endpoint = sdk(twin).v1.webhook_endpoints.create(params={"url": inbox.url, "enabled_events": ["*"]})
        secret = str(endpoint.secret)
        signatures = ("valid", "bad", "stale", "missing")
        rules = [
            {"when": {"event": "customer.created", "calls": [number]}, "then": {"delivery": {"signature": word}}}
            for number, word in enumerate(signatures, 1)
        ]
        twin.control("POST", "faults", profile="forged", rules=rules)
        for _ in signatures:
            sdk(twin).v1.customers.create()
            assert twin.control("POST", "idle")["idle"] is True
        told = []
        for got in inbox.got:
            try:
                event = stripe.Webhook.construct_event(got.body, got.headers.get("stripe-signature", ""), secret)
                told.append(event.type)
            except stripe.SignatureVerificationError as error:
                told.append(str(error).split(" ")[0])
        assert told == ["customer.created", "No", "Timestamp", "No"]


def test_an_event_in_an_older_version(twin: Served) -> None:
    with Inbox() as inbox:
        wanted = {"url": inbox.url, "enabled_events": ["*"], "api_version": "2023-10-16"}
        sdk(twin).v1.webhook_endpoints.create(params=wanted)  # type: ignore[arg-type]
        older = {"delivery": {"api_version": "2020-08-27"}}
        fail(twin, older, event="customer.created", calls=[2])
        for _ in range(2):
            sdk(twin).v1.customers.create()
            twin.control("POST", "idle")
        assert [json.loads(body)["api_version"] for body in inbox.bodies] == ["2023-10-16", "2020-08-27"]
        assert json.loads(inbox.bodies[0])["pending_webhooks"] == 1


def test_a_disabled_endpoint_gets_no_further_attempt(twin: Served) -> None:
    with Inbox(lambda got, times: 500) as inbox:
        made = sdk(twin).v1.webhook_endpoints.create(params={"url": inbox.url, "enabled_events": ["*"]})
        sdk(twin).v1.customers.create()
        twin.control("POST", "idle")
        sdk(twin).v1.webhook_endpoints.update(made.id, params={"disabled": True})
        sdk(twin).v1.customers.create()
        ran = twin.control("POST", "clock/advance", days=1)
        assert [row["status"] for row in ran["deliveries"]] == ["disabled"]
        assert len(inbox.got) == 1


def test_nothing_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    effects: set[str] = set()
    failing = {"on": True}

    def respond(got: Got, times: int) -> int:
        if failing["on"] and times == 1 and len(effects) % 3 == 0:
            effects.add(f"failed {len(effects)}")
            return 500
        effects.add(json.loads(got.body)["id"])
        return 200

    db = str(tmp_path / "state.sqlite")
    with Inbox(respond) as inbox:
        arguments = ("stripe", "--seed", "7", "--clock", "real", "--db", db, "--receiver", f"{inbox.url},whsec_test")
        with serving(*arguments) as served:
            client = sdk(served["stripe"])
            made = [client.v1.customers.create().id for _ in range(100)]
            served["stripe"].process.kill()
        failing["on"] = False
        with serving(*arguments) as served:
            twin = served["stripe"]
            kept = [each.id for each in sdk(twin).v1.customers.list(params={"limit": 100}).data]
            assert sorted(kept) == sorted(made)
            for _ in range(4):
                assert twin.control("POST", "idle?timeout=30")["idle"] is True
                twin.control("POST", "clock/advance", hours=4)
            events = {event["id"] for event in twin.control("GET", "events")["events"]}
            assert len(events) == 100
    assert {effect for effect in effects if effect.startswith("evt_")} == events


def test_every_refusal_has_a_request_id_of_its_own(twin: Served) -> None:
    client = sdk(twin)
    price: Any = {"unit_amount": 1000, "currency": "usd", "product_data": {"name": "Tea"}}
    price = client.v1.prices.create({**price, "recurring": {"interval": "month"}})
    customer = client.v1.customers.create()
    ids = []
    for _ in range(3):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v1.subscriptions.create({"customer": customer.id, "items": [{"price": price.id}]})
        ids.append(refused.value.request_id)
    assert len(set(ids)) == 3
