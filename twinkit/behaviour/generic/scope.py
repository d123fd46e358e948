"""Where a record lives: its parents, the properties that say so, and its key in the store.

Imports: behaviour (ctx), overlay (compiled), store.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from twinkit.behaviour import madeup
from twinkit.behaviour.ctx import Ctx
from twinkit.behaviour.generic.dotted import dig, put
from twinkit.behaviour.generic.project import NOTHING, fit
from twinkit.behaviour.request import Request
from twinkit.overlay.compiled import Binding, Resource
from twinkit.store import Filter

HIDDEN = "~"


def check_parents(ctx: Ctx, request: Request, binding: Binding) -> None:
    """Every parent that a record can exist of must exist. Raises the service's `not_found`.

    With the option `parents: lenient` (documents without an overlay) only those that were deleted do not.
    """
    lenient = is_lenient(ctx)
    way: list[str] = []
    for parameter, resource in binding.parents:
        value = str(request.path.get(parameter, ""))
        if resource:
            declared = ctx.resource(resource)
            key = "/".join([*way, value]) if declared.scoped else value
            if ctx.store.was_deleted(resource, key) if lenient else locate(ctx, declared, key, value) is None:
                if not madeup.wanted(ctx):
                    raise ctx.missing(resource, value, parameter)
                madeup.make(ctx, resource, value, key=key)
        way.append(value)


def is_lenient(ctx: Ctx) -> bool:
    """Whether parents that nobody made count as there: the option `parents: lenient`, unless the twin is strict."""
    return ctx.twin.compiled.options.get("parents") == "lenient" and not ctx.strict


def parent_values(ctx: Ctx, request: Request, binding: Binding) -> dict[str, Any]:
    """Property → value of the parent, for the properties that name a record's parents.

    Where the property cannot hold the value as it is in the path, a hidden one does.
    """
    out: dict[str, Any] = {}
    if not binding.scope:
        return out
    declared = ctx.twin.properties(ctx.resource(binding.resource).schema) if binding.resource else {}
    for parameter, name in binding.scope.items():
        if parameter in request.path:
            value = request.path[parameter]
            top, _, rest = name.partition(".")
            schema = declared.get(top)
            fitted = value if schema is None else fit(ctx, schema, nested(rest, value))
            shown = dig(fitted, rest) if rest and schema is not None and fitted is not NOTHING else fitted
            fits = shown is not NOTHING and not isinstance(shown, Mapping) and str(shown) == str(value)
            if fits and not name.startswith(HIDDEN):
                out[name] = shown
            else:
                out[f"{HIDDEN}{name.lstrip(HIDDEN).replace('.', '_')}"] = str(value)
    return out


def nested(place: str, value: Any) -> Any:
    """`{"owner": {"login": value}}` for `owner.login`; the value itself for the empty place."""
    for part in reversed(place.split(".") if place else ()):
        value = {part: value}
    return value


def way_of(request: Request, binding: Binding) -> str:
    """The parents' values in order, joined: the part of a scoped record's key before its own id."""
    return "/".join(str(request.path.get(parameter, "")) for parameter, _ in binding.parents)


def scope_filters(ctx: Ctx, request: Request, binding: Binding) -> list[Filter]:
    """Filters that keep a list to the records of its parents."""
    return [Filter(name, "=", value) for name, value in parent_values(ctx, request, binding).items()]


def write_parents(ctx: Ctx, request: Request, binding: Binding, record: dict[str, Any]) -> None:
    """Put the parents' values where the record shows (or hides) them."""
    declared = ctx.twin.properties(ctx.resource(binding.resource).schema) if binding.resource else {}
    for name, value in parent_values(ctx, request, binding).items():
        top, _, rest = name.partition(".")
        if not rest or top not in declared:
            put(record, name, value)
            continue
        held = record.get(top)
        fitted = fit(ctx, declared[top], nested(rest, value), held if isinstance(held, Mapping) else None)
        if fitted is not NOTHING:
            record[top] = fitted


def identifier(request: Request, binding: Binding) -> Any:
    """The id that a request names, by the binding's `id_parameter`; None when it names none."""
    name = binding.id_parameter
    if not name:
        return None
    place, _, key = name.partition(":")
    if not key:
        return request.path.get(name)
    if place == "query":
        return dig(request.query, key)
    return dig(request.body, key) if isinstance(request.body, Mapping) else None


def key_of(ctx: Ctx, request: Request, binding: Binding) -> str:
    """The store's key of the record a request is about. Raises the service's `not_found`."""
    return held(ctx, request, binding)[0]


def held(ctx: Ctx, request: Request, binding: Binding) -> tuple[str, bytes]:
    """(key, stored bytes) of the record a request is about. Raises the service's `not_found`."""
    kept = found(ctx, request, binding)
    if kept is not None:
        return kept
    resource = ctx.resource(binding.resource or "")
    text, key = _named(request, binding, resource)
    if madeup.wanted(ctx):
        return _made_up(ctx, request, binding, text, key)
    raise ctx.missing(resource.name, text, binding.id_parameter)


def found(ctx: Ctx, request: Request, binding: Binding) -> tuple[str, bytes] | None:
    """(key, stored bytes) of the record a request is about, or None."""
    resource = ctx.resource(binding.resource or "")
    text, key = _named(request, binding, resource)
    kept = lookup(ctx, resource, key, text)
    return kept if kept is not None and _belongs(ctx, request, binding, resource, kept[1]) else None


def _named(request: Request, binding: Binding, resource: Resource) -> tuple[str, str]:
    """(id that a request names, its key in the store)."""
    value = identifier(request, binding)
    text = "" if value is None else str(value)
    return text, f"{way_of(request, binding)}/{text}" if resource.scoped else text


def _made_up(ctx: Ctx, request: Request, binding: Binding, id: str, key: str) -> tuple[str, bytes]:
    """(key, stored bytes) of a record made up under the parents that the path names."""
    name = binding.resource or ""
    values: dict[str, Any] = {}
    write_parents(ctx, request, binding, values)
    if ctx.store.raw(name, key) is not None:
        ctx.store.update(name, key, **values)
    else:
        madeup.make(ctx, name, id, values, key=key)
    return key, ctx.store.raw(name, key) or b"{}"


def lookup(ctx: Ctx, resource: Resource, key: str, value: str) -> tuple[str, bytes] | None:
    """A record named by its id or by one of its other keys (`slug`, `login`): (key, stored bytes), or None."""
    raw = ctx.store.raw(resource.name, key)
    if raw is not None:
        return key, raw
    if not resource.keys or ctx.store.was_deleted(resource.name, key):
        return None
    for name in resource.keys:
        for wanted in (value, int(value)) if value.isdecimal() and len(value) < 19 else (value,):
            page = ctx.store.list(resource.name, [Filter(name, "=", wanted)], limit=1)
            if page.ids:
                return page.ids[0], page.rows[0]
    return None


def locate(ctx: Ctx, resource: Resource, key: str, value: str) -> str | None:
    """The key alone of what `lookup` finds."""
    found = lookup(ctx, resource, key, value)
    return found[0] if found else None


def _belongs(ctx: Ctx, request: Request, binding: Binding, resource: Resource, raw: bytes) -> bool:
    """Whether the record lies under the parents that the path names."""
    if resource.scoped or not binding.scope:
        return True
    record = orjson.loads(raw)
    for name, value in parent_values(ctx, request, binding).items():
        shown = dig(record, name)
        if isinstance(shown, Mapping):
            shown = shown.get("id", value)
        if shown is not None and str(shown) != str(value):
            return False
    return True
