"""Texts in Okta's small languages, taken apart: filters and expressions. Imports nothing of the twin."""

from __future__ import annotations

import re
from collections.abc import Iterator


def tokens(pattern: str, text: str, wrong: type[ValueError]) -> Iterator[tuple[str, str]]:
    """(kind, word) of each token: the name of the pattern's group that matched. Raises `wrong` where none does."""
    place = 0
    text = text.rstrip()
    compiled = re.compile(pattern)
    while place < len(text):
        match = compiled.match(text, place)
        if match is None:
            raise wrong(f"unexpected {text[place : place + 10]!r}")
        kind = str(match.lastgroup)
        yield kind, match[kind]
        place = match.end()
