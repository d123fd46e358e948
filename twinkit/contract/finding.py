"""A finding: one thing that was wrong in a document and what was done about it. Imports nothing of the kit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark about a document; `str(finding)` is its line of output."""

    code: str
    """A stable word such as `unresolvable-reference`."""
    where: str
    """JSON pointer into the document, such as `/paths/~1pets/get`."""
    message: str

    def __str__(self) -> str:
        return " ".join(f"{self.where or '/'}: {self.message} [{self.code}]".splitlines())
