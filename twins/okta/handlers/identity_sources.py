"""Sessions of custom identity sources: bulk data is uploaded, then imported; people come, change and go by it.

Source: https://developer.okta.com/docs/reference/api/xaas/ (statuses, limits of a session and their errors). An import
is done when the clock next moves; who is new is active at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Reply, Request, ServiceError
from twins.okta import errors, people, profiles, rules, syslog, twin
from twins.okta.handlers.lifecycle import deactivated
from twins.okta.times import iso

LIFE = 86_400
MAPPED = {"userName": "login", "firstName": "firstName", "lastName": "lastName", "email": "email",
          "secondEmail": "secondEmail", "mobilePhone": "mobilePhone"}  # fmt: skip
"""Attribute of a source → attribute of a user."""


def status_of(ctx: Ctx, row: Mapping[str, Any]) -> str:
    """Where a session stands by now."""
    if row["state"] == "CREATED" and ctx.now - row["at"] >= LIFE:
        return "EXPIRED"
    return "COMPLETED" if row["state"] == "TRIGGERED" and ctx.now > row["at"] else str(row["state"])


def shown(ctx: Ctx, row: Mapping[str, Any]) -> dict[str, Any]:
    """A session as replies show it."""
    names = ("id", "identitySourceId", "importType", "created", "lastUpdated")
    return {**{name: row[name] for name in names}, "status": status_of(ctx, row)}


def active(ctx: Ctx, source: str) -> list[dict[str, Any]]:
    """The sessions of a source that wait for data or are being imported."""
    rows = ctx.store.select("identity_session", parent=source, order="oldest")
    return [row for row in rows if status_of(ctx, row) in ("CREATED", "TRIGGERED")]


def one(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The session of a request. Raises E0000007."""
    found = ctx.store.find("identity_session", request.path["sessionId"])
    if found is None or found["identitySourceId"] != request.path["identitySourceId"]:
        raise errors.error("E0000007", f"Resource not found: {request.path['sessionId']} (IdentitySourceSession)")
    return found


def fresh(ctx: Ctx, request: Request, done: str) -> dict[str, Any]:
    """The session of a request while it waits for data. Raises E0000001 afterwards."""
    row = one(ctx, request)
    if status_of(ctx, row) != "CREATED":
        text = f"The identity source session {done} doesn't have the CREATED status."
        raise errors.validation("identitySourceSession", text)
    return row


@twin.handler("createIdentitySourceSession")
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new session. Raises E0000001 beside an active one."""
    source, now = request.path["identitySourceId"], iso(ctx)
    if active(ctx, source):
        text = "There is an existing identity source session with the CREATED or TRIGGERED status for this source."
        raise errors.validation("identitySourceSession", text)
    id = ctx.new_id("aps{alnum:17}")
    row = {"id": id, "identitySourceId": source, "importType": "INCREMENTAL", "created": now, "lastUpdated": now,
           "state": "CREATED", "at": ctx.now, "data": []}  # fmt: skip
    ctx.store.insert("identity_session", row, id=id, parent=source, created=ctx.micros)
    return shown(ctx, row)


@twin.handler("listIdentitySourceSessions")
def list_sessions(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The active sessions of a source."""
    return [shown(ctx, row) for row in active(ctx, request.path["identitySourceId"])]


@twin.handler("getIdentitySourceSession")
def get(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A session."""
    return shown(ctx, one(ctx, request))


@twin.handler("deleteIdentitySourceSession")
def cancel(ctx: Ctx, request: Request) -> Reply:
    """A session that was not imported is given up with its data."""
    row = fresh(ctx, request, "to cancel")
    ctx.store.update("identity_session", row["id"], state="CLOSED", data=[], lastUpdated=iso(ctx))
    return Reply(204)


@twin.handler("uploadIdentitySourceDataForUpsert", "uploadIdentitySourceDataForDelete")
def upload(ctx: Ctx, request: Request) -> Reply:
    """People to make or change, or to let go. Raises E0000003 without a body, E0000001 without profiles."""
    row, body = fresh(ctx, request, "to load"), request.body
    if not isinstance(body, dict) or not body or body.get("entityType", "USERS") != "USERS":
        raise errors.error("E0000003")
    if not body.get("profiles"):
        raise errors.validation("profiles", "profiles: The field cannot be left blank")
    step = "delete" if request.url_path.endswith("/bulk-delete") else "upsert"
    added = [{"step": step, **each} for each in body["profiles"]]
    ctx.store.update("identity_session", row["id"], data=[*row["data"], *added], lastUpdated=iso(ctx))
    return Reply(202)


@twin.handler("startImportFromIdentitySource")
def start(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Import what was uploaded."""
    row = fresh(ctx, request, "to trigger")
    for each in row["data"]:
        (_leave if each["step"] == "delete" else _come)(ctx, row["identitySourceId"], each)
    return shown(ctx, ctx.store.update("identity_session", row["id"], state="TRIGGERED", at=ctx.now,
                                       lastUpdated=iso(ctx)))  # fmt: skip


def _come(ctx: Ctx, source: str, given: Mapping[str, Any]) -> None:
    """Somebody of a source is made or changed; a profile that the schema refuses is told in the system log."""
    told = given.get("profile") or {}
    profile = {MAPPED[name]: value for name, value in told.items() if name in MAPPED and value is not None}
    user = _of(ctx, source, str(given.get("externalId") or ""))
    try:
        if user is not None:
            user["profile"] = profiles.checked(ctx, {**user["profile"], **profile}, user["profile"], user["type"]["id"],
                                               user["id"])  # fmt: skip
            people.save(ctx, user)
        else:
            user = people.record(ctx, profile, "ACTIVE", provider="IMPORT")
            user["profile"] = profiles.checked(ctx, profile, {}, user["type"]["id"])
            people.note_login(ctx, user["id"], str(user["profile"]["login"]))
            ctx.store.insert("user", user, id=user["id"], created=ctx.micros)
            row = {"user": user["id"]}
            ctx.store.insert("identity_user", row, id=f"{source}/{given.get('externalId')}", created=ctx.micros)
    except ServiceError as refused:
        syslog.write(ctx, "user.import.new_user", "Import new user", outcome="FAILURE", reason=str(refused.name))
        return
    rules.evaluate(ctx, user)
    syslog.write(ctx, "user.import.new_user", "Import new user", syslog.person(user))


def _leave(ctx: Ctx, source: str, given: Mapping[str, Any]) -> None:
    user = _of(ctx, source, str(given.get("externalId") or ""))
    if user is not None and user["status"] != "DEPROVISIONED":
        deactivated(ctx, user)


def _of(ctx: Ctx, source: str, external: str) -> dict[str, Any] | None:
    """The user whom a source knows by an id of its own."""
    held = ctx.store.find("identity_user", f"{source}/{external}")
    return None if held is None else ctx.store.find("user", held["user"])
