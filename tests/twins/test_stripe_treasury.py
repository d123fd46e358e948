"""The Stripe twin's Treasury through stripe-python: accounts, money out, money in, what others send and take."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serving import Served
from tests.twins.stripe_refusals import refusing

stripe = pytest.importorskip("stripe")
ACH = {"ach": {"requested": True}}
BANK = {"account_holder_type": "individual", "account_number": "000123456789", "routing_number": "110000000"}
OUTSIDE = {"type": "us_bank_account", "us_bank_account": BANK}


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


@pytest.fixture
def account(client: Any) -> str:
    features = {"financial_addresses": {"aba": {"requested": True}}, "outbound_payments": ACH, "inbound_transfers": ACH}
    made = client.v1.treasury.financial_accounts.create({"supported_currencies": ["usd"], "features": features})
    assert (made.status, made.balance.cash.usd, made.financial_addresses[0].type) == ("open", 0, "aba")
    assert made.active_features == ["financial_addresses.aba", "inbound_transfers.ach", "outbound_payments.ach"]
    return str(made.id)


def fund(client: Any, account: str, amount: int) -> Any:
    given = {"amount": amount, "currency": "usd", "financial_account": account, "network": "ach"}
    return client.v1.test_helpers.treasury.received_credits.create(given)


def pay(client: Any, account: str, amount: int) -> Any:
    given = {"amount": amount, "currency": "usd", "financial_account": account}
    return client.v1.treasury.outbound_payments.create({**given, "destination_payment_method_data": OUTSIDE})


def held(client: Any, account: str) -> tuple[int, int, int]:
    balance = client.v1.treasury.financial_accounts.retrieve(account).balance
    return balance.cash.usd, balance.inbound_pending.usd, balance.outbound_pending.usd


def test_money_comes_in_and_goes_out(client: Any, account: str) -> None:
    assert fund(client, account, 5000).status == "succeeded"
    first = pay(client, account, 1000)
    assert (first.status, held(client, account)) == ("processing", (4000, 0, 1000))
    helper = client.v1.test_helpers.treasury.outbound_payments
    assert helper.post(first.id).status == "posted"
    assert held(client, account) == (4000, 0, 0)
    back = helper.return_outbound_payment(first.id, {"returned_details": {"code": "account_closed"}})
    assert (back.status, back.returned_details.code, held(client, account)[0]) == ("returned", "account_closed", 5000)
    assert helper.fail(pay(client, account, 300).id).status == "failed"
    assert client.v1.treasury.outbound_payments.cancel(pay(client, account, 300).id).status == "canceled"
    assert held(client, account) == (5000, 0, 0)
    with refusing("balance_insufficient", "amount"):
        pay(client, account, 9000)
    with refusing():
        helper.post(first.id)
    rows = client.v1.treasury.transactions.list({"financial_account": account}).data[::-1]
    assert [(row.flow_type, row.amount, row.status) for row in rows] == [
        ("received_credit", 5000, "posted"),
        ("outbound_payment", -1000, "posted"),
        ("outbound_payment", 1000, "posted"),
        ("outbound_payment", -300, "void"),
        ("outbound_payment", -300, "void"),
    ]
    with refusing("parameter_missing", "financial_account"):
        client.v1.treasury.transactions.list({})


def test_money_is_fetched_and_taken(client: Any, account: str) -> None:
    asked = {"amount": 1000, "currency": "usd", "financial_account": account}
    inbound = client.v1.treasury.inbound_transfers.create(
        {**asked, "origin_payment_method": "pm_usBankAccount_success"}
    )
    assert (inbound.status, held(client, account)) == ("processing", (0, 1000, 0))
    helper = client.v1.test_helpers.treasury
    assert helper.inbound_transfers.succeed(inbound.id).status == "succeeded"
    taken = helper.received_debits.create({**asked, "amount": 400, "network": "ach"})
    assert (taken.status, held(client, account)) == ("succeeded", (600, 0, 0))
    poor = helper.received_debits.create({**asked, "amount": 4000, "network": "ach"})
    assert (poor.status, poor.failure_code) == ("failed", "insufficient_funds")
    with refusing():
        client.v1.treasury.financial_accounts.close(account)
    assert helper.inbound_transfers.return_inbound_transfer(inbound.id).returned is True


def test_an_account_is_closed(client: Any, account: str) -> None:
    assert client.v1.treasury.financial_accounts.close(account).status == "closed"
    with refusing(param="financial_account"):
        pay(client, account, 100)
    assert fund(client, account, 100).failure_code == "account_closed"
