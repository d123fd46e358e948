"""One record: create, retrieve, update, replace, delete, act on it.

Imports: behaviour (ctx, request), overlay (compiled), store.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any
from urllib.parse import quote

import orjson

from twinkit.behaviour.ctx import OWN_ID, Ctx, instant
from twinkit.behaviour.generic.dotted import dig, put
from twinkit.behaviour.generic.patching import json_patch, merge, merge_patch
from twinkit.behaviour.generic.project import NOTHING, fit, project
from twinkit.behaviour.generic.replies import deleted_reply, example_reply, raw_reply, record_reply
from twinkit.behaviour.generic.scope import (
    HIDDEN,
    check_parents,
    found,
    held,
    identifier,
    is_lenient,
    key_of,
    nested,
    parent_values,
    way_of,
    write_parents,
)
from twinkit.behaviour.request import Reply, Request
from twinkit.contract.validate import accepts
from twinkit.contract.wire import Upload
from twinkit.overlay.compiled import Binding, Resource
from twinkit.store import Filter


def create(ctx: Ctx, request: Request, binding: Binding) -> Reply:
    """A new record from the body."""
    check_parents(ctx, request, binding)
    record = make(ctx, request, binding, sent(request, binding), identifier(request, binding))
    if "file" in binding.body:
        _keep_file(ctx, request, binding, record)
    return record_reply(ctx, request, binding, record)


def _keep_file(ctx: Ctx, request: Request, binding: Binding, record: Mapping[str, Any]) -> None:
    """Keep the file that came with a new record, for who downloads it."""
    from twinkit.behaviour.generic.content import keep

    given = dig(request.body, str(binding.body["file"]))
    key = record.get(ctx.resource(binding.resource or "").id_property or OWN_ID)
    if isinstance(given, Upload) and key is not None:
        keep(ctx, binding.resource or "", str(key), given.data, given.content_type or "application/octet-stream")


def retrieve(ctx: Ctx, request: Request, binding: Binding) -> Reply:
    """The record, as stored bytes where nothing about them has to change."""
    check_parents(ctx, request, binding)
    _, raw = held(ctx, request, binding)
    reply = raw_reply(ctx, binding, raw) or record_reply(ctx, request, binding, orjson.loads(raw))
    if "etag" in binding.reply:
        reply.headers["etag"] = tag_of(raw)
    return reply


def update(ctx: Ctx, request: Request, binding: Binding) -> Reply:
    """The body's properties over the record."""
    check_parents(ctx, request, binding)
    if "match" in binding.body:
        check_match(ctx, request, binding)
    if binding.upsert and not exists(ctx, request, binding):
        return _put_new(ctx, request, binding)
    record = change(ctx, binding, key_of(ctx, request, binding), request_values(request, binding))
    return record_reply(ctx, request, binding, record)


def replace(ctx: Ctx, request: Request, binding: Binding) -> Reply:
    """The body in the record's place; a new record where the operation makes one."""
    check_parents(ctx, request, binding)
    if "match" in binding.body:
        check_match(ctx, request, binding)
    if binding.upsert and not exists(ctx, request, binding):
        return _put_new(ctx, request, binding)
    key = key_of(ctx, request, binding)
    record = change(ctx, binding, key, sent(request, binding))
    return record_reply(ctx, request, binding, record)


def delete(ctx: Ctx, request: Request, binding: Binding) -> Reply:
    """The record goes; named by a key that others share (a name), they go with it, so that nothing answers to it."""
    check_parents(ctx, request, binding)
    if "match" in binding.body:
        check_match(ctx, request, binding)
    name, key = binding.resource or "", key_of(ctx, request, binding)
    record = ctx.delete(name, key)
    if ctx.resource(name).keys and not key.endswith(str(identifier(request, binding))):
        while (other := found(ctx, request, binding)) is not None:
            ctx.delete(name, other[0])
    return deleted_reply(ctx, request, binding, record)


def action(ctx: Ctx, request: Request, binding: Binding) -> Reply:
    """A verb on the record: what it `sets`, and the body's properties where the record has them."""
    if not binding.resource:
        return shape(ctx, request, binding)
    check_parents(ctx, request, binding)
    key = key_of(ctx, request, binding)
    resource = ctx.resource(binding.resource)
    record = ctx.store.get(binding.resource, key)
    changes = project(ctx, resource, sent(request, binding), record)
    changes.update(verb_changes(ctx, resource, binding.sets))
    event = resource.events.get(binding.action or "")
    if changes or event:
        record = ctx.update(binding.resource, key, changes, event=event, request=request)
    return record_reply(ctx, request, binding, record)


