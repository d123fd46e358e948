"""A process that stores events and sends them until none is left: `sender DB URL COUNT`. May be killed any time."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from twinkit.clock import Clock
from twinkit.faults.injector import Injector
from twinkit.store import Store
from twinkit.webhooks.deliver import Deliverer
from twinkit.webhooks.outbox import enqueue
from twinkit.webhooks.receiver import Receiver
from twinkit.webhooks.schedule import Schedule

MOMENT = 20_000


async def send(store: Store, url: str, count: int) -> None:
    """Store what is missing of `count` events, and deliver everything."""
    clock = Clock()
    injector = Injector(7, "notes")
    injector.add({"when": {"event": "*", "probability": 0.1}, "then": {"delivery": {"drop": 1}}})
    deliverer = Deliverer(store, clock, time.time, schedule=Schedule((MOMENT,) * 50))
    deliverer.start()
    receiver = Receiver("we_1", url)
    for number in range(len(store.events(limit=count)), count):
        id = f"evt_{number}"
        with store.transaction():
            event = store.add_event("note.created", {"id": id}, id=id, created=0)
            body = json.dumps({"id": id}).encode()
            enqueue(store, event, "note.created", [receiver], clock.micros, lambda _: body, injector.decide_delivery)  # noqa: B023
        if number % 50 == 0:
            deliverer.wake()
            await asyncio.sleep(0)
    while store.next_delivery() is not None:
        await deliverer.wait_idle(60)
        await asyncio.sleep(MOMENT / 1e6)
    await deliverer.stop()


if __name__ == "__main__":
    state = Store.open(Path(sys.argv[1]), service="notes")
    asyncio.run(send(state, sys.argv[2], int(sys.argv[3])))
    state.close()
