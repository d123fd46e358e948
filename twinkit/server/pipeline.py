"""The way of one request, as ordered steps on one instance; nothing here waits.

`prepare` routes, decodes, authenticates and decides faults; `execute` replays, validates, behaves, commits, renders
and records, in one store transaction. *Return keeps the writes, raise loses them.* Imports: instance and below.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from twinkit.behaviour import madeup
from twinkit.behaviour.authentication import authenticate
from twinkit.behaviour.ctx import Ctx
from twinkit.behaviour.generic import answer
from twinkit.behaviour.problems import problem
from twinkit.behaviour.request import RawJSON, Reply, Request
from twinkit.contract.validate import Violation
from twinkit.contract.wire import WireError, parse_query
from twinkit.errors import DuplicateRecord, InvalidCursor, RecordNotFound, ServiceError, UsageError
from twinkit.instance import Instance
from twinkit.server.decode import UnsupportedMediaType, decode_body, decode_query, parse
from twinkit.server.render import Rendered, render

if TYPE_CHECKING:
    from twinkit.faults.injector import Decision

log = logging.getLogger("twinkit")


@dataclass(slots=True)
class Prepared:
    """A request on its way: what is known before anything is done."""

    request: Request
    ctx: Ctx
    started: int
    """`time.perf_counter_ns()` at arrival; goes to the exchange log only."""
    decision: Decision | None = None
    refused: ServiceError | None = None
    """Set when an early step has answered already."""
    key: str = ""
    """Idempotency key of a request in flight."""
    page: Callable[..., Any] | None = None
    """Set for a page outside the contract."""


def prepare(instance: Instance, request: Request) -> Prepared:
    """Steps 1 to 4: route, decode, authenticate, decide the fault."""
    instance.clock.tick()
    instance.run_due()
    ctx = instance.ctx(request)
    prepared = Prepared(request, ctx, time.perf_counter_ns())
    try:
        route(ctx, request)
        decode(ctx, request)
        request.principal = authenticate(ctx, request)
    except ServiceError as error:
        prepared.refused = error
    else:
        prepared.decision = decide(instance, prepared)
    return prepared


def route(ctx: Ctx, request: Request) -> None:
    """Find the operation. Raises the twin's own 404 or 405."""
    index = ctx.twin.index
    match = index.match(request.method, request.url_path, request.raw_query.decode("latin-1"), request.headers)
    if match is None and ctx.twin.compiled.options.get("trailing_slash") and request.url_path.endswith("/"):
        match = index.match(request.method, request.url_path.rstrip("/") or "/")
    if match is None and request.method == "HEAD" and ctx.twin.fits_replies:
        match = index.match("GET", request.url_path, request.raw_query.decode("latin-1"), request.headers)
    if match is None:
        allowed = index.methods(request.url_path)
        if allowed and request.method in ctx.twin.compiled.options.get("any_method", ()):
            match = index.match(allowed[0].upper(), request.url_path)
    if match is None:
        if allowed:
            error = ctx.error("method_not_allowed", f"{request.method} is not allowed here", allowed=", ".join(allowed))
            if error.status == 405:
                error.headers = {**error.headers, "allow": ", ".join(allowed)}
            raise error
        raise ctx.error("unknown_operation", f"there is no {request.method} {request.url_path}")
    request.operation = index.operation(match.operation)
    request.binding = ctx.twin.compiled.bindings[match.operation]
    request.path = dict(match.path)


def decode(ctx: Ctx, request: Request) -> None:
    """Turn query string and body into plain data. Raises the twin's `malformed` or `unsupported_media`."""
    assert request.operation is not None
    try:
        request.query = decode_query(request)
        request.media_type, request.body = decode_body(request, ctx.twin.compiled.options)
    except WireError as error:
        raise ctx.error("malformed", str(error), kind=error.kind, where=error.where) from None
    except UnsupportedMediaType as error:
        raise ctx.error("unsupported_media", str(error)) from None


