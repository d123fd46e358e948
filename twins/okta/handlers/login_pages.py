"""The forms of the hosted sign-in pages: password, then whatever the pipeline still asks (a factor, a new password).

Source: https://developer.okta.com/docs/concepts/redirect-vs-embedded/. The steps are those of the pipeline.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Reply, Request
from twins.okta import factors, pages, people, twin
from twins.okta.handlers import sessions, users
from twins.okta.handlers.oauth_authorize import WORDS, client_of, finish, html, resume, sign_in_page
from twins.okta.idx import authenticators as auth
from twins.okta.idx import ion, steps
from twins.okta.idx.steps import Answer
from twins.okta.idx.transactions import Row, begin, find, move
from twins.okta.oauth import clients, servers
from twins.okta.oauth.problems import fail

REFUSED = frozenset({"STAGED", "PROVISIONED", "SUSPENDED", "DEPROVISIONED"})


@twin.page("POST", "/login/submit")
def submit(ctx: Ctx, request: Request) -> Reply:
    """User name and password, or a person picked from the list."""
    transaction, fields, _, app = resume(ctx, request)
    if fields.get("pick"):
        return sign_in_page(ctx, app, {**transaction, "login_hint": fields["pick"]})
    user = people.find(ctx, fields.get("username", ""))
    open = user is not None and user["status"] not in REFUSED and user["status"] != "LOCKED_OUT"
    name, password = fields.get("username", ""), fields.get("password", "")
    if user is None or not open or not users.signs_in(ctx, user, name, password):
        word = "failed"
        if user is not None and (user["status"] == "LOCKED_OUT" or users.locked(ctx, user)):
            word = "locked"
        return sign_in_page(ctx, app, {**transaction, "login_hint": fields.get("username", "")}, WORDS[word])
    row = begin(ctx, transaction, str(transaction["path"]), hosted=True)
    return onward(ctx, request, steps.settle(ctx, move(row, "IDENTIFY", user=user["id"], proved=[auth.PASSWORD])))


@twin.page("POST", "/login/step")
def step(ctx: Ctx, request: Request) -> Reply:
    """What the pipeline asked for after the password."""
    fields = clients.form(request)
    row = find(ctx, fields.get("txn", ""))
    if row is None or not row["hosted"]:
        raise fail("invalid_request")
    if "skip" in fields and ion.offers(ctx, row, "skip"):
        return onward(ctx, request, steps.skip(ctx, row))
    if "pick" in fields:
        return onward(ctx, request, picked(ctx, row, fields["pick"]))
    if row["state"] in ("CHALLENGE", "ENROLL", "REENROLL", "WARN"):
        return onward(ctx, request, steps.answer(ctx, row, fields))
    if row["state"] == "ENROLL_DATA":
        return onward(ctx, request, steps.enroll(ctx, row, auth.choice(auth.org(ctx)["phone_number"]), fields))
    return onward(ctx, request, Answer(row))


def picked(ctx: Ctx, row: Row, key: str) -> Answer:
    """An authenticator chosen by key and method."""
    offered = steps.choices_of(ctx, row) if row["state"] in ("SELECT", "CHALLENGE") else ion.enrollable(ctx, row)
    choice = next((each for each in offered if f"{each.key}/{each.method}" == key), None)
    if choice is None:
        return Answer(row)
    return steps.challenge(ctx, row, choice) if row["state"] == "SELECT" else steps.enroll(ctx, row, choice, {})


def onward(ctx: Ctx, request: Request, answer: Answer) -> Reply:
    """The next page, or back to the client with a session."""
    row = answer.row
    if row["state"] not in ASK and answer.messages:
        return html(answer.status, pages.problem("access_denied", str(answer.messages[0]["message"])))
    if row["state"] != "DONE":
        return html(200 if answer.status < 500 else answer.status, shown(ctx, answer))
    user = people.get(ctx, row["user"])
    ctx.store.delete("idx_transaction", row["id"])
    fields = dict(row["fields"])
    session = sessions.start(ctx, user, row["amr"])
    return finish(ctx, request, servers.by_key(ctx, row["path"]), client_of(ctx, fields), fields, session)


def shown(ctx: Ctx, answer: Answer) -> str:
    """The page of a state."""
    row = answer.row
    wrong = [*answer.messages, *answer.fields.values()]
    error = str(wrong[0]["message"]) if wrong else ""
    title, text, inputs = ASK[row["state"]](ctx, row)
    choices: list[tuple[str, str]] = []
    if row["state"] in ("SELECT", "SELECT_ENROLL"):
        offered = steps.choices_of(ctx, row) if row["state"] == "SELECT" else ion.enrollable(ctx, row)
        choices = [(f"{each.key}/{each.method}", each.label) for each in offered]
    skip = "Remind me later" if row["state"] == "WARN" else "Set up later"
    return pages.step(f"{ctx.base_url}/login/step", row["id"], title, text, inputs, choices, error=error,
                      skip=skip if ion.offers(ctx, row, "skip") else "")  # fmt: skip


Asked = tuple[str, str, list[tuple[str, str, str]]]


def _select(_ctx: Ctx, row: Row) -> Asked:
    if row["state"] == "SELECT":
        return "Verify it's you with a security method", "Select from the following options", []
    return "Set up security methods", "Security methods help protect your account.", []


def _code(ctx: Ctx, row: Row) -> Asked:
    name = str(auth.org(ctx)[row["current"]]["name"])
    if row["current"] == "security_question":
        profile: Mapping[str, Any] = factors.get(ctx, row["user"], row["factor"])["profile"]
        return "Verify with your Security Question", "", [("answer", str(profile["questionText"]), "password")]
    return f"Verify with {name}", "", [("passcode", "Enter code", "text")]


def _enroll(ctx: Ctx, row: Row) -> Asked:
    name = str(auth.org(ctx)[row["current"]]["name"])
    if row["current"] == "security_question":
        text = f"Questions: {', '.join(factors.QUESTIONS)}"
        return f"Set up {name}", text, [("questionKey", "Question", "text"), ("answer", "Answer", "password")]
    secret = factors.get(ctx, row["user"], row["factor"]).get("~secret") if row["factor"] else None
    text = f"Enter this key in your app: {secret}" if secret else "A code was sent to you."
    return f"Set up {name}", text, [("passcode", "Enter code", "text")]


def _password(ctx: Ctx, row: Row) -> Asked:
    soon = row["state"] == "WARN"
    title = "Your password will expire soon" if soon else "Your Okta password has expired"
    rules = steps.requirements(ctx, people.get(ctx, row["user"]))["complexity"]
    return (
        title,
        f"Password requirements: at least {rules['minLength']} characters",
        [("passcode", "New password", "password")],
    )


def _phone(_ctx: Ctx, _row: Row) -> Asked:
    return "Set up phone authentication", "", [("phoneNumber", "Phone number", "text")]


ASK: dict[str, Any] = {"SELECT": _select, "SELECT_ENROLL": _select, "CHALLENGE": _code, "ENROLL": _enroll,
                       "ENROLL_DATA": _phone, "REENROLL": _password, "WARN": _password}  # fmt: skip
"""State → title, text and inputs of its page."""
