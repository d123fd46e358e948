"""How a list is read: the index it walks and its SQL, from its shape alone. Pure functions; imports: conditions.

A list walks an index that holds what it compares for equality and then its order, so that a page costs the same
however many records there are. A list with a range (or `in`, `prefix`) on a field that is not its order can instead be
narrowed: read through an index on that field and sorted, which is the quicker way while few records match.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

from twinkit.store.conditions import (
    NARROWING,
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

Seek = Literal["start", "seq", "tied", "beyond"]
JOIN = " CROSS JOIN record ON record.seq = word.at"


class Shape(NamedTuple):
    """Everything about a list but its values."""

    resource: str
    terms: tuple[Term, ...]
    parent: bool
    sort: Field | None


class Index(NamedTuple):
    """A way to records, made on demand by the statements `ddl`.

    `resource` groups them, `name` tells them apart, `source` is the SQL from FROM to WHERE. `field` is what a list
    is narrowed by; an index on its `words` binds one of them first.
    """

    resource: str
    name: str
    ddl: tuple[str, ...]
    source: str
    field: Field | None = None
    words: bool = False


LIVE = Index("", "record_live", (), "record INDEXED BY record_live WHERE ")
"""The index that every store has: live records of a resource by insertion."""


def _index(shape: Shape, columns: list[str], field: Field | None = None) -> Index:
    resource = shape.resource.replace(":", "_")
    without = [condition(one) for one in shape.terms if one.op == "without"]
    name = f"list:{resource}:{' '.join([*columns, *without])}"
    where = " AND ".join([f"resource = {quoted(shape.resource)}", "deleted = 0", *without])
    ddl = f"CREATE INDEX {identifier(name)} ON record ({', '.join(columns)}) WHERE {where}"
    return Index(resource, name, (ddl,), f"record INDEXED BY {identifier(name)} WHERE ", field)


def _word_index(resource: str, field: Field) -> Index:
    """The words of a field: rows of the table `word`, kept by two triggers."""
    group, path = resource.replace(":", "_"), quoted(f"{resource}:{plain(field)}")
    name = f"list:{group}:words {plain(field)}"
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
    source = f"word{JOIN} WHERE word.path = {path} AND word.word = ? AND "
    return Index(group, name, ddl, source, field, words=True)


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
def narrowed(shape: Shape) -> Index | None:
    """The index on the field that narrows the list; None when no filter does, or the list is in that order anyway."""
    for op in NARROWING:
        for one in shape.terms:
            if one.op == op and one.field != shape.sort and one.variant != "none" and indexable(one.field):
                if op == "words":
                    return _word_index(shape.resource, one.field)
                return _index(shape, [*_equal(shape), order(one.field)], one.field)
    return None


def _matching(shape: Shape, index: Index, free: str = "") -> str:
    conditions = [f"resource = {quoted(shape.resource)}", "deleted = 0"]
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
    if index.words:
        return ()
    terms = enumerate(shape.terms)
    held = ("=", "without")
    return tuple(at for at, one in terms if one.op in held or (one.field == index.field and one.op in NARROWING[1:]))


@lru_cache(maxsize=4096)
def probe_sql(shape: Shape, index: Index) -> str:
    """The statement that counts what the index alone gives, up to a limit; binds word, parent, values, limit."""
    if index.words:
        return f"SELECT count(*) FROM (SELECT 1 FROM {index.source.replace(JOIN, '')}1 LIMIT ?)"
    terms = tuple(shape.terms[at] for at in probed(shape, index))
    return f"SELECT count(*) FROM (SELECT 1 {_matching(shape._replace(terms=terms), index)} LIMIT ?)"


@lru_cache(maxsize=4096)
def count_sql(shape: Shape, index: Index) -> str:
    """The statement that counts; binds word, parent, values."""
    return f"SELECT count(*) {_matching(shape, index)}"


@lru_cache(maxsize=4096)
def list_sql(shape: Shape, index: Index, descending: bool, seek: Seek, narrow: bool) -> str:
    """The statement that reads (id, JSON); binds word, parent, values, the place of the cursor (`seek`), the limit.

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
