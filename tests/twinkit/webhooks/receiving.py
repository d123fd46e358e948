"""A webhook receiver for tests: a small HTTP server that remembers what it got and answers as told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Got:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


Respond = Callable[[Got, int], int]
"""(request, how often this very body has come, from 1) → status; 0 closes without an answer."""


class Inbox:
    """Receives until `close`."""

    def __init__(self, respond: Respond = lambda got, times: 200, headers: dict[str, str] | None = None) -> None:
        self.got: list[Got] = []
        self._times: dict[bytes, int] = {}
        self._lock = threading.Lock()
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                got = Got(self.path, {key.lower(): value for key, value in self.headers.items()}, body)
                status = respond(got, inbox._note(got))
                if not status:
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def _note(self, got: Got) -> int:
        with self._lock:
            self.got.append(got)
            self._times[got.body] = self._times.get(got.body, 0) + 1
            return self._times[got.body]

    @property
    def url(self) -> str:
        """Where to send to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook?a=1"

    @property
    def bodies(self) -> list[bytes]:
        """Bodies in the order they came."""
        return [got.body for got in self.got]

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Inbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
