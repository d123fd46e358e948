"""Structure only: a document without prose, titles and examples, decided by position, never by a key's name alone.

Knows OpenAPI 2.0, 3.0, 3.1 and AsyncAPI 1.x/2.x (topics, messages, payloads). Also how a contract is written to a file.
"""

from __future__ import annotations

from typing import Any

import orjson

from twinkit.contract.adapters.pointers import Missing, look_up, tokens
from twinkit.contract.extensions import SCHEMA_EXTENSIONS, structural
from twinkit.contract.load import EXTERNAL

Kind = str | tuple[str, "Kind"]
"""`keep` (as it is), `blank` (names with empty text), a node of the grammar, or a map or list of a kind."""

KEEP = "keep"


def _all(kind: Kind, words: str) -> dict[str, Kind]:
    return dict.fromkeys(words.split(), kind)


def _keep(words: str) -> dict[str, Kind]:
    return _all(KEEP, words)


_SCHEMA: dict[str, Kind] = {
    **_keep(
        "$ref $dynamicRef $id $anchor $dynamicAnchor $schema type format pattern enum const default required nullable "
        "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength minItems maxItems "
        "uniqueItems minContains maxContains minProperties maxProperties dependentRequired contentEncoding "
        "contentMediaType "
        "discriminator readOnly writeOnly deprecated xml"
    ),
    **_all(("list", "schema"), "allOf anyOf oneOf prefixItems"),
    **_all(("map", "schema"), "properties patternProperties dependentSchemas $defs definitions"),
    **_all(
        "schema",
        "not if then else contains propertyNames additionalProperties additionalItems items unevaluatedItems "
        "unevaluatedProperties contentSchema",
    ),
}
_COMPONENTS: dict[str, Kind] = {
    "schemas": ("map", "schema"),
    "responses": ("map", "response"),
    "parameters": ("map", "parameter"),
    "requestBodies": ("map", "body"),
    "headers": ("map", "parameter"),
    "securitySchemes": ("map", "scheme"),
    "links": ("map", "link"),
    "callbacks": ("map", "callback"),
    "pathItems": ("map", "path"),
    "messages": ("map", "message"),
    "channels": ("map", "topic"),
}
GRAMMAR: dict[str, dict[str, Kind]] = {
    "document": {
        **_keep(
            "openapi swagger asyncapi host basePath baseTopic schemes consumes produces security jsonSchemaDialect "
            "defaultContentType"
        ),
        "info": "info",
        "servers": ("list", "server"),
        "paths": ("map", "path"),
        "webhooks": ("map", "path"),
        "x-webhooks": ("map", "path"),
        "components": "components",
        "definitions": ("map", "schema"),
        "parameters": ("map", "parameter"),
        "responses": ("map", "response"),
        "securityDefinitions": ("map", "scheme"),
        "topics": ("map", "topic"),
        "channels": ("map", "topic"),
    },
    "info": {**_keep("title version"), "license": "license"},
    "license": _keep("name identifier"),
    "server": {**_keep("url"), "variables": ("map", "variable")},
    "variable": _keep("default enum"),
    "path": {
        **_keep("$ref"),
        **_all("operation", "get put post delete options head patch trace query"),
        "parameters": ("list", "parameter"),
        "servers": ("list", "server"),
    },
    "operation": {
        **_keep("operationId consumes produces schemes deprecated security"),
        "tags": ("list", "tag"),
        "parameters": ("list", "parameter"),
        "requestBody": "body",
        "responses": ("map", "response"),
        "callbacks": ("map", "callback"),
        "servers": ("list", "server"),
        "message": "message",
        "payload": "schema",
        "headers": "schema",
    },
    "tag": _keep("name"),
    "parameter": {
        **_SCHEMA,
        **_keep("name in style explode allowReserved allowEmptyValue collectionFormat"),
        "schema": "schema",
        "content": ("map", "media"),
    },
    "body": {**_keep("$ref required"), "content": ("map", "media")},
    "media": {**_keep("$ref"), "schema": "schema", "itemSchema": "schema", "encoding": ("map", "encoding")},
    "encoding": {**_keep("contentType style explode allowReserved"), "headers": ("map", "parameter")},
    "response": {
        **_keep("$ref"),
        "schema": "schema",
        "headers": ("map", "parameter"),
        "content": ("map", "media"),
        "links": ("map", "link"),
    },
    "schema": _SCHEMA,
    "scheme": {
        **_keep("$ref type name in scheme bearerFormat flow authorizationUrl tokenUrl openIdConnectUrl"),
        "scopes": "blank",
        "flows": ("map", "flow"),
    },
    "flow": {**_keep("authorizationUrl tokenUrl refreshUrl deviceAuthorizationUrl"), "scopes": "blank"},
    "link": _keep("$ref operationId operationRef parameters requestBody"),
    "callback": {},
    "topic": {
        **_keep("$ref"),
        **_all("operation", "publish subscribe"),
        "parameters": ("map", "parameter"),
    },
    "message": {
        **_keep("$ref name contentType schemaFormat"),
        "payload": "schema",
        "headers": "schema",
        "oneOf": ("list", "message"),
        "tags": ("list", "tag"),
    },
    "components": _COMPONENTS,
}
_LINES = {"paths": 2, "components": 2, EXTERNAL: 2, "webhooks": 1, "x-webhooks": 1, "definitions": 1, "topics": 1}
_LINES |= {"channels": 1, "parameters": 1, "responses": 1, "securityDefinitions": 1}


