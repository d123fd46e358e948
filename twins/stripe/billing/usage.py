"""Usage as arithmetic: what events add up to, which times they may have. Pure; imports nothing of the kit.

Sources: https://docs.stripe.com/api/billing/meter/object, /api/billing/meter-event/create,
https://docs.stripe.com/billing/subscriptions/usage-based/recording-usage.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

DAY, HOUR, MINUTE = 86_400, 3_600, 60
OLDEST, NEWEST = 35 * DAY, 5 * MINUTE
"""Seconds an event may lie in the past and in the future."""
REMEMBERED = DAY
"""Seconds an identifier is not taken again, and an event can be canceled."""
WINDOWS = {"day": DAY, "hour": HOUR}

Used = tuple[int, Decimal]
"""(time, value) of one event."""


def aggregated(formula: str, events: Iterable[Used]) -> Decimal:
    """What events come to: their number, their sum, or the last value; 0 without events."""
    rows = list(events)
    if formula == "count":
        return Decimal(len(rows))
    if formula == "last":
        return max(enumerate(rows), key=lambda row: (row[1][0], row[0]))[1][1] if rows else Decimal(0)
    return sum((value for _, value in rows), Decimal(0))


def windows(start: int, end: int, grouping: str | None) -> list[tuple[int, int]]:
    """The parts of [start, end) to sum up by themselves, newest first; the whole without a grouping."""
    if grouping is None:
        return [(start, end)]
    step = WINDOWS[grouping]
    return [(at, min(at + step, end)) for at in range(start, end, step)][::-1]


def misaligned(start: int, end: int, grouping: str | None) -> str | None:
    """Which of `start_time` and `end_time` is not on the boundary that the grouping asks for; None when both are."""
    step = WINDOWS.get(grouping or "", MINUTE)
    return "start_time" if start % step else "end_time" if end % step else None


def value_of(text: object) -> Decimal | None:
    """The value that a payload gives as text, None when it is no finite number."""
    try:
        value = Decimal(str(text).strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def too_old(now: int) -> str:
    """What an event from too long ago is answered with: https://github.com/the-answerai/theanswer/pull/624."""
    return (
        "The event timestamp cannot be more than 35 days in past. Expected a timestamp greater than or equal to "
        f"{now - OLDEST}."
    )


def too_new(now: int) -> str:
    """What an event from the future is answered with."""
    return (
        "The event timestamp cannot be more than 5 minutes in the future. Expected a timestamp less than or equal to "
        f"{now + NEWEST}."
    )
