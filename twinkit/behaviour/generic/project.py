"""Fitting what a caller sent into what a record's schema admits. Imports: contract, behaviour (twin, ctx).

A value that the schema admits is taken as it is; an object is completed with the properties its schema requires; a
value that cannot be made to fit is left out rather than making the reply invalid. What is known of a schema is worked
out once (`Shape`) and kept with the twin.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from twinkit.behaviour.twin import Twin, properties_of
from twinkit.contract.model import Schema
from twinkit.contract.scalars import FAIL, read_integer
from twinkit.contract.validate import compile_schema
from twinkit.contract.wire import Upload

if TYPE_CHECKING:
    from twinkit.behaviour.ctx import Ctx
    from twinkit.overlay.compiled import Resource

NOTHING = object()
BOXED = {"value"}
"""What a body has around a value that the record shows by itself."""
DEPTH = 12


class ObjectBranch(NamedTuple):
    """One way for a schema to be an object."""

    fields: Mapping[str, Shape]
    extra: bool
    """Whether it admits properties that it does not name."""
    further: Shape | None
    """What those are, where it says so."""
    skeleton: bytes
    """JSON with what it requires, null where that is admitted."""


class Shape:
    """What projection has to know of one schema node."""

    def __init__(self, twin: Twin, schema: Schema) -> None:
        self.twin = twin
        self.schema = schema
        """Kept, so that the node's identity stays its own."""
        self._check = compile_schema(twin.index, schema, direction="response")

    def admits(self, value: Any) -> bool:
        """Whether a reply may hold the value here."""
        return not self._check(value)[1]

    @cached_property
    def branches(self) -> tuple[ObjectBranch, ...]:
        """The ways to be an object, the nearest first."""
        return tuple(self._branch(node) for node in _objects(self.twin, self.schema))

    @cached_property
    def tagged(self) -> tuple[str, Mapping[str, ObjectBranch]] | None:
        """(property, its values → the branch that each names) of a schema with a discriminator."""
        node = self.twin.index.resolve(self.schema)
        told = node.get("discriminator") if isinstance(node, Mapping) else None
        name = told.get("propertyName") if isinstance(told, Mapping) else None
        if not isinstance(name, str) or not isinstance(node, Mapping):
            return None
        parts = [part for key in ("oneOf", "anyOf") for part in node.get(key) or ()]
        refs = {str(part["$ref"]): part for part in parts if isinstance(part, Mapping) and "$ref" in part}
        mapping = told.get("mapping") if isinstance(told, Mapping) else None
        keys = {**{ref.rpartition("/")[2]: ref for ref in refs}, **(mapping if isinstance(mapping, Mapping) else {})}
        known = {key: refs[ref] for key, ref in keys.items() if ref in refs}
        return name, {key: self._branch(self.twin.index.resolve(part)) for key, part in known.items()}

    @cached_property
    def items(self) -> tuple[Shape, ...]:
        """Shapes of the elements, for each way to be an array."""
        return tuple(shape_of(self.twin, node["items"]) for node in _arrays(self.twin, self.schema))

    def _branch(self, node: Schema) -> ObjectBranch:
        declared = properties_of(self.twin.index, node)
        extra = _further(self.twin, node)
        made = self.twin.examples(0).required_only(node, "skeleton")
        return ObjectBranch(
            {name: shape_of(self.twin, schema) for name, schema in declared.items()},
            extra not in (None, False) or not declared,
            shape_of(self.twin, extra) if isinstance(extra, Mapping) and extra else None,
            orjson.dumps(made if isinstance(made, dict) else {}),
        )


def _further(twin: Twin, schema: Schema, depth: int = 0) -> Any:
    """What an object admits beside its properties, by itself or by a part of it; None where nothing is said."""
    node = twin.index.resolve(schema)
    if not isinstance(node, Mapping) or depth > 6:
        return None
    said = node.get("additionalProperties")
    parts = (_further(twin, part, depth + 1) for part in node.get("allOf") or ())
    return said if said is not None else next((each for each in parts if isinstance(each, Mapping)), None)


def shape_of(twin: Twin, schema: Schema) -> Shape:
    """The shape of a schema node, made once."""
    found: Shape | None = twin.shapes.get(id(schema))
    if found is None:
        found = twin.shapes[id(schema)] = Shape(twin, schema)
    return found


