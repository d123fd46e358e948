"""What an agent is: it works in a clean room from a prompt, and leaves a transcript.

Imports: wall.cleanroom, wall.sandbox.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from twinkit.factory.specs.model import Specification
from twinkit.factory.wall.cleanroom import CleanRoom
from twinkit.factory.wall.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Task:
    """One attempt. `prompt` is all the agent is told; `log` is where its output goes."""

    prompt: str
    attempt: int
    room: CleanRoom
    sandbox: Sandbox
    log: Path
    timeout: float


class Agent(Protocol):
    """A coder. `work` returns the transcript; it raises UsageError when the agent cannot be used at all."""

    name: str
    needs_network: bool

    def work(self, task: Task) -> str:
        """Do one attempt in the task's room; returns the transcript."""


def prompt(specification: Specification, guide: str, feedback: str) -> str:
    """Guide (AGENTS.md of base), specification, and feedback on the attempt before."""
    parts = []
    if guide.strip():
        parts.append(f"# How to work here\n\n{guide.strip()}")
    parts.append(f"# What to build: {specification.path}\n\n{specification.text.strip()}")
    if feedback:
        parts.append(f"# What was found in the attempt before\n\n{feedback.strip()}")
    parts.append("Change the files so that every constraint holds. Do not edit specifications or configuration.")
    return "\n\n".join(parts) + "\n"
