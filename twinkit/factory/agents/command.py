"""Any command-line agent, argv without a shell: `{prompt}` and `{prompt_file}` are filled in. Imports: base."""

from __future__ import annotations

import os
from collections.abc import Sequence

from twinkit.errors import UsageError
from twinkit.factory.agents.base import Task


class CommandAgent:
    """Runs in the sandbox; without `{prompt}` or `{prompt_file}` the prompt file's path is added at the end."""

    name = "command"

    def __init__(self, argv: Sequence[str], inherit: Sequence[str] = (), network: bool = False) -> None:
        if not argv:
            raise UsageError("give the agent a command: `[agent] command` in factory.toml")
        self.argv = tuple(argv)
        self.inherit = tuple(inherit)
        self.needs_network = network

    def work(self, task: Task) -> str:
        """Transcript: what it printed, and how it ended."""
        path = task.room.home / "PROMPT.md"
        path.write_text(task.prompt, "utf-8")
        fill = {"{prompt}": task.prompt, "{prompt_file}": str(path)}
        argv = [fill.get(word, word) for word in self.argv]
        if not any(word in fill for word in self.argv):
            argv.append(str(path))
        env = {name: os.environ[name] for name in self.inherit if name in os.environ}
        room = task.room
        outcome = task.sandbox.run(
            argv,
            room=room.folder,
            home=room.home,
            temporary=room.temporary,
            env=env,
            log=task.log,
            timeout=task.timeout,
        )
        ended = "its time was up" if outcome.code is None else f"it ended with code {outcome.code}"
        return f"{outcome.output}\n[{ended}]\n"
