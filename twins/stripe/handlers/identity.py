"""Identity: verification sessions, their page, the reports that they end with.

Source: https://docs.stripe.com/api/identity/verification_sessions, https://docs.stripe.com/identity/verification-sessions
(statuses, redaction). Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Reply, Request, UsageError
from twins.stripe import accounts, errors, lookup, pages, twin
from twins.stripe.handlers import simulation
from twins.stripe.payments import identity

SESSION, REPORT = "identity.verification_session", "identity.verification_report"
OUTPUTS = "identity_outputs"
"""Store name of what a session has verified, by session: shown only where it is asked for."""
REDACTED_AFTER = 60
WRONG = "You cannot {verb} this VerificationSession because it has a status of `{status}`."


@twin.handler("PostIdentityVerificationSessions")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A session that waits for its person."""
    params = request.body or {}
    type = params.get("type") or ("verification_flow" if params.get("verification_flow") else "")
    if not type:
        raise errors.missing("type")
    id = ctx.new_id(SESSION)
    record = {
        "id": id,
        "object": SESSION,
        "client_reference_id": lookup.unset(params.get("client_reference_id")),
        "client_secret": f"{id}_secret_{ctx.token('alnum', 48)}",
        "created": ctx.now,
        "last_error": None,
        "last_verification_report": None,
        "livemode": False,
        "metadata": lookup.metadata({}, params.get("metadata")),
        "options": identity.options(type, params.get("options")),
        "redaction": None,
        "related_customer": lookup.unset(params.get("related_customer")),
        "status": "requires_input",
        "type": type,
        "url": pages.address(ctx, f"/identity/{id}"),
    }
    if params.get("provided_details"):
        record["provided_details"] = params["provided_details"]
    ctx.store.insert(SESSION, record, created=ctx.micros)
    ctx.emit(f"{SESSION}.created", record)
    return record


def _session(ctx: Ctx, request: Request, verb: str) -> dict[str, Any]:
    """The session of a path. Raises 400 when its status does not allow the verb."""
    session = lookup.in_path(ctx, SESSION, request.path["session"], "session")
    if session["status"] not in identity.ALLOWED[verb]:
        raise errors.invalid(WRONG.format(verb=verb, status=session["status"]))
    return session


@twin.handler("PostIdentityVerificationSessionsSession")
@lookup.modelled
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change what is asked for before anything was sent in."""
    params, session = request.body or {}, _session(ctx, request, "update")
    changes = lookup.changed(session, params, "type")
    if "options" in params or "type" in params:
        type = changes.get("type") or session["type"]
        changes["options"] = identity.options(type, params.get("options") or session["options"])
    return ctx.update(SESSION, session["id"], changes, event="")


@twin.handler("PostIdentityVerificationSessionsSessionCancel")
@lookup.modelled
def cancel(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Nobody can verify anything with it any more."""
    session = _session(ctx, request, "cancel")
    return _closed(ctx, session, {"status": "canceled"}, f"{SESSION}.canceled")


def _closed(ctx: Ctx, session: Mapping[str, Any], changes: Mapping[str, Any], event: str) -> dict[str, Any]:
    closed = {**changes, "client_secret": None, "url": None}
    return ctx.update(SESSION, session["id"], closed, event=event)


@twin.handler("PostIdentityVerificationSessionsSessionRedact")
@lookup.modelled
def redact(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Remove what was collected: at once from the session, everywhere a little later."""
    session = _session(ctx, request, "redact")
    changes: dict[str, Any] = {"redaction": {"status": "processing"}}
    if session["status"] == "requires_input":
        changes["status"] = "canceled"
        session = _closed(ctx, session, changes, f"{SESSION}.canceled")
    else:
        session = ctx.update(SESSION, session["id"], changes, event="")
    ctx.schedule("identity_redacted", {"session": session["id"]}, after=REDACTED_AFTER)
    return session


@accounts.timer("identity_redacted")
def redacted(ctx: Ctx, data: dict[str, Any]) -> None:
    """Everything that was collected is gone."""
    if ctx.store.find(OUTPUTS, data["session"]) is not None:
        ctx.store.delete(OUTPUTS, data["session"])
    changes = {"redaction": {"status": "redacted"}, "metadata": {}}
    ctx.update(SESSION, data["session"], changes, event=f"{SESSION}.redacted")


# the person ----------------------------------------------------------------------------------------------------------


def decide(ctx: Ctx, session: dict[str, Any], error: str = "") -> dict[str, Any]:
    """The person sends everything in, which verifies them or fails for `error`. Raises 400 for an unknown error."""
    if session["status"] != "requires_input":
        raise errors.invalid(WRONG.format(verb="submit", status=session["status"]))
    if error and error not in identity.ERRORS:
        raise UsageError(f"there is no error {error!r} of a verification (known: {', '.join(identity.ERRORS)})")
    waiting = ctx.update(SESSION, session["id"], {"status": "processing"}, event="")
    ctx.emit(f"{SESSION}.processing", waiting)
    id = ctx.new_id(REPORT)
    report = {
        "id": id,
        "object": REPORT,
        "client_reference_id": session["client_reference_id"],
        "created": ctx.now,
        "livemode": False,
        "options": session["options"],
        "type": session["type"],
        "verification_session": session["id"],
        **identity.checked(session["type"], session["options"], error, ctx.new_id("file")),
    }
    ctx.store.insert(REPORT, report, created=ctx.micros)
    if error:
        failed = {"code": error, "reason": identity.ERRORS[error]}
        changes = {"status": "requires_input", "last_error": failed, "last_verification_report": id}
        return ctx.update(SESSION, session["id"], changes, event=f"{SESSION}.requires_input")
    outputs = identity.outputs(session["type"])
    ctx.store.insert(OUTPUTS, outputs, id=session["id"])
    done = {"status": "verified", "last_error": None, "last_verification_report": id}
    return _closed(ctx, session, done, f"{SESSION}.verified")


@twin.control("verify_identity")
def verify_identity(ctx: Ctx, payload: Any) -> dict[str, Any]:
    """The person sends everything in: `{"session": "vs_…"}`, with `"error": "document_expired"` in vain."""
    session = lookup.in_path(ctx, SESSION, simulation.wanted(ctx, payload, "session"), "session")
    return decide(ctx, session, str(payload.get("error") or ""))


PAGE = """<!doctype html><meta charset="utf-8"><title>Verify your identity</title><h1>Verify your identity</h1>
<p>{text}</p><form method="post"><button id="submit">Send my document</button></form>
"""


@twin.page("GET", "/identity/{session}")
def page(ctx: Ctx, request: Request) -> Reply:
    """The page on which the person sends a document in."""
    session = pages.opened(ctx, request, SESSION, "session")
    return Reply(200, PAGE.format(text=session["status"]), media_type="text/html; charset=utf-8")


@twin.page("POST", "/identity/{session}")
def submitted(ctx: Ctx, request: Request) -> Reply:
    """The document has been sent in."""
    session = decide(ctx, pages.opened(ctx, request, SESSION, "session"))
    return Reply(200, PAGE.format(text=session["status"]), media_type="text/html; charset=utf-8")
