"""Lists stay flat: every statement of a list walks an index, without a sort and without a scan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from twinkit.store import Filter, Store
from twinkit.store import query as query_module
from twinkit.store.records import SELECT, SELECT_SEQ

LISTS: list[tuple[str, dict[str, Any]]] = [
    ("all", {}),
    ("parent", {"parent": "p"}),
    ("equal", {"where": [Filter("email", "=", "e1")]}),
    ("null", {"where": [Filter("email", "=", None)]}),
    ("two equal", {"where": [Filter("email", "=", "e1"), Filter("nested.kind", "=", "k")]}),
    ("equal, parent", {"where": [Filter("email", "=", "e1")], "parent": "p"}),
    ("sorted", {"sort": "n"}),
    ("equal, sorted", {"where": [Filter("email", "=", "e1")], "sort": "n"}),
    ("created", {"where": [Filter("created", ">=", 3), Filter("created", "<", 3000)]}),
    ("between", {"where": [Filter("n", ">=", 1), Filter("n", "<", 6)], "sort": "n"}),
    ("equal, created", {"where": [Filter("email", "=", "e1"), Filter("created", ">", 3)]}),
    ("equal, @created", {"where": [Filter("email", "=", "e1"), Filter("@created", ">", 3)]}),
    ("range, sorted by it", {"where": [Filter("n", ">", 3)], "sort": "n"}),
    ("prefix, sorted by it", {"where": [Filter("email", "prefix", "e")], "sort": "email"}),
    ("without", {"where": [Filter("email", "without", "e1")]}),
    ("without, sorted", {"where": [Filter("email", "without", "e1"), Filter("n", ">", 3)], "sort": "n"}),
    ("equal, without", {"where": [Filter("n", "=", 3), Filter("email", "without", "e1")]}),
    ("residual", {"where": [Filter("email", "contains", "e"), Filter("n", "!=", 3)]}),
]


@pytest.fixture
def full(store: Store) -> Store:
    for number in range(40):
        data = {
            "id": f"r{number}",
            "email": f"e{number % 3}",
            "n": number % 7,
            "nested": {"kind": "k"},
            "created": number,
        }
        store.insert("thing", data, parent="p", created=number)
    return store


def plans(store: Store, **kw: Any) -> list[tuple[str, list[str]]]:
    """The statements that one list runs, each with its query plan."""
    statements: list[str] = []
    store.list("thing", limit=3, **kw)  # makes the indexes
    store._many.clear()
    store._connection.set_trace_callback(statements.append)
    store.list("thing", limit=3, **kw)
    store._connection.set_trace_callback(None)
    selects = [sql for sql in statements if sql.startswith("SELECT")]
    return [(sql, [row[3] for row in store._execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()]) for sql in selects]


def assert_walks(found: Sequence[tuple[str, list[str]]]) -> None:
    assert found
    for sql, steps in found:
        assert len(steps) == 1, (sql, steps)
        assert steps[0].startswith(("SEARCH record USING ", "SCAN record USING INDEX list:thing:")), (sql, steps)


@pytest.mark.parametrize("cursor", [{}, {"after": "r9"}, {"before": "r9"}])
@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("kw", [kw for _, kw in LISTS], ids=[name for name, _ in LISTS])
def test_a_list_walks_an_index(full: Store, kw: dict[str, Any], order: str, cursor: dict[str, str]) -> None:
    assert_walks(plans(full, order=order, **kw, **cursor))


def test_equality_and_order_reach_into_the_index(full: Store) -> None:
    [(_, steps)] = plans(full, where=[Filter("email", "=", "e1"), Filter("nested.kind", "=", "k")])
    assert steps[0].endswith("(<expr>=? AND <expr>=?)")
    tied, beyond = plans(full, where=[Filter("email", "=", "e1")], sort="n", after="r39")[1:]
    assert tied[1][0].endswith("(<expr>=? AND <expr>=? AND rowid<?)")
    assert beyond[1][0].endswith("(<expr>=? AND <expr><?)")
    [_, (_, steps)] = plans(full, after="r9")
    assert steps[0].endswith("(resource=? AND rowid<?)")


NARROW: list[Filter] = [Filter("n", ">", 5), Filter("n", "in", [1, 2]), Filter("email", "prefix", "e1")]


@pytest.mark.parametrize("where", NARROW, ids=lambda where: where.op)
def test_a_list_in_another_order_is_narrowed_while_few_match(
    full: Store, where: Filter, monkeypatch: pytest.MonkeyPatch
) -> None:
    [(_, steps)] = plans(full, where=[where])
    assert steps[0] == "SEARCH record USING INTEGER PRIMARY KEY (rowid=?)"
    assert any("list:thing:" in step and "<expr>" in step for step in steps[1:])
    monkeypatch.setattr(query_module, "FEW", 2)
    probe, walk = plans(full, where=[where])
    assert "LIMIT 3" in probe[0] and any("list:thing:" in step for step in probe[1])
    assert_walks([walk])


def test_what_matched_many_is_not_counted_again(full: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_module, "FEW", 2)
    monkeypatch.setattr(query_module, "MANY_KEPT", 3)
    statements: list[str] = []
    full._connection.set_trace_callback(lambda sql: statements.append(sql) if "count(*) FROM (" in sql else None)
    for number in (1, 2, 3, 1, 2, 3):
        assert full.list("thing", [Filter("n", ">", number)], limit=3).has_more
    assert len(statements) == 3
    full.list("thing", [Filter("n", ">", 4)], limit=3)
    assert len(statements) == 4 and len(full._many) == 1
    snapshot = full.snapshot()
    full.restore(snapshot)
    full.list("thing", [Filter("n", ">", 4)], limit=3)
    full._connection.set_trace_callback(None)
    assert len(statements) == 5


def test_a_search_for_words_reads_only_records_with_the_word(full: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    where = [Filter("email", "words", "E1")]
    [(_, steps)] = plans(full, where=where)
    assert any(step == "SEARCH word USING PRIMARY KEY (path=? AND word=?)" for step in steps)
    monkeypatch.setattr(query_module, "FEW", 5)
    probe, walk = plans(full, where=where)
    assert probe[1][-1] == "SCAN (subquery-1)" or "SEARCH word" in probe[1][0]
    assert_walks([walk])


def test_single_records_are_found_by_key(store: Store) -> None:
    for sql in (SELECT, SELECT_SEQ):
        steps = [row[3] for row in store._execute(f"EXPLAIN QUERY PLAN {sql}", ("thing", "a")).fetchall()]
        assert steps == ["SEARCH record USING INDEX sqlite_autoindex_record_1 (resource=? AND id=?)"]


def test_a_resource_has_a_bounded_number_of_indexes(full: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_module, "INDEXES_PER_RESOURCE", 3)
    for number in range(6):
        full.insert("other", {"id": str(number), f"f{number}": 1})
        assert full.list("other", [Filter(f"f{number}", "=", 1)]).ids == [str(number)]
        assert full.list("thing", [Filter(f"f{number}", "=", None)], limit=1).ids == ["r39"]
    names = [row[0] for row in full._execute("SELECT name FROM sqlite_schema WHERE name LIKE 'list:%'")]
    assert len(names) == 6


def test_an_index_made_in_a_transaction_goes_with_it(full: Store) -> None:
    where = [Filter("email", "=", "e1")]
    with pytest.raises(ZeroDivisionError), full.transaction():
        assert full.list("thing", where, limit=1).ids == ["r37"]
        raise ZeroDivisionError
    assert full.list("thing", where, limit=1).ids == ["r37"]


def test_a_page_reads_no_more_than_it_shows(full: Store) -> None:
    """Steps of SQLite's machine for a page of three do not grow with the number of records."""

    def steps(**kw: Any) -> int:
        count = 0

        def tick() -> int:
            nonlocal count
            count += 1
            return 0

        full.list("thing", limit=3, **kw)
        full._connection.set_progress_handler(tick, 1)
        full.list("thing", limit=3, **kw)
        full._connection.set_progress_handler(None, 1)
        return count

    cases = [kw for name, kw in LISTS if name != "residual"]
    before = [steps(**kw) for kw in cases]
    with full.transaction():
        for number in range(40, 4000):
            data = {
                "id": f"r{number}",
                "email": f"e{number % 3}",
                "n": number % 7,
                "nested": {"kind": "k"},
                "created": number,
            }
            full.insert("thing", data, parent="p", created=number)
    assert [steps(**kw) for kw in cases] == before
    deep = [steps(after="r2000", **kw) for kw in cases]
    assert max(one - other for one, other in zip(deep, before, strict=True)) < 150
