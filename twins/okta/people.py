"""Users and groups as records: finding, making, membership; shared by handlers. Imports: the kit's public names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import orjson

from twinkit import Ctx, Filter
from twins.okta import errors, facts, lifecycle, passwords, scim
from twins.okta.times import iso

DATES = ("created", "activated", "statusChanged", "lastLogin", "lastUpdated", "passwordChanged")


def find(ctx: Ctx, key: str) -> dict[str, Any] | None:
    """The user with this id, login, or login shortname that no other user has."""
    found = ctx.store.find("user", key)
    if found is not None:
        return found
    found = by_login(ctx, key)
    if found is None and "@" not in key and key:
        page = ctx.store.list("user_login", [Filter("short", "=", key.casefold())], limit=2)
        if len(page.ids) == 1:
            found = ctx.store.find("user", ctx.store.get("user_login", page.ids[0])["user"])
    return found


def by_login(ctx: Ctx, login: str) -> dict[str, Any] | None:
    """The user with this whole login, without regard to case."""
    held = ctx.store.find("user_login", login.casefold())
    return ctx.store.find("user", held["user"]) if held else None


def get(ctx: Ctx, key: str) -> dict[str, Any]:
    """Like `find`; `me` is who asks. Raises E0000007."""
    if key == "me":
        principal = ctx.request.principal if ctx.request else None
        if principal is None or not principal.account:
            raise errors.error("E0000005")
        key = principal.account
    found = find(ctx, key)
    if found is None:
        raise errors.missing("user", key)
    return found


def note_login(ctx: Ctx, user: str, login: str, old: str = "") -> None:
    """Keep the login of a user where it is looked up. Raises E0000001 when another user has it."""
    key = login.casefold()
    held = ctx.store.find("user_login", key)
    if held is not None and held["user"] != user:
        raise errors.taken("login")
    if old and old.casefold() != key and ctx.store.find("user_login", old.casefold()) is not None:
        ctx.store.delete("user_login", old.casefold())
    if held is None:
        ctx.store.insert("user_login", {"user": user, "short": key.partition("@")[0]}, id=key)


def record(
    ctx: Ctx, profile: Mapping[str, Any], status: str, *, id: str = "", provider: str = "OKTA"
) -> dict[str, Any]:
    """A user that is not stored yet."""
    now = iso(ctx)
    active = status not in ("STAGED", "PROVISIONED")
    return {
        "id": id or ctx.new_id("user"),
        "status": status,
        "created": now,
        "activated": now if active else None,
        "statusChanged": now,
        "lastLogin": None,
        "lastUpdated": now,
        "passwordChanged": None,
        "type": {"id": facts.USER_TYPE},
        "profile": dict(profile),
        "credentials": {"provider": {"type": provider, "name": provider}},
    }


def add(ctx: Ctx, id: str, first: str, last: str, login: str, password: str) -> dict[str, Any]:
    """Store an active user with a password; for the baseline."""
    profile = {
        "firstName": first, "lastName": last, "mobilePhone": None, "secondEmail": None, "login": login, "email": login,
    }  # fmt: skip
    made = record(ctx, profile, "ACTIVE", id=id)
    note_login(ctx, id, login)
    set_password(ctx, made, passwords.kept(password, id))
    ctx.store.insert("user", made, id=id, created=ctx.micros)
    return made


def set_password(ctx: Ctx, user: dict[str, Any], held: Mapping[str, Any]) -> None:
    """Keep a password for a user; the record shows only that there is one."""
    secret = ctx.store.find("user_secret", user["id"])
    past = [secret["password"], *secret.get("past", ())] if secret and secret.get("password") else []
    values = {**(secret or {}), "password": dict(held), "past": past[:24], "failed": 0, "hook": False}
    if secret is None:
        ctx.store.insert("user_secret", values, id=user["id"])
    else:
        ctx.store.replace("user_secret", user["id"], values)
    user["credentials"] = {"password": {}, **user["credentials"]}
    user["passwordChanged"] = iso(ctx)


def secret_of(ctx: Ctx, user: str) -> dict[str, Any]:
    """What is kept apart from a user's record: password, answer, failed attempts."""
    return ctx.store.find("user_secret", user) or {}


def keep_secret(ctx: Ctx, user: str, **changes: Any) -> None:
    """Change what is kept apart from the record."""
    if ctx.store.find("user_secret", user) is None:
        ctx.store.insert("user_secret", changes, id=user)
    else:
        ctx.store.update("user_secret", user, **changes)


def save(ctx: Ctx, user: dict[str, Any], status: str | None = None) -> dict[str, Any]:
    """Store a changed user; a new status is noted with its time."""
    if status is not None and status != user["status"]:
        user["status"] = status
        user["statusChanged"] = iso(ctx)
        if status == "ACTIVE" and not user.get("activated"):
            user["activated"] = iso(ctx)
    user["lastUpdated"] = iso(ctx)
    ctx.store.replace("user", user["id"], user)
    return user


