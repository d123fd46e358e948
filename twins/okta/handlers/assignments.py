"""Who may use an application: users and groups assigned to it, and what that pushes to a SCIM server.

Source: https://developer.okta.com/docs/reference/api/apps/#application-user-operations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Reply, Request
from twins.okta import apps, errors, listing, people, syslog, twin
from twins.okta.handlers.applications import of
from twins.okta.times import iso


def visible(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record without what is only the twin's."""
    return {name: value for name, value in record.items() if not name.startswith("~")}


def user_shown(ctx: Ctx, row: Mapping[str, Any]) -> dict[str, Any]:
    """An assigned user with its links."""
    links = {
        "app": {"href": f"{ctx.base_url}/api/v1/apps/{row['~application']}"},
        "user": {"href": f"{ctx.base_url}/api/v1/users/{row['id']}"},
    }
    return {**visible(row), "_links": links}


def assign(
    ctx: Ctx, app: Mapping[str, Any], user: Mapping[str, Any], given: Mapping[str, Any], scope: str = "USER"
) -> dict[str, Any]:
    """Assign a user to an application."""
    key, now = f"{app['id']}/{user['id']}", iso(ctx)
    name = ((given.get("credentials") or {}).get("userName")) or user["profile"]["login"]
    profile = dict(given.get("profile") or {})
    row = {
        "id": user["id"], "externalId": None, "created": now, "lastUpdated": now, "scope": scope, "status": "ACTIVE",
        "statusChanged": now, "passwordChanged": None, "syncState": "DISABLED", "credentials": {"userName": name},
        "profile": profile, "~application": app["id"], "~user": user["id"], "~key": key,
    }  # fmt: skip
    ctx.store.insert("app_user", row, id=key, parent=str(app["id"]), created=ctx.micros)
    target = syslog.target(str(app["id"]), "AppInstance", str(app["label"]))
    syslog.write(ctx, "application.user_membership.add", "Add user to application membership",
                 syslog.person(dict(user)), target)  # fmt: skip
    push(ctx, app, user, "create", row)
    return ctx.store.get("app_user", key)


def unassign(ctx: Ctx, app: str, user: str) -> None:
    """End an assignment."""
    key = f"{app}/{user}"
    row = ctx.store.find("app_user", key)
    if row is not None:
        ctx.store.delete("app_user", key)
    held, person = ctx.store.find("application", app), ctx.store.find("user", user)
    if held is not None and person is not None:
        target = syslog.target(app, "AppInstance", held["label"])
        syslog.write(ctx, "application.user_membership.remove", "Remove user's application membership",
                     syslog.person(person), target)  # fmt: skip
        if row is not None:
            push(ctx, held, person, "deactivate", row)


def push(ctx: Ctx, app: Mapping[str, Any], user: Mapping[str, Any], verb: str, row: Mapping[str, Any]) -> None:
    """Tell the application's SCIM server, when provisioning is on."""
    from twins.okta import scim

    scim.push(ctx, app, user, verb, row)


def updated(ctx: Ctx, user: Mapping[str, Any]) -> None:
    """A profile changed: the SCIM servers of the user's applications are told."""
    for row in list(ctx.store.select("app_user", [Filter("~user", "=", user["id"])])):
        app = ctx.store.find("application", row["~application"])
        if app is not None:
            push(ctx, app, user, "update", row)


def withdraw(ctx: Ctx, user: str) -> None:
    """End every assignment of a user."""
    for row in list(ctx.store.select("app_user", [Filter("~user", "=", user)])):
        unassign(ctx, row["~application"], user)


def joined(ctx: Ctx, group: str, user: Mapping[str, Any]) -> None:
    """A user joined a group: its applications are the user's."""
    for row in list(ctx.store.select("application_group_assignment", [Filter("id", "=", group)])):
        app = ctx.store.find("application", row["~application"])
        if app is not None and ctx.store.find("app_user", f"{app['id']}/{user['id']}") is None:
            assign(ctx, app, user, {}, "GROUP")


