"""One private twin as the evaluator sees it: records, changes, exchanges, clock and faults over its control plane.

Imports: errors, httpx. Every failure here is the evaluator's, never the app's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qsl

import httpx

from twinkit.factory.errors import AppFailure, HarnessError, Refused
from twinkit.factory.steps.checked import Items, checked


class Twin(Protocol):
    """What steps may ask of a twin."""

    name: str
    url: str
    env: Mapping[str, str]
    credentials: Mapping[str, Any]
    webhook_secret: str

    def records(self, resource: str) -> list[dict[str, Any]]:
        """Live records of a resource, newest first."""

    def created(self, resource: str) -> list[dict[str, Any]]:
        """Records that came into being since the mark."""

    def exchanges(self) -> list[dict[str, Any]]:
        """Requests of the app since the mark, oldest first."""

    def advance(self, seconds: float, ahead: float = 0.0) -> None:
        """Move the twin's clock by seconds; the app's is then `ahead` of the machine's."""

    def now(self) -> float:
        """The twin's time in seconds."""

    def add_faults(self, profile: str | Mapping[str, Any]) -> None:
        """Put a failure profile in force."""

    def clear_faults(self) -> None:
        """No more faults."""

    def load(self, baseline: Mapping[str, Any]) -> None:
        """First records."""

    def create(self, resource: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """One record as the twin would make it."""

    def ask(self, method: str, path: str, **body: Any) -> Any:
        """What somebody else than the app asks of the service."""

    def controls(self) -> list[str]:
        """What people and networks can do at this twin."""

    def do(self, name: str, payload: Mapping[str, Any]) -> Any:
        """A named control of the twin."""

    def mark(self) -> None:
        """What is there now is the beginning."""

    def state(self) -> dict[str, int]:
        """Resource → number of live records."""

    def everything(self) -> dict[str, Any]:
        """Resource → its records, for the evidence."""

    def properties(self, resource: str) -> set[str]:
        """Names of the fields that a record of the resource can have; empty when that is not known."""

    def strangers(self) -> list[str]:
        """What somebody without the token asked of the control plane."""

    def fired(self) -> dict[str, int]:
        """Which faults the app met, and how often."""

    def receiver(self, url: str, events: list[str], secret: str | None = None) -> None:
        """Where events are sent."""

    def answered(self) -> list[int]:
        """Statuses with which the app answered what the twin delivered since the mark."""

    def idle(self, seconds: float = 8.0) -> bool:
        """Wait until no delivery is under way or due; whether that came."""

    def send_again(self, kind: str = "") -> None:
        """Deliver what was sent last once more, or the last event of a kind."""

    def close(self) -> None:
        """Let go of the connections."""


OWN = {"secret_key": "Bearer", "api_token": "SSWS", "user_token": "Bearer"}
"""Credentials of somebody who may do everything at a service, with the word before them."""
DELIVERING = 120.0
"""An advance waits for the answers of the app to all that fell due; the trial's own time ends before this."""
MOST = 10_000
"""So many exchanges and changes a twin remembers; where there are as many, some may be forgotten."""


class TwinClient:
    """A twin that `twin serve` runs. `token` opens its control plane, which the app has no token for."""

    def __init__(self, name: str, ready: Mapping[str, Any], token: str, timeout: float = 10.0) -> None:
        self.name = name
        self.url = str(ready["url"])
        self.env: Mapping[str, str] = {key: str(value) for key, value in (ready.get("env") or {}).items()}
        self.credentials: Mapping[str, Any] = dict(ready.get("credentials") or {})
        own = self.credentials.get("webhook_secret") or self.credentials.get("signing_secret")
        self.webhook_secret = str(own or f"whsec_{hashlib.sha256(f'webhooks {token}'.encode()).hexdigest()[:32]}")
        self._http = httpx.Client(
            base_url=self.url, timeout=timeout, trust_env=False, verify=False, headers={"Twin-Control-Token": token}
        )
        self._mark = 0
        self._first_exchange = 0
        self._first_delivery = 0
        self._aside: list[tuple[int, int]] = []
        self._asked: set[int] = set()
        self._resources: dict[str, tuple[str, frozenset[str]]] = {}

    def control(self, method: str, path: str, payload: Any = None, seconds: float | None = None) -> Any:
        """One call to `/_twin<path>`; the JSON answer, waited for `seconds` where that is said. Raises HarnessError."""
        timeout = httpx.USE_CLIENT_DEFAULT if seconds is None else httpx.Timeout(seconds)
        try:
            reply = self._http.request(method, f"/_twin{path}", json=payload, timeout=timeout)
        except httpx.HTTPError as error:
            raise HarnessError("harness", f"the {self.name} twin does not answer: {type(error).__name__}") from None
        if reply.status_code >= 400:
            raise Refused("harness", f"the {self.name} twin refuses {method} {path}: {reply.text[:300]}")
        try:
            return reply.json()
        except ValueError:
            raise HarnessError("harness", f"the {self.name} twin answers {method} {path} without JSON") from None

    def records(self, resource: str) -> list[dict[str, Any]]:
        """Live records, newest first."""
        return Items(checked(self.control("GET", f"/state/{self._resource(resource)[0]}?limit=10000")["records"]))

    def properties(self, resource: str) -> set[str]:
        """Names of the fields that a record can have; empty when the twin does not say."""
        return set(self._resource(resource)[1])

    def _resource(self, word: str) -> tuple[str, frozenset[str]]:
        """The twin's own name for a resource (`payment intents` → `payment_intent`) and its fields. Raises Refused."""
        if word not in self._resources:
            refusal: Refused | None = None
            for name in spellings(word):
                try:
                    answer = self.control("GET", f"/state/{name}?limit=1")
                except Refused as error:
                    refusal = refusal or error
                    continue
                self._resources[word] = (name, frozenset(answer.get("properties") or ()))
                break
            else:
                assert refusal is not None
                raise refusal
        return self._resources[word]

    def state(self) -> dict[str, int]:
        """Resource → number of live records."""
        return dict(self.control("GET", "/state")["resources"])

    def everything(self) -> dict[str, Any]:
        """Resource → its newest records, a thousand at most."""
        answer = self.control("GET", "/state?records=1000")
        return dict(answer.get("records") or {name: [] for name in answer["resources"]})

    def mark(self) -> None:
        """What is there now is the beginning: `created` and `exchanges` count from here."""
        self._mark = int(self.control("GET", f"/changes?since={self._mark}").get("mark", 0))
        self._first_exchange = max([row["seq"] for row in self._exchanges()], default=self._first_exchange)
        self._first_delivery = max([row["seq"] for row in self._deliveries()], default=0)

    def changes(self) -> list[dict[str, Any]]:
        """Writes since the mark, oldest first: resource, id, action, before, after."""
        rows = list(self.control("GET", f"/changes?since={self._mark}")["changes"])
        if len(rows) >= MOST:
            raise HarnessError("harness", f"the {self.name} twin was written to more often than it remembers")
        return [row for row in rows if not any(low < row["seq"] <= high for low, high in self._aside)]

    def _our_doing(self, act: Callable[[], Any]) -> Any:
        """What the evaluator does itself is not what the app did."""
        before = self._newest()
        try:
            return act()
        finally:
            self._aside.append((before, self._newest()))

    def _newest(self) -> int:
        return int(self.control("GET", f"/changes?since={2**62}").get("mark", 0))

    def created(self, resource: str) -> list[dict[str, Any]]:
        """Records of a resource that came into being since the mark, even when they are gone again."""
        name = self._resource(resource)[0]
        rows = [row for row in self.changes() if row["resource"] == name and row["action"] in ("create", "insert")]
        return Items(checked([row.get("after") or {"id": row["id"]} for row in rows]))

    def _exchanges(self) -> list[dict[str, Any]]:
        rows = list(self.control("GET", f"/exchanges?after={self._first_exchange}&limit={MOST}")["exchanges"])
        if len(rows) >= MOST or (rows and rows[0]["seq"] > self._first_exchange + 1):
            raise AppFailure(
                "assert", f"the app asked the {self.name} twin more than {MOST} times: what it did is not known"
            )
        return [row for row in rows if row["seq"] not in self._asked]

    def exchanges(self) -> list[dict[str, Any]]:
        """Requests of the app since the mark, oldest first: operation, method, path, status, request, reply, fault."""
        return Items(checked(self._exchanges()))

    def strangers(self) -> list[str]:
        """What somebody without the token asked of the control plane."""
        return list(self.control("GET", "/info").get("strangers") or ())

    def advance(self, seconds: float, ahead: float = 0.0) -> None:
        """Move the twin's clock; what falls due runs, signed at the time that the app believes it is."""
        if ahead:
            self.control("POST", "/clock", {"receivers_ahead": ahead})
        self.control("POST", "/clock/advance", {"seconds": seconds}, DELIVERING)

    def now(self) -> float:
        """The twin's time in seconds since 1970."""
        return float(self.control("GET", "/clock")["now"])

    def add_faults(self, profile: str | Mapping[str, Any]) -> None:
        """Put a failure profile in force: a name, or rules written out."""
        self.control("POST", "/faults", {"profile": profile} if isinstance(profile, str) else dict(profile))

    def clear_faults(self) -> None:
        """No more faults."""
        self.control("DELETE", "/faults")

    def fired(self) -> dict[str, int]:
        """Which faults the app met, and how often."""
        return dict(self.control("GET", "/faults").get("fired") or {})

    def load(self, baseline: Mapping[str, Any]) -> None:
        """First records: resource → list of property objects."""
        self.control("POST", "/baseline", dict(baseline))

    def create(self, resource: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """One record as the twin itself would make it."""
        name = self._resource(resource)[0]
        return dict(self._our_doing(lambda: self.control("POST", f"/state/{name}", dict(values))))

    def ask(self, method: str, path: str, **body: Any) -> Any:
        """One request to the service itself with its own credentials, by somebody else than the app; the JSON answer.

        Raises HarnessError when the service refuses.
        """
        known = {row["seq"] for row in self._exchanges()}
        name = next((each for each in OWN if each in self.credentials), "")
        headers = {"Authorization": f"{OWN[name]} {self.credentials[name]}"} if name else {}
        try:
            reply = self._our_doing(lambda: self._http.request(method, path, headers=headers, **body))
        except httpx.HTTPError as error:
            raise HarnessError("harness", f"the {self.name} twin does not answer: {type(error).__name__}") from None
        ours = [
            row["seq"] for row in self._exchanges()
            if row["seq"] not in known and row["method"] == method and row["path"] == path.partition("?")[0]
        ]  # fmt: skip
        self._asked.update(ours[:1])
        if reply.status_code >= 400:
            raise Refused("harness", f"the {self.name} twin refuses {method} {path}: {reply.text[:300]}")
        return reply.json() if reply.content else None

    def receiver(self, url: str, events: list[str], secret: str | None = None) -> None:
        """Where events are sent."""
        data: dict[str, Any] = {"url": url, "events": events}
        self.control("POST", "/receivers", {**data, "secret": secret} if secret else data)

    def _deliveries(self) -> list[dict[str, Any]]:
        return list(self.control("GET", "/deliveries").get("deliveries") or ())

    def answered(self) -> list[int]:
        """Statuses with which the app answered what the twin delivered since the mark."""
        rows = [row for row in self._deliveries() if row["seq"] > self._first_delivery]
        return [int(row["response_status"]) for row in rows if row.get("response_status")]

    def idle(self, seconds: float = 8.0) -> bool:
        """Wait until no delivery is under way or due; whether that came."""
        return bool(self.control("POST", f"/idle?timeout={seconds:g}")["idle"])

    def send_again(self, kind: str = "") -> None:
        """Deliver what was sent last once more, or the last event of a kind. Raises HarnessError when none was."""
        sent = self._deliveries()
        found = [row for row in sent if not kind or kind_of(row) == kind]
        if not found:
            known = ", ".join(sorted({kind_of(row) for row in sent})) or "none at all"
            raise HarnessError(
                "harness", f"the {self.name} twin has sent no {kind + ' ' if kind else ''}event ({known})"
            )
        self.control("POST", "/redeliver", {"delivery": found[-1]["seq"]})

    def controls(self) -> list[str]:
        """Names for `do`."""
        return [str(name) for name in self.control("GET", "/info").get("controls") or ()]

    def do(self, name: str, payload: Mapping[str, Any]) -> Any:
        """The human's or the network's part: a named control of this twin."""
        return self.control("POST", f"/do/{name}", dict(payload))

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()


def kind_of(delivery: Mapping[str, Any]) -> str:
    """The type that an event says it has, in JSON or in the `payload` of a form; a command is named by itself."""
    body = delivery.get("request_body")
    form = dict(parse_qsl(body)) if isinstance(body, str) and not body.startswith("{") else {}
    if "command" in form:
        return form["command"]
    try:
        data = json.loads(form.get("payload", body)) if isinstance(body, str) else body
    except ValueError:
        return ""
    inner = data.get("event") if isinstance(data, dict) else None
    named = inner if isinstance(inner, dict) else data
    return str(named.get("type") or named.get("eventType") or "") if isinstance(named, dict) else ""


def spellings(word: str) -> list[str]:
    """How a twin may call what people call so: as written, with underscores, in the singular."""
    joined = word.replace(" ", "_").replace("-", "_")
    singular = [joined[:-3] + "y"] if joined.endswith("ies") else []
    singular += [joined[:-2]] if joined.endswith("es") else []
    singular += [joined[:-1]] if joined.endswith("s") else []
    return list(dict.fromkeys([word, joined, *singular] if " " not in word else [joined, *singular]))
