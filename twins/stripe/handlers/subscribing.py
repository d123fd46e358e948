"""What happens to subscriptions, whoever asks: items, invoices of a period, payments, renewal, the end.

Used by the subscription operations, Checkout and the clock. Sources: https://docs.stripe.com/billing/subscriptions/overview,
https://docs.stripe.com/api/subscriptions. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twinkit import Ctx, Reply, ServiceError
from twins.stripe import errors, locating
from twins.stripe.billing import periods, statuses
from twins.stripe.handlers import clocks, cycle, invoices, invoicing, recurring

SCHEDULED = "scheduled"
"""The payment behaviour of a subscription that a schedule makes: its first invoice is a draft for an hour."""
Renewal = Callable[[Ctx, dict[str, Any]], None]
RENEWALS: list[Renewal] = []
"""Called with a subscription whose period is over, before the next one is billed."""
Ending = Callable[[Ctx, dict[str, Any], str | None], None]
ENDINGS: list[Ending] = []
"""Called with a subscription that has ended, and why."""
Follower = Callable[[Ctx, dict[str, Any]], None]
FOLLOWERS: list[Follower] = []
"""Called with a subscription that was made, changed or has ended."""
BIRTH = "subscription_birth"
"""Store name of the subscriptions that are just being made: what happens to them is not told yet."""
DETAILS: Mapping[str, Any] = dict.fromkeys(("comment", "feedback", "feedback_option", "reason"))


def before_renewal(function: Renewal) -> Renewal:
    """Register what is done when a period is over, before the next one is billed."""
    RENEWALS.append(function)
    return function


def ending(function: Ending) -> Ending:
    """Register what is done when a subscription has ended."""
    ENDINGS.append(function)
    return function


def follow(function: Follower) -> Follower:
    """Register what is done when a subscription was made, changed or has ended."""
    FOLLOWERS.append(function)
    return function


def followed(ctx: Ctx, subscription: dict[str, Any]) -> None:
    """Do what follows from a change of a subscription."""
    for follower in FOLLOWERS:
        follower(ctx, subscription)


# status --------------------------------------------------------------------------------------------------------------


def changed(ctx: Ctx, subscription: dict[str, Any], changes: Mapping[str, Any], *events: str) -> dict[str, Any]:
    """Change a subscription and tell of it, unless it is just being made."""
    previous = ctx.store.get("subscription", subscription["id"])
    record = recurring.show_items(ctx, {**previous, **changes})
    ctx.store.replace("subscription", subscription["id"], record)
    before = {name: previous.get(name) for name in record if previous.get(name) != record[name]}
    if before and ctx.store.find(BIRTH, subscription["id"]) is None:
        ctx.emit("customer.subscription.updated", record, previous=before)
        for event in events:
            ctx.emit(event, record)
        followed(ctx, record)
    return record


def end(
    ctx: Ctx, subscription: dict[str, Any], reason: str | None, details: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The subscription is over: canceled now."""
    at = clocks.now(ctx, subscription["customer"])
    given = {**subscription["cancellation_details"], **(details or {}), "reason": reason}
    values = {
        "canceled_at": subscription["canceled_at"] or at,
        "cancellation_details": given,
        "ended_at": at,
        "status": "canceled",
    }
    record = recurring.show_items(ctx, {**ctx.store.get("subscription", subscription["id"]), **values})
    ctx.store.replace("subscription", subscription["id"], record)
    ctx.emit("customer.subscription.deleted", record)
    followed(ctx, record)
    for listener in ENDINGS:
        listener(ctx, record, reason)
    return record


