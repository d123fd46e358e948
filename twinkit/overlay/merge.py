"""twin.yaml over what was inferred, checked against the contract. Offline.

An unknown operation, event, schema or property raises AuthorError that names the line and the nearest valid name.
Imports: model, infer, contract (canonical form).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from twinkit.errors import AuthorError, nearest
from twinkit.overlay.compiled import Binding, Resource
from twinkit.overlay.infer import Inference, Inferred
from twinkit.overlay.model import Overlay, ResourcePart
from twinkit.overlay.rename import rename
from twinkit.overlay.words import norm
from twinkit.overlay.yamlfile import YamlFile

KINDS = (
    "create retrieve list update replace delete search count singleton_get singleton_update singleton_delete "
    "bulk_create bulk_update bulk_delete upload download shape"
)
ROLES = frozenset(KINDS.split())


class Merge:
    """One overlay over one inference."""

    def __init__(self, overlay: Overlay, file: YamlFile, inference: Inference, inferred: Inferred) -> None:
        self.overlay = overlay
        self.file = file
        self.inference = inference
        self.out = inferred

    def run(self) -> Inferred:
        """The inferred bindings and resources with the overlay's say over them."""
        self._known_operations()
        for name, part in self.overlay.resources.items():
            found = self._find(name, part)
            self._bind(name, found, part)
            if found != name:
                rename(self.out, found, name)
                self.inference.collections.rename(found, name)
            self.out.resources[name] = self._described(name, part, self.out.resources[name])
        for operation in self.overlay.operations:
            self._override(operation)
        for operation, why in self.overlay.unimplemented.items():
            binding = self.out.bindings[operation]
            changed = binding._replace(kind="shape", resource=None, reply={**binding.reply, "shows": "example"})
            self.out.bindings[operation] = changed._replace(fidelity="shape", note=why)
        self._events()
        return self.out

    def head(self) -> dict[str, Any]:
        """The small parts of the compiled overlay: errors, auth, webhooks, options …"""
        overlay = self.overlay
        return {
            "twin": overlay.twin,
            "errors": {name: part.model_dump(exclude_defaults=True) for name, part in overlay.errors.items()},
            "auth": overlay.auth.model_dump(exclude_none=True),
            "webhooks": overlay.webhooks.model_dump(exclude_defaults=True),
            "unimplemented": overlay.unimplemented,
            "options": overlay.options,
            "clock": overlay.clock,
            "events": overlay.events,
        }

    # -- names --------------------------------------------------------------------------------------------------

    def _fail(self, place: tuple[str | int, ...], what: str, word: str, known: Iterable[str]) -> AuthorError:
        return AuthorError(f"{self.file.where(place)}: {what} {word!r}{nearest(word, known)}")

    def _known_operations(self) -> None:
        known = self.out.bindings
        for name, part in self.overlay.resources.items():
            for role, given in part.operations.items():
                for operation in [given] if isinstance(given, str) else given:
                    if operation not in known:
                        place = ("resources", name, "operations", role)
                        raise self._fail(place, "the contract has no operation", operation, known)
        for key in ("operations", "unimplemented"):
            for operation in getattr(self.overlay, key):
                if operation not in known:
                    raise self._fail((key, operation), "the contract has no operation", operation, known)

    def _find(self, name: str, part: ResourcePart) -> str:
        """The inferred resource that a part of the overlay speaks of; a new one when there is none."""
        schemas = self.inference.shapes.schemas
        if part.schema_ is not None:
            if part.schema_ not in schemas:
                raise self._fail(("resources", name, "schema"), "the contract has no schema", part.schema_, schemas)
            found = self.inference.collections.by_schema.get(part.schema_)
            if found is not None and (name not in self.out.resources or found == name):
                return found
        if name in self.out.resources:
            return name
        for given in part.operations.values():
            for operation in [given] if isinstance(given, str) else given:
                bound = self.out.bindings[operation].resource
                if bound is not None and bound not in self.overlay.resources:
                    return bound
        alike = next((known for known in self.out.resources if norm(known) == norm(name)), None)
        if alike is not None:
            return alike
        if part.schema_ is None and not part.operations and part.id_property is None:
            what = "nothing in the contract is this resource (give `operations`, `schema` or `id_property`):"
            raise self._fail(("resources", name), what, name, self.out.resources)
        self._add(name, part)
        return name

    def _add(self, name: str, part: ResourcePart) -> None:
        unit = None
        if part.schema_ is not None:
            unit = self.inference.shapes.unit({"$ref": f"#/components/schemas/{part.schema_}"})
        for given in part.operations.values():
            for operation in [given] if isinstance(given, str) else given:
                unit = unit or self.inference.places.replies[operation].unit
        self.inference.collections.put(name, unit)
        self.out.resources[name] = self.inference.resource(name)

    # -- bindings -----------------------------------------------------------------------------------------------

    def _bind(self, name: str, found: str, part: ResourcePart) -> None:
        for role, given in part.operations.items():
            for operation in [given] if isinstance(given, str) else given:
                self._role(found, role, operation)

    def _role(self, resource: str, role: str, operation: str) -> None:
        now = self.out.bindings[operation]
        if now.resource == resource and now.kind == "action" and now.action == role:
            return
        kind = role if role in ROLES else "action"
        if now.resource == resource and (now.kind == kind or (role, now.kind) == ("update", "replace")):
            if kind == "action":
                self.out.bindings[operation] = now._replace(action=role)
            return
        made = self.inference.rebind(operation, kind, resource)
        self.out.bindings[operation] = made._replace(action=role) if kind == "action" else made

    def _override(self, operation: str) -> None:
        part = self.overlay.operations[operation]
        given = part.model_dump(exclude_unset=True)
        binding = self.out.bindings[operation]
        resource = given.get("resource") or binding.resource
        if resource is not None and resource not in self.out.resources:
            place = ("operations", operation, "resource")
            raise self._fail(place, "there is no resource", resource, self.out.resources)
        kind = given.pop("kind", None) or binding.kind
        given.pop("resource", None)
        if kind != binding.kind or resource != binding.resource:
            binding = self.inference.rebind(operation, kind, resource)
        self.out.bindings[operation] = _over(binding, given)

    # -- resources ----------------------------------------------------------------------------------------------

    def _described(self, name: str, part: ResourcePart, resource: Resource) -> Resource:
        given = part.model_dump(exclude_unset=True, by_alias=True)
        self._properties(name, part, resource)
        changes: dict[str, Any] = {
            key: given[key]
            for key in ("id", "id_property", "id_place", "link", "id_type", "scoped", "parent", "schema")
            if key in given
        }
        if given.get("id_property"):
            changes.setdefault("id_place", None)
        changes |= {key: tuple(given[key]) for key in ("keys", "unique") if given.get(key) is not None}
        changes["expandable"] = {**resource.expandable, **{k: tuple(v) for k, v in part.expandable.items()}}
        for key in ("defaults", "timestamps", "time_formats", "events", "filters", "template", "more_ids"):
            mine = {**getattr(resource, key), **given.get(key, {})}
            changes[key] = mine if key in ("defaults", "template") else {k: v for k, v in mine.items() if v is not None}
        made = resource._replace(name=name, **changes)
        for stamp in made.timestamps.values():
            if stamp not in made.time_formats:
                made = made._replace(time_formats={**made.time_formats, stamp: self._format(made, stamp)})
        return made

    def _format(self, resource: Resource, name: str) -> str:
        unit = self.inference.collections.units.get(resource.name)
        schema = self.inference.shapes.properties(unit.node).get(name, {}) if unit is not None else {}
        types = self.inference.shapes.types(schema)
        return "unix" if types & {"integer", "number"} else "iso"

    def _properties(self, name: str, part: ResourcePart, resource: Resource) -> None:
        """Every property that the overlay names is one of the schema."""
        if not resource.properties or resource.open:
            return
        named: list[tuple[tuple[str, ...], str]] = []
        named += [(("defaults", key), key) for key in part.defaults]
        named += [(("template", key), key) for key in part.template]
        named += [(("timestamps", key), value) for key, value in part.timestamps.items() if value]
        named += [(("filters", key), value.split(".")[0]) for key, value in part.filters.items()]
        named += [(("unique",), value) for value in part.unique or ()]
        named += [(("id_property",), part.id_property)] if part.id_property else []
        for place, word in named:
            if word not in resource.properties and not word.startswith("~"):
                what = f"schema {resource.schema or name} has no property"
                raise self._fail(("resources", name, *place), what, word, resource.properties)

    def _events(self) -> None:
        known = self.overlay.events
        for name, part in self.overlay.resources.items():
            for action, event in part.events.items():
                if known and event not in known:
                    raise self._fail(("resources", name, "events", action), "no event of this service:", event, known)


def _over(binding: Binding, given: Mapping[str, Any]) -> Binding:
    """Fields of an overlay's operation over a binding: mappings merged (null removes a key), the rest replaced."""
    changes: dict[str, Any] = {}
    for name, value in given.items():
        known = getattr(binding, name)
        if isinstance(value, dict) and isinstance(known, Mapping) and name != "sets":
            merged = {**known, **value}
            changes[name] = {key: each for key, each in merged.items() if each is not None}
        else:
            changes[name] = value
    return binding._replace(**changes)
