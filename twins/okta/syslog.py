"""The system log: one LogEvent for what happened, kept as a record and sent to event hooks.

Source: https://developer.okta.com/docs/reference/api/system-log/ and /docs/reference/api/event-types/.
Imports: the kit's public names, facts.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Request
from twins.okta import facts
from twins.okta.times import written


def person(user: dict[str, Any]) -> dict[str, Any]:
    """A user as actor or target."""
    profile = user.get("profile", {})
    name = " ".join(str(profile[key]) for key in ("firstName", "lastName") if profile.get(key))
    return target(user["id"], "User", name, str(profile.get("login", "")))


def target(id: str, type: str, name: str | None = None, alternate: str = "unknown") -> dict[str, Any]:
    """Anything as a target."""
    return {"id": id, "type": type, "alternateId": alternate, "displayName": name or id, "detailEntry": None}


def address(request: Request | None) -> str:
    """Where a request came from, as a proxy tells it."""
    return (request.header("x-forwarded-for") if request else "") or "127.0.0.1"


def _actor(ctx: Ctx, given: dict[str, Any] | None) -> dict[str, Any]:
    if given is not None:
        return given
    principal = ctx.request.principal if ctx.request else None
    if principal is not None and principal.account:
        user = ctx.store.find("user", principal.account)
        if user is not None:
            return person(user)
    if principal is not None and principal.data.get("client"):
        return target(str(principal.data["client"]), "PublicClientApp")
    return target(facts.ORG_ID, "SystemPrincipal", "Okta System", "system@okta.com")


def write(
    ctx: Ctx,
    type: str,
    message: str,
    *targets: dict[str, Any],
    actor: dict[str, Any] | None = None,
    outcome: str = "SUCCESS",
    reason: str | None = None,
) -> dict[str, Any]:
    """Note an event. Returns the LogEvent."""
    request = ctx.request
    agent = request.header("user-agent", "unknown") if request else "unknown"
    seen = address(request)
    event: dict[str, Any] = {
        "uuid": ctx.new_id("{uuid}"),
        "published": written(ctx.micros),
        "eventType": type,
        "version": "0",
        "severity": "INFO" if outcome == "SUCCESS" else "WARN",
        "legacyEventType": None,
        "displayMessage": message,
        "actor": _actor(ctx, actor),
        "client": {
            "userAgent": {"rawUserAgent": agent, "os": "Unknown", "browser": "UNKNOWN"},
            "zone": "null",
            "device": "Unknown",
            "id": None,
            "ipAddress": seen,
            "geographicalContext": None,
        },
        "device": None,
        "outcome": {"result": outcome, "reason": reason},
        "target": list(targets),
        "transaction": {"type": "WEB", "id": ctx.new_id("{alnum:27}"), "detail": {}},
        "debugContext": {"debugData": {"requestUri": request.url_path if request else "/"}},
        "authenticationContext": {
            "authenticationProvider": None,
            "credentialProvider": None,
            "credentialType": None,
            "issuer": None,
            "interface": None,
            "authenticationStep": 0,
            "externalSessionId": "unknown",
        },
        "securityContext": {"asNumber": None, "asOrg": None, "isp": None, "domain": None, "isProxy": None},
        "request": {"ipChain": [{"ip": seen, "geographicalContext": None, "version": "V4", "source": None}]},
    }
    ctx.store.insert("log_event", event, id=event["uuid"], created=ctx.micros)
    ctx.emit(type, event)
    return event
