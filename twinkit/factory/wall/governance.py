"""Files that rule the evaluation are read from base; a change that edits them is found out. Imports: git."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from pathlib import Path

from twinkit.factory import git


def matches(path: str, patterns: Sequence[str]) -> bool:
    """Whether a path is protected: `dir/**` takes in everything below, other patterns match the path or its name."""
    name = path.rsplit("/", 1)[-1]
    for pattern in patterns:
        if pattern.endswith("/**") and (path.lower() + "/").startswith(pattern[:-2].lower()):
            return True
        if fnmatch.fnmatchcase(path.lower(), pattern.lower()):
            return True
        if "/" not in pattern and fnmatch.fnmatchcase(name.lower(), pattern.lower()):
            return True
    return False


def protected_changes(repo: Path, base: str, head: str, patterns: Sequence[str]) -> list[str]:
    """Protected paths that differ between two commits. Case does not matter: some file systems fold it."""
    return [path for path in git.changed(repo, base, head) if matches(path, patterns)]
