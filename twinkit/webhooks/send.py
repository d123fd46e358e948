"""One HTTP request to a receiver, bounded in time and in what is kept of the answer. httpx is imported on first use."""

from __future__ import annotations

import asyncio
import importlib
from typing import Any, NamedTuple

KEPT = 4096
"""Bytes of a receiver's answer that the log keeps."""


class Answer(NamedTuple):
    """What a receiver said; `reason` is empty when it took the delivery (any 2xx), else one of schedule.REASONS."""

    status: int | None
    headers: dict[str, str]
    body: bytes
    reason: str
    error: str


class Sender:
    """A pool of connections to receivers. Never follows redirects, never uses proxies from the environment."""

    def __init__(self, connections: int = 32) -> None:
        self._connections = connections
        self._httpx: Any = None
        self._clients: dict[bool, Any] = {}

    async def post(self, url: str, body: bytes, headers: dict[str, str], timeout: float) -> Answer:
        """Send and read the answer within `timeout` seconds. Never raises for what a receiver or network does."""
        httpx = self._httpx or await asyncio.to_thread(importlib.import_module, "httpx")
        self._httpx = httpx
        try:
            async with asyncio.timeout(timeout):
                client = await self._client(httpx, url.startswith("https:"))
                return await _exchange(client, url, body, headers)
        except (TimeoutError, httpx.TimeoutException):
            return Answer(None, {}, b"", "timeout", f"no answer within {timeout:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            text = f"{type(error).__name__}: {error}"
            tls = "SSL" in text or "CERTIFICATE" in text.upper()
            return Answer(None, {}, b"", "tls" if tls else "connection_failed", text)
        except (ValueError, TypeError) as error:  # a header or URL that cannot be sent
            return Answer(None, {}, b"", "other", f"{type(error).__name__}: {error}")

    async def _client(self, httpx: Any, tls: bool) -> Any:
        if tls not in self._clients:
            limits = httpx.Limits(max_connections=self._connections, max_keepalive_connections=self._connections)

            def make() -> Any:
                return httpx.AsyncClient(
                    verify=tls, trust_env=False, timeout=None, limits=limits, headers={"user-agent": "twinkit"}
                )

            self._clients[tls] = await asyncio.to_thread(make) if tls else make()
        return self._clients[tls]

    async def close(self) -> None:
        """Close every connection."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()


async def _exchange(client: Any, url: str, body: bytes, headers: dict[str, str]) -> Answer:
    kept = bytearray()
    async with client.stream("POST", url, content=body, headers=headers) as response:
        async for chunk in response.aiter_bytes():
            kept += chunk[: KEPT - len(kept)]
            if len(kept) >= KEPT:
                break
    status = int(response.status_code)
    reason = "" if 200 <= status < 300 else "redirect" if 300 <= status < 400 else "status"
    error = "" if not reason else f"status {status}"
    return Answer(status, dict(response.headers.items()), bytes(kept), reason, error)