def decide(instance: Instance, prepared: Prepared) -> Decision | None:
    """Ask the injector which fault, if any, this call gets."""
    request = prepared.request
    asked = request.headers.get("twin-fault")
    if asked is None and instance.faultless:
        return None
    from twinkit.faults.injector import Call

    operation = request.operation
    caller = request.principal.key if request.principal else ""
    call = Call(
        operation=operation.id if operation else "",
        method=request.method,
        path=request.url_path,
        fields={**request.path, **(request.params if operation else page_fields(request))},
        instance=instance.name,
        now=instance.clock.micros,
        principal=caller if operation else request.url_path,
        state=lambda resource, id: records(instance, resource, id),
        page=prepared.page.__name__ if prepared.page else "",
    )
    try:
        return instance.injector.decide(call, asked)
    except UsageError as error:
        prepared.refused = problem(400, f"Twin-Fault: {error}", "twin_fault")
        return None


def page_fields(request: Request) -> dict[str, Any]:
    """Query and body of a request for a page by name, as far as they can be read."""
    try:
        query = parse_query(request.raw_query)
        given = request.headers.get("content-type", "")
        body = parse(given, given, request) if request.raw else None
    except WireError:
        return {}
    return {**query, **body} if isinstance(body, dict) else query


def records(instance: Instance, resource: str, id: str | None) -> Iterable[dict[str, Any]]:
    """The records that a fault's `state` selector looks at."""
    if id is None:
        return instance.store.select(resource)
    found = instance.store.find(resource, id)
    return () if found is None else (found,)


def fault_error(ctx: Ctx, decision: Decision) -> ServiceError | None:
    """The error that a fault answers with; None for one that does not answer."""
    if decision.kind == "error":
        return ctx.error(decision.error, **decision.fields)
    if decision.kind == "reply":
        return ServiceError(decision.status, decision.body, decision.headers, name="fault")
    return None


def execute(instance: Instance, prepared: Prepared) -> Rendered:
    """Steps 5 to 9 and 11: replay, validate, behave, commit, render, record. The reply ready for the wire."""
    decision = prepared.decision
    if prepared.refused is not None:
        return refuse(instance, prepared, prepared.refused)
    injected = fault_error(prepared.ctx, decision) if decision is not None and decision.at == "before" else None
    if injected is not None:
        return refuse(instance, prepared, injected)
    try:
        with instance.store.transaction():
            reply, remembered = perform(instance, prepared)
            rendered = finish(prepared, reply)
            if prepared.key and not remembered:
                remember(instance, prepared, rendered)
            replaced = fault_error(prepared.ctx, decision) if decision is not None and decision.at == "after" else None
            if replaced is not None:
                rendered = finish(prepared, Reply(replaced.status, replaced.body, dict(replaced.headers)))
            record(instance, prepared, rendered)
        return rendered
    except ServiceError as error:
        return refuse(instance, prepared, error, executed=True)
    except Exception:
        log.exception("twin %s: %s %s", instance.twin.name, prepared.request.method, prepared.request.url_path)
        return refuse(instance, prepared, prepared.ctx.error("internal", "the twin failed; its log says where"))
    finally:
        if prepared.key:
            instance.in_flight.discard(prepared.key)


def refuse(instance: Instance, prepared: Prepared, error: ServiceError, *, executed: bool = False) -> Rendered:
    """Answer with an error; the writes of the request are lost, the exchange is kept."""
    reply = Reply(error.status, error.body, dict(error.headers))
    with instance.store.transaction():
        rendered = finish(prepared, reply)
        if executed and prepared.key and error.name not in NOT_KEPT:
            remember(instance, prepared, rendered)
        record(instance, prepared, rendered)
    return rendered


NOT_KEPT = frozenset(
    {
        "invalid",
        "malformed",
        "idempotency_mismatch",
        "idempotency_elsewhere",
        "idempotency_in_flight",
        "rate_limit",
        "lock_timeout",
    }
)
"""Errors from before execution: an idempotency key is not used up by them."""


