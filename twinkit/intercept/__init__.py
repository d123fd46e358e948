"""Calls to a service's own hosts reach the twin: in this process, or in child processes through a proxy and a local CA.

    with routed(server, stripe): ...        # every httpx client, without a socket
    with intercepted(server, stripe): ...   # every client of this process, at connect()
    httpx.Client(transport=transport(server, stripe))

Names are loaded when they are used. Imports: server, instance and below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twinkit.intercept.process import Interception, intercepted
    from twinkit.intercept.transports import TwinTransport, routed, transport

_HOME = {
    "Interception": "process",
    "TwinTransport": "transports",
    "intercepted": "process",
    "routed": "transports",
    "transport": "transports",
}

__all__ = ["Interception", "TwinTransport", "intercepted", "routed", "transport"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
