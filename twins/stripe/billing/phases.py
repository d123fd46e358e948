"""The phases of a subscription schedule as plain data: where each lies, which one runs, what is refused.

Sources: https://docs.stripe.com/api/subscription_schedules/create, /update,
https://docs.stripe.com/billing/subscriptions/subscription-schedules, https://github.com/YumaInaura/YumaInaura/issues/2899
(the texts). Pure; imports nothing of the kit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twins.stripe.billing import periods

Phase = Mapping[str, Any]
OPEN = ("not_started", "active")
NO_ANCHOR = "The subscription schedule update is missing at least one phase with a `start_date` to anchor end dates to."
CURRENT_START = "You can not modify the start date of the current phase."
CURRENT_END = "You can only adjust the end date to a future date for the current phase."
NO_PHASES = "You must provide at least one phase."
TOLD_BEFORE = 7 * periods.DAY
"""Seconds before the last phase ends that `subscription_schedule.expiring` is sent."""


def closed(status: str, verb: str) -> str | None:
    """What a schedule that is over is answered with when it is to be released or canceled; None while it is open."""
    if status in OPEN:
        return None
    done = {"release": "released", "cancel": "canceled", "update": "updated"}[verb]
    return (
        f"You cannot {verb} a subscription schedule that is currently in the `{status}` status. It must be in "
        f"`not_started, active` status to be {done}."
    )


def attached(schedule: str) -> str:
    """What a second schedule for a subscription is answered with."""
    return f"You cannot migrate a subscription that is already attached to a schedule: `{schedule}`."


def _end(given: Phase, start: int, rule: tuple[str, int], now: int) -> int:
    wanted = given.get("end_date")
    if wanted not in (None, ""):
        return now if wanted == "now" else int(str(wanted))
    length = given.get("duration")
    if length:
        return periods.period_end(start, str(length["interval"]), int(length.get("interval_count") or 1))
    return periods.period_end(start, *rule)


def placed(
    given: Sequence[Phase], rules: Sequence[tuple[str, int]], start: int | None, now: int
) -> list[tuple[int, int]]:
    """(start, end) of each phase: it begins where the one before ends, and lasts as it says or one period of its price.

    Raises ValueError(text) for phases without a beginning, and for one that ends before it begins.
    """
    starts = [phase.get("start_date") for phase in given]
    at = start
    if starts and starts[0] not in (None, ""):
        at = now if starts[0] == "now" else int(str(starts[0]))
    if at is None:
        raise ValueError(NO_ANCHOR)
    found = []
    for place, phase in enumerate(given):
        following = starts[place + 1] if place + 1 < len(given) else None
        end = _end(phase, at, rules[place], now)
        if following not in (None, "") and phase.get("end_date") in (None, "") and not phase.get("duration"):
            end = now if following == "now" else int(str(following))
        if end <= at:
            raise ValueError("The end of a phase must be after its start.")
        found.append((at, end))
        at = end
    return found


def running(phases: Sequence[Phase], at: int) -> int | None:
    """The place of the phase that runs at a time, None before the first and after the last."""
    for place, phase in enumerate(phases):
        if phase["start_date"] <= at < phase["end_date"]:
            return place
    return None


def joined(old: Sequence[dict[str, Any]], new: Sequence[dict[str, Any]], current: Phase | None) -> list[dict[str, Any]]:
    """The phases after an update: what is past stays. Raises ValueError(text) where the current one's start changes."""
    if current is None:
        return list(new)
    past = [phase for phase in old if phase["end_date"] <= current["start_date"]]
    kept = [phase for phase in new if phase["end_date"] > current["start_date"]]
    if not kept:
        raise ValueError(CURRENT_END)
    if kept[0]["start_date"] != current["start_date"]:
        raise ValueError(CURRENT_START)
    return [*past, *kept]