def perform(instance: Instance, prepared: Prepared) -> tuple[Reply, bool]:
    """The reply, and whether it was replayed from an idempotency key."""
    request, ctx = prepared.request, prepared.ctx
    if prepared.page is not None:
        return as_reply(prepared.page(ctx, request), 200), False
    replayed = replay(instance, prepared)
    if replayed is not None:
        return replayed, True
    validate(ctx, request)
    return behave(ctx, request), False


def replay(instance: Instance, prepared: Prepared) -> Reply | None:
    """The remembered reply of an idempotency key; raises when the key was used for another request."""
    rules: Mapping[str, Any] | None = instance.twin.compiled.options.get("idempotency")
    request, ctx = prepared.request, prepared.ctx
    if not rules or request.method.lower() not in rules.get("methods", ("post",)):
        return None
    given = request.headers.get(rules["header"])
    if not given:
        return None
    longest = rules.get("max_length", 255)
    if len(given) > longest:
        raise ctx.error("idempotency_too_long", key=given, max=longest)
    scope = request.principal.account or request.principal.key if request.principal else ""
    key = f"{scope}/{given}"
    if key in instance.in_flight:
        raise ctx.error("idempotency_in_flight", key=given)
    known = instance.store.recall(key)
    if known is not None and known.expires > instance.clock.micros:
        if known.fingerprint != fingerprint(request):
            original = known.headers.get("twin-path", "")
            elsewhere = original != request.url_path and "idempotency_elsewhere" in instance.twin.compiled.errors
            name = "idempotency_elsewhere" if elsewhere else "idempotency_mismatch"
            raise ctx.error(name, key=given, original=original)
        headers = {name: value for name, value in known.headers.items() if name != "twin-path"}
        headers[rules.get("replayed_header", "idempotent-replayed")] = "true"
        headers[rules["header"]] = given
        return Reply(known.status, RawJSON(known.body), headers)
    prepared.key = key
    instance.in_flight.add(key)
    return None


def fingerprint(request: Request) -> str:
    """What must be equal for two requests to be the same: method, path, query and body."""
    text = b"\0".join((request.method.encode(), request.url_path.encode(), request.raw_query, request.raw))
    return blake2b(text, digest_size=16).hexdigest()


def remember(instance: Instance, prepared: Prepared, rendered: Rendered) -> None:
    """Keep the reply for the idempotency key of the request."""
    rules = instance.twin.compiled.options["idempotency"]
    request = prepared.request
    kept = {name: value for name, value in rendered.headers.items() if name in rules.get("keep_headers", ())}
    kept["twin-path"] = request.url_path
    expires = instance.clock.micros + int(rules.get("expires", 86_400)) * 1_000_000
    instance.store.remember(prepared.key, fingerprint(request), rendered.status, kept, rendered.body, expires)


def validate(ctx: Ctx, request: Request) -> None:
    """Coerce and check the request against the contract. Raises the service's own error."""
    assert request.operation is not None
    hook = ctx.twin.single.get("validate")
    if hook:
        hook(ctx, request)
        return
    checked = ctx.twin.validator(request.operation.id)(
        request.path, request.query, request.headers, request.body, request.media_type
    )
    violations = checked.violations
    if violations and madeup.wanted(ctx):
        violations = [violation for violation in violations if violation.kind != "unknown"]
    error = ctx.objection(request, violations) if violations else None
    if error is not None:
        raise error
    request.path = checked.path
    request.query = checked.query
    request.body = checked.body


def behave(ctx: Ctx, request: Request) -> Reply:
    """What the operation does.

    Where every id is to exist, generic behaviour answers what a handler refuses about a made-up record.
    """
    if not madeup.wanted(ctx):
        return act(ctx, request)
    for _ in range(ATTEMPTS):
        try:
            return act(ctx, request)
        except ServiceError as error:
            cause = error.__context__
            if isinstance(cause, RecordNotFound) and cause.resource in ctx.twin.compiled.resources:
                madeup.make(ctx, cause.resource, cause.id)
            elif madeup.touches(ctx, request):
                return answer(ctx, request)
            else:
                raise
        except madeup.MISFITS:
            if not madeup.any_there(ctx):
                raise
            return answer(ctx, request)
    return answer(ctx, request)


