"""MyAccount: what people change of themselves, with an access token of their own.

Source: https://developer.okta.com/docs/api/openapi/okta-myaccount/myaccount/ (profile, emails, phones, password,
organization, sessions). Phones are the person's SMS factors; a code that is sent is read by the control call
`factor_code`.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Reply, Request
from twins.okta import credentials, errors, factors, passwords, people, profiles, rules, syslog, twin
from twins.okta.handlers import sessions
from twins.okta.handlers.org import setting
from twins.okta.idx.steps import CODE_LIFE
from twins.okta.times import iso

ROLES = {"PRIMARY": "email", "SECONDARY": "secondEmail"}
"""Role of an address → attribute of the profile."""
FIXED = frozenset({"login", "email", "secondEmail"})
"""What a profile does not change by itself."""


def me(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Who asks: the user of the access token. Raises E0000005 for a token of nobody."""
    principal = request.principal
    if principal is None or not principal.account:
        raise errors.error("E0000005")
    return people.get(ctx, principal.account)


def at(ctx: Ctx, path: str) -> str:
    """An address below /idp/myaccount."""
    return f"{ctx.base_url}/idp/myaccount{path}"


def link(ctx: Ctx, path: str, *may: str) -> dict[str, Any]:
    """A link below it, with what may be done there."""
    return {"href": at(ctx, path), "hints": {"allow": list(may)}}


# profile -------------------------------------------------------------------------------------------------------------


def profile_shown(ctx: Ctx, user: dict[str, Any]) -> dict[str, Any]:
    """A person's profile."""
    links = {"self": {"href": at(ctx, "/profile")}, "describedBy": {"href": at(ctx, "/profile/schema")}}
    return {"createdAt": user["created"], "modifiedAt": user["lastUpdated"], "profile": user["profile"],
            "_links": links}  # fmt: skip


