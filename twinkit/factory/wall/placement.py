"""Is the vault where the coder cannot have it? Paths resolved, parents, git objects, submodules.

Imports: git, errors.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from twinkit.factory import git


def problems(project: Path, vault: Path, head: str) -> list[str]:
    """Why the wall does not hold; empty when it does."""
    return [*_nesting(project, vault), *_links(project, vault), *_objects(project, vault, head)]


def _nesting(project: Path, vault: Path) -> Iterator[str]:
    inner, outer = vault.resolve(), project.resolve()
    if inner == outer or inner.is_relative_to(outer):
        yield f"The vault {vault} is inside the project; move it out."
    elif outer.is_relative_to(inner):
        yield f"The project is inside the vault {vault}; move one of them."


def _links(project: Path, vault: Path) -> Iterator[str]:
    """Symbolic links into the vault, and hard links to its files, below the project."""
    inner = vault.resolve()
    inodes: dict[tuple[int, int], str] = {}
    for path in inner.rglob("*"):
        if path.is_file():
            status = path.stat()
            if status.st_nlink > 1:
                inodes[status.st_dev, status.st_ino] = path.name
    for folder, folders, files in os.walk(project, followlinks=False):
        if ".git" in folders:
            folders.remove(".git")
        for name in (*folders, *files):
            path = Path(folder) / name
            if path.is_symlink() and path.resolve().is_relative_to(inner):
                yield f"{path.relative_to(project)} is a link into the vault; remove it."
            elif inodes and path.is_file() and not path.is_symlink():
                status = path.stat()
                if (status.st_dev, status.st_ino) in inodes:
                    yield f"{path.relative_to(project)} is a hard link to a file of the vault; remove it."


def _objects(project: Path, vault: Path, head: str) -> Iterator[str]:
    """Scenario files whose exact content is an object of the project's repository, and a vault that is its
    submodule.
    """
    files = sorted((vault / "scenarios").rglob("*.md"))
    if files:
        ids = [git.output(project, "hash-object", "--no-filters", str(path.resolve())) for path in files]
        raw = git.run(project, "cat-file", "--batch-check", input="".join(f"{id}\n" for id in ids).encode()).stdout
        for path, line in zip(files, raw.decode().splitlines(), strict=True):
            if not line.endswith("missing"):
                yield f"scenarios/{path.relative_to(vault / 'scenarios')} is an object of the project's git repository."
    modules = git.read(project, head, ".gitmodules") or b""
    if vault.resolve().name.encode() in modules:
        yield f"The project has a submodule that names the vault {vault.resolve().name!r}."
