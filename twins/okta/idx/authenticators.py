"""The authenticators of the org and which of them a user holds or may enrol.

Source: https://developer.okta.com/docs/reference/api/authenticators-admin/ (keys and methods) and
https://developer.okta.com/docs/concepts/interaction-code/. Imports: the kit's public names, the twin's factors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from twinkit import Ctx
from twins.okta import factors, people, policies

PASSWORD, EMAIL = "okta_password", "okta_email"
FACTORS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "okta_email": (("email", "OKTA", "email"),),
    "google_otp": (("token:software:totp", "GOOGLE", "otp"),),
    "okta_verify": (("token:software:totp", "OKTA", "totp"),),
    "phone_number": (("sms", "OKTA", "sms"), ("call", "OKTA", "voice")),
    "security_question": (("question", "OKTA", "security_question"),),
}
"""Key of an authenticator → its factors: type, provider, name of the method."""


class Choice(NamedTuple):
    """One authenticator a person can use, or enrol when there is no `factor`."""

    key: str
    id: str
    type: str
    label: str
    method: str
    factor: str = ""

    @property
    def enrollment(self) -> str:
        """The id of the enrolment; a password has none of its own."""
        return self.factor or f"lae{self.id[3:]}"


def org(ctx: Ctx) -> dict[str, dict[str, Any]]:
    """The active authenticators by key."""
    rows = ctx.store.select("authenticator", order="oldest")
    return {str(row["key"]): row for row in rows if row["status"] == "ACTIVE"}


def choice(record: Mapping[str, Any], method: str = "", factor: str = "") -> Choice:
    """An authenticator to choose."""
    key = str(record["key"])
    known = FACTORS.get(key, ((key, "", "password" if key == PASSWORD else key),))
    return Choice(key, str(record["id"]), str(record["type"]), str(record["name"]), method or known[0][2], factor)


def held(ctx: Ctx, user: Mapping[str, Any]) -> list[Choice]:
    """What a user can prove: a password, and the active factors that are authenticators of the org."""
    known = org(ctx)
    found = []
    if PASSWORD in known and "password" in user["credentials"]:
        found.append(choice(known[PASSWORD]))
    for factor in factors.of_user(ctx, str(user["id"]), "ACTIVE"):
        for key, kinds in FACTORS.items():
            for type, provider, method in kinds:
                if key in known and (type, provider) == (factor["factorType"], factor["provider"]):
                    found.append(choice(known[key], method, str(factor["id"])))
    return found


def for_use(record: Mapping[str, Any], use: str) -> bool:
    """Whether the settings of an authenticator allow a use: `sso` or `recovery`."""
    return (record.get("settings") or {}).get("allowedFor", "any") in ("any", use)


def signing_in(ctx: Ctx, user: Mapping[str, Any]) -> list[Choice]:
    """What a user can prove to sign in: not what is for recovery only."""
    known = org(ctx)
    return [each for each in held(ctx, user) if for_use(known[each.key], "sso")]


def enrollable(ctx: Ctx, user: Mapping[str, Any]) -> tuple[list[Choice], list[Choice]]:
    """(required, optional): what a user does not hold yet, as the enrolment policy has it."""
    rules = policies.enrolment(ctx, user)
    mine = {each.key for each in held(ctx, user)}
    missing = [choice(record) for key, record in org(ctx).items()
               if key not in mine and (key in FACTORS or key == PASSWORD)]  # fmt: skip
    required = [each for each in missing if rules.get(each.key) == "REQUIRED"]
    optional = [each for each in missing if rules.get(each.key, "OPTIONAL") == "OPTIONAL" and each.key != PASSWORD]
    return required, optional


def recovering(ctx: Ctx, user: Mapping[str, Any]) -> list[Choice]:
    """What a forgotten password can be recovered with: the primary email, and phones."""
    known = org(ctx)
    mine = [each for each in held(ctx, user) if each.key == "phone_number" and for_use(known[each.key], "recovery")]
    email = choice(known[EMAIL], "email", "") if EMAIL in known and for_use(known[EMAIL], "recovery") else None
    return [*([email] if email else []), *mine]


def masked(address: str) -> str:
    """An email address as a page that may be seen by others shows it."""
    name, _, host = address.partition("@")
    return f"{name[:1]}***{name[-1:]}@{host}" if len(name) > 1 else f"{name}***@{host}"


def email_of(ctx: Ctx, user: str) -> str:
    """The primary email of a user."""
    return str(people.get(ctx, user)["profile"].get("email") or "")
