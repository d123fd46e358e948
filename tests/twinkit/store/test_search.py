"""Search without regard to case, and the words kept for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from twinkit.store import Filter, Snapshot, Store


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
