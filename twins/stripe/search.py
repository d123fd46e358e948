"""The query language of the seven search operations: parsed to clauses, checked against a resource's fields, matched.

`field:"value"`, `field~"part"`, `field>100`, `-clause`, `metadata["key"]:"value"`, joined by AND or by OR, never both;
strings without regard to case. Source: https://docs.stripe.com/search#search-query-language. Pure: raises QueryError,
imports nothing of the kit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Kind = Literal["string", "number", "token"]
MAX_CLAUSES = 10
UNREADABLE = (
    'We were unable to parse your search query. Try using the format `metadata["key"]:"value"` to query for metadata '
    'or key:"value" to query for other fields.'
)

FIELDS: Mapping[str, Mapping[str, Kind]] = {
    "charge": {
        "amount": "number",
        "billing_details.address.postal_code": "token",
        "created": "number",
        "currency": "token",
        "customer": "token",
        "disputed": "token",
        "payment_method_details.card.brand": "token",
        "payment_method_details.card.exp_month": "number",
        "payment_method_details.card.exp_year": "number",
        "payment_method_details.card.fingerprint": "token",
        "payment_method_details.card.last4": "token",
        "payment_method_details.card.network": "token",
        "payment_method_details.type": "token",
        "refunded": "token",
        "status": "token",
    },
    "customer": {"created": "number", "email": "string", "name": "string", "phone": "string"},
    "invoice": {
        "created": "number",
        "currency": "token",
        "customer": "token",
        "last_finalization_error_code": "token",
        "last_finalization_error_type": "token",
        "number": "token",
        "receipt_number": "token",
        "status": "token",
        "subscription": "token",
        "total": "number",
    },
    "payment_intent": {
        "amount": "number",
        "created": "number",
        "currency": "token",
        "customer": "token",
        "status": "token",
    },
    "price": {"active": "token", "currency": "token", "lookup_key": "token", "product": "token", "type": "token"},
    "product": {
        "active": "token",
        "created": "number",
        "description": "string",
        "name": "string",
        "shippable": "token",
        "url": "string",
    },
    "subscription": {"canceled_at": "number", "created": "number", "status": "token"},
}
"""Resource → field → kind. Every resource also has `metadata["key"]`, a token."""

TOKEN = r"""\s*(?:
        (?P<word>(?:AND|OR|and|or)\b)
      | (?P<not>-)?
        (?P<field>[a-zA-Z_][\w.]*)
        (?:\[(?P<quote>["'])(?P<key>(?:\\.|(?!(?P=quote)).)*)(?P=quote)\])?
        \s*(?P<operator>>=|<=|:|~|>|<|=)\s*
        (?P<value>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^\s"']+)
    )"""
"""Compiled by the first search, since that costs a start half a millisecond."""


class QueryError(ValueError):
    """The query cannot be read; the text is the service's."""


class Clause(NamedTuple):
    """One condition. `value` is a string, a number, or None for `null`."""

    field: tuple[str, ...]
    operator: str
    value: str | float | None
    negated: bool = False
    kind: Kind = "token"


class Query(NamedTuple):
    """Clauses joined by AND (`any` false) or OR."""

    clauses: tuple[Clause, ...]
    any: bool = False

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Whether a record satisfies the query."""
        results = (matches(clause, record) for clause in self.clauses)
        return any(results) if self.any else all(results)


def _unquoted(text: str) -> str | None:
    if text == "null":
        return None
    if len(text) >= 2 and text[0] in "\"'" and text[-1] == text[0]:
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def _clause(found: re.Match[str], fields: Mapping[str, Kind], resource: str) -> Clause:
    name, key, operator = found["field"], found["key"], found["operator"]
    if key is not None:
        if name != "metadata":
            raise QueryError(f"Field `{name}` is an unsupported search field for resource `{resource}s`.")
        path: tuple[str, ...] = ("metadata", re.sub(r"\\(.)", r"\1", key))
        kind: Kind = "token"
    elif name in fields:
        path, kind = tuple(name.split(".")), fields[name]
    else:
        raise QueryError(f"Field `{name}` is an unsupported search field for resource `{resource}s`.")
    value: str | float | None = _unquoted(found["value"])
    if operator == "=":
        operator = ":"
    if operator == "~":
        if kind == "number":
            raise QueryError(f"Field `{name}` is a numeric field and does not support the operator `~`.")
        if isinstance(value, str) and len(value) < 3:
            raise QueryError("Substring search is only supported on strings with at least 3 characters.")
    if kind == "number" and value is not None:
        try:
            value = float(value)
        except (TypeError, ValueError):
            raise QueryError(f"Field `{name}` is a numeric field, but the value `{value}` is not a number.") from None
    elif operator in (">", "<", ">=", "<="):
        raise QueryError(f"Field `{name}` does not support the operator `{operator}`.")
    return Clause(path, operator, value, found["not"] is not None, kind)


def parse(text: str, resource: str) -> Query:
    """The query for one of the seven searchable resources. Raises QueryError."""
    fields = FIELDS[resource]
    clauses: list[Clause] = []
    joins: set[str] = set()
    place, want_clause, token = 0, True, re.compile(TOKEN, re.VERBOSE)
    end = len(text.rstrip())
    while place < end:
        found = token.match(text, place)
        if found is None:
            raise QueryError(UNREADABLE)
        if found["word"]:
            if want_clause:
                raise QueryError(UNREADABLE)
            joins.add(found["word"].upper())
            want_clause = True
        else:
            if not want_clause:
                joins.add("AND")
            clauses.append(_clause(found, fields, resource))
            want_clause = False
        place = found.end()
    if not clauses or want_clause:
        raise QueryError(UNREADABLE)
    if len(joins) > 1:
        raise QueryError("You cannot combine AND and OR in the same search query.")
    if len(clauses) > MAX_CLAUSES:
        raise QueryError(f"Search queries may contain at most {MAX_CLAUSES} clauses.")
    return Query(tuple(clauses), "OR" in joins)


def _value(record: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = record
    for part in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def _compare(operator: str, value: float, wanted: float) -> bool:
    return {
        ":": value == wanted,
        ">": value > wanted,
        "<": value < wanted,
        ">=": value >= wanted,
        "<=": value <= wanted,
    }[operator]


def matches(clause: Clause, record: Mapping[str, Any]) -> bool:
    """Whether one clause holds for a record."""
    value = _value(record, clause.field)
    if clause.value is None:
        held = value is None or value == ""
    elif value is None:
        held = False
    elif clause.kind == "number":
        held = isinstance(value, int | float) and _compare(clause.operator, float(value), float(clause.value))
    else:
        shown = ("true" if value else "false") if isinstance(value, bool) else str(value)
        shown, wanted = shown.casefold(), str(clause.value).casefold()
        if clause.operator == "~" or clause.kind == "string":
            held = wanted in shown if clause.operator == "~" else _words(wanted, shown)
        else:
            held = shown == wanted
    return held is not clause.negated


def _words(wanted: str, shown: str) -> bool:
    """Exact match of string fields: the whole value, or its words in that order."""
    return wanted == shown or wanted.split() == shown.split() or f" {wanted} " in f" {shown} "
