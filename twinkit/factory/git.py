"""Git by plumbing commands only: exact objects, no attributes, filters, hooks or configuration of the repository.

Imports: errors. A commit is exported blob by blob, so `export-ignore` and smudge filters cannot change what is tested.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from twinkit.errors import UsageError
from twinkit.factory.errors import IntegrityError

SAFE = (
    "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.attributesFile=/dev/null",
    "-c", "protocol.ext.allow=never", "-c", "safe.directory=*", "-c", "gc.auto=0", "-c", "commit.gpgSign=false",
)  # fmt: skip
LFS = b"version https://git-lfs.github.com/spec/"
LFS_OID = re.compile(rb"^oid sha256:([0-9a-f]{64})$", re.MULTILINE)
MAX_FILES = 200_000
MAX_BYTES = 2_000_000_000


def environment() -> dict[str, str]:
    """What git sees of the environment: no user or system configuration, fixed identity."""
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": "/nonexistent",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_AUTHOR_NAME": "factory",
        "GIT_AUTHOR_EMAIL": "factory@localhost",
        "GIT_COMMITTER_NAME": "factory",
        "GIT_COMMITTER_EMAIL": "factory@localhost",
        "LC_ALL": "C",
    }


def run(
    repo: Path, *arguments: str, input: bytes | None = None, check: bool = True
) -> subprocess.CompletedProcess[bytes]:
    """`git -C repo …`. Raises UsageError with git's own words."""
    try:
        done = subprocess.run(
            ["git", *SAFE, "-C", str(repo), *arguments],
            input=input,
            capture_output=True,
            env=environment(),
            check=False,
        )
    except FileNotFoundError:
        raise UsageError("install git: the command was not found") from None
    if check and done.returncode:
        raise UsageError(f"git {arguments[0]}: {done.stderr.decode('utf-8', 'replace').strip()}")
    return done


def output(repo: Path, *arguments: str) -> str:
    """Standard output of a git command, stripped. Raises UsageError."""
    return run(repo, *arguments).stdout.decode("utf-8", "replace").strip()


