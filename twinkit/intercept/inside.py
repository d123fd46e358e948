"""Inside a Python process: connections to a service's own hosts go to a local address, and its certificate is trusted.

Imports nothing but the standard library: a copy of this file is put into the path of child processes, where the kit
may not be installed. It works below every HTTP client that uses Python's sockets: requests, urllib, httpx, aiohttp.
"""

from __future__ import annotations

import contextlib
import fnmatch
import functools
import ipaddress
import json
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PLAIN_PORTS = frozenset({80, 8080})
"""Ports on which a service's host is spoken to without TLS."""
LOCAL_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", ""})


def is_local(host: str) -> bool:
    """Whether a name or address is this machine's loopback."""
    name = host.rstrip(".").lower()
    if name in LOCAL_NAMES or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


def covers(patterns: Iterator[str] | list[str] | tuple[str, ...], host: str) -> bool:
    """Whether some pattern (`api.stripe.com`, `*.okta.com`) covers a host."""
    name = host.rstrip(".").lower()
    return any(fnmatch.fnmatchcase(name, pattern.lower()) for pattern in patterns)


def text(host: Any) -> str:
    """A host as text; sockets take bytes too."""
    if isinstance(host, bytes | bytearray):
        return bytes(host).decode("idna" if host.isascii() else "utf-8")
    return host if isinstance(host, str) else ""


