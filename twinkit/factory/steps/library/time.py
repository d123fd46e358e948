"""Steps over time. Imports: collection, world."""

from __future__ import annotations

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
    """Repeat another Then step until it holds; its last failure counts when time is up."""
    rows = tuple(tuple(row) for row in table.rows) if table else ()
    world.eventually(duration, lambda: world.run_then(rest, rows, doc))
    world.expect(True, "eventually")


define = STEPS.define
