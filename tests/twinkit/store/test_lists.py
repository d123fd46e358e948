"""Lists against a plain Python model: filters, order, cursors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinkit.errors import InvalidCursor, StoreError
from twinkit.store import Filter, Store

Record = dict[str, Any]

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.5, 2.0, 1e20, 2**63, -(2**70)]),
    st.text("ab\uffff\U0010ffff", max_size=3),
    st.text("aAb ßsÉé1", max_size=5),
)
STORED = VALUES.filter(lambda value: not (isinstance(value, int) and abs(value) >= 2**63))
RECORDS = st.lists(
    st.fixed_dictionaries({}, optional={"a": STORED, "b": STORED, "c": st.dictionaries(st.just("d"), STORED)}),
    max_size=12,
)
FIELDS = st.sampled_from(["a", "b", "c.d", ("c", "d")])
ONE = st.one_of(
    st.builds(Filter, FIELDS, st.sampled_from(["=", "!=", ">", ">=", "<", "<="]), VALUES),
    st.builds(Filter, FIELDS, st.just("in"), st.lists(VALUES.filter(lambda value: value is not None), max_size=3)),
    st.builds(Filter, FIELDS, st.sampled_from(["prefix", "contains"]), st.text("ab\uffff\U0010ffff", max_size=2)),
    st.builds(Filter, FIELDS, st.just("exists"), st.booleans()),
    st.builds(Filter, FIELDS, st.just("without"), st.text("ab'ß", max_size=2)),
    st.builds(Filter, FIELDS, st.sampled_from(["words", "holds", "starts", "ends"]), st.text("aAb ßÉ1", max_size=4)),
)
FILTERS = ONE | st.builds(Filter, st.just(""), st.just("any"), st.lists(ONE, max_size=3))


def value_of(record: Record, field: str | tuple[str, ...]) -> Any:
    value: Any = record
    for part in field.split(".") if isinstance(field, str) else field:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def compare(one: Any, op: str, other: Any) -> bool:
    if one is None or other is None or isinstance(one, str) != isinstance(other, str):
        return False
    return bool({">": one > other, ">=": one >= other, "<": one < other, "<=": one <= other}[op])


def matches(record: Record, filter: Filter) -> bool:
    value, op, other = value_of(record, filter.field), filter.op, filter.value  # type: ignore[arg-type]
    plain: dict[str, Callable[[], bool]] = {
        "=": lambda: value == other,
        "!=": lambda: value != other,
        "without": lambda: value != other,
        "in": lambda: value is not None and value in other,
        "exists": lambda: (value is not None) == other,
        "prefix": lambda: isinstance(value, str) and value.startswith(other),
        "contains": lambda: value is not None and other in text_of(value),
        "words": lambda: value is not None and set(other.casefold().split()) <= set(shown(value).casefold().split()),
        "holds": lambda: value is not None and other.casefold() in shown(value).casefold(),
        "starts": lambda: value is not None and shown(value).casefold().startswith(other.casefold()),
        "ends": lambda: value is not None and shown(value).casefold().endswith(other.casefold()),
        "any": lambda: any(matches(record, one) for one in other),
    }
    return plain[op]() if op in plain else compare(value, op, other)


def shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def text_of(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def sort_key(record: Record, field: str) -> tuple[Any, ...]:
    value = value_of(record, field)
    return (0, 0) if value is None else (2, value) if isinstance(value, str) else (1, value)


def fill(store: Store, records: list[Record]) -> list[Record]:
    filled = [{"id": f"r{number}", **record} for number, record in enumerate(records)]
    for record in filled:
        store.insert("thing", record)
    return filled


def walk(store: Store, limit: int, direction: Literal["after", "before"], **kw: Any) -> list[str]:
    """Every id of a list, page by page from its beginning, or from its end backwards."""
    found: list[str] = []
    page = store.list("thing", limit=limit, **kw)
    if direction == "before":
        everything = store.list("thing", limit=1000, **kw).ids
        if not everything:
            return []
        found = everything[-1:]
        page = store.list("thing", limit=limit, before=found[0], **kw)
    while True:
        assert len(page.ids) <= limit
        found = found + page.ids if direction == "after" else page.ids + found
        if not page.has_more:
            return found
        page = store.list("thing", limit=limit, **{direction: found[-1 if direction == "after" else 0]}, **kw)


@settings(max_examples=150, deadline=None)
@given(
    records=RECORDS,
    where=st.lists(FILTERS, max_size=3),
    order=st.sampled_from(["newest", "oldest"]),
    sort=st.none() | st.sampled_from(["a", "c.d"]),
    limit=st.integers(1, 4),
    few=st.sampled_from([0, 2, 2000]),
    indexes=st.sampled_from([0, 1, 16]),
    large=st.sampled_from([0, 5, 1_000]),
)
def test_a_list_is_what_python_would_find_and_pages_cover_it_once(
    records: list[Record],
    where: list[Filter],
    order: str,
    sort: str | None,
    limit: int,
    few: int,
    indexes: int,
    large: int,
) -> None:
    with (
        patch("twinkit.store.query.LARGE", large),
        patch("twinkit.store.query.FEW", few),
        patch("twinkit.store.query.INDEXES_PER_RESOURCE", indexes),
    ):
        check_list(records, where, order, sort, limit)


def check_list(records: list[Record], where: list[Filter], order: str, sort: str | None, limit: int) -> None:
    store = Store.memory()
    filled = fill(store, records)
    if sort is not None:
        filled.sort(key=lambda record: sort_key(record, sort))
    if order == "newest":
        filled.reverse() if sort is None else filled.sort(
            key=lambda record: (sort_key(record, sort), int(record["id"][1:])), reverse=True
        )
    expected = [record["id"] for record in filled if all(matches(record, one) for one in where)]
    kw: Any = {"where": where, "order": order, "sort": sort}
    assert walk(store, limit, "after", **kw) == expected
    assert walk(store, limit, "before", **kw) == expected
    assert store.count("thing", where) == len(expected)
    assert [record["id"] for record in store.select("thing", **kw)] == expected
    store.close()


@pytest.mark.parametrize("sort", [None, "n"])
@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_cursors_hold_while_records_come_and_go(store: Store, order: str, sort: str | None) -> None:
    for number in range(20):
        store.insert("thing", {"id": f"r{number}", "n": number // 5})
    kw: Any = {"order": order, "sort": sort, "limit": 5}
    first = store.list("thing", **kw)
    for id in (first.ids[-1], first.ids[0]):
        store.delete("thing", id)
    beyond = "r20" if order == "newest" else "r-1"
    store.insert("thing", {"id": beyond, "n": 9 if order == "newest" else -1})
    second = store.list("thing", after=first.ids[-1], **kw)
    numbers = list(range(20)) if order == "oldest" else list(range(19, -1, -1))
    assert second.ids == [f"r{number}" for number in numbers[5:10]]
    assert store.list("thing", before=second.ids[0], **kw).ids[-3:] == [f"r{number}" for number in numbers[1:4]]


def test_has_more_tells_of_the_direction_walked(store: Store) -> None:
    for number in range(6):
        store.insert("thing", {"id": str(number)})
    assert store.list("thing", limit=6).has_more is False
    assert store.list("thing", limit=5).has_more is True
    assert store.list("thing", limit=2, after="2") == store.list("thing", limit=5, after="2")
    page = store.list("thing", limit=2, before="2")
    assert (page.ids, page.has_more) == (["4", "3"], True)
    assert store.list("thing", limit=2, before="3").has_more is False
    assert store.list("thing", limit=0) == ([], True, [])


@pytest.mark.parametrize("cursor", ["nothing", "", "\ud800", "x" * 5000])
def test_a_cursor_that_never_was(store: Store, cursor: str) -> None:
    store.insert("other", {"id": "nothing"})
    with pytest.raises(InvalidCursor):
        store.list("thing", after=cursor)
    with pytest.raises(InvalidCursor):
        store.list("thing", before=cursor, sort="n")


def test_parent_and_columns(store: Store) -> None:
    for number in range(6):
        parent = f"p{number % 2}"
        store.insert("thing", {"id": f"r{number}", "created": "x"}, parent=parent, created=number // 2)
    assert store.list("thing", parent="p0").ids == ["r4", "r2", "r0"]
    assert store.count("thing", parent="p1") == 3
    assert store.list("thing", [Filter("@parent", "=", "p0")], parent="p0").ids == ["r4", "r2", "r0"]
    assert store.list("thing", [Filter("@created", ">=", 1)], parent="p0").ids == ["r4", "r2"]
    assert store.list("thing", [Filter("@created", "<", 1)]).ids == ["r1", "r0"]
    assert store.list("thing", [Filter("created", "=", "x")], limit=1).ids == ["r5"]
    assert store.list("thing", [Filter("@id", "in", ["r1", "r3", "no"])]).ids == ["r3", "r1"]
    assert store.list("thing", [Filter("id", "prefix", "r5")]).ids == ["r5"]


@pytest.mark.parametrize(
    "key", ["plain", "a.b", 'quo"te', "back\\slash", "it's", "é", "", "0", "$", "[0]", "a b", "?", "\n", "%s", ";--"]
)
def test_names_of_any_kind(store: Store, key: str) -> None:
    store.insert("thing", {"id": "a", "metadata": {key: "v"}})
    store.insert("thing", {"id": "b", "metadata": {key + "x": "v"}})
    for _ in range(2):
        assert store.list("thing", [Filter(("metadata", key), "=", "v")]).ids == ["a"]
        assert store.list("thing", [Filter(("metadata", key), ">=", "v")], sort=("metadata", key)).ids == ["a"]


def test_resources_and_values_of_any_kind(store: Store) -> None:
    for name in ("it's", 'quo"te', "a:b", "a.b", "é"):
        store.insert(name, {"id": "x", "n": "v\"'", "list": [{"id": 1}]})
        assert store.list(name, [Filter("n", "=", "v\"'")]).ids == ["x"]
        assert store.list(name, [Filter(("list", 0, "id"), "=", 1)]).ids == ["x"]
        assert store.list(name, [Filter("list", "=", [{"id": 1}])]).ids == ["x"]
        assert store.list(name, [Filter("n", "=", "\ud800")]).ids == []
        assert store.list(name, [Filter("n", ">", 10**400)], sort="n").ids == []
        assert store.list(name, [Filter("n", ">", float("nan"))]).ids == []


def test_an_unknown_operator_is_refused(store: Store) -> None:
    store.insert("thing", {"id": "a"})
    with pytest.raises(StoreError, match="did you mean 'contains'"):
        store.list("thing", [Filter("a", "contain", 1)])  # type: ignore[arg-type]


def test_select_goes_on_while_records_are_written(store: Store) -> None:
    for number in range(450):
        store.insert("thing", {"id": str(number)})
    seen = []
    for record in store.select("thing", order="oldest"):
        seen.append(record["id"])
        store.delete("thing", record["id"])
    assert seen == [str(number) for number in range(450)]
    assert store.resources() == {}
