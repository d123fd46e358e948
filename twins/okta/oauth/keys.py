"""Signing keys: a fixed set of test keys that ships with the twin, and which a server uses now, next and before.

Key ids depend on the server and its rotation, so they change as the service's do. Imports nothing of the kit.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import lru_cache
from pathlib import Path

CLIENT_KEY = 4
"""The number of the key that the baseline's client with a key signs with; servers use those before it."""
PRIVATE = ("d", "p", "q", "dp", "dq", "qi")


@lru_cache(maxsize=1)
def all_keys() -> list[dict[str, str]]:
    """Every test key with its private half."""
    found: list[dict[str, str]] = json.loads((Path(__file__).parent / "test_keys.json").read_bytes())["keys"]
    return found


def public(number: int) -> dict[str, str]:
    """The public half of a test key: kty, n, e."""
    return {name: value for name, value in all_keys()[number].items() if name not in PRIVATE}


def private(number: int) -> dict[str, str]:
    """A whole test key as a JWK."""
    return dict(all_keys()[number])


def number_of(seed: int, server: str, generation: int) -> int:
    """Which test key a server uses in a generation of its rotation."""
    start = hashlib.sha256(f"{seed}/{server}".encode()).digest()[0]
    return (start + generation) % CLIENT_KEY


def kid(seed: int, server: str, generation: int) -> str:
    """The key id of a server's key in a generation."""
    digest = hashlib.sha256(f"{seed}/{server}/{generation}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def jwk(seed: int, server: str, generation: int) -> dict[str, str]:
    """A server's public key as its JWKS shows it."""
    own = public(number_of(seed, server, generation))
    return {**own, "alg": "RS256", "kid": kid(seed, server, generation), "use": "sig"}


def rotation(seed: int, server: str, generation: int) -> list[dict[str, str]]:
    """The keys of a server with their status: ACTIVE, NEXT, and EXPIRED once it has rotated."""
    rows = [("ACTIVE", generation), ("NEXT", generation + 1)]
    if generation:
        rows.append(("EXPIRED", generation - 1))
    return [{"status": status, **jwk(seed, server, number)} for status, number in rows]
