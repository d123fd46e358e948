"""Finds scenario text where it must not be: canaries, and shingles of scenario sentences. Imports: errors.

Works on plain texts, so that coder-side code may use it without importing scenarios. What the specification says itself
is public and never a hit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from twinkit.factory.errors import Leak

WORD = re.compile(r"[^\W_]+", re.UNICODE)
LENGTH = 5
SHORTEST = 4


@dataclass(frozen=True, slots=True)
class Hit:
    """Where (`place`) text of which scenario was found."""

    place: str
    scenario: str
    kind: str

    def __str__(self) -> str:
        return f"{self.kind} of a scenario in the {self.place}"


def words(text: str) -> list[str]:
    """Lower-case words without punctuation."""
    return [word.lower() for word in WORD.findall(text)]


def shingles(sentence: str) -> set[tuple[str, ...]]:
    """Runs of five words; a sentence of four words is one shingle, shorter ones are too common to count."""
    found = words(sentence)
    if len(found) < SHORTEST:
        return set()
    if len(found) <= LENGTH:
        return {tuple(found)}
    return {tuple(found[at : at + LENGTH]) for at in range(len(found) - LENGTH + 1)}


class Scanner:
    """`sentences` maps scenario id to its sentences; `public` is what the coder knows anyway."""

    def __init__(self, sentences: Mapping[str, Iterable[str]], canaries: Iterable[str], public: str = "") -> None:
        known = words(public)
        allowed = {tuple(known[at : at + size]) for size in (4, 5) for at in range(len(known) - size + 1)}
        self._owner: dict[tuple[str, ...], str] = {}
        for scenario, lines in sentences.items():
            for line in lines:
                for shingle in shingles(line) - allowed:
                    self._owner.setdefault(shingle, scenario)
        self._canaries = [canary for canary in canaries if canary]

    def hits(self, place: str, text: str) -> list[Hit]:
        """Every scenario whose text is found, once per kind."""
        found: dict[tuple[str, str], Hit] = {}
        for canary in self._canaries:
            if canary.lower() in text.lower():
                found["", "canary"] = Hit(place, "", "a canary")
        known = words(text)
        for size in (SHORTEST, LENGTH):
            for at in range(len(known) - size + 1):
                owner = self._owner.get(tuple(known[at : at + size]))
                if owner is not None:
                    found[owner, "text"] = Hit(place, owner, "the text")
        return list(found.values())

    def check(self, place: str, text: str) -> None:
        """Raises Leak at the first hit."""
        for hit in self.hits(place, text):
            raise Leak(str(hit), hit.scenario)
