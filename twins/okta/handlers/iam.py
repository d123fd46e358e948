"""Custom administrator roles, their permissions, resource sets and who is bound to them.

Source: https://developer.okta.com/docs/concepts/role-assignment/ and
https://developer.okta.com/docs/api/openapi/okta-management/management/tag/RoleECustom/.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from twinkit import Ctx, Filter, Reply, Request
from twins.okta import errors, facts, twin
from twins.okta.bindings import join, named, new_member
from twins.okta.times import iso


def at(ctx: Ctx, path: str = "") -> str:
    """An address below /api/v1/iam."""
    return f"{ctx.base_url}/api/v1/iam{path}"


def labelled(ctx: Ctx, resource: str, body: dict[str, Any], id: str = "") -> str:
    """A label that is free. Raises E0000001."""
    label = str(body.get("label") or "")
    if not label:
        raise errors.validation("label", "label: Label must be specified")
    for other in ctx.store.select(resource, [Filter("label", "=", label)]):
        if other["id"] != id:
            what = "an admin role" if resource == "custom_role" else "a resource set"
            raise errors.validation("label", f"label: There is already {what} with this name.")
    return label


class Kind(NamedTuple):
    """Records that are found by id or label and kept alike: custom roles and resource sets."""

    resource: str
    path: str
    key: str
    """The path parameter that names one."""
    word: str
    """What errors call one."""
    id: str
    parts: tuple[str, ...]
    """What is below one, and linked."""
    first: Mapping[str, Any]
    """What a new one has besides label and description."""
    below: tuple[str, ...]
    """Resources that go with one."""
    add: Callable[[Ctx, str, Mapping[str, Any]], None]
    """Takes in what else a new one is given."""

    def of(self, ctx: Ctx, request: Request) -> dict[str, Any]:
        """The record of a request. Raises E0000007."""
        return named(ctx, self.resource, request.path[self.key], self.word)

    def shown(self, ctx: Ctx, row: dict[str, Any]) -> dict[str, Any]:
        """A record with its links."""
        own = at(ctx, f"/{self.path}/{row['id']}")
        return {**row, "_links": {**{part: {"href": f"{own}/{part}"} for part in self.parts}, "self": {"href": own}}}

    def list(self, ctx: Ctx, _request: Request) -> dict[str, Any]:
        """All of them."""
        rows = [self.shown(ctx, row) for row in ctx.store.select(self.resource, order="oldest")]
        return {self.path: rows, "_links": {"self": {"href": at(ctx, f"/{self.path}")}}}

    def create(self, ctx: Ctx, request: Request) -> dict[str, Any]:
        """A new one."""
        body, now = request.body or {}, iso(ctx)
        row = {"id": ctx.new_id(self.id), "label": labelled(ctx, self.resource, body), **self.first,
               "description": body.get("description"), "created": now, "lastUpdated": now}  # fmt: skip
        ctx.store.insert(self.resource, row, id=str(row["id"]), created=ctx.micros)
        self.add(ctx, str(row["id"]), body)
        return self.shown(ctx, row)

    def get(self, ctx: Ctx, request: Request) -> dict[str, Any]:
        """One of them."""
        return self.shown(ctx, self.of(ctx, request))

    def replace(self, ctx: Ctx, request: Request) -> dict[str, Any]:
        """A new label and description."""
        row, body = self.of(ctx, request), request.body or {}
        changes = {"label": labelled(ctx, self.resource, body, row["id"]), "description": body.get("description")}
        return self.shown(ctx, ctx.store.update(self.resource, row["id"], **changes, lastUpdated=iso(ctx)))

    def delete(self, ctx: Ctx, request: Request) -> Reply:
        """One goes, with what is below it."""
        row = self.of(ctx, request)
        for resource in self.below:
            for key in ctx.store.list(resource, parent=row["id"], limit=1_000).ids:
                ctx.store.delete(resource, key)
        ctx.store.delete(self.resource, row["id"])
        return Reply(204)

    def register(self, noun: str) -> None:
        """Hook the five operations in."""
        for operation, function in ((f"list{noun}s", self.list), (f"create{noun}", self.create),
                                    (f"get{noun}", self.get), (f"replace{noun}", self.replace),
                                    (f"delete{noun}", self.delete)):  # fmt: skip
            twin.handler(operation)(function)


def permissions_of(ctx: Ctx, id: str, body: Mapping[str, Any]) -> None:
    """A new role's permissions. Raises E0000001 for none."""
    if not body.get("permissions"):
        raise errors.validation("permissions", "permissions: The field cannot be left blank")
    for permission in dict.fromkeys(body.get("permissions") or ()):
        permit(ctx, id, str(permission), None)


