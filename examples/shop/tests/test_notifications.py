"""The team is told on Slack, and Slack's troubles stop no order."""

from __future__ import annotations

from typing import Any

import pytest


def test_a_paid_order_is_told(order: Any, slack_twin: Any) -> None:
    placed = order(article="lamp", quantity=2)
    message = slack_twin.assert_record("message", channel="C0GENERAL01")
    assert message.text == f"Order {placed['id']}: paid (2 x lamp, $98.00)"
    slack_twin.assert_called("POST /api/chat.postMessage", times=1)


def test_a_declined_order_is_told(order: Any, slack_twin: Any) -> None:
    order("pm_card_visa_chargeDeclined")
    slack_twin.assert_record("message", text=lambda text: "declined" in text)


def test_an_order_has_one_thread(shop: Any, order: Any, slack_twin: Any) -> None:
    placed = order()
    shop.post(f"/orders/{placed['id']}/refund", json={"amount": 500})
    begun = slack_twin.assert_record("message", reply_count=1)
    slack_twin.assert_record("reply", thread_ts=begun.ts, text=lambda text: "$5.00 given back" in text)


def test_an_outage_of_stripe_is_told(shop: Any, customer: str, stripe_twin: Any, slack_twin: Any) -> None:
    with stripe_twin.fail(network="reset", operation="PostPaymentIntents", times=None):
        data = {"customer": customer, "article": "book", "payment_method": "pm_card_visa"}
        assert shop.post("/orders", json=data).status_code == 503
    slack_twin.assert_record("message", text=lambda text: "Stripe does not answer" in text)


TROUBLES = ({"network": "reset"}, {"status": 503, "body": "down"}, {"error": "rate_limited"}, {"error": "internal"})


@pytest.mark.parametrize("trouble", TROUBLES)
def test_an_outage_of_slack_stops_no_order(order: Any, slack_twin: Any, stripe_twin: Any, trouble: Any) -> None:
    slack_twin.fail(times=None, **trouble)
    assert order()["status"] == "paid"
    slack_twin.assert_no_record("message")
    stripe_twin.assert_record("payment_intent", status="succeeded")


def test_a_revoked_token_stops_no_order(order: Any, slack_twin: Any) -> None:
    slack_twin.client.post("/api/auth.revoke")
    assert order()["status"] == "paid"
    assert slack_twin.calls("POST /api/chat.postMessage")[-1].reply["ok"] is False


def test_both_services_have_their_own_state(order: Any, stripe_twin: Any, slack_twin: Any, twin_world: Any) -> None:
    order()
    assert "message" not in stripe_twin.resources()
    assert "payment_intent" not in slack_twin.resources()