def shape(ctx: Ctx, request: Request, binding: Binding) -> Reply:
    """The document's example, which keeps nothing; in a twin of a document not below what was deleted."""
    if binding.parents and is_lenient(ctx):
        check_parents(ctx, request, binding)
    return example_reply(ctx, request, binding)


def tag_of(raw: bytes) -> str:
    """The entity tag of stored bytes."""
    return f'"{blake2b(raw, digest_size=8).hexdigest()}"'


def check_match(ctx: Ctx, request: Request, binding: Binding) -> None:
    """Raise the service's `precondition` where the record is not the one that If-Match or If-None-Match asks for."""
    wanted, other = request.headers.get("if-match"), request.headers.get("if-none-match")
    kept = found(ctx, request, binding) if wanted or other else None
    tags = [tag.strip().removeprefix("W/") for tag in (wanted or "").split(",")]
    wrong = wanted and "*" not in tags and (kept is None or tag_of(kept[1]) not in tags)
    if wrong or (other == "*" and kept is not None):
        raise ctx.error("precondition", "the record is not the one that the request's condition names")


# parts ---------------------------------------------------------------------------------------------------------------


def make(ctx: Ctx, request: Request, binding: Binding, values: Mapping[str, Any], id: Any = None) -> dict[str, Any]:
    """Store a new record. Raises the service's `conflict` for a value that must be unique."""
    resource = ctx.resource(binding.resource or "")
    plain = resource.id_property in ("id", "uuid") and values.get(resource.id_property)
    named = None if plain else values.get(binding.body.get("id", ""))
    chosen = id if id is not None else named or chosen_id(ctx, resource, values)
    chosen = dig(values, resource.id_place) if chosen is None and resource.id_place else chosen
    chosen = chosen if isinstance(chosen, str | int | float) else None
    fitted = project(ctx, resource, merged_maps(ctx, {}, values), {})
    if resource.id_property and chosen is None:
        fitted.pop(resource.id_property, None)
    apart = binding.body.get("id", resource.id_property) != resource.id_property and resource.id_property in fitted
    if resource.id_property and chosen is not None and not apart:
        fitted[resource.id_property] = typed(ctx, resource, chosen)
    write_parents(ctx, request, binding, fitted)
    check_unique(ctx, request, binding, resource, fitted)
    if resource.link and not resource.scoped:
        _link(ctx, request, binding, fitted, chosen)
    key = None if chosen is None else str(chosen)
    if chosen is not None and resource.id_property is None:
        fitted.setdefault(OWN_ID, key)
    if key is not None and binding.errors.get("conflict", (0,))[0] != 409:
        _make_way(ctx, request, binding, resource, key)
    if resource.scoped:
        return _make_scoped(ctx, request, binding, resource, fitted, key)
    if resource.more_ids or resource.id_place:
        _further_ids(ctx, resource, fitted)
    return ctx.create(resource.name, fitted, id=key, request=request)


def _link(ctx: Ctx, request: Request, binding: Binding, record: dict[str, Any], id: Any) -> None:
    """Write a new record's own address into it, where it is shown and its items are below what it is made with."""
    resource = ctx.resource(binding.resource or "")
    shown = resource.id_property or OWN_ID
    if not ctx.twin.fits_replies or binding.kind == "bulk_create":
        return
    if id is None and shown not in record:
        record[shown] = ctx.own_id(resource)
    whole = request.url_path.rstrip("/")
    item = whole if request.method == "PUT" else f"{whole}/{quote(str(record.get(shown, id)), safe='')}"
    if ctx.twin.index.match("get", item) is None:
        return
    top, _, rest = str(resource.link).partition(".")
    schema = ctx.twin.properties(resource.schema).get(top, True)
    if dig(record, str(resource.link)) not in (None, ""):
        return
    fitted = fit(ctx, schema, nested(rest, f"{ctx.base_url}{item}"), record.get(top))
    if fitted is not NOTHING:
        record[top] = fitted


