"""Which vendor extensions are structure and which are prose, samples or decoration. Standard library only."""

from __future__ import annotations

from typing import Any

SCHEMA_EXTENSIONS = frozenset({"x-expansionResources"})
"""Extensions whose value is a schema."""

LENIENT_NULL = "x-lenient-null"
"""Our own: beside a null that requests may send and replies may not, if they are to fit the document to the letter."""

_DECORATION = (
    "sample", "example", "doc", "description", "logo", "title", "summary", "display", "taggroups", "codegen", "origin",
    "providername", "preferred", "apisguru", "changelog", "external", "stripemostcommon", "tocgroup", "readme",
    "speakeasy", "fern", "stainless", "faker", "mock", "redoc", "scalar", "postman", "label", "tooltip", "message",
)  # fmt: skip


def structural(key: str, value: Any) -> bool:
    """True when `x-…` says something about structure: no decoration by its name, and short words by its value."""
    lowered = key.lower().replace("-", "").replace("_", "")[1:]
    return not any(word in lowered for word in _DECORATION) and _short(value, 0)


def _short(value: Any, depth: int) -> bool:
    if isinstance(value, str):
        return len(value) <= 120 and " " not in value.strip() and "\n" not in value
    if isinstance(value, list):
        return depth < 6 and len(value) <= 500 and all(_short(item, depth + 1) for item in value)
    if isinstance(value, dict):
        return depth < 6 and "$ref" not in value and all(_short(item, depth + 1) for item in value.values())
    return True