def left(ctx: Ctx, group: str, user: Mapping[str, Any]) -> None:
    """A user left a group: what only the group gave goes."""
    for row in list(ctx.store.select("application_group_assignment", [Filter("id", "=", group)])):
        held = ctx.store.find("app_user", f"{row['~application']}/{user['id']}")
        if held is None or held["scope"] != "GROUP":
            continue
        others = people.group_ids(ctx, str(user["id"])) - {group}
        if not any(ctx.store.find("application_group_assignment", f"{row['~application']}/{id}") for id in others):
            unassign(ctx, row["~application"], str(user["id"]))


# users ---------------------------------------------------------------------------------------------------------------


@twin.handler("listApplicationUsers")
def list_users(ctx: Ctx, request: Request) -> Reply:
    """The users assigned to an application; `q` is the beginning of a name or address."""
    app, word = of(ctx, request), str(request.query.get("q") or "").casefold()

    def check(row: dict[str, Any]) -> bool:
        return any(str(value or "").casefold().startswith(word) for value in (row["credentials"]["userName"],
                                                                             row["profile"].get("email")))  # fmt: skip

    after = request.query.get("after")
    rows, more = listing.find(
        ctx, "app_user", (), limit=listing.limit_of(request, listing.Limits(50, 500)), parent=app["id"],
        after=f"{app['id']}/{after}" if after else None, check=check if word else None,
    )  # fmt: skip
    return listing.reply(ctx, request, [user_shown(ctx, row) for row in rows], rows[-1]["id"] if more else None)


