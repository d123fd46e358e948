"""Time-based one-time passwords (RFC 6238): SHA-1, six digits, thirty seconds. Pure."""

from __future__ import annotations

import base64
import hmac
import struct

STEP = 30
WINDOW = 2
"""Steps before and after now whose codes pass."""


def code(secret: str, step: int) -> str:
    """The code of a base32 secret in a step."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", step), "sha1").digest()
    place = digest[-1] & 15
    number = int.from_bytes(digest[place : place + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def matching(secret: str, given: str, now: int) -> int | None:
    """The step whose code was given, near `now` (seconds); None when there is none."""
    middle = now // STEP
    for step in range(middle - WINDOW, middle + WINDOW + 1):
        if hmac.compare_digest(code(secret, step), given):
            return step
    return None