def _listen(ctx: Ctx, invoice: dict[str, Any], outcome: str) -> None:
    """What became of the payment of a subscription's invoice."""
    if outcome == "void":
        return
    id = invoicing.subscription_of(invoice)
    subscription = ctx.store.find("subscription", id) if id else None
    if subscription is None or subscription["status"] in statuses.ENDED:
        return
    if outcome == "paid":
        target = statuses.SUBSCRIPTION.get((subscription["status"], "paid"))
        latest = subscription["latest_invoice"] == invoice["id"] or subscription["status"] != "incomplete"
        changes: dict[str, Any] = {"status": target} if target and latest else {}
        save = (subscription["payment_settings"] or {}).get("save_default_payment_method")
        intent = invoicing.intent_of(ctx, invoice["id"])
        if save == "on_subscription" and intent:
            changes["default_payment_method"] = intent["payment_method"]
        if changes:
            changed(ctx, subscription, changes)
        return
    if invoice["billing_reason"] == "subscription_create":
        return
    target = statuses.SUBSCRIPTION.get((subscription["status"], "failed"))
    if target:
        subscription = changed(ctx, subscription, {"status": target})
    _retry(ctx, subscription, invoice)


invoicing.LISTENERS.append(_listen)


def _retry(ctx: Ctx, subscription: dict[str, Any], invoice: dict[str, Any]) -> None:
    """Plan the next attempt of a failed payment; after the last one the subscription is canceled."""
    tried = max(int(invoice["attempt_count"]), 1)
    customer = subscription["customer"]
    if tried > len(statuses.RETRIES):
        ctx.store.update("invoice", invoice["id"], next_payment_attempt=None)
        end(ctx, subscription, "payment_failed")
        return
    at = clocks.now(ctx, customer) + statuses.RETRIES[tried - 1]
    ctx.store.update("invoice", invoice["id"], next_payment_attempt=at)
    clocks.later(ctx, customer, "retry", {"invoice": invoice["id"], "tried": tried}, at)


@clocks.work("retry")
def retries(ctx: Ctx, data: dict[str, Any]) -> None:
    """A failed payment is tried again."""
    invoice = ctx.store.find("invoice", data["invoice"])
    if invoice is not None and invoice["status"] == "open":
        invoicing.attempt(ctx, invoice)


# making one ----------------------------------------------------------------------------------------------------------


def collect_first(
    ctx: Ctx, subscription: dict[str, Any], behavior: str, *, on_session: bool = True, free: bool = False
) -> None:
    """The first invoice of a new subscription and its payment. Raises for what the behaviour does not admit.

    A first period that the anchor cuts short is billed in part, or not at all (`free`):
    https://docs.stripe.com/billing/subscriptions/billing-cycle.
    """
    at = clocks.now(ctx, subscription["customer"])
    trial = subscription["trial_end"] is not None and subscription["trial_end"] > at
    stub = not trial and subscription["billing_cycle_anchor"] > subscription["start_date"]
    over: cycle.Ended | None = {} if stub and free else None
    invoice = cycle.bill(ctx, subscription, "subscription_create", at, trial=trial, stub=stub, ended=over)
    if invoice is None or behavior == SCHEDULED or subscription["collection_method"] == "send_invoice":
        ctx.store.update("subscription", subscription["id"], status="trialing" if trial else "active")
        return
    opened = cycle.finalize_now(ctx, invoice)
    if opened["status"] == "paid":
        ctx.store.update("subscription", subscription["id"], status="trialing" if trial else "active")
        return
    method = invoicing.method_for(ctx, opened)
    if method is None and behavior != "default_incomplete":
        raise errors.invalid(statuses.NO_METHOD, code="resource_missing")
    if behavior != "default_incomplete" and method is not None:
        reply = invoicing.collect(ctx, opened, method, off_session=not on_session)
        if behavior == "error_if_incomplete":
            _insist(reply)
    if ctx.store.get("subscription", subscription["id"])["status"] == "incomplete":
        until = at + statuses.EXPIRES_AFTER
        clocks.later(ctx, subscription["customer"], "expire", {"subscription": subscription["id"]}, until)


