"""Requests against the contract: one validator per operation, compiled on first use, and schemas on their own.

Wire text (path, query, headers, forms) is read as the declared types; JSON bodies are taken as they are. Validation
never raises: whatever is wrong is a `Violation`. Imports: contract.checks, contract.wire, contract.model.
"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote

from twinkit.contract.checks import Compiler, Options, type_names
from twinkit.contract.model import Body, Contract, Operation, Parameter, Schema
from twinkit.contract.names import parts
from twinkit.contract.scalars import Check
from twinkit.contract.violation import Violation, Where
from twinkit.contract.wire import Repeated, Shape, WireError, decode_style, parse_json
from twinkit.contract.xmlbody import Element, by_schema

__all__ = ["RequestValidator", "SchemaCheck", "Validated", "Violation", "accepts", "compile_schema"]

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_NOT_PARAMETERS = frozenset({"accept", "content-type", "authorization"})
_MISSING = object()

_compilers: dict[int, tuple[Any, dict[Options, Compiler]]] = {}


def compiler_for(contract: Contract, options: Options) -> Compiler:
    """The compiler of a contract under these options; shared, so that each schema is compiled once."""
    key = id(contract)
    held = _compilers.get(key)
    if held is None or held[0]() is not contract:
        try:
            reference: Any = weakref.ref(contract, lambda _: _compilers.pop(key, None))
        except TypeError:
            return Compiler(contract, options)
        held = _compilers[key] = (reference, {})
    compiler = held[1].get(options)
    if compiler is None:
        compiler = held[1][options] = Compiler(contract, options)
    return compiler


class SchemaCheck:
    """A compiled schema: from a value to the value to use and its violations (location `body`). It never raises."""

    __slots__ = ("_check", "_contract")

    def __init__(self, contract: Contract, check: Check) -> None:
        self._contract = contract
        self._check = check

    def __call__(self, value: Any) -> tuple[Any, list[Violation]]:
        found: list[Violation] = []
        return _guarded(self._check, value, found), found


def compile_schema(
    contract: Contract, schema: Schema, *, coerce: bool = False, direction: Literal["request", "response"] = "request"
) -> SchemaCheck:
    """The check of one schema; `coerce` reads wire text as the declared types. Replies are read strictly."""
    options = Options(coerce=coerce, direction=direction, strict=direction == "response")
    return SchemaCheck(contract, compiler_for(contract, options).compile(schema))


def accepts(contract: Contract, schema: Schema, value: Any) -> bool:
    """Whether a JSON value fits the schema as it would in a reply."""
    found: list[Violation] = []
    _guarded(compiler_for(contract, Options(direction="response", strict=True)).compile(schema), value, found)
    return not found


def _guarded(check: Check, value: Any, found: list[Violation]) -> Any:
    """A schema that refers to itself for the same value says nothing about it, so running out of stack accepts."""
    try:
        return check(value, found)
    except RecursionError:
        return value


class Validated:
    """A request's values by their declared types, with defaults filled in, and what is wrong with them.

    `headers` and `cookies` hold declared ones only, header names in lower case.
    """

    __slots__ = ("body", "cookies", "headers", "path", "query", "violations")

    def __init__(self) -> None:
        self.path: dict[str, Any] = {}
        self.query: dict[str, Any] = {}
        self.headers: dict[str, Any] = {}
        self.cookies: dict[str, Any] = {}
        self.body: Any = None
        self.violations: list[Violation] = []


class _Reader(NamedTuple):
    """One compiled parameter."""

    name: str
    key: str
    """Where its value is found: the name, in lower case for headers."""
    required: bool
    default: Any
    check: Check
    decode: Callable[[Any], Any] | None
    members: tuple[str, ...]
    """Names of an exploded form object's own parameters."""


def _places(readers: list[_Reader]) -> tuple[tuple[int, ...], dict[str, int]]:
    """Positions of the readers that have something to say whatever is given, and of the others by key."""
    always = [at for at, one in enumerate(readers) if one.required or one.members or one.default is not _MISSING]
    others: dict[str, int] = {}
    for at, one in enumerate(readers):
        if at not in always and others.setdefault(one.key, at) != at:
            always.append(at)  # a name that is declared twice
    return tuple(sorted(always)), others


