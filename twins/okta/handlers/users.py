"""Users: create, list, find, change, delete, and their groups.

Source: https://developer.okta.com/docs/reference/api/users/. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from twinkit import Ctx, Filter, RawJSON, Reply, Request
from twins.okta import (
    credentials,
    errors,
    facts,
    filters,
    lifecycle,
    listing,
    passwords,
    people,
    profiles,
    rules,
    syslog,
    twin,
)
from twins.okta.times import iso

FILTERABLE = frozenset(
    {"status", "lastUpdated", "id", "profile.login", "profile.email", "profile.firstName", "profile.lastName"}
)
SEARCH = filters.OPERATORS - {"ne"}
ALWAYS = frozenset({"status"})


@twin.render("user")
def render(ctx: Ctx, user: dict[str, Any]) -> dict[str, Any]:
    """A user with its links."""
    return people.shown(ctx, user)


@twin.handler("createUser")
def create(ctx: Ctx, request: Request) -> Reply:
    """A new user, activated unless `activate=false`."""
    body, query = request.body, request.query
    activate = query.get("activate", True) is not False
    expire = query.get("nextLogin") == "changePassword"
    type = user_type(ctx, str((body.get("type") or {}).get("id") or facts.USER_TYPE))
    profile = profiles.checked(ctx, body["profile"], {}, type)
    given = body.get("credentials") or {}
    provider = str((given.get("provider") or {}).get("type") or "OKTA")
    if query.get("provider") and provider == "OKTA":
        provider = "FEDERATION"
    password = given.get("password") or None
    if expire and not (password and password.get("value")):
        raise errors.error("E0000124")
    if expire and not activate:
        raise errors.error("E0000125")
    if password and (password.get("hash") or password.get("hook")):
        provider = "IMPORT"
    status = lifecycle.created(activate, bool(password), provider, expire)
    user = people.record(ctx, profile, status, provider=provider)
    user["type"] = {"id": type}
    people.note_login(ctx, user["id"], profile["login"])
    credentials.take(ctx, user, given, create=True)
    ctx.store.insert("user", user, id=user["id"], created=ctx.micros)
    for group in dict.fromkeys(body.get("groupIds") or ()):
        if ctx.store.find("group", group) is None:
            raise errors.missing("group", group)
        if group != facts.EVERYONE:
            people.join(ctx, group, user["id"])
    syslog.write(ctx, "user.lifecycle.create", "Create okta user", syslog.person(user))
    if activate:
        syslog.write(ctx, "user.lifecycle.activate", "Activate Okta user", syslog.person(user))
    rules.evaluate(ctx, user)
    return Reply(200, people.shown(ctx, user))


def user_type(ctx: Ctx, id: str) -> str:
    """The id of a user type that is there. Raises E0000007."""
    if id == "default":
        return facts.USER_TYPE
    if ctx.store.find("user_type", id) is None:
        raise errors.missing("user_type", id)
    return id


@twin.handler("listUsers")
def list_users(ctx: Ctx, request: Request) -> Reply:
    """All users but deprovisioned ones, or those that `search`, `filter` or `q` finds."""
    query = request.query
    search, text, word = query.get("search"), query.get("filter"), query.get("q")
    if word and (text or search):
        raise errors.error("E0000033")
    if search and text:
        raise errors.error("E0000063")
    if search:
        where, check = listing.filtered(search, None, SEARCH, ALWAYS)
        sort = query.get("sortBy")
        if sort:
            return _sorted(ctx, request, where, check, sort, query.get("sortOrder") or "asc")
        return listing.page(ctx, request, "user", where, check=check, show=brief(ctx))
    if text:
        where, check = listing.filtered(text, FILTERABLE, SEARCH, ALWAYS)
        return listing.page(ctx, request, "user", where, check=check, show=brief(ctx))
    if word:
        return _named(ctx, request, word)
    glimpse = partial(people.glimpse, ctx.base_url)
    return listing.page(ctx, request, "user", [Filter("status", "without", "DEPROVISIONED")], glimpse=glimpse)


def brief(ctx: Ctx) -> Any:
    """Shows a user of a list."""
    return lambda user: people.listed(ctx, user)


def _sorted(ctx: Ctx, request: Request, where: Any, check: Any, sort: str, direction: str) -> Reply:
    if not (sort.startswith("profile.") or sort in people.DATES or sort in ("id", "status", "type.id")):
        raise errors.error("E0000031")
    order = "newest" if direction.lower() == "desc" else "oldest"
    return listing.page(ctx, request, "user", where, check=check, sort=sort, order=order, show=brief(ctx))


def _named(ctx: Ctx, request: Request, word: str) -> Reply:
    """Users whose first name, last name or email begins with a text; ten unless more are asked for."""
    folded = word.casefold()
    names = ("firstName", "lastName", "email")

    def check(user: Mapping[str, Any]) -> bool:
        profile = user["profile"]
        hit = any(str(profile.get(name) or "").casefold().startswith(folded) for name in names)
        return hit and user["status"] != "DEPROVISIONED"

    where = [Filter("", "any", [Filter(f"profile.{name}", "starts", word) for name in names])]
    limits = listing.Limits(10, 200)
    return listing.page(ctx, request, "user", where, limits=limits, check=check, show=brief(ctx))


@twin.handler("getUser")
def get(ctx: Ctx, request: Request) -> RawJSON | dict[str, Any]:
    """A user by id, login, shortname or `me`; `expand=blocks` adds them."""
    id = request.path["id"]
    stored = None if "expand" in request.query else ctx.store.raw("user", id)
    if stored is not None:
        return RawJSON(people.portrait(ctx.base_url, stored))
    user = people.shown(ctx, people.get(ctx, id))
    if request.query.get("expand") == "blocks":
        user["_embedded"] = {"blocks": []}
    return user


@twin.handler("updateUser", "replaceUser")
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change some properties (POST) or all of them (PUT)."""
    user = people.get(ctx, request.path["id"])
    if user["status"] == "DEPROVISIONED":
        raise errors.error("E0000038")
    body = request.body or {}
    old = user["profile"]["login"]
    whole = request.operation is not None and request.operation.method.lower() == "put"
    given = body.get("profile")
    if given is not None or whole:
        current = {} if whole else user["profile"]
        merged = {**current, **(given or {})}
        user["profile"] = profiles.checked(ctx, merged, user["profile"], user["type"]["id"], user["id"])
    people.note_login(ctx, user["id"], user["profile"]["login"], old)
    if (body.get("type") or {}).get("id"):
        user["type"] = {"id": user_type(ctx, body["type"]["id"])}
    changed = credentials.take(ctx, user, body.get("credentials") or {}, create=False)
    status = "ACTIVE" if "password" in changed and user["status"] in ("PROVISIONED", "RECOVERY") else None
    people.save(ctx, user, status)
    syslog.write(ctx, "user.account.update_profile", "Update user profile for Okta", syslog.person(user))
    rules.evaluate(ctx, user)
    from twins.okta.handlers.assignments import updated

    updated(ctx, user)
    return people.shown(ctx, user)


