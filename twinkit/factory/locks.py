"""File locks between processes. Imports: errors."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from twinkit.factory.errors import HarnessError


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time; freed by the kernel when the holder dies. Raises HarnessError (disk)."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("a")
    except OSError as error:
        raise HarnessError("disk", f"{path} cannot be written: {error}") from None
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
