"""How many, as people say it: `no`, `two`, `exactly 3`, `at most one`, `at least 2`, `once`, `never`.

Imports nothing of the kit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

NUMBERS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
_WORDS = {word: number for number, word in enumerate(NUMBERS)} | {"no": 0, "none": 0, "a": 1, "an": 1, "a single": 1}
_TIMES = {"never": 0, "once": 1, "twice": 2}
_NUMBER = rf"(?:\d+|{'|'.join(sorted(_WORDS, key=len, reverse=True))})"
_EXACTLY, _MOST, _LEAST = (
    "exactly|only|just|precisely",
    "at most|no more than|not more than|up to",
    "at least|no fewer than",
)
_BOUND = rf"(?:{_EXACTLY}|{_MOST}|{_LEAST})"
COUNT = rf"(?:{_BOUND} )?{_NUMBER}"
"""What `{count}` matches."""
TIMES = rf"(?:{_BOUND} )?(?:{_NUMBER} times?|{'|'.join(_TIMES)})"
"""What `{times}` matches."""
_PARTS = re.compile(rf"(?:({_BOUND}) )?(.+?)(?: times?)?")


@dataclass(frozen=True, slots=True)
class Count:
    """From `least` to `most`; without an end when `most` is None."""

    least: int
    most: int | None

    def __contains__(self, number: int) -> bool:
        return self.least <= number and (self.most is None or number <= self.most)

    @property
    def absence(self) -> bool:
        """Whether nothing at all would do: such a count proves nothing by itself."""
        return self.least == 0

    def __str__(self) -> str:
        if self.most is None:
            return f"at least {self.least}"
        return str(self.most) if self.least == self.most else f"at most {self.most}"


def count(text: str) -> Count:
    """The count that a text matching `COUNT` or `TIMES` says."""
    found = _PARTS.fullmatch(text)
    assert found is not None, text
    bound, word = found.groups()
    number = {**_WORDS, **_TIMES}[word] if word in _WORDS or word in _TIMES else int(word)
    if bound and re.fullmatch(_MOST, bound):
        return Count(0, number)
    return Count(number, None if bound and re.fullmatch(_LEAST, bound) else number)
