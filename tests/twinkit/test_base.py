"""Seeds, ids and the clock."""

from __future__ import annotations

import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkit import ids, seeds
from twinkit.clock import EPOCH, SECOND, Clock, parse_clock, parse_instant
from twinkit.errors import AuthorError, UsageError, nearest

NUMBERS = st.integers(0, 2**40)


@pytest.mark.parametrize(
    ("pattern", "form"),
    [
        ("cus_{alnum:14}", r"cus_[A-Za-z0-9]{14}"),
        ("{hex:80}", r"[0-9a-f]{80}"),
        ("T{upper:8}-{digits:3}", r"T[A-Z0-9]{8}-[0-9]{3}"),
        ("{letters:2}{lower:3}", r"[A-Za-z]{2}[a-z0-9]{3}"),
        ("plain", r"plain"),
    ],
)
def test_an_id_has_its_form(pattern: str, form: str) -> None:
    assert re.fullmatch(form, ids.make(pattern, 7, "thing", 0))


@given(NUMBERS, NUMBERS, NUMBERS)
def test_ids_depend_on_seed_and_position_alone(seed: int, one: int, other: int) -> None:
    first = ids.make("x_{alnum:14}", seed, "thing", one)
    assert first == ids.make("x_{alnum:14}", seed, "thing", one)
    assert (first == ids.make("x_{alnum:14}", seed, "thing", other)) == (one == other)
    assert first != ids.make("x_{alnum:14}", seed, "other", one)


@given(NUMBERS)
def test_a_uuid_is_version_four(position: int) -> None:
    assert uuid.UUID(ids.make("{uuid}", 1, "thing", position)).version == 4


def test_a_sequence_counts_from_one() -> None:
    assert [ids.make("{seq}", 1, "thing", position) for position in range(3)] == ["1", "2", "3"]


@pytest.mark.parametrize(("pattern", "told"), [("{alnm:3}", "did you mean 'alnum'"), ("{hex}", "needs a length")])
def test_a_wrong_pattern_is_told(pattern: str, told: str) -> None:
    with pytest.raises(AuthorError, match=re.escape(told)):
        ids.make(pattern, 1, "thing", 0)


@given(NUMBERS, NUMBERS, st.integers(1, 1000))
def test_draws_stay_in_their_bounds(seed: int, position: int, bound: int) -> None:
    assert 0 <= seeds.below(seed, "s", position, bound) < bound
    assert 0 <= seeds.fraction(seed, "s", position) < 1


def test_a_fixed_clock_moves_only_when_told() -> None:
    clock = Clock("fixed")
    clock.tick()
    assert clock.micros == EPOCH
    clock.set(EPOCH + 5 * SECOND)
    assert clock.now == EPOCH // SECOND + 5


def test_a_ticking_clock_moves_a_step_each_request() -> None:
    clock = Clock("tick")
    clock.tick()
    clock.tick()
    assert clock.micros == EPOCH + 2 * SECOND
    copy = Clock()
    copy.restore(clock.state())
    assert (copy.mode, copy.micros) == ("tick", clock.micros)


def test_a_real_clock_keeps_what_was_advanced() -> None:
    clock = Clock("real")
    before = clock.micros
    clock.set(before + 1000 * SECOND)
    assert clock.micros >= before + 1000 * SECOND


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1970-01-01T00:00:01Z", SECOND),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-02", 86_400 * SECOND),
        ("12.5", 12_500_000),
    ],
)
def test_an_instant_is_read(text: str, micros: int) -> None:
    assert parse_instant(text) == micros


@pytest.mark.parametrize("text", ["tomorrow", "fixd", "fixed:never", "", "tick:x"])
def test_a_wrong_time_or_mode_is_told(text: str) -> None:
    with pytest.raises(UsageError):
        parse_clock(text)


def test_the_nearest_name_is_offered() -> None:
    assert nearest("strpe", ["stripe", "slack"]) == "; did you mean 'stripe'?"
    assert nearest("zzz", ["stripe"]) == ""
