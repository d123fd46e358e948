"""Who a person is that another provider vouches for: found by a link, linked, or made just in time.

Source: https://developer.okta.com/docs/concepts/identity-providers/ (account link, just-in-time provisioning),
https://developer.okta.com/docs/reference/api/idps/#identity-provider-policy-object and, for the texts of refusals,
https://developer.okta.com/docs/reference/error-codes/#example-errors-for-openid-connect-and-social-login.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, ServiceError
from twins.okta import expressions, people, profiles, rules, syslog
from twins.okta.times import iso

Record = Mapping[str, Any]
SAML_NAMES = {"firstName": ("firstName", "givenName", "first"), "lastName": ("lastName", "surname", "last"),
              "email": ("email", "mail"), "mobilePhone": ("mobilePhone",)}  # fmt: skip
OIDC_NAMES = {"firstName": ("given_name",), "lastName": ("family_name",), "email": ("email",),
              "mobilePhone": ("phone_number",)}  # fmt: skip
GONE = frozenset({"DEPROVISIONED", "SUSPENDED", "LOCKED_OUT"})


class Denied(Exception):
    """A person may not come in; `name` is one of the texts of refusals."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def link_of(ctx: Ctx, idp: str, user: str) -> dict[str, Any] | None:
    """The link of a user to a provider."""
    return ctx.store.find("idp_user", f"{idp}/{user}")


def linked(ctx: Ctx, idp: str, external: str) -> dict[str, Any] | None:
    """The link of somebody whom a provider knows by an id of its own."""
    where = [Filter("external", "=", external)]
    return next(iter(ctx.store.select("idp_user", where, parent=idp)), None)


def link(ctx: Ctx, idp: str, user: str, external: str, profile: Record) -> dict[str, Any]:
    """Link a user to a provider; a second time renews what the provider says of them."""
    now, held = iso(ctx), link_of(ctx, idp, user)
    if held is not None:
        return ctx.store.update("idp_user", held["id"], external=external, profile=dict(profile), lastUpdated=now)
    id = f"{idp}/{user}"
    row = {"id": id, "idp": idp, "user": user, "external": external, "profile": dict(profile), "created": now,
           "lastUpdated": now}  # fmt: skip
    ctx.store.insert("idp_user", row, id=id, parent=idp, created=ctx.micros)
    return row


def arrived(ctx: Ctx, idp: Record, external: str, said: Record) -> dict[str, Any]:
    """The user whom a provider vouches for by its id and what it said. Raises Denied."""
    policy, told = idp["policy"], {"subjectNameId": external, **said}
    held = linked(ctx, str(idp["id"]), external)
    user = ctx.store.find("user", held["user"]) if held is not None else None
    if user is None:
        user = _matched(ctx, policy, told)
        if user is not None:
            _may_link(ctx, policy["accountLink"], user)
        else:
            user = _made(ctx, idp, told)
    elif policy["provisioning"].get("profileMaster"):
        user["profile"] = {**user["profile"], **mapped(idp, told)}
        people.save(ctx, user)
    link(ctx, str(idp["id"]), user["id"], external, said)
    user = _revived(ctx, policy["provisioning"].get("conditions") or {}, user)
    _grouped(ctx, policy["provisioning"].get("groups") or {}, user, told)
    return user


def name_of(policy: Record, told: Record) -> str:
    """The user name that a provider's template makes. Raises Denied for none, or one the filter keeps out."""
    subject = policy["subject"]
    template = str((subject.get("userNameTemplate") or {}).get("template") or "idpuser.email")
    try:
        found = str(expressions.evaluate(template, {"idpuser": told}) or "")
    except expressions.ExpressionError:
        found = ""
    wanted = subject.get("filter")
    if not found or (wanted and not re.search(str(wanted), found)):
        raise Denied("idp_link_error")
    return found


