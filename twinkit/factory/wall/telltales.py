"""Words in a change that only twins say: code that has them may behave where it is tested and nowhere else.

Imports: git.
"""

from __future__ import annotations

import re
from pathlib import Path

from twinkit.factory import git

TELLTALES = re.compile(r"twin[-_]?kit|/_twin\b|twin-(?:control|fault|fidelity|instance)|twinbot", re.IGNORECASE)
PROSE = (".md", ".rst", ".txt")


def telltales(repo: Path, base: str, head: str) -> list[str]:
    """One sentence per changed file, other than prose, that holds any."""
    paths = {path for path in git.changed(repo, base, head) if not path.endswith(PROSE)}
    entries = [entry for entry in git.entries(repo, head) if entry.path in paths and entry.mode.startswith("100")]
    notes: list[str] = []
    for entry, content in zip(entries, git.blobs(repo, [entry.id for entry in entries]), strict=True):
        text = content.decode("utf-8", "ignore")
        found = TELLTALES.search(text)
        if found and b"\0" not in content[:8000]:
            line = text.count("\n", 0, found.start()) + 1
            notes.append(
                f"{entry.path}:{line} says {found.group()!r}, which only a twin would: see that the app does the same "
                "where it is not tested."
            )
    return notes
