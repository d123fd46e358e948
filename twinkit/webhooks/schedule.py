"""When a failed delivery is tried again: a service's retry schedule as data, on the instance's clock.

Imports: faults.reading, clock, errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from twinkit.clock import SECOND
from twinkit.errors import AuthorError
from twinkit.faults.reading import Place

REASONS = ("timeout", "connection_failed", "tls", "redirect", "status", "other")
"""Why a delivery failed; a schedule maps them to the service's own words."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a service sends and sends again. Times in microseconds.

    `retries`: the wait before each further attempt. `timeout`: of one attempt, on the wall clock.
    `headers`: templates for further attempts, with {retry} (1 for the first of them) and {reason}.
    `stop_header`: a reply header with which a receiver asks for no further attempt.
    `disable_after`: consecutive events that failed for good after which a receiver is disabled; 0 is never.
    """

    retries: tuple[int, ...] = (60 * SECOND, 300 * SECOND, 3600 * SECOND)
    timeout: int = 10 * SECOND
    headers: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    stop_header: str = ""
    disable_after: int = 0

    def next_due(self, attempt: int, now: int) -> int | None:
        """When to try again after attempt number `attempt` (from 1) failed at `now`; None: never."""
        return now + self.retries[attempt - 1] if attempt <= len(self.retries) else None

    def retry_headers(self, attempt: int, reason: str) -> dict[str, str]:
        """What a further attempt says of itself; empty for the first."""
        if attempt <= 1:
            return {}
        word = self.reasons.get(reason, reason)
        return {name: text.format(retry=attempt - 1, reason=word) for name, text in self.headers.items()}


KEYS = ("retries", "timeout", "headers", "reasons", "stop_header", "disable_after")


def read_schedule(data: Any) -> Schedule:
    """The schedule of an overlay: `{retries: [1m, 5m], timeout: 3s, …}`. Raises AuthorError that names the place."""
    place = Place(data or {}, ("webhooks", "schedule"))
    found = place.members(KEYS, "schedule")
    default = Schedule()
    schedule = Schedule(
        tuple(item.duration() for item in found["retries"].items()) if "retries" in found else default.retries,
        found["timeout"].duration() if "timeout" in found else default.timeout,
        found["headers"].mapping() if "headers" in found else {},
        _reasons(found["reasons"]) if "reasons" in found else {},
        found["stop_header"].text().lower() if "stop_header" in found else "",
        found["disable_after"].whole() if "disable_after" in found else 0,
    )
    if place.mistakes:
        raise AuthorError("\n".join(str(mistake) for mistake in place.mistakes))
    return schedule


def _reasons(place: Place) -> dict[str, str]:
    return {key: child.text() for key, child in place.members(REASONS, "reasons").items()}
