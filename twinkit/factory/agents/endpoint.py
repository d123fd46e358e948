"""An agent behind an OpenAI-compatible endpoint: it answers with whole files, nothing it says is executed.

Imports: base, httpx.

The answer holds blocks of the form `<<<FILE path` … `>>>`, or a unified diff in a fenced block.
"""

from __future__ import annotations

import os
import re

import httpx

from twinkit.errors import UsageError
from twinkit.factory.agents.base import Task
from twinkit.factory.errors import IntegrityError
from twinkit.factory.git import leaves

FILE = re.compile(r"^<<<FILE (\S+)\n(.*?)^>>>$", re.MULTILINE | re.DOTALL)
DIFF = re.compile(r"^```(?:diff|patch)\n(.*?)^```", re.MULTILINE | re.DOTALL)
MAX_SHOWN = 200_000
INSTRUCTIONS = (
    "You change a code base. Answer with every file you change in full, each as a block:\n"
    "<<<FILE path/from/the/top\ncontent\n>>>\nNothing else of your answer is used."
)


class OpenAICompatibleAgent:
    """Sends the prompt and the files of the room; writes the files of the answer."""

    name = "endpoint"
    needs_network = False

    def __init__(self, endpoint: str, model: str, key_variable: str = "") -> None:
        if not endpoint:
            raise UsageError("give the agent an endpoint: `[agent] endpoint` in factory.toml")
        self.endpoint = endpoint.rstrip("/")
        self.model = model
        self.key_variable = key_variable

    def work(self, task: Task) -> str:
        """Transcript: the model's answer. Raises UsageError when the endpoint cannot be used."""
        headers = {"Authorization": f"Bearer {os.environ.get(self.key_variable, '')}"} if self.key_variable else {}
        messages = [
            {"role": "system", "content": INSTRUCTIONS},
            {"role": "user", "content": f"{task.prompt}\n\n# Files\n\n{self._files(task)}"},
        ]
        payload = {"model": self.model, "messages": messages}
        try:
            reply = httpx.post(
                f"{self.endpoint}/chat/completions",
                json=payload,
                headers=headers,
                timeout=task.timeout,
                trust_env=False,
            )
            reply.raise_for_status()
            text = str(reply.json()["choices"][0]["message"]["content"])
        except (httpx.HTTPError, KeyError, IndexError, TypeError, ValueError) as error:
            raise UsageError(f"the agent's endpoint gives no answer: {type(error).__name__}: {error}") from None
        task.log.write_text(text, "utf-8")
        self._write(task, text)
        return text

    def _files(self, task: Task) -> str:
        parts: list[str] = []
        size = 0
        for path in sorted(task.room.folder.rglob("*")):
            relative = path.relative_to(task.room.folder)
            if ".git" in relative.parts or not path.is_file() or path.is_symlink():
                continue
            content = path.read_bytes()
            if b"\0" in content or size + len(content) > MAX_SHOWN:
                continue
            size += len(content)
            parts.append(f"<<<FILE {relative}\n{content.decode('utf-8', 'replace').rstrip()}\n>>>")
        return "\n\n".join(parts)

    def _write(self, task: Task, text: str) -> None:
        for path, content in FILE.findall(text):
            parts = path.split("/")
            if leaves("file", path) or any(part.lower() == ".git" for part in parts):
                raise IntegrityError(f"the agent writes {path!r}")
            place = task.room.folder / path
            if not place.parent.resolve().is_relative_to(task.room.folder.resolve()) or place.is_symlink():
                raise IntegrityError(f"the agent writes {path!r} through a link")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content, "utf-8")
        for patch in DIFF.findall(text):
            task.room.apply(patch)