def strip(data: dict[str, Any]) -> dict[str, Any]:
    """A new document with the structure of `data` alone; stripping it again changes nothing.

    Responses get the empty `description` that OpenAPI demands, scopes of OAuth lose theirs; `info.title` and
    `info.version` stay because they name the contract. What references lead to outside the usual places stays too.
    """
    work = _Strip(data)
    out: dict[str, Any] = work.node(data, "document")
    out.pop(EXTERNAL, None)
    done: set[str] = set()
    while work.references:
        pointer, kind = work.references.pop()
        if pointer not in done and pointer.startswith("#/"):
            done.add(pointer)
            work.graft(out, pointer, kind)
    return out


class _Strip:
    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.references: list[tuple[str, str]] = []

    def value(self, value: Any, kind: Kind, depth: int) -> Any:
        """A value at a position of this kind."""
        if depth > 400:
            return {}
        if isinstance(kind, tuple):
            form, inner = kind
            if form == "map" and isinstance(value, dict):
                return {key: self.value(item, inner, depth + 1) for key, item in value.items() if _named(key, item)}
            if form == "list" and isinstance(value, list):
                return [self.value(item, inner, depth + 1) for item in value]
            if form == "list":
                return [self.value(value, inner, depth + 1)] if isinstance(value, dict) and value else []
            return {}
        if kind == KEEP:
            return value
        if kind == "blank":
            return dict.fromkeys(value, "") if isinstance(value, dict) else {}
        if kind == "tag":
            name = value.get("name") if isinstance(value, dict) else value
            return {"name": name} if isinstance(value, dict) else name
        if kind == "schema" and isinstance(value, list):
            return [self.value(item, kind, depth + 1) for item in value]
        if isinstance(value, bool) and kind == "schema":
            return value
        return self.node(value if isinstance(value, dict) else {}, kind, depth)

    def node(self, node: dict[str, Any], kind: str, depth: int = 0) -> dict[str, Any]:
        """A mapping at a position of this kind."""
        if kind == "callback":
            rules: dict[str, Kind] = dict.fromkeys((key for key in node if key != "$ref"), "path")
            rules["$ref"] = KEEP
        else:
            rules = GRAMMAR[kind]
        out: dict[str, Any] = {}
        for key, value in node.items():
            if key == "format" and isinstance(value, str) and " " in value:
                continue  # a sentence in the place of a word
            if key in rules:
                out[key] = self.value(value, rules[key], depth + 1)
            elif key in SCHEMA_EXTENSIONS:
                out[key] = self.value(value, "schema", depth + 1)
            elif key.startswith("x-") and key != EXTERNAL and structural(key, value):
                out[key] = value
        reference = out.get("$ref")
        if isinstance(reference, str):
            self.references.append((reference, kind))
        elif kind == "response":
            out = {"description": "", **out}
        return out

    def graft(self, out: dict[str, Any], pointer: str, kind: str) -> None:
        """Copy what `pointer` names when stripping lost it (places that only a reference makes known)."""
        try:
            look_up(out, pointer)
            return
        except Missing:
            pass
        try:
            found = look_up(self.data, pointer)
        except Missing:
            return
        path = tokens(pointer)
        node: Any = out
        for token in path[:-1]:
            if isinstance(node, list):
                return
            node = node.setdefault(token, {})
        if isinstance(node, dict):
            node[path[-1]] = self.value(found, kind, 1)


def _named(key: str, item: Any) -> bool:
    return not key.startswith("x-") or isinstance(item, dict)


def dumps(data: dict[str, Any]) -> bytes:
    """The text of a contract file: JSON with one operation, schema or other component on each line."""
    return _lines(data, 1, _LINES, "") + b"\n"


def _lines(value: Any, depth: int, deeper: dict[str, int], indent: str) -> bytes:
    if depth == 0 or not isinstance(value, dict) or not value:
        return orjson.dumps(value)
    inner = indent + " "
    parts = []
    for key, item in value.items():
        below = deeper.get(key, 0) if deeper else depth - 1
        parts.append(inner.encode() + orjson.dumps(key) + b": " + _lines(item, below, {}, inner))
    return b"{\n" + b",\n".join(parts) + b"\n" + indent.encode() + b"}"
