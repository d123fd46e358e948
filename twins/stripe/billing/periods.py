"""Billing periods: where a period that starts at a time ends. Pure; imports nothing of the kit.

Months keep the day of the anchor where they have it, else end on their last day:
https://docs.stripe.com/billing/subscriptions/billing-cycle
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

DAY = 86_400


def add_months(at: int, months: int) -> int:
    """The same day and time `months` later (seconds), on the last day of a month that is too short."""
    moment = datetime.fromtimestamp(at, UTC)
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    day = min(moment.day, monthrange(year, month + 1)[1])
    return int(moment.replace(year=year, month=month + 1, day=day).timestamp())


def period_end(start: int, interval: str, count: int = 1) -> int:
    """The end (seconds) of a period of `count` days, weeks, months or years."""
    if interval == "day":
        return start + count * DAY
    if interval == "week":
        return start + 7 * count * DAY
    return add_months(start, count * (12 if interval == "year" else 1))


def next_boundary(anchor: int, interval: str, count: int, after: int) -> int:
    """The first end of a billing period of this anchor that is later than a time.

    Counted from the anchor, so that a period that was cut short by a short month does not move those that follow.
    """
    if interval in ("day", "week"):
        step = count * DAY * (7 if interval == "week" else 1)
        return anchor + step * ((after - anchor) // step + 1)
    months = count * (12 if interval == "year" else 1)
    turns = max((after - anchor) // (31 * DAY * months), 0)
    while add_months(anchor, turns * months) <= after:
        turns += 1
    return add_months(anchor, turns * months)


def running(anchor: int, interval: str, count: int, at: int) -> tuple[int, int]:
    """(start, end) of the billing period of this anchor that a time is in."""
    end = next_boundary(anchor, interval, count, at)
    if interval in ("day", "week"):
        return period_start(end, interval, count), end
    months = count * (12 if interval == "year" else 1)
    turns = 0
    while add_months(anchor, turns * months) < end:
        turns += 1
    return add_months(anchor, (turns - 1) * months), end


def period_start(end: int, interval: str, count: int = 1) -> int:
    """The start of the whole period that ends at a time."""
    return period_end(end, interval, -count)


def configured(start: int, config: Mapping[str, Any]) -> int:
    """The first time after `start` that an anchor's configuration names: day of the month, month, hour, minute, second.

    https://docs.stripe.com/billing/subscriptions/billing-cycle: what is not given is taken from the start; a month that
    is too short has the day last.
    """
    moment = datetime.fromtimestamp(start, UTC)
    clock = {"hour": moment.hour, "minute": moment.minute, "second": moment.second}
    clock |= {name: int(config[name]) for name in clock if config.get(name) is not None}
    for step in range(14):
        year, month = divmod(moment.year * 12 + moment.month - 1 + step, 12)
        if config.get("month") and month + 1 != int(config["month"]):
            continue
        day = min(int(config["day_of_month"]), monthrange(year, month + 1)[1])
        found = int(datetime(year, month + 1, day, **clock, tzinfo=UTC).timestamp())
        if found > start:
            return found
    return start
