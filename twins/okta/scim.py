"""SCIM 2.0: an assigned user is looked up, created, updated and deactivated at the application's own SCIM server.

An application pushes when its provisioning connection is on and names a base URL. The twin asks and waits, as the
service does, because the id that the server gives is kept as `externalId`. What fails is noted at the assignment and in
the system log. Source: https://developer.okta.com/docs/reference/scim/scim-20/.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import orjson

from twinkit import Ctx, Filter, call
from twins.okta import syslog
from twins.okta.times import iso

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MEDIA = "application/scim+json"


class Failed(Exception):
    """The SCIM server did not do what it was asked."""


def resource(user: Mapping[str, Any], assignment: Mapping[str, Any], active: bool, id: str = "") -> dict[str, Any]:
    """A user as a SCIM server gets it."""
    profile = {**user["profile"], **assignment.get("profile", {})}
    name = str((assignment.get("credentials") or {}).get("userName") or profile["login"])
    found: dict[str, Any] = {"schemas": [USER]} | ({"id": id} if id else {})
    return found | {
        "userName": name,
        "name": {"givenName": profile.get("firstName"), "familyName": profile.get("lastName")},
        "emails": [{"primary": True, "value": profile.get("email"), "type": "work"}],
        "displayName": f"{profile.get('firstName') or ''} {profile.get('lastName') or ''}".strip(),
        "locale": profile.get("locale") or "en-US",
        "externalId": user["id"],
        "groups": [],
        "active": active,
    }


def connection(ctx: Ctx, app: str) -> dict[str, Any] | None:
    """The live provisioning connection of an application."""
    held = ctx.store.find("scim_connection", app)
    return held if held is not None and held["status"] == "ENABLED" and held.get("baseUrl") else None


CAPABILITIES = {"create": ("create", "lifecycleCreate"), "update": ("update", "profile"),
                "deactivate": ("update", "lifecycleDeactivate")}  # fmt: skip


def capable(ctx: Ctx, app: str, verb: str) -> bool:
    """Whether the features of an application let it be told; they do until somebody switches them off."""
    held = ctx.store.find("application_feature", f"{app}/USER_PROVISIONING")
    part, name = CAPABILITIES[verb]
    return held is None or ((held["capabilities"].get(part) or {}).get(name) or {}).get("status") != "DISABLED"


def connect(ctx: Ctx, app: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Change the provisioning connection of an application."""
    held = ctx.store.find("scim_connection", app)
    if held is None:
        held = {"status": "DISABLED", "authScheme": "TOKEN", "baseUrl": "", "token": ""}
        ctx.store.insert("scim_connection", held, id=app)
    return ctx.store.update("scim_connection", app, **values)


def ask(held: Mapping[str, Any], method: str, path: str, body: Any = None) -> Any:
    """What the SCIM server answers. Raises Failed."""
    headers = {"accept": MEDIA, "content-type": MEDIA, "user-agent": "Okta SCIM Client 1.0.0"}
    if held.get("token"):
        headers["authorization"] = f"Bearer {held['token']}"
    data = b"" if body is None else orjson.dumps(body)
    reply = call(f"{str(held['baseUrl']).rstrip('/')}{path}", method=method, headers=headers, body=data)
    if reply.error or reply.status >= 300:
        raise Failed(reply.error or f"{method} {path}: {reply.status}")
    try:
        return orjson.loads(reply.body) if reply.body else {}
    except orjson.JSONDecodeError:
        raise Failed(f"{method} {path}: no JSON") from None


def existing(held: Mapping[str, Any], kind: str, name: str, value: str) -> str:
    """The id of a user or group that the server has already; empty when it has none."""
    query = f"filter={quote(f'{name} eq {orjson.dumps(value).decode()}')}&startIndex=1&count=100"
    found = ask(held, "GET", f"/{kind}?{query}")
    rows = found.get("Resources") or [] if isinstance(found, Mapping) else []
    return str(rows[0].get("id") or "") if rows else ""


# users ---------------------------------------------------------------------------------------------------------------


def push(ctx: Ctx, app: Mapping[str, Any], user: Mapping[str, Any], verb: str, row: Mapping[str, Any]) -> None:
    """Tell the SCIM server of an application: `create`, `update` or `deactivate`; note how it went."""
    held = connection(ctx, str(app["id"]))
    if held is None or not capable(ctx, str(app["id"]), verb):
        return
    try:
        id = WORK[verb](held, user, row)
    except Failed as why:
        noted(ctx, app, user, verb, str(why))
        changes: dict[str, Any] = {"syncState": "ERROR", "statusMessage": f"Automatic provisioning failed: {why}"}
    else:
        noted(ctx, app, user, verb)
        changes = {"externalId": id, "syncState": "SYNCHRONIZED", "lastSync": iso(ctx), "status": "PROVISIONED"}
    if ctx.store.find("app_user", str(row["~key"])) is not None:
        ctx.store.update("app_user", str(row["~key"]), **changes)


