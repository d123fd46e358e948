"""How Stripe signs what it sends, and which endpoint wants what.

Source: https://docs.stripe.com/webhooks#verify-manually. Pure; imports nothing of the kit.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from hashlib import sha256

HEADERS = {
    "accept": "*/*; q=0.5, application/xml",
    "cache-control": "no-cache",
    "content-type": "application/json; charset=utf-8",
    "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
}
"""What a delivery says of itself, as requests that others recorded do."""


def signature(body: bytes, secret: str, at: int) -> str:
    """The `v1` signature: hex HMAC-SHA256 of `<at>.<body>` with the endpoint's whole `whsec_…` secret."""
    return hmac.new(secret.encode(), b"%d." % at + body, sha256).hexdigest()


def signature_header(body: bytes, secrets: Iterable[str], at: int) -> str:
    """The value of `Stripe-Signature`: `t=<seconds>,v1=<hex>[,v1=<hex>…]`, one for each live secret."""
    parts = [f"t={at}", *(f"v1={signature(body, secret, at)}" for secret in secrets)]
    return ",".join(parts)


def wants(enabled: Iterable[str], type: str) -> bool:
    """Whether an endpoint with these `enabled_events` gets an event of this type."""
    return any(pattern in ("*", type) for pattern in enabled)
