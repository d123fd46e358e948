"""How a list is read: the index it walks and its SQL, from its shape alone. Pure functions; imports: conditions.

A list walks an index that holds what it compares for equality and then its order, so that a page costs the same
however many records there are. A list with a range (or `in`, `prefix`) on a field that is not its order can instead be
narrowed: read through an index on that field and sorted, which is the quicker way while few records match.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

from twinkit.store.conditions import NARROWING, Field, Term, condition, indexable, order, plain, quoted

Seek = Literal["start", "seq", "tied", "beyond"]
LIVE = "record_live"
"""The index that every store has: live records of a resource by insertion."""


class Shape(NamedTuple):
    """Everything about a list but its values."""

    resource: str
    terms: tuple[Term, ...]
    parent: bool
    sort: Field | None


class Index(NamedTuple):
    """An index on demand; `resource` groups them, `name` is a quoted identifier."""

    resource: str
    name: str
    ddl: str


def _index(shape: Shape, columns: list[str]) -> Index | None:
    if not columns:
        return None
    resource = shape.resource.replace(":", "_")
    name = '"' + f"list:{resource}:{' '.join(columns)}".replace('"', '""') + '"'
    where = f"resource = {quoted(shape.resource)} AND deleted = 0"
    return Index(resource, name, f"CREATE INDEX {name} ON record ({', '.join(columns)}) WHERE {where}")


def _equal(shape: Shape) -> list[str]:
    """SQL of what the list compares for equality, each once."""
    columns = dict.fromkeys(["parent"] if shape.parent else [])
    columns.update(dict.fromkeys(plain(one.field) for one in shape.terms if one.op == "=" and indexable(one.field)))
    return list(columns)


@lru_cache(maxsize=4096)
def walked(shape: Shape) -> Index | None:
    """The index in the list's own order; None for the one every store has."""
    by = [order(shape.sort)] if shape.sort is not None and indexable(shape.sort) else []
    return _index(shape, _equal(shape) + by)


@lru_cache(maxsize=4096)
def narrowed(shape: Shape) -> Index | None:
    """The index on the field that narrows the list; None when no filter does, or the list is in that order anyway."""
    for op in NARROWING:
        for one in shape.terms:
            if one.op == op and one.field != shape.sort and indexable(one.field):
                return _index(shape, [*_equal(shape), order(one.field)])
    return None


def _matching(shape: Shape, index: str, free: str = "") -> str:
    conditions = [f"resource = {quoted(shape.resource)}", "deleted = 0"]
    if shape.parent:
        conditions.append("parent = ?")
    bounded = {(one.field, one.op[0]) for one in shape.terms}
    for one in shape.terms:
        guard = (one.field, "<" if one.op[0] == ">" else ">") not in bounded
        conditions.append(condition(one, free=free if one.field == shape.sort else "", guard=guard))
    return f"FROM record INDEXED BY {index} WHERE {' AND '.join(conditions)}"


@lru_cache(maxsize=4096)
def count_sql(shape: Shape, index: str) -> str:
    """The statement that counts up to a limit; binds parent, values, limit (-1: no limit)."""
    return f"SELECT count(*) FROM (SELECT 1 {_matching(shape, index)} LIMIT ?)"


@lru_cache(maxsize=4096)
def list_sql(shape: Shape, index: str, descending: bool, seek: Seek, narrow: bool) -> str:
    """The statement that reads (id, JSON); binds parent, values, the cursor's place as `seek` says, and the limit.

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
