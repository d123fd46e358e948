"""Many records in one request. Imports: behaviour (ctx, request), overlay (compiled)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from twinkit.behaviour.ctx import Ctx
from twinkit.behaviour.generic.dotted import dig, put
from twinkit.behaviour.generic.items import change, make
from twinkit.behaviour.generic.lists import Found, conditions, envelope, matching
from twinkit.behaviour.generic.paging import paging_of
from twinkit.behaviour.generic.replies import example_reply, shown_record
from twinkit.behaviour.generic.scope import check_parents
from twinkit.behaviour.request import Reply, Request
from twinkit.overlay.compiled import Binding


def elements(request: Request, binding: Binding) -> list[Any]:
    """The elements that the body lists, after the one that it has by itself."""
    found = dig(request.body, binding.body.get("items", ""), [])
    alone = dig(request.body, binding.body["one"]) if binding.body.get("one") else None
    return [*([] if alone is None else [alone]), *(found if isinstance(found, list) else [found])]


def _shown(ctx: Ctx, request: Request, binding: Binding, records: list[dict[str, Any]]) -> Reply:
    if binding.status == 204 or binding.reply.get("shows") == "empty":
        return Reply(binding.status, None)
    if binding.reply.get("shows") == "example":
        return example_reply(ctx, request, binding)
    rows = [orjson.dumps(record) for record in records]
    ids = [str(number) for number in range(len(rows))]
    reply = envelope(ctx, request, binding, paging_of(ctx, request, binding), Found(rows, ids, False, len(rows)))
    alone = binding.envelope.get("one")
    if alone and rows and isinstance(reply.body, dict) and dig(request.body, binding.body.get("one", "")):
        put(reply.body, alone, shown_record(ctx, binding, orjson.loads(rows[0])))
    return reply


def create(ctx: Ctx, request: Request, binding: Binding) -> Reply:
    """A record of each element."""
    check_parents(ctx, request, binding)
    given = [element for element in elements(request, binding) if isinstance(element, Mapping)]
    return _shown(ctx, request, binding, [make(ctx, request, binding, element) for element in given])


def update(ctx: Ctx, request: Request, binding: Binding) -> Reply:
    """Each element over the record whose id it names; a record is made where the operation makes one."""
    check_parents(ctx, request, binding)
    resource = ctx.resource(binding.resource or "")
    records = []
    for element in elements(request, binding):
        if not isinstance(element, Mapping):
            continue
        key = str(element.get(resource.id_property or "id", ""))
        if ctx.store.raw(resource.name, key) is not None:
            records.append(change(ctx, binding, key, element))
        elif binding.upsert or not key:
            records.append(make(ctx, request, binding, element))
        else:
            raise ctx.missing(resource.name, key)
    return _shown(ctx, request, binding, records)


def delete(ctx: Ctx, request: Request, binding: Binding) -> Reply:
    """The records whose ids the body names; without such a list, everything in scope that passes the filters."""
    check_parents(ctx, request, binding)
    resource = ctx.resource(binding.resource or "")
    ids = dig(request.params, binding.body["ids"], []) if binding.body.get("ids") else None
    if ids is None:
        where, python = conditions(ctx, request, binding)
        ids = [key for key, _ in matching(ctx, binding, where, python)]
    records = []
    for id in ids if isinstance(ids, list) else [ids]:
        key = str(id.get("id", "")) if isinstance(id, Mapping) else str(id)
        if ctx.store.raw(resource.name, key) is not None:
            records.append(ctx.delete(resource.name, key))
    return _shown(ctx, request, binding, records)
