"""How clients behave when they are refused: who called again too early, who never backed off.

Fed by the injector with every refusal and every call to the same bucket; keeps counts and the first few examples.
Imports nothing of the kit.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

EXAMPLES = 5
NEVER = 5
"""Refusals in a row, each called again too early, after which a client counts as one that never backs off."""


@dataclass(slots=True)
class Client:
    """What one client did at one bucket. Times are microseconds."""

    refused: int = 0
    early: int = 0
    in_a_row: int = 0
    worst_row: int = 0
    until: int = 0
    examples: list[dict[str, Any]] = field(default_factory=list)


class Conduct:
    """The record of refusals by (client, bucket)."""

    def __init__(self) -> None:
        self._clients: dict[str, Client] = {}

    def called(self, who: str, bucket: str, operation: str, now: int, *, refused: bool, wait: int = 0) -> None:
        """One call to a bucket; `wait` is what a refusal asked for."""
        key = f"{who}\n{bucket}"
        client = self._clients.get(key)
        if client is None:
            if not refused:
                return
            client = self._clients[key] = Client()
        early = now < client.until
        if early:
            client.early += 1
            if len(client.examples) < EXAMPLES:
                client.examples.append({"at": now, "operation": operation, "too_early_by": client.until - now})
        if refused:
            client.refused += 1
            client.in_a_row = client.in_a_row + 1 if early else 1
            client.worst_row = max(client.worst_row, client.in_a_row)
            client.until = now + wait
        else:
            client.in_a_row = 0
            client.until = 0

    def report(self) -> list[dict[str, Any]]:
        """One row per client and bucket that was refused, with a verdict: `backed off`, `too early` or `never`."""
        rows = []
        for key, client in self._clients.items():
            who, bucket = key.split("\n", 1)
            verdict = "never" if client.worst_row >= NEVER else "too early" if client.early else "backed off"
            rows.append({"client": who, "bucket": bucket, "verdict": verdict, **asdict(client)})
        return rows

    def state(self) -> dict[str, Any]:
        """Plain data for `restore`."""
        return {key: asdict(client) for key, client in self._clients.items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Become what `state` describes."""
        self._clients = {key: Client(**values) for key, values in state.items()}
