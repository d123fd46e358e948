"""The public keys of a client: those it was given, or those that its `jwks_uri` shows, fetched when needed.

Source: https://developer.okta.com/docs/api/openapi/okta-oauth/guides/client-auth/ and
https://developer.okta.com/docs/guides/key-management/. A kept set is asked for again after an hour, or when it has not
the key that is named. While a client's address is asked, the twin answers nobody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from twinkit import Ctx, call

HOUR = 3600


def of(ctx: Ctx, app: Mapping[str, Any], kid: str | None = None) -> list[dict[str, Any]]:
    """The active keys of a client, only the one with this id where one is named."""
    own = app["settings"].get("oauthClient") or {}
    held = list((own.get("jwks") or {}).get("keys") or ())
    uri = str(own.get("jwks_uri") or "")
    if not held and uri:
        known = ctx.store.find("client_jwks", str(app["id"]))
        fresh = known is not None and known["uri"] == uri and ctx.now - known["at"] < HOUR
        held = known["keys"] if known is not None and fresh else []
        if not held or (kid and all(key.get("kid") != kid for key in held)):
            held = _fetched(ctx, str(app["id"]), uri)
    live = [key for key in held if key.get("status", "ACTIVE") == "ACTIVE"]
    return [key for key in live if kid in (None, key.get("kid"))]


def _fetched(ctx: Ctx, app: str, uri: str) -> list[dict[str, Any]]:
    reply = call(uri, headers={"accept": "application/json"})
    try:
        found = orjson.loads(reply.body) if reply.status == 200 else {}
    except orjson.JSONDecodeError:
        found = {}
    rows = found.get("keys") if isinstance(found, Mapping) else None
    held = [each for each in rows or () if isinstance(each, dict)]
    if held:
        if ctx.store.find("client_jwks", app) is not None:
            ctx.store.delete("client_jwks", app)
        ctx.store.insert("client_jwks", {"uri": uri, "keys": held, "at": ctx.now}, id=app)
    return held
