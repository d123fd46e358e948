"""Who gets events: a receiver is a URL with its secret and the event types it wants. Imports: errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from twinkit.errors import UsageError


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where a service sends events. `events` are types or globs (`invoice.*`); `data` is the twin's own."""

    id: str
    url: str
    secret: str = ""
    events: tuple[str, ...] = ("*",)
    enabled: bool = True
    api_version: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)

    def wants(self, event_type: str) -> bool:
        """Whether events of this type go to it: it is enabled and one of its globs matches."""
        return self.enabled and any(fnmatchcase(event_type, glob) for glob in self.events)


def read_receiver(given: str | Mapping[str, Any], id: str) -> Receiver:
    """A receiver from `URL[,secret[,event…]]` or from a mapping with url, secret, events, enabled, api_version.

    Raises UsageError when there is no http(s) URL in it.
    """
    if isinstance(given, str):
        url, _, rest = given.partition(",")
        secret, _, events = rest.partition(",")
        given = {"url": url, "secret": secret, "events": [word for word in events.split(",") if word]}
    url = str(given.get("url") or "")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise UsageError(f"{url!r} is no receiver; write URL[,secret], such as http://127.0.0.1:5000/webhook,whsec_x")
    wanted = given.get("events") or ("*",)
    return Receiver(
        id=str(given.get("id") or id),
        url=url,
        secret=str(given.get("secret") or ""),
        events=(wanted,) if isinstance(wanted, str) else tuple(wanted),
        enabled=bool(given.get("enabled", True)),
        api_version=given.get("api_version"),
        data=dict(given.get("data") or {}),
    )
