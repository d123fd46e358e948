"""Showing records: wrapped, projected onto another schema, reduced, or only as the document's example.

Imports: behaviour (ctx), overlay (compiled).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson

from twinkit.behaviour.ctx import OWN_ID, Ctx
from twinkit.behaviour.generic.dotted import dig, put
from twinkit.behaviour.generic.project import NOTHING, fit
from twinkit.behaviour.generic.scope import HIDDEN
from twinkit.behaviour.request import RawJSON, Reply, Request
from twinkit.behaviour.twin import properties_of
from twinkit.contract.model import Response, Schema
from twinkit.contract.validate import accepts
from twinkit.contract.wire import WireError
from twinkit.contract.xmlbody import parse_xml
from twinkit.overlay.compiled import Binding

HIDDEN_MARK = b'"~'
OF_THE_SERVER = frozenset((
    "content-type", "content-length", "content-encoding", "location", "link", "set-cookie", "connection", "keep-alive",
    "trailer", "upgrade", "transfer-encoding", "te", "date", "server", "alt-svc",
))  # fmt: skip
"""Headers that no example speaks for: they frame the message or say what this server does (RFC 9110, RFC 9112)."""


def record_reply(ctx: Ctx, request: Request, binding: Binding, record: dict[str, Any], status: int = 0) -> Reply:
    """A reply that shows one record as the binding says, and says where it is where that is declared or needed."""
    reply = _record_reply(ctx, request, binding, record, status or binding.status)
    if binding.reply.get("location"):
        reply.headers["location"] = location(ctx, request, binding, record)
    link = binding.reply.get("link")
    if link and isinstance(reply.body, dict):
        put(reply.body, link, location(ctx, request, binding, record))
    return reply


def _record_reply(ctx: Ctx, request: Request, binding: Binding, record: dict[str, Any], status: int) -> Reply:
    shows = binding.reply.get("shows", "record")
    if shows == "empty" or status == 204:
        return Reply(status, None)
    if shows == "example":
        return example_reply(ctx, request, binding, record, status)
    if shows == "id":
        return Reply(
            status, RawJSON(orjson.dumps(record.get(ctx.resource(binding.resource or "").id_property or OWN_ID)))
        )
    return Reply(status, wrapped(ctx, binding, shown_record(ctx, binding, record)))


def raw_reply(ctx: Ctx, binding: Binding, raw: bytes) -> Reply | None:
    """The stored bytes as the reply, where nothing about them has to change; None otherwise."""
    if (
        binding.envelope
        or binding.resource in ctx.twin.renderers
        or binding.reply.get("shows", "record") != "record"
        or hides(raw)
    ):
        return None
    return Reply(binding.status, RawJSON(raw))


def hides(raw: bytes) -> bool:
    """Whether stored bytes may hold a hidden property; the one character is looked for first, which is much faster."""
    return b"~" in raw and HIDDEN_MARK in raw


def shown_record(ctx: Ctx, binding: Binding, record: dict[str, Any]) -> dict[str, Any]:
    """A record as this binding shows it: rendered, hidden properties away, projected onto the reply's schema."""
    id = record.get(ctx.resource(binding.resource).id_property or OWN_ID) if binding.resource else None
    if binding.resource:
        record = ctx.show(binding.resource, record)
    if any(name.startswith(HIDDEN) for name in record):
        record = {name: value for name, value in record.items() if not name.startswith(HIDDEN)}
    if binding.reply.get("shows") != "project" and not binding.reply.get("project"):
        return record
    if "id" in binding.reply:
        record = {**record, binding.reply["id"]: id}
    elif "link" in binding.reply and ctx.request is not None:
        record = {**record, binding.reply["link"]: location(ctx, ctx.request, binding, record)}
    schema = ctx.twin.shown_schema(binding)
    return record if schema is None else projected(ctx, schema, record, binding.operation)


def projected(ctx: Ctx, schema: Schema, record: Mapping[str, Any], stream: str) -> dict[str, Any]:
    """The record in the form of another schema: equal names carried over, the rest made from the schema."""
    if accepts(ctx.twin.index, schema, record):
        return dict(record)
    made = ctx.twin.examples(ctx.seed).required_only(schema, f"project/{stream}")
    if not isinstance(made, dict):
        return dict(record)
    declared = properties_of(ctx.twin.index, schema)
    for name, value in record.items():
        if name in declared:
            fitted = fit(ctx, declared[name], value)
            if fitted is not NOTHING:
                made[name] = fitted
    return made


def wrapped(ctx: Ctx, binding: Binding, shown: Any) -> Any:
    """What is shown, inside the envelope of a reply about one record."""
    envelope = binding.envelope
    if not envelope:
        return shown
    body = constants(envelope)
    wrap = envelope.get("wrap")
    if not wrap and envelope.get("wrap_list"):
        return [shown]
    if not wrap:
        return {**shown, **body} if isinstance(shown, dict) else shown
    put(body, wrap, [shown] if envelope.get("wrap_list") else shown)
    return body


def constants(envelope: Mapping[str, Any]) -> dict[str, Any]:
    """A fresh copy of an envelope's constant properties."""
    given = envelope.get("constants")
    return orjson.loads(orjson.dumps(given)) if given else {}


