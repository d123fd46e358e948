"""Subscription schedules: create, change, release, cancel; phases begin and end on the clock.

Sources: https://docs.stripe.com/api/subscription_schedules,
https://docs.stripe.com/billing/subscriptions/subscription-schedules. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, listing, lookup, twin
from twins.stripe.billing import phases, statuses
from twins.stripe.handlers import changing, clocks, phasing, subscribing, subscriptions

SCHEDULE = "subscription_schedule"


# making one ----------------------------------------------------------------------------------------------------------


def _blank(ctx: Ctx, params: Mapping[str, Any], customer: Mapping[str, Any]) -> dict[str, Any]:
    at = clocks.now(ctx, customer)
    return {
        "id": ctx.new_id(SCHEDULE),
        "object": SCHEDULE,
        **dict.fromkeys(
            (
                "application", "canceled_at", "completed_at", "current_phase", "customer_account", "released_at",
                "released_subscription", "subscription",
            )
        ),
        "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible", "updated_at": at},
        "created": at,
        "customer": customer["id"],
        "default_settings": phasing.defaults(ctx, params.get("default_settings")),
        "end_behavior": params.get("end_behavior") or "release",
        "livemode": False,
        "metadata": lookup.metadata({}, params.get("metadata")),
        "phases": [],
        "status": "not_started",
        "test_clock": customer.get("test_clock"),
    }  # fmt: skip


def make(ctx: Ctx, params: Mapping[str, Any]) -> dict[str, Any]:
    """A new schedule of phases; it begins at once when its start is not in the future."""
    if not params.get("customer"):
        raise errors.missing("customer")
    customer = lookup.record(ctx, "customer", params["customer"], "customer")
    record, now = _blank(ctx, params, customer), clocks.now(ctx, customer)
    wanted = params.get("start_date")
    start = now if wanted in (None, "", "now") else int(str(wanted))
    record["phases"] = phasing.read(ctx, params.get("phases"), start, now)
    record = lookup.ordered(record)
    ctx.store.insert(SCHEDULE, record, created=ctx.micros)
    if start <= now:
        _begin(ctx, record)
    record = ctx.store.get(SCHEDULE, record["id"])
    ctx.emit("subscription_schedule.created", record)
    _plan(ctx, record)
    return record


def _from_subscription(ctx: Ctx, params: Mapping[str, Any]) -> dict[str, Any]:
    """A schedule that takes a subscription over as it is."""
    for name in params:
        if name not in ("from_subscription", "expand", "billing_mode"):
            raise errors.exclusive("from_subscription", name)
    subscription = lookup.record(ctx, "subscription", params["from_subscription"], "from_subscription")
    if subscription["schedule"]:
        raise errors.invalid(phases.attached(subscription["schedule"]), "from_subscription")
    if subscription["status"] in statuses.ENDED:
        raise errors.no_such("subscription", subscription["id"], "from_subscription", path=False)
    record = _blank(ctx, {}, ctx.store.get("customer", subscription["customer"]))
    phase = phasing.of_subscription(ctx, subscription)
    settings = record["default_settings"]
    settings |= {name: subscription[name] for name in ("collection_method", "default_payment_method", "description")}
    current = {"end_date": phase["end_date"], "start_date": phase["start_date"]}
    record |= {"current_phase": current, "phases": [phase], "status": "active", "subscription": subscription["id"]}
    record = lookup.ordered(record)
    ctx.store.insert(SCHEDULE, record, created=ctx.micros)
    ctx.emit("subscription_schedule.created", record)
    subscribing.changed(ctx, subscription, {"schedule": record["id"]})
    _plan(ctx, record)
    return record


@twin.handler("PostSubscriptionSchedules")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new schedule, of phases or of a subscription that runs."""
    params = request.body or {}
    return _from_subscription(ctx, params) if params.get("from_subscription") else make(ctx, params)