@twin.handler("assignUserToApplication")
def add_user(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Assign a user."""
    app, body = of(ctx, request), request.body or {}
    if not body.get("id"):
        raise errors.validation("id", "id: The field cannot be left blank")
    user = people.get(ctx, str(body["id"]))
    if user["status"] in ("DEPROVISIONED", "SUSPENDED"):
        raise errors.error("E0000117")
    if app["credentials"].get("scheme") == "SHARED_USERNAME_AND_PASSWORD" and body.get("credentials"):
        raise errors.error("E0000041")
    held = ctx.store.find("app_user", f"{app['id']}/{user['id']}")
    if held is not None:
        if held["scope"] == "USER":
            raise errors.error("E0000062")
        return user_shown(ctx, ctx.store.update("app_user", held["~key"], scope="USER"))
    return user_shown(ctx, assign(ctx, app, user, body))


def assigned_user(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The assignment of a request. Raises E0000007."""
    app = of(ctx, request)
    held = ctx.store.find("app_user", f"{app['id']}/{request.path['userId']}")
    if held is None:
        raise errors.missing("app_user", request.path["userId"])
    return held


@twin.handler("getApplicationUser")
def get_user(ctx: Ctx, request: Request) -> dict[str, Any]:
    """An assigned user; `expand=user` adds the person."""
    row = assigned_user(ctx, request)
    shown = user_shown(ctx, row)
    if request.query.get("expand") == "user":
        shown["_embedded"] = {"user": people.shown(ctx, people.get(ctx, row["id"]))}
    return shown


@twin.handler("updateApplicationUser")
def update_user(ctx: Ctx, request: Request) -> dict[str, Any]:
    """An assigned user's new profile or credentials."""
    row, body = assigned_user(ctx, request), request.body or {}
    profile = {**row["profile"], **(body.get("profile") or {})}
    given = {name: value for name, value in (body.get("credentials") or {}).items() if name != "password"}
    changes = {"profile": profile, "credentials": {**row["credentials"], **given}, "lastUpdated": iso(ctx)}
    row = ctx.store.update("app_user", row["~key"], **changes)
    push(ctx, of(ctx, request), people.get(ctx, row["id"]), "update", row)
    return user_shown(ctx, ctx.store.get("app_user", row["~key"]))


@twin.handler("unassignUserFromApplication")
def remove_user(ctx: Ctx, request: Request) -> Reply:
    """End an assignment."""
    row = assigned_user(ctx, request)
    unassign(ctx, row["~application"], row["id"])
    return Reply(204)


@twin.handler("listAppLinks")
def app_links(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The applications a user sees on the dashboard."""
    user = people.get(ctx, request.path["id"])
    rows = ctx.store.select("application", [Filter("status", "=", "ACTIVE")])
    return [
        {
            "id": user["id"], "label": app["label"], "linkUrl": f"{ctx.base_url}/home/{app['name']}/{app['id']}/0",
            "logoUrl": f"{ctx.base_url}/assets/img/logos/default.png", "appName": app["name"],
            "appInstanceId": app["id"], "appAssignmentId": f"0ua{app['id'][3:]}", "credentialsSetup": False,
            "hidden": False, "sortOrder": place,
        }
        for place, app in enumerate(rows)
        if apps.assigned(ctx, app["id"], user["id"])
    ]  # fmt: skip


# groups --------------------------------------------------------------------------------------------------------------


def group_shown(ctx: Ctx, row: Mapping[str, Any]) -> dict[str, Any]:
    """An assigned group with its links."""
    base = f"{ctx.base_url}/api/v1"
    links = {
        "app": {"href": f"{base}/apps/{row['~application']}"},
        "self": {"href": f"{base}/apps/{row['~application']}/groups/{row['id']}"},
        "group": {"href": f"{base}/groups/{row['id']}"},
    }
    return {**visible(row), "_links": links}


@twin.handler("listApplicationGroupAssignments")
def list_groups(ctx: Ctx, request: Request) -> Reply:
    """The groups assigned to an application."""
    app, after = of(ctx, request), request.query.get("after")
    rows, more = listing.find(
        ctx, "application_group_assignment", (), limit=listing.limit_of(request, listing.Limits(20, 200)),
        parent=app["id"], after=f"{app['id']}/{after}" if after else None,
    )  # fmt: skip
    return listing.reply(ctx, request, [group_shown(ctx, row) for row in rows], rows[-1]["id"] if more else None)


@twin.handler("assignGroupToApplication")
def add_group(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Assign a group: its members are assigned."""
    app, id = of(ctx, request), request.path["groupId"]
    if ctx.store.find("group", id) is None:
        raise errors.missing("group", id)
    row = apps.assign_group(ctx, app["id"], id, request.body if isinstance(request.body, dict) else {})
    for member in list(ctx.store.select("group_membership", parent=id)):
        user = ctx.store.find("user", member["user"])
        if user is not None and ctx.store.find("app_user", f"{app['id']}/{user['id']}") is None:
            assign(ctx, app, user, {}, "GROUP")
    return group_shown(ctx, row)


def assigned_group(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The assignment of a request. Raises E0000007."""
    app, id = of(ctx, request), request.path["groupId"]
    held = ctx.store.find("application_group_assignment", f"{app['id']}/{id}")
    if held is None:
        raise errors.missing("application_group_assignment", id)
    return held


@twin.handler("getApplicationGroupAssignment")
def get_group(ctx: Ctx, request: Request) -> dict[str, Any]:
    """An assigned group."""
    return group_shown(ctx, assigned_group(ctx, request))


@twin.handler("unassignApplicationFromGroup")
def remove_group(ctx: Ctx, request: Request) -> Reply:
    """End a group's assignment, and its members'."""
    row = assigned_group(ctx, request)
    unassign_group(ctx, row["~application"], row["id"])
    return Reply(204)


def unassign_group(ctx: Ctx, app: str, group: str) -> None:
    """End a group's assignment."""
    ctx.store.delete("application_group_assignment", f"{app}/{group}")
    for member in list(ctx.store.select("group_membership", parent=group)):
        held = ctx.store.find("app_user", f"{app}/{member['user']}")
        if held is not None and held["scope"] == "GROUP" and not apps.assigned_by_group(ctx, app, member["user"]):
            unassign(ctx, app, member["user"])


@twin.handler("listAssignedApplicationsForGroup")
def apps_of_group(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The applications a group is assigned to."""
    id = request.path["groupId"]
    if ctx.store.find("group", id) is None:
        raise errors.missing("group", id)
    rows = ctx.store.select("application_group_assignment", [Filter("id", "=", id)])
    found = [ctx.store.find("application", row["~application"]) for row in rows]
    return [apps.shown(ctx, app) for app in found if app is not None]
