"""Which fault a call gets: counts, probabilities, selectors, composition, independence of unrelated calls."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinkit.errors import UsageError
from twinkit.faults.injector import Call, Decision, Injector

SECOND = 1_000_000


def injector(*rules: dict[str, Any], seed: int = 7, twin: str = "stripe", **options: Any) -> Injector:
    made = Injector(seed, twin, **options)
    made.add({"profile": "test", "rules": list(rules)}, now=0)
    return made


def call(operation: str = "PostCharges", path: str = "/v1/charges", method: str = "POST", **values: Any) -> Call:
    return Call(operation, method, path, **values)


def fired(made: Injector, times: int, one: Call | None = None) -> list[bool]:
    return [made.decide(one or call()) is not None for _ in range(times)]


def test_nothing_without_rules() -> None:
    made = Injector(7, "stripe")
    assert made.idle
    assert made.decide(call()) is None


def test_fail_the_first_two_then_succeed() -> None:
    made = injector({"when": {"calls": [1, 2]}, "then": {"error": "rate_limit"}})
    assert fired(made, 5) == [True, True, False, False, False]
    made.reset()
    assert fired(made, 3) == [True, True, False]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"calls": "2-3"}, "01100000"),
        ({"calls": [1, "5-"]}, "10001111"),
        ({"every": 3}, "00100100"),
        ({"after": 5}, "00000111"),
        ({"after": 2, "every": 2}, "00010101"),
        ({"probability": 1}, "11111111"),
        ({"probability": 0}, "00000000"),
    ],
)
def test_counts(when: dict[str, Any], expected: str) -> None:
    made = injector({"when": when, "then": {"status": 500}})
    assert "".join("01"[hit] for hit in fired(made, 8)) == expected


@pytest.mark.parametrize(
    ("when", "one", "hit"),
    [
        ({"twin": "stripe"}, call(), True),
        ({"twin": "slack"}, call(), False),
        ({"operation": ["GetX", "PostC*"]}, call(), True),
        ({"operation": "GetX"}, call(), False),
        ({"method": "get"}, call(), False),
        ({"method": ["post"]}, call(), True),
        ({"path": "/v1/charges"}, call(), True),
        ({"path": "/v1/*"}, call(path="/v1/charges/ch_1"), False),
        ({"path": "/v1/*/ch_*"}, call(path="/v1/charges/ch_1"), True),
        ({"path": "/v1/**"}, call(path="/v1/charges/ch_1/refunds"), True),
        ({"path": "/**/refunds"}, call(path="/v1/charges/ch_1/refunds"), True),
        ({"path": "/**/refund"}, call(path="/v1/charges/ch_1/refunds"), False),
        ({"instance": "team-*"}, call(instance="team-1"), True),
        ({"instance": "team-*"}, call(instance="default"), False),
        ({"request": {"amount": {"above": 1000}}}, call(fields={"amount": "2000"}), True),
        ({"request": {"amount": {"above": 1000, "below": 1500}}}, call(fields={"amount": "2000"}), False),
        ({"request": {"card.number": {"suffix": "4242"}}}, call(fields={"card": {"number": "4242"}}), True),
        ({"request": {"currency": ["usd", "eur"]}}, call(fields={"currency": "eur"}), True),
        ({"request": {"confirm": True}}, call(fields={"confirm": "true"}), True),
        ({"request": {"amount": 5}}, call(fields={"amount": "5"}), True),
        ({"request": {"email": {"exists": False}}}, call(), True),
        ({"request": {"email": {"not": "a"}}}, call(), True),
        ({"request": {"email": {"matches": "^a.*z$"}}}, call(fields={"email": "abcz"}), True),
        ({"request": {"tags": {"contains": "x"}}}, call(fields={"tags": ["x", "y"]}), True),
        ({"request": {"items.1.price": "p_2"}}, call(fields={"items": [{}, {"price": "p_2"}]}), True),
        ({"window": {"from": "10s", "until": "20s"}}, call(now=15 * SECOND), True),
        ({"window": {"from": "10s", "until": "20s"}}, call(now=20 * SECOND), False),
        ({"window": {"every": "60s", "for": "20s"}}, call(now=130 * SECOND), True),
        ({"window": {"every": "60s", "for": "20s"}}, call(now=150 * SECOND), False),
        ({"window": {"from": "1970-01-01T00:00:10Z"}}, call(now=9 * SECOND), False),
        ({"window": {"from": "1970-01-01T00:00:10Z"}}, call(now=10 * SECOND), True),
    ],
)
def test_selectors(when: dict[str, Any], one: Call, hit: bool) -> None:
    made = injector({"when": when, "then": {"status": 500}})
    assert (made.decide(one) is not None) is hit


RECORDS = {"cus_1": {"id": "cus_1", "delinquent": True}, "cus_2": {"id": "cus_2", "delinquent": False}}


def state(resource: str, id: str | None) -> list[dict[str, Any]]:
    assert resource == "customer"
    return list(RECORDS.values()) if id is None else [RECORDS[id]] if id in RECORDS else []


@pytest.mark.parametrize(
    ("test", "fields", "hit"),
    [
        ({"id": "customer"}, {"customer": "cus_1"}, True),
        ({"id": "customer"}, {"customer": "cus_2"}, False),
        ({"id": "customer"}, {"customer": "cus_9"}, False),
        ({"id": "customer"}, {}, False),
        ({}, {}, True),
    ],
)
def test_state(test: dict[str, Any], fields: dict[str, Any], hit: bool) -> None:
    selector = {"resource": "customer", "field": "delinquent", "predicate": True, **test}
    made = injector({"when": {"state": selector}, "then": {"status": 500}})
    assert (made.decide(call(fields=fields, state=state)) is not None) is hit


@given(st.lists(st.sampled_from(["GetCustomers", "PostRefunds", "PostCharges"]), max_size=40))
@settings(max_examples=50, deadline=None)
def test_unrelated_calls_shift_nothing(others: list[str]) -> None:
    rule = {"when": {"probability": 0.4}, "then": {"error": "internal"}}
    unrelated = {"when": {"operation": "Get*", "probability": 0.5}, "then": {"network": "reset"}}
    alone, mixed = injector(rule), injector(unrelated, rule)
    wanted = fired(alone, 40)
    seen: list[bool] = []
    for other in others:
        hit = mixed.decide(call(other)) is not None
        if other == "PostCharges":
            seen.append(hit)
    assert seen == wanted[: len(seen)]


def test_the_seed_decides_and_nothing_else() -> None:
    rule = {"when": {"probability": 0.3}, "then": {"error": "internal", "latency": {"p50": "80ms", "p99": "900ms"}}}
    first = [injector(rule, seed=7).decide(call()) for _ in range(1)]
    runs = [[made.decide(call()) for _ in range(50)] for made in (injector(rule), injector(rule))]
    assert runs[0] == runs[1]
    assert runs[0][:1] == first
    assert runs[0] != [each for made in [injector(rule, seed=8)] for each in (made.decide(call()) for _ in range(50))]


def test_latencies_add_up_and_the_first_effect_wins() -> None:
    made = injector(
        {"name": "slow", "then": {"latency": "100ms"}},
        {"name": "limited", "then": {"error": "rate_limit", "latency": "10ms"}},
        {"name": "reset", "then": {"network": "reset"}},
        {"name": "slower", "then": {"latency": "1s"}},
    )
    decision = made.decide(call())
    assert decision is not None
    assert (decision.kind, decision.error, decision.delay) == ("error", "rate_limit", 1_110_000)
    assert decision.label == "slow, limited, slower"
    assert [rule["fired"] for rule in made.rules()] == [1, 1, 0, 1]


def test_a_header_stands_before_the_rules_and_leaves_their_counts_right() -> None:
    made = injector({"when": {"calls": [2]}, "then": {"error": "rate_limit"}})
    decision = made.decide(call(), "network=reset; at=after_commit")
    assert decision is not None
    assert (decision.kind, decision.at) == ("network", "after")
    following = made.decide(call())
    assert following is not None
    assert following.error == "rate_limit"


def test_a_header_with_counts_counts_itself() -> None:
    made = Injector(7, "stripe")
    text = '{"when": {"calls": [1, 2]}, "then": {"error": "rate_limit"}}'
    assert [made.decide(call(), text) is not None for _ in range(4)] == [True, True, False, False]


def test_latency_distributions() -> None:
    made = injector({"then": {"latency": {"p50": "100ms", "p99": "1s"}}})
    waits = sorted(decision.delay for decision in (made.decide(call()) for _ in range(4000)) if decision)
    assert 90_000 < waits[2000] < 110_000
    assert 700_000 < waits[3960] < 1_400_000
    made = injector({"then": {"latency": {"uniform": ["10ms", "20ms"]}}})
    waits = [decision.delay for decision in (made.decide(call()) for _ in range(200)) if decision]
    assert min(waits) >= 10_000
    assert max(waits) < 20_000
    assert len(set(waits)) > 100


def test_profiles_are_replaced_and_removed_by_name() -> None:
    made = injector({"name": "a", "then": {"status": 500}})
    made.add({"profile": "test", "rules": [{"name": "b", "then": {"status": 501}}]})
    made.add({"profile": "other", "rules": [{"name": "c", "then": {"status": 502}}]})
    assert [rule["rule"] for rule in made.rules()] == ["b", "c"]
    made.remove("b")
    made.remove("other")
    assert made.idle
    with pytest.raises(UsageError, match="no rule or profile"):
        made.remove("b")


def test_state_goes_into_snapshots() -> None:
    made = injector({"when": {"calls": [3]}, "then": {"status": 500}})
    fired(made, 2)
    kept = made.state()
    assert fired(made, 1) == [True]
    made.restore(kept)
    assert fired(made, 2) == [True, False]


def delivery(made: Injector, times: int, event: str = "charge.succeeded") -> list[Any]:
    return [made.decide_delivery(event, "we_1") for _ in range(times)]


def test_deliveries() -> None:
    made = injector(
        {"when": {"event": "charge.*"}, "then": {"delivery": {"duplicate": 1, "delay": "2s"}}},
        {"when": {"event": "*", "calls": [2]}, "then": {"delivery": {"drop": True, "signature": "stale"}}},
        {"then": {"error": "rate_limit"}},
    )
    assert made.decide_delivery("invoice.paid", "we_1") is None
    first, second = delivery(made, 2)
    assert (first.delays, first.drop, first.signature) == ((2_000_000, 2_000_000), -1, "stale")
    assert (second.delays, second.drop) == ((2_000_000, 2_000_000), 0)
    assert made.rules()[2]["matched"] == 0


def test_deliveries_are_shuffled_by_the_seed() -> None:
    rule = {"when": {"event": "*"}, "then": {"delivery": {"shuffle": "10s"}}}
    waits = [fault.delays[0] for fault in delivery(injector(rule), 20)]
    assert waits == [fault.delays[0] for fault in delivery(injector(rule), 20)]
    assert waits != sorted(waits)


LIMITS = {
    "headers": {f"X-Rate-Limit-{name.title()}": f"{{{name}}}" for name in ("limit", "remaining", "reset")},
    "refused": {"Retry-After": "{retry_after}"},
    "buckets": [{"name": "write", "limit": 2, "per": "10s", "methods": ["POST"], "reason": "endpoint-rate"}],
}  # fmt: skip


def limited(decision: Decision | None) -> bool:
    return decision is not None and decision.kind == "error"


def test_the_twins_own_buckets() -> None:
    made = Injector(7, "okta", LIMITS)
    assert made.decide(call()) is None
    made.limiting = True
    passing = made.decide(call(now=0))
    assert passing is not None
    assert passing.kind == "pass"
    assert passing.headers == {"X-Rate-Limit-Limit": "2", "X-Rate-Limit-Remaining": "1", "X-Rate-Limit-Reset": "10"}
    assert not limited(made.decide(call(now=SECOND)))
    refused = made.decide(call(now=3 * SECOND))
    assert refused is not None
    assert (refused.error, refused.fields["retry_after"], refused.headers["Retry-After"]) == ("rate_limit", 7, "7")
    assert refused.fields["reason"] == "endpoint-rate"
    assert made.decide(call(method="GET", now=3 * SECOND)) is None
    assert not limited(made.decide(call(now=3 * SECOND, principal="other")))
    assert not limited(made.decide(call(now=10 * SECOND)))


def test_a_named_refusal_looks_like_one_by_a_bucket() -> None:
    made = Injector(7, "okta", LIMITS)
    made.add({"rules": [{"then": {"error": "rate_limit", "fields": {"reason": "own"}}}]})
    decision = made.decide(call(now=5 * SECOND))
    assert decision is not None
    assert (decision.fields["retry_after"], decision.fields["limit"], decision.fields["reason"]) == (1, 2, "own")
    assert decision.headers["Retry-After"] == "1"
    assert decision.headers["X-Rate-Limit-Reset"] == "6"


def test_a_rule_asks_for_the_twins_buckets() -> None:
    made = Injector(7, "okta", LIMITS)
    made.add({"rules": [{"name": "limits", "then": {"rate_limit": "twin"}}]})
    assert [limited(made.decide(call())) for _ in range(3)] == [False, False, True]


def test_a_rule_with_a_bucket_of_its_own() -> None:
    made = injector({"then": {"rate_limit": {"limit": 3, "per": "1s", "kind": "token"}, "error": "too_many"}})
    assert [limited(made.decide(call())) for _ in range(4)] == [False, False, False, True]
    decision = made.decide(call())
    assert decision is not None
    assert decision.error == "too_many"


def test_clients_that_do_not_back_off_are_reported() -> None:
    made = Injector(7, "okta", LIMITS)
    made.limiting = True
    for who, pace in (("patient", 11), ("hasty", 0), ("early", 6)):
        now = 0
        for _ in range(9):
            now += pace * SECOND if limited(made.decide(call(now=now, principal=who))) else 0
    verdicts = {row["client"]: row["verdict"] for row in made.conduct.report()}
    assert verdicts == {"patient": "backed off", "hasty": "never", "early": "too early"}
