"""The SCIM-like expressions of `filter` and `search`: parsed, evaluated, and narrowed to what indexes answer.

    status eq "ACTIVE" and (profile.department sw "Eng" or not (profile.title pr))

Source: https://developer.okta.com/docs/reference/core-okta-api/#filter and /docs/reference/user-query/.
Pure; imports the kit's Filter and lexing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, NoReturn

import orjson

from twinkit import Filter
from twins.okta import lexing

OPERATORS = frozenset({"eq", "ne", "gt", "ge", "lt", "le", "sw", "ew", "co", "pr"})
TOKEN = r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<mark>[()\[\]])|(?P<word>[^\s()"\[\]]+))"""
DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$"
DEPTH = 50


class FilterError(ValueError):
    """The expression is not well-formed."""


class Compare(NamedTuple):
    """One attribute against one value; `pr` has none."""

    attribute: str
    operator: str
    value: Any = None


class Both(NamedTuple):
    """`and` (all) or `or` (any) of two or more expressions."""

    word: str
    parts: tuple[Expression, ...]


class Not(NamedTuple):
    """The opposite of an expression."""

    part: Expression


Expression = Compare | Both | Not


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = list(lexing.tokens(TOKEN, text, FilterError))
        self.at = 0

    def fail(self, wanted: str) -> NoReturn:
        found = self.tokens[self.at][1] if self.at < len(self.tokens) else "the end"
        raise FilterError(f"{wanted} expected, not {found!r}")

    def word(self) -> str:
        kind, text = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
        return text.lower() if kind == "word" else text if kind == "mark" else ""

    def expression(self, depth: int = 0) -> Expression:
        if depth > DEPTH:
            raise FilterError("the expression is nested too deeply")
        return self.chain("or", depth)

    def chain(self, word: str, depth: int) -> Expression:
        parts = [self.chain("and", depth) if word == "or" else self.factor(depth)]
        while self.word() == word:
            self.at += 1
            parts.append(self.chain("and", depth) if word == "or" else self.factor(depth))
        return parts[0] if len(parts) == 1 else Both(word, tuple(parts))

    def factor(self, depth: int) -> Expression:
        if self.word() == "not":
            self.at += 1
            return Not(self.factor(depth + 1) if self.word() != "(" else self.group(depth))
        return self.group(depth) if self.word() == "(" else self.compare()

    def group(self, depth: int) -> Expression:
        self.at += 1
        inner = self.expression(depth + 1)
        if self.word() != ")":
            self.fail(")")
        self.at += 1
        return inner

    def compare(self) -> Compare:
        if self.at >= len(self.tokens) or self.tokens[self.at][0] != "word":
            self.fail("an attribute")
        attribute = self.tokens[self.at][1]
        self.at += 1
        operator = self.word()
        if operator not in OPERATORS:
            self.fail("an operator")
        self.at += 1
        return Compare(attribute, operator) if operator == "pr" else Compare(attribute, operator, self.value())

    def value(self) -> Any:
        if self.at >= len(self.tokens) or self.tokens[self.at][0] == "mark":
            self.fail("a value")
        kind, text = self.tokens[self.at]
        self.at += 1
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            if kind == "text":
                raise FilterError(f"{text} is no text") from None
            if re.match(DATE, text):
                return text
            raise FilterError(f"{text!r} is no value; texts need quotes") from None


def parse(text: str) -> Expression:
    """The expression of a filter. Raises FilterError."""
    parser = _Parser(text)
    found = parser.expression()
    if parser.at < len(parser.tokens):
        parser.fail("and, or, or the end")
    return found


def attributes(expression: Expression) -> list[Compare]:
    """Every comparison of an expression."""
    if isinstance(expression, Compare):
        return [expression]
    if isinstance(expression, Not):
        return attributes(expression.part)
    return [each for part in expression.parts for each in attributes(part)]


def show(expression: Expression) -> str:
    """The expression as text that parses to it again."""
    if isinstance(expression, Compare):
        value = "" if expression.operator == "pr" else f" {orjson.dumps(expression.value).decode()}"
        return f"{expression.attribute} {expression.operator}{value}"
    if isinstance(expression, Not):
        return f"not ({show(expression.part)})"
    return f" {expression.word} ".join(f"({show(part)})" for part in expression.parts)


# evaluation ----------------------------------------------------------------------------------------------------------


def values_at(record: Any, path: str) -> list[Any]:
    """What a record has at a dotted path; lists on the way contribute each of their items."""
    found = [record]
    for name in path.split("."):
        step: list[Any] = []
        for each in found:
            items = each if isinstance(each, list) else [each]
            step.extend(item[name] for item in items if isinstance(item, Mapping) and name in item)
        found = step
    flat: list[Any] = []
    for each in found:
        flat.extend(each if isinstance(each, list) else [each])
    return flat


def matches(expression: Expression, record: Mapping[str, Any]) -> bool:
    """Whether a record passes. Texts compare without regard to case; dates as instants."""
    if isinstance(expression, Not):
        return not matches(expression.part, record)
    if isinstance(expression, Both):
        found = (matches(part, record) for part in expression.parts)
        return all(found) if expression.word == "and" else any(found)
    held = [value for value in values_at(record, expression.attribute) if value is not None]
    if expression.operator == "pr":
        return any(value not in ("", {}, []) for value in held)
    if expression.operator == "ne":
        return not any(_compare("eq", value, expression.value) for value in held)
    return any(_compare(expression.operator, value, expression.value) for value in held)


