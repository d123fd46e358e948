"""Everything that is kept alike: policies, hooks, zones, origins, providers, servers' parts, brands and the rest.

Sources: the pages of https://developer.okta.com/docs/api/ for each of them. Imports: the twin's families.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Reply, Request
from twins.okta import authz, defaults, errors, expressions, facts, twin
from twins.okta.families import Family, links_of, merged, names_in, register
from twins.okta.handlers import hook_keys
from twins.okta.handlers.captchas import in_use
from twins.okta.listing import Limits
from twins.okta.times import iso


def zone(_ctx: Ctx, _request: Request, record: dict[str, Any]) -> None:
    """Addresses of a network zone are addresses, CIDR blocks or ranges; not all of it may be blocked away."""
    record.setdefault("usage", "POLICY")
    for name in ("gateways", "proxies"):
        for each in record.get(name) or []:
            value, kind = str(each.get("value", "")), str(each.get("type") or "CIDR")
            for part in value.split("-"):
                try:
                    ipaddress.ip_network(part.strip(), strict=False)
                except ValueError:
                    text = f"{name}: The IP: {part.strip()} in the {kind}: {value} is invalid."
                    raise errors.validation(name, f"{text} Make sure it is a valid IPV4.") from None


def origin(_ctx: Ctx, _request: Request, record: dict[str, Any]) -> None:
    """A trusted origin is a scheme and a host, nothing more."""
    value = str(record.get("origin", ""))
    if not value.startswith(("http://", "https://")) or value.rstrip("/").count("/") > 2:
        raise errors.validation("origin", "origin: Does not match required pattern")


def hook(_ctx: Ctx, request: Request, record: dict[str, Any]) -> None:
    """A hook's channel has an HTTPS address (plain HTTP to this machine), and its secret is not shown back."""
    config = (record.get("channel") or {}).get("config") or {}
    if config:
        config.setdefault("method", "POST")
    uri = str(config.get("uri") or "")
    if not record.get("name"):
        raise errors.validation("name", "name: The field cannot be left blank")
    if not uri:
        raise errors.validation("channel.config.uri", "channel.config.uri: The field cannot be left blank")
    if not uri.startswith(("https://", "http://")):
        raise errors.validation("channel.config.uri", "channel.config.uri: Does not match required pattern")
    if request.operation is not None and request.operation.id in ("createEventHook", "replaceEventHook"):
        record["verificationStatus"] = "UNVERIFIED"
        if not (record.get("events") or {}).get("items"):
            raise errors.validation("events.items", "events.items: The field cannot be left blank")


def claim(_ctx: Ctx, _request: Request, record: dict[str, Any]) -> None:
    """A claim's expression can be read; reserved names are not its own."""
    if record.get("system"):
        return
    if record.get("name") in ("iss", "aud", "exp", "iat", "jti", "cid", "uid", "ver", "nonce", "at_hash", "c_hash"):
        raise errors.error("E0000081", str(record["name"]))
    if record.get("valueType") == "EXPRESSION":
        try:
            expressions.evaluate(str(record.get("value", "")), {})
        except expressions.ExpressionError as wrong:
            raise errors.validation("value", f"Invalid Expression: {wrong}") from None


def default_server(_ctx: Ctx, _request: Request, record: dict[str, Any]) -> None:
    """The default authorization server cannot be deleted."""
    if record["id"] == facts.DEFAULT_SERVER_ID:
        raise errors.error("E0000111", "AuthorizationServer")


def default_type(_ctx: Ctx, _request: Request, record: dict[str, Any]) -> None:
    """The default user type, and one that has users, cannot be deleted."""
    from twinkit import Filter

    used = _ctx.store.list("user", [Filter("type.id", "=", record["id"])], limit=1).ids
    if record.get("default") or used:
        refused = errors.error("E0000142", causes=("This User Type cannot be deleted.",))
        refused.body["errorCauses"][0]["reason"] = "PROHIBITED" if record.get("default") else "UNMET_REQUIREMENTS"
        raise refused


