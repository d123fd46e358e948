"""From entries to figures, and from figures to a mode: SHADOW, REVIEW or AUTO. Pure. Imports: gate.statistics.

A false positive is a change that was eligible and that a person, not knowing that, rejects. Thresholds are strict:
false positives below 5 %, overrides below 10 %, over at least 20 judged changes (30 unless told otherwise).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from twinkit.factory.gate.statistics import clean_needed, upper_bound

FALSE_POSITIVES = (5, 100)
OVERRIDES = (10, 100)
LEAST = 20


@dataclass(frozen=True, slots=True)
class Trust:
    """Counts since the last demotion, rates, the exact one-sided 95 % bound, and the mode they allow."""

    mode: str
    judged: int
    eligible_judged: int
    false_positives: int
    decided: int
    overrides: int
    bound: float
    minimum: int
    reasons: tuple[str, ...]
    since: int

    def data(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    def text(self) -> str:
        """What it shows, saying which figure is which."""
        share = f"{self.false_positives} of {self.eligible_judged}" if self.eligible_judged else "none judged"
        return "\n".join(
            [
                f"mode: {self.mode}",
                f"observed false positives: {share} (must stay below 5 %)",
                f"observed overrides: {self.overrides} of {self.decided} (must stay below 10 %)",
                f"exact one-sided 95 % bound of the false-positive rate: {self.bound:.1%} "
                f"({clean_needed(0.05)} clean changes are needed to show < 5 %)",
                f"judged changes: {self.judged} of {self.minimum}",
                *[f"- {reason}" for reason in self.reasons],
            ]
        )


def below(events: int, total: int, limit: tuple[int, int]) -> bool:
    """`events / total < limit`, exactly; nothing observed shows nothing."""
    return total > 0 and events * limit[1] < limit[0] * total


def trust(entries: Sequence[dict[str, Any]], minimum: int = 30, strict: bool = False) -> Trust:
    """The state of trust after these entries. `strict` asks the exact bound, not the observed rate, to be below 5 %."""
    minimum = max(minimum, LEAST)
    since, why = _demotion(entries)
    window = [entry for entry in entries if entry["n"] > since]
    evaluations = {e["data"]["head"]: e["data"]["decision"] for e in entries if e["kind"] == "evaluation"}
    judgements = {
        e["data"]["head"]: e["data"]["verdict"] for e in window if e["kind"] == "judgement" and e["data"]["blind"]
    }
    judged = {head: verdict for head, verdict in judgements.items() if head in evaluations}
    eligible = [head for head in judged if evaluations[head] == "eligible"]
    wrong = sum(judged[head] == "reject" for head in eligible)
    decisions = [e["data"] for e in window if e["kind"] == "decision"]
    overrides = sum(bool(each["override"]) for each in decisions)
    bound = upper_bound(wrong, len(eligible)) if eligible else 1.0
    reasons = list(why)
    if len(judged) < minimum:
        reasons.append(f"{minimum - len(judged)} more blind judgements are needed.")
    good = below(wrong, len(eligible), FALSE_POSITIVES) and (
        not decisions or below(overrides, len(decisions), OVERRIDES)
    )
    if not below(wrong, len(eligible), FALSE_POSITIVES):
        reasons.append("The false-positive rate is not shown to be below 5 %.")
    if decisions and not below(overrides, len(decisions), OVERRIDES):
        reasons.append("The override rate is not below 10 %.")
    if strict and bound >= 0.05:
        good = False
        reasons.append("The exact bound is not below 5 %.")
    mode = "SHADOW"
    if good and len(judged) >= minimum:
        mode = "AUTO"
    elif good and 2 * len(judged) >= minimum:
        mode = "REVIEW"
    return Trust(
        mode, len(judged), len(eligible), wrong, len(decisions), overrides, bound, minimum, tuple(reasons), since
    )  # fmt: skip


def _demotion(entries: Sequence[dict[str, Any]]) -> tuple[int, tuple[str, ...]]:
    """The last entry after which counting starts anew, and why."""
    last, why = 0, ""
    evaluations = {e["data"]["head"]: e["data"]["decision"] for e in entries if e["kind"] == "evaluation"}
    vault = ""
    for entry in entries:
        data = entry["data"]
        if entry["kind"] == "incident":
            last, why = entry["n"], "An incident was tied to a merge."
        elif entry["kind"] == "judgement" and data.get("confirmed") and evaluations.get(data["head"]) == "eligible":
            if data["verdict"] == "reject":
                last, why = entry["n"], "A false positive was confirmed."
        elif entry["kind"] == "evaluation" and data.get("vault"):
            if vault and data["vault"] != vault:
                last, why = entry["n"] - 1, "The scenario set changed."
            vault = data["vault"]
    return last, ((f"Counting starts anew after entry {last}: {why}",) if last else ())


def may_merge(state: Trust, report: dict[str, Any], head: str) -> tuple[bool, str]:
    """Whether this exact commit may be merged without a person, and why not."""
    if report["head"] != head:
        return False, f"{report['head'][:12]} was evaluated, not {head[:12]}"
    if report["gate"]["decision"] != "eligible":
        return False, f"it is {report['gate']['decision']}"
    if state.mode != "AUTO":
        return False, f"the mode is {state.mode}"
    blocking = [text for text in report["advisories"] if "No base" not in text]
    if blocking:
        return False, f"the wall has an advisory: {blocking[0]}"
    return True, "eligible, and the evaluator is trusted"
