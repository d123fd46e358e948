"""Administrator roles of users and groups. Source: https://developer.okta.com/docs/reference/api/roles/."""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Filter, Reply, Request
from twins.okta import errors, people, syslog, twin
from twins.okta.times import iso

LABELS = {
    "SUPER_ADMIN": "Super Organization Administrator",
    "ORG_ADMIN": "Organization Administrator",
    "APP_ADMIN": "Application Administrator",
    "USER_ADMIN": "Group Administrator",
    "GROUP_MEMBERSHIP_ADMIN": "Group Membership Administrator",
    "HELP_DESK_ADMIN": "Help Desk Administrator",
    "MOBILE_ADMIN": "Mobile Administrator",
    "READ_ONLY_ADMIN": "Read-Only Administrator",
    "REPORT_ADMIN": "Report Administrator",
    "API_ACCESS_MANAGEMENT_ADMIN": "API Access Management Administrator",
    "API_ADMIN": "API Access Management Administrator",
}


def owner(ctx: Ctx, request: Request) -> tuple[str, str]:
    """(USER or GROUP, id) of a request. Raises E0000007."""
    if "userId" in request.path:
        return "USER", str(people.get(ctx, request.path["userId"])["id"])
    group = request.path["groupId"]
    if ctx.store.find("group", group) is None:
        raise errors.missing("group", group)
    return "GROUP", group


def shown(ctx: Ctx, row: dict[str, Any]) -> dict[str, Any]:
    """A role as replies show it."""
    kind = "users" if row["assignmentType"] == "USER" else "groups"
    links = {"assignee": {"href": f"{ctx.base_url}/api/v1/{kind}/{row['~user']}"}}
    return {name: value for name, value in row.items() if not name.startswith("~")} | {"_links": links}


def of(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The assignment of a request. Raises E0000007."""
    _, id = owner(ctx, request)
    found = ctx.store.find("role_assignment", request.path["roleAssignmentId"])
    if found is None or found["~user"] != id:
        raise errors.missing("role_assignment", request.path["roleAssignmentId"])
    return found


@twin.handler("listAssignedRolesForUser", "listGroupAssignedRoles")
def list_roles(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The roles of a user or group."""
    _, id = owner(ctx, request)
    return [shown(ctx, row) for row in ctx.store.select("role_assignment", [Filter("~user", "=", id)], order="oldest")]


@twin.handler("assignRoleToUser", "assignRoleToGroup")
def assign(ctx: Ctx, request: Request) -> Reply:
    """A new role. Raises E0000090 for one that is there."""
    kind, id = owner(ctx, request)
    type = str((request.body or {}).get("type") or "")
    group = ctx.store.find("group", id) if kind == "GROUP" else None
    if group is not None and group["type"] == "BUILT_IN":
        raise errors.error("E0000211", str(group["profile"]["name"]))
    if type not in LABELS and type != "CUSTOM":
        raise errors.validation("type", "type: The field cannot be left blank" if not type else "Invalid role type")
    for row in ctx.store.select("role_assignment", [Filter("~user", "=", id), Filter("type", "=", type)]):
        if row["type"] != "CUSTOM":
            raise errors.error("E0000090")
    now = iso(ctx)
    row = {
        "id": ctx.new_id("ra1{alnum:17}"), "label": LABELS.get(type, "Custom"), "type": type, "status": "ACTIVE",
        "created": now, "lastUpdated": now, "assignmentType": kind, "~user": id,
    }  # fmt: skip
    ctx.store.insert("role_assignment", row, id=str(row["id"]), created=ctx.micros)
    syslog.write(ctx, f"{kind.lower()}.account.privilege.grant", "Grant user privilege",
                 syslog.target(id, "User" if kind == "USER" else "UserGroup"))  # fmt: skip
    return Reply(201, shown(ctx, row))


@twin.handler("getUserAssignedRole", "getGroupAssignedRole")
def get(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A role of a user or group."""
    return shown(ctx, of(ctx, request))


@twin.handler("unassignRoleFromUser", "unassignRoleFromGroup")
def unassign(ctx: Ctx, request: Request) -> Reply:
    """A role goes."""
    ctx.store.delete("role_assignment", of(ctx, request)["id"])
    return Reply(204)
