"""Finding records for a handler and reading what callers may leave out or unset.

A record named in the path is missing with 404, one named by a parameter with 400. Imports: the kit's public names and
the twin's error texts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from operator import itemgetter
from typing import Any

import orjson

from twinkit import Ctx, RawJSON, RecordNotFound, Request
from twins.stripe import errors, guards


def record(ctx: Ctx, resource: str, id: Any, param: str) -> dict[str, Any]:
    """The record that the parameter `param` names. Raises 400 resource_missing."""
    found = ctx.store.find(resource, str(id))
    if found is None:
        found = materialised(ctx, resource, str(id))
    if found is None:
        raise errors.no_such(resource, str(id), param, path=False)
    return found


def in_path(ctx: Ctx, resource: str, id: str, param: str = "id") -> dict[str, Any]:
    """The record that the path names. Raises 404 resource_missing."""
    found = ctx.store.find(resource, id)
    if found is None:
        found = materialised(ctx, resource, id)
    if found is None:
        raise errors.no_such(resource, id, param)
    return found


def shown(ctx: Ctx, resource: str, id: str, param: str = "id") -> RawJSON | dict[str, Any]:
    """Like `in_path`, for a reply that shows the record as it is."""
    try:
        return ctx.stored(resource, id)
    except RecordNotFound:
        return in_path(ctx, resource, id, param)


def materialised(ctx: Ctx, resource: str, id: str) -> dict[str, Any] | None:
    """A record made up for this id where the instance is asked to make every id exist, else None."""
    return ctx.materialise(resource, id) if ctx.options.get("materialise") else None


Handler = Callable[[Ctx, Request], Any]


def modelled(function: Handler) -> Handler:
    """A handler that leaves an instance where every id exists to generic behaviour: its made-up records are bare."""

    @wraps(function)
    def run(ctx: Ctx, request: Request) -> Any:
        return ctx.generic(request) if ctx.options.get("materialise") else function(ctx, request)

    return run


def metadata(current: Mapping[str, str] | None, given: Any) -> dict[str, str]:
    """Metadata after an update: keys merge, an empty value removes its key, an empty string removes all."""
    if given is None:
        return dict(current or {})
    if not isinstance(given, dict):
        return {}
    merged = {**(current or {}), **{str(key): str(value) for key, value in given.items()}}
    kept = {key: value for key, value in merged.items() if value != ""} if "" in merged.values() else merged
    if len(kept) > guards.MOST_KEYS:
        raise errors.too_many_keys(len(kept), guards.MOST_KEYS)
    return kept


def rows(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The records of a page that `listing.page` made."""
    data = page["data"]
    parsed: list[dict[str, Any]] = data if isinstance(data, list) else orjson.loads(orjson.dumps(data))
    return parsed


def ordered(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as the service shows it: `id` and `object`, then the other properties by name."""
    names, values = _order(tuple(record))
    return dict(zip(names, values(record), strict=True))


@lru_cache(maxsize=256)
def _order(names: tuple[str, ...]) -> tuple[tuple[str, ...], Callable[[Mapping[str, Any]], tuple[Any, ...]]]:
    """The names in the service's order, and what takes their values out of a record."""
    inner = sorted(names, key=lambda name: (name != "id", name != "object", name))
    if len(inner) < 2:
        return tuple(inner), lambda record: tuple(record.values())
    return tuple(inner), itemgetter(*inner)


def unset(value: Any) -> Any:
    """A parameter's value, the empty string being null."""
    return None if value == "" else value


def given(params: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The named parameters that were sent, empty strings as null."""
    return {name: None if params[name] == "" else params[name] for name in names if name in params}


def changed(record: Mapping[str, Any], params: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """What an update sets: the named parameters that were sent, and metadata merged into the record's."""
    changes = given(params, *names)
    if "metadata" in params:
        changes["metadata"] = metadata(record.get("metadata"), params["metadata"])
    return changes
