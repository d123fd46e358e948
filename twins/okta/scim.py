"""SCIM 2.0 push: an assigned user is created, changed or deactivated at the application's own SCIM server.

An application pushes when its provisioning connection is on and names a base URL. What is to be pushed is kept as an
event and sent like a webhook. Source: https://developer.okta.com/docs/reference/scim/scim-20/.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from twinkit import Ctx, Outgoing

SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"


def resource(user: Mapping[str, Any], external: str, active: bool) -> dict[str, Any]:
    """A user as a SCIM server gets it."""
    profile = user["profile"]
    return {
        "schemas": [SCHEMA],
        "userName": profile["login"],
        "name": {"givenName": profile.get("firstName"), "familyName": profile.get("lastName")},
        "emails": [{"primary": True, "value": profile.get("email"), "type": "work"}],
        "displayName": f"{profile.get('firstName') or ''} {profile.get('lastName') or ''}".strip(),
        "externalId": external,
        "groups": [],
        "active": active,
    }


def connection(ctx: Ctx, app: str) -> dict[str, Any] | None:
    """The live provisioning connection of an application."""
    held = ctx.store.find("scim_connection", app)
    return held if held is not None and held["status"] == "ENABLED" and held.get("baseUrl") else None


def push(ctx: Ctx, app: Mapping[str, Any], user: Mapping[str, Any], verb: str) -> None:
    """Queue what the SCIM server of an application is to be told."""
    if connection(ctx, str(app["id"])) is None:
        return
    body = resource(user, str(user["id"]), verb != "deactivate")
    ctx.emit(f"scim.{verb}", {"app": app["id"], "user": user["id"], "body": body, "uuid": ctx.new_id("{uuid}")})


def outgoing(ctx: Ctx, data: Mapping[str, Any]) -> Outgoing:
    """What goes onto the wire: POST /Users with the whole user, whatever happened to it (see FIDELITY.md)."""
    held = connection(ctx, str(data["app"])) or {}
    headers = {"content-type": "application/scim+json", "accept": "application/scim+json"}
    if held.get("token"):
        headers["authorization"] = f"Bearer {held['token']}"
    return Outgoing(orjson.dumps(data["body"]), headers)


def connect(ctx: Ctx, app: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Change the provisioning connection of an application."""
    held = ctx.store.find("scim_connection", app)
    if held is None:
        held = {"status": "DISABLED", "authScheme": "TOKEN", "baseUrl": "", "token": ""}
        ctx.store.insert("scim_connection", held, id=app)
    return ctx.store.update("scim_connection", app, **values)
