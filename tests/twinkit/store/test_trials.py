"""Trials: what is written and drawn in one is gone, what came before and comes after stays."""

from __future__ import annotations

import pytest

from twinkit.errors import StoreError
from twinkit.store import Filter, Store


def test_nothing_of_a_trial_stays() -> None:
    store = Store.memory()
    with store.transaction():
        store.insert("thing", {"id": "a", "size": 1})
        first = store.next("ids")
        with store.trial():
            store.insert("thing", {"id": "b", "size": 2})
            store.update("thing", "a", size=9)
            store.schedule(5, "kind", {})
            assert store.next("ids") == first + 1
            assert len(list(store.select("thing", [Filter("size", ">", 1)]))) == 2
            with store.trial():
                store.delete("thing", "a")
            assert store.get("thing", "a")["size"] == 9
        assert store.next("ids") == first + 1
        store.insert("thing", {"id": "c", "size": 3})
    assert store.resources() == {"thing": 2}
    assert [record["id"] for record in store.select("thing")] == ["c", "a"]
    assert store.get("thing", "a")["size"] == 1
    assert [(change.id, change.action) for change in store.changes()] == [("a", "insert"), ("c", "insert")]
    assert store.timers() == []


def test_a_trial_that_fails_is_undone_alone() -> None:
    store = Store.memory()
    with store.transaction():
        store.insert("thing", {"id": "a"})
        with pytest.raises(ValueError), store.trial():
            store.insert("thing", {"id": "b"})
            raise ValueError
    assert store.resources() == {"thing": 1}


def test_a_trial_needs_a_transaction() -> None:
    with pytest.raises(StoreError, match="a trial needs a transaction"), Store.memory().trial():
        pass
