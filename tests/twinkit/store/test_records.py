from __future__ import annotations

import pytest

from twinkit.errors import DuplicateRecord, RecordNotFound, StoreError
from twinkit.store import Change, Store


def test_a_record_goes_in_and_comes_back_as_a_copy(store: Store) -> None:
    data = {"id": "a", "tags": ["x"]}
    store.insert("thing", data)
    store.get("thing", "a")["tags"].append("y")
    data["tags"].append("z")  # type: ignore[attr-defined]
    assert store.get("thing", "a") == {"id": "a", "tags": ["x"]}
    assert store.raw("thing", "a") == b'{"id":"a","tags":["x"]}'


def test_an_id_is_unique_within_its_resource(store: Store) -> None:
    store.insert("thing", {"id": "a"})
    store.insert("other", {"id": "a"})
    with pytest.raises(DuplicateRecord):
        store.insert("thing", {"id": "a"})
    assert store.resources() == {"other": 1, "thing": 1}


def test_an_id_may_be_given_beside_the_data(store: Store) -> None:
    store.insert("thing", {"name": "n"}, id="key")
    assert store.get("thing", "key") == {"name": "n"}


def test_a_deleted_record_is_not_found_and_its_id_is_free_again(store: Store) -> None:
    store.insert("thing", {"id": "a"})
    store.delete("thing", "a")
    assert store.find("thing", "a") is None
    assert store.raw("thing", "a") is None
    assert store.was_deleted("thing", "a")
    with pytest.raises(RecordNotFound):
        store.get("thing", "a")
    with pytest.raises(RecordNotFound):
        store.update("thing", "a", n=1)
    with pytest.raises(RecordNotFound):
        store.delete("thing", "a")
    store.insert("thing", {"id": "a", "n": 2})
    assert store.get("thing", "a")["n"] == 2
    assert not store.was_deleted("thing", "a")
    assert store.count("thing") == 1


def test_update_merges_and_replace_does_not(store: Store) -> None:
    store.insert("thing", {"id": "a", "n": 1})
    assert store.update("thing", "a", m=2, resource="r") == {"id": "a", "n": 1, "m": 2, "resource": "r"}
    store.replace("thing", "a", {"id": "a"})
    assert store.get("thing", "a") == {"id": "a"}
    assert store.get("thing", "a") == {"id": "a"}


@pytest.mark.parametrize("id", ["", "nothing", "\ud800", "a\0b", "é", "x" * 10_000])
def test_an_id_that_names_nothing(store: Store, id: str) -> None:
    assert store.find("thing", id) is None
    assert not store.was_deleted("thing", id)
    with pytest.raises(RecordNotFound):
        store.delete("thing", id)


def test_a_transaction_that_raises_leaves_nothing(store: Store) -> None:
    store.insert("thing", {"id": "a", "n": 1})
    assert store.next("ids") == 0
    store.schedule(5, "first", {})
    store.take_changes()
    mark = store.mark()
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.insert("thing", {"id": "b"})
        store.update("thing", "a", n=2)
        store.delete("thing", "a")
        store.next("ids")
        store.schedule(1, "second", {})
        store.add_event("made", {}, id="evt", created=1)
        assert store.count("thing") == 1
        assert len(store.changes(mark)) == 3
        raise ZeroDivisionError
    assert store.get("thing", "a") == {"id": "a", "n": 1}
    assert store.resources() == {"thing": 1}
    assert store.next("ids") == 1
    timer = store.next_timer()
    assert timer is not None and timer.kind == "first"
    assert store.events() == []
    assert store.mark() == mark
    assert store.changes(mark) == store.take_changes() == []


def test_a_transaction_inside_another_joins_it(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction():
        with store.transaction():
            store.insert("thing", {"id": "a"})
        raise ZeroDivisionError
    assert store.find("thing", "a") is None
    with store.transaction(), store.transaction():
        store.insert("thing", {"id": "a"})
    assert store.find("thing", "a") is not None


def test_copies_are_refused_inside_a_transaction(store: Store) -> None:
    with store.transaction(), pytest.raises(StoreError, match="inside a transaction"):
        store.fork()


def test_changes_tell_what_was_and_what_is(store: Store) -> None:
    mark = store.mark()
    with store.transaction():
        store.insert("thing", {"id": "a", "n": 1})
        store.update("thing", "a", n=2)
        store.update("thing", "a", n=2)
    middle = store.mark()
    store.delete("thing", "a")
    store.insert("thing", {"id": "a"})
    one, two, new = b'{"id":"a","n":1}', b'{"id":"a","n":2}', b'{"id":"a"}'
    expected = [
        Change("thing", "a", "insert", None, one, mark + 1),
        Change("thing", "a", "update", one, two, mark + 2),
        Change("thing", "a", "delete", two, None, middle + 1),
        Change("thing", "a", "insert", None, new, middle + 2),
    ]
    assert store.changes(mark) == expected
    assert store.changes(middle) == expected[2:]
    assert store.take_changes() == expected
    assert store.take_changes() == []


def test_changes_can_be_taken_inside_the_transaction(store: Store) -> None:
    with store.transaction():
        store.insert("thing", {"id": "a"})
        assert [change.id for change in store.take_changes()] == ["a"]
        store.insert("thing", {"id": "b"})
    assert [change.id for change in store.take_changes()] == ["b"]
    assert [change.id for change in store.changes()] == ["a", "b"]


def test_only_the_newest_changes_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twinkit.store.changes.CHANGES_KEPT", 100)
    monkeypatch.setattr("twinkit.store.changes.TRIM_EVERY", 10)
    for number in range(205):
        store.insert("thing", {"id": str(number)})
    assert [change.id for change in store.changes()] == [str(number) for number in range(105, 205)]
    assert store._execute("SELECT count(*) FROM change").fetchone()[0] <= 110
    assert len(store.take_changes()) == 100


def test_what_was_read_lately_is_read_again_once_it_changed(store: Store) -> None:
    store.insert("thing", {"id": "a", "n": 1})
    assert store.get("thing", "a") == store.get("thing", "a") == {"id": "a", "n": 1}
    store.update("thing", "a", n=2)
    assert store.get("thing", "a")["n"] == 2
    with pytest.raises(StoreError), store.transaction():
        store.update("thing", "a", n=3)
        assert store.get("thing", "a")["n"] == 3
        raise StoreError("undone")
    assert store.get("thing", "a")["n"] == 2
    store.delete("thing", "a")
    assert store.find("thing", "a") is None


def test_few_records_that_were_read_are_kept_and_no_large_ones(store: Store) -> None:
    for number in range(100):
        store.insert("thing", {"id": str(number)})
        store.get("thing", str(number))
    assert 0 < len(store._read) <= 32
    store.insert("thing", {"id": "large", "text": "x" * 20_000})
    store.get("thing", "large")
    assert ("thing", "large") not in store._read
