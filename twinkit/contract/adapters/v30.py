"""OpenAPI 3.0: parameters with `schema` or `content`, request bodies, responses by media type."""

from __future__ import annotations

from typing import Any

from twinkit.contract.adapters.reader import Reader

STYLES = frozenset(
    {"matrix", "label", "form", "simple", "spaceDelimited", "pipeDelimited", "tabDelimited", "deepObject"}
)
LOCATIONS = ("path", "query", "header", "cookie")
PAGE = frozenset({"page", "pagenumber", "page_number", "offset", "limit", "size", "pagesize", "page_size"})
"""Properties of an object parameter that tell of pages, in lower case."""
_IGNORED_HEADERS = frozenset({"accept", "content-type", "authorization"})


class V30(Reader):
    """Reads 3.0 documents."""

    def parameters(self, declared: list[tuple[str, dict[str, Any]]], where: str) -> list[dict[str, Any]]:
        """Parameters outside the body, in canonical form."""
        found: list[dict[str, Any]] = []
        for here, node in declared:
            location = node["in"]
            if location not in LOCATIONS:
                self.find("invalid-parameter", here, f"`in` cannot be {location[:40]!r} here; skipped")
            elif location != "header" or node["name"].lower() not in _IGNORED_HEADERS:
                found.extend(self._apart(node, self._parameter(node, location, here), here))
        return found

    def _apart(self, node: dict[str, Any], parameter: dict[str, Any], where: str) -> list[dict[str, Any]]:
        """An object that says which page is wanted, as the parameters that its properties are on the wire: springdoc
        writes `pageable` so (style form, exploded: https://spec.openapis.org/oas/v3.0.3#style-examples).
        """
        exploded = parameter["style"] == "form" and parameter["explode"] and parameter["location"] == "query"
        if not exploded or not isinstance(node.get("schema"), dict):
            return [parameter]
        schema = self.deref(node["schema"], f"{where}/schema")
        properties = schema.get("properties") if schema is not None else None
        if schema is None or not isinstance(properties, dict) or not PAGE & {str(name).lower() for name in properties}:
            return [parameter]
        needed = schema.get("required") if parameter["required"] else None
        return [
            {
                **parameter,
                "name": str(name),
                "schema": self.schemas.convert(inner, f"{where}/schema/properties/{name}"),
                "required": isinstance(needed, list) and name in needed,
            }
            for name, inner in properties.items()
        ]

    def _parameter(self, node: dict[str, Any], location: str, where: str) -> dict[str, Any]:
        parameter: dict[str, Any] = {"name": node["name"], "location": location}
        content = self.mapping(node.get("content"), f"{where}/content")
        if content:
            media_type, media = next(iter(content.items()))
            holder = media if isinstance(media, dict) else {}
            parameter["media_type"] = media_type
            parameter["schema"] = self.schemas.convert(holder.get("schema", {}), f"{where}/content/{media_type}/schema")
        else:
            parameter["schema"] = self.schemas.convert(node.get("schema", {}), f"{where}/schema")
        parameter["required"] = node.get("required") is True
        default = "form" if location in ("query", "cookie") else "simple"
        style = node.get("style", default)
        if not isinstance(style, str) or style not in STYLES:
            self.find("invalid-style", where, f"no such style: {str(style)[:40]!r}; read as {default}")
            style = default
        explode = node.get("explode")
        parameter["style"] = style
        parameter["explode"] = explode if isinstance(explode, bool) else style in ("form", "deepObject")
        if node.get("allowReserved") is True:
            parameter["allow_reserved"] = True
        return parameter

    def body(self, node: dict[str, Any], declared: list[tuple[str, dict[str, Any]]], where: str) -> Any:
        """The request body in canonical form, or None."""
        if node.get("requestBody") is None:
            return None
        here = f"{where}/requestBody"
        body = self.deref(node["requestBody"], here)
        if body is None:
            return None
        content = self.mapping(body.get("content"), f"{here}/content")
        if not content:
            self.find("no-content", here, "the request body declares no media type; anything is accepted")
        found: dict[str, Any] = {"content": self._schemas(content, f"{here}/content")}
        if not found["content"]:
            found["content"] = {"application/json": {}}
        found["required"] = body.get("required") is True
        encoding = {kind: self._encoding(media) for kind, media in content.items() if isinstance(media, dict)}
        encoding = {kind: rules for kind, rules in encoding.items() if rules}
        if encoding:
            found["encoding"] = encoding
        return found

    def _schemas(self, content: dict[str, Any], where: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for kind, raw in content.items():
            media = self.mapping(raw, f"{where}/{kind}")
            schema = media.get("schema")
            found[kind.strip()] = {} if schema is None else self.schemas.convert(schema, f"{where}/{kind}/schema")
        return found

    @staticmethod
    def _encoding(media: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        given = media.get("encoding")
        for name, raw in given.items() if isinstance(given, dict) else ():
            rules: dict[str, Any] = {}
            if isinstance(raw, dict):
                if isinstance(raw.get("style"), str) and raw["style"] in STYLES:
                    rules["style"] = raw["style"]
                if isinstance(raw.get("explode"), bool):
                    rules["explode"] = raw["explode"]
                if isinstance(raw.get("contentType"), str):
                    rules["contentType"] = raw["contentType"]
            if rules:
                found[name] = rules
        return found

    def response(self, node: dict[str, Any], operation: dict[str, Any], where: str) -> dict[str, Any]:
        """`{"content", "headers", "required_headers", "examples"}` of a response, empty parts left out."""
        content = self.mapping(node.get("content"), f"{where}/content")
        examples: dict[str, Any] = {}
        for kind, media in content.items():
            if isinstance(media, dict):
                found = self._example(media, f"{where}/content/{kind}")
                if found is not None:
                    examples[kind.strip()] = found[0]
        headers, needed = self._headers(node, where)
        parts = {
            "content": self._schemas(content, f"{where}/content"),
            "headers": headers,
            "required_headers": needed,
            "examples": examples,
        }
        return {key: value for key, value in parts.items() if value}

    def _example(self, media: dict[str, Any], where: str) -> tuple[Any] | None:
        if "example" in media:
            return (media["example"],)
        examples = media.get("examples")
        for raw in examples.values() if isinstance(examples, dict) else ():
            example = self.deref(raw, f"{where}/examples") if isinstance(raw, dict) else None
            if example is not None and "value" in example:
                return (example["value"],)
        return None

    def _headers(self, node: dict[str, Any], where: str) -> tuple[dict[str, Any], list[str]]:
        found: dict[str, Any] = {}
        needed: list[str] = []
        for name, raw in self.mapping(node.get("headers"), f"{where}/headers").items():
            here = f"{where}/headers/{name}"
            header = self.deref(raw, here)
            if header is not None and name.lower() != "content-type":
                found[name] = self.header(header, here)
                needed += [name] if header.get("required") is True else []
        return found, needed

    def header(self, node: dict[str, Any], where: str) -> Any:
        """The schema of a response header."""
        content = node.get("content")
        if isinstance(content, dict) and content:
            media = next(iter(content.values()))
            node = media if isinstance(media, dict) else {}
        return self.schemas.convert(node.get("schema", {}), f"{where}/schema")