def _matched(ctx: Ctx, policy: Record, told: Record) -> dict[str, Any] | None:
    name, kind = name_of(policy, told), str(policy["subject"].get("matchType") or "USERNAME")
    user = people.by_login(ctx, name) if kind in ("USERNAME", "USERNAME_OR_EMAIL") else None
    attribute = {"EMAIL": "email", "USERNAME_OR_EMAIL": "email"}.get(kind, policy["subject"].get("matchAttribute"))
    if user is None and kind != "USERNAME" and attribute:
        where = [Filter(f"profile.{attribute}", "words", name)]
        user = next(iter(ctx.store.select("user", where)), None)
    return user


def _may_link(ctx: Ctx, rule: Record, user: Record) -> None:
    if rule.get("action") == "DISABLED":
        raise Denied("idp_link_error")
    chosen = rule.get("filter") or {}
    groups = (chosen.get("groups") or {}).get("include") or []
    if groups and not set(groups) & people.group_ids(ctx, str(user["id"])):
        raise Denied("idp_link_group")
    if user["id"] in ((chosen.get("users") or {}).get("exclude") or ()):
        raise Denied("idp_link_error")


def _made(ctx: Ctx, idp: Record, told: Record) -> dict[str, Any]:
    if idp["policy"]["provisioning"].get("action") != "AUTO":
        raise Denied("idp_jit_disabled")
    login = name_of(idp["policy"], told)
    given = {"email": login, **mapped(idp, told), "login": login}
    user = people.record(
        ctx, given, "ACTIVE", provider="SOCIAL" if idp["type"] not in ("SAML2", "OIDC") else "FEDERATION"
    )
    try:
        user["profile"] = profiles.checked(ctx, given, {}, user["type"]["id"])
        people.note_login(ctx, user["id"], login)
    except ServiceError:
        raise Denied("idp_login_failed") from None
    ctx.store.insert("user", user, id=user["id"], created=ctx.micros)
    person = syslog.person(user)
    syslog.write(ctx, "user.lifecycle.create", "Create okta user", person, actor=person)
    syslog.write(ctx, "user.lifecycle.activate", "Activate Okta user", person, actor=person)
    rules.evaluate(ctx, user)
    return user


def mapped(idp: Record, told: Record) -> dict[str, Any]:
    """What a provider says as attributes of a user's profile."""
    names = SAML_NAMES if idp["type"] == "SAML2" else OIDC_NAMES
    found = {name: next((told[each] for each in sources if told.get(each)), None) for name, sources in names.items()}
    return {name: value for name, value in found.items() if value is not None}


def _revived(ctx: Ctx, conditions: Record, user: dict[str, Any]) -> dict[str, Any]:
    """A user who may come in; suspended and deprovisioned ones where the provider's policy wakes them."""
    wakes = {
        "DEPROVISIONED": (conditions.get("deprovisioned") or {}).get("action") == "REACTIVATE",
        "SUSPENDED": (conditions.get("suspended") or {}).get("action") == "UNSUSPEND",
    }
    if wakes.get(user["status"]) or user["status"] in ("STAGED", "PROVISIONED"):
        return people.save(ctx, user, "ACTIVE")
    if user["status"] in GONE:
        raise Denied("idp_user_status")
    return user


def _grouped(ctx: Ctx, rule: Record, user: Record, told: Record) -> None:
    """Join the groups that the provider's policy assigns, or that the provider names."""
    wanted = [str(each) for each in rule.get("assignments") or ()] if rule.get("action") == "ASSIGN" else []
    named = told.get(str(rule.get("sourceAttributeName") or "")) or ()
    allowed = set(rule.get("filter") or ())
    if rule.get("action") in ("APPEND", "SYNC"):
        for name in [named] if isinstance(named, str) else named:
            where = [Filter("profile.name", "=", name)]
            wanted += [row["id"] for row in ctx.store.select("group", where) if row["type"] == "OKTA_GROUP"]
        wanted = [each for each in wanted if each in allowed]
    if rule.get("action") == "SYNC":
        for group in (people.group_ids(ctx, str(user["id"])) & allowed) - set(wanted):
            people.leave(ctx, group, str(user["id"]))
    for group in wanted:
        if ctx.store.find("group", group) is not None:
            people.join(ctx, group, str(user["id"]))
