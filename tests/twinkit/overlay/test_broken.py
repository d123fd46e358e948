"""Mutated documents become twins that answer: no exception, no 5xx, whatever was deleted or put elsewhere."""

from __future__ import annotations

import contextlib
import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.twinkit.contract.test_lenient import ODD, V20, V30, V31, places, put
from twinkit.clock import Clock
from twinkit.errors import UsageError
from twinkit.server.app import TwinApp
from twinkit.server.catalogue import document_twin
from twinkit.server.hosting import Hosting


def statuses(file: Path) -> Iterator[tuple[str, int]]:
    """Every operation's answer to a request without and with a body."""
    twin = document_twin(str(file))
    app = TwinApp(Hosting(twin, seed=1, clock=Clock("tick"), base_url="http://t"))
    for id in list(twin.index.operations()):
        operation = twin.index.operation(id)
        path = operation.path.replace("{", "").replace("}", "")
        for body in (b"", b'{"id": "a", "n": null}'):
            yield f"{operation.method} {path}", ask(app, operation.method.upper(), path, body)


def ask(app: TwinApp, method: str, path: str, body: bytes) -> int:
    """The status of the answer to one request, in process."""
    headers = [(b"host", b"t"), (b"k", b"key"), (b"authorization", b"Bearer t"), (b"content-type", b"application/json")]
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(errors="replace"), "query_string": b"",
        "headers": headers, "extensions": {},
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    with contextlib.suppress(StopIteration):
        app(scope, receive, send).send(None)
    return int(sent[0]["status"])


@pytest.mark.parametrize("base", [V20, V30, V31], ids=["2.0", "3.0", "3.1"])
def test_mutations_are_served(base: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINKIT_CACHE", str(tmp_path / "cache"))
    chance = random.Random(7)
    file = tmp_path / "mutated.json"
    for _ in range(25):
        data = copy.deepcopy(base)
        for _ in range(chance.randint(1, 4)):
            put(
                data,
                chance.choice(places(data) or [("info",)]),
                chance.choice(ODD),
                chance.choice(["replace", "remove"]),
            )
        file.write_text(json.dumps(data))
        with contextlib.suppress(UsageError):
            failed = [(name, status) for name, status in statuses(file) if status >= 500]
            assert not failed, json.dumps(data)
