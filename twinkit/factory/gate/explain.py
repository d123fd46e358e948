"""What the gate means for so many scenarios and trials, in words and figures. Imports: rule, statistics."""

from __future__ import annotations

import math

from twinkit.factory.gate.rule import required
from twinkit.factory.gate.statistics import wilson


def scenario_pass_chance(rate: float, trials: int, need: int) -> float:
    """Chance that a scenario passes whose single trial passes with probability `rate`."""
    return sum(math.comb(trials, i) * rate**i * (1 - rate) ** (trials - i) for i in range(need, trials + 1))


def gate_pass_chance(chance: float, total: int, share: tuple[int, int]) -> float:
    """Chance that enough of `total` independent scenarios pass."""
    least = required(total, share)
    return sum(math.comb(total, i) * chance**i * (1 - chance) ** (total - i) for i in range(least, total + 1))


def explain(total: int, share: tuple[int, int], trials: int = 3, need: int = 2) -> str:
    """A page of plain text."""
    least = required(total, share)
    low, high = wilson(least, total)
    lines = [
        f"{total} scenarios, {trials} trials each, {need} passes needed per scenario.",
        f"Eligible from {least} passed on ({least}·{share[1]} ≥ {share[0]}·{total}); {total - least} may fail.",
        f"Exactly at the gate the 95 % interval of the true share is {low:.0%} to {high:.0%}.",
        "A critical scenario, a regression, an undetermined or invalid trial stops the change whatever the share.",
        "",
        "If one trial passes with probability   a scenario passes   the gate opens",
    ]
    for rate in (0.5, 0.7, 0.8, 0.9, 0.95, 0.99):
        chance = scenario_pass_chance(rate, trials, need)
        lines.append(f"{rate:38.0%} {chance:18.1%} {gate_pass_chance(chance, total, share):16.1%}")
    if least == total and total:
        lines += ["", f"With {total} scenarios every one must pass; from {_first_slack(share)} on one may fail."]
    return "\n".join(lines)


def _first_slack(share: tuple[int, int]) -> int:
    num, den = share
    return -(-den // (den - num)) if den > num else 0
