"""Decides which fault, if any, befalls a call or a delivery of one instance.

Every decision is a function of the seed, the rule and the rule's own count of matching calls, so an unrelated call,
another rule or another profile never shifts it. Rules are looked at in order (profiles as added, rules as written):
latencies of all that fire add up, and of everything else the first that fires wins. A `Twin-Fault` header stands
before all rules. Imports: faults.*, seeds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from twinkit.errors import UsageError, nearest
from twinkit.faults.conduct import Conduct
from twinkit.faults.limits import Bucket, Limits, State, Taken, read_limits, show, take, told
from twinkit.faults.model import At, Latency, Profile, RateLimit, Rule, Signature, Window, Wire
from twinkit.faults.predicates import MISSING, field_of, holds
from twinkit.faults.profile import header_rule, load_profile
from twinkit.seeds import fraction

SECOND = 1_000_000
LONGEST = 600_000_000
"""No drawn latency is longer than this (microseconds)."""


def no_state(resource: str, id: str | None) -> Iterable[Mapping[str, Any]]:
    """The `state` of a call that has no store."""
    return ()


@dataclass(frozen=True, slots=True)
class Call:
    """What rules look at. `now` is in microseconds; `path` is the request's path without the base path.

    `fields`: path, query and body values by name. `state(resource, id)` yields records; id None means all of them.
    A page outside the contract has no operation: `page` names it, and `principal` is its path.
    """

    operation: str
    method: str
    path: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    instance: str = ""
    now: int = 0
    principal: str = ""
    state: Callable[[str, str | None], Iterable[Mapping[str, Any]]] = no_state
    page: str = ""

    @property
    def stream(self) -> str:
        """What its own count and chance go by."""
        return self.operation or f"page {self.page}"


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do to a call.

    `kind`: `pass` (only wait `delay` microseconds and add `headers`), `error` (named error of the twin, with
    `fields`), `reply` (status, body, headers), `network` (`wire`). `at`: before anything is done, or after the commit.
    """

    rules: tuple[str, ...]
    kind: Literal["pass", "error", "reply", "network"] = "pass"
    at: At = "before"
    delay: int = 0
    error: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    status: int = 0
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    wire: Wire | None = None

    @property
    def label(self) -> str:
        """The text of the `Twin-Fault` reply header and of the exchange log; empty when only headers are added."""
        return ", ".join(self.rules)


@dataclass(frozen=True, slots=True)
class DeliveryFault:
    """What to do to the delivery of one event to one receiver. `delays`: one wait (microseconds) for each copy sent.

    `drop`: -1 never sent, n > 0: the first n attempts are lost on the way.
    """

    rules: tuple[str, ...]
    delays: tuple[int, ...] = (0,)
    drop: int = 0
    signature: Signature = "valid"
    disable: bool = False
    api_version: str | None = None


@dataclass(slots=True)
class _Active:
    rule: Rule
    profile: str
    since: int


