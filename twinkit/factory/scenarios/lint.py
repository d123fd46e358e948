"""Findings across a whole suite: steps that bind to nothing, specifications that nothing covers.

Imports: steps, specs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from twinkit.errors import nearest
from twinkit.factory.finding import Finding
from twinkit.factory.scenarios.model import Scenario
from twinkit.factory.scenarios.vault import Suite
from twinkit.factory.specs.model import Specification
from twinkit.factory.steps.asserting import tautologies
from twinkit.factory.steps.registry import Registry


def lint_suite(
    suite: Suite, registry: Registry, specifications: Sequence[Specification], *, bind: bool = True
) -> list[Finding]:
    """Everything that can be told without running. `bind=False` leaves unbound steps to the trials' verdicts."""
    findings = list(suite.findings)
    if bind:
        findings += [finding for scenario in suite.scenarios for finding in _bindings(scenario, registry)]
    findings += _silent(registry)
    if specifications:
        findings += [finding for scenario in suite.scenarios for finding in _covers(scenario, specifications)]
        findings += _uncovered(suite.scenarios, specifications)
    return findings


def _bindings(scenario: Scenario, registry: Registry) -> Iterator[Finding]:
    for binding in registry.bind_all(scenario.steps):
        if binding.state == "unbound":
            hint = "; see `factory steps --missing`"
            yield Finding(scenario.path, binding.step.line, "STEP301", f"define the step: {binding.problem}{hint}")
        elif binding.state == "ambiguous":
            message = f"keep one definition: {binding.problem}"
            yield Finding(scenario.path, binding.step.line, "STEP302", message)


def _silent(registry: Registry) -> Iterator[Finding]:
    for definition in registry.definitions:
        path, _, line = definition.place.rpartition(":")
        if definition.kind != "then":
            continue
        if not definition.asserts:
            message = f"assert something in the Then `{definition.expression}`: use world.expect or assert"
            yield Finding(path, int(line), "STEP303", message)
        for offset in tautologies(definition.function):
            message = f"say what must hold in the Then `{definition.expression}`: this is true of everything"
            yield Finding(path, int(line) + offset - 1, "STEP304", message)


def specification_of(scenario: Scenario, specifications: Iterable[Specification]) -> Specification | None:
    """The specification a scenario belongs to: its `spec:`, else the one named like its file."""
    from pathlib import Path

    wanted = scenario.settings.spec or Path(scenario.path).stem
    return next((each for each in specifications if each.id == wanted), None)


def _covers(scenario: Scenario, specifications: Sequence[Specification]) -> Iterator[Finding]:
    specification = specification_of(scenario, specifications)
    if specification is None:
        if scenario.settings.spec:
            hint = nearest(scenario.settings.spec, [each.id for each in specifications])
            message = f"`spec: {scenario.settings.spec}` names no specification{hint}"
            yield Finding(scenario.path, scenario.line, "SCEN240", message)
        return
    for id in scenario.covers:
        if specification.constraint(id) is None:
            hint = nearest(id, [each.id for each in specification.constraints])
            message = f"@covers:{id} names no constraint of {specification.id}{hint}"
            yield Finding(scenario.path, scenario.line, "SCEN241", message)


def _uncovered(scenarios: Sequence[Scenario], specifications: Sequence[Specification]) -> Iterator[Finding]:
    """Constraints that no scenario covers: a warning, once a specification has any `@covers` at all."""
    for specification in specifications:
        mine = [each for each in scenarios if specification_of(each, [specification]) is specification]
        covered = {id for each in mine for id in each.covers}
        if not covered:
            continue
        for constraint in specification.constraints:
            if constraint.id not in covered and constraint.level.startswith("MUST"):
                message = f"write a scenario that covers {constraint.id}, or lower it to SHOULD"
                yield Finding(specification.path, constraint.line, "SCEN242", message, "warning")
