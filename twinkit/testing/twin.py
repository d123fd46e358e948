"""The twin in a test's hands: one instance, in this process or of a live `twin serve`. Imports: plane and its siblings.

httpx is imported when `client` is used.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from twinkit.errors import UsageError
from twinkit.files import read_text
from twinkit.testing import rows
from twinkit.testing.assertions import Assertions, listing
from twinkit.testing.clock import TwinClock
from twinkit.testing.plane import LiveWire, Plane, PlaneError, certificates, segment
from twinkit.testing.receiver import WebhookReceiver
from twinkit.testing.rows import Change, Delivery, Event, Exchange, Record

if TYPE_CHECKING:
    import httpx

    from twinkit.testing.receiver import Sign


class Fault:
    """Rules that `Twin.fail` put in force; `remove` ends them, and so does leaving a `with` block."""

    def __init__(self, plane: Plane, name: str) -> None:
        self.name = name
        self._plane = plane

    def remove(self) -> None:
        """End the fault."""
        self._plane.delete(f"faults?name={segment(self.name)}")

    def __enter__(self) -> Fault:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


class Snapshot:
    """A frozen copy of an instance's records and time, kept by the twin."""

    def __init__(self, plane: Plane, name: str) -> None:
        self.name = name
        self._plane = plane

    def restore(self) -> None:
        """Bring the instance back to it."""
        self._plane.post("restore", {"name": self.name})