def resources_of(ctx: Ctx, id: str, body: Mapping[str, Any]) -> None:
    """A new set's resources."""
    for each in dict.fromkeys(body.get("resources") or ()):
        put(ctx, id, str(each))


ROLE = Kind("custom_role", "roles", "roleIdOrLabel", "CustomRole", "cr0{alnum:17}", ("permissions",),
            {"isCloneable": False}, ("role_permission",), permissions_of)  # fmt: skip
SET = Kind("resource_set", "resource-sets", "resourceSetIdOrLabel", "IAMPolicy", "iam{alnum:17}",
           ("bindings", "resources"), {}, ("set_resource", "role_binding"), resources_of)  # fmt: skip
ROLE.register("Role")
SET.register("ResourceSet")


# permissions ---------------------------------------------------------------------------------------------------------


def permit(ctx: Ctx, role: str, label: str, conditions: Any) -> dict[str, Any]:
    """Give a role a permission, or change its conditions."""
    key, now = f"{role}/{label}", iso(ctx)
    held = ctx.store.find("role_permission", key)
    row = {"label": label, "created": held["created"] if held else now, "lastUpdated": now, "conditions": conditions,
           "~at": held["~at"] if held else ctx.micros}  # fmt: skip
    if held is None:
        ctx.store.insert("role_permission", row, id=key, parent=role, created=ctx.micros)
    else:
        ctx.store.replace("role_permission", key, row)
    return row


def permission_shown(ctx: Ctx, role: str, row: dict[str, Any]) -> dict[str, Any]:
    """A permission with its links."""
    own = at(ctx, f"/roles/{role}")
    links = {"role": {"href": own}, "self": {"href": f"{own}/permissions/{row['label']}"}}
    return {name: value for name, value in row.items() if name[0] != "~"} | {"_links": links}


