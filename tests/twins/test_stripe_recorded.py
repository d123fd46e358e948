"""What published recordings of the service show and its document does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from tests.twins.stripe_calls import instance, send

Ask = Callable[..., Any]


@pytest.fixture
def ask() -> Ask:
    """Send a request to a private instance; its reply as data, of the status that is expected."""
    on = instance()

    def _ask(method: str, path: str, data: Any = None, *, status: int = 200, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        reply = send(on, method, path, data, headers=named)
        body = orjson.loads(reply.body) if reply.body else None
        assert reply.status == status, body
        return body

    return _ask


def test_credit_of_a_customer_is_shown_when_it_is_expanded(ask: Ask) -> None:
    made = ask("POST", "/v1/customers", {"email": "a@example.com", "expand": ["tax", "invoice_credit_balance"]})
    assert made["invoice_credit_balance"] == {}
    assert made["tax"]["automatic_tax"] == "unrecognized_location"
    shown = ask("GET", f"/v1/customers/{made['id']}")
    assert not {"invoice_credit_balance", "tax"} & set(shown)


UNSET = (
    "You passed an empty string for '{0}'. We assume empty values are an attempt to unset a parameter; however '{0}' "
    "cannot be unset. You should remove '{0}' from your request or supply a non-empty value."
)


@pytest.mark.parametrize(
    ("path", "data", "param"),
    [
        ("/v1/prices", {"currency": "usd", "unit_amount": 100, "product_data": {"name": ""}}, "product_data[name]"),
        ("/v1/subscriptions", {"customer": "cus_x", "items": [{"price": ""}]}, "items[0][price]"),
        ("/v1/subscriptions", {"customer": "", "items": [{"price": "price_x"}]}, "customer"),
        ("/v1/refunds", {"payment_intent": ""}, "payment_intent"),
        ("/v1/payment_methods", {"type": "card", "card": {"number": "", "exp_month": 1, "exp_year": 2034}},
         "card[number]"),
    ],
)  # fmt: skip
def test_empty_text_unsets_nothing_that_names_a_record_or_is_needed(
    path: str, data: dict[str, Any], param: str, ask: Ask
) -> None:
    error = ask("POST", path, data, status=400)["error"]
    assert (error["code"], error["param"]) == ("parameter_invalid_empty", param)
    assert error["message"] == UNSET.format(param)


def test_empty_text_unsets_the_rest(ask: Ask) -> None:
    made = ask("POST", "/v1/customers", {"phone": "", "address": {"line1": "a", "line2": ""}, "metadata": {"a": ""}})
    assert (made["phone"], made["metadata"]) == (None, {})


@pytest.mark.parametrize(
    ("path", "text", "param", "given", "wanted"),
    [
        ("/v1/customers", b"expand[1]=tax", "expand", 1, 0),
        ("/v1/customers", b"expand%5B0%5D=tax&expand%5B2%5D=sources", "expand", 2, 1),
        ("/v1/payment_intents", b"amount=100&currency=usd&payment_method_types[3]=card", "payment_method_types", 3, 0),
    ],
)
def test_explicit_keys_count_up(path: str, text: bytes, param: str, given: int, wanted: int, ask: Ask) -> None:
    error = ask("POST", path, text, status=400)["error"]
    assert error["param"] == param and "code" not in error
    assert error["message"] == (
        "If passing an array with explicit keys (e.g. foo[0]=a&foo[1]=b) instead of as an array (e.g. foo[]=a&foo[]=b)"
        f", the keys must be numeric and sequential starting from 0. You passed the keys `{given}`, we expected to have"
        f" a key with the value `{wanted}`."
    )
    assert ask("POST", "/v1/customers", b"metadata[7]=seven")["metadata"] == {"7": "seven"}


def test_an_invoice_has_one_currency(ask: Ask) -> None:
    customer = ask("POST", "/v1/customers")["id"]
    invoice = ask("POST", "/v1/invoices", {"customer": customer, "currency": "mxn"})["id"]
    item = {"customer": customer, "invoice": invoice, "amount": 100, "currency": "usd"}
    assert ask("POST", "/v1/invoiceitems", item, status=400)["error"]["message"] == (
        "You cannot combine currencies on a single invoice. This invoice has invoice items currency usd that conflicts "
        "with the invoice currency mxn."
    )
    assert ask("POST", "/v1/invoiceitems", {**item, "currency": "mxn"})["currency"] == "mxn"


def test_a_payout_needs_a_balance(ask: Ask) -> None:
    error = ask("POST", "/v1/payouts", {"amount": 100, "currency": "usd"}, status=400)["error"]
    assert error["code"] == "balance_insufficient" and "param" not in error
    assert "Your card balance is too low.  You can use the /v1/balance endpoint" in error["message"]


def buyer(ask: Ask) -> str:
    """A customer with a card to pay invoices with."""
    customer = ask("POST", "/v1/customers", {"email": "a@example.com"})["id"]
    card = ask("POST", "/v1/payment_methods/pm_card_visa/attach", {"customer": customer})["id"]
    ask("POST", f"/v1/customers/{customer}", {"invoice_settings": {"default_payment_method": card}})
    return str(customer)


def plans(ask: Ask) -> None:
    """The plans `monthly` and `yearly` of one product."""
    product = ask("POST", "/v1/products", {"name": "Gold"})["id"]
    for id, amount, interval in (("monthly", 2500, "month"), ("yearly", 25000, "year")):
        given = {"id": id, "amount": amount, "currency": "usd", "interval": interval, "product": product}
        ask("POST", "/v1/plans", given)


def test_a_plan_is_a_recurring_price(ask: Ask) -> None:
    given = {"id": "gold", "amount": 2500, "currency": "usd", "interval": "month", "trial_period_days": 7,
             "product": {"name": "Gold"}, "metadata": {"a": "b"}}  # fmt: skip
    plan = ask("POST", "/v1/plans", given)
    assert (plan["amount_decimal"], plan["usage_type"], plan["metadata"]) == ("2500", "licensed", {"a": "b"})
    price = ask("GET", "/v1/prices/gold")
    assert (price["unit_amount"], price["recurring"]["trial_period_days"]) == (2500, 7)
    assert [row["type"] for row in ask("GET", "/v1/events")["data"]] == [
        "price.created", "plan.created", "product.created"]  # fmt: skip
    assert ask("POST", "/v1/plans", given, status=400)["error"]["message"] == "Plan already exists."
    assert ask("POST", "/v1/plans/gold", {"nickname": "Au", "trial_period_days": 3})["nickname"] == "Au"
    assert ask("GET", "/v1/prices/gold")["recurring"]["trial_period_days"] == 3
    once = ask("POST", "/v1/prices", {"currency": "usd", "unit_amount": 5, "product": plan["product"]})["id"]
    assert ask("GET", f"/v1/plans/{once}", status=404)["error"]["message"] == f"No such plan: '{once}'"
    assert [row["id"] for row in ask("GET", "/v1/plans", {"product": plan["product"]})["data"]] == ["gold"]
    subscribed = ask("POST", "/v1/subscriptions", {
        "customer": buyer(ask), "items": [{"plan": "gold"}], "trial_from_plan": True})  # fmt: skip
    assert (subscribed["status"], subscribed["plan"]["id"]) == ("trialing", "gold")
    assert subscribed["trial_end"] - subscribed["trial_start"] == 3 * 86_400
    assert ask("DELETE", "/v1/plans/gold") == {"id": "gold", "object": "plan", "deleted": True}
    ask("GET", "/v1/prices/gold", status=404)


def test_a_new_interval_keeps_the_anchor(ask: Ask) -> None:
    """Recorded at https://github.com/pay-rails/pay: the credit first, each line to the nearest cent."""
    plans(ask)
    made = ask("POST", "/v1/subscriptions", {"customer": buyer(ask), "items": [{"price": "monthly"}]})
    items = [{"id": made["items"]["data"][0]["id"], "plan": "yearly", "quantity": 1}]
    changed = ask("POST", f"/v1/subscriptions/{made['id']}", {
        "cancel_at_period_end": False, "items": items, "proration_behavior": "always_invoice", "trial_end": "now",
        "expand": ["latest_invoice"]})  # fmt: skip
    item, invoice = changed["items"]["data"][0], changed["latest_invoice"]
    assert changed["billing_cycle_anchor"] == made["billing_cycle_anchor"] == item["current_period_start"]
    assert item["current_period_end"] - item["current_period_start"] == 365 * 86_400
    assert (invoice["billing_reason"], invoice["amount_due"], invoice["status"]) == (
        "subscription_update", 22500, "paid")  # fmt: skip
    lines = [(row["amount"], row["pricing"]["price_details"]["price"]) for row in invoice["lines"]["data"]]
    assert lines == [(-2500, "monthly"), (25000, "yearly")]
    assert [row["description"][:14] for row in invoice["lines"]["data"]] == ["Unused time on", "Remaining time"]
    fresh = ask("POST", f"/v1/subscriptions/{made['id']}", {
        "items": [{**items[0], "plan": "monthly"}], "billing_cycle_anchor": "now"})  # fmt: skip
    assert fresh["billing_cycle_anchor"] > made["billing_cycle_anchor"]
    assert fresh["items"]["data"][0]["current_period_start"] == fresh["billing_cycle_anchor"]


