"""Snapshots, restores and forks."""

from __future__ import annotations

from pathlib import Path

import pytest

from twinkit.errors import InvalidCursor, StoreError, UsageError
from twinkit.store import Filter, Snapshot, Store


def everything(store: Store) -> object:
    """All that a copy must keep."""
    store._save()
    tables = ("record", "event", "delivery", "exchange", "idempotency", "timer", "counter", "change", "meta")
    return {table: store._execute(f"SELECT * FROM {table}").fetchall() for table in tables}


def fill(store: Store) -> None:
    with store.transaction():
        for number in range(30):
            store.insert("thing", {"id": str(number), "email": f"e{number % 3}"}, parent="p", created=number)
        store.delete("thing", "3")
        store.next("ids")
        store.schedule(7, "kind", {"a": 1})
        event = store.add_event("thing.created", {"id": "evt"}, id="evt", created=1)
        store.add_delivery(event, "hook", due=5)
        store.remember("key", "print", 200, {"a": "b"}, b"{}", 10)
    store.record_exchange(at=1, operation="op", method="GET", path="/", query="", status=200, request=b"", reply=b"{}")


def change(store: Store) -> None:
    store.insert("thing", {"id": "more"})
    store.update("thing", "1", email="new")
    store.delete("thing", "2")
    store.next("ids")
    timer = store.next_timer()
    assert timer is not None
    store.pop_timer(timer.seq)
    store.forget_expired(100)
    store.list("thing", [Filter("email", "=", "new")])


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_restore_brings_everything_back(tmp_path: Path, kind: str) -> None:
    store = Store.memory(service="s") if kind == "memory" else Store.open(tmp_path / "a.db", service="s")
    fill(store)
    before = everything(store)
    snapshot = store.snapshot()
    for _ in range(3):
        change(store)
        assert everything(store) != before
        store.restore(snapshot)
        assert everything(store) == before
        assert store.next("ids") == 1
        assert store.resources() == {"thing": 29}
        timer = store.next_timer()
        assert timer is not None and timer.data == {"a": 1}
        assert store.list("thing", [Filter("email", "=", "e1")], limit=1).ids == ["28"]
        assert store.take_changes() == []
    snapshot.close()
    store.close()
    if kind == "file":
        again = Store.open(tmp_path / "a.db", service="s")
        assert again.resources() == {"thing": 29}
        assert again.next("ids") == 2
        again.close()


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_a_fork_goes_its_own_way(tmp_path: Path, kind: str) -> None:
    store = Store.memory(service="s") if kind == "memory" else Store.open(tmp_path / "a.db", service="s")
    fill(store)
    store.list("thing", [Filter("email", "=", "e1")])
    before = everything(store)
    fork = store.fork()
    assert everything(fork) == before
    change(fork)
    assert everything(store) == before
    store.close()
    assert fork.list("thing", [Filter("email", "=", "new")]).ids == ["1"]
    deeper = fork.fork()
    fork.close()
    assert deeper.get("thing", "1")["email"] == "new"
    deeper.close()


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_a_saved_snapshot_is_a_snapshot_and_a_store_file(tmp_path: Path, kind: str) -> None:
    store = Store.memory(service="s") if kind == "memory" else Store.open(tmp_path / "a.db", service="s")
    fill(store)
    before = everything(store)
    path = tmp_path / "saved"
    store.snapshot().save(path)
    change(store)
    store.restore(Snapshot.load(path))
    assert everything(store) == before
    store.close()
    with_file = Store.open(path, service="s")
    assert everything(with_file) == before
    with_file.close()
    assert sorted(each.name for each in tmp_path.iterdir() if "part" in each.name) == []


def test_a_snapshot_serves_many_stores(store: Store) -> None:
    fill(store)
    snapshot = store.snapshot()
    others = [Store.memory(service="test") for _ in range(3)]
    for number, other in enumerate(others):
        other.restore(snapshot)
        other.insert("own", {"id": str(number)})
    snapshot.close()
    for number, other in enumerate(others):
        assert other.list("own").ids == [str(number)]
        assert other.count("thing") == 29
        other.close()


def test_a_restore_between_two_reads_of_a_walk_is_safe(store: Store) -> None:
    for number in range(450):
        store.insert("thing", {"id": str(number)})
    empty = Store.memory(service="test").snapshot()
    walk = store.select("thing", order="oldest")
    assert next(walk) == {"id": "0"}
    store.restore(empty)
    with pytest.raises(InvalidCursor):
        list(walk)
    assert store.resources() == {}


def test_a_snapshot_of_another_service_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="'other'"):
        store.restore(Store.memory(service="other").snapshot())


def test_what_is_no_snapshot_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no file"):
        Snapshot.load(tmp_path / "nothing")
    text = tmp_path / "text"
    text.write_text("not a database, but long enough to look at" * 50)
    with pytest.raises(UsageError, match="not a store file"):
        Snapshot.load(text)
    with pytest.raises(UsageError, match="cannot write"):
        Store.memory().snapshot().save(tmp_path / "missing" / "file")


def test_indexes_are_made_once_for_many_restores(store: Store) -> None:
    fill(store)
    snapshot = store.snapshot()
    store.list("thing", [Filter("email", "=", "e1")])
    made: list[str] = []
    store._connection.set_trace_callback(lambda sql: made.append(sql) if sql.startswith("CREATE INDEX") else None)
    for _ in range(3):
        store.restore(snapshot)
        store.list("thing", [Filter("email", "=", "e1")])
    assert made == []


def test_two_hundred_stores_in_one_process() -> None:
    base = Store.memory(service="test")
    fill(base)
    forks = [base.fork() for _ in range(200)]
    for number, fork in enumerate(forks):
        fork.insert("own", {"id": "x", "n": number})
    assert [fork.get("own", "x")["n"] for fork in forks] == list(range(200))
    assert base.find("own", "x") is None
    for fork in forks:
        fork.close()