TYPES = 10
"""User types of an org, at most: https://developer.okta.com/docs/reference/api/user-types/#create-user-type."""


def user_type(ctx: Ctx, request: Request, record: dict[str, Any]) -> None:
    """A new user type has a name that is one and stays; there are ten at most."""
    held = list(ctx.store.select("user_type"))
    name = str(record.get("name") or "")
    if request.method == "POST" and record["id"] not in {row["id"] for row in held}:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise errors.validation("name", "name: Does not match required pattern")
        if len(held) >= TYPES:
            raise errors.validation("userType", f"An org has {TYPES} user types at most.")
    else:
        record["name"] = next((row["name"] for row in held if row["id"] == record["id"]), name)


def stream(ctx: Ctx, request: Request, record: dict[str, Any]) -> None:
    """An org has two log streams; an update keeps the settings that it does not name."""
    held = ctx.store.find("log_stream", record["id"])
    if held is not None:
        record["settings"] = merged(held.get("settings") or {}, record.get("settings") or {})
    elif request.method == "POST" and len(ctx.store.list("log_stream", limit=2).ids) >= 2:
        raise errors.validation("logStream", "An org has two log streams at most.")


def policy(ctx: Ctx, request: Request, record: dict[str, Any]) -> None:
    """A policy has a name and a type; what a password policy leaves out is the default.

    A new one of applications has a catch-all rule, which asks for two factors.
    """
    if not record.get("name"):
        raise errors.validation("name", "name: The field cannot be left blank")
    record.setdefault("system", False)
    if record.get("type") == "PASSWORD":
        record["settings"] = merged(defaults.password_settings(), record.get("settings") or {})
        record["conditions"] = merged({"authProvider": {"provider": "OKTA"}}, record.get("conditions") or {})
    record.setdefault("conditions", None)
    if request.method == "POST" and record.get("type") in defaults.APPS:
        defaults.put(ctx, "policy_rule", defaults.catch_all(ctx, str(record["type"]), "2FA"), str(record["id"]))


def policy_id(_ctx: Ctx, _request: Request, body: Mapping[str, Any]) -> str:
    """Policies of applications have ids of their own."""
    return defaults.POLICY_ID.get(str(body.get("type")), "00p{alnum:17}")


def rule_id(ctx: Ctx, request: Request, _body: Mapping[str, Any]) -> str:
    """So have their rules."""
    held = ctx.store.find("policy", str(request.path["policyId"]))
    return defaults.RULE_ID.get(str((held or {}).get("type")), "0pr{alnum:17}")


KIND = {"OKTA_SIGN_ON": "SIGN_ON", "IDP_DISCOVERY": "IDP_DISCOVERY"}
SIGN_ON = {
    "access": "ALLOW",
    "requireFactor": False,
    "primaryFactor": "PASSWORD_IDP",
    "rememberDeviceByDefault": False,
    "session": {"usePersistentCookie": False, "maxSessionIdleMinutes": 720, "maxSessionLifetimeMinutes": 0},
}


def rule(ctx: Ctx, request: Request, record: dict[str, Any]) -> None:
    """A rule is of its policy's kind, speaks of everybody anywhere, and does what the kind does by default."""
    held = ctx.store.get("policy", str(request.path[names_in(request)[0]]))
    kind = KIND.get(str(held["type"]), str(held["type"]))
    record["type"] = record.get("type") or kind
    if not record.get("name"):
        raise errors.validation("name", "name: The field cannot be left blank")
    conditions: dict[str, Any] = {}
    if kind in ("SIGN_ON", "PASSWORD"):
        conditions = {"people": {"users": {"exclude": []}}, "network": {"connection": "ANYWHERE"}}
    if kind == "ACCESS_POLICY":
        conditions = {"people": {"users": {"exclude": []}}, "network": {"connection": "ANYWHERE"},
                      "riskScore": {"level": "ANY"}, "userType": {"include": [], "exclude": []}}  # fmt: skip
        if (record.get("conditions") or {}).get("platform"):
            conditions["platform"] = {"include": [], "exclude": []}
        usual_sign_on = {"access": "ALLOW", "keepMeSignedIn": {"postAuth": "NOT_ALLOWED"}}
        record["actions"] = merged({"appSignOn": usual_sign_on}, record.get("actions") or {})
    if kind == "SIGN_ON":
        conditions["authContext"] = {"authType": "ANY"}
        record["actions"] = merged({"signon": SIGN_ON}, record.get("actions") or {})
    if kind == "PASSWORD":
        allow = {"access": "ALLOW"}
        usual = {"passwordChange": allow, "selfServicePasswordReset": allow, "selfServiceUnlock": {"access": "DENY"}}
        record["actions"] = merged(usual, record.get("actions") or {})
    record["conditions"] = merged(conditions, record.get("conditions") or {}) or None


