"""Profile schemas, and the mappings between profiles. Source: https://developer.okta.com/docs/reference/api/schemas/."""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Reply, Request
from twins.okta import errors, facts, listing, schemas, twin
from twins.okta.handlers.applications import of


@twin.handler("getUserSchema")
def get_user(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The schema of a user type."""
    return schemas.shown(ctx, "user", schemas.key_of(ctx, request.path["schemaId"]))


@twin.handler("updateUserProfile")
def update_user(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Attributes are added, changed or (null) removed."""
    key = schemas.key_of(ctx, request.path["schemaId"])
    schemas.change(ctx, "user", key, (request.body or {}).get("definitions") or {})
    return schemas.shown(ctx, "user", key)


@twin.handler("getGroupSchema")
def get_group(ctx: Ctx, _request: Request) -> dict[str, Any]:
    """The schema of groups."""
    return schemas.shown(ctx, "group", "default")


@twin.handler("updateGroupSchema")
def update_group(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Attributes of groups are added, changed or (null) removed."""
    body = request.body if isinstance(request.body, dict) else {}
    schemas.change(ctx, "group", "default", body.get("definitions") or {})
    return schemas.shown(ctx, "group", "default")


def app_schema(ctx: Ctx, app: dict[str, Any]) -> dict[str, Any]:
    """The schema of an application's users."""
    own = schemas.held(ctx, "app_user", app["id"])
    at = f"{ctx.base_url}/api/v1/meta/schemas/apps/{app['id']}/default"
    name = {"title": "Username", "type": "string", "required": True, "scope": "NONE", "maxLength": 100,
            "permissions": [{"principal": "SELF", "action": "READ_ONLY"}]}  # fmt: skip
    return {
        "id": f"{ctx.base_url}/meta/schemas/apps/{app['id']}/default",
        "$schema": "http://json-schema.org/draft-04/schema#", "name": app["label"], "title": f"{app['label']} User",
        "lastUpdated": own["lastUpdated"], "created": own["created"],
        "definitions": {
            "custom": {"id": "#custom", "type": "object", "properties": own["custom"], "required": own["required"]},
            "base": {"id": "#base", "type": "object", "properties": {"userName": name, **own["base"]},
                     "required": ["userName"]},
        },
        "type": "object",
        "properties": {"profile": {"allOf": [{"$ref": "#/definitions/base"}, {"$ref": "#/definitions/custom"}]}},
        "_links": {"self": {"rel": "self", "href": at, "method": "GET"}},
    }  # fmt: skip


@twin.handler("getApplicationUserSchema")
def get_app(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The schema of an application's users."""
    return app_schema(ctx, of(ctx, request))


@twin.handler("updateApplicationUserProfile")
def update_app(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Attributes of an application's users are added, changed or (null) removed."""
    app = of(ctx, request)
    schemas.change(ctx, "app_user", app["id"], (request.body or {}).get("definitions") or {})
    return app_schema(ctx, app)


# mappings ------------------------------------------------------------------------------------------------------------


def sides(ctx: Ctx, app: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """An application and the default user type as the ends of a mapping."""
    at = f"{ctx.base_url}/api/v1"
    one = {"id": app["id"], "name": app.get("name"), "type": "appuser", "_links": {
        "self": {"href": f"{at}/apps/{app['id']}"}, "schema": {"href": f"{at}/meta/schemas/apps/{app['id']}/default"},
    }}  # fmt: skip
    type = facts.USER_TYPE
    other = {"id": type, "name": "user", "type": "user", "_links": {
        "self": {"href": f"{at}/meta/types/user/{type}"},
        "schema": {"href": f"{at}/meta/schemas/user/osc{type[3:]}"},
    }}  # fmt: skip
    return one, other


def all_mappings(ctx: Ctx) -> list[dict[str, Any]]:
    """Two mappings for each application: to its users and from them."""
    found = []
    for app in ctx.store.select("application", order="oldest"):
        for way, (source, target) in (("i", sides(ctx, app)), ("o", sides(ctx, app)[::-1])):
            id = f"prm{way}{app['id'][4:]}"
            found.append({"id": id, "source": source, "target": target,
                          "_links": {"self": {"href": f"{ctx.base_url}/api/v1/mappings/{id}"}}})  # fmt: skip
    return found


@twin.handler("listProfileMappings")
def mappings(ctx: Ctx, request: Request) -> Reply:
    """Mappings by source and target."""
    query = request.query
    rows = [row for row in all_mappings(ctx)
            if query.get("sourceId", row["source"]["id"]) == row["source"]["id"]
            and query.get("targetId", row["target"]["id"]) == row["target"]["id"]]  # fmt: skip
    limit, after = listing.limit_of(request, listing.Limits(20, 200)), query.get("after")
    start = next((place + 1 for place, row in enumerate(rows) if row["id"] == after), 0)
    page = rows[start : start + limit]
    return listing.reply(ctx, request, page, page[-1]["id"] if len(rows) > start + limit else None)


def mapping_of(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The mapping of a request with its properties. Raises E0000007."""
    wanted = request.path["mappingId"]
    found = next((row for row in all_mappings(ctx) if row["id"] == wanted), None)
    if found is None:
        raise errors.error("E0000007", f"Resource not found: {wanted} (ProfileMapping)")
    kept = ctx.store.find("profile_mapping", wanted)
    usual = {name: {"expression": f"{found['source']['type']}.{name}", "pushStatus": "DONT_PUSH"}
             for name in ("email", "firstName", "lastName")}  # fmt: skip
    links = found.pop("_links")
    return {**found, "properties": kept["properties"] if kept else usual, "_links": links}


@twin.handler("getProfileMapping")
def get_mapping(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A mapping."""
    return mapping_of(ctx, request)


@twin.handler("updateProfileMapping")
def update_mapping(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Properties are added, changed or (null) removed. Raises E0000001 for a target field that is not there."""
    found = mapping_of(ctx, request)
    base, custom = schemas.attributes(ctx, "user", "default")
    known = {*base, *custom, "userName"}
    if found["target"]["type"] != "user":
        own = schemas.held(ctx, "app_user", found["target"]["id"])
        known = {*known, *own["custom"]}
    for name, each in ((request.body or {}).get("properties") or {}).items():
        if name not in known:
            raise errors.validation("updateMapping", f"Invalid target field {name}")
        if each is None:
            found["properties"].pop(name, None)
        else:
            found["properties"][name] = {**(found["properties"].get(name) or {}), **each}
    row = {"properties": found["properties"]}
    if ctx.store.find("profile_mapping", found["id"]) is None:
        ctx.store.insert("profile_mapping", row, id=found["id"])
    else:
        ctx.store.replace("profile_mapping", found["id"], row)
    return found
