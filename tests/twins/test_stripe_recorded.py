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
