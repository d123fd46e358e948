"""Null in schemas of 2.0 and 3.0: where `nullable` admits it, and where only a lenient reader thinks so.

OpenAPI 3.0.3 lets `nullable: true` add null to the `type` beside it and to nothing else; documents write it beside
`$ref`, `allOf` or an enum without null too, and 2.0 has `x-nullable`. Requests may send null in all these places;
replies that are to fit the document to the letter may not, so those nulls carry a mark (`LENIENT_NULL`).
Source: https://spec.openapis.org/oas/v3.0.3 (Schema Object, `nullable`), proposal 2019-10-31 "clarify nullable".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit.contract.extensions import LENIENT_NULL

ANNOTATIONS = ("readOnly", "writeOnly", "deprecated", "default")
_OTHERS = ("allOf", "anyOf", "oneOf", "not", "const", "$ref", "if")


def explicit(node: Mapping[str, Any]) -> bool:
    """Whether `nullable` of a published schema admits null by the letter."""
    if node.get("nullable") is not True or not isinstance(node.get("type"), str):
        return False
    enum = node.get("enum")
    return not any(key in node for key in _OTHERS) and (not isinstance(enum, list) or None in enum)


def admit_null(schema: dict[str, Any], *, lenient: bool = False) -> dict[str, Any]:
    """The schema with null admitted whatever its keywords: type, enum, const, allOf, anyOf, oneOf."""
    null: dict[str, Any] = {"type": "null", LENIENT_NULL: True} if lenient else {"type": "null"}
    if "allOf" in schema or "$ref" in schema or "not" in schema or "if" in schema:
        outer = {key: schema.pop(key) for key in ANNOTATIONS if key in schema}
        return {"anyOf": [schema, null], **outer}
    kind = schema.get("type")
    if isinstance(kind, str) and kind != "null":
        schema["type"] = [kind, "null"]
    elif isinstance(kind, list) and "null" not in kind:
        schema["type"] = [*kind, "null"]
    if lenient and schema.get("type") is not kind:
        schema[LENIENT_NULL] = True
    if "const" in schema:
        schema["enum"] = [schema.pop("const")]
    if "enum" in schema and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    for key in ("anyOf", "oneOf"):
        branches = schema.get(key)
        if branches is not None and not any(_admits_null(branch) for branch in branches):
            schema[key] = [*branches, null]
    return schema


def _admits_null(branch: Any) -> bool:
    if not isinstance(branch, dict):
        return False
    kind = branch.get("type")
    return kind == "null" or (isinstance(kind, list) and "null" in kind)


def forget_lenient_null(contract: Any) -> None:
    """Take the marks away, in place: null is then as good in replies as in requests."""
    waiting = [contract]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            node.pop(LENIENT_NULL, None)
            waiting.extend(value for value in node.values() if isinstance(value, dict | list))
        elif isinstance(node, list):
            waiting.extend(value for value in node if isinstance(value, dict | list))
