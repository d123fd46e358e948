"""What every source of alerts is turned into. Imports nothing of the kit."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

PRIORITIES = {
    "critical": "critical", "fatal": "critical", "page": "critical", "emergency": "critical", "disaster": "critical",
    "p1": "critical", "sev1": "critical", "high": "high", "error": "high", "major": "high", "p2": "high",
    "sev2": "high", "warning": "medium", "warn": "medium", "medium": "medium", "average": "medium", "minor": "medium",
    "p3": "medium", "sev3": "medium", "info": "low", "information": "low", "debug": "low", "low": "low", "none": "low",
    "notice": "low", "p4": "low", "sev4": "low",
}  # fmt: skip
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
PATH = re.compile(r"/[\w./~%!'()*+,;=:@-]*(?:\?[\w./~%!'()*+,;=:@&?-]*)?")


@dataclass(frozen=True, slots=True)
class Probe:
    """One request to the app: what was asked, what it answered (`seen`) and should (`wanted`); 0 is unknown."""

    method: str
    path: str
    body: Any = None
    seen: int = 0
    wanted: int = 0

    @property
    def plain_path(self) -> str:
        """The path without its query."""
        return self.path.partition("?")[0]


@dataclass(frozen=True, slots=True)
class Misuse:
    """What the app did to a twin: a call sent `times` instead of once, or refused with `status`."""

    twin: str
    method: str
    path: str
    times: int = 0
    status: int = 0


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that monitoring says. `key` is what makes two of them the same; `aliases` are other names for it."""

    source: str
    key: str
    status: Literal["firing", "resolved"]
    title: str
    service: str = ""
    priority: str = "medium"
    started: float = 0.0
    ended: float = 0.0
    release: str = ""
    aliases: tuple[str, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    probe: Probe | None = None
    misuses: tuple[Misuse, ...] = ()

    @property
    def id(self) -> str:
        """Safe as a file name, the same for the same key."""
        words = re.sub(r"[^a-z0-9]+", "-", self.title.lower().encode("ascii", "ignore").decode()).strip("-")[:40]
        mark = hashlib.sha256(self.key.encode("utf-8", "replace")).hexdigest()[:8]
        return f"bug-{words.strip('-')}-{mark}" if words.strip("-") else f"bug-{mark}"


def priority(severity: Any) -> str:
    """low, medium, high or critical; what nobody knows is medium."""
    return PRIORITIES.get(str(severity or "").strip().lower(), "medium")


def slug(text: Any) -> str:
    """A service's name as one lower-case word."""
    return re.sub(r"[^a-z0-9]+", "-", str(text or "").lower()[:200]).strip("-")[:40].strip("-")


def moment(value: Any) -> float:
    """Seconds since 1970 of a number or an RFC 3339 text; 0 for what is neither, as Alertmanager's year 1."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = float(value) if abs(value) < 1e15 else 0.0
        return seconds if math.isfinite(seconds) and seconds > 0 else 0.0
    try:
        found = datetime.fromisoformat(str(value or "")[:40])
        return max(0.0, found.timestamp()) if found.tzinfo else 0.0
    except (ValueError, OverflowError, OSError):
        return 0.0


def probe(method: Any, target: Any, body: Any = None, seen: Any = 0, wanted: Any = 0) -> Probe | None:
    """A request that a scenario can send, or None when method and path are none. A URL counts by its path.

    A route (`/users/:id`, `/users/{id}`) is no path.
    """
    word = str(method or "GET").strip().upper()
    text = str(target or "").strip()[:2000]
    text = re.sub(r"^[a-z][a-z0-9+.-]*://[^/?#]*", "", text, flags=re.IGNORECASE).partition("#")[0]
    text = f"/{text}" if text.startswith("?") else text
    if word not in METHODS or len(text) > 500 or not PATH.fullmatch(text) or "/:" in text.partition("?")[0]:
        return None
    return Probe(word, text, body, _code(seen), _code(wanted))


def _code(value: Any) -> int:
    text = str(value or "").strip()
    return int(text) if re.fullmatch(r"[1-5]\d\d", text) else 0
