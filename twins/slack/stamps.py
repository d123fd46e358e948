"""Message timestamps: `seconds.micros`, unique in a workspace, in order. Imports: failing, the kit's public names."""

from __future__ import annotations

import re

from twinkit import Ctx, ServiceError
from twins.slack.failing import fail

TS = re.compile(r"\d{1,12}(\.\d{1,6})?")


def new_ts(ctx: Ctx) -> str:
    """The next timestamp: the second of the clock and a count within it."""
    count = ctx.store.next(f"ts/{ctx.now}")
    return f"{ctx.now + (count + 1) // 1_000_000}.{(count + 1) % 1_000_000:06d}"


def micros_of(ts: str, error: ServiceError | None = None) -> int:
    """A timestamp in microseconds. Raises `error` (`bad_timestamp` by default) for anything else."""
    if not TS.fullmatch(ts):
        raise error or fail("bad_timestamp")
    seconds, _, rest = ts.partition(".")
    return int(seconds) * 1_000_000 + int(rest.ljust(6, "0") or 0)
