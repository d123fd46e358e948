"""Characters that a reviewer does not see: direction overrides, zero width, tags. Imports: git."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

from twinkit.factory import git

ALLOWED = {"\u200d", "\ufeff", "\u00ad"}
RANGES = ((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x2069), (0xE0000, 0xE007F), (0xFE00, 0xFE0E), (0x180B, 0x180E))


def suspicious(text: str) -> Iterator[tuple[int, str]]:
    """(line, name) of every hidden character; joiners inside emoji and a leading byte order mark are fine."""
    for number, line in enumerate(text.split("\n"), start=1):
        for character in line:
            code = ord(character)
            if character not in ALLOWED and any(low <= code <= high for low, high in RANGES):
                yield number, unicodedata.name(character, f"U+{code:04X}")


def hidden_characters(repo: Path, base: str, head: str) -> list[str]:
    """One sentence per changed file that holds any."""
    paths = set(git.changed(repo, base, head))
    entries = [entry for entry in git.entries(repo, head) if entry.path in paths and entry.mode.startswith("100")]
    notes: list[str] = []
    for entry, content in zip(entries, git.blobs(repo, [entry.id for entry in entries]), strict=True):
        found = next(suspicious(content.decode("utf-8", "ignore")), None)
        if found and b"\0" not in content[:8000]:
            notes.append(f"{entry.path}:{found[0]} holds a hidden character ({found[1]}).")
    return notes
