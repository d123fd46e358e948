"""The signature that an overlay declares (`webhooks: {signature: hmac-sha256}`). Imports nothing of the kit."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

Sign = Callable[[bytes, str, int, dict[str, str]], Mapping[str, str]]
HEADER = "Webhook-Signature"


def declared(webhooks: Mapping[str, Any]) -> Sign | None:
    """`t=<seconds>,v1=<hex HMAC-SHA256 of "<seconds>.<body>">` in the declared header; None: nothing is declared."""
    if webhooks.get("signature") != "hmac-sha256":
        return None
    header = str(webhooks.get("header") or HEADER)

    def sign(body: bytes, secret: str, at: int, headers: dict[str, str]) -> Mapping[str, str]:
        mark = hmac.new(secret.encode(), b"%d." % at + body, sha256).hexdigest()
        return {header: f"t={at},v1={mark}"}

    return sign
