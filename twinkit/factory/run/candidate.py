"""What is evaluated: exact commits, and the rules it is evaluated by, read from base.

Imports: git, config, specs, wall.

A change can never alter factory.toml, the specifications or another protected file for its own evaluation.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from twinkit.errors import UsageError
from twinkit.factory import git
from twinkit.factory.config import Config, parse_config
from twinkit.factory.finding import Finding
from twinkit.factory.specs.lint import load_specifications
from twinkit.factory.specs.model import Specification
from twinkit.factory.wall.governance import protected_changes
from twinkit.factory.wall.hidden import hidden_characters
from twinkit.factory.wall.telltales import telltales


@dataclass(slots=True)
class Candidate:
    """`governor` is the commit that config and specifications come from: base, or head when there is no base."""

    repo: Path
    name: str
    head: str
    tree: str
    base: str
    base_tree: str
    governor: str
    config: Config
    specifications: list[Specification]
    integrity: list[str]
    advisories: list[str]

    @property
    def has_base(self) -> bool:
        """Whether there is another tree to compare with."""
        return bool(self.base_tree) and self.base_tree != self.tree

    def moved(self) -> str:
        """Why head is no longer what was evaluated, or nothing."""
        try:
            now = git.commit(self.repo, self.name)
        except UsageError:
            return f"{self.name} is gone; {self.head[:12]} was evaluated."
        return "" if now == self.head else f"{self.name} moved to {now[:12]}; {self.head[:12]} was evaluated."


def open_candidate(project: Path, head: str, base: str) -> Candidate:
    """Resolve everything. Raises UsageError."""
    if not project.is_dir():
        raise UsageError(f"{project} is no folder")
    repo = Path(git.output(project, "rev-parse", "--show-toplevel"))
    head_sha = git.commit(repo, head)
    base_sha = git.commit(repo, base) if base else _default_base(repo, head_sha)
    governor = base_sha or head_sha
    raw = git.read(repo, governor, "factory.toml")
    if raw is None:
        raise UsageError(f"{governor[:12]} has no factory.toml; run `factory init` and commit it")
    config = parse_config(raw.decode("utf-8", "replace"))
    specifications = read_specifications(repo, governor, config.specs)
    integrity: list[str] = []
    advisories: list[str] = []
    if base_sha and base_sha != head_sha:
        extra = tuple(pattern for each in specifications for pattern in each.protected)
        changes = protected_changes(repo, base_sha, head_sha, (*config.protected, *extra))
        integrity += [f"The change edits the protected file {path}." for path in changes]
        advisories += hidden_characters(repo, base_sha, head_sha)
        advisories += telltales(repo, base_sha, head_sha)
    else:
        advisories.append("No base: factory.toml and specifications are the change's own.")
    integrity += [f"The commit cannot be exported: {problem}." for problem in git.unsafe_entries(repo, head_sha)]
    advisories += _left_out(repo, head) + _unread(repo, base_sha, head_sha)
    base_tree = git.tree(repo, base_sha) if base_sha else ""
    return Candidate(
        repo, head, head_sha, git.tree(repo, head_sha), base_sha, base_tree, governor, config, specifications,
        integrity, advisories,
    )  # fmt: skip


def _left_out(repo: Path, name: str) -> list[str]:
    """What is in the working tree, and not in what is evaluated."""
    if name == "HEAD" and git.uncommitted(repo):
        return ["The working tree has changes that are not committed; the commit is evaluated without them."]
    return []


def _unread(repo: Path, base: str, head: str) -> list[str]:
    """Submodules that a change moves: their code runs in the trials, and nobody looked through what is new in it."""
    known = {entry.path: entry.id for entry in git.entries(repo, base) if entry.submodule} if base else {}
    moved = [entry for entry in git.entries(repo, head) if entry.submodule and known.get(entry.path) != entry.id]
    return [
        f"The change moves submodule {each.path} to {each.id[:12]}; what is new in it was not read." for each in moved
    ]


def _default_base(repo: Path, head: str) -> str:
    for name in ("main", "master"):
        try:
            return git.merge_base(repo, git.commit(repo, name), head) or ""
        except UsageError:
            continue
    return ""


def read_specifications(repo: Path, sha: str, folder: str) -> list[Specification]:
    """The specifications of a commit; those that cannot be read are left to `factory lint`."""
    return linted_specifications(repo, sha, folder)[0]


def linted_specifications(repo: Path, sha: str, folder: str) -> tuple[list[Specification], list[Finding]]:
    """The specifications of a commit, and what is to be said of them."""
    found = [entry for entry in git.entries(repo, sha, folder) if entry.path.endswith(".md") and entry.mode != "120000"]
    with tempfile.TemporaryDirectory() as scratch:
        for entry, content in zip(found, git.blobs(repo, [entry.id for entry in found]), strict=True):
            place = Path(scratch) / entry.path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        root = Path(scratch) / folder
        return load_specifications(root) if root.is_dir() else ([], [])
