"""A transaction as the pipeline sends it: remediations as forms, authenticators as context. Changes nothing.

Source: the published responses of https://github.com/okta/okta-signin-widget (playground/mocks/data/idp/idx).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx
from twins.okta import factors, policies
from twins.okta.idx import authenticators as auth
from twins.okta.idx import register, steps
from twins.okta.idx.transactions import OFFERS, PATHS, Row, user_of
from twins.okta.times import iso

PRODUCES = "application/ion+json; okta-version=1.0.0"
ACCEPTS = "application/json; okta-version=1.0.0"
Form = list[dict[str, Any]]
LABELS = {auth.PASSWORD: "Password", "okta_verify": "Enter code"}


def action(ctx: Ctx, row: Row, name: str, path: str, form: Form | None = None, **more: Any) -> dict[str, Any]:
    """One form: where it goes and what it asks."""
    handle = {"name": "stateHandle", "required": True, "value": row["id"], "visible": False, "mutable": False}
    related = {"relatesTo": more.pop("relates")} if "relates" in more else {}
    return {
        "rel": ["create-form"], "name": name, **related, "href": f"{ctx.base_url}/idp/idx/{path}", "method": "POST",
        "produces": PRODUCES, **more, "value": [*(form or []), handle], "accepts": ACCEPTS,
    }  # fmt: skip


def body(ctx: Ctx, answer: steps.Answer) -> dict[str, Any]:
    """The whole answer."""
    row = answer.row
    user = user_of(ctx, row)
    found: dict[str, Any] = {
        "version": "1.0.0", "stateHandle": row["id"], "expiresAt": iso(ctx, row["expires"] - ctx.now),
        "intent": row["intent"],
    }  # fmt: skip
    offered = [remediation(ctx, answer, name) for name in OFFERS[row["state"]] if offers(ctx, row, name)]
    if offered:
        found["remediation"] = {"type": "array", "value": offered}
    if answer.messages:
        found["messages"] = {"type": "array", "value": answer.messages}
    found |= context(ctx, row, user)
    if user is not None and row["state"] != "IDENTIFY":
        found["user"] = {"type": "object", "value": person(user)}
    found["cancel"] = action(ctx, row, "cancel", "cancel")
    app = steps.client(ctx, row)
    if app is not None:
        found["app"] = {"type": "object", "value": {"name": app["name"], "label": app["label"], "id": app["id"]}}
    if row["state"] == "DONE":
        found["successWithInteractionCode"] = success(ctx, row)
    return found


def offers(ctx: Ctx, row: Row, name: str) -> bool:
    """Whether a remediation of the state's table is offered in this transaction."""
    match name:
        case "select-enroll-profile":
            return policies.sign_up(ctx) is not None
        case "select-authenticator-authenticate":
            return bool(row.get("choices"))
        case "skip":
            return row["state"] == "WARN" or bool(row.get("optional"))
        case "select-authenticator-enroll":
            return bool(row.get("enrollable"))
    return True


def remediation(ctx: Ctx, answer: steps.Answer, name: str) -> dict[str, Any]:
    """One remediation with its form."""
    row = answer.row
    build = FORMS.get(name)
    form = build(ctx, answer) if build else []
    relates = RELATES.get(name)
    return action(ctx, row, name, PATHS[name], form, **({"relates": [relates]} if relates else {}))


RELATES = {
    "challenge-authenticator": "$.currentAuthenticatorEnrollment",
    "enroll-authenticator": "$.currentAuthenticator",
    "authenticator-enrollment-data": "$.currentAuthenticator",
    "reenroll-authenticator": "$.currentAuthenticator",
    "reenroll-authenticator-warning": "$.currentAuthenticator",
    "reset-authenticator": "$.currentAuthenticator",
}


def one(name: str, label: str, answer: steps.Answer, **more: Any) -> dict[str, Any]:
    """A field, with what is wrong with it."""
    wrong = answer.fields.get(name)
    return {"name": name, "label": label, **more} | ({"messages": {"type": "array", "value": [wrong]}} if wrong else {})


def inner(fields: Form) -> dict[str, Any]:
    """The credentials of a form."""
    return {"name": "credentials", "type": "object", "form": {"value": fields}, "required": True}


def _identify(ctx: Ctx, answer: steps.Answer) -> Form:
    form = [one("identifier", "Username", answer, required=True)]
    if answer.row["state"] == "RECOVER":
        return form
    if not policies.sign_on(ctx, None).identifier_first:
        form.append(inner([one("passcode", "Password", answer, secret=True)]))
    return [*form, {"name": "rememberMe", "type": "boolean", "label": "Remember this device"}]


def _challenge(ctx: Ctx, answer: steps.Answer) -> Form:
    row = answer.row
    if row["current"] == auth.PASSWORD:
        return [inner([one("passcode", "Password", answer, secret=True)])]
    if row["current"] == "security_question":
        factor = factors.get(ctx, row["user"], row["factor"])
        key = {"name": "questionKey", "required": True, "value": factor["profile"]["question"], "mutable": False,
               "visible": False}  # fmt: skip
        return [inner([key, one("answer", str(factor["profile"]["questionText"]), answer, required=True)])]
    name = "totp" if row["current"] == "okta_verify" else "passcode"
    wrong = answer.fields.get("passcode")
    shown = steps.Answer(row, answer.status, [], {name: wrong} if wrong else {})
    return [inner([one(name, "Enter code", shown)])]


