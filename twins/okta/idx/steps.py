"""What each step of the pipeline does to a transaction; an `Answer` says how it went.

Source: https://developer.okta.com/docs/concepts/interaction-code/; the messages are those of the responses that
https://github.com/okta/okta-signin-widget (playground/mocks) and https://github.com/okta/okta-auth-js publish.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from twinkit import Ctx, ServiceError
from twins.okta import apps, assurance, credentials, factors, lifecycle, passwords, people, policies, syslog
from twins.okta.handlers import users
from twins.okta.idx import authenticators as auth
from twins.okta.idx.transactions import Row, move, save, user_of
from twins.okta.times import seconds

CODE_LIFE = 300


@dataclass(slots=True)
class Answer:
    """The transaction after a step, with what is wrong: for the whole form, or for one of its fields."""

    row: Row
    status: int = 200
    messages: list[dict[str, Any]] = field(default_factory=list)
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)


def message(text: str, key: str, *params: str, kind: str = "ERROR", shape: bool = False) -> dict[str, Any]:
    """One message; `shape` shows its (empty) parameters."""
    i18n: dict[str, Any] = {"key": key} | ({"params": list(params)} if params or shape else {})
    return {"message": text, "i18n": i18n, "class": kind}


def refused(row: Row, text: str, key: str, status: int = 401) -> Answer:
    """A step that did not succeed."""
    return Answer(row, status, [message(text, key)])


def bad_code(row: Row) -> Answer:
    """A code that is wrong or too old: the message belongs to its field."""
    wrong = message("Invalid code. Try again.", "api.authn.error.PASSCODE_INVALID", shape=True)
    return Answer(row, 401, fields={"passcode": wrong})


DENIED = ("You do not have permission to perform the requested action.", "security.access_denied")
FAILED = ("Authentication failed", "errors.E0000004")
WRONG = ("Password is incorrect", "incorrectPassword")
BLOCKED = frozenset({"STAGED", "SUSPENDED", "DEPROVISIONED"})


# who it is ------------------------------------------------------------------------------------------------------------


def identify(ctx: Ctx, row: Row, identifier: str, passcode: str) -> Answer:
    """A user name, with the password or without it."""
    row["identifier"] = identifier
    user = people.find(ctx, identifier)
    if row["state"] == "RECOVER":
        return _recover_for(ctx, row, user, identifier)
    if passcode:
        if user is None or user["status"] in BLOCKED:
            return refused(row, *FAILED)
        wrong = _password(ctx, row, user, passcode, FAILED)
        return wrong or settle(ctx, move(row, "IDENTIFY", user=user["id"], proved=[auth.PASSWORD]))
    if user is None or user["status"] in BLOCKED:
        text = f"There is no account with the Username {identifier}."
        return Answer(row, 200, [message(text, "idx.unknown.user", kind="INFO", shape=True)])
    return offer(ctx, move(row, "SELECT", user=user["id"]), auth.signing_in(ctx, user))


def _password(ctx: Ctx, row: Row, user: dict[str, Any], passcode: str, words: tuple[str, str]) -> Answer | None:
    name = str(row.get("identifier") or user["profile"]["login"])
    if user["status"] == "LOCKED_OUT" or not users.signs_in(ctx, user, name, passcode):
        if user["status"] != "LOCKED_OUT":
            users.locked(ctx, user)
        person = syslog.person(user)
        syslog.write(ctx, "user.session.start", "User login to Okta", person, actor=person, outcome="FAILURE",
                     reason="INVALID_CREDENTIALS")  # fmt: skip
        return refused(row, *words)
    return None


def offer(ctx: Ctx, row: Row, choices: list[auth.Choice]) -> Answer:
    """Let a person choose; a single authenticator is challenged at once."""
    row["choices"] = [[each.key, each.method, each.factor] for each in choices]
    if not choices:
        return refused(row, *DENIED, status=403)
    if len(choices) == 1:
        return challenge(ctx, row, choices[0])
    return Answer(save(ctx, move(row, "SELECT", current=None, factor=None, sent=None)))


def chosen(ctx: Ctx, row: Row, id: str, method: str, enrollment: str = "") -> auth.Choice | None:
    """The choice that was offered with this authenticator id (or enrolment) and, where given, method."""
    for each in choices_of(ctx, row):
        if id == each.id and method in ("", each.method) and enrollment in ("", each.enrollment):
            return each
    return None


def choices_of(ctx: Ctx, row: Row) -> list[auth.Choice]:
    """What a transaction offers to be proved."""
    known = auth.org(ctx)
    return [auth.choice(known[key], method, factor) for key, method, factor in row.get("choices") or () if key in known]


def challenge(ctx: Ctx, row: Row, choice: auth.Choice) -> Answer:
    """Ask for the proof of an authenticator; a code is sent where codes are sent."""
    move(row, "CHALLENGE", current=choice.key, factor=choice.factor or None, sent=None)
    return send(ctx, row)


def send(ctx: Ctx, row: Row) -> Answer:
    """Send a code by email, or by the factor."""
    if row["current"] == auth.EMAIL and not row["factor"]:
        row["sent"] = {"code": f"{ctx.draw('otp', 1_000_000):06}", "at": ctx.now}
    elif row["factor"]:
        factor = factors.get(ctx, row["user"], row["factor"])
        if factor["factorType"] in factors.SENT:
            try:
                factors.send(ctx, factor)
            except ServiceError as error:
                return refused(save(ctx, row), str(error.body["errorSummary"]), f"errors.{error.name}", 429)
    return Answer(save(ctx, row))


# proving it -----------------------------------------------------------------------------------------------------------


def answer(ctx: Ctx, row: Row, given: Mapping[str, Any]) -> Answer:
    """What a person says to the current challenge, enrolment or change of password."""
    text = next((str(given[name]) for name in ("passcode", "otp", "totp", "answer") if given.get(name)), "")
    user = people.get(ctx, row["user"])
    match row["state"]:
        case "REENROLL" | "RESET" | "WARN":
            return _new_password(ctx, row, user, text)
        case "ENROLL":
            return _enrolled(ctx, row, user, given, text)
    if row["current"] == auth.PASSWORD:
        wrong = _password(ctx, row, user, text, WRONG)
        return wrong or _proved(ctx, row)
    return _proved(ctx, row) if _fits(ctx, row, text) else bad_code(row)


def _fits(ctx: Ctx, row: Row, text: str) -> bool:
    if row["factor"]:
        try:
            factors.prove(ctx, factors.get(ctx, row["user"], row["factor"]), {"passCode": text, "answer": text})
        except ServiceError:
            return False
        return True
    sent = row["sent"]
    return bool(sent) and sent["code"] == text and ctx.now - sent["at"] <= CODE_LIFE


def _proved(ctx: Ctx, row: Row) -> Answer:
    row["proved"] = [*row["proved"], row["current"]]
    if row["intent"] == "CREDENTIAL_RECOVERY":
        return Answer(save(ctx, move(row, "RESET", current=auth.PASSWORD, factor=None)))
    return settle(ctx, row)


def _new_password(ctx: Ctx, row: Row, user: dict[str, Any], text: str) -> Answer:
    why = credentials.objection(ctx, user, text)
    if why is not None:
        wrong = message(why, "password.passwordRequirementsNotMet", shape=True)
        return Answer(row, 400, fields={"passcode": wrong})
    credentials.set_plain(ctx, user, text)
    people.save(ctx, user, "ACTIVE")
    syslog.write(ctx, "user.account.update_password", "User update password for Okta", syslog.person(user))
    if auth.PASSWORD not in row["proved"]:
        row["proved"] = [*row["proved"], auth.PASSWORD]
    return settle(ctx, row)


# enrolling ------------------------------------------------------------------------------------------------------------


def enroll(ctx: Ctx, row: Row, choice: auth.Choice, given: Mapping[str, Any]) -> Answer:
    """Begin to enrol an authenticator."""
    move(row, "ENROLL", current=choice.key, factor=None, sent=None)
    if choice.key in (auth.PASSWORD, "security_question"):
        return Answer(save(ctx, row))
    if choice.key == "phone_number" and not given.get("phoneNumber"):
        return Answer(save(ctx, move(row, "ENROLL_DATA")))
    method = str(given.get("methodType") or given.get("channel") or choice.method)
    type, provider = next(
        ((type, provider) for type, provider, name in auth.FACTORS[choice.key] if name == method),
        auth.FACTORS[choice.key][0][:2],
    )
    body = {"factorType": type, "provider": provider, "profile": {"phoneNumber": given.get("phoneNumber")}}
    try:
        made = factors.enroll(ctx, people.get(ctx, row["user"]), body, activate=False)
    except ServiceError as error:
        return refused(
            save(ctx, move(row, "ENROLL_DATA")), str(error.body["errorSummary"]), f"errors.{error.name}", 400
        )
    return Answer(save(ctx, move(row, "ENROLL", factor=made["id"])))


def _enrolled(ctx: Ctx, row: Row, user: dict[str, Any], given: Mapping[str, Any], text: str) -> Answer:
    if row["current"] == auth.PASSWORD:
        return _new_password(ctx, row, user, text)
    if row["current"] == "security_question":
        profile = {"question": given.get("questionKey"), "answer": given.get("answer")}
        try:
            factors.enroll(ctx, user, {"factorType": "question", "profile": profile}, activate=False)
        except ServiceError as error:
            causes = error.body["errorCauses"] or [error.body]
            return refused(row, str(causes[0]["errorSummary"]).partition(": ")[2], f"errors.{error.name}", 400)
    elif not _fits(ctx, row, text):
        return bad_code(row)
    else:
        ctx.store.update("user_factor", row["factor"], status="ACTIVE")
    syslog.write(ctx, "user.mfa.factor.activate", "Enroll or activate factor for user", syslog.person(user))
    row["proved"] = [*row["proved"], row["current"]]
    return settle(ctx, row)


def skip(ctx: Ctx, row: Row) -> Answer:
    """Go on without what is optional."""
    row |= {"warned": True} if row["state"] == "WARN" else {"skipped": True}
    return settle(ctx, row)


# what comes next ------------------------------------------------------------------------------------------------------


def settle(ctx: Ctx, row: Row) -> Answer:
    """Whatever a person must still do: change the password, prove more, enrol; else the transaction is done."""
    user = people.get(ctx, row["user"])
    app, terms = client(ctx, row), policies.sign_on(ctx, user)
    asked = assurance.asked(ctx, app, user) if app is not None else assurance.Asked()
    if not (terms.access and asked.access):
        return refused(row, *DENIED, status=403)
    must = (terms.factor or asked.factor or wants_two(row)) and len(set(row["proved"])) < 2
    if auth.PASSWORD in row["proved"]:
        if user["status"] in ("PASSWORD_EXPIRED", "RECOVERY") or credentials.expired(ctx, user):
            return Answer(save(ctx, move(row, "REENROLL", current=auth.PASSWORD, factor=None)))
        if not row["warned"] and warning(ctx, user) is not None:
            return Answer(save(ctx, move(row, "WARN", current=auth.PASSWORD, factor=None)))
    if must:
        left = [each for each in auth.signing_in(ctx, user) if each.key not in row["proved"]
                and asked.allows(each.key, each.method)]  # fmt: skip
        if left:
            return offer(ctx, row, left)
    required, optional = auth.enrollable(ctx, user)
    new = row["intent"] == "ENROLL_NEW_USER"
    if new and _unverified(ctx, user):
        required = [*(each for each in (*required, *optional) if each.key == auth.EMAIL), *required]
    if must:
        required, optional = ([each for each in some if asked.allows(each.key, each.method)
                               or each.key == auth.PASSWORD] for some in (required, optional))  # fmt: skip
        if not (required or optional):
            return refused(row, *DENIED, status=403)
    if required or (must and optional) or (new and optional and not row["skipped"]):
        row["enrollable"] = [each.key for each in (required or optional)]
        row["optional"] = not required and not must
        return Answer(save(ctx, move(row, "SELECT_ENROLL", current=None, factor=None)))
    return done(ctx, row, user)


LEVELS = frozenset({"urn:okta:loa:2fa:any", "phr", "phrh"})
"""Values of `acr_values` that need two factors."""


def wants_two(row: Row) -> bool:
    """Whether the request itself asks for two factors."""
    return row["fields"].get("acr_values") in LEVELS


def _unverified(ctx: Ctx, user: Mapping[str, Any]) -> bool:
    action = policies.sign_up(ctx) or {}
    needed = (action.get("activationRequirements") or {}).get("emailVerification")
    return bool(needed) and all(each.key != auth.EMAIL for each in auth.held(ctx, user))


def warning(ctx: Ctx, user: Mapping[str, Any]) -> int | None:
    """The days until the password must be changed, once they are few enough to warn of."""
    age, changed = credentials.policy(ctx, user)["age"], user.get("passwordChanged")
    most, ahead = int(age.get("maxAgeDays") or 0), int(age.get("expireWarnDays") or 0)
    if not (most and ahead and changed):
        return None
    left = (seconds(str(changed)) + most * 86_400 - ctx.now) // 86_400
    return left if left <= ahead else None


def done(ctx: Ctx, row: Row, user: dict[str, Any]) -> Answer:
    """All is proved: the interaction code."""
    if user["status"] in ("STAGED", "PROVISIONED"):
        people.save(ctx, user, "ACTIVE")
    app = apps.client(ctx, str(row["fields"].get("client_id", "")))
    if not row["hosted"] and (app is None or not apps.assigned(ctx, str(app["id"]), user["id"])):
        move(row, "IDENTIFY", user=None, proved=[], current=None, intent="LOGIN")
        text, key = "User is not assigned to this application.", "idx.error.user.not.assigned.to.app"
        return refused(save(ctx, row), text, key, 403)
    users.signed_in(ctx, user)
    row["amr"] = amr(row["proved"])
    return Answer(save(ctx, move(row, "DONE", current=None, factor=None)))


AMR = {auth.PASSWORD: "pwd", "google_otp": "otp", "okta_verify": "otp", auth.EMAIL: "email", "phone_number": "sms",
       "security_question": "kba"}  # fmt: skip


def amr(proved: list[str]) -> list[str]:
    """How a person has proved who it is, as tokens say it; `mfa` for more than one way."""
    found = list(dict.fromkeys(AMR.get(key, key) for key in proved))
    return [*found, "mfa"] if len(found) > 1 else found or ["pwd"]


# forgotten passwords and new people -----------------------------------------------------------------------------------


def recover(ctx: Ctx, row: Row) -> Answer:
    """The password is forgotten."""
    user = user_of(ctx, row)
    move(row, "RECOVER", current=None, factor=None, proved=[])
    return Answer(save(ctx, row)) if user is None else _recover_for(ctx, row, user, "")


def _recover_for(ctx: Ctx, row: Row, user: dict[str, Any] | None, identifier: str) -> Answer:
    if user is None or user["status"] not in lifecycle.TRANSITIONS["forgot_password"].sources:
        text = f"There is no account with the Username {identifier}."
        return Answer(row, 200, [message(text, "idx.unknown.user", kind="INFO", shape=True)])
    if not policies.self_service(ctx, user, "selfServicePasswordReset"):
        return refused(row, "Reset password is not allowed at this time. Please contact support for assistance.",
                       "oie.selfservice.reset.password.not.allowed", 403)  # fmt: skip
    syslog.write(ctx, "user.account.reset_password", "User reset password for Okta", syslog.person(user))
    return offer(ctx, move(row, "SELECT", user=user["id"], intent="CREDENTIAL_RECOVERY"), auth.recovering(ctx, user))


def client(ctx: Ctx, row: Row) -> dict[str, Any] | None:
    """The application a transaction is for."""
    if row["fields"].get("saml"):
        return ctx.store.find("application", row["fields"]["saml"])
    return apps.client(ctx, str(row["fields"].get("client_id", "")))


def requirements(ctx: Ctx, user: Mapping[str, Any] | None) -> dict[str, Any]:
    """The password settings a form shows."""
    rules = credentials.policy(ctx, user) if user else {"complexity": passwords.DEFAULT_COMPLEXITY,
                                                         "age": passwords.DEFAULT_AGE}  # fmt: skip
    names = ("minLength", "minLowerCase", "minUpperCase", "minNumber", "minSymbol", "excludeUsername")
    age = {name: rules["age"].get(name, 0) for name in ("minAgeMinutes", "historyCount")}
    excluded = rules["complexity"].get("excludeAttributes") or ()
    complexity = {name: rules["complexity"].get(name) for name in names} | {"excludeAttributes": list(excluded)}
    return {"complexity": complexity, "age": age}