class Injector:
    """The rules, counts and buckets of one instance. Single-threaded, like the instance."""

    def __init__(
        self,
        seed: int,
        twin: str,
        limits: Limits | Mapping[str, Any] | None = None,
        errors: Collection[str] | None = None,
    ) -> None:
        """`limits` are the buckets the twin declares; `errors` the names of its errors (None: not checked)."""
        self.seed = seed
        self.twin = twin
        self.errors = errors
        self._limits = limits
        self.limiting = False
        """Whether the twin's own buckets hold for every call; a rule with `rate_limit: twin` asks for it by itself."""
        self.conduct = Conduct()
        self._active: list[_Active] = []
        self._counts: dict[str, int] = {}
        self._buckets: dict[str, State] = {}

    @property
    def limits(self) -> Limits:
        """The twin's own buckets. Raises AuthorError when they are declared wrongly."""
        if not isinstance(self._limits, Limits):
            self._limits = read_limits(self._limits)
        return self._limits

    @property
    def idle(self) -> bool:
        """No rule is active and the twin's own buckets do not hold: only a header could make a fault."""
        return not self._active and not self.limiting

    def add(self, profile: Profile | str | Mapping[str, Any] | list[Any], now: int = 0) -> Profile:
        """Add a profile's rules behind those that are there; one of the same name is replaced. Raises UsageError."""
        loaded = profile if isinstance(profile, Profile) else load_profile(profile)
        for rule in loaded.rules:
            self._check_error(rule)
        self._active = [each for each in self._active if each.profile != loaded.name]
        self._active += [_Active(rule, loaded.name, now) for rule in loaded.rules]
        return loaded

    def _check_error(self, rule: Rule) -> None:
        """Raises UsageError for an error that this twin has not, when the rule is about it."""
        name = rule.then.error
        if not name or self.errors is None or name in self.errors or not _globs(rule.when.twin, self.twin):
            return
        place = f"line {rule.line}: " if rule.line else ""
        raise UsageError(f"{place}twin {self.twin} has no error {name!r}{nearest(name, self.errors)}")

    def fork(self, seed: int) -> Injector:
        """A copy with the same rules and counts."""
        copy = Injector(seed, self.twin, self._limits, self.errors)
        copy.limiting = self.limiting
        copy._active = [_Active(each.rule, each.profile, each.since) for each in self._active]
        copy.restore(self.state())
        return copy

    def remove(self, name: str) -> None:
        """Take a profile's rules (or the rules of that name) away. Raises UsageError when there are none."""
        kept = [each for each in self._active if name not in (each.profile, each.rule.name)]
        if len(kept) == len(self._active):
            known = {each.profile for each in self._active} | {each.rule.name for each in self._active}
            raise UsageError(f"no rule or profile {name!r} is active{nearest(name, known)}")
        self._active = kept

    def clear(self) -> None:
        """Take every rule away and forget all counts."""
        self._active.clear()
        self.reset()

    def reset(self, now: int = 0) -> None:
        """Begin anew with the same rules: counts, buckets and the record of conduct are forgotten."""
        self._counts.clear()
        self._buckets.clear()
        self.conduct = Conduct()
        for each in self._active:
            each.since = now

    def rules(self) -> list[dict[str, Any]]:
        """Every active rule in order: profile, name, effect, how many calls it matched and how often it fired."""
        return [
            {
                "profile": each.profile,
                "rule": each.rule.name,
                "effect": each.rule.then.describe(),
                "matched": self._counts.get(each.rule.key, 0),
                "fired": self._counts.get(f"{each.rule.key}\nfired", 0),
            }
            for each in self._active
        ]

    def state(self) -> dict[str, Any]:
        """Counts, buckets and conduct as plain data, for snapshots. Rules are not part of it."""
        return {
            "counts": dict(self._counts),
            "buckets": {key: list(value) for key, value in self._buckets.items()},
            "conduct": self.conduct.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave."""
        self._counts = dict(state.get("counts", {}))
        self._buckets = {key: (value[0], value[1]) for key, value in state.get("buckets", {}).items()}
        self.conduct.restore(state.get("conduct", {}))

    def decide(self, call: Call, header: str | None = None) -> Decision | None:
        """The fault of this call, or None. `header` is the request's `Twin-Fault`. Raises UsageError for a bad one."""
        if header is None and self.idle:
            return None
        active = self._active
        if header is not None:
            asked = header_rule(header)
            self._check_error(asked)
            active = [_Active(asked, "header", 0), *active]
        winner: Decision | None = None
        fired: list[str] = []
        delay = 0
        headers: dict[str, str] = {}
        for each in active:
            count = self._fires(each, call)
            if not count:
                continue
            beaten = winner is not None and each.rule.then.kind != "pass"
            decision = Decision(()) if beaten else self._effect(each.rule, call, headers)
            if decision is None:
                continue
            if each.rule.then.latency:
                delay += self._wait(each.rule.then.latency, f"{each.rule.key}/{call.stream}", count)
            if not beaten:
                self._count(f"{each.rule.key}\nfired")
                fired.append(each.rule.name)
            if decision.kind != "pass":
                winner = decision
        if winner is None and self.limiting:
            winner = self._own_limits("rate limit", call, headers)
            fired += winner.rules if winner else ()
        return _compose(winner, tuple(fired), delay, headers)

    def decide_delivery(self, event_type: str, key: str, now: int = 0, instance: str = "") -> DeliveryFault | None:
        """The fault of delivering an event of this type to the receiver `key`, or None."""
        hits: list[tuple[Rule, int]] = []
        call = Call(event_type, "", "", instance=instance, now=now)
        for each in self._active:
            if each.rule.then.delivery is None or not _globs(each.rule.when.event, event_type):
                continue
            count = self._fires(each, call, f"{event_type}/{key}")
            if count:
                self._count(f"{each.rule.key}\nfired")
                hits.append((each.rule, count))
        return self._deliver(hits, f"{event_type}/{key}") if hits else None

    def _count(self, key: str) -> int:
        self._counts[key] = self._counts.get(key, 0) + 1
        return self._counts[key]

    def _fires(self, active: _Active, call: Call, stream: str = "") -> int:
        """Count of this kind of call for the rule when it fires now, else 0. Counts go up for every match."""
        rule, when = active.rule, active.rule.when
        if (rule.then.delivery is None) == bool(stream) or not self._selects(active, call):
            return 0
        stream = stream or call.stream
        number = self._count(rule.key)
        of_kind = self._count(f"{rule.key}\n{stream}")
        if when.calls and not any(low <= number and (high is None or number <= high) for low, high in when.calls):
            return 0
        if number <= when.after or (when.every and (number - when.after) % when.every):
            return 0
        if when.probability is not None and self._fraction(f"{rule.key}/{stream}", of_kind) >= when.probability:
            return 0
        return of_kind

    def _selects(self, active: _Active, call: Call) -> bool:
        when = active.rule.when
        if not (
            _globs(when.twin, self.twin)
            and _globs(when.instance, call.instance)
            and _globs(when.operation, call.operation)
            and (not when.method or call.method.upper() in when.method)
            and (not when.path or any(_path_matches(glob, call.path) for glob in when.path))
            and all(holds(tests, field_of(call.fields, name)) for name, tests in when.request)
        ):
            return False
        return _open(when.window, active.since, call.now) and _state_holds(active.rule, call)

    def _fraction(self, stream: str, position: int) -> float:
        return fraction(self.seed, f"faults/{self.twin}/{stream}", position)

    def _wait(self, latency: Latency, stream: str, position: int) -> int:
        """A drawn latency in microseconds."""
        if latency.kind == "fixed":
            return latency.a
        first = self._fraction(f"{stream}/latency", position)
        if latency.kind == "uniform":
            return latency.a + int(first * (latency.b - latency.a))
        second = self._fraction(f"{stream}/latency/2", position)
        normal = math.sqrt(-2 * math.log(1 - first)) * math.cos(2 * math.pi * second)
        sigma = math.log(latency.b / latency.a) / 2.326348
        return min(LONGEST, int(latency.a * math.exp(sigma * normal)))

    def _effect(self, rule: Rule, call: Call, headers: dict[str, str]) -> Decision | None:
        then = rule.then
        if then.kind == "rate_limit" and then.rate_limit:
            return self._limited(rule, then.rate_limit, call, headers)
        names = (rule.name,)
        if then.kind == "error":
            name, fields, shown = self._as_refused(call) if then.error == self.limits.error else (then.error, {}, {})
            return Decision(
                names,
                "error",
                then.at,
                error=name,
                fields={**fields, **then.fields},
                headers={**shown, **then.headers},
            )
        if then.kind == "reply":
            return Decision(names, "reply", then.at, status=then.status, body=then.body, headers=then.headers)
        if then.kind == "network":
            return Decision(names, "network", then.at, wire=then.wire)
        headers.update(then.headers)
        return Decision(names)

    def _as_refused(self, call: Call) -> tuple[str, dict[str, Any], dict[str, str]]:
        """Name, fields and headers of a refusal that no bucket made: as by the first that covers it, for a second."""
        covering = self.limits.covering(call.operation, call.method, call.path)
        bucket = covering[0] if covering else Bucket("", 1, SECOND)
        taken = Taken(False, bucket.limit, 0, call.now + SECOND, SECOND)
        headers = show(self.limits.headers, taken, bucket) | show(self.limits.refused, taken, bucket)
        return bucket.error or self.limits.error, told(taken, bucket), headers

    def _limited(self, rule: Rule, limit: RateLimit, call: Call, headers: dict[str, str]) -> Decision | None:
        """A refusal by the rule's bucket or the twin's, else None."""
        if limit.limit is None:
            return self._own_limits(rule.name, call, headers)
        bucket = Bucket(rule.key, limit.limit, limit.per, limit.kind, limit.burst, limit.by)
        return self._draw_from(bucket, rule.name, rule.then.error or self.limits.error, call, headers)

    def _own_limits(self, name: str, call: Call, headers: dict[str, str]) -> Decision | None:
        for bucket in self.limits.covering(call.operation, call.method, call.path):
            refused = self._draw_from(bucket, name, bucket.error or self.limits.error, call, headers)
            if refused:
                return refused
        return None

    def _draw_from(self, bucket: Bucket, name: str, error: str, call: Call, headers: dict[str, str]) -> Decision | None:
        parts = (_part(call, part) for part in bucket.by)
        key = "\n".join((bucket.name, *parts))
        taken, self._buckets[key] = take(bucket, self._buckets.get(key), call.now)
        self.conduct.called(
            call.principal, bucket.name, call.stream, call.now, refused=not taken.allowed, wait=taken.wait
        )
        headers.update(show(self.limits.headers, taken, bucket))
        if taken.allowed:
            return None
        shown = show(self.limits.refused, taken, bucket)
        return Decision((name,), "error", error=error, fields=told(taken, bucket), headers=shown)

    def _deliver(self, hits: list[tuple[Rule, int]], stream: str) -> DeliveryFault:
        copies, drop, disable = 1, 0, False
        signature: Signature = "valid"
        version: str | None = None
        for rule, _ in hits:
            effect = rule.then.delivery
            if effect is None:
                continue
            copies += effect.duplicate
            drop = -1 if -1 in (drop, effect.drop) else max(drop, effect.drop)
            disable = disable or effect.disable
            signature = signature if signature != "valid" else effect.signature
            version = version or effect.api_version
        delays = tuple(sum(self._delay(rule, stream, count, copy) for rule, count in hits) for copy in range(copies))
        return DeliveryFault(tuple(rule.name for rule, _ in hits), delays, drop, signature, disable, version)

    def _delay(self, rule: Rule, stream: str, count: int, copy: int) -> int:
        effect = rule.then.delivery
        if effect is None:
            return 0
        name = f"{rule.key}/{stream}/{copy}"
        wait = self._wait(effect.delay, name, count) if effect.delay else 0
        return wait + int(self._fraction(f"{name}/shuffle", count) * effect.shuffle)


def _compose(winner: Decision | None, fired: tuple[str, ...], delay: int, headers: dict[str, str]) -> Decision | None:
    if winner is None and not (fired or delay or headers):
        return None
    if winner is None:
        return Decision(fired, delay=delay, headers=headers)
    return Decision(
        fired,
        winner.kind,
        winner.at,
        delay,
        winner.error,
        winner.fields,
        winner.status,
        winner.body,
        {**headers, **winner.headers},
        winner.wire,
    )


def _part(call: Call, part: str) -> str:
    """What divides a bucket: a property of the call, or `field:<name>` of the request."""
    kind, _, name = part.partition(":")
    value = field_of(call.fields, name) if kind == "field" else getattr(call, "stream" if part == "operation" else part)
    return "" if value is MISSING else str(value)


def _globs(globs: tuple[str, ...], text: str) -> bool:
    return not globs or any(fnmatchcase(text, glob) for glob in globs)


def _path_matches(glob: str, path: str) -> bool:
    """`*` stands for one segment (or part of it), `**` for any number of them."""
    wanted, found = glob.strip("/").split("/"), path.strip("/").split("/")
    while wanted and wanted[0] != "**":
        if not found or not fnmatchcase(found.pop(0), wanted.pop(0)):
            return False
    if not wanted:
        return not found
    rest = "/".join(wanted[1:])
    return not rest or any(_path_matches(rest, "/".join(found[start:])) for start in range(len(found) + 1))


def _open(window: Window | None, since: int, now: int) -> bool:
    if window is None:
        return True
    at = now - since if window.relative else now
    if at < window.start or (window.end is not None and at >= window.end):
        return False
    return window.every is None or (at - window.start) % window.every < window.length


def _state_holds(rule: Rule, call: Call) -> bool:
    test = rule.when.state
    if test is None:
        return True
    id: str | None = None
    if test.id is not None:
        value = field_of(call.fields, test.id)
        if not isinstance(value, str):
            return False
        id = value
    return any(holds(test.predicates, field_of(record, test.field)) for record in call.state(test.resource, id))
