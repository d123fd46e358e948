"""Giving an inferred resource another name, everywhere it is spoken of. Imports: compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twinkit.overlay.infer import Inferred


def rename(inferred: Inferred, old: str, new: str) -> None:
    """`old` is called `new` from now on, in bindings and resources; its place in the order stays."""

    def named(name: Any) -> Any:
        return new if name == old else name

    for key, binding in inferred.bindings.items():
        parents = tuple((parameter, named(resource)) for parameter, resource in binding.parents)
        hidden = {k: f"~{new}" if v == f"~{old}" else v for k, v in binding.scope.items()}
        if named(binding.resource) != binding.resource or parents != binding.parents or hidden != binding.scope:
            inferred.bindings[key] = binding._replace(resource=named(binding.resource), parents=parents, scope=hidden)
    resources = {}
    for key, resource in inferred.resources.items():
        expandable = {place: tuple(named(n) for n in names) for place, names in resource.expandable.items()}
        sublists = {p: {**each, "resource": named(each["resource"])} for p, each in resource.sublists.items()}
        resources[named(key)] = resource._replace(
            name=named(key), parent=named(resource.parent), expandable=expandable, sublists=sublists
        )
    inferred.resources.clear()
    inferred.resources.update(resources)
