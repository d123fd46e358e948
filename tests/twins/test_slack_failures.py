"""What slack_sdk, unmodified, makes of failures with its own retry handlers, and of the service's rate limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    RateLimitErrorRetryHandler,
    ServerErrorRetryHandler,
)

from tests.serving import Served, serving


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with serving("slack", "--seed", "7") as served:
        yield served["slack"]


@pytest.fixture
def twin(server: Served) -> Iterator[Served]:
    with server.private(clock="fixed") as instance:
        yield instance


def sdk(twin: Served, *handlers: Any) -> WebClient:
    options: dict[str, Any] = {"retry_handlers": list(handlers)} if handlers else {}
    token = twin.ready["credentials"]["bot_token"]
    return WebClient(token, base_url=f"{twin.url}/api/", timeout=5, **options)


def fail(twin: Served, then: dict[str, Any], **when: Any) -> None:
    twin.control("POST", "faults", profile="test", rules=[{"when": when, "then": then}])


def faults(twin: Served) -> list[str | None]:
    return [each["fault"] for each in twin.control("GET", "exchanges")["exchanges"]]


def channel(client: WebClient) -> str:
    return str(client.conversations_create(name="failures")["channel"]["id"])


def test_it_gets_over_one_broken_connection_by_itself(twin: Served) -> None:
    fail(twin, {"network": "reset"}, calls=[1])
    assert sdk(twin).auth_test()["ok"]
    assert faults(twin) == ["network reset", None]


def test_it_hands_on_a_second_one(twin: Served) -> None:
    fail(twin, {"network": "reset"}, calls=[1, 2])
    with pytest.raises(OSError):
        sdk(twin).auth_test()


def test_it_hands_on_a_rate_limit_unless_told_to_wait(twin: Served) -> None:
    fail(twin, {"error": "rate_limit"}, calls=[1, 2])
    with pytest.raises(SlackApiError) as caught:
        sdk(twin).auth_test()
    assert caught.value.response["error"] == "ratelimited"
    assert caught.value.response.headers["retry-after"] == "1"
    assert sdk(twin, RateLimitErrorRetryHandler(max_retry_count=1)).auth_test()["ok"]


def test_it_gets_over_server_errors_when_told_to(twin: Served) -> None:
    fail(twin, {"error": "internal"}, calls=[1])
    assert sdk(twin, ServerErrorRetryHandler(max_retry_count=1)).auth_test()["ok"]


def test_a_lost_reply_posts_twice(twin: Served) -> None:
    """Slack has no idempotency keys: a retry after a lost reply does it again."""
    client = sdk(twin, ConnectionErrorRetryHandler(max_retry_count=1))
    room = channel(client)
    fail(twin, {"network": "reset", "at": "after_commit"}, operation="chat_postMessage", calls=[1])
    client.chat_postMessage(channel=room, text="once?")
    texts = [message.get("text") for message in client.conversations_history(channel=room)["messages"]]
    assert texts.count("once?") == 2


def test_expired_tokens(twin: Served) -> None:
    twin.control("POST", "faults", profile="expired-tokens")
    client = sdk(twin)
    for _ in range(9):
        client.auth_test()
    with pytest.raises(SlackApiError) as caught:
        client.auth_test()
    assert caught.value.response["error"] == "token_expired"


def test_posting_is_limited_for_each_channel(twin: Served) -> None:
    client = sdk(twin)
    room = channel(client)
    twin.control("POST", "faults", then={"rate_limit": "twin"})
    refused: dict[str, Any] = {}
    for number in range(20):
        try:
            client.chat_postMessage(channel=room, text=str(number))
        except SlackApiError as error:
            refused = {"error": error.response["error"], "after": int(error.response.headers["retry-after"])}
            break
    assert refused == {"error": "ratelimited", "after": 1}
    twin.control("POST", "clock/advance", seconds=1)
    client.chat_postMessage(channel=room, text="later")
    (row,) = twin.control("GET", "faults")["conduct"]
    assert row["verdict"] == "backed off"


def test_malformed_replies_are_errors_of_the_sdk(twin: Served) -> None:
    fail(twin, {"network": "malformed"}, calls=[1])
    with pytest.raises((SlackApiError, json.JSONDecodeError)):
        sdk(twin).auth_test()
