"""API service integrations and their secrets: records with the rules of their pages; they sign nobody in.

Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/ApiServiceIntegrations/.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Reply, Request
from twins.okta import errors, facts, listing, twin
from twins.okta.times import iso

BASE = "/integrations/api/v1/api-services"
MOST = 2
"""Secrets of an integration, at most."""
HIDDEN = "*" * 12


def of(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The integration of a request. Raises E0000007."""
    found = ctx.store.find("api_service", request.path["apiServiceId"])
    if found is None:
        raise errors.error("E0000007", f"Resource not found: {request.path['apiServiceId']} (APIServiceIntegration)")
    return found


def shown(ctx: Ctx, row: Mapping[str, Any]) -> dict[str, Any]:
    """An integration with its links."""
    at = f"{ctx.base_url}{BASE}/{row['id']}"
    links = {"self": {"href": at}, "client": {"href": f"{ctx.base_url}/oauth2/v1/clients/{row['id']}"}}
    return {**row, "_links": links}


@twin.handler("listApiServiceIntegrationInstances")
def list_integrations(ctx: Ctx, request: Request) -> Reply:
    """The integrations of the org."""
    return listing.page(ctx, request, "api_service", show=lambda row: shown(ctx, row))


@twin.handler("createApiServiceIntegrationInstance")
def create(ctx: Ctx, request: Request) -> Reply:
    """A new integration, with a secret that is shown this once. Raises E0000001 for what it lacks."""
    body = request.body or {}
    causes = [f"{name}: The field cannot be left blank" for name in ("type", "grantedScopes") if not body.get(name)]
    if causes:
        raise errors.validation(causes[0].partition(":")[0], *causes)
    type, id = str(body["type"]), ctx.new_id("0oa{alnum:17}")
    number = sum(row["type"] == type for row in ctx.store.select("api_service")) + 1
    row = {"id": id, "type": type, "name": f"{type}_{number}", "createdAt": iso(ctx), "createdBy": facts.ADMIN,
           "grantedScopes": body["grantedScopes"]}  # fmt: skip
    ctx.store.insert("api_service", row, id=id, created=ctx.micros)
    return Reply(201, {**shown(ctx, row), "clientSecret": keep(ctx, id)["client_secret"]})


@twin.handler("getApiServiceIntegrationInstance")
def get(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One of them."""
    return shown(ctx, of(ctx, request))


@twin.handler("deleteApiServiceIntegrationInstance")
def delete(ctx: Ctx, request: Request) -> Reply:
    """An integration goes with its secrets."""
    id = of(ctx, request)["id"]
    for row in list(ctx.store.select("api_service_secret", parent=id)):
        ctx.store.delete("api_service_secret", row["id"])
    ctx.store.delete("api_service", id)
    return Reply(204)


# secrets -------------------------------------------------------------------------------------------------------------


def keep(ctx: Ctx, id: str) -> dict[str, Any]:
    """A new secret."""
    now, secret = iso(ctx), ctx.token("alnum", 64)
    mark = hashlib.md5(secret.encode(), usedforsecurity=False).hexdigest()
    row = {"id": ctx.new_id("ocs{alnum:17}"), "client_secret": secret, "status": "ACTIVE", "created": now,
           "lastUpdated": now, "secret_hash": mark}  # fmt: skip
    ctx.store.insert("api_service_secret", row, id=str(row["id"]), parent=id, created=ctx.micros)
    return row


def secret_shown(ctx: Ctx, id: str, row: Mapping[str, Any], *, whole: bool = False) -> dict[str, Any]:
    """A secret with its links; only a new one is told."""
    at = f"{ctx.base_url}{BASE}/{id}/credentials/secrets/{row['id']}"
    step = "deactivate" if row["status"] == "ACTIVE" else "activate"
    links = {step: {"href": f"{at}/lifecycle/{step}", "hints": {"allow": ["POST"]}}}
    if row["status"] != "ACTIVE":
        links["delete"] = {"href": at, "hints": {"allow": ["DELETE"]}}
    return {**row, "client_secret": row["client_secret"] if whole else HIDDEN, "_links": links}


def secret_of(ctx: Ctx, request: Request) -> tuple[str, dict[str, Any]]:
    """Integration and secret of a request. Raises E0000007."""
    id, wanted = str(of(ctx, request)["id"]), request.path["secretId"]
    found = next((row for row in ctx.store.select("api_service_secret", parent=id) if row["id"] == wanted), None)
    if found is None:
        raise errors.missing("client_secret", wanted)
    return id, found


@twin.handler("listApiServiceIntegrationInstanceSecrets")
def list_secrets(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The secrets of an integration."""
    id = str(of(ctx, request)["id"])
    return [secret_shown(ctx, id, row) for row in ctx.store.select("api_service_secret", parent=id, order="oldest")]


@twin.handler("createApiServiceIntegrationInstanceSecret")
def create_secret(ctx: Ctx, request: Request) -> Reply:
    """A second secret. Raises E0000001 beside two."""
    id = str(of(ctx, request)["id"])
    if len(list(ctx.store.select("api_service_secret", parent=id))) >= MOST:
        raise errors.validation("client_secret", "You've reached the maximum number of client secrets per client.")
    return Reply(201, secret_shown(ctx, id, keep(ctx, id), whole=True))


@twin.handler("activateApiServiceIntegrationInstanceSecret", "deactivateApiServiceIntegrationInstanceSecret")
def turn(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A secret works, or it does not."""
    id, row = secret_of(ctx, request)
    status = "INACTIVE" if request.url_path.endswith("/deactivate") else "ACTIVE"
    row = ctx.store.update("api_service_secret", row["id"], status=status, lastUpdated=iso(ctx))
    return secret_shown(ctx, id, row)


@twin.handler("deleteApiServiceIntegrationInstanceSecret")
def delete_secret(ctx: Ctx, request: Request) -> Reply:
    """An inactive secret goes. Raises E0000107."""
    _, row = secret_of(ctx, request)
    if row["status"] == "ACTIVE":
        raise errors.error("E0000107")
    ctx.store.delete("api_service_secret", row["id"])
    return Reply(204)
