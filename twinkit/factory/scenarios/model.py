"""What a scenario says, as plain frozen data that survives JSON. Imports: scenarios.settings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from twinkit.factory.scenarios.settings import Settings

KINDS = {"Context": "given", "Action": "when", "Outcome": "then"}


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a scenario. `kind` is given, when or then, with And and But resolved; `word` is what was written."""

    kind: str
    word: str
    text: str
    line: int
    table: tuple[tuple[str, ...], ...] = ()
    doc: str | None = None

    def data(self) -> dict[str, Any]:
        """Plain data for a plan; `Step.of` takes it back."""
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Step:
        """The step that `data` describes."""
        table = tuple(tuple(row) for row in data["table"])
        return cls(data["kind"], data["word"], data["text"], data["line"], table, data["doc"])


@dataclass(frozen=True, slots=True)
class Scenario:
    """One holdout script. `id` is `<file stem>/<title slug>`; `path` is relative to the vault."""

    id: str
    title: str
    path: str
    line: int
    tags: tuple[str, ...]
    steps: tuple[Step, ...]
    settings: Settings = field(default_factory=lambda: Settings.model_validate({}))

    @property
    def critical(self) -> bool:
        """Whether failing it alone rejects the change."""
        return "@critical" in self.tags

    @property
    def covers(self) -> tuple[str, ...]:
        """Ids of the constraints it is about, from `@covers:C2` tags."""
        return tuple(tag.split(":", 1)[1] for tag in self.tags if tag.startswith("@covers:"))

    def digest(self) -> str:
        """SHA-256 of everything that decides how it runs; its place in the file does not count."""
        steps = [[step.kind, step.text, step.table, step.doc] for step in self.steps]
        content = [self.id, self.title, sorted(self.tags), steps, self.settings.model_dump(mode="json")]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
