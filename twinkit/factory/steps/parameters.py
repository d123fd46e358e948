"""Parameter types of step expressions beyond int, float, word and string. Imports: durations, counts, table."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from cucumber_expressions.parameter_type import ParameterType
from cucumber_expressions.parameter_type_registry import ParameterTypeRegistry

from twinkit.factory.durations import REGEXP, seconds
from twinkit.factory.steps.counts import COUNT, TIMES, Count, count
from twinkit.factory.steps.table import value

METHODS = "GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS"
VALUE = r'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null|\[.*\]|\{.*\}|\$\{[A-Za-z_][\w.-]*\}'

COMPARISONS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "more than": operator.gt, "greater than": operator.gt, "above": operator.gt, "at least": operator.ge,
    "less than": operator.lt, "below": operator.lt, "at most": operator.le, "no more than": operator.le,
}  # fmt: skip
RESOURCE = r"[A-Za-z][\w.-]*(?: (?!with\b|whose\b|was\b|were\b|in\b|on\b)[a-z]+)?"
"""A resource as the twin calls it, or in the plural, or in two words: `payment_intent`, `payment intents`."""


def _same(text: str) -> str:
    return text


def define_types(types: ParameterTypeRegistry) -> None:
    """Add ours: method, path, duration (seconds), jsonpath, value (JSON), twin, resource, statuses, comparison, count,
    times.
    """
    plain: list[tuple[str, str, type, Any]] = [
        ("method", METHODS, str, _same),
        ("path", r"(?:/|\$\{)\S*", str, _same),
        ("duration", REGEXP, float, seconds),
        ("jsonpath", r"\$?[A-Za-z_.\[\]\"$][^\s]*", str, _same),
        ("value", VALUE, object, value),
        ("twin", r"[a-z][a-z0-9_-]*", str, _same),
        ("resource", RESOURCE, str, _same),
        ("statuses", "[1-5]xx", str, _same),
        ("comparison", "|".join(COMPARISONS), str, _same),
        ("count", COUNT, Count, count),
        ("times", TIMES, Count, count),
    ]
    for name, regexp, type_, transform in plain:
        types.define_parameter_type(ParameterType(name, regexp, type_, transform, False, False))
