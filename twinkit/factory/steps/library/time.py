"""Steps over time. Imports: collection, world."""

from __future__ import annotations

import time
from datetime import datetime

from twinkit.factory.errors import HarnessError
from twinkit.factory.steps.library.collection import Collection
from twinkit.factory.steps.table import Table
from twinkit.factory.steps.world import World

STEPS = Collection()


@STEPS.when("{duration} pass(es)")
def passes(world: World, duration: float) -> None:
    """The app's clock and the clocks of all twins go on."""
    world.advance(duration)


@STEPS.given("the time is {string}")
def at(world: World, text: str) -> None:
    """The clocks go on until it is this time, such as `2031-03-30T01:30:00Z`; for what depends on the day or the zone.

    Raises HarnessError for a time without a zone, or one that is over.
    """
    try:
        wanted = datetime.fromisoformat(str(world.fill(text)))
    except ValueError:
        raise HarnessError("harness", f"{text!r} is no time; write for example 2031-03-30T01:30:00Z") from None
    if wanted.tzinfo is None:
        raise HarnessError("harness", f"say in which zone: {text}Z, or {text}+01:00")
    ahead = wanted.timestamp() - time.time() - world.clock.offset
    if ahead < 0:
        raise HarnessError("harness", f"{text} is over: clocks only go on; choose a time to come")
    world.advance(ahead)


@STEPS.then("eventually within {duration} {}")
def eventually(world: World, duration: float, rest: str, table: Table | None = None, doc: str | None = None) -> None:
    """Repeat another Then step until it holds; its last failure counts when time is up.

    What says that something is not there is looked at once, when the time is over: at first it is true of everything.
    """
    rows = tuple(tuple(row) for row in table.rows) if table else ()
    end, absences = time.monotonic() + duration, world.absences
    world.eventually(duration, lambda: world.run_then(rest, rows, doc))
    if world.absences > absences:
        time.sleep(max(0.0, min(end, world.deadline) - time.monotonic()))
        world.run_then(rest, rows, doc)


define = STEPS.define