def _insist(reply: Reply | Mapping[str, Any]) -> None:
    """Raise what went wrong with a first payment that had to succeed at once."""
    if isinstance(reply, Reply):
        inner = {name: value for name, value in reply.body["error"].items() if name not in ("payment_intent", "charge")}
        raise ServiceError(402, {"error": inner}, name="card_declined")
    if reply["status"] == "requires_action":
        text = (
            "Payment for this subscription requires additional user action before it can be completed successfully. "
            "Payment can be completed using the PaymentIntent associated with "
            "`subscription.latest_invoice.payment_intent`. For more details see: "
            "https://stripe.com/docs/billing/subscriptions/overview#requires-action"
        )
        raise errors.declined(text, "subscription_payment_intent_requires_action")


def insist_on(ctx: Ctx, invoice: Mapping[str, Any]) -> None:
    """Raise why an invoice that had to be paid at once was not. Raises 402."""
    intent = invoicing.intent_of(ctx, str(invoice["id"])) or {}
    failed = intent.get("last_payment_error")
    if failed:
        codes = {name: failed.get(name) for name in ("decline_code",) if failed.get(name)}
        raise errors.declined(str(failed["message"]), str(failed["code"]), **codes)
    if intent.get("status") == "requires_action":
        _insist(intent)
    raise errors.invalid(statuses.NO_METHOD, code="resource_missing")


@clocks.work("expire")
def expires(ctx: Ctx, data: dict[str, Any]) -> None:
    """Nobody completed the first payment in time."""
    subscription = ctx.store.find("subscription", data["subscription"])
    if subscription is None or subscription["status"] != "incomplete":
        return
    invoice = ctx.store.find("invoice", str(subscription["latest_invoice"]))
    if invoice is not None and invoice["status"] == "open":
        invoices.void_invoice(ctx, invoice)
    at = clocks.now(ctx, subscription["customer"])
    changed(ctx, subscription, {"status": "incomplete_expired", "ended_at": at})


# renewal -------------------------------------------------------------------------------------------------------------


def plan_renewal(ctx: Ctx, subscription: Mapping[str, Any]) -> None:
    """Let the clock renew a subscription when the first of its periods ends."""
    rows = recurring.items_of(ctx, str(subscription["id"]))
    if rows:
        end_at = min(row["current_period_end"] for row in rows)
        clocks.later(
            ctx, subscription["customer"], "renew", {"subscription": subscription["id"], "end": end_at}, end_at
        )
        told_at = end_at - statuses.TOLD_BEFORE
        if told_at > clocks.now(ctx, subscription["customer"]):
            data = {"subscription": subscription["id"], "end": end_at}
            clocks.later(ctx, subscription["customer"], "upcoming", data, told_at)
    cancel_at = subscription.get("cancel_at")
    if cancel_at:
        data = {"subscription": subscription["id"], "at": cancel_at}
        clocks.later(ctx, subscription["customer"], "cancel_at", data, cancel_at)


@clocks.work("cancel_at")
def cancels(ctx: Ctx, data: dict[str, Any]) -> None:
    """The time a subscription was to be canceled at has come."""
    subscription = ctx.store.find("subscription", data["subscription"])
    if subscription is None or subscription["status"] in statuses.ENDED or subscription["cancel_at"] != data["at"]:
        return
    ends_in_time(ctx, subscription, data["at"])


def ends_in_time(ctx: Ctx, subscription: dict[str, Any], at: int) -> None:
    """A subscription ends when it was to: what was used and not billed yet is billed, then it is canceled."""
    rows = recurring.items_of(ctx, subscription["id"])
    rows = [row for row in rows if recurring.metered(row["price"]) and subscription["status"] != "trialing"]
    over = {row["id"]: (row["current_period_start"], at) for row in rows}
    if any(recurring.used(ctx, row, subscription["customer"], over[row["id"]]) for row in rows):
        cycle.bill(ctx, subscription, "subscription_cycle", at, ended=over)
    end(ctx, ctx.store.get("subscription", subscription["id"]), "cancellation_requested")


