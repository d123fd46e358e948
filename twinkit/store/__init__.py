"""The state of an instance: records, events, timers and their copies on SQLite. Imports: errors.

`Store` is what everything above uses; `tables` (SQLModel) is for offline use only and not imported here.
"""

from twinkit.store.changes import Change
from twinkit.store.conditions import Filter
from twinkit.store.events import Delivery, Event
from twinkit.store.exchanges import Exchange
from twinkit.store.idempotency import Remembered
from twinkit.store.query import Page
from twinkit.store.snapshot import Snapshot
from twinkit.store.store import Store
from twinkit.store.timers import Timer

__all__ = [
    "Change",
    "Delivery",
    "Event",
    "Exchange",
    "Filter",
    "Page",
    "Remembered",
    "Snapshot",
    "Store",
    "Timer",
]
