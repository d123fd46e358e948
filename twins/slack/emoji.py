"""Short names of emoji, and the characters they stand for. The table is read when it is first asked for.

`emoji.txt` (code points, then short names) is made of https://github.com/iamcal/emoji-data (MIT licence), which the
service documents as the source of its names.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

TONES = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
"""Modifiers of skin tones, of which the first is number two."""
BEYOND = "\U0001f000-\U0001faff\U000e0020-\U000e007f"
"""Where emoji are beyond the first plane, as a character class says it: ranges, which are found fastest."""
LOW = 0x1F000
"""Characters below are emoji only with a variation selector behind them."""


@lru_cache(maxsize=1)
def _table() -> dict[str, str]:
    text = Path(__file__).with_name("emoji.txt").read_text(encoding="ascii")
    rows = (line.split(" ") for line in text.splitlines())
    return {name: row[0] for row in rows for name in row[1:]}


def code_points(name: str) -> str | None:
    """The code points of a short name, as `rich_text` tells them (`1f44d`); None for a name that is none."""
    return _table().get(name)


@lru_cache(maxsize=1)
def _characters() -> tuple[re.Pattern[str], re.Pattern[str], dict[str, str]]:
    """What finds runs of emoji quickly, what tells them apart, and the name of each."""
    names: dict[str, str] = {}
    for name, codes in _table().items():
        text = "".join(chr(int(code, 16)) for code in codes.split("-"))
        names.setdefault(text, name)
        if ord(text[0]) >= LOW:
            names.setdefault(text.replace("\ufe0f", ""), name)
    longest = sorted((text for text in names if not text.isascii()), key=len, reverse=True)
    below = sorted({letter for text in longest for letter in text if "\x7f" < letter < "\uffff"})
    within = f"{re.escape(''.join(below))}{BEYOND}"
    runs = re.compile(f"[{within}]+|[0-9#*]\ufe0f[{within}]*")
    return runs, re.compile(f"({'|'.join(map(re.escape, longest))})([{TONES}]?)"), names


def spelled(text: str) -> str:
    """A text whose emoji are written by name: `:tada:`, `:wave::skin-tone-4:`."""
    if text.isascii():
        return text
    runs, single, names = _characters()

    def name(match: re.Match[str]) -> str:
        tone = f":skin-tone-{TONES.index(match[2]) + 2}:" if match[2] else ""
        return f":{names[match[1]]}:{tone}"

    return runs.sub(lambda run: single.sub(name, run[0]), text)
