"""Alerts over HTTP: who may send them, and a server that answers once they are written down. Imports: intake, payloads.

Proofs of who sends, each against the one shared secret:
- Sentry signs the body: `Sentry-Hook-Signature`, HMAC-SHA256 in hex with the integration's client secret
  (https://docs.sentry.io/organization/integrations/integration-platform/webhooks/#sentry-hook-signature).
- Alertmanager signs nothing; its `http_config` sends `Authorization: Bearer …` or basic credentials
  (https://prometheus.io/docs/alerting/latest/configuration/#http_config).
- Anybody else may do either, or sign the body as `X-Hub-Signature-256: sha256=…`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.server
import ipaddress
import json
import queue
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any

from twinkit.errors import TwinkitError, UsageError
from twinkit.factory.errors import FactoryError, LintError
from twinkit.factory.incidents import payloads
from twinkit.factory.incidents.intake import Desk, Outcome
from twinkit.factory.run.controller import Executor
from twinkit.factory.trackers.base import Tracker

PATIENCE = 10.0
Tell = Callable[[str], None]


def authentic(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Whether a request proves that it knows the secret."""
    known = {name.lower(): value.strip() for name, value in headers.items()}
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if "sentry-hook-signature" in known:
        return _same(known["sentry-hook-signature"].lower(), signature)
    if "x-hub-signature-256" in known:
        return _same(known["x-hub-signature-256"].lower(), f"sha256={signature}")
    kind, _, rest = known.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return _same(rest.strip(), secret)
    if kind.lower() == "basic":
        try:
            return _same(base64.b64decode(rest, validate=True).decode().partition(":")[2], secret)
        except ValueError:
            return False
    return False


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())


def address(text: str, secret: str) -> tuple[str, int]:
    """`HOST:PORT`. Raises UsageError, also for an address that others reach when there is no secret."""
    host, colon, port = text.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not colon or not port.isdigit() or int(port) > 65535:
        raise UsageError(f"{text!r} is no address to listen on; write --listen 127.0.0.1:9096")
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if not loopback and not secret:
        raise UsageError(f"others reach {host}: put a secret into a variable and name it: --secret-variable NAME")
    return host, int(port)


class Server(http.server.ThreadingHTTPServer):
    """Takes alerts in; in the background they are reported and their scenarios tried on base, one after the other."""

    daemon_threads = True

    def __init__(
        self, where: tuple[str, int], desk: Desk, secret: str, tell: Tell, worker: Executor | None = None,
        tracker: Tracker | None = None,
    ) -> None:  # fmt: skip
        self.address_family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
        try:
            super().__init__(where, Handler)
        except OSError as error:
            raise UsageError(f"cannot listen on {where[0]}:{where[1]}: {error.strerror}") from None
        self.desk, self.secret, self.tell, self.worker, self.tracker = desk, secret, tell, worker, tracker
        self.todo: queue.Queue[Outcome] = queue.Queue()
        self._prover = threading.Thread(target=self._prove, daemon=True)
        self._prover.start()

    def take(self, raw: bytes, resource: str) -> list[Outcome]:
        """Write one payload's alerts down. Raises UsageError and what the desk raises."""
        outcomes = [self.desk.take(alert) for alert in payloads.read(raw, resource)]
        for outcome in outcomes:
            self.tell(f"{outcome.what} {outcome.id}".rstrip())
            for note in outcome.notes:
                self.tell(f"  {note}")
            if outcome.id:
                self.todo.put(outcome)
        return outcomes

    def _prove(self) -> None:
        while True:
            outcome = self.todo.get()
            try:
                note = self.desk.report(outcome.id, self.tracker)[1] if self.tracker else ""
                lines = self.desk.prove(outcome.id, self.worker)[1] if outcome.todo else []
                for line in (*([note] if note else []), *lines):
                    self.tell(f"{outcome.id}: {line}")
            except (TwinkitError, OSError) as error:
                self.tell(f"{outcome.id}: {error}")
            finally:
                self.todo.task_done()


class Handler(http.server.BaseHTTPRequestHandler):
    """One request: POST with JSON, whatever the path."""

    server: Server
    timeout = PATIENCE
    protocol_version = "HTTP/1.1"
    server_version = "factory"
    sys_version = ""

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: requests are untrusted, and what came of them is told by the server."""

    def answer(self, status: int, data: Mapping[str, Any]) -> None:
        """Send JSON and close."""
        raw = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.send_header("Connection", "close")
        if status == 405:
            self.send_header("Allow", "POST")
        self.end_headers()
        self.wfile.write(raw)
        self.close_connection = True

    def do_GET(self) -> None:
        """Only POST."""
        self.answer(405, {"error": "POST the alert as JSON"})

    do_PUT = do_DELETE = do_PATCH = do_GET

    def do_POST(self) -> None:
        """Check who sends and how much, then take it in."""
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            self.answer(411, {"error": "send a Content-Length"})
            return
        if int(length) > payloads.MAX_BYTES:
            self.answer(413, {"error": f"the alert is larger than {payloads.MAX_BYTES // 1024} KiB"})
            return
        raw = self.rfile.read(int(length))
        if self.server.secret and not authentic(dict(self.headers.items()), raw, self.server.secret):
            self.answer(401, {"error": "the signature or the secret does not fit"})
            return
        try:
            outcomes = self.server.take(raw, self.headers.get("Sentry-Hook-Resource", ""))
        except (LintError, FactoryError) as error:
            self.server.tell(str(error))
            self.answer(500, {"error": "the alert could not be written down; see where the factory runs"})
        except UsageError as error:
            self.answer(400, {"error": str(error)})
        else:
            self.answer(202, {"incidents": [{"what": each.what, "id": each.id} for each in outcomes]})
