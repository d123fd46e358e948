"""Proof keys of public clients (PKCE): who may do without the client's secret, and whether a code is redeemed by the
app that asked for it. Imports: failing.

Source: https://docs.slack.dev/authentication/using-pkce; the challenge is made as RFC 7636 says.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from twins.slack.failing import fail

REFRESH_LIFE = 30 * 86_400
"""Seconds that a refresh token of an app with PKCE lives."""


def custom(uri: str) -> bool:
    """Whether an address is of a scheme of the app's own (`myapp://auth`)."""
    return urlsplit(uri).scheme not in ("", "http", "https")


def desktop(app: Mapping[str, Any], uri: str) -> bool:
    """Whether an address leads back into a program on somebody's machine."""
    return custom(uri) or (bool(app.get("pkce")) and urlsplit(uri).hostname == "localhost")


def refused(app: Mapping[str, Any], uri: str, asked: Mapping[str, str]) -> str:
    """What is wrong with asking for consent in this way; empty when nothing is."""
    if custom(uri) and not (app.get("pkce") and asked.get("code_challenge")):
        return "a custom URI scheme needs PKCE"
    if desktop(app, uri) and asked.get("scope"):
        return "desktop redirects cannot request bot scopes"
    return ""


def prove(app: Mapping[str, Any], grant: Mapping[str, Any], verifier: str, mismatch: str) -> None:
    """Hold the verifier against the challenge of a code. Raises `pkce_not_allowed`, or the error of a mismatch."""
    challenge = str(grant.get("challenge") or "")
    if not app.get("pkce"):
        if verifier or challenge:
            raise fail("pkce_not_allowed")
        return
    made = verifier
    if grant.get("challenge_method") == "S256":
        made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    if made != challenge:
        raise fail(mismatch)