def server_rule(_ctx: Ctx, _request: Request, record: dict[str, Any]) -> None:
    """A rule of an authorization server has its lifetimes."""
    people: dict[str, Any] = {"people": {"users": {"exclude": []}, "groups": {"include": []}}}
    record["conditions"] = merged(people, record.get("conditions") or {})
    token = {"accessTokenLifetimeMinutes": 60, "refreshTokenLifetimeMinutes": 0, "refreshTokenWindowMinutes": 10_080}
    record["actions"] = merged({"token": token}, record.get("actions") or {})


def behaviour(_ctx: Ctx, _request: Request, record: dict[str, Any]) -> None:
    """A new behaviour is active; its times are written in their own way."""
    for name in ("created", "lastUpdated"):
        record[name] = str(record[name]).replace("T", " ").replace(".000Z", ".0")


def behaviour_status(ctx: Ctx, request: Request, record: dict[str, Any]) -> None:
    """What `behaviour` says, and that a new one is active."""
    if request.method == "POST":
        record["status"] = "ACTIVE"
    behaviour(ctx, request, record)


def provider(_ctx: Ctx, _request: Request, record: dict[str, Any]) -> None:
    """What a sign-in through another provider leaves out."""
    usual: dict[str, Any] = {
        "provisioning": {"action": "AUTO", "profileMaster": False, "groups": {"action": "NONE"},
                         "conditions": {"deprovisioned": {"action": "NONE"}, "suspended": {"action": "NONE"}}},
        "accountLink": {"filter": None, "action": "AUTO"},
        "subject": {"userNameTemplate": {"template": "idpuser.email"}, "filter": None, "matchType": "USERNAME",
                    "matchAttribute": None},
        "maxClockSkew": 0,
    }  # fmt: skip
    record["policy"] = merged(usual, record.get("policy") or {})


def realm(_ctx: Ctx, _request: Request, record: dict[str, Any]) -> None:
    """A realm's profile has a list of domains."""
    record["profile"] = {"domains": [], **(record.get("profile") or {})}


def default_realm(_ctx: Ctx, _request: Request, record: dict[str, Any]) -> None:
    """The default realm stays. Raises E0000178."""
    if record.get("isDefault"):
        raise errors.error("E0000178", "The default realm cannot be deleted.")


def dated(ctx: Ctx, _request: Request, record: dict[str, Any]) -> None:
    """A push provider says whose it is and how it is reached, and when it was changed."""
    wanted = [name for name in ("providerType", "configuration") if not record.get(name)]
    if wanted:
        raise errors.validation(wanted[0], *(f"{name}: The field cannot be left blank" for name in wanted))
    record["lastUpdatedDate"] = iso(ctx)


DESCRIBED = frozenset({"id", "name", "platform", "displayRemediationMode", "gracePeriod"})
"""What of a device assurance policy is no condition on a device."""