def test_an_item_of_an_invoice_has_discounts_of_its_own(ask: Ask) -> None:
    """Recorded at https://github.com/pay-rails/pay: they are in the subtotal already."""
    customer = buyer(ask)
    coupon = ask("POST", "/v1/coupons", {"percent_off": 50, "duration": "forever"})
    assert isinstance(coupon["percent_off"], float)
    invoice = ask("POST", "/v1/invoices", {"customer": customer})["id"]
    ask("POST", "/v1/invoiceitems", {"customer": customer, "invoice": invoice, "amount": 100})
    given = {"customer": customer, "invoice": invoice, "amount": 1900, "discounts": [{"coupon": coupon["id"]}]}
    item = ask("POST", "/v1/invoiceitems", given)
    assert "net_amount" not in item
    ask("POST", f"/v1/invoices/{invoice}", {"discounts": [{"coupon": coupon["id"]}]})
    paid = ask("POST", f"/v1/invoices/{invoice}/pay", {"expand": ["total_discount_amounts.discount"]})
    line = next(row for row in paid["lines"]["data"] if row["amount"] == 1900)
    assert (line["discounts"], line["subtotal"]) == (item["discounts"], 1900)
    assert [row["amount"] for row in line["discount_amounts"]] == [950, 475]
    assert (paid["subtotal"], paid["total"], paid["amount_paid"]) == (1050, 525, 525)
    own = next(row["discount"] for row in paid["total_discount_amounts"] if row["amount"] == 950)
    assert (own["invoice_item"], own["invoice"], own["customer"]) == (item["id"], None, customer)
    assert ask("GET", f"/v1/coupons/{coupon['id']}")["times_redeemed"] == 2


