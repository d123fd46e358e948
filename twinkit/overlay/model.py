"""twin.yaml as a model: every key, its type and what it means. Offline; pydantic. Imports: ids, errors.

Everything here overrides what was inferred; nothing has to be said that the contract's structure says already.
An unknown key is an error that names its line and the nearest key there is.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from twinkit import ids
from twinkit.errors import AuthorError, nearest
from twinkit.overlay.compiled import Kind
from twinkit.overlay.yamlfile import Place, YamlFile, read_yaml

OPTIONS = (
    "parents",
    "replies",
    "env",
    "max_body",
    "content_types",
    "idempotency",
    "unknown_parameters",
    "defaults",
    "strict",
    "materialise",
    "merged",
    "rate_limits",
    "hosts",
    "live_credentials",
    "authorization",
    "any_method",
    "trailing_slash",
)
"""Options the kit knows; any other key is the twin's own, read through `ctx.options`."""


class Strict(BaseModel):
    """A mapping with a closed set of keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AuthPart(Strict):
    """Who may call. Handlers of `twin.authenticate` see all of it."""

    scheme: str | None = None
    """bearer, basic, header, query, oauth2 … as the documentation of the service says."""
    accepts: str | list[str] = "any"
    """any credential, a prefix such as `sk_test_`, a list of those, or `none`: no credential is asked for."""
    header: str | None = None
    query: str | None = None
    scopes: dict[str, str] = Field(default_factory=dict)


class ResourcePart(Strict):
    """A kind of record. The name is free: `operations`, `schema` or the name itself find what was inferred."""

    schema_: str | None = Field(default=None, alias="schema")
    """Component schema of a record."""
    id: str | None = None
    """Id pattern: `note_{alnum:14}`; kinds alnum, lower, upper, hex, digits, letters, `{uuid}`, `{seq}`."""
    id_property: str | None = None
    id_type: Literal["string", "integer", "number"] | None = None
    id_place: str | None = None
    """Dotted place of the id inside a record that has no property for it."""
    link: str | None = None
    """Dotted place of a record's own address: `selfLink`, `_links.self.href`."""
    more_ids: dict[str, str] = Field(default_factory=dict)
    """Further properties that hold an id → pattern."""
    operations: dict[str, str | list[str]] = Field(default_factory=dict)
    """What an operation does (create, retrieve, list, update, replace, delete, search, count …, or a verb) →
    operation id, or several."""
    defaults: dict[str, Any] = Field(default_factory=dict)
    timestamps: dict[Literal["create", "update", "delete"], str | None] = Field(default_factory=dict)
    time_formats: dict[str, Literal["unix", "unix_ms", "iso", "date"]] = Field(default_factory=dict)
    events: dict[str, str] = Field(default_factory=dict)
    filters: dict[str, str] = Field(default_factory=dict)
    keys: list[str] | None = None
    unique: list[str] | None = None
    scoped: bool | None = None
    parent: str | None = None
    template: dict[str, Any] = Field(default_factory=dict)
    """Over the skeleton that was made from the schema."""
    expandable: dict[str, list[str]] = Field(default_factory=dict)


class OperationPart(Strict):
    """What one operation does, where it was inferred wrongly: fields of `Binding`."""

    kind: Kind | None = None
    """See below."""
    resource: str | None = None
    id_parameter: str | None = None
    scope: dict[str, str] = Field(default_factory=dict)
    envelope: dict[str, Any] = Field(default_factory=dict)
    body: dict[str, Any] = Field(default_factory=dict)
    filters: dict[str, str | None] = Field(default_factory=dict)
    comparisons: dict[str, tuple[str, str] | None] = Field(default_factory=dict)
    paging: dict[str, Any] = Field(default_factory=dict)
    sort: dict[str, Any] = Field(default_factory=dict)
    select: str | None = None
    action: str | None = None
    sets: dict[str, Any] | None = None
    reply: dict[str, Any] = Field(default_factory=dict)
    status: Annotated[int, Field(ge=100, le=599)] | None = None
    upsert: bool | None = None


