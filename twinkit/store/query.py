"""Lists: pages of records in a stable order, by filters. Imports: errors, conditions, grams, plans, records.

Every list walks an index in its own order from its cursor (keyset; never OFFSET). The indexes for a shape of list are
made the first time the shape is used; those on parts of texts, which cost the most, in a large resource only.
"""

from __future__ import annotations

import builtins
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

import orjson

from twinkit.errors import InvalidCursor
from twinkit.store.conditions import RANGES, SEARCHES, Field, Filter, Term, impossible, key, order, term, values
from twinkit.store.grams import available
from twinkit.store.plans import (
    LIVE,
    Index,
    Shape,
    count_sql,
    group,
    list_sql,
    narrowed,
    plain_sql,
    probe_sql,
    probed,
    walked,
)
from twinkit.store.records import Records

Order = Literal["newest", "oldest"]
INDEXES_PER_RESOURCE = 16
"""Beyond so many indexes on demand of one resource, further shapes of lists scan."""
FEW = 2_000
"""A list is narrowed while no more records than this match; sorting them costs a fraction of a millisecond."""
LARGE = 1_000
"""A search for part of a text reads all of fewer records, in a few milliseconds."""
MANY_KEPT = 256
"""How many times it is remembered that more matched: counting so far takes longer than reading a page."""
BY_TIME = ("created", "@created")
"""A list with a range on one of these is sorted by it unless told otherwise: the same order, and flat."""
BATCHES = (16, 512)
"""How many records `select` reads at once, at first and at most: many callers want only the first few."""


class Page(NamedTuple):
    """Part of a list: the records' JSON and ids, and whether more lie beyond in the direction walked."""

    rows: builtins.list[bytes]
    has_more: bool
    ids: builtins.list[str]


class Bound(NamedTuple):
    """The values of a list: its parent, what each term binds, and what the index of each that searches does."""

    parent: tuple[str, ...]
    terms: builtins.list[builtins.list[Any]]
    keys: dict[Term, builtins.list[Any]]

    def of(self, index: Index, terms: Sequence[int] | None = None) -> builtins.list[Any]:
        """What a statement that reads through the index binds first, for all terms or those at some positions."""
        if index.places and index.by is not None:
            values: builtins.list[Any] = [*self.keys[index.by], *(self.parent if terms is None else ())]
        else:
            values = [*self.parent]
        for part in self.terms if terms is None else [self.terms[at] for at in terms]:
            values += part
        return values


EVERYTHING = Shape("", (), False, None), Bound((), [], {})
"""What stands for the shape of a list that leaves nothing out."""


