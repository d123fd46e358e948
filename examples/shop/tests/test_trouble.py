"""When the network or Stripe has trouble, nobody is charged twice."""

from __future__ import annotations

from typing import Any

import pytest


def charged(twin: Any) -> int:
    return sum(charge.amount for charge in twin.records("charge") if charge.paid)


def test_a_lost_reply_is_asked_for_again(order: Any, stripe_twin: Any) -> None:
    stripe_twin.fail(network="reset", at="after_commit", operation="PostPaymentIntents")
    assert order()["status"] == "paid"
    assert charged(stripe_twin) == 1500
    assert len(stripe_twin.calls("PostPaymentIntents")) == 2


def test_a_server_error_is_tried_again(order: Any, stripe_twin: Any) -> None:
    stripe_twin.fail(status=500, body={"error": {"type": "api_error", "message": "x"}}, operation="PostPaymentIntents")
    assert order()["status"] == "paid"
    assert charged(stripe_twin) == 1500


def test_an_outage_is_told_to_the_customer(shop: Any, customer: str, stripe_twin: Any) -> None:
    data = {"customer": customer, "article": "book", "payment_method": "pm_card_visa"}
    with stripe_twin.fail(network="reset", operation="PostPaymentIntents", times=None):
        assert shop.post("/orders", json=data).status_code == 503
    assert charged(stripe_twin) == 0


def test_the_same_order_can_be_paid_after_an_outage(shop: Any, customer: str, stripe_twin: Any) -> None:
    data = {"customer": customer, "article": "book", "payment_method": "pm_card_visa"}
    with stripe_twin.fail(network="reset", at="after_commit", operation="PostPaymentIntents", times=None):
        assert shop.post("/orders", json=data).status_code == 503
    number = max(shop.app.state.orders.rows)
    assert shop.post(f"/orders/{number}/retry", json=data).json()["status"] == "paid"
    assert charged(stripe_twin) == 1500


def test_rate_limits_are_told(shop: Any, customer: str, stripe_twin: Any) -> None:
    with stripe_twin.fail("rate_limit", operation="PostPaymentIntents", times=None):
        data = {"customer": customer, "article": "book", "payment_method": "pm_card_visa"}
        assert shop.post("/orders", json=data).status_code == 503


@pytest.mark.twin(seed=11)
def test_the_same_seed_gives_the_same_ids(order: Any, twin_factory: Any, stripe_twin: Any) -> None:
    placed = order()
    assert placed["payment"] == stripe_twin.records("payment_intent")[0].id
    other = twin_factory("stripe", intercept=False)
    made = other.client.post("/v1/customers", data={"email": "ada@example.com", "name": "Ada"}).json()
    assert made["id"] == placed["customer"]


def test_a_snapshot_takes_back_what_was_done(shop: Any, order: Any, stripe_twin: Any) -> None:
    before = stripe_twin.snapshot()
    order()
    before.restore()
    stripe_twin.assert_no_record("payment_intent")
    assert order()["status"] == "paid"