def _create(held: Mapping[str, Any], user: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """Link to whom the server has under this name, else make one."""
    body = resource(user, row, True)
    id = existing(held, "Users", "userName", str(body["userName"]))
    if id:
        return _put(held, user, {**row, "externalId": id}, active=True)
    made = ask(held, "POST", "/Users", body)
    return str(made.get("id") or "")


def _put(held: Mapping[str, Any], user: Mapping[str, Any], row: Mapping[str, Any], *, active: bool) -> str:
    id = str(row["externalId"])
    ask(held, "GET", f"/Users/{quote(id, safe='')}")
    ask(held, "PUT", f"/Users/{quote(id, safe='')}", resource(user, row, active, id))
    return id


def _update(held: Mapping[str, Any], user: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    return _put(held, user, row, active=True) if row.get("externalId") else _create(held, user, row)


def _deactivate(held: Mapping[str, Any], _user: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """A user is never deleted, only made inactive."""
    id = str(row.get("externalId") or "")
    if id:
        operation = {"op": "replace", "value": {"active": False}}
        ask(held, "PATCH", f"/Users/{quote(id, safe='')}", {"schemas": [PATCH], "Operations": [operation]})
    return id


WORK = {"create": _create, "update": _update, "deactivate": _deactivate}
EVENTS = {
    "create": ("application.provision.user.push", "Push new user to external application"),
    "update": ("application.provision.user.push_profile", "Push user's profile to external application"),
    "deactivate": ("application.provision.user.deactivate", "Deactivate user's account in external application"),
}


def noted(ctx: Ctx, app: Mapping[str, Any], user: Mapping[str, Any], verb: str, why: str = "") -> None:
    """Note in the system log how a push went."""
    type, text = EVENTS[verb]
    target = syslog.target(str(app["id"]), "AppInstance", str(app["label"]))
    syslog.write(ctx, type, text, syslog.person(dict(user)), target, outcome="FAILURE" if why else "SUCCESS",
                 reason=why or None)  # fmt: skip


# groups --------------------------------------------------------------------------------------------------------------


def members(ctx: Ctx, app: str, group: str) -> list[dict[str, str]]:
    """The members of a group whom the SCIM server knows."""
    rows = ctx.store.select("group_membership", parent=group, order="oldest")
    known = [ctx.store.find("app_user", f"{app}/{row['user']}") for row in rows]
    return [{"value": str(row["externalId"]), "display": str(row["credentials"]["userName"])}
            for row in known if row is not None and row.get("externalId")]  # fmt: skip


def push_group(ctx: Ctx, app: str, group: Mapping[str, Any], name: str) -> str:
    """Link to, or make, a group at the SCIM server, with its members. Raises Failed."""
    held = connection(ctx, app)
    if held is None:
        raise Failed("provisioning is off")
    people = members(ctx, app, str(group["id"]))
    id = existing(held, "Groups", "displayName", name)
    if id:
        replace(held, id, people)
        return id
    made = ask(held, "POST", "/Groups", {"schemas": [GROUP], "displayName": name, "members": people})
    return str(made.get("id") or "")


def replace(held: Mapping[str, Any], id: str, people: Iterable[dict[str, str]]) -> None:
    """Set the members of a group at the SCIM server."""
    operation = {"op": "replace", "path": "members", "value": list(people)}
    ask(held, "PATCH", f"/Groups/{quote(id, safe='')}", {"schemas": [PATCH], "Operations": [operation]})


def moved(ctx: Ctx, group: str) -> None:
    """The membership of a group changed: every application it is pushed to is told."""
    for row in list(ctx.store.select("group_push", [Filter("sourceGroupId", "=", group)])):
        held = connection(ctx, row["~app"])
        if row["status"] != "ACTIVE" or held is None or not row["~external"]:
            continue
        try:
            replace(held, row["~external"], members(ctx, row["~app"], group))
        except Failed as why:
            ctx.store.update("group_push", row["id"], status="ERROR", errorSummary=str(why))


def drop_group(ctx: Ctx, app: str, id: str) -> None:
    """A pushed group goes at the SCIM server. Raises Failed."""
    held = connection(ctx, app)
    if held is not None and id:
        ask(held, "DELETE", f"/Groups/{quote(id, safe='')}")