@twin.handler("deleteUser")
def delete(ctx: Ctx, request: Request) -> Reply:
    """Deactivate a user; a deactivated one goes for good."""
    user = people.get(ctx, request.path["id"])
    if user["status"] != "DEPROVISIONED":
        from twins.okta.handlers.lifecycle import deactivated

        deactivated(ctx, user)
        return Reply(204)
    id = user["id"]
    for row in list(people.memberships(ctx, id)):
        ctx.store.delete("group_membership", row["id"])
    for resource in ("app_user", "user_factor", "role_assignment"):
        for row in list(ctx.store.select(resource, [Filter("~user", "=", id)])):
            ctx.store.delete(resource, row.get("~key", row["id"]))
    login = user["profile"]["login"].casefold()
    if ctx.store.find("user_login", login) is not None:
        ctx.store.delete("user_login", login)
    if ctx.store.find("user_secret", id) is not None:
        ctx.store.delete("user_secret", id)
    ctx.store.delete("user", id)
    syslog.write(ctx, "user.lifecycle.delete.initiated", "Delete Okta user", syslog.person(user))
    return Reply(204)


@twin.handler("listUserGroups")
def groups(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The groups a user is in."""
    user = people.get(ctx, request.path["id"])
    return [ctx.show("group", group) for group in people.groups_of(ctx, user["id"])]


@twin.handler("listUserClients")
def clients_of(ctx: Ctx, request: Request) -> list[Any]:
    """The clients that hold refresh tokens of a user."""
    user = people.get(ctx, str(request.path.get("userId") or request.path.get("id")))
    rows = ctx.store.select("refresh_token", [Filter("user", "=", user["id"])])
    live = dict.fromkeys(row["client"] for row in rows if not row["revoked"] and row["expires"] > ctx.now)
    return [{"client_id": id, "client_name": id, "client_uri": None, "logo_uri": None} for id in live]


@twin.handler("listUserBlocks")
def blocks(ctx: Ctx, request: Request) -> list[Any]:
    """Why a user cannot sign in: nothing, or the lock of the password policy."""
    user = people.get(ctx, request.path["id"])
    return [{"type": "DEVICE_BASED", "appliesTo": "ANY_DEVICES"}] if user["status"] == "LOCKED_OUT" else []


def locked(ctx: Ctx, user: dict[str, Any]) -> bool:
    """Count a failed sign-in; True when that locks the user."""
    failed = int(people.secret_of(ctx, user["id"]).get("failed", 0)) + 1
    people.keep_secret(ctx, user["id"], failed=failed)
    most = int(credentials.policy(ctx, user)["lockout"].get("maxAttempts") or 0)
    if not most or failed < most or user["status"] not in lifecycle.TRANSITIONS["lock"].sources:
        return False
    people.save(ctx, user, "LOCKED_OUT")
    people.keep_secret(ctx, user["id"], locked=iso(ctx))
    minutes = int(credentials.policy(ctx, user)["lockout"].get("autoUnlockMinutes") or 0)
    if minutes:
        ctx.schedule("unlock", {"user": user["id"]}, after=minutes * 60)
    syslog.write(ctx, "user.account.lock", "Max sign in attempts exceeded", syslog.person(user), outcome="FAILURE")
    return True


@twin.timer("unlock")
def unlock(ctx: Ctx, data: dict[str, Any]) -> None:
    """The lock of the password policy ends by itself."""
    user = ctx.store.find("user", data["user"])
    if user is not None and user["status"] == "LOCKED_OUT":
        people.keep_secret(ctx, user["id"], failed=0)
        people.save(ctx, user, "ACTIVE")


def signed_in(ctx: Ctx, user: dict[str, Any]) -> None:
    """Note a successful sign-in."""
    people.keep_secret(ctx, user["id"], failed=0)
    ctx.store.update("user", user["id"], lastLogin=iso(ctx))


def right_password(ctx: Ctx, user: Mapping[str, Any], password: str) -> bool:
    """Whether a password is the user's."""
    held = people.secret_of(ctx, user["id"]).get("password")
    return held is not None and passwords.fits(password, held)


def signs_in(ctx: Ctx, user: dict[str, Any], username: str, password: str) -> bool:
    """Whether a user signs in with a password; one that is to be imported is asked of the org's hook the first time."""
    if people.secret_of(ctx, user["id"]).get("hook"):
        return credentials.import_password(ctx, user, username, password)
    return right_password(ctx, user, password)
