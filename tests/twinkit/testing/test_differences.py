"""Differences between what is expected and what is there, as tables."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkit.testing.differences import closest, differences

DATA = {"id": "c_1", "card": {"brand": "visa", "last4": "4242"}, "tags": ["a", "b"], "total": 5, "none": None}


@pytest.mark.parametrize(
    ("expected", "lines"),
    [
        ({}, []),
        ({"id": "c_1", "total": 5}, []),
        ({"card": {"brand": "visa"}}, []),
        ({"card.brand": "visa", "card__last4": "4242"}, []),
        ({"tags.1": "b"}, []),
        ({"total": lambda value: value > 4}, []),
        ({"none": None}, []),
        ({"total": 6}, ["total: 5 instead of 6"]),
        ({"card": {"brand": "amex"}}, ["card.brand: 'visa' instead of 'amex'"]),
        ({"tags": ["a"]}, ["tags: 2 elements instead of 1"]),
        ({"tags": ["a", "c"]}, ["tags[1]: 'b' instead of 'c'"]),
        ({"totl": 5}, ["totl: is absent; did you mean 'total'?"]),
        ({"id": {"a": 1}}, ["id: 'c_1' instead of an object"]),
    ],
)
def test_differences(expected: dict[str, Any], lines: list[str]) -> None:
    assert differences(expected, DATA) == lines


def test_a_function_that_says_no_is_named() -> None:
    def is_paid(value: Any) -> bool:
        return False

    (line,) = differences({"total": is_paid}, DATA)
    assert line.startswith("total: 5 does not satisfy")
    assert "is_paid" in line


def test_the_closest_candidate_differs_least() -> None:
    candidates = [("far", {"a": 1, "b": 1}), ("near", {"a": 2, "b": 1})]
    assert closest({"a": 2, "b": 2}, candidates) == ("near", ["b: 1 instead of 2"])
    assert closest({"a": 2}, []) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(min_size=1), JSON, max_size=4))
def test_everything_matches_itself(data: dict[str, Any]) -> None:
    assert differences(data, data) == []
