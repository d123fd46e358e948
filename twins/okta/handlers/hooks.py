"""Hooks that are asked by hand: the one-time verification of event hooks, the preview of inline hooks.

Source: https://developer.okta.com/docs/concepts/event-hooks/#one-time-verification-request and
https://developer.okta.com/docs/concepts/inline-hooks/.
"""

from __future__ import annotations

from typing import Any

import orjson

from twinkit import Ctx, Request, call
from twins.okta import errors, inline_hooks, twin
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


@twin.handler("executeInlineHook")
def execute(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Preview an inline hook with a payload of one's own."""
    hook = ctx.store.find("inline_hook", request.path["inlineHookId"])
    if hook is None:
        raise errors.missing("inline_hook", request.path["inlineHookId"])
    data = request.body if isinstance(request.body, dict) else {}
    answer = inline_hooks.ask(ctx, hook, str(hook.get("type", "")), data)
    if answer.failed:
        raise errors.error(answer.failed)
    if answer.error is not None:
        raise errors.error("E0000135", causes=(str(answer.error.get("errorSummary", "")),))
    return dict(answer.body)
