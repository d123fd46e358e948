"""What Stripe tells the shop: signed, twice, late, forged."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

SECRET = "whsec_shop"


@pytest.fixture
def hook(shop: Any, stripe_twin: Any) -> Iterator[Any]:
    """Deliveries of the twin, handed to the shop's own endpoint; what the shop answered is remembered."""
    receiver = stripe_twin.receiver(secret=SECRET)
    receiver.replies = []

    def pass_on(arrival: Any) -> tuple[int, Any]:
        reply = shop.post("/webhooks/stripe", content=arrival.body, headers=dict(arrival.headers))
        receiver.replies.append(reply)
        return reply.status_code, reply.json()

    receiver.answer_with(pass_on)
    yield receiver
    receiver.close()


def test_events_are_signed_and_accepted(order: Any, hook: Any) -> None:
    order()
    (arrival,) = hook.wait(type="payment_intent.succeeded")
    assert arrival.valid
    assert stripe.Webhook.construct_event(arrival.body, arrival.headers["stripe-signature"], SECRET)


def test_3d_secure_is_learnt_from_the_event(shop: Any, order: Any, hook: Any, stripe_twin: Any) -> None:
    placed = order("pm_card_authenticationRequired")
    stripe_twin.do("complete_3ds", intent=placed["payment"])
    hook.wait(type="payment_intent.succeeded")
    stripe_twin.idle()
    assert shop.app.state.orders.rows[placed["id"]].status == "paid"


def test_a_refund_in_the_dashboard_is_learnt(shop: Any, order: Any, hook: Any, stripe_twin: Any) -> None:
    placed = order()
    stripe_twin.client.post("/v1/refunds", data={"payment_intent": placed["payment"], "amount": "1500"})
    hook.wait(type="charge.refunded")
    stripe_twin.idle()
    assert shop.app.state.orders.rows[placed["id"]].status == "refunded"


def test_a_dispute_is_learnt(shop: Any, order: Any, hook: Any, stripe_twin: Any) -> None:
    placed = order("pm_card_createDispute")
    hook.wait(type="charge.dispute.created")
    stripe_twin.idle()
    assert shop.app.state.orders.rows[placed["id"]].status == "disputed"


def test_an_event_that_comes_twice_counts_once(order: Any, hook: Any, stripe_twin: Any) -> None:
    stripe_twin.fail(event="payment_intent.succeeded", delivery={"duplicate": 1})
    order()
    arrivals = hook.wait(2, type="payment_intent.succeeded")
    assert len({arrival.json["id"] for arrival in arrivals}) == 1
    stripe_twin.idle()
    handled = [reply.json()["handled"] for reply in hook.replies]
    assert len(handled) > len([each for each in handled if each])


@pytest.mark.parametrize("signature", ["bad", "stale", "missing"])
def test_forged_events_are_refused(order: Any, hook: Any, stripe_twin: Any, signature: str) -> None:
    stripe_twin.fail(event="payment_intent.succeeded", delivery={"signature": signature})
    order()
    hook.wait(type="payment_intent.succeeded")
    stripe_twin.idle()
    assert 400 in [reply.status_code for reply in hook.replies]


def test_stripe_tries_again_when_the_shop_was_down(order: Any, hook: Any, stripe_twin: Any) -> None:
    hook.respond(500, times=20)
    order()
    hook.wait(type="payment_intent.succeeded")
    stripe_twin.idle()
    hook.clear()
    hook._answers.clear()
    stripe_twin.clock.advance(days=1)
    assert hook.wait(type="payment_intent.succeeded")


def test_a_body_that_is_no_event_is_refused(shop: Any) -> None:
    assert shop.post("/webhooks/stripe", content=b"{}", headers={"stripe-signature": "t=1,v1=x"}).status_code == 400


def test_an_event_of_ours_with_another_secret_is_refused(shop: Any) -> None:
    at = int(time.time())
    signature = stripe.WebhookSignature._compute_signature(f"{at}.{{}}", "whsec_other")
    headers = {"stripe-signature": f"t={at},v1={signature}"}
    assert shop.post("/webhooks/stripe", content=b"{}", headers=headers).status_code == 400
