"""The Stripe twin's wire format: errors, search queries, expansion, signatures."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkit.errors import ServiceError
from twins.stripe import errors, expand, search, webhooks

CHARGE = {
    "amount": 2000,
    "created": 100,
    "currency": "usd",
    "customer": "cus_1",
    "disputed": False,
    "metadata": {"order": "A-1"},
    "payment_method_details": {"card": {"last4": "4242"}},
}
CUSTOMER = {"email": "Jane.Doe@example.com", "name": "Jane Doe", "metadata": {}, "phone": None}


@pytest.mark.parametrize(
    ("query", "resource", "record", "found"),
    [
        ("amount>1999 AND currency:'usd'", "charge", CHARGE, True),
        ("amount>=2001", "charge", CHARGE, False),
        ("amount=2000", "charge", CHARGE, True),
        ('metadata["order"]:"A-1"', "charge", CHARGE, True),
        ('-metadata["order"]:null', "charge", CHARGE, True),
        ('metadata["other"]:null', "charge", CHARGE, True),
        ('payment_method_details.card.last4:4242 disputed:"false"', "charge", CHARGE, True),
        ("currency:'eur' OR customer:'cus_1'", "charge", CHARGE, True),
        ('email~"doe@"', "customer", CUSTOMER, True),
        ('name:"jane doe"', "customer", CUSTOMER, True),
        ('name:"doe"', "customer", CUSTOMER, True),
        ('-email:"jane.doe@example.com"', "customer", CUSTOMER, False),
        ("phone:null", "customer", CUSTOMER, True),
    ],
)
def test_search(query: str, resource: str, record: Mapping[str, Any], found: bool) -> None:
    assert search.parse(query, resource).matches(record) is found


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", search.UNREADABLE),
        ("amount>", search.UNREADABLE),
        ("AND amount>1", search.UNREADABLE),
        ("colour:'red'", "Field `colour` is an unsupported search field for resource `charges`."),
        ("amount>1 AND currency:'usd' OR customer:'x'", "You cannot combine AND and OR in the same search query."),
        ("currency>1", "Field `currency` does not support the operator `>`."),
        ("amount:'lots'", "Field `amount` is a numeric field, but the value `lots` is not a number."),
    ],
)
def test_bad_queries(query: str, message: str) -> None:
    with pytest.raises(search.QueryError, match="^" + re.escape(message) + "$"):
        search.parse(query, "charge")


@given(st.text(max_size=60))
def test_any_text_is_a_query_or_a_query_error(text: str) -> None:
    with contextlib.suppress(search.QueryError):
        search.parse(text, "charge").matches(CHARGE)


SCHEMAS: dict[str, Any] = {
    "charge": {"properties": {"customer": {"anyOf": [{"type": "string"}], "x-expansionResources": {}}, "amount": {}}},
    "customer": {"properties": {"sources": {"type": "object"}}, "x-expandableFields": ["sources"]},
    "list": {"properties": {"data": {"items": {"$ref": "charge"}}, "has_more": {}}},
}
SCHEMAS["charge"]["properties"]["customer"]["x-expansionResources"] = {"oneOf": [{"$ref": "customer"}]}
SCHEMAS["charge"]["properties"]["customer"]["anyOf"].append({"$ref": "customer"})
RECORDS = {"cus_1": {"object": "customer", "id": "cus_1"}}


def resolve(schema: Any) -> Any:
    return SCHEMAS[schema["$ref"]] if isinstance(schema, Mapping) and "$ref" in schema else schema


def fetch(_place: tuple[str, ...], id: str) -> Any:
    return RECORDS.get(id)


EXPANDER = expand.Expander(resolve, fetch, lambda record, name: ["card"] if name == "sources" else None)


def test_expansion_reaches_into_lists_and_hidden_properties() -> None:
    body = {"data": [{"object": "charge", "customer": "cus_1"}, {"object": "charge", "customer": None}]}
    found = EXPANDER.expand(body, ["data.customer", "data.customer.sources"])
    assert found["data"][0]["customer"] == {"object": "customer", "id": "cus_1", "sources": ["card"]}
    assert found["data"][1]["customer"] is None
    assert body["data"][0]["customer"] == "cus_1"


@pytest.mark.parametrize(
    ("schema", "path", "message"),
    [
        ("charge", "amount", "This property cannot be expanded (amount)."),
        ("charge", "nothing", "This property cannot be expanded (nothing)."),
        ("list", "data.amount.x", "This property cannot be expanded (amount)."),
        ("charge", "a.b.c.d.e", "You cannot expand more than 4 levels of a property. Property: a.b.c.d.e"),
    ],
)
def test_expansion_errors(schema: str, path: str, message: str) -> None:
    with pytest.raises(ServiceError) as caught:
        EXPANDER.check({"$ref": schema}, [path])
    assert caught.value.body["error"]["message"] == message


def test_expansion_accepts_what_the_contract_says() -> None:
    EXPANDER.check({"$ref": "list"}, ["data.customer.sources", "data.customer"])


@pytest.mark.parametrize(
    ("key", "shown"),
    [("sk_test_abcdefgh1234", "sk_test_********1234"), ("nonsense", "****ense"), ("x", "x")],
)
def test_keys_are_masked(key: str, shown: str) -> None:
    assert errors.masked(key) == shown


def test_the_shape_of_an_error() -> None:
    problem = errors.no_such("customer", "cus_x")
    assert problem.status == 404
    assert problem.body["error"] == {
        "code": "resource_missing",
        "doc_url": "https://stripe.com/docs/error-codes/resource-missing",
        "message": "No such customer: 'cus_x'",
        "param": "id",
        "type": "invalid_request_error",
    }
    assert errors.unknown(["emial"]).body["error"]["message"] == "Received unknown parameter: emial"
    assert errors.dotted(("items", 0, "price")) == "items[0][price]"


def test_the_official_library_accepts_the_signature() -> None:
    stripe = pytest.importorskip("stripe")
    body = b'{"id":"evt_1","object":"event"}'
    header = webhooks.signature_header(body, ["whsec_old", "whsec_new"], 1_793_491_200)
    verify = stripe.WebhookSignature.verify_header
    assert verify(body.decode(), header, "whsec_new", tolerance=None)
    with pytest.raises(stripe.SignatureVerificationError):
        verify(body.decode(), header, "whsec_other", tolerance=None)
