"""Whether a body that was made for a document is one by JSON Schema: by jsonschema, which knows nothing of the kit.

A document may contradict itself (closed parts of an allOf, alternatives that every value is one of): no body that fits
it can be made there, and what a twin does with one that does not fit tells nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

from documents import Document

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from jsonschema import Draft4Validator, RefResolver

TOLD = ("oneOf", "anyOf", "not", "type", "enum", "additionalProperties", "pattern", "minLength", "maxLength")
"""Keywords that are looked at: what is required may be read-only, and formats are read in many ways."""


class Contradictions:
    """Looks for what in a body its document refuses."""

    def __init__(self, document: Document) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._resolver = RefResolver("", document.raw)

    def first(self, schema: Any, body: Any) -> str:
        """The first thing that the schema refuses; empty when there is none, or when the schema is no JSON Schema."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = list(Draft4Validator(schema, resolver=self._resolver).iter_errors(body))
        except Exception:  # schemas of old documents: `type: file`, `required: true`, references that lead nowhere
            return ""
        return next((f"{'.'.join(map(str, e.absolute_path))}: {e.message[:80]}" for e in self._told(found)), "")

    def _told(self, errors: list[Any]) -> Iterator[Any]:
        for error in errors:
            if error.validator in ("oneOf", "anyOf") and error.context:
                if all(any(True for _ in self._told([inner])) for inner in error.context):
                    yield error
            elif error.validator in TOLD and not (error.instance is None and nullable(error.schema)):
                yield error


def nullable(schema: Any) -> bool:
    """Whether a schema of version 3.0 admits null, as jsonschema does not know."""
    return isinstance(schema, dict) and bool(schema.get("nullable") or schema.get("x-nullable"))
