"""Generic behaviour: what an operation does when no handler says otherwise, from its Binding alone.

`answer` picks the function for the binding's kind. Imports: behaviour (ctx, request), overlay (compiled), store.
"""

from __future__ import annotations

from collections.abc import Callable

from twinkit.behaviour.ctx import Ctx
from twinkit.behaviour.generic import bulk, content, items, lists, singletons
from twinkit.behaviour.generic.fitting import fitted
from twinkit.behaviour.generic.media import negotiated
from twinkit.behaviour.generic.replies import as_media, required_headers
from twinkit.behaviour.request import Reply, Request
from twinkit.errors import DuplicateRecord, RecordNotFound
from twinkit.overlay.compiled import Binding

KINDS: dict[str, Callable[[Ctx, Request, Binding], Reply]] = {
    "create": items.create,
    "retrieve": items.retrieve,
    "update": items.update,
    "replace": items.replace,
    "delete": items.delete,
    "action": items.action,
    "list": lists.list_records,
    "search": lists.list_records,
    "count": lists.count,
    "singleton_get": singletons.get,
    "singleton_update": singletons.update,
    "singleton_delete": singletons.delete,
    "bulk_create": bulk.create,
    "bulk_update": bulk.update,
    "bulk_delete": bulk.delete,
    "upload": content.upload,
    "download": content.download,
    "shape": items.shape,
}


def answer(ctx: Ctx, request: Request) -> Reply:
    """Do what the request's binding says. Raises ServiceError."""
    binding = request.binding
    assert binding is not None
    asked = negotiated(ctx, request, binding.status)
    try:
        reply = KINDS[binding.kind](ctx, request, binding)
    except RecordNotFound as error:
        raise ctx.missing(error.resource, error.id) from None
    except DuplicateRecord as error:
        raise ctx.duplicate(error.resource, error.id) from None
    if ctx.twin.fits_replies and reply.body is not None:
        reply = fitted(ctx, request, reply)
    media = asked or binding.reply.get("media")
    if media is not None and reply.body is not None and reply.media_type is None and "*" not in media:
        response = request.operation.response(reply.status) if request.operation else None
        schema = response.content.get(media, True) if response else True
        reply = as_media(ctx, reply if "json" in media else reply.parse(), media, schema)
    if "headers" in binding.reply:
        reply.headers = {**reply.headers, **required_headers(ctx, request, reply.status)}
    if reply.fidelity is None:
        reply.fidelity = ctx.twin.fidelity(binding.operation)
    return reply


__all__ = ["KINDS", "answer"]
