"""Files that a user names: what is wrong with one is said in one way. Imports: errors."""

from __future__ import annotations

import os
from pathlib import Path

from twinkit.errors import UsageError


def read_text(path: Path) -> str:
    """The text of a UTF-8 file. Raises UsageError when it cannot be read or is no text."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is no text in UTF-8") from None


def writable(path: Path) -> Path:
    """The path, when a file can be written there. Raises UsageError otherwise, before any work is done for it."""
    folder = path.absolute().parent
    if path.is_dir():
        raise UsageError(f"cannot write {path}: it is a directory; name a file in it")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise UsageError(f"cannot write {path}: {folder} is no directory that can be written")
    return path
