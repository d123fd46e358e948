"""Assertions on a twin, with messages that show what is there instead. Imports: rows, differences, errors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from twinkit.errors import UsageError, nearest
from twinkit.testing.differences import closest, differences, matches
from twinkit.testing.rows import Delivery, Event, Exchange, Record, brief

if TYPE_CHECKING:
    from twinkit.testing.plane import Plane

SHOWN = 8


def listing(title: str, lines: Sequence[object]) -> str:
    """A title and at most the last few lines."""
    shown = [f"  {line}" for line in lines[-SHOWN:]]
    left_out = [f"  … {len(lines) - SHOWN} more before"] if len(lines) > SHOWN else []
    return "\n".join([title, *left_out, *shown]) if lines else f"{title}\n  (nothing)"


class Assertions:
    """Part of `Twin`: what a test may claim about it."""

    name: str
    plane: Plane

    if TYPE_CHECKING:  # what Twin has

        @property
        def exchanges(self) -> list[Exchange]: ...

        @property
        def events(self) -> list[Event]: ...

        @property
        def deliveries(self) -> list[Delivery]: ...

        def records(self, resource: str, **where: Any) -> list[Record]: ...

    def calls(self, operation: str | None = None, *, status: int | None = None, **fields: Any) -> list[Exchange]:
        """Exchanges of an operation, with this status and these request fields.

        The operation is its id, or method and path: `POST /v1/customers`, `GET /v1/customers/{customer}`. Raises
        UsageError for an id that the twin does not have.
        """
        of_it = [each for each in self.exchanges if _is(each, operation)]
        if not of_it and operation is not None and " " not in operation:
            self._check_operation(operation)
        return [each for each in of_it if status in (None, each.status) and matches(fields, each.fields)]

    def _check_operation(self, operation: str) -> None:
        known = self.plane.get("coverage")["operations"]
        if operation not in known:
            hint = nearest(operation, known) or "; an operation is its id, or method and path: 'POST /v1/customers'"
            raise UsageError(f"twin {self.name} has no operation {operation!r}{hint}")

    def assert_called(
        self, operation: str, *, times: int | None = None, status: int | None = None, **fields: Any
    ) -> Exchange:
        """Some request did this (`times` of them, when given); returns the last one."""
        __tracebackhide__ = True
        found = self.calls(operation, status=status, **fields)
        if found and times in (None, len(found)):
            return found[-1]
        wanted = f"{operation}{f' with status {status}' if status else ''}{f' and {brief(fields)}' if fields else ''}"
        if found:
            raise AssertionError(listing(f"{self.name}: {wanted} was called {len(found)} times, not {times}:", found))
        near = closest(fields, [(str(e), e.fields) for e in self.exchanges if _is(e, operation)])
        lines = [f"{near[0]}", *(f"    {line}" for line in near[1])] if near and near[1] else []
        hint = "\n".join(["", "The nearest call differs:", *(f"  {line}" for line in lines)]) if lines else ""
        raise AssertionError(listing(f"{self.name}: {wanted} was not called. Calls:", self.exchanges) + hint)

    def assert_not_called(self, operation: str | None = None, **fields: Any) -> None:
        """No request did this; without an operation, none at all."""
        __tracebackhide__ = True
        found = self.calls(operation, **fields)
        if found:
            raise AssertionError(listing(f"{self.name}: {operation or 'the twin'} was called:", found))

    def assert_record(self, resource: str, id: str | None = None, **properties: Any) -> Record:
        """Some live record has these properties; returns it."""
        __tracebackhide__ = True
        wanted = {**({"id": id} if id is not None else {}), **properties}
        present = self.records(resource)
        for record in present:
            if matches(wanted, record):
                return record
        near = closest(wanted, [(f"{resource} {record.get('id', '')}", record) for record in present])
        if near is None:
            raise AssertionError(f"{self.name}: there is no {resource} at all; wanted {brief(wanted)}")
        lines = "\n".join(f"    {line}" for line in near[1])
        told = f"{self.name}: none of {len(present)} {resource} records has {brief(wanted)}"
        raise AssertionError(f"{told}. The nearest, {near[0]}:\n{lines}")

    def assert_no_record(self, resource: str, **properties: Any) -> None:
        """No live record has these properties; without any, there is none of the resource."""
        __tracebackhide__ = True
        found = [record for record in self.records(resource) if matches(properties, record)]
        if found:
            raise AssertionError(listing(f"{self.name}: {resource} there is:", [brief(record) for record in found]))

    def assert_event(self, type: str, **properties: Any) -> Event:
        """An event of this type about a record with these properties has happened; returns the last one."""
        __tracebackhide__ = True
        of_type = [event for event in self.events if event.type == type]
        for event in reversed(of_type):
            if matches(properties, event.data):
                return event
        if of_type:
            lines = [line for event in of_type for line in differences(properties, event.data)]
            raise AssertionError(listing(f"{self.name}: no {type} has {brief(properties)}:", lines))
        raise AssertionError(listing(f"{self.name}: no event {type}. Events:", [event.type for event in self.events]))

    def assert_delivered(self, type: str, *, times: int | None = None) -> Delivery:
        """An event of this type was delivered with success (`times` times, when given); returns the last delivery."""
        __tracebackhide__ = True
        found = [d for d in self.deliveries if d.event == type and d.response_status and 200 <= d.response_status < 300]
        if found and times in (None, len(found)):
            return found[-1]
        told = f"{len(found)} times instead of {times}" if found else "not at all"
        raise AssertionError(listing(f"{self.name}: {type} was delivered {told}. Deliveries:", self.deliveries))


def _is(exchange: Exchange, operation: str | None) -> bool:
    if operation is None:
        return True
    method, _, path = operation.partition(" ")
    if path:
        return exchange.method == method.upper() and _pattern(path).fullmatch(exchange.path) is not None
    return exchange.operation == operation


@lru_cache(maxsize=256)
def _pattern(path: str) -> re.Pattern[str]:
    """What paths a path stands for: a name in braces is one segment."""
    return re.compile(re.sub(r"\\\{[^/]*?\\\}", "[^/]+", re.escape(path)))
