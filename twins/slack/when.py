"""Times in words, as reminders take them: `in 5 minutes`, `tomorrow at 9am`, `every Thursday`. Pure.

A subset of what the service reads; anything else is None, which becomes `cannot_parse`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
IN = re.compile(r"in (an?|\d+) (second|minute|hour|day|week)s?")
AT = re.compile(r"(?:at )?(\d{1,2})(?::(\d{2}))? ?(am|pm)?")
MORNING = 9
LONGEST = 5 * 365 * 86_400
SOON = 86_400 * 60
"""A bare number up to this is seconds from now, a larger one a moment."""


def parse(text: str, now: int) -> tuple[int, bool] | None:
    """(second, whether it comes again) of a time in words or numbers; None when it cannot be read."""
    words = text.strip().lower()
    if re.fullmatch(r"\d+", words):
        number = int(words)
        at = now + number if number <= SOON else number
        return (at, False) if now < at <= now + LONGEST else None
    if not words:
        return None
    recurring = words.startswith("every ")
    words = words.removeprefix("every ").removeprefix("on ")
    match = IN.fullmatch(words)
    if match:
        count = 1 if match[1] in ("a", "an") else int(match[1])
        return now + count * UNITS[match[2]], False
    day, _, clock = words.partition(" ")
    if recurring and day in ("day", "weekday"):
        day = "tomorrow"
    if day in ("today", "tomorrow", *DAYS):
        return _on(day, clock.strip(), now, recurring)
    return _on("today", words, now, recurring)


def _on(day: str, clock: str, now: int, recurring: bool) -> tuple[int, bool] | None:
    hour, minute = MORNING, 0
    if clock:
        match = AT.fullmatch(clock)
        if not match or (not match[3] and not match[2] and not clock.startswith("at ")):
            return None
        hour, minute = int(match[1]), int(match[2] or 0)
        if match[3]:
            hour = hour % 12 + (12 if match[3] == "pm" else 0)
        if hour > 23 or minute > 59:
            return None
    moment = datetime.fromtimestamp(now, UTC)
    ahead = 0
    if day == "tomorrow":
        ahead = 1
    elif day in DAYS:
        ahead = (DAYS.index(day) - moment.weekday()) % 7
    at = moment.replace(hour=hour, minute=minute, second=0, microsecond=0) + timedelta(days=ahead)
    if at.timestamp() <= now:
        at += timedelta(days=7 if day in DAYS else 1)
    return int(at.timestamp()), recurring
