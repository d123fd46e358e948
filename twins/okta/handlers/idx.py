"""The Identity Engine's pipeline: `interact`, the steps below `/idp/idx`, and the session at its end.

Source: https://developer.okta.com/docs/concepts/interaction-code/ (not part of the published documents).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import orjson

from twinkit import Ctx, Reply, Request, ServiceError
from twins.okta import errors, people, syslog, twin, wire
from twins.okta.handlers import sessions
from twins.okta.handlers.oauth_authorize import Refused, check, client_of, code
from twins.okta.idx import authenticators as auth
from twins.okta.idx import ion, register, steps
from twins.okta.idx.steps import Answer
from twins.okta.idx.transactions import OFFERS, PATHS, Row, find, interaction, move, opened, save
from twins.okta.oauth import clients, issue, servers
from twins.okta.oauth.problems import fail

GRANT = "interaction_code"
ALWAYS = frozenset({"introspect", "cancel", "challenge/poll"})
UNKNOWN = frozenset({"IDENTIFY", "PROFILE", "RECOVER"})
"""States in which nobody is identified: a person may change from signing in to signing up and back."""
GONE = ("The session has expired.", "idx.session.expired")
Step = Callable[[Ctx, Row, Mapping[str, Any]], Answer]


@twin.page("POST", "/oauth2/v1/interact")
@twin.page("POST", "/oauth2/{authorizationServerId}/v1/interact")
def interact(ctx: Ctx, request: Request) -> dict[str, str]:
    """Begin: the parameters of an authorize request for a handle."""
    fields = clients.form(request)
    server = servers.server_of(ctx, request)
    app = clients.authenticate(ctx, request, fields)
    grants = clients.settings(app)["grant_types"]
    if GRANT not in grants:
        raise fail("unauthorized_client", ", ".join(grants))
    fields = {"response_type": "code", "client_id": str(clients.oauth(app)["client_id"]), **fields}
    try:
        check(ctx, server, client_of(ctx, fields), fields)
    except Refused as refused:
        raise fail(refused.name, *refused.arguments) from None
    if not fields.get("code_challenge"):
        raise fail("pkce_missing_challenge")
    servers.scopes_for(ctx, server, app, fields.get("scope", "").split(), GRANT, None)
    own = {name: value for name, value in fields.items() if not name.startswith("client_secret")}
    return {"interaction_handle": interaction(ctx, own, str(request.path.get("authorizationServerId") or servers.ORG))}


@twin.page("POST", "/idp/idx/{step:path}")
def take(ctx: Ctx, request: Request) -> Reply:
    """One step of a transaction."""
    step = str(request.path["step"])
    if step not in PIPELINE:
        raise errors.error("E0000008")
    try:
        given = orjson.loads(request.raw or b"{}")
    except orjson.JSONDecodeError:
        raise errors.error("E0000003") from None
    if not isinstance(given, dict):
        raise errors.error("E0000003")
    row = transaction(ctx, request, given)
    if row is None:
        return Reply(401, ion.only(*GONE), {}, ion.PRODUCES)
    if not allowed(ctx, row, step):
        words = errors.body("E0000079")["errorSummary"]
        return sent(ctx, steps.refused(row, words, "errors.E0000079", 403))
    return sent(ctx, PIPELINE[step](ctx, row, given))


def transaction(ctx: Ctx, request: Request, given: Mapping[str, Any]) -> Row | None:
    """The transaction of a state handle, or of an interaction handle."""
    handle = str(given.get("stateHandle") or given.get("stateToken") or "")
    if handle:
        return find(ctx, handle)
    row = opened(ctx, str(given.get("interactionHandle") or ""))
    if row is not None and row["state"] == "IDENTIFY" and not row["user"]:
        start(ctx, request, row)
    return row


def start(ctx: Ctx, request: Request, row: Row) -> None:
    """Begin where a mailed token or a session leads."""
    fields = row["fields"]
    text = str(fields.get("recovery_token") or fields.get("activation_token") or "")
    held = ctx.store.find("recovery_token", text) if text else None
    if held is not None and held["expires"] > ctx.now:
        ctx.store.delete("recovery_token", text)
        activating = held["kind"] == "activate"
        state, intent = ("ENROLL", "ENROLL_NEW_USER") if activating else ("RESET", "CREDENTIAL_RECOVERY")
        save(ctx, move(row, state, user=held["user"], current=auth.PASSWORD, intent=intent))
        return
    session = wire.session_of(ctx, request)
    if session is not None and "login" not in str(fields.get("prompt", "")):
        row["proved"] = [key for key, name in steps.AMR.items() if name in session["amr"]]
        steps.settle(ctx, move(row, "IDENTIFY", user=session["userId"]))


def allowed(ctx: Ctx, row: Row, step: str) -> bool:
    """Whether a transaction offers a step now."""
    if step in ALWAYS:
        return True
    if step in ("enroll", "identify", "recover") and row["state"] in UNKNOWN:
        return True
    if step == "recover":
        return bool((row["state"], row["current"]) == ("CHALLENGE", auth.PASSWORD))
    if step == "challenge/resend":
        return row["state"] in ("CHALLENGE", "ENROLL")
    return any(PATHS[name] == step and ion.offers(ctx, row, name) for name in OFFERS[row["state"]])


def sent(ctx: Ctx, answer: Answer) -> Reply:
    """The answer; a transaction that is done has its interaction code."""
    row = answer.row
    if row["state"] == "DONE" and not row["code"]:
        try:
            row["code"] = issued(ctx, row)
        except ServiceError as error:
            text = str(error.body.get("error_description"))
            answer = steps.refused(move(row, "IDENTIFY", user=None, proved=[]), text, str(error.body.get("error")), 403)
        save(ctx, row)
    return Reply(answer.status, ion.body(ctx, answer), {}, ion.PRODUCES)


def issued(ctx: Ctx, row: Row) -> str:
    """The interaction code of a transaction. Raises access_denied where no policy of the server fits."""
    server, fields = servers.by_key(ctx, row["path"]), row["fields"]
    app, user = client_of(ctx, fields), people.get(ctx, row["user"])
    scopes = servers.scopes_for(ctx, server, app, str(fields.get("scope", "")).split(), GRANT, user["id"])
    terms = servers.terms(ctx, server, app, scopes, GRANT, user["id"])
    grant = issue.Grant(server, app, scopes, GRANT, terms, user, fields.get("nonce"), ctx.now, tuple(row["amr"]))
    target = syslog.target(str(app["id"]), "PublicClientApp", str(app["label"]))
    syslog.write(ctx, "app.oauth2.as.authorize", "OAuth2 authorization request", target, actor=syslog.person(user))
    return code(ctx, grant, fields, GRANT)


# the steps ------------------------------------------------------------------------------------------------------------


def _look(_ctx: Ctx, row: Row, _given: Mapping[str, Any]) -> Answer:
    return Answer(row)


def _identify(ctx: Ctx, row: Row, given: Mapping[str, Any]) -> Answer:
    row["remember"] = bool(given.get("rememberMe"))
    secret = given.get("credentials")
    text = str(secret.get("passcode") or "") if isinstance(secret, Mapping) else ""
    return steps.identify(ctx, row, str(given.get("identifier") or ""), text)


def _challenge(ctx: Ctx, row: Row, given: Mapping[str, Any]) -> Answer:
    wanted = given.get("authenticator") or {}
    method = str(wanted.get("methodType") or "")
    choice = steps.chosen(ctx, row, str(wanted.get("id") or ""), method, str(wanted.get("enrollmentId") or ""))
    return steps.challenge(ctx, row, choice) if choice else steps.refused(row, *steps.DENIED, status=400)


def _answer(ctx: Ctx, row: Row, given: Mapping[str, Any]) -> Answer:
    secret = given.get("credentials")
    answer = steps.answer(ctx, row, secret if isinstance(secret, Mapping) else {})
    if isinstance(secret, Mapping) and secret.get("revokeSessions") and answer.status == 200:
        sessions.end_all(ctx, row["user"], tokens=False)
    return answer


def _enroll(ctx: Ctx, row: Row, given: Mapping[str, Any]) -> Answer:
    wanted = given.get("authenticator") or {}
    choice = next((each for each in ion.enrollable(ctx, row) if each.id == wanted.get("id")), None)
    return steps.enroll(ctx, row, choice, wanted) if choice else steps.refused(row, *steps.DENIED, status=400)


def _restart(ctx: Ctx, row: Row, _given: Mapping[str, Any]) -> Answer:
    fresh: dict[str, Any] = {
        "user": None, "proved": [], "current": None, "factor": None, "sent": None, "code": None, "intent": "LOGIN",
        "choices": [], "enrollable": [], "optional": False, "skipped": False, "warned": False,
    }  # fmt: skip
    return Answer(save(ctx, move(row, "IDENTIFY", **fresh)))


PIPELINE: dict[str, Step] = {
    "introspect": _look,
    "challenge/poll": _look,
    "cancel": _restart,
    "identify/select": _restart,
    "identify": _identify,
    "challenge": _challenge,
    "challenge/answer": _answer,
    "challenge/resend": lambda ctx, row, _: steps.send(ctx, row),
    "credential/enroll": _enroll,
    "recover": lambda ctx, row, _: steps.recover(ctx, row),
    "skip": lambda ctx, row, _: steps.skip(ctx, row),
    "enroll": lambda ctx, row, _: register.open_form(ctx, row),
    "enroll/new": lambda ctx, row, given: register.create(ctx, row, given.get("userProfile") or {}),
}
"""Path below /idp/idx → what it does."""


@twin.page("GET", "/login/token/redirect")
def to_session(ctx: Ctx, request: Request) -> Reply:
    """Open a session for a finished transaction, and go back to the client with its interaction code."""
    row = find(ctx, clients.form(request).get("stateToken", ""))
    if row is None or row["state"] != "DONE":
        raise errors.error("E0000011")
    session = sessions.start(ctx, people.get(ctx, row["user"]), row["amr"])
    query = {"interaction_code": row["code"], "state": row["fields"].get("state", "")}
    target = f"{row['fields']['redirect_uri']}?{urlencode(query)}"
    return Reply(303, None, {"location": target, **sessions.cookie(session)})
