"""A proxy that lets nothing out and writes down who tried: how an app that calls the real service is found out.

Imports nothing of the kit. One daemon thread; loopback only.
"""

from __future__ import annotations

import contextlib
import socket
import threading

REPLY = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Outside:
    """`attempts` lists `host:port` of every request that wanted out, in order, without repeats."""

    def __init__(self) -> None:
        self.attempts: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True, name="outside").start()

    def env(self) -> dict[str, str]:
        """What makes well-behaved clients come here; loopback goes past it."""
        url = f"http://127.0.0.1:{self.port}"
        names = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
        exempt = "127.0.0.1,localhost,::1"
        return {**dict.fromkeys(names, url), "NO_PROXY": exempt, "no_proxy": exempt}

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            with client, contextlib.suppress(OSError):
                client.settimeout(1)
                words = client.recv(4096).split(b"\r\n", 1)[0].split(b" ")
                if len(words) > 1:
                    target = words[1].decode("latin-1").split("://", 1)[-1].split("/", 1)[0][:200]
                    if target not in self.attempts:
                        self.attempts.append(target)
                client.sendall(REPLY)

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()
