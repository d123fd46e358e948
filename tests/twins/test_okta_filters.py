"""Okta's filter grammar: parsing, evaluation, and that narrowing never loses a record."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkit.store import Store
from twins.okta import expressions, filters

USER = {
    "id": "00u1",
    "status": "ACTIVE",
    "created": "2026-01-02T03:04:05.678Z",
    "profile": {"lastName": "Smith", "department": "Eng", "age": 41, "tags": ["a", "b"], "admin": True, "title": None},
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('status eq "active"', True),
        ('profile.lastName sw "smi" and profile.department eq "ENG"', True),
        ('profile.lastName ew "th"', True),
        ('profile.lastName co "mit"', True),
        ('not (status eq "ACTIVE")', False),
        ('status eq "STAGED" or (profile.age gt 40 and profile.age le 41)', True),
        ("profile.title pr", False),
        ("profile.admin eq true", True),
        ('profile.tags eq "b"', True),
        ('created gt "2026-01-02T03:04:05.000Z" and created lt "2026-01-02T05:04:05+01:00"', True),
        ('created lt "2026-01-02T04:04:05.678+01:00"', False),
        ('status lt "STAGED" or status gt "STAGED"', True),
        ('status ne "ACTIVE"', False),
        ('profile.none eq "x"', False),
    ],
)
def test_an_expression_finds_what_it_says(text: str, found: bool) -> None:
    assert filters.matches(filters.parse(text), USER) is found


@pytest.mark.parametrize(
    "text", ["", "status", "status eq", "status is 1", 'status eq "A" and', "(a pr", "a pr)", "a eq b", '"a" eq "b"']
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(filters.FilterError):
        filters.parse(text)


names = st.sampled_from(["status", "profile.lastName", "profile.age", "id"])
values = st.one_of(st.text(max_size=6), st.integers(-5, 50), st.booleans())
compares = st.builds(filters.Compare, names, st.sampled_from(["eq", "sw", "co", "gt", "le", "ne"]), values)
trees = st.recursive(
    compares,
    lambda inner: st.one_of(
        st.builds(filters.Not, inner),
        st.builds(filters.Both, st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)


@given(trees)
def test_an_expression_survives_being_written_down(tree: Any) -> None:
    again = filters.parse(filters.show(tree))
    assert filters.matches(again, USER) == filters.matches(tree, USER)
    assert filters.show(again) == filters.show(filters.parse(filters.show(again)))


@given(st.text(max_size=40))
def test_any_text_parses_or_is_refused(text: str) -> None:
    with contextlib.suppress(filters.FilterError):
        filters.parse(text)


@given(trees)
def test_narrowing_loses_nothing(tree: Any) -> None:
    store = Store.memory()
    rows = [USER, {**USER, "id": "00u2", "status": "STAGED"}, {**USER, "id": "00u3", "profile": {"lastName": "Ax"}}]
    for row in rows:
        store.insert("user", row)
    wanted = {row["id"] for row in rows if filters.matches(tree, row)}
    found = {
        row["id"] for row in store.select("user", filters.narrow(tree, frozenset({"created"}), frozenset({"status"})))
    }
    store.close()
    assert wanted <= found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('user.department == "Eng" AND user.age > 40', True),
        ('String.startsWith(user.email, "a") ? "yes" : "no"', "yes"),
        ('"x-" + String.toUpperCase(String.substringBefore(user.email, "@"))', "x-A"),
        ('isMemberOfGroupName("Admins") || isMemberOfAnyGroup("00g9")', True),
        ("!(user.department == null) and not false", True),
        ('Arrays.contains({"a", "b"}, "b")', True),
        ('Groups.startsWith("OKTA", "Ad", 10)', ["Admins"]),
    ],
)
def test_the_expression_language(text: str, value: Any) -> None:
    user = {"department": "Eng", "age": 41, "email": "a@example.com"}
    groups = [{"id": "00g1", "profile": {"name": "Admins"}}]
    assert expressions.evaluate(text, {"user": user}, groups) == value


@given(st.text(max_size=30))
def test_any_expression_has_a_value_or_is_refused(text: str) -> None:
    with contextlib.suppress(expressions.ExpressionError, TypeError):
        expressions.evaluate(text, {"user": {}})
