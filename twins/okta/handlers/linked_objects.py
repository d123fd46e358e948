"""Linked objects: relations between users, and who is linked to whom.

Source: https://developer.okta.com/docs/reference/api/linked-objects/.
"""

from __future__ import annotations

import re
from typing import Any

from twinkit import Ctx, Filter, Reply, Request
from twins.okta import errors, people, twin


def shown(ctx: Ctx, row: dict[str, Any]) -> dict[str, Any]:
    """A relation with its link."""
    at = f"{ctx.base_url}/api/v1/meta/schemas/user/linkedObjects/{row['primary']['name']}"
    return {"primary": row["primary"], "associated": row["associated"], "_links": {"self": {"href": at}}}


def named(ctx: Ctx, name: str) -> dict[str, Any]:
    """The relation with this name on either side. Raises E0000007."""
    for row in ctx.store.select("linked_object", order="oldest"):
        if name in (row["primary"]["name"], row["associated"]["name"]):
            return row
    raise errors.error("E0000007", f"Resource not found: {name} (LinkedObjectProperty)")


@twin.handler("listLinkedObjectDefinitions")
def definitions(ctx: Ctx, _request: Request) -> list[dict[str, Any]]:
    """The relations of the org."""
    return [shown(ctx, row) for row in ctx.store.select("linked_object", order="oldest")]


@twin.handler("createLinkedObjectDefinition")
def create(ctx: Ctx, request: Request) -> Reply:
    """A new relation. Raises E0000127 for a name that is used."""
    body = request.body or {}
    sides = {side: {"description": "", "type": "USER", **(body.get(side) or {})} for side in ("primary", "associated")}
    names = [str(side.get("name") or "") for side in sides.values()]
    for side, name in zip(sides, names, strict=True):
        if not name:
            raise errors.validation(f"{side}.name", f"{side}.name: The field cannot be left blank")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise errors.validation(f"{side}.name", f"{side}.name: Does not match required pattern")
    for row in ctx.store.select("linked_object"):
        if {row["primary"]["name"], row["associated"]["name"]} & {*names}:
            raise errors.error("E0000127", "Linked object property name is already in use.")
    order = ("name", "title", "description", "type")
    row = {side: {name: each[name] for name in order if name in each} for side, each in sides.items()}
    ctx.store.insert("linked_object", row, id=names[0], created=ctx.micros)
    return Reply(201, shown(ctx, row))


@twin.handler("getLinkedObjectDefinition")
def get(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A relation by the name of either side."""
    return shown(ctx, named(ctx, request.path["linkedObjectName"]))


@twin.handler("deleteLinkedObjectDefinition")
def delete(ctx: Ctx, request: Request) -> Reply:
    """A relation goes with its values."""
    row = named(ctx, request.path["linkedObjectName"])
    name = row["primary"]["name"]
    for value in list(ctx.store.select("linked_value", [Filter("relation", "=", name)])):
        ctx.store.delete("linked_value", value["id"])
    ctx.store.delete("linked_object", name)
    return Reply(204)


@twin.handler("assignLinkedObjectValueForPrimary")
def assign(ctx: Ctx, request: Request) -> Reply:
    """A user gets its primary one."""
    path = request.path
    user = people.get(ctx, path["userIdOrLogin"])["id"]
    primary = people.get(ctx, path["primaryUserId"])["id"]
    relation = named(ctx, path["primaryRelationshipName"])["primary"]["name"]
    id = f"{relation}/{user}"
    row = {"id": id, "relation": relation, "associated": user, "primary": primary}
    if ctx.store.find("linked_value", id) is None:
        ctx.store.insert("linked_value", row, id=id, created=ctx.micros)
    else:
        ctx.store.replace("linked_value", id, row)
    return Reply(204)


@twin.handler("listLinkedObjectsForUser")
def linked(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """Whom a user is linked to by a relation: its primary one, or all who are associated."""
    user, name = people.get(ctx, request.path["userIdOrLogin"])["id"], request.path["relationshipName"]
    row = named(ctx, name)
    mine, other = ("associated", "primary") if name == row["primary"]["name"] else ("primary", "associated")
    where = [Filter("relation", "=", row["primary"]["name"]), Filter(mine, "=", user)]
    found = ctx.store.select("linked_value", where, order="oldest")
    return [{"_links": {"self": {"href": f"{ctx.base_url}/api/v1/users/{value[other]}"}}} for value in found]


@twin.handler("deleteLinkedObjectForUser")
def unlink(ctx: Ctx, request: Request) -> Reply:
    """A user's primary one goes."""
    user = people.get(ctx, request.path["userIdOrLogin"])["id"]
    id = f"{named(ctx, request.path['relationshipName'])['primary']['name']}/{user}"
    if ctx.store.find("linked_value", id) is not None:
        ctx.store.delete("linked_value", id)
    return Reply(204)
