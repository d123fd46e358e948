"""Secrets of an OAuth client, two at a time so that they can be rotated; and its users' consents.

Source: https://developer.okta.com/docs/guides/client-secret-rotation-key/ and
https://developer.okta.com/docs/reference/api/users/#user-oauth-2-0-token-management-operations.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Reply, Request
from twins.okta import errors, people, twin
from twins.okta.handlers.applications import of
from twins.okta.times import iso

MOST = 2


def rows(ctx: Ctx, app: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The secrets of an application, the first one among them as a record."""
    held = list(ctx.store.select("client_secret", parent=str(app["id"]), order="oldest"))
    oauth = (app.get("credentials") or {}).get("oauthClient") or {}
    if not held and oauth.get("client_secret"):
        return [keep(ctx, app, str(oauth["client_secret"]))]
    return held


def keep(ctx: Ctx, app: Mapping[str, Any], secret: str) -> dict[str, Any]:
    """Store a secret."""
    now = iso(ctx)
    row = {"id": ctx.new_id("ocs{alnum:17}"), "client_secret": secret, "status": "ACTIVE", "created": now,
           "lastUpdated": now, "secret_hash": hashlib.md5(secret.encode(), usedforsecurity=False).hexdigest(),
           "~app": app["id"]}  # fmt: skip
    ctx.store.insert("client_secret", row, id=str(row["id"]), parent=str(app["id"]), created=ctx.micros)
    return row


def settle(ctx: Ctx, app: dict[str, Any]) -> None:
    """The application's own secret is the newest active one."""
    active = [row for row in ctx.store.select("client_secret", parent=app["id"], order="oldest")
              if row["status"] == "ACTIVE"]  # fmt: skip
    oauth = app.setdefault("credentials", {}).setdefault("oauthClient", {})
    oauth["client_secret"] = active[-1]["client_secret"] if active else ""
    ctx.store.replace("application", app["id"], app)


def shown(ctx: Ctx, row: Mapping[str, Any]) -> dict[str, Any]:
    """A secret with its links."""
    base = f"{ctx.base_url}/api/v1/apps/{row['~app']}/credentials/secrets/{row['id']}"
    step = "deactivate" if row["status"] == "ACTIVE" else "activate"
    links = {step: {"href": f"{base}/lifecycle/{step}", "hints": {"allow": ["POST"]}}}
    if row["status"] != "ACTIVE":
        links["delete"] = {"href": base, "hints": {"allow": ["DELETE"]}}
    return {name: value for name, value in row.items() if not name.startswith("~")} | {"_links": links}


def one(ctx: Ctx, request: Request) -> tuple[dict[str, Any], dict[str, Any]]:
    """Application and secret of a request. Raises E0000007."""
    app, wanted = of(ctx, request), request.path["secretId"]
    found = next((row for row in rows(ctx, app) if row["id"] == wanted), None)
    if found is None:
        raise errors.missing("client_secret", wanted)
    return app, found


@twin.handler("listOAuth2ClientSecrets")
def list_secrets(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The secrets of an application."""
    return [shown(ctx, row) for row in rows(ctx, of(ctx, request))]


@twin.handler("createOAuth2ClientSecret")
def create(ctx: Ctx, request: Request) -> Reply:
    """A second secret, made up unless it is given."""
    app, body = of(ctx, request), request.body if isinstance(request.body, dict) else {}
    if len(rows(ctx, app)) >= MOST:
        raise errors.validation("client_secret", "You've reached the maximum number of client secrets per client.")
    row = keep(ctx, app, str(body.get("client_secret") or ctx.token("alnum", 64)))
    settle(ctx, app)
    return Reply(request.binding.status if request.binding else 201, shown(ctx, row))


@twin.handler("getOAuth2ClientSecret")
def get(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One of them."""
    return shown(ctx, one(ctx, request)[1])


@twin.handler("activateOAuth2ClientSecret", "deactivateOAuth2ClientSecret")
def turn(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A secret works, or it does not."""
    app, row = one(ctx, request)
    status = "INACTIVE" if request.url_path.endswith("/deactivate") else "ACTIVE"
    row = ctx.store.update("client_secret", row["id"], status=status, lastUpdated=iso(ctx))
    settle(ctx, app)
    return shown(ctx, row)


@twin.handler("deleteOAuth2ClientSecret")
def delete(ctx: Ctx, request: Request) -> Reply:
    """An inactive secret goes. Raises E0000107."""
    _, row = one(ctx, request)
    if row["status"] == "ACTIVE":
        raise errors.error("E0000107")
    ctx.store.delete("client_secret", row["id"])
    return Reply(204)


# what users have agreed to -------------------------------------------------------------------------------------------


def consents(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The consents of a user, to one client where the path names one."""
    user = people.get(ctx, request.path["userId"])["id"]
    where = [Filter("userId", "=", user)]
    if "clientId" in request.path:
        where.append(Filter("clientId", "=", request.path["clientId"]))
    return list(ctx.store.select("user_grant", where, order="oldest"))


def consent_shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A consent as replies show it."""
    return {name: value for name, value in row.items() if name not in ("server", "client", "user")}


@twin.handler("listUserGrants", "listGrantsForUserAndClient")
def list_consents(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The scopes a user has consented to."""
    return [consent_shown(row) for row in consents(ctx, request)]


@twin.handler("getUserGrant")
def get_consent(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One of them."""
    return consent_shown(consent_of(ctx, request))


def consent_of(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The consent of a request. Raises E0000007."""
    wanted = request.path["grantId"]
    found = next((row for row in consents(ctx, request) if row["id"] == wanted), None)
    if found is None:
        raise errors.missing("o_auth_2_scope_consent_grant", wanted)
    return found


@twin.handler("revokeUserGrant")
def revoke_consent(ctx: Ctx, request: Request) -> Reply:
    """One of them is withdrawn."""
    ctx.store.delete("user_grant", consent_of(ctx, request)["id"])
    return Reply(204)


@twin.handler("revokeUserGrants", "revokeGrantsForUserAndClient")
def revoke_consents(ctx: Ctx, request: Request) -> Reply:
    """All of them are withdrawn."""
    for row in consents(ctx, request):
        ctx.store.delete("user_grant", row["id"])
    return Reply(204)
