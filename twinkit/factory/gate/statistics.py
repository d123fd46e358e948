"""Exact and standard figures about proportions. Imports nothing of the kit.

Wilson's interval; the unbiased pass@k of Chen et al. 2021 and pass^k; the exact one-sided binomial bound
(Clopper and Pearson 1934), by bisection.
"""

from __future__ import annotations

import math
from fractions import Fraction


def wilson(passed: int, total: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """The 95 % score interval of a proportion; (0, 1) for no trials."""
    if not total:
        return 0.0, 1.0
    share = passed / total
    middle = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def pass_at(trials: int, passes: int, k: int) -> Fraction:
    """Chance that at least one of `k` trials drawn without replacement passed. Needs k ≤ trials."""
    if k > trials:
        raise ValueError(f"{k} of {trials} trials cannot be drawn")
    return 1 - Fraction(math.comb(trials - passes, k), math.comb(trials, k))


def pass_all(trials: int, passes: int, k: int) -> Fraction:
    """Chance that all of `k` trials drawn without replacement passed. Needs k ≤ trials."""
    if k > trials:
        raise ValueError(f"{k} of {trials} trials cannot be drawn")
    return Fraction(math.comb(passes, k), math.comb(trials, k))


def at_most(events: int, total: int, rate: float) -> float:
    """P(X ≤ events) for X binomial(total, rate)."""
    return sum(math.comb(total, i) * rate**i * (1 - rate) ** (total - i) for i in range(events + 1))


def upper_bound(events: int, total: int, confidence: float = 0.95) -> float:
    """The greatest rate that `events` of `total` does not refute at this one-sided confidence;
    1 for no observations.
    """
    if events >= total:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(100):
        middle = (low + high) / 2
        if at_most(events, total, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def clean_needed(rate: float, confidence: float = 0.95) -> int:
    """How many observations without an event show that the rate is below `rate`: 59 for 5 % at 95 %."""
    return math.ceil(math.log(1 - confidence) / math.log(1 - rate))
