"""An agent that plays patches: `1.patch`, `2.patch`, …, each on top of the one before. For demonstrations and tests."""

from __future__ import annotations

from pathlib import Path

from twinkit.errors import UsageError
from twinkit.factory.agents.base import Task


class PatchScriptAgent:
    """Attempt n applies `<n>.patch`; when there is none it changes nothing."""

    name = "scripted"
    needs_network = False

    def __init__(self, folder: Path) -> None:
        if not any(folder.glob("*.patch")):
            raise UsageError(f"{folder} holds no patches 1.patch, 2.patch, …")
        self.folder = folder

    def work(self, task: Task) -> str:
        """Transcript: which patch was applied. Raises IntegrityError when it does not apply."""
        path = self.folder / f"{task.attempt}.patch"
        if not path.exists():
            return f"no patch {task.attempt}\n"
        task.room.apply(path.read_text("utf-8"))
        return f"applied {path.name}\n"
