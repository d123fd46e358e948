"""The part of Okta's expression language that group rules and claims use; parsed and evaluated, never `eval`.

    user.department == "Eng" AND String.startsWith(user.email, "a") OR isMemberOfGroupName("Admins")

Source: https://developer.okta.com/docs/reference/okta-expression-language/. Pure; imports lexing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twins.okta import lexing

TOKEN = (
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<number>\d+(?:\.\d+)?)"""
    r"""|(?P<name>[A-Za-z_]\w*(?:\.\w+)*)"""
    r"""|(?P<mark>==|!=|>=|<=|&&|\|\||[()+,?:!<>{}\[\]]))"""
)
WORDS = {"AND": "&&", "and": "&&", "OR": "||", "or": "||", "NOT": "!", "not": "!", "EQ": "==", "eq": "=="}
CONSTANTS = {"true": True, "false": False, "null": None}


class ExpressionError(ValueError):
    """The expression is not well-formed, or uses what is not modelled."""


class Evaluator:
    """One expression over one set of names (`user.department`, `app.clientId`) and groups."""

    def __init__(self, text: str, names: Mapping[str, Any], groups: Sequence[Mapping[str, Any]] = ()) -> None:
        self.tokens = tokens(text)
        self.names = names
        self.groups = groups
        self.at = 0

    def run(self) -> Any:
        """The value. Raises ExpressionError."""
        value = self.ternary()
        if self.at < len(self.tokens):
            raise ExpressionError(f"unexpected {self.tokens[self.at][1]!r}")
        return value

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) and self.tokens[self.at][0] == "mark" else ""

    def take(self, mark: str) -> bool:
        if self.peek() != mark:
            return False
        self.at += 1
        return True

    def need(self, mark: str) -> None:
        if not self.take(mark):
            raise ExpressionError(f"{mark!r} expected")

    def ternary(self) -> Any:
        value = self.either()
        if not self.take("?"):
            return value
        yes = self.ternary()
        self.need(":")
        no = self.ternary()
        return yes if value else no

    def either(self) -> Any:
        value = self.both()
        while self.take("||"):
            other = self.both()
            value = bool(value) or bool(other)
        return value

    def both(self) -> Any:
        value = self.comparison()
        while self.take("&&"):
            other = self.comparison()
            value = bool(value) and bool(other)
        return value

    def comparison(self) -> Any:
        value = self.sum()
        mark = self.peek()
        if mark not in COMPARISONS:
            return value
        self.at += 1
        return COMPARISONS[mark](value, self.sum())

    def sum(self) -> Any:
        value = self.factor()
        while self.take("+"):
            other = self.factor()
            value = (
                f"{shown(value)}{shown(other)}" if isinstance(value, str) or isinstance(other, str) else value + other
            )
        return value

    def factor(self) -> Any:
        if self.take("!"):
            return not self.factor()
        if self.take("("):
            value = self.ternary()
            self.need(")")
            return value
        if self.take("{"):
            return self.items("}")
        if self.at >= len(self.tokens):
            raise ExpressionError("a value expected")
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if kind == "number":
            return float(text) if "." in text else int(text)
        if kind != "name":
            raise ExpressionError(f"unexpected {text!r}")
        if self.take("("):
            return self.call(text, self.items(")"))
        return CONSTANTS[text] if text in CONSTANTS else self.name(text)

    def items(self, end: str) -> list[Any]:
        found: list[Any] = []
        while not self.take(end):
            found.append(self.ternary())
            if not self.take(","):
                self.need(end)
                break
        return found

    def name(self, path: str) -> Any:
        value: Any = self.names
        for part in path.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value

    def call(self, name: str, arguments: list[Any]) -> Any:
        names = [str(group["profile"]["name"]) for group in self.groups]
        ids = {str(group["id"]) for group in self.groups}
        if name in ("isMemberOfGroupName", "isMemberOfGroup", "isMemberOfAnyGroup"):
            return any(each in names or each in ids for each in arguments)
        if name == "isMemberOfGroupNameStartsWith":
            return any(each.startswith(shown(arguments[0])) for each in names)
        if name == "isMemberOfGroupNameContains":
            return any(shown(arguments[0]) in each for each in names)
        if name in ("Groups.startsWith", "Groups.contains", "Groups.endsWith"):
            test = TESTS[name.partition(".")[2]]
            return [each for each in names if test(each, shown(arguments[1]))][: int(arguments[2])]
        function = FUNCTIONS.get(name)
        if function is None:
            raise ExpressionError(f"the function {name} is not modelled")
        try:
            return function(*arguments)
        except (TypeError, ValueError, IndexError) as error:
            raise ExpressionError(f"{name}: {error}") from error


def shown(value: Any) -> str:
    """A value as text; null is empty."""
    return "" if value is None else str(value)


def _order(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(left: Any, right: Any) -> bool:
        try:
            return bool(test(left, right))
        except TypeError:
            return False

    return compare


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    ">": _order(lambda a, b: a > b),
    "<": _order(lambda a, b: a < b),
    ">=": _order(lambda a, b: a >= b),
    "<=": _order(lambda a, b: a <= b),
}
TESTS: dict[str, Callable[[str, str], bool]] = {
    "startsWith": lambda text, part: text.startswith(part),
    "endsWith": lambda text, part: text.endswith(part),
    "contains": lambda text, part: part in text,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "String.stringContains": lambda text, part: shown(part) in shown(text),
    "String.startsWith": lambda text, part: shown(text).startswith(shown(part)),
    "String.endsWith": lambda text, part: shown(text).endswith(shown(part)),
    "String.toUpperCase": lambda text: shown(text).upper(),
    "String.toLowerCase": lambda text: shown(text).lower(),
    "String.substringBefore": lambda text, part: shown(text).partition(part)[0],
    "String.substringAfter": lambda text, part: shown(text).partition(part)[2],
    "String.substring": lambda text, start, end: shown(text)[int(start) : int(end)],
    "String.replace": lambda text, old, new: shown(text).replace(old, new),
    "String.append": lambda text, more: shown(text) + shown(more),
    "String.join": lambda separator, *parts: shown(separator).join(shown(part) for part in parts),
    "String.len": lambda text: len(shown(text)),
    "String.removeSpaces": lambda text: shown(text).replace(" ", ""),
    "Arrays.contains": lambda items, value: value in (items or []),
    "Arrays.size": lambda items: len(items or []),
    "Arrays.isEmpty": lambda items: not items,
    "Arrays.add": lambda items, value: [*(items or []), value],
    "Arrays.toCsvString": lambda items: ",".join(shown(item) for item in items or []),
    "Convert.toInt": lambda value: int(value),
    "isNull": lambda value: value is None,
}


def tokens(text: str) -> list[tuple[str, str]]:
    """The tokens of an expression; word operators become marks. Raises ExpressionError."""
    found = lexing.tokens(TOKEN, text, ExpressionError)
    return [("mark", WORDS[word]) if kind == "name" and word in WORDS else (kind, word) for kind, word in found]


def evaluate(text: str, names: Mapping[str, Any], groups: Sequence[Mapping[str, Any]] = ()) -> Any:
    """The value of an expression. Raises ExpressionError."""
    return Evaluator(text, names, groups).run()
