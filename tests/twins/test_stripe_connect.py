"""The Stripe twin's Connect through stripe-python: accounts, onboarding, transfers, destination and direct charges."""

from __future__ import annotations

import contextlib
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.serving import Served
from tests.twins.stripe_billing import refused

stripe = pytest.importorskip("stripe")
PAY = {"amount": 10_000, "currency": "usd", "confirm": True, "payment_method_types": ["card"]}
NOW = "pm_card_bypassPending"


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


def ready(client: Any, served: Served) -> str:
    id = client.v1.accounts.create({"type": "express"}).id
    served.control("POST", "do/onboard_account", account=id)
    return str(id)


def total(client: Any, account: str | None = None) -> int:
    """What the balance of an account comes to, which has to be the sum of its transactions."""
    options = {"stripe_account": account} if account else {}
    balance = client.v1.balance.retrieve({}, options)
    rows = client.v1.balance_transactions.list({"limit": 100}, options).data
    whole = sum(row.amount for part in (balance.available, balance.pending) for row in part)
    assert whole == sum(row.net for row in rows)
    assert all(row.net == row.amount - row.fee == row.amount - sum(d.amount for d in row.fee_details) for row in rows)
    return whole


# accounts -------------------------------------------------------------------------------------------------------------


def test_a_new_account_has_everything_to_provide(client: Any, private_stripe: Served) -> None:
    made = client.v1.accounts.create({"type": "express", "email": "jenny@example.com", "metadata": {"shop": "1"}})
    assert (made.type, made.country, made.default_currency, made.email) == ("express", "US", "usd", "jenny@example.com")
    assert (made.charges_enabled, made.payouts_enabled, made.details_submitted) == (False, False, False)
    assert made.capabilities.to_dict() == {"card_payments": "inactive", "transfers": "inactive"}
    assert made.controller.fees.payer == "application_express"
    due = made.requirements
    assert due.disabled_reason == "requirements.past_due"
    assert "external_account" in due.currently_due == due.past_due == due.eventually_due
    assert (made.external_accounts.total_count, made.login_links.total_count) == (0, 0)
    assert made.settings.payouts.schedule.delay_days == 2
    assert [account.id for account in client.v1.accounts.list().data] == [made.id]
    error = refused(lambda: client.v1.accounts.login_links.create(made.id))
    assert "has not completed onboarding" in error.user_message
    link = client.v1.account_links.create(
        {"account": made.id, "type": "account_onboarding", "return_url": "https://shop.example/r",
         "refresh_url": "https://shop.example/again"}
    )  # fmt: skip
    assert link.expires_at - link.created == 300
    assert "Provide everything" in httpx.get(link.url).text
    assert httpx.post(link.url).headers["location"] == "https://shop.example/r"
    after = client.v1.accounts.retrieve(made.id)
    assert (after.charges_enabled, after.payouts_enabled, after.details_submitted) == (True, True, True)
    assert (after.requirements.currently_due, after.requirements.disabled_reason) == ([], None)
    event = client.v1.events.list({"type": "account.updated"}, {"stripe_account": made.id}).data[0]
    assert event.account == made.id and event.data.previous_attributes.charges_enabled is False
    assert client.v1.accounts.login_links.create(made.id).url.startswith("https://connect.stripe.com/express/")
    private_stripe.control("POST", "clock/advance", minutes=6)
    assert httpx.get(link.url).headers["location"] == "https://shop.example/again"


def test_an_account_provides_its_details_by_the_api(client: Any) -> None:
    made = client.v1.accounts.create(
        {"type": "custom", "country": "US", "capabilities": {"transfers": {"requested": True}}}
    )
    assert made.capabilities.to_dict() == {"transfers": "inactive"}
    changed = client.v1.accounts.update(
        made.id,
        {
            "business_type": "individual",
            "business_profile": {"mcc": "5734", "url": "https://shop.example"},
            "external_account": {
                "object": "bank_account", "country": "US", "currency": "usd", "account_number": "000123456789",
                "routing_number": "110000000",
            },
            "individual": {
                "first_name": "Jenny", "last_name": "Rosen", "email": "jenny@example.com",
                "dob": {"day": 1, "month": 1, "year": 1901}, "ssn_last_4": "0000",
            },
            "settings": {"payments": {"statement_descriptor": "SHOP"}},
        },
    )  # fmt: skip
    assert changed.requirements.currently_due == ["tos_acceptance.date", "tos_acceptance.ip"]
    assert changed.external_accounts.data[0].last4 == "6789"
    assert changed.individual.ssn_last_4_provided and "ssn_last_4" not in changed.individual
    done = client.v1.accounts.update(made.id, {"tos_acceptance": {"date": 1_700_000_000, "ip": "127.0.0.1"}})
    assert (done.capabilities.to_dict(), done.payouts_enabled) == ({"transfers": "active"}, True)
    assert client.v1.accounts.delete(made.id).deleted
    with pytest.raises(stripe.PermissionError, match="does not have access to account"):
        client.v1.accounts.retrieve(made.id)


