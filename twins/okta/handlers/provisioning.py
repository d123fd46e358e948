"""The provisioning connection of an application: where its SCIM server is, and whether it is told.

Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/ApplicationConnections/.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Reply, Request
from twins.okta import errors, scim, twin
from twins.okta.families import merged
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


# features ------------------------------------------------------------------------------------------------------------

OFF = {"status": "DISABLED"}
PASSWORDS = {"status": "DISABLED", "seed": "RANDOM", "change": "KEEP_EXISTING"}
FEATURES: dict[str, dict[str, Any]] = {
    "USER_PROVISIONING": {
        "description": "User provisioning settings from Okta to a downstream application",
        "capabilities": {
            "create": {"lifecycleCreate": {"status": "ENABLED"}},
            "update": {"profile": {"status": "ENABLED"}, "lifecycleDeactivate": {"status": "ENABLED"},
                       "password": PASSWORDS},
        },
    },
    "INBOUND_PROVISIONING": {
        "description": "In-bound provisioning settings from an application to Okta",
        "capabilities": {"importSettings": {"username": {"usernameFormat": "EMAIL", "usernameExpression": None},
                                            "schedule": {"status": "DISABLED"}}},
    },
}  # fmt: skip
"""Name of a feature → what it is, as the twin provisions: it creates, updates and deactivates, and imports nothing."""


def feature(ctx: Ctx, app: str, name: str) -> dict[str, Any]:
    """A provisioning feature of an application."""
    usual, held = FEATURES[name], ctx.store.find("application_feature", f"{app}/{name}")
    at = {"href": f"{ctx.base_url}/api/v1/apps/{app}/features/{name}", "hints": {"allow": ["GET", "PUT"]}}
    return {"name": name, "status": "ENABLED", "description": usual["description"],
            "capabilities": (held or usual)["capabilities"], "_links": {"self": at}}  # fmt: skip


def provisioned(ctx: Ctx, request: Request) -> str:
    """The application of a request, which is provisioned. Raises E0000007, E0000001."""
    app = str(of(ctx, request)["id"])
    if scim.connection(ctx, app) is None:
        raise errors.validation("feature", "Provisioning is not supported.")
    return app


@twin.handler("listFeaturesForApplication")
def features(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The provisioning features of an application."""
    app = provisioned(ctx, request)
    return [feature(ctx, app, name) for name in FEATURES]


@twin.handler("getFeatureForApplication", "updateFeatureForApplication")
def one_feature(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One of them: looked at, or its capabilities changed. Raises E0000007."""
    name = str(request.path["featureName"])
    if name not in FEATURES:
        raise errors.error("E0000007", f"Resource not found: {name} (PublicAppFeatureSetName)")
    app = provisioned(ctx, request)
    if request.method == "PUT":
        held = merged(feature(ctx, app, name)["capabilities"], request.body or {})
        key = f"{app}/{name}"
        if ctx.store.find("application_feature", key) is None:
            ctx.store.insert("application_feature", {"capabilities": held}, id=key)
        else:
            ctx.store.update("application_feature", key, capabilities=held)
    return feature(ctx, app, name)
