"""Cross App Access: which applications may ask for tokens of which others in their users' names.

Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/ApplicationCrossAppAccessConnections/.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Reply, Request
from twins.okta import errors, listing, twin
from twins.okta.handlers.applications import of
from twins.okta.times import iso


def one(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The connection of a request. Raises E0000007."""
    app, wanted = of(ctx, request)["id"], request.path["connectionId"]
    found = ctx.store.find("cross_app_connection", wanted)
    if found is None or found["requestingAppInstanceId"] != app:
        raise errors.error("E0000007", f"Resource not found: {wanted} (OrgCrossAppAccessConnection)")
    return found


@twin.handler("getAllCrossAppAccessConnections")
def list_connections(ctx: Ctx, request: Request) -> Reply:
    """The connections of an application that asks."""
    return listing.page(ctx, request, "cross_app_connection", parent=of(ctx, request)["id"], show=dict)


@twin.handler("createCrossAppAccessConnection")
def create(ctx: Ctx, request: Request) -> Reply:
    """A new connection. Raises E0000001 without another application, or with one that is connected."""
    app, body = str(of(ctx, request)["id"]), request.body or {}
    other = str(body.get("resourceAppInstanceId") or "")
    if not other:
        raise errors.validation("resourceAppInstanceId", "resourceAppInstanceId: The field cannot be left blank")
    if ctx.store.find("application", other) is None:
        raise errors.missing("application", other)
    if any(row["resourceAppInstanceId"] == other for row in ctx.store.select("cross_app_connection", parent=app)):
        raise errors.taken("resourceAppInstanceId")
    now, id = iso(ctx), ctx.new_id("cwo{alnum:17}")
    row = {"id": id, "requestingAppInstanceId": app, "resourceAppInstanceId": other,
           "status": body.get("status") or "ACTIVE", "created": now, "lastUpdated": now}  # fmt: skip
    ctx.store.insert("cross_app_connection", row, id=id, parent=app, created=ctx.micros)
    return Reply(201, row)


@twin.handler("getCrossAppAccessConnection")
def get(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One of them."""
    return one(ctx, request)


@twin.handler("updateCrossAppAccessConnection")
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Switch a connection."""
    row = one(ctx, request)
    status = (request.body or {}).get("status") or row["status"]
    return ctx.store.update("cross_app_connection", row["id"], status=status, lastUpdated=iso(ctx))


@twin.handler("deleteCrossAppAccessConnection")
def delete(ctx: Ctx, request: Request) -> Reply:
    """A connection goes."""
    ctx.store.delete("cross_app_connection", one(ctx, request)["id"])
    return Reply(204)
