"""Events and their deliveries: the outbox. Imports: records, late.

An event belongs to the transaction that caused it; a delivery is one attempt to send it to one receiver. Few events
are ever read: in memory they wait, and what one tells of a record just written is looked up in the changes when the
event is put into its table.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from marshal import dumps, loads
from typing import Any, NamedTuple

import orjson

from twinkit.errors import StoreError, nearest
from twinkit.store.late import Late, Row, compact
from twinkit.store.records import Records

KEPT = "(SELECT data FROM record WHERE record.resource = event.resource AND record.id = event.id)"
EVENT = f"SELECT seq, id, type, created, CAST(coalesce(data, {KEPT}) AS BLOB) FROM event"
DELIVERY_FIELDS = (
    "event",
    "receiver",
    "attempt",
    "due",
    "status",
    "url",
    "request_headers",
    "request_body",
    "response_status",
    "response_body",
    "error",
    "data",
)
DELIVERY = f"SELECT seq, {', '.join(DELIVERY_FIELDS)} FROM delivery"
ADD_DELIVERY = f"INSERT INTO delivery ({', '.join(DELIVERY_FIELDS)}) VALUES ({', '.join('?' for _ in DELIVERY_FIELDS)})"
OBJECTS = ("request_headers", "data")


LATELY = 4
"""How many objects that events tell of are kept at hand."""
KEEP = "INSERT OR IGNORE INTO record (resource, id, parent, created, deleted, data) VALUES (?, ?, '', ?, 0, ?)"


class Waiting(NamedTuple):
    """An event that is not in its table yet; packed into one piece of memory, but for its number."""

    number: int
    id: str
    type: str
    created: int
    resource: str
    json: bytes
    made: int | None
    """The change that made the object it tells of, which the JSON leaves out."""


class Event(NamedTuple):
    """One stored event; `raw` is its JSON as the service shows it, `created` in the unit the twin uses."""

    seq: int
    id: str
    type: str
    created: int
    raw: bytes

    @property
    def data(self) -> dict[str, Any]:
        """A parsed copy of `raw`."""
        copy: dict[str, Any] = orjson.loads(self.raw)
        return copy


class Delivery(NamedTuple):
    """One attempt to send the event with number `event`; `due` in microseconds; `data` is the sender's own."""

    seq: int
    event: int
    receiver: str
    attempt: int
    due: int
    status: str
    url: str
    request_headers: dict[str, str]
    request_body: bytes
    response_status: int | None
    response_body: bytes
    error: str
    data: dict[str, Any]


