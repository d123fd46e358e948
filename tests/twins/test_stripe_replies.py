"""What the Stripe twin's replies and errors hold, name by name: the shapes that the live service answers with."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.twins.stripe_calls import instance, send
from twinkit.contract.responses import ResponseChecker
from twinkit.instance import Instance
from twins.stripe import twin

CHECKER = ResponseChecker(twin.index)
PAY = {"amount": 2000, "currency": "usd", "confirm": "true"}


@pytest.fixture
def on() -> Instance:
    return instance()


def call(on: Instance, method: str, path: str, data: Any = None, **more: Any) -> Any:
    return json.loads(send(on, method, path, data, **more).body)


def refused(on: Instance, method: str, path: str, data: Any = None, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = call(on, method, path, data, **more)["error"]
    return found


def test_names_come_sorted_behind_id_and_object(on: Instance) -> None:
    intent = call(on, "POST", "/v1/payment_intents", {**PAY, "payment_method": "pm_card_visa"})
    charge = call(on, "GET", f"/v1/charges/{intent['latest_charge']}")
    for shown in (intent, charge):
        assert list(shown)[:2] == ["id", "object"]
        assert list(shown)[2:] == sorted(list(shown)[2:])


def test_what_a_payment_shows(on: Instance) -> None:
    intent = call(on, "POST", "/v1/payment_intents", {**PAY, "payment_method": "pm_card_visa"})
    empty = {"allowed_payment_method_types", "payment_record", "shared_payment_granted_token", "source", "review"}
    assert {name for name in empty if intent[name] is None} == empty
    assert intent["managed_payments"] == {"enabled": False}
    charge = call(on, "GET", f"/v1/charges/{intent['latest_charge']}", {"expand": ["refunds"]})
    empty = {"application", "destination", "dispute", "order", "source", "source_transfer", "transfer_data"}
    assert {name for name in empty if charge[name] is None} == empty
    card = charge["payment_method_details"]["card"]
    assert (card["electronic_commerce_indicator"], card["transaction_link_id"]) == ("07", None)
    assert (charge["refunds"]["total_count"], charge["refunds"]["data"]) == (0, [])
    refund = call(on, "POST", "/v1/refunds", {"charge": charge["id"], "amount": 500})
    assert (refund["payment_method"], refund["customer"]) == (charge["payment_method"], None)
    method = call(on, "GET", f"/v1/payment_methods/{charge['payment_method']}")
    assert method["shared_payment_granted_token"] is None


DECLINES = [
    ("4000000000000002", "card_declined", "generic_decline", "try_again_later", None, "01", None),
    ("4000000000009995", "card_declined", "insufficient_funds", "try_again_later", "02", "51", None),
    ("4000000000009987", "card_declined", "lost_card", "do_not_try_again", "01", "41", None),
    ("4000000000009979", "card_declined", "stolen_card", "do_not_try_again", "01", "43", None),
    ("4000000000000069", "expired_card", "expired_card", "confirm_card_data", "03", "54", "exp_month"),
    ("4000000000000127", "incorrect_cvc", "incorrect_cvc", "confirm_card_data", "03", "N7", "cvc"),
    ("4000000000000119", "processing_error", "processing_error", "try_again_later", None, "06", None),
    ("4000000000006975", "card_declined", "card_velocity_exceeded", "try_again_later", "02", "61", None),
]


@pytest.mark.parametrize(("number", "code", "decline", "advice", "network_advice", "network", "param"), DECLINES)
def test_what_a_decline_says(
    on: Instance, number: str, code: str, decline: str, advice: str, network_advice: str, network: str, param: str
) -> None:
    card = {"number": number, "exp_month": 12, "exp_year": 2030, "cvc": "314"}
    method = call(on, "POST", "/v1/payment_methods", {"type": "card", "card": card})
    assert method["card"]["checks"]["cvc_check"] == "unchecked"
    error = refused(on, "POST", "/v1/payment_intents", {**PAY, "payment_method": method["id"]})
    kept = error["payment_intent"]["last_payment_error"]
    for said in (error, kept):
        assert (said["code"], said["decline_code"], said["advice_code"]) == (code, decline, advice)
        assert (said.get("network_advice_code"), said["network_decline_code"]) == (network_advice, network)
        assert (said.get("param"), said["type"]) == (param, "card_error")
        assert said["payment_method"]["card"]["checks"]["cvc_check"] == "pass"
        assert said["charge"] == error["payment_intent"]["latest_charge"]
    assert error["payment_intent"]["payment_method"] is None
    outcome = call(on, "GET", f"/v1/charges/{error['charge']}")["outcome"]
    assert outcome["network_advice_code"] == network_advice


REFUSED = [
    ("/v1/customers", {"metadata": {"k" * 41: "v"}}, "metadata", None, "Metadata keys can have up to 40 characters"),
    ("/v1/customers", {"metadata": {"k": "v" * 501}}, "metadata", None, "Metadata values can have up to 500 char"),
    ("/v1/products", {"name": "x", "metadata": {f"k{n}": "v" for n in range(51)}}, "metadata", None, "Metadata can"),
    ("/v1/customers", {"email": "jenny"}, "email", "email_invalid", "Invalid email address: jenny"),
    ("/v1/payment_intents", {"amount": 100, "currency": ""}, "currency", "parameter_invalid_empty", "You passed an"),
    (
        "/v1/payment_intents",
        {"amount": 100, "currency": "usd", "customer": ""},
        "customer",
        "parameter_invalid_empty",
        "You passed an empty string for 'customer'.",
    ),
    (
        "/v1/payment_intents",
        {"amount": 0, "currency": "usd"},
        "amount",
        "parameter_invalid_integer",
        "The amount must be greater than or equal to the minimum charge amount allowed for your account",
    ),
    (
        "/v1/payment_intents",
        {**PAY, "payment_method": "pm_card_visa", "automatic_payment_methods": {"enabled": "true"}},
        None,
        None,
        "A `return_url` must be specified because this Payment Intent",
    ),
]


@pytest.mark.parametrize(("path", "data", "param", "code", "text"), REFUSED)
def test_what_is_refused(on: Instance, path: str, data: Any, param: str | None, code: str | None, text: str) -> None:
    error = refused(on, "POST", path, data)
    assert (error.get("param"), error.get("code"), error["type"]) == (param, code, "invalid_request_error")
    assert error["message"].startswith(text)


def test_metadata_that_grows_too_large(on: Instance) -> None:
    customer = call(on, "POST", "/v1/customers", {"metadata": {f"k{n}": "v" for n in range(50)}})
    error = refused(on, "POST", f"/v1/customers/{customer['id']}", {"metadata": {"more": "v"}})
    assert error["message"].startswith("Metadata can have up to 50 keys, but you've set 51.")
    assert call(on, "POST", f"/v1/customers/{customer['id']}", {"metadata": {"k0": "", "more": "v"}})["id"]


def test_an_idempotency_key_used_elsewhere(on: Instance) -> None:
    headers = {"idempotency-key": "order-1"}
    send(on, "POST", "/v1/customers", {}, headers=headers)
    error = refused(on, "POST", "/v1/products", {"name": "x"}, headers=headers)
    assert (error["type"], "('/v1/products' vs '/v1/customers')" in error["message"]) == ("idempotency_error", True)


def test_a_path_that_ends_with_a_slash(on: Instance) -> None:
    error = refused(on, "GET", "/v1/customers/")
    assert "remove the trailing slash" in error["message"]


def test_retries_are_advised_against(on: Instance) -> None:
    made = send(on, "POST", "/v1/customers", {})
    declined = send(on, "POST", "/v1/payment_intents", {**PAY, "payment_method": "pm_card_chargeDeclined"})
    assert made.headers["stripe-should-retry"] == declined.headers["stripe-should-retry"] == "false"
    assert "stripe-should-retry" not in send(on, "POST", "/v1/customers", {"nope": 1}).headers


def checked(on: Instance, operation: str, method: str, path: str, data: Any = None) -> Any:
    """The reply of an operation, valid by the contract."""
    reply = send(on, method, path, data)
    assert reply.status == 200, reply.body
    assert CHECKER.check(operation, reply.status, reply.body, reply.headers.get("content-type")) == []
    assert reply.headers["twin-fidelity"] == "behaviour"
    return json.loads(reply.body)


def test_billing_answers_by_the_contract(on: Instance) -> None:
    clock = checked(
        on, "PostTestHelpersTestClocks", "POST", "/v1/test_helpers/test_clocks", {"frozen_time": 1800000000}
    )
    customer = call(on, "POST", "/v1/customers", {"test_clock": clock["id"]})["id"]
    method = call(on, "POST", "/v1/payment_methods/pm_card_visa/attach", {"customer": customer})["id"]
    call(on, "POST", f"/v1/customers/{customer}", {"invoice_settings": {"default_payment_method": method}})
    data = {"unit_amount": 1000, "currency": "usd", "recurring": {"interval": "month"}}
    price = call(on, "POST", "/v1/products", {"name": "Gold", "default_price_data": data})["default_price"]
    rate = call(on, "POST", "/v1/tax_rates", {"display_name": "VAT", "percentage": 20, "inclusive": "false"})["id"]
    coupon = call(on, "POST", "/v1/coupons", {"amount_off": 300, "currency": "usd", "duration": "forever"})["id"]
    expand = ["latest_invoice.payments", "latest_invoice.confirmation_secret", "discounts", "default_payment_method"]
    wanted = {
        "customer": customer, "items": [{"price": price, "quantity": 2}], "default_tax_rates": [rate],
        "discounts": [{"coupon": coupon}], "expand": expand,
    }  # fmt: skip
    made = checked(on, "PostSubscriptions", "POST", "/v1/subscriptions", wanted)
    assert made["latest_invoice"]["total"] == 2040  # (2 x 1000 - 300) x 1.2
    item, path = made["items"]["data"][0]["id"], f"/v1/subscriptions/{made['id']}"
    swap = {"items": [{"id": item, "quantity": 5}], "proration_behavior": "always_invoice", "expand": expand}
    checked(on, "PostSubscriptionsSubscriptionExposedId", "POST", path, swap)
    advance = f"/v1/test_helpers/test_clocks/{clock['id']}/advance"
    checked(on, "PostTestHelpersTestClocksTestClockAdvance", "POST", advance, {"frozen_time": 1800000000 + 40 * 86400})
    checked(on, "GetSubscriptions", "GET", "/v1/subscriptions", {"status": "all"})
    checked(on, "GetSubscriptionItems", "GET", "/v1/subscription_items", {"subscription": made["id"]})
    invoices = call(on, "GET", "/v1/invoices", {"subscription": made["id"], "expand": ["data.payments"]})["data"]
    assert len(invoices) == 3
    for invoice in invoices:
        assert CHECKER.check("GetInvoicesInvoice", 200, json.dumps(invoice).encode()) == []
    checked(on, "GetInvoicesInvoiceLines", "GET", f"/v1/invoices/{invoices[0]['id']}/lines")
    checked(on, "GetInvoicePayments", "GET", "/v1/invoice_payments", {"status": "paid"})
    item = checked(
        on, "PostInvoiceitems", "POST", "/v1/invoiceitems", {"customer": customer, "amount": 5, "currency": "usd"}
    )
    checked(on, "PostInvoiceitemsInvoiceitem", "POST", f"/v1/invoiceitems/{item['id']}", {"amount": 900})
    checked(on, "GetInvoiceitems", "GET", "/v1/invoiceitems", {"pending": "true"})
    include = {"customer": customer, "pending_invoice_items_behavior": "include"}
    draft = checked(on, "PostInvoices", "POST", "/v1/invoices", include)
    checked(on, "PostInvoicesInvoiceFinalize", "POST", f"/v1/invoices/{draft['id']}/finalize")
    checked(on, "PostInvoicesInvoiceVoid", "POST", f"/v1/invoices/{draft['id']}/void")
    checked(on, "DeleteSubscriptionsSubscriptionExposedId", "DELETE", path, {"prorate": "true", "invoice_now": "true"})
    events = [row["type"] for row in call(on, "GET", "/v1/events", {"limit": 100})["data"]]
    assert events[0] == "customer.subscription.deleted"
    assert set(events) <= set(twin.compiled.events or events)
