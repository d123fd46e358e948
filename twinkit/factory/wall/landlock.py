"""Landlock, for machines without namespaces: a process gives up every path and every TCP port it does not need.

Runs as a wrapper, `python -m twinkit.factory.wall.landlock ROOM HOME TMP -- argv`, restricts itself and becomes the
command. Needs Linux 5.13; TCP is refused from 6.7 on. Facts: https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

from twinkit.factory.environment import linux

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
PATH_BENEATH = 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
FIRST_VERSION = (1 << 13) - 1
REFER, TRUNCATE, IOCTL = 1 << 13, 1 << 14, 1 << 15
BIND_TCP, CONNECT_TCP = 1, 2
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/opt", "/dev", "/proc/self")


def version() -> int:
    """The version of Landlock that the kernel has; 0 for none."""
    if sys.platform != "linux":
        return 0
    return max(0, int(linux.libc().syscall(ctypes.c_long(CREATE_RULESET), None, ctypes.c_size_t(0), ctypes.c_uint(1))))


def restrict(writable: Sequence[str], readable: Sequence[str]) -> None:
    """From here on only these paths, and (version 4 and later) no TCP. Raises OSError."""
    known = version()
    handled = (
        FIRST_VERSION | (REFER if known >= 2 else 0) | (TRUNCATE if known >= 3 else 0) | (IOCTL if known >= 5 else 0)
    )
    network = (BIND_TCP | CONNECT_TCP) if known >= 4 else 0
    attributes = struct.pack("QQ", handled, network) if known >= 4 else struct.pack("Q", handled)
    call = linux.libc().syscall
    ruleset = int(call(ctypes.c_long(CREATE_RULESET), attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint(0)))
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "landlock_create_ruleset")
    for path in writable:
        _allow(ruleset, path, handled)
    for path in readable:
        _allow(ruleset, path, EXECUTE | READ_FILE | READ_DIR)
    for path in ("/dev/null", "/dev/tty", "/dev/shm"):
        _allow(ruleset, path, handled & ~(EXECUTE | REFER))
    linux.no_new_privileges()
    if int(call(ctypes.c_long(RESTRICT_SELF), ctypes.c_int(ruleset), ctypes.c_uint(0))) < 0:
        raise OSError(ctypes.get_errno(), "landlock_restrict_self")
    os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    if not Path(path).exists():
        return
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    if not Path(path).is_dir():
        rights &= EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL
    rule = struct.pack("=Qi", rights, descriptor)
    call = linux.libc().syscall
    done = call(ctypes.c_long(ADD_RULE), ctypes.c_int(ruleset), ctypes.c_int(PATH_BENEATH), rule, ctypes.c_uint(0))
    os.close(descriptor)
    if int(done) < 0:
        raise OSError(ctypes.get_errno(), f"landlock_add_rule {path}")


def wrap(argv: Sequence[str], writable: Sequence[str]) -> list[str]:
    """The command that runs `argv` restricted."""
    return [sys.executable, "-I", "-m", "twinkit.factory.wall.landlock", *writable, "--", *argv]


def main(words: Sequence[str]) -> int:
    """Restrict, then become the command after `--`; 127 when that cannot be done."""
    at = list(words).index("--")
    argv = list(words[at + 1 :])
    try:
        restrict(list(words[:at]), [*SYSTEM, sys.prefix, sys.base_prefix])
        os.execvp(argv[0], argv)
    except OSError as error:
        os.write(2, f"{argv[0]}: {error}\n".encode())
    return 127


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
