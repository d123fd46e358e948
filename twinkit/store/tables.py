"""The tables of a store, defined once. Imports SQLModel: offline only, the serve plane runs on `ddl.sql`.

`python -m twinkit.store.tables` prints the DDL of these tables; `ddl.sql` is that output, and a test keeps it so.
Imports nothing of the kit.
"""

from __future__ import annotations

import sys

from sqlalchemy import BigInteger, Index, LargeBinary, MetaData, Text, UniqueConstraint, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlmodel import Field, SQLModel


class Table(SQLModel):
    """Base of the store's tables, with metadata of its own so that a user's SQLModel tables never clash."""

    metadata = MetaData()


class Record(Table, table=True):
    """One stored row of a resource. `created` is in the unit the twin uses; a deleted record keeps its row."""

    __table_args__ = (
        UniqueConstraint("resource", "id"),
        Index("record_live", "resource", sqlite_where=text("deleted = 0")),
    )
    seq: int | None = Field(default=None, primary_key=True)
    resource: str = Field(sa_type=Text)
    id: str = Field(sa_type=Text)
    parent: str = Field(sa_type=Text)
    created: int
    deleted: int
    data: str = Field(sa_type=Text)


class Word(Table, table=True):
    """One word of a record (`at`: its seq) in a field that is searched; `path` is the resource and the field."""

    __table_args__ = {"sqlite_with_rowid": False}
    path: str = Field(primary_key=True, sa_type=Text)
    word: str = Field(primary_key=True, sa_type=Text)
    at: int = Field(primary_key=True)


class Event(Table, table=True):
    """One domain occurrence. `data` is null where the event is kept as the record `id` of `resource`."""

    seq: int | None = Field(default=None, primary_key=True)
    id: str = Field(sa_type=Text)
    type: str = Field(sa_type=Text)
    created: int
    resource: str = Field(sa_type=Text)
    data: str | None = Field(sa_type=Text)


class Delivery(Table, table=True):
    """One attempt to send an event to a receiver. `due` is in microseconds."""

    __table_args__ = (Index("delivery_due", "status", "due"),)
    seq: int | None = Field(default=None, primary_key=True)
    event: int
    receiver: str = Field(sa_type=Text)
    attempt: int
    due: int
    status: str = Field(sa_type=Text)
    url: str = Field(sa_type=Text)
    request_headers: str = Field(sa_type=Text)
    request_body: bytes = Field(sa_type=LargeBinary)
    response_status: int | None
    response_body: bytes = Field(sa_type=LargeBinary)
    error: str = Field(sa_type=Text)
    data: str = Field(sa_type=Text)


class Exchange(Table, table=True):
    """One recorded request and reply. `at` and `micros` (how long it took) are in microseconds.

    A reply that was just what one of its changes made of a record is not kept again: `reply` is null and `reply_of`
    the change's seq.
    """

    seq: int | None = Field(default=None, primary_key=True)
    at: int
    operation: str = Field(sa_type=Text)
    method: str = Field(sa_type=Text)
    path: str = Field(sa_type=Text)
    query: str = Field(sa_type=Text)
    status: int
    request: bytes = Field(sa_type=LargeBinary)
    reply: bytes | None = Field(sa_type=LargeBinary)
    reply_of: int | None
    fault: str | None = Field(sa_type=Text)
    micros: int
    changes: str = Field(sa_type=Text)
    principal: str | None = Field(sa_type=Text)


class Idempotency(Table, table=True):
    """The first reply to an idempotency key."""

    __table_args__ = {"sqlite_with_rowid": False}
    key: str = Field(primary_key=True, sa_type=Text)
    fingerprint: str = Field(sa_type=Text)
    status: int
    headers: str = Field(sa_type=Text)
    body: bytes = Field(sa_type=LargeBinary)
    expires: int


class Timer(Table, table=True):
    """Something to run when the clock reaches `due` (microseconds)."""

    __table_args__ = (Index("timer_due", "due"),)
    seq: int | None = Field(default=None, primary_key=True)
    due: int
    kind: str = Field(sa_type=Text)
    data: str = Field(sa_type=Text)


class Change(Table, table=True):
    """One write to a record. What came after is the `before` of the record's next change, or the record itself."""

    seq: int | None = Field(default=None, primary_key=True)
    resource: str = Field(sa_type=Text)
    id: str = Field(sa_type=Text)
    action: str = Field(sa_type=Text)
    before: str | None = Field(sa_type=Text)


class Counter(Table, table=True):
    """The position of one seed stream."""

    __table_args__ = {"sqlite_with_rowid": False}
    name: str = Field(primary_key=True, sa_type=Text)
    value: int = Field(sa_type=BigInteger)


class Meta(Table, table=True):
    """What the store is: format version, service, and what its instance notes about itself."""

    __table_args__ = {"sqlite_with_rowid": False}
    key: str = Field(primary_key=True, sa_type=Text)
    value: str = Field(sa_type=Text)


def ddl() -> str:
    """The statements that make the tables and their indexes, one blank line between two."""
    dialect = sqlite.dialect()
    parts: list[str] = []
    for table in Table.metadata.sorted_tables:
        parts.append(str(CreateTable(table).compile(dialect=dialect)))
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        parts.extend(str(CreateIndex(index).compile(dialect=dialect)) for index in indexes)
    tidy = ["\n".join(line.rstrip() for line in part.strip().splitlines()) for part in parts]
    return ";\n\n".join(tidy) + ";\n"


if __name__ == "__main__":
    sys.stdout.write(ddl())