def deleted_reply(ctx: Ctx, request: Request, binding: Binding, record: dict[str, Any]) -> Reply:
    """The reply to a delete: nothing, the record, or the stub that the contract documents."""
    shows = binding.reply.get("shows", "empty")
    if binding.status == 204 or shows == "empty":
        return Reply(binding.status, None)
    if shows == "deleted":
        stub = orjson.loads(orjson.dumps(binding.reply.get("deleted", {})))
        resource = ctx.resource(binding.resource or "")
        return Reply(binding.status, _with_id(stub, record.get(resource.id_property or "id")))
    return record_reply(ctx, request, binding, record)


def _with_id(data: Any, id: Any) -> Any:
    if data == "$id":
        return id
    if isinstance(data, dict):
        return {key: _with_id(value, id) for key, value in data.items()}
    if isinstance(data, list):
        return [_with_id(value, id) for value in data]
    return data


def example_reply(
    ctx: Ctx, request: Request, binding: Binding, values: Mapping[str, Any] | None = None, status: int = 0
) -> Reply:
    """The documented example of the success reply, with what is known of the record put into it."""
    assert request.operation is not None
    status = status or binding.status
    response = request.operation.response(status) or request.operation.success
    chosen = chosen_content(response, request)
    if status == 204 or chosen is None:
        return Reply(status, None, response_headers(ctx, response))
    media_type, schema = chosen
    body = documented(ctx, request, response, media_type, schema)
    if isinstance(body, dict) and values:
        for name, value in values.items():
            if name in body and accepts(ctx.twin.index, schema, {**body, name: value}):
                body[name] = value
    reply = Reply(status, body, response_headers(ctx, response), media_type)
    return as_media(ctx, reply, media_type, schema)


def documented(ctx: Ctx, request: Request, response: Response | None, media_type: str, schema: Schema) -> Any:
    """The document's own example where it fits, else one made from the schema."""
    assert request.operation is not None
    given = response.examples.get(media_type) if response else None
    if given is not None and accepts(ctx.twin.index, schema, given):
        return orjson.loads(orjson.dumps(given))
    stream = request.operation.id
    return ctx.twin.examples(ctx.seed).example(schema, f"{stream}/{request.url_path}")


def chosen_content(response: Response | None, request: Request) -> tuple[str, Schema] | None:
    """(media type, schema) of a response by the request's Accept header, JSON first; None for an empty response."""
    if response is None or not response.content:
        return None
    accept = request.headers.get("accept", "")
    names = list(response.content)
    asked = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    for name in names:
        if name.partition(";")[0].lower() in asked:
            return name, response.content[name]
    for name in names:
        if "json" in name:
            return name, response.content[name]
    return names[0], response.content[names[0]]


def response_headers(ctx: Ctx, response: Response | None) -> dict[str, str]:
    """Documented headers of a response that are worth sending, with example values."""
    headers: dict[str, str] = {}
    for name, schema in (response.headers if response else {}).items():
        if name.lower() in OF_THE_SERVER:
            continue
        value = ctx.twin.examples(ctx.seed).example(schema, f"header/{name}")
        if isinstance(value, bool):
            value = str(value).lower()
        if isinstance(value, str | int | float):
            headers[name.lower()] = str(value).encode("latin-1", "replace").decode("latin-1")
    return headers


def required_headers(ctx: Ctx, request: Request, status: int) -> dict[str, str]:
    """The headers that a response must have: as the request has them (`X-Request-ID`), else as documented."""
    response = request.operation.response(status) if request.operation else None
    wanted = [name.lower() for name in response.required_headers] if response else []
    made = response_headers(ctx, response) if wanted else {}
    given = {name: request.headers.get(name) or made.get(name) for name in wanted if name not in OF_THE_SERVER}
    return {name: value for name, value in given.items() if value is not None}


def as_media(ctx: Ctx, reply: Reply, media_type: str, schema: Schema = True) -> Reply:
    """The body in a form that the media type can carry; XML by the hints of the schema."""
    name = media_type.partition(";")[0].strip().lower()
    if "json" in name or name in ("*/*", ""):
        reply.media_type = "application/json" if "*" in name or not name else media_type
        if isinstance(reply.body, str):
            reply.body = RawJSON(orjson.dumps(reply.body))
        return reply
    reply.media_type = media_type if "*" not in media_type else "application/octet-stream"
    if name.endswith("xml"):
        reply.body = as_xml(ctx, reply.body, schema)
    elif isinstance(reply.body, str):
        reply.body = reply.body.encode()
    elif not isinstance(reply.body, bytes):
        reply.body = orjson.dumps(reply.body)
    return reply


def as_xml(ctx: Ctx, body: Any, schema: Schema) -> bytes:
    """The body as XML; text that is XML already (an example of the document) stays as it is."""
    from twinkit.behaviour.xml import to_xml

    if isinstance(body, str | bytes) and body:
        raw = body.encode() if isinstance(body, str) else body
        try:
            parse_xml(raw.strip())
        except WireError:
            return to_xml(raw.decode("latin-1"))
        return raw
    return to_xml(body, contract=ctx.twin.index, schema=schema)


def location(ctx: Ctx, request: Request, binding: Binding, record: Mapping[str, Any]) -> str:
    """Where a new record can be retrieved: below the collection it was made in."""
    resource = ctx.resource(binding.resource or "")
    id = dig(record, resource.id_property or OWN_ID, "")
    return f"{ctx.base_url}{request.url_path.rstrip('/')}/{quote(str(id), safe='')}"
