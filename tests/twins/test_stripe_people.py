"""The parts of connected accounts through stripe-python: persons, capabilities, external accounts, rejection, embedded
components."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serving import Served
from tests.twins.stripe_refusals import refusing

stripe = pytest.importorskip("stripe")
CEO = {"representative": True, "executive": True, "owner": True, "title": "CEO"}
WHOLE = {
    "first_name": "Jenny",
    "last_name": "Rosen",
    "email": "jenny@example.com",
    "dob": {"day": 1, "month": 1, "year": 1901},
    "id_number": "000000000",
}


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


def company(client: Any) -> str:
    """A company that wants to get transfers."""
    wanted = {"transfers": {"requested": True}, "card_payments": {"requested": True}}
    given = {"type": "custom", "country": "US", "business_type": "company", "capabilities": wanted}
    return str(client.v1.accounts.create(given).id)


def told(client: Any, account: str) -> list[str]:
    """Types of the events of an account, oldest first."""
    options = {"stripe_account": account}
    return [event.type for event in client.v1.events.list({"limit": 100}, options).data][::-1]


def due(client: Any, account: str) -> list[str]:
    return list(client.v1.accounts.retrieve(account).requirements.currently_due)


def test_a_representative_provides_what_is_due_of_them(client: Any) -> None:
    account = company(client)
    assert "representative.first_name" in due(client, account)
    person = client.v1.accounts.persons.create(account, {"first_name": "Jenny", "relationship": CEO})
    assert (person.verification.status, person.id_number_provided) == ("unverified", False)
    assert "last_name" in person.requirements.currently_due
    assert f"{person.id}.last_name" in due(client, account)
    person = client.v1.accounts.persons.update(account, person.id, WHOLE)
    assert (person.verification.status, person.id_number_provided) == ("verified", True)
    assert person.requirements.currently_due == []
    assert not [name for name in due(client, account) if name.startswith(("representative", "person_"))]
    owners = client.v1.accounts.persons.list(account, {"relationship": {"owner": True}}).data
    assert [each.id for each in owners] == [person.id]
    assert client.v1.accounts.persons.list(account, {"relationship": {"director": True}}).data == []
    client.v1.accounts.persons.delete(account, person.id)
    assert "representative.last_name" in due(client, account)
    with refusing("resource_missing", "person"):
        client.v1.accounts.persons.retrieve(account, person.id)
    types = told(client, account)
    assert [type for type in types if type.startswith("person.")] == [
        "person.created",
        "person.updated",
        "person.deleted",
    ]


def test_a_number_that_identifies_nobody(client: Any) -> None:
    wrong = {**WHOLE, "id_number": "111111111", "relationship": CEO}
    person = client.v1.accounts.persons.create(company(client), wrong)
    assert (person.verification.status, person.verification.details_code) == ("unverified", "failed_keyed_identity")


def test_capabilities_are_asked_for_and_given_back(client: Any) -> None:
    account = company(client)
    assert [each.id for each in client.v1.accounts.capabilities.list(account).data] == ["card_payments", "transfers"]
    kept = client.v1.accounts.capabilities.retrieve(account, "transfers")
    assert (kept.status, kept.requested, bool(kept.requirements.currently_due)) == ("inactive", True, True)
    other = "us_bank_account_ach_payments"
    assert client.v1.accounts.capabilities.retrieve(account, other).status == "unrequested"
    assert client.v1.accounts.capabilities.update(account, other, {"requested": True}).requested is True
    assert other in client.v1.accounts.retrieve(account).capabilities.to_dict()
    gone = client.v1.accounts.capabilities.update(account, other, {"requested": False})
    assert (gone.status, gone.requested) == ("unrequested", False)
    with refusing("resource_missing"):
        client.v1.accounts.capabilities.retrieve(account, "flying")
    assert told(client, account).count("capability.updated") == 2


def test_external_accounts(client: Any, private_stripe: Served) -> None:
    account = company(client)
    first = client.v1.accounts.external_accounts.create(account, {"external_account": "btok_us"})
    assert (first.object, first.account, first.default_for_currency, first.last4) == (
        "bank_account",
        account,
        True,
        "6789",
    )
    assert "external_account" not in due(client, account)
    assert client.v1.accounts.retrieve(account).external_accounts.total_count == 1
    second = client.v1.accounts.external_accounts.create(account, {"external_account": "btok_us_verified_noAccount"})
    assert second.default_for_currency is False
    with refusing(words="You cannot delete the default external account for your default currency."):
        client.v1.accounts.external_accounts.delete(account, first.id)
    client.v1.accounts.external_accounts.update(account, second.id, {"default_for_currency": True})
    assert client.v1.accounts.external_accounts.retrieve(account, first.id).default_for_currency is False
    assert client.v1.accounts.external_accounts.delete(account, first.id).deleted is True
    card = client.v1.accounts.external_accounts.create(account, {"external_account": "tok_visa_debit"})
    assert (card.object, card.available_payout_methods) == ("card", ["standard", "instant"])
    kept = client.v1.accounts.external_accounts.list(account, {"object": "card"}).data
    assert [each.id for each in kept] == [card.id]
    private_stripe.control("POST", "do/add_funds", amount=5000, account=account)
    options = {"stripe_account": account}
    payout = client.v1.payouts.create({"amount": 1000, "currency": "usd"}, options)
    assert payout.destination == second.id
    private_stripe.control("POST", "clock/advance", days=5)
    payout = client.v1.payouts.retrieve(payout.id, {}, options)
    assert (payout.status, payout.failure_code) == ("failed", "no_account")


def test_a_rejected_account_can_do_nothing_until_it_is_taken_back(client: Any, private_stripe: Served) -> None:
    account = company(client)
    private_stripe.control("POST", "do/onboard_account", account=account)
    rejected = client.v1.accounts.reject(account, {"reason": "fraud"})
    assert (rejected.charges_enabled, rejected.payouts_enabled) == (False, False)
    assert (rejected.requirements.disabled_reason, rejected.capabilities.transfers) == ("rejected.fraud", "inactive")
    again = private_stripe.client.post(
        f"/v1/accounts/{account}/unreject", headers={"authorization": "Bearer sk_test_123"}
    )
    assert again.json()["charges_enabled"] is True


def test_embedded_components(client: Any) -> None:
    account = company(client)
    features = {"refund_management": False}
    session = client.v1.account_sessions.create(
        {"account": account, "components": {"payments": {"enabled": True, "features": features}}}
    )
    shown = session.components.payments
    assert (shown.enabled, shown.features.refund_management, shown.features.dispute_management) == (True, False, True)
    assert session.components.payouts.enabled is False
    assert session.client_secret.startswith("accs_secret__")
    with refusing(param="components"):
        client.v1.account_sessions.create({"account": account, "components": {"payments": {"enabled": False}}})


def test_an_onboarding_link_says_where_to_return(client: Any) -> None:
    express = client.v1.accounts.create({"type": "express"}).id
    where = {"refresh_url": "https://example.com/again", "return_url": "https://example.com/back"}
    with refusing(words='Valid types for this account are ["account_onboarding"].'):
        client.v1.account_links.create({"account": express, "type": "account_update", **where})
    assert client.v1.account_links.create({"account": company(client), "type": "account_update", **where}).url
    with refusing("parameter_missing", "refresh_url"):
        client.v1.account_links.create({"account": company(client), "type": "account_onboarding"})
