"""Fitting what a caller sent into what a record's schema admits. Imports: contract, behaviour (twin).

A value that the schema admits is taken as it is; an object is completed with the properties its schema requires; a
value that cannot be made to fit is left out rather than making the reply invalid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from twinkit.behaviour.twin import properties_of
from twinkit.contract.model import Schema
from twinkit.contract.validate import accepts

if TYPE_CHECKING:
    from twinkit.behaviour.ctx import Ctx
    from twinkit.overlay.compiled import Resource

NOTHING = object()
DEPTH = 12


def project(ctx: Ctx, resource: Resource, values: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of `values` that a record of this resource can hold, in the form its schema admits."""
    protected = {*resource.read_only, *resource.write_only}
    if not resource.properties and not resource.schema:
        return {name: value for name, value in values.items() if name not in protected}
    declared = ctx.twin.properties(resource.schema)
    out: dict[str, Any] = {}
    for name, value in values.items():
        if name in protected:
            continue
        schema = declared.get(name)
        if schema is None:
            if resource.open or name in resource.properties:
                out[name] = value
            continue
        fitted = fit(ctx, schema, value, current.get(name))
        if fitted is not NOTHING:
            out[name] = fitted
    return out


def fit(ctx: Ctx, schema: Schema, value: Any, current: Any = None, depth: int = DEPTH) -> Any:
    """The value in a form that the schema admits, or NOTHING."""
    index = ctx.twin.index
    if depth == 0:
        return NOTHING
    if isinstance(value, Mapping):
        fitted = _fit_object(ctx, schema, value, current, depth)
        if fitted is not NOTHING:
            return fitted
        return dict(value) if accepts(index, schema, value) else NOTHING
    if accepts(index, schema, value):
        return value
    if isinstance(value, list):
        return _fit_list(ctx, schema, value, depth)
    for candidate in conversions(value):
        if accepts(index, schema, candidate):
            return candidate
    return _reference(ctx, schema, value)


def conversions(value: Any) -> Iterator[Any]:
    """Other ways to write a scalar: the empty string as null, numbers and booleans to and from text."""
    if value == "" or value is None:
        yield None
        yield ""
        return
    if isinstance(value, bool):
        yield str(value).lower()
    elif isinstance(value, int | float):
        yield str(value)
        if isinstance(value, float) and value.is_integer():
            yield int(value)
    elif isinstance(value, str):
        if value in ("true", "false"):
            yield value == "true"
        try:
            yield int(value)
        except ValueError:
            return


def _objects(ctx: Ctx, schema: Schema) -> Iterator[Schema]:
    """The branches of a schema that describe objects, the nearest first."""
    node = ctx.twin.index.resolve(schema)
    if not isinstance(node, Mapping):
        return
    if "properties" in node or "allOf" in node or "additionalProperties" in node:
        yield node
    for key in ("oneOf", "anyOf"):
        branches = node.get(key)
        for branch in branches if isinstance(branches, list) else ():
            yield from _objects(ctx, branch)


def _fit_object(ctx: Ctx, schema: Schema, value: Mapping[str, Any], current: Any, depth: int) -> Any:
    for branch in _objects(ctx, schema):
        declared = properties_of(ctx.twin.index, branch)
        extra = branch.get("additionalProperties") if isinstance(branch, Mapping) else None
        base = dict(current) if isinstance(current, Mapping) else _skeleton(ctx, branch)
        for name, given in value.items():
            node = declared.get(name)
            if node is None:
                if extra not in (None, False) or not declared:
                    base[name] = given
                continue
            fitted = fit(ctx, node, given, base.get(name), depth - 1)
            if fitted is not NOTHING:
                base[name] = fitted
        if accepts(ctx.twin.index, schema, base):
            return base
    return NOTHING


def _skeleton(ctx: Ctx, branch: Schema) -> dict[str, Any]:
    made = ctx.twin.examples(ctx.seed).required_only(branch, "skeleton")
    return orjson.loads(orjson.dumps(made)) if isinstance(made, dict) else {}


def _fit_list(ctx: Ctx, schema: Schema, value: list[Any], depth: int) -> Any:
    node = ctx.twin.index.resolve(schema)
    if not isinstance(node, Mapping):
        return NOTHING
    branches = [node, *(ctx.twin.index.resolve(b) for key in ("oneOf", "anyOf") for b in node.get(key) or ())]
    for branch in branches:
        if isinstance(branch, Mapping) and "items" in branch:
            fitted = [fit(ctx, branch["items"], item, None, depth - 1) for item in value]
            fitted = [item for item in fitted if item is not NOTHING]
            if accepts(ctx.twin.index, schema, fitted):
                return fitted
    return NOTHING


def _reference(ctx: Ctx, schema: Schema, value: Any) -> Any:
    """An id given where the record shows an object: that object with the id in it."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        return NOTHING
    for branch in _objects(ctx, schema):
        declared = properties_of(ctx.twin.index, branch)
        if "id" in declared:
            made = {**_skeleton(ctx, branch), "id": value}
            if accepts(ctx.twin.index, schema, made):
                return made
    return NOTHING
