"""The store against a plain model of dicts, over random histories with transactions, restores and reopenings."""

from __future__ import annotations

import copy
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import orjson
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from twinkit.errors import DuplicateRecord, RecordNotFound
from twinkit.store import Filter, Snapshot, Store, core, query

RESOURCES = st.sampled_from(["thing", "other"])
IDS = st.sampled_from(["a", "b", "c", "d", "e"])
GROUPS = st.sampled_from([None, "xaa", "yaa", 1, ["aé", "Xaa"]])
OPS = ["words", "holds", "starts", "ends"]


@dataclass
class Model:
    """What the store must hold. `rows` keeps the order of insertion; a deleted row stays until its id comes again."""

    rows: dict[tuple[str, str], dict[str, Any] | None] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    timers: dict[int, int] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    changes: list[tuple[str, str, str, Any, Any]] = field(default_factory=list)

    def live(self, resource: str) -> list[dict[str, Any]]:
        return [row for (name, _), row in self.rows.items() if name == resource and row is not None]


class StoreMachine(RuleBasedStateMachine):
    """Rules are calls of the store; each is done to the model too."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.path = Path(self.directory.name) / "a.db"
        self.on_file = False
        self.store = Store.memory(service="s")
        self.model = Model()
        self.exchanges = 0
        self.before: Model | None = None  # set while a transaction is under way
        self.kept: tuple[Snapshot, Model] | None = None
        self.patches = [patch.object(query, "LARGE", 2)]
        self.patches[0].start()

    def teardown(self) -> None:
        for each in self.patches:
            each.stop()
        self.store.close()
        self.directory.cleanup()

    @rule(resource=RESOURCES, id=IDS, group=GROUPS)
    def insert(self, resource: str, id: str, group: Any) -> None:
        data = {"id": id, "group": group, "more": 1}
        if self.model.rows.get((resource, id)) is not None:
            with pytest.raises(DuplicateRecord):
                self.store.insert(resource, data)
            return
        self.store.insert(resource, data)
        self.model.rows.pop((resource, id), None)
        self.model.rows[resource, id] = data
        self.model.changes.append((resource, id, "insert", None, data))

    @rule(resource=RESOURCES, id=IDS, group=GROUPS, whole=st.booleans())
    def update(self, resource: str, id: str, group: Any, whole: bool) -> None:
        row = self.model.rows.get((resource, id))
        if row is None:
            with pytest.raises(RecordNotFound):
                self.store.update(resource, id, group=group)
            return
        after = {"id": id, "group": group} if whole else {**row, "group": group}
        if whole:
            self.store.replace(resource, id, after)
        else:
            assert self.store.update(resource, id, group=group) == after
        assert self.store.get(resource, id) == after
        self.model.rows[resource, id] = after
        if orjson.dumps(after) != orjson.dumps(row):
            self.model.changes.append((resource, id, "update", row, after))

    @rule(resource=RESOURCES, id=IDS)
    def delete(self, resource: str, id: str) -> None:
        row = self.model.rows.get((resource, id))
        if row is None:
            with pytest.raises(RecordNotFound):
                self.store.delete(resource, id)
            return
        self.store.delete(resource, id)
        self.model.rows[resource, id] = None
        self.model.changes.append((resource, id, "delete", row, None))

    @rule(name=st.sampled_from(["one", "two"]))
    def draw(self, name: str) -> None:
        position = self.model.counters.get(name, 0)
        assert self.store.next(name) == position
        self.model.counters[name] = position + 1

    @rule(due=st.integers(0, 9))
    def schedule(self, due: int) -> None:
        self.model.timers[self.store.schedule(due, "kind", {})] = due

    @precondition(lambda self: self.model.timers)
    @rule()
    def run_timer(self) -> None:
        timer = self.store.next_timer()
        assert timer is not None
        assert (timer.due, timer.seq) == min((due, seq) for seq, due in self.model.timers.items())
        assert self.store.pop_timer(timer.seq)
        del self.model.timers[timer.seq]

    @rule(id=IDS)
    def add_event(self, id: str) -> None:
        self.store.add_event("made", {}, id=id, created=1)
        self.model.events.append(id)

    @rule(n=st.integers(0, 9))
    def tell_of_a_new_record(self, n: int) -> None:
        """Inside a transaction or in one of its own: a record, and an event about it that is a record too."""
        number = len(self.model.changes)
        row, event_id = {"id": f"about{number}", "n": n}, f"event{number}"
        event = {"id": event_id, "data": {"object": row}}
        with self.store.transaction():
            self.store.insert("about", row)
            self.store.add_event("made", event, id=event_id, created=1, resource="told")
        for resource, made in (("about", row), ("told", event)):
            self.model.rows[resource, str(made["id"])] = made
            self.model.changes.append((resource, str(made["id"]), "insert", None, made))
        self.model.events.append(event_id)

    @rule()
    def log_an_exchange(self) -> None:
        fields: dict[str, Any] = {"operation": "op", "method": "GET", "path": "/", "query": "", "status": 200}
        self.store.record_exchange(at=self.exchanges, **fields, request=b"", reply=b"")
        self.exchanges += 1

    @precondition(lambda self: self.before is None)
    @rule()
    def begin(self) -> None:
        self.before = copy.deepcopy(self.model)
        self.store.transaction().__enter__()

    @precondition(lambda self: self.before is not None)
    @rule(good=st.booleans())
    def end(self, good: bool) -> None:
        error = None if good else ZeroDivisionError()
        self.store.transaction().__exit__(error and ZeroDivisionError, error, None)
        if not good and self.before is not None:
            self.model = self.before
        self.before = None

    @precondition(lambda self: self.before is None)
    @rule()
    def keep(self) -> None:
        self.kept = (self.store.snapshot(), copy.deepcopy(self.model))

    @precondition(lambda self: self.before is None and self.kept is not None)
    @rule()
    def restore(self) -> None:
        assert self.kept is not None
        snapshot, model = self.kept
        self.store.restore(snapshot)
        self.model = copy.deepcopy(model)

    @precondition(lambda self: self.before is None)
    @rule()
    def go_on_in_a_fork(self) -> None:
        fork = self.store.fork()
        self.store.close()
        self.store, self.on_file = fork, False

    @precondition(lambda self: self.before is None)
    @rule()
    def go_on_in_a_file(self) -> None:
        if not self.on_file:
            self.path.unlink(missing_ok=True)
            self.store.snapshot().save(self.path)
        self.store.close()
        self.store, self.on_file = Store.open(self.path, service="s"), True

    @rule(group=GROUPS, oldest=st.booleans(), by_id=st.booleans())
    def lists(self, group: Any, oldest: bool, by_id: bool) -> None:
        ids = [id for (name, id), row in self.model.rows.items() if name == "thing" and row and row["group"] == group]
        if by_id:
            ids.sort()
        where, order = [Filter("group", "=", group)], "oldest" if oldest else "newest"
        page = self.store.list("thing", where, order=order, sort="id" if by_id else None, limit=9)  # type: ignore[arg-type]
        assert page.ids == (ids if oldest else ids[::-1])
        assert self.store.count("thing", where) == len(ids)

    @rule(text=st.sampled_from(["xaa", "YAA", "1", "AÉ", "aa", "x"]), op=st.sampled_from(OPS))
    def searches(self, text: str, op: str) -> None:
        fits = {"words": str.__eq__, "holds": str.__contains__, "starts": str.startswith, "ends": str.endswith}[op]
        rows = [(id, row["group"]) for (name, id), row in self.model.rows.items() if name == "thing" and row]
        groups = [(id, group if isinstance(group, list) else [group]) for id, group in rows if group is not None]
        wanted = [id for id, group in groups if any(fits(str(one).lower(), text.lower()) for one in group)]
        assert self.store.list("thing", [Filter("group", op, text)], order="oldest").ids == wanted  # type: ignore[arg-type]

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        for resource in ("thing", "other"):
            rows = self.model.live(resource)
            assert list(self.store.select(resource, order="oldest")) == rows
            assert self.store.count(resource) == self.store.resources().get(resource, 0) == len(rows)
        for (resource, id), row in self.model.rows.items():
            assert self.store.find(resource, id) == row
            assert self.store.was_deleted(resource, id) == (row is None)
        assert [event.id for event in self.store.events()] == self.model.events
        assert {timer.seq: timer.due for timer in self.store.timers()} == self.model.timers
        earliest = self.store.next_timer()
        assert (earliest and earliest.due) == min(self.model.timers.values(), default=None)

    @invariant()
    def tells_what_changed(self) -> None:
        found = [
            (
                one.resource,
                one.id,
                one.action,
                one.before and orjson.loads(one.before),
                one.after and orjson.loads(one.after),
            )
            for one in self.store.changes()
        ]
        assert found == self.model.changes


class LargeStoreMachine(StoreMachine):
    """The same with the transactions of a large store, which are savepoints."""

    def __init__(self) -> None:
        super().__init__()
        for name, value in (("MANY_PAGES", 0), ("COMMIT_EVERY", 3), ("MEASURE_EVERY", 1)):
            self.patches.append(patch.object(core, name, value))
            self.patches[-1].start()


SETTINGS = settings(max_examples=40, stateful_step_count=40, deadline=None)
StoreMachine.TestCase.settings = LargeStoreMachine.TestCase.settings = SETTINGS
TestStore = StoreMachine.TestCase
TestLargeStore = LargeStoreMachine.TestCase