def assurance(ctx: Ctx, request: Request, record: dict[str, Any]) -> None:
    """A device assurance policy asks something of devices; it says what it is, whose and when."""
    if not any(value is not None for name, value in (request.body or {}).items() if name not in DESCRIBED):
        raise errors.validation("deviceAssuranceMediated", "Please select at least one device condition before saving")
    now = iso(ctx)
    record |= {
        "createdDate": record.get("createdDate", now), "createdBy": record.get("createdBy", facts.ADMIN),
        "lastUpdate": now, "lastUpdatedBy": facts.ADMIN, "resourceType": "DeviceAssurancePolicyEntity",
        "resourceDisplayName": {"value": record.get("name"), "sensitive": False}, "resourceId": record["id"],
    }  # fmt: skip


def translated(ctx: Ctx, request: Request, record: dict[str, Any]) -> None:
    """A partial update leaves the other translations as they are."""
    held = ctx.store.find("sms_template", record["id"]) if request.method == "POST" else None
    record["translations"] = {**((held or {}).get("translations") or {}), **(record.get("translations") or {})}


# links ----------------------------------------------------------------------------------------------------------------


def post(href: str) -> dict[str, Any]:
    """A link that is posted to."""
    return {"href": href, "hints": {"allow": ["POST"]}}


def zone_links(_ctx: Ctx, record: dict[str, Any], base: str) -> dict[str, Any]:
    """A zone's links say that it may go, and be switched, also where it is the system's."""
    step = "deactivate" if record.get("status") == "ACTIVE" else "activate"
    return {
        "self": {"href": base, "hints": {"allow": ["GET", "PUT", "DELETE"]}},
        step: post(f"{base}/lifecycle/{step}"),
    }


def captcha_links(_ctx: Ctx, _record: dict[str, Any], base: str) -> dict[str, Any]:
    """A CAPTCHA is changed in part, too."""
    return {"self": {"href": base, "hints": {"allow": ["GET", "POST", "PUT", "DELETE"]}}}


def claim_links(_ctx: Ctx, _record: dict[str, Any], base: str) -> dict[str, Any]:
    """Claims and scopes say that they may go, also where they are the system's."""
    return {"self": {"href": base, "hints": {"allow": ["GET", "PUT", "DELETE"]}}}


def event_links(_ctx: Ctx, record: dict[str, Any], base: str) -> dict[str, Any]:
    """An event hook is verified while it is active, deleted while it is not."""
    gone = {"delete": {"href": base, "hints": {"allow": ["DELETE"]}}}
    return {"verify": post(f"{base}/lifecycle/verify")} if record.get("status") == "ACTIVE" else gone


def inline_links(_ctx: Ctx, record: dict[str, Any], base: str) -> dict[str, Any]:
    """An inline hook is executed while it is active, deleted while it is not."""
    gone = {"delete": {"href": base, "hints": {"allow": ["DELETE"]}}}
    return {"execute": post(f"{base}/execute")} if record.get("status") == "ACTIVE" else gone


def policy_links(_ctx: Ctx, record: dict[str, Any], base: str) -> dict[str, Any]:
    """The rules of a policy; for authorization servers they can only be read here."""
    may = ["GET"] if record.get("type") == "OAUTH_AUTHORIZATION_POLICY" else ["GET", "POST"]
    found = {"rules": {"href": f"{base}/rules", "hints": {"allow": may}}}
    if record.get("type") in defaults.APPS and not record.get("system"):
        found["mappings"] = {"href": f"{base}/mappings", "hints": {"allow": ["GET", "POST"]}}
    return found


def type_links(ctx: Ctx, record: dict[str, Any], _base: str) -> dict[str, Any]:
    """The schema of a user type."""
    href = f"{ctx.base_url}/api/v1/meta/schemas/user/osc{record['id'][3:]}"
    return {"schema": {"rel": "schema", "href": href, "method": "GET"}}


