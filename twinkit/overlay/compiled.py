"""The overlay as the serve plane uses it: one `Binding` per operation, one `Resource` per kind of record.

Everything here was computed offline (inference, then twin.yaml over it) and is read lazily, one operation or resource
at a time, from the extra parts of the index file. Imports: stdlib only, never pydantic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, NamedTuple, TypeVar

Kind = Literal[
    "create",
    "retrieve",
    "list",
    "update",
    "replace",
    "delete",
    "action",
    "singleton_get",
    "singleton_update",
    "singleton_delete",
    "search",
    "count",
    "bulk_create",
    "bulk_update",
    "bulk_delete",
    "upload",
    "download",
    "shape",
]
Fidelity = Literal["behaviour", "generic", "shape"]
T = TypeVar("T")


class Binding(NamedTuple):
    """What one operation does to the records. Every name below is a name of the wire, spelled as the contract does.

    Dotted names (`data.items`, `meta.next_cursor`) walk objects. A `Mapping` is empty when nothing applies.
    """

    operation: str
    """The operation id."""

    kind: Kind
    """create           a new record of `resource` from the body → the record
    retrieve         one record
    list             the records in scope that pass `filters`, a page at a time
    update           the body's properties over the record (see `body.style`)
    replace          the body takes the record's place; makes the record when it is missing and `upsert`
    delete           the record goes; afterwards it is not found (404, or 410 where only that is documented)
    action           a verb on one record: apply `sets`, answer the record. `resource` None: a verb on nothing, answer
                     the documented example
    singleton_get    the one record of its scope; made from the template when missing
    singleton_update the body's properties over that record, made when missing
    singleton_delete that record goes; a later singleton_get is not found
    search           like list; the free-text query is `envelope.query` when there is one
    count            how many records pass `filters`; number at `envelope.total` ("" = the body itself)
    bulk_create/…    like the plain kind for each element of `body.items` ("" = the body is the array), after
                     the one at `body.one`;
                     bulk_delete without such a list deletes everything in scope that passes `filters`
    upload           stores the request's bytes in the record's content (raw body, or `body.file` of a form), answers
                     like update; makes the record when missing
    download         the bytes last uploaded to the record, else bytes made from the seed, as `reply.media`
    shape            nothing is kept: the documented example for the success status"""

    resource: str | None = None
    """Kind of record, a key of `Compiled.resources`; None for `shape` and actions on nothing."""

    id_parameter: str | None = None
    """Where the record's id is: a path parameter's name, or `query:NAME`, `body:NAME`. None: there is none (list,
    singletons, most creates). On a create it is where the caller may choose the id (`query:backupId`)."""

    parents: tuple[tuple[str, str], ...] = ()
    """(parameter, resource of the parent), outermost first; resource "" when no record of such a parent can exist
    (nothing in the contract makes one), so its existence cannot be asked for."""

    scope: Mapping[str, str] = {}
    """Parent parameter → property of the record that holds its value (`customer`, `repo_id`, `owner.login`).
    On create the value is written there (as the property's type; an object gets its id); lists and singletons keep to
    records where it is equal. A name starting with `~` is no property of the schema: keep it hidden beside the record
    and never show it."""

    envelope: Mapping[str, Any] = {}
    """How records are wrapped in the reply.
    One record: `{"wrap": "data.user"}` puts it there; `wrap_list` true: as the only element of an array there;
    `newest` (singleton_get): the last record that was made there, if any was.
    Lists: `items` (dotted; "" = the reply is the array), `map` (instead of `items`: place of an object of records
    by id; "" = the reply is it), `has_more`, `is_last`, `is_first` (bool),
    `next` / `previous` (value by `next_kind`: "cursor", "page",
    "offset", "url"), `total` (all matches), `count` (in this page), `page`, `limit`, `offset`, `pages`, `url` (the
    list's own path). `least`: how many elements there must be at least (examples make up for records). `each`: "id"
    when the elements are the records' ids instead of the records, or the property of theirs that they are.
    `one`: where the record of `body.one` stands by itself. `optional`: places (of next, previous) that are
    left out at the end of the list; `end`: what stands at `next` there when it may be neither null nor absent.
    `constants`: further properties with their value: start from a deep copy of it, then put the above in."""

    body: Mapping[str, Any] = {}
    """How the request's record is wrapped: `wrap` (dotted property that holds it), `items` (bulk: the array), `file`
    (form property with the bytes), `media` (preferred content type), `style`: "merge" (default), "json_patch",
    "json_merge_patch" (null removes), `ids` (bulk_delete: property with the ids),
    `id` (create: property in which the caller chooses the id, where it is not the id property),
    `rename` (body property → record property), `into` (the property of the record that holds what the body has on top:
    `properties`), `spread` (dotted place in the body → in the record, where both have it at different
    depths), `copied` (the same for what the record has on top as well),
    `match` (If-Match and If-None-Match are conditions)."""

    filters: Mapping[str, str] = {}
    """Query (or body, for search by POST) parameter → record property that must equal it; a list value means any of
    them; an object value `{gt, gte, lt, lte}` is a range. An array property must contain the value. A property written
    `?name` also passes records where it is null or absent (required parameters). Only what was sent filters, never a
    parameter's default."""

    comparisons: Mapping[str, tuple[str, str]] = {}
    """Parameter → (record property, `>`, `>=`, `<`, `<=`, `!=`, `contains`, `prefix`, `in`): `created_after`, `q`…;
    property `*` means any string property, with `is` any property that is one of the values."""

    paging: Mapping[str, Any] = {}
    """`style`: "cursor_id" (parameters are record ids), "cursor" (opaque token), "page", "offset", "none";
    `limit`, `after`, `before`, `page`, `offset`: parameter names; `first`: number of the first page (0 or 1);
    `also`: further spellings of these parameters; `default`, `max`: page sizes;
    `link` true: answer a `Link` header with rel=next (prev, first, last);
    `total_header`: name of a response header with the total; `in`: "query" or "body"."""

    sort: Mapping[str, Any] = {}
    """`by`: parameter; `direction`: parameter for asc/desc (or None); `values`: spelled value → [property, "asc" or
    "desc"] for declared enums. Undeclared values: `-name`, `name desc`, `name:desc`, `name_desc`, `name`."""

    select: str | None = None
    """Query parameter that names the properties to show (comma list or repeated)."""

    action: str | None = None
    """Verb of an action: `capture`, `archive`, `merge`."""

    sets: Mapping[str, Any] = {}
    """What the verb changes: property → value; the value `{"$now": true}` is the time in that property's format,
    `{"$clear": true}` is null (or absent when null is not allowed)."""

    reply: Mapping[str, Any] = {}
    """`shows`: "record" (stored form fits the reply schema as it is), "project" (another schema: properties of the
    same name are taken from the record, the rest made from the schema), "id" (the bare id), "list", "deleted"
    (constants + id), "empty" (no body), "example", "text", "bytes". `media`: content type of the reply. `schema`:
    component name of one shown item. `project` true: the elements of a list have another schema too. `id`: in another
    schema, the property that shows the record's id (`detectorId` of a create reply). `location`: true when a Location
    header is declared. `link`: in another schema, the dotted property that shows the record's address.
    `etag`: an entity tag goes with it. `headers`: the response has headers that it must have.
    `deleted`: for "deleted" the constant body, with `"$id"` where the id goes."""

    status: int = 200
    """First documented success."""

    created_status: int | None = None
    """replace with upsert: the status when a record was made (201 where documented)."""

    upsert: bool = False
    """replace, update: a missing record is made with the id of the path."""

    errors: Mapping[str, tuple[int, str]] = {}
    """Error name (not_found, gone, conflict, invalid, unauthorized, forbidden, precondition, unsupported_media,
    not_acceptable, too_large, method_not_allowed, rate_limit, internal) → (documented status, key of its body in
    `Compiled.error_bodies`; "" = no body documented). `default` → (0, key): the body of every status not named."""

    fidelity: Fidelity = "generic"
    """`behaviour` when a handler is declared, `shape` when nothing is kept."""

    note: str = ""
    """Why nothing better could be inferred, for the coverage matrix."""


class Resource(NamedTuple):
    """One kind of record."""

    name: str
    schema: str | None = None
    """Component schema of a stored record; None when the contract has it inline (then `template` is all we know)."""
    id: str | None = None
    """Id pattern (twinkit.ids); None: make one from the id property's schema."""
    id_schema: Mapping[str, Any] | bool | None = None
    """With no `id` pattern: the schema to make ids from, where it is not the id property's own (the path's is
    narrower)."""
    id_property: str | None = None
    """Property that shows the id; None: the id is only in the path and the Location header."""
    id_type: Literal["string", "integer", "number"] = "string"
    id_place: str | None = None
    """Without `id_property`: the dotted place inside the record that shows the id (`metadata.name`)."""
    link: str | None = None
    """The dotted place inside the record that shows its own address (`selfLink`, `_links.self.href`)."""
    more_ids: Mapping[str, str] = {}
    """Further ids of a record, made where a caller gives none: property → id pattern."""
    keys: tuple[str, ...] = ()
    """Other properties a record may be asked for by (`slug`, `login`), after the id. The id property itself is among
    them when it is a natural key (a name, a slug) that a caller may change."""
    unique: tuple[str, ...] = ()
    """Properties whose value no two records may share (natural keys) → conflict."""
    scoped: bool = False
    """Ids are unique only under the same parents (an issue number in a repository)."""
    parent: str | None = None
    defaults: Mapping[str, Any] = {}
    """Values of a new record where the caller gave none (over `template`)."""
    timestamps: Mapping[str, str] = {}
    """`create`, `update`, `delete` → property."""
    time_formats: Mapping[str, str] = {}
    """Property → "unix" (seconds), "unix_ms", "iso" (RFC 3339, UTC, Z), "date"; every time property known, not only
    those in `timestamps`."""
    events: Mapping[str, str] = {}
    """Action (create, update, delete or a verb) → event type."""
    filters: Mapping[str, str] = {}
    """Extra list filters: query parameter → property."""
    template: Mapping[str, Any] = {}
    """Skeleton of a record, valid against the schema except for what a create fills in: required properties at their
    least value, nullable properties null."""
    properties: tuple[str, ...] = ()
    """Every property name of the schema; empty when it admits any."""
    open: bool = False
    """The schema admits further properties than `properties`, on purpose (additionalProperties)."""
    read_only: tuple[str, ...] = ()
    write_only: tuple[str, ...] = ()
    expandable: Mapping[str, tuple[str, ...]] = {}
    """Dotted property (`*` for array elements) that holds an id or the whole record → resources it may be."""
    sublists: Mapping[str, Mapping[str, Any]] = {}
    """Property → {resource, operation (the nested list)}: a list of other records shown inside this one."""


class ErrorTemplate(NamedTuple):
    """A named error: status, headers and a body in which `{message}` and other `{field}`s are filled in."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = {}


class Lazy(Mapping[str, T], Generic[T]):
    """A mapping whose values are read and built on first use."""

    def __init__(self, names: tuple[str, ...], build: Callable[[str], T]) -> None:
        self._names = dict.fromkeys(names)
        self._build = build
        self._made: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        made = self._made.get(name)
        if made is None:
            if name not in self._names:
                raise KeyError(name)
            made = self._made[name] = self._build(name)
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names


@dataclass(slots=True)
class Compiled:
    """The whole overlay of one twin."""

    twin: str
    bindings: Mapping[str, Binding]
    resources: Mapping[str, Resource]
    errors: Mapping[str, ErrorTemplate] = field(default_factory=dict)
    """Named errors of twin.yaml."""
    error_bodies: Mapping[str, Any] = field(default_factory=dict)
    """Documented error bodies, by key: skeletons with `{message}` in the property that words the error, `{status}` for
    a status number, `{code}` for a code."""
    error_media: Mapping[str, str] = field(default_factory=dict)
    """Media types of the documented error bodies that are not `application/json`, by the same key."""
    auth: Mapping[str, Any] = field(default_factory=dict)
    """{scheme, accepts, …} as in twin.yaml."""
    webhooks: Mapping[str, Any] = field(default_factory=dict)
    unimplemented: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    clock: str | None = None
    """Clock mode the twin insists on, or None."""
    events: tuple[str, ...] = ()
    """Declared event types; empty: any."""
    findings: tuple[str, ...] = ()
    remarked: int = 0
    """How many remarks there are about the documents themselves; `remarks` reads them."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Further files the documents are made of → hash of what was in them."""
    remarks: Callable[[], Sequence[str]] = tuple


def binding_from(data: Mapping[str, Any]) -> Binding:
    """A binding from its stored JSON."""
    values = dict(data)
    values["parents"] = tuple((p, r) for p, r in values.get("parents", ()))
    for name in ("comparisons", "errors"):
        if name in values:
            values[name] = {key: tuple(pair) for key, pair in values[name].items()}
    return Binding(**values)


def resource_from(data: Mapping[str, Any]) -> Resource:
    """A resource from its stored JSON."""
    values = dict(data)
    for name in ("keys", "unique", "properties", "read_only", "write_only"):
        if name in values:
            values[name] = tuple(values[name])
    if "expandable" in values:
        values["expandable"] = {key: tuple(names) for key, names in values["expandable"].items()}
    return Resource(**values)


def plain(value: Binding | Resource) -> dict[str, Any]:
    """The JSON of a binding or resource: only what differs from the defaults."""
    out: dict[str, Any] = {}
    for name, given in zip(value._fields, value, strict=True):
        if given not in (None, {}, (), "", False) or name in ("operation", "kind", "name"):
            out[name] = given
    return out


def load(extra: Callable[[str], Any]) -> Compiled:
    """The overlay in an index; `extra` reads one part of the index by key (`overlay`, `binding/<id>`, …)."""
    head = extra("overlay")
    errors = {name: ErrorTemplate(**template) for name, template in head.get("errors", {}).items()}
    return Compiled(
        twin=head["twin"],
        bindings=Lazy(tuple(head["operations"]), lambda name: binding_from(extra(f"binding/{name}"))),
        resources=Lazy(tuple(head["resources"]), lambda name: resource_from(extra(f"resource/{name}"))),
        errors=errors,
        error_bodies=Lazy(tuple(head["error_bodies"]), lambda name: extra(f"error/{name}")),
        error_media=head.get("error_media", {}),
        auth=head.get("auth", {}),
        webhooks=head.get("webhooks", {}),
        unimplemented=head.get("unimplemented", {}),
        options=head.get("options", {}),
        clock=head.get("clock"),
        events=tuple(head.get("events", ())),
        findings=tuple(head.get("findings", ())),
        remarked=head.get("remarked", 0),
        files=head.get("files", {}),
        remarks=lambda: tuple(extra("remarks")) if head.get("remarked") else (),
    )