@twin.handler("getProfile")
def get_profile(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One's profile."""
    return profile_shown(ctx, me(ctx, request))


@twin.handler("replaceProfile")
def replace_profile(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A whole new profile; addresses stay, they have operations of their own. Raises E0000001."""
    user = me(ctx, request)
    kept = {name: value for name, value in user["profile"].items() if name in FIXED}
    given = {name: value for name, value in ((request.body or {}).get("profile") or {}).items() if name not in FIXED}
    user["profile"] = profiles.checked(ctx, {**kept, **given}, user["profile"], user["type"]["id"], user["id"])
    people.save(ctx, user)
    rules.evaluate(ctx, user)
    syslog.write(ctx, "user.account.update_profile", "Update user profile for Okta", syslog.person(user),
                 actor=syslog.person(user))  # fmt: skip
    return profile_shown(ctx, user)


@twin.handler("getProfileSchema")
def profile_schema(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The attributes of one's profile."""
    from twins.okta import schemas

    base, custom = schemas.attributes(ctx, "user", schemas.of_type(me(ctx, request)["type"]["id"]))
    return {"properties": {**base, **custom}, "_links": {"self": {"href": at(ctx, "/profile/schema")}}}


# emails --------------------------------------------------------------------------------------------------------------


def email_shown(ctx: Ctx, row: dict[str, Any]) -> dict[str, Any]:
    """An address with its links."""
    path = f"/emails/{row['id']}"
    may = ("GET", "DELETE") if row["roles"] != ["PRIMARY"] else ("GET",)
    links = {"self": link(ctx, path, *may), "challenge": link(ctx, f"{path}/challenge", "POST")}
    return {name: row[name] for name in ("id", "status", "profile", "roles")} | {"_links": links}


def emails_of(ctx: Ctx, user: dict[str, Any]) -> list[dict[str, Any]]:
    """The addresses of a person: those of the profile, and those that wait for their proof."""
    rows = []
    for role, name in ROLES.items():
        if user["profile"].get(name):
            rows.append({"id": f"ema{role[:3].lower()}{user['id'][3:]}", "status": "VERIFIED", "roles": [role],
                         "profile": {"email": user["profile"][name]}})  # fmt: skip
    return [*rows, *ctx.store.select("my_email", parent=user["id"], order="oldest")]


def email(ctx: Ctx, request: Request, user: dict[str, Any]) -> dict[str, Any]:
    """The address of a request. Raises E0000007."""
    wanted = str(request.path["id"])
    found = next((row for row in emails_of(ctx, user) if row["id"] == wanted), None)
    if found is None:
        raise errors.error("E0000007", f"Resource not found: {wanted} (UserEmail)")
    return found


@twin.handler("listEmails")
def list_emails(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """One's addresses."""
    return [email_shown(ctx, row) for row in emails_of(ctx, me(ctx, request))]


@twin.handler("createEmail")
def add_email(ctx: Ctx, request: Request) -> Reply:
    """Another address, which becomes what its role says once it is proved."""
    user, body = me(ctx, request), request.body or {}
    address = str((body.get("profile") or {}).get("email") or "")
    role = str(body.get("role") or "SECONDARY")
    if address in (row["profile"]["email"] for row in emails_of(ctx, user)):
        raise errors.taken("email")
    row = {"id": ctx.new_id("ema{alnum:17}"), "status": "UNVERIFIED", "roles": [role], "profile": {"email": address}}
    ctx.store.insert("my_email", row, id=str(row["id"]), parent=user["id"], created=ctx.micros)
    shown = email_shown(ctx, row)
    if body.get("sendEmail", True):
        challenge = challenged(ctx, user, row)
        shown["_links"] |= {name: each for name, each in challenge["_links"].items() if name != "self"}
    return Reply(201, shown)


@twin.handler("getEmail")
def get_email(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One of them."""
    return email_shown(ctx, email(ctx, request, me(ctx, request)))


@twin.handler("deleteEmail")
def delete_email(ctx: Ctx, request: Request) -> Reply:
    """An address goes; not the primary one."""
    user = me(ctx, request)
    row = email(ctx, request, user)
    if row["roles"] == ["PRIMARY"] and row["status"] == "VERIFIED":
        raise errors.error("E0000001", "id", causes=("The primary email cannot be deleted.",))
    if row["status"] == "VERIFIED":
        user["profile"][ROLES["SECONDARY"]] = None
        people.save(ctx, user)
    else:
        ctx.store.delete("my_email", row["id"])
    return Reply(204)


def challenged(ctx: Ctx, user: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """Send a code to an address; the challenge."""
    id = ctx.new_id("myaccount.{alnum:20}")
    made = {"id": id, "email": row["id"], "user": user["id"], "status": "UNVERIFIED", "at": ctx.now,
            "code": f"{ctx.draw('otp', 1_000_000):06}", "expiresAt": iso(ctx, CODE_LIFE)}  # fmt: skip
    ctx.store.insert("my_challenge", made, id=id, parent=user["id"], created=ctx.micros)
    return challenge_shown(ctx, made, row)


def challenge_shown(ctx: Ctx, made: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """A challenge with its links."""
    path = f"/emails/{row['id']}/challenge/{made['id']}"
    links = {"verify": link(ctx, f"{path}/verify", "POST"), "poll": link(ctx, path, "GET")}
    return {"id": made["id"], "status": made["status"], "expiresAt": made["expiresAt"], "profile": row["profile"],
            "_links": links}  # fmt: skip


@twin.handler("sendEmailChallenge")
def send_challenge(ctx: Ctx, request: Request) -> Reply:
    """A code for an address."""
    user = me(ctx, request)
    return Reply(201, challenged(ctx, user, email(ctx, request, user)))


def challenge(ctx: Ctx, request: Request, user: dict[str, Any]) -> dict[str, Any]:
    """The challenge of a request. Raises E0000007."""
    wanted = str(request.path["challengeId"])
    found = ctx.store.find("my_challenge", wanted)
    if found is None or found["user"] != user["id"] or found["email"] != request.path["id"]:
        raise errors.error("E0000007", f"Resource not found: {wanted} (EmailChallenge)")
    return found


@twin.handler("pollChallengeForEmailMagicLink")
def poll(ctx: Ctx, request: Request) -> dict[str, Any]:
    """How a challenge stands."""
    user = me(ctx, request)
    made = challenge(ctx, request, user)
    return challenge_shown(ctx, made, email(ctx, request, user))


@twin.handler("verifyEmailOtp")
def verify_email(ctx: Ctx, request: Request) -> Reply:
    """Prove an address by the code. Raises E0000068, E0000083."""
    user = me(ctx, request)
    made, row = challenge(ctx, request, user), email(ctx, request, user)
    if made["code"] != str((request.body or {}).get("verificationCode")):
        raise errors.error("E0000068", causes=(factors.WRONG,))
    if ctx.now - made["at"] > CODE_LIFE:
        raise errors.error("E0000083")
    ctx.store.update("my_challenge", made["id"], status="VERIFIED")
    if row["status"] == "UNVERIFIED":
        user["profile"][ROLES[row["roles"][0]]] = row["profile"]["email"]
        people.save(ctx, user)
        ctx.store.delete("my_email", row["id"])
    return Reply(200, {})


# phones --------------------------------------------------------------------------------------------------------------


def phone_shown(ctx: Ctx, factor: dict[str, Any]) -> dict[str, Any]:
    """A phone with its links."""
    path = f"/phones/{factor['id']}"
    proved = factor["status"] == "ACTIVE"
    links = {"self": link(ctx, path, "GET", "DELETE"), "challenge": link(ctx, f"{path}/challenge", "POST")}
    if not proved:
        links["verify"] = link(ctx, f"{path}/verify", "POST")
    return {"id": factor["id"], "profile": {"phoneNumber": factor["profile"]["phoneNumber"]},
            "status": "VERIFIED" if proved else "UNVERIFIED", "_links": links}  # fmt: skip


def phones_of(ctx: Ctx, user: str) -> list[dict[str, Any]]:
    """The phones of a person."""
    return [row for row in factors.of_user(ctx, user) if row["factorType"] in ("sms", "call")]


def phone(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The phone of a request. Raises E0000007."""
    wanted = str(request.path["id"])
    found = next((row for row in phones_of(ctx, me(ctx, request)["id"]) if row["id"] == wanted), None)
    if found is None:
        raise errors.error("E0000007", f"Resource not found: {wanted} (UserPhone)")
    return found


@twin.handler("listPhones")
def list_phones(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """One's phones."""
    return [phone_shown(ctx, row) for row in phones_of(ctx, me(ctx, request)["id"])]


@twin.handler("createPhone")
def add_phone(ctx: Ctx, request: Request) -> Reply:
    """Another phone, to which a code is sent. Raises E0000098."""
    body = request.body or {}
    kind = {"CALL": "call"}.get(str(body.get("method")), "sms")
    asked = {"factorType": kind, "provider": "OKTA", "profile": dict(body.get("profile") or {})}
    return Reply(201, phone_shown(ctx, factors.enroll(ctx, me(ctx, request), asked, activate=False)))


@twin.handler("getPhone")
def get_phone(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One of them."""
    return phone_shown(ctx, phone(ctx, request))


@twin.handler("deletePhone")
def delete_phone(ctx: Ctx, request: Request) -> Reply:
    """A phone goes."""
    ctx.store.delete("user_factor", phone(ctx, request)["id"])
    return Reply(204)


@twin.handler("sendPhoneChallenge")
def send_phone(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Send a code to a phone. Raises E0000109 when one was sent a moment ago."""
    row = phone(ctx, request)
    factors.send(ctx, row)
    return {"_links": {"verify": link(ctx, f"/phones/{row['id']}/verify", "POST")}}


@twin.handler("verifyPhoneChallenge")
def verify_phone(ctx: Ctx, request: Request) -> Reply:
    """Prove a phone by the code. Raises E0000068, E0000083."""
    row = phone(ctx, request)
    factors.prove(ctx, row, {"passCode": (request.body or {}).get("verificationCode")})
    ctx.store.update("user_factor", row["id"], status="ACTIVE")
    return Reply(204)


# password, organization, sessions ------------------------------------------------------------------------------------


def password_shown(ctx: Ctx, user: dict[str, Any]) -> dict[str, Any]:
    """Whether a person has a password, since when. Raises E0000007 where there is none."""
    if "password" not in user["credentials"]:
        raise errors.error("E0000007", f"Resource not found: {user['id']} (UserPassword)")
    links = {"self": link(ctx, "/password", "GET", "PUT", "DELETE")}
    return {"id": f"pwd{user['id'][3:]}", "created": user["passwordChanged"], "lastUpdated": user["passwordChanged"],
            "status": "ACTIVE", "_links": links}  # fmt: skip


@twin.handler("getPassword")
def get_password(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One's password, but not what it is."""
    return password_shown(ctx, me(ctx, request))


def new_password(ctx: Ctx, user: dict[str, Any], text: str) -> dict[str, Any]:
    """Give a person another password. Raises E0000001 for one that the policy refuses."""
    why = credentials.objection(ctx, user, text)
    if why is not None:
        raise errors.validation("password", f"password: {why}")
    credentials.set_plain(ctx, user, text)
    people.save(ctx, user)
    syslog.write(ctx, "user.account.update_password", "User update password for Okta", syslog.person(user),
                 actor=syslog.person(user))  # fmt: skip
    return password_shown(ctx, user)


@twin.handler("createPassword", "replacePassword")
def put_password(ctx: Ctx, request: Request) -> Reply:
    """A first password (POST), or another one (PUT)."""
    user = me(ctx, request)
    held = "password" in user["credentials"]
    if held and request.method == "POST":
        raise errors.validation("password", "password: A password has already been set")
    if not held and request.method == "PUT":
        password_shown(ctx, user)
    return Reply(201, new_password(ctx, user, str(((request.body or {}).get("profile") or {}).get("password") or "")))


@twin.handler("updatePassword")
def change_password(ctx: Ctx, request: Request) -> Reply:
    """Another password, by the old one. Raises E0000014."""
    user, body = me(ctx, request), request.body or {}
    held = people.secret_of(ctx, user["id"]).get("password")
    if not held or not passwords.fits(str(body.get("oldPassword")), held):
        raise credentials.failed("Old Password is not correct")
    new_password(ctx, user, str(body.get("newPassword") or ""))
    return Reply(204)


@twin.handler("deletePassword")
def delete_password(ctx: Ctx, request: Request) -> Reply:
    """One has no password any longer. Raises E0000007."""
    user = me(ctx, request)
    password_shown(ctx, user)
    user["credentials"] = {name: each for name, each in user["credentials"].items() if name != "password"}
    people.keep_secret(ctx, user["id"], password=None)
    people.save(ctx, user)
    return Reply(204)


@twin.handler("getPasswordRequirements")
def requirements(ctx: Ctx, request: Request) -> dict[str, Any]:
    """What the policy asks of one's password."""
    held = credentials.policy(ctx, me(ctx, request))
    links = {"self": link(ctx, "/password/complexity-requirements", "GET")}
    return {"complexity": held["complexity"], "age": held["age"], "_links": links}


@twin.handler("getOrganization")
def organization(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The org that one is in."""
    me(ctx, request)
    name = setting(ctx, "org", {"companyName": "Twinkit"})["companyName"]
    return {"name": name, "url": ctx.base_url, "supportEmail": "", "helpLink": "",
            "_links": {"self": link(ctx, "/organization", "GET")}}  # fmt: skip


@twin.handler("deleteSessions")
def end_sessions(ctx: Ctx, request: Request) -> Reply:
    """Sign out everywhere."""
    sessions.end_all(ctx, me(ctx, request)["id"], tokens=False)
    return Reply(204)