class ErrorPart(Strict):
    """A named error; `{message}` and other `{field}`s are filled in."""

    status: Annotated[int, Field(ge=100, le=599)]
    body: Any = None
    headers: dict[str, str] = Field(default_factory=dict)


class WebhooksPart(Strict):
    """How events are sent."""

    signature: str | None = None
    """hmac-sha256, or `none`; a twin's own `sign` hook goes before it."""
    header: str | None = None
    resource: str | None = None
    """Keep every event as a record of this resource."""
    schedule: dict[str, Any] = Field(default_factory=dict)
    """retries, timeout, headers, reasons, stop_header, disable_after."""


class Overlay(Strict):
    """The whole of twin.yaml."""

    twin: str
    """Name of the twin, as on the command line."""
    contract: str | list[str]
    """The OpenAPI document; several as `[a.json, b.json]`, the first one's names go before."""
    title: str | None = None
    """Name of the service, for people."""
    auth: AuthPart = Field(default_factory=AuthPart)
    """How callers say who they are."""
    resources: dict[str, ResourcePart] = Field(default_factory=dict)
    """Kinds of records."""
    operations: dict[str, OperationPart] = Field(default_factory=dict)
    """Operations that were inferred wrongly."""
    errors: dict[str, ErrorPart] = Field(default_factory=dict)
    """The service's own errors by name; not_found, invalid, conflict, unauthorized … are asked for by the kit."""
    webhooks: WebhooksPart = Field(default_factory=WebhooksPart)
    """How events reach receivers."""
    events: list[str] = Field(default_factory=list)
    """Every event type of the service; when given, no other can be sent."""
    unimplemented: dict[str, str] = Field(default_factory=dict)
    """Operation → why it keeps nothing."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Settings of the kit (env, max_body, content_types, idempotency, unknown_parameters, defaults, parents, replies …)
    and the twin's own."""
    clock: str | None = None
    """Clock the twin insists on: real, fixed or tick."""


def read_overlay(path: Path) -> tuple[Overlay, YamlFile]:
    """The overlay in a file, and the file for saying where. Raises AuthorError with a line for each mistake."""
    file = read_yaml(path)
    try:
        overlay = Overlay.model_validate(file.data)
    except ValidationError as error:
        raise AuthorError("\n".join(_words(file, each) for each in error.errors())) from error
    _check_options(overlay, file)
    _check_ids(overlay, file)
    return overlay, file


def _words(file: YamlFile, error: Any) -> str:
    place: Place = tuple(part for part in error["loc"] if part not in ("str", "list[str]"))
    where = file.where(place)
    if error["type"] == "extra_forbidden":
        known = _keys(place[:-1])
        return f"{where}: unknown key{nearest(str(place[-1]), known)} (keys: {', '.join(known)})"
    if error["type"] == "missing":
        return f"{file.where(place[:-1])}: `{place[-1]}` is missing"
    return f"{where}: {error['msg']}, not {error['input']!r}"


_PARTS: dict[str, type[BaseModel]] = {
    "auth": AuthPart,
    "resources": ResourcePart,
    "operations": OperationPart,
    "errors": ErrorPart,
    "webhooks": WebhooksPart,
}


def _keys(place: Place) -> list[str]:
    part: type[BaseModel] = _PARTS.get(str(place[0]), Overlay) if place else Overlay
    return [field.alias or name for name, field in part.model_fields.items()]


def _check_options(overlay: Overlay, file: YamlFile) -> None:
    for name in overlay.options:
        close = difflib.get_close_matches(name, OPTIONS, n=1, cutoff=0.85)
        if close and name not in OPTIONS:
            raise AuthorError(f"{file.where(('options', name))}: unknown option; did you mean {close[0]!r}?")


def _check_ids(overlay: Overlay, file: YamlFile) -> None:
    for name, resource in overlay.resources.items():
        if resource.id is not None:
            try:
                ids.parse(resource.id)
            except AuthorError as error:
                raise AuthorError(f"{file.where(('resources', name, 'id'))}: {error}") from error
