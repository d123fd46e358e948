"""Billing periods: where a period that starts at a time ends. Pure; imports nothing of the kit.

Months keep the day of the anchor where they have it, else end on their last day:
https://docs.stripe.com/billing/subscriptions/billing-cycle
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime

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
