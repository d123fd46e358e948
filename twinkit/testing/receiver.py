"""A webhook receiver for tests: takes deliveries on a loopback port, verifies their signatures, remembers them.

Imports: rows. The signature is checked with the twin's own `sign` hook, so every service's scheme is covered.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import orjson

from twinkit.testing.rows import type_of

CLOSE_SECONDS = 5.0
Sign = Callable[[bytes, str, int, dict[str, str]], Mapping[str, str]]
MOMENT = re.compile(r"\d{9,11}")


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request that came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    valid: bool | None
    """Whether the signature is right; None when there is no secret or the twin signs nothing."""

    @property
    def json(self) -> Any:
        """The body, parsed; a form becomes a dictionary."""
        if "x-www-form-urlencoded" in self.headers.get("content-type", ""):
            return dict(parse_qsl(self.body.decode(), keep_blank_values=True))
        return orjson.loads(self.body)

    @property
    def type(self) -> str:
        """The event's type, found where services put it; the empty string when there is none."""
        return type_of(self.json) if self.body else ""


Responder = Callable[[Arrival], tuple[int, Any]]


def verify(sign: Sign, body: bytes, secret: str, headers: Mapping[str, str]) -> bool:
    """Whether some moment named in the headers makes `sign` give just these headers."""
    moments = {int(found) for value in headers.values() for found in MOMENT.findall(value)} or {0}
    for at in moments:
        made = {name.lower(): value for name, value in sign(body, secret, at, {}).items()}
        if made and all(headers.get(name) == value for name, value in made.items()):
            return True
    return False


class WebhookReceiver:
    """A loopback HTTP server that answers 200 unless told otherwise. Usable as a context manager."""

    def __init__(self, *, secret: str = "", sign: Sign | None = None, path: str = "/webhooks") -> None:
        self.secret = secret
        self.sign = sign
        self.arrivals: list[Arrival] = []
        self.failures: list[Exception] = []
        """What `answer_with`'s function raised; the twin was answered with 500."""
        self._changed = threading.Condition()
        self._answering = 0
        self._answers: list[tuple[int, Any]] = []
        self._responder: Responder | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}{path}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def respond(self, status: int = 200, body: Any = "", *, times: int = 1) -> None:
        """Answer the next `times` deliveries like this."""
        with self._changed:
            self._answers.extend([(status, body)] * times)

    def answer_with(self, responder: Responder | None) -> None:
        """Let a function `(arrival) -> (status, body)` answer from now on; None goes back to 200."""
        self._responder = responder

    def wait(self, count: int = 1, *, type: str | None = None, timeout: float = 10) -> list[Arrival]:
        """The arrivals (of one event type, when given) as soon as there are `count`. Raises AssertionError in time."""

        def enough() -> bool:
            return len(self.of(type)) >= count

        with self._changed:
            if not self._changed.wait_for(enough, timeout):
                seen = ", ".join(a.type or a.path for a in self.arrivals) or "nothing"
                wanted = f"{count} of {type}" if type else str(count)
                raise AssertionError(f"waited {timeout:g} s for {wanted} deliveries; what came: {seen}")
            return self.of(type)

    def of(self, type: str | None = None) -> list[Arrival]:
        """What has come so far, of one event type when given."""
        return [arrival for arrival in self.arrivals if type is None or arrival.type == type]

    def clear(self) -> None:
        """Forget what has come."""
        with self._changed:
            self.arrivals.clear()

    def close(self) -> None:
        """Stop listening, once the deliveries that are being answered have been. May be called twice."""
        self._server.shutdown()
        with self._changed:
            self._changed.wait_for(lambda: not self._answering, CLOSE_SECONDS)
        self._server.server_close()
        self._thread.join(5)

    def __enter__(self) -> WebhookReceiver:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def take(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        """Remember one request and choose the answer; a service's verification handshake is answered by itself."""
        valid = verify(self.sign, body, self.secret, headers) if self.sign and self.secret else None
        arrival = Arrival(method, path, headers, body, valid)
        shaken = handshake(arrival)
        if shaken is not None:
            return 200, shaken
        with self._changed:
            self.arrivals.append(arrival)
            answer = self._answers.pop(0) if self._answers else None
            self._changed.notify_all()
        if answer is None and self._responder is not None:
            answer = self._respond(self._responder, arrival)
        return answer or (200, "")

    def _respond(self, responder: Responder, arrival: Arrival) -> tuple[int, Any]:
        with self._changed:
            self._answering += 1
        try:
            return responder(arrival)
        except Exception as error:
            self.failures.append(error)
            return 500, f"{type(error).__name__}: {error}"
        finally:
            with self._changed:
                self._answering -= 1
                self._changed.notify_all()


def handshake(arrival: Arrival) -> Any:
    """The answer that proves a URL to be ours: Slack's `url_verification`, Okta's one-time verification request.

    https://docs.slack.dev/reference/events/url_verification
    https://developer.okta.com/docs/concepts/event-hooks/#one-time-verification-request
    """
    challenge = arrival.headers.get("x-okta-verification-challenge")
    if challenge:
        return {"verification": challenge}
    if b"url_verification" in arrival.body:
        data = arrival.json
        if isinstance(data, dict) and data.get("type") == "url_verification":
            return {"challenge": data.get("challenge")}
    return None


def _handler(receiver: WebhookReceiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, body = receiver.take(self.command, self.path, headers, self.rfile.read(length))
            content = body.encode() if isinstance(body, str) else orjson.dumps(body)
            self.send_response(status)
            self.send_header("content-type", "text/plain" if isinstance(body, str) else "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = _serve

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is logged: what came is in `arrivals`."""

    return Handler
