"""Module-level decorators for library steps: they wait here until a registry takes them in. Imports: registry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from twinkit.factory.steps.registry import Function, Registry

Kind = Literal["given", "when", "then"]


class Collection:
    """Steps of one library module, in order."""

    def __init__(self) -> None:
        self.steps: list[tuple[Kind, str, Function]] = []

    def _keep(self, kind: Kind, expression: str) -> Callable[[Function], Function]:
        def keep(function: Function) -> Function:
            self.steps.append((kind, expression, function))
            return function

        return keep

    def given(self, expression: str) -> Callable[[Function], Function]:
        """A step that prepares."""
        return self._keep("given", expression)

    def when(self, expression: str) -> Callable[[Function], Function]:
        """A step that acts."""
        return self._keep("when", expression)

    def then(self, expression: str) -> Callable[[Function], Function]:
        """A step that asserts."""
        return self._keep("then", expression)

    def define(self, registry: Registry) -> None:
        """Register every step."""
        for kind, expression, function in self.steps:
            registry.add(kind, expression, function)