def _arrays(twin: Twin, schema: Schema, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """The nodes of a schema that say what the elements of an array are, parts and alternatives included."""
    node = twin.index.resolve(schema)
    if not isinstance(node, Mapping) or depth > 6:
        return
    if "items" in node:
        yield node
    for key in ("allOf", "oneOf", "anyOf"):
        for part in node.get(key) or ():
            yield from _arrays(twin, part, depth + 1)


def _objects(twin: Twin, schema: Schema) -> Iterator[Schema]:
    node = twin.index.resolve(schema)
    if not isinstance(node, Mapping):
        return
    if "properties" in node or "allOf" in node or "additionalProperties" in node:
        yield node
    for key in ("oneOf", "anyOf"):
        branches = node.get(key)
        for branch in branches if isinstance(branches, list) else ():
            yield from _objects(twin, branch)


def project(ctx: Ctx, resource: Resource, values: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of `values` that a record of this resource can hold, in the form its schema admits."""
    protected = (*resource.read_only, *resource.write_only)
    if not resource.properties and not resource.schema:
        return {name: told(value) for name, value in values.items() if name not in protected}
    declared = ctx.twin.properties(resource.schema)
    out: dict[str, Any] = {}
    for name, value in values.items():
        if name in protected:
            continue
        value = told(value)
        schema = declared.get(name)
        if schema is None:
            if resource.open or name in resource.properties:
                out[name] = value
            continue
        fitted = fit_shape(shape_of(ctx.twin, schema), value, current.get(name))
        if fitted is not NOTHING:
            out[name] = fitted
    return out


def told(value: Any) -> Any:
    """What a record keeps of a value: of an uploaded file its text, or its name where it is not text."""
    if isinstance(value, Upload):
        try:
            return value.data.decode()
        except UnicodeDecodeError:
            return value.filename
    return [told(item) for item in value] if isinstance(value, list) else value


def fit(ctx: Ctx, schema: Schema, value: Any, current: Any = None) -> Any:
    """The value in a form that the schema admits, or NOTHING."""
    return fit_shape(shape_of(ctx.twin, schema), value, current)


def fit_shape(shape: Shape, value: Any, current: Any = None, depth: int = DEPTH) -> Any:
    """Like `fit`, for a shape."""
    if depth == 0:
        return NOTHING
    if isinstance(value, dict):
        if value.keys() == BOXED and not any("value" in branch.fields or branch.extra for branch in shape.branches):
            return fit_shape(shape, value["value"], current, depth - 1)
        fitted = _fit_object(shape, value, current, depth)
        if fitted is not NOTHING:
            return fitted
        return value if shape.admits(value) else NOTHING
    if shape.admits(value):
        return value
    if isinstance(value, list):
        return _fit_list(shape, value, depth)
    for candidate in conversions(value):
        if shape.admits(candidate):
            return candidate
    return _reference(shape, value)


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
        whole = read_integer(value)
        if whole is not FAIL:
            yield whole


def _fit_object(shape: Shape, value: Mapping[str, Any], current: Any, depth: int) -> Any:
    for branch in _in_order(shape, value):
        base = dict(current) if isinstance(current, dict) else orjson.loads(branch.skeleton)
        for name, given in value.items():
            inner = branch.fields.get(name)
            if inner is None:
                if branch.extra:
                    fitted = given if branch.further is None else fit_shape(branch.further, given, None, depth - 1)
                    base[name] = given if fitted is NOTHING else fitted
                continue
            fitted = fit_shape(inner, given, base.get(name), depth - 1)
            if fitted is not NOTHING:
                base[name] = fitted
        if shape.admits(base):
            return base
    return NOTHING


def _in_order(shape: Shape, value: Mapping[str, Any]) -> Iterator[ObjectBranch]:
    """The ways to be an object, the one first that a discriminator names."""
    if shape.tagged is not None:
        name, named = shape.tagged
        tag = value.get(name)
        if isinstance(tag, str) and tag in named:
            yield named[tag]
    yield from shape.branches


def _fit_list(shape: Shape, value: list[Any], depth: int) -> Any:
    for element in shape.items:
        fitted = [fit_shape(element, item, None, depth - 1) for item in value]
        fitted = [item for item in fitted if item is not NOTHING]
        if shape.admits(fitted):
            return fitted
    return NOTHING


def _reference(shape: Shape, value: Any) -> Any:
    """An id given where the record shows an object: that object with the id in it."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        return NOTHING
    for branch in shape.branches:
        if "id" in branch.fields:
            made = {**orjson.loads(branch.skeleton), "id": value}
            if shape.admits(made):
                return made
    return NOTHING
