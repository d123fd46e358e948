"""Sends due deliveries in the background, bounded, and plans further attempts on the instance's clock.

The store is the queue: a row is `pending` until its attempt ended, so nothing is lost when the process dies, and an
attempt that was under way is made again. Imports: store, clock, webhooks.{schedule,send,outbox}.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from twinkit.clock import SECOND, Clock
from twinkit.store.events import Delivery
from twinkit.store.store import Store
from twinkit.webhooks.outbox import sent_by_twin
from twinkit.webhooks.schedule import Schedule
from twinkit.webhooks.send import Answer, Sender

log = logging.getLogger("twinkit")
Sign = Callable[[bytes, str, int, dict[str, str]], Mapping[str, str]]
"""(body, secret, wall-clock second of sending, headers so far) → headers to add."""
STALE = 3600
"""How many seconds old the time in a stale signature is."""
NEXT_LOOK = 0.5
"""Longest sleep (s) on a real clock before the queue is looked at again: the clock may have been set."""

LOOK_PAST = 0.1
"""Seconds between two looks past receivers that have all they can take."""


def unsigned(body: bytes, secret: str, at: int, headers: dict[str, str]) -> Mapping[str, str]:
    """The signing of a service that does not sign."""
    return {}


class Deliverer:
    """The sender of one instance. Everything runs on one event loop, beside the instance's turns."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        wall: Callable[[], float],
        *,
        sign: Sign = unsigned,
        schedule: Schedule | None = None,
        sender: Sender | None = None,
        concurrency: int = 32,
        per_receiver: int = 8,
        allowed: Callable[[Delivery], bool] = lambda delivery: True,
        finished: Callable[[Delivery, bool], None] = lambda delivery, final: None,
    ) -> None:
        """`wall()` is the time of day in seconds, for signatures. `allowed(row)` is asked before each further
        attempt: whether its receiver still wants it.

        `finished(row, final)` is called after each attempt, in a transaction of its own; `final` when no other follows.
        """
        self.store = store
        self.clock = clock
        self.schedule = schedule or Schedule()
        self._wall = wall
        self._sign = sign
        self._sender = sender or Sender()
        self._concurrency = concurrency
        self._per_receiver = per_receiver
        self._allowed = allowed
        self._finished = finished
        self._flying: dict[int, tuple[str, asyncio.Task[Any]]] = {}
        self._generation = 0
        self._held = 0
        self._barren: tuple[frozenset[str], float] = (frozenset(), 0.0)
        """Receivers that were full when nothing was due for others, and when (loop time) that was."""
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._settled = asyncio.Event()

    def start(self) -> None:
        """Begin to send in the background. Needs a running event loop."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stop sending; attempts under way are given up and stay pending."""
        tasks = [task for _, task in self._flying.values()]
        if self._task:
            tasks.append(self._task)
            self._task = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._flying.clear()
        await self._sender.close()

    def wake(self) -> None:
        """Look at the queue now: something was added, or the clock moved."""
        self._barren = (frozenset(), 0.0)
        self._wake.set()

    def forget(self) -> None:
        """The store was reset or replaced: attempts under way no longer belong to it."""
        self._generation += 1
        for _, task in self._flying.values():
            task.cancel()
        self._flying.clear()
        self.wake()

    @property
    def idle(self) -> bool:
        """Nothing is under way, and nothing is due at the clock's time."""
        if self._flying or self._held:
            return False
        due = self.store.next_delivery()
        return due is None or due > self.clock.micros

    async def wait_idle(self, timeout: float) -> bool:
        """Wait until `idle`, at most `timeout` seconds; whether it came true."""
        self.start()
        try:
            async with asyncio.timeout(timeout):
                while not self.idle:
                    self._settled.clear()
                    self.wake()
                    await self._settled.wait()
        except TimeoutError:
            return False
        return True

    async def run_due(self, until: int, move: Callable[[int], None] = lambda due: None) -> list[Delivery]:
        """Send everything due up to `until` (microseconds) one by one in order of time, further attempts included.

        `move(due)` is called before each, to put the clock there. Returns the attempts as they ended.
        """
        done: list[Delivery] = []
        self._held += 1
        try:
            await asyncio.gather(*(task for _, task in self._flying.values()), return_exceptions=True)
            while rows := self.store.due_deliveries(until, limit=1):
                move(rows[0].due)
                await self._attempt(rows[0], self._generation)
                ended = self.store.delivery(rows[0].seq)
                if ended:
                    done.append(ended)
        finally:
            self._held -= 1
            self.wake()
        return done

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            if not self._held:
                self._take_off()
            if self.idle:
                self._settled.set()
            await self._rest()

    async def _rest(self) -> None:
        """Sleep until woken, or on a real clock until the next delivery is due."""
        due = None if self.clock.mode != "real" or self._held else self.store.next_delivery()
        if due is None:
            await self._wake.wait()
            return
        wait = max(0.0, (due - self.clock.micros) / SECOND)
        if wait == 0.0 and self._flying:
            await self._wake.wait()
            return
        try:
            async with asyncio.timeout(min(wait, NEXT_LOOK)):
                await self._wake.wait()
        except TimeoutError:
            return

    def _take_off(self) -> None:
        """Start as many due deliveries as there is room for, in order of due time."""
        while (room := self._concurrency - len(self._flying)) > 0:
            busy = Counter(receiver for receiver, _ in self._flying.values())
            full = frozenset(receiver for receiver, count in busy.items() if count >= self._per_receiver)
            if full and not self._worth_looking(full):
                return
            limit = min(room, self._per_receiver) + len(self._flying)
            rows = self.store.due_deliveries(self.clock.micros, limit=limit, besides=full)
            if not rows:
                self._barren = (full, asyncio.get_running_loop().time())
            if not self._start(rows, busy, room):
                return

    def _worth_looking(self, full: frozenset[str]) -> bool:
        """Looking past full receivers reads all their rows, so not again at once when there was nothing else."""
        barren, at = self._barren
        return barren != full or asyncio.get_running_loop().time() - at > LOOK_PAST

    def _start(self, rows: list[Delivery], busy: Counter[str], room: int) -> int:
        started = 0
        for row in rows:
            if row.seq in self._flying or busy[row.receiver] >= self._per_receiver or started >= room:
                continue
            busy[row.receiver] += 1
            started += 1
            task = asyncio.get_running_loop().create_task(self._fly(row, self._generation))
            self._flying[row.seq] = (row.receiver, task)
        return started

    async def _fly(self, row: Delivery, generation: int) -> None:
        try:
            await self._attempt(row, generation)
        finally:
            if generation == self._generation:
                self._flying.pop(row.seq, None)
            self._wake.set()

    async def _attempt(self, row: Delivery, generation: int) -> None:
        if row.attempt > 1 and not self._allowed(row):
            gone = Answer(None, {}, b"", "", "the receiver is gone or disabled")
            self._end(row, "disabled", row.request_headers, gone)
            return
        own = sent_by_twin(row)
        headers = {**own, **self.schedule.retry_headers(row.attempt, str(row.data.get("reason", "")))}
        headers.update(self._signature(row, headers))
        data = {**row.data, "added": [name for name in headers if name not in own]}
        if row.attempt <= row.data.get("lose", 0):
            answer = Answer(None, {}, b"", "connection_failed", "lost on the way by a fault")
        else:
            answer = await self._sender.post(row.url, row.request_body, headers, self.schedule.timeout / SECOND)
        if generation == self._generation:
            self._end(row._replace(data=data), "failed" if answer.reason else "delivered", headers, answer)

    def _signature(self, row: Delivery, headers: dict[str, str]) -> Mapping[str, str]:
        fault = row.data.get("signature", "valid")
        secret, at = str(row.data.get("secret", "")), int(self._wall())
        if fault == "missing":
            return {}
        if fault == "bad":
            return self._sign(row.request_body, f"{secret}-wrong", at, headers)
        return self._sign(row.request_body, secret, at - STALE if fault == "stale" else at, headers)

    def _end(self, row: Delivery, status: str, headers: dict[str, str], answer: Answer) -> None:
        """Write down how an attempt ended and plan the next, in one transaction."""
        now = self.clock.micros
        due = None
        if status == "failed" and not (self.schedule.stop_header and self.schedule.stop_header in answer.headers):
            due = self.schedule.next_due(row.attempt, now)
        data = {**row.data, "sent": now}
        with self.store.transaction():
            self.store.update_delivery(
                row.seq,
                status=status,
                request_headers=headers,
                response_status=answer.status,
                response_body=answer.body,
                error=answer.error,
                data=data,
            )
            if due is not None:
                self._again(row, due, answer.reason)
        ended = row._replace(
            status=status, response_status=answer.status, response_body=answer.body, error=answer.error, data=data
        )
        try:
            with self.store.transaction():
                self._finished(ended, due is None)
        except Exception:
            log.exception("after delivery %d to %s", row.seq, row.url)

    def _again(self, row: Delivery, due: int, reason: str) -> None:
        data = {key: value for key, value in row.data.items() if key not in ("added", "sent")}
        self.store.add_delivery(
            row.event,
            row.receiver,
            due=due,
            attempt=row.attempt + 1,
            url=row.url,
            request_headers=sent_by_twin(row),
            request_body=row.request_body,
            data={**data, "reason": reason},
        )
