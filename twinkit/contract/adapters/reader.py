"""What the versions share: info, servers, paths, parameters, security, references and the names of schemas.

A version overrides where components live and how parameters, bodies and responses are written. A broken part is
skipped or mended with a finding, never an exception. Imports `finding`, `load`, `routes.variables` and its siblings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from twinkit.contract.adapters import cycles, pointers
from twinkit.contract.adapters.schemas import Schemas
from twinkit.contract.extensions import structural
from twinkit.contract.finding import Finding
from twinkit.contract.load import Document
from twinkit.contract.routes import variables

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
MAX_FINDINGS = 1000
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_GENERIC = frozenset({"openapi", "swagger", "spec", "api", "index", "schema", "spec3", "main", "root", "document", ""})
_PASSED = frozenset({"schema", "schemas", "properties", "items", "content", "definitions", "$defs", "allOf", "anyOf"})


class Reader:
    """One document being read; `canonical()` once."""

    modern = False
    schema_home: tuple[str, ...] = ("components", "schemas")

    def __init__(self, document: Document) -> None:
        self.document = document
        self.data = document.data
        self.schemas = Schemas(self, modern=self.modern)
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()
        self._queue: list[tuple[str, str, Any]] = []
        self._anchors: dict[str, str] | None = None
        self._ids: set[str] = set()
        self._found: dict[str, Any] = {}
        self._shared: dict[str, dict[str, Any]] = {}

    # -- findings and references -------------------------------------------------------------------------------------

    def find(self, code: str, where: str, message: str) -> None:
        """Remark something; at most a thousand for one document."""
        findings = self.document.findings
        if len(findings) < MAX_FINDINGS:
            findings.append(Finding(code, where, message))
        elif len(findings) == MAX_FINDINGS:
            findings.append(Finding("more-findings", "", "there are more findings; only the first are kept"))

    def mapping(self, value: Any, where: str) -> dict[str, Any]:
        """The value when it is a mapping, else an empty one (with a finding unless it is absent)."""
        if isinstance(value, dict):
            return value
        if value is not None:
            self.find("invalid-node", where, f"a mapping is expected, not {type(value).__name__}; skipped")
        return {}

    def sequence(self, value: Any, where: str) -> list[Any]:
        """The value when it is a list, else an empty one (with a finding unless it is absent)."""
        if isinstance(value, list):
            return value
        if value is not None:
            self.find("invalid-node", where, f"a list is expected, not {type(value).__name__}; skipped")
        return []

    def pointer(self, reference: str) -> str:
        """A reference as a local pointer; anchors, `$id`s and bare names are looked up. Raises Missing."""
        if reference.startswith("#/"):
            return reference
        if self._anchors is None:
            self._anchors = pointers.anchors(self.data)
        place, _, fragment = reference.partition("#")
        if reference in self._anchors:
            return self._anchors[reference]
        if place in self._anchors:
            return self._anchors[place] + fragment
        home = "#/" + "/".join(self.schema_home) + "/" + pointers.escape(reference)
        pointers.look_up(self.data, home)
        return home

    def deref(self, node: Any, where: str) -> dict[str, Any] | None:
        """Follow the references of a node that is no schema; None (with a finding) when they lead nowhere."""
        siblings: dict[str, Any] = {}
        for _ in range(32):
            if not isinstance(node, dict):
                self.find("invalid-node", where, f"a mapping is expected, not {type(node).__name__}; skipped")
                return None
            reference = node.get("$ref")
            if not isinstance(reference, str):
                return {**node, **siblings} if siblings else node
            siblings = {**{key: value for key, value in node.items() if key != "$ref"}, **siblings}
            try:
                if reference not in self._found:
                    self._found[reference] = pointers.look_up(self.data, self.pointer(reference))
                node = self._found[reference]
            except pointers.Missing:
                self.find("unresolvable-reference", where, f"nothing at {reference!r}; skipped")
                return None
        self.find("circular-reference", where, "references lead in a circle; skipped")
        return None

    def schema_name(self, reference: str, where: str) -> str | None:
        """The component name a schema reference stands for; schemas kept elsewhere are given one."""
        known = self._names.get(reference)
        if known is not None:
            return known
        try:
            pointer = self.pointer(reference)
            if pointer in self._names:
                name = self._names[pointer]
            else:
                name = self._hoist(pointer, pointers.look_up(self.data, pointer))
        except pointers.Missing:
            guess = self._names.get("#/" + "/".join(self.schema_home) + "/" + reference.rpartition("/")[2])
            if guess is None:
                self.find("unresolvable-reference", where, f"nothing at {reference!r}; anything is accepted there")
                return None
            self.find("mended-reference", where, f"nothing at {reference!r}; read as the schema {guess!r}")
            name = guess
        self._names[reference] = name
        return name

    def _hoist(self, pointer: str, node: Any) -> str:
        path = pointers.tokens(pointer)
        words = [token for token in path if token not in _PASSED and not token.isdecimal()]
        if path[0] == "paths" and len(path) > 2:
            words = _place_words(path)
        name = self._name("_".join(words[-2:]) if len(words) > 1 and path[-1] in _PASSED else (words or ["schema"])[-1])
        self._names[pointer] = name
        self._queue.append((name, pointer, node))
        return name

    def _name(self, wanted: str) -> str:
        safe = wanted if not _UNSAFE.search(wanted) else _UNSAFE.sub("_", wanted).strip("_")
        safe = safe or "schema"
        name, number = safe, 2
        while name in self._taken:
            name, number = f"{safe}_{number}", number + 1
        self._taken.add(name)
        return name

    # -- the whole ---------------------------------------------------------------------------------------------------

    def canonical(self) -> dict[str, Any]:
        """The canonical form of the document."""
        info = self.mapping(self.data.get("info"), "/info")
        home = self._components()
        base_path = self.base_path(self.data, "")
        operations = list(self._operations(base_path))
        schemas: dict[str, Any] = dict.fromkeys(home, True)
        while self._queue:
            name, pointer, node = self._queue.pop(0)
            schemas[name] = self.schemas.convert(node, pointer.lstrip("#"))
        cycles.cut(schemas, self.find)
        title = info.get("title")
        version = info.get("version")
        return {
            "service": self._service(title),
            "title": " ".join(title.split()) if isinstance(title, str) else "",
            "version": version if isinstance(version, str) else "" if version is None else str(version),
            "base_path": base_path,
            "security": self._security(self.data.get("security"), "/security") or [],
            "security_schemes": self._security_schemes(),
            "operations": operations,
            "schemas": schemas,
        }

    def _service(self, title: Any) -> str:
        stem = re.split(r"[/\\:]", self.document.source.partition("?")[0])[-1].partition(".")[0].lower()
        word = stem if stem not in _GENERIC or not isinstance(title, str) else title.lower()
        return _UNSAFE.sub("-", word).strip("-._") or "service"

    def _components(self) -> list[str]:
        """Queue the component schemas; an alias of a schema kept elsewhere lends it its name."""
        node: Any = self.data
        where = ""
        for key in self.schema_home:
            where = f"{where}/{key}"
            node = self.mapping(node.get(key), where)
        for name, schema in node.items():
            pointer = f"#{where}/{pointers.escape(name)}"
            given = self._name(name)
            if given != name:
                self.find("renamed-schema", pointer[1:], f"called {given!r} here")
            self._names[pointer] = self._names[f"#{where}/{name}"] = given
            self._queue.append((given, pointer, schema))
        prefix = f"#{where}/"
        for at, (given, _, schema) in enumerate(self._queue):
            reference = schema.get("$ref") if isinstance(schema, dict) and len(schema) == 1 else None
            if isinstance(reference, str) and reference.startswith("#/") and not reference.startswith(prefix):
                try:
                    target = pointers.look_up(self.data, reference)
                except pointers.Missing:
                    continue
                if reference not in self._names and isinstance(target, dict):
                    self._names[reference] = given
                    self._queue[at] = (given, reference, target)
        return [given for given, _, _ in self._queue]

    # -- servers and security ----------------------------------------------------------------------------------------

    def base_path(self, node: dict[str, Any], where: str) -> str:
        """The path part of the first server, without a trailing slash."""
        servers = self.sequence(node.get("servers"), f"{where}/servers")
        server = servers[0] if servers and isinstance(servers[0], dict) else {}
        url = server.get("url")
        if not isinstance(url, str):
            return ""
        given = self.mapping(server.get("variables"), f"{where}/servers/0/variables")
        for name, variable in given.items():
            default = variable.get("default") if isinstance(variable, dict) else None
            url = url.replace("{" + name + "}", str(default if default is not None else ""))
        try:
            path = urlsplit(url).path
        except ValueError:
            path = re.sub(r"^[a-zA-Z][\w+.-]*://[^/]*", "", url)
        path = re.sub(r"/{2,}", "/", path).rstrip("/")
        return "" if not path or "{" in path else path if path.startswith("/") else "/" + path

    def _security(self, value: Any, where: str) -> list[dict[str, list[str]]] | None:
        if value is None:
            return None
        found: list[dict[str, list[str]]] = []
        for at, need in enumerate(self.sequence(value, where)):
            if isinstance(need, dict):
                found.append({name: _texts(scopes) for name, scopes in need.items()})
            else:
                self.find("invalid-node", f"{where}/{at}", "a security requirement is a mapping; skipped")
        return found

    def scheme_home(self) -> tuple[dict[str, Any], str]:
        """Where security schemes are declared."""
        components = self.mapping(self.data.get("components"), "/components")
        where = "/components/securitySchemes"
        return self.mapping(components.get("securitySchemes"), where), where

    def security_scheme(self, node: dict[str, Any]) -> dict[str, Any]:
        """One scheme in 3.x form."""
        return node

    def _security_schemes(self) -> dict[str, Any]:
        home, where = self.scheme_home()
        found: dict[str, Any] = {}
        for name, raw in home.items():
            node = self.deref(raw, f"{where}/{name}")
            if node is not None and isinstance(node.get("type"), str):
                scheme = self.security_scheme(node)
                found[name] = {key: value for key, value in scheme.items() if key != "description"}
            elif node is not None:
                self.find("invalid-security-scheme", f"{where}/{name}", "it has no `type`; skipped")
        return found

    # -- operations --------------------------------------------------------------------------------------------------

    def _operations(self, base_path: str) -> Iterator[dict[str, Any]]:
        routes: set[tuple[str, str, str]] = set()
        paths = self.mapping(self.data.get("paths"), "/paths")
        if not isinstance(self.data.get("paths"), dict):
            self.find("no-paths", "/paths", "the document declares no paths")
        for path, raw in paths.items():
            where = f"/paths/{pointers.escape(path)}"
            if path.startswith("x-") or raw is None:
                continue
            item = self.deref(raw, where)
            if item is None:
                continue
            if not path.startswith("/"):
                self.find("path-without-slash", where, "a path starts with a slash; one was added")
                path = "/" + path
            self._unserved(item, where)
            for method in METHODS:
                operation = self._operation(method, path, item, f"{where}/{method}", base_path)
                if operation is None:
                    continue
                told_by = str(operation.get("conditions", ""))
                shape = (method, re.sub(r"\{[^{}/]*\}", "{}", operation["path"]), told_by)
                if shape in routes:
                    self.find("ambiguous-path", f"{where}/{method}", "another path takes the same requests")
                routes.add(shape)
                yield operation

    def _unserved(self, item: dict[str, Any], where: str) -> None:
        """Remark operations of methods that are not served (OpenAPI 3.2 has such)."""
        more = item.get("additionalOperations")
        others = {**item, **(more if isinstance(more, dict) else {})}
        for method, node in others.items():
            if method not in METHODS and isinstance(node, dict) and "responses" in node and not method.startswith("x-"):
                self.find("unknown-method", where, f"{method!r} is no method that is served; skipped")

    def _operation(
        self, method: str, written: str, item: dict[str, Any], where: str, base_path: str
    ) -> dict[str, Any] | None:
        if item.get(method) is None:
            return None
        node = self.deref(item[method], where)
        if node is None:
            return None
        path, conditions, moved = split(written)
        declared = self._declared(item, node, where, moved)
        operation: dict[str, Any] = {"id": self._id(node, method, written, where), "method": method, "path": path}
        operation["parameters"] = self._path_parameters(self.parameters(declared, where), path, where)
        operation["body"] = self.body(node, declared, where)
        operation["responses"] = self._responses(node, where)
        operation["security"] = self._security(node.get("security"), f"{where}/security")
        operation["tags"] = [tag for tag in self.sequence(node.get("tags"), f"{where}/tags") if isinstance(tag, str)]
        operation["deprecated"] = node.get("deprecated") is True
        operation["summary"] = node["summary"] if isinstance(node.get("summary"), str) else ""
        operation["extensions"] = {k: v for k, v in node.items() if k.startswith("x-") and structural(k, v)}
        operation["conditions"] = conditions
        operation["aliases"] = self._aliases(item, node, path, where, base_path)
        if written != path:
            operation["aliases"].append(written.replace("?", "%3F"))
        return {key: value for key, value in operation.items() if value or key in ("id", "security")}

    def _aliases(self, item: dict[str, Any], node: dict[str, Any], path: str, where: str, base_path: str) -> list[str]:
        """The full path when the operation or its path item names a server with another prefix."""
        for owner in (node, item):
            if owner.get("servers"):
                other = self.base_path(owner, where)
                return [other + path] if other and other != base_path else []
        return []

    def _id(self, node: dict[str, Any], method: str, path: str, where: str) -> str:
        given = node.get("operationId")
        if isinstance(given, str) and given.strip():
            wanted = given.strip()
        else:
            if given is not None:
                self.find("invalid-operation-id", where, "`operationId` is no text; one was made")
            spoken = re.sub(r"\{([^{}]*)\}", r"by_\1", path)
            wanted = (method + "_" + _UNSAFE.sub("_", spoken.replace("-", "_").replace(".", "_")).strip("_")).strip("_")
        name, number = wanted, 2
        while name in self._ids:
            name, number = f"{wanted}_{number}", number + 1
        if name != given and isinstance(given, str) and name != wanted:
            self.find("duplicate-operation-id", where, f"{wanted!r} is taken; called {name!r} here")
        self._ids.add(name)
        return name

    def _declared(
        self, item: dict[str, Any], node: dict[str, Any], where: str, moved: dict[str, str]
    ) -> list[tuple[str, dict[str, Any]]]:
        """Parameter nodes of the path item, then of the operation, which wins by name and place.

        `moved` are variables that the path has behind a `?`: query parameters, whatever is declared of them.
        """
        found: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {}
        for name in moved.values():
            found[name, "query"] = (where, {"name": name, "in": "query", "schema": {"type": "string"}})
        for owner, place in ((item, where.rpartition("/")[0]), (node, where)):
            for at, raw in enumerate(self.sequence(owner.get("parameters"), f"{place}/parameters")):
                here = f"{place}/parameters/{at}"
                parameter = self.deref(raw, here)
                if parameter is None:
                    continue
                given: Any = parameter.get("name")
                location: Any = parameter.get("in")
                if location == "body" and not isinstance(given, str):
                    given = "body"
                if location == "path" and isinstance(given, str) and given in moved:
                    given, location = moved[given], "query"
                    parameter = {**parameter, "in": "query", "required": False}
                if isinstance(given, str) and given and isinstance(location, str):
                    found[given, location] = (here, {**parameter, "name": given})
                else:
                    self.find("invalid-parameter", here, "it needs `name` and `in`; skipped")
        return list(found.values())

    def _path_parameters(self, given: list[dict[str, Any]], path: str, where: str) -> list[dict[str, Any]]:
        """Path parameters are those of the template: missing ones are added as text, others left out."""
        wanted = list(dict.fromkeys(variables(path)))
        kept: list[dict[str, Any]] = []
        for parameter in given:
            if parameter["location"] == "path":
                if parameter["name"] not in wanted:
                    message = f"path parameter {parameter['name']!r} is not in the path; left out"
                    self.find("unused-path-parameter", where, message)
                    continue
                parameter["required"] = True
            kept.append(parameter)
        declared = {parameter["name"] for parameter in kept if parameter["location"] == "path"}
        for name in wanted:
            if name not in declared:
                self.find("undeclared-path-parameter", where, f"{name!r} is not declared; read as text")
                text = {"name": name, "location": "path", "schema": {"type": "string"}, "required": True}
                kept.append({**text, "style": "simple", "explode": False})
        return kept

    def _responses(self, node: dict[str, Any], where: str) -> list[dict[str, Any]]:
        raw = node.get("responses")
        responses = self.mapping(raw, f"{where}/responses")
        if not responses:
            self.find("no-responses", where, "no responses are declared")
        found: list[dict[str, Any]] = []
        for status, value in responses.items():
            if status.startswith("x-"):
                continue
            here = f"{where}/responses/{status}"
            code = status.strip().upper()
            if not re.fullmatch(r"[1-5](?:\d\d|XX)|DEFAULT", code):
                self.find("invalid-status", here, f"no status: {status[:40]!r}; skipped")
                continue
            parts = self._response(value, node, here)
            if parts is not None:
                found.append({"status": "default" if code == "DEFAULT" else code, **parts})
        return found

    def _response(self, value: Any, operation: dict[str, Any], where: str) -> dict[str, Any] | None:
        """The parts of one response; those of a shared response are made once."""
        reference = value.get("$ref") if isinstance(value, dict) and len(value) == 1 else None
        key = self.response_key(reference, operation) if isinstance(reference, str) else None
        if key is not None and key in self._shared:
            return self._shared[key]
        response = self.deref(value, where)
        if response is None:
            return None
        parts = self.response(response, operation, where)
        if key is not None:
            self._shared[key] = parts
        return parts

    # -- what a version says -----------------------------------------------------------------------------------------

    def parameters(self, declared: list[tuple[str, dict[str, Any]]], where: str) -> list[dict[str, Any]]:
        """Parameters outside the body, in canonical form."""
        raise AssertionError("a version overrides this")

    def body(self, node: dict[str, Any], declared: list[tuple[str, dict[str, Any]]], where: str) -> Any:
        """The request body in canonical form, or None."""
        raise AssertionError("a version overrides this")

    def response_key(self, reference: str, operation: dict[str, Any]) -> str:
        """What a shared response depends on: the reference, and in 2.0 what the operation produces."""
        return reference

    def response(self, node: dict[str, Any], operation: dict[str, Any], where: str) -> dict[str, Any]:
        """`{"content", "headers", "examples"}` of a response, empty parts left out."""
        raise AssertionError("a version overrides this")


def _place_words(path: list[str]) -> list[str]:
    """What a schema written inside an operation is called after: its path, and the status where that is an error's."""
    fixed = [part for part in path[1].split("/") if part and not part.startswith("{")]
    status = next((token for token in path if re.fullmatch(r"[45]..", token)), "")
    return ["_".join(part for part in (fixed[-1] if fixed else "root", status and f"error_{status}") if part)]


def split(path: str) -> tuple[str, list[list[Any]], dict[str, str]]:
    """A path written with a query or fragment → the path proper, conditions on the rest, variable → query parameter.

    `/x?op=list&page={p}#Action=A` → `("/x", [["query", "op", "list"], ["any", "Action", "A"]], {"p": "page"})`.
    """
    place, _, fragment = path.partition("#")
    place, _, query = place.partition("?")
    conditions: list[list[Any]] = []
    moved: dict[str, str] = {}
    for kind, text in (("query", query), ("any", fragment)):
        for part in text.split("&") if text else ():
            key, equals, value = part.partition("=")
            variable = re.fullmatch(r"\{([^{}]*)\}", value if equals else key)
            if variable is not None:
                moved[variable.group(1)] = key if equals else variable.group(1)
            elif key:
                conditions.append([kind, key, value if equals else None])
    return place or "/", conditions, moved


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
