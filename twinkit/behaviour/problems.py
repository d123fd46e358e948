"""Error answers: templates and their fields, RFC 9457 problem documents, violations in words.

Imports: contract (validate), errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from twinkit.contract.validate import Violation
from twinkit.errors import ServiceError

FIELD = re.compile(r"\{(\w+)\}")
DROP = object()
STATUSES = {
    "invalid": 400,
    "malformed": 400,
    "unauthorized": 401,
    "token_expired": 401,
    "forbidden": 403,
    "not_found": 404,
    "unknown_operation": 404,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "conflict": 409,
    "gone": 410,
    "precondition": 412,
    "too_large": 413,
    "unsupported_media": 415,
    "rate_limit": 429,
    "internal": 500,
    "unavailable": 503,
}
"""Names every twin has, and the status of each where the overlay says nothing."""


def fill(template: Any, fields: Mapping[str, Any]) -> Any:
    """The template with `{field}`s filled in; a key whose value is one absent field alone is left out."""
    if isinstance(template, str):
        return _fill_text(template, fields)
    if isinstance(template, Mapping):
        filled = {key: fill(value, fields) for key, value in template.items()}
        return {key: value for key, value in filled.items() if value is not DROP}
    if isinstance(template, list | tuple):
        return [value for value in (fill(item, fields) for item in template) if value is not DROP]
    return template


def _fill_text(text: str, fields: Mapping[str, Any]) -> Any:
    whole = FIELD.fullmatch(text)
    if whole:
        value = fields.get(whole[1])
        return DROP if value is None else value
    return FIELD.sub(lambda match: str(fields.get(match[1], "")), text)


def problem(status: int, message: str, name: str = "error") -> ServiceError:
    """An RFC 9457 problem document."""
    try:
        title = HTTPStatus(status).phrase
    except ValueError:
        title = "Error"
    body = {"type": "about:blank", "title": title, "status": status, "detail": message}
    return ServiceError(status, body, {"content-type": "application/problem+json"}, name=name)


WORDS: dict[str, str] = {
    "missing": "is required",
    "unknown": "is not known",
    "type": "must be of type {expected}",
    "enum": "must be one of {expected}",
    "const": "must be {expected}",
    "format": "is no valid {expected}",
    "pattern": "does not match {expected}",
    "minimum": "must be at least {expected}",
    "maximum": "must be at most {expected}",
    "multiple": "must be a multiple of {expected}",
    "min_length": "must have at least {expected} characters",
    "max_length": "must have at most {expected} characters",
    "min_items": "must have at least {expected} items",
    "max_items": "must have at most {expected} items",
    "unique": "must not repeat items",
    "min_properties": "must have at least {expected} properties",
    "max_properties": "must have at most {expected} properties",
    "read_only": "is read-only",
}


def describe(violations: Iterable[Violation]) -> str:
    """The violations in words, such as `body.email: is required; query.limit: must be at most 100`."""
    lines = []
    for violation in violations:
        expected = violation.expected
        if isinstance(expected, list | tuple):
            expected = ", ".join(str(value) for value in expected)
        words = WORDS.get(violation.kind, "is not valid").replace("{expected}", str(expected))
        where = ".".join(str(part) for part in (violation.location, *violation.path))
        lines.append(f"{where}: {words}")
    return "; ".join(lines)
