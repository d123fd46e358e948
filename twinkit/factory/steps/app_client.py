"""HTTP to the app under test; every answer is counted, every failure is attributed. Imports: errors, httpx."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from twinkit.factory.errors import AppFailure, HarnessError
from twinkit.factory.steps import jsonpath
from twinkit.factory.steps.checked import checked

MAX_BODY = 5_000_000


class Response:
    """An answer of the app. Reading what is not there is a failed expectation, never an evaluator error."""

    def __init__(self, status: int, headers: httpx.Headers, body: bytes, seconds: float) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.seconds = seconds

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON. Raises AssertionError."""
        try:
            return checked(json.loads(self.body))
        except (ValueError, RecursionError):
            raise AssertionError(f"the response is no JSON: {self.text[:200]!r}") from None

    def field(self, path: str) -> Any:
        """The value at a JSON path. Raises AssertionError."""
        return jsonpath.get(self.json(), path)


class AppClient:
    """Requests to one base URL; `alive` says whether the app's process still runs.

    `starved` says whether the machine rather than the app may have used up some seconds. A failure of the app is kept
    in `failures`, so that a step cannot lose it.
    """

    def __init__(
        self,
        base_url: str,
        alive: Callable[[], bool],
        timeout: float = 10.0,
        *,
        headers: Mapping[str, str] | None = None,
        starved: Callable[[float], bool] = lambda seconds: False,
    ) -> None:
        self.base_url = base_url
        self.answers = 0
        self.waiting = ""
        self.headers: dict[str, str] = {}
        self.log: list[dict[str, Any]] = []
        self.failures: list[AppFailure] = []
        self._alive = alive
        self._starved = starved
        self._http = httpx.Client(base_url=base_url, timeout=timeout, trust_env=False, verify=False, headers=headers)

    def request(self, method: str, path: str, **options: Any) -> Response:
        """Send and wait. Raises AppFailure when the app hangs, dies or answers no HTTP."""
        try:
            return self._request(method, path, **options)
        except AppFailure as failure:
            self.failures.append(failure)
            raise

    def _request(self, method: str, path: str, **options: Any) -> Response:
        headers = {**self.headers, **(options.pop("headers", None) or {})}
        self.waiting = f"{method} {path}"
        begin = time.monotonic()
        try:
            with self._http.stream(method, path, headers=headers, **options) as reply:
                body = _read(reply)
                response = Response(reply.status_code, reply.headers, body, time.monotonic() - begin)
        except httpx.TimeoutException:
            seconds = float(self._http.timeout.read or 0)
            if self._starved(seconds):
                raise HarnessError("harness", f"the machine was too busy to wait for {method} {path}") from None
            raise AppFailure("app_timeout", f"no answer to {method} {path} in {seconds:g} s") from None
        except (httpx.ConnectError, httpx.NetworkError, httpx.RemoteProtocolError) as error:
            reason = type(error).__name__
            if not self._alive():
                raise AppFailure("app_crash", f"the app ended during {method} {path} ({reason})") from None
            raise AppFailure("app_crash", f"the app broke the connection of {method} {path} ({reason})") from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
            raise HarnessError("harness", f"{method} {path} cannot be sent: {error}") from None
        except httpx.HTTPError as error:
            raise AppFailure("assert", f"the answer to {method} {path} is no HTTP: {type(error).__name__}") from None
        self.waiting = ""
        self.answers += 1
        self.log.append({"method": method, "path": path, "status": response.status})
        return response

    def forget(self) -> None:
        """Cookies and headers of the person so far: the next request is somebody else's."""
        self._http.cookies.clear()
        self.headers.clear()

    def busy(self, seconds: float) -> bool:
        """Whether the machine rather than the app may have used up this time."""
        return self._starved(seconds)

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()


def _read(reply: httpx.Response) -> bytes:
    parts: list[bytes] = []
    size = 0
    for part in reply.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > MAX_BODY:
            raise AppFailure("assert", f"the answer is larger than {MAX_BODY} bytes")
    return b"".join(parts)