class Query(Records):
    """Part of `Store`: `list`, `select`, `count`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._indexes: dict[str, Index | None] | None = None  # those on demand that exist, by name; None: not known
        self._many: set[tuple[str, tuple[Any, ...]]] = set()  # probes that found more than a few

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
        if resource in self._unread:
            self._bring(resource)
        anew = after is None and before is None
        plain = anew and not where and parent is None and sort is None
        shape, bound = EVERYTHING if plain else self._shape(resource, where, parent, sort)
        if anew and not self._counts().get(resource):
            return Page([], False, [])
        wanted = max(0, min(limit, 1 << 31)) + 1
        backward = after is None and before is not None
        if plain:
            rows = self._execute(plain_sql(resource, order == "newest"), (wanted,)).fetchall()
        else:
            rows = self._walk(shape, bound, (order == "newest") != backward, wanted, before if backward else after)
        has_more = len(rows) == wanted
        if has_more:
            rows.pop()
        if backward:
            rows.reverse()
        ids, jsons = zip(*rows, strict=True) if rows else ((), ())
        return Page(list(jsons), has_more, list(ids))

    def select(
        self,
        resource: str,
        where: Sequence[Filter] = (),
        *,
        parent: str | None = None,
        order: Order = "newest",
        sort: Field | None = None,
    ) -> Iterator[dict[str, Any]]:
        """All records that match, as dicts, in the order of `list`.

        Records may be written while it runs; after a restore it raises InvalidCursor or goes on in the new state.
        """
        after: str | None = None
        limit = BATCHES[0]
        while True:
            page = self.list(resource, where, parent=parent, order=order, limit=limit, after=after, sort=sort)
            for row in page.rows:
                yield orjson.loads(row)
            if not page.has_more:
                return
            after = page.ids[-1]
            limit = min(4 * limit, BATCHES[1])

    def count(self, resource: str, where: Sequence[Filter] = (), *, parent: str | None = None) -> int:
        """How many records match."""
        if not where and parent is None:
            return self._counts().get(resource, 0)
        self._bring(resource)
        shape, bound = self._shape(resource, where, parent, None)
        if impossible(shape.terms):
            return 0
        ways = (self._ensure(index) for index in narrowed(shape))
        index = next((way for way in ways if way), None) or self._ensure(walked(shape)) or LIVE
        found: int = self._execute(count_sql(shape, index), bound.of(index)).fetchone()[0]
        return found

    def _shape(
        self, resource: str, where: Sequence[Filter], parent: str | None, sort: Field | None
    ) -> tuple[Shape, Bound]:
        """The shape of a list and what it binds. Filters in any order give the same shape."""
        bound = Bound(() if parent is None else (parent,), [], {})
        if isinstance(sort, list):
            sort = tuple(sort)
        if not where:
            return Shape(resource, (), parent is not None, sort), bound
        pairs = [(term(one), one) for one in where]
        if len(pairs) > 1:
            pairs.sort(key=lambda pair: repr(pair[0]))
        for one, filter in pairs:
            bound.terms.append(values(filter))
            if one.op in SEARCHES:
                bound.keys[one] = max(key(filter), bound.keys.get(one, []), key=lambda found: len(repr(found)))
        terms = tuple(pair[0] for pair in pairs)
        if sort is None:
            sort = next((one.field for one in terms if one.field in BY_TIME and one.op in RANGES), None)
        return Shape(resource, terms, parent is not None, sort), bound

    def _walk(
        self, shape: Shape, bound: Bound, descending: bool, limit: int, cursor: str | None
    ) -> builtins.list[tuple[str, bytes]]:
        """Up to `limit` rows (id, JSON) beyond the cursor."""
        place = None if cursor is None else self._place(shape, cursor)
        if impossible(shape.terms):
            return []
        index = self._narrow(shape, bound)
        narrow = index is not None
        if index is None:
            index = self._ensure(walked(shape)) or LIVE
        given = bound.of(index)
        if place is None:
            sql = list_sql(shape, index, descending, "start", narrow)
            return self._execute(sql, (*given, limit)).fetchall()
        seq, key = place
        if shape.sort is None:
            sql = list_sql(shape, index, descending, "seq", narrow)
            return self._execute(sql, (*given, seq, limit)).fetchall()
        sql = list_sql(shape, index, descending, "tied", narrow)
        rows = self._execute(sql, (*given, key, seq, limit)).fetchall()
        if len(rows) < limit:
            sql = list_sql(shape, index, descending, "beyond", narrow)
            rows += self._execute(sql, (*given, key, limit - len(rows))).fetchall()
        return rows

    def _place(self, shape: Shape, id: str) -> tuple[int, Any]:
        """Where a record stands in a list: its seq and what it sorts by."""
        if not isinstance(id, str):
            raise InvalidCursor(shape.resource, str(id))
        key = "NULL" if shape.sort is None else order(shape.sort)
        sql = f"SELECT seq, {key} FROM record WHERE resource = ? AND id = ?"
        try:
            row = self._execute(sql, (shape.resource, id)).fetchone()
        except UnicodeEncodeError:
            row = None
        if row is None:
            raise InvalidCursor(shape.resource, id)
        return row[0], row[1]

    def _narrow(self, shape: Shape, bound: Bound) -> Index | None:
        """The index to narrow the list by, when there is one and few records match."""
        if not shape.terms:
            return None
        for index in narrowed(shape):
            if self._ensure(index) is not None and self._few(shape, index, bound):
                return index
        return None

    def _few(self, shape: Shape, index: Index, bound: Bound) -> bool:
        """Whether the index finds few records."""
        if self._counts().get(shape.resource, 0) <= FEW:
            return True
        sql, given = probe_sql(shape, index), tuple(bound.of(index, probed(shape, index)))
        if (sql, given) in self._many:
            return False
        if self._execute(sql, (*given, FEW + 1)).fetchone()[0] <= FEW:
            return True
        if len(self._many) >= MANY_KEPT:
            self._many.clear()
        self._many.add((sql, given))
        return False

    def _ensure(self, index: Index | None) -> Index | None:
        """The index, made unless it exists; None when it is not worth it or the resource has too many already."""
        if index is None or (index.alternatives and not all(self._ensure(one) for one in index.alternatives)):
            return None
        if index.alternatives:
            return index
        known = self._known_indexes()
        if index.name not in known:
            if index.parts and (self._counts().get(index.resource, 0) < LARGE or not available()):
                return None
            if sum(name.startswith(group(index.resource)) for name in known) >= INDEXES_PER_RESOURCE:
                return None
            with self._transaction:
                self._to_write()
                make(self._connection, index)
            known[index.name] = index
        elif index.parts and behind(self._connection, index):
            with self._transaction:
                self._to_write()
                fill(self._connection, index)
        if known[index.name] is None:
            known[index.name] = index
        return index

    def _known_indexes(self) -> dict[str, Index | None]:
        if self._indexes is None:
            self._indexes = indexes_of(self._connection)
        return self._indexes


def make(connection: sqlite3.Connection, index: Index) -> None:
    """Make an index in a database that has not got it."""
    for statement in index.ddl:
        connection.execute(statement)
    fill(connection, index)


def behind(connection: sqlite3.Connection, index: Index) -> tuple[int, int] | None:
    """How far an index on parts of texts goes and how far it should, where that is further."""
    if index.parts is None:
        return None
    filled, newest = connection.execute(index.parts.behind).fetchone()
    return (filled, newest) if newest > filled else None


def fill(connection: sqlite3.Connection, index: Index) -> None:
    """Fill an index on parts of texts up to the newest record."""
    span = behind(connection, index)
    if span is not None and index.parts is not None:
        connection.execute(index.parts.fill, span)
        connection.execute(index.parts.note, (span[1],))


def worth(connection: sqlite3.Connection, index: Index) -> bool:
    """Whether a database has enough records for the index."""
    if index.parts is None:
        return True
    sql = "SELECT count(*) FROM (SELECT 1 FROM record WHERE resource = ? AND deleted = 0 LIMIT ?)"
    return bool(connection.execute(sql, (index.resource, LARGE)).fetchone()[0] >= LARGE)


def indexes_of(connection: sqlite3.Connection) -> dict[str, Index | None]:
    """The names of the indexes on demand that a database has; what they are is known once they are asked for."""
    rows = connection.execute("SELECT name FROM sqlite_schema WHERE name LIKE 'list:%'").fetchall()
    return {name: None for (name,) in rows if not name.endswith((" updated", " deleted"))}
