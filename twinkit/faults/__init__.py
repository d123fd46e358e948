"""Faults on purpose: profiles, the seeded injector, effects on the wire. See ARCHITECTURE.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinkit.errors import TwinkitError

if TYPE_CHECKING:
    from twinkit.faults.model import Wire

CONNECTION = "twinkit.connection"
"""The ASGI extension under which a server hands its connection to the application."""


class WireFault(TwinkitError):
    """A network fault where there is no network: the in-process client must raise its own error for `wire.kind`."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(f"network fault: {wire.kind}")
        self.wire = wire
