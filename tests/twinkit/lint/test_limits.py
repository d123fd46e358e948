"""What lint says of rate limits and retry schedules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.twinkit.notes import notes
from twinkit.behaviour.twin import Twin
from twinkit.lint.run import check


@pytest.fixture
def twin() -> Iterator[Twin]:
    made = notes()
    options, webhooks = made.compiled.options, made.compiled.webhooks
    yield made
    made.compiled.options, made.compiled.webhooks = options, webhooks


def messages(twin: Twin, code: str) -> list[str]:
    return [finding.message for finding in check(twin) if finding.code == code]


@pytest.mark.parametrize(
    ("buckets", "message"),
    [
        ([{"name": "all", "limit": 3, "per": "1s"}], ""),
        ([{"name": "none", "limit": 3, "per": "1s", "operations": ["usersList"]}], "covers no operation"),
        ([{"name": "all", "limt": 3, "per": "1s"}], "did you mean 'limit'"),
    ],
)
def test_buckets(twin: Twin, buckets: list[dict[str, Any]], message: str) -> None:
    twin.compiled.options = {**twin.compiled.options, "rate_limits": {"buckets": buckets}}
    found = messages(twin, "rate-limits")
    assert bool(found) is bool(message)
    assert all(message in each for each in found)


def test_schedules(twin: Twin) -> None:
    assert messages(twin, "retries") == []
    twin.compiled.webhooks = {**twin.compiled.webhooks, "schedule": {"retries": ["soon"]}}
    (message,) = messages(twin, "retries")
    assert "'soon' is no duration" in message
