"""Everything that is kept alike: policies, hooks, zones, origins, providers, servers' parts, brands and the rest.

Sources: the pages of https://developer.okta.com/docs/api/ for each of them. Imports: the twin's families.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from twinkit import Ctx, Request
from twins.okta import authz, errors, expressions, facts
from twins.okta.families import Family, names_in, register
from twins.okta.listing import Limits


def zone(_ctx: Ctx, _request: Request, record: dict[str, Any]) -> None:
    """Addresses of a network zone are addresses, CIDR blocks or ranges; not all of it may be blocked away."""
    record.setdefault("usage", "POLICY")
    for name in ("gateways", "proxies"):
        for each in record.get(name) or []:
            for part in str(each.get("value", "")).split("-"):
                try:
                    ipaddress.ip_network(part.strip(), strict=False)
                except ValueError:
                    raise errors.validation(name, f"{name}: Does not match required pattern") from None


def origin(_ctx: Ctx, _request: Request, record: dict[str, Any]) -> None:
    """A trusted origin is a scheme and a host, nothing more."""
    value = str(record.get("origin", ""))
    if not value.startswith(("http://", "https://")) or value.rstrip("/").count("/") > 2:
        raise errors.validation("origin", "origin: Does not match required pattern")


def hook(_ctx: Ctx, request: Request, record: dict[str, Any]) -> None:
    """A hook's channel has an HTTPS address (plain HTTP to this machine), and its secret is not shown back."""
    config = (record.get("channel") or {}).get("config") or {}
    uri = str(config.get("uri") or "")
    if not uri:
        raise errors.validation("channel.config.uri", "channel.config.uri: The field cannot be left blank")
    if request.operation is not None and request.operation.id in ("createEventHook", "replaceEventHook"):
        record["verificationStatus"] = "UNVERIFIED"
        if not (record.get("events") or {}).get("items"):
            raise errors.validation("events.items", "events.items: The field cannot be left blank")


def claim(_ctx: Ctx, _request: Request, record: dict[str, Any]) -> None:
    """A claim's expression can be read; reserved names are not its own."""
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
        raise errors.error("E0000142")


def policy(_ctx: Ctx, _request: Request, record: dict[str, Any]) -> None:
    """A policy has a name and a type; what a password policy leaves out is the default."""
    if not record.get("name"):
        raise errors.validation("name", "name: The field cannot be left blank")
    record.setdefault("system", False)


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


RULE: dict[str, Any] = {"system": False, "conditions": None, "actions": {}}
FAMILIES = (
    Family("policy", "Policy", "00p{alnum:17}", "Policies", check=policy, gone=rules_go, ranked=True,
           defaults={"system": False}, event="policy.lifecycle"),
    Family("policy_rule", "PolicyRule", "0pr{alnum:17}", parent="policy", ranked=True, defaults=RULE,
           event="policy.rule"),
    Family("event_hook", "EventHook", "who{alnum:17}", check=hook, inactive_first="E0000107", event="event_hook",
           defaults={"createdBy": facts.ADMIN, "description": None, "verificationStatus": "UNVERIFIED"}),
    Family("inline_hook", "InlineHook", "cal{alnum:17}", check=hook, inactive_first="E0000107"),
    Family("network_zone", "NetworkZone", "nzo{alnum:17}", check=zone, event="zone",
           defaults={"system": False, "usage": "POLICY"}),
    Family("trusted_origin", "TrustedOrigin", "tos{alnum:17}", check=origin, defaults={"createdBy": facts.ADMIN}),
    Family("identity_provider", "IdentityProvider", "0oa{alnum:17}", limits=Limits(20, 200),
           defaults={"issuerMode": "ORG_URL"}, event="system.idp.lifecycle"),
    Family("behavior_rule", "BehaviorDetectionRule", "abc{alnum:17}"),
    Family("log_stream", "LogStream", "0oa{alnum:17}", limits=Limits(20, 20)),
    Family("user_type", "UserType", "oty{alnum:17}", status=False, gone=default_type,
           defaults={"default": False, "createdBy": facts.ADMIN, "lastUpdatedBy": facts.ADMIN}),
    Family("o_auth_2_scope", "OAuth2Scope", "scp{alnum:17}", parent="authorization_server", status=False, times=False,
           check=system_scope, defaults={"system": False, "default": False, "optional": False, "consent": "IMPLICIT",
                                         "metadataPublish": "NO_CLIENTS", "description": ""}),
    Family("o_auth_2_claim", "OAuth2Claim", "ocl{alnum:17}", parent="authorization_server", times=False, check=claim,
           unique="", defaults={"system": False, "alwaysIncludeInToken": True, "claimType": "RESOURCE",
                                "valueType": "EXPRESSION", "conditions": {"scopes": []}}),
    Family("authorization_server_policy", "AuthorizationServerPolicy", "00p{alnum:17}", "AuthorizationServerPolicies",
           parent="authorization_server", check=policy, gone=rules_go, ranked=True,
           defaults={"type": "OAUTH_AUTHORIZATION_POLICY", "system": False,
                     "conditions": {"clients": {"include": ["ALL_CLIENTS"]}}}),
    Family("authorization_server_policy_rule", "AuthorizationServerPolicyRule", "0pr{alnum:17}",
           parent="authorization_server_policy", ranked=True,
           defaults={"type": "RESOURCE_ACCESS", "system": False, "conditions": {}, "actions": {"token": {}}}),
    Family("domain", "CustomDomain", "OcD{alnum:17}", unique="domain", status=False, times=False,
           defaults={"validationStatus": "NOT_STARTED", "certificateSourceType": "MANUAL"}),
    Family("email_server", "EmailServer", "esv{alnum:17}", unique="alias", status=False, times=False),
    Family("captcha_instance", "CaptchaInstance", "cap{alnum:17}", status=False, times=False),
    Family("device_assurance", "DeviceAssurancePolicy", "dae{alnum:17}", "DeviceAssurancePolicies", status=False,
           defaults={"createdBy": facts.ADMIN, "lastUpdatedBy": facts.ADMIN, "lastUpdate": "2026-01-01T00:00:00.000Z"}),
    Family("hook_key", "HookKey", "HKY{alnum:17}", status=False, defaults={"keyId": "hook", "isUsed": "false"}),
    Family("push_provider", "PushProvider", "ppc{alnum:17}", "PushProviders", status=False),
    Family("realm", "Realm", "guo{alnum:17}", status=False, unique=""),
    Family("realm_assignment", "RealmAssignment", "rul{alnum:17}"),
    Family("sms_template", "SmsTemplate", "cst{alnum:17}", status=False),
    Family("ui_schema", "UISchema", "uis{alnum:17}", status=False, unique="",
           names={"replace": "replaceUISchemas", "delete": "deleteUISchemas"}),
    Family("security_events_provider", "SecurityEventsProviderInstance", "sse{alnum:17}", times=False),
    Family("authenticator", "Authenticator", "aut{alnum:17}", unique="key"),
)  # fmt: skip

for _family in FAMILIES:
    register(_family)
