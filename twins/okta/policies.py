"""Which policy and rule speak of a user: by priority, people and network; what the sign-on rule asks of the user.

Source: https://developer.okta.com/docs/concepts/policies/ (how policies are evaluated) and
https://developer.okta.com/docs/reference/api/policy/#conditions-object. Imports: the kit's public names.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from twinkit import Ctx, Filter
from twins.okta import people

Record = Mapping[str, Any]


class SignOn(NamedTuple):
    """What a sign-on rule asks: may the user come in, with a second factor or not, for how long (seconds)."""

    access: bool = True
    factor: bool = False
    identifier_first: bool = False
    idle: int = 7200
    longest: int = 0


def ranked(rows: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """Active records by priority, the system's own last."""
    live = [row for row in rows if row["status"] == "ACTIVE"]
    return sorted(live, key=lambda row: (bool(row.get("system")), int(row.get("priority") or 1)))


def applicable(ctx: Ctx, type: str, user: Record | None) -> Iterator[dict[str, Any]]:
    """The active policies of a type that speak of a user, most important first."""
    for policy in ranked(ctx.store.select("policy", [Filter("type", "=", type)])):
        if speaks_of(ctx, policy, user):
            yield policy


def rule(ctx: Ctx, type: str, user: Record | None) -> dict[str, Any] | None:
    """The first rule that holds, of the first policy that has one."""
    for policy in applicable(ctx, type, user):
        for each in ranked(ctx.store.select("policy_rule", parent=policy["id"])):
            if speaks_of(ctx, each, user) and reaches(ctx, each):
                return each
    return None


def speaks_of(ctx: Ctx, record: Record, user: Record | None) -> bool:
    """Whether the people condition of a policy or rule holds for a user; nobody's user passes."""
    wanted = (record.get("conditions") or {}).get("people") or {}
    users, groups = wanted.get("users") or {}, wanted.get("groups") or {}
    if user is None or not (users or groups):
        return True
    if user["id"] in (users.get("exclude") or ()):
        return False
    included = [*(users.get("include") or ())], [*(groups.get("include") or ())]
    excluded = groups.get("exclude") or ()
    mine = people.group_ids(ctx, str(user["id"])) if included[1] or excluded else set()
    if mine & {*excluded}:
        return False
    return not any(included) or user["id"] in included[0] or bool(mine & {*included[1]})


def reaches(ctx: Ctx, record: Record) -> bool:
    """Whether the network condition of a rule holds for where the request comes from."""
    network = (record.get("conditions") or {}).get("network") or {}
    if network.get("connection") not in ("ZONE", "ON_NETWORK", "OFF_NETWORK"):
        return True
    within = any(_within(ctx, str(zone)) for zone in network.get("include") or ())
    outside = network.get("exclude") or ()
    if network.get("include"):
        return within
    return not any(_within(ctx, str(zone)) for zone in outside)


def _within(ctx: Ctx, zone: str) -> bool:
    rows = list(ctx.store.select("network_zone")) if zone == "ALL_ZONES" else [ctx.store.find("network_zone", zone)]
    return any(within(ctx, row) for row in rows if row is not None and row["status"] == "ACTIVE")


def within(ctx: Ctx, zone: Record) -> bool:
    """Whether a request comes from a zone."""
    return _contains(zone, ipaddress.ip_address(client_address(ctx)))


def _contains(zone: Record, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    for each in zone.get("gateways") or ():
        first, _, last = str(each.get("value", "")).partition("-")
        if last and ipaddress.ip_address(first.strip()) <= address <= ipaddress.ip_address(last.strip()):  # type: ignore[operator]
            return True
        if not last and address in ipaddress.ip_network(first.strip(), strict=False):
            return True
    return False


def client_address(ctx: Ctx) -> str:
    """Where a request comes from: the first address of X-Forwarded-For, else this machine."""
    given = (ctx.request.header("x-forwarded-for") if ctx.request else "").partition(",")[0].strip()
    try:
        return str(ipaddress.ip_address(given))
    except ValueError:
        return "127.0.0.1"


def sign_on(ctx: Ctx, user: Record | None) -> SignOn:
    """What the sign-on policy asks of a user."""
    found = rule(ctx, "OKTA_SIGN_ON", user)
    actions = ((found or {}).get("actions") or {}).get("signon") or {}
    session = actions.get("session") or {}
    return SignOn(
        actions.get("access", "ALLOW") != "DENY",
        bool(actions.get("requireFactor")),
        actions.get("primaryFactor") == "PASSWORD_IDP_ANY_FACTOR",
        60 * int(session.get("maxSessionIdleMinutes") or 120),
        60 * int(session.get("maxSessionLifetimeMinutes") or 0),
    )


def enrolment(ctx: Ctx, user: Record) -> dict[str, str]:
    """What the enrolment policy says of each authenticator: key → REQUIRED, OPTIONAL or NOT_ALLOWED."""
    found = next(applicable(ctx, "MFA_ENROLL", user), None)
    settings = (found or {}).get("settings") or {}
    rows = [(str(each.get("key")), each) for each in settings.get("authenticators") or ()]
    rows += [(str(key), each) for key, each in (settings.get("factors") or {}).items()]
    return {key: str((each.get("enroll") or {}).get("self", "OPTIONAL")) for key, each in rows}


def sign_up(ctx: Ctx) -> dict[str, Any] | None:
    """The profile enrolment action that lets people register themselves; None where they may not."""
    found = rule(ctx, "PROFILE_ENROLLMENT", None)
    action = ((found or {}).get("actions") or {}).get("profileEnrollment") or {}
    return action if action.get("unknownUserAction") == "REGISTER" and action.get("access") != "DENY" else None


def self_service(ctx: Ctx, user: Record | None, name: str) -> bool:
    """Whether the password policy lets a user help themselves: passwordChange, selfServicePasswordReset, …"""
    found = rule(ctx, "PASSWORD", user)
    return (((found or {}).get("actions") or {}).get(name) or {}).get("access") == "ALLOW"
