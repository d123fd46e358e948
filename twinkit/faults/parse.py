"""From the words of a profile to its rules: one small reader for each key, tables of the keys that exist.

The tables (`PROFILE`, `RULE`, `WHEN`, `THEN`, …) are the closed set of words; `docs/failures.md` is checked against
them. Imports: faults.model, faults.reading, faults.predicates, clock, errors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b
from typing import Any

from twinkit.clock import parse_instant
from twinkit.errors import UsageError
from twinkit.faults.limits import read_by
from twinkit.faults.model import (
    NETWORK,
    REPLACES_REPLY,
    SIGNATURES,
    DeliveryEffect,
    Effect,
    Latency,
    Predicate,
    Profile,
    RateLimit,
    Rule,
    StateTest,
    When,
    Window,
    Wire,
)
from twinkit.faults.predicates import PREDICATES
from twinkit.faults.reading import Place

PROFILE = ("profile", "description", "rules")
RULE = ("name", "when", "then")
STATE = ("resource", "id", "field", "predicate")
WINDOW = ("from", "until", "every", "for")
LATENCY = ("fixed", "uniform", "p50", "p99")
WIRE = ("kind", "keep", "rate", "limit")
RATE_LIMIT = ("limit", "per", "burst", "kind", "by")
DELIVERY = ("delay", "shuffle", "duplicate", "drop", "signature", "disable", "api_version")
THEN = ("error", "fields", "status", "body", "headers", "latency", "network", "at", "rate_limit", "delivery")
KINDS = ("error", "status", "network", "rate_limit", "delivery")
AT = ("before", "after_commit")
CALL_ONLY = ("operation", "method", "path", "request")
SPAN = re.compile(r"(\d+)-(\d*)")


def read_profile(place: Place, name: str = "inline") -> Profile:
    """The profile at a place; mistakes are noted at the place. A bare list is a list of rules, a `then` one rule."""
    if isinstance(place.value, list):
        return Profile(name, rules=_rules(place, name))
    if isinstance(place.value, dict) and "then" in place.value:
        return Profile(name, rules=(read_rule(place, name),))
    found = place.members(PROFILE, "a profile")
    if "profile" in found:
        name = found["profile"].text()
    description = found["description"].text() if "description" in found else ""
    if isinstance(place.value, dict) and "rules" not in place.value:
        place.wrong("a profile has `rules:`, a list (may be empty)")
    return Profile(name, description, _rules(found["rules"], name) if "rules" in found else ())


def _rules(place: Place, profile: str) -> tuple[Rule, ...]:
    if not isinstance(place.value, list | tuple):
        place.wrong("rules are a list")
        return ()
    rules: list[Rule] = []
    seen: dict[str, int] = {}
    for item in place.items():
        rule = read_rule(item, profile)
        seen[rule.key] = seen.get(rule.key, 0) + 1
        if seen[rule.key] > 1:
            rule = replace(rule, key=f"{rule.key}#{seen[rule.key]}")
        rules.append(rule)
    return tuple(rules)


def read_rule(place: Place, profile: str = "inline") -> Rule:
    """One rule. Its key is its name, else a digest of its content, so that other rules never shift its stream."""
    found = place.members(RULE, "a rule")
    when = _when(found["when"]) if "when" in found else When()
    then = Effect("pass")
    if "then" in found:
        then = _then(found["then"])
    elif isinstance(place.value, dict):
        place.wrong("a rule needs `then:`, what happens")
    given = place.value.get("when") if isinstance(place.value, dict) else None
    _agree(place, given if isinstance(given, dict) else {}, then)
    content = json.dumps(place.value, sort_keys=True, default=str).encode()
    key = blake2b(content, digest_size=6).hexdigest()
    name = found["name"].text() if "name" in found else ""
    return Rule(name or then.describe(), f"{profile}/{name or key}", when, then, place.line)


def _agree(place: Place, when: dict[str, Any], then: Effect) -> None:
    """A rule is about calls or about deliveries; what selects the one means nothing for the other."""
    if then.kind == "delivery":
        for key in CALL_ONLY:
            if key in when:
                place.child("when", when).child(key, None).wrong(
                    f"`{key}` looks at a call, but `delivery` happens to an event; select with `event`"
                )
    elif "event" in when:
        place.child("when", when).child("event", None).wrong("`event` selects deliveries; `then` needs `delivery`")


def _when(place: Place) -> When:
    found = place.members(WHEN, "when")
    return When(**{key: WHEN[key](child) for key, child in found.items()})


def _methods(place: Place) -> tuple[str, ...]:
    return tuple(word.upper() for word in place.texts())


def _calls(place: Place) -> tuple[tuple[int, int | None], ...]:
    spans: list[tuple[int, int | None]] = []
    for item in place.items():
        span = SPAN.fullmatch(item.value) if isinstance(item.value, str) else None
        if span:
            spans.append((int(span[1]), int(span[2]) if span[2] else None))
        elif isinstance(item.value, int) and not isinstance(item.value, bool) and item.value > 0:
            spans.append((item.value, item.value))
        else:
            item.wrong(f"{item.value!r} is no count of calls; write 1, or '2-4', or '3-' for all from the third")
    return tuple(spans)


def _predicates(place: Place) -> tuple[Predicate, ...]:
    if isinstance(place.value, list):
        return (Predicate("in", tuple(place.value)),)
    if not isinstance(place.value, dict):
        return (Predicate("equals", place.value),)
    return tuple(_predicate(op, child) for op, child in place.members(PREDICATES, "a predicate").items())


def _predicate(op: str, place: Place) -> Predicate:
    if op in ("in", "not_in") and not isinstance(place.value, list):
        place.wrong(f"`{op}` takes a list")
    elif op in ("above", "at_least", "below", "at_most"):
        if not isinstance(place.value, int | float) or isinstance(place.value, bool):
            place.wrong(f"`{op}` takes a number")
    elif op == "exists":
        place.truth()
    elif op in ("prefix", "suffix", "matches"):
        place.text()
        if op == "matches":
            _check_pattern(place)
    return Predicate(op, place.value)


def _check_pattern(place: Place) -> None:
    try:
        re.compile(str(place.value))
    except re.error as error:
        place.wrong(f"no regular expression: {error}")


def _request(place: Place) -> tuple[tuple[str, tuple[Predicate, ...]], ...]:
    return tuple((field, _predicates(place.child(field, value))) for field, value in place.mapping().items())


def _state(place: Place) -> StateTest | None:
    found = place.members(STATE, "state")
    for needed in ("resource", "field"):
        if needed not in found:
            place.wrong(f"state needs `{needed}`")
            return None
    predicates = (
        _predicates(found["predicate"]) if "predicate" in found else (Predicate("exists", True),)
    )  # a field alone: it is there
    id = found["id"].text() if "id" in found else None
    return StateTest(found["resource"].text(), found["field"].text(), predicates, id)


def _window(place: Place) -> Window:
    found = place.members(WINDOW, "window")
    ends: dict[str, int] = {}
    absolute: set[bool] = set()
    for key in ("from", "until"):
        if key in found:
            ends[key], instant = _moment(found[key])
            absolute.add(instant)
    if len(absolute) == 2:
        place.wrong("`from` and `until` are both instants or both durations since the rules were added")
    if ("every" in found) != ("for" in found):
        place.wrong("`every` and `for` go together: open each `every`, `for` how long")
    return Window(
        ends.get("from", 0),
        ends.get("until"),
        absolute != {True},
        found["every"].duration() or None if "every" in found else None,
        found["for"].duration() if "for" in found else 0,
    )


def _moment(place: Place) -> tuple[int, bool]:
    """(microseconds, whether it is an instant rather than a duration)."""
    text = str(place.value)
    if "T" in text or text.count("-") == 2:
        try:
            return parse_instant(text), True
        except UsageError as error:
            place.wrong(str(error))
            return 0, True
    return place.duration(), False


def _every(place: Place) -> int:
    return place.whole(1)


WHEN: dict[str, Callable[[Place], Any]] = {
    "twin": Place.texts,
    "operation": Place.texts,
    "method": _methods,
    "path": Place.texts,
    "calls": _calls,
    "every": _every,
    "after": Place.whole,
    "probability": Place.share,
    "window": _window,
    "instance": Place.texts,
    "request": _request,
    "state": _state,
    "event": Place.texts,
}


def read_effect(place: Place) -> Effect:
    """The effect at a place, as `then:` gives it."""
    return _then(place)


def _then(place: Place) -> Effect:
    found = place.members(THEN, "then")
    kinds = [kind for kind in KINDS if kind in found and not (kind == "error" and "rate_limit" in found)]
    if len(kinds) > 1:
        place.wrong(f"one rule does one thing; this one has {' and '.join(kinds)} (write two rules)")
    if not kinds and not {"latency", "body"} & set(found):
        place.wrong(f"nothing happens here; give one of {', '.join((*KINDS, 'latency'))}")
    for key, needs in (("fields", "error"), ("body", "status"), ("at", "")):
        if key in found and not (needs in found if needs else {"error", "status", "network"} & set(found)):
            found[key].wrong(f"`{key}` goes with {f'`{needs}`' if needs else 'an error, a status or a network fault'}")
    wire = _wire(found["network"]) if "network" in found else None
    at = found["at"].word(AT, "moment") if "at" in found else ("after_commit" if _late(wire) else "before")
    return Effect(
        _kind(kinds),
        "after" if at == "after_commit" else "before",
        read_latency(found["latency"]) if "latency" in found else None,
        found["error"].text() if "error" in found else "",
        _fields(found["fields"]) if "fields" in found else {},
        _status(found["status"]) if "status" in found else 0,
        found["body"].value if "body" in found else None,
        {key: str(value) for key, value in found["headers"].mapping().items()} if "headers" in found else {},
        wire,
        _rate_limit(found["rate_limit"]) if "rate_limit" in found else None,
        _delivery(found["delivery"]) if "delivery" in found else None,
    )


def _fields(place: Place) -> dict[str, Any]:
    fields = place.mapping()
    if "name" in fields:
        place.child("name", None).wrong("`name` is the error's own; give the other fields of its template")
    return fields


def _kind(kinds: list[str]) -> Any:
    return {"status": "reply"}.get(kinds[0], kinds[0]) if kinds else "pass"


def _late(wire: Wire | None) -> bool:
    return wire is not None and wire.kind in REPLACES_REPLY


def _status(place: Place) -> int:
    status = place.whole(100)
    if status > 599:
        place.wrong("a status is from 100 to 599")
    return status


def read_latency(place: Place) -> Latency | None:
    """`80ms`, or {fixed}, {uniform: [a, b]}, {p50, p99}."""
    if not isinstance(place.value, dict):
        return Latency("fixed", place.duration())
    found = place.members(LATENCY, "latency")
    if set(found) == {"fixed"}:
        return Latency("fixed", found["fixed"].duration())
    if set(found) == {"uniform"}:
        ends = [item.duration() for item in found["uniform"].items()]
        if len(ends) == 2 and ends[0] <= ends[1]:
            return Latency("uniform", *ends)
        found["uniform"].wrong("`uniform` takes two durations, the shorter first: [10ms, 200ms]")
    elif set(found) == {"p50", "p99"}:
        low, high = found["p50"].duration(), found["p99"].duration()
        if 0 < low <= high:
            return Latency("lognormal", low, high)
        place.wrong("`p50` is above zero and not above `p99`")
    elif not place.mistakes:
        place.wrong("latency is a duration, or {uniform: [a, b]}, or {p50: a, p99: b}")
    return None


def _wire(place: Place) -> Wire:
    if not isinstance(place.value, dict):
        return Wire(place.word(NETWORK, "network fault"))  # type: ignore[arg-type]
    found = place.members(WIRE, "network")
    if "kind" not in found:
        place.wrong("network needs `kind`")
        return Wire("reset")
    wire = Wire(found["kind"].word(NETWORK, "network fault"))  # type: ignore[arg-type]
    return replace(
        wire,
        keep=found["keep"].share() if "keep" in found else wire.keep,
        rate=found["rate"].whole(1) if "rate" in found else wire.rate,
        limit=found["limit"].duration() if "limit" in found else wire.limit,
    )


def _rate_limit(place: Place) -> RateLimit:
    if place.value in ("twin", True):
        return RateLimit()
    if not isinstance(place.value, dict):
        place.wrong("rate_limit is `twin` (the service's own buckets) or {limit: 5, per: 1s, by: principal}")
        return RateLimit()
    found = place.members(RATE_LIMIT, "rate_limit")
    if "limit" not in found:
        place.wrong("rate_limit needs `limit`, how many calls")
        return RateLimit()
    per = found["per"].duration() if "per" in found else 1_000_000
    return RateLimit(
        found["limit"].whole(),
        max(per, 1),
        found["burst"].whole(1) if "burst" in found else None,
        found["kind"].word(("window", "token"), "kind of bucket") if "kind" in found else "window",  # type: ignore[arg-type]
        read_by(found["by"]) if "by" in found else ("principal",),
    )


def _delivery(place: Place) -> DeliveryEffect:
    found = place.members(DELIVERY, "delivery")
    return DeliveryEffect(
        read_latency(found["delay"]) if "delay" in found else None,
        _shuffle(found["shuffle"]) if "shuffle" in found else 0,
        found["duplicate"].whole() if "duplicate" in found else 0,
        _drop(found["drop"]) if "drop" in found else 0,
        found["signature"].word(SIGNATURES, "signature") if "signature" in found else "valid",  # type: ignore[arg-type]
        found["disable"].truth() if "disable" in found else False,
        found["api_version"].text() if "api_version" in found else None,
    )


def _shuffle(place: Place) -> int:
    return (10_000_000 if place.value else 0) if isinstance(place.value, bool) else place.duration()


def _drop(place: Place) -> int:
    return (-1 if place.value else 0) if isinstance(place.value, bool) else place.whole()
