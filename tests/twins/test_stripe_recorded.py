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
