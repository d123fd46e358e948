"""The customer portal through stripe-python and a browser's requests: plans, cards, details, flows."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.serving import Served
from tests.twins.stripe_billing import events, payer, plan, refused, subscribe

stripe = pytest.importorskip("stripe")


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


def post(session: Any, **form: str) -> httpx.Response:
    return httpx.post(session.url, data=form)


def session(client: Any, customer: Any, **more: Any) -> Any:
    return client.v1.billing_portal.sessions.create({"customer": customer.id, **more})


def changeable(client: Any, *prices: Any, **more: Any) -> Any:
    """A configuration that lets customers choose among prices."""
    products = [{"product": price.product, "prices": [price.id]} for price in prices]
    update = {
        "enabled": True, "default_allowed_updates": ["price", "quantity"], "products": products,
        "proration_behavior": "always_invoice", **more,
    }  # fmt: skip
    return client.v1.billing_portal.configurations.create({"features": {"subscription_update": update}})


def test_configurations(client: Any) -> None:
    made = client.v1.billing_portal.configurations.create(
        {
            "features": {"customer_update": {"enabled": True, "allowed_updates": ["email"]}},
            "business_profile": {"headline": "Gold & Co"},
            "default_return_url": "https://shop.example",
        }
    )
    assert (made.active, made.is_default, made.features.customer_update.allowed_updates) == (True, False, ["email"])
    cancel = made.features.subscription_cancel
    assert (cancel.enabled, cancel.mode, cancel.cancellation_reason.options[0]) == (
        False, "at_period_end", "too_expensive",
    )  # fmt: skip
    changed = client.v1.billing_portal.configurations.update(
        made.id, {"features": {"subscription_cancel": {"enabled": True, "mode": "immediately"}}, "active": False}
    )
    assert (changed.features.subscription_cancel.mode, changed.active) == ("immediately", False)
    assert changed.features.customer_update.enabled
    asked = {"features": {"subscription_update": {"enabled": True, "default_allowed_updates": ["price"]}}}
    assert refused(client.v1.billing_portal.configurations.create, asked).param == (
        "features[subscription_update][products]"
    )
    assert events(client, "billing_portal") == [
        "billing_portal.configuration.created", "billing_portal.configuration.updated",
    ]  # fmt: skip


def test_a_customer_cancels_and_takes_it_back(client: Any) -> None:
    customer = payer(client)
    made = subscribe(client, customer, plan(client))
    opened = session(client, customer, return_url="https://shop.example/account")
    text = httpx.get(opened.url).text
    assert "Gold" in text and "Cancel subscription" in text and made.latest_invoice.number in text
    done = post(opened, action="cancel", subscription=made.id, feedback="too_expensive", comment="Too much")
    assert (done.status_code, done.headers["location"]) == (303, opened.url)
    now = client.v1.subscriptions.retrieve(made.id)
    assert (now.status, now.cancel_at_period_end, now.cancellation_details.feedback) == (
        "active",
        True,
        "too_expensive",
    )
    assert "Don't cancel" in httpx.get(opened.url).text
    post(opened, action="renew", subscription=made.id)
    assert client.v1.subscriptions.retrieve(made.id).cancel_at_period_end is False
    other = subscribe(client, payer(client), plan(client))
    assert post(opened, action="cancel", subscription=other.id).status_code == 404


def test_a_customer_changes_plans_and_quantities(client: Any) -> None:
    customer, low, high = payer(client), plan(client, 1000), plan(client, 4000)
    made = subscribe(client, customer, low)
    opened = session(client, customer, configuration=changeable(client, low, high).id)
    assert "$40.00" in httpx.get(opened.url).text
    post(opened, action="update", subscription=made.id, price=high.id, quantity="2")
    now = client.v1.subscriptions.retrieve(made.id, {"expand": ["latest_invoice"]})
    assert (now["items"].data[0].price.id, now["items"].data[0].quantity) == (high.id, 2)
    assert (now.latest_invoice.status, now.latest_invoice.billing_reason) == ("paid", "subscription_update")
    assert post(opened, action="update", subscription=made.id, price=plan(client).id).status_code == 400
    usual = session(client, customer)
    assert post(usual, action="update", subscription=made.id, price=low.id).status_code == 400


def test_a_customer_changes_cards_and_details(client: Any) -> None:
    customer = payer(client)
    before = customer.invoice_settings.default_payment_method
    opened = session(client, customer)
    post(opened, action="payment_method", card="5555 5555 5555 4444")
    now = client.v1.customers.retrieve(customer.id, {"expand": ["invoice_settings.default_payment_method"]})
    assert now.invoice_settings.default_payment_method.card.brand == "mastercard"
    assert "declined" in post(opened, action="payment_method", card="4000000000000002").text
    post(opened, action="default_payment_method", method=before)
    assert client.v1.customers.retrieve(customer.id).invoice_settings.default_payment_method == before
    post(opened, action="customer", email="new@example.com", name="Jen")
    assert client.v1.customers.retrieve(customer.id).email == "new@example.com"


def test_flows_lead_where_they_say(client: Any) -> None:
    customer, low, high = payer(client), plan(client, 1000), plan(client, 4000)
    made = subscribe(client, customer, low)
    back = {"type": "redirect", "redirect": {"return_url": "https://shop.example/done"}}
    cancel = {"type": "subscription_cancel", "subscription_cancel": {"subscription": made.id}, "after_completion": back}
    opened = session(client, customer, flow_data=cancel)
    assert (opened.flow.type, opened.flow.subscription_cancel.subscription) == ("subscription_cancel", made.id)
    done = post(opened, action="cancel", subscription=made.id)
    assert done.headers["location"] == "https://shop.example/done"
    item = made["items"].data[0].id
    confirm = {"subscription": made.id, "items": [{"id": item, "price": high.id, "quantity": 1}]}
    asked = {
        "type": "subscription_update_confirm", "subscription_update_confirm": confirm,
        "after_completion": {
            "type": "hosted_confirmation", "hosted_confirmation": {"custom_message": "Welcome to Gold"},
        },
    }  # fmt: skip
    error = refused(lambda: session(client, customer, flow_data=asked))
    assert error.user_message == (
        "This subscription cannot be updated because the subscription update feature in the portal configuration is "
        "disabled."
    )
    opened = session(client, customer, flow_data=asked, configuration=changeable(client, low, high).id)
    assert "Confirm" in httpx.get(opened.url).text
    assert "Welcome to Gold" in post(opened, action="confirm").text
    assert client.v1.subscriptions.retrieve(made.id)["items"].data[0].price.id == high.id
    again = refused(lambda: session(client, customer, flow_data=asked, configuration=opened.configuration))
    assert again.user_message == "There are no changes to confirm."
    card = session(client, customer, flow_data={"type": "payment_method_update", "after_completion": back})
    assert "Current subscriptions" not in httpx.get(card.url).text
    assert (
        post(card, action="payment_method", card="4242424242424242").headers["location"]
        == back["redirect"]["return_url"]
    )


def test_the_login_page(client: Any) -> None:
    made = client.v1.billing_portal.configurations.create(
        {"features": {"invoice_history": {"enabled": True}}, "login_page": {"enabled": True}}
    )
    payer(client)
    assert "Email" in httpx.get(made.login_page.url).text
    reply = httpx.get(made.login_page.url, params={"email": "jenny@example.com"}, follow_redirects=True)
    assert "Jenny Rosen" in reply.text and "Invoice history" in reply.text
