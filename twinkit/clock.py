"""The instance's time: one clock drives everything timed. Imports: errors.

Modes: `real` (the wall clock plus what was advanced), `fixed` (moves only when told), `tick` (like fixed, and one step
per request). Times are integer microseconds since 1970-01-01T00:00:00Z; `now` is the same in whole seconds.
What is due is kept by the store (timers), so a clock is only a number that moves.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from twinkit.errors import UsageError, nearest

Mode = Literal["real", "fixed", "tick"]
MODES: tuple[str, ...] = get_args(Mode)
SECOND = 1_000_000
EPOCH = 1_793_491_200 * SECOND
"""Where `fixed` and `tick` clocks start unless told otherwise: 2026-11-01T00:00:00Z."""
LAST = 221_845_392_000 * SECOND
"""Where time ends, 9000-01-01T00:00:00Z: dates a thousand years later can still be written down."""


def parse_instant(text: str) -> int:
    """Microseconds of an ISO 8601 instant (UTC when it names no zone) or of a number of seconds. Raises UsageError."""
    try:
        return within(float(text) * SECOND)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no time; write 2026-11-01T00:00:00Z or seconds since 1970") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return within(int(moment.timestamp()) * SECOND + moment.microsecond)


def within(micros: float) -> int:
    """The same time in whole microseconds. Raises UsageError when it is before 1970 or after the year 9000."""
    if not 0 <= micros <= LAST:
        raise UsageError("a clock shows times from 1970 to the year 9000")
    return int(micros)


class Clock:
    """The time of one instance, in integer microseconds."""

    def __init__(self, mode: Mode = "real", start: int | None = None, step: int = SECOND) -> None:
        if mode not in MODES:
            raise UsageError(f"unknown clock mode {mode!r}{nearest(mode, MODES)} (modes: {', '.join(MODES)})")
        self.mode: Mode = mode
        self.step = step
        self._offset = 0
        self._at = EPOCH if start is None else start
        if mode == "real" and start is not None:
            self._offset = start - time.time_ns() // 1000

    @property
    def micros(self) -> int:
        """The time in microseconds."""
        if self.mode == "real":
            return time.time_ns() // 1000 + self._offset
        return self._at

    @property
    def now(self) -> int:
        """The time in whole seconds."""
        return self.micros // SECOND

    def tick(self) -> None:
        """One request came in: moves a `tick` clock by its step, others not at all."""
        if self.mode == "tick":
            self._at += self.step

    def set(self, micros: int) -> None:
        """Put the clock at `micros`; what lies between is the caller's to run."""
        if self.mode == "real":
            self._offset += micros - self.micros
        else:
            self._at = micros

    def state(self) -> dict[str, Any]:
        """Plain data that `restore` takes back: mode, at (microseconds, frozen clocks), offset (real clock), step."""
        return {"mode": self.mode, "at": self._at, "offset": self._offset, "step": self.step}

    def restore(self, state: dict[str, Any]) -> None:
        """Become the clock that `state` describes."""
        self.mode = state["mode"]
        self._at = state["at"]
        self._offset = state["offset"]
        self.step = state["step"]


def parse_clock(text: str) -> Clock:
    """A clock from `real`, `fixed`, `tick`, `fixed:2026-11-01T00:00:00Z` or `tick:<start>`. Raises UsageError."""
    mode, _, start = text.partition(":")
    if mode not in MODES:
        raise UsageError(f"unknown clock mode {mode!r}{nearest(mode, MODES)} (modes: {', '.join(MODES)})")
    return Clock(mode, parse_instant(start) if start else None)  # type: ignore[arg-type]
