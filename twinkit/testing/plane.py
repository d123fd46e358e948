"""The control plane as a client sees it, over a socket or straight into an application of this process.

Imports: server (background), errors; httpx when a live twin is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

import orjson

from twinkit.errors import UsageError
from twinkit.server.background import Answer, Application, Background, ask

if TYPE_CHECKING:
    import ssl

ASK_SECONDS = 60.0


class PlaneError(UsageError):
    """The control plane refused; the message is its own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Wire(Protocol):
    """A way to reach a twin: one request in, one whole reply out."""

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send one request. Raises ConnectionError when no whole reply came."""

    def close(self) -> None:
        """Let go of connections."""


class LocalWire:
    """Straight into an application that runs on a Background of this process."""

    def __init__(self, background: Background, app: Application) -> None:
        self.background = background
        self.app = app

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Drive the application with one request."""
        return self.background.run(ask(self.app, method, target, list(headers.items()), body), ASK_SECONDS)

    def close(self) -> None:
        """Nothing to let go of."""


class LiveWire:
    """Over HTTP to `twin serve`."""

    def __init__(self, url: str) -> None:
        import httpx

        parts = urlsplit(url)
        self._client = httpx.Client(
            base_url=f"{parts.scheme}://{parts.netloc}", timeout=ASK_SECONDS, trust_env=False, verify=certificates()
        )

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send one request."""
        import httpx

        try:
            reply = self._client.request(method, target, headers=dict(headers), content=body)
        except httpx.TransportError as error:
            raise ConnectionError(f"{self._client.base_url} does not answer: {error}") from error
        pairs = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in reply.headers.raw]
        return Answer(reply.status_code, pairs, reply.content)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class Plane:
    """The control plane of one instance."""

    def __init__(self, wire: Wire, prefix: str = "", token: str | None = None) -> None:
        self.wire = wire
        self.prefix = prefix
        self.headers = {"content-type": "application/json", **({"twin-control-token": token} if token else {})}

    def at(self, prefix: str) -> Plane:
        """The same way to another instance: prefix is `/i/<name>`, or empty for the default one."""
        other = Plane(self.wire, prefix)
        other.headers = self.headers
        return other

    def get(self, path: str, **query: Any) -> Any:
        """GET below `/_twin/`. Raises PlaneError."""
        given = {name: value for name, value in query.items() if value is not None}
        return self.call("GET", path + (f"?{urlencode(given)}" if given else ""))

    def post(self, path: str, payload: Any = None) -> Any:
        """POST JSON below `/_twin/`. Raises PlaneError."""
        return self.call("POST", path, payload)

    def delete(self, path: str) -> Any:
        """DELETE below `/_twin/`. Raises PlaneError."""
        return self.call("DELETE", path)

    def call(self, method: str, path: str, payload: Any = None) -> Any:
        """One control call; returns the parsed reply. Raises PlaneError with the plane's own message."""
        body = b"" if payload is None else orjson.dumps(payload)
        answer = self.wire.send(method, f"{self.prefix}/_twin/{path}", self.headers, body)
        try:
            data = orjson.loads(answer.body) if answer.body else None
        except orjson.JSONDecodeError:
            data = answer.body.decode("utf-8", "replace")
        if answer.status >= 400:
            raise PlaneError(answer.status, _message(data) or f"{method} {path} was answered with {answer.status}")
        return data


def _message(data: Any) -> str:
    if isinstance(data, Mapping):
        for name in ("error", "detail", "message", "title"):
            if isinstance(data.get(name), str):
                return str(data[name])
    return data if isinstance(data, str) else ""


def segment(text: str) -> str:
    """Text as one segment of a path."""
    return quote(text, safe="")


@cache
def certificates() -> ssl.SSLContext:
    """What every client trusts, read once: reading it costs more than a test's fresh instance."""
    import httpx

    return httpx.create_ssl_context(trust_env=False)
