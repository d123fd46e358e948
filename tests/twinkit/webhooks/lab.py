"""A store, a frozen clock, an injector and a deliverer, put together for tests."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tests.twinkit.webhooks.receiving import Got, Inbox
from twinkit.clock import SECOND, Clock
from twinkit.faults.injector import Injector
from twinkit.store import Store
from twinkit.store.events import Delivery
from twinkit.webhooks.deliver import Deliverer
from twinkit.webhooks.outbox import enqueue
from twinkit.webhooks.receiver import Receiver
from twinkit.webhooks.schedule import Schedule

WALL = 1_800_000_000
SCHEDULE = Schedule((60 * SECOND, 300 * SECOND), timeout=2 * SECOND)


def sign(body: bytes, secret: str, at: int, headers: dict[str, str]) -> Mapping[str, str]:
    digest = hmac.new(secret.encode(), b"%d." % at + body, "sha256").hexdigest()
    return {"X-Signature": f"t={at},v1={digest}"}


def genuine(got: Got, secret: str = "whsec") -> bool:
    at, _, digest = got.headers["x-signature"].removeprefix("t=").partition(",v1=")
    return hmac.compare_digest(digest, hmac.new(secret.encode(), f"{at}.".encode() + got.body, "sha256").hexdigest())


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A receiver that never answers."""
    with contextlib.suppress(ConnectionError):
        while await reader.read(4096):
            pass
    writer.close()


class Lab:
    """A store, a frozen clock, an injector and a deliverer."""

    def __init__(self, *receivers: Receiver, store: Store | None = None, rules: Any = (), **options: Any) -> None:
        self.store = store or Store.memory()
        self.clock = Clock("fixed")
        self.receivers = list(receivers)
        self.injector = Injector(7, "notes")
        self.injector.add({"profile": "lab", "rules": list(rules)})
        options = {"sign": sign, "schedule": SCHEDULE, **options}
        self.deliverer = Deliverer(self.store, self.clock, lambda: WALL, **options)
        self.events = 0

    def emit(self, type: str = "note.created", **data: Any) -> int:
        self.events += 1
        event = {"id": f"evt_{self.events}", "type": type, **data}
        with self.store.transaction():
            number = self.store.add_event(type, event, id=event["id"], created=0)
            enqueue(
                self.store, number, type, self.receivers, self.clock.micros,
                lambda receiver: json.dumps({**event, "v": receiver.api_version}).encode(),
                self.injector.decide_delivery,
            )  # fmt: skip
        self.deliverer.wake()
        return number

    def rows(self, **narrow: Any) -> list[Delivery]:
        return self.store.deliveries(limit=100_000, **narrow)

    async def pass_time(self, seconds: int) -> None:
        self.clock.set(self.clock.micros + seconds * SECOND)
        self.deliverer.wake()
        assert await self.deliverer.wait_idle(30)


def run(lab: Lab, work: Callable[[], Awaitable[None]]) -> None:
    async def inner() -> None:
        lab.deliverer.start()
        try:
            await work()
        finally:
            await lab.deliverer.stop()

    asyncio.run(inner())
    lab.store.close()


def receiver(inbox: Inbox, id: str = "we_1", **values: Any) -> Receiver:
    return Receiver(id, inbox.url, secret="whsec", **values)


def ids(inbox: Inbox) -> list[str]:
    return [json.loads(body)["id"] for body in inbox.bodies]
