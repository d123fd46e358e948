"""What tests hold in their hands: twins served beside them, their records, time, faults, webhooks and assertions.

    with TwinServer("stripe") as server:
        stripe = server.instance()          # a private instance
        stripe.url, stripe.env, stripe.records("customer"), stripe.clock.advance(days=30), stripe.fail("rate_limit")

    stripe = connect("http://127.0.0.1:4010")   # the same object, talking to a live `twin serve`

Names are loaded when they are used. Imports: server, instance and below; never a twin by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twinkit.testing.clock import TwinClock
    from twinkit.testing.plane import PlaneError
    from twinkit.testing.receiver import Arrival, WebhookReceiver
    from twinkit.testing.rows import Change, Delivery, Event, Exchange, Record
    from twinkit.testing.server import TwinServer
    from twinkit.testing.twin import Twin, connect
    from twinkit.testing.world import World

_HOME = {
    "Arrival": "receiver",
    "Change": "rows",
    "Delivery": "rows",
    "Event": "rows",
    "Exchange": "rows",
    "PlaneError": "plane",
    "Record": "rows",
    "Twin": "twin",
    "TwinClock": "clock",
    "TwinServer": "server",
    "WebhookReceiver": "receiver",
    "World": "world",
    "connect": "twin",
}

__all__ = [
    "Arrival",
    "Change",
    "Delivery",
    "Event",
    "Exchange",
    "PlaneError",
    "Record",
    "Twin",
    "TwinClock",
    "TwinServer",
    "WebhookReceiver",
    "World",
    "connect",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
