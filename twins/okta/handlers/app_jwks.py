"""The public keys of an OAuth client, one by one: list, add, get, switch, delete.

Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/ApplicationSSOPublicKeys/. The keys
are those of the client's `settings.oauthClient.jwks`, so that one added here signs the client in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Reply, Request
from twins.okta import errors, twin
from twins.okta.handlers.applications import of
from twins.okta.oauth import jwt
from twins.okta.times import iso

LEAST = 2048
"""Bits of an RSA key."""
WEAK = "RSA key length in the 'jwks' is less than '2,048' bits for the given key."


def keys(app: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The keys in an application's settings."""
    return list(((app["settings"].get("oauthClient") or {}).get("jwks") or {}).get("keys") or ())


def keep(ctx: Ctx, app: dict[str, Any], held: list[dict[str, Any]]) -> None:
    """Store an application with other keys."""
    app["settings"].setdefault("oauthClient", {})["jwks"] = {"keys": held}
    ctx.store.replace("application", app["id"], app)


def identified(ctx: Ctx, app: dict[str, Any]) -> list[dict[str, Any]]:
    """The keys of an application, each with an id; those that came with the settings get theirs now."""
    held, now = keys(app), iso(ctx)
    if any("id" not in each for each in held):
        held = [{"id": ctx.new_id("pks{alnum:17}"), "status": "ACTIVE", "created": now, "lastUpdated": now, **each}
                for each in held]  # fmt: skip
        keep(ctx, app, held)
    return held


def shown(ctx: Ctx, app: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """A key with its links."""
    base = f"{ctx.base_url}/api/v1/apps/{app['id']}/credentials/jwks/{row['id']}"
    step = "deactivate" if row["status"] == "ACTIVE" else "activate"
    links = {step: {"href": f"{base}/lifecycle/{step}", "hints": {"allow": ["POST"]}}}
    if row["status"] != "ACTIVE":
        links["delete"] = {"href": base, "hints": {"allow": ["DELETE"]}}
    return {**row, "_links": links}


def one(ctx: Ctx, request: Request) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    """Application, its keys and the one of a request. Raises E0000007."""
    app = of(ctx, request)
    held = identified(ctx, app)
    found = next((each for each in held if each["id"] == request.path["keyId"]), None)
    if found is None:
        raise errors.error("E0000007", f"Resource not found: {request.path['keyId']} (OAuth2ClientJsonWebKey)")
    return app, held, found


@twin.handler("listJwk")
def list_keys(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The keys of an application."""
    app = of(ctx, request)
    return [shown(ctx, app, each) for each in identified(ctx, app)]


@twin.handler("addJwk")
def add(ctx: Ctx, request: Request) -> Reply:
    """Another key. Raises E0000001 for one that is short, incomplete or there already."""
    app, body = of(ctx, request), dict(request.body or {})
    wanted = ("n", "e") if body.get("kty") == "RSA" else ("x", "y", "crv")
    try:
        bits = jwt.number(str(body.get("n") or "")).bit_length() if body.get("kty") == "RSA" else LEAST
    except ValueError:
        bits = 0
    if bits < LEAST:
        raise errors.validation("JsonWebKey", WEAK)
    if not all(body.get(name) for name in wanted):
        raise errors.validation("JsonWebKey", *(f"{name}: The field cannot be left blank" for name in wanted))
    held, now = identified(ctx, app), iso(ctx)
    kid = body.get("kid") or jwt.thumbprint(body)
    if any(each.get("kid") == kid for each in held):
        raise errors.validation(
            "JsonWebKey", "kid: An object with this field already exists in the current organization"
        )
    row = {"id": ctx.new_id("pks{alnum:17}"), "created": now, "lastUpdated": now, "use": "sig", **body, "kid": kid,
           "status": body.get("status") or "ACTIVE"}  # fmt: skip
    keep(ctx, app, [*held, row])
    return Reply(201, shown(ctx, app, row))


@twin.handler("getJwk")
def get(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One of them."""
    app, _, row = one(ctx, request)
    return shown(ctx, app, row)


@twin.handler("activateOAuth2ClientJsonWebKey", "deactivateOAuth2ClientJsonWebKey")
def turn(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A key signs its client in, or it does not."""
    app, held, row = one(ctx, request)
    row |= {"status": "INACTIVE" if request.url_path.endswith("/deactivate") else "ACTIVE", "lastUpdated": iso(ctx)}
    keep(ctx, app, held)
    return shown(ctx, app, row)


@twin.handler("deletejwk")
def delete(ctx: Ctx, request: Request) -> Reply:
    """An inactive key goes. Raises E0000107."""
    app, held, row = one(ctx, request)
    if row["status"] == "ACTIVE":
        raise errors.error("E0000107")
    keep(ctx, app, [each for each in held if each["id"] != row["id"]])
    return Reply(204)