# transfers ------------------------------------------------------------------------------------------------------------


def test_a_transfer_moves_money(client: Any, private_stripe: Served) -> None:
    account = ready(client, private_stripe)
    send = {"amount": 4000, "currency": "usd", "destination": account}
    error = refused(lambda: client.v1.transfers.create(send))
    assert (error.code, error.http_status) == ("balance_insufficient", 400)
    client.v1.payment_intents.create({**PAY, "payment_method": NOW})
    made = client.v1.transfers.create({**send, "transfer_group": "ORDER_1"})
    assert (made.amount, made.amount_reversed, made.reversed, made.source_type) == (4000, 0, False, "card")
    assert (made.destination, made.transfer_group, made.reversals.total_count) == (account, "ORDER_1", 0)
    assert (total(client), total(client, account)) == (10_000 - 320 - 4000, 4000)
    assert client.v1.balance.retrieve({}, {"stripe_account": account}).available[0].source_types.card == 4000
    paid = client.v1.charges.retrieve(made.destination_payment, {}, {"stripe_account": account})
    assert (paid.source_transfer, paid.payment_method_details.type) == (made.id, "stripe_account")
    part = client.v1.transfers.reversals.create(made.id, {"amount": 1000})
    assert (part.transfer, part.amount, part.source_refund) == (made.id, 1000, None)
    after = client.v1.transfers.retrieve(made.id)
    assert (after.amount_reversed, after.reversed, after.reversals.data[0].id) == (1000, False, part.id)
    error = refused(lambda: client.v1.transfers.reversals.create(made.id, {"amount": 3001}))
    assert "($30.01) is greater than unreversed amount on transfer ($30.00)" in error.user_message
    client.v1.transfers.reversals.create(made.id)
    assert client.v1.transfers.retrieve(made.id).reversed
    assert "already been fully reversed" in refused(lambda: client.v1.transfers.reversals.create(made.id)).user_message
    assert [row.amount for row in client.v1.transfers.reversals.list(made.id).data] == [3000, 1000]
    assert (total(client), total(client, account)) == (10_000 - 320, 0)
    types = [event.type for event in client.v1.events.list({"type": "transfer.*"}).data]
    assert types == ["transfer.reversed", "transfer.reversed", "transfer.created"]


def test_a_transfer_needs_an_account_that_may_be_sent_money(client: Any) -> None:
    send = {"amount": 4000, "currency": "usd", "destination": "acct_none"}
    error = refused(lambda: client.v1.transfers.create(send))
    assert (error.user_message, error.param) == ("No such destination: 'acct_none'", "destination")
    send["destination"] = client.v1.accounts.create({"type": "express"}).id
    error = refused(lambda: client.v1.transfers.create(send))
    assert error.code == "insufficient_capabilities_for_transfer"


def test_a_transfer_from_a_charge_comes_when_its_funds_do(client: Any, private_stripe: Served) -> None:
    account = ready(client, private_stripe)
    intent = client.v1.payment_intents.create({**PAY, "payment_method": "pm_card_visa"})
    made = client.v1.transfers.create(
        {"amount": 7000, "currency": "usd", "destination": account, "source_transaction": intent.latest_charge}
    )
    assert (made.source_transaction, made.transfer_group) == (intent.latest_charge, f"group_{intent.id}")
    assert client.v1.balance.retrieve({}, {"stripe_account": account}).pending[0].amount == 7000


# charges for others ---------------------------------------------------------------------------------------------------


def test_a_destination_charge(client: Any, private_stripe: Served) -> None:
    account = ready(client, private_stripe)
    pay = {**PAY, "payment_method": "pm_card_visa", "application_fee_amount": 1500}
    error = refused(lambda: client.v1.payment_intents.create(pay))
    assert error.param == "application_fee_amount"
    error = refused(lambda: client.v1.payment_intents.create({**pay, "transfer_data": {"destination": "acct_none"}}))
    assert (error.param, error.code) == ("transfer_data[destination]", "resource_missing")
    intent = client.v1.payment_intents.create({**pay, "transfer_data": {"destination": account}})
    assert intent.transfer_group == f"group_{intent.id}"
    charge = client.v1.charges.retrieve(intent.latest_charge, {"expand": ["transfer", "application_fee"]})
    assert (charge.destination, charge.transfer.amount, charge.transfer.source_transaction) == (
        account,
        10_000,
        charge.id,
    )
    fee = charge.application_fee
    assert (fee.amount, fee.account, fee.charge) == (1500, account, charge.transfer.destination_payment)
    assert fee.originating_transaction == charge.id
    assert (total(client), total(client, account)) == (1500 - 320, 8500)
    half = client.v1.refunds.create(
        {"charge": charge.id, "amount": 5000, "reverse_transfer": True, "refund_application_fee": True}
    )
    assert client.v1.transfers.reversals.retrieve(charge.transfer.id, half.transfer_reversal).source_refund == half.id
    fee = client.v1.application_fees.retrieve(fee.id)
    assert (fee.amount_refunded, fee.refunded, fee.refunds.data[0].amount) == (750, False, 750)
    assert (total(client), total(client, account)) == (750 - 320, 4250)


