"""What an administrator role reaches: groups, kinds of applications, single applications.

Source: https://developer.okta.com/docs/reference/api/roles/#role-target-operations.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Filter, Reply, Request
from twins.okta import apps, errors, twin
from twins.okta.handlers.roles import of

GROUPED = frozenset({"USER_ADMIN", "GROUP_MEMBERSHIP_ADMIN", "HELP_DESK_ADMIN", "READ_ONLY_ADMIN"})


def target(ctx: Ctx, role: str, kind: str, key: str, *, there: bool) -> Reply:
    """A role reaches something, or it does so no longer. Raises E0000001 for the last: it would reach everything."""
    id = f"{role}/{kind}/{key}"
    held = ctx.store.find("role_target", id)
    if there and held is None:
        row = {"id": id, "role": role, "kind": kind, "target": key}
        ctx.store.insert("role_target", row, id=id, created=ctx.micros)
    elif not there and held is not None:
        if len(list(ctx.store.select("role_target", [Filter("role", "=", role)]))) == 1:
            raise errors.validation("target", "The last target of a role assignment cannot be removed.")
        ctx.store.delete("role_target", id)
    elif not there:
        raise errors.error("E0000007", f"Resource not found: {key} (RoleTarget)")
    return Reply(204)


def targets(ctx: Ctx, role: str, *kinds: str) -> list[dict[str, Any]]:
    """What a role reaches, of some kinds."""
    rows = ctx.store.select("role_target", [Filter("role", "=", role)], order="oldest")
    return [row for row in rows if row["kind"] in kinds]


@twin.handler("listGroupTargetsForRole", "listGroupTargetsForGroupRole", "listGroupTargetRoleForClient")
def groups(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The groups that a role reaches."""
    found = [ctx.store.find("group", row["target"]) for row in targets(ctx, of(ctx, request)["id"], "group")]
    return [ctx.show("group", group) for group in found if group is not None]


@twin.handler(
    "assignGroupTargetToUserRole",
    "unassignGroupTargetFromUserAdminRole",
    "assignGroupTargetToGroupAdminRole",
    "unassignGroupTargetFromGroupAdminRole",
    "assignGroupTargetRoleForClient",
    "removeGroupTargetRoleFromClient",
)
def group(ctx: Ctx, request: Request) -> Reply:
    """A role reaches a group, or no longer. Raises E0000091 for a role that has no groups."""
    row = of(ctx, request)
    wanted = str(request.path.get("targetGroupId") or request.path["groupId"])
    if ctx.store.find("group", wanted) is None:
        raise errors.missing("group", wanted)
    if row["type"] not in GROUPED:
        raise errors.error("E0000091")
    return target(ctx, row["id"], "group", wanted, there=request.method == "PUT")


@twin.handler(
    "listApplicationTargetsForApplicationAdministratorRoleForUser",
    "listApplicationTargetsForApplicationAdministratorRoleForGroup",
    "listAppTargetRoleToClient",
)
def applications(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The applications that a role reaches."""
    found = []
    for row in targets(ctx, of(ctx, request)["id"], "app", "kind"):
        app = ctx.store.find("application", row["target"]) if row["kind"] == "app" else None
        if app is not None:
            found.append({"id": app["id"], "name": app["name"], "displayName": app["label"], "status": "ACTIVE",
                          "_links": apps.shown(ctx, app)["_links"]})  # fmt: skip
        elif row["kind"] == "kind":
            found.append({"name": row["target"], "displayName": row["target"], "status": "ACTIVE"})
    return found


@twin.handler(
    "assignAppTargetToAdminRoleForUser",
    "unassignAppTargetFromAppAdminRoleForUser",
    "assignAppTargetToAdminRoleForGroup",
    "unassignAppTargetToAdminRoleForGroup",
    "assignAppInstanceTargetToAppAdminRoleForUser",
    "unassignAppInstanceTargetFromAdminRoleForUser",
    "assignAppInstanceTargetToAppAdminRoleForGroup",
    "unassignAppInstanceTargetToAppAdminRoleForGroup",
    "assignAppTargetRoleToClient",
    "removeAppTargetRoleFromClient",
    "assignAppTargetInstanceRoleForClient",
    "removeAppTargetInstanceRoleForClient",
)
def application(ctx: Ctx, request: Request) -> Reply:
    """A role reaches a kind of applications or one of them, or no longer. Raises E0000091 for another role."""
    row, id = of(ctx, request), request.path.get("appId")
    if row["type"] != "APP_ADMIN":
        raise errors.error("E0000091")
    if id is not None and ctx.store.find("application", id) is None:
        raise errors.missing("application", id)
    kind, key = ("app", id) if id is not None else ("kind", request.path["appName"])
    return target(ctx, row["id"], kind, str(key), there=request.method == "PUT")


@twin.handler("assignAllAppsAsTargetToRoleForUser")
def all_apps(ctx: Ctx, request: Request) -> Reply:
    """A role reaches every application again."""
    for row in targets(ctx, of(ctx, request)["id"], "app", "kind"):
        ctx.store.delete("role_target", row["id"])
    return Reply(200, {})