@clocks.work("renew")
def renews(ctx: Ctx, data: dict[str, Any]) -> None:
    """A period is over: the next one begins, and is billed."""
    subscription = ctx.store.find("subscription", data["subscription"])
    if subscription is None or subscription["status"] not in ("active", "past_due", "trialing", "unpaid"):
        return
    for listener in RENEWALS:
        listener(ctx, subscription)
    subscription = ctx.store.get("subscription", data["subscription"])
    if subscription["status"] in statuses.ENDED:
        return
    rows = recurring.items_of(ctx, subscription["id"])
    due = [row for row in rows if row["current_period_end"] == data["end"]]
    if not due:
        return
    if subscription["cancel_at"] is not None and subscription["cancel_at"] <= data["end"]:
        ends_in_time(ctx, subscription, data["end"])
        return
    trial = subscription["status"] == "trialing"
    if trial and not _trial_over(ctx, subscription):
        return
    for row in due:
        interval, count = recurring.rule_of(row["price"])
        start = row["current_period_end"]
        until = periods.next_boundary(subscription["billing_cycle_anchor"], interval, count, start)
        ctx.store.update("subscription_item", row["id"], current_period_start=start, current_period_end=until)
    subscription = ctx.store.get("subscription", subscription["id"])
    at = clocks.now(ctx, subscription["customer"])
    over = {row["id"]: (row["current_period_start"], row["current_period_end"]) for row in due}
    since = min(start for start, _ in over.values())
    if trial:
        over = {row["id"]: over[row["id"]] for row in due if not recurring.metered(row["price"])}
    invoice = cycle.bill(ctx, subscription, "subscription_cycle", at, since=since, ended=over)
    paused = subscription["pause_collection"]
    if paused and invoice is not None:
        _collect_not(ctx, invoice, str(paused["behavior"]))
    status = "active" if trial else subscription["status"]
    latest = invoice["id"] if invoice else subscription["latest_invoice"]
    subscription = changed(ctx, {**subscription, "status": status}, {"status": status, "latest_invoice": latest})
    plan_renewal(ctx, {**subscription, "cancel_at": None})


def _trial_over(ctx: Ctx, subscription: dict[str, Any]) -> bool:
    """Whether a trial goes over into a paid period; without a payment method it may pause or end instead."""
    behavior = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    customer = ctx.store.find("customer", subscription["customer"]) or {}
    method = subscription["default_payment_method"] or locating.default_method(customer)
    if method or behavior == "create_invoice" or subscription["collection_method"] == "send_invoice":
        return True
    if behavior == "cancel":
        end(ctx, subscription, "cancellation_requested")
        return False
    changed(ctx, subscription, {"status": "paused"}, "customer.subscription.paused")
    return False


def _collect_not(ctx: Ctx, invoice: dict[str, Any], behavior: str) -> None:
    """What is done with the invoice of a subscription whose collection is paused."""
    ctx.store.update("invoice", invoice["id"], auto_advance=False, next_payment_attempt=None)
    ctx.store.update("invoice", invoice["id"], automatically_finalizes_at=None)
    if behavior == "keep_as_draft":
        return
    opened = invoicing.finalize(ctx, ctx.store.get("invoice", invoice["id"]))
    if opened["status"] != "open":
        return
    if behavior == "void":
        invoices.void_invoice(ctx, opened)
    else:
        ctx.update("invoice", opened["id"], {"status": "uncollectible"}, event="invoice.marked_uncollectible")


@clocks.work("trial_will_end")
def trial_will_end(ctx: Ctx, data: dict[str, Any]) -> None:
    """Three days before a trial ends."""
    subscription = ctx.store.find("subscription", data["subscription"])
    if subscription is not None and subscription["status"] == "trialing":
        ctx.emit("customer.subscription.trial_will_end", subscription)
