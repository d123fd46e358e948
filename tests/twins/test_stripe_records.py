"""Customers, catalogue, lists, searches, retries, files and connected accounts of the Stripe twin, by stripe-python."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.serving import Served
from tests.twins.test_stripe_sdk import PAY, client_of, events, pay

stripe = pytest.importorskip("stripe")


@pytest.fixture
def twin(private_stripe: Served) -> Served:
    return private_stripe


@pytest.fixture
def client(twin: Served) -> Any:
    return client_of(twin)


# customers and catalogue ---------------------------------------------------------------------------------------------


def test_customers(client: Any) -> None:
    customer = client.v1.customers.create({"metadata": {"a": "1", "b": "2"}, "source": "tok_visa"})
    assert customer.default_source.startswith("card_")
    changed = client.v1.customers.update(customer.id, {"metadata": {"a": "", "c": "3"}, "description": "x"})
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
    event = client.v1.events.list({"type": "customer.updated"}).data[0]
    assert event.data.previous_attributes.to_dict()["description"] is None
    cards_ = client.v1.customers.payment_sources.list(customer.id)
    assert cards_.data[0].last4 == "4242"
    charge = client.v1.charges.create({"amount": 1000, "currency": "usd", "customer": customer.id})
    assert charge.status == "succeeded"
    credit = client.v1.customers.balance_transactions.create(customer.id, {"amount": -500, "currency": "usd"})
    assert (credit.ending_balance, client.v1.customers.retrieve(customer.id).balance) == (-500, -500)
    assert client.v1.customers.delete(customer.id).deleted
    assert client.v1.customers.retrieve(customer.id).deleted
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        client.v1.customers.update(customer.id, {"name": "x"})


def test_a_customer_made_with_its_default_payment_method(client: Any) -> None:
    settings = {"default_payment_method": "pm_card_visa"}
    customer = client.v1.customers.create({"payment_method": "pm_card_visa", "invoice_settings": settings})
    default = customer.invoice_settings.default_payment_method
    assert client.v1.payment_methods.retrieve(default).customer == customer.id
    other = client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_mastercard"}})
    with pytest.raises(stripe.InvalidRequestError, match="must be attached to the customer"):
        client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": other.id}})


def test_payment_methods_cannot_be_used_again_after_detaching(client: Any) -> None:
    customer = client.v1.customers.create({})
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    assert [m.id for m in client.v1.customers.payment_methods.list(customer.id).data] == [method.id]
    with pytest.raises(stripe.InvalidRequestError, match="belongs to the Customer"):
        pay(client, method.id)
    client.v1.payment_methods.detach(method.id)
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        client.v1.payment_methods.attach(method.id, {"customer": customer.id})


def test_products_prices_coupons_and_codes(client: Any) -> None:
    product = client.v1.products.create(
        {"name": "Shirt", "default_price_data": {"unit_amount": 1500, "currency": "usd"}}
    )
    price = client.v1.prices.retrieve(product.default_price, {"expand": ["product", "currency_options"]})
    assert (price.product.name, int(price.unit_amount_decimal), price.type) == ("Shirt", 1500, "one_time")
    tiered = client.v1.prices.create(
        {
            "product": product.id,
            "currency": "usd",
            "billing_scheme": "tiered",
            "tiers_mode": "graduated",
            "recurring": {"interval": "month"},
            "tiers": [{"up_to": 5, "unit_amount": 100}, {"up_to": "inf", "unit_amount": 50}],
            "lookup_key": "tiered",
            "expand": ["tiers"],
        }
    )
    assert [tier.up_to for tier in tiered.tiers] == [5, None]
    assert client.v1.prices.list({"lookup_keys": ["tiered"]}).data[0].id == tiered.id
    with pytest.raises(stripe.InvalidRequestError, match="one or more user-created prices"):
        client.v1.products.delete(product.id)
    coupon = client.v1.coupons.create({"id": "SUMMER", "percent_off": 20, "duration": "once"})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.coupons.create({"id": "SUMMER", "percent_off": 20})
    assert caught.value.code == "resource_already_exists"
    code = client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "SAVE20"})
    assert client.v1.promotion_codes.list({"code": "SAVE20"}).data[0].id == code.id
    assert client.v1.promotion_codes.list({"coupon": "SUMMER"}).data[0].id == code.id
    assert [p.id for p in client.v1.prices.list({"recurring": {"interval": "month"}}).data] == [tiered.id]
    assert client.v1.prices.list({"recurring": {"interval": "year"}}).data == []
    rate = client.v1.tax_rates.create({"display_name": "VAT", "percentage": 19, "inclusive": False})
    assert client.v1.tax_rates.update(rate.id, {"active": False}).active is False
    assert client.v1.coupons.delete("SUMMER").deleted


# lists, searches, retries --------------------------------------------------------------------------------------------


def test_paging_filters_and_search(client: Any, twin: Served) -> None:
    made = []
    for number in range(25):
        metadata = {"number": str(number)}
        made.append(client.v1.customers.create({"email": f"user{number}@example.com", "metadata": metadata}).id)
        twin.control("POST", "clock/advance", seconds=1)
    found = [c.id for c in client.v1.customers.list({"limit": 10}).auto_paging_iter()]
    assert found == made[::-1]
    assert client.v1.customers.list({"limit": 3, "ending_before": made[0]}).data[-1].id == made[1]
    fifth = client.v1.customers.retrieve(made[5]).created
    later = client.v1.customers.list({"created": {"gte": fifth}, "limit": 100}).data
    assert [c.id for c in later] == made[:4:-1]
    assert [c.id for c in client.v1.customers.list({"email": "user7@example.com"}).data] == [made[7]]
    hit = client.v1.customers.search({"query": "metadata['number']:'7' AND email~'user7'"})
    assert [c.id for c in hit.data] == [made[7]]
    pages = client.v1.customers.search({"query": "email~'example'", "limit": 10})
    assert len(list(pages.auto_paging_iter())) == 25


def test_idempotent_retries(client: Any) -> None:
    options = {"idempotency_key": "order-1"}
    first = client.v1.customers.create({"name": "A"}, options)
    again = client.v1.customers.create({"name": "A"}, options)
    assert again.id == first.id
    assert again.last_response.headers["idempotent-replayed"] == "true"
    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        client.v1.customers.create({"name": "B"}, options)
    assert len(client.v1.customers.list().data) == 1
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.create({"nmae": "C"}, {"idempotency_key": "order-3"})
    assert client.v1.customers.create({"name": "C"}, {"idempotency_key": "order-3"}).name == "C"
    client.v1.customers.delete(client.v1.customers.list().data[0].id)
    declined = {**PAY, "payment_method": "pm_card_visa_chargeDeclined"}
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            client.v1.payment_intents.create(declined, {"idempotency_key": "order-2"})
    assert len(client.v1.charges.list().data) == 1


@pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")
def test_the_async_client(twin: Served) -> None:
    async def flow() -> tuple[str, int]:
        http = stripe.HTTPXClient()
        client = client_of(twin, http_client=http)
        customer = await client.v1.customers.create_async({"email": "a@example.com"})
        intent = await client.v1.payment_intents.create_async(
            {**PAY, "customer": customer.id, "payment_method": "pm_card_visa"}
        )
        page = await client.v1.events.list_async({"limit": 2})
        count = len([event async for event in page.auto_paging_iter()])
        await http.close_async()
        return intent.status, count

    assert asyncio.run(flow()) == ("succeeded", 5)


def test_files(client: Any, tmp_path: Any) -> None:
    path = tmp_path / "evidence.png"
    path.write_bytes(b"\x89PNG\r\n")
    with path.open("rb") as file:
        made = client.v1.files.create({"purpose": "dispute_evidence", "file": file})
    assert (made.filename, made.size, made.type) == ("evidence.png", 6, "png")
    link = client.v1.file_links.create({"file": made.id, "expand": ["file"]})
    assert link.file.id == made.id


def test_a_subscription_has_its_items_and_periods(client: Any, twin: Served) -> None:
    data = {"unit_amount": 1000, "currency": "usd", "recurring": {"interval": "month"}}
    price = client.v1.products.create({"name": "Plan", "default_price_data": data}).default_price
    customer = client.v1.customers.create({}).id
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer}).id
    client.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": method}})
    made = client.v1.subscriptions.create({"customer": customer, "items": [{"price": price, "quantity": 2}]})
    row = made["items"].data[0]
    assert (made.status, row.price.id, row.quantity) == ("active", price, 2)
    assert (row.current_period_end - row.current_period_start) in (28 * 86400, 30 * 86400, 31 * 86400)
    assert client.v1.subscription_items.retrieve(row.id).subscription == made.id
    trial = client.v1.subscriptions.create({"customer": customer, "items": [{"price": price}], "trial_period_days": 7})
    assert (trial.status, trial.trial_end) == ("trialing", trial.start_date + 7 * 86400)
    ended = client.v1.subscriptions.cancel(made.id)
    assert (ended.status, ended.canceled_at) == ("canceled", ended.ended_at)
    once = client.v1.prices.create({"product": row.price.product, "unit_amount": 5, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError, match="type=one_time"):
        client.v1.subscriptions.create({"customer": customer, "items": [{"price": once.id}]})
    wanted = [f"customer.subscription.{word}" for word in ("created", "created", "deleted")]
    assert [type for type in events(client) if type.startswith("customer.subscription")] == wanted


# connected accounts ---------------------------------------------------------------------------------------------------


def test_a_connected_account_has_records_of_its_own(client: Any, twin: Served) -> None:
    account = client.v1.accounts.create({"type": "express", "country": "US"})
    options = {"stripe_account": account.id}
    theirs = client.v1.customers.create({"email": "theirs@example.com"}, options)
    assert client.v1.customers.list({}, options).data[0].id == theirs.id
    assert client.v1.customers.list().data == []
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        client.v1.customers.retrieve(theirs.id)
    debit = {**PAY, "payment_method": "pm_usBankAccount_success", "payment_method_types": ["us_bank_account"]}
    intent = client.v1.payment_intents.create(debit, options)
    twin.control("POST", "clock/advance", seconds=1)
    assert client.v1.payment_intents.retrieve(intent.id, {}, options).status == "succeeded"
    assert client.v1.balance.retrieve({}, options).available[0].amount > 0
    assert client.v1.balance.retrieve().available[0].amount == 0
    event = client.v1.events.list({"type": "customer.created"}, options).data[0]
    assert event.account == account.id
    assert client.v1.events.list({"type": "customer.created"}).data == []
    with pytest.raises(stripe.PermissionError):
        client.v1.customers.list({}, {"stripe_account": "acct_none"})


def test_a_restricted_key(twin: Served) -> None:
    twin.control("POST", "do/restrict_key", key="rk_test_abcd", permissions={"customers": "read", "products": "write"})
    limited = stripe.StripeClient("rk_test_abcd", base_addresses={"api": twin.url})
    assert limited.v1.customers.list().data == []
    assert limited.v1.products.create({"name": "Shirt"}).name == "Shirt"
    for forbidden in (lambda: limited.v1.customers.create({}), lambda: limited.v1.balance.retrieve()):
        with pytest.raises(stripe.PermissionError, match="does not have the required permissions"):
            forbidden()
    stripe.StripeClient("rk_test_other", base_addresses={"api": twin.url}).v1.customers.create({})


def test_tax_ids_are_listed_by_their_owner(client: Any) -> None:
    customer = client.v1.customers.create({})
    own = client.v1.tax_ids.create({"type": "us_ein", "value": "12-3456789"})
    theirs = client.v1.customers.tax_ids.create(customer.id, {"type": "eu_vat", "value": "DE123456789"})
    assert [found.id for found in client.v1.tax_ids.list().data] == [own.id]
    owner = {"type": "customer", "customer": customer.id}
    assert [found.id for found in client.v1.tax_ids.list({"owner": owner}).data] == [theirs.id]
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.tax_ids.list({"owner": {"type": "customer"}})
    assert (caught.value.code, caught.value.param) == ("parameter_missing", "owner[customer]")


def test_balance_transactions_of_a_source(client: Any) -> None:
    charge = client.v1.charges.create({"amount": 90_000, "currency": "usd", "source": "tok_bypassPending"})
    other = client.v1.charges.create({"amount": 700, "currency": "usd", "source": "tok_visa"})
    found = client.v1.balance_transactions.list({"source": charge.id}).data
    assert [row.id for row in found] == [charge.balance_transaction]
    later = client.v1.balance_transactions.list({"type": "charge", "created": {"gte": other.created}, "limit": 1}).data
    assert [row.source for row in later] == [other.id]
    assert client.v1.balance_transactions.list({"currency": "eur"}).data == []
    payout = client.v1.payouts.create({"amount": 500, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.balance_transactions.list({"payout": payout.id})
    said = "Balance transaction history can only be filtered on automatic transfers, not manual."
    assert (caught.value.http_status, caught.value.user_message) == (400, said)
