"""Linked bank accounts and apps' secrets of the Stripe twin through stripe-python."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serving import Served
from tests.twins.stripe_refusals import refusing

stripe = pytest.importorskip("stripe")


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


def test_a_bank_account_is_linked(client: Any, private_stripe: Served) -> None:
    holder = {"type": "customer", "customer": client.v1.customers.create({}).id}
    asked = {"account_holder": holder, "permissions": ["payment_method", "balances"]}
    session = client.v1.financial_connections.sessions.create(asked)
    assert (session.accounts.data, session.client_secret.startswith(f"{session.id}_secret_")) == ([], True)
    linked = private_stripe.control("POST", "do/link_account", session=session.id)["id"]
    accounts = client.v1.financial_connections.accounts
    assert [each.id for each in accounts.list({"account_holder": {"customer": holder["customer"]}}).data] == [linked]
    assert client.v1.financial_connections.sessions.retrieve(session.id).accounts.data[0].id == linked
    assert accounts.refresh(linked, {"features": ["balance"]}).balance_refresh.status == "pending"
    private_stripe.control("POST", "clock/advance", minutes=1)
    account = accounts.retrieve(linked)
    assert (account.balance_refresh.status, account.balance.current.to_dict()) == ("succeeded", {"usd": 100_000})
    with refusing(param="features"):
        accounts.subscribe(linked, {"features": ["transactions"]})
    method = {"type": "us_bank_account", "us_bank_account": {"financial_connections_account": linked}}
    assert client.v1.payment_methods.create({**method, "billing_details": {"name": "Jenny"}}).type == "us_bank_account"
    assert accounts.disconnect(linked).status == "disconnected"
    with refusing():
        accounts.refresh(linked, {"features": ["balance"]})
    kinds = [event.type for event in client.v1.events.list({"type": "financial_connections.*"}).data][::-1]
    assert [kind.rpartition(".")[2] for kind in kinds] == ["created", "refreshed_balance", "disconnected"]


def test_secrets_of_apps(client: Any, private_stripe: Served) -> None:
    mine, yours = {"type": "account"}, {"type": "user", "user": "usr_1"}
    secrets = client.v1.apps.secrets
    now = secrets.create({"scope": mine, "name": "token", "payload": "one"}).created
    secrets.create({"scope": yours, "name": "token", "payload": "two", "expires_at": now + 60})
    for scope, payload in ((mine, "one"), (yours, "two")):
        assert secrets.find({"scope": scope, "name": "token", "expand": ["payload"]}).payload == payload
    secrets.create({"scope": mine, "name": "token", "payload": "three"})
    assert [each.name for each in secrets.list({"scope": mine}).data] == ["token"]
    private_stripe.control("POST", "clock/advance", minutes=2)
    with refusing("resource_missing"):
        secrets.find({"scope": yours, "name": "token"})
    assert secrets.delete_where({"scope": mine, "name": "token"}).deleted is True
    assert secrets.list({"scope": mine}).data == []
