"""Documented errors: which status an operation answers for what, and a skeleton of the body.

Imports: shapes, skeleton."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from twinkit.overlay.shapes import Shapes, media
from twinkit.overlay.skeleton import Skeleton
from twinkit.overlay.words import listed, norm, normed

CASES: Mapping[str, tuple[int, ...]] = {
    "invalid": (400, 422),
    "unauthorized": (401,),
    "forbidden": (403,),
    "not_found": (404, 410),
    "gone": (410, 404),
    "method_not_allowed": (405,),
    "not_acceptable": (406,),
    "conflict": (409, 422, 400),
    "precondition": (412,),
    "too_large": (413,),
    "unsupported_media": (415,),
    "rate_limit": (429,),
    "internal": (500,),
}
_MESSAGE = normed("""
    message detail error_description errorMessage description msg error_message errorSummary reason text
    userMessage errorDescription longMessage faultstring errorMsg error_msg err_msg errMsg developerMessage
    internalMessage errorText error_text
    """)
_STATUS = normed("""
    status statusCode status_code httpStatus http_status code errorCode httpCode
    """)
_CODE = normed("""
    code error_code errorCode type error reason name key
    """)

_ELSE = listed("title details error errors reason info cause explanation summary name")
"""What holds the words where nothing is called like a message, likeliest first."""

WORD = "{message}"
UNSAID: Mapping[str, Any] = {"type": "about:blank", "status": "{status}", "detail": WORD}
"""The body of an error whose media type is documented and whose schema is not."""


class Errors:
    """Documented error bodies of one document, each distinct one kept once."""

    def __init__(self, shapes: Shapes, skeleton: Skeleton) -> None:
        self._shapes = shapes
        self._skeleton = skeleton
        self._keys: dict[str, str] = {}
        self.bodies: dict[str, Any] = {}
        self.media: dict[str, str] = {}
        """Media types of the bodies that are not plain JSON, by key."""

    def of(self, raw: Mapping[str, Any]) -> dict[str, tuple[int, str]]:
        """`Binding.errors` of a canonical operation."""
        documented = {str(r["status"]).upper(): r for r in raw.get("responses") or ()}
        out: dict[str, tuple[int, str]] = {}
        for name, statuses in CASES.items():
            for status in statuses:
                response = documented.get(str(status)) or documented.get(f"{status // 100}XX")
                if response is not None:
                    out[name] = (status, self._key(response))
                    break
        if "DEFAULT" in documented:
            out["default"] = (0, self._key(documented["DEFAULT"]))
        return out

    def _key(self, response: Mapping[str, Any]) -> str:
        kind, schema = media(response.get("content") or {})
        if kind is None:
            return ""
        mark = f"{kind} {_mark(schema)}"
        if mark not in self._keys:
            body = self.worded(schema) if schema else UNSAID if "json" in kind or "*" in kind else WORD
            self._keys[mark] = key = f"e{len(self.bodies) + 1}"
            self.bodies[key] = body
            if kind != "application/json":
                self.media[key] = kind
        return self._keys[mark]

    def worded(self, schema: Any) -> Any:
        """The skeleton of an error body with `{message}`, `{status}` and `{code}` where such things go."""
        unit = self._shapes.unit(schema)
        if unit.node.get("type") == "string":
            return WORD
        made = self._fill(self._skeleton.value(unit.node), unit.node, 0)
        if WORD not in str(made):
            if made == []:
                return self._listed(unit.node) or made
            for name, inner in self._shapes.properties(unit.node).items() if isinstance(made, dict) else ():
                found = self._listed(self._shapes.unit(inner).node) if not made.get(name) else None
                if found:
                    return {**made, name: found}
            if made == {} and self._open(unit.node):
                return {"message": WORD}
            if isinstance(made, dict):
                self._word_elsewhere(made, unit.node)
        return made

    def _open(self, node: Any) -> bool:
        """Whether an error is any object: its schema tells of no property and forbids none."""
        closed = node.get("additionalProperties") is False or {"anyOf", "oneOf", "allOf", "not"} & node.keys()
        return not closed and not self._shapes.properties(node) and self._shapes.types(node) <= {"object"}

    def _word_elsewhere(self, made: dict[str, Any], node: Any) -> None:
        """The words in the likeliest text, where no property is called like a message."""
        texts = {
            norm(name): name
            for name, schema in self._shapes.properties(node).items()
            if self._shapes.types(schema) - {"null"} == {"string"}
            and not {"enum", "pattern", "const", "format"} & self._shapes.unit(schema).node.keys()
        }
        found = next((texts[word] for word in _ELSE if word in texts), None)
        if found is not None:
            made[found] = WORD

    def _listed(self, node: Any) -> list[Any] | None:
        """One item of a list of errors, where an item has a place for words."""
        if node.get("type") != "array":
            return None
        items = self._shapes.unit(node.get("items", {}))
        if items.node.get("type") == "string":
            free = not {"enum", "pattern", "format"} & items.node.keys()
            return [WORD] if free else None
        made = self._fill(self._skeleton.value(items.node), items.node, 1)
        return [made] if WORD in str(made) else None

    def _fill(self, made: Any, node: Any, depth: int) -> Any:
        if isinstance(made, list):
            items = self._shapes.unit(node.get("items", {})) if isinstance(node, Mapping) else None
            return made if items is None else [self._fill(m, items.node, depth + 1) for m in made]
        if not isinstance(made, dict):
            return made
        for name, schema in self._shapes.properties(node).items():
            unit = self._shapes.unit(schema)
            types = self._shapes.types(schema)
            free = "enum" not in unit.node and "pattern" not in unit.node and "const" not in unit.node
            if name in made and isinstance(made[name], (dict, list)):
                made[name] = self._fill(made[name], unit.node, depth + 1)
            elif norm(name) in _MESSAGE and "string" in types and free:
                made[name] = WORD
            elif norm(name) in ("error", "errors") and depth < 2 and "object" in types:
                made[name] = self._fill(self._skeleton.value(unit.node), unit.node, depth + 1)
            elif norm(name) in _STATUS and types & {"integer", "number"} and free:
                made[name] = "{status}"
            elif norm(name) in _CODE and types == {"string"} and free and "format" not in unit.node:
                made[name] = "{code}"
        return made


def _mark(schema: Any) -> str:
    """A text that two schemas share only where they are the same."""
    if isinstance(schema, Mapping) and len(schema) == 1 and isinstance(schema.get("$ref"), str):
        return str(schema["$ref"])
    text = json.dumps(schema, sort_keys=True, default=str)
    return text if len(text) < 20_000 else str(id(schema))
