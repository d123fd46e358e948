"""Claims that an application's ID tokens and assertions carry for services behind it.

Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/ApplicationSSOFederatedClaims/.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Reply, Request
from twins.okta import errors, twin
from twins.okta.handlers.applications import of
from twins.okta.times import iso


def one(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The claim of a request. Raises E0000007."""
    app, found = of(ctx, request)["id"], ctx.store.find("federated_claim", request.path["claimId"])
    if found is None or found["~app"] != app:
        raise errors.error("E0000007", f"Resource not found: {request.path['claimId']} (FederatedClaim)")
    return found


def checked(ctx: Ctx, app: str, given: Mapping[str, Any], id: str = "") -> dict[str, str]:
    """Name and expression. Raises E0000001 for a missing one and for a name that is taken."""
    causes = [f"{name}: The field cannot be left blank" for name in ("name", "expression") if not given.get(name)]
    if causes:
        raise errors.validation(causes[0].partition(":")[0], *causes)
    for row in ctx.store.select("federated_claim", [Filter("name", "=", given["name"])], parent=app):
        if row["id"] != id:
            raise errors.taken("name")
    return {"name": str(given["name"]), "expression": str(given["expression"])}


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A claim as replies show it."""
    return {name: value for name, value in row.items() if not name.startswith("~")}


@twin.handler("listFederatedClaims")
def list_claims(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The claims of an application."""
    return [shown(row) for row in ctx.store.select("federated_claim", parent=of(ctx, request)["id"], order="oldest")]


@twin.handler("createFederatedClaim")
def create(ctx: Ctx, request: Request) -> Reply:
    """A new claim."""
    app, now = str(of(ctx, request)["id"]), iso(ctx)
    id = ctx.new_id("ofc{alnum:17}")
    row = {"id": id, **checked(ctx, app, request.body or {}), "created": now, "lastUpdated": now, "~app": app}
    ctx.store.insert("federated_claim", row, id=id, parent=app, created=ctx.micros)
    return Reply(201, shown(row))


@twin.handler("getFederatedClaim")
def get(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One of them."""
    return shown(one(ctx, request))


@twin.handler("replaceFederatedClaim")
def replace(ctx: Ctx, request: Request) -> Reply:
    """Another name or expression."""
    row = one(ctx, request)
    values = checked(ctx, str(row["~app"]), request.body or {}, str(row["id"]))
    row = ctx.store.update("federated_claim", row["id"], **values, lastUpdated=iso(ctx))
    return Reply(request.binding.status if request.binding else 201, shown(row))


@twin.handler("deleteFederatedClaim")
def delete(ctx: Ctx, request: Request) -> Reply:
    """A claim goes."""
    ctx.store.delete("federated_claim", one(ctx, request)["id"])
    return Reply(204)