class Events(Records):
    """Part of `Store`: events and deliveries."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._lately: dict[int, bytes] = {}
        """What the newest events tell of, by change: for who reads an event as soon as it is there."""

    def add_event(self, type: str, data: dict[str, Any], *, id: str, created: int, resource: str = "") -> int:
        """Store an event and return its number.

        With `resource` it is stored as a record of that resource, for services that let their events be read, and
        only once. Its id has to be new there: of two events with the same one the first stays.
        """
        if not self._depth:
            with self._transaction:
                return self.add_event(type, data, id=id, created=created, resource=resource)
        self._stirred = True
        if not resource:
            return self._event_rows.add(compact(dumps((id, type, created, "", orjson.dumps(data), None))))
        self._note(resource, id, "insert", None, None)
        self._unread.add(resource)
        if self._live is not None:
            self._live[resource] = self._live.get(resource, 0) + 1
        return self._event_rows.add(compact(dumps((id, type, created, resource, *self._short(data)))))

    def _short(self, data: dict[str, Any]) -> tuple[bytes, int | None]:
        """(JSON, change) of an event: what the change made is the object it tells of, and left out."""
        inner = data.get("data")
        if isinstance(inner, dict) and type(inner.get("object")) is dict and self._in_memory:
            told = orjson.dumps(inner["object"])
            made = next((change.seq for change in self._pending if change.after == told), None)
            if made is not None:
                self._lately[made] = compact(told)
                if len(self._lately) > LATELY:
                    del self._lately[next(iter(self._lately))]
                return orjson.dumps({**data, "data": {**inner, "object": None}}), made
        return orjson.dumps(data), None

    def _write_late(self, rows: Late) -> None:
        if rows is not self._event_rows:
            super()._write_late(rows)
            return
        waiting = [_unpacked(row) for row in rows]
        kept = [event for event in waiting if event.resource]
        if kept:
            made = self._told_of({event.made for event in kept if event.made is not None})
            before = self._connection.total_changes
            self._put_many(KEEP, [_record(event, made) for event in kept])
            if self._connection.total_changes - before != len(kept):
                self._live = None
        rows.write(self._put_many, [_stored(event) for event in waiting])
        self._unread.clear()

    def _told_of(self, changes: set[int]) -> Mapping[int, bytes]:
        """What these changes made of their records."""
        if changes <= self._lately.keys():
            return self._lately
        self._put_late(self._change_rows)
        return self._made(changes)

    def _bring(self, resource: str) -> None:
        if resource in self._unread:
            self._put_late(self._event_rows)

    def _forget_late(self) -> None:
        super()._forget_late()
        self._lately.clear()
        self._unread = {row.resource for row in map(_unpacked, self._event_rows) if row.resource}

    def _reload_late(self) -> None:
        super()._reload_late()
        self._lately.clear()
        self._unread.clear()

    def _referred(self, newest: int) -> int:
        waiting = (row.made for row in map(_unpacked, self._event_rows))
        return min(super()._referred(newest), next((made for made in waiting if made is not None), newest))

    def event(self, seq: int) -> Event | None:
        """The event with this number."""
        self._put_late(self._event_rows)
        row = self._execute(f"{EVENT} WHERE seq = ?", (seq,)).fetchone()
        return Event(*row) if row else None

    def find_event(self, id: str) -> Event | None:
        """The newest event with this id; reads through all events."""
        self._put_late(self._event_rows)
        row = self._execute(f"{EVENT} WHERE id = ? ORDER BY seq DESC LIMIT 1", (id,)).fetchone()
        return Event(*row) if row else None

    def events(self, after: int = 0, limit: int = 100) -> list[Event]:
        """Events with a number above `after`, oldest first."""
        self._put_late(self._event_rows)
        rows = self._execute(f"{EVENT} WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit)).fetchall()
        return [Event(*row) for row in rows]

    def add_delivery(
        self,
        event: int,
        receiver: str,
        *,
        due: int,
        attempt: int = 1,
        status: str = "pending",
        url: str = "",
        request_headers: dict[str, str] | None = None,
        request_body: bytes = b"",
        data: dict[str, Any] | None = None,
    ) -> int:
        """Plan to send the event with number `event`; returns the delivery's number."""
        headers = orjson.dumps(request_headers or {}).decode()
        own = orjson.dumps(data or {}).decode()
        values = (event, receiver, attempt, due, status, url, headers, request_body, None, b"", "", own)
        return self._put(ADD_DELIVERY, values).lastrowid or 0

    def update_delivery(self, seq: int, /, **changes: Any) -> None:
        """Set fields of a delivery (those of `Delivery` but `seq`). Raises StoreError for an unknown field."""
        for name in changes:
            if name not in DELIVERY_FIELDS:
                raise StoreError(f"a delivery has no field {name!r}{nearest(name, DELIVERY_FIELDS)}")
        values = [orjson.dumps(value).decode() if name in OBJECTS else value for name, value in changes.items()]
        sets = ", ".join(f"{name} = ?" for name in changes)
        self._put(f"UPDATE delivery SET {sets} WHERE seq = ?", (*values, seq))

    def delivery(self, seq: int) -> Delivery | None:
        """The delivery with this number."""
        row = self._execute(f"{DELIVERY} WHERE seq = ?", (seq,)).fetchone()
        return _delivery(row) if row else None

    def deliveries(
        self,
        *,
        after: int = 0,
        limit: int = 100,
        event: int | None = None,
        receiver: str | None = None,
        status: str | None = None,
    ) -> list[Delivery]:
        """Deliveries with a number above `after`, oldest first, narrowed by what is given."""
        given = {"event": event, "receiver": receiver, "status": status}
        narrow = {name: value for name, value in given.items() if value is not None}
        where = " AND ".join(["seq > ?", *(f"{name} = ?" for name in narrow)])
        sql = f"{DELIVERY} WHERE {where} ORDER BY seq LIMIT ?"
        return [_delivery(row) for row in self._execute(sql, (after, *narrow.values(), limit)).fetchall()]

    def due_deliveries(
        self, until: int, *, status: str = "pending", limit: int = 100, besides: Collection[str] = ()
    ) -> list[Delivery]:
        """Deliveries of this status whose time has come at `until` (microseconds), by due time.

        Those to the receivers `besides` are left out.
        """
        less = f" AND receiver NOT IN ({', '.join('?' for _ in besides)})" if besides else ""
        sql = f"{DELIVERY} WHERE status = ? AND due <= ?{less} ORDER BY due, seq LIMIT ?"
        return [_delivery(row) for row in self._execute(sql, (status, until, *besides, limit)).fetchall()]

    def next_delivery(self, status: str = "pending") -> int | None:
        """When the next delivery of this status is due, in microseconds; None when there is none."""
        due: int | None = self._execute("SELECT min(due) FROM delivery WHERE status = ?", (status,)).fetchone()[0]
        return due


def _delivery(row: tuple[Any, ...]) -> Delivery:
    return Delivery._make((*row[:7], orjson.loads(row[7]), *row[8:12], orjson.loads(row[12])))


def _unpacked(row: Row) -> Waiting:
    number, packed = row
    return Waiting(number, *loads(packed))


def _stored(event: Waiting) -> Row:
    """The row of an event as its table has it: the JSON of one that is a record is kept there."""
    number, id, type, created, resource, json, _ = event
    return number, id, type, created, resource, None if resource else json.decode()


def _record(event: Waiting, made: Mapping[int, bytes]) -> Row:
    """What `KEEP` binds for an event that is a record."""
    json = event.json
    if event.made is not None:
        whole = orjson.loads(json)
        whole["data"]["object"] = orjson.Fragment(made[event.made])
        json = orjson.dumps(whole)
    return event.resource, event.id, event.created, json.decode()