@twin.handler("GetSubscriptionSchedules")
@lookup.modelled
def list_all(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Schedules, by customer, by what became of them, or those that have not begun."""
    query = request.query
    where = [Filter("customer", "=", query["customer"])] if query.get("customer") else []
    if query.get("scheduled"):
        where.append(Filter("status", "=", "not_started"))
    for name in ("canceled_at", "completed_at", "created", "released_at"):
        where += listing.ranges(query, name)
    return listing.page(ctx, request, SCHEDULE, where)


# changing one --------------------------------------------------------------------------------------------------------


def _open(ctx: Ctx, request: Request, verb: str) -> dict[str, Any]:
    """The schedule in the path, when it is not over. Raises 400, 404."""
    record = lookup.in_path(ctx, SCHEDULE, request.path["schedule"], "schedule")
    refused = phases.closed(record["status"], verb)
    if refused:
        raise errors.invalid(refused)
    return record


@twin.handler("PostSubscriptionSchedulesSchedule")
@lookup.modelled
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change a schedule; what changes in its current phase reaches the subscription at once."""
    return change(ctx, _open(ctx, request, "update"), request.body or {})


def change(ctx: Ctx, record: dict[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Change a schedule as an update asks."""
    now = clocks.now(ctx, record["customer"])
    changes = lookup.changed(record, params, "end_behavior")
    if "default_settings" in params:
        changes["default_settings"] = phasing.defaults(ctx, params["default_settings"], record["default_settings"])
    if "phases" in params:
        changes["phases"] = _phases(ctx, record, params["phases"], now)
        place = phases.running(changes["phases"], now) if record["status"] == "active" else None
        if place is not None:
            found = changes["phases"][place]
            changes["current_phase"] = {"end_date": found["end_date"], "start_date": found["start_date"]}
    changed = ctx.update(SCHEDULE, record["id"], changes, event="subscription_schedule.updated")
    if record["status"] == "active" and ("phases" in params or "default_settings" in params):
        place = phases.running(changed["phases"], now)
        if place is not None:
            behavior = params.get("proration_behavior") or "create_prorations"
            _apply(ctx, changed, changed["phases"][place], behavior, entered=False)
    elif record["status"] == "not_started" and changed["phases"][0]["start_date"] <= now:
        _begin(ctx, changed)
    _plan(ctx, ctx.store.get(SCHEDULE, record["id"]))
    return ctx.store.get(SCHEDULE, record["id"])


def _phases(ctx: Ctx, record: Mapping[str, Any], given: Any, now: int) -> list[dict[str, Any]]:
    current = record["current_phase"]
    start = None
    if isinstance(given, list) and all(each.get("start_date") in (None, "") for each in given):
        raise errors.invalid(phases.NO_ANCHOR)
    made = phasing.read(ctx, given, start, now)
    try:
        found = phases.joined(record["phases"], made, current)
    except ValueError as error:
        raise errors.invalid(str(error)) from None
    if current is not None and phases.running(found, now) is None and found[-1]["end_date"] <= now:
        raise errors.invalid(phases.CURRENT_END)
    return found


@twin.handler("PostSubscriptionSchedulesScheduleRelease")
@lookup.modelled
def release(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Let a schedule's subscription go on by itself."""
    return released(ctx, _open(ctx, request, "release"))


def released(ctx: Ctx, record: dict[str, Any]) -> dict[str, Any]:
    """Release a schedule."""
    values = {
        "current_phase": None,
        "released_at": clocks.now(ctx, record["customer"]),
        "released_subscription": record["subscription"],
        "status": "released",
        "subscription": None,
    }
    changed = ctx.update(SCHEDULE, record["id"], values, event="subscription_schedule.updated")
    _let_go(ctx, record["subscription"])
    ctx.emit("subscription_schedule.released", changed)
    return changed


@twin.handler("PostSubscriptionSchedulesScheduleCancel")
@lookup.modelled
def cancel(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Cancel a schedule with its subscription; what is left of the period is given back unless that is declined."""
    record, params = _open(ctx, request, "cancel"), request.body or {}
    subscription = ctx.store.find("subscription", str(record["subscription"]))
    over = _ended(ctx, record, "canceled")
    if subscription is not None and subscription["status"] not in statuses.ENDED:
        asked = {"invoice_now": params.get("invoice_now", True), "prorate": params.get("prorate", True)}
        subscriptions.cancel_now(ctx, subscription, asked)
    ctx.emit("subscription_schedule.canceled", over)
    return over


def _ended(ctx: Ctx, record: Mapping[str, Any], status: str) -> dict[str, Any]:
    """A schedule that is over, not told yet."""
    at = clocks.now(ctx, record["customer"])
    return ctx.store.update(SCHEDULE, str(record["id"]), current_phase=None, status=status, **{f"{status}_at": at})


def _let_go(ctx: Ctx, subscription: Any) -> None:
    found = ctx.store.find("subscription", str(subscription))
    if found is not None and found["schedule"]:
        subscribing.changed(ctx, found, {"schedule": None})


@subscribing.ending
def subscription_ended(ctx: Ctx, subscription: dict[str, Any], reason: str | None) -> None:
    """A subscription ended by itself: its schedule is aborted after failed payments, else canceled."""
    record = ctx.store.find(SCHEDULE, str(subscription["schedule"]))
    if record is None or record["status"] != "active":
        return
    event = "aborted" if reason == "payment_failed" else "canceled"
    ctx.emit(f"subscription_schedule.{event}", _ended(ctx, record, "canceled"))


# the clock -----------------------------------------------------------------------------------------------------------


def _plan(ctx: Ctx, record: Mapping[str, Any]) -> None:
    """Let the clock begin and end phases, and tell of the end a week before."""
    now, id = clocks.now(ctx, record["customer"]), record["id"]
    if record["status"] not in phases.OPEN:
        return
    moments = {phase[name] for phase in record["phases"] for name in ("start_date", "end_date")}
    for at in sorted(moments):
        if at > now:
            clocks.later(ctx, record["customer"], "phase", {"schedule": id}, at)
    told = record["phases"][-1]["end_date"] - phases.TOLD_BEFORE
    if told > now:
        clocks.later(ctx, record["customer"], "schedule_expiring", {"schedule": id, "at": told}, told)


@clocks.work("schedule_expiring")
def expiring(ctx: Ctx, data: dict[str, Any]) -> None:
    """A week before a schedule's last phase ends."""
    record = ctx.store.find(SCHEDULE, data["schedule"])
    if record and record["status"] == "active" and record["phases"][-1]["end_date"] - phases.TOLD_BEFORE == data["at"]:
        ctx.emit("subscription_schedule.expiring", record)


@clocks.work("phase")
def due(ctx: Ctx, data: dict[str, Any]) -> None:
    """A phase may begin or end now."""
    record = ctx.store.find(SCHEDULE, data["schedule"])
    if record is None:
        return
    if record["status"] == "not_started" and record["phases"][0]["start_date"] <= clocks.now(ctx, record["customer"]):
        previous = {"current_phase": None, "status": "not_started", "subscription": None}
        _begin(ctx, record)
        ctx.emit("subscription_schedule.updated", ctx.store.get(SCHEDULE, record["id"]), previous=previous)
    else:
        _advance(ctx, record)


def _begin(ctx: Ctx, record: Mapping[str, Any]) -> None:
    """The first phase begins: the subscription is made, its first invoice is a draft for an hour."""
    now = clocks.now(ctx, record["customer"])
    phase = record["phases"][phases.running(record["phases"], now) or 0]
    wanted = phasing.asked(record, phase)
    wanted |= {
        "customer": record["customer"],
        "items": [
            {name: each[name] for name in ("price", "quantity", "metadata") if each.get(name) is not None}
            for each in phase["items"]
        ],
        "payment_behavior": subscribing.SCHEDULED,
        "schedule": record["id"],
    }
    if phase["start_date"] < now:
        wanted["backdate_start_date"] = phase["start_date"]
    if phase["trial_end"] and phase["trial_end"] > now:
        wanted["trial_end"] = phase["trial_end"]
    made = subscriptions.make(ctx, wanted)
    current = {"end_date": phase["end_date"], "start_date": phase["start_date"]}
    ctx.store.update(SCHEDULE, str(record["id"]), current_phase=current, status="active", subscription=made["id"])


@subscribing.before_renewal
def renewing(ctx: Ctx, subscription: dict[str, Any]) -> None:
    """A period of a scheduled subscription is over: a phase that ends with it makes way before the next is billed."""
    record = ctx.store.find(SCHEDULE, str(subscription["schedule"]))
    if record is not None:
        _advance(ctx, record)


def _advance(ctx: Ctx, record: dict[str, Any]) -> None:
    """Go over into the phase that runs now, or end after the last one."""
    current, now = record["current_phase"], clocks.now(ctx, record["customer"])
    if record["status"] != "active" or current is None or now < current["end_date"]:
        return
    place = phases.running(record["phases"], now)
    if place is None:
        _complete(ctx, record)
        return
    phase = record["phases"][place]
    entered = {"end_date": phase["end_date"], "start_date": phase["start_date"]}
    changed = ctx.update(SCHEDULE, record["id"], {"current_phase": entered}, event="subscription_schedule.updated")
    _apply(ctx, changed, phase, phase["proration_behavior"], entered=True)


def _apply(ctx: Ctx, record: Mapping[str, Any], phase: Mapping[str, Any], behavior: str, *, entered: bool) -> None:
    """Let the subscription be as a phase says."""
    subscription = ctx.store.find("subscription", str(record["subscription"]))
    if subscription is None or subscription["status"] in statuses.ENDED:
        return
    wanted = phasing.asked(record, phase, () if entered else ("add_invoice_items", "discounts"))
    wanted |= {
        "items": phasing.item_changes(ctx, subscription["id"], phase),
        "proration_behavior": behavior,
    }
    anchor = phase["billing_cycle_anchor"] or record["default_settings"]["billing_cycle_anchor"]
    if entered and anchor == "phase_start":
        wanted["billing_cycle_anchor"] = "now"
    if phase["trial_end"] and phase["trial_end"] > clocks.now(ctx, record["customer"]):
        wanted["trial_end"] = phase["trial_end"]
    changing.change(ctx, subscription, wanted)


def _complete(ctx: Ctx, record: dict[str, Any]) -> None:
    """The last phase is over: the subscription goes on by itself, or ends."""
    subscription = ctx.store.find("subscription", str(record["subscription"]))
    over = _ended(ctx, record, "completed")
    if record["end_behavior"] == "cancel" and subscription and subscription["status"] not in statuses.ENDED:
        subscribing.ends_in_time(ctx, subscription, record["phases"][-1]["end_date"])
    else:
        _let_go(ctx, record["subscription"])
    ctx.emit("subscription_schedule.completed", over)
