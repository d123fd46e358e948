"""String formats and ECMA-262 patterns as quick predicates. Standard library only.

A format nobody knows and a pattern that Python cannot compile check nothing. Patterns are given inputs they can
match in bounded time only: longer ones pass unchecked, so that no request can stall the twin.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import lru_cache
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as sre_parse  # type: ignore[attr-defined]
from typing import Any

Predicate = Callable[[str], bool]

_DATE = r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_REGULAR = {
    "date": _DATE,
    "date-time": rf"{_DATE}[Tt]{_TIME}",
    "time": _TIME,
    "email": r"[^@\s]{1,64}@[^@\s]{1,255}",
    "idn-email": r"[^@\s]{1,64}@[^@\s]{1,255}",
    "uri": r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]*",
    "uri-reference": r"[^\s<>\"{}|\\^`]*",
    "uuid": r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
    "ipv4": r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)",
    "hostname": rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*\.?",
    "byte": r"(?:[A-Za-z0-9+/_-]{4})*(?:[A-Za-z0-9+/_-]{2,3}={0,2})?",
    "decimal": r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[Ee][+-]?\d+)?",
    "duration": r"P(?!$)(?:\d+W|(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?!$)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?)",
}
_THIRTY = ("04", "06", "09", "11")

NUMBER_RANGES: dict[str, tuple[int, int]] = {
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
}
"""Formats of integers: inclusive limits. `unix-time` is left open: services accept times before 1970."""


def _real_day(text: str) -> bool:
    year, month, day = text[:4], text[5:7], text[8:10]
    if month == "02":
        leap = int(year) % 4 == 0 and (int(year) % 100 != 0 or int(year) % 400 == 0)
        return int(day) <= (29 if leap else 28)
    return day != "31" or month not in _THIRTY


def _ipv6(text: str) -> bool:
    from ipaddress import AddressValueError, IPv6Address

    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return True


@lru_cache(maxsize=64)
def string_format(name: str) -> Predicate | None:
    """The check of a string format; None when the format is unknown or says nothing about the text."""
    if name == "ipv6":
        return _ipv6
    if name not in _REGULAR:
        return None
    matches = re.compile(_REGULAR[name], re.ASCII).fullmatch
    if name in ("date", "date-time"):
        return lambda text: matches(text) is not None and _real_day(text)
    if name in ("email", "idn-email", "uri"):
        return lambda text: len(text) > 2000 or matches(text) is not None
    return lambda text: matches(text) is not None


@lru_cache(maxsize=4096)
def pattern(source: str) -> Predicate | None:
    """The check of a `pattern` keyword (searched, not anchored); None when it cannot be read."""
    compiled = compile_pattern(source)
    if compiled is None:
        return None
    regex, limit = compiled
    search = regex.search
    return lambda text: len(text) > limit or search(text) is not None


def compile_pattern(source: str) -> tuple[re.Pattern[str], int] | None:
    """The Python form of an ECMA-262 pattern, and the longest text it may be asked about."""
    translated = translate(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = sre_parse.parse(translated, re.ASCII)
            return re.compile(translated, re.ASCII), _limit(tree)
    except (re.error, RecursionError, OverflowError, ValueError):
        return None


_TOKEN = re.compile(r"\\u\{([0-9a-fA-F]{1,6})\}|\\[\s\S]|\(\?<(?![=!])|[\[\]$]|[^\\\[\]$(]+|[\s\S]")
_LITERAL = re.compile(r"/(\^[\s\S]*\$)/[gimsuy]*")


def translate(source: str) -> str:
    """ECMA-262 spelling into Python's: named groups, `$` at the very end only, code points, `/…/` literals.

    `\\A` and `\\z`, which ECMA-262 has not, mean the ends of the text, as where documents borrow them from.
    """
    literal = _LITERAL.fullmatch(source)
    if literal:
        source = literal[1]
    out: list[str] = []
    inside = False
    for match in _TOKEN.finditer(source):
        token = match[0]
        if match[1]:
            token = _code_point(int(match[1], 16))
        elif token == "(?<" and not inside:
            token = "(?P<"
        elif token == "$" and not inside:
            token = r"\Z"
        elif token == "[":
            token = r"\[" if inside else "["
            inside = True
        elif token == "]":
            inside = False
        elif token in (r"\z", r"\Z") and not inside:
            token = r"\Z"
        out.append(token)
    return "".join(out)


def _code_point(number: int) -> str:
    return f"\\U{number:08x}"


def _limit(tree: Any) -> int:
    """How long a text may be: short when repeats are nested or many, since those can backtrack for ever."""
    count, nested = _repeats(tree)
    if nested:
        return 20
    return {0: 100_000, 1: 10_000, 2: 2_000}.get(count, 300)


def _repeats(tree: Any, inside: bool = False) -> tuple[int, bool]:
    """Number of open-ended repeats in a parsed pattern, and whether one contains another."""
    count, nested = 0, False
    for operator, argument in tree:
        if operator in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            open_ended = argument[1] == sre.MAXREPEAT or argument[1] > 100
            count += open_ended
            nested = nested or (open_ended and inside)
            inner = _repeats(argument[2], inside or open_ended)
        elif operator is sre.SUBPATTERN:
            inner = _repeats(argument[-1], inside)
        elif operator is sre.BRANCH:
            branches = [_repeats(branch, inside) for branch in argument[1]]
            inner = (max(n for n, _ in branches), any(deep for _, deep in branches))
        elif operator in (sre.ASSERT, sre.ASSERT_NOT):
            inner = _repeats(argument[1], inside)
        else:
            continue
        count, nested = count + inner[0], nested or inner[1]
    return count, nested
