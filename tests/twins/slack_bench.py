"""What the Slack tests share: a served twin, a private instance each, and SDK clients on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from twinkit.testing import TwinServer
from twinkit.testing.twin import Twin
from twins.slack import world


@pytest.fixture(scope="session")
def slack_server() -> Iterator[TwinServer]:
    with TwinServer("slack", clock="fixed:2026-01-05T12:00:00Z") as server:
        yield server


@pytest.fixture
def twin(slack_server: TwinServer) -> Iterator[Twin]:
    made = slack_server.instance("slack")
    yield made
    slack_server.remove(made)


def client(twin: Twin, token: str = world.BOT_TOKEN) -> WebClient:
    """The SDK's client on an instance."""
    return WebClient(token, base_url=f"{twin.url}/api/", timeout=20)


@pytest.fixture
def bot(twin: Twin) -> WebClient:
    return client(twin)


@pytest.fixture
def ana(twin: Twin) -> WebClient:
    return client(twin, world.USER_TOKEN)


@pytest.fixture
def ben(twin: Twin) -> WebClient:
    return client(twin, world.MEMBER_TOKEN)


def error(call: Any, **arguments: Any) -> str:
    """The error that a call of the SDK ends with."""
    with pytest.raises(SlackApiError) as caught:
        call(**arguments)
    return str(caught.value.response["error"])
