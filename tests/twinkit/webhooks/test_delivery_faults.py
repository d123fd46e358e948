"""What faults do to deliveries, seen from the receiver and in the log."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.twinkit.webhooks.lab import WALL, Lab, genuine, ids, receiver, run
from tests.twinkit.webhooks.receiving import Inbox
from twinkit.clock import SECOND
from twinkit.webhooks.deliver import STALE
from twinkit.webhooks.outbox import redeliver


def faulty(rule: dict[str, Any], check: Callable[[Lab, Inbox], Awaitable[None]], events: int = 1) -> None:
    with Inbox() as inbox:
        lab = Lab(receiver(inbox), rules=[{"when": {"event": "*"}, "then": {"delivery": rule}}])

        async def work() -> None:
            for _ in range(events):
                lab.emit()
            assert await lab.deliverer.wait_idle(10)
            await check(lab, inbox)

        run(lab, work)


def test_fault_delay() -> None:
    async def check(lab: Lab, inbox: Inbox) -> None:
        assert inbox.got == []
        await lab.pass_time(2)
        assert len(inbox.got) == 1
        assert lab.rows()[0].data["fault"] == "delivery"

    faulty({"delay": "2s"}, check)


def test_fault_duplicates() -> None:
    async def check(lab: Lab, inbox: Inbox) -> None:
        assert ids(inbox) == ["evt_1"] * 3

    faulty({"duplicate": 2}, check)


def test_fault_drop() -> None:
    async def check(lab: Lab, inbox: Inbox) -> None:
        await lab.pass_time(100_000)
        assert inbox.got == []
        (row,) = lab.rows()
        assert row.status == "dropped"

    faulty({"drop": True}, check)


def test_fault_first_attempts_lost() -> None:
    async def check(lab: Lab, inbox: Inbox) -> None:
        assert inbox.got == []
        await lab.pass_time(60)
        await lab.pass_time(300)
        assert ids(inbox) == ["evt_1"]
        assert [row.status for row in lab.rows()] == ["failed", "failed", "delivered"]

    faulty({"drop": 2}, check)


def test_fault_any_order() -> None:
    async def check(lab: Lab, inbox: Inbox) -> None:
        await lab.deliverer.run_due(lab.clock.micros + 10 * SECOND, lab.clock.set)
        assert sorted(ids(inbox), key=lambda id: int(id[4:])) == [f"evt_{n}" for n in range(1, 21)]
        assert ids(inbox) != sorted(ids(inbox), key=lambda id: int(id[4:]))

    faulty({"shuffle": "10s"}, check, events=20)


@pytest.mark.parametrize("signature", ["bad", "stale", "missing"])
def test_fault_signature(signature: str) -> None:
    async def check(lab: Lab, inbox: Inbox) -> None:
        (got,) = inbox.got
        if signature == "missing":
            assert "x-signature" not in got.headers
            return
        assert genuine(got) is (signature == "stale")
        assert got.headers["x-signature"].startswith(f"t={WALL - STALE if signature == 'stale' else WALL},")
        seq = redeliver(lab.store, 1, lab.clock.micros)
        await lab.pass_time(0)
        row = lab.store.delivery(seq)
        assert row is not None and row.status == "delivered"
        assert genuine(inbox.got[1])
        assert inbox.got[1].headers["x-signature"].startswith(f"t={WALL},")

    faulty({"signature": signature}, check)


def test_fault_disable_and_older_version() -> None:
    async def disabled(lab: Lab, inbox: Inbox) -> None:
        assert [row.status for row in lab.rows()] == ["disabled"]

    async def older(lab: Lab, inbox: Inbox) -> None:
        assert json.loads(inbox.bodies[0])["v"] == "2020-08-27"

    faulty({"disable": True}, disabled)
    faulty({"api_version": "2020-08-27"}, older)
