"""dnd.*. Source: https://docs.slack.dev/reference/methods/dnd.info. Imports: call, people, webhooks."""

from __future__ import annotations

from typing import Any

from twins.slack import people, webhooks
from twins.slack.call import Call, method
from twins.slack.failing import fail

LONGEST = 60 * 24 * 30
"""Minutes."""


def _status(call: Call, user: dict[str, Any]) -> dict[str, Any]:
    start = call.ctx.now - call.ctx.now % 86_400 + 22 * 3600
    return {
        "dnd_enabled": bool(user.get("dnd", {}).get("enabled")),
        "next_dnd_start_ts": start,
        "next_dnd_end_ts": start + 36_000,
    }


def _snooze(call: Call, user: dict[str, Any]) -> dict[str, Any]:
    until = int(user.get("dnd", {}).get("until", 0))
    if until <= call.ctx.now:
        return {"snooze_enabled": False}
    return {
        "snooze_enabled": True,
        "snooze_endtime": until,
        "snooze_remaining": until - call.ctx.now,
        "snooze_is_indefinite": False,
    }


@method("dnd.info")
def info(call: Call) -> dict[str, Any]:
    """Whether somebody wants quiet."""
    user = people.find(call.ctx, call.args.text("user") or call.user)
    return {**_status(call, user), **(_snooze(call, user) if user["id"] == call.user else {})}


@method("dnd.teamInfo")
def team_info(call: Call) -> dict[str, Any]:
    """Whether these people do."""
    ids = call.args.names("users")
    if len(ids) > 50:
        raise fail("too_many_users")
    found = {id: call.ctx.store.find("user", id) for id in ids}
    return {"users": {id: _status(call, user) for id, user in found.items() if user is not None}}


def _set(call: Call, **dnd: Any) -> dict[str, Any]:
    user = call.ctx.store.get("user", call.user)
    after = call.ctx.store.update("user", call.user, dnd={**user.get("dnd", {}), **dnd})
    status = {**_status(call, after), **_snooze(call, after)}
    told = {name: value for name, value in status.items() if name not in ("snooze_is_indefinite", "snooze_remaining")}
    webhooks.notify(call.ctx, call.team, "dnd_updated", {"user": call.user, "dnd_status": told})
    webhooks.notify(call.ctx, call.team, "dnd_updated_user", {"user": call.user, "dnd_status": _status(call, after)})
    return status


@method("dnd.setSnooze")
def set_snooze(call: Call) -> dict[str, Any]:
    """Quiet for so many minutes."""
    if "num_minutes" not in call.args:
        raise fail("missing_duration")
    minutes = call.args.whole("num_minutes", 0, "snooze_failed")
    if minutes <= 0:
        raise fail("snooze_failed")
    if minutes > LONGEST:
        raise fail("too_long")
    status = _set(call, until=call.ctx.now + minutes * 60)
    return {name: status[name] for name in ("snooze_enabled", "snooze_endtime", "snooze_remaining")}


@method("dnd.endSnooze")
def end_snooze(call: Call) -> dict[str, Any]:
    """No more of it."""
    user = call.ctx.store.get("user", call.user)
    if not _snooze(call, user)["snooze_enabled"]:
        raise fail("snooze_not_active")
    return _set(call, until=0)


@method("dnd.endDnd")
def end_dnd(call: Call) -> dict[str, Any]:
    """No quiet at all for now."""
    _set(call, enabled=False)
    return {}
