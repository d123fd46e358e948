"""Times as Okta writes them: UTC with milliseconds, zero but for the system log. Imports the kit's Ctx only."""

from __future__ import annotations

from datetime import UTC, datetime

from twinkit import Ctx


def iso(ctx: Ctx, after: int = 0) -> str:
    """The instance's time in whole seconds, `after` seconds later, as `2026-11-01T00:00:00.000Z`."""
    return written((ctx.now + after) * 1_000_000)


def written(micros: int) -> str:
    """A time in microseconds as text."""
    return (
        datetime.fromtimestamp(micros // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{micros // 1000 % 1000:03}Z"
    )


def seconds(text: str) -> int:
    """The whole seconds of a written time."""
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())
