"""Search without regard to case, and the words kept for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from twinkit.store import Filter, Snapshot, Store, query


def found(store: Store, text: str, op: str = "words", field: str = "name") -> list[str]:
    return store.list("thing", [Filter(field, op, text)], order="oldest").ids  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("op", "text", "expected"),
    [
        ("words", "JENNY", ["a", "b"]),
        ("words", "rosen jenny", ["a"]),
        ("words", "jen", []),
        ("words", "strasse", ["c"]),
        ("words", "true", ["d"]),
        ("words", "7", ["e"]),
        ("words", "two", ["f"]),
        ("words", "  ", ["a", "b", "c", "d", "e", "f"]),
        ("holds", "y ROSE", ["a"]),
        ("holds", "ENN", ["a", "b"]),
        ("holds", "TRASS", ["c"]),
        ("holds", "rue", ["d"]),
        ("holds", "wo", ["f"]),
        ("starts", "JENN", ["a"]),
        ("starts", "tw", ["f"]),
        ("starts", "wo", []),
        ("ends", "Rosen", ["a"]),
        ("ends", "NE", ["f"]),
        ("ends", "tras", []),
    ],
)
def test_case_does_not_matter(store: Store, op: str, text: str, expected: list[str]) -> None:
    names = {"a": "Jenny Rosen", "b": " jenny\tmiller", "c": "Straße", "d": True, "e": 7, "f": ["One", "Two", None]}
    for id, name in names.items():
        store.insert("thing", {"id": id, "name": name})
    store.insert("thing", {"id": "g", "name": None})
    store.insert("thing", {"id": "h"})
    for _ in range(2):
        assert found(store, text, op) == expected


def test_words_follow_the_records(store: Store, tmp_path: Path) -> None:
    store.insert("thing", {"id": "a", "name": "old"})
    assert found(store, "old") == ["a"]
    store.insert("thing", {"id": "b", "name": "old new"})
    store.insert("other", {"id": "c", "name": "old"})
    assert found(store, "old") == ["a", "b"]
    store.update("thing", "a", name="new")
    assert (found(store, "old"), found(store, "new")) == (["b"], ["a", "b"])
    store.update("thing", "a", more=1)
    store.delete("thing", "b")
    assert (found(store, "old"), found(store, "new")) == ([], ["a"])
    store.insert("thing", {"id": "b", "name": "old"})
    assert found(store, "old") == ["b"]
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.update("thing", "a", name="old")
        assert found(store, "old") == ["a", "b"]
        raise ZeroDivisionError
    assert found(store, "old") == ["b"]
    fork = store.fork()
    fork.update("thing", "b", name="none")
    assert (found(fork, "old"), found(store, "old")) == ([], ["b"])
    fork.snapshot().save(tmp_path / "a.db")
    store.restore(Snapshot.load(tmp_path / "a.db"))
    assert found(store, "none") == ["b"]
    on_file = Store.open(tmp_path / "a.db", service="test")
    on_file.update("thing", "a", name="None")
    assert found(on_file, "none") == ["a", "b"]
    words = on_file._execute("SELECT word, count(*) FROM word GROUP BY word").fetchall()
    assert words == [("none", 2)]
    on_file.close()


def test_words_join_with_other_conditions_and_pages(store: Store) -> None:
    for number in range(60):
        name = "even Stephen" if number % 2 == 0 else "odd"
        store.insert("thing", {"id": str(number), "name": name, "n": number % 3}, parent="p", created=number)
    where = [Filter("name", "words", "EVEN"), Filter("n", "=", 0)]
    everything = [str(number) for number in range(0, 60, 6)]
    assert store.list("thing", where, order="oldest", limit=100).ids == everything
    first = store.list("thing", where, order="oldest", limit=4, parent="p")
    assert first.ids == everything[:4] and first.has_more
    assert store.list("thing", where, order="oldest", limit=4, parent="p", after=first.ids[-1]).ids == everything[4:8]
    assert store.count("thing", where) == store.count("thing", where, parent="p") == 10
    by_n = store.list("thing", where[:1], sort="n", limit=4)
    assert by_n.ids == ["56", "50", "44", "38"]
    assert store.list("thing", [*where, Filter("@created", ">", 50)]).ids == ["54"]
    assert store.list("thing", [Filter("name", "words", "odd"), Filter("name", "words", "even")]).ids == []


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resources of three records are large."""
    monkeypatch.setattr(query, "LARGE", 3)


def parts(store: Store) -> int:
    """How many indexes on parts of texts a store has."""
    found: int = store._execute("SELECT count(*) FROM sqlite_schema WHERE sql LIKE 'CREATE VIRTUAL%'").fetchone()[0]
    return found


