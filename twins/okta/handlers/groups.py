"""Groups, their members and the rules that fill them. Source: https://developer.okta.com/docs/reference/api/groups/."""

from __future__ import annotations

from typing import Any

import orjson

from twinkit import Ctx, Filter, Reply, Request
from twins.okta import errors, expressions, facts, listing, people, profiles, rules, syslog, twin
from twins.okta.times import iso

GROUPS = listing.Limits(10_000, 10_000)
MEMBERS = listing.Limits(1000, 1000)
FILTERABLE = frozenset({"id", "type", "lastUpdated", "lastMembershipUpdated"})

LOGOS = {"medium": "30ce6d4085dff29412984e4c191bc874", "large": "c3cb8cda8ae0add1b4fe928f5844dbe3"}
"""Size → the mark in the name of the picture of a group."""


@twin.render("group")
def render(ctx: Ctx, group: dict[str, Any]) -> dict[str, Any]:
    """A group with its links."""
    base = f"{ctx.base_url}/api/v1/groups/{group['id']}"
    logos = f"{ctx.base_url}/assets/img/logos/groups/odyssey/okta"
    pictures = [{"name": size, "href": f"{logos}-{size}.{mark}.png", "type": "image/png"}
                for size, mark in LOGOS.items()]  # fmt: skip
    links = {
        "logo": pictures,
        "users": {"href": f"{base}/users"},
        "apps": {"href": f"{base}/apps"},
    }
    return {**group, "_links": links}


def get(ctx: Ctx, id: str) -> dict[str, Any]:
    """A group. Raises E0000007."""
    found = ctx.store.find("group", id)
    if found is None:
        raise errors.missing("group", id)
    return found


def own(ctx: Ctx, id: str) -> dict[str, Any]:
    """A group that may be changed. Raises E0000007, E0000111 for built-in ones."""
    group = get(ctx, id)
    if group["type"] == "BUILT_IN":
        raise errors.error("E0000111", "Group")
    return group


def checked(ctx: Ctx, profile: dict[str, Any], id: str = "") -> dict[str, Any]:
    """A group profile to store. Raises E0000001 for a missing, long or taken name."""
    name = profile.get("name")
    if not name:
        raise errors.validation("name", "name: The field cannot be left blank")
    if len(name) > 255:
        raise errors.validation("name", "name: The field is too long")
    if len(str(profile.get("description") or "")) > 1024:
        raise errors.validation("description", "description: The field is too long")
    profile = profiles.held_to(ctx, "group", "default", profile)
    for other in ctx.store.select("group", [Filter("profile.name", "words", name)]):
        if other["profile"]["name"].casefold() == name.casefold() and other["id"] != id:
            raise errors.taken("name")
    return {"description": None, **profile}


@twin.handler("addGroup")
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new group."""
    profile = checked(ctx, dict((request.body or {}).get("profile") or {}))
    group = {"id": ctx.new_id("group"), **people.group_record(ctx, "", None), "profile": profile}
    ctx.store.insert("group", group, id=group["id"], created=ctx.micros)
    syslog.write(ctx, "group.lifecycle.create", "Create Okta group", syslog.target(group["id"], "UserGroup"))
    return ctx.show("group", group)


@twin.handler("getGroup")
def retrieve(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A group."""
    return ctx.show("group", get(ctx, request.path["groupId"]))


