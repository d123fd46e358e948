"""Every list, retrieve and delete method of stripe-python with made-up ids: what comes back is of its type."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from tests.serving import Served, serving

stripe = pytest.importorskip("stripe")
VERBS = ("list", "retrieve", "delete")


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving("stripe", "--seed", "7", "--materialise") as found:
        yield found["stripe"]


@pytest.fixture(scope="module")
def client(served: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": served.url, "files": served.url})


def methods() -> Iterator[Any]:
    """(service path, verb, number of ids) of the methods that need nothing but ids."""
    client = stripe.StripeClient("sk_test_123")
    seen = [(("v1",), client.v1)]
    while seen:
        path, service = seen.pop()
        for name in _inner(service):
            inner = getattr(service, name, None)
            if inner is not None and type(inner).__name__.endswith("Service"):
                seen.append(((*path, name), inner))
        for verb in VERBS:
            function = getattr(service, verb, None)
            if function is None:
                continue
            parameters = inspect.signature(function).parameters.values()
            needed = [p for p in parameters if p.default is inspect.Parameter.empty]
            if all(p.name != "params" for p in needed):
                yield pytest.param(path, verb, len(needed), id=".".join((*path[1:], verb)))


def _inner(service: Any) -> list[str]:
    """Names of the services inside a service."""
    module = inspect.getmodule(type(service))
    found = getattr(module, "_subservices", None)
    return list(found) if found else []


@pytest.mark.parametrize(("path", "verb", "ids"), list(methods()))
def test_a_method_gets_its_type(client: Any, path: tuple[str, ...], verb: str, ids: int) -> None:
    service = client
    for name in path:
        service = getattr(service, name)
    try:
        result = getattr(service, verb)(*[f"id_{number}" for number in range(ids)])
    except stripe.InvalidRequestError as error:
        if "Unrecognized request URL" in str(error):
            pytest.skip("the library's API version is newer than the contract, which has no such operation")
        raise
    if verb == "list":
        assert isinstance(result, stripe.ListObject)
        assert all(isinstance(item, stripe.StripeObject) and item.object for item in result.data)
    else:
        assert isinstance(result, stripe.StripeObject)
        assert result.object
        assert type(result) is not stripe.StripeObject or result.deleted
