"""The gate in exact integers, the statistics, and what it explains."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest

from twinkit.factory.gate.explain import explain
from twinkit.factory.gate.rule import Gate, Tally, decide, enough, required
from twinkit.factory.gate.statistics import clean_needed, pass_all, pass_at, upper_bound, wilson

SHARE = (9, 10)


def tally(name: str, passes: int = 3, fails: int = 0, others: tuple[str, ...] = (), **more: object) -> Tally:
    return Tally(name, 3, 2, passes, fails, others, **more)  # type: ignore[arg-type]


def many(passed: int, total: int) -> Gate:
    rows = [tally(f"s{n}") if n < passed else tally(f"s{n}", 0, 3) for n in range(total)]
    return decide(rows, SHARE)


@pytest.mark.parametrize("total", [10, 20, 30, 100, 1000])
def test_exactly_at_the_gate(total: int) -> None:
    """9/10, 18/20, 27/30: one fewer is not enough, and no float decides."""
    least = total * 9 // 10
    assert required(total, SHARE) == least
    assert many(least, total).decision == "eligible" and many(least, total).exit_code == 0
    assert many(least - 1, total).decision == "not eligible" and many(least - 1, total).exit_code == 1


def test_a_failure_that_was_not_compared_with_base_is_a_doubt() -> None:
    rows = [tally(f"s{n}") for n in range(9)]
    for base, decision in ((None, "undetermined"), ("undetermined", "undetermined"), ("fail", "eligible")):
        assert decide([*rows, tally("x", 0, 3, base=base)], SHARE, compare=True).decision == decision
    assert decide([*rows, tally("x", 0, 3, base="pass")], SHARE, compare=True).decision == "not eligible"


def test_small_suites_need_everything() -> None:
    for total in range(1, 10):
        assert many(total - 1, total).decision == "not eligible"
        assert many(total, total).decision == "eligible"


def test_enough_is_exact_where_floats_are_not() -> None:
    for total in range(1, 400):
        for passed in range(total + 1):
            assert enough(passed, total, (7, 10)) == (Fraction(passed, total) >= Fraction(7, 10))
    assert not enough(0, 0, SHARE)


def test_outcomes_of_a_scenario() -> None:
    expected = {(3, 0): "stable-pass", (2, 1): "flaky-pass", (1, 2): "flaky-fail", (0, 3): "stable-fail"}
    for (passes, fails), kind in expected.items():
        assert tally("s", passes, fails).kind == kind
    assert tally("s", 2, 0, ("error",)).outcome == "pass"
    assert tally("s", 1, 1, ("error",)).outcome == "undetermined"
    assert tally("s", 1, 0, ("error", "error")).outcome == "undetermined"
    assert tally("s", 0, 2, ("error",)).outcome == "fail"
    for verdict in ("unbound", "ambiguous", "invalid"):
        assert tally("s", 2, 0, (verdict,)).outcome == "undetermined"


def test_what_stops_a_change() -> None:
    good = [tally(f"s{n}") for n in range(10)]
    assert decide(good, SHARE).decision == "eligible"
    assert decide([*good, tally("c", 0, 3, critical=True)], SHARE).decision == "not eligible"
    assert decide([*good, tally("r", 0, 3, base="pass")], SHARE).regressions == ("r",)
    assert decide([*good, tally("r", 0, 3, base="pass")], SHARE).decision == "not eligible"
    assert decide([*good, tally("u", 1, 1, ("error",))], SHARE).exit_code == 3
    assert decide([*good, tally("u", 0, 0, ("unbound",) * 3)], SHARE).exit_code == 3
    assert decide([*good, tally("i", 2, 0, ("invalid",))], SHARE).exit_code == 4
    assert decide(good, SHARE, ["The vault changed."]).exit_code == 4
    assert decide([], SHARE).exit_code == 3
    assert decide([tally(f"s{n}", 0, 0, ("error",) * 3) for n in range(10)], SHARE).exit_code == 3


def test_what_passes_only_sometimes_stops_a_change_where_that_is_asked() -> None:
    rows = [tally("a"), tally("b", 2, 1)]
    assert decide(rows, SHARE).decision == "eligible"
    strict = decide(rows, SHARE, stable=True)
    assert strict.decision == "not eligible" and strict.passed == 2 and "some trials: 1" in strict.reasons[0]
    assert decide([*[tally(f"s{n}") for n in range(9)], tally("x", 0, 3)], SHARE, stable=True).decision == "eligible"
    assert decide([tally(f"s{n}") for n in range(9)] + [tally("x", 1, 2)], SHARE, stable=True).exit_code == 1


def test_never_eligible_with_a_doubt() -> None:
    """Every combination of outcomes of four scenarios: eligible only when all pass."""
    kinds = [tally("p"), tally("f", 0, 3), tally("e", 0, 0, ("error",) * 3), tally("x", 2, 0, ("invalid",))]
    for combination in itertools.product(range(4), repeat=4):
        gate = decide([kinds[index] for index in combination], SHARE)
        assert (gate.exit_code == 0) == (set(combination) == {0})


def test_statistics() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    low, high = wilson(9, 10)
    assert low == pytest.approx(0.5958, abs=1e-4) and high == pytest.approx(0.9821, abs=1e-4)
    assert pass_at(3, 2, 1) == Fraction(2, 3) and pass_at(3, 1, 3) == 1
    assert pass_all(3, 2, 3) == 0 and pass_all(3, 3, 3) == 1 and pass_all(3, 2, 2) == Fraction(1, 3)
    assert clean_needed(0.05) == 59
    assert upper_bound(0, 59) < 0.05 < upper_bound(0, 58)
    assert upper_bound(0, 0) == 1.0 and upper_bound(3, 3) == 1.0
    with pytest.raises(ValueError, match="cannot be drawn"):
        pass_at(2, 1, 3)


def test_explanation() -> None:
    text = explain(20, SHARE)
    assert "Eligible from 18 passed" in text and "2 may fail" in text
    assert "from 10 on one may fail" in explain(5, SHARE)
