"""twin.yaml as text, from what was inferred: everything is said, so that an author sees it and changes it.

Imports: overlay (compiled), contract.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from twinkit.contract.index import Index
from twinkit.overlay.compiled import Binding, Compiled, Resource

_PLAIN = re.compile(r"[A-Za-z_][\w.-]*")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def overlay_text(name: str, contract: str, index: Index, compiled: Compiled) -> str:
    """The overlay of a fresh twin. Compiling it gives the same bindings and resources as no overlay at all."""
    return "\n".join(_lines(name, contract, index, compiled)) + "\n"


def plain_title(title: str) -> str:
    """A title as part of a line of Python, TOML and Markdown."""
    words = "".join(mark if mark.isprintable() else " " for mark in title.replace('"', "'").replace("\\", "/")).split()
    text = " ".join(words)
    return text if len(text) <= 60 else f"{text[:59].rstrip()}…"


def _lines(name: str, contract: str, index: Index, compiled: Compiled) -> Iterator[str]:
    yield f"# The {plain_title(index.title) or name} twin. Everything below was inferred from the contract: change"
    yield "# what is wrong; what is taken out is inferred again. `twin lint` checks names, `twin coverage` the rest."
    yield f"twin: {scalar(name)}"
    yield f"contract: {scalar(contract)}"
    yield f"auth: {flow(_auth(index))}"
    env = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")
    yield "options:"
    yield "  env: " + flow({f"{env}_URL": "{url}"})
    yield "  # Parents that nobody made exist; take this out once the parents of nested records are modelled."
    yield "  parents: lenient"
    yield "  # Replies of generic behaviour are held to the document to the letter."
    yield "  replies: fit"
    resources = [resource for resource in compiled.resources.values() if _used(resource.name, compiled)]
    if resources:
        yield "resources:"
    for resource in resources:
        yield from _resource(resource, compiled)
    shapes = {n: b for n, b in compiled.bindings.items() if b.fidelity == "shape"}
    if shapes:
        yield "unimplemented:"
    for operation, binding in shapes.items():
        yield f"  {scalar(operation)}: {json.dumps(binding.note or 'keeps nothing', ensure_ascii=False)}"


def _auth(index: Index) -> dict[str, Any]:
    for scheme in index.security_schemes.values():
        if scheme.get("type") == "apiKey":
            place = scheme.get("in")
            if place in ("header", "query"):
                return {"scheme": place, str(place): str(scheme.get("name", "")), "accepts": "any"}
        elif scheme.get("type") == "basic" or str(scheme.get("scheme", "")).lower() == "basic":
            return {"scheme": "basic", "accepts": "any"}
        else:
            return {"scheme": "bearer", "accepts": "any"}
    return {"accepts": "any"}


def _used(resource: str, compiled: Compiled) -> bool:
    return any(binding.resource == resource for binding in compiled.bindings.values())


def _resource(resource: Resource, compiled: Compiled) -> Iterator[str]:
    yield f"  {scalar(resource.name)}:"
    if resource.id:
        yield f"    id: {json.dumps(resource.id)}"
    if resource.id_property:
        yield f"    id_property: {scalar(resource.id_property)}"
    if resource.id_place:
        yield f"    id_place: {scalar(resource.id_place)}"
    if resource.link:
        yield f"    link: {scalar(resource.link)}"
    roles: dict[str, list[str]] = {}
    for binding in compiled.bindings.values():
        if binding.resource == resource.name and binding.fidelity != "shape":
            roles.setdefault(role_of(binding), []).append(binding.operation)
    if roles:
        yield "    operations:"
    for role, operations in roles.items():
        said = scalar(operations[0]) if len(operations) == 1 else f"[{', '.join(map(scalar, operations))}]"
        yield f"      {scalar(role)}: {said}"
    if resource.timestamps:
        yield f"    timestamps: {flow(resource.timestamps)}"
    if resource.unique:
        yield f"    unique: [{', '.join(map(scalar, resource.unique))}]"


def role_of(binding: Binding) -> str:
    """The key of an operation under `operations:`: its kind, or the verb of an action."""
    return binding.action or "act" if binding.kind == "action" else binding.kind


def scalar(text: str) -> str:
    """A YAML scalar that reads back as this text."""
    return text if _PLAIN.fullmatch(text) and text.lower() not in _WORDS else json.dumps(text, ensure_ascii=False)


def flow(values: Mapping[str, Any]) -> str:
    """`{key: value}` on one line."""
    parts = (f"{scalar(str(k))}: {scalar(v) if isinstance(v, str) else json.dumps(v)}" for k, v in values.items())
    return "{" + ", ".join(parts) + "}"
