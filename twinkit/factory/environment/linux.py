"""Linux calls that Python does not wrap: mount, mount_setattr, loopback up, parent-death signal.

Imports nothing of the kit.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import sys
import warnings
from pathlib import Path

CLONE_NEWNS, CLONE_NEWIPC = 0x00020000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
SYS_MOUNT_SETATTR = 442
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
MOUNT_ATTR_RDONLY = 1

_libc: ctypes.CDLL | None = None


def libc() -> ctypes.CDLL:
    """The C library, loaded once."""
    global _libc
    if _libc is None:
        _libc = ctypes.CDLL(None, use_errno=True)
    return _libc


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def fork() -> int:
    """os.fork; the child here execs, or runs on with the one thread it has, so other threads are no danger."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def unshare(flags: int) -> None:
    """Leave namespaces. Raises OSError."""
    _check(libc().unshare(ctypes.c_int(flags)), "unshare")


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """mount(2). Raises OSError."""
    text = [value.encode() or None for value in (source, target, kind)]
    _check(libc().mount(*text, ctypes.c_ulong(flags), data.encode() or None), f"mount {target}")


def set_read_only(path: str, on: bool, recursive: bool = False) -> None:
    """mount_setattr(2) of the read-only attribute, Linux 5.12 and later. Raises OSError."""
    attributes = struct.pack("QQQQ", MOUNT_ATTR_RDONLY if on else 0, 0 if on else MOUNT_ATTR_RDONLY, 0, 0)
    buffer = ctypes.create_string_buffer(attributes)
    result = libc().syscall(
        ctypes.c_long(SYS_MOUNT_SETATTR), ctypes.c_int(AT_FDCWD), path.encode(),
        ctypes.c_uint(AT_RECURSIVE if recursive else 0), buffer, ctypes.c_size_t(len(attributes)),
    )  # fmt: skip
    _check(int(result), f"mount_setattr {path}")


def die_with_parent(parent: int = 0) -> None:
    """SIGKILL when the thread ends that forked us; at once when the process `parent` has ended already."""
    if sys.platform == "linux":
        libc().prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0)
    if parent and os.getppid() != parent:
        os._exit(1)


def no_new_privileges() -> None:
    """setuid programs give nothing any more."""
    if sys.platform == "linux":
        libc().prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def map_user(inside: int, outside_user: int, outside_group: int) -> None:
    """In a new user namespace: `inside` is who we were outside."""
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{inside} {outside_user} 1")
    Path("/proc/self/gid_map").write_text(f"{inside} {outside_group} 1")


def loopback_up() -> None:
    """Bring `lo` up in a new network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh", b"lo", 0x1 | 0x40)
        fcntl.ioctl(control.fileno(), 0x8914, request)


def listeners() -> dict[int, set[str]]:
    """Listening TCP port → socket inodes, of this network namespace."""
    found: dict[int, set[str]] = {}
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(name).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == "0A":
                found.setdefault(int(fields[1].rsplit(":", 1)[1], 16), set()).add(fields[9])
    return found


def owners(inodes: set[str]) -> set[int]:
    """Processes that hold one of these sockets, as far as we may look."""
    wanted = {f"socket:[{inode}]" for inode in inodes}
    found: set[int] = set()
    if not Path("/proc").is_dir():
        return found
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            for descriptor in (folder / "fd").iterdir():
                if str(descriptor.readlink()) in wanted:
                    found.add(int(folder.name))
                    break
        except OSError:
            continue
    return found


def process_space(pid: int, of_children: bool = False) -> int | None:
    """The process namespace that a process is in, or that its children are in; None when we may not look."""
    try:
        return Path(f"/proc/{pid}/ns/{'pid_for_children' if of_children else 'pid'}").stat().st_ino
    except OSError:
        return None


def waits(pids: set[int]) -> list[float]:
    """For each thread of these processes, the seconds that it stood ready to run and was not run.

    Source: https://docs.kernel.org/scheduler/sched-stats.html (`schedstat`, second field, nanoseconds).
    """
    found: list[float] = []
    for pid in pids:
        with contextlib.suppress(OSError):
            for task in list(Path(f"/proc/{pid}/task").iterdir()):
                with contextlib.suppress(OSError, ValueError, IndexError):
                    found.append(int((task / "schedstat").read_text().split()[1]) / 1e9)
    return found


def started(pid: int) -> int | None:
    """When a process began, in ticks since the machine did; None when there is none. Source: proc_pid_stat(5)."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None


def processes() -> set[int]:
    """Every process we can see."""
    return {int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()} if has_proc() else set()


def carries(pid: int, marker: str) -> bool | None:
    """Whether a process was started with `marker` in its environment; None when we may not look."""
    try:
        return marker.encode() in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return None


def marked(marker: str) -> set[int]:
    """Every process we can see that was started with `marker` in its environment."""
    if not Path("/proc").is_dir():
        return set()
    return {
        int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit() and carries(int(each.name), marker)
    }


def has_proc() -> bool:
    """Whether sockets and processes can be looked up in /proc."""
    return Path("/proc/net/tcp").exists()
