"""The one record of its scope: settings, a profile, a balance. Imports: behaviour (ctx), overlay (compiled)."""

from __future__ import annotations

from typing import Any

import orjson

from twinkit.behaviour import madeup
from twinkit.behaviour.ctx import Ctx
from twinkit.behaviour.generic.items import change, request_values
from twinkit.behaviour.generic.replies import deleted_reply, record_reply
from twinkit.behaviour.generic.scope import check_parents, scope_filters, way_of, write_parents
from twinkit.behaviour.request import Reply, Request
from twinkit.overlay.compiled import Binding


def key_of(request: Request, binding: Binding) -> str:
    """The store's key of a singleton: its parents, or a word of its own."""
    return f"~{way_of(request, binding)}"


def ensure(ctx: Ctx, request: Request, binding: Binding) -> dict[str, Any]:
    """The record; made from the template when it is missing, unless it has been deleted."""
    name, key = binding.resource or "", key_of(request, binding)
    if binding.envelope.get("newest"):
        page = ctx.store.list(name, scope_filters(ctx, request, binding), limit=1)
        if page.rows:
            made: dict[str, Any] = orjson.loads(page.rows[0])
            return made
    found = ctx.store.find(name, key)
    if found is not None:
        return found
    if ctx.store.was_deleted(name, key) and not madeup.wanted(ctx):
        raise ctx.missing(name, key.lstrip("~"))
    return make_singleton(ctx, request, binding)


def make_singleton(ctx: Ctx, request: Request, binding: Binding) -> dict[str, Any]:
    """Store the record as the template has it, with its parents written in."""
    values: dict[str, Any] = {}
    write_parents(ctx, request, binding, values)
    return ctx.create(binding.resource or "", values, id=key_of(request, binding), event="")


def get(ctx: Ctx, request: Request, binding: Binding) -> Reply:
    """The record."""
    check_parents(ctx, request, binding)
    return record_reply(ctx, request, binding, ensure(ctx, request, binding))


def update(ctx: Ctx, request: Request, binding: Binding) -> Reply:
    """The body's properties over the record; makes it when it is missing."""
    check_parents(ctx, request, binding)
    name, key = binding.resource or "", key_of(request, binding)
    if ctx.store.find(name, key) is None:
        make_singleton(ctx, request, binding)
    record = change(ctx, binding, key, request_values(request, binding))
    return record_reply(ctx, request, binding, record)


def delete(ctx: Ctx, request: Request, binding: Binding) -> Reply:
    """The record goes; asking for it afterwards finds nothing."""
    check_parents(ctx, request, binding)
    ensure(ctx, request, binding)
    record = ctx.delete(binding.resource or "", key_of(request, binding))
    return deleted_reply(ctx, request, binding, record)
