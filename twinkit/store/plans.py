"""How a list is read: the index it walks and its SQL, from its shape alone. Pure functions; imports: conditions, grams.

A list walks an index that holds what it compares for equality and then its order, so that a page costs the same
however many records there are. A list with a range (or `in`, `prefix`) on a field that is not its order can instead be
narrowed: read through an index on that field and sorted, which is the quicker way while few records match. So can one
that searches texts: by their words, or in a large resource by parts of them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

from twinkit.store.conditions import (
    NARROWING,
    SEARCHES,
    Field,
    Term,
    as_json,
    condition,
    identifier,
    indexable,
    order,
    plain,
    quoted,
)
from twinkit.store.grams import TABLE

Seek = Literal["start", "seq", "tied", "beyond"]


class Shape(NamedTuple):
    """Everything about a list but its values."""

    resource: str
    terms: tuple[Term, ...]
    parent: bool
    sort: Field | None


class Index(NamedTuple):
    """A way to records, made on demand by the statements `ddl`.

    `resource` groups them, `name` tells them apart, `source` is the SQL from FROM to WHERE. `by` is what a list is
    narrowed by. An index that is searched has `places`: SQL for the `seq` of what it finds, which binds the search
    first. One of `alternatives` is made of theirs. One with `parts` of texts is filled up before it is read.
    """

    resource: str
    name: str
    ddl: tuple[str, ...]
    source: str
    by: Term | None = None
    places: str = ""
    parts: Parts | None = None
    alternatives: tuple[Index, ...] = ()


class Parts(NamedTuple):
    """The statements for an index on parts of texts: how far it goes and should go, fill it between, note how far."""

    behind: str
    fill: str
    note: str


LIVE = Index("", "record_live", (), "record INDEXED BY record_live WHERE ")
"""The index that every store has: live records of a resource by insertion."""


def group(resource: str) -> str:
    """What the names of a resource's indexes begin with."""
    return f"list:{resource.replace(':', '_')}:"


def _live(resource: str) -> str:
    return f"resource = {quoted(resource)} AND deleted = 0"


def _index(shape: Shape, columns: list[str], by: Term | None = None) -> Index:
    without = [condition(one) for one in shape.terms if one.op == "without"]
    name = f"{group(shape.resource)}{' '.join([*columns, *without])}"
    where = " AND ".join([_live(shape.resource), *without])
    ddl = f"CREATE INDEX {identifier(name)} ON record ({', '.join(columns)}) WHERE {where}"
    return Index(shape.resource, name, (ddl,), f"record INDEXED BY {identifier(name)} WHERE ", by)


def _searched(resource: str, name: str, ddl: tuple[str, ...], by: Term, places: str) -> Index:
    source = f"({places}) AS found CROSS JOIN record ON record.seq = found.at WHERE "
    return Index(resource, name, ddl, source, by, places)


def _word_index(resource: str, by: Term) -> Index:
    """The words of a field: rows of the table `word`, kept by two triggers."""
    field = by.field
    path, name = quoted(f"{resource}:{plain(field)}"), f"{group(resource)}words {plain(field)}"
    old, new = as_json(field, "old."), as_json(field, "new.")
    of = f"resource = {quoted(resource)}"
    fill = f"INSERT INTO word SELECT {path}, value, seq FROM record, json_each(words({as_json(field)}))"
    add = f"INSERT INTO word SELECT {path}, value, new.seq FROM json_each(words({new})) WHERE new.deleted = 0"
    drop = f"DELETE FROM word WHERE path = {path} AND at = old.seq"
    drop = f"{drop} AND word IN (SELECT value FROM json_each(words({old})))"
    changed = f"(old.deleted <> new.deleted OR {old} IS NOT {new})"
    insert, update = identifier(name), identifier(f"{name} updated")
    ddl = (
        f"{fill} WHERE {of} AND deleted = 0",
        f"CREATE TRIGGER {insert} AFTER INSERT ON record WHEN new.{of} BEGIN {add}; END",
        f"CREATE TRIGGER {update} AFTER UPDATE OF data, deleted ON record WHEN new.{of} AND {changed}"
        f" BEGIN {drop}; {add}; END",
    )
    return _searched(resource, name, ddl, by, f"SELECT at FROM word WHERE path = {path} AND word = ?")


