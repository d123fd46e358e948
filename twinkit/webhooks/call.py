"""One question to a receiver whose answer the twin's own reply depends on: verification challenges, inline hooks.

Waits inside the turn of the instance, so the receiver must be another process or thread; bounded in time, follows no
redirect, uses no proxy. Imports nothing of the kit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

LONGEST = 1_000_000


class Called(NamedTuple):
    """What came back; status 0 when nothing did, with the reason in `error` (`timeout`, or what failed)."""

    status: int
    headers: dict[str, str]
    body: bytes
    error: str = ""


def call(
    url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b"", timeout: float = 3.0
) -> Called:
    """Ask `url` and wait at most `timeout` seconds for the answer."""
    from http.client import HTTPConnection, HTTPException, HTTPSConnection

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return Called(0, {}, b"", f"{url!r} is no http address")
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=timeout)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, target, body or None, dict(headers or {}))
        reply = connection.getresponse()
        return Called(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read(LONGEST))
    except TimeoutError:
        return Called(0, {}, b"", "timeout")
    except (OSError, HTTPException, ValueError) as error:
        return Called(0, {}, b"", str(error) or type(error).__name__)
    finally:
        connection.close()
