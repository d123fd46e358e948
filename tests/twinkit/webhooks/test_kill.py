"""Ten thousand events, a flaky receiver, and a sender killed again and again: every effect once, nothing lost."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
from pathlib import Path

COUNT = 10_000
KILL_AT = (1_500, 4_000, 8_000)
"""The sender is killed when so many effects have been seen."""


class Flaky:
    """A receiver that fails one request in five and knows the ids it has seen."""

    def __init__(self) -> None:
        self.effects: dict[str, int] = {}
        self.requests = 0
        self.moved = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until the sender goes away."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                id = json.loads(await reader.readexactly(size))["id"]
                self.requests += 1
                if self.requests % 5 == 0:
                    writer.write(b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n")
                else:
                    self.effects.setdefault(id, 1)
                    writer.write(b"HTTP/1.1 204 Done\r\n\r\n")
                self.moved.set()
        writer.close()

    async def until(self, effects: int) -> None:
        """Wait for so many effects."""
        while len(self.effects) < effects:
            self.moved.clear()
            await self.moved.wait()


async def work(path: Path) -> Flaky:
    flaky = Flaky()
    server = await asyncio.start_server(flaky.serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    command = [sys.executable, "-m", "tests.twinkit.webhooks.sender", str(path), url, str(COUNT)]
    async with asyncio.timeout(120):
        for effects in KILL_AT:
            process = await asyncio.create_subprocess_exec(*command)
            await flaky.until(effects)
            process.kill()
            assert await process.wait() == -signal.SIGKILL
        process = await asyncio.create_subprocess_exec(*command, stderr=subprocess.PIPE)
        _, errors = await process.communicate()
        assert (process.returncode, errors) == (0, b"")
    server.close()
    return flaky


def test_ten_thousand_deliveries_survive_being_killed(tmp_path: Path) -> None:
    flaky = asyncio.run(work(tmp_path / "state.sqlite"))
    assert set(flaky.effects) == {f"evt_{number}" for number in range(COUNT)}
    assert flaky.requests > COUNT * 1.2
