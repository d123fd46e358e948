"""Branches, pushes and the merge of exactly the evaluated commit. Imports: git.

Nothing is ever forced: a target that moved keeps what it has, and a person decides.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from twinkit.errors import UsageError
from twinkit.factory import git

SECRET = re.compile(r"://[^@/\s]+@")
NOTHING = "0" * 40


def target_branch(repo: Path, head: str) -> str:
    """The branch that changes go into: `head`, or what HEAD is on. Raises UsageError."""
    if head == "HEAD":
        done = git.run(repo, "symbolic-ref", "--quiet", "--short", "HEAD", check=False)
        head = done.stdout.decode().strip()
    if not head or git.run(repo, "rev-parse", "--verify", "--quiet", f"refs/heads/{head}", check=False).returncode:
        raise UsageError(f"say which branch changes go into: --head BRANCH ({head or 'a detached HEAD'!r} is none)")
    return head


def publish(repo: Path, branch: str, head: str, remote: str) -> None:
    """The branch at `head`, here and at the remote. Raises UsageError with git's own words."""
    git.output(repo, "update-ref", f"refs/heads/{branch}", head)
    if remote:
        problem = _push(repo, remote, head, branch)
        if problem:
            raise UsageError(f"the change cannot be pushed to {_plain(remote.encode())!r}: {problem}")


def merge(repo: Path, target: str, expected: str, head: str, remote: str) -> str:
    """Move `target` from `expected` to exactly `head`; returns why not, or nothing. Done before: done."""
    now = git.commit(repo, f"refs/heads/{target}")
    if now != head:
        if now != expected:
            return f"{target} moved to {now[:12]} since the change was begun"
        if remote and (problem := _push(repo, remote, head, target)):
            return f"{_plain(remote.encode())} does not take it: {problem}"
        place = _checked_out(repo, target)
        if place is None:
            done = git.run(repo, "update-ref", f"refs/heads/{target}", head, expected, check=False)
        else:
            done = git.run(place, "merge", "--ff-only", "--quiet", head, check=False)
        if done.returncode:
            return f"git does not merge it: {_plain(done.stderr)}"
    elif remote and (problem := _push(repo, remote, head, target)):
        return f"{_plain(remote.encode())} does not take it: {problem}"
    return ""


def _checked_out(repo: Path, branch: str) -> Path | None:
    """The working tree that has the branch, whose files move with it."""
    place: Path | None = None
    for line in git.output(repo, "worktree", "list", "--porcelain").splitlines():
        if line.startswith("worktree "):
            place = Path(line.removeprefix("worktree "))
        elif line == f"branch refs/heads/{branch}":
            return place
    return None


def _push(repo: Path, remote: str, head: str, branch: str) -> str:
    """With the operator's own git credentials, and without hooks; returns git's words when it fails."""
    argv = ["git", "-c", "core.hooksPath=/dev/null", "-C", str(repo), "push", "--quiet", "--porcelain", "--", remote]
    try:
        done = subprocess.run(
            [*argv, f"{head}:refs/heads/{branch}"], capture_output=True, check=False, timeout=300,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "no answer for five minutes"
    return _plain(done.stderr or done.stdout) if done.returncode else ""


def _plain(words: bytes) -> str:
    """Without what may be a password in an address."""
    return SECRET.sub("://", words.decode("utf-8", "replace")).strip()[:500]