@pytest.mark.usefixtures("small")
def test_parts_follow_the_records(store: Store, tmp_path: Path) -> None:
    for id, name in (("a", "Jenny Rosen"), ("b", "Ann Miller")):
        store.insert("thing", {"id": id, "name": name})
    assert (found(store, "rosen", "holds"), parts(store)) == (["a"], 0)
    store.insert("thing", {"id": "c", "name": ["Rosenberg", "x\0y"]})
    assert (found(store, "ROSEN", "holds"), parts(store)) == (["a", "c"], 1)
    store.insert("thing", {"id": "d", "name": "rosen"})
    store.insert("other", {"id": "e", "name": "rosen"})
    assert (found(store, "rosen", "ends"), found(store, "rosen", "starts")) == (["a", "d"], ["c", "d"])
    assert (found(store, "x\0y", "holds"), found(store, 'e"r', "holds"), parts(store)) == (["c"], [], 1)
    store.update("thing", "a", name="Jenny Smith")
    store.update("thing", "b", more=1)
    assert (found(store, "rosen", "holds"), found(store, "smith", "holds")) == (["c", "d"], ["a"])
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.insert("thing", {"id": "f", "name": "smithy"})
        assert found(store, "smith", "holds") == ["a", "f"]
        raise ZeroDivisionError
    assert found(store, "smith", "holds") == ["a"]
    fork = store.fork()
    fork.update("thing", "d", name="Goldsmith")
    assert (found(fork, "smith", "holds"), found(store, "smith", "holds")) == (["a", "d"], ["a"])
    fork.snapshot().save(tmp_path / "a.db")
    on_file = Store.open(tmp_path / "a.db", service="test")
    on_file.insert("thing", {"id": "g", "name": "smith"})
    assert (found(on_file, "smith", "holds"), parts(on_file)) == (["a", "d", "g"], 1)
    on_file.close()
    store.restore(Snapshot.load(tmp_path / "a.db"))
    assert found(store, "smith", "holds") == ["a", "d", "g"]


@pytest.mark.usefixtures("small")
def test_parts_of_the_newest_record_are_forgotten_when_its_number_is_free(store: Store) -> None:
    for id in "abc":
        store.insert("thing", {"id": id, "name": f"first {id}"})
    assert found(store, "first", "holds") == ["a", "b", "c"]
    store.delete("thing", "c")
    store.insert("thing", {"id": "c", "name": "second c"})
    assert (found(store, "first", "holds"), found(store, "second", "holds")) == (["a", "b"], ["c"])
    places = store._execute('SELECT rowid FROM "parts thing:json_extract(data, \'$.""name""\')" (\'"irs"\')')
    assert len(places.fetchall()) == 2
    store.delete("thing", "a")
    store.insert("thing", {"id": "a", "name": "second a"})
    assert (found(store, "first", "holds"), found(store, "second", "holds")) == (["b"], ["c", "a"])


@pytest.mark.usefixtures("small")
def test_a_small_state_that_is_restored_has_no_parts(store: Store) -> None:
    store.insert("thing", {"id": "a", "name": "rosen"})
    few = store.snapshot()
    for id in "bcd":
        store.insert("thing", {"id": id, "name": "rosenthal"})
    many = store.snapshot()
    assert found(store, "rosen", "holds") == ["a", "b", "c", "d"]
    store.restore(many)
    assert (parts(store), found(store, "thal", "ends")) == (1, ["b", "c", "d"])
    store.restore(few)
    assert (parts(store), found(store, "rosen", "holds")) == (0, ["a"])


@pytest.mark.usefixtures("small")
def test_one_of_several_searches(store: Store) -> None:
    for number in range(9):
        store.insert(
            "thing", {"id": str(number), "name": f"name {number}", "mail": [f"m{number}@example.com"], "n": number}
        )
    where = [
        Filter("name", "words", "3"), Filter("mail", "starts", "M5@"), Filter("mail", "holds", "x"),
        Filter("n", "=", 7), Filter("n", "in", [8, 1]), Filter("n", "in", []),
    ]  # fmt: skip

    def those(*at: int) -> list[str]:
        one = Filter("", "any", [where[each] for each in at])
        assert store.count("thing", [one]) == len(store.list("thing", [one], limit=99).ids)
        return store.list("thing", [one, Filter("n", ">", 1)], order="oldest", sort="n").ids

    assert those(0, 1, 3, 4, 5) == ["3", "5", "7", "8"]
    assert those(0, 2) == [str(number) for number in range(2, 9)]
    assert (those(5), those()) == ([], [])


@pytest.mark.usefixtures("small")
def test_without_full_text_tables_every_record_is_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "available", lambda: False)
    for id in "abcd":
        store.insert("thing", {"id": id, "name": f"rosen {id}"})
    assert (found(store, "sen a", "holds"), parts(store)) == (["a"], 0)
