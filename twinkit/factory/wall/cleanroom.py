"""The coder's clean room: the files of one commit, one root commit, no history, remotes or reflogs.

Imports: git, errors.

What the coder did comes back through the operator's own git directory: the room's `.git` (hooks, filters, config) is
never used again once the coder has been inside.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from twinkit.errors import UsageError
from twinkit.factory import git
from twinkit.factory.errors import IntegrityError

MAX_CHANGE = 5_000_000
MAX_FILES = 2_000


@dataclass(frozen=True, slots=True)
class Change:
    """What came back: a commit on base in the operator's repository, its tree, and the patch as text."""

    head: str
    tree: str
    patch: str
    paths: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Nothing was changed."""
        return not self.paths


class CleanRoom:
    """`folder` holds the files; `home` is the coder's own HOME."""

    def __init__(self, repo: Path, base: str, root: Path) -> None:
        self.repo = repo
        self.base = base
        self.folder = root / "room"
        self.home = root / "home"
        self.temporary = root / "tmp"
        self._index = root / "index"

    def make(self) -> None:
        """Fresh files and a fresh root commit. Raises IntegrityError, UsageError."""
        for folder in (self.folder, self.home, self.temporary):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        git.export(self.repo, self.base, self.folder)
        git.run(self.folder, "init", "--quiet", "--initial-branch=work", "--template=")
        git.run(self.folder, "config", "core.logAllRefUpdates", "false")
        git.run(self.folder, "add", "--all", "--force")
        git.run(self.folder, "commit", "--quiet", "--allow-empty", "--message=Start", "--no-verify")

    def lay(self, sha: str) -> None:
        """Put the files of another commit in: what an earlier attempt had left here. Raises IntegrityError."""
        for path in self.folder.iterdir():
            if path.name == ".git":
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        git.export(self.repo, sha, self.folder)

    def apply(self, patch: str) -> None:
        """Apply a patch to the files. Raises IntegrityError when it does not fit or reaches outside."""
        check_patch(patch)
        done = subprocess.run(
            ["git", *git.SAFE, "apply", "--whitespace=nowarn", "--binary", "-"],
            input=patch.encode(), cwd=self.folder, capture_output=True, env=git.environment(), check=False,
        )  # fmt: skip
        if done.returncode:
            raise IntegrityError(f"the patch does not apply: {done.stderr.decode('utf-8', 'replace').strip()[:500]}")

    def take(self, message: str) -> Change:
        """The room's files as a commit on base, in the operator's repository. Raises IntegrityError."""
        self._check_files()
        env = {**git.environment(), "GIT_INDEX_FILE": str(self._index), "GIT_WORK_TREE": str(self.folder)}
        self._index.unlink(missing_ok=True)
        self._git(env, "read-tree", self.base)
        with self._modules_aside() as modules:
            self._git(env, "add", "--all", "--force", "--", ".")
        for entry in modules:
            self._git(env, "update-index", "--add", "--cacheinfo", f"160000,{entry.id},{entry.path}")
        tree = self._git(env, "write-tree")
        head = self._git(env, "commit-tree", tree, "-p", self.base, "-m", message)
        problems = git.unsafe_entries(self.repo, head)
        if problems:
            raise IntegrityError("; ".join(problems[:5]))
        paths = tuple(git.changed(self.repo, self.base, head))
        patch = git.run(self.repo, "diff-tree", "-p", "--no-renames", "--no-textconv", self.base, head).stdout
        if len(patch) > MAX_CHANGE:
            raise IntegrityError(f"the change is larger than {MAX_CHANGE} bytes")
        return Change(head, tree, patch.decode("utf-8", "replace"), paths)

    @contextlib.contextmanager
    def _modules_aside(self) -> Iterator[list[git.Entry]]:
        """Without the files of submodules, which other repositories have. Raises IntegrityError when one was edited."""
        found = [entry for entry in git.entries(self.repo, self.base) if entry.submodule]
        aside = self._index.with_name("modules")
        shutil.rmtree(aside, ignore_errors=True)
        for number, entry in enumerate(found):
            fresh = aside / f"fresh-{number}"
            git.export(git.submodule(self.repo, self.base, entry), entry.id, fresh)
            if files_of(self.folder / entry.path) != files_of(fresh):
                raise IntegrityError(f"the change edits {entry.path}, which is a submodule: another repository")
        for number, entry in enumerate(found):
            (self.folder / entry.path).rename(aside / str(number))
        try:
            yield found
        finally:
            for number, entry in enumerate(found):
                (self.folder / entry.path).parent.mkdir(parents=True, exist_ok=True)
                (aside / str(number)).rename(self.folder / entry.path)

    def _check_files(self) -> None:
        """Before git reads anything: sizes, special files, nested repositories."""
        entries = git.entries(self.repo, self.base)
        known = {entry.path for entry in entries}
        modules = tuple(f"{entry.path}/" for entry in entries if entry.submodule)
        count = size = 0
        for folder, folders, files in os.walk(self.folder, followlinks=False):
            place = Path(folder)
            if place == self.folder and ".git" in folders:
                folders.remove(".git")
            for name in (*files, *folders):
                path = place / name
                if name.lower() in (".git", "git~1"):
                    raise IntegrityError(f"{path.relative_to(self.folder)} is a repository inside the tree")
                if path.is_symlink() or path.is_dir():
                    continue
                if not path.is_file():
                    raise IntegrityError(f"{path.relative_to(self.folder)} is no plain file")
                own = str(path.relative_to(self.folder))
                if own not in known and not own.startswith(modules):
                    count += 1
                    size += path.stat().st_size
        if count > MAX_FILES or size > MAX_CHANGE:
            raise IntegrityError(
                f"the change adds {count} files of {size} bytes; allowed are {MAX_FILES} of {MAX_CHANGE}"
            )

    def _git(self, env: dict[str, str], *arguments: str) -> str:
        done = subprocess.run(
            ["git", *git.SAFE, "-C", str(self.folder), f"--git-dir={_git_dir(self.repo)}", *arguments],
            capture_output=True, env=env, check=False,
        )  # fmt: skip
        if done.returncode:
            raise UsageError(f"git {arguments[0]}: {done.stderr.decode('utf-8', 'replace').strip()}")
        return done.stdout.decode().strip()


def files_of(folder: Path) -> dict[str, bytes]:
    """Path → content, of links where they lead."""
    return {
        str(path.relative_to(folder)): str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def _git_dir(repo: Path) -> str:
    return git.output(repo, "rev-parse", "--absolute-git-dir")


def check_patch(patch: str) -> None:
    """Raises IntegrityError for a patch that is too large or that no honest coder sends."""
    if len(patch.encode("utf-8", "surrogateescape")) > MAX_CHANGE:
        raise IntegrityError(f"the patch is larger than {MAX_CHANGE} bytes")
    for line in patch.split("\n"):
        if line.startswith(("+++ ", "--- ", "rename to ", "copy to ", "diff --git ")):
            for word in line.split(" ")[1:]:
                parts = word.strip('"').split("/")
                if ".." in parts or any(part.lower() == ".git" for part in parts):
                    raise IntegrityError(f"the patch names {word!r}")
        if line.startswith(("new file mode 120000", "new mode 120000", "new file mode 160000")):
            raise IntegrityError("the patch makes a symbolic link or a submodule")
