"""What a specification says, as plain frozen data. Imports nothing of the kit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Constraint:
    """One thing the code must do.

    `id` is stable (`C1`, or the author's `[C2]`); `level` is MUST, MUST NOT, … or empty.
    """

    id: str
    text: str
    level: str
    line: int


@dataclass(frozen=True, slots=True)
class Interface:
    """`METHOD /path {body} → codes`: one HTTP operation of the app. `fields` are the names inside the braces."""

    method: str
    path: str
    fields: tuple[str, ...]
    codes: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Specification:
    """One feature. `sections` holds each section's text by its lower-case heading; `lines` where each starts."""

    path: str
    id: str
    title: str
    type: str
    service: str
    priority: str
    app: str
    protected: tuple[str, ...]
    depends: tuple[str, ...]
    constraints: tuple[Constraint, ...]
    interfaces: tuple[Interface, ...]
    sections: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    text: str = ""

    def constraint(self, id: str) -> Constraint | None:
        """The constraint of this id, or None."""
        return next((item for item in self.constraints if item.id == id), None)