ATTEMPTS = 5
"""How many records one request may have made up for it."""


def act(ctx: Ctx, request: Request) -> Reply:
    """Handler, else generic behaviour; a record that is not there becomes the service's `not_found`."""
    assert request.operation is not None
    handler = ctx.twin.handlers.get(request.operation.id)
    try:
        if handler is None:
            return answer(ctx, request)
        result = handler(ctx, request)
    except RecordNotFound as error:
        raise ctx.missing(error.resource, error.id, parameter_of(request, error.id)) from None
    except DuplicateRecord as error:
        raise ctx.duplicate(error.resource, error.id) from None
    except InvalidCursor as error:
        if "invalid_cursor" in ctx.twin.compiled.errors:
            raise ctx.error(
                "invalid_cursor", cursor=error.cursor, resource=error.resource, id=error.cursor,
                param=parameter_of(request, error.cursor),
            ) from None  # fmt: skip
        violation = Violation(
            "query", (parameter_of(request, error.cursor) or "cursor",), "format", "cursor", error.cursor
        )
        raise ctx.invalid(request, [violation]) from None
    reply = as_reply(result, request.binding.status if request.binding else 200)
    reply.fidelity = reply.fidelity or "behaviour"
    return reply


def as_reply(result: Any, status: int) -> Reply:
    """What a handler or a page gave, as a Reply."""
    return result if isinstance(result, Reply) else Reply(status, result)


def parameter_of(request: Request, value: str) -> str | None:
    """The name of the parameter that carried `value`: path first, then query and body to any depth."""
    for name, given in request.path.items():
        if str(given) == value:
            return "id" if request.binding and name == request.binding.id_parameter else name
    return _search(request.params, value, "")


def _search(data: Any, value: str, prefix: str) -> str | None:
    for name, given in data.items() if isinstance(data, dict) else enumerate(data):
        where = f"{prefix}[{name}]" if prefix else str(name)
        if given == value:
            return where
        if isinstance(given, dict | list):
            found = _search(given, value, where)
            if found:
                return found
    return None


def finish(prepared: Prepared, reply: Reply) -> Rendered:
    """The twin's last touch, then bytes and headers."""
    hook = prepared.ctx.twin.single.get("finish")
    if hook:
        reply = hook(prepared.ctx, prepared.request, reply)
    return render(reply, prepared.decision)


def prepare_page(instance: Instance, request: Request, function: Callable[..., Any]) -> Prepared:
    """Like `prepare`, for a page outside the contract: it authenticates and decodes for itself."""
    instance.clock.tick()
    instance.run_due()
    prepared = Prepared(request, instance.ctx(request), time.perf_counter_ns(), page=function)
    if function not in instance.twin.tools:
        prepared.decision = decide(instance, prepared)
    return prepared


def lost(instance: Instance, prepared: Prepared) -> None:
    """Write down an exchange that a fault ended before anything was done."""
    with instance.store.transaction():
        record(instance, prepared, Rendered(0, b""))


def record(instance: Instance, prepared: Prepared, rendered: Rendered) -> None:
    """Write the exchange down."""
    request = prepared.request
    instance.store.record_exchange(
        at=instance.clock.micros,
        operation=request.operation.id if request.operation else "",
        method=request.method,
        path=request.url_path,
        query=request.raw_query.decode("latin-1"),
        status=rendered.status,
        request=request.raw,
        reply=rendered.body,
        fault=prepared.decision.label if prepared.decision else None,
        micros=(time.perf_counter_ns() - prepared.started) // 1000,
        changes=instance.store.take_changes(),
        principal=request.principal.key if request.principal else None,
    )
