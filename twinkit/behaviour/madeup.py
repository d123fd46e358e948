"""Records made up for ids that nobody created: what suites written for stateless stand-ins need (`--materialise`).

A made-up record is the resource's skeleton with that id, kept like any other. Where a handler refuses one, generic
behaviour answers instead. Imports: behaviour (ctx, request), errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from twinkit.behaviour.request import Request

if TYPE_CHECKING:
    from twinkit.behaviour.ctx import Ctx

MARKS = "made_up"
"""Store name of the ids that were made up."""
MISFITS = (LookupError, TypeError, ValueError, AttributeError)
"""What a handler may stumble over in a made-up record, which has only what its schema requires."""


def wanted(ctx: Ctx) -> bool:
    """Whether every id that is asked for is to exist."""
    return bool(ctx.options.get("materialise"))


def make(
    ctx: Ctx, resource: str, id: str, values: Mapping[str, Any] | None = None, *, key: str | None = None
) -> dict[str, Any]:
    """Make a record up and keep it, without an event. `key` is its key in the store where that is not the id."""
    declared = ctx.resource(resource)
    own = {declared.id_property: id} if declared.id_property and declared.id_type == "string" else {}
    known = ctx.twin.properties(declared.schema)
    maps: dict[str, Any] = {name: {} for name in ctx.twin.compiled.options.get("merged", ()) if name in known}
    record = ctx.draft(resource, {**maps, **(values or {}), **own})
    ctx.prepare(resource, "create", record)
    ctx.store.insert(resource, record, id=key or id, created=ctx.micros)
    if ctx.store.find(MARKS, id) is None:
        ctx.store.insert(MARKS, {"resource": resource}, id=id)
    return record


def new(ctx: Ctx, resource: str, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Make up a record with an id of its own: where nothing is to be asked for in vain, no list is empty either."""
    declared = ctx.resource(resource)
    id = str(ctx.draft(resource).get(declared.id_property or "", "")) or ctx.token("lower", 20)
    return make(ctx, resource, id, values)


def shown(render: Callable[[Ctx, dict[str, Any]], dict[str, Any]], ctx: Ctx, record: dict[str, Any]) -> dict[str, Any]:
    """What a reply shows of a record: as it is kept, where what `render` needs was not made up."""
    try:
        return render(ctx, dict(record))
    except MISFITS:
        return record


def any_there(ctx: Ctx) -> bool:
    """Whether any record was made up: a handler may stumble over it wherever it looks at more than one."""
    return bool(ctx.store.resources().get(MARKS))


def touches(ctx: Ctx, request: Request) -> bool:
    """Whether a request names a record that was made up."""
    return any(ctx.store.find(MARKS, text) is not None for text in {*_texts(request.path), *_texts(request.params)})


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