@twin.handler("replaceGroup")
def replace(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A group's new profile."""
    group = own(ctx, request.path["groupId"])
    group["profile"] = checked(ctx, dict((request.body or {}).get("profile") or {}), group["id"])
    group["lastUpdated"] = iso(ctx)
    ctx.store.replace("group", group["id"], group)
    return ctx.show("group", group)


@twin.handler("deleteGroup")
def delete(ctx: Ctx, request: Request) -> Reply:
    """A group goes, and its memberships and assignments."""
    group = own(ctx, request.path["groupId"])
    id = group["id"]
    for row in list(ctx.store.select("group_membership", parent=id)):
        ctx.store.delete("group_membership", row["id"])
    for row in list(ctx.store.select("application_group_assignment", [Filter("id", "=", id)])):
        from twins.okta.handlers.assignments import unassign_group

        unassign_group(ctx, row["~application"], id)
    ctx.store.delete("group", id)
    syslog.write(ctx, "group.lifecycle.delete", "Delete Okta group", syslog.target(id, "UserGroup"))
    return Reply(204)


@twin.handler("listGroups")
def list_groups(ctx: Ctx, request: Request) -> Reply:
    """Groups by `q` (beginning of the name), `filter` or `search`."""
    query = request.query
    where: list[Filter] = []
    check = None
    text = query.get("search") or query.get("filter")
    if text:
        where, check = listing.filtered(text, None if query.get("search") else FILTERABLE)
    word = str(query.get("q") or "").casefold()
    inner = check

    def named(group: dict[str, Any]) -> bool:
        return str(group["profile"]["name"]).casefold().startswith(word) and (inner is None or inner(group))

    show = stats(ctx) if "stats" in str(query.get("expand", "")) else None
    sort = query.get("sortBy") or None
    order = "newest" if str(query.get("sortOrder", "asc")).lower() == "desc" else "oldest"
    return listing.page(
        ctx, request, "group", where, limits=GROUPS, check=named if word else check, show=show, sort=sort, order=order
    )


def stats(ctx: Ctx) -> Any:
    """Shows a group with the counts that `expand=stats` adds."""

    def show(group: dict[str, Any]) -> dict[str, Any]:
        id = group["id"]
        users = ctx.store.count("user") if id == facts.EVERYONE else ctx.store.count("group_membership", parent=id)
        apps = ctx.store.count("application_group_assignment", [Filter("id", "=", id)])
        counts = {"usersCount": users, "appsCount": apps, "groupPushMappingsCount": 0, "hasAdminPrivilege": False}
        return {**ctx.show("group", group), "_embedded": {"stats": counts}}

    return show


# members -------------------------------------------------------------------------------------------------------------


@twin.handler("listGroupUsers")
def members(ctx: Ctx, request: Request) -> Reply:
    """The members of a group."""
    group = get(ctx, request.path["groupId"])["id"]
    if group == facts.EVERYONE:
        return listing.page(ctx, request, "user", limits=MEMBERS, show=lambda user: people.listed(ctx, user))
    after = request.query.get("after")
    page = ctx.store.list(
        "group_membership", parent=group, order="oldest", limit=listing.limit_of(request, MEMBERS),
        after=f"{group}/{after}" if after else None,
    )  # fmt: skip
    users = [orjson.loads(row)["user"] for row in page.rows]
    shown = [people.listed(ctx, ctx.store.get("user", user)) for user in users]
    return listing.reply(ctx, request, shown, users[-1] if page.has_more else None)


@twin.handler("assignUserToGroup")
def add_member(ctx: Ctx, request: Request) -> Reply:
    """A user joins a group."""
    group = get(ctx, request.path["groupId"])
    user = people.get(ctx, request.path["userId"])
    if group["type"] != "OKTA_GROUP":
        raise errors.error("E0000060")
    if people.join(ctx, group["id"], user["id"]):
        moved(ctx, "group.user_membership.add", "Add user to group membership", group, user)
        from twins.okta.handlers.assignments import joined

        joined(ctx, group["id"], user)
        rules.evaluate(ctx, user)
    return Reply(204)


@twin.handler("unassignUserFromGroup")
def remove_member(ctx: Ctx, request: Request) -> Reply:
    """A user leaves a group."""
    group = get(ctx, request.path["groupId"])
    user = people.get(ctx, request.path["userId"])
    if group["type"] != "OKTA_GROUP":
        raise errors.error("E0000060")
    if people.leave(ctx, group["id"], user["id"]):
        moved(ctx, "group.user_membership.remove", "Remove user from group membership", group, user)
        from twins.okta.handlers.assignments import left

        left(ctx, group["id"], user)
    return Reply(204)


def moved(ctx: Ctx, type: str, text: str, group: dict[str, Any], user: dict[str, Any]) -> None:
    """Note a change of membership."""
    target = syslog.target(group["id"], "UserGroup", group["profile"]["name"])
    syslog.write(ctx, type, text, syslog.person(user), target)


# rules ---------------------------------------------------------------------------------------------------------------


def rule_of(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The rule of a request. Raises E0000007."""
    found = ctx.store.find("group_rule", request.path["groupRuleId"])
    if found is None:
        raise errors.missing("group_rule", request.path["groupRuleId"])
    return found


def rule_values(ctx: Ctx, body: dict[str, Any], id: str = "") -> dict[str, Any]:
    """The properties of a rule. Raises E0000001 for a taken name, an unknown group or a wrong expression."""
    name = body.get("name")
    if not name:
        raise errors.validation("name", "name: The field cannot be left blank")
    for other in ctx.store.select("group_rule", [Filter("name", "=", name)]):
        if other["id"] != id:
            raise errors.taken("name")
    for group in rules.targets(body):
        get(ctx, group)
    text = str((((body.get("conditions") or {}).get("expression")) or {}).get("value") or "")
    try:
        expressions.evaluate(text, {"user": {}})
    except expressions.ExpressionError as wrong:
        raise errors.validation("conditions.expression", f"Invalid Expression: {wrong}") from None
    return {key: body[key] for key in ("name", "type", "conditions", "actions") if key in body}


@twin.handler("createGroupRule")
def create_rule(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new rule, not in force yet."""
    now = iso(ctx)
    rule = {"type": "group_rule", "id": ctx.new_id("group_rule"), "status": "INACTIVE", "created": now,
            "lastUpdated": now, **rule_values(ctx, request.body or {})}  # fmt: skip
    ctx.store.insert("group_rule", rule, id=rule["id"], created=ctx.micros)
    return rule


@twin.handler("getGroupRule")
def get_rule(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A rule; `expand=groupIdToGroupNameMap` adds the names of its groups."""
    rule = rule_of(ctx, request)
    if request.query.get("expand"):
        names = {id: get(ctx, id)["profile"]["name"] for id in rules.targets(rule)}
        rule["_embedded"] = {"groupIdToGroupNameMap": names}
    return rule


@twin.handler("listGroupRules")
def list_rules(ctx: Ctx, request: Request) -> Reply:
    """Rules; `search` is the beginning of a name."""
    word = str(request.query.get("search") or "").casefold()
    check = (lambda rule: str(rule["name"]).casefold().startswith(word)) if word else None
    named = str(request.query.get("expand") or "") == "groupIdToGroupNameMap"

    def show(rule: dict[str, Any]) -> dict[str, Any]:
        if not named:
            return dict(ctx.show("group_rule", rule))
        groups = (ctx.store.find("group", id) for id in rule["actions"]["assignUserToGroups"]["groupIds"])
        names = {group["id"]: group["profile"]["name"] for group in groups if group is not None}
        return {**ctx.show("group_rule", rule), "_embedded": {"groupIdToGroupNameMap": names}}

    return listing.page(ctx, request, "group_rule", limits=listing.Limits(50, 200), check=check, show=show)


@twin.handler("replaceGroupRule")
def replace_rule(ctx: Ctx, request: Request) -> dict[str, Any]:
    """New properties of a rule that is not in force."""
    rule = rule_of(ctx, request)
    if rule["status"] == "ACTIVE":
        raise errors.validation("status", "Cannot update an active rule")
    rule = {**rule, **rule_values(ctx, request.body or {}, rule["id"]), "lastUpdated": iso(ctx)}
    ctx.store.replace("group_rule", rule["id"], rule)
    return rule


@twin.handler("deleteGroupRule")
def delete_rule(ctx: Ctx, request: Request) -> Reply:
    """A rule goes; with `removeUsers` its memberships too."""
    rule = rule_of(ctx, request)
    if request.query.get("removeUsers"):
        rules.withdraw(ctx, rule)
    ctx.store.delete("group_rule", rule["id"])
    return Reply(202)


@twin.handler("activateGroupRule")
def activate_rule(ctx: Ctx, request: Request) -> Reply:
    """A rule is in force and applied to everybody."""
    rule = ctx.store.update("group_rule", rule_of(ctx, request)["id"], status="ACTIVE", lastUpdated=iso(ctx))
    rules.apply_all(ctx, rule)
    return Reply(204)


@twin.handler("deactivateGroupRule")
def deactivate_rule(ctx: Ctx, request: Request) -> Reply:
    """A rule is no longer in force; memberships stay."""
    ctx.store.update("group_rule", rule_of(ctx, request)["id"], status="INACTIVE", lastUpdated=iso(ctx))
    return Reply(204)
