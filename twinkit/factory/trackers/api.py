"""JSON over HTTP with a token: waits where the service asks for it, and says what to do about refusals.

Imports: httpx, errors. The token is in one header and nowhere else: not in messages, not in what is raised.

Rate limits: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api,
https://developer.atlassian.com/cloud/jira/platform/rate-limiting/, https://linear.app/developers/rate-limiting
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from twinkit.errors import UsageError

PATIENCE = 900.0
TRIES = 6
WITHOUT_ADVICE = 60.0
"""GitHub: without a header that says how long, wait at least a minute, then exponentially longer."""


class Api:
    """One service. `name` and `variable` (that the token comes from) are for messages; `sleep` waits seconds."""

    def __init__(
        self, name: str, base: str, headers: Mapping[str, str], secret: str, variable: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self.name = name
        self.variable = variable
        self._secret = secret
        self._sleep = sleep
        if not base.startswith(("https://", "http://127.0.0.1", "http://localhost", "http://[::1]")):
            raise UsageError(f"begin `url` in [tracker] with https://: the token would be readable at {base!r}")
        self._client = httpx.Client(base_url=base.rstrip("/"), headers=dict(headers), timeout=30.0, trust_env=False)

    def call(
        self, method: str, path: str, body: Any = None, params: Mapping[str, Any] | None = None, missing: bool = False
    ) -> Any:
        """The JSON of the answer; None for an empty one, or for 404 with `missing`. Raises UsageError."""
        waited = 0.0
        for attempt in range(1, TRIES + 1):
            reply = self._send(method, path, body, params)
            pause = self._pause(reply, attempt)
            if pause is None:
                return self._read(reply, f"{method} {path}", missing)
            waited += pause
            if waited > PATIENCE or attempt == TRIES:
                break
            self._sleep(pause)
        raise UsageError(
            f"{self.name} limits the rate of requests, for longer than {PATIENCE / 60:.0f} minutes; run the command "
            "again later, nothing is lost"
        )

    def _send(self, method: str, path: str, body: Any, params: Mapping[str, Any] | None) -> httpx.Response:
        try:
            return self._client.request(method, path, json=body, params=params)
        except httpx.HTTPError as error:
            what = self.clean(f"{type(error).__name__}: {error}")
            raise UsageError(
                f"{self.name} does not answer at {self._client.base_url} ({what}); see `url` in [tracker], and run the "
                "command again"
            ) from None

    def _pause(self, reply: httpx.Response, attempt: int) -> float | None:
        """How long to wait before the next try; None when this is the answer."""
        headers = reply.headers
        limited = reply.status_code == 429 or (reply.status_code in (400, 503) and _says(reply, "RATELIMITED"))
        if reply.status_code == 403:
            limited = (
                "retry-after" in headers
                or headers.get("x-ratelimit-remaining") == "0"
                or _says(reply, "secondary rate limit")
            )
        if reply.status_code == 503 and "retry-after" in headers:
            limited = True
        if not limited:
            return None
        after = headers.get("retry-after", "")
        if after.isdigit():
            return float(after)
        for name in ("x-ratelimit-reset", "x-ratelimit-requests-reset", "x-ratelimit-complexity-reset"):
            if headers.get(name, "").isdigit() and headers.get(name.replace("reset", "remaining"), "0") == "0":
                at = float(headers[name])
                return max(1.0, (at / 1000 if at > 1e11 else at) - time.time())
        return WITHOUT_ADVICE * 2.0 ** (attempt - 1)

    def _read(self, reply: httpx.Response, what: str, missing: bool) -> Any:
        code = reply.status_code
        if code == 404 and missing:
            return None
        if code in (200, 201, 202, 204):
            try:
                return reply.json() if reply.content else None
            except ValueError:
                raise UsageError(f"{self.name} answers {what} with no JSON; see `url` in [tracker]") from None
        said = self.clean(_message(reply))
        if code == 401:
            raise UsageError(f"{self.name} does not take the token in ${self.variable}: make a new one ({said})")
        if code == 403:
            raise UsageError(f"the token in ${self.variable} may not {what}: give it the permission ({said})")
        if code == 404:
            raise UsageError(
                f"{self.name} has nothing at {what}, or the token in ${self.variable} may not see it: see `project` "
                f"and `url` in [tracker] ({said})"
            )
        raise UsageError(f"{self.name} refuses {what} with {code}: {said}")

    def clean(self, text: str) -> str:
        """A text without the token, for messages."""
        return (text.replace(self._secret, "…") if self._secret else text)[:400]


def _says(reply: httpx.Response, words: str) -> bool:
    return words.lower() in reply.text[:5000].lower()


def _message(reply: httpx.Response) -> str:
    try:
        data = reply.json()
    except ValueError:
        return reply.text[:200]
    if not isinstance(data, dict):
        return str(data)[:200]
    parts = [data.get("message"), *(data.get("errorMessages") or ()), *dict(data.get("errors") or {}).items()] if (
        isinstance(data.get("errors"), dict) or not data.get("errors")
    ) else [data.get("message"), *data["errors"]]  # fmt: skip
    return "; ".join(str(part) for part in parts if part) or reply.text[:200]
