"""Setting credentials: password against the policy that holds for the user, recovery question, provider.

Source: https://developer.okta.com/docs/reference/api/users/#credentials-object. Imports: the kit's public names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, ServiceError
from twins.okta import errors, inline_hooks, passwords, people, syslog
from twins.okta.times import seconds


def policy(ctx: Ctx, user: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """complexity, age and lockout of the first active password policy whose groups the user is in."""
    groups: set[str] | None = None
    rows = [row for row in ctx.store.select("policy", [Filter("type", "=", "PASSWORD")]) if row["status"] == "ACTIVE"]
    for row in sorted(rows, key=lambda each: (bool(each.get("system")), each.get("priority", 1))):
        people_of = ((row.get("conditions") or {}).get("people") or {}).get("groups") or {}
        wanted = people_of.get("include") or []
        groups = people.group_ids(ctx, user["id"]) if groups is None and wanted else groups
        if not wanted or set(wanted) & (groups or set()):
            settings = (row.get("settings") or {}).get("password") or {}
            return {
                "complexity": {**passwords.DEFAULT_COMPLEXITY, **(settings.get("complexity") or {})},
                "age": {**passwords.DEFAULT_AGE, **(settings.get("age") or {})},
                "lockout": {**passwords.DEFAULT_LOCKOUT, **(settings.get("lockout") or {})},
            }
    return {
        "complexity": passwords.DEFAULT_COMPLEXITY,
        "age": passwords.DEFAULT_AGE,
        "lockout": passwords.DEFAULT_LOCKOUT,
    }


def objection(ctx: Ctx, user: Mapping[str, Any], password: str, *, history: bool = True) -> str | None:
    """Why a password cannot be set; None when it can."""
    rules = policy(ctx, user)
    count = int(rules["age"].get("historyCount") or 0)
    if passwords.weak(password, rules["complexity"], user["profile"]):
        return passwords.requirements(rules["complexity"], count)
    secret = people.secret_of(ctx, user["id"])
    past = [secret["password"], *secret.get("past", ())] if secret.get("password") else []
    if history and count and any(passwords.fits(password, held) for held in past[:count]):
        return passwords.requirements(rules["complexity"], count)
    return None


def set_plain(ctx: Ctx, user: dict[str, Any], password: str) -> None:
    """Store a password that has passed."""
    people.set_password(ctx, user, passwords.kept(password, ctx.token("alnum", 16)))


def take(ctx: Ctx, user: dict[str, Any], given: Mapping[str, Any], *, create: bool) -> set[str]:
    """Set what a `credentials` object has; the names of what was set. Raises E0000001."""
    done: set[str] = set()
    password = given.get("password") or {}
    if password.get("value"):
        why = objection(ctx, user, str(password["value"]), history=False)
        if why is not None:
            raise errors.validation("password", f"password: {why}")
        set_plain(ctx, user, str(password["value"]))
        done.add("password")
    elif password.get("hash"):
        people.set_password(ctx, user, passwords.imported(password["hash"]))
        done.add("password")
    elif password.get("hook"):
        people.keep_secret(ctx, user["id"], hook=True)
        user["credentials"] = {"password": {}, **user["credentials"]}
    if given.get("recovery_question"):
        set_question(ctx, user, given["recovery_question"])
        done.add("recovery_question")
    provider = given.get("provider")
    if provider and not create:
        user["credentials"]["provider"] = {"type": provider.get("type"), "name": provider.get("name")}
    return done


def import_password(ctx: Ctx, user: dict[str, Any], username: str, password: str) -> bool:
    """Ask the org's password import hook; the password it calls VERIFIED is kept, whatever the policy says of it.

    Source: https://developer.okta.com/docs/reference/password-hook/.
    """
    hook = inline_hooks.of_type(ctx, inline_hooks.PASSWORD_IMPORT)
    if hook is None:
        return False
    typed = {"username": username, "password": password}
    data = {
        "context": {"request": inline_hooks.origin(ctx), "credential": typed},
        "action": {"credential": "UNVERIFIED"},
    }
    verified = inline_hooks.ask(ctx, hook, inline_hooks.PASSWORD_IMPORT, data).decision("credential") == "VERIFIED"
    if verified:
        set_plain(ctx, user, password)
        people.save(ctx, user)
    person = syslog.person(user)
    syslog.write(ctx, "user.import.password", "Import password of a user", person, actor=person,
                 outcome="SUCCESS" if verified else "FAILURE")  # fmt: skip
    return verified


def set_question(ctx: Ctx, user: dict[str, Any], given: Mapping[str, Any]) -> None:
    """Store a recovery question and its answer. Raises E0000001 for an answer that is too short."""
    question, answer = given.get("question"), str(given.get("answer") or "")
    if not question:
        raise errors.validation("recovery_question", "recovery_question: The field cannot be left blank")
    if len(answer) < 4:
        text = "The security question answer must be at least 4 characters in length"
        raise errors.validation("recovery_question", f"recovery_question: {text}")
    people.keep_secret(ctx, user["id"], answer=passwords.kept(answer.casefold(), user["id"]))
    user["credentials"] = {**user["credentials"], "recovery_question": {"question": question}}


def right_answer(ctx: Ctx, user: Mapping[str, Any], answer: str) -> bool:
    """Whether an answer is the user's."""
    held = people.secret_of(ctx, user["id"]).get("answer")
    return held is not None and passwords.fits(answer.casefold(), held)


def failed(cause: str) -> ServiceError:
    """E0000014 with its cause."""
    return errors.error("E0000014", causes=(cause,))


def expired(ctx: Ctx, user: Mapping[str, Any]) -> bool:
    """Whether the age rule of the policy has made the password old."""
    left = days_left(ctx, user)
    return left is not None and left < 0


def days_left(ctx: Ctx, user: Mapping[str, Any]) -> int | None:
    """How many whole days a password has left, negative when it is too old; None when it never is."""
    days = int(policy(ctx, user)["age"].get("maxAgeDays") or 0)
    changed = user.get("passwordChanged")
    return (seconds(str(changed)) + days * 86_400 - ctx.now) // 86_400 if days and changed else None
