"""Buckets as pure functions: never more than the limit in any window, and the promised wait is enough and needed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkit.errors import AuthorError
from twinkit.faults.limits import Bucket, State, read_limits, take

KINDS = st.sampled_from(["window", "token"])


@given(KINDS, st.integers(1, 5), st.integers(1, 1000), st.lists(st.integers(0, 400), max_size=60))
def test_a_refusal_tells_the_exact_wait(kind: str, limit: int, per: int, pauses: list[int]) -> None:
    bucket = Bucket("b", limit, per, kind)  # type: ignore[arg-type]
    state: State | None = None
    now = 0
    for pause in pauses:
        now += pause
        taken, state = take(bucket, state, now)
        assert 0 <= taken.remaining <= taken.limit
        if not taken.allowed:
            assert taken.wait > 0
            assert take(bucket, state, now + taken.wait)[0].allowed
            assert not take(bucket, state, now + taken.wait - 1)[0].allowed


@given(st.integers(1, 5), st.integers(1, 1000), st.lists(st.integers(0, 400), max_size=80))
def test_a_window_never_passes_more_than_its_limit(limit: int, per: int, pauses: list[int]) -> None:
    bucket = Bucket("b", limit, per)
    state: State | None = None
    now = 0
    passed: dict[int, int] = {}
    for pause in pauses:
        now += pause
        taken, state = take(bucket, state, now)
        if taken.allowed:
            passed[state[0]] = passed.get(state[0], 0) + 1
    assert all(count <= limit for count in passed.values())


@given(st.integers(1, 5), st.integers(1, 1000), st.lists(st.integers(0, 400), min_size=1, max_size=80))
def test_tokens_flow_at_their_rate(limit: int, per: int, pauses: list[int]) -> None:
    bucket = Bucket("b", limit, per, "token")
    state: State | None = None
    now = passed = 0
    for pause in pauses:
        now += pause
        taken, state = take(bucket, state, now)
        passed += taken.allowed
    assert passed <= limit + limit * (now - pauses[0]) / per


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"bucket": []}, "unknown key 'bucket'; did you mean 'buckets'?"),
        ({"buckets": [{"name": "a", "limit": 3}]}, "a bucket needs `per`"),
        ({"buckets": [{"name": "a", "limit": 3, "per": "soon"}]}, "no duration"),
    ],
)
def test_mistakes_in_an_overlay_are_explained(data: object, message: str) -> None:
    with pytest.raises(AuthorError) as caught:
        read_limits(data)
    assert message in str(caught.value)


@pytest.mark.parametrize(("draw", "names"), [("all", ["one", "both"]), ("first", ["one"])])
def test_a_call_draws_from_all_that_cover_it_or_from_the_first(draw: str, names: list[str]) -> None:
    buckets = [{"name": "one", "limit": 1, "per": "1s", "paths": ["/a/*"]}, {"name": "both", "limit": 2, "per": "1s"}]
    limits = read_limits({"draw": draw, "free": ["/a/keys"], "buckets": buckets})
    assert [bucket.name for bucket in limits.covering("op", "GET", "/a/b")] == names
    assert [bucket.name for bucket in limits.covering("op", "GET", "/b")] == ["both"]
    assert limits.covering("op", "GET", "/a/keys") == ()
