"""Step definitions by cucumber expression, and the binding of a step to exactly one of them. Imports: scenarios.model.

Outcomes (`then`) bind only to outcomes, so a Then can never run an action that asserts nothing.
"""

from __future__ import annotations

import contextlib
import difflib
import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

from cucumber_expressions.errors import CucumberExpressionError
from cucumber_expressions.expression import CucumberExpression
from cucumber_expressions.expression_generator import CucumberExpressionGenerator
from cucumber_expressions.parameter_type_registry import ParameterTypeRegistry

from twinkit.errors import UsageError
from twinkit.factory.scenarios.model import Step
from twinkit.factory.steps.parameters import define_types
from twinkit.factory.steps.table import Table
from twinkit.factory.steps.wordings import meant

Function = Callable[..., Any]


@dataclass(slots=True)
class Definition:
    """One decorated function. `place` is `file:line`; `asserts` is what static reading of the function says."""

    kind: Literal["given", "when", "then"]
    expression: str
    function: Function
    place: str
    asserts: bool
    _compiled: CucumberExpression | None = None

    def match(self, text: str, types: ParameterTypeRegistry) -> list[Any] | None:
        """The arguments when `text` fits, else None."""
        if self._compiled is None:
            self._compiled = CucumberExpression(self.expression, types)  # type: ignore[no-untyped-call]
        found = self._compiled.match(text)
        return None if found is None else [argument.value for argument in found]


@dataclass(slots=True)
class Binding:
    """A step and what it runs, or why it cannot: `state` is bound, unbound or ambiguous, `problem` explains."""

    step: Step
    state: Literal["bound", "unbound", "ambiguous"]
    definition: Definition | None = None
    arguments: list[Any] = field(default_factory=list)
    problem: str = ""

    def call(self, world: Any) -> Any:
        """Run it. Whatever the function raises goes through."""
        assert self.definition is not None
        keywords: dict[str, Any] = {}
        parameters = inspect.signature(self.definition.function).parameters
        if "table" in parameters and self.step.table:
            keywords["table"] = Table(self.step.table)
        if "doc" in parameters and self.step.doc is not None:
            keywords["doc"] = self.step.doc
        return self.definition.function(world, *self.arguments, **keywords)


