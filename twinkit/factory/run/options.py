"""What the operator asked of a run. Imports nothing of the kit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(slots=True)
class Options:
    """`project` is a git repository; `base` may be empty. `executor` is local or dask[:address]."""

    project: Path
    vault: Path
    state: Path
    head: str = "HEAD"
    base: str = ""
    jobs: int = 2
    seed: int = 0
    sets: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    isolation: str = "auto"
    executor: str = "local"
    retries: int = 2
    trials: int = 0
    twin_command: tuple[str, ...] = ()
    evaluator: bool = True
