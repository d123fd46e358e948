"""Events, deliveries, idempotency, exchanges, timers, meta."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from twinkit.errors import StoreError
from twinkit.store import Filter, Store
from twinkit.store.changes import CHANGES_KEPT, TRIM_EVERY
from twinkit.store.exchanges import LARGE


def test_events_are_numbered_and_read_in_order(store: Store) -> None:
    numbers = [store.add_event("thing.made", {"id": f"evt_{n}", "n": n}, id=f"evt_{n}", created=n) for n in range(5)]
    assert numbers == sorted(numbers)
    assert [event.data["n"] for event in store.events(after=numbers[1], limit=2)] == [2, 3]
    found = store.find_event("evt_4")
    assert found is not None and found == store.event(numbers[4])
    assert (found.type, found.created, found.raw) == ("thing.made", 4, b'{"id":"evt_4","n":4}')
    assert store.event(99) is None and store.find_event("evt_9") is None


def test_an_event_kept_as_a_record_is_stored_once_and_follows_it(store: Store) -> None:
    number = store.add_event("thing.made", {"id": "evt", "n": 1}, id="evt", created=7, resource="event")
    assert store.get("event", "evt") == {"id": "evt", "n": 1}
    event = store.event(number)
    assert event is not None and event.data == {"id": "evt", "n": 1}
    store.update("event", "evt", n=2)
    store.delete("event", "evt")
    assert [event.data["n"] for event in store.events()] == [2]


def told_of(store: Store, n: int) -> dict[str, Any]:
    """An event about a thing that is written in the same transaction."""
    thing = {"id": f"thing_{n}", "n": n}
    event = {"id": f"evt_{n}", "data": {"object": thing, "previous": {"x": None}}, "last": True}
    with store.transaction():
        store.insert("thing", thing)
        store.add_event("thing.made", event, id=f"evt_{n}", created=n, resource="event")
    return event


def test_an_event_tells_of_its_record_as_it_was_then(store: Store) -> None:
    told = [told_of(store, n) for n in range(3)]
    store.update("thing", "thing_0", n=7)
    store.delete("thing", "thing_1")
    assert store.resources() == {"event": 3, "thing": 2}
    assert [store.get("event", event["id"]) for event in told] == told
    assert [event.data for event in store.events()] == told
    assert list(store.find("event", "evt_0") or ()) == ["id", "data", "last"]


READS: dict[str, Callable[[Store], Any]] = {
    "list": lambda store: store.list("event").ids == ["evt_1", "evt_0"],
    "count": lambda store: store.count("event", [Filter("id", "=", "evt_1")]) == 1,
    "update": lambda store: store.update("event", "evt_0", seen=True)["data"]["object"]["n"] == 0,
    "delete": lambda store: store.delete("event", "evt_0") is None and store.was_deleted("event", "evt_0"),
    "changes": lambda store: [change.after is not None for change in store.changes()] == [True] * 4,
    "fork": lambda store: store.fork().get("event", "evt_1")["last"],
    "insert": lambda store: store.insert("event", {"id": "own"}) is None and store.count("event") == 3,
    "cursor": lambda store: store.list("event", after="evt_1").ids == ["evt_0"],
}


@pytest.mark.parametrize("read", READS)
def test_events_that_wait_are_there_for_whoever_reads(store: Store, read: str) -> None:
    for n in range(2):
        told_of(store, n)
    assert READS[read](store)


def test_events_that_were_read_in_a_transaction_that_failed_are_there_afterwards(store: Store) -> None:
    told = told_of(store, 0)
    with pytest.raises(KeyError), store.transaction():
        assert store.get("event", "evt_0") == told
        told_of(store, 1)
        raise KeyError
    assert store.list("event").ids == ["evt_0"] and store.resources() == {"event": 1, "thing": 1}
    with store.transaction(), store.trial():
        assert store.get("event", "evt_0") == told
        told_of(store, 2)
    assert store.resources() == {"event": 1, "thing": 1} and store.get("event", "evt_0") == told
    assert store.list("event").ids == ["evt_0"]


def test_events_outlive_the_changes_they_tell_of(store: Store) -> None:
    told = told_of(store, 0)
    store.insert("other", {"id": "other", "n": 0})
    with store.transaction():
        for n in range(CHANGES_KEPT + 2 * TRIM_EVERY):
            store.update("other", "other", n=n + 1)
    store.update("thing", "thing_0", n=9)
    assert store.get("event", "evt_0") == told


def test_of_two_events_with_one_id_the_first_stays(store: Store) -> None:
    for n in range(2):
        store.add_event("thing.made", {"id": "evt", "n": n}, id="evt", created=n, resource="event")
    assert store.get("event", "evt")["n"] == 0 and store.resources() == {"event": 1}


def test_deliveries(store: Store) -> None:
    event = store.add_event("thing.made", {}, id="evt", created=0)
    late = store.add_delivery(event, "hook", due=30, url="http://a", data={"secret": "s"})
    soon = store.add_delivery(event, "other", due=10, request_headers={"A": "b"}, request_body=b"{}")
    assert store.next_delivery() == 10
    assert [row.seq for row in store.due_deliveries(30)] == [soon, late]
    assert [row.seq for row in store.due_deliveries(30, besides=["other"])] == [late]
    assert store.due_deliveries(9) == []
    store.update_delivery(soon, status="sent", response_status=200, response_body=b"ok", data={"again": 1})
    row = store.delivery(soon)
    assert row is not None
    assert (row.status, row.response_status, row.response_body, row.data) == ("sent", 200, b"ok", {"again": 1})
    assert (row.request_headers, row.request_body, row.attempt, row.error) == ({"A": "b"}, b"{}", 1, "")
    assert [row.seq for row in store.deliveries(status="pending")] == [late]
    assert [row.seq for row in store.deliveries(event=event, receiver="other")] == [soon]
    assert [row.seq for row in store.deliveries(after=late)] == [soon]
    with pytest.raises(StoreError, match="did you mean 'status'"):
        store.update_delivery(soon, statu="sent")
    store.update_delivery(late, status="failed")
    assert store.next_delivery() is None
    assert store.delivery(99) is None


def test_a_reply_is_remembered_until_it_expires(store: Store) -> None:
    store.remember("key", "print", 200, {"a": "b"}, b"body", 100)
    store.remember("key", "print", 201, {"a": "c"}, b"body", 100)
    store.remember("later", "print", 200, {}, b"", 200)
    found = store.recall("key")
    assert found is not None
    assert (found.fingerprint, found.status, found.headers, found.body) == ("print", 201, {"a": "c"}, b"body")
    store.forget_expired(99)
    assert store.recall("key") is not None
    store.forget_expired(100)
    assert store.recall("key") is None
    assert store.recall("later") is not None


def record(store: Store, **fields: Any) -> None:
    plain: dict[str, Any] = {"at": 1, "operation": "op", "method": "GET", "path": "/", "query": "a=b", "status": 200}
    store.record_exchange(**{**plain, "request": b"", "reply": b"{}", **fields})


@pytest.mark.parametrize("size", [LARGE - 1, LARGE, LARGE + 1, 3 * LARGE])
def test_replies_of_any_size_are_kept_as_they_were(store: Store, size: int) -> None:
    with pytest.raises(KeyError), store.transaction():
        record(store, reply=b"a" * size)
        raise KeyError
    record(store, reply=b"b" * size)
    assert [exchange.reply for exchange in store.exchanges()] == [b"a" * size, b"b" * size]
    record(store, reply=b"c" * size)
    assert [exchange.reply for exchange in store.fork().exchanges(after=2)] == [b"c" * size]


def test_exchanges_are_numbered_and_tell_what_changed(store: Store) -> None:
    store.insert("thing", {"id": "a"})
    record(store, changes=store.take_changes(), fault="late", principal="key", micros=7)
    record(store, operation="other", changes=[("thing", "a", "update")])
    first, second = store.exchanges()
    assert first.changes == [["thing", "a", "insert"]] and second.changes == [["thing", "a", "update"]]
    assert (first.fault, first.principal, first.micros, first.query) == ("late", "key", 7, "a=b")
    assert store.exchanges(after=first.seq) == store.exchanges(operation="other") == [second]
    assert store.exchanges(limit=1) == [first] and store.exchange(second.seq) == second
    assert store.exchange(99) is None


def test_exchanges_logged_inside_transactions_are_written_by_their_commits(store: Store) -> None:
    for number in range(20):
        with store.transaction():
            store.insert("thing", {"id": str(number)})
            record(store, at=2 * number)
            record(store, at=2 * number + 1)
    assert [one.at for one in store.exchanges()] == list(range(40))


def test_a_reply_that_is_a_record_is_kept_once_and_read_as_it_was(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twinkit.store.changes.CHANGES_KEPT", 5)
    monkeypatch.setattr("twinkit.store.changes.TRIM_EVERY", 1)
    replies = []

    def call(write: Callable[[], object]) -> None:
        with store.transaction():
            write()
            reply = store.raw("thing", "a") or b"gone"
            record(store, reply=reply, changes=store.take_changes())
        replies.append(reply)

    call(lambda: store.insert("thing", {"id": "a", "n": 0}))
    for number in range(1, 8):
        call(lambda: store.update("thing", "a", n=number))  # noqa: B023
    call(lambda: store.update("thing", "a", n=7))
    call(lambda: store.delete("thing", "a"))
    call(lambda: store.insert("thing", {"id": "a", "n": 100}))
    call(lambda: store.delete("thing", "a"))
    assert [one.reply for one in store.exchanges()] == replies
    assert [one.reply for one in store.exchanges(after=4)] == replies[4:]
    kept = store._execute("SELECT count(*) FROM exchange WHERE reply IS NOT NULL").fetchone()[0]
    assert kept == 3
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.insert("thing", {"id": "a", "n": 200})
        record(store, reply=b'{"id":"a","n":200}', changes=store.take_changes())
        raise ZeroDivisionError
    store.insert("thing", {"id": "a", "n": 300})
    assert store.exchanges()[-1].reply == b'{"id":"a","n":200}'
    fork = store.fork()
    assert fork.exchanges() == store.exchanges()


def test_exchanges_outlive_a_rollback(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction():
        record(store)
        raise ZeroDivisionError
    assert len(store.exchanges()) == 1


@pytest.mark.parametrize("kept", [100, 37])
def test_only_the_newest_exchanges_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch, kept: int) -> None:
    monkeypatch.setattr("twinkit.store.exchanges.EXCHANGES_KEPT", kept)
    monkeypatch.setattr("twinkit.store.exchanges.TRIM_EVERY", 10)
    for number in range(500):
        record(store, at=number)
    assert [one.at for one in store.exchanges(limit=1000)] == list(range(500 - kept, 500))
    assert store._execute("SELECT count(*) FROM exchange").fetchone()[0] < kept + 100


def test_bodies_are_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twinkit.store.exchanges.BODY_KEPT", 100)
    monkeypatch.setattr("twinkit.store.exchanges.BYTES_KEPT", 2_000)
    for _ in range(300):
        record(store, reply=b"x" * 1000)
    found = store.exchanges(limit=1000)
    assert len(found[-1].reply) == 100
    assert sum(len(one.reply) for one in found) < 20_000


def test_timers_come_by_due_time_then_by_age(store: Store) -> None:
    assert store.next_timer() is None
    seqs = [store.schedule(due, kind, {"due": due}) for due, kind in ((5, "a"), (3, "b"), (3, "c"), (9, "d"))]
    assert [timer.kind for timer in store.timers()] == ["b", "c", "a", "d"]
    assert [timer.due for timer in store.timers(kind="a")] == [5]
    order = []
    while timer := store.next_timer():
        order.append(timer.kind)
        assert store.pop_timer(timer.seq) and not store.cancel_timer(timer.seq)
    assert order == ["b", "c", "a", "d"]
    assert store.schedule(1, "e", {}) not in seqs


def test_meta_keeps_texts(store: Store) -> None:
    assert store.meta("clock") is None
    store.set_meta("clock", "a")
    store.set_meta("clock", "b")
    assert store.meta("clock") == "b"
    assert store.meta("service") == "test"
