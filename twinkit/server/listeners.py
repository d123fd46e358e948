"""Sockets of a twin that speaks more than HTTP: one port for each instance, its calls under the same rules as requests.

Imports: pipeline, instance and what they import. A twin hooks in with `twin.listener(name)`; the kit binds, serves,
decides faults, commits and records, and the twin's own code speaks the protocol.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twinkit.behaviour.ctx import Ctx
from twinkit.behaviour.request import Request
from twinkit.errors import ServiceError, UsageError
from twinkit.server import pipeline
from twinkit.server.pipeline import Prepared
from twinkit.server.render import Rendered

if TYPE_CHECKING:
    from twinkit.instance import Instance
    from twinkit.server.hosting import Hosting

BACKLOG = 128


class Broken(Exception):
    """A network fault: the connection is to be given up as `kind` says; nothing more is to be sent."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Said:
    """What a call over a listener is answered: the protocol's status and its text."""

    status: int
    text: str


class Line:
    """What a listener's protocol works with: one instance, and calls on it."""

    def __init__(self, hosting: Hosting, instance: Instance) -> None:
        self._hosting = hosting
        self._instance = instance

    @property
    def strict(self) -> bool:
        """Only credentials that the twin has issued are accepted."""
        return self._instance.options.strict

    def credentials(self) -> Mapping[str, Any]:
        """What works without set-up on this instance."""
        return self._instance.credentials()

    def of(self, credential: str) -> Line | None:
        """The line of the private instance that a credential was given out with."""
        found = self._hosting.by_credential.get(credential)
        return Line(self._hosting, found) if found is not None else None

    def begin(self, operation: str, method: str, fields: Mapping[str, Any]) -> Prepared:
        """A call as faults see it: an operation of the contract with its fields, before anything is done."""
        instance = self._instance
        instance.clock.tick()
        instance.run_due()
        request = Request(method, "/")
        request.operation = instance.twin.index.operation(operation)
        request.binding = instance.twin.compiled.bindings[operation]
        request.body = dict(fields)
        prepared = Prepared(request, instance.ctx(request), time.perf_counter_ns())
        prepared.decision = pipeline.decide(instance, prepared)
        if instance.clock.mode == "tick":
            self._hosting.ticked(instance)
        return prepared

    async def refusal(self, prepared: Prepared) -> ServiceError | None:
        """Wait as the fault says; the error it answers with before anything is done. Raises Broken."""
        decision = prepared.decision
        if decision is None:
            return None
        if decision.delay:
            await asyncio.sleep(decision.delay / 1e6)
        if decision.at != "before":
            return None
        if decision.wire is not None:
            self.close(prepared, Said(0, ""))
            raise Broken(decision.wire.kind)
        return pipeline.fault_error(prepared.ctx, decision)

    def perform(self, prepared: Prepared, work: Callable[[Ctx], Said]) -> Said | ServiceError:
        """Do the work in one transaction and write the exchange down; an error loses the writes. Raises Broken."""
        instance, decision = self._instance, prepared.decision
        try:
            with instance.store.transaction():
                said = work(prepared.ctx)
                pipeline.record(instance, prepared, Rendered(said.status, said.text.encode()))
        except ServiceError as error:
            return error
        if decision is not None and decision.at == "after":
            if decision.wire is not None:
                raise Broken(decision.wire.kind)
            return pipeline.fault_error(prepared.ctx, decision) or said
        return said

    def close(self, prepared: Prepared, said: Said) -> None:
        """Write down a call that was refused."""
        with self._instance.store.transaction():
            pipeline.record(self._instance, prepared, Rendered(said.status, said.text.encode()))


class Lines:
    """The listening sockets of one twin, by instance and listener; served from `start` on."""

    def __init__(self, hosting: Hosting, host: str, usual: bool = False) -> None:
        """`usual` gives the default instance the ports that the overlay names, where they are free."""
        self._hosting = hosting
        self._host = host
        self._usual = usual
        self._sockets: dict[str, dict[str, socket.socket]] = {}
        self._servers: dict[str, list[asyncio.Server]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._running = False
        for instance in hosting.instances.values():
            self.open(instance)

    def open(self, instance: Instance) -> None:
        """Bind the sockets of an instance; its environment then names them."""
        bound = {name: self._bind(name, instance) for name in self._hosting.twin.listeners}
        self._sockets[instance.name] = bound
        shown = "127.0.0.1" if self._host in ("0.0.0.0", "::", "") else self._host
        for name, each in bound.items():
            instance.addresses |= {f"{name}_host": shown, f"{name}_port": str(each.getsockname()[1])}
        if self._running:
            task = asyncio.get_running_loop().create_task(self._serve(instance))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _bind(self, name: str, instance: Instance) -> socket.socket:
        declared = self._hosting.twin.compiled.options.get("listeners", {}).get(name, {})
        usual = int(declared.get("port", 0)) if self._usual and instance is self._hosting.default else 0
        for port in dict.fromkeys((usual, 0)):
            bound = socket.socket(socket.AF_INET6 if ":" in self._host else socket.AF_INET, socket.SOCK_STREAM)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                bound.bind((self._host, port))
                bound.listen(BACKLOG)
            except OSError:
                bound.close()
                continue
            bound.setblocking(False)
            return bound
        raise UsageError(f"cannot listen on {self._host} for {name}")

    async def start(self) -> None:
        """Serve every socket that is bound."""
        self._running = True
        for instance in list(self._hosting.instances.values()):
            await self._serve(instance)

    async def _serve(self, instance: Instance) -> None:
        loop = asyncio.get_running_loop()
        for name, bound in self._sockets.get(instance.name, {}).items():
            factory = self._hosting.twin.listeners[name](Line(self._hosting, instance))
            server = await loop.create_server(factory, sock=bound)
            self._servers.setdefault(instance.name, []).append(server)

    def close(self, name: str) -> None:
        """Close the sockets of an instance that is forgotten."""
        for server in self._servers.pop(name, ()):
            server.close()
        for bound in self._sockets.pop(name, {}).values():
            with contextlib.suppress(OSError):
                bound.close()

    def stop(self) -> None:
        """Close everything."""
        self._running = False
        for name in list(self._sockets):
            self.close(name)
