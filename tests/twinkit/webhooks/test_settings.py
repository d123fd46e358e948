"""Receivers and retry schedules as people write them."""

from __future__ import annotations

from typing import Any

import pytest

from twinkit.clock import SECOND
from twinkit.errors import UsageError
from twinkit.webhooks.receiver import Receiver, read_receiver
from twinkit.webhooks.schedule import Schedule, read_schedule


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("http://a/b", Receiver("r", "http://a/b")),
        ("http://a/b,whsec", Receiver("r", "http://a/b", "whsec")),
        ("https://a/b,s,invoice.*,a.b", Receiver("r", "https://a/b", "s", ("invoice.*", "a.b"))),
        ({"url": "http://a", "events": "x", "enabled": False}, Receiver("r", "http://a", "", ("x",), False)),
    ],
)  # fmt: skip
def test_receivers_are_read(given: Any, wanted: Receiver) -> None:
    assert read_receiver(given, "r") == wanted


def test_a_receiver_needs_a_url() -> None:
    with pytest.raises(UsageError, match="is no receiver"):
        read_receiver("localhost:5000", "r")


def test_schedules_are_read() -> None:
    schedule = read_schedule({"retries": ["1m", "5m"], "timeout": "3s", "stop_header": "X-Slack-No-Retry"})
    assert schedule.retries == (60 * SECOND, 300 * SECOND)
    assert (schedule.timeout, schedule.stop_header) == (3 * SECOND, "x-slack-no-retry")
    assert read_schedule(None) == Schedule()
    with pytest.raises(Exception, match="unknown key 'retry'; did you mean 'retries'"):
        read_schedule({"retry": []})