class RequestValidator:
    """Validates requests of one operation."""

    def __init__(
        self,
        contract: Contract,
        operation: Operation,
        *,
        unknown: Literal["reject", "ignore"] = "ignore",
        defaults: bool = True,
        read_only: bool = False,
    ) -> None:
        """`unknown`: what undeclared names are. `defaults` never applies to the body of a PATCH.

        Read-only properties of a body are dropped, or are violations with `read_only`.
        """
        self._contract = contract
        self._reject = unknown == "reject"
        body_defaults = defaults and operation.method != "patch"
        self._wire = Options(True, reject=self._reject, defaults=defaults, documents=True, read_only=read_only)
        self._form = Options(coerce=True, reject=self._reject, defaults=body_defaults, read_only=read_only)
        self._json = Options(reject=self._reject, defaults=body_defaults, read_only=read_only)
        self._readers: dict[str, list[_Reader]] = {"path": [], "query": [], "header": [], "cookie": []}
        for parameter in operation.parameters:
            if not (parameter.location == "header" and parameter.name.lower() in _NOT_PARAMETERS):
                self._readers[parameter.location].append(self._reader(parameter, defaults))
        self._places = {where: _places(readers) for where, readers in self._readers.items()}
        self._names = frozenset(name for r in self._readers["query"] for name in (r.name, *r.members))
        self._rest = next((p.name for p in operation.parameters if self._takes_rest(p)), None)
        self._body = operation.body
        if self._body is not None and operation.method in ("get", "head"):
            self._body = self._body._replace(required=False)  # most clients cannot send one
        self._content = {_plain(media): media for media in operation.body.content} if operation.body else {}
        self._checks: dict[tuple[str, bool], Check] = {}

    def __call__(
        self,
        path: Mapping[str, Any],
        query: dict[str, Any],
        headers: Mapping[str, str],
        body: Any,
        media_type: str | None,
    ) -> Validated:
        """Path, query and header text (decoded as by `wire`) and the parsed body.

        A body of None is no body, except where the media type is JSON: then it is null.
        """
        out = Validated()
        found = out.violations
        readers = self._readers
        if readers["path"]:
            out.path = {**path, **self._read("path", path, found)}
        else:
            out.path = dict(path)
        if query or self._places["query"][0]:
            out.query = self._query(query, found)
        if readers["header"]:
            out.headers = self._read("header", headers, found)
        if readers["cookie"]:
            out.cookies = self._read("cookie", _cookies(headers.get("cookie", "")), found)
        out.body = body if self._body is None else self._check_body(self._body, body, media_type, found)
        return out

    def _query(self, query: Mapping[str, Any], found: list[Violation]) -> dict[str, Any]:
        readers = self._readers["query"]
        if self._rest is not None and self._rest not in query:
            rest = {name: value for name, value in query.items() if name not in self._names}
            if rest:
                query = {self._rest: rest, **{name: query[name] for name in query if name not in rest}}
        read = self._read("query", query, found) if readers else {}
        for name, value in query.items():
            if name not in self._names:
                if self._reject:
                    found.append(Violation("query", (name,), "unknown", None, value))
                read[name] = value
        return read

    def _read(self, where: Where, values: Mapping[str, Any], found: list[Violation]) -> dict[str, Any]:
        read: dict[str, Any] = {}
        always, places = self._places[where]
        readers = self._readers[where]
        wanted: Iterable[int] = always
        if places and values:
            given = [places[name] for name in values if name in places]
            wanted = sorted({*always, *given}) if always else given if len(given) < 2 else sorted(given)
        for place in wanted:
            name, key, required, default, check, decode, members = readers[place]
            value = values.get(key, _MISSING)
            if value is _MISSING and members:
                value = {member: values[member] for member in members if member in values} or _MISSING
            if value is _MISSING:
                if required:
                    found.append(Violation(where, (name,), "missing", None, None))
                elif default is not _MISSING:
                    read[key] = copy.deepcopy(default)
                continue
            before = len(found)
            try:
                read[key] = _guarded(check, value if decode is None else decode(value), found)
            except WireError:
                found.append(Violation(where, (), "type", "object", value))
            if len(found) != before:
                found[before:] = [v._replace(location=where, path=(name, *v.path)) for v in found[before:]]
        return read

    def _check_body(self, declared: Body, body: Any, media_type: str | None, found: list[Violation]) -> Any:
        media = self._media(media_type)
        form = media in _FORMS or _plain(media_type or "") in _FORMS
        if body is None and (form or media_type is None):
            if not declared.required:
                return None
            if not form:
                found.append(Violation("body", (), "required_body", None, None))
                return None
            body = {}
        if isinstance(body, Element) and media is not None:
            body = by_schema(self._contract, declared.content[self._content[media]], body)
        if media is None or isinstance(body, (bytes, bytearray)):
            return body
        key = (media, form or "xml" in media or media.startswith("text/"))
        check = self._checks.get(key)
        if check is None:
            check = self._checks[key] = self._compile_body(media, key[1])
        if not isinstance(body, str) or form or "json" in media:
            return _guarded(check, body, found)
        trial: list[Violation] = []
        read = _guarded(check, body, trial)
        found.extend(trial if any(one.path or one.kind != "type" for one in trial) else ())
        return read

    def _compile_body(self, media: str, text: bool) -> Check:
        schema = self._body.content[self._content[media]] if self._body else True
        options = self._json
        if text:
            options = self._form._replace(documents=media.startswith("multipart"))
        return compiler_for(self._contract, options).compile(schema)

    def _media(self, media_type: str | None) -> str | None:
        """The declared media type that the request's falls under: exact, then ranges, then any JSON for JSON."""
        content = self._content
        if media_type is None:
            return next(iter(content), None)
        plain = _plain(media_type)
        if plain in content:
            return plain
        for wide in (plain.split("/")[0] + "/*", "*/*"):
            if wide in content:
                return wide
        if plain.endswith("json"):
            return next((media for media in content if media.endswith("json")), None)
        if plain in _FORMS:
            return next((media for media in content if media in _FORMS), None)
        return None

    def _reader(self, parameter: Parameter, defaults: bool) -> _Reader:
        schema = parameter.schema
        shape = self._shape(schema)
        location = parameter.location
        default: Any = _MISSING
        if defaults and isinstance(schema, Mapping) and not parameter.required:
            default = schema.get("default", _MISSING)
        members: tuple[str, ...] = ()
        bare = _plain_segment(parameter, shape)
        if location in ("query", "cookie") and shape == "object" and parameter.style == "form" and parameter.explode:
            nodes = parts(self._contract, schema) if parameter.media_type is None else ()
            members = tuple(name for node in nodes for name in _keys(node.get("properties")))
        return _Reader(
            parameter.name,
            parameter.name.lower() if location == "header" else parameter.name,
            parameter.required or location == "path",
            default,
            _lazy(self._contract, self._json if parameter.media_type and not bare else self._wire, schema),
            _decoder(parameter, shape),
            members,
        )

    def _takes_rest(self, parameter: Parameter) -> bool:
        """Whether the names of this parameter's members are open, and stand in the query beside other parameters."""
        if parameter.location != "query" or parameter.style != "form" or not parameter.explode or parameter.media_type:
            return False
        nodes = tuple(parts(self._contract, parameter.schema))
        if not any("object" in type_names(node) for node in nodes):
            return False
        further = [node.get("additionalProperties") for node in nodes]
        return any(isinstance(node, (Mapping, bool)) and node is not False for node in further)

    def _shape(self, schema: Schema) -> Shape:
        names = [name for node in parts(self._contract, schema) for name in type_names(node)]
        if "array" in names:
            return "array"
        return "object" if "object" in names and "string" not in names else "scalar"


