"""The outcome of one attempt at a trial, written once and atomically. Imports: errors, sealed.

A result that is not whole, of another format or of another trial is as good as none.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from twinkit.factory.errors import HarnessError
from twinkit.factory.sealed import holds, sealed

FORMAT = 1
VERDICTS: tuple[str, ...] = ("pass", "fail", "error", "unbound", "ambiguous", "invalid")


@dataclass(slots=True)
class Result:
    """One attempt. `seconds` maps phase to wall time; `steps` has state, seconds and message of each step."""

    trial: str
    scenario: str
    index: int
    attempt: int
    seed: int
    verdict: str
    kind: str = ""
    message: str = ""
    line: int = 0
    steps: list[dict[str, Any]] = field(default_factory=list)
    expectations: int = 0
    answers: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    isolation: str = ""
    twins: dict[str, Any] = field(default_factory=dict)
    outside: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    evaluation: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def final(self) -> bool:
        """Whether another attempt would be pointless: everything but an error is."""
        return self.verdict != "error"


def write(result: Result, folder: Path, key: bytes = b"") -> None:
    """Atomically and sealed, as `result.json`. Raises HarnessError (disk)."""
    scratch = folder / f".result.{os.getpid()}"
    try:
        with scratch.open("w") as handle:
            json.dump(sealed(json.loads(json.dumps(asdict(result))), key), handle, indent=1)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(scratch, folder / "result.json")  # noqa: PTH105
    except OSError as error:
        raise HarnessError("disk", f"the result cannot be written: {error}") from None


def read(folder: Path, trial: str = "", key: bytes = b"") -> Result | None:
    """The result in a folder, or None when there is none that can be believed: whole, of this trial, not edited."""
    try:
        data = json.loads((folder / "result.json").read_text("utf-8"))
        if not holds(data, key):
            return None
        data.pop("seal", None)
        result = Result(**data)
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    believable = result.format == FORMAT and result.verdict in VERDICTS and (not trial or result.trial == trial)
    return result if believable else None