def _further_ids(ctx: Ctx, resource: Resource, record: dict[str, Any]) -> None:
    """Show a new record's id wherever its schema has a place for it and the caller left that out: as the id beside the
    one that paths name (the same value where it fits, so that any of them leads to the record), and inside an object.
    """
    shown = resource.id_property or OWN_ID
    if shown not in record:
        record[shown] = ctx.own_id(resource)
    for name, pattern in resource.more_ids.items():
        if record.get(name) not in (None, ""):
            continue
        schema = ctx.twin.properties(resource.schema).get(name, True)
        same = fit(ctx, schema, record[shown])
        if same is NOTHING or (pattern == "{seq}" and not str(same).isdecimal()):
            same = typed_as(ctx, resource, name, ctx.new_id(pattern))
        record[name] = same
    if resource.id_place:
        top, _, rest = resource.id_place.partition(".")
        fitted = fit(
            ctx, ctx.twin.properties(resource.schema).get(top, True), nested(rest, record[shown]), record.get(top)
        )
        if fitted is not NOTHING:
            record[top] = fitted


def _make_way(ctx: Ctx, request: Request, binding: Binding, resource: Resource, id: str) -> None:
    """Where the contract documents no conflict, a second record with a chosen id takes the first one's place."""
    key = f"{way_of(request, binding)}/{id}" if resource.scoped else id
    if ctx.store.raw(resource.name, key) is not None:
        ctx.store.delete(resource.name, key)


def _make_scoped(
    ctx: Ctx, request: Request, binding: Binding, resource: Resource, values: dict[str, Any], id: str | None
) -> dict[str, Any]:
    draft = ctx.draft(resource.name, values)
    own = id or str(draft.get(resource.id_property or OWN_ID, ""))
    if id is None and resource.id_type != "string" and resource.id_property:
        own = str(ctx.store.next(f"ids/{resource.name}/{way_of(request, binding)}") + 1)
        draft[resource.id_property] = int(own)
    if resource.id_property:
        values = {**values, resource.id_property: draft[resource.id_property]}
    else:
        values = {**values, OWN_ID: int(own) if resource.id_type != "string" and own.isdigit() else own}
    _further_ids(ctx, resource, values)
    if resource.link:
        _link(ctx, request, binding, values, own)
    return ctx.create(resource.name, values, id=f"{way_of(request, binding)}/{own}", request=request)


def change(ctx: Ctx, binding: Binding, key: str, values: Any) -> dict[str, Any]:
    """Lay what was sent over a record by the binding's style and store it."""
    resource = ctx.resource(binding.resource or "")
    current = ctx.store.get(resource.name, key)
    style = binding.body.get("style", "merge")
    if style == "json_patch" and isinstance(values, list):
        wanted = json_patch(current, values)
    elif style == "json_merge_patch":
        wanted = merge_patch(current, values)
    else:
        wanted = merge(current, project(ctx, resource, merged_maps(ctx, current, values), current))
    changes = {name: value for name, value in wanted.items() if current.get(name, NOTHING) != value}
    for name in (*binding.scope.values(), *resource.more_ids):
        _unchanged(current, changes, name)
    stamp = resource.timestamps.get("update", "")
    if isinstance(values, Mapping) and stamp in values and stamp in wanted:
        changes[stamp] = wanted[stamp]
    removed: list[str] = []
    if style in ("json_patch", "json_merge_patch"):
        empty = {name for name in current if wanted.get(name) is None}
        changes = project(ctx, resource, {name: v for name, v in changes.items() if v is not None}, {})
        changes |= {name: None for name in empty if nullable(ctx, resource, name)}
        kept = {resource.id_property, *binding.scope.values(), *resource.more_ids, *resource.template}
        removed = [name for name in empty - kept if name not in changes and not name.startswith(HIDDEN)]
    if resource.id_property not in resource.keys:
        changes.pop(resource.id_property or "", None)
    return ctx.update(resource.name, key, changes, removed=removed)


def nullable(ctx: Ctx, resource: Resource, name: str) -> bool:
    """Whether a record's property may be null."""
    return accepts(ctx.twin.index, ctx.twin.properties(resource.schema).get(name, False), None)


def _unchanged(current: Mapping[str, Any], changes: dict[str, Any], place: str) -> None:
    """Leave what stands at a (dotted) place of a record as it is."""
    top, _, rest = place.partition(".")
    if not rest:
        changes.pop(top, None)
    elif isinstance(changes.get(top), Mapping) and (held := dig(current, place)) is not None:
        changes[top] = dict(changes[top])
        put(changes[top], rest, held)


