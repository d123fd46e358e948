"""The provisioning connection of an application: where its SCIM server is, and whether it is told.

Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/ApplicationConnections/.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Reply, Request
from twins.okta import scim, twin
from twins.okta.handlers.applications import of


def shown(ctx: Ctx, app: str, held: dict[str, Any]) -> dict[str, Any]:
    """The connection without its token."""
    if not held["baseUrl"] and held["status"] == "DISABLED":
        return {"status": "UNKNOWN", "profile": {"authScheme": "UNKNOWN"}}
    step = "deactivate" if held["status"] == "ENABLED" else "activate"
    base = f"{ctx.base_url}/api/v1/apps/{app}/connections/default"
    links = {"self": {"href": base, "hints": {"allow": ["POST", "GET"]}},
             step: {"href": f"{base}/lifecycle/{step}", "hints": {"allow": ["POST"]}}}  # fmt: skip
    scheme = held["authScheme"]
    found = {"status": held["status"], "authScheme": scheme, "profile": {"authScheme": scheme}, "_links": links}
    return found | ({"baseUrl": held["baseUrl"]} if held["baseUrl"] else {})


@twin.handler("getDefaultProvisioningConnectionForApplication")
def get(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The connection."""
    app = of(ctx, request)["id"]
    return shown(ctx, app, scim.connect(ctx, app, {}))


@twin.handler("updateDefaultProvisioningConnectionForApplication")
def update(ctx: Ctx, request: Request) -> Reply:
    """Set address and token; `activate=true` switches it on."""
    app, body = of(ctx, request)["id"], request.body or {}
    profile = body.get("profile") or {}
    values = {"baseUrl": body.get("baseUrl") or profile.get("baseUrl") or "", "token": profile.get("token") or "",
              "authScheme": profile.get("authScheme") or "TOKEN"}  # fmt: skip
    if request.query.get("activate"):
        values["status"] = "ENABLED"
    status = request.binding.status if request.binding else 201
    return Reply(status, shown(ctx, app, scim.connect(ctx, app, values)))


@twin.handler(
    "activateDefaultProvisioningConnectionForApplication", "deactivateDefaultProvisioningConnectionForApplication"
)
def turn(ctx: Ctx, request: Request) -> Reply:
    """On or off."""
    on = request.url_path.endswith("/activate")
    scim.connect(ctx, of(ctx, request)["id"], {"status": "ENABLED" if on else "DISABLED"})
    return Reply(204)
