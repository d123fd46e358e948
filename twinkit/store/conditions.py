"""Filters and the SQL they become. Pure functions; imports: errors, grams, words.

Two forms of a field occur in SQL: `plain` (NULL where the property is missing or null) for equality, and `order`
(a value below all others instead of NULL) for sorting and ranges, so that a keyset comparison always decides.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple, get_args

import orjson

from twinkit.errors import StoreError, nearest
from twinkit.store.grams import match
from twinkit.store.words import fold, words

Op = Literal[
    "=", "!=", ">", ">=", "<", "<=", "in", "contains", "prefix", "exists", "words", "holds", "starts", "ends",
    "without", "any",
]  # fmt: skip
Field = str | tuple[str | int, ...]
OPS: tuple[str, ...] = get_args(Op)
COLUMNS = {"@created": "created", "@id": "id", "@parent": "parent"}
PARTS = ("starts", "ends", "holds")
"""Operators that an index on parts of texts answers."""
SEARCHES = ("words", *PARTS, "any")
"""Operators without regard to case, and `any`, which is answered by the indexes of its alternatives."""
NARROWING = ("in", "prefix", ">", ">=", "<", "<=")
"""Operators that an index on the field's `order` form answers, the most selective first."""
RANGES = (">", ">=", "<", "<=", "prefix")
LOWEST = "-9e999"
"""SQL for a number below all others, which sort below all texts."""
KINDS = {
    ("number", ">"): ("<", "''"),
    ("number", "<"): (">", LOWEST),
    ("text", ">"): ("", ""),
    ("text", "<"): (">=", "''"),
}
"""For values of a kind compared in a direction: the bound that keeps values of the other kind out."""
ODD = re.compile(r'["\\\x00-\x1f]')
"""What JSON escapes in a name: SQLite's paths cannot spell such names."""
INTEGERS = range(-(2**63), 2**63)


class Filter(NamedTuple):
    """A condition on records.

    `field` is a path of property names such as `"billing.email"`; a tuple such as `("metadata", "a.b")` or
    `("items", 0, "id")` is taken literally, name by name. `"@id"`, `"@parent"` and `"@created"` are what `insert` was
    given under these names.
    A missing property equals None; numbers compare with numbers only and texts with texts only; True is 1.
    `contains` is a substring, `prefix` the beginning of a text, `exists` (value True or False) neither missing nor
    null; `in` takes any number of values. `words` (has every word of a text), `holds` (contains a text), `starts` and
    `ends` (with a text) go without regard to case, and look into the items of a list. `any` is true where one of the
    filters in its value is; its field is empty. `without` is `!=` a text that the twin's author has chosen, never
    a caller: an index is made without the records that have it.
    """

    field: Field
    op: Op
    value: Any = True


class Term(NamedTuple):
    """A filter without its values: what decides the SQL."""

    field: Field
    op: str
    variant: str | int | tuple[Term, ...]


def quoted(text: str) -> str:
    """`text` as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


@lru_cache(maxsize=4096)
def plain(field: Field) -> str:
    """SQL for the value of a field, NULL when it is missing or null."""
    if isinstance(field, str):
        if field in COLUMNS:
            return COLUMNS[field]
        parts: Sequence[str | int] = field.split(".")
    else:
        parts = field
    if any(isinstance(part, str) and ODD.search(part) for part in parts):
        return f"json_property(data, {quoted(orjson.dumps(list(parts)).decode())})"
    return f"json_extract(data, {quoted(_path(parts))})"


def _path(parts: Sequence[str | int]) -> str:
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f'."{part}"' for part in parts)


def as_json(field: Field, row: str = "") -> str:
    """SQL for a field as JSON text, NULL when it is missing; `row` is `new.` or `old.` in a trigger."""
    text = plain(field)
    if text.startswith("json_extract(data, "):
        return f"({row}data -> {text[len('json_extract(data, ') : -1]})"
    return f"json_quote({text.replace('(data', f'({row}data', 1) if '(' in text else row + text})"


def order(field: Field) -> str:
    """SQL for the value of a field, below all others when it is missing or null."""
    text = plain(field)
    return text if isinstance(field, str) and field in COLUMNS else f"ifnull({text}, {LOWEST})"


def indexable(field: Field) -> bool:
    """Whether an index can hold the field: SQLite alone must be able to compute it."""
    return not plain(field).startswith("json_property")


def json_property(data: str, path: str) -> Any:
    """SQL function: the value at a path whose names SQLite's own paths cannot spell."""
    value = orjson.loads(data)
    for part in orjson.loads(path):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return scalar(value)


def scalar(value: Any) -> Any:
    """A value as SQLite compares it: lists and objects as JSON text, numbers beyond 64 bits as floats."""
    if isinstance(value, (dict, list, tuple)):
        return orjson.dumps(value).decode()
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int) and value not in INTEGERS:
        return float(value) if abs(value) < 2**1023 else (9e999 if value > 0 else -9e999)
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return value


