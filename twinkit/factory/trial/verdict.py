"""From evidence to a verdict: one table, no exceptions to it. Imports nothing of the kit.

The code is blamed only on positive evidence, the harness only on positive evidence; everything else is an error,
and nothing passes without an evaluated expectation and a request that reached the app.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Evidence:
    """What was seen. Kinds are empty where nothing of the sort was seen; `finished` means every step ran."""

    tampered: str = ""
    leaked: str = ""
    unbound: str = ""
    ambiguous: str = ""
    harness: tuple[str, str] | None = None
    dead_twins: str = ""
    app: tuple[str, str] | None = None
    finished: bool = False
    silent: list[str] = field(default_factory=list)
    proves_nothing: str = ""
    expectations: int = 0
    answers: int = 0
    evaluation: tuple[str, str] | None = None


def decide(evidence: Evidence) -> tuple[str, str, str]:
    """(verdict, kind, message). The order is the rule: what makes other evidence worthless comes first."""
    if evidence.tampered:
        return "invalid", "tamper", evidence.tampered
    if evidence.leaked:
        return "invalid", "leak", evidence.leaked
    if evidence.ambiguous:
        return "ambiguous", "", evidence.ambiguous
    if evidence.unbound:
        return "unbound", "", evidence.unbound
    if evidence.harness:
        return "error", *evidence.harness
    if evidence.dead_twins:
        return "error", "harness", evidence.dead_twins
    if evidence.app:
        return "fail", *evidence.app
    if not evidence.finished:
        return "error", "harness", "the steps did not run to the end"
    if evidence.evaluation and evidence.evaluation[0] != "pass":
        verdict, message = evidence.evaluation
        return ("fail", "assert", message) if verdict == "fail" else ("error", "evaluator", message)
    if evidence.silent:
        return "error", "harness", f"a Then asserted nothing: {evidence.silent[0]}"
    if evidence.proves_nothing:
        return "error", "harness", evidence.proves_nothing
    if evidence.expectations < 1:
        return "error", "harness", "no expectation was evaluated"
    if evidence.answers < 1:
        return "error", "harness", "no request reached the app"
    return "pass", "", ""
