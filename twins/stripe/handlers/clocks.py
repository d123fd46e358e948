"""Test clocks: customers whose time stands still until their clock is advanced, and what billing does later.

Everything that billing does at a time goes through `later`: on the instance's clock for most customers, on the test
clock for those that have one. Source: https://docs.stripe.com/billing/testing/test-clocks. Imports: the kit's public
names, the twin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import accounts, errors, lookup, twin

CLOCK = "test_helpers.test_clock"
QUEUE = "billing_later"
"""Store name of what waits for a test clock."""
LIFE = 30 * 86_400
Work = Callable[[Ctx, dict[str, Any]], None]
WORK: dict[str, Work] = {}
"""Kind → what billing does when its time has come."""


def work(kind: str) -> Callable[[Work], Work]:
    """Register what is done for a kind of `later`."""

    def register(function: Work) -> Work:
        WORK[kind] = function
        return function

    return register


def clock_of(ctx: Ctx, customer: Any) -> str | None:
    """The test clock of a customer (a record or an id), None for one that lives in the instance's time."""
    if isinstance(customer, str):
        customer = ctx.store.find("customer", customer)
    return customer.get("test_clock") if isinstance(customer, Mapping) else None


def now(ctx: Ctx, customer: Any) -> int:
    """The time of a customer, in seconds."""
    clock = clock_of(ctx, customer)
    found = ctx.store.find(CLOCK, clock) if clock else None
    return int(found["frozen_time"]) if found else ctx.now


def later(ctx: Ctx, customer: Any, kind: str, data: Mapping[str, Any], at: int) -> None:
    """Do the registered work at a time of the customer's clock."""
    clock = clock_of(ctx, customer)
    if clock is None:
        ctx.schedule("billing", {"kind": kind, "data": dict(data)}, at=at)
        return
    number = ctx.store.next("billing_later")
    row = {"clock": clock, "due": at, "kind": kind, "data": dict(data)}
    ctx.store.insert(QUEUE, row, id=f"{at:012d}-{number:08d}")


@accounts.timer("billing")
def due(ctx: Ctx, data: dict[str, Any]) -> None:
    """The instance's clock reached what `later` set."""
    WORK[data["kind"]](ctx, data["data"])


def run_until(ctx: Ctx, clock: str, target: int) -> None:
    """Do everything that waits for a test clock up to a time, in order, the clock standing at each."""
    while True:
        waiting = [row for row in _waiting(ctx, clock) if row[1]["due"] <= target]
        if not waiting:
            break
        id, row = min(waiting)
        ctx.store.delete(QUEUE, id)
        ctx.store.update(CLOCK, clock, frozen_time=max(row["due"], ctx.store.get(CLOCK, clock)["frozen_time"]))
        WORK[row["kind"]](ctx, row["data"])
    ctx.store.update(CLOCK, clock, frozen_time=target)


def _waiting(ctx: Ctx, clock: str) -> list[tuple[str, dict[str, Any]]]:
    found = ctx.store.list(QUEUE, [Filter("clock", "=", clock)], limit=10_000)
    return [(id, ctx.store.get(QUEUE, id)) for id in found.ids]


# the API -------------------------------------------------------------------------------------------------------------


@twin.handler("PostTestHelpersTestClocks")
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new clock, standing at a time."""
    params = request.body or {}
    record: dict[str, Any] = {
        "id": ctx.new_id(CLOCK),
        "object": CLOCK,
        "created": ctx.now,
        "deletes_after": ctx.now + LIFE,
        "frozen_time": params["frozen_time"],
        "livemode": False,
        "name": lookup.unset(params.get("name")),
        "status": "ready",
        "status_details": {},
    }
    ctx.store.insert(CLOCK, record, created=ctx.micros)
    ctx.emit("test_helpers.test_clock.created", record)
    return record


@twin.handler("PostTestHelpersTestClocksTestClockAdvance")
def advance(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Move the clock on; it says `advancing`, and is ready at the next look."""
    params = request.body or {}
    clock = lookup.in_path(ctx, CLOCK, request.path["test_clock"], "test_clock")
    target = params["frozen_time"]
    if target <= clock["frozen_time"] and not ctx.options.get("materialise"):
        raise errors.invalid("Test clocks can only be advanced forward in time.", "frozen_time")
    details = {"advancing": {"target_frozen_time": target}}
    advancing = {**clock, "status": "advancing", "status_details": details}
    ctx.emit("test_helpers.test_clock.advancing", advancing, previous={"status": "ready"})
    run_until(ctx, clock["id"], target)
    ready = ctx.store.get(CLOCK, clock["id"])
    ctx.emit("test_helpers.test_clock.ready", ready, previous={"status": "advancing"})
    return advancing


@twin.handler("DeleteTestHelpersTestClocksTestClock")
def delete(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Delete a clock with its customers and what they have."""
    clock = lookup.in_path(ctx, CLOCK, request.path["test_clock"], "test_clock")
    mine = [Filter("test_clock", "=", clock["id"])]
    for resource in ("quote", "subscription_schedule", "subscription", "invoice", "customer"):
        for record in list(ctx.store.select(resource, mine)):
            ctx.store.delete(resource, record["id"])
    for id, _ in _waiting(ctx, clock["id"]):
        ctx.store.delete(QUEUE, id)
    ctx.delete(CLOCK, clock["id"])
    return {"id": clock["id"], "object": CLOCK, "deleted": True}