def provider_links(ctx: Ctx, record: dict[str, Any], _base: str) -> dict[str, Any]:
    """Where a browser goes to sign in with a provider, and comes back."""
    query = (
        "client_id={clientId}&response_type={responseType}&response_mode={responseMode}&scope={scopes}"
        "&redirect_uri={redirectUri}&state={state}&nonce={nonce}"
    )
    at = f"{ctx.base_url}/oauth2/v1/authorize"
    return {
        "authorize": {"href": f"{at}?idp={record['id']}&{query}", "templated": True, "hints": {"allow": ["GET"]}},
        "clientRedirectUri": post(f"{at}/callback"),
    }


def rules_go(ctx: Ctx, _request: Request, record: dict[str, Any]) -> None:
    """A policy's rules go with it."""
    for resource in ("policy_rule", "authorization_server_policy_rule"):
        for row in list(ctx.store.select(resource, parent=record["id"])):
            ctx.store.delete(resource, row["id"])


def system_scope(_ctx: Ctx, request: Request, record: dict[str, Any]) -> None:
    """Scopes of the system stay as they are."""
    from twinkit import Filter

    names = names_in(request)
    server = authz.get(_ctx, str(request.path[names[0]]))["id"]
    held = _ctx.store.list("o_auth_2_scope", [Filter("@id", "=", record["id"])], parent=server, limit=1).ids
    if held and _ctx.store.get("o_auth_2_scope", record["id"]).get("system"):
        raise errors.error("E0000111", "OAuth2Scope")
    record.setdefault("displayName", record.get("name"))


@twin.handler("deleteUISchemas")
def delete_ui_schema(ctx: Ctx, request: Request) -> Reply:
    """A UI schema goes; one that is not there is gone already."""
    id = str(request.path["id"])
    if ctx.store.find("ui_schema", id) is not None:
        ctx.store.delete("ui_schema", id)
    return Reply(204)


