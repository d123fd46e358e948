"""Bytes that belong to a record: uploads and downloads. Imports: behaviour (ctx, request), contract, overlay."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from twinkit.behaviour.ctx import Ctx
from twinkit.behaviour.generic.dotted import dig
from twinkit.behaviour.generic.items import change, make, sent
from twinkit.behaviour.generic.replies import example_reply, record_reply
from twinkit.behaviour.generic.scope import check_parents, identifier, key_of
from twinkit.behaviour.request import Reply, Request
from twinkit.contract.wire import Upload
from twinkit.overlay.compiled import Binding

CONTENT = "_content"


def upload(ctx: Ctx, request: Request, binding: Binding) -> Reply:
    """Keep the request's bytes for the record, which is made when it is missing."""
    check_parents(ctx, request, binding)
    if not binding.resource:
        return example_reply(ctx, request, binding)
    values, data, media_type = parts(request, binding)
    resource = ctx.resource(binding.resource)
    id = identifier(request, binding)
    if id is not None and ctx.store.raw(resource.name, str(id)) is not None:
        key = key_of(ctx, request, binding)
        record = change(ctx, binding, key, values)
    else:
        record = make(ctx, request, binding, values, id)
        key = str(dig(record, resource.id_property or "id", id))
    keep(ctx, resource.name, key, data, media_type)
    return record_reply(ctx, request, binding, record)


def parts(request: Request, binding: Binding) -> tuple[dict[str, Any], bytes, str]:
    """(properties, bytes, media type) of an upload, by form or by raw body."""
    if isinstance(request.body, Mapping):
        values = sent(request, binding)
        for name, value in list(values.items()):
            if isinstance(value, Upload):
                del values[name]
                values.setdefault("name", value.filename)
                values.setdefault("filename", value.filename)
                values.setdefault("size", len(value.data))
                return values, value.data, value.content_type or "application/octet-stream"
        return values, b"", "application/octet-stream"
    return {"size": len(request.raw)}, request.raw, request.media_type or "application/octet-stream"


def keep(ctx: Ctx, resource: str, key: str, data: bytes, media_type: str) -> None:
    """Store the bytes of a record, in place of those it had."""
    held = {"id": f"{resource}/{key}", "data": base64.b64encode(data).decode(), "type": media_type}
    if ctx.store.raw(CONTENT, held["id"]) is None:
        ctx.store.insert(CONTENT, held, id=held["id"], created=ctx.micros)
    else:
        ctx.store.replace(CONTENT, held["id"], held)


def download(ctx: Ctx, request: Request, binding: Binding) -> Reply:
    """The bytes last uploaded for the record; without any, bytes that are the same for the same seed."""
    if not binding.resource:
        return example_reply(ctx, request, binding)
    check_parents(ctx, request, binding)
    key = key_of(ctx, request, binding)
    held = ctx.store.find(CONTENT, f"{binding.resource}/{key}")
    media_type = str(binding.reply.get("media") or "application/octet-stream")
    if held is None:
        if "json" in media_type:
            return example_reply(ctx, request, binding)
        return Reply(binding.status, f"{binding.resource} {key} of seed {ctx.seed}\n".encode(), {}, _plain(media_type))
    return Reply(binding.status, base64.b64decode(held["data"]), {}, str(held["type"]))


def _plain(media_type: str) -> str:
    return "application/octet-stream" if "*" in media_type else media_type
