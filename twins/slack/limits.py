"""How much an app is sent, when its event subscriptions stop, and what an unlisted app may read. Imports: the kit's.

Sources: https://docs.slack.dev/reference/events/app_rate_limited (30,000 events an hour from one workspace) and
https://docs.slack.dev/apis/events-api#failure-limits (more than 95 percent of the attempts of 60 minutes failed; apps
with fewer than 1,000 events an hour are spared);
https://docs.slack.dev/changelog/2025/05/29/rate-limit-changes-for-non-marketplace-apps.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from twinkit import Ctx

HOUR = 60
"""Minutes that count."""
MINUTE = 60
EVENTS = 30_000
SPARED = 1_000
PERCENT = 95
UNLISTED = 15
"""How many messages an app gets at once that is sold outside the Marketplace, and as many if it does not say."""


def counted(ctx: Ctx, name: str, ok: bool = True) -> tuple[int, int]:
    """Count one more under a name; how many there were in the last hour, and how many of them were not ok."""
    minute = ctx.now // 60
    found = ctx.store.find("traffic", name)
    kept = {} if found is None else {at: row for at, row in found["minutes"].items() if int(at) > minute - HOUR}
    row = kept.get(str(minute), [0, 0])
    kept[str(minute)] = [row[0] + 1, row[1] + (0 if ok else 1)]
    if found is None:
        ctx.store.insert("traffic", {"id": name, "minutes": kept})
    else:
        ctx.store.update("traffic", name, minutes=kept)
    return sum(row[0] for row in kept.values()), sum(row[1] for row in kept.values())


def too_many(ctx: Ctx, app: Mapping[str, Any], team: str) -> bool:
    """Whether one more event is beyond what an app gets of a workspace in an hour; the app is told once a minute."""
    total, _ = counted(ctx, f"{app['id']} {team}")
    if total <= int(app.get("events_per_hour") or EVENTS):
        return False
    minute = ctx.now // 60 * 60
    note = f"{app['id']} {team} {minute}"
    if ctx.store.find("traffic", note) is None:
        ctx.store.insert("traffic", {"id": note, "minutes": {}})
        body = {
            "token": app["verification_token"], "type": "app_rate_limited", "team_id": team,
            "minute_rate_limited": minute, "api_app_id": app["id"],
        }  # fmt: skip
        ctx.emit("app_rate_limited", body, kind="rate_limit", team=team, channel="", app=app["id"])
    return True


def attempted(ctx: Ctx, app: str, ok: bool) -> None:
    """Note how an attempt to deliver an event went; too many failures end the app's subscriptions."""
    record = ctx.store.find("app", app)
    if record is None or record.get("disabled"):
        return
    total, failed = counted(ctx, f"{app} attempts", ok)
    if total >= int(record.get("spared_below") or SPARED) and failed * 100 > total * PERCENT:
        ctx.store.update("app", app, disabled=True)


@lru_cache(maxsize=256)
def unlisted(app: bytes) -> bool:
    """Whether the stored record of an app says that it is outside the marketplace."""
    return bool(orjson.loads(app).get("unlisted"))


def readable(ctx: Ctx, id: str, team: str, method: str) -> int | None:
    """How many messages an app may read now; None when only the method's own limits hold.

    An app whose setting `unlisted` is true calls `method` once a minute. Raises `ratelimited`.
    """
    app = ctx.store.raw("app", id)
    if app is None or not unlisted(app):
        return None
    name = f"{id} {team} {method}"
    found = ctx.store.find("traffic", name)
    if found is None:
        ctx.store.insert("traffic", {"id": name, "minutes": {}, "next": ctx.now + MINUTE})
    elif found["next"] > ctx.now:
        raise ctx.error("rate_limit", retry_after=found["next"] - ctx.now)
    else:
        ctx.store.update("traffic", name, next=ctx.now + MINUTE)
    return UNLISTED
