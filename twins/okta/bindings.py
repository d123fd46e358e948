"""Custom administrator roles as assignments: who is bound to a role for a resource set.

Source: https://developer.okta.com/docs/reference/api/roles/#custom-role-assignment-operations. The members of a
binding are its assignments, under the same ids. Imports: the kit's public names, the twin's errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter
from twins.okta import errors
from twins.okta.times import iso

PLACES = {"USER": "/api/v1/users", "GROUP": "/api/v1/groups", "CLIENT": "/oauth2/v1/clients"}
"""Kind of an assignee → where it is."""


def named(ctx: Ctx, resource: str, key: str, word: str) -> dict[str, Any]:
    """A custom role or resource set by id or label. Raises E0000007."""
    found = ctx.store.find(resource, key)
    if found is None:
        found = next(iter(ctx.store.select(resource, [Filter("label", "=", key)])), None)
    if found is None:
        raise errors.error("E0000007", f"Resource not found: {key} ({word})")
    return found


def new_member(ctx: Ctx, address: str) -> dict[str, Any]:
    """A user, group or client that is bound."""
    now = iso(ctx)
    return {"id": ctx.new_id("irb{alnum:17}"), "created": now, "lastUpdated": now, "href": address}


def join(ctx: Ctx, set: str, role: str, members: list[dict[str, Any]]) -> None:
    """Bind members to a role for a set."""
    key = f"{set}/{role}"
    held = ctx.store.find("role_binding", key)
    if held is None:
        row = {"id": key, "role": role, "members": members}
        ctx.store.insert("role_binding", row, id=key, parent=set, created=ctx.micros)
    else:
        ctx.store.update("role_binding", key, members=[*held["members"], *members])


def bind(ctx: Ctx, set: str, role: str, kind: str, id: str) -> dict[str, Any]:
    """Assign a custom role to somebody for a set. Raises E0000007, E0000090 for a role that is assigned so."""
    held_set = named(ctx, "resource_set", set, "IAMPolicy")
    held_role = named(ctx, "custom_role", role, "CustomRole")
    for row in of(ctx, kind, id):
        if (row["role"], row["resource-set"]) == (held_role["id"], held_set["id"]):
            raise errors.error("E0000090")
    member = new_member(ctx, f"{ctx.base_url}{PLACES[kind]}/{id}")
    join(ctx, held_set["id"], held_role["id"], [member])
    return _assignment(held_set["id"], held_role, member, kind, id)


def unbind(ctx: Ctx, row: Mapping[str, Any]) -> None:
    """An assignment of a custom role goes."""
    key = f"{row['resource-set']}/{row['role']}"
    held = ctx.store.get("role_binding", key)
    ctx.store.update("role_binding", key, members=[each for each in held["members"] if each["id"] != row["id"]])


def of(ctx: Ctx, kind: str, id: str) -> list[dict[str, Any]]:
    """The custom roles of somebody, as role assignments."""
    found = []
    for row in ctx.store.select("role_binding", order="oldest"):
        for member in row["members"]:
            if str(member["href"]).endswith(f"{PLACES[kind]}/{id}"):
                role = ctx.store.get("custom_role", row["role"])
                found.append(_assignment(str(row["id"]).partition("/")[0], role, member, kind, id))
    return found


def users(ctx: Ctx) -> set[str]:
    """The users who are bound to a role."""
    addresses = [str(each["href"]) for row in ctx.store.select("role_binding") for each in row["members"]]
    return {each.rpartition("/")[2] for each in addresses if each.rpartition("/")[0].endswith(PLACES["USER"])}


def _assignment(set: str, role: Mapping[str, Any], member: Mapping[str, Any], kind: str, id: str) -> dict[str, Any]:
    return {
        "id": member["id"], "role": role["id"], "label": role["label"], "type": "CUSTOM", "status": "ACTIVE",
        "created": member["created"], "lastUpdated": member["lastUpdated"], "assignmentType": kind,
        "resource-set": set, "~user": id,
    }  # fmt: skip