def emails(user: Mapping[str, Any]) -> list[dict[str, str]]:
    """The addresses of a user, as its credentials show them."""
    profile = user["profile"]
    first, second = profile.get("email"), profile.get("secondEmail")
    found = [{"value": str(first), "status": "VERIFIED", "type": "PRIMARY"}] if first else []
    return [*found, {"value": str(second), "status": "VERIFIED", "type": "SECONDARY"}] if second else found


def visible(user: Mapping[str, Any]) -> dict[str, Any]:
    """A user without links; its credentials in the order of the service."""
    held = user["credentials"]
    first = {"password": held["password"]} if "password" in held else {}
    return {**user, "credentials": {**first, "emails": emails(user), **held}}


def listed(ctx: Ctx, user: Mapping[str, Any]) -> dict[str, Any]:
    """A user as lists show it: of its links only itself."""
    return _listed(ctx.base_url, user)


def _listed(base: str, user: Mapping[str, Any]) -> dict[str, Any]:
    shown = visible(user)
    shown["_links"] = {"self": {"href": f"{base}/api/v1/users/{user['id']}"}}
    return shown


@lru_cache(maxsize=2048)
def glimpse(base: str, stored: bytes) -> bytes:
    """JSON of a stored user as lists show it; lists are read far more often than the users in them change."""
    return orjson.dumps(_listed(base, orjson.loads(stored)))


@lru_cache(maxsize=2048)
def portrait(base: str, stored: bytes) -> bytes:
    """JSON of a stored user as replies show it."""
    return orjson.dumps(_shown(base, orjson.loads(stored)))


def shown(ctx: Ctx, user: Mapping[str, Any]) -> dict[str, Any]:
    """A user as replies show it, with the links of its status."""
    return _shown(ctx.base_url, user)


def _shown(root: str, user: Mapping[str, Any]) -> dict[str, Any]:
    base = f"{root}/api/v1/users/{user['id']}"
    links: dict[str, Any] = {}
    for name in lifecycle.LINKS[user["status"]]:
        method, path = lifecycle.PATHS[name]
        links[name] = {"href": f"{base}{path}", "method": method}
    type = user["type"]["id"]
    links["schema"] = {"href": f"{root}/api/v1/meta/schemas/user/osc{type[3:]}"}
    links["type"] = {"href": f"{root}/api/v1/meta/types/user/{type}"}
    links["self"] = {"href": base}
    shown = visible(user)
    shown["_links"] = links
    return shown


# groups --------------------------------------------------------------------------------------------------------------


def group_record(ctx: Ctx, name: str, description: str | None, type: str = "OKTA_GROUP") -> dict[str, Any]:
    """A group that is not stored yet, without an id."""
    now = iso(ctx)
    profile: dict[str, Any] = {"name": name, "description": description}
    return {
        "created": now, "lastUpdated": now, "lastMembershipUpdated": now, "objectClass": ["okta:user_group"],
        "type": type, "profile": profile,
    }  # fmt: skip


def join(ctx: Ctx, group: str, user: str, rule: str | None = None) -> bool:
    """Make a user a member; False when it was one already."""
    id = f"{group}/{user}"
    if ctx.store.find("group_membership", id) is not None:
        return False
    row = {"id": id, "group": group, "user": user, "rule": rule}
    ctx.store.insert("group_membership", row, id=id, parent=group, created=ctx.micros)
    ctx.store.update("group", group, lastMembershipUpdated=iso(ctx))
    scim.moved(ctx, group)
    return True


def leave(ctx: Ctx, group: str, user: str) -> bool:
    """End a membership; False when there was none."""
    id = f"{group}/{user}"
    if ctx.store.find("group_membership", id) is None:
        return False
    ctx.store.delete("group_membership", id)
    ctx.store.update("group", group, lastMembershipUpdated=iso(ctx))
    scim.moved(ctx, group)
    return True


def memberships(ctx: Ctx, user: str) -> Iterator[dict[str, Any]]:
    """The memberships of a user, Everyone's not among them."""
    return ctx.store.select("group_membership", [Filter("user", "=", user)])


def groups_of(ctx: Ctx, user: str) -> list[dict[str, Any]]:
    """The groups a user is in, Everyone first."""
    rows = [ctx.store.find("group", row["group"]) for row in memberships(ctx, user)]
    everyone = ctx.store.find("group", facts.EVERYONE)
    return [each for each in (everyone, *rows) if each is not None]


def group_ids(ctx: Ctx, user: str) -> set[str]:
    """The ids of the groups a user is in."""
    return {facts.EVERYONE, *(row["group"] for row in memberships(ctx, user))}


def is_member(ctx: Ctx, group: str, user: str) -> bool:
    """Whether a user is in a group."""
    return group == facts.EVERYONE or ctx.store.find("group_membership", f"{group}/{user}") is not None
