"""This process's own connections to a service's hosts, whatever the HTTP client, reach the twins.

Imports: front, inside, routes. One front and one redirect for each server, however many twins are intercepted.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any
from weakref import WeakKeyDictionary

from twinkit.intercept.front import Front
from twinkit.intercept.inside import Redirect
from twinkit.intercept.routes import route_of

FRONTS: WeakKeyDictionary[Any, Front] = WeakKeyDictionary()


class Interception:
    """Twins that stand for their services in this process until `close`. Usable as a context manager."""

    def __init__(self, server: Any, twins: tuple[Any, ...]) -> None:
        if server not in FRONTS:
            FRONTS[server] = Front(server.background)
        self.front = FRONTS[server]
        self._stack = ExitStack()
        for twin in twins:
            self._stack.enter_context(self.front.routes.added(route_of(server.host(twin.name), twin.instance)))
        self._redirect = Redirect(
            self.front.routes.hosts,
            tls_port=self.front.tls_port,
            plain_port=self.front.plain_port,
            authority=self.front.authority,
        )
        self._redirect.install()
        self._stack.callback(self._redirect.uninstall)

    def close(self) -> None:
        """Let connections go where they want again."""
        self._stack.close()

    def __enter__(self) -> Interception:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def intercepted(server: Any, *twins: Any) -> Interception:
    """From now on, calls of this process to the services' own hosts reach these twins, whatever the HTTP client.

    `server` is a `twinkit.testing.TwinServer`, `twins` instances of it. Connections that are open already stay as they
    are. Undo in the reverse order of doing.
    """
    return Interception(server, twins)
