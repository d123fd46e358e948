"""Customers, cards, 3D Secure, refunds."""

from __future__ import annotations

from typing import Any

import pytest


def test_a_customer_is_made(shop: Any, stripe_twin: Any) -> None:
    id = shop.post("/customers", json={"email": "ada@example.com", "name": "Ada"}).json()["id"]
    stripe_twin.assert_record("customer", id, email="ada@example.com", name="Ada")
    stripe_twin.assert_event("customer.created", email="ada@example.com")


def test_a_known_customer_is_found_again(shop: Any, stripe_twin: Any, customer: str) -> None:
    assert shop.post("/customers", json={"email": "ada@example.com"}).json()["id"] == customer
    stripe_twin.assert_called("PostCustomers", times=1)


@pytest.mark.parametrize("email", ["", "nobody", None])
def test_an_address_without_an_at_sign_never_reaches_stripe(shop: Any, stripe_twin: Any, email: Any) -> None:
    assert shop.post("/customers", json={"email": email}).status_code == 422
    stripe_twin.assert_not_called()


@pytest.mark.parametrize(
    "method",
    ["pm_card_visa", "pm_card_mastercard", "pm_card_amex", "pm_card_discover", "pm_card_jcb", "pm_card_visa_debit"],
)
def test_cards_that_work(order: Any, stripe_twin: Any, method: str) -> None:
    placed = order(method)
    assert placed["status"] == "paid"
    stripe_twin.assert_record("payment_intent", placed["payment"], amount=1500, status="succeeded")


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        ("pm_card_visa_chargeDeclined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedLostCard", "lost_card"),
        ("pm_card_visa_chargeDeclinedStolenCard", "stolen_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error"),
    ],
)
def test_cards_that_are_declined(order: Any, stripe_twin: Any, method: str, reason: str) -> None:
    placed = order(method)
    assert (placed["status"], placed["reason"]) == ("declined", reason)
    stripe_twin.assert_record("payment_intent", status="requires_payment_method")
    stripe_twin.assert_event("payment_intent.payment_failed")


@pytest.mark.parametrize(
    ("article", "quantity", "total"), [("book", 1, 1500), ("lamp", 2, 9800), ("chair", 10, 120000)]
)
def test_the_amount_is_the_order_s(order: Any, stripe_twin: Any, article: str, quantity: int, total: int) -> None:
    placed = order(article=article, quantity=quantity)
    stripe_twin.assert_record("charge", payment_intent=placed["payment"], amount=total, currency="usd", paid=True)


def test_metadata_names_the_order(order: Any, stripe_twin: Any) -> None:
    placed = order()
    stripe_twin.assert_record("payment_intent", **{"metadata.order": str(placed["id"])})


def test_an_unknown_card_is_the_caller_s_mistake(shop: Any, customer: str) -> None:
    data = {"customer": customer, "article": "book", "payment_method": "pm_card_nonsense"}
    reply = shop.post("/orders", json=data)
    assert reply.status_code == 422
    assert "No such PaymentMethod" in reply.json()["detail"]


def test_an_unknown_customer_is_the_caller_s_mistake(shop: Any) -> None:
    data = {"customer": "cus_nobody", "article": "book", "payment_method": "pm_card_visa"}
    assert shop.post("/orders", json=data).status_code == 422


@pytest.mark.parametrize("wrong", [{"article": "moon"}, {"quantity": 0}, {"quantity": 101}])
def test_bad_orders_never_reach_stripe(shop: Any, stripe_twin: Any, customer: str, wrong: dict[str, Any]) -> None:
    data = {"customer": customer, "article": "book", "payment_method": "pm_card_visa", **wrong}
    assert shop.post("/orders", json=data).status_code == 422
    stripe_twin.assert_not_called("PostPaymentIntents")


def test_3d_secure_completed(shop: Any, order: Any, stripe_twin: Any) -> None:
    placed = order("pm_card_authenticationRequired")
    assert placed["status"] == "action"
    stripe_twin.do("complete_3ds", intent=placed["payment"])
    assert shop.get(f"/orders/{placed['id']}").json()["status"] == "paid"


def test_3d_secure_failed(shop: Any, order: Any, stripe_twin: Any) -> None:
    placed = order("pm_card_authenticationRequired")
    stripe_twin.do("fail_3ds", intent=placed["payment"])
    assert shop.get(f"/orders/{placed['id']}").json()["status"] == "declined"


def test_3d_secure_not_yet_done(shop: Any, order: Any) -> None:
    placed = order("pm_card_authenticationRequired")
    assert shop.get(f"/orders/{placed['id']}").json()["status"] == "action"


def test_a_whole_refund(shop: Any, order: Any, stripe_twin: Any) -> None:
    placed = order()
    assert shop.post(f"/orders/{placed['id']}/refund", json={}).json()["status"] == "refunded"
    stripe_twin.assert_record("refund", payment_intent=placed["payment"], amount=1500, status="succeeded")


def test_refunds_in_parts(shop: Any, order: Any, stripe_twin: Any) -> None:
    placed = order()
    for amount, status in ((500, "paid"), (700, "paid"), (300, "refunded")):
        assert shop.post(f"/orders/{placed['id']}/refund", json={"amount": amount}).json()["status"] == status
    assert sum(refund.amount for refund in stripe_twin.records("refund")) == 1500


def test_more_than_was_paid_is_not_refunded(shop: Any, order: Any, stripe_twin: Any) -> None:
    placed = order()
    reply = shop.post(f"/orders/{placed['id']}/refund", json={"amount": 1501})
    assert reply.status_code == 409
    stripe_twin.assert_no_record("refund")


def test_nothing_is_refunded_that_was_not_paid(shop: Any, order: Any, stripe_twin: Any) -> None:
    placed = order("pm_card_visa_chargeDeclined")
    assert shop.post(f"/orders/{placed['id']}/refund", json={}).status_code == 409
    stripe_twin.assert_not_called("PostRefunds")


def test_the_balance_adds_up(shop: Any, order: Any, stripe_twin: Any) -> None:
    placed = order(article="lamp")
    shop.post(f"/orders/{placed['id']}/refund", json={"amount": 900})
    moved = stripe_twin.records("balance_transaction")
    assert sum(each.amount for each in moved) == 4000
    assert all(each.net == each.amount - each.fee for each in moved)
