"""Which notifications an administrator role, or a single administrator, gets by email.

Source: https://developer.okta.com/docs/reference/api/admin-notifications/.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Reply, Request
from twins.okta import errors, people, twin
from twins.okta.handlers.roles import LABELS

KINDS = (
    "CONNECTOR_AGENT", "USER_LOCKED_OUT", "APP_IMPORT", "LDAP_AGENT", "AD_AGENT", "OKTA_ANNOUNCEMENT",
    "OKTA_UPDATE", "IWA_AGENT", "USER_DEPROVISION", "REPORT_SUSPICIOUS_ACTIVITY", "RATELIMIT_NOTIFICATION",
    "AGENT_AUTO_UPDATE_NOTIFICATION",
)  # fmt: skip


def owner(ctx: Ctx, request: Request) -> tuple[str, str]:
    """(path, key) of whose subscriptions a request speaks of. Raises E0000007."""
    if "userId" in request.path:
        id = str(people.get(ctx, request.path["userId"])["id"])
        return f"users/{id}", id
    role = str(request.path["roleRef"])
    if role not in LABELS and ctx.store.find("custom_role", role) is None:
        raise errors.error("E0000007", f"Resource not found: {role} (Role)")
    return f"roles/{role}", role


def shown(ctx: Ctx, path: str, key: str, kind: str) -> dict[str, Any]:
    """A subscription with its links."""
    held = ctx.store.find("subscription", f"{key}/{kind}")
    on = held["on"] if held else True
    own = f"{ctx.base_url}/api/v1/{path}/subscriptions/{kind}"
    step = "unsubscribe" if on else "subscribe"
    links = {step: {"href": f"{own}/{step}", "hints": {"allow": ["POST"]}}, "self": {"href": own}}
    return {"notificationType": kind, "channels": ["email"], "status": "subscribed" if on else "unsubscribed",
            "_links": links}  # fmt: skip


def kind_of(request: Request) -> str:
    """The notification of a request. Raises E0000007."""
    kind = str(request.path["notificationType"])
    if kind not in KINDS:
        raise errors.error("E0000007", f"Resource not found: {kind} (NotificationType)")
    return kind


@twin.handler("listSubscriptionsRole", "listSubscriptionsUser")
def list_all(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """Every notification, with whether it is sent."""
    path, key = owner(ctx, request)
    return [shown(ctx, path, key, kind) for kind in KINDS]


@twin.handler("getSubscriptionsNotificationTypeRole", "getSubscriptionsNotificationTypeUser")
def get(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One of them."""
    return shown(ctx, *owner(ctx, request), kind_of(request))


@twin.handler(
    "subscribeByNotificationTypeRole",
    "unsubscribeByNotificationTypeRole",
    "subscribeByNotificationTypeUser",
    "unsubscribeByNotificationTypeUser",
)
def turn(ctx: Ctx, request: Request) -> Reply:
    """A notification is sent, or it is not."""
    _, key = owner(ctx, request)
    id, on = f"{key}/{kind_of(request)}", request.url_path.endswith("/subscribe")
    if ctx.store.find("subscription", id) is None:
        ctx.store.insert("subscription", {"on": on}, id=id)
    else:
        ctx.store.update("subscription", id, on=on)
    return Reply(200, None)
