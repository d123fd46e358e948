"""Billing credits of the Stripe twin through stripe-python: grants, balances, what invoices of usage take."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serving import Served
from tests.twins.stripe_billing import DAY, START, advance, events, payer, refused, subscribe

stripe = pytest.importorskip("stripe")
METERED = {"scope": {"price_type": "metered"}}


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


def grant(client: Any, customer: Any, value: int, **more: Any) -> Any:
    amount = {"type": "monetary", "monetary": {"currency": "usd", "value": value}}
    params = {"customer": customer.id, "amount": amount, "applicability_config": METERED, **more}
    return client.v1.billing.credit_grants.create(params)


def balance(client: Any, customer: Any, **more: Any) -> tuple[int, int]:
    """(available, ledger) in dollars' cents."""
    asked = more or {"type": "applicability_scope", "applicability_scope": {"price_type": "metered"}}
    found = client.v1.billing.credit_balance_summary.retrieve({"customer": customer.id, "filter": asked})
    row = found.balances[0]
    return row.available_balance.monetary.value, row.ledger_balance.monetary.value


def using(client: Any, clock: Any) -> tuple[Any, Any]:
    """A customer with a subscription to usage at 10 cents, and the subscription."""
    meter = client.v1.billing.meters.create(
        {"display_name": "Calls", "event_name": "calls", "default_aggregation": {"formula": "sum"}}
    )
    product = client.v1.products.create({"name": "Calls"})
    recurring = {"interval": "month", "usage_type": "metered", "meter": meter.id}
    price = client.v1.prices.create(
        {"product": product.id, "currency": "usd", "unit_amount": 10, "recurring": recurring}
    )
    customer = payer(client, test_clock=clock.id)
    return customer, subscribe(client, customer, price)


def use(client: Any, customer: Any, value: int) -> None:
    payload = {"stripe_customer_id": customer.id, "value": str(value)}
    client.v1.billing.meter_events.create({"event_name": "calls", "payload": payload})


@pytest.fixture
def clock(client: Any) -> Any:
    return client.v1.test_helpers.test_clocks.create({"frozen_time": START})


def test_grants_pay_for_usage_in_their_order(client: Any, clock: Any) -> None:
    customer, subscription = using(client, clock)
    last = grant(client, customer, 5000)
    first = grant(client, customer, 300, priority=1, category="promotional")
    assert balance(client, customer) == (5300, 5300)
    use(client, customer, 100)
    advance(client, clock, START + 31 * DAY + 2 * 3600)
    invoice = client.v1.invoices.list({"subscription": subscription.id}).data[0]
    assert (invoice.subtotal, invoice.total, invoice.status) == (1000, 0, "paid")
    assert [row.amount for row in invoice.total_pretax_credit_amounts] == [300, 700]
    line = invoice.lines.data[0]
    assert [row.type for row in line.pretax_credit_amounts] == ["credit_balance_transaction"] * 2
    assert balance(client, customer) == (4300, 4300)
    assert balance(client, customer, type="credit_grant", credit_grant=last.id) == (4300, 4300)
    changes = client.v1.billing.credit_balance_transactions.list({"customer": customer.id, "credit_grant": first.id})
    assert [(row.type, (row.debit or row.credit).type) for row in changes.data] == [
        ("debit", "credits_applied"), ("credit", "credits_granted"),
    ]  # fmt: skip
    assert changes.data[0].debit.credits_applied.invoice == invoice.id


def test_what_credits_do_not_reach_is_charged(client: Any, clock: Any) -> None:
    customer, subscription = using(client, clock)
    grant(client, customer, 400)
    use(client, customer, 100)
    advance(client, clock, START + 31 * DAY + 2 * 3600)
    invoice = client.v1.invoices.list({"subscription": subscription.id}).data[0]
    assert (invoice.total, invoice.amount_paid, invoice.status) == (600, 600, "paid")


def test_a_void_invoice_gives_its_credits_back(client: Any, clock: Any) -> None:
    customer, subscription = using(client, clock)
    grant(client, customer, 400)
    use(client, customer, 100)
    advance(client, clock, START + 31 * DAY + 60)
    draft = client.v1.invoices.list({"subscription": subscription.id}).data[0]
    opened = client.v1.invoices.finalize_invoice(draft.id, {"auto_advance": False})
    assert (opened.total, balance(client, customer)) == (600, (0, 0))
    client.v1.invoices.void_invoice(opened.id)
    assert balance(client, customer) == (400, 400)


def test_grants_begin_expire_and_are_voided(client: Any, clock: Any) -> None:
    customer = payer(client, test_clock=clock.id)
    later = grant(client, customer, 100, effective_at=START + DAY, expires_at=START + 3 * DAY)
    assert balance(client, customer) == (0, 100)
    advance(client, clock, START + 2 * DAY)
    assert balance(client, customer) == (100, 100)
    advance(client, clock, START + 3 * DAY)
    assert balance(client, customer) == (0, 0)
    assert refused(client.v1.billing.credit_grants.void_grant, later.id).http_status == 400
    one, two = grant(client, customer, 70), grant(client, customer, 50)
    assert client.v1.billing.credit_grants.void_grant(one.id).voided_at == START + 3 * DAY
    assert client.v1.billing.credit_grants.expire(two.id).expires_at == START + 3 * DAY
    assert balance(client, customer) == (0, 0)
    assert events(client, "billing.credit_grant") == [
        *["billing.credit_grant.created"] * 3, *["billing.credit_grant.updated"] * 2,
    ]  # fmt: skip
    assert len(client.v1.billing.credit_grants.list({"customer": customer.id}).data) == 3
