"""The twin's time, in a test's hands. Imports: plane."""

from __future__ import annotations

from datetime import UTC, timedelta
from datetime import datetime as Moment
from typing import Any

from twinkit.testing.plane import Plane


class TwinClock:
    """Reads and moves an instance's clock; what falls due on the way (renewals, retries, expiries) happens."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    @property
    def now(self) -> int:
        """The time in whole seconds since 1970."""
        return int(self._plane.get("clock")["now"])

    @property
    def datetime(self) -> Moment:
        """The time as a datetime in UTC."""
        return Moment.fromtimestamp(self.now, UTC)

    @property
    def mode(self) -> str:
        """`real`, `fixed` or `tick`."""
        return str(self._plane.get("clock")["mode"])

    def advance(
        self,
        delta: timedelta | None = None,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        to: Moment | str | int | None = None,
    ) -> dict[str, Any]:
        """Move the time on and return what ran: `timers` and `deliveries`. Raises PlaneError when it would go back."""
        if to is not None:
            return dict(self._plane.post("clock/advance", {"to": instant(to)}))
        given = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds) + (delta or timedelta())
        return dict(self._plane.post("clock/advance", {"seconds": given.total_seconds()}))

    def freeze(self) -> None:
        """Stop the time where it is; it moves by `advance` only."""
        self._plane.post("clock", {"mode": "fixed"})


def instant(moment: Moment | str | int) -> str:
    """An instant as the control plane reads it. A datetime without a zone is taken as UTC."""
    if isinstance(moment, Moment):
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
    return str(moment)
