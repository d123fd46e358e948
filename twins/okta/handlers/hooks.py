"""Hooks that wait for an answer: the one-time verification of event hooks, and inline hooks.

Source: https://developer.okta.com/docs/concepts/event-hooks/#one-time-verification-request and
https://developer.okta.com/docs/concepts/inline-hooks/.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from twinkit import Ctx, Request, call
from twins.okta import errors, twin
from twins.okta.times import iso
from twins.okta.webhooks import hook_headers


@twin.handler("verifyEventHook")
def verify(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Ask the hook to send a challenge back; then it gets events."""
    hook = ctx.store.find("event_hook", request.path["eventHookId"])
    if hook is None:
        raise errors.missing("event_hook", request.path["eventHookId"])
    challenge = ctx.token("alnum", 40)
    uri = str(hook["channel"]["config"]["uri"])
    reply = call(uri, headers={**hook_headers(hook), "x-okta-verification-challenge": challenge})
    try:
        answered = orjson.loads(reply.body).get("verification") if reply.status == 200 else None
    except (orjson.JSONDecodeError, AttributeError):
        answered = None
    if answered != challenge:
        raise errors.validation("verification", reply.error or "The hook did not answer the verification challenge")
    hook = ctx.store.update("event_hook", hook["id"], verificationStatus="VERIFIED", lastUpdated=iso(ctx))
    base = f"{ctx.base_url}/api/v1/eventHooks/{hook['id']}"
    return {**hook, "_links": {"self": {"href": base}, "deactivate": {"href": f"{base}/lifecycle/deactivate"}}}


@twin.control("verify_event_hook")
def control_verify(ctx: Ctx, payload: Any) -> dict[str, str]:
    """Treat an event hook as verified without asking it: {id}."""
    ctx.store.update("event_hook", str(payload["id"]), verificationStatus="VERIFIED")
    return {"status": "VERIFIED"}


def ask(ctx: Ctx, hook: Mapping[str, Any], type: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """What an inline hook answers. Raises E0000134, E0000135 or E0000137."""
    body = {
        "source": f"{ctx.base_url}/api/v1/inlineHooks/{hook['id']}", "eventId": ctx.new_id("{uuid}"),
        "eventTime": iso(ctx), "eventTypeVersion": "1.0", "cloudEventVersion": "0.1",
        "contentType": "application/json", "eventType": type, "data": data,
    }  # fmt: skip
    config = hook["channel"]["config"]
    reply = call(str(config["uri"]), method=str(config.get("method") or "POST"), headers=hook_headers(dict(hook)),
                 body=orjson.dumps(body))  # fmt: skip
    if reply.error:
        raise errors.error("E0000137" if reply.error == "timeout" else "E0000134")
    if reply.status == 204 or not reply.body:
        return {}
    try:
        answer = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        raise errors.error("E0000134") from None
    if reply.status >= 300 or not isinstance(answer, dict):
        raise errors.error("E0000134")
    if answer.get("error"):
        raise errors.error("E0000135", causes=(str(answer["error"].get("errorSummary", "")),))
    return dict(answer)


@twin.handler("executeInlineHook")
def execute(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Preview an inline hook with a payload of one's own."""
    hook = ctx.store.find("inline_hook", request.path["inlineHookId"])
    if hook is None:
        raise errors.missing("inline_hook", request.path["inlineHookId"])
    return ask(ctx, hook, str(hook.get("type", "")), request.body if isinstance(request.body, dict) else {})


def patched(claims: dict[str, Any], commands: list[Any], type: str) -> dict[str, Any]:
    """Claims after a token hook's commands of a type (`com.okta.access.patch`, `com.okta.identity.patch`)."""
    made = dict(claims)
    for command in commands:
        if not isinstance(command, Mapping) or command.get("type") != type:
            continue
        for step in command.get("value") or []:
            name = str(step.get("path", "")).removeprefix("/claims/")
            if step.get("op") == "remove":
                made.pop(name, None)
            elif name and "/" not in name:
                made[name] = step.get("value")
    return made
