"""Every operation of the Stripe contract answers a valid request validly; broken ones get Stripe's errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.judge import Judge
from tests.twins.stripe_calls import KEY, arguments, encoded, full, instance, pairs, path_of, send
from twinkit.cli.coverage import page
from twinkit.contract.examples import Examples
from twinkit.contract.responses import ResponseChecker
from twinkit.instance import Instance
from twins.stripe import twin

EXAMPLES = Examples(twin.index, 7)
CHECKER = ResponseChecker(twin.index)
BOUNDARY = "----twin"
UPLOAD = (
    b'------twin\r\nContent-Disposition: form-data; name="purpose"\r\n\r\ndispute_evidence\r\n'
    b'------twin\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
    b"\x89PNG\r\n------twin--\r\n"
)


@pytest.fixture(scope="module")
def every() -> Instance:
    """An instance on which every id exists."""
    return instance(materialise=True)


def upload(on: Instance) -> Any:
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    return send(on, "POST", "/v1/files", UPLOAD, headers=headers)


@pytest.mark.parametrize("id", sorted(twin.index.operations()))
def test_every_operation_answers_validly(every: Instance, id: str) -> None:
    operation = twin.index.operation(id)
    if id == "PostFiles":
        reply = upload(every)
    else:
        reply = send(every, operation.method.upper(), path_of(operation, EXAMPLES), arguments(operation, EXAMPLES))
    assert reply.status == 200, reply.body
    assert CHECKER.check(id, reply.status, reply.body, reply.headers.get("content-type")) == []
    assert reply.headers["twin-fidelity"] in ("behaviour", "generic", "shape")
    assert reply.headers["request-id"].startswith("req_")


def error(reply: Any) -> dict[str, Any]:
    """The error of a reply, valid by the contract."""
    assert CHECKER.check("GetCustomers", reply.status, reply.body) == []
    found: dict[str, Any] = json.loads(reply.body)["error"]
    return found


BAD = [
    ("GET", "/v1/customers", {"limit": 0}, "limit", "parameter_invalid_integer", "This value must be greater"),
    ("GET", "/v1/customers", {"limit": 101}, "limit", "parameter_invalid_integer", "This value must be less"),
    ("GET", "/v1/customers", {"limit": "x"}, "limit", "parameter_invalid_integer", "Invalid integer: x"),
    ("GET", "/v1/customers", {"starting_after": "cus_x"}, "starting_after", "resource_missing", "No such customer:"),
    (
        "GET",
        "/v1/customers",
        {"starting_after": "cus_a", "ending_before": "cus_b"},
        "ending_before",
        "parameters_exclusive",
        "You may only specify one of these parameters: ending_before, starting_after.",
    ),
    ("GET", "/v1/customers", {"colour": "red"}, "colour", "parameter_unknown", "Received unknown"),
    ("GET", "/v1/customers/cus_x", {}, "id", "resource_missing", "No such customer: 'cus_x'"),
    ("GET", "/v1/payment_intents/pi_x", {}, "intent", "resource_missing", "No such payment_intent: 'pi_x'"),
    (
        "GET",
        "/v1/payment_methods/pm_x",
        {},
        "payment_method",
        "resource_missing",
        "No such PaymentMethod: 'pm_x'",
    ),
    (
        "POST",
        "/v1/customers",
        {"emial": "x"},
        "emial",
        "parameter_unknown",
        "Received unknown parameter: emial",
    ),
    ("POST", "/v1/customers", {"a": 1, "b": 2}, "a", "parameter_unknown", "Received unknown parameters:"),
    ("POST", "/v1/customers", {"address": "x"}, "address", None, "Invalid object"),
    ("POST", "/v1/customers", {"name": {"x": "y"}}, "name", None, "Invalid string"),
    ("POST", "/v1/customers", {"tax_exempt": "some"}, "tax_exempt", None, "Invalid tax_exempt: must be one of"),
    (
        "POST",
        "/v1/payment_intents",
        {"currency": "usd"},
        "amount",
        "parameter_missing",
        "Missing required param:",
    ),
    (
        "POST",
        "/v1/payment_intents",
        {"amount": "x", "currency": "usd"},
        "amount",
        "parameter_invalid_integer",
        "Invalid",
    ),
    (
        "POST",
        "/v1/payment_intents",
        {"amount": 10, "currency": "usd"},
        "amount",
        "amount_too_small",
        "Amount must",
    ),
    (
        "POST",
        "/v1/payment_intents",
        {"amount": 100, "currency": "zzz"},
        "currency",
        None,
        "Invalid currency: zzz",
    ),
    (
        "POST",
        "/v1/payment_intents",
        {"amount": 100, "currency": "usd", "customer": "cus_x"},
        "customer",
        "resource_missing",
        "No such customer: 'cus_x'",
    ),
    ("POST", "/v1/customers", {"expand": ["name"]}, None, None, "This property cannot be expanded (name)."),
    (
        "GET",
        "/v1/customers",
        {"expand": ["default_source"]},
        None,
        None,
        "This property cannot be",
    ),
    ("GET", "/v1/charges/search", {"query": "amount>"}, "query", None, "We were unable to parse your search query."),
]


@pytest.mark.parametrize(("method", "path", "data", "param", "code", "text"), BAD)
def test_bad_input(method: str, path: str, data: Any, param: str | None, code: str | None, text: str) -> None:
    reply = send(instance(), method, path, data)
    found = error(reply)
    assert (found.get("param"), found.get("code")) == (param, code)
    assert found["message"].startswith(text)
    assert reply.status == (404 if path.endswith("_x") else 400)


@pytest.mark.parametrize(
    ("headers", "status", "text"),
    [
        ({"authorization": ""}, 401, "You did not provide an API key."),
        ({"authorization": "Bearer sk_live_abcdefgh"}, 401, "Invalid API Key provided: sk_live_****efgh"),
        ({"authorization": "Bearer nonsense"}, 401, "Invalid API Key provided: ****ense"),
        ({"authorization": "Bearer pk_test_123"}, 403, "This API call cannot be made with a publishable API key."),
        ({"authorization": "Basic c2tfdGVzdF8xMjM6"}, 200, ""),
        ({"stripe-version": "yesterday"}, 400, "Invalid Stripe API version: yesterday."),
        ({"stripe-account": "me"}, 403, "The provided key 'sk_test_123' does not have access to account 'me'"),
    ],
)
def test_keys_and_versions(headers: dict[str, str], status: int, text: str) -> None:
    reply = send(instance(), "GET", "/v1/balance", headers=headers)
    assert reply.status == status
    if status != 200:
        assert error(reply)["message"].startswith(text)


def test_a_browser_needs_the_client_secret() -> None:
    on = instance()
    made = json.loads(send(on, "POST", "/v1/payment_intents", {"amount": 2000, "currency": "usd"}).body)
    path, key = f"/v1/payment_intents/{made['id']}", "pk_test_123"
    assert error(send(on, "GET", path, key=key))["param"] == "client_secret"
    assert error(send(on, "GET", path, {"client_secret": "x"}, key=key))["code"] == "payment_intent_invalid_parameter"
    method = json.loads(
        send(on, "POST", "/v1/payment_methods", {"type": "card", "card": {"token": "tok_visa"}}, key=key).body
    )
    data = {"client_secret": made["client_secret"], "payment_method": method["id"]}
    paid = json.loads(send(on, "POST", f"{path}/confirm", data, key=key).body)
    assert paid["status"] == "succeeded"


def test_unknown_paths_and_methods() -> None:
    for method, path in (("GET", "/v1/nothing"), ("PUT", "/v1/customers"), ("GET", "/")):
        reply = send(instance(), method, path)
        assert reply.status == 404
        assert error(reply)["message"].startswith(f"Unrecognized request URL ({method}: {path}).")


NAMES = ["amount", "currency", "customer", "expand", "metadata", "a[b]"]
POSTS = sorted(id for id in twin.index.operations() if id.startswith("Post"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    id=st.sampled_from(POSTS),
    body=st.one_of(
        st.binary(max_size=60),
        st.text("abc[]=&%0123456789", max_size=60).map(str.encode),
        st.dictionaries(
            st.sampled_from(["amount", "currency", "customer", "expand", "metadata", "a[b]"]), st.text(max_size=8)
        )
        .map(lambda data: "&".join(f"{name}={value}" for name, value in data.items()))
        .map(str.encode),
    ),
)
def test_no_body_breaks_an_operation(every: Instance, id: str, body: bytes) -> None:
    operation = twin.index.operation(id)
    reply = send(every, "POST", path_of(operation, EXAMPLES), body)
    assert reply.status < 500, (id, body, reply.body)


def test_the_same_seed_and_requests_make_the_same_bytes() -> None:
    def run() -> list[bytes]:
        on = instance(seed=11)
        first = send(on, "POST", "/v1/customers", {"email": "a@example.com"})
        pay = {"amount": 2000, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
        return [first.body, send(on, "POST", "/v1/payment_intents", pay).body, send(on, "GET", "/v1/events").body]

    assert run() == run()


@pytest.mark.parametrize("materialise", [True, False])
def test_full_requests_get_valid_replies(materialise: bool) -> None:
    on = instance(materialise=materialise)
    for id in twin.index.operations():
        operation = twin.index.operation(id)
        reply = send(on, operation.method.upper(), path_of(operation, EXAMPLES), full(operation, EXAMPLES))
        assert reply.status < 500, (id, reply.body)
        assert CHECKER.check(id, reply.status, reply.body, reply.headers.get("content-type")) == [], id


def test_the_coverage_table_is_true() -> None:
    written = (Path(__file__).parents[2] / "docs/coverage/stripe.md").read_text(encoding="utf-8")
    assert written == page(twin), "run `twin coverage stripe --write`"


JUDGED = sorted({*twin.handlers, *list(twin.index.operations())[::6]} - {"PostFiles", "GetQuotesQuotePdf"})


def test_an_independent_judge_agrees(every: Instance) -> None:
    judge = Judge(twin.index)
    for id in JUDGED:
        operation = twin.index.operation(id)
        path, data = path_of(operation, EXAMPLES), arguments(operation, EXAMPLES)
        reply = send(every, operation.method.upper(), path, data)
        text, post = urlencode(list(pairs(data))).encode(), operation.method == "post"
        kind, sent = encoded(path, data)
        match = twin.index.match(operation.method.upper(), path)
        assert match
        found = judge.exchange(
            id,
            path=match.path,
            query=b"" if post else text,
            headers={"authorization": f"Bearer {KEY}", **({"content-type": kind} if post else {})},
            body=sent if post else b"",
            status=reply.status,
            reply_headers=reply.headers,
            reply=reply.body,
        )
        assert found == [], id
