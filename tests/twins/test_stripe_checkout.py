"""The Stripe twin's Checkout Sessions through stripe-python and the page: payment, subscription, setup, expiry."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.serving import Served
from tests.twins.stripe_billing import events, payer, plan, refused

stripe = pytest.importorskip("stripe")
BACK = {"success_url": "https://shop.example/done?id={CHECKOUT_SESSION_ID}", "cancel_url": "https://shop.example/cart"}


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


def shirt(client: Any, amount: int = 1500) -> Any:
    product = client.v1.products.create({"name": "Shirt"})
    return client.v1.prices.create({"product": product.id, "unit_amount": amount, "currency": "usd"})


def session(client: Any, mode: str, **more: Any) -> Any:
    return client.v1.checkout.sessions.create({"mode": mode, **BACK, **more})


def test_a_payment(client: Any, private_stripe: Served) -> None:
    price = shirt(client)
    data = {"metadata": {"order": "7"}, "description": "Order 7"}
    made = session(
        client, "payment", line_items=[{"price": price.id, "quantity": 2}], payment_intent_data=data,
        client_reference_id="7",
    )  # fmt: skip
    assert (made.status, made.payment_status, made.payment_intent, made.customer) == ("open", "unpaid", None, None)
    assert (made.amount_subtotal, made.amount_total, made.currency) == (3000, 3000, "usd")
    assert (made.ui_mode, made.expires_at - made.created) == ("hosted_page", 86_400)
    rows = client.v1.checkout.sessions.line_items.list(made.id).data
    assert [(row.description, row.quantity, row.amount_total) for row in rows] == [("Shirt", 2, 3000)]
    private_stripe.control("POST", "do/complete_checkout", session=made.id, email="jo@example.com")
    done = client.v1.checkout.sessions.retrieve(made.id, {"expand": ["payment_intent", "line_items"]})
    assert (done.status, done.payment_status, done.url) == ("complete", "paid", None)
    intent = done.payment_intent
    assert (intent.status, intent.amount, intent.metadata.to_dict()) == ("succeeded", 3000, {"order": "7"})
    assert (done.customer_details.email, done.line_items.data[0].price.id) == ("jo@example.com", price.id)
    assert events(client, "checkout", "payment_intent") == [
        "payment_intent.created", "payment_intent.succeeded", "checkout.session.completed",
    ]  # fmt: skip


def test_the_page_takes_a_card(client: Any) -> None:
    made = session(client, "payment", line_items=[{"price": shirt(client).id, "quantity": 1}])
    shown = httpx.get(made.url)
    assert (shown.status_code, "Shirt" in shown.text) == (200, True)
    declined = httpx.post(made.url, data={"email": "a@example.com", "card": "4000 0000 0000 0002"})
    assert (declined.status_code, "Your card was declined." in declined.text) == (200, True)
    assert client.v1.checkout.sessions.retrieve(made.id).status == "open"
    paid = httpx.post(made.url, data={"email": "a@example.com", "card": "4242 4242 4242 4242"})
    assert (paid.status_code, paid.headers["location"]) == (303, f"https://shop.example/done?id={made.id}")
    assert client.v1.checkout.sessions.retrieve(made.id).payment_status == "paid"
    assert "complete" in httpx.get(made.url).text


def test_a_subscription(client: Any, private_stripe: Served) -> None:
    made = session(
        client, "subscription", line_items=[{"price": plan(client).id, "quantity": 1}],
        subscription_data={"metadata": {"team": "x"}},
    )  # fmt: skip
    private_stripe.control("POST", "do/complete_checkout", session=made.id, card="pm_card_threeDSecure2Required")
    done = client.v1.checkout.sessions.retrieve(made.id, {"expand": ["subscription", "invoice"]})
    assert (done.status, done.payment_status, done.payment_intent) == ("complete", "paid", None)
    assert (done.subscription.status, done.subscription.metadata.to_dict()) == ("active", {"team": "x"})
    assert (done.invoice.status, done.invoice.id) == ("paid", done.subscription.latest_invoice)
    assert done.subscription.default_payment_method
    assert client.v1.customers.retrieve(done.customer).email == "jenny@example.com"
    trial = session(
        client, "subscription", line_items=[{"price": plan(client).id, "quantity": 1}],
        subscription_data={"trial_period_days": 7},
    )  # fmt: skip
    private_stripe.control("POST", "do/complete_checkout", session=trial.id)
    done = client.v1.checkout.sessions.retrieve(trial.id, {"expand": ["subscription"]})
    assert (done.payment_status, done.subscription.status) == ("no_payment_required", "trialing")


def test_a_setup(client: Any, private_stripe: Served) -> None:
    customer = client.v1.customers.create({"email": "a@example.com"})
    made = session(client, "setup", customer=customer.id, currency="usd")
    assert (made.payment_status, made.amount_total, made.setup_intent[:5]) == ("no_payment_required", None, "seti_")
    private_stripe.control("POST", "do/complete_checkout", session=made.id)
    intent = client.v1.setup_intents.retrieve(made.setup_intent)
    assert intent.status == "succeeded"
    assert client.v1.payment_methods.retrieve(intent.payment_method).customer == customer.id


def test_discounts_and_shipping(client: Any) -> None:
    coupon = client.v1.coupons.create({"percent_off": 20})
    rate = {"display_name": "Post", "type": "fixed_amount", "fixed_amount": {"amount": 500, "currency": "usd"}}
    made = session(
        client, "payment", line_items=[{"price": shirt(client).id, "quantity": 1}], discounts=[{"coupon": coupon.id}],
        shipping_options=[{"shipping_rate_data": rate}],
    )  # fmt: skip
    assert made.total_details.to_dict() == {"amount_discount": 300, "amount_shipping": 500, "amount_tax": 0}
    assert (made.amount_total, made.discounts[0].coupon, made.shipping_cost.amount_total) == (1700, coupon.id, 500)


def test_an_expired_session(client: Any, private_stripe: Served) -> None:
    price = shirt(client).id
    first, second = (session(client, "payment", line_items=[{"price": price, "quantity": 1}]) for _ in range(2))
    assert (client.v1.checkout.sessions.expire(first.id).status, events(client, "checkout")) == (
        "expired",
        ["checkout.session.expired"],
    )
    error = refused(client.v1.checkout.sessions.expire, first.id)
    assert error.user_message == (
        'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of '
        "`expired`."
    )
    private_stripe.control("POST", "clock/advance", hours=24)
    assert client.v1.checkout.sessions.retrieve(second.id).status == "expired"
    assert [row.id for row in client.v1.checkout.sessions.list({"status": "expired"}).data] == [second.id, first.id]


BAD = [
    ({"mode": "payment"}, "line_items", "parameter_missing", "Missing required param: line_items."),
    (
        {"mode": "payment", "success_url": ""},
        "success_url",
        "parameter_missing",
        "Missing required param: success_url.",
    ),
    ({"mode": "payment", "recurring": True}, "mode", None, "You specified `payment` mode but passed a recurring"),
    ({"mode": "subscription", "once": True}, "mode", None, "You must provide at least one recurring price in"),
    ({"mode": "payment", "once": True, "expires_at": 1}, "expires_at", None, "The `expires_at` timestamp must be"),
    ({"mode": "payment", "once": True, "customer": "cus_x"}, "customer", "resource_missing", "No such customer"),
    ({"once": True}, "mode", "parameter_missing", "Missing required param: mode."),
]


@pytest.mark.parametrize(("more", "param", "code", "text"), BAD)
def test_what_a_session_refuses(client: Any, more: dict[str, Any], param: str, code: str | None, text: str) -> None:
    params = {**BACK, **more}
    if params.pop("recurring", False):
        params["line_items"] = [{"price": plan(client).id, "quantity": 1}]
    if params.pop("once", False):
        params["line_items"] = [{"price": shirt(client).id, "quantity": 1}]
    error = refused(client.v1.checkout.sessions.create, params)
    assert (error.param, error.code, error.user_message[: len(text)]) == (param, code, text)


def test_a_missing_session(client: Any) -> None:
    error = refused(client.v1.checkout.sessions.retrieve, "cs_test_x")
    assert (error.http_status, error.user_message) == (404, "No such checkout.session: 'cs_test_x'")


def test_an_invoice_of_the_same_customer(client: Any, private_stripe: Served) -> None:
    customer = payer(client)
    made = session(client, "payment", customer=customer.id, line_items=[{"price": shirt(client).id, "quantity": 1}])
    assert (made.customer_details.email, made.customer_creation) == ("jenny@example.com", None)
    private_stripe.control("POST", "do/complete_checkout", session=made.id)
    assert client.v1.payment_intents.list({"customer": customer.id}).data[0].amount == 1500
