"""Who may use the control plane: holders of its token; without one programs, and web pages of this machine alone.

A browser lets any page send simple requests to a loopback port, and a host name that changes its address while the page
is open (DNS rebinding) lets the page read the replies too. `Origin` and `Host` tell such requests, see "CORS" in the
Fetch Standard (https://fetch.spec.whatwg.org/#origin-header). Imports: hosting.
"""

from __future__ import annotations

import hmac
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request

from twinkit.server.hosting import Hosting

OWN_NAMES = (".localhost", ".test", ".local", ".internal")
"""Endings of host names that nobody can register: RFC 6761, RFC 6762, and ICANN's for private use."""


def admit(hosting: Hosting, request: Request) -> None:
    """Let a control request pass. Raises HTTPException: 401 without the token, 403 for a page of another site."""
    if hosting.control_token:
        _check_token(hosting, hosting.control_token, request)
        return
    host = request.headers.get("host", "127.0.0.1")
    name = name_in(f"//{host}")
    if hosting.local and not (is_own(name) or name == name_in(hosting.base_url)):
        raise HTTPException(
            403,
            f"the control plane of a twin on this machine answers to its address and to localhost, not to {host!r}; "
            "name the host with --public-url, or serve with --control-token",
        )
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != host and not is_loopback(name_in(origin)):
        raise HTTPException(
            403, f"a page of {origin!r} may not use the control plane; pages of this machine and programs may"
        )


def _check_token(hosting: Hosting, token: str, request: Request) -> None:
    """Everything but `/health` asks for the token."""
    given = request.headers.get("twin-control-token") or request.headers.get("authorization", "").partition(" ")[2]
    if hmac.compare_digest(given.encode(), token.encode()):
        return
    hosting.note_stranger(f"{request.method} {request.url.path}")
    if not request.url.path.endswith("/_twin/health"):
        raise HTTPException(401, "send the control token as Twin-Control-Token or Authorization: Bearer")


def name_in(url: str) -> str:
    """The host name in a URL, in lower case; empty where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def is_loopback(name: str) -> bool:
    """Whether a host name means this machine, whatever a name server says."""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def is_own(name: str) -> bool:
    """Whether a host name is none that a stranger could own: an address, one word, or a name for private use."""
    try:
        return bool(ip_address(name))
    except ValueError:
        return bool(name) and ("." not in name or name.endswith(OWN_NAMES))
