"""Self-service registration: which attributes are asked, what is wrong with them, the new person.

Source: https://developer.okta.com/docs/concepts/policies/#user-profile-policies and
https://developer.okta.com/docs/reference/registration-hook/ (the texts of its `error`).
Imports: the kit's public names, the twin.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from twinkit import Ctx, ServiceError
from twins.okta import inline_hooks, people, policies, profiles, rules, syslog
from twins.okta.idx.steps import DENIED, Answer, message, refused, settle
from twins.okta.idx.transactions import Row, move, save

ASKED = (("email", "Email", True), ("firstName", "First name", True), ("lastName", "Last name", True))
KEY = "errors.E0000135"
FAILED = ("There was an error creating your account. Please try registering again", "errors.E0000134")


def asked(ctx: Ctx) -> list[tuple[str, str, bool]]:
    """The attributes that a new person is asked for: name, label, required."""
    action = policies.sign_up(ctx) or {}
    rows = [(str(each["name"]), str(each.get("label") or each["name"]), bool(each.get("required")))
            for each in action.get("profileAttributes") or ()]  # fmt: skip
    return rows or list(ASKED)


def open_form(ctx: Ctx, row: Row) -> Answer:
    """The form of a new person, where people may register."""
    if policies.sign_up(ctx) is None:
        return refused(row, *DENIED, status=403)
    return Answer(save(ctx, move(row, "PROFILE", user=None, proved=[])))


def create(ctx: Ctx, row: Row, given: Mapping[str, Any]) -> Answer:
    """A new person from the form. What is wrong is told at its field."""
    labels = {name: label for name, label, _ in asked(ctx)}
    wrong = {
        name: message("This field cannot be left blank", "model.validation.field.blank", shape=True)
        for name, _, required in asked(ctx)
        if required and not given.get(name)
    }
    profile = {
        **{name: given[name] for name in given if name in labels},
        "login": given.get("login") or given.get("email"),
    }
    if profile.get("email") and not re.match(profiles.EMAIL, str(profile["email"])):
        text = "'Email' must be in the form of an email address"
        wrong["email"] = message(text, "registration.error.invalidLoginEmail", "Email")
    elif profile.get("login") and people.by_login(ctx, str(profile["login"])) is not None:
        wrong["email"] = message(
            "A user with this Email already exists", "registration.error.notUniqueWithinOrg", "Email"
        )
    if wrong:
        return Answer(row, 400, fields=wrong)
    let_in = hooked(ctx, row, profile)
    if isinstance(let_in, Answer):
        return let_in
    try:
        checked = profiles.checked(ctx, let_in, {})
    except ServiceError as error:
        return refuse(row, error)
    user = people.record(ctx, checked, "STAGED")
    people.note_login(ctx, user["id"], checked["login"])
    ctx.store.insert("user", user, id=user["id"], created=ctx.micros)
    for group in (policies.sign_up(ctx) or {}).get("targetGroupIds") or ():
        people.join(ctx, str(group), user["id"])
    person = syslog.person(user)
    syslog.write(ctx, "user.lifecycle.create", "Create okta user", person, actor=person)
    rules.evaluate(ctx, user)
    return settle(ctx, move(row, "PROFILE", user=user["id"], identifier=checked["login"]))


def refuse(row: Row, error: ServiceError) -> Answer:
    """What the profile's rules say, as a message."""
    causes = error.body.get("errorCauses") or [error.body]
    return refused(row, str(causes[0]["errorSummary"]), f"errors.{error.body['errorCode']}", 400)


def hooked(ctx: Ctx, row: Row, profile: dict[str, Any]) -> dict[str, Any] | Answer:
    """The profile as the registration hooks leave it, or what a person is told where one denies or says nothing."""
    for each in (policies.sign_up(ctx) or {}).get("preRegistrationInlineHooks") or ():
        hook = inline_hooks.active(ctx, str(each.get("inlineHookId") or ""))
        if hook is None:
            continue
        data = {"context": {"request": inline_hooks.origin(ctx)}, "userProfile": profile, "action": "ALLOW"}
        answer = inline_hooks.ask(ctx, hook, inline_hooks.REGISTRATION, data, source=str(hook["id"]),
                                  requestType="self.service.registration")  # fmt: skip
        if answer.failed:
            return refused(row, *FAILED, status=400)
        if answer.error is not None:
            return told(row, answer.error.get("errorCauses") or (), [name for name, _, _ in asked(ctx)])
        if answer.decision("registration") == "DENY":
            return refused(row, "Registration denied.", KEY, 400)
        for value in answer.commands("com.okta.user.profile.update"):
            profile = {**profile, **(value if isinstance(value, Mapping) else {})}
    return profile


def told(row: Row, causes: Iterable[Mapping[str, Any]], names: Collection[str]) -> Answer:
    """A hook's error: a cause at the attribute it names, others for the whole form; a general text without causes."""
    fields: dict[str, dict[str, Any]] = {}
    whole = []
    for cause in causes:
        name, text = str(cause.get("location") or "").rpartition(".")[2], str(cause.get("errorSummary") or "")
        if name in names:
            fields[name] = message(text, KEY, shape=True)
        else:
            whole.append(message(text, KEY))
    if not fields and not whole:
        return refused(row, "Registration cannot be completed at this time.", KEY, 400)
    return Answer(row, 400, whole, fields=fields)