def _parts_index(resource: str, by: Term) -> Index:
    """Parts of a field's texts, in a full-text table. A search fills it up; two triggers keep what is in it already.

    What is deleted stays in it: the row goes when its id is inserted again. The newest row's number is then free for
    another, so that the table is taken to go no further than the row before.
    """
    field = by.field
    name = f"{group(resource)}parts {plain(field)}"
    table, noted = identifier(f"parts {group(resource)[5:]}{plain(field)}"), quoted(f"filled {name}")
    old, new = as_json(field, "old."), as_json(field, "new.")
    filled = f"(SELECT CAST(value AS INTEGER) FROM meta WHERE key = {noted})"
    of = f"old.resource = {quoted(resource)} AND old.seq <= {filled}"
    drop = f"INSERT INTO {table} ({table}, rowid, text) VALUES ('delete', old.seq, marked({old}))"
    add = f"INSERT INTO {table} (rowid, text) VALUES (new.seq, marked({new}))"
    back = f"UPDATE meta SET value = old.seq - 1 WHERE key = {noted}"
    back = f"{back} AND old.seq > (SELECT ifnull(max(seq), 0) FROM record)"
    update, delete = identifier(name), identifier(f"{name} deleted")
    ddl = (
        f"CREATE VIRTUAL TABLE {table} USING {TABLE}",
        f"INSERT INTO meta (key, value) VALUES ({noted}, '0')",
        f"CREATE TRIGGER {update} AFTER UPDATE OF data ON record WHEN {of} AND {old} IS NOT {new}"
        f" BEGIN {drop}; {add}; END",
        f"CREATE TRIGGER {delete} AFTER DELETE ON record WHEN {of} BEGIN {drop}; {back}; END",
    )
    newest = f"(SELECT max(seq) FROM record INDEXED BY record_live WHERE {_live(resource)})"
    rows = f"FROM record INDEXED BY record_live WHERE {_live(resource)} AND seq > ? AND seq <= ?"
    parts = Parts(
        f"SELECT {filled}, ifnull({newest}, 0)",
        f"INSERT INTO {table} (rowid, text) SELECT seq, marked({as_json(field)}) {rows}",
        f"UPDATE meta SET value = ? WHERE key = {noted}",
    )
    places = f"SELECT rowid AS at FROM {table} WHERE {table} MATCH ?"
    return _searched(resource, name, ddl, by, places)._replace(parts=parts)


def _any_index(resource: str, by: Term) -> Index | None:
    """What the indexes of all alternatives find together; None when one of them has no index."""
    found = [_alternative(resource, one) for one in by.variant] if isinstance(by.variant, tuple) else []
    parts = tuple(one for one in found if one is not None)
    if not parts or len(parts) < len(found):
        return None
    places = " UNION ".join(one.places for one in parts)
    return _searched(resource, " ".join(one.name for one in parts), (), by, places)._replace(alternatives=parts)


def _alternative(resource: str, one: Term) -> Index | None:
    if one.op in SEARCHES:
        return _search_index(resource, one)
    if one.op not in ("=", *NARROWING) or one.variant == "null" or not indexable(one.field):
        return None
    index = _index(Shape(resource, (), False, None), [plain(one.field) if one.op == "=" else order(one.field)], one)
    return index._replace(places=f"SELECT seq AS at FROM {index.source}{_live(resource)} AND {condition(one)}")


def _search_index(resource: str, by: Term) -> Index | None:
    if by.op == "any":
        return _any_index(resource, by)
    if by.variant == "none" or not indexable(by.field):
        return None
    return _word_index(resource, by) if by.op == "words" else _parts_index(resource, by)


def _equal(shape: Shape) -> list[str]:
    """SQL of what the list compares for equality, each once."""
    columns = dict.fromkeys(["parent"] if shape.parent else [])
    columns.update(dict.fromkeys(plain(one.field) for one in shape.terms if one.op == "=" and indexable(one.field)))
    return list(columns)


