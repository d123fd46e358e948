"""A public document as an outsider reads it: operations, parameters, bodies, replies, schemas for `jsonschema`.

Schemas of 2.0 and 3.0 become 2020-12 when they are first referred to. Only the standard library, jsonschema and
referencing are imported.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource
from referencing.exceptions import NoSuchResource, Unresolvable
from referencing.jsonschema import DRAFT202012

METHODS = ("get", "put", "post", "delete", "patch")
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
SINGLE = ("items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else")
PLAIN = (
    "type", "enum", "const", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "multipleOf",
    "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "default", "example", "xml",
)  # fmt: skip
TYPES = {"string", "integer", "number", "boolean", "null", "array", "object"}

FORMATS = FormatChecker()


@FORMATS.checks("byte")
def _byte(value: Any) -> bool:
    return not isinstance(value, str) or re.fullmatch(r"[A-Za-z0-9+/_\-\s]*={0,2}", value) is not None


@FORMATS.checks("int32")
def _int32(value: Any) -> bool:
    return isinstance(value, bool) or not isinstance(value, int) or -(2**31) <= value < 2**31


@FORMATS.checks("int64")
def _int64(value: Any) -> bool:
    return isinstance(value, bool) or not isinstance(value, int) or -(2**63) <= value < 2**63


@dataclass
class Field:
    """A parameter outside the body, or a part of a form."""

    name: str
    place: str
    required: bool
    schema: Any
    style: str = "form"
    explode: bool = True
    media: str = ""


@dataclass
class Op:
    """An operation."""

    method: str
    path: str
    url: str
    fields: list[Field]
    body: Mapping[str, Any]
    """Schemas by media type."""
    body_required: bool
    responses: Mapping[str, Mapping[str, Any]]
    """Schemas by media type, by status."""
    security: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.method.upper()} {self.path}"

    def response(self, status: int) -> Mapping[str, Any] | None:
        """Schemas by media type of a status: itself, its class, `default`."""
        for key in (str(status), f"{status // 100}XX", f"{status // 100}xx", "default"):
            if key in self.responses:
                return self.responses[key]
        return None


class OpenDocument:
    """One document."""

    def __init__(self, file: Path) -> None:
        self.data = json.loads(file.read_text())
        self.old = "swagger" in self.data
        self.modern = str(self.data.get("openapi", "")).startswith("3.1")
        self.registries = {side: Registry(retrieve=self._retriever(side)) for side in ("in", "out")}
        components = self.data.get("components") or {}
        self.schemes = self.data.get("securityDefinitions") if self.old else components.get("securitySchemes")

    def at(self, pointer: str) -> Any:
        """The node of `#/…`. Raises KeyError."""
        node = self.data
        for step in unquote(pointer.removeprefix("#")).split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            try:
                node = node[int(step)] if isinstance(node, list) else node[step]
            except (IndexError, ValueError, TypeError):
                raise KeyError(pointer) from None
        return node

    def deref(self, node: Any) -> Any:
        """What a node refers to, an empty mapping when there is nothing."""
        for _ in range(20):
            if not isinstance(node, dict) or not isinstance(node.get("$ref"), str):
                return node if isinstance(node, dict) else {}
            try:
                node = self.at(node["$ref"])
            except KeyError:
                return {}
        return {}

    def _retriever(self, side: str) -> Any:
        def retrieve(uri: str) -> Resource[Any]:
            pointer = uri.removeprefix(f"urn:{side}:")
            try:
                found = self.at(unquote(pointer))
            except KeyError:
                raise NoSuchResource(uri) from None
            return Resource(contents=self.schema(found, side), specification=DRAFT202012)

        return retrieve

    def schema(self, node: Any, side: str) -> Any:
        """A schema in 2020-12 form, for requests (`in`) or replies (`out`); references are kept."""
        if isinstance(node, bool):
            return node
        if not isinstance(node, dict):
            return {}
        reference = node.get("$ref")
        if isinstance(reference, str):
            target = {"$ref": f"urn:{side}:{reference.replace('#', '%23', 1)}"}
            return target if not self.modern else {**self._own(node, side), **target}
        return self._own(node, side)

    def _own(self, node: dict[str, Any], side: str) -> dict[str, Any]:
        out: dict[str, Any] = {key: node[key] for key in PLAIN if key in node}
        self._limits(node, out)
        for key in MAPS:
            if isinstance(node.get(key), dict):
                out[key] = {name: self.schema(inner, side) for name, inner in node[key].items()}
        for key in LISTS:
            if isinstance(node.get(key), list) and node[key]:
                out[key] = [self.schema(inner, side) for inner in node[key]]
        for key in SINGLE:
            if isinstance(node.get(key), dict | bool):
                out[key] = self.schema(node[key], side)
        hidden = "readOnly" if side == "in" else "writeOnly"
        required = node.get("required")
        if isinstance(required, list):
            shown = node.get("properties") if isinstance(node.get("properties"), dict) else {}
            out["required"] = [
                name
                for name in required
                if isinstance(name, str) and self.deref(shown.get(name)).get(hidden) is not True
            ]
        if node.get(hidden) is True:
            out["x-hidden"] = True
        self._types(node, out)
        return out

    def _limits(self, node: dict[str, Any], out: dict[str, Any]) -> None:
        for key, plain in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
            if node.get(key) is True and plain in out:
                out[key] = out.pop(plain)
            elif isinstance(node.get(key), int | float) and not isinstance(node.get(key), bool):
                out[key] = node[key]
        for key in ("minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum", "multipleOf"):
            if key in out and (isinstance(out[key], bool) or not isinstance(out[key], int | float)):
                del out[key]
        if "enum" in out and not (isinstance(out["enum"], list) and out["enum"]):
            del out["enum"]
        if "pattern" in out:
            try:
                re.compile(out["pattern"])
            except (re.error, TypeError):
                del out["pattern"]

    def _types(self, node: dict[str, Any], out: dict[str, Any]) -> None:
        kind = out.get("type")
        kinds = [kind] if isinstance(kind, str) else kind if isinstance(kind, list) else []
        if not kinds or any(k not in TYPES for k in kinds):
            out.pop("type", None)
        elif node.get("nullable") is True and not self.modern and "null" not in kinds:
            out["type"] = [*kinds, "null"]
            if "enum" in out and None not in out["enum"]:
                out["enum"] = [*out["enum"], None]

    def validator(self, schema: Any, side: str) -> Draft202012Validator:
        """The validator of a schema that `schema` made."""
        return Draft202012Validator(schema, registry=self.registries[side], format_checker=FORMATS)

    def errors(self, schema: Any, side: str, value: Any) -> list[str]:
        """What is wrong with a value; empty too when the schema itself cannot be used."""
        try:
            return [
                _line(error)
                for error, _ in zip(self.validator(schema, side).iter_errors(value), range(3), strict=False)
            ]
        except (Unresolvable, RecursionError, re.error, TypeError, AttributeError, OverflowError, ValueError):
            return []

    # operations ----------------------------------------------------------------------------------------------------

    def base(self) -> str:
        """The path before the operations' own as the twin serves them: none but `basePath`, as it is documented."""
        path = self.data.get("basePath") if self.old else ""
        path = "/" + path.strip("/") if isinstance(path, str) and "{" not in path else ""
        return "" if path == "/" else path

    def operations(self, base: str) -> Iterator[Op]:
        """Every operation; `base` goes before each path."""
        paths = self.data.get("paths")
        for path, raw in paths.items() if isinstance(paths, dict) else ():
            item = self.deref(raw)
            for method in METHODS:
                node = item.get(method)
                if isinstance(node, dict) and path.startswith("/") and "#" not in path and "?" not in path:
                    yield self._operation(method, path, base, item, node)

    def _operation(self, method: str, path: str, base: str, item: Any, node: Any) -> Op:
        declared: dict[tuple[str, str], Any] = {}
        for raw in (*(item.get("parameters") or ()), *(node.get("parameters") or ())):
            one = self.deref(raw)
            if isinstance(one.get("name"), str) and isinstance(one.get("in"), str):
                declared[one["name"], one["in"]] = one
        fields = [self._field(one) for one in declared.values() if one["in"] in ("path", "query", "header", "cookie")]
        fields = [
            f
            for f in fields
            if f.place != "header" or f.name.lower() not in ("accept", "content-type", "authorization")
        ]
        names = {f.name for f in fields if f.place == "path"}
        for name in re.findall(r"\{([^{}]+)\}", path):
            if name not in names:
                fields.append(Field(name, "path", True, {"type": "string"}, "simple", False))
        if self.old:
            body, required = self._old_body(node, list(declared.values()))
        else:
            raw_body = self.deref(node.get("requestBody"))
            body = {m: self._media(c, "in") for m, c in (raw_body.get("content") or {}).items()}
            required = raw_body.get("required") is True
        security = node.get("security", self.data.get("security"))
        known = self.schemes if isinstance(self.schemes, dict) else {}
        wanted = [one for one in security if isinstance(one, dict)] if isinstance(security, list) else []
        if any(not one for one in wanted):
            wanted = []
        wanted = [one for one in wanted if all(name in known for name in one)]
        responses = {str(status): self._response(node, raw) for status, raw in (node.get("responses") or {}).items()}
        return Op(method, path, base + path, fields, body, required, responses, wanted)

    def _media(self, content: Any, side: str) -> Any:
        return self.schema(content.get("schema", {}) if isinstance(content, dict) else {}, side)

    def _field(self, one: dict[str, Any]) -> Field:
        place = one["in"]
        style = "form" if place in ("query", "cookie") else "simple"
        required = one.get("required") is True or place == "path"
        if self.old:
            own = {key: value for key, value in one.items() if key not in ("required", "name", "in", "description")}
            schema = self.schema(one["schema"] if isinstance(one.get("schema"), dict) else own, "in")
            kind = one.get("collectionFormat", "csv")
            style = {"ssv": "spaceDelimited", "pipes": "pipeDelimited", "tsv": "tab"}.get(kind, style)
            return Field(one["name"], place, required, schema, style, kind == "multi")
        if isinstance(one.get("content"), dict) and one["content"]:
            media, content = next(iter(one["content"].items()))
            return Field(one["name"], place, required, self._media(content, "in"), style, False, media)
        style = one.get("style", style)
        explode = one.get("explode", style in ("form", "deepObject"))
        return Field(one["name"], place, required, self.schema(one.get("schema", {}), "in"), style, explode is True)

    def _old_body(self, node: Any, declared: list[Any]) -> tuple[dict[str, Any], bool]:
        consumes = node.get("consumes", self.data.get("consumes")) or []
        for one in declared:
            if one["in"] == "body":
                schema = self.schema(one.get("schema", {}), "in")
                return dict.fromkeys(consumes or ["application/json"], schema), one.get("required") is True
        parts = [one for one in declared if one["in"] == "formData"]
        if not parts:
            return {}, False
        files = any(one.get("type") == "file" for one in parts)
        kind = MULTIPART if files or (MULTIPART in consumes and FORM not in consumes) else FORM
        schema = {
            "type": "object",
            "properties": {
                one["name"]: {**self._field(one).schema, "x-file": one.get("type") == "file"} for one in parts
            },
            "required": [one["name"] for one in parts if one.get("required") is True],
        }
        return {kind: schema}, bool(schema["required"])

    def _response(self, node: Any, raw: Any) -> dict[str, Any]:
        response = self.deref(raw)
        if not self.old:
            content = response.get("content")
            return {m: self._media(c, "out") for m, c in (content if isinstance(content, dict) else {}).items()}
        if not isinstance(response.get("schema"), dict):
            return {}
        produces = node.get("produces", self.data.get("produces")) or ["application/json"]
        return dict.fromkeys(produces, self.schema(response["schema"], "out"))


def _line(error: ValidationError) -> str:
    place = "/".join(str(step) for step in error.absolute_path) or "body"
    return f"{place}: {error.validator}: {error.message[:160]}"
