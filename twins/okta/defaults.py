"""What else a new org has: default policies with their rules, the org's settings, a brand, authenticators.

Source: https://developer.okta.com/docs/reference/api/policy/#policies. Imports: the kit's public names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from twinkit import Ctx
from twins.okta import facts, passwords
from twins.okta.times import iso


class Authenticator(NamedTuple):
    """What an org has of an authenticator: its settings, and its methods with theirs."""

    key: str
    name: str
    type: str
    methods: Mapping[str, Mapping[str, Any]]
    settings: Mapping[str, Any] = {}


OFF = {"status": "INACTIVE"}
SIGNING = {"algorithms": ["ES256", "RS256"], "keyProtection": "ANY"}
VERIFY = {"compliance": {"fips": "OPTIONAL"}, "channelBinding": {"style": "NUMBER_CHALLENGE", "required": "NEVER"},
          "userVerification": "PREFERRED", "userVerificationMethods": ["BIOMETRICS", "PIN"],
          "appInstanceId": ""}  # fmt: skip
TOTP = {"timeIntervalInSeconds": 30, "encoding": "Base32", "algorithm": "HMACSHA1", "passCodeLength": 6}
AUTHENTICATORS = (
    Authenticator("okta_email", "Email", "email", {"email": {}}, {"allowedFor": "any", "tokenLifetimeInMinutes": 5}),
    Authenticator("okta_password", "Password", "password", {"password": {}}),
    Authenticator("okta_verify", "Okta Verify", "app", {
        "totp": {"settings": TOTP},
        "push": {**OFF, "settings": {**SIGNING, "transactionTypes": ["LOGIN"]}},
        "signed_nonce": {**OFF, "settings": {**SIGNING, "showSignInWithOV": "NEVER"}},
    }, VERIFY),
    Authenticator("google_otp", "Google Authenticator", "app", {"otp": {}}),
    Authenticator("phone_number", "Phone", "phone", {"sms": {}, "voice": {}}, {"allowedFor": "any"}),
    Authenticator("webauthn", "Security Key or Biometric", "security_key",
                  {"webauthn": {"settings": {"userVerification": "DISCOURAGED", "attachment": "ANY"}}}),
    Authenticator("security_question", "Security Question", "security_question", {"security_question": {}},
                  {"allowedFor": "any"}),
)  # fmt: skip
"""What an org has."""
TYPES = {
    "OKTA_SIGN_ON": "Default Policy",
    "PASSWORD": "Default Policy",
    "MFA_ENROLL": "Default Policy",
    "IDP_DISCOVERY": "Idp Discovery Policy",
    "ACCESS_POLICY": "Password only",
    "PROFILE_ENROLLMENT": "Default Policy",
}


APPS = frozenset({"ACCESS_POLICY", "PROFILE_ENROLLMENT"})
"""Types whose policies are followed by applications."""


POLICY_ID = dict.fromkeys(APPS, "rst{alnum:17}")
RULE_ID = dict.fromkeys(APPS, "rul{alnum:17}")
"""Type → pattern of ids, where it is not the usual one."""


def catch_all(ctx: Ctx, type: str, mode: str) -> dict[str, Any]:
    """The rule of a policy of applications that speaks of whom no other speaks of."""
    done = actions(type)
    if type == "ACCESS_POLICY":
        done["appSignOn"]["verificationMethod"]["factorMode"] = mode
    return {"id": ctx.new_id(RULE_ID[type]), "status": "ACTIVE", "name": "Catch-all Rule", "priority": 99,
            "system": True, "type": type, "conditions": None, "actions": done}  # fmt: skip


def put(ctx: Ctx, resource: str, record: dict[str, Any], parent: str = "") -> dict[str, Any]:
    """Store a record of a new org."""
    now = iso(ctx)
    made = {**record, "created": now, "lastUpdated": now}
    ctx.store.insert(resource, made, id=made["id"], parent=parent, created=ctx.micros)
    return made


USUAL = "The default policy applies in all situations if no other policy applies."
TEXTS = {"ACCESS_POLICY": "Require a password only."}


def policies(ctx: Ctx) -> None:
    """The default policy of each type, with a rule that lets everybody pass."""
    for type, name in TYPES.items():
        policy: dict[str, Any] = {
            "id": ctx.new_id(POLICY_ID.get(type, "00p{alnum:17}")), "status": "ACTIVE", "name": name, "type": type,
            "system": True,
            "priority": 1, "description": TEXTS.get(type, USUAL),
            "conditions": None if type in APPS else {"people": {"groups": {"include": [facts.EVERYONE]}}},
        }  # fmt: skip
        if type == "PASSWORD":
            policy["settings"] = password_settings()
            policy["conditions"]["authProvider"] = {"provider": "OKTA"}
        if type == "MFA_ENROLL":
            rows = [{"key": each.key, "enroll": {"self": "REQUIRED" if each.type == "password" else "OPTIONAL"}}
                    for each in AUTHENTICATORS]  # fmt: skip
            policy["settings"] = {"type": "AUTHENTICATORS", "authenticators": rows}
        put(ctx, "policy", policy)
        kind = {"OKTA_SIGN_ON": "SIGN_ON"}.get(type, type)
        if type in APPS:
            put(ctx, "policy_rule", catch_all(ctx, type, "1FA"), policy["id"])
            continue
        rule = {"id": ctx.new_id("0pr{alnum:17}"), "status": "ACTIVE", "system": True, "name": "Default Rule",
                "priority": 1, "type": kind, "conditions": None, "actions": actions(type)}  # fmt: skip
        put(ctx, "policy_rule", rule, policy["id"])


def password_settings() -> dict[str, Any]:
    """The settings of a password policy that says nothing else."""
    return {
        "password": {
            "complexity": {**passwords.DEFAULT_COMPLEXITY}, "age": {**passwords.DEFAULT_AGE},
            "lockout": {**passwords.DEFAULT_LOCKOUT},
        },
        "recovery": {"factors": {
            "recovery_question": {"status": "ACTIVE", "properties": {"complexity": {"minLength": 4}}},
            "okta_email": {"status": "ACTIVE", "properties": {"recoveryToken": {"tokenLifetimeMinutes": 60}}},
            "okta_sms": {"status": "INACTIVE"}, "okta_call": {"status": "INACTIVE"},
        }},
        "delegation": {"options": {"skipUnlock": False}},
    }  # fmt: skip


def actions(type: str) -> dict[str, Any]:
    """What the default rule of a policy type does."""
    match type:
        case "OKTA_SIGN_ON":
            session = {"usePersistentCookie": False, "maxSessionIdleMinutes": 120, "maxSessionLifetimeMinutes": 0}
            return {"signon": {"access": "ALLOW", "requireFactor": False, "primaryFactor": "PASSWORD_IDP",
                               "rememberDeviceByDefault": False, "session": session}}  # fmt: skip
        case "PASSWORD":
            allow = {"access": "ALLOW"}
            return {"passwordChange": allow, "selfServicePasswordReset": allow, "selfServiceUnlock": {"access": "DENY"}}
        case "MFA_ENROLL":
            return {"enroll": {"self": "CHALLENGE"}}
        case "ACCESS_POLICY":
            method = {"factorMode": "1FA", "type": "ASSURANCE", "reauthenticateIn": "PT43800H"}
            return {"appSignOn": {"access": "ALLOW", "verificationMethod": method,
                                  "keepMeSignedIn": {"postAuth": "NOT_ALLOWED"}}}  # fmt: skip
        case "PROFILE_ENROLLMENT":
            asked = (("email", "Email"), ("firstName", "First name"), ("lastName", "Last name"))
            attributes = [{"name": name, "label": label, "required": True} for name, label in asked]
            return {"profileEnrollment": {
                "access": "ALLOW", "preRegistrationInlineHooks": None, "profileAttributes": attributes,
                "targetGroupIds": None, "unknownUserAction": "DENY",
                "activationRequirements": {"emailVerification": True},
            }}  # fmt: skip
    return {}


def org(ctx: Ctx) -> None:
    """The authenticators of the org and its brand."""
    put(
        ctx,
        "realm",
        {"id": "guoTwinkitDefault001", "profile": {"name": "Default Realm", "domains": []}, "isDefault": True},
    )
    for each in AUTHENTICATORS:
        settings = {"settings": each.settings} if each.settings else {}
        put(ctx, "authenticator", {"type": each.type, "id": ctx.new_id("aut{alnum:17}"), "key": each.key,
                                   "status": "ACTIVE", "name": each.name, **settings,
                                   "~methods": each.methods})  # fmt: skip
    for name, usage in (("BlockedIpZone", "BLOCKLIST"), ("LegacyIpZone", "POLICY")):
        put(ctx, "network_zone", {"type": "IP", "id": ctx.new_id("nzo{alnum:17}"), "name": name, "status": "ACTIVE",
                                  "usage": usage, "system": True, "gateways": None, "proxies": None})  # fmt: skip
