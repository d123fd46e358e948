"""Self-service registration: which attributes are asked, what is wrong with them, the new person.

Source: https://developer.okta.com/docs/concepts/policies/#user-profile-policies and
https://developer.okta.com/docs/guides/registration-inline-hook/. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, ServiceError
from twins.okta import errors, people, policies, profiles, rules, syslog
from twins.okta.idx.steps import DENIED, Answer, message, refused, settle
from twins.okta.idx.transactions import Row, move, save

ASKED = (("email", "Email", True), ("firstName", "First name", True), ("lastName", "Last name", True))


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
    if profile.get("email") and not profiles.EMAIL.match(str(profile["email"])):
        text = "'Email' must be in the form of an email address"
        wrong["email"] = message(text, "registration.error.invalidLoginEmail", "Email")
    elif profile.get("login") and people.by_login(ctx, str(profile["login"])) is not None:
        wrong["email"] = message(
            "A user with this Email already exists", "registration.error.notUniqueWithinOrg", "Email"
        )
    if wrong:
        return Answer(row, 400, fields=wrong)
    try:
        profile = hooked(ctx, profile)
        checked = profiles.checked(ctx, profile, {})
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
    """What a registration hook or the profile's rules say, as a message."""
    causes = error.body.get("errorCauses") or [error.body]
    return refused(row, str(causes[0]["errorSummary"]), f"errors.{error.body['errorCode']}", 400)


def hooked(ctx: Ctx, profile: dict[str, Any]) -> dict[str, Any]:
    """The profile as the registration hook leaves it. Raises E0000135's cause where it denies."""
    from twins.okta.handlers.hooks import ask

    hooks = (policies.sign_up(ctx) or {}).get("preRegistrationInlineHooks") or ()
    for each in hooks:
        hook = ctx.store.find("inline_hook", str(each.get("inlineHookId")))
        if hook is None or hook["status"] != "ACTIVE":
            continue
        data = {"userProfile": profile, "action": "ALLOW", "context": {"request": {"method": "POST"}}}
        answer = ask(ctx, hook, "com.okta.user.pre-registration", data)
        for command in answer.get("commands") or ():
            value = command.get("value") or {}
            if command.get("type") == "com.okta.action.update" and value.get("registration") == "DENY":
                raise errors.error("E0000135", causes=("Registration cannot be completed at this time.",))
            if command.get("type") == "com.okta.user.profile.update":
                profile = {**profile, **value}
    return profile
