"""Replies against the contract, by jsonschema-rs (imported when first used), compiled per operation and status.

What an expansion may put in place of an id is accepted as any object: it is checked where it is a reply of its own, and
compiling it everywhere would cost hundreds of megabytes. Imports: contract.reach, contract.validate, contract.model.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from twinkit.contract.model import Contract, Response, Schema
from twinkit.contract.reach import Reach
from twinkit.contract.validate import compile_schema

KEPT = 128
"""How many compiled schemas are kept; the one unused for longest goes first."""
MESSAGES = 10
_COMMENTS = frozenset(("title", "description", "example", "examples", "default", "xml", "externalDocs", "deprecated"))

Judge = Callable[[Any], list[str]]


class ResponseChecker:
    """Checks replies of one contract."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._compiled: OrderedDict[tuple[str, str, str], Judge] = OrderedDict()

    def check(self, operation: str, status: int, body: Any, media_type: str | None = None) -> list[str]:
        """What is wrong with a reply, as lines of text; empty when it is valid.

        `body`: JSON value, or the bytes that were sent. Bodies of media types other than JSON are not looked into.
        Raises KeyError for an unknown operation.
        """
        response = self._contract.operation(operation).response(status)
        if response is None:
            return [f"status {status} is not documented"]
        media = _media(response, media_type)
        if media is None:
            return _undeclared(response, body, media_type)
        if not media.split(";")[0].rstrip().endswith("json"):
            return []
        if isinstance(body, (bytes, bytearray)):
            try:
                body = orjson.loads(body)
            except orjson.JSONDecodeError as error:
                return [f"not JSON: {error}"]
        return self._judge((operation, response.status, media), response.content[media])(body)

    def _judge(self, key: tuple[str, str, str], schema: Schema) -> Judge:
        if isinstance(schema, Mapping) and len(schema) == 1 and "$ref" in schema:
            key = ("", str(schema["$ref"]), "")
        judge = self._compiled.get(key)
        if judge is None:
            judge = self._compiled[key] = compile_judge(self._contract, schema)
            if len(self._compiled) > KEPT:
                self._compiled.popitem(last=False)
        else:
            self._compiled.move_to_end(key)
        return judge


def compile_judge(contract: Contract, schema: Schema) -> Judge:
    """A function from a JSON value to what is wrong with it."""
    import jsonschema_rs

    for rewrite in (standing, without_patterns):
        reach = Reach(contract, rewrite)
        node = reach.schema(schema)
        whole = {"allOf": [node], "components": {"schemas": reach.components}}
        try:
            validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        except (ValueError, jsonschema_rs.ReferencingError):
            continue
        return lambda value: _errors(validator, value)
    own = compile_schema(contract, schema, direction="response")
    return lambda value: [f"{_at(one.path)}: {one.kind} {one.expected}" for one in own(value)[1]]


def _errors(validator: Any, value: Any) -> list[str]:
    if validator.is_valid(value):
        return []
    out = []
    for error in validator.iter_errors(value):
        out.append(f"{_at(error.instance_path)}: {error.message[:300]}")
        if len(out) == MESSAGES:
            break
    return out


def standing(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A node as replies are judged by it: expansions cut, write-only properties not required, no comments."""
    if "x-expansionResources" in schema:
        return _expandable(schema)
    out = {key: value for key, value in schema.items() if key not in _COMMENTS and not key.startswith("x-")}
    properties, required = schema.get("properties"), schema.get("required")
    if isinstance(properties, Mapping) and isinstance(required, list):
        hidden = {
            name for name, node in properties.items() if isinstance(node, Mapping) and node.get("writeOnly") is True
        }
        if hidden:
            out["required"] = [name for name in required if name not in hidden]
    return out


def without_patterns(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same without patterns, for documents whose regular expressions cannot be compiled."""
    return {key: value for key, value in standing(schema).items() if key not in ("pattern", "patternProperties")}


def _expandable(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    branches = [*_nodes(schema.get("anyOf")), *_nodes(schema.get("oneOf")), schema]
    kinds = [kind for node in branches for kind in _kinds(node)]
    return {"type": ["string", "object", *(("null",) if "null" in kinds else ())]}


def _nodes(value: Any) -> list[Mapping[str, Any]]:
    """The branches of a composition, and theirs: null may be a branch beside the others or around them."""
    nodes = [node for node in value if isinstance(node, Mapping)] if isinstance(value, list) else []
    return nodes + [inner for node in nodes for inner in _nodes(node.get("anyOf"))]


def _kinds(node: Mapping[str, Any]) -> list[Any]:
    kind = node.get("type")
    return kind if isinstance(kind, list) else [kind]


def _media(response: Response, media_type: str | None) -> str | None:
    """The declared media type that a reply's falls under; the first JSON one when the reply's is not known."""
    if media_type is None:
        return next((media for media in response.content if "json" in media), next(iter(response.content), None))
    plain = media_type.split(";")[0].strip().lower()
    declared = {media.split(";")[0].strip().lower(): media for media in response.content}
    for wanted in (plain, plain.split("/")[0] + "/*", "*/*"):
        if wanted in declared:
            return declared[wanted]
    if plain.endswith("json"):
        return next((media for media in response.content if "json" in media), None)
    return None


def _undeclared(response: Response, body: Any, media_type: str | None) -> list[str]:
    if response.content:
        return [f"media type {media_type} is not documented for status {response.status}"]
    return [] if body in (None, b"", {}) else [f"status {response.status} is documented without a body"]


def _at(path: Any) -> str:
    return "/".join(str(step) for step in path) or "body"
