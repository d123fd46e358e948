"""What a twin remembers, as tests read it: records, exchanges, events, deliveries, changes. Imports: contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson


class Record(dict[str, Any]):
    """One record: a dictionary whose properties can also be read as attributes."""

    def __getattr__(self, name: str) -> Any:
        try:
            value = self[name]
        except KeyError:
            known = ", ".join(sorted(self))
            raise AttributeError(f"the record has no property {name!r}; it has {known}") from None
        return Record(value) if isinstance(value, dict) else value


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its reply."""

    operation: str | None
    """The operation id; None when the path is none of the contract."""
    method: str
    path: str
    status: int
    fields: Mapping[str, Any]
    """Properties of the query string and of the body, as sent."""
    reply: Any
    """The body of the reply: parsed when it is JSON, else text."""
    fault: str | None
    """The rule that fired, when one did."""
    principal: str | None
    """The credential that was used."""
    at: int
    """The twin's time, in microseconds since 1970."""
    micros: int
    """How long the twin took, in microseconds."""

    def __str__(self) -> str:
        fault = f"  ⚡ {self.fault}" if self.fault else ""
        given = f"  {brief(self.fields)}" if self.fields else ""
        return f"{self.method} {self.path} → {self.status}  {self.operation or 'no such operation'}{given}{fault}"


@dataclass(frozen=True, slots=True)
class Event:
    """One domain event."""

    type: str
    data: Any
    """The record that it is about, as the service sends it."""
    raw: Mapping[str, Any]
    """The whole event."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to send an event to a receiver."""

    event: str
    receiver: str
    attempt: int
    status: str
    response_status: int | None
    error: str | None
    raw: Mapping[str, Any]

    def __str__(self) -> str:
        outcome = self.error or self.response_status or ""
        return f"{self.event} → {self.receiver}  attempt {self.attempt}: {self.status} {outcome}".rstrip()


@dataclass(frozen=True, slots=True)
class Change:
    """One write to a record; `action` is `insert`, `update` or `delete`."""

    resource: str
    id: str
    action: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @property
    def differences(self) -> dict[str, tuple[Any, Any]]:
        """Property → (before, after) of the properties that changed."""
        before, after = self.before or {}, self.after or {}
        names = dict.fromkeys([*before, *after])
        return {n: (before.get(n), after.get(n)) for n in names if before.get(n) != after.get(n)}

    def __str__(self) -> str:
        return f"{self.action} {self.resource} {self.id}"


def brief(value: Any, limit: int = 120) -> str:
    """A value on one line, cut at `limit` characters."""
    try:
        text = orjson.dumps(value).decode()
    except TypeError:
        text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def exchange(row: Mapping[str, Any]) -> Exchange:
    """An exchange from what the control plane says."""
    return Exchange(
        operation=row.get("operation") or None,
        method=str(row["method"]),
        path=str(row["path"]),
        status=int(row["status"]),
        fields={**_fields(row.get("query")), **_fields(row.get("request"))},
        reply=row.get("reply"),
        fault=row.get("fault"),
        principal=row.get("principal"),
        at=int(row.get("at", 0)),
        micros=int(row.get("micros", 0)),
    )


def _fields(sent: Any) -> dict[str, Any]:
    if isinstance(sent, Mapping):
        return dict(sent)
    if isinstance(sent, str) and "=" in sent:
        from twinkit.contract.wire import WireError, parse_form

        try:
            return dict(parse_form(sent.encode(), {}))
        except WireError:
            return {}
    return {}


def type_of(event: Any) -> str:
    """The type that an event names where services put it; the empty string when it names none."""
    if not isinstance(event, Mapping):
        return ""
    inner = event.get("event")
    if isinstance(inner, Mapping) and "type" in inner:
        return str(inner["type"])
    return str(event.get("type") or event.get("eventType") or "")


def event(row: Mapping[str, Any]) -> Event:
    """An event from what the control plane says; the record is found where services put it."""
    data = row.get("event") if isinstance(row.get("event"), Mapping) else row.get("data", row)
    if isinstance(data, Mapping) and isinstance(data.get("object"), Mapping):
        data = data["object"]
    return Event(type_of(row), data, row)


def delivery(row: Mapping[str, Any]) -> Delivery:
    """A delivery from what the control plane says."""
    return Delivery(
        event=type_of(row.get("request_body")) or str(row.get("event", "")),
        receiver=str(row.get("url") or row.get("receiver", "")),
        attempt=int(row.get("attempt", 0)),
        status=str(row.get("status", "")),
        response_status=row.get("response_status"),
        error=row.get("error"),
        raw=row,
    )


def change(row: Mapping[str, Any]) -> Change:
    """A change from what the control plane says."""
    return Change(str(row["resource"]), str(row["id"]), str(row["action"]), row.get("before"), row.get("after"))


def walk(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted path, leaf) of nested data."""
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from walk(inner, f"{prefix}.{name}" if prefix else str(name))
    elif isinstance(value, list | tuple) and value:
        for number, inner in enumerate(value):
            yield from walk(inner, f"{prefix}[{number}]")
    else:
        yield prefix, value
