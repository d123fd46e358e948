"""The frozen model of a contract: operations, parameters, bodies, responses. Imports nothing of the kit.

A schema is a plain JSON Schema 2020-12 node (dict or bool); references stay references of the one form
`{"$ref": "#/components/schemas/<name>"}`, also for schemas that were inline elsewhere, external or recursive.
`nullable` has become a `null` type or branch; OpenAPI 2.0 bodies and forms have become `Body`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

Schema = Mapping[str, Any] | bool
Location = Literal["path", "query", "header", "cookie"]


class Parameter(NamedTuple):
    """One declared parameter outside the body."""

    name: str
    location: Location
    schema: Schema
    required: bool = False
    style: str = "form"
    explode: bool = True
    allow_reserved: bool = False
    media_type: str | None = None
    """Set when the parameter is serialised as a document (`content`), such as application/json."""


class Body(NamedTuple):
    """A request body: schema for each media type, and per-property encoding of forms."""

    content: Mapping[str, Schema]
    required: bool = False
    encoding: Mapping[str, Mapping[str, Mapping[str, Any]]] = {}
    """media type → property → {style, explode, contentType}, where that makes a difference (`wire.tells`)."""
    bracketed: Mapping[str, tuple[str, ...]] = {}
    """media type → names of properties that are declared with their brackets: `user[name]`."""


class Response(NamedTuple):
    """One documented response."""

    status: str
    """`200`, `2XX` or `default`."""
    content: Mapping[str, Schema] = {}
    headers: Mapping[str, Schema] = {}
    required_headers: Sequence[str] = ()
    examples: Mapping[str, Any] = {}
    """media type → the first documented example, where the document carries one."""


class Operation(NamedTuple):
    """One operation of the contract."""

    id: str
    method: str
    """Lower case."""
    path: str
    """The template below the base path, such as `/v1/customers/{customer}`."""
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    responses: tuple[Response, ...] = ()
    security: tuple[Mapping[str, tuple[str, ...]], ...] | None = None
    """Alternatives of scheme → scopes; None means the contract's default, an empty tuple means none."""
    tags: tuple[str, ...] = ()
    deprecated: bool = False
    summary: str = ""
    extensions: Mapping[str, Any] = {}
    bracketed: tuple[str, ...] = ()
    """Names of query parameters that are declared with their brackets: `page[size]`."""

    @property
    def success(self) -> Response | None:
        """The first documented success: the lowest 2xx, else a 2XX range, else `default`, else None."""
        exact = sorted((r for r in self.responses if r.status.isdigit() and r.status[0] == "2"), key=lambda r: r.status)
        if exact:
            return exact[0]
        for wanted in ("2XX", "default"):
            for response in self.responses:
                if response.status.upper() == wanted.upper():
                    return response
        return None

    def response(self, status: int) -> Response | None:
        """The documented response for a status: exact, then its range, then `default`."""
        for wanted in (str(status), f"{status // 100}XX", "DEFAULT"):
            for response in self.responses:
                if response.status.upper() == wanted:
                    return response
        return None


class Contract(Protocol):
    """What the serve plane asks of a contract; `twinkit.contract.index` has the implementation."""

    service: str
    title: str
    version: str
    security: tuple[Mapping[str, tuple[str, ...]], ...]
    security_schemes: Mapping[str, Mapping[str, Any]]
    base_path: str
    """Path prefix of the first server, without a trailing slash: `` or `/api/v1`."""

    def operation(self, id: str) -> Operation:
        """The operation with this id. Raises KeyError."""

    def operations(self) -> Iterator[str]:
        """Every operation id, in document order."""

    def schema(self, name: str) -> Schema:
        """The component schema of this name. Raises KeyError."""

    def schemas(self) -> Iterator[str]:
        """Every component schema name, in document order."""

    def resolve(self, schema: Schema) -> Schema:
        """Follow `$ref` until the node is none; the node itself when it is no reference."""

    def match(self, method: str, path: str, query: str = "", headers: Mapping[str, str] | None = None) -> Match | None:
        """The operation for a request path (percent-encoded, with or without the base path), or None.

        Query string and headers (names in lower case) tell operations apart that share a path.
        """

    def methods(self, path: str) -> tuple[str, ...]:
        """Methods (upper case) that some operation declares at this path; empty when the path is unknown."""


class Match(NamedTuple):
    """What routing found."""

    operation: str
    path: Mapping[str, str]
    """Path parameters, percent-decoded."""
