"""Where the data files are: inside the wheel, or at the top of a checkout. Imports nothing of the kit."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def data(name: str) -> Path:
    """The folder `openapi` or `failure_profiles`: the installed copy when there is one, else the checkout's."""
    installed = PACKAGE / "data" / name
    return installed if installed.is_dir() else PACKAGE.parent / name


def cache() -> Path:
    """The user's cache folder for compiled twins (`TWINKIT_CACHE`, else XDG, else `~/.cache/twinkit`); not created."""
    chosen = os.environ.get("TWINKIT_CACHE")
    if chosen:
        return Path(chosen)
    given = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(given) if given else Path.home() / ".cache") / "twinkit"
    except RuntimeError:  # an account without a home
        return Path(os.devnull) / "twinkit"