@twin.handler("listRolePermissions")
def permissions(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The permissions of a role."""
    id = ROLE.of(ctx, request)["id"]
    rows = list(ctx.store.select("role_permission", parent=id, order="oldest"))
    rows.sort(key=lambda row: int(row.get("~at") or 0), reverse=True)  # as recorded: those of the last call come first
    return {"permissions": [permission_shown(ctx, id, row) for row in rows]}


def permission(ctx: Ctx, request: Request) -> tuple[str, dict[str, Any]]:
    """Role and permission of a request. Raises E0000007."""
    id, label = ROLE.of(ctx, request)["id"], request.path["permissionType"]
    held = ctx.store.find("role_permission", f"{id}/{label}")
    if held is None:
        raise errors.error("E0000007", f"Resource not found: {label} (Permission)")
    return id, held


@twin.handler("getRolePermission")
def get_permission(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One of them."""
    return permission_shown(ctx, *permission(ctx, request))


@twin.handler("createRolePermission")
def add_permission(ctx: Ctx, request: Request) -> Reply:
    """A role may do more."""
    body = request.body if isinstance(request.body, dict) else {}
    permit(ctx, ROLE.of(ctx, request)["id"], request.path["permissionType"], body.get("conditions"))
    return Reply(204)


@twin.handler("replaceRolePermission")
def replace_permission(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Under which conditions a role may do something."""
    id, held = permission(ctx, request)
    body = request.body if isinstance(request.body, dict) else {}
    return permission_shown(ctx, id, permit(ctx, id, held["label"], body.get("conditions")))


@twin.handler("deleteRolePermission")
def delete_permission(ctx: Ctx, request: Request) -> Reply:
    """A role may do something no longer."""
    id, held = permission(ctx, request)
    ctx.store.delete("role_permission", f"{id}/{held['label']}")
    return Reply(204)


# resources -----------------------------------------------------------------------------------------------------------


PLACES = {"users": "users", "groups": "groups", "apps": "apps"}


def place_of(ctx: Ctx, orn: str) -> str:
    """The address of what an ORN names: `orn:okta:idp:{org}:apps:{name}:{id}`, `orn:okta:directory:{org}:groups`."""
    kind, *rest = [*orn.split(":")[4:], ""]
    place = f"{ctx.base_url}/api/v1" + (f"/{PLACES[kind]}" if kind in PLACES else "")
    id = next((each for each in reversed(rest) if each), "")
    return f"{place}/{id}" if id and kind in PLACES else place


def put(ctx: Ctx, parent: str, address: str) -> dict[str, Any]:
    """Put a resource, named by its address or ORN, into a set."""
    now = iso(ctx)
    link = address if address.startswith("http") else place_of(ctx, address)
    kind, _, id = address.rpartition("/api/v1/")[2].partition("/")
    orn = (
        address
        if address.startswith("orn:")
        else f"orn:okta:directory:{facts.ORG_ID}:{kind}" + (f":{id}" if id else "")
    )
    row = {"id": ctx.new_id("ire{alnum:17}"), "orn": orn, "created": now, "lastUpdated": now, "~href": link}
    ctx.store.insert("set_resource", row, id=str(row["id"]), parent=parent, created=ctx.micros)
    return row


def resource_shown(ctx: Ctx, parent: str, row: dict[str, Any]) -> dict[str, Any]:
    """A resource of a set with its links."""
    own = at(ctx, f"/resource-sets/{parent}/resources/{row['id']}")
    links = {"self": {"href": row["~href"]}, "resource": {"href": own}}
    return {name: value for name, value in row.items() if name[0] != "~"} | {"_links": links}


def set_links(ctx: Ctx, id: str, part: str) -> dict[str, Any]:
    """The links of a part of a set."""
    own = at(ctx, f"/resource-sets/{id}")
    return {"resource-set": {"href": own}, "self": {"href": f"{own}/{part}"}}


@twin.handler("listResourceSetResources")
def resources(ctx: Ctx, request: Request) -> dict[str, Any]:
    """What is in a set."""
    id = SET.of(ctx, request)["id"]
    rows = [resource_shown(ctx, id, row) for row in ctx.store.select("set_resource", parent=id, order="oldest")]
    return {"resources": rows, "_links": set_links(ctx, id, "resources")}


@twin.handler("addResourceSetResources")
def add_resources(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Put more into a set."""
    row = SET.of(ctx, request)
    for each in dict.fromkeys((request.body or {}).get("additions") or ()):
        put(ctx, row["id"], str(each))
    return SET.shown(ctx, row)


@twin.handler("addResourceSetResource")
def add_resource(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Put one resource into a set."""
    id, body = SET.of(ctx, request)["id"], request.body or {}
    return resource_shown(ctx, id, put(ctx, id, str(body.get("resourceOrnOrUrl") or "")))


@twin.handler("getResourceSetResource")
def get_resource(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One resource of a set."""
    id, wanted = SET.of(ctx, request)["id"], request.path["resourceId"]
    held = ctx.store.find("set_resource", wanted)
    if held is None:
        raise errors.error("E0000007", f"Resource not found: {wanted} (IAMResource)")
    return resource_shown(ctx, id, held)


@twin.handler("deleteResourceSetResource")
def delete_resource(ctx: Ctx, request: Request) -> Reply:
    """Take a resource out of a set."""
    SET.of(ctx, request)
    wanted = request.path["resourceId"]
    if ctx.store.find("set_resource", wanted) is None:
        raise errors.error("E0000007", f"Resource not found: {wanted} (IAMResource)")
    ctx.store.delete("set_resource", wanted)
    return Reply(204)


# bindings ------------------------------------------------------------------------------------------------------------


@twin.handler("listBindings")
def bindings(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The roles that are bound to a set."""
    id = SET.of(ctx, request)["id"]
    rows = ctx.store.select("role_binding", parent=id, order="oldest")
    own = at(ctx, f"/resource-sets/{id}/bindings")
    shown = [{"id": row["role"], "_links": {"self": {"href": f"{own}/{row['role']}"},
                                            "members": {"href": f"{own}/{row['role']}/members"}}}
             for row in rows]  # fmt: skip
    return {"roles": shown, "_links": set_links(ctx, id, "bindings")}


@twin.handler("createResourceSetBinding")
def bind(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Bind members to a role for a set."""
    id, body = SET.of(ctx, request)["id"], request.body or {}
    wanted = named(ctx, "custom_role", str(body.get("role") or ""), "CustomRole")["id"]
    join(ctx, id, wanted, [new_member(ctx, str(each)) for each in body.get("members") or ()])
    return binding_shown(ctx, id, wanted)


def binding_shown(ctx: Ctx, id: str, role: str) -> dict[str, Any]:
    """A binding with its links."""
    own = at(ctx, f"/resource-sets/{id}")
    links = {"self": {"href": f"{own}/bindings/{role}"}, "bindings": {"href": f"{own}/bindings"},
             "resource-set": {"href": own}, "members": {"href": f"{own}/bindings/{role}/members"}}  # fmt: skip
    return {"id": role, "_links": links}


def binding(ctx: Ctx, request: Request) -> tuple[str, dict[str, Any]]:
    """Set and binding of a request. Raises E0000007."""
    id, wanted = SET.of(ctx, request)["id"], ROLE.of(ctx, request)["id"]
    held = ctx.store.find("role_binding", f"{id}/{wanted}")
    if held is None:
        raise errors.error("E0000007", f"Resource not found: {wanted} (RoleBinding)")
    return id, held


@twin.handler("getBinding")
def get_binding(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A role that is bound to a set."""
    id, held = binding(ctx, request)
    return binding_shown(ctx, id, held["role"])


@twin.handler("deleteBinding")
def delete_binding(ctx: Ctx, request: Request) -> Reply:
    """A binding goes."""
    ctx.store.delete("role_binding", binding(ctx, request)[1]["id"])
    return Reply(204)


def member_shown(ctx: Ctx, own: str, member: dict[str, Any]) -> dict[str, Any]:
    """A member of a binding."""
    visible = {name: member[name] for name in ("id", "created", "lastUpdated")}
    return {**visible, "_links": {"self": {"href": member["href"]}, "binding": {"href": own}}}


@twin.handler("listMembersOfBinding")
def members(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Who is bound."""
    id, held = binding(ctx, request)
    own = at(ctx, f"/resource-sets/{id}/bindings/{held['role']}")
    rows = [member_shown(ctx, own, each) for each in held["members"]]
    return {"members": rows, "_links": {"self": {"href": f"{own}/members"}, "binding": {"href": own}}}


@twin.handler("addMembersToBinding")
def add_members(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Bind more members."""
    id, held = binding(ctx, request)
    more = [new_member(ctx, str(each)) for each in (request.body or {}).get("additions") or ()]
    ctx.store.update("role_binding", held["id"], members=[*held["members"], *more])
    return binding_shown(ctx, id, held["role"])


@twin.handler("getMemberOfBinding", "unassignMemberFromBinding")
def one_member(ctx: Ctx, request: Request) -> Any:
    """A member of a binding: looked at, or let go."""
    id, held = binding(ctx, request)
    found = next((each for each in held["members"] if each["id"] == request.path["memberId"]), None)
    if found is None:
        raise errors.error("E0000007", f"Resource not found: {request.path['memberId']} (RoleBindingMember)")
    if request.method == "DELETE":
        ctx.store.update("role_binding", held["id"], members=[each for each in held["members"] if each is not found])
        return Reply(204)
    return member_shown(ctx, at(ctx, f"/resource-sets/{id}/bindings/{held['role']}"), found)
