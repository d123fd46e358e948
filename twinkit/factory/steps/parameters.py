"""Parameter types of step expressions beyond int, float, word and string. Imports: durations, table."""

from __future__ import annotations

from typing import Any

from cucumber_expressions.parameter_type import ParameterType
from cucumber_expressions.parameter_type_registry import ParameterTypeRegistry

from twinkit.factory.durations import REGEXP, seconds
from twinkit.factory.steps.table import value

METHODS = "GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS"
VALUE = r'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null|\[.*\]|\{.*\}'

WORDS = {"no": 0, "one": 1, "an": 1, "a": 1, "two": 2, "three": 3, "exactly one": 1}
RESOURCE = r"[A-Za-z][\w.-]*(?: (?!with\b|whose\b|was\b|were\b|in\b|on\b)[a-z]+)?"
"""A resource as the twin calls it, or in the plural, or in two words: `payment_intent`, `payment intents`."""


def _same(text: str) -> str:
    return text


def _number(text: str) -> int:
    return WORDS[text] if text in WORDS else int(text)


def define_types(types: ParameterTypeRegistry) -> None:
    """Add ours: method, path, duration (seconds), jsonpath, value (JSON), twin, resource, times."""
    plain: list[tuple[str, str, type, Any]] = [
        ("method", METHODS, str, _same),
        ("path", r"(?:/|\$\{)\S*", str, _same),
        ("duration", REGEXP, float, seconds),
        ("jsonpath", r"\$?[A-Za-z_.\[\]\"$][^\s]*", str, _same),
        ("value", VALUE, object, value),
        ("twin", r"[a-z][a-z0-9_-]*", str, _same),
        ("resource", RESOURCE, str, _same),
        ("count", r"\d+|" + "|".join(WORDS), int, _number),
    ]
    for name, regexp, type_, transform in plain:
        types.define_parameter_type(ParameterType(name, regexp, type_, transform, False, False))
