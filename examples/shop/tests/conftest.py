"""The shop on twins: its SDKs call api.stripe.com and slack.com, and `intercept=True` leads that to the twins."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

sys.path.insert(0, str(Path(__file__).parents[1]))

from shop.app import create_app
from shop.notify import Notifier
from shop.payments import Payments

SECRET = "whsec_shop"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this suite has its calls led to its twin."""
    for item in items:
        item.add_marker(pytest.mark.twin(intercept=True), append=False)


@pytest.fixture
def shop(stripe_twin: Any, slack_twin: Any) -> Iterator[TestClient]:
    app = create_app(Payments("sk_test_shop", SECRET), Notifier(slack_twin.credentials["bot_token"], "#general"))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def customer(shop: TestClient) -> str:
    return str(shop.post("/customers", json={"email": "ada@example.com", "name": "Ada"}).json()["id"])


@pytest.fixture
def order(shop: TestClient, customer: str) -> Callable[..., dict[str, Any]]:
    def place(method: str = "pm_card_visa", article: str = "book", quantity: int = 1) -> dict[str, Any]:
        data = {"customer": customer, "article": article, "quantity": quantity, "payment_method": method}
        reply = shop.post("/orders", json=data)
        assert reply.status_code == 201, reply.text
        return dict(reply.json())

    return place
