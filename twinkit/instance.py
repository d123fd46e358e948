"""One private running copy of a twin: its store, clock, seed, faults and receivers.

Imports: behaviour, webhooks, faults, store, clock. Nothing here waits or opens a socket; the server does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson

from twinkit.behaviour.ctx import Ctx
from twinkit.behaviour.problems import STATUSES
from twinkit.behaviour.request import Request
from twinkit.behaviour.twin import Twin
from twinkit.clock import Clock
from twinkit.errors import ServiceError, TwinkitError, UsageError
from twinkit.store import Snapshot, Store
from twinkit.store.events import Delivery

if TYPE_CHECKING:
    from twinkit.faults.injector import DeliveryFault, Injector
    from twinkit.webhooks.outbox import Outgoing
    from twinkit.webhooks.receiver import Receiver

log = logging.getLogger("twinkit")


@dataclass(slots=True)
class Options:
    """How an instance is to behave; the same for every instance of a server unless its creation says otherwise."""

    strict: bool = False
    """Only credentials and scopes that the twin has issued are accepted."""
    materialise: bool = False
    """Every record asked for by id exists."""
    check_replies: bool = False
    """Check each reply against the contract and log what does not fit."""
    extra: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for `ctx.options`."""
        plain = {"strict": self.strict, "materialise": self.materialise, "check_replies": self.check_replies}
        return {**self.extra, **plain}


@dataclass(frozen=True, slots=True)
class Capture:
    """A frozen instance: its records, its time, what its faults have counted."""

    store: Snapshot
    clock: dict[str, Any]
    faults: dict[str, Any]


