"""OpenAPI 2.0 (Swagger): typed parameters, `in: body`, `formData`, consumes and produces, collection formats."""

from __future__ import annotations

from typing import Any

from twinkit.contract.adapters.reader import Reader

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
JSON = "application/json"
_STYLES = {
    "csv": ("", False), "ssv": ("spaceDelimited", False), "tsv": ("tabDelimited", False),
    "pipes": ("pipeDelimited", False), "multi": ("form", True),
}  # fmt: skip
_NOT_SCHEMA = frozenset({"name", "in", "description", "required", "collectionFormat", "allowEmptyValue", "schema"})
_FLOWS = {
    "implicit": "implicit", "password": "password", "application": "clientCredentials",
    "accessCode": "authorizationCode",
}  # fmt: skip


class V20(Reader):
    """Reads 2.0 documents."""

    schema_home = ("definitions",)

    def base_path(self, node: dict[str, Any], where: str) -> str:
        """`basePath` without a trailing slash."""
        if where:
            return ""
        path = node.get("basePath")
        if not isinstance(path, str) or "{" in path:
            return ""
        path = "/" + path.strip("/")
        return "" if path == "/" else path

    def scheme_home(self) -> tuple[dict[str, Any], str]:
        """Where security schemes are declared."""
        where = "/securityDefinitions"
        return self.mapping(self.data.get("securityDefinitions"), where), where

    def security_scheme(self, node: dict[str, Any]) -> dict[str, Any]:
        """One scheme in 3.x form."""
        if node["type"] == "basic":
            return {"type": "http", "scheme": "basic"}
        if node["type"] != "oauth2":
            return node
        flow = {key: node[key] for key in ("authorizationUrl", "tokenUrl") if isinstance(node.get(key), str)}
        flow["scopes"] = node["scopes"] if isinstance(node.get("scopes"), dict) else {}
        kept = {key: value for key, value in node.items() if key.startswith("x-")}
        return {"type": "oauth2", "flows": {_FLOWS.get(str(node.get("flow")), "implicit"): flow}, **kept}

    def _media_types(self, key: str, node: dict[str, Any]) -> list[str]:
        """`consumes` or `produces` of the operation, else of the document."""
        for owner in (node, self.data):
            value = owner.get(key)
            if isinstance(value, list):
                return list(dict.fromkeys(item.strip() for item in value if isinstance(item, str) and item.strip()))
        return []

    def _typed(self, node: dict[str, Any], where: str) -> Any:
        """The schema of a parameter, header or form field that carries its type itself."""
        if isinstance(node.get("schema"), dict):
            return self.schemas.convert(node["schema"], f"{where}/schema")
        return self.schemas.convert({key: value for key, value in node.items() if key not in _NOT_SCHEMA}, where)

    def parameters(self, declared: list[tuple[str, dict[str, Any]]], where: str) -> list[dict[str, Any]]:
        """Parameters outside the body, in canonical form."""
        found: list[dict[str, Any]] = []
        for here, node in declared:
            location = node["in"]
            if location in ("body", "formData"):
                continue
            if location not in ("path", "query", "header"):
                self.find("invalid-parameter", here, f"`in` cannot be {location[:40]!r} here; skipped")
                continue
            parameter = {"name": node["name"], "location": location, "schema": self._typed(node, here)}
            parameter["required"] = node.get("required") is True
            parameter["style"], parameter["explode"] = self._style(node, "form" if location == "query" else "simple")
            found.append(parameter)
        return found

    @staticmethod
    def _style(node: dict[str, Any], plain: str) -> tuple[str, bool]:
        if node.get("type") != "array":
            return plain, plain == "form"
        style, explode = _STYLES.get(str(node.get("collectionFormat")), ("", False))
        return style or plain, explode

    def body(self, node: dict[str, Any], declared: list[tuple[str, dict[str, Any]]], where: str) -> Any:
        """The request body in canonical form, or None."""
        consumes = self._media_types("consumes", node)
        fields = [(here, raw) for here, raw in declared if raw["in"] == "formData"]
        for here, raw in declared:
            if raw["in"] == "body":
                if fields:
                    self.find("body-and-form", here, "a body beside form fields; the form fields are left out")
                schema = raw.get("schema")
                converted = self._typed(raw, here) if schema is None else self.schemas.convert(schema, f"{here}/schema")
                return {
                    "content": dict.fromkeys(consumes or [JSON], converted),
                    "required": raw.get("required") is True,
                }
        return self._form(fields, consumes) if fields else None

    def _form(self, fields: list[tuple[str, dict[str, Any]]], consumes: list[str]) -> dict[str, Any]:
        files = any(raw.get("type") == "file" for _, raw in fields)
        kinds = consumes
        if files and not any("multipart" in kind for kind in kinds):
            kinds = [MULTIPART]
        elif not any("form" in kind for kind in kinds):
            kinds = [FORM, *(kind for kind in kinds if kind != JSON)] if not kinds else [FORM, *kinds]
        schema: dict[str, Any] = {"type": "object", "properties": {}}
        encoding: dict[str, Any] = {}
        for here, raw in fields:
            schema["properties"][raw["name"]] = self._typed(raw, here)
            if raw.get("type") == "array":
                style, explode = self._style(raw, "form")
                encoding[raw["name"]] = {"style": style, "explode": explode}
        required = [raw["name"] for _, raw in fields if raw.get("required") is True]
        if required:
            schema["required"] = required
        found: dict[str, Any] = {"content": dict.fromkeys(kinds, schema), "required": bool(required)}
        if encoding:
            found["encoding"] = {kind: encoding for kind in kinds if "form" in kind}
        return found

    def response_key(self, reference: str, operation: dict[str, Any]) -> str:
        """What a shared response depends on: the reference, and what the operation produces."""
        return f"{reference} {operation.get('produces')}"

    def response(self, node: dict[str, Any], operation: dict[str, Any], where: str) -> dict[str, Any]:
        """`{"content", "headers", "examples"}` of a response, empty parts left out."""
        content: dict[str, Any] = {}
        if node.get("schema") is not None:
            schema = self.schemas.convert(node["schema"], f"{where}/schema")
            content = dict.fromkeys(self._media_types("produces", operation) or [JSON], schema)
        examples = self.mapping(node.get("examples"), f"{where}/examples")
        headers: dict[str, Any] = {}
        for name, raw in self.mapping(node.get("headers"), f"{where}/headers").items():
            if isinstance(raw, dict):
                headers[name] = self._typed(raw, f"{where}/headers/{name}")
        parts = {
            "content": content,
            "headers": headers,
            "examples": {kind: value for kind, value in examples.items() if kind in content},
        }
        return {key: value for key, value in parts.items() if value}