def merged_maps(ctx: Ctx, current: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, those that the overlay's option `merged` names merged key by key: an empty value removes its key, an
    empty text in place of the map removes all."""
    out = dict(values)
    for name in ctx.twin.compiled.options.get("merged", ()):
        given = out.get(name)
        if isinstance(given, Mapping):
            whole = {**(current.get(name) or {}), **given}
            out[name] = {key: value for key, value in whole.items() if value != ""}
        elif given == "":
            out[name] = {}
    return out


def sent(request: Request, binding: Binding) -> dict[str, Any]:
    """The properties a request sends for a record: the body, unwrapped and renamed; without a body the query."""
    body = request.body
    wrap = binding.body.get("wrap")
    if wrap and isinstance(body, Mapping):
        body = dig(body, wrap, body)
    if isinstance(body, list) and len(body) > 0 and isinstance(body[0], Mapping):
        body = body[0]
    if not isinstance(body, Mapping):
        body = dict(request.query) if request.body is None else {}
    into = binding.body.get("into")
    if into and into not in body:
        return {into: dict(body), **body}
    spread = binding.body.get("spread")
    if spread:
        body = spread_out(body, spread, binding.body.get("copied", {}))
    rename = binding.body.get("rename")
    if rename:
        return {rename.get(name, name): value for name, value in body.items()}
    return dict(body)


def spread_out(body: Mapping[str, Any], moved: Mapping[str, str], copied: Mapping[str, str]) -> dict[str, Any]:
    """The body with what belongs elsewhere in the record put there."""
    out = {name: value for name, value in body.items() if name not in moved}
    for source, place in (*moved.items(), *copied.items()):
        value = dig(body, source, NOTHING)
        if value is not NOTHING:
            put(out, place, value)
    return out


def request_values(request: Request, binding: Binding) -> Any:
    """Like `sent`; a JSON Patch stays the list it is."""
    if binding.body.get("style") == "json_patch" and isinstance(request.body, list):
        return request.body
    return sent(request, binding)


def chosen_id(ctx: Ctx, resource: Resource, values: Mapping[str, Any]) -> Any:
    """The id a caller chose for a new record, where the service lets callers choose."""
    name = resource.id_property
    if not name or name in resource.read_only or values.get(name) in (None, ""):
        return None
    schema = ctx.twin.properties(resource.schema).get(name, True)
    return values[name] if accepts(ctx.twin.index, schema, values[name]) else None


def typed(ctx: Ctx, resource: Resource, value: Any) -> Any:
    """An id of the path as the id property's type."""
    return typed_as(ctx, resource, resource.id_property or "", value)


def typed_as(ctx: Ctx, resource: Resource, name: str, value: Any) -> Any:
    """A value as a property's type."""
    fitted = fit(ctx, ctx.twin.properties(resource.schema).get(name, True), value)
    return value if fitted is NOTHING else fitted


def check_unique(ctx: Ctx, request: Request, binding: Binding, resource: Resource, values: Mapping[str, Any]) -> None:
    """Refuse a second record with the same natural key under the same parents."""
    scope = [Filter(name, "=", value) for name, value in parent_values(ctx, request, binding).items()]
    for name in resource.unique:
        value = values.get(name)
        if isinstance(value, str) and ctx.store.list(resource.name, [*scope, Filter(name, "=", value)], limit=1).ids:
            raise ctx.duplicate(resource.name, value, name)


def exists(ctx: Ctx, request: Request, binding: Binding) -> bool:
    """Whether the record that a request names is there."""
    return found(ctx, request, binding) is not None


def _put_new(ctx: Ctx, request: Request, binding: Binding) -> Reply:
    record = make(ctx, request, binding, sent(request, binding), identifier(request, binding))
    return record_reply(ctx, request, binding, record, binding.created_status or binding.status)


def verb_changes(ctx: Ctx, resource: Resource, sets: Mapping[str, Any]) -> dict[str, Any]:
    """What a verb sets, with the time and clearing filled in."""
    changes: dict[str, Any] = {}
    for name, value in sets.items():
        if isinstance(value, Mapping) and value.get("$now"):
            changes[name] = instant(ctx.micros, resource.time_formats.get(name, "unix"))
        elif isinstance(value, Mapping) and value.get("$clear"):
            changes[name] = None
        else:
            changes[name] = value
    return changes
