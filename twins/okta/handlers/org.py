"""The org's own settings: name and addresses, contacts, preferences, support, threats, features, API tokens.

Source: https://developer.okta.com/docs/reference/api/org/ and /docs/reference/api/features/.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Reply, Request
from twins.okta import errors, facts, listing, people, syslog, twin
from twins.okta.times import iso

EMPTY = ("address1", "address2", "city", "state", "country", "postalCode")
WRITABLE = ("companyName", "website", "phoneNumber", "endUserSupportHelpURL", "supportPhoneNumber", *EMPTY)


def setting(ctx: Ctx, name: str, default: dict[str, Any]) -> dict[str, Any]:
    """A group of the org's settings."""
    held = ctx.store.find("org_setting", name)
    return {**default, **(held or {})}


def keep(ctx: Ctx, name: str, values: dict[str, Any]) -> None:
    """Change a group of the org's settings."""
    if ctx.store.find("org_setting", name) is None:
        ctx.store.insert("org_setting", values, id=name)
    else:
        ctx.store.update("org_setting", name, **values)


def link(ctx: Ctx, path: str, *may: str) -> dict[str, Any]:
    """A link below the org."""
    hints = {"hints": {"allow": list(may)}} if may else {}
    return {"href": f"{ctx.base_url}/api/v1/org{path}", **hints}


def org(ctx: Ctx) -> dict[str, Any]:
    """The org."""
    usual: dict[str, Any] = {
        "id": facts.ORG_ID, "subdomain": "twinkit", "companyName": "Twinkit", "status": "ACTIVE", "expiresAt": None,
        "created": iso(ctx), "lastUpdated": iso(ctx), "website": "https://example.com", "phoneNumber": "",
        "endUserSupportHelpURL": "", "supportPhoneNumber": "", **dict.fromkeys(EMPTY),
    }  # fmt: skip
    links = {
        "preferences": link(ctx, "/preferences"), "uploadLogo": link(ctx, "/logo", "POST"),
        "oktaCommunication": link(ctx, "/privacy/oktaCommunication"), "logo": None,
        "oktaSupport": link(ctx, "/privacy/oktaSupport"), "contacts": link(ctx, "/contacts"),
    }  # fmt: skip
    return {**setting(ctx, "org", usual), "_links": links}


@twin.handler("getOrgSettings")
def get(ctx: Ctx, _request: Request) -> dict[str, Any]:
    """The org."""
    return org(ctx)


@twin.handler("updateOrgSettings", "replaceOrgSettings")
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Some properties (POST) or all of them (PUT)."""
    body = request.body or {}
    whole = dict.fromkeys(WRITABLE) if request.method == "PUT" else {}
    values = {**whole, **{name: body[name] for name in WRITABLE if name in body}}
    keep(ctx, "org", {**values, "lastUpdated": iso(ctx)})
    return org(ctx)


@twin.handler("getWellknownOrgMetadata")
def metadata(ctx: Ctx, _request: Request) -> dict[str, Any]:
    """What anybody may know of the org: its id, its address, and that it is of the Identity Engine."""
    flags = {"analyticsCollectionEnabled": False, "bugReportingEnabled": True, "omEnabled": False,
             "pssoEnabled": False, "desktopMFAEnabled": False, "itpEnabled": False}  # fmt: skip
    return {"id": facts.ORG_ID, "cell": "twinkit", "_links": {"organization": {"href": ctx.base_url}},
            "pipeline": "idx", "settings": flags}  # fmt: skip


# contacts ------------------------------------------------------------------------------------------------------------

CONTACTS = ("BILLING", "TECHNICAL")


@twin.handler("listOrgContactTypes")
def contacts(ctx: Ctx, _request: Request) -> list[dict[str, Any]]:
    """The kinds of contacts."""
    return [{"contactType": kind, "_links": {kind.lower(): link(ctx, f"/contacts/{kind.lower()}")}}
            for kind in CONTACTS]  # fmt: skip


@twin.handler("getOrgContactUser", "replaceOrgContactUser")
def contact(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Who is the contact of a kind; PUT names another."""
    kind = str(request.path["contactType"]).upper()
    if kind not in CONTACTS:
        raise errors.error("E0000007", f"Resource not found: {kind} (OrgContactType)")
    if request.method == "PUT":
        user = people.get(ctx, str((request.body or {}).get("userId") or ""))["id"]
        keep(ctx, f"contact/{kind}", {"userId": user})
    user = setting(ctx, f"contact/{kind}", {"userId": facts.ADMIN})["userId"]
    return {"userId": user, "_links": {"user": {"href": f"{ctx.base_url}/api/v1/users/{user}"}}}


# preferences, communication, support ----------------------------------------------------------------------------