class Registry:
    """An ordered collection of definitions with its own parameter types."""

    def __init__(self) -> None:
        self.definitions: list[Definition] = []
        self.types = ParameterTypeRegistry()  # type: ignore[no-untyped-call]
        define_types(self.types)

    def copy(self) -> Registry:
        """The same definitions and types, to which more definitions can be added."""
        other = Registry.__new__(Registry)
        other.definitions, other.types = list(self.definitions), self.types
        return other

    def add(self, kind: Literal["given", "when", "then"], expression: str, function: Function) -> None:
        """Register; a broken expression raises UsageError at once, with its place."""
        from twinkit.factory.steps.asserting import asserts

        code = function.__code__
        place = f"{code.co_filename}:{code.co_firstlineno}"
        definition = Definition(kind, expression, function, place, asserts(function))
        parameters = list(inspect.signature(function).parameters)
        if not parameters:
            raise UsageError(f"{place}: give the step function a first parameter `world`")
        self.definitions.append(definition)

    def check(self) -> None:
        """Compile every expression. Raises UsageError naming the first broken one."""
        for definition in self.definitions:
            try:
                definition.match("", self.types)
            except CucumberExpressionError as error:
                raise UsageError(f"{definition.place}: correct the step expression: {error}") from None

    def bind(self, step: Step) -> Binding:
        """Find the one definition for a step; none or more than one never runs."""
        found = self._fitting(step.kind, step.text) or self._worded(step.kind, step.text, 2)
        if not found:
            hint = self._nearest(step)
            return Binding(step, "unbound", problem=f"no step definition for `{step.word} {step.text}`{hint}")
        if len(found) > 1:
            places = ", ".join(f"`{definition.expression}` ({definition.place})" for definition, _ in found)
            return Binding(step, "ambiguous", problem=f"`{step.word} {step.text}` fits {places}")
        definition, arguments = found[0]
        problem = _signature_problem(definition, step, len(arguments))
        if problem:
            return Binding(step, "unbound", problem=f"`{step.word} {step.text}`: {problem} ({definition.place})")
        return Binding(step, "bound", definition, arguments)

    def speaks(self, step: Step) -> bool:
        """Whether these are a definition's very words, not others for them."""
        return len(self._fitting(step.kind, step.text)) == 1

    def _fitting(self, kind: str, text: str) -> list[tuple[Definition, list[Any]]]:
        found: list[tuple[Definition, list[Any]]] = []
        for definition in self.definitions:
            if (definition.kind == "then") == (kind == "then"):
                arguments = definition.match(text, self.types)
                if arguments is not None:
                    found.append((definition, arguments))
        return found

    def _worded(self, kind: str, text: str, depth: int) -> list[tuple[Definition, list[Any]]]:
        """What other words mean. Each sentence is looked up, and if nothing fits taken for other words once more."""
        found: dict[tuple[str, str], tuple[Definition, list[Any]]] = {}
        for sentence in meant(kind, text):
            fitting = self._fitting(kind, sentence)
            if not fitting and depth:
                fitting = self._worded(kind, sentence, depth - 1)
            for definition, arguments in fitting:
                found.setdefault((definition.place, repr(arguments)), (definition, arguments))
        return list(found.values())

    def _nearest(self, step: Step) -> str:
        """The definition whose words are most like the step's, for a message."""
        plain = _shape(step.text)
        known = {_shape(each.expression): each.expression for each in self.definitions
                 if (each.kind == "then") == (step.kind == "then")}  # fmt: skip
        close = difflib.get_close_matches(plain, known, n=1, cutoff=0.55)
        return f"; there is `{known[close[0]]}`" if close else ""

    def bind_all(self, steps: Sequence[Step]) -> list[Binding]:
        """`bind` for every step, in order."""
        return [self.bind(step) for step in steps]

    def snippet(self, step: Step) -> str:
        """Python that would define this step; it fails until somebody writes the assertion."""
        generator = CucumberExpressionGenerator(self.types)  # type: ignore[no-untyped-call]
        generated = generator.generate_expressions(step.text)
        best = generated[0] if generated else None
        expression = best.source if best else step.text
        names = list(best.parameter_names) if best else []
        arguments = ", ".join(
            ["world", *names, *(["table"] if step.table else []), *(["doc"] if step.doc is not None else [])]
        )
        quoted = expression.replace("\\", "\\\\").replace("'", "\\'")
        body = (
            'world.expect(False, "say what must hold")'
            if step.kind == "then"
            else 'raise RuntimeError("say what to do")'
        )
        return f"@{step.kind}('{quoted}')\ndef _({arguments}):\n    {body}\n"


def _shape(text: str) -> str:
    """The words of a sentence or expression without what stands for values."""
    return " ".join(re.sub(r'"[^"]*"|\{[^}]*\}|\$\{[^}]*\}|\(.*?\)|/\w*|\b\d\S*', " ", text).lower().split())


def _signature_problem(definition: Definition, step: Step, count: int) -> str:
    parameters = dict(inspect.signature(definition.function).parameters)
    table, doc = parameters.pop("table", None), parameters.pop("doc", None)
    if step.table and table is None:
        return "the definition takes no table"
    if step.doc is not None and doc is None:
        return "the definition takes no doc string"
    if table is not None and not step.table and table.default is inspect.Parameter.empty:
        return "add the table that the definition needs"
    if doc is not None and step.doc is None and doc.default is inspect.Parameter.empty:
        return "add the doc string that the definition needs"
    if any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in parameters.values()):
        return ""
    required = [each for each in parameters.values() if each.default is inspect.Parameter.empty]
    if not len(required) <= count + 1 <= len(parameters):
        return f"the definition takes {len(parameters) - 1} arguments and the expression gives {count}"
    return ""


_current: ContextVar[Registry | None] = ContextVar("step registry", default=None)


@contextlib.contextmanager
def collecting(registry: Registry) -> Iterator[Registry]:
    """Decorators run inside register with `registry`."""
    token = _current.set(registry)
    try:
        yield registry
    finally:
        _current.reset(token)


def _decorator(kind: Literal["given", "when", "then"], expression: str) -> Callable[[Function], Function]:
    def register(function: Function) -> Function:
        registry = _current.get()
        if registry is not None:
            registry.add(kind, expression, function)
        return function

    return register


def given(expression: str) -> Callable[[Function], Function]:
    """Define a step that prepares; also usable after When."""
    return _decorator("given", expression)


def when(expression: str) -> Callable[[Function], Function]:
    """Define a step that acts; also usable after Given."""
    return _decorator("when", expression)


def then(expression: str) -> Callable[[Function], Function]:
    """Define a step that asserts, with `world.expect…` or a plain `assert`; usable after Then only."""
    return _decorator("then", expression)