class Redirect:
    """Where connections of this process go: twinned hosts to the local ports, others on or refused."""

    def __init__(
        self,
        hosts: list[str],
        *,
        tls_port: int,
        plain_port: int,
        authority: str,
        allow: list[str] | None = None,
        refuse: bool = False,
        report: Callable[[str], None] | None = None,
    ) -> None:
        self.hosts = hosts
        self.tls_port = tls_port
        self.plain_port = plain_port
        self.authority = authority
        """Certificate of the local authority, PEM."""
        self.allow = allow or []
        self.refuse = refuse
        self.report = report or (lambda host: None)
        self._lock = threading.Lock()
        self._address_of: dict[str, str] = {}
        self._allowed_addresses: set[str] = set()
        self._original: dict[str, Any] = {}
        self._inherited: set[str] = set()

    # deciding --------------------------------------------------------------------------------------------------------

    def twinned(self, host: str) -> bool:
        """Whether connections to this host go to a twin."""
        return host in self._address_of.values() or covers(self.hosts, host)

    def stand_in(self, host: str) -> str:
        """A loopback address that means this host in this process."""
        name = host.rstrip(".").lower()
        with self._lock:
            if name not in self._address_of:
                number = len(self._address_of) + 1
                self._address_of[name] = f"127.84.{number >> 8}.{number & 255}"
            return self._address_of[name]

    def local_port(self, port: int) -> int:
        """The local port for a port of the service."""
        return self.plain_port if port in PLAIN_PORTS else self.tls_port

    def refused(self, host: str) -> bool:
        """Whether a host may not be reached; a refusal is reported."""
        if not self.refuse or is_local(host) or covers(self.allow, host) or host in self._allowed_addresses:
            return False
        self.report(host)
        return True

    def message(self, host: str) -> str:
        """What a refused client reads."""
        return f"{host} is not twinned, so twin run refuses it (let it through with --allow {host})"

    # standing in -----------------------------------------------------------------------------------------------------

    def getaddrinfo(self, host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        """`socket.getaddrinfo` with stand-in addresses for twinned hosts."""
        name = text(host)
        if name and self.twinned(name):
            return self._original["getaddrinfo"](self.stand_in(name), port, *args, **kwargs)
        if name and self.refused(name):
            raise socket.gaierror(socket.EAI_FAIL, self.message(name))
        found = self._original["getaddrinfo"](host, port, *args, **kwargs)
        if name and self.refuse:
            self._allowed_addresses.update(str(entry[4][0]) for entry in found)
        return found

    def gethostbyname(self, host: str) -> str:
        """`socket.gethostbyname` likewise."""
        if self.twinned(host):
            return self.stand_in(host)
        if self.refused(host):
            raise socket.gaierror(socket.EAI_FAIL, self.message(host))
        return str(self._original["gethostbyname"](host))

    def destination(self, sock: socket.socket, address: Any) -> Any:
        """Where a socket really connects. Raises ConnectionRefusedError for what may not be reached."""
        if sock.family not in (socket.AF_INET, socket.AF_INET6) or not isinstance(address, tuple):
            return address
        host, port = text(address[0]), address[1]
        if host in self._address_of.values() or (host and self.twinned(host)):
            local = "127.0.0.1" if sock.family == socket.AF_INET else "::ffff:127.0.0.1"
            return (local, self.local_port(port), *address[2:])
        if self.refused(host):
            raise ConnectionRefusedError(self.message(host))
        return address

    def trust(self, context: ssl.SSLContext, server_hostname: Any) -> None:
        """Make a context trust the local authority when it is about to speak to a twinned host."""
        name = text(server_hostname)
        if name and self.twinned(name):
            with contextlib.suppress(ssl.SSLError):
                context.load_verify_locations(cadata=self.authority)

    def install(self) -> None:
        """Stand in from now on."""
        original = self._original = {
            "getaddrinfo": socket.getaddrinfo,
            "gethostbyname": socket.gethostbyname,
            "connect": socket.socket.connect,
            "connect_ex": socket.socket.connect_ex,
            "wrap_socket": ssl.SSLContext.wrap_socket,
            "wrap_bio": ssl.SSLContext.wrap_bio,
        }

        self._inherited = {"connect", "connect_ex"} - set(vars(socket.socket))

        @functools.wraps(original["connect"])
        def connect(sock: socket.socket, address: Any) -> Any:
            return original["connect"](sock, self.destination(sock, address))

        @functools.wraps(original["connect_ex"])
        def connect_ex(sock: socket.socket, address: Any) -> Any:
            return original["connect_ex"](sock, self.destination(sock, address))

        @functools.wraps(original["wrap_socket"])
        def wrap_socket(context: ssl.SSLContext, sock: Any, *args: Any, **kwargs: Any) -> Any:
            self.trust(context, kwargs.get("server_hostname") or (args[3] if len(args) > 3 else None))
            return original["wrap_socket"](context, sock, *args, **kwargs)

        @functools.wraps(original["wrap_bio"])
        def wrap_bio(context: ssl.SSLContext, incoming: Any, outgoing: Any, *args: Any, **kwargs: Any) -> Any:
            self.trust(context, kwargs.get("server_hostname") or (args[1] if len(args) > 1 else None))
            return original["wrap_bio"](context, incoming, outgoing, *args, **kwargs)

        place(socket, "getaddrinfo", self.getaddrinfo)
        place(socket, "gethostbyname", self.gethostbyname)
        place(socket.socket, "connect", connect)
        place(socket.socket, "connect_ex", connect_ex)
        place(ssl.SSLContext, "wrap_socket", wrap_socket)
        place(ssl.SSLContext, "wrap_bio", wrap_bio)

    def uninstall(self) -> None:
        """Put everything back."""
        owners = {"getaddrinfo": socket, "gethostbyname": socket, "connect": socket.socket, "connect_ex": socket.socket}
        for name, original in self._original.items():
            owner = owners.get(name, ssl.SSLContext)
            if name in self._inherited:
                delattr(owner, name)
            else:
                place(owner, name, original)
        self._original = {}


def place(owner: Any, name: str, value: Any) -> None:
    """Set an attribute of a module or class."""
    setattr(owner, name, value)


def from_environment() -> Redirect | None:
    """The redirect that `twin run --intercept` describes to its child processes; None when there is none."""
    path = os.environ.get("TWINKIT_INTERCEPT")
    if not path:
        return None
    try:
        given = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None

    def report(host: str) -> None:
        with contextlib.suppress(OSError), open(given["report"], "a", encoding="utf-8") as file:  # noqa: PTH123
            file.write(f"{host}\n")

    return Redirect(
        given["hosts"],
        tls_port=given["tls_port"],
        plain_port=given["plain_port"],
        authority=given["authority"],
        allow=given["allow"],
        refuse=True,
        report=report,
    )