DAY = 86_400


def monthly(ask: Ask, amount: int = 1000, **more: Any) -> str:
    """A price for a month."""
    given = {"currency": "usd", "unit_amount": amount, "recurring": {"interval": "month"}}
    return str(ask("POST", "/v1/prices", {**given, "product_data": {"name": "Gold"}, **more})["id"])


def test_an_item_that_is_added_later_is_prorated(ask: Ask) -> None:
    start = 1_793_491_200
    clock = ask("POST", "/v1/test_helpers/test_clocks", {"frozen_time": start})["id"]
    customer = ask("POST", "/v1/customers", {"test_clock": clock})["id"]
    card = ask("POST", "/v1/payment_methods/pm_card_visa/attach", {"customer": customer})["id"]
    ask("POST", f"/v1/customers/{customer}", {"invoice_settings": {"default_payment_method": card}})
    made = ask("POST", "/v1/subscriptions", {"customer": customer, "items": [{"price": monthly(ask)}]})
    ask("POST", f"/v1/test_helpers/test_clocks/{clock}/advance", {"frozen_time": start + 15 * DAY})
    item = ask("POST", "/v1/subscription_items", {"subscription": made["id"], "price": monthly(ask, 600)})
    first = made["items"]["data"][0]
    assert (item["current_period_start"], item["current_period_end"]) == (
        first["current_period_start"], first["current_period_end"])  # fmt: skip
    waiting = ask("GET", "/v1/invoiceitems", {"customer": customer, "pending": True})["data"]
    assert [(row["amount"], row["net_amount"]) for row in waiting] == [(300, 300)]


def test_a_trial_is_two_years_at_most(ask: Ask) -> None:
    given = {"customer": buyer(ask), "items": [{"price": monthly(ask)}], "trial_period_days": 731}
    error = ask("POST", "/v1/subscriptions", given, status=400)["error"]
    assert error["message"] == "The maximum number of trial period days is 730 (2 years)."


def test_a_price_in_another_currency(ask: Ask) -> None:
    price = monthly(ask, currency_options={"eur": {"unit_amount": 900}})
    given = {"customer": buyer(ask), "items": [{"price": price}], "currency": "eur", "expand": ["latest_invoice"]}
    made = ask("POST", "/v1/subscriptions", given)
    assert (made["currency"], made["latest_invoice"]["total"]) == ("eur", 900)
    assert made["latest_invoice"]["lines"]["data"][0]["description"] == "1 \u00d7 Gold (at \u20ac9.00 / month)"
    error = ask("POST", "/v1/subscriptions", {**given, "currency": "gbp", "customer": buyer(ask)}, status=400)["error"]
    assert (error["param"], error["message"]) == (
        "items[0][price]",
        "The price specified only supports `usd`. This doesn't match the expected currency: `gbp`.",
    )


