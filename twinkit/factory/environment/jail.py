"""Namespaces: one set per trial (network, processes, mounts), one more around the code under test.

Imports: linux, errors.

Around the app: the file system is read-only but for its own folders; the vault, the state folder, the repository's
history and the operator's secrets are covered by empty file systems; other processes are not visible.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from twinkit.factory.environment import linux

INSIDE = 1000
SECRETS = (
    ".ssh",
    ".aws",
    ".gnupg",
    ".config/gh",
    ".config/gcloud",
    ".docker",
    ".kube",
    ".azure",
    ".netrc",
    ".git-credentials",
)
PLACES = ("/srv", "/mnt", "/media")
"""Where the app's folders are shown: the first of these that is an empty folder on this machine."""
SHARED_MEMORY = "size=256m,mode=1777"
_available: bool | None = None
_place: str | None = None


def common_place() -> str:
    """The first empty folder of `PLACES`; empty when there is none, and folders are then shown where they are."""
    global _place
    if _place is None:
        _place = next((name for name in PLACES if Path(name).is_dir() and not any(Path(name).iterdir())), "")
    return _place


@dataclass(frozen=True, slots=True)
class Jail:
    """What the process inside may write, and what it must not see. All absolute paths."""

    writable: tuple[str, ...]
    hidden: tuple[str, ...] = ()
    temporary: str = ""
    network: bool = True
    keep: tuple[str, ...] = field(default=())
    root: str = ""
    """Folder whose children are shown in `common_place()` instead of where they are: same paths in build and trial, and
    none that speaks of the factory."""

    def inside(self, text: str) -> str:
        """A path, or a text with paths in it, as the process inside sees it."""
        place = common_place() if self.root else ""
        return text.replace(self.root.rstrip("/") + "/", place + "/") if place else text


def available() -> bool:
    """Whether this machine lets us make user, network, process and mount namespaces; tried once, in a child."""
    global _available
    if _available is None:
        _available = sys.platform == "linux" and _try()
    return _available


def _try() -> bool:
    pid = linux.fork()
    if pid == 0:
        try:
            enter_trial()
            inner = linux.fork()
            if inner == 0:
                inside_trial()
                os._exit(0)
            os._exit(os.waitstatus_to_exitcode(os.waitpid(inner, 0)[1]) & 0xFF)
        except BaseException:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def enter_trial() -> None:
    """New user, network, IPC, mount and process namespaces; the next child is process 1. Raises OSError."""
    user, group = os.geteuid(), os.getegid()
    flags = linux.CLONE_NEWUSER | linux.CLONE_NEWNET | linux.CLONE_NEWPID | linux.CLONE_NEWNS | linux.CLONE_NEWIPC
    linux.unshare(flags)
    linux.map_user(INSIDE, user, group)


def inside_trial() -> None:
    """First thing in process 1 of a trial: own mounts, own /proc, loopback. Raises OSError."""
    linux.mount("none", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("proc", "/proc", "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
    linux.loopback_up()


def enter_app(jail: Jail) -> None:
    """New user, mount and process namespaces (and network, when the jail has none); the next child is process 1."""
    user, group = os.geteuid(), os.getegid()
    flags = linux.CLONE_NEWUSER | linux.CLONE_NEWPID | linux.CLONE_NEWNS | (0 if jail.network else linux.CLONE_NEWNET)
    linux.unshare(flags)
    linux.map_user(INSIDE, user, group)


def inside_app(jail: Jail) -> None:
    """First thing in process 1 of the app: cover, bind, and make the rest read-only. Raises OSError."""
    linux.mount("none", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("proc", "/proc", "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
    if not jail.network:
        linux.loopback_up()
    kept = [(path, _hold(path)) for path in (*jail.writable, *jail.keep) if Path(path).exists()]
    if jail.temporary:
        _bind(_hold(jail.temporary), "/tmp")
    if Path("/dev/shm").is_dir():
        linux.mount("tmpfs", "/dev/shm", "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, SHARED_MEMORY)
    for path in jail.hidden:
        _cover(path)
    if jail.root and common_place():
        _cover(common_place())
    for path, descriptor in kept:
        _expose(jail.inside(path), descriptor)
    linux.set_read_only("/", True, recursive=True)
    for path in (*map(jail.inside, jail.writable), *(["/tmp"] if jail.temporary else []), "/dev/shm"):
        if Path(path).exists():
            linux.set_read_only(path, False)
    for _, descriptor in kept:
        os.close(descriptor)
    linux.no_new_privileges()


def _hold(path: str) -> int:
    return os.open(path, os.O_PATH | os.O_CLOEXEC)


def _bind(descriptor: int, target: str) -> None:
    linux.mount(f"/proc/self/fd/{descriptor}", target, flags=linux.MS_BIND | linux.MS_REC)


def _cover(path: str) -> None:
    place = Path(path)
    if place.is_dir():
        linux.mount("tmpfs", path, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "size=1m,mode=755")
    elif place.exists():
        linux.mount("/dev/null", path, flags=linux.MS_BIND)


def _expose(path: str, descriptor: int) -> None:
    """Put a held folder back at its path, which may be under something covered."""
    Path(path).mkdir(parents=True, exist_ok=True)
    _bind(descriptor, path)


def secrets() -> tuple[str, ...]:
    """Where the operator's credentials usually are."""
    home = Path.home()
    return tuple(str(home / name) for name in SECRETS if (home / name).exists())


def outermost(paths: Sequence[str]) -> tuple[str, ...]:
    """Real paths without those that lie under another one."""
    real = sorted({os.path.realpath(path) for path in paths if path and Path(path).exists()})
    return tuple(path for path in real if not any(path != other and path.startswith(other + "/") for other in real))