def commit(repo: Path, name: str) -> str:
    """The full id of the commit that `name` means. Raises UsageError."""
    done = run(repo, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", check=False)
    if done.returncode:
        raise UsageError(f"{repo} has no commit {name!r}")
    return done.stdout.decode().strip()


def tree(repo: Path, sha: str) -> str:
    """The id of a commit's tree."""
    return output(repo, "rev-parse", "--verify", "--end-of-options", f"{sha}^{{tree}}")


def merge_base(repo: Path, one: str, other: str) -> str | None:
    """Where two commits parted, or None."""
    done = run(repo, "merge-base", one, other, check=False)
    return done.stdout.decode().strip() or None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a tree: mode, object id and path."""

    mode: str
    id: str
    path: str

    @property
    def link(self) -> bool:
        """A symbolic link."""
        return self.mode == "120000"

    @property
    def submodule(self) -> bool:
        """A commit of another repository."""
        return self.mode == "160000"


def entries(repo: Path, sha: str, *paths: str) -> list[Entry]:
    """Every file of a commit, in path order."""
    raw = run(repo, "ls-tree", "-r", "-z", "--full-tree", sha, "--", *paths).stdout
    found: list[Entry] = []
    for line in raw.split(b"\0"):
        if line:
            meta, path = line.split(b"\t", 1)
            mode, _, id = meta.decode().split(" ")
            found.append(Entry(mode, id, path.decode("utf-8", "surrogateescape")))
    return found


def read(repo: Path, sha: str, path: str) -> bytes | None:
    """One file of a commit, or None."""
    done = run(repo, "cat-file", "blob", f"{sha}:{path}", check=False)
    return None if done.returncode else done.stdout


def changed(repo: Path, base: str, head: str) -> list[str]:
    """Paths that differ between two commits, both sides of a rename."""
    raw = run(repo, "diff-tree", "-r", "-z", "--no-renames", "--name-only", base, head).stdout
    return [path.decode("utf-8", "surrogateescape") for path in raw.split(b"\0") if path]


def blobs(repo: Path, ids: list[str]) -> Iterator[bytes]:
    """Contents of blobs, in order, by one `cat-file --batch`."""
    if not ids:
        return
    raw = run(repo, "cat-file", "--batch", input="".join(f"{id}\n" for id in ids).encode()).stdout
    at = 0
    for id in ids:
        end = raw.index(b"\n", at)
        header = raw[at:end].split()
        if len(header) != 3 or header[1] != b"blob":
            raise IntegrityError(f"object {id} of the commit is missing or no file")
        size = int(header[2])
        yield raw[end + 1 : end + 1 + size]
        at = end + 1 + size + 1


def unsafe_entries(repo: Path, sha: str) -> list[str]:
    """Why a commit must not be exported: links that leave the tree, odd paths. Empty when it may."""
    problems: list[str] = []
    found = entries(repo, sha)
    if len(found) > MAX_FILES:
        problems.append(f"{len(found)} files are more than {MAX_FILES}")
    links = [entry for entry in found if entry.link]
    for entry, target in zip(links, blobs(repo, [entry.id for entry in links]), strict=True):
        if leaves(entry.path, target.decode("utf-8", "surrogateescape")):
            problems.append(f"{entry.path} is a link to {target.decode('utf-8', 'replace')!r}, outside the tree")
    for entry in found:
        parts = PurePosixPath(entry.path).parts
        if ".." in parts or any(part.lower() == ".git" for part in parts) or entry.path.startswith("/"):
            problems.append(f"{entry.path!r} is no safe path")
    return problems


def uncommitted(repo: Path) -> bool:
    """Whether the working tree differs from its commit; new files count unless they are ignored."""
    done = run(repo, "status", "--porcelain", "--ignore-submodules", check=False)
    return done.returncode == 0 and bool(done.stdout.strip())


def lfs_content(repo: Path, path: str, content: bytes) -> bytes:
    """The file that a Git LFS pointer stands for; other content as it is. Raises UsageError when it was not fetched.

    Source: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
    """
    if len(content) > 1024 or not content.startswith(LFS):
        return content
    found = LFS_OID.search(content)
    if found is None:
        return content
    oid = found.group(1).decode()
    common = output(repo, "rev-parse", "--path-format=absolute", "--git-common-dir")
    try:
        real = (Path(common) / "lfs" / "objects" / oid[:2] / oid[2:4] / oid).read_bytes()
    except OSError:
        raise UsageError(f"{path} is a Git LFS pointer and its file is not here; run `git lfs fetch`") from None
    if hashlib.sha256(real).hexdigest() != oid:
        raise IntegrityError(f"the Git LFS file of {path} is damaged")
    return real


def leaves(path: str, target: str) -> bool:
    """Whether a link at `path` with this `target` points out of the tree."""
    if target.startswith("/") or not target:
        return True
    depth: list[str] = list(PurePosixPath(path).parent.parts)
    for part in PurePosixPath(target).parts:
        if part == "..":
            if not depth:
                return True
            depth.pop()
        else:
            depth.append(part)
    return False


def submodule(repo: Path, sha: str, entry: Entry) -> Path:
    """The local repository with the commit of a submodule: what `git submodule update` left in this one.

    Nothing is fetched, so that an address which a change names is never followed. Raises UsageError, IntegrityError.
    """
    listed = run(
        repo, "config", "-z", "--blob", f"{sha}:.gitmodules", "--get-regexp", r"^submodule\..*\.path$", check=False
    )
    names = {
        path: key.removeprefix("submodule.").removesuffix(".path")
        for key, _, path in (line.partition("\n") for line in listed.stdout.decode("utf-8", "replace").split("\0"))
    }
    name = names.get(entry.path, entry.path)
    if ".." in PurePosixPath(name).parts or name.startswith("/"):
        raise IntegrityError(f"{name!r} is no safe name of a submodule")
    folders = [
        output(repo, "rev-parse", "--path-format=absolute", which) for which in ("--git-dir", "--git-common-dir")
    ]
    top = run(repo, "rev-parse", "--show-toplevel", check=False).stdout.decode("utf-8", "surrogateescape").strip()
    places = [Path(folder) / "modules" / name for folder in folders]
    places += [Path(top) / entry.path] if top and (Path(top) / entry.path / ".git").exists() else []
    for place in places:
        if place.is_dir() and not run(place, "cat-file", "-e", f"{entry.id}^{{commit}}", check=False).returncode:
            return place
    raise UsageError(
        f"submodule {entry.path} at {entry.id[:12]} is not here; run `git submodule update --init --recursive`"
    )


def export(repo: Path, sha: str, target: Path) -> None:
    """Write the files of a commit under `target`, those of its submodules among them.

    Raises IntegrityError, and UsageError for what was not fetched.
    """
    problems = unsafe_entries(repo, sha)
    if problems:
        raise IntegrityError("; ".join(problems[:5]))
    found = entries(repo, sha)
    files = [entry for entry in found if not entry.submodule]
    total = 0
    for entry, content in zip(files, blobs(repo, [entry.id for entry in files]), strict=True):
        content = content if entry.link else lfs_content(repo, entry.path, content)
        total += len(content)
        if total > MAX_BYTES:
            raise IntegrityError(f"the commit is larger than {MAX_BYTES} bytes")
        place = target / entry.path
        place.parent.mkdir(parents=True, exist_ok=True)
        if entry.link:
            place.symlink_to(content.decode("utf-8", "surrogateescape"))
            continue
        place.write_bytes(content)
        if entry.mode == "100755":
            place.chmod(place.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    for entry in found:
        if entry.submodule:
            export(submodule(repo, sha, entry), entry.id, target / entry.path)


def with_files(repo: Path, sha: str, files: dict[str, bytes], message: str) -> str:
    """A commit on `sha` with these files replaced; touches no branch, index or working tree."""
    with tempfile.TemporaryDirectory() as scratch:
        env = {**environment(), "GIT_INDEX_FILE": str(Path(scratch) / "index")}

        def plumb(*arguments: str, input: bytes | None = None) -> str:
            done = subprocess.run(
                ["git", *SAFE, "-C", str(repo), *arguments], input=input, capture_output=True, env=env, check=False
            )
            if done.returncode:
                raise UsageError(f"git {arguments[0]}: {done.stderr.decode('utf-8', 'replace').strip()}")
            return done.stdout.decode().strip()

        plumb("read-tree", sha)
        for path, content in files.items():
            id = plumb("hash-object", "-w", "--no-filters", "--stdin", input=content)
            plumb("update-index", "--add", "--cacheinfo", f"100644,{id},{path}")
        return plumb("commit-tree", plumb("write-tree"), "-p", sha, "-m", message)