def test_a_direct_charge(client: Any, private_stripe: Served) -> None:
    account = ready(client, private_stripe)
    options = {"stripe_account": account}
    pay = {**PAY, "payment_method": "pm_card_visa", "application_fee_amount": 1500}
    intent = client.v1.payment_intents.create(pay, options)
    charge = client.v1.charges.retrieve(intent.latest_charge, {"expand": ["balance_transaction"]}, options)
    assert [row.type for row in charge.balance_transaction.fee_details] == ["application_fee", "stripe_fee"]
    fee = client.v1.application_fees.retrieve(charge.application_fee)
    assert (fee.charge, fee.originating_transaction) == (charge.id, None)
    assert (total(client), total(client, account)) == (1500, 10_000 - 320 - 1500)
    back = client.v1.application_fees.refunds.create(fee.id, {"amount": 500})
    assert (back.fee, back.amount) == (fee.id, 500)
    error = refused(lambda: client.v1.application_fees.refunds.create(fee.id, {"amount": 1001}))
    assert "greater than unrefunded amount on fee" in error.user_message
    assert (total(client), total(client, account)) == (1000, 10_000 - 320 - 1000)


# the ledger -----------------------------------------------------------------------------------------------------------

STEPS = ("pay", "send", "reverse", "refund", "share", "fee", "payout", "dispute", "wait")


@settings(max_examples=8, deadline=None)
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(min_value=50, max_value=9000)), max_size=12))
def test_the_books_always_balance(fixed_stripe: Served, steps: list[tuple[str, int]]) -> None:
    """Whatever happens, a balance is the sum of its transactions, and nothing is lost between two accounts."""
    with fixed_stripe.private() as served:
        client = stripe.StripeClient("sk_test_123", base_addresses={"api": served.url})
        account = ready(client, served)
        for kind, amount in steps:
            with contextlib.suppress(stripe.StripeError, IndexError):
                step(client, served, account, kind, amount)
            moved = [row for row in rows(client) if row.type in BETWEEN]
            arrived = [row for row in rows(client, account) if row.type in BETWEEN]
            assert sum(row.amount for row in moved) + sum(row.net for row in arrived) == 0
            total(client), total(client, account)


BETWEEN = (
    "transfer", "transfer_refund", "application_fee", "application_fee_refund", "payment", "payment_refund",
)  # fmt: skip


def rows(client: Any, account: str | None = None) -> list[Any]:
    options = {"stripe_account": account} if account else {}
    return list(client.v1.balance_transactions.list({"limit": 100}, options).data)


def step(client: Any, served: Served, account: str, kind: str, amount: int) -> None:
    """One thing that may happen; much of it is refused."""
    newest = {"limit": 1}
    if kind in ("pay", "dispute"):
        method = NOW if kind == "pay" else "pm_card_createDispute"
        client.v1.payment_intents.create({**PAY, "amount": amount, "payment_method": method})
    elif kind == "share":
        fee = {"application_fee_amount": amount // 10, "transfer_data": {"destination": account}}
        client.v1.payment_intents.create({**PAY, **fee, "amount": amount, "payment_method": NOW})
    elif kind == "send":
        client.v1.transfers.create({"amount": amount, "currency": "usd", "destination": account})
    elif kind == "reverse":
        client.v1.transfers.reversals.create(client.v1.transfers.list(newest).data[0].id, {"amount": amount})
    elif kind == "refund":
        charge = client.v1.charges.list(newest).data[0].id
        client.v1.refunds.create(
            {"charge": charge, "amount": amount, "reverse_transfer": True, "refund_application_fee": True}
        )
    elif kind == "fee":
        client.v1.application_fees.refunds.create(client.v1.application_fees.list(newest).data[0].id)
    elif kind == "payout":
        client.v1.payouts.create({"amount": amount, "currency": "usd"})
    else:
        served.control("POST", "clock/advance", seconds=amount * 60)
