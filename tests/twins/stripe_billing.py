"""What the tests of the Stripe twin's billing share: customers who pay, prices, subscriptions, refusals."""

from __future__ import annotations

from typing import Any

import pytest

stripe = pytest.importorskip("stripe")
DAY = 86_400
START = 1_800_000_000  # 2027-01-15T08:00:00Z


def payer(client: Any, card: str = "visa", **more: Any) -> Any:
    """A customer who pays with a test card."""
    customer = client.v1.customers.create({"email": "jenny@example.com", "name": "Jenny Rosen", **more})
    method = client.v1.payment_methods.attach(f"pm_card_{card}", {"customer": customer.id})
    return client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})


def plan(client: Any, amount: int = 2500, interval: str = "month", **more: Any) -> Any:
    product = client.v1.products.create({"name": "Gold"})
    recurring = {"interval": interval}
    return client.v1.prices.create(
        {"product": product.id, "unit_amount": amount, "currency": "usd", "recurring": recurring, **more}
    )


def subscribe(client: Any, customer: Any, price: Any, **more: Any) -> Any:
    params = {"customer": customer.id, "items": [{"price": price.id}], "expand": ["latest_invoice"], **more}
    return client.v1.subscriptions.create(params)


def advance(client: Any, clock: Any, to: int) -> None:
    moving = client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": to})
    assert (moving.status, moving.status_details.advancing.target_frozen_time) == ("advancing", to)
    now = client.v1.test_helpers.test_clocks.retrieve(clock.id)
    assert (now.status, now.frozen_time) == ("ready", to)


def events(client: Any, *prefixes: str) -> list[str]:
    found = [event.type for event in client.v1.events.list({"limit": 100}).auto_paging_iter()][::-1]
    return [type for type in found if type.startswith(prefixes)]


def refused(call: Any, *arguments: Any) -> Any:
    with pytest.raises(stripe.StripeError) as caught:
        call(*arguments)
    return caught.value