RULE: dict[str, Any] = {"system": False, "conditions": None, "actions": {}}
FAMILIES = (
    Family("policy", "Policy", "00p{alnum:17}", "Policies", check=policy, gone=rules_go, ranked=True,
           flat=defaults.APPS, id_of=policy_id,
           defaults={"system": False}, event="policy.lifecycle", links=policy_links),
    Family("policy_rule", "PolicyRule", "0pr{alnum:17}", parent="policy", ranked=True, defaults=RULE, id_of=rule_id,
           event="policy.rule", check=rule),
    Family("event_hook", "EventHook", "who{alnum:17}", check=hook, inactive_first="E0000107", event="event_hook",
           defaults={"createdBy": facts.ADMIN, "verificationStatus": "UNVERIFIED"}, style="plain", links=event_links,
           secret=("channel.config.authScheme.value",)),
    Family("inline_hook", "InlineHook", "cal{alnum:17}", check=hook, inactive_first="E0000107", style="plain",
           links=inline_links, secret=("channel.config.authScheme.value",)),
    Family("network_zone", "NetworkZone", "nzo{alnum:17}", check=zone, event="zone", links=zone_links,
           defaults={"system": False, "usage": "POLICY"}),
    Family("trusted_origin", "TrustedOrigin", "tos{alnum:17}", check=origin,
           defaults={"createdBy": facts.ADMIN, "lastUpdatedBy": facts.ADMIN}),
    Family("identity_provider", "IdentityProvider", "0oa{alnum:17}", limits=Limits(20, 200), check=provider,
           defaults={"issuerMode": "ORG_URL"}, event="system.idp.lifecycle", links=provider_links),
    Family("behavior_rule", "BehaviorDetectionRule", "bhv{alnum:17}", check=behaviour_status),
    Family("log_stream", "LogStream", "0oa{alnum:17}", limits=Limits(20, 200), style="method", silent=True,
           check=stream, filters=frozenset({"type", "status"})),
    Family("user_type", "UserType", "oty{alnum:17}", status=False, gone=default_type, check=user_type, style="rel",
           links=type_links, alias={"default": facts.USER_TYPE},
           defaults={"default": False, "createdBy": facts.ADMIN, "lastUpdatedBy": facts.ADMIN}),
    Family("o_auth_2_scope", "OAuth2Scope", "scp{alnum:17}", parent="authorization_server", status=False, times=False,
           check=system_scope, links=claim_links,
           defaults={"system": False, "default": False, "optional": False, "consent": "IMPLICIT",
                     "metadataPublish": "NO_CLIENTS", "description": None}),
    Family("o_auth_2_claim", "OAuth2Claim", "ocl{alnum:17}", parent="authorization_server", times=False, check=claim,
           unique="", turned=False, links=claim_links, order=lambda row: (row["name"] != "sub", row["name"]),
           defaults={"system": False, "alwaysIncludeInToken": True, "claimType": "RESOURCE",
                     "valueType": "EXPRESSION", "conditions": {"scopes": []}}),
    Family("authorization_server_policy", "AuthorizationServerPolicy", "00p{alnum:17}", "AuthorizationServerPolicies",
           parent="authorization_server", check=policy, gone=rules_go, ranked=True, links=policy_links,
           defaults={"type": "OAUTH_AUTHORIZATION_POLICY", "system": False,
                     "conditions": {"clients": {"include": []}}}),
    Family("authorization_server_policy_rule", "AuthorizationServerPolicyRule", "0pr{alnum:17}",
           parent="authorization_server_policy", ranked=True, check=server_rule,
           defaults={"type": "RESOURCE_ACCESS", "system": False, "conditions": {}, "actions": {"token": {}}}),
    Family("email_server", "EmailServer", "esv{alnum:17}", unique="alias", status=False, times=False),
    Family("captcha_instance", "CaptchaInstance", "cap{alnum:17}", status=False, times=False, secret=("secretKey",),
           limited="E0000166", gone=in_use, links=captcha_links),
    Family("device_assurance", "DeviceAssurancePolicy", "dae{alnum:17}", "DeviceAssurancePolicies", status=False,
           times=False, check=assurance),
    Family("hook_key", "HookKey", "HKY{alnum:17}", status=False, defaults={"isUsed": "false"}, check=hook_keys.named),
    Family("push_provider", "PushProvider", "ppc{alnum:17}", "PushProviders", status=False, times=False,
           check=dated, secret=("configuration.tokenSigningKey",)),
    Family("realm", "Realm", "guo{alnum:17}", status=False, unique="", style="rel", defaults={"isDefault": False},
           gone=default_realm, check=realm),
    Family("realm_assignment", "RealmAssignment", "rul{alnum:17}"),
    Family("sms_template", "SmsTemplate", "cst{alnum:17}", status=False, style="none", check=translated),
    Family("ui_schema", "UISchema", "uis{alnum:17}", status=False, unique="",
           names={"replace": "replaceUISchemas"}),
    Family("security_events_provider", "SecurityEventsProviderInstance", "sse{alnum:17}", times=False),
)  # fmt: skip

for _family in FAMILIES:
    register(_family)


@twin.handler("clonePolicy")
def clone_policy(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A copy of an app's sign-on policy with its rules. Raises E0000001 for another kind."""
    held = ctx.store.find("policy", request.path["policyId"])
    if held is None:
        raise errors.missing("policy", request.path["policyId"])
    if held["type"] != "ACCESS_POLICY":
        raise errors.validation("policy", "Only policies of type ACCESS_POLICY can be cloned")
    id, now = ctx.new_id("rst{alnum:17}"), iso(ctx)
    copy = {**held, "id": id, "name": f"[cloned] {held['name']}", "system": False, "created": now, "lastUpdated": now}
    ctx.store.insert("policy", copy, id=id, created=ctx.micros)
    for row in list(ctx.store.select("policy_rule", parent=held["id"], order="oldest")):
        rule_id = ctx.new_id("rul{alnum:17}")
        ctx.store.insert("policy_rule", {**row, "id": rule_id}, id=rule_id, parent=id, created=ctx.micros)
    at = f"{ctx.base_url}/api/v1/policies/{id}"
    undated = {"created": None, "lastUpdated": None}
    return {**copy, **undated, "_links": links_of(FAMILIES[0], ctx, copy, at)}
