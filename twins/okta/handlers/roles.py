"""Administrator roles of users, groups and clients: standard ones, and custom ones by the bindings of resource sets.

Source: https://developer.okta.com/docs/reference/api/roles/.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Filter, Reply, Request
from twins.okta import apps, bindings, errors, facts, people, syslog, twin
from twins.okta.bindings import PLACES
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
TARGETS = {"USER": "User", "GROUP": "UserGroup", "CLIENT": "PublicClientApp"}


def owner(ctx: Ctx, request: Request) -> tuple[str, str]:
    """(USER, GROUP or CLIENT, id) of a request. Raises E0000007."""
    if "userId" in request.path:
        return "USER", str(people.get(ctx, request.path["userId"])["id"])
    if "clientId" in request.path:
        client = str(request.path["clientId"])
        if apps.client(ctx, client) is None:
            raise errors.error("E0000007", f"Resource not found: {client} (PublicClientApp)")
        return "CLIENT", client
    group = request.path["groupId"]
    if ctx.store.find("group", group) is None:
        raise errors.missing("group", group)
    return "GROUP", group


def shown(ctx: Ctx, row: dict[str, Any]) -> dict[str, Any]:
    """A role as replies show it."""
    links = {"assignee": {"href": f"{ctx.base_url}{PLACES[row['assignmentType']]}/{row['~user']}"}}
    return {name: value for name, value in row.items() if not name.startswith("~")} | {"_links": links}


def of(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The assignment of a request. Raises E0000007."""
    _, id = owner(ctx, request)
    wanted = request.path["roleAssignmentId"]
    found = ctx.store.find("role_assignment", wanted)
    if found is not None and found["~user"] == id:
        return found
    kind = owner(ctx, request)[0]
    custom = next((row for row in bindings.of(ctx, kind, id) if row["id"] == wanted), None)
    if custom is None:
        raise errors.missing("role_assignment", wanted)
    return custom


def held(ctx: Ctx, kind: str, id: str) -> list[dict[str, Any]]:
    """The roles that somebody has by themselves."""
    rows = list(ctx.store.select("role_assignment", [Filter("~user", "=", id)], order="oldest"))
    return rows + bindings.of(ctx, kind, id)


@twin.handler("listAssignedRolesForUser", "listGroupAssignedRoles", "listRolesForClient")
def list_roles(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The roles of a user, group or client; a user has those of their groups too."""
    kind, id = owner(ctx, request)
    rows = held(ctx, kind, id)
    for group in sorted(people.group_ids(ctx, id)) if kind == "USER" else ():
        rows += held(ctx, "GROUP", group)
    return [shown(ctx, row) for row in rows]


@twin.handler("listUsersWithRoleAssignments")
def assignees(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The users who have a role by themselves."""
    ids = {str(row["~user"]) for row in ctx.store.select("role_assignment") if row["assignmentType"] == "USER"}
    ids |= bindings.users(ctx)
    limit, after = max(1, min(int(request.query.get("limit") or 100), 200)), str(request.query.get("after") or "")
    rest = [id for id in sorted(ids) if id > after]
    at = f"{ctx.base_url}/api/v1"
    value = [
        {"id": id, "orn": f"orn:okta:directory:{facts.ORG_ID}:users:{id}",
         "_links": {"self": {"href": f"{at}/users/{id}"}, "roles": {"href": f"{at}/users/{id}/roles"}}}
        for id in rest[:limit]
    ]  # fmt: skip
    if len(rest) <= limit:
        return {"value": value, "_links": {}}
    more = f"{at}/iam/assignees/users?after={rest[limit - 1]}&limit={limit}"
    return {"value": value, "_links": {"next": {"href": more}}}


@twin.handler("assignRoleToUser", "assignRoleToGroup", "assignRoleToClient")
def assign(ctx: Ctx, request: Request) -> Reply:
    """A new role. Raises E0000090 for one that is there."""
    kind, id = owner(ctx, request)
    body = request.body or {}
    type = str(body.get("type") or "")
    if type == "CUSTOM" and body.get("role"):
        row = bindings.bind(ctx, str(body.get("resource-set") or ""), str(body["role"]), kind, id)
        return Reply(200 if kind == "CLIENT" else 201, shown(ctx, row))
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
                 syslog.target(id, TARGETS[kind]))  # fmt: skip
    return Reply(200 if kind == "CLIENT" else 201, shown(ctx, row))


@twin.handler("getUserAssignedRole", "getGroupAssignedRole", "retrieveClientRole")
def get(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A role of a user, group or client."""
    return shown(ctx, of(ctx, request))


@twin.handler("unassignRoleFromUser", "unassignRoleFromGroup", "deleteRoleFromClient")
def unassign(ctx: Ctx, request: Request) -> Reply:
    """A role goes."""
    row = of(ctx, request)
    if row["type"] == "CUSTOM" and "role" in row:
        bindings.unbind(ctx, row)
    else:
        ctx.store.delete("role_assignment", row["id"])
    return Reply(204)
