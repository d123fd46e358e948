"""Real servers for tests: `twin serve …` as a process, and private instances of it."""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

NUMBERS = itertools.count(1)


@dataclass
class Served:
    """One twin that a process serves."""

    name: str
    url: str
    ready: dict[str, Any]
    process: subprocess.Popen[bytes]
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.url, timeout=30)

    def control(self, method: str, path: str, **data: Any) -> Any:
        """The JSON that the control plane answers; fails on an error."""
        reply = self.client.request(method, f"/_twin/{path}", json=data if method != "GET" else None)
        assert reply.status_code == 200, reply.text
        return reply.json()

    @contextlib.contextmanager
    def private(self, **settings: Any) -> Iterator[Served]:
        """A private instance, forgotten at the end."""
        name = f"private-{next(NUMBERS)}"
        made = self.control("POST", "instances", name=name, **settings)
        inner = Served(self.name, made["url"], made, self.process)
        try:
            yield inner
        finally:
            inner.client.close()
            self.control("DELETE", f"instances/{name}")


@contextlib.contextmanager
def serving(*arguments: str, log: Path | None = None) -> Iterator[dict[str, Served]]:
    """Run `twin serve` with these arguments on free ports; twin name → Served. Standard error goes to `log`."""
    command = [sys.executable, "-m", "twinkit.cli.twin", "serve", *arguments, "--port", "0", "--json", "--quiet"]
    with log.open("wb") if log else contextlib.nullcontext() as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors)
    assert process.stdout
    line = process.stdout.readline()
    served: dict[str, Served] = {}
    try:
        assert line, "the server ended before it was ready"
        ready = json.loads(line)["twins"]
        served = {name: Served(name, told["url"], told, process) for name, told in ready.items()}
        yield served
    finally:
        for each in served.values():
            each.client.close()
        process.terminate()
        process.wait(20)
        process.stdout.close()


def talk(served: Served, data: bytes, *, ends: bool = True) -> bytes:
    """Everything a server answers to these bytes, on a connection of their own; with `ends` it sees where they end."""
    address = urlsplit(served.url)
    assert address.hostname and address.port
    answer = b""
    with (
        contextlib.suppress(ConnectionError),
        socket.create_connection((address.hostname, address.port), timeout=20) as connection,
    ):
        connection.sendall(data)
        if ends:
            connection.shutdown(socket.SHUT_WR)
        while part := connection.recv(65536):
            answer += part
    return answer
