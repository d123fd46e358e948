"""The Stripe twin's payment links, customer portal, customer sessions and tax ids: by stripe-python and their pages."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.serving import Served
from tests.twins.stripe_billing import payer, plan, refused

stripe = pytest.importorskip("stripe")


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


def test_a_payment_link_makes_a_session_for_each_visitor(client: Any) -> None:
    product = client.v1.products.create({"name": "Shirt"})
    price = client.v1.prices.create({"product": product.id, "unit_amount": 1500, "currency": "usd"})
    made = client.v1.payment_links.create(
        {"line_items": [{"price": price.id, "quantity": 2}], "metadata": {"campaign": "autumn"},
         "after_completion": {"type": "redirect", "redirect": {"url": "https://shop.example/thanks"}}}
    )  # fmt: skip
    assert (made.active, made.currency, made.customer_creation, made.subscription_data) == (
        True,
        "usd",
        "if_required",
        None,
    )
    assert client.v1.payment_links.line_items.list(made.id).data[0].amount_total == 3000
    shown = client.v1.payment_links.retrieve(made.id, {"expand": ["line_items"]})
    assert shown.line_items.data[0].price.id == price.id
    pages = [httpx.get(f"{made.url}?client_reference_id=7").headers["location"] for _ in range(2)]
    assert len(set(pages)) == 2
    done = httpx.post(pages[0], data={"card": "4242424242424242", "email": "jenny@example.com"})
    assert done.headers["location"] == "https://shop.example/thanks"
    session = client.v1.checkout.sessions.list({"payment_link": made.id, "limit": 2}).data[1]
    assert (session.status, session.amount_total, session.client_reference_id) == ("complete", 3000, "7")
    assert session.metadata.to_dict() == {"campaign": "autumn"}
    client.v1.payment_links.update(made.id, {"active": False})
    assert "no longer active" in httpx.get(made.url).text


def test_a_payment_link_for_a_subscription(client: Any) -> None:
    made = client.v1.payment_links.create({"line_items": [{"price": plan(client).id, "quantity": 1}]})
    assert (made.customer_creation, made.invoice_creation) == ("always", None)
    assert made.subscription_data.invoice_settings.issuer.type == "self"
    httpx.post(httpx.get(made.url).headers["location"], data={"card": "pm_card_visa"})
    assert client.v1.subscriptions.list().data[0].status == "active"


def test_the_customer_portal(client: Any) -> None:
    customer = payer(client)
    made = client.v1.billing_portal.sessions.create(
        {"customer": customer.id, "return_url": "https://shop.example/account"}
    )
    assert (made.customer, made.flow, made.configuration[:4]) == (customer.id, None, "bpc_")
    again = client.v1.billing_portal.sessions.create({"customer": customer.id})
    assert (again.configuration, again.return_url) == (made.configuration, None)
    page = httpx.get(made.url).text
    assert "Jenny Rosen" in page and 'href="https://shop.example/account"' in page
    error = refused(lambda: client.v1.billing_portal.sessions.create({"customer": "cus_none"}))
    assert (error.code, error.param, error.http_status) == ("resource_missing", "customer", 400)


def test_a_customer_session(client: Any) -> None:
    customer = payer(client)
    parts = {"payment_element": {"enabled": True, "features": {"payment_method_save": "enabled"}}}
    made = client.v1.customer_sessions.create({"customer": customer.id, "components": parts})
    assert made.client_secret.startswith("cuss_secret_")
    assert made.expires_at - made.created == 1800
    assert made.components.payment_element.features.payment_method_save == "enabled"
    assert made.components.payment_element.features.payment_method_remove == "disabled"
    assert made.components.pricing_table.enabled is False


def test_tax_ids_are_checked_and_verified(client: Any, private_stripe: Served) -> None:
    customer = payer(client)
    made = client.v1.customers.tax_ids.create(customer.id, {"type": "eu_vat", "value": "DE000000000"})
    assert (made.country, made.verification.status, made.owner.type) == ("DE", "pending", "customer")
    private_stripe.control("POST", "clock/advance", seconds=2)
    assert client.v1.customers.tax_ids.retrieve(customer.id, made.id).verification.status == "verified"
    assert client.v1.customers.tax_ids.list(customer.id).data[0].id == made.id
    error = refused(lambda: client.v1.customers.tax_ids.create(customer.id, {"type": "eu_vat", "value": "1"}))
    assert (error.code, error.user_message) == ("tax_id_invalid", "Invalid value for eu_vat.")
    own = client.v1.tax_ids.create({"type": "us_ein", "value": "12-3456789"})
    assert (own.country, own.customer, own.owner.type, own.verification) == ("US", None, "self", None)
    types = [event.type for event in client.v1.events.list({"type": "customer.tax_id.*"}).data]
    assert types == ["customer.tax_id.created", "customer.tax_id.updated", "customer.tax_id.created"]