@lru_cache(maxsize=4096)
def walked(shape: Shape) -> Index | None:
    """The index in the list's own order; None for the one every store has."""
    by = [order(shape.sort)] if shape.sort is not None and indexable(shape.sort) else []
    columns = _equal(shape) + by
    if not columns and any(one.op == "without" for one in shape.terms):
        columns = ["resource"]
    return _index(shape, columns) if columns else None


@lru_cache(maxsize=4096)
def narrowed(shape: Shape) -> tuple[Index, ...]:
    """The indexes that may narrow the list: all that are searched, else one on the field of another filter.

    None at all when no filter does, or the list is in that order anyway.
    """
    found = [_search_index(shape.resource, one) for op in SEARCHES for one in shape.terms if one.op == op]
    if any(found):
        return tuple(one for one in found if one is not None)
    for op in NARROWING:
        for one in shape.terms:
            if one.op == op and one.field != shape.sort and indexable(one.field):
                return (_index(shape, [*_equal(shape), order(one.field)], one),)
    return ()


def _matching(shape: Shape, index: Index, free: str = "") -> str:
    conditions = [_live(shape.resource)]
    if shape.parent:
        conditions.append("parent = ?")
    bounded = {(one.field, one.op[0]) for one in shape.terms}
    for one in shape.terms:
        guard = (one.field, "<" if one.op[0] == ">" else ">") not in bounded
        conditions.append(condition(one, free=free if one.field == shape.sort else "", guard=guard))
    return f"FROM {index.source}{' AND '.join(conditions)}"


@lru_cache(maxsize=4096)
def probed(shape: Shape, index: Index) -> tuple[int, ...]:
    """Which terms the index itself answers, by position."""
    if index.places or index.by is None:
        return ()
    terms, held, field = enumerate(shape.terms), ("=", "without"), index.by.field
    return tuple(at for at, one in terms if one.op in held or (one.field == field and one.op in NARROWING))


@lru_cache(maxsize=4096)
def probe_sql(shape: Shape, index: Index) -> str:
    """The statement that counts what the index alone gives, up to a limit; binds search, parent, values, limit."""
    if index.alternatives:
        return f"SELECT count(*) FROM ({' UNION ALL '.join(one.places for one in index.alternatives)} LIMIT ?)"
    if index.places:
        return f"SELECT count(*) FROM ({index.places} LIMIT ?)"
    terms = tuple(shape.terms[at] for at in probed(shape, index))
    return f"SELECT count(*) FROM (SELECT 1 {_matching(shape._replace(terms=terms), index)} LIMIT ?)"


@lru_cache(maxsize=4096)
def count_sql(shape: Shape, index: Index) -> str:
    """The statement that counts; binds search, parent, values."""
    return f"SELECT count(*) {_matching(shape, index)}"


@lru_cache(maxsize=4096)
def plain_sql(resource: str, descending: bool) -> str:
    """The statement that reads the first page of all records of a resource; binds the limit."""
    return list_sql(Shape(resource, (), False, None), LIVE, descending, "start", False)


@lru_cache(maxsize=4096)
def list_sql(shape: Shape, index: Index, descending: bool, seek: Seek, narrow: bool) -> str:
    """The statement that reads (id, JSON); binds search, parent, values, the place of the cursor (`seek`), the limit.

    A cursor in a sorted list takes two reads: `tied` for the records that sort equal, then `beyond` for the others;
    one comparison of both columns would not use the index to its end.
    """
    direction, beyond = ("DESC", "<") if descending else ("ASC", ">")
    key = order(shape.sort) if shape.sort is not None else ""
    place = {
        "start": "",
        "seq": f" AND seq {beyond} ?",
        "tied": f" AND {key} = ? AND seq {beyond} ?",
        "beyond": f" AND {key} {beyond} ?",
    }[seek]
    free = {"tied": "<>", "beyond": beyond}.get(seek, "")
    by = f"{key} {direction}, seq {direction}" if key and seek != "tied" else f"seq {direction}"
    tail = f"{_matching(shape, index, free)}{place} ORDER BY {by} LIMIT ?"
    if narrow:
        return f"SELECT id, CAST(data AS BLOB) FROM record WHERE seq IN (SELECT seq {tail}) ORDER BY {by}"
    return f"SELECT id, CAST(data AS BLOB) {tail}"
