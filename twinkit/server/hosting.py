"""One twin and all its private instances, with what runs in the background for them: timers and deliveries.

Imports: instance, webhooks (deliver).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinkit.behaviour.authentication import basic_user
from twinkit.behaviour.problems import problem
from twinkit.behaviour.twin import Twin
from twinkit.clock import Clock
from twinkit.errors import UsageError
from twinkit.instance import Instance, Options
from twinkit.store import Store
from twinkit.store.events import Delivery

if TYPE_CHECKING:
    from twinkit.webhooks.deliver import Deliverer

log = logging.getLogger("twinkit")
IDLE = 3600.0
"""Seconds the background task sleeps at most when nothing is due."""


if TYPE_CHECKING:
    from twinkit.server.listeners import Lines
    from twinkit.server.world import World


class Hosting:
    """A twin, its default instance and its private ones."""

    def __init__(
        self,
        twin: Twin,
        *,
        seed: int = 0,
        clock: Clock | None = None,
        db: Path | None = None,
        options: Options | None = None,
        base_url: str = "",
    ) -> None:
        self.twin = twin
        self.base_url = base_url
        store = Store.open(db, service=twin.name) if db else Store.memory(service=twin.name)
        self.default = Instance(
            twin, seed=seed, clock=clock, store=store, options=options or Options(), base_url=base_url
        )
        self.instances: dict[str, Instance] = {"default": self.default}
        self.by_credential: dict[str, Instance] = {}
        self.control_token: str | None = None
        self.local = False
        """Whether only this machine reaches the twin: no other host name leads to it then."""
        self.strangers: list[str] = []
        """What was asked of the control plane, or of faults by header, without the control token."""
        self.world: World | None = None
        """The world this twin is part of; its default instance's time moves with the other twins'."""
        self.failures: Sequence[str] = ()
        """Failure profiles that every new private instance gets."""
        self.deliverers: dict[str, Deliverer] = {}
        self.receivers_ahead = 0.0
        """How many seconds the clocks of those who get events are ahead of this machine's: signatures keep to them."""
        self.lines: Lines | None = None
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._attach(self.default)

    # instances -----------------------------------------------------------------------------------------------------

    def _attach(self, instance: Instance) -> None:
        instance.wake = lambda: self.woken(instance)
        if self.lines is not None:
            self.lines.open(instance)

    def listen(self, host: str, *, usual: bool = False) -> None:
        """Bind the sockets of a twin that speaks more than HTTP; `usual` takes the ports its overlay names."""
        if self.twin.listeners:
            from twinkit.server.listeners import Lines

            self.lines = Lines(self, host, usual)

    def find(self, prefix: str | None, headers: Mapping[str, str]) -> Instance:
        """The instance a request is for: by path prefix, `Twin-Instance` header or credentials. Raises ServiceError."""
        if len(self.instances) == 1 and prefix is None and "twin-instance" not in headers:
            return self.default
        name = prefix or headers.get("twin-instance")
        if name:
            return self.named(name)
        if self.by_credential:
            word, _, rest = headers.get("authorization", "").partition(" ")
            key = basic_user(rest) if word.lower() == "basic" else rest
            return self.by_credential.get(key.strip(), self.default)
        return self.default

    def named(self, name: str) -> Instance:
        """An instance by its name. Raises ServiceError (404) when there is none."""
        found = self.instances.get(name)
        if found is None:
            raise problem(404, f"there is no instance {name!r}; create it with POST /_twin/instances", "no_instance")
        return found

    def create(
        self, name: str, *, seed: int | None = None, clock: Clock | None = None, options: Options | None = None
    ) -> Instance:
        """A new private instance. Raises UsageError when the name is taken or not fit for a path."""
        if not name or "/" in name or len(name) > 100:
            raise UsageError(f"an instance's name has 1 to 100 characters and no slash, not {name!r}")
        if name in self.instances:
            raise UsageError(f"instance {name!r} exists already")
        if clock is None:
            clock = Clock()
            clock.restore(self.default.started)
        instance = Instance(
            self.twin,
            name=name,
            seed=self.default.seed if seed is None else seed,
            clock=clock,
            options=options or self.default.options,
            base_url=f"{self.base_url}/i/{name}",
        )
        for profile in self.failures:
            instance.injector.add(profile, instance.clock.micros)
        return self.adopt(instance)

    def adopt(self, instance: Instance) -> Instance:
        """Take an instance (a fork, say) in under its own name."""
        if instance.name in self.instances:
            raise UsageError(f"instance {instance.name!r} exists already")
        self.instances[instance.name] = instance
        for value in instance.credentials().values():
            if isinstance(value, str) and instance.name != "default":
                self.by_credential.setdefault(value, instance)
        for value in self.default.credentials().values():
            self.by_credential.pop(value, None)
        self._attach(instance)
        return instance

    def remove(self, name: str) -> None:
        """Forget a private instance. Raises ServiceError (404), UsageError for the default one."""
        instance = self.named(name)
        if instance is self.default:
            raise UsageError("the default instance cannot be removed; reset it instead")
        del self.instances[name]
        if self.lines is not None:
            self.lines.close(name)
        self.by_credential = {key: value for key, value in self.by_credential.items() if value is not instance}
        deliverer = self.deliverers.pop(name, None)
        if deliverer:
            deliverer.forget()
            asyncio.get_running_loop().create_task(deliverer.stop())
        instance.store.close()

    def note_stranger(self, what: str) -> None:
        """Write down who had no token; the first hundred are kept."""
        if len(self.strangers) < 100:
            self.strangers.append(what)

    # background ----------------------------------------------------------------------------------------------------

    def deliverer(self, instance: Instance) -> Deliverer:
        """What sends an instance's events; made when there is a first one to send."""
        found = self.deliverers.get(instance.name)
        if found is None:
            from twinkit.webhooks.deliver import Deliverer, unsigned
            from twinkit.webhooks.schedule import read_schedule

            found = Deliverer(
                instance.store,
                instance.clock,
                lambda: time.time() + self.receivers_ahead,
                sign=self.twin.signer or unsigned,
                schedule=read_schedule(self.twin.compiled.webhooks.get("schedule")),
                allowed=instance.still_wanted,
                finished=self._finished(instance),
            )
            self.deliverers[instance.name] = found
        return found

    def _finished(self, instance: Instance) -> Callable[[Delivery, bool], None]:
        hook = self.twin.single.get("delivered")

        def finished(delivery: Delivery, final: bool) -> None:
            log.info(
                "%s %s → %s %s",
                instance.name,
                delivery.status,
                delivery.url,
                delivery.response_status or delivery.error,
            )
            if hook:
                hook(instance.ctx(), delivery, final)
            if final and (limit := self.deliverer(instance).schedule.disable_after):
                instance.note_delivery(delivery.receiver, delivery.status == "delivered", limit)

        return finished

    def woken(self, instance: Instance) -> None:
        """Something of this instance may be due: let the background work look."""
        self._woken.set()
        if self._task is not None and instance.store.next_delivery() is not None:
            deliverer = self.deliverer(instance)
            deliverer.start()
            deliverer.wake()

    def ticked(self, instance: Instance) -> None:
        """The time of this instance moved by a request: a delayed delivery may have come due."""
        deliverer = self.deliverers.get(instance.name)
        if deliverer:
            deliverer.wake()
        if self.world is not None and instance is self.default:
            self.world.moved(self)

    def restored(self, instance: Instance) -> None:
        """The records of this instance were replaced: deliveries under way no longer belong to it."""
        deliverer = self.deliverers.get(instance.name)
        if deliverer:
            deliverer.forget()

    async def start(self) -> None:
        """Begin to run timers and deliveries."""
        self._task = asyncio.create_task(self._run())
        if self.lines is not None:
            await self.lines.start()
        for instance in self.instances.values():
            self.woken(instance)

    async def stop(self) -> None:
        """End the background work and close every store."""
        if self.lines is not None:
            self.lines.stop()
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for deliverer in self.deliverers.values():
            await deliverer.stop()
        for instance in self.instances.values():
            instance.keep_time()
            instance.store.close()

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), self._pause())
            self._woken.clear()
            for instance in list(self.instances.values()):
                try:
                    instance.run_due()
                except Exception:
                    log.exception("twin %s: background work of instance %s", self.twin.name, instance.name)

    def _pause(self) -> float:
        """Seconds until something is due on a real clock."""
        soonest = IDLE
        for instance in self.instances.values():
            if instance.clock.mode != "real":
                continue
            due = instance.next_due()
            if due is not None:
                soonest = min(soonest, max(0.0, (due - instance.clock.micros) / 1_000_000))
        return soonest

    def next_due(self, instance: Instance) -> int | None:
        """When the next timer or delivery of an instance is due, in microseconds."""
        dues = (instance.next_due(), instance.store.next_delivery())
        return min((due for due in dues if due is not None), default=None)

    async def advance(self, instance: Instance, target: int) -> dict[str, Any]:
        """Move an instance's clock, running timers and deliveries due on the way, in order.

        In a world the other twins' run too; they are under `others`.
        """
        if self.world is None or instance is not self.default:
            return await self.advance_alone(instance, target)
        ran = await self.world.advance(target)
        own = ran.pop(self.twin.name)
        return {"now": instance.clock.now, **own, "others": ran}

    async def advance_alone(self, instance: Instance, target: int) -> dict[str, Any]:
        """Like `advance`, of one instance and no other."""
        timers: list[dict[str, Any]] = []
        deliveries: list[Delivery] = []
        while True:
            sending = instance.store.next_delivery()
            dues = [due for due in (instance.next_due(), sending) if due is not None]
            soonest = min(dues, default=None)
            if soonest is None or soonest > target:
                break
            soonest = max(soonest, instance.clock.micros)
            timers.extend(instance.advance_to(soonest))
            if sending is not None and sending <= soonest:
                deliveries.extend(await self.deliverer(instance).run_due(soonest))
        timers.extend(instance.advance_to(target))
        self.woken(instance)
        return {"now": instance.clock.now, "timers": timers, "deliveries": deliveries}
