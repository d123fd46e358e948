"""Rate limits: buckets as pure functions over a small state, on the instance's clock, and the buckets a twin declares.

`window`: `limit` calls from the first call of a window until `per` later. `token`: `limit` tokens flow in each `per`,
at most `burst` are kept. All in integer microseconds, so a run is exact. Imports: faults.reading, errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any, Literal

from twinkit.errors import AuthorError
from twinkit.faults.reading import Place

State = tuple[int, int]
"""window: (its start, calls in it); token: (level in 1/per tokens, when it was so)."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """`limit` calls in `per` microseconds; `burst` is the size of a token bucket (default: `limit`)."""

    name: str
    limit: int
    per: int
    kind: Literal["window", "token"] = "window"
    burst: int | None = None
    by: tuple[str, ...] = ("principal",)
    operations: tuple[str, ...] = ("*",)
    methods: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    reason: str = ""
    error: str = ""
    """The name of its refusal, where that is not the one of all buckets."""

    def covers(self, operation: str, method: str, path: str) -> bool:
        """Whether calls of this kind draw from the bucket; those of pages, which are no operation, by their path."""
        return (
            bool(operation or self.paths)
            and any(fnmatchcase(operation, glob) for glob in self.operations)
            and (not self.methods or method.upper() in self.methods)
            and (not self.paths or any(fnmatchcase(path, glob) for glob in self.paths))
        )


@dataclass(frozen=True, slots=True)
class Taken:
    """What a bucket said: `reset` is the instant it is fresh, `wait` how long until a call passes (microseconds)."""

    allowed: bool
    limit: int
    remaining: int
    reset: int
    wait: int = 0


def take(bucket: Bucket, state: State | None, now: int) -> tuple[Taken, State]:
    """One call at `now` against a bucket in `state` (None: untouched). A refused call changes nothing but time."""
    return _take_token(bucket, state, now) if bucket.kind == "token" else _take_window(bucket, state, now)


def _take_window(bucket: Bucket, state: State | None, now: int) -> tuple[Taken, State]:
    start, used = state if state and now < state[0] + bucket.per else (now, 0)
    end = start + bucket.per
    if used >= bucket.limit:
        return Taken(False, bucket.limit, 0, end, end - now), (start, used)
    return Taken(True, bucket.limit, bucket.limit - used - 1, end), (start, used + 1)


def _take_token(bucket: Bucket, state: State | None, now: int) -> tuple[Taken, State]:
    full = (bucket.burst or bucket.limit) * bucket.per
    level, at = state or (full, now)
    level = min(full, level + max(0, now - at) * bucket.limit)
    allowed = level >= bucket.per
    level -= bucket.per if allowed else 0
    flow = max(bucket.limit, 1)
    reset = now + -(-(full - level) // flow)
    wait = 0 if allowed else -(-(bucket.per - level) // flow)
    return Taken(allowed, bucket.burst or bucket.limit, level // bucket.per, reset, wait), (level, now)


@dataclass(frozen=True, slots=True)
class Limits:
    """The buckets of a twin, in order, and how a reply shows them."""

    buckets: tuple[Bucket, ...] = ()
    error: str = "rate_limit"
    headers: Mapping[str, str] | None = None
    """Templates for replies that pass: {limit} {remaining} {reset} (seconds since 1970) {retry_after} (seconds)."""
    refused: Mapping[str, str] | None = None
    """Templates added to refusals."""
    draw: Literal["all", "first"] = "all"
    """Whether a call draws from every bucket that covers it, or from the first alone."""
    free: tuple[str, ...] = ()
    """Paths that no bucket covers."""

    def covering(self, operation: str, method: str, path: str) -> tuple[Bucket, ...]:
        """The buckets that a call draws from."""
        if any(fnmatchcase(path, glob) for glob in self.free):
            return ()
        found = (bucket for bucket in self.buckets if bucket.covers(operation, method, path))
        return tuple(islice(found, 1 if self.draw == "first" else None))


LIMITS = ("error", "headers", "refused", "draw", "free", "buckets")
PARTS = ("principal", "operation", "path", "method")
"""What divides a bucket, besides `field:<name>` of the request."""
BUCKET = ("name", "limit", "per", "kind", "burst", "by", "operations", "methods", "paths", "reason", "error")


def read_limits(data: Any) -> Limits:
    """The `rate_limits` of a twin's overlay. Raises AuthorError that names the place."""
    place = Place(data or {}, ("rate_limits",))
    found = place.members(LIMITS, "rate_limits")
    buckets = tuple(_bucket(item) for item in found["buckets"].items()) if "buckets" in found else ()
    headers = {key: found[key].mapping() for key in ("headers", "refused") if key in found}
    error = found["error"].text() if "error" in found else "rate_limit"
    draw = found["draw"].word(("all", "first"), "way to draw") if "draw" in found else "all"
    free = found["free"].texts() if "free" in found else ()
    if place.mistakes:
        raise AuthorError("\n".join(str(mistake) for mistake in place.mistakes))
    return Limits(buckets, error, headers.get("headers"), headers.get("refused"), draw, free)  # type: ignore[arg-type]


def _bucket(place: Place) -> Bucket:
    found = place.members(BUCKET, "a bucket")
    for needed in ("name", "limit", "per"):
        if needed not in found:
            place.wrong(f"a bucket needs `{needed}`")
            return Bucket("", 1, 1)
    return Bucket(
        found["name"].text(),
        found["limit"].whole(),
        max(1, found["per"].duration()),
        found["kind"].word(("window", "token"), "kind of bucket") if "kind" in found else "window",  # type: ignore[arg-type]
        found["burst"].whole(1) if "burst" in found else None,
        read_by(found["by"]) if "by" in found else ("principal",),
        found["operations"].texts() if "operations" in found else ("*",),
        tuple(word.upper() for word in found["methods"].texts()) if "methods" in found else (),
        found["paths"].texts() if "paths" in found else (),
        found["reason"].text() if "reason" in found else "",
        found["error"].text() if "error" in found else "",
    )


def read_by(place: Place) -> tuple[str, ...]:
    """What divides a bucket: words of PARTS, or `field:<name>`."""
    return tuple(
        item.text() if str(item.value).startswith("field:") else item.word(PARTS, "part of a call")
        for item in place.items()
    )


def told(taken: Taken, bucket: Bucket) -> dict[str, Any]:
    """What a client may be told; `reset` in seconds since 1970, `retry_after` in seconds."""
    return {
        "limit": taken.limit,
        "remaining": taken.remaining,
        "reset": -(-taken.reset // 1_000_000),
        "retry_after": -(-taken.wait // 1_000_000),
        "reason": bucket.reason,
        "bucket": bucket.name,
    }


def show(templates: Mapping[str, str] | None, taken: Taken, bucket: Bucket) -> dict[str, str]:
    """Reply headers from templates."""
    if not templates:
        return {}
    values = told(taken, bucket)
    return {name: template.format(**values) for name, template in templates.items()}
