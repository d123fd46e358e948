"""What a failure profile says, as frozen data: rules with selectors (`When`) and one effect (`Effect`).

Times are integer microseconds, probabilities floats in [0, 1]. The words a profile may use are read by
`twinkit.faults.parse`; nothing here reads text. Imports nothing of the kit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Network = Literal["reset", "hang", "empty", "truncated", "cut", "slow", "wrong_length", "malformed", "garbage"]
NETWORK: tuple[str, ...] = get_args(Network)
REPLACES_REPLY = ("truncated", "cut", "slow", "wrong_length", "malformed")
"""Network faults that spoil a reply, so they happen after the commit unless a rule says otherwise."""
Signature = Literal["valid", "bad", "stale", "missing"]
SIGNATURES: tuple[str, ...] = get_args(Signature)
At = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Latency:
    """How long to wait, in microseconds: `fixed` a, `uniform` from a to b, `lognormal` with p50 = a and p99 = b."""

    kind: Literal["fixed", "uniform", "lognormal"]
    a: int
    b: int = 0


@dataclass(frozen=True, slots=True)
class Wire:
    """A network fault. `keep` is the share of the reply that is sent, `rate` bytes per second, `limit` microseconds."""

    kind: Network
    keep: float = 0.5
    rate: int = 64
    limit: int = 300_000_000


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A bucket of this rule: `limit` calls in `per` microseconds for each value of `by`; None: the twin's buckets."""

    limit: int | None = None
    per: int = 1_000_000
    burst: int | None = None
    kind: Literal["window", "token"] = "window"
    by: tuple[str, ...] = ("principal",)


@dataclass(frozen=True, slots=True)
class DeliveryEffect:
    """What happens to a delivery on its way.

    `delay` and `shuffle` are spread by the seed; `drop` is -1 for all attempts or the number of first attempts lost.
    """

    delay: Latency | None = None
    shuffle: int = 0
    duplicate: int = 0
    drop: int = 0
    signature: Signature = "valid"
    disable: bool = False
    api_version: str | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What a rule does. Exactly one of the kinds, except that `latency` may stand beside any of them."""

    kind: Literal["pass", "error", "reply", "network", "rate_limit", "delivery"]
    at: At = "before"
    latency: Latency | None = None
    error: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    status: int = 0
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    wire: Wire | None = None
    rate_limit: RateLimit | None = None
    delivery: DeliveryEffect | None = None

    def describe(self) -> str:
        """A few words for logs and reply headers, such as `error rate_limit` or `network reset after the commit`."""
        words = {
            "error": f"error {self.error}",
            "reply": f"status {self.status}",
            "network": f"network {self.wire.kind if self.wire else ''}",
            "rate_limit": "rate limit",
            "delivery": "delivery",
            "pass": "latency" if self.latency else "nothing",
        }[self.kind]
        return f"{words} after the commit" if self.at == "after" else words


@dataclass(frozen=True, slots=True)
class Predicate:
    """One comparison of the closed set in `twinkit.faults.predicates`."""

    op: str
    value: Any


@dataclass(frozen=True, slots=True)
class StateTest:
    """True when a record of `resource` (the one that the request field `id` names, or any) satisfies the predicates."""

    resource: str
    field: str
    predicates: tuple[Predicate, ...]
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` to `end` (microseconds); `relative` counts from when the rules were added to the instance.

    With `every`, the window opens anew each `every` microseconds for `length`.
    """

    start: int = 0
    end: int | None = None
    relative: bool = True
    every: int | None = None
    length: int = 0


@dataclass(frozen=True, slots=True)
class When:
    """Selectors; all that are given must hold. Names are shell-like globs."""

    twin: tuple[str, ...] = ()
    operation: tuple[str, ...] = ()
    method: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    instance: tuple[str, ...] = ()
    event: tuple[str, ...] = ()
    request: tuple[tuple[str, tuple[Predicate, ...]], ...] = ()
    state: StateTest | None = None
    window: Window | None = None
    calls: tuple[tuple[int, int | None], ...] = ()
    """Inclusive ranges of the rule's own count, which starts at 1; None is open."""
    every: int | None = None
    after: int = 0
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """When something goes wrong, and how. `key` names the rule's seed stream and its count."""

    name: str
    key: str
    when: When
    then: Effect
    line: int = 0


@dataclass(frozen=True, slots=True)
class Profile:
    """A named, ordered set of rules."""

    name: str
    description: str = ""
    rules: tuple[Rule, ...] = ()
