"""The source of randomness of one example: quick, and decided by the seed and the stream alone. Imports: seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from twinkit.seeds import draw

T = TypeVar("T")
_MASK = (1 << 64) - 1


class Draw:
    """Numbers for one example (splitmix64), and what the example as a whole has agreed on."""

    __slots__ = ("budget", "level", "optional", "person", "state", "strict")

    def __init__(self, seed: int, stream: str, *, optional: bool, budget: int) -> None:
        self.state = draw(seed, f"examples/{stream}", 0) & _MASK
        self.optional = optional
        """Whether properties that are not required are given, and null is avoided."""
        self.budget = budget
        """How many more values may be made before what is optional is left out."""
        self.strict = True
        """Whether what cannot be made to fit is left out (or, where it is required, not made at all)."""
        self.level = 0
        """How deep the value being made lies."""
        self.person = self.below(1 << 30)
        """Which person the names, e-mail and address of this record belong to."""

    def below(self, bound: int) -> int:
        """An integer in [0, bound)."""
        self.state = (self.state + 0x9E3779B97F4A7C15) & _MASK
        mixed = self.state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return (mixed ^ (mixed >> 31)) % bound

    def choice(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[self.below(len(items))]

    def text(self, alphabet: str, length: int) -> str:
        """Characters of an alphabet."""
        return "".join([alphabet[self.below(len(alphabet))] for _ in range(length)])
