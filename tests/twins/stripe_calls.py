"""Valid requests for every operation of the Stripe contract, made from it, and a way to send them in process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from twinkit.behaviour.request import Request
from twinkit.clock import Clock
from twinkit.contract.examples import Examples
from twinkit.contract.model import Operation
from twinkit.instance import Instance, Options
from twinkit.server import pipeline
from twinkit.server.render import Rendered
from twins.stripe import twin

NEEDED: dict[str, dict[str, Any]] = {
    "PostBillingPortalConfigurations": {"features": {"invoice_history": {"enabled": True}}},
    "PostCharges": {"amount": 2000, "currency": "usd", "source": "tok_visa"},
    "PostCoupons": {"percent_off": 25},
    "PostPaymentMethods": {"type": "card", "card": {"token": "tok_visa"}},
    "PostPrices": {"currency": "usd", "unit_amount": 100, "product": "prod_123"},
    "PostRefunds": {"charge": "ch_123"},
    "PostTokens": {"card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2034, "cvc": "123"}},
    "GetChargesSearch": {"query": "amount>0"},
    "GetCustomersSearch": {"query": "email:'a@example.com'"},
    "GetInvoicesSearch": {"query": "total>0"},
    "GetPaymentIntentsSearch": {"query": "status:'succeeded'"},
    "GetPricesSearch": {"query": "active:'true'"},
    "GetProductsSearch": {"query": "name~'shirt'"},
    "GetSubscriptionsSearch": {"query": "status:'active'"},
}
"""Operation → parameters that its contract calls optional and the service asks for."""
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
KEY = "sk_test_123"


def pairs(data: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Plain data as bracketed form fields."""
    if isinstance(data, Mapping):
        for name, value in data.items():
            yield from pairs(value, f"{prefix}[{name}]" if prefix else str(name))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from pairs(value, f"{prefix}[{number}]")
    elif data is not None:
        yield prefix, str(data).lower() if isinstance(data, bool) else str(data)


def instance(*, materialise: bool = False, seed: int = 7) -> Instance:
    """A private instance in this process, its clock ticking."""
    return Instance(twin, seed=seed, clock=Clock("tick"), options=Options(materialise=materialise))


def send(
    on: Instance, method: str, path: str, data: Any = None, *, key: str = KEY, headers: Mapping[str, str] | None = None
) -> Rendered:
    """Send one request through the pipeline; `data` becomes the query of GET and DELETE, else the form."""
    text = urlencode(list(pairs(data or {}))).encode() if not isinstance(data, bytes) else b""
    body = method == "POST"
    kind, content = encoded(path, data) if isinstance(data, dict) or data is None else (FORM, bytes(data))
    sent = {"authorization": f"Bearer {key}", **({"content-type": kind} if body else {}), **(headers or {})}
    request = Request(method, path, b"" if body else text, sent, content if body else b"")
    return pipeline.execute(on, pipeline.prepare(on, request))


def path_of(operation: Operation, examples: Examples) -> str:
    """The operation's path with an id in each hole."""
    path = operation.path
    for parameter in operation.parameters:
        if parameter.location == "path":
            value = examples.required_only(parameter.schema, f"{operation.id}/{parameter.name}")
            text = str(value) if value and not isinstance(parameter.schema, bool) else "x"
            if isinstance(parameter.schema, Mapping) and not parameter.schema.get("enum"):
                text = f"{parameter.name}_123"
            path = path.replace(f"{{{parameter.name}}}", quote(text, safe=""))
    return path


def arguments(operation: Operation, examples: Examples) -> dict[str, Any]:
    """The required parameters of an operation, of its query or its form."""
    found: dict[str, Any] = {}
    for parameter in operation.parameters:
        if parameter.location == "query" and parameter.required:
            found[parameter.name] = examples.required_only(parameter.schema, f"{operation.id}/{parameter.name}")
    schema = schema_of(operation)
    if schema is not None:
        made = examples.required_only(schema, operation.id)
        for name, value in made.items() if isinstance(made, Mapping) else ():
            found[name] = value if list(pairs(value)) or value in (None, "") else fuller(examples, schema, name)
    return {**found, **NEEDED.get(operation.id, {})}


def schema_of(operation: Operation) -> Any:
    """The schema of an operation's body: a form, or JSON in the newer namespace."""
    content = operation.body.content if operation.body else {}
    return content.get(FORM) or content.get(JSON)


def encoded(path: str, data: Any) -> tuple[str, bytes]:
    """(content type, body) of parameters as the namespace of a path takes them."""
    if path.startswith("/v2/"):
        return JSON, orjson.dumps(data or {})
    return FORM, urlencode(list(pairs(data or {}))).encode()


def fuller(examples: Examples, schema: Any, name: str) -> Any:
    """An example of a property whose least value cannot be written as a form: an empty map or list."""
    node = schema["properties"][name]
    for number in range(20):
        value = examples.example(node, f"{name}/{number}")
        if list(pairs(value)):
            return value
    return {"x": "y"}


def full(operation: Operation, examples: Examples) -> dict[str, Any]:
    """Every parameter of an operation, optional ones too, but for expansion and cursors."""
    found = arguments(operation, examples)
    for parameter in operation.parameters:
        if parameter.location == "query" and parameter.name not in ("expand", "starting_after", "ending_before"):
            found[parameter.name] = examples.example(parameter.schema, f"{operation.id}/{parameter.name}")
    schema = schema_of(operation)
    made = examples.example(schema, f"{operation.id}/full", depth=3) if schema is not None else {}
    kept = {name: value for name, value in made.items() if name != "expand"} if isinstance(made, Mapping) else {}
    return {**found, **kept, **NEEDED.get(operation.id, {})}
