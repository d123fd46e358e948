"""The README's five minutes really run: every block of that section, in order, on free ports."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks() -> list[tuple[str, str]]:
    """(language, text) of the blocks below "Five minutes"."""
    text = (ROOT / "README.md").read_text()
    return BLOCK.findall(text.partition("## Five minutes")[2].partition("\n## ")[0])


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Ends the servers."""
    with ExitStack() as held:
        yield held


def serve(stack: ExitStack, line: str) -> None:
    """Run a `twin serve` line until the test ends; returns when it is ready."""
    words = shlex.split(line)
    command = [sys.executable, "-m", "twinkit.cli.twin", *words[1:], "--json", "--quiet"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    assert process.stdout
    stack.callback(process.stdout.close)
    assert json.loads(process.stdout.readline())["ready"]


def test_the_tour_runs(stack: ExitStack) -> None:
    ports = {"4010": str(free_port()), "4020": str(free_port())}
    ran = 0
    answers = []
    for language, text in blocks():
        for port, free in ports.items():
            text = text.replace(port, free)
        if language == "python":
            subprocess.run([sys.executable, "-c", text], check=True, cwd=ROOT, env={**os.environ, "no_proxy": "*"})
            ran += 1
            continue
        for line in text.strip().splitlines():
            if line.startswith("twin serve"):
                serve(stack, line)
            else:
                done = subprocess.run(
                    ["sh", "-c", line.replace("curl -s", "curl -s --noproxy '*'")], capture_output=True, text=True
                )
                assert done.returncode == 0, (line, done.stderr)
                answers.append(json.loads(done.stdout))
                assert answers[-1], line
            ran += 1
    assert ran > 10
    assert any("error" in answer for answer in answers), "something went wrong on purpose"
