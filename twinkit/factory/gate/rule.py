"""Scenario outcomes and the gate: pure functions over counts, no floats. Imports nothing of the kit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Outcome = Literal["pass", "fail", "undetermined"]
Decision = Literal["eligible", "not eligible", "undetermined", "integrity"]
EXIT = {"eligible": 0, "not eligible": 1, "undetermined": 3, "integrity": 4}


@dataclass(frozen=True, slots=True)
class Tally:
    """Verdicts of one scenario's trials. `verdicts` counts what is neither pass nor fail, by verdict."""

    scenario: str
    trials: int
    need: int
    passes: int
    fails: int
    others: tuple[str, ...] = ()
    critical: bool = False
    base: Outcome | None = None

    @property
    def outcome(self) -> Outcome:
        """pass when passes ≥ need, fail when fails > trials - need, else undetermined; one bad trial spoils a pass."""
        if any(each in ("unbound", "ambiguous", "invalid") for each in self.others):
            return "undetermined"
        if self.passes >= self.need:
            return "pass"
        return "fail" if self.fails > self.trials - self.need else "undetermined"

    @property
    def kind(self) -> str:
        """stable-pass, flaky-pass, flaky-fail, stable-fail or undetermined."""
        if self.outcome == "undetermined":
            return "undetermined"
        if self.outcome == "pass":
            return "stable-pass" if self.passes == self.trials else "flaky-pass"
        return "stable-fail" if not self.passes else "flaky-fail"


@dataclass(frozen=True, slots=True)
class Gate:
    """What was decided and why: each reason is a whole sentence."""

    decision: Decision
    passed: int
    total: int
    share: tuple[int, int]
    reasons: tuple[str, ...] = ()
    regressions: tuple[str, ...] = ()
    criticals: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 eligible, 1 not, 3 undetermined, 4 integrity."""
        return EXIT[self.decision]


def enough(passed: int, total: int, share: tuple[int, int]) -> bool:
    """`passed / total ≥ num / den` without a division; nothing selected is never enough."""
    num, den = share
    return total > 0 and passed * den >= num * total


def required(total: int, share: tuple[int, int]) -> int:
    """The least number of scenarios that is enough."""
    num, den = share
    return -(-num * total // den)


@dataclass(slots=True)
class _Reasons:
    against: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)


def decide(
    tallies: Sequence[Tally], share: tuple[int, int], integrity: Sequence[str] = (), compare: bool = False,
    stable: bool = False,
) -> Gate:  # fmt: skip
    """The gate over all selected scenarios. Integrity comes first, certain rejection before doubt.

    With `compare` a scenario that failed and was not evaluated on base is a doubt: it may be a regression. With
    `stable` one that passed in some trials and failed in others rejects the change, whatever the share.
    """
    total = len(tallies)
    passed = sum(tally.outcome == "pass" for tally in tallies)
    unsure = [tally for tally in tallies if tally.outcome == "undetermined"]
    criticals = tuple(tally.scenario for tally in tallies if tally.critical and tally.outcome == "fail")
    regressions = tuple(tally.scenario for tally in tallies if tally.base == "pass" and tally.outcome == "fail")
    reasons = _Reasons()
    if not total:
        reasons.unsure.append("No scenario was selected.")
    if total and not enough(passed + len(unsure), total, share):
        needed = required(total, share)
        reasons.against.append(f"{passed} of {total} scenarios passed; {needed} are needed.")
    if criticals:
        reasons.against.append(f"Critical scenarios failed: {len(criticals)}.")
    if regressions:
        reasons.against.append(f"Scenarios that pass on base failed: {len(regressions)}.")
    sometimes = [tally for tally in tallies if tally.kind.startswith("flaky")]
    if stable and sometimes:
        reasons.against.append(f"Scenarios that passed only in some trials: {len(sometimes)}.")
    if unsure:
        reasons.unsure.append(f"Undetermined scenarios: {len(unsure)} of {total}.")
    unknown = [each for each in tallies if each.outcome == "fail" and each.base not in ("pass", "fail")]
    if compare and unknown:
        reasons.unsure.append(f"Failed scenarios that were not evaluated on base: {len(unknown)}.")
    invalid = [tally.scenario for tally in tallies if "invalid" in tally.others]
    problems = [*integrity, *([f"Invalid trials in {len(invalid)} scenarios."] if invalid else [])]
    decision: Decision = "eligible"
    if problems:
        decision = "integrity"
    elif reasons.against:
        decision = "not eligible"
    elif reasons.unsure:
        decision = "undetermined"
    elif not enough(passed, total, share):
        decision = "not eligible"
    listed = (*problems, *reasons.against, *reasons.unsure)
    return Gate(decision, passed, total, share, listed, regressions, criticals)
