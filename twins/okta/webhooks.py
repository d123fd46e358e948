"""Event hooks: which hook wants an event, and the CloudEvents-like envelope it gets.

Source: https://developer.okta.com/docs/concepts/event-hooks/ and /docs/reference/api/event-hooks/.
Imports: the kit's public names (those of delivery when a hook is called, since a start needs none of them), the twin.
"""

from __future__ import annotations

from typing import Any

import orjson

import twinkit
from twinkit import Ctx, Filter
from twins.okta import twin
from twins.okta.times import iso


@twin.envelope
def envelope(ctx: Ctx, type: str, data: dict[str, Any], _previous: Any, **_extra: Any) -> dict[str, Any]:
    """The event as it is kept: id, type, time and the LogEvent."""
    return {"id": data.get("uuid") or ctx.new_id("{uuid}"), "type": type, "created": iso(ctx), "data": data}


@twin.receivers
def receivers(ctx: Ctx, event: dict[str, Any]) -> list[twinkit.Receiver]:
    """The active, verified hooks that subscribe to the event's type."""
    found = []
    for hook in ctx.store.select("event_hook", [Filter("status", "=", "ACTIVE")]):
        wanted = hook.get("events", {}).get("items", [])
        if event["type"] in wanted and hook.get("verificationStatus") == "VERIFIED":
            uri = str(hook.get("channel", {}).get("config", {}).get("uri", ""))
            found.append(twinkit.Receiver(str(hook["id"]), uri))
    return found


@twin.compose
def compose(ctx: Ctx, event: dict[str, Any], receiver: twinkit.Receiver) -> twinkit.Outgoing:
    """The body and headers a hook gets."""
    body = {
        "eventType": "com.okta.event_hook",
        "eventTypeVersion": "1.0",
        "cloudEventsVersion": "0.1",
        "source": f"{ctx.base_url}/api/v1/eventHooks/{receiver.id}",
        "eventId": event["id"],
        "data": {"events": [event["data"]]},
        "eventTime": event["created"],
        "contentType": "application/json",
    }
    return twinkit.Outgoing(orjson.dumps(body), hook_headers(ctx.store.find("event_hook", receiver.id)))


def hook_headers(hook: dict[str, Any] | None) -> dict[str, str]:
    """The headers of a hook's channel: content type, its secret header, its own headers."""
    config = (hook or {}).get("channel", {}).get("config", {})
    headers = {"content-type": "application/json", "accept": "application/json"}
    for each in config.get("headers") or []:
        headers[str(each.get("key", "")).lower()] = str(each.get("value", ""))
    scheme = config.get("authScheme") or {}
    if scheme.get("type") == "HEADER" and scheme.get("key"):
        headers[str(scheme["key"]).lower()] = str(scheme.get("value", ""))
    return headers