def after_prefix(prefix: str) -> str | None:
    """The least text above every text that begins with `prefix`; None when there is no such text."""
    while prefix:
        head, last = prefix[:-1], ord(prefix[-1])
        if last < sys.maxunicode:
            return head + chr(0xE000 if last == 0xD7FF else last + 1)
        prefix = head
    return None


def term(filter: Filter) -> Term:
    """The shape of a filter. Raises StoreError for an unknown operator."""
    field, op, value = filter
    if isinstance(field, list):
        field = tuple(field)
    if op in ("=", "!="):
        return Term(field, op, "null" if value is None else "value")
    if op in (">", ">=", "<", "<="):
        kind = "text" if isinstance(value, str) else "never" if value is None else "number"
        return Term(field, op, kind)
    if op == "in":
        return Term(field, op, len(value))
    if op == "prefix":
        return Term(field, op, "open" if after_prefix(scalar(str(value))) is None else "closed")
    if op == "exists":
        return Term(field, op, "yes" if value else "no")
    if op == "contains":
        return Term(field, op, "value")
    if op in PARTS:
        return Term(field, op, "some" if match(op, scalar(str(value))) else "none")
    if op == "any":
        return Term("", op, tuple(term(one) for one in possible(value)))
    if op == "without":
        return Term(field, op, str(value))
    if op == "words":
        return Term(field, op, "some" if words(value) else "none")
    raise StoreError(f"unknown filter operator {op!r}{nearest(op, OPS)} (operators: {' '.join(OPS)})")


def possible(filters: Sequence[Filter]) -> list[Filter]:
    """The filters that can match something."""
    return [one for one in filters if not impossible((term(one),))]


def key(filter: Filter) -> list[Any]:
    """What the index of a searching filter binds: the longest word, the parts of a text, those of the alternatives."""
    op, value = filter.op, filter.value
    if op == "words":
        return words(scalar(value))[:1]
    if op in PARTS:
        return [match(op, scalar(str(value)))]
    return [each for one in possible(value) for each in key(one)] if op == "any" else values(filter)


def values(filter: Filter) -> list[Any]:
    """The values that the SQL of the filter's term binds."""
    op, value = filter.op, filter.value
    if op in ("=", "!="):
        return [] if value is None else [scalar(value)]
    if op == "in":
        return [scalar(one) for one in value]
    if op == "prefix":
        prefix = scalar(str(value))
        end = after_prefix(prefix)
        return [prefix] if end is None else [prefix, end]
    if op == "contains":
        return [scalar(str(value))]
    if op in PARTS:
        return [fold(scalar(str(value)))]
    if op == "any":
        return [each for one in possible(value) for each in values(one)]
    if op == "words":
        return [orjson.dumps(words(scalar(value))).decode()]
    if op in ("exists", "without") or value is None:
        return []
    return [scalar(value)]


def impossible(terms: tuple[Term, ...]) -> bool:
    """Whether a term can match nothing whatever its values, such as `in` without any."""
    return any(one.variant in ("never", ()) or (one.op == "in" and one.variant == 0) for one in terms)


def _alternatives(term: Term) -> str:
    parts = term.variant if isinstance(term.variant, tuple) else ()
    return f"({' OR '.join(f'({condition(one)})' for one in parts)})"


def condition(term: Term, *, free: str = "", guard: bool = True) -> str:
    """SQL of a term, with a `?` for each of its values.

    SQLite searches an index by the first bound that it sees in each direction, so the others must be kept from it:
    `free` ("<", ">" or "<>") names directions in which a cursor bounds the field more tightly, `guard` is False where
    another filter bounds the field in the direction that this one leaves open.
    """
    field, op, variant = term
    if op == "any":
        return _alternatives(term)
    text, key = plain(field), order(field)
    if op in ("=", "!="):
        if variant == "null":
            return f"{text} IS {'NOT ' if op == '!=' else ''}NULL"
        return f"{text} = ?" if op == "=" else f"{text} IS NOT ?"
    if op == "in":
        return f"{'+' if free else ''}{key} IN ({', '.join('?' * int(str(variant)))})"
    if op == "exists":
        return f"{text} IS {'NOT ' if variant == 'yes' else ''}NULL"
    if op == "contains":
        return f"instr({text}, ?) > 0"
    if op == "without":
        return f"{text} IS NOT {quoted(str(variant))}"
    if op == "words" or op in PARTS:
        return f"{'has_words' if op == 'words' else op}({as_json(field)}, ?)"
    if op == "prefix":
        bounds = [(">=", "?"), ("<", "?")][: 2 if variant == "closed" else 1]
        return " AND ".join(f"{'+' if than[0] in free else ''}{key} {than} {value}" for than, value in bounds)
    other, end = KINDS[str(variant), op[0]]
    bound = f"{'+' if op[0] in free else ''}{key} {op} ?"
    return f"{bound} AND {'' if guard and other[0] not in free else '+'}{key} {other} {end}" if other else bound