def _enroll(ctx: Ctx, answer: steps.Answer) -> Form:
    row = answer.row
    if row["current"] == auth.PASSWORD:
        return [inner([one("passcode", "Password", answer, secret=True)])]
    if row["current"] == "security_question":
        options = [{"label": text, "value": name} for name, text in factors.QUESTIONS.items()]
        key = {"name": "questionKey", "type": "string", "label": "Choose a security question", "required": True,
               "options": options}  # fmt: skip
        return [inner([key, one("answer", "Answer", answer, required=True)])]
    return [inner([one("passcode", "Enter code", answer, required=True)])]


def _new_password(_ctx: Ctx, answer: steps.Answer) -> Form:
    revoke = {"name": "revokeSessions", "type": "boolean", "label": "Sign me out of all other devices",
              "required": False}  # fmt: skip
    more = [revoke] if answer.row["state"] == "RESET" else []
    return [inner([one("passcode", "New password", answer, secret=True), *more])]


def _option(place: str, choice: auth.Choice, *, enroll: bool = False) -> dict[str, Any]:
    fields: Form = [{"name": "id", "required": True, "value": choice.id, "mutable": False}]
    if enroll and choice.key == "phone_number":
        fields += _phone()
    else:
        fields.append({"name": "methodType", "required": False, "value": choice.method, "mutable": False})
    if choice.key == "phone_number" and not enroll:
        fields.append({"name": "enrollmentId", "required": True, "value": choice.factor, "mutable": False})
    return {"label": choice.label, "value": {"form": {"value": fields}}, "relatesTo": place}


def _phone() -> Form:
    options = [{"label": "SMS", "value": "sms"}, {"label": "Voice call", "value": "voice"}]
    return [{"name": "methodType", "type": "string", "required": True, "options": options},
            {"name": "phoneNumber", "label": "Phone number", "required": True}]  # fmt: skip


def _select(ctx: Ctx, answer: steps.Answer) -> Form:
    options = [_option(f"$.authenticatorEnrollments.value[{place}]", each)
               for place, each in enumerate(steps.choices_of(ctx, answer.row))]  # fmt: skip
    return [{"name": "authenticator", "type": "object", "options": options}]


def enrollable(ctx: Ctx, row: Row) -> list[auth.Choice]:
    """What a transaction offers to enrol."""
    known = auth.org(ctx)
    return [auth.choice(known[key]) for key in row.get("enrollable") or () if key in known]


def _select_enroll(ctx: Ctx, answer: steps.Answer) -> Form:
    options = [_option(f"$.authenticators.value[{place}]", each, enroll=True)
               for place, each in enumerate(enrollable(ctx, answer.row))]  # fmt: skip
    return [{"name": "authenticator", "type": "object", "options": options}]


def _enroll_data(ctx: Ctx, answer: steps.Answer) -> Form:
    id = str(auth.org(ctx)["phone_number"]["id"])
    fields = [{"name": "id", "required": True, "value": id, "mutable": False, "visible": False}, *_phone()]
    return [{"name": "authenticator", "type": "object", "form": {"value": fields}, "label": "Phone", "required": True}]


def _profile(ctx: Ctx, answer: steps.Answer) -> Form:
    fields = [one(name, label, answer, required=required) for name, label, required in register.asked(ctx)]
    return [{"name": "userProfile", "form": {"value": fields}}]


FORMS: dict[str, Any] = {
    "identify": _identify,
    "identify-recovery": _identify,
    "select-authenticator-authenticate": _select,
    "challenge-authenticator": _challenge,
    "select-authenticator-enroll": _select_enroll,
    "authenticator-enrollment-data": _enroll_data,
    "enroll-authenticator": _enroll,
    "reenroll-authenticator": _new_password,
    "reenroll-authenticator-warning": _new_password,
    "reset-authenticator": _new_password,
    "enroll-profile": _profile,
}
"""Remediation → the fields of its form."""


# what it is about -----------------------------------------------------------------------------------------------------


def authenticator(choice: auth.Choice, id: str) -> dict[str, Any]:
    """An authenticator or enrolment as context."""
    return {"type": choice.type, "key": choice.key, "id": id, "displayName": choice.label,
            "methods": [{"type": choice.method}]}  # fmt: skip