def _compare(operator: str, left: Any, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return operator == "eq" and str(left).lower() == str(right).lower()
    if isinstance(left, int | float) and isinstance(right, int | float):
        return _ordered(operator, left, right)
    one, other = comparable(str(left)), comparable(str(right))
    match operator:
        case "sw":
            return one.startswith(other)
        case "ew":
            return one.endswith(other)
        case "co":
            return other in one
    return _ordered(operator, one, other)


def _ordered(operator: str, left: Any, right: Any) -> bool:
    match operator:
        case "eq":
            return bool(left == right)
        case "gt":
            return bool(left > right)
        case "ge":
            return bool(left >= right)
        case "lt":
            return bool(left < right)
        case "le":
            return bool(left <= right)
    return False


def comparable(text: str) -> str:
    """A text as it is compared: folded; an instant in one form."""
    return instant(text) if re.match(DATE, text) else text.casefold()


def instant(text: str) -> str:
    """An ISO 8601 instant in UTC with microseconds, so that texts order as times do."""
    from datetime import UTC, datetime

    text = text.replace("Z", "+00:00")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


# what the store can answer -------------------------------------------------------------------------------------------


STATUSES = ("STAGED", "PROVISIONED", "ACTIVE", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT", "SUSPENDED",
            "DEPROVISIONED", "INACTIVE")  # fmt: skip
"""Every status a filtered record can have."""
LISTS = frozenset({"target", "request", "user", "group"})
"""Properties with lists on the way to what is compared: no index looks there."""


def narrow(
    expression: Expression, dates: frozenset[str] = frozenset(), always: frozenset[str] = frozenset()
) -> list[Filter]:
    """Filters that every passing record passes too, answered by indexes: a superset, to be checked with `matches`.

    `dates` names the attributes that hold instants in the form of `stored_instant`, `always` those of every record.
    """
    if isinstance(expression, Both):
        if expression.word == "and":
            return [each for part in expression.parts for each in narrow(part, dates, always)]
        return _alternatives(expression, dates, always)
    if isinstance(expression, Not):
        return _others(expression.part) if "status" in always else []
    attribute, operator, value = expression.attribute, expression.operator, expression.value
    if attribute.partition(".")[0] in LISTS:
        return []
    if attribute in dates and isinstance(value, str) and re.match(DATE, value):
        op = {"gt": ">=", "ge": ">=", "lt": "<=", "le": "<="}.get(operator)
        if op == ">=":
            return [Filter(attribute, ">=", stored_instant(value))]
        return [Filter(attribute, "<=", stored_instant(value))] if op == "<=" else []
    if operator == "eq" and attribute == "id":
        return [Filter("id", "=", value)]
    if operator == "eq" and isinstance(value, str) and value.split():
        return [Filter(attribute, "words", value)]
    if operator == "eq" and isinstance(value, int | float) and not isinstance(value, bool):
        return [Filter(attribute, "=", value)]
    op = PARTS.get(operator)
    if op and isinstance(value, str) and attribute not in dates and not re.match(LIKE_DATE, value):
        return [Filter(attribute, op, value)]
    return []


EXACT = frozenset({"id", "status"})
"""Attributes whose values are stored as they are compared: ids, and statuses in upper case."""
PARTS: dict[str, Literal["holds", "starts", "ends"]] = {"co": "holds", "sw": "starts", "ew": "ends"}
LIKE_DATE = r"[-\d:.TZ+]+$"
"""Part of an instant, perhaps: those are compared in another form than they are kept in."""


def _alternatives(expression: Both, dates: frozenset[str], always: frozenset[str]) -> list[Filter]:
    """`a or b` as one filter, where there is one for each."""
    same = _same(expression)
    if same:
        return same
    found = [narrow(part, dates, always)[:1] for part in expression.parts]
    return [Filter("", "any", [each for one in found for each in one])] if all(found) else []


def _same(expression: Both) -> list[Filter]:
    """`a eq "x" or a eq "y"` over ids or statuses as one filter."""
    parts = [part for part in expression.parts if isinstance(part, Compare)]
    names = {part.attribute for part in parts if part.operator == "eq" and isinstance(part.value, str)}
    if len(parts) < len(expression.parts) or any(part.operator != "eq" for part in parts):
        return []
    if len(names) != 1 or not names <= EXACT or any(not isinstance(part.value, str) for part in parts):
        return []
    name = names.pop()
    return [Filter(name, "in", [part.value.upper() if name == "status" else part.value for part in parts])]


def _others(part: Expression) -> list[Filter]:
    """`not (status eq "x")` as the other statuses there are."""
    if isinstance(part, Compare) and (part.attribute, part.operator) == ("status", "eq"):
        return [Filter("status", "in", [each for each in STATUSES if each != str(part.value).upper()])]
    return []


def stored_instant(text: str) -> str:
    """An instant in the form records hold: UTC with milliseconds."""
    return instant(text)[:-4] + "Z"