def test_items_of_subscriptions_have_discounts_and_those_of_subscriptions_can_go(ask: Ask) -> None:
    ask("POST", "/v1/coupons", {"id": "half", "percent_off": 50, "duration": "once"})
    ask("POST", "/v1/coupons", {"id": "tenth", "percent_off": 10, "duration": "forever"})
    items = [{"price": monthly(ask), "discounts": [{"coupon": "half"}]}, {"price": monthly(ask, 200)}]
    given = {"customer": buyer(ask), "discounts": [{"coupon": "tenth"}], "items": items, "expand": ["latest_invoice"]}
    made = ask("POST", "/v1/subscriptions", given)
    invoice = made["latest_invoice"]
    assert (invoice["subtotal"], invoice["total"]) == (700, 630)
    assert invoice["lines"]["data"][0]["discounts"] == [invoice["total_discount_amounts"][0]["discount"]]
    at = f"/v1/subscriptions/{made['id']}"
    gone = ask("DELETE", f"{at}/discount")
    assert (gone["object"], gone["deleted"], gone["source"]["coupon"]) == ("discount", True, "tenth")
    assert ask("GET", at)["discounts"] == []
    assert "customer.discount.deleted" in {row["type"] for row in ask("GET", "/v1/events")["data"]}
    assert ask("DELETE", f"{at}/discount", status=404)["error"]["message"].startswith("No active discount for ")


def test_a_first_payment_that_waits_for_its_customer(ask: Ask) -> None:
    """Recorded at https://github.com/pay-rails/pay."""
    customer = ask("POST", "/v1/customers")["id"]
    at = "/v1/payment_methods/pm_card_threeDSecure2Required/attach"
    card = ask("POST", at, {"customer": customer})["id"]
    made = ask("POST", "/v1/subscriptions", {
        "customer": customer, "default_payment_method": card, "items": [{"price": monthly(ask)}],
        "expand": ["latest_invoice.payments"]})  # fmt: skip
    invoice = made["latest_invoice"]
    assert (made["status"], invoice["attempt_count"], invoice["attempted"], invoice["auto_advance"]) == (
        "incomplete", 0, True, True)  # fmt: skip
    payment = invoice["payments"]["data"][0]
    assert (payment["status"], payment["amount_paid"]) == ("open", None)
    intent = ask("GET", "/v1/payment_intents")["data"][0]
    sdk = intent["next_action"]["use_stripe_sdk"]
    assert (sdk["type"], sdk["directory_server_name"], sdk["three_d_secure_2_source"][:7]) == (
        "stripe_3ds2_fingerprint", "visa", "payatt_")  # fmt: skip


def test_a_balance_that_is_set_is_in_the_ledger(ask: Ask) -> None:
    """https://docs.stripe.com/billing/customer/balance: the balance is computed from an immutable list."""
    customer = ask("POST", "/v1/customers", {"balance": -500})["id"]
    ask("POST", f"/v1/customers/{customer}", {"balance": -200})
    ask("POST", f"/v1/customers/{customer}", {"balance": -200, "name": "A"})
    rows = ask("GET", f"/v1/customers/{customer}/balance_transactions")["data"]
    assert [(row["type"], row["amount"], row["ending_balance"]) for row in rows] == [
        ("adjustment", 300, -200), ("initial", -500, -500)]  # fmt: skip


@pytest.mark.parametrize(
    ("iban", "code"),
    [("DK5000400440116243", "0040"), ("DE89370400440532013000", "37040044"), ("NL39RABO0300065264", "RABO")],
)
def test_the_code_of_a_bank_is_as_long_as_its_country_has_it(iban: str, code: str, ask: Ask) -> None:
    """The Danish one as recorded at https://github.com/pay-rails/pay."""
    person = {"email": "a@example.com", "name": "A"}
    made = ask("POST", "/v1/payment_methods", {
        "type": "sepa_debit", "sepa_debit": {"iban": iban}, "billing_details": person})  # fmt: skip
    assert made["sepa_debit"]["bank_code"] == code


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"billing_scheme": "tiered", "tiers_mode": "volume"}, "tiers"),
        ({"billing_scheme": "tiered", "tiers": [{"up_to": "inf", "unit_amount": 1}]}, "tiers_mode"),
        ({"billing_scheme": "tiered", "tiers_mode": "volume", "tiers": [{"up_to": 5, "unit_amount": 1}]}, "tiers"),
        ({"unit_amount": 1, "recurring": {"interval": "month", "interval_count": 37}}, "recurring[interval_count]"),
    ],
)
def test_prices_that_cannot_be(more: dict[str, Any], param: str, ask: Ask) -> None:
    given = {"currency": "usd", "recurring": {"interval": "month"}, "product_data": {"name": "Gold"}, **more}
    assert ask("POST", "/v1/prices", given, status=400)["error"]["param"] == param


def test_the_own_account_lists_no_capabilities(ask: Ask) -> None:
    account = ask("GET", "/v1/account")["id"]
    assert ask("GET", f"/v1/accounts/{account}/capabilities")["data"] == []
