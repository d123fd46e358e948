"""Steps over time. Imports: collection, world."""

from __future__ import annotations

import time

from twinkit.factory.steps.library.collection import Collection
from twinkit.factory.steps.table import Table
from twinkit.factory.steps.world import World

STEPS = Collection()


@STEPS.when("{duration} pass(es)")
def passes(world: World, duration: float) -> None:
    """The app's clock and the clocks of all twins go on."""
    world.advance(duration)


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