class Twin(Assertions):
    """One instance of a twin. Closing it lets go of its client and receivers; the instance itself stays."""

    def __init__(self, plane: Plane, *, sign: Sign | None = None, about: Mapping[str, Any] | None = None) -> None:
        self.plane = plane
        told = dict(about or plane.get("info"))
        self.name = str(told.get("twin") or plane.get("info")["twin"])
        self.instance = str(told.get("name", "default"))
        self.url = str(told["url"])
        self.seed: int | None = told.get("seed")
        self.env: dict[str, str] = dict(told.get("env") or {})
        """Variables that point the service's SDKs at this instance."""
        self.credentials: dict[str, Any] = dict(told.get("credentials") or {})
        """Names and values that the instance accepts."""
        self.clock = TwinClock(plane)
        self._authorization = told.get("authorization")
        self._sign = sign
        self._stack = ExitStack()
        self._client: httpx.Client | None = None
        self._numbers = itertools.count(1)
        self._mark = int(plane.get("changes", since=2**62)["mark"])

    def __repr__(self) -> str:
        return f"<twin {self.name} {self.instance} at {self.url}>"

    # talking to it -------------------------------------------------------------------------------------------------

    @property
    def client(self) -> httpx.Client:
        """An HTTP client with the instance's address and credentials: `twin.client.get("/v1/customers")`."""
        if self._client is None:
            import httpx

            headers = {"authorization": self.authorization} if self.authorization else {}
            self._client = httpx.Client(
                base_url=self.url, headers=headers, timeout=30, trust_env=False, verify=certificates()
            )
            self._stack.callback(self._client.close)
        return self._client

    @property
    def authorization(self) -> str:
        """The `Authorization` header that the instance accepts; empty when it has no credentials."""
        if self._authorization:
            return str(self._authorization)
        first = next((value for value in self.credentials.values() if isinstance(value, str)), "")
        return f"Bearer {first}" if first else ""

    def do(self, control: str, **payload: Any) -> Any:
        """The human's or the network's part, such as completing a 3D Secure challenge: a control of this twin."""
        return self.plane.post(f"do/{segment(control)}", payload)

    # what it holds ---------------------------------------------------------------------------------------------------

    def records(self, resource: str, **where: Any) -> list[Record]:
        """Live records of a resource, oldest first; `where` filters by property, nested as `card__brand`."""
        query = {name.replace("__", "."): _text(value) for name, value in where.items()}
        found = self.plane.get(f"state/{segment(resource)}", limit=100_000, **query)["records"]
        return [Record(row) for row in reversed(found)]

    def record(self, resource: str, id: str) -> Record:
        """One record. Raises PlaneError when there is none."""
        return Record(self.plane.get(f"state/{segment(resource)}/{segment(id)}"))

    def resources(self) -> dict[str, int]:
        """Resource → how many live records it has."""
        return dict(self.plane.get("state")["resources"])

    def create(self, resource: str, **properties: Any) -> Record:
        """Store a record as the twin would make it, past validation and authentication."""
        return Record(self.plane.post(f"state/{segment(resource)}", properties))

    def load(self, records: Mapping[str, Any]) -> int:
        """Load first records (resource → list of properties), which `reset` comes back to. Returns their count."""
        return int(self.plane.post("baseline", records)["records"])

    # what happened ---------------------------------------------------------------------------------------------------

    @property
    def exchanges(self) -> list[Exchange]:
        """Every recorded request and its reply, oldest first."""
        return [rows.exchange(row) for row in self.plane.get("exchanges", limit=10_000)["exchanges"]]

    @property
    def events(self) -> list[Event]:
        """Every event, oldest first."""
        return [rows.event(row) for row in self.plane.get("events")["events"]]

    @property
    def deliveries(self) -> list[Delivery]:
        """Every delivery, oldest first, once those under way have ended."""
        self.idle()
        return [rows.delivery(row) for row in self.plane.get("deliveries")["deliveries"]]

    def changes(self, since: int | None = None) -> list[Change]:
        """Writes since a mark, else since this object was made or `mark` was last called; oldest first."""
        at = self._mark if since is None else since
        return [rows.change(row) for row in self.plane.get("changes", since=at)["changes"]]

    def mark(self) -> int:
        """Let `changes` count from now; returns the mark."""
        self._mark = int(self.plane.get("changes", since=2**62)["mark"])
        return self._mark

    def idle(self, timeout: float = 10) -> bool:
        """Wait until no delivery is under way or due now; false when it takes longer."""
        return bool(self.plane.post(f"idle?timeout={timeout:g}")["idle"])

    # faults ----------------------------------------------------------------------------------------------------------

    def fail(
        self,
        error: str | None = None,
        *,
        operation: str | None = None,
        method: str | None = None,
        path: str | None = None,
        event: str | None = None,
        times: int | None = 1,
        when: Mapping[str, Any] | None = None,
        **then: Any,
    ) -> Fault:
        """Let the next `times` matching calls (None: all) fail; `error` is a named error of the service.

        Otherwise `then` says what happens, in the words of a failure profile: `status=503`, `network="reset"`,
        `latency="2s"`, `at="after_commit"`, or with `event=…`: `delivery={"drop": 1}`. `when` adds selectors.
        Raises PlaneError for words that a profile does not know.
        """
        selectors: dict[str, Any] = {"operation": operation, "method": method, "path": path, "event": event}
        selectors = {name: value for name, value in selectors.items() if value is not None}
        if times is not None:
            selectors["calls"] = [f"1-{times}"] if times > 1 else [1]
        effect = {**({"error": error} if error else {}), **then}
        name = f"test-{next(self._numbers)}"
        rule: dict[str, Any] = {"then": effect}
        if selectors or when:
            rule["when"] = {**selectors, **(when or {})}
        return self.failures({"profile": name, "rules": [rule]})

    def failures(self, profile: str | Path | Mapping[str, Any]) -> Fault:
        """Put a failure profile in force: its name, a file of one, or the profile written out."""
        given = profile if isinstance(profile, Mapping) else _profile(profile)
        self.plane.post("faults", given)
        return Fault(self.plane, str(given.get("profile", "")))

    @property
    def faults(self) -> list[dict[str, Any]]:
        """The rules in force, with how often each fired."""
        return list(self.plane.get("faults")["rules"])

    def heal(self) -> None:
        """End every fault."""
        self.plane.delete("faults")

    # copies ----------------------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Back to the beginning: first records, first time, no faults counted."""
        self.plane.post("reset")
        self.mark()

    def snapshot(self, name: str | None = None) -> Snapshot:
        """Freeze records and time; `.restore()` brings them back."""
        chosen = name or f"snapshot-{next(self._numbers)}"
        self.plane.post("snapshot", {"name": chosen})
        return Snapshot(self.plane, chosen)

    def fork(self, name: str | None = None) -> Twin:
        """A private copy with the same records and time, under another name."""
        chosen = name or f"{self.instance}-{next(self._numbers)}"
        about = self.plane.post("fork", {"name": chosen})
        base = self.plane.at(f"/i/{segment(chosen)}")
        return Twin(base, sign=self._sign, about={"twin": self.name, "authorization": self._authorization, **about})

    # webhooks --------------------------------------------------------------------------------------------------------

    def receiver(
        self,
        *,
        events: list[str] | None = None,
        secret: str | None = None,
        path: str = "/webhooks",
        register: bool = True,
    ) -> WebhookReceiver:
        """A webhook receiver that this twin delivers to, closed with the twin.

        `register=False` leaves telling the twin to the code under test (which creates a webhook endpoint, say).
        """
        own = self.credentials.get("webhook_secret") or self.credentials.get("signing_secret") or "whsec_test"
        chosen = secret if secret is not None else str(own)
        made = WebhookReceiver(secret=chosen, sign=self._sign, path=path)
        self._stack.callback(made.close)
        if register:
            self.plane.post("receivers", {"url": made.url, "secret": chosen, "events": events or ["*"]})
        return made

    # ending ----------------------------------------------------------------------------------------------------------

    def report(self, count: int = 10) -> str:
        """The last exchanges, deliveries and the faults in force, as text for a failing test."""
        parts = [listing(f"{self!r}", self.exchanges[-count:])]
        deliveries = self.plane.get("deliveries")["deliveries"]
        if deliveries:
            parts.append(listing("deliveries", [rows.delivery(row) for row in deliveries[-count:]]))
        in_force = self.faults
        if in_force:
            parts.append(listing("faults in force", [rows.brief(rule) for rule in in_force]))
        return "\n".join(parts)

    def close(self) -> None:
        """Let go of the client and the receivers."""
        self._stack.close()
        self._client = None

    def __enter__(self) -> Twin:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _profile(named: str | Path) -> Mapping[str, Any]:
    """The control plane reads no files of ours: a file is sent written out, a name as it is."""
    path = Path(named)
    if path.suffix not in (".yaml", ".yml", ".json"):
        return {"profile": str(named)}
    import yaml

    try:
        data = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        raise UsageError(f"the failure profile {path} is no YAML: {error}") from None
    if not isinstance(data, Mapping):
        raise UsageError(f"{path} is no failure profile: it must be a mapping")
    return {"profile": path.stem, **data}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def connect(url: str, *, token: str | None = None) -> Twin:
    """The twin that serves at `url`, which may name an instance (`…/i/<name>`). Raises PlaneError, ConnectionError."""
    parts = urlsplit(url)
    plane = Plane(LiveWire(url), parts.path.rstrip("/") if parts.path.startswith("/i/") else "", token)
    about = plane.get("info")
    if not isinstance(about, Mapping) or "twin" not in about:
        raise PlaneError(404, f"there is no twin at {url}")
    twin = Twin(plane, about=about)
    twin._stack.callback(plane.wire.close)
    return twin
