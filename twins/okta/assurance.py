"""What an application's sign-on policy asks of a person: entry or not, one factor or two, of which kinds, how fresh.

Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/Policy/ (ACCESS_POLICY) and
https://developer.okta.com/docs/guides/configure-signon-policy/. Imports: the kit's public names, the twin's policies.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from twinkit import Ctx, Filter
from twins.okta import devices, expressions, people, policies

Record = Mapping[str, Any]
FOREVER = 2**31
DURATION = r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$"
TYPES = {"okta_password": "PASSWORD", "okta_email": "EMAIL", "phone_number": "PHONE", "webauthn": "SECURITY_KEY",
         "security_question": "SECURITY_QUESTION"}  # fmt: skip
"""Key of an authenticator → its type in a constraint; the others are apps."""
METHODS = {"voice": "VOICE", "sms": "SMS", "email": "EMAIL", "otp": "OTP", "totp": "TOTP", "password": "PASSWORD",
           "security_question": "SECURITY_QUESTION"}  # fmt: skip
KNOWLEDGE = frozenset({"okta_password", "security_question"})


class Asked(NamedTuple):
    """What a rule asks: may a person come in, with two factors, and after how many seconds again."""

    access: bool = True
    factor: bool = False
    fresh: int = FOREVER
    constraints: tuple[Record, ...] = ()

    def allows(self, key: str, method: str) -> bool:
        """Whether an authenticator may be a second factor: none is asked for here, or a constraint takes it."""
        return not self.factor or not self.constraints or any(_takes(each, key, method) for each in self.constraints)


def seconds(duration: str) -> int:
    """An ISO 8601 duration; FOREVER for what is none."""
    found = re.match(DURATION, duration)
    if found is None:
        return FOREVER
    days, hours, minutes, rest = (int(each or 0) for each in found.groups())
    return days * 86_400 + hours * 3_600 + minutes * 60 + rest


def _takes(constraint: Record, key: str, method: str) -> bool:
    """A constraint speaks of `knowledge`, `possession` or both; of each by types, methods or keys."""
    for name in ("possession", "knowledge") if "possession" in constraint else ("knowledge",):
        part = constraint.get(name)
        if part is None or (name == "knowledge") != (key in KNOWLEDGE):
            continue
        types, methods = part.get("types"), part.get("methods")
        if types and TYPES.get(key, "APP") not in types:
            continue
        if methods and METHODS.get(method, method.upper()) not in methods:
            continue
        wanted, barred = part.get("authenticationMethods"), part.get("excludedAuthenticationMethods") or ()
        if wanted and not any(_is(each, key, method) for each in wanted):
            continue
        if any(_is(each, key, method) for each in barred):
            continue
        return not {part.get("phishingResistant"), part.get("hardwareProtection")} & {"REQUIRED"}
    return False


def _is(named: Record, key: str, method: str) -> bool:
    return bool(named.get("key") == key and named.get("method") in (None, method))


def policy_of(ctx: Ctx, app: Record, type: str = "ACCESS_POLICY") -> dict[str, Any] | None:
    """The policy of a type that an application follows: its own, else the org's."""
    own = (app.get("~policies") or {}).get(type)
    held = ctx.store.find("policy", own) if own else None
    return held or next((row for row in ctx.store.select("policy", [Filter("type", "=", type)]) if row["system"]), None)


def asked(ctx: Ctx, app: Record, user: Record) -> Asked:
    """What the first rule that speaks of a person, here and now, asks; everybody passes without a rule."""
    rule = rule_of(ctx, app, user)
    action = ((rule or {}).get("actions") or {}).get("appSignOn") or {}
    method = action.get("verificationMethod") or {}
    return Asked(
        action.get("access", "ALLOW") != "DENY",
        method.get("factorMode") == "2FA",
        seconds(str(method.get("reauthenticateIn") or "")),
        tuple(method.get("constraints") or ()),
    )


def rule_of(ctx: Ctx, app: Record, user: Record) -> dict[str, Any] | None:
    """The rule that decides."""
    policy = policy_of(ctx, app)
    rows = ctx.store.select("policy_rule", parent=policy["id"]) if policy is not None else iter(())
    return first(policies.ranked(rows), lambda name, rule: CONDITIONS[name](ctx, rule, user))


Test = Callable[[str, Record], bool]


def first(rules: Iterable[dict[str, Any]], holds: Test) -> dict[str, Any] | None:
    """The first rule all of whose conditions hold."""
    return next((rule for rule in rules if all(holds(name, rule) for name in CONDITIONS)), None)


def _type(_ctx: Ctx, rule: Record, user: Record) -> bool:
    wanted = (rule.get("conditions") or {}).get("userType") or {}
    included, id = wanted.get("include") or (), user["type"]["id"]
    return id not in (wanted.get("exclude") or ()) and (not included or id in included)


def _expression(ctx: Ctx, rule: Record, user: Record) -> bool:
    text = ((rule.get("conditions") or {}).get("elCondition") or {}).get("condition")
    if not text:
        return True
    names = {"user": {**user["profile"], "profile": user["profile"], "id": user["id"], "status": user["status"]}}
    try:
        return bool(expressions.evaluate(str(text), names, people.groups_of(ctx, str(user["id"]))))
    except expressions.ExpressionError:
        return False


def _device(ctx: Ctx, rule: Record, user: Record) -> bool:
    wanted = (rule.get("conditions") or {}).get("device") or {}
    asks = wanted.get("registered") or wanted.get("managed") or (wanted.get("assurance") or {}).get("include")
    return not asks or devices.passes(ctx, str(user["id"]), wanted)


def _risk(_ctx: Ctx, rule: Record, _user: Record) -> bool:
    return ((rule.get("conditions") or {}).get("riskScore") or {}).get("level", "ANY") in ("ANY", "LOW")


CONDITIONS: dict[str, Callable[[Ctx, Record, Record], bool]] = {
    "people": policies.speaks_of,
    "network": lambda ctx, rule, _user: policies.reaches(ctx, rule),
    "userType": _type,
    "elCondition": _expression,
    "device": _device,
    "riskScore": _risk,
}
"""Condition of a rule → whether it holds. Who has a registered device comes from it; the risk is always low."""