def context(ctx: Ctx, row: Row, user: Mapping[str, Any] | None) -> dict[str, Any]:
    """The authenticators that the remediations relate to."""
    known, state = auth.org(ctx), row["state"]
    found: dict[str, Any] = {}
    if state == "IDENTIFY" and auth.PASSWORD in known and not policies.sign_on(ctx, None).identifier_first:
        value = authenticator(auth.choice(known[auth.PASSWORD]), str(known[auth.PASSWORD]["id"]))
        recover = {"recover": action(ctx, row, "recover", "recover")}
        allowed = policies.self_service(ctx, None, "selfServicePasswordReset")
        found["currentAuthenticator"] = {"type": "object", "value": {**(recover if allowed else {}), **value}}
    elif state == "CHALLENGE":
        found["currentAuthenticatorEnrollment"] = {"type": "object", "value": _current(ctx, row, user)}
    elif row["current"] in known:
        found["currentAuthenticator"] = {"type": "object", "value": _pending(ctx, row, user)}
    if state in ("SELECT_ENROLL", "ENROLL", "ENROLL_DATA"):
        values = [authenticator(each, each.id) for each in enrollable(ctx, row)]
        found["authenticators"] = {"type": "array", "value": values}
    if user is not None and state not in ("IDENTIFY", "DONE"):
        held = steps.choices_of(ctx, row) if state in ("SELECT", "CHALLENGE") else auth.held(ctx, user)
        values = [authenticator(each, each.enrollment) for each in held]
        found["authenticatorEnrollments"] = {"type": "array", "value": values}
    if state == "RESET":
        found["recoveryAuthenticator"] = found["currentAuthenticator"]
    return found


def _current(ctx: Ctx, row: Row, user: Mapping[str, Any] | None) -> dict[str, Any]:
    held = next((each for each in steps.choices_of(ctx, row) if each.key == row["current"]), None)
    choice = held or auth.choice(auth.org(ctx)[row["current"]], "", row["factor"] or "")
    found: dict[str, Any] = {}
    if choice.key == auth.PASSWORD:
        if policies.self_service(ctx, user, "selfServicePasswordReset"):
            found["recover"] = action(ctx, row, "recover", "recover")
    elif choice.key in (auth.EMAIL, "phone_number"):
        found["resend"] = action(ctx, row, "resend", "challenge/resend")
    if choice.key == auth.EMAIL:
        found["poll"] = action(ctx, row, "poll", "challenge/poll", refresh=4000)
        found["profile"] = {"email": auth.masked(auth.email_of(ctx, row["user"]))}
    if choice.key == "security_question":
        profile = factors.get(ctx, row["user"], row["factor"])["profile"]
        question = {"questionKey": profile["question"], "question": profile["questionText"]}
        found["contextualData"] = {"enrolledQuestion": question}
    return {**found, **authenticator(choice, choice.enrollment)}


def _pending(ctx: Ctx, row: Row, user: Mapping[str, Any] | None) -> dict[str, Any]:
    record = auth.org(ctx)[row["current"]]
    found: dict[str, Any] = {}
    if row["current"] == auth.PASSWORD:
        found["settings"] = steps.requirements(ctx, user)
        if row["state"] == "WARN" and user is not None:
            found["settings"]["daysToExpiry"] = steps.warning(ctx, user)
    elif row["factor"]:
        factor = factors.get(ctx, row["user"], row["factor"])
        if "~secret" in factor:
            found["contextualData"] = {"sharedSecret": factor["~secret"], "qrcode": {
                "method": "embedded", "type": "image/png",
                "href": f"{ctx.base_url}/api/v1/users/{row['user']}/factors/{row['factor']}/qr/{row['factor']}",
            }}  # fmt: skip
        elif factor["factorType"] in factors.SENT:
            found["resend"] = action(ctx, row, "resend", "challenge/resend")
            found["profile"] = dict(factor["profile"])
    elif row["current"] == "security_question":
        questions = [{"questionKey": name, "question": text} for name, text in factors.QUESTIONS.items()]
        found["contextualData"] = {"questionKeys": ["custom", *factors.QUESTIONS], "questions": questions}
    return {**found, **authenticator(auth.choice(record), str(record["id"]))}


def person(user: Mapping[str, Any]) -> dict[str, Any]:
    """The user as context."""
    profile = user["profile"]
    names = {name: profile.get(name) for name in ("firstName", "lastName")}
    more = {"timeZone": profile.get("timezone", "America/Los_Angeles"), "locale": profile.get("locale", "en_US")}
    return {"id": user["id"], "identifier": profile["login"], "profile": {**names, **more}}


def success(ctx: Ctx, row: Row) -> dict[str, Any]:
    """Where the interaction code becomes tokens."""
    at = f"{ctx.base_url}/oauth2/{row['path']}" if row["path"] != "org" else f"{ctx.base_url}/oauth2"
    values = [
        {"name": "grant_type", "required": True, "value": "interaction_code"},
        {"name": "interaction_code", "required": True, "value": row["code"]},
        {"name": "client_id", "required": True, "value": row["fields"]["client_id"]},
        {"name": "code_verifier", "required": True},
    ]
    return {"rel": ["create-form"], "name": "issue", "href": f"{at}/v1/token", "method": "POST", "value": values,
            "accepts": "application/x-www-form-urlencoded"}  # fmt: skip


def only(text: str, key: str) -> dict[str, Any]:
    """An answer that has nothing but a message."""
    return {"version": "1.0.0", "messages": {"type": "array", "value": [steps.message(text, key)]}}
