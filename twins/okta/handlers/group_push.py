"""Groups that are pushed to an application's SCIM server.

Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/GroupPushMapping/.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Filter, Reply, Request
from twins.okta import errors, listing, scim, twin
from twins.okta.handlers.applications import of
from twins.okta.handlers.groups import get as group_of
from twins.okta.times import iso


def shown(ctx: Ctx, row: dict[str, Any]) -> dict[str, Any]:
    """A mapping with its links."""
    at = f"{ctx.base_url}/api/v1"
    links = {
        "app": {"href": f"{at}/apps/{row['~app']}"},
        "self": {"href": f"{at}/apps/{row['~app']}/group-push/mappings/{row['id']}",
                 "hints": {"allow": ["GET", "PATCH", "DELETE"]}},
        "sourceGroup": {"href": f"{at}/groups/{row['sourceGroupId']}"},
    }  # fmt: skip
    return {name: value for name, value in row.items() if name[0] != "~"} | {"_links": links}


def one(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The mapping of a request. Raises E0000007."""
    app, wanted = of(ctx, request)["id"], request.path["mappingId"]
    found = ctx.store.find("group_push", wanted)
    if found is None or found["~app"] != app:
        raise errors.error("E0000007", f"Resource not found: {wanted} (GroupPushMapping)")
    return found


@twin.handler("listGroupPushMappings")
def list_all(ctx: Ctx, request: Request) -> Reply:
    """The groups that are pushed to an application."""
    return listing.page(ctx, request, "group_push", parent=of(ctx, request)["id"], limits=listing.Limits(100, 1000),
                        show=lambda row: shown(ctx, row))  # fmt: skip


@twin.handler("createGroupPushMapping")
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Push a group. Raises E0000055 for one that is pushed already."""
    app, body, now = of(ctx, request)["id"], request.body or {}, iso(ctx)
    group = group_of(ctx, str(body.get("sourceGroupId") or ""))
    where = [Filter("sourceGroupId", "=", group["id"])]
    if ctx.store.list("group_push", where, parent=app, limit=1).ids:
        raise errors.error("E0000055")
    row: dict[str, Any] = {
        "id": ctx.new_id("gPm{alnum:17}"), "sourceGroupId": group["id"], "status": str(body.get("status") or "ACTIVE"),
        "targetGroupId": body.get("targetGroupId"), "created": now, "lastUpdated": now, "lastPush": None,
        "errorSummary": None, "~app": app, "~external": "",
    }  # fmt: skip
    ctx.store.insert("group_push", row, id=row["id"], parent=app, created=ctx.micros)
    name = str(body.get("targetGroupName") or group["profile"]["name"])
    return shown(ctx, pushed(ctx, row, group, name) if row["status"] == "ACTIVE" else row)


def pushed(ctx: Ctx, row: dict[str, Any], group: dict[str, Any], name: str) -> dict[str, Any]:
    """The mapping after a push, or with what went wrong."""
    try:
        external = scim.push_group(ctx, row["~app"], group, name)
    except scim.Failed as why:
        return ctx.store.update("group_push", row["id"], status="ERROR", errorSummary=str(why))
    changes = {"~external": external, "lastPush": iso(ctx), "status": "ACTIVE", "errorSummary": None}
    return ctx.store.update("group_push", row["id"], **changes)


@twin.handler("getGroupPushMapping")
def get(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One of them."""
    return shown(ctx, one(ctx, request))


@twin.handler("updateGroupPushMapping")
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Switch a push on or off."""
    row, status = one(ctx, request), str((request.body or {}).get("status") or "")
    if status not in ("ACTIVE", "INACTIVE"):
        raise errors.validation("status", "status: must be one of ACTIVE, INACTIVE")
    if status == "ACTIVE":
        group = group_of(ctx, row["sourceGroupId"])
        return shown(ctx, pushed(ctx, row, group, str(group["profile"]["name"])))
    return shown(ctx, ctx.store.update("group_push", row["id"], status=status, lastUpdated=iso(ctx)))


@twin.handler("deleteGroupPushMapping")
def delete(ctx: Ctx, request: Request) -> Reply:
    """A push ends, and with `deleteTargetGroup=true` the group at the server. Raises E0000027."""
    row = one(ctx, request)
    if row["status"] == "ACTIVE":
        raise errors.error("E0000027", "The mapping must be inactive.")
    if request.query.get("deleteTargetGroup"):
        try:
            scim.drop_group(ctx, row["~app"], row["~external"])
        except scim.Failed as why:
            raise errors.error("E0000027", str(why)) from None
    ctx.store.delete("group_push", row["id"])
    return Reply(204)
