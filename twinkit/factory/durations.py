"""Lengths of time as people write them: `2s`, `500ms`, `16 minutes`, `1h 30m`. Imports: twinkit.errors."""

from __future__ import annotations

import re

from twinkit.errors import UsageError

UNITS = {
    "ms": 0.001, "millisecond": 0.001, "milliseconds": 0.001,
    "s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0,
    "m": 60.0, "min": 60.0, "minute": 60.0, "minutes": 60.0,
    "h": 3600.0, "hour": 3600.0, "hours": 3600.0,
    "d": 86400.0, "day": 86400.0, "days": 86400.0,
    "w": 604800.0, "week": 604800.0, "weeks": 604800.0,
}  # fmt: skip
PATTERN = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")
WORDS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10}
_UNITS = sorted(UNITS, key=len, reverse=True)
_SPOKEN = "|".join(unit for unit in _UNITS if len(unit) > 3 or unit == "day")
REGEXP = rf"(?:\d+(?:\.\d+)? ?(?:{'|'.join(_UNITS)})|(?:{'|'.join(WORDS)}) (?:{_SPOKEN}))\b"
"""What a step's `{duration}` parameter matches."""


def seconds(value: str | int | float) -> float:
    """The length in seconds; a bare number is seconds already. Raises UsageError."""
    if isinstance(value, bool) or (isinstance(value, (int, float)) and value < 0):
        raise UsageError(f"{value!r} is no duration; write for example 2s, 500ms or 16 minutes")
    if isinstance(value, (int, float)):
        return float(value)
    text = re.sub(r"[a-z]+(?= )", lambda word: str(WORDS.get(word.group(0), word.group(0))), value.strip().lower())
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    rest = PATTERN.sub("", text).replace("and", "").strip(" ,")
    parts = PATTERN.findall(text)
    if rest or not parts or any(unit not in UNITS for _, unit in parts):
        raise UsageError(f"{value!r} is no duration; write for example 2s, 500ms or 16 minutes")
    return sum(float(number) * UNITS[unit] for number, unit in parts)
