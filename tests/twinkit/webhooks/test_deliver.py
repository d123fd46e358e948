"""Deliveries: retries on the clock, order, bounds, faults on the way, and what a restart keeps."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.twinkit.webhooks.lab import WALL, Lab, genuine, ids, receiver, run, silence
from tests.twinkit.webhooks.receiving import Inbox
from twinkit.clock import SECOND
from twinkit.errors import UsageError
from twinkit.store import Store
from twinkit.store.events import Delivery
from twinkit.webhooks.outbox import Outgoing, cancel_pending, enqueue, redeliver, redeliver_event
from twinkit.webhooks.receiver import Receiver
from twinkit.webhooks.schedule import Schedule


def test_a_delivery_is_signed_and_logged_with_the_answer() -> None:
    with Inbox() as inbox:
        lab = Lab(receiver(inbox))

        async def work() -> None:
            lab.emit()
            assert await lab.deliverer.wait_idle(10)
            (row,) = lab.rows()
            assert (row.status, row.attempt, row.response_status, row.response_body) == ("delivered", 1, 200, b"ok")
            assert row.request_headers["X-Signature"].startswith(f"t={WALL},v1=")

        run(lab, work)
        (got,) = inbox.got
        assert got.path == "/hook?a=1"
        assert got.headers["content-type"] == "application/json; charset=utf-8"
        assert genuine(got)


def test_failures_are_tried_again_as_the_schedule_says() -> None:
    schedule = Schedule(
        (60 * SECOND, 300 * SECOND), headers={"X-Retry-Num": "{retry}", "X-Reason": "{reason}"},
        reasons={"status": "http_error"},
    )  # fmt: skip
    with Inbox(lambda got, times: 500) as inbox:
        lab = Lab(receiver(inbox), schedule=schedule)
        ends: list[tuple[int, bool]] = []
        lab.deliverer._finished = lambda row, final: ends.append((row.attempt, final))

        async def work() -> None:
            lab.emit()
            assert await lab.deliverer.wait_idle(10)
            await lab.pass_time(59)
            assert len(inbox.got) == 1
            await lab.pass_time(1)
            assert len(inbox.got) == 2
            await lab.pass_time(10_000)
            await lab.pass_time(10_000)

        run(lab, work)
        assert [got.headers.get("x-retry-num") for got in inbox.got] == [None, "1", "2"]
        assert inbox.got[1].headers["x-reason"] == "http_error"
        assert all(genuine(got) for got in inbox.got)
        assert ends == [(1, False), (2, False), (3, True)]


def test_run_due_makes_every_attempt_in_order_of_time() -> None:
    with Inbox(lambda got, times: 200 if times == 3 else 500) as inbox:
        lab = Lab(receiver(inbox))

        async def work() -> None:
            lab.emit()
            moments: list[int] = []

            def move(due: int) -> None:
                lab.clock.set(max(due, lab.clock.micros))
                moments.append((lab.clock.micros - start) // SECOND)

            start = lab.clock.micros
            rows = await lab.deliverer.run_due(start + 3600 * SECOND, move)
            assert moments == [0, 60, 360]
            assert [row.status for row in rows] == ["failed", "failed", "delivered"]

        run(lab, work)


def test_a_receiver_can_ask_for_no_retry() -> None:
    with Inbox(lambda got, times: 500, {"X-No-Retry": "1"}) as inbox:
        lab = Lab(receiver(inbox), schedule=Schedule(stop_header="x-no-retry"))

        async def work() -> None:
            lab.emit()
            assert await lab.deliverer.wait_idle(10)
            assert [row.status for row in lab.rows()] == ["failed"]

        run(lab, work)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:9/", "ConnectionRefusedError"),
        ("http://nowhere.invalid/", "gaierror"),
        ("ftp://127.0.0.1/", "no http"),
    ],
)
def test_receivers_that_cannot_be_reached(url: str, reason: str) -> None:
    lab = Lab(Receiver("we_1", url), schedule=Schedule(()))

    async def work() -> None:
        lab.emit()
        assert await lab.deliverer.wait_idle(20)
        (row,) = lab.rows()
        assert row.status == "failed"
        assert reason in row.error

    run(lab, work)


def test_an_answer_that_breaks_off_is_a_failed_attempt() -> None:
    with Inbox(lambda got, times: 0 if times == 1 else 200) as inbox:
        lab = Lab(receiver(inbox))

        async def work() -> None:
            lab.emit()
            assert await lab.deliverer.wait_idle(10)
            await lab.pass_time(60)
            assert [row.status for row in lab.rows()] == ["failed", "delivered"]

        run(lab, work)


def test_a_dead_receiver_holds_up_nobody_and_a_storm_is_bounded() -> None:
    async def work() -> None:
        flying: list[int] = []
        silent = await asyncio.start_server(silence, "127.0.0.1", 0)
        dead = Receiver("dead", f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}/")
        lab.receivers.insert(0, dead)
        for _ in range(200):
            lab.emit()
        lab.receivers.remove(dead)
        for _ in range(10):
            lab.emit("late.event")
        async with asyncio.timeout(20):
            while len(inbox.got) < 210:
                flying.append(len(lab.deliverer._flying))
                await asyncio.sleep(0.005)
        assert 8 <= max(flying) <= 32
        await lab.deliverer.stop()
        silent.close()
        await asyncio.sleep(0)

    with Inbox() as inbox:
        lab = Lab(receiver(inbox), schedule=Schedule((), timeout=600 * SECOND))
        run(lab, work)
        assert set(ids(inbox)) == {f"evt_{n}" for n in range(1, 211)}


def test_timeouts_are_on_the_wall_clock() -> None:
    async def work() -> None:
        silent = await asyncio.start_server(silence, "127.0.0.1", 0)
        lab.receivers.append(Receiver("dead", f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}/"))
        lab.emit()
        assert await lab.deliverer.wait_idle(10)
        (row,) = lab.rows()
        assert (row.status, row.error) == ("failed", "no answer within 0.05 s")
        silent.close()

    lab = Lab(schedule=Schedule((), timeout=50_000))
    run(lab, work)


def test_receivers_get_what_they_want() -> None:
    with Inbox() as inbox:
        lab = Lab(receiver(inbox, events=("note.*",)), receiver(inbox, "we_2", enabled=False))

        async def work() -> None:
            lab.emit("note.created")
            lab.emit("user.created")
            assert await lab.deliverer.wait_idle(10)

        run(lab, work)
        assert ids(inbox) == ["evt_1"]


def test_a_receiver_that_went_away_gets_no_further_attempt() -> None:
    with Inbox(lambda got, times: 500) as inbox:
        lab = Lab(receiver(inbox), allowed=lambda row: False)

        async def work() -> None:
            lab.emit()
            assert await lab.deliverer.wait_idle(10)
            await lab.pass_time(60)
            assert [row.status for row in lab.rows()] == ["failed", "disabled"]

        run(lab, work)
        assert len(inbox.got) == 1


def test_redeliver_by_event_and_by_number() -> None:
    with Inbox() as inbox:
        lab = Lab(receiver(inbox), receiver(inbox, "we_2"))

        async def work() -> None:
            event = lab.emit()
            assert await lab.deliverer.wait_idle(10)
            assert len(redeliver_event(lab.store, event, lab.clock.micros)) == 2
            assert len(redeliver_event(lab.store, event, lab.clock.micros, "we_2")) == 1
            await lab.pass_time(0)
            assert len(inbox.got) == 5
            with pytest.raises(UsageError, match="no delivery 99"):
                redeliver(lab.store, 99, 0)
            with pytest.raises(UsageError, match="no receiver"):
                redeliver_event(lab.store, 99, 0)

        run(lab, work)


def test_a_hook_that_fails_does_not_send_again() -> None:
    def broken(row: Delivery, final: bool) -> None:
        raise ValueError("broken hook")

    with Inbox() as inbox:
        lab = Lab(receiver(inbox), finished=broken)

        async def work() -> None:
            lab.emit()
            assert await lab.deliverer.wait_idle(10)

        run(lab, work)
        assert len(inbox.got) == 1


def test_what_was_under_way_is_sent_after_a_restart(tmp_path: Path) -> None:
    async def first() -> None:
        silent = await asyncio.start_server(silence, "127.0.0.1", 0)
        before.receivers.append(Receiver("we_1", f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}/"))
        before.emit()
        async with asyncio.timeout(10):
            while not before.deliverer._flying:
                await asyncio.sleep(0)
        await before.deliverer.stop()
        silent.close()
        assert [row.status for row in before.rows()] == ["pending"]

    path = tmp_path / "state.sqlite"
    before = Lab(store=Store.open(path, service="notes"))
    run(before, first)
    with Inbox() as inbox:
        after = Lab(store=Store.open(path, service="notes"))
        after.store.update_delivery(1, url=inbox.url)

        async def second() -> None:
            assert await after.deliverer.wait_idle(10)

        run(after, second)
        assert ids(inbox) == ["evt_1"]


def test_a_reset_forgets_what_is_under_way() -> None:
    with Inbox() as inbox:
        lab = Lab(receiver(inbox))
        pristine = lab.store.snapshot()

        async def work() -> None:
            lab.emit()
            lab.store.restore(pristine)
            lab.deliverer.forget()
            assert await lab.deliverer.wait_idle(10)
            assert lab.rows() == []

        run(lab, work)


def test_cancelled_deliveries_are_not_sent() -> None:
    with Inbox() as inbox:
        lab = Lab(receiver(inbox))
        lab.emit()
        assert cancel_pending(lab.store) == 1

        async def work() -> None:
            assert await lab.deliverer.wait_idle(10)

        run(lab, work)
        assert inbox.got == []


def test_headers_of_a_twins_own() -> None:
    with Inbox() as inbox:
        store = Store.memory()
        event = store.add_event("a", {}, id="evt", created=0)
        enqueue(
            store, event, "a", [receiver(inbox)], 0, lambda r: Outgoing(b"a=1", {"Content-Type": "text/x", "X-A": "1"})
        )
        lab = Lab(store=store)

        async def work() -> None:
            assert await lab.deliverer.wait_idle(10)

        run(lab, work)
        assert inbox.got[0].headers["content-type"] == "text/x"
        assert inbox.got[0].headers["x-a"] == "1"


def test_faulty_deliveries_end_in_exactly_once() -> None:
    """A receiver that fails one call in five and knows event ids sees each event's effect once, none is lost."""
    effects: dict[str, int] = {}
    attempts: dict[str, int] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                id = json.loads(await reader.readexactly(size))["id"]
                attempts[id] = attempts.get(id, 0) + 1
                if (int(id[4:]) + attempts[id]) % 5 == 0:
                    writer.write(b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n")
                    continue
                effects.setdefault(id, 1)
                writer.write(b"HTTP/1.1 204 Done\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    rules = [
        {"when": {"event": "*", "probability": 0.05}, "then": {"delivery": {"drop": 1}}},
        {"when": {"event": "*", "probability": 0.05}, "then": {"delivery": {"duplicate": 1}}},
        {"when": {"event": "*", "probability": 0.2}, "then": {"delivery": {"shuffle": "30s"}}},
    ]
    lab = Lab(rules=rules)

    async def work() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        lab.receivers.append(Receiver("we_1", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"))
        for _ in range(2_000):
            lab.emit()
        for _ in range(8):
            await lab.pass_time(300)
        await lab.deliverer.stop()
        server.close()

    run(lab, work)
    assert len(effects) == 2_000
    assert sum(attempts.values()) > 2_200