def _lazy(contract: Contract, options: Options, schema: Schema) -> Check:
    """Compiles when first called: most parameters of an operation are never sent."""
    compiled: list[Check] = []

    def check(value: Any, found: list[Violation]) -> Any:
        if not compiled:
            compiled.append(compiler_for(contract, options).compile(schema))
        return compiled[0](value, found)

    return check


def _decoder(parameter: Parameter, shape: Shape) -> Callable[[Any], Any] | None:
    """How the text of a parameter becomes data before it is checked; None when it is data already."""
    name, style, explode = parameter.name, parameter.style, parameter.explode
    if parameter.media_type is not None:
        if _plain_segment(parameter, shape):
            return _segment
        return _document if parameter.media_type.split(";")[0].strip().endswith("json") else None
    if parameter.location == "path" and style in ("label", "matrix"):
        return lambda value: decode_style(value, name, style, explode, shape) if isinstance(value, str) else value
    if shape == "scalar" or style == "deepObject":
        return None
    if parameter.location in ("query", "cookie") and explode and style in ("form", "spaceDelimited", "pipeDelimited"):
        return None
    return lambda value: decode_style(value, name, style, explode, shape) if isinstance(value, str) else value


def _plain_segment(parameter: Parameter, shape: Shape) -> bool:
    """Whether a path's parameter is a scalar written as JSON: clients send it bare."""
    return parameter.location == "path" and parameter.media_type is not None and shape == "scalar"


def _segment(value: Any) -> Any:
    quoted = isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"'
    return parse_json(value.encode()) if quoted else value


def _document(value: Any) -> Any:
    text = value[-1] if type(value) is Repeated and value else value
    return parse_json(text.encode()) if isinstance(text, str) else text


def _cookies(header: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in header.split(";") if "=" in part)
    return {name: unquote(value.strip('"')) for name, _, value in pairs}


def _keys(node: Any) -> tuple[str, ...]:
    return tuple(node) if isinstance(node, Mapping) else ()


def _plain(media_type: str) -> str:
    return media_type.split(";")[0].strip().lower()