@twin.handler("getOrgPreferences", "setOrgHideOktaUIFooter", "setOrgShowOktaUIFooter")
def preferences(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Whether the pages have a footer."""
    if request.method == "POST":
        keep(ctx, "preferences", {"showEndUserFooter": request.url_path.endswith("/showEndUserFooter")})
    shown = setting(ctx, "preferences", {"showEndUserFooter": True})["showEndUserFooter"]
    step = "hideEndUserFooter" if shown else "showEndUserFooter"
    return {"showEndUserFooter": shown, "_links": {step: link(ctx, f"/preferences/{step}", "POST")}}


@twin.handler(
    "getOktaCommunicationSettings", "optInUsersToOktaCommunicationEmails", "optOutUsersFromOktaCommunicationEmails"
)
def communication(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Whether Okta may write to users."""
    if request.method == "POST":
        keep(ctx, "communication", {"optOutEmailUsers": request.url_path.endswith("/optOut")})
    out = setting(ctx, "communication", {"optOutEmailUsers": False})["optOutEmailUsers"]
    step = "optIn" if out else "optOut"
    return {"optOutEmailUsers": out, "_links": {step: link(ctx, f"/privacy/oktaCommunication/{step}", "POST")}}


DAY = 86_400


@twin.handler("getOrgOktaSupportSettings", "grantOktaSupport", "extendOktaSupport", "revokeOktaSupport")
def support(ctx: Ctx, request: Request) -> Reply:
    """Whether Okta's support may look into the org: for eight hours, a day more when extended."""
    verb = request.url_path.rpartition("/")[2]
    if verb == "grant":
        keep(ctx, "support", {"support": "ENABLED", "expiration": iso(ctx, DAY // 3)})
    elif verb == "extend":
        if setting(ctx, "support", {"support": "DISABLED"})["support"] != "ENABLED":
            raise errors.error("E0000107")
        keep(ctx, "support", {"expiration": iso(ctx, DAY + DAY // 3)})
    elif verb == "revoke":
        keep(ctx, "support", {"support": "DISABLED", "expiration": None})
    held = setting(ctx, "support", {"support": "DISABLED", "expiration": None})
    steps = ("extend", "revoke") if held["support"] == "ENABLED" else ("grant",)
    links = {step: link(ctx, f"/privacy/oktaSupport/{step}", "POST") for step in steps}
    return Reply(200, {"support": held["support"], "expiration": held["expiration"], "_links": links})


# threats -------------------------------------------------------------------------------------------------------------


@twin.handler("getCurrentConfiguration", "updateConfiguration")
def threats(ctx: Ctx, request: Request) -> dict[str, Any]:
    """What is done about addresses that are known to be bad."""
    if request.method == "POST":
        body = request.body or {}
        if body.get("action") not in ("none", "audit", "block"):
            raise errors.validation("action", "action: The field cannot be left blank")
        now = iso(ctx)
        keep(ctx, "threats", {"action": body["action"], "excludeZones": body.get("excludeZones") or [],
                              "lastUpdated": now})  # fmt: skip
    usual = {"action": "none", "excludeZones": [], "created": iso(ctx), "lastUpdated": iso(ctx)}
    at = {"href": f"{ctx.base_url}/api/v1/threats/configuration", "hints": {"allow": ["GET", "POST"]}}
    return {**setting(ctx, "threats", usual), "_links": {"self": at}}


# features ------------------------------------------------------------------------------------------------------------

FEATURES = (
    ("ftrTwinkitDashboard1", "Import Monitoring Dashboard", "BETA", ()),
    ("ftrTwinkitAdminDash2", "New Admin Dashboard", "BETA", ("ftrTwinkitDashboard1",)),
    ("ftrTwinkitWorkflows3", "Workflows", "EA", ()),
)
"""Id, name, stage and what it depends on."""


def feature(ctx: Ctx, row: tuple[str, str, str, tuple[str, ...]]) -> dict[str, Any]:
    """A feature as replies show it."""
    id, name, stage, _ = row
    at = f"{ctx.base_url}/api/v1/features/{id}"
    status = setting(ctx, f"feature/{id}", {"status": "DISABLED"})["status"]
    links = {"self": {"href": at}, "dependents": {"href": f"{at}/dependents"},
             "dependencies": {"href": f"{at}/dependencies"}}  # fmt: skip
    return {"id": id, "type": "self-service", "status": status, "name": name, "description": name,
            "stage": {"value": stage, "state": "OPEN"}, "_links": links}  # fmt: skip


@twin.handler("listFeatures")
def features(ctx: Ctx, _request: Request) -> list[dict[str, Any]]:
    """The features an administrator can switch."""
    return [feature(ctx, row) for row in FEATURES]


def feature_of(request: Request) -> tuple[str, str, str, tuple[str, ...]]:
    """The feature of a request. Raises E0000007."""
    wanted = request.path["featureId"]
    found = next((row for row in FEATURES if row[0] == wanted), None)
    if found is None:
        raise errors.error("E0000007", f"Resource not found: {wanted} (Feature)")
    return found


@twin.handler("getFeature")
def get_feature(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A feature."""
    return feature(ctx, feature_of(request))


@twin.handler("listFeatureDependencies", "listFeatureDependents")
def related(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """What a feature needs, or what needs it."""
    own = feature_of(request)
    if request.url_path.endswith("/dependencies"):
        return [feature(ctx, row) for row in FEATURES if row[0] in own[3]]
    return [feature(ctx, row) for row in FEATURES if own[0] in row[3]]


@twin.handler("updateFeatureLifecycle")
def turn_feature(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Switch a feature, with what it needs (`mode=force`). Raises E0000141 for a conflict."""
    own, on = feature_of(request), str(request.path["lifecycle"]).lower() == "enable"
    others = [row for row in FEATURES if (row[0] in own[3] if on else own[0] in row[3])]
    wrong = [row for row in others if (feature(ctx, row)["status"] == "ENABLED") != on]
    if wrong and str(request.query.get("mode", "")).lower() != "force":
        raise errors.error("E0000141")
    for row in (own, *wrong):
        keep(ctx, f"feature/{row[0]}", {"status": "ENABLED" if on else "DISABLED"})
    return feature(ctx, own)


# API tokens ----------------------------------------------------------------------------------------------------------

TOKEN_ID = "00TTwinkitApiToken01"
MONTH = 30 * DAY


def token(ctx: Ctx) -> dict[str, Any]:
    """The API token of the baseline."""
    at = f"{ctx.base_url}/api/v1"
    links = {"self": {"href": f"{at}/api-tokens/{TOKEN_ID}", "hints": {"allow": ["GET", "DELETE"]}},
             "user": {"href": f"{at}/users/{facts.ADMIN}", "hints": {"allow": ["GET"]}}}  # fmt: skip
    usual = {"id": TOKEN_ID, "name": "Twinkit", "userId": facts.ADMIN, "clientName": "Okta API", "tokenWindow": "P30D",
             "network": {"connection": "ANYWHERE"}, "expiresAt": iso(ctx, MONTH), "created": iso(ctx),
             "lastUpdated": iso(ctx)}  # fmt: skip
    return {**setting(ctx, "token", usual), "_links": links}


def revoked(ctx: Ctx) -> bool:
    """Whether the token of the baseline was revoked."""
    from twins.okta.wire import digest

    return ctx.store.find("revoked_api_token", digest(facts.API_TOKEN)) is not None


@twin.handler("listApiTokens")
def tokens(ctx: Ctx, request: Request) -> Reply:
    """The API tokens of the org."""
    return listing.reply(ctx, request, [] if revoked(ctx) else [token(ctx)], None)


@twin.handler("getApiToken", "upsertApiToken", "revokeApiToken")
def one_token(ctx: Ctx, request: Request) -> Any:
    """An API token: looked at, its network changed, revoked."""
    wanted = request.path["apiTokenId"]
    if wanted != TOKEN_ID or revoked(ctx):
        raise errors.error("E0000007", f"Resource not found: {wanted} (Token)")
    if request.method == "DELETE":
        revoke(ctx, facts.API_TOKEN)
        return Reply(204)
    if request.method == "PUT":
        body = request.body or {}
        keep(ctx, "token", {name: body[name] for name in ("name", "network") if name in body} | {
            "lastUpdated": iso(ctx)})  # fmt: skip
    return token(ctx)


def revoke(ctx: Ctx, text: str) -> None:
    """An API token works no longer."""
    from twins.okta.wire import digest

    ctx.store.insert("revoked_api_token", {"at": ctx.now}, id=digest(text))
    syslog.write(ctx, "system.api_token.revoke", "Revoke API token", syslog.target(TOKEN_ID, "Token", "Twinkit"))


@twin.handler("revokeCurrentApiToken")
def revoke_current(ctx: Ctx, request: Request) -> Reply:
    """The token of the request works no longer."""
    revoke(ctx, request.principal.key if request.principal else facts.API_TOKEN)
    return Reply(204)


# what this org has not bought -----------------------------------------------------------------------------------------


@twin.handler(
    "listDevicePostureChecks",
    "createDevicePostureCheck",
    "listDefaultDevicePostureChecks",
    "listAllCustomAAGUIDs",
    "createCustomAAGUID",
    "getAllWellKnownURIs",
    "getRootBrandWellKnownURI",
    "getBrandWellKnownURI",
    "replaceBrandWellKnownURI",
)
def not_enabled(_ctx: Ctx, _request: Request) -> None:
    """E0000015, as an org without the feature says it."""
    raise errors.error("E0000015")
