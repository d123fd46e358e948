"""Lists: pages of records in a stable order, by filters. Imports: errors, conditions, records.

Every list walks an index in its own order from its cursor (keyset; never OFFSET, never a sort). The index for a
shape of list (resource, fields compared for equality, field sorted by) is made the first time the shape is used.
"""

from __future__ import annotations

import builtins
import sqlite3
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import orjson

from twinkit.errors import InvalidCursor
from twinkit.store.conditions import RANGES, Field, Filter, Term, condition, order, plain, quoted, term, values
from twinkit.store.records import Records

Order = Literal["newest", "oldest"]
INDEXES_PER_RESOURCE = 16
"""Beyond so many shapes of lists of one resource, further ones scan."""
BATCH = 200


class Page(NamedTuple):
    """Part of a list: the records' JSON and ids, and whether more lie beyond in the direction walked."""

    rows: builtins.list[bytes]
    has_more: bool
    ids: builtins.list[str]


class Shape(NamedTuple):
    """Everything about a list but its values: decides index and SQL."""

    resource: str
    terms: tuple[Term, ...]
    parent: bool
    sort: Field | None


class Index(NamedTuple):
    """An index made on demand."""

    name: str
    resource: str
    ddl: str


class Query(Records):
    """Part of `Store`: `list`, `select`, `count`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._indexes: dict[str, Index] | None = None  # those on demand that exist; None: not known

    def list(
        self,
        resource: str,
        where: Sequence[Filter] = (),
        *,
        parent: str | None = None,
        order: Order = "newest",
        limit: int = 10,
        after: str | None = None,
        before: str | None = None,
        sort: Field | None = None,
    ) -> Page:
        """A page of at most `limit` records that match every filter, as stored JSON.

        Order: by insertion, newest or oldest first; with `sort` by that field (descending for newest), then by
        insertion. A list with a range on `created` and no `sort` is sorted by `created`. `after` and `before` are ids
        of records (deleted ones too) and give the page that follows, or the page just ahead, in that same order.
        Raises InvalidCursor when the resource never had such a record.
        """
        shape, bound = self._shape(resource, where, parent, sort)
        descending = order == "newest"
        cursor = after if after is not None else before
        backward = after is None and before is not None
        wanted = max(0, min(limit, 1 << 31)) + 1
        rows = self._walk(shape, bound, descending != backward, wanted, cursor)
        has_more = len(rows) == wanted
        if has_more:
            rows.pop()
        if backward:
            rows.reverse()
        return Page([row[1] for row in rows], has_more, [row[0] for row in rows])

    def select(
        self,
        resource: str,
        where: Sequence[Filter] = (),
        *,
        parent: str | None = None,
        order: Order = "newest",
        sort: Field | None = None,
    ) -> Iterator[dict[str, Any]]:
        """All records that match, as dicts, in the order of `list`. Records may be written while it runs."""
        after: str | None = None
        while True:
            page = self.list(resource, where, parent=parent, order=order, limit=BATCH, after=after, sort=sort)
            for row in page.rows:
                yield orjson.loads(row)
            if not page.has_more:
                return
            after = page.ids[-1]

    def count(self, resource: str, where: Sequence[Filter] = (), *, parent: str | None = None) -> int:
        """How many records match."""
        if not where and parent is None:
            return self._counts().get(resource, 0)
        shape, bound = self._shape(resource, where, parent, None)
        sql = count_sql(shape, self._ensure(index_of(shape)))
        found: int = self._execute(sql, bound).fetchone()[0]
        return found

    def _shape(
        self, resource: str, where: Sequence[Filter], parent: str | None, sort: Field | None
    ) -> tuple[Shape, builtins.list[Any]]:
        if not where and sort is None:
            return Shape(resource, (), parent is not None, None), [] if parent is None else [parent]
        pairs = sorted(((term(one), one) for one in where), key=lambda pair: repr(pair[0]))
        terms = tuple(pair[0] for pair in pairs)
        bound = [] if parent is None else [parent]
        for _, one in pairs:
            bound += values(one)
        if sort is None and any(one.field == "created" and one.op in RANGES for one in terms):
            sort = "created"
        return Shape(resource, terms, parent is not None, tuple(sort) if isinstance(sort, list) else sort), bound

    def _walk(
        self, shape: Shape, bound: builtins.list[Any], descending: bool, limit: int, cursor: str | None
    ) -> builtins.list[tuple[str, bytes]]:
        indexed = self._ensure(index_of(shape))
        if cursor is None:
            return self._execute(list_sql(shape, indexed, descending, ""), (*bound, limit)).fetchall()
        seq, key = self._position(shape, cursor)
        if shape.sort is None:
            return self._execute(list_sql(shape, indexed, descending, "seq"), (*bound, seq, limit)).fetchall()
        tied = list_sql(shape, indexed, descending, "tied")
        rows = self._execute(tied, (*bound, key, seq, limit)).fetchall()
        if len(rows) < limit:
            beyond = list_sql(shape, indexed, descending, "beyond")
            rows += self._execute(beyond, (*bound, key, limit - len(rows))).fetchall()
        return rows

    def _position(self, shape: Shape, id: str) -> tuple[int, Any]:
        key = "NULL" if shape.sort is None else order(shape.sort)
        try:
            row = self._execute(
                f"SELECT seq, {key} FROM record WHERE resource = ? AND id = ?", (shape.resource, id)
            ).fetchone()
        except UnicodeEncodeError:
            row = None
        if row is None:
            raise InvalidCursor(shape.resource, id)
        return row[0], row[1]

    def _ensure(self, index: Index | None) -> bool:
        """Make the index unless it exists; False when the resource has too many already."""
        if index is None:
            return True
        if self._indexes is None:
            rows = self._execute("SELECT name, sql FROM sqlite_schema WHERE name LIKE 'list:%'").fetchall()
            self._indexes = {name: Index(name, name.split(":")[1], sql) for name, sql in rows}
        if index.name in self._indexes:
            return True
        if sum(one.resource == index.resource for one in self._indexes.values()) >= INDEXES_PER_RESOURCE:
            return False
        self._execute(index.ddl)
        self._indexes[index.name] = index
        return True


def _equal(shape: Shape) -> builtins.list[str]:
    """SQL of what the list compares for equality, each once, in the order of the index."""
    fields = dict.fromkeys(plain(one.field) for one in shape.terms if one.op == "=")
    return [
        *(["parent"] if shape.parent else []),
        *(field for field in fields if field != "parent" or not shape.parent),
    ]


@lru_cache(maxsize=4096)
def index_of(shape: Shape) -> Index | None:
    """The index that a list of this shape walks; None for the one every store has."""
    columns = _equal(shape)
    if shape.sort is not None:
        columns.append(order(shape.sort))
    if not columns:
        return None
    resource = shape.resource.replace(":", "_")
    name = f"list:{resource}:{' '.join(columns)}"
    identifier = '"' + name.replace('"', '""') + '"'
    where = f"resource = {quoted(shape.resource)} AND deleted = 0"
    return Index(name, resource, f"CREATE INDEX {identifier} ON record ({', '.join(columns)}) WHERE {where}")


def _from(shape: Shape, indexed: bool) -> str:
    index = index_of(shape) if indexed else None
    name = "record_live" if index is None else '"' + index.name.replace('"', '""') + '"'
    conditions = [f"resource = {quoted(shape.resource)}", "deleted = 0"]
    if shape.parent:
        conditions.append("parent = ?")
    conditions += [condition(one) for one in shape.terms]
    return f"FROM record INDEXED BY {name} WHERE {' AND '.join(conditions)}"


@lru_cache(maxsize=4096)
def count_sql(shape: Shape, indexed: bool) -> str:
    """The statement that counts; binds parent and values."""
    return f"SELECT count(*) {_from(shape, indexed)}"


@lru_cache(maxsize=4096)
def list_sql(shape: Shape, indexed: bool, descending: bool, seek: Literal["", "seq", "tied", "beyond"]) -> str:
    """The statement that reads (id, JSON); binds parent, values, the cursor's place as `seek` says, and the limit."""
    direction, beyond = ("DESC", "<") if descending else ("ASC", ">")
    key = order(shape.sort) if shape.sort is not None else ""
    places = {
        "": "",
        "seq": f" AND seq {beyond} ?",
        "tied": f" AND {key} = ? AND seq {beyond} ?",
        "beyond": f" AND {key} {beyond} ?",
    }
    by = f"{key} {direction}, seq {direction}" if key and seek != "tied" else f"seq {direction}"
    return f"SELECT id, CAST(data AS BLOB) {_from(shape, indexed)}{places[seek]} ORDER BY {by} LIMIT ?"