class Instance:
    """One isolated running copy of a twin."""

    def __init__(
        self,
        twin: Twin,
        *,
        name: str = "default",
        seed: int = 0,
        clock: Clock | None = None,
        store: Store | None = None,
        options: Options | None = None,
        base_url: str = "",
    ) -> None:
        self.twin = twin
        self.name = name
        self.seed = seed
        self.clock = clock or Clock()
        self.store = store or Store.memory(service=self.twin.name)
        self.options = options or Options()
        self.base_url = base_url
        self._injector: Injector | None = None
        self.receivers: list[Receiver] = []
        self.in_flight: set[str] = set()
        self.addresses: dict[str, str] = {}
        """Where its listeners are: `smtp_host`, `smtp_port`."""
        self.shares_clock = False
        """The clock belongs to a world: restoring and resetting this instance alone leave it where it is."""
        self.wake: Callable[[], None] = lambda: None
        """Called when a delivery or a timer has been added; the server replaces it."""
        self.started = self.clock.state()
        self._options = self.options.as_dict()
        self._baselines: list[Mapping[str, Any]] = []
        self._credentials: dict[str, Any] | None = None
        self._pristine: Capture | None = None
        self._begin()

    @property
    def injector(self) -> Injector:
        """What decides faults; made, and its module loaded, when somebody first asks for one."""
        if self._injector is None:
            from twinkit.faults.injector import Injector

            compiled = self.twin.compiled
            limits = compiled.options.get("rate_limits")
            self._injector = Injector(self.seed, self.twin.name, limits, errors={*compiled.errors, *STATUSES})
        return self._injector

    @property
    def faultless(self) -> bool:
        """No rule is in force and no bucket of the twin holds."""
        return self._injector is None or self._injector.idle

    # life ----------------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if self.store.meta("begun") is None:
            self._lay_baseline()
            return
        saved = self.store.meta("clock")
        if saved and self.clock.mode != "real":
            self.clock.restore(orjson.loads(saved))

    def _lay_baseline(self) -> None:
        with self.store.transaction():
            self.store.set_meta("begun", "yes")
            hook = self.twin.single.get("baseline")
            if hook:
                hook(self.ctx(quiet=True))
            for records in self._baselines:
                self._load(records)
        self.store.take_changes()  # they are nobody's doing

    def capture(self) -> Capture:
        """Freeze records and time."""
        faults = self._injector.state() if self._injector else {}
        return Capture(self.store.snapshot(), self.clock.state(), faults)

    def restore(self, capture: Capture) -> None:
        """Become what `capture` froze."""
        self.store.restore(capture.store)
        if not self.shares_clock:
            self.clock.restore(capture.clock)
        if self._injector:
            self._injector.restore(capture.faults)
        self.wake()

    def pristine(self) -> Capture:
        """The instance as it began: baseline records, first time."""
        if self._pristine is None:
            fresh = Instance(
                self.twin, name=self.name, seed=self.seed, clock=Clock("fixed"), options=self.options,
                base_url=self.base_url,
            )  # fmt: skip
            fresh.clock.restore(self.started)
            fresh._baselines = self._baselines
            fresh.reset_records()
            self._pristine = Capture(fresh.store.snapshot(), self.started, {})
        return self._pristine

    def reset_records(self) -> None:
        """Start over with an empty store and lay the baseline again."""
        self.store.close()
        self.store = Store.memory(service=self.twin.name)
        self._lay_baseline()

    def reset(self) -> None:
        """Go back to the beginning: baseline records, first time, no faults counted, no in-flight keys."""
        self.restore(self.pristine())
        if self._injector:
            self._injector.reset(self.clock.micros)
        self.in_flight.clear()

    def fork(self, name: str, *, seed: int | None = None) -> Instance:
        """A private copy with the same records, time and faults; deliveries under way stay with the original."""
        from twinkit.webhooks.outbox import cancel_pending

        clock = Clock()
        clock.restore(self.clock.state())
        copy = Instance(
            self.twin,
            name=name,
            seed=self.seed if seed is None else seed,
            clock=clock,
            store=self.store.fork(),
            options=replace(self.options),
            base_url=self.base_url,
        )
        cancel_pending(copy.store)
        copy._injector = self._injector.fork(copy.seed) if self._injector else None
        copy.receivers = list(self.receivers)
        copy._baselines = list(self._baselines)
        return copy

    def baseline(self, records: Mapping[str, Any]) -> int:
        """Load first records, resource → list of properties; `reset` comes back to them. Returns the count."""
        with self.store.transaction():
            count = self._load(records)
        self.expect(records)
        return count

    def expect(self, records: Mapping[str, Any]) -> None:
        """Note first records that are there already (a state file kept them): `reset` comes back to them."""
        self._baselines.append(records)
        self._pristine = None

    def _load(self, records: Mapping[str, Any]) -> int:
        ctx = self.ctx(quiet=True)
        count = 0
        for resource, rows in records.items():
            for row in rows if isinstance(rows, list) else [rows]:
                if not isinstance(row, Mapping):
                    raise UsageError(f"baseline: {resource} needs a list of records, not {row!r}")
                ctx.resource(resource)
                ctx.create(resource, row)
                count += 1
        return count

    # work ----------------------------------------------------------------------------------------------------------

    def ctx(self, request: Request | None = None, *, quiet: bool = False) -> Ctx:
        """A context on this instance; `quiet` emits no events."""
        return Ctx(
            self.twin,
            self.store,
            self.clock,
            self.seed,
            instance=self.name,
            base_url=self.base_url,
            options=self._options,
            enqueue=self._enqueue,
            request=request,
            quiet=quiet,
        )

    def credentials(self) -> dict[str, Any]:
        """Names and values that work without set-up."""
        if self._credentials is None:
            hook = self.twin.single.get("credentials")
            self._credentials = dict(hook(self.ctx())) if hook else {}
        return self._credentials

    def env(self, url: str) -> dict[str, str]:
        """Environment variables that point an unmodified SDK at `url`."""
        fields = {**self.credentials(), **self.addresses, "url": url}
        return {name: value.format_map(fields) for name, value in self.twin.env.items()}

    def _enqueue(self, ctx: Ctx, number: int, event: dict[str, Any]) -> None:
        receivers = list(self.receivers)
        hook = self.twin.single.get("receivers")
        if hook:
            receivers.extend(hook(ctx, event))
        if not receivers:
            return
        from twinkit.webhooks.outbox import enqueue

        compose = self.twin.single.get("compose")

        def composed(receiver: Receiver) -> Outgoing | bytes:
            made: Outgoing | bytes = compose(ctx, event, receiver) if compose else orjson.dumps(event)
            return made

        def decide(event_type: str, receiver: str) -> DeliveryFault | None:
            if self.faultless:
                return None
            return self.injector.decide_delivery(event_type, receiver, self.clock.micros, self.name)

        kind = str(event.get("type", ""))
        if enqueue(self.store, number, kind, receivers, self.clock.micros, composed, decide):
            self.wake()

    def note_delivery(self, receiver: str, delivered: bool, limit: int) -> None:
        """Disable a receiver of the kit after `limit` events in a row that could not be delivered."""
        name = f"undelivered/{receiver}"
        failed = 0 if delivered else int(self.store.meta(name) or 0) + 1
        if failed or self.store.meta(name):
            self.store.set_meta(name, str(failed))
        if failed >= limit:
            off = [replace(each, enabled=False) if each.id == receiver else each for each in self.receivers]
            self.receivers[:] = off

    def still_wanted(self, row: Delivery) -> bool:
        """Whether a delivery's receiver is still there, enabled, and wants the event."""
        event = self.store.event(row.event)
        hook = self.twin.single.get("receivers")
        receivers = [*self.receivers, *(hook(self.ctx(), event.data) if hook and event else ())]
        return any(each.id == row.receiver and each.enabled for each in receivers)

    def control(self, name: str, payload: Any) -> Any:
        """Run the twin's control `name` in one transaction. Raises KeyError when there is none."""
        function = self.twin.controls[name]
        with self.store.transaction():
            return function(self.ctx(), payload)

    # time ----------------------------------------------------------------------------------------------------------

    def keep_time(self) -> None:
        """Write the time down, so that a state file goes on where it was."""
        self.store.set_meta("clock", orjson.dumps(self.clock.state()).decode())

    def next_due(self) -> int | None:
        """When the next timer is due, in microseconds."""
        timer = self.store.next_timer()
        return timer.due if timer else None

    def run_due(self) -> list[dict[str, Any]]:
        """Run the timers that are due now, in order. Returns what ran: kind, due (microseconds), data."""
        ran: list[dict[str, Any]] = []
        while True:
            timer = self.store.next_timer()
            if timer is None or timer.due > self.clock.micros:
                return ran
            ran.append(self._run_timer(timer))

    def _run_timer(self, timer: Any) -> dict[str, Any]:
        report = {"kind": timer.kind, "due": timer.due, "data": timer.data}
        function = self.twin.timers.get(timer.kind)
        try:
            with self.store.transaction():
                self.store.pop_timer(timer.seq)
                if function:
                    function(self.ctx(), timer.data)
        except (TwinkitError, ServiceError) as error:
            log.warning("twin %s: timer %s: %s", self.twin.name, timer.kind, error)
            report["error"] = str(error)
            with self.store.transaction():
                self.store.pop_timer(timer.seq)
        return report

    def advance_to(self, target: int) -> list[dict[str, Any]]:
        """Move the clock to `target` (microseconds), stopping at every due timer on the way. Returns what ran."""
        ran = self.run_due()
        while True:
            due = self.next_due()
            if due is None or due > target:
                break
            self.clock.set(max(due, self.clock.micros))
            ran.extend(self.run_due())
        self.clock.set(max(target, self.clock.micros))
        self.keep_time()
        return ran
