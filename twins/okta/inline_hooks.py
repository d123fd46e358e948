"""Inline hooks: asking an external service in the middle of a flow, and what it commands.

Source: https://developer.okta.com/docs/concepts/inline-hooks/ (three seconds, one retry but not after 2xx or 4xx; what
each kind of hook does when nothing comes back). Imports: the kit's public names, errors, syslog, times, webhooks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from twinkit import Ctx, Filter, call
from twins.okta import syslog
from twins.okta.times import iso
from twins.okta.webhooks import hook_headers

TOKEN = "com.okta.oauth2.tokens.transform"
REGISTRATION = "com.okta.user.pre-registration"
PASSWORD_IMPORT = "com.okta.user.credential.password.import"
DECIDE = "com.okta.action.update"


class Answer(NamedTuple):
    """What a hook said: its reply, the error object in it, or the code of the error that nothing usable came."""

    body: Mapping[str, Any] = {}
    error: dict[str, Any] | None = None
    failed: str = ""

    def commands(self, type: str) -> Iterator[Any]:
        """The values of the commands of a type, in order; none beside an error."""
        for each in () if self.error is not None else self.body.get("commands") or ():
            if isinstance(each, Mapping) and each.get("type") == type:
                yield each.get("value")

    def decision(self, name: str) -> str | None:
        """The last word of `com.okta.action.update` on `name` (`registration`, `credential`)."""
        words = [value[name] for value in self.commands(DECIDE) if isinstance(value, Mapping) and name in value]
        return str(words[-1]) if words else None


def active(ctx: Ctx, id: str) -> dict[str, Any] | None:
    """The hook of this id, if it is active."""
    hook = ctx.store.find("inline_hook", id) if id else None
    return hook if hook is not None and hook["status"] == "ACTIVE" else None


def of_type(ctx: Ctx, type: str) -> dict[str, Any] | None:
    """The active hook of a type that an org has one of."""
    rows = ctx.store.select("inline_hook", [Filter("status", "=", "ACTIVE")])
    return next((row for row in rows if row.get("type") == type), None)


def origin(ctx: Ctx) -> dict[str, Any]:
    """The request that made the org ask, as `data.context.request`."""
    request = ctx.request
    return {
        "id": ctx.new_id("{alnum:27}"),
        "method": request.method if request else "POST",
        "url": {"value": request.url_path if request else "/"},
        "ipAddress": syslog.address(request),
    }


def ask(ctx: Ctx, hook: Mapping[str, Any], type: str, data: Mapping[str, Any], **more: str) -> Answer:
    """Ask a hook; an answer that never came is told in the system log."""
    body = {
        "eventId": ctx.new_id("{uuid}"), "eventTime": iso(ctx), "eventType": type, "eventTypeVersion": "1.0",
        "contentType": "application/json", "cloudEventVersion": "0.1",
        "source": f"{ctx.base_url}/api/v1/inlineHooks/{hook['id']}", **more, "data": data,
    }  # fmt: skip
    answer = _called(hook, orjson.dumps(body))
    if answer.failed:
        failure(ctx, hook, "inline_hook.executed", "Inline hook executed")
    return answer


def failure(ctx: Ctx, hook: Mapping[str, Any], type: str, message: str, reason: str | None = None) -> None:
    """Tell in the system log what went wrong with a hook."""
    target = syslog.target(str(hook["id"]), "InlineHook", str(hook.get("name") or hook["id"]))
    syslog.write(ctx, type, message, target, outcome="FAILURE", reason=reason)


def _called(hook: Mapping[str, Any], body: bytes) -> Answer:
    config = hook["channel"]["config"]
    for _ in range(2):
        reply = call(str(config["uri"]), method=str(config.get("method") or "POST"), headers=hook_headers(dict(hook)),
                     body=body)  # fmt: skip
        if not reply.error and reply.status < 500:
            break
    return read(reply.status, reply.body, reply.error)


def read(status: int, body: bytes, error: str = "") -> Answer:
    """What came back: E0000137 for nothing in time, E0000134 for what is no answer."""
    if error:
        return Answer(failed="E0000137" if error == "timeout" else "E0000134")
    if not 200 <= status < 300:
        return Answer(failed="E0000134")
    if status == 204 or not body:
        return Answer()
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Answer(failed="E0000134")
    if not isinstance(found, dict):
        return Answer(failed="E0000134")
    refusal = found.get("error")
    return Answer(found, refusal if isinstance(refusal, dict) else None)
