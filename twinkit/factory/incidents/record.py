"""What is known of each incident: how often, open or closed, flapping. One JSON file each. Imports: alert, storage.

state/incidents/<id>.json, written atomically; whoever changes one holds the lock.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

from twinkit.errors import UsageError, nearest
from twinkit.factory.errors import IntegrityError
from twinkit.factory.incidents.alert import Alert
from twinkit.factory.locks import locked
from twinkit.factory.run.storage import State, write_json

MOST_OPEN = 200
FLAPS = 3
PRIORITIES = ("critical", "high", "medium", "low")
FLAP_WINDOW = 3600.0
REMEMBERED = 20


@dataclass(slots=True)
class Incident:
    """`reopened` are the times it came back; `closed_start` is when the occurrence began that was closed last.

    `told` says how much an alert has told of it so far; `written` and `draft` are digests of what was written.
    """

    id: str
    key: str
    source: str
    title: str
    service: str
    priority: str
    aliases: list[str] = field(default_factory=list)
    status: str = "open"
    count: int = 0
    first: float = 0.0
    last: float = 0.0
    reopened: list[float] = field(default_factory=list)
    closed_start: float = 0.0
    started: float = 0.0
    spec: str = ""
    written: list[str] = field(default_factory=list)
    scenario: str = ""
    why: str = ""
    merge: str = ""
    told: int = -1
    draft: str = ""
    reported: str = ""
    again: str = ""

    def flapping(self, now: float) -> bool:
        """Whether it came back so often lately that its going away means nothing."""
        return len([at for at in self.reopened if now - at < FLAP_WINDOW]) >= FLAPS


class Book:
    """All incidents of a state folder."""

    def __init__(self, state: State) -> None:
        self.root = state.root / "incidents"
        self._lock = state.locks / "incidents"

    @contextmanager
    def held(self) -> Iterator[None]:
        """One process at a time."""
        with locked(self._lock):
            yield

    def all(self) -> list[Incident]:
        """Every incident, oldest first. Raises IntegrityError for a file that cannot be read."""
        found: list[Incident] = []
        for path in sorted(self.root.glob("*.json")):
            try:
                found.append(Incident(**json.loads(path.read_text("utf-8"))))
            except (OSError, ValueError, TypeError):
                raise IntegrityError(f"{path} is damaged; restore it, or remove it to forget the incident") from None
        return sorted(found, key=lambda each: (each.first, each.id))

    def get(self, id: str) -> Incident:
        """One incident. Raises UsageError with the nearest id."""
        known = {each.id: each for each in self.all()}
        if id not in known:
            raise UsageError(f"there is no incident {id!r}{nearest(id, known)}; `factory incident --list` shows all")
        return known[id]

    def save(self, incident: Incident) -> None:
        """Atomically. Raises HarnessError (disk)."""
        write_json(self.root / f"{incident.id}.json", asdict(incident))

    def find(self, alert: Alert) -> Incident | None:
        """The incident that an alert is about: the same key, or a name in common."""
        names = {alert.key, *alert.aliases}
        return next((each for each in self.all() if names & {each.key, *each.aliases}), None)

    def note(self, alert: Alert, now: float) -> tuple[Incident | None, str]:
        """Count an alert. What it was: new, again, reopened, late, closed, flapping, or nothing (None).

        A firing alert whose occurrence began no later than the one that was closed is late news of that one.
        """
        incident = self.find(alert)
        if incident is None:
            return (None, "nothing") if alert.status == "resolved" else (self._open(alert, now), "new")
        if PRIORITIES.index(alert.priority) < PRIORITIES.index(incident.priority) and alert.status == "firing":
            incident.priority = alert.priority
        incident.aliases = list(dict.fromkeys([*incident.aliases, *alert.aliases, alert.key]))[:100]
        what = self._resolve(incident, alert, now) if alert.status == "resolved" else self._fire(incident, alert, now)
        return incident, what

    def _open(self, alert: Alert, now: float) -> Incident:
        if sum(each.status != "closed" for each in self.all()) >= MOST_OPEN:
            raise UsageError(f"{MOST_OPEN} incidents are open already; close what is done, or group the alerts")
        return Incident(
            alert.id, alert.key, alert.source, alert.title, alert.service, alert.priority, list(alert.aliases),
            count=1, first=now, last=now, started=alert.started,
        )  # fmt: skip

    @staticmethod
    def _fire(incident: Incident, alert: Alert, now: float) -> str:
        incident.count += 1
        incident.last = now
        if incident.status != "closed":
            incident.started = alert.started or incident.started
            return "again"
        if alert.started and alert.started <= incident.closed_start:
            return "late"
        incident.status, incident.started = "open", alert.started
        incident.reopened = [*incident.reopened, now][-REMEMBERED:]
        return "reopened"

    @staticmethod
    def _resolve(incident: Incident, alert: Alert, now: float) -> str:
        incident.closed_start = max(alert.started or incident.started, incident.closed_start)
        if incident.flapping(now):
            return "flapping"
        incident.status = "closed"
        return "closed"
