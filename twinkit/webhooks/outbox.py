"""From an event to its delivery rows, inside the transaction that caused the event.

Imports: store, faults (for what befalls a delivery), webhooks.receiver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from twinkit.errors import UsageError
from twinkit.store.events import Delivery
from twinkit.store.store import Store
from twinkit.webhooks.receiver import Receiver

if TYPE_CHECKING:
    from twinkit.faults.injector import DeliveryFault

JSON = {"content-type": "application/json; charset=utf-8"}


class Outgoing(NamedTuple):
    """An event as one receiver gets it."""

    body: bytes
    headers: dict[str, str]


Compose = Callable[[Receiver], "Outgoing | bytes"]
Decide = Callable[[str, str], "DeliveryFault | None"]


def enqueue(
    store: Store,
    event: int,
    event_type: str,
    receivers: Iterable[Receiver],
    now: int,
    compose: Compose,
    decide: Decide | None = None,
) -> list[int]:
    """Plan the deliveries of the stored event number `event`; returns their numbers. `now` in microseconds.

    `compose(receiver)` makes the body (or body and headers); it gets the receiver with the API version a fault
    asks for. Receivers that do not want the event get nothing. Rows that a fault drops or whose receiver it disables
    are kept in the log with that status.
    """
    rows: list[int] = []
    for receiver in receivers:
        if not receiver.wants(event_type):
            continue
        fault = decide(event_type, receiver.id) if decide else None
        rows += _add(store, event, receiver, now, compose, fault)
    return rows


def _add(
    store: Store, event: int, receiver: Receiver, now: int, compose: Compose, fault: DeliveryFault | None
) -> list[int]:
    if fault is not None and fault.api_version:
        receiver = _with_version(receiver, fault.api_version)
    made = compose(receiver)
    outgoing = Outgoing(made, JSON) if isinstance(made, bytes) else made
    status, data = _befallen(receiver, fault)
    return [
        store.add_delivery(
            event,
            receiver.id,
            due=now + delay,
            status=status,
            url=receiver.url,
            request_headers=outgoing.headers,
            request_body=outgoing.body,
            data=data,
        )
        for delay in (fault.delays if fault is not None else (0,))
    ]


def _befallen(receiver: Receiver, fault: DeliveryFault | None) -> tuple[str, dict[str, Any]]:
    """(status, the sender's own data) of a delivery, with what a fault does to it."""
    data: dict[str, Any] = {"secret": receiver.secret}
    if fault is None:
        return "pending", data
    if fault.rules:
        data["fault"] = ", ".join(fault.rules)
    if fault.signature != "valid":
        data["signature"] = fault.signature
    if fault.drop > 0:
        data["lose"] = fault.drop
    return "disabled" if fault.disable else "dropped" if fault.drop == -1 else "pending", data


def _with_version(receiver: Receiver, version: str) -> Receiver:
    return Receiver(
        receiver.id, receiver.url, receiver.secret, receiver.events, receiver.enabled, version, receiver.data
    )


def redeliver(store: Store, delivery: int, now: int) -> int:
    """Plan to send the same request again, unspoiled, as a first attempt. Raises UsageError for an unknown number."""
    row = store.delivery(delivery)
    if row is None:
        raise UsageError(f"no delivery {delivery}")
    return store.add_delivery(
        row.event,
        row.receiver,
        due=now,
        url=row.url,
        request_headers=sent_by_twin(row),
        request_body=row.request_body,
        data={"secret": row.data.get("secret", ""), "again": row.seq},
    )


def redeliver_event(store: Store, event: int, now: int, receiver: str | None = None) -> list[int]:
    """Send an event again to every receiver it went to (or to one). Raises UsageError when it went nowhere."""
    latest: dict[str, int] = {}
    after = 0
    while rows := store.deliveries(event=event, receiver=receiver, after=after):
        latest.update({row.receiver: row.seq for row in rows})
        after = rows[-1].seq
    if not latest:
        raise UsageError(f"event {event} was sent to no receiver")
    return [redeliver(store, seq, now) for seq in latest.values()]


def cancel_pending(store: Store) -> int:
    """Give up what is pending, as in a copy of an instance whose original sends it; returns how many there were."""
    count = 0
    with store.transaction():
        while rows := store.deliveries(status="pending"):
            for row in rows:
                store.update_delivery(row.seq, status="cancelled")
            count += len(rows)
    return count


def sent_by_twin(row: Delivery) -> dict[str, str]:
    """The headers that the twin composed, without what signing and retrying add at each sending."""
    added = set(row.data.get("added", ()))
    return {name: value for name, value in row.request_headers.items() if name not in added}
