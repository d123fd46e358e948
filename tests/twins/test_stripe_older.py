"""The Stripe twin's plans, linked accounts by their older names, reversals of Treasury and designs of cards."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serving import Served
from tests.twins.stripe_billing import events, payer
from tests.twins.stripe_refusals import refusing

stripe = pytest.importorskip("stripe")


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


def test_a_plan_is_a_price(client: Any) -> None:
    plan = client.v1.plans.create(
        {"id": "gold", "amount": 1200, "currency": "usd", "interval": "month", "product": {"name": "Gold"}}
    )
    assert (plan.id, plan.amount, plan.amount_decimal, plan.product[:5]) == ("gold", 1200, 1200, "prod_")
    price = client.v1.prices.retrieve("gold")
    assert (price.unit_amount, price.recurring.interval, price.type) == (1200, "month", "recurring")
    with refusing("resource_already_exists", "id", "Plan already exists."):
        client.v1.plans.create(
            {"id": "gold", "amount": 1, "currency": "usd", "interval": "day", "product": plan.product}
        )
    made = client.v1.subscriptions.create({"customer": payer(client).id, "items": [{"price": "gold"}]})
    assert (made.status, made["items"].data[0].plan.id) == ("active", "gold")
    changed = client.v1.plans.update("gold", {"nickname": "Au", "trial_period_days": 7})
    assert (changed.nickname, changed.trial_period_days) == ("Au", 7)
    other = client.v1.prices.create(
        {"product": plan.product, "unit_amount": 9, "currency": "usd", "recurring": {"interval": "year"}}
    )
    once = client.v1.prices.create({"product": plan.product, "unit_amount": 9, "currency": "usd"})
    assert [row.id for row in client.v1.plans.list({"product": plan.product}).data] == [other.id, "gold"]
    with refusing("resource_missing", "plan"):
        client.v1.plans.retrieve(once.id)
    assert client.v1.plans.delete("gold").deleted
    assert events(client, "plan") == ["plan.created", "plan.updated", "plan.created", "plan.deleted"]
    assert client.v1.subscriptions.retrieve(made.id)["items"].data[0].plan.id == "gold"


def test_a_plan_with_tiers(client: Any) -> None:
    tiers = [{"up_to": 10, "unit_amount": 50}, {"up_to": "inf", "unit_amount": 40}]
    shape = {"billing_scheme": "tiered", "tiers_mode": "volume", "tiers": tiers}
    plan = client.v1.plans.create({"currency": "usd", "interval": "month", "product": {"name": "Gold"}, **shape})
    shown = client.v1.plans.retrieve(plan.id, {"expand": ["tiers", "product"]})
    assert ([tier.unit_amount for tier in shown.tiers], shown.product.name) == ([50, 40], "Gold")
    with refusing("parameter_missing", "product"):
        client.v1.plans.create({"currency": "usd", "interval": "month", "amount": 5})


def received(server: Served, client: Any, kind: str, amount: int) -> Any:
    account = client.v1.treasury.financial_accounts.list().data
    if not account:
        account = [client.v1.treasury.financial_accounts.create({"supported_currencies": ["usd"]})]
    helper = getattr(client.v1.test_helpers.treasury, kind)
    return helper.create({"amount": amount, "currency": "usd", "financial_account": account[0].id, "network": "ach"})


def cash(client: Any) -> int:
    return int(client.v1.treasury.financial_accounts.list().data[0].balance.cash["usd"])


def test_a_received_credit_is_sent_back(client: Any, private_stripe: Served) -> None:
    credit = received(private_stripe, client, "received_credits", 1000)
    assert credit.reversal_details.restricted_reason is None
    back = client.v1.treasury.credit_reversals.create({"received_credit": credit.id})
    assert (back.status, back.amount, cash(client)) == ("processing", 1000, 0)
    again = client.v1.treasury.received_credits.retrieve(credit.id)
    assert (again.linked_flows.credit_reversal, again.reversal_details.restricted_reason) == (
        back.id,
        "already_reversed",
    )
    with refusing(param="received_credit", words="already_reversed"):
        client.v1.treasury.credit_reversals.create({"received_credit": credit.id})
    private_stripe.control("POST", "clock/advance", days=4)
    done = client.v1.treasury.credit_reversals.retrieve(back.id)
    assert (done.status, bool(done.status_transitions.posted_at)) == ("posted", True)
    assert events(client, "treasury.credit_reversal") == [
        "treasury.credit_reversal.created",
        "treasury.credit_reversal.posted",
    ]
    late = received(private_stripe, client, "received_credits", 500)
    private_stripe.control("POST", "clock/advance", days=7)
    with refusing(words="deadline_passed"):
        client.v1.treasury.credit_reversals.create({"received_credit": late.id})


def test_a_received_debit_is_fetched_back(client: Any, private_stripe: Served) -> None:
    received(private_stripe, client, "received_credits", 1000)
    debit = received(private_stripe, client, "received_debits", 400)
    back = client.v1.treasury.debit_reversals.create({"received_debit": debit.id})
    assert (back.status, cash(client)) == ("processing", 600)
    private_stripe.control("POST", "clock/advance", days=4)
    assert (client.v1.treasury.debit_reversals.retrieve(back.id).status, cash(client)) == ("succeeded", 1000)
    failed = received(private_stripe, client, "received_debits", 5000)
    with refusing(param="received_debit", words="a status of `failed`"):
        client.v1.treasury.debit_reversals.create({"received_debit": failed.id})


def test_money_on_its_way_is_tracked(client: Any, private_stripe: Served) -> None:
    received(private_stripe, client, "received_credits", 1000)
    account = client.v1.treasury.financial_accounts.list().data[0]
    bank = {"account_holder_type": "company", "account_number": "000123456789", "routing_number": "110000000"}
    data = {"type": "us_bank_account", "us_bank_account": bank, "billing_details": {"name": "Jo"}}
    sent = client.v1.treasury.outbound_payments.create(
        {
            "financial_account": account.id, "amount": 100, "currency": "usd",
            "destination_payment_method_data": data,
        }
    )  # fmt: skip
    helper = client.v1.test_helpers.treasury.outbound_payments
    known = helper.update(sent.id, {"tracking_details": {"type": "ach", "ach": {"trace_id": "091000012345678"}}})
    assert (known.tracking_details.ach.trace_id, known.status) == ("091000012345678", "processing")
    with refusing("parameter_missing", "tracking_details[us_domestic_wire]"):
        helper.update(sent.id, {"tracking_details": {"type": "us_domestic_wire"}})


def test_a_design_is_reviewed(client: Any) -> None:
    bundle = client.v1.issuing.physical_bundles.list({"type": "standard"}).data[0]
    plain = client.v1.issuing.personalization_designs.create({"physical_bundle": bundle.id, "lookup_key": "card"})
    assert (plain.status, plain.preferences.is_default) == ("inactive", False)
    with refusing(param="lookup_key"):
        client.v1.issuing.personalization_designs.create({"physical_bundle": bundle.id, "lookup_key": "card"})
    text = {"header_title": "Welcome"}
    asked = {
        "physical_bundle": bundle.id, "carrier_text": text, "preferences": {"is_default": True}, "lookup_key": "card",
        "transfer_lookup_key": True,
    }  # fmt: skip
    made = client.v1.issuing.personalization_designs.create(asked)
    assert (made.status, made.carrier_text.footer_body) == ("review", None)
    assert client.v1.issuing.personalization_designs.retrieve(plain.id).lookup_key is None
    helper = client.v1.test_helpers.issuing.personalization_designs
    refused = helper.reject(made.id, {"rejection_reasons": {"carrier_text": ["non_fiat_currency"]}})
    assert (refused.status, refused.rejection_reasons.carrier_text) == ("rejected", ["non_fiat_currency"])
    assert helper.activate(made.id).rejection_reasons.carrier_text is None
    assert helper.deactivate(made.id).status == "inactive"
    client.v1.issuing.personalization_designs.update(plain.id, {"preferences": {"is_default": True}})
    assert client.v1.issuing.personalization_designs.retrieve(made.id).preferences.is_default is False


def test_the_portal_cancels_nothing_twice(client: Any) -> None:
    customer = payer(client)
    price = client.v1.plans.create({"amount": 5, "currency": "usd", "interval": "month", "product": {"name": "x"}})
    made = client.v1.subscriptions.create({"customer": customer.id, "items": [{"price": price.id}]})
    client.v1.subscriptions.update(made.id, {"cancel_at_period_end": True})
    flow = {"type": "subscription_cancel", "subscription_cancel": {"subscription": made.id}}
    with refusing(words=f"The subscription {made.id} is already set to be canceled at period end."):
        client.v1.billing_portal.sessions.create({"customer": customer.id, "flow_data": flow})


def test_a_discount_is_taken_away(client: Any) -> None:
    coupon = client.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    price = client.v1.plans.create({"amount": 500, "currency": "usd", "interval": "month", "product": {"name": "x"}})
    customer = payer(client)
    made = client.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"price": price.id}], "discounts": [{"coupon": coupon.id}]}
    )
    gone = client.v1.subscriptions.delete_discount(made.id)
    assert (gone.deleted, gone.id, gone.source.coupon) == (True, made.discounts[0], coupon.id)
    assert client.v1.subscriptions.retrieve(made.id).discounts == []
    assert events(client, "customer.discount") == ["customer.discount.created", "customer.discount.deleted"]
    with refusing("resource_missing", words=f"No active discount for subscription: {made.id}"):
        client.v1.subscriptions.delete_discount(made.id)
    with refusing("resource_missing", words=f"No active discount for customer: {customer.id}"):
        client.v1.customers.delete_discount(customer.id)
    mode = {"type": "flexible", "flexible": {"proration_discounts": "itemized"}}
    moved = client.v1.subscriptions.migrate(made.id, {"billing_mode": mode})
    assert (moved.billing_mode.type, moved.billing_mode.flexible.proration_discounts) == ("flexible", "itemized")


def test_an_issued_authorization_is_decided_at_once(client: Any) -> None:
    address = {"line1": "1 Main", "city": "San Francisco", "state": "CA", "country": "US", "postal_code": "94111"}
    holder = client.v1.issuing.cardholders.create(
        {"name": "Jenny Rosen", "type": "individual", "billing": {"address": address}, "status": "active"}
    )
    card = client.v1.issuing.cards.create(
        {"cardholder": holder.id, "currency": "usd", "type": "virtual", "status": "active"}
    )
    asked = client.v1.test_helpers.issuing.authorizations.create({"card": card.id, "amount": 100})
    with refusing(words="does not wait for a decision"):
        client.v1.issuing.authorizations.approve(asked.id)
