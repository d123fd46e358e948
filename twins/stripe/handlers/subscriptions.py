"""Subscriptions and their items: create, list, change, cancel, resume.

Source: https://docs.stripe.com/api/subscriptions, /subscription_items. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, listing, locating, lookup, twin
from twins.stripe.billing import periods, statuses
from twins.stripe.handlers import (
    assessing,
    changing,
    charges,
    clocks,
    cycle,
    discounting,
    invoice_items,
    invoicing,
    manual_rates,
    payment_methods,
    prorating,
    recurring,
    setup_intents,
    subscribing,
)

DAY = periods.DAY
Data = Mapping[str, Any]
ENDS: Mapping[str, Any] = {"billing_cycle_anchor": "now", "missing_payment_method": "create_invoice"}


# making one ----------------------------------------------------------------------------------------------------------


def _settings(given: Any) -> dict[str, Any]:
    base = {"account_tax_ids": None, "custom_fields": None, "description": None, "footer": None}
    return {**base, "issuer": {"type": "self"}, **(given if isinstance(given, Mapping) else {})}


def blank(ctx: Ctx, params: Data, customer: Data, currency: str, prices: Sequence[Data] = ()) -> dict[str, Any]:
    """A subscription without items and invoice, not stored yet."""
    at = clocks.now(ctx, customer)
    start = int(params.get("backdate_start_date") or at)
    trial = changing.trial_end(params, at, prices)
    payments = params.get("payment_settings")
    ends = (params.get("trial_settings") or {}).get("end_behavior") or {}
    record: dict[str, Any] = {
        "id": ctx.new_id("subscription"),
        "object": "subscription",
        **dict.fromkeys(
            (
                "application", "cancel_at", "canceled_at",
                "customer_account", "default_payment_method", "default_source", "ended_at", "latest_invoice",
                "next_pending_invoice_item_invoice", "pause_collection", "pending_invoice_item_interval",
                "pending_setup_intent", "pending_update",
            )
        ),
        **{name: lookup.unset(params.get(name)) for name in changing.PLAIN if name != "off_session"},
        "automatic_tax": recurring.automatic_tax(ctx, params.get("automatic_tax")),
        "billing_cycle_anchor": trial or _anchor(params, start),
        "billing_cycle_anchor_config": _config(params),
        "billing_mode": {
            "flexible": {"proration_discounts": "included"},
            "type": "flexible",
            "updated_at": at,
        },
        "billing_schedules": [],
        "billing_thresholds": recurring.threshold(params.get("billing_thresholds")),
        "cancel_at_period_end": False,
        "cancellation_details": dict(subscribing.DETAILS),
        "collection_method": params.get("collection_method") or "charge_automatically",
        "created": at,
        "currency": currency,
        "customer": customer["id"],
        "days_until_due": params.get("days_until_due"),
        "default_tax_rates": [],
        "discounts": [],
        "invoice_settings": _settings(params.get("invoice_settings")),
        "livemode": False,
        "managed_payments": {"enabled": False},
        "metadata": lookup.metadata({}, params.get("metadata")),
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
            **(payments if isinstance(payments, Mapping) else {}),
        },
        "schedule": params.get("schedule"),
        "start_date": start,
        "status": "incomplete",
        "test_clock": customer.get("test_clock"),
        "trial_end": trial,
        "trial_settings": {"end_behavior": {**ENDS, **ends}},
        "trial_start": at if trial else None,
    }  # fmt: skip
    return record


CONFIG = ("day_of_month", "hour", "minute", "month", "second")


def _config(params: Mapping[str, Any]) -> dict[str, Any] | None:
    """`billing_cycle_anchor_config`, every part of it."""
    given = params.get("billing_cycle_anchor_config")
    return {name: given.get(name) for name in CONFIG} if isinstance(given, Mapping) else None


def _anchor(params: Mapping[str, Any], start: int) -> int:
    """What the periods of a new subscription are counted from. Raises 400 for a time that is over."""
    config, given = _config(params), params.get("billing_cycle_anchor")
    if config is not None and given:
        raise errors.exclusive("billing_cycle_anchor", "billing_cycle_anchor_config")
    if config is not None:
        return periods.configured(start, config)
    return int(given or start)


def _check(ctx: Ctx, params: Mapping[str, Any], given: Any, prices: list[dict[str, Any]]) -> None:
    """Raise 400 for parameters of a new subscription that do not go together."""
    if not isinstance(given, list) or not given:
        raise errors.missing("items")
    if params.get("payment_behavior") == "pending_if_incomplete":
        raise errors.invalid(statuses.PENDING_CREATE, "payment_behavior")
    ids = [price["id"] for price in prices]
    for id in ids:
        if ids.count(id) > 1:
            text = f"Cannot create a Subscription with multiple Subscription Items with the same Price: {id}"
            raise errors.invalid(text, "plan")
    sent = params.get("collection_method") == "send_invoice"
    if params.get("days_until_due") is not None and not sent:
        raise errors.invalid(statuses.NOT_SENT)
    if sent and params.get("days_until_due") is None:
        raise errors.invalid(statuses.NO_DUE_DATE)


def _check_currency(customer: Mapping[str, Any], currency: str) -> None:
    """Raise 400 for a second currency of one customer."""
    if customer.get("currency") not in (None, currency):
        text = (
            "You cannot combine currencies on a single customer. This customer has an active subscription, "
            "subscription schedule, discount, quote, invoice item or active subscription mode checkout session with "
            f"currency {customer['currency']}."
        )
        raise errors.invalid(text)


def make(ctx: Ctx, params: Mapping[str, Any], *, on_session: bool = True) -> dict[str, Any]:
    """A new subscription with its first invoice, paid where that is possible. Raises what the service raises."""
    if not params.get("customer"):
        raise errors.missing("customer")
    customer = lookup.record(ctx, "customer", params["customer"], "customer")
    given = params.get("items")
    rows = given if isinstance(given, list) else []
    prices = [recurring.price_of(ctx, each, f"items[{place}]") for place, each in enumerate(rows)]
    _check(ctx, params, given, prices)
    currency = charges.check_currency(params.get("currency") or prices[0]["currency"])
    _check_currency(customer, currency)
    for place, price in enumerate(prices):
        recurring.check_currency(ctx, price, currency, f"items[{place}][price]")
    record = blank(ctx, params, customer, currency, prices)
    if params.get("default_payment_method"):
        found = payment_methods.resolve(ctx, params["default_payment_method"], "default_payment_method")
        record["default_payment_method"] = found["id"]
    if record["automatic_tax"]["enabled"]:
        assessing.insist(ctx, customer["id"], record["default_payment_method"])
    rates = params.get("default_tax_rates")
    record["default_tax_rates"] = invoice_items.tax_rates(ctx, rates, "default_tax_rates")
    at = record["created"]
    _add_items(ctx, record, prices, rows)
    worth = sum(recurring.whole(ctx, item, currency) for item in recurring.items_of(ctx, record["id"]))
    record["discounts"] = discounting.make(
        ctx, params.get("discounts"), customer, at, subscription=record["id"], amount=worth
    )
    record = lookup.ordered(recurring.show_items(ctx, record))
    ctx.store.insert("subscription", record, created=ctx.micros)
    ctx.store.insert(subscribing.BIRTH, {}, id=record["id"])
    if customer.get("currency") is None:
        ctx.store.update("customer", customer["id"], currency=currency)
    changing.extra_items(ctx, record, params, customer)
    behavior, free = params.get("payment_behavior") or "allow_incomplete", params.get("proration_behavior") == "none"
    subscribing.collect_first(ctx, record, behavior, on_session=on_session, free=free)
    ctx.store.delete(subscribing.BIRTH, record["id"])
    return _born(ctx, record["id"], params)


def _add_items(ctx: Ctx, record: dict[str, Any], prices: list[dict[str, Any]], rows: list[Any]) -> None:
    for price, each in zip(prices, rows, strict=True):
        interval, count = recurring.rule_of(price)
        start = record["start_date"]
        anchor = record["billing_cycle_anchor"]
        natural = periods.period_end(start, interval, count)
        if anchor > natural and not record["trial_end"]:
            raise errors.invalid(statuses.too_late(natural), "billing_cycle_anchor")
        end = record["trial_end"] or (anchor if anchor > start else natural)
        recurring.new_item(ctx, record, price, each, (start, end), record["created"])


def _born(ctx: Ctx, id: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """What is told and planned once a new subscription stands."""
    record = ctx.store.get("subscription", id)
    method = record["default_payment_method"] or locating.default_method(ctx.store.get("customer", record["customer"]))
    if record["status"] == "trialing" and not method and record["collection_method"] == "charge_automatically":
        intent = setup_intents.new_record(ctx, {"customer": record["customer"]})
        ctx.store.insert("setup_intent", intent, created=ctx.micros)
        ctx.emit("setup_intent.created", intent)
        record["pending_setup_intent"] = intent["id"]
    if params.get("cancel_at_period_end") or params.get("cancel_at"):
        record |= changing.cancel_later(ctx, record, params)
    ctx.store.replace("subscription", id, record)
    ctx.emit("customer.subscription.created", record)
    subscribing.followed(ctx, record)
    subscribing.plan_renewal(ctx, record)
    if record["trial_end"] is not None and record["status"] == "trialing":
        at = max(record["trial_end"] - 3 * DAY, clocks.now(ctx, record["customer"]))
        clocks.later(ctx, record["customer"], "trial_will_end", {"subscription": id}, at)
    return record


@twin.handler("PostSubscriptions", "PostCustomersCustomerSubscriptions")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new subscription."""
    made = make(ctx, {**(request.body or {}), **request.path})
    manual_rates.check(ctx, made, recurring.items_of(ctx, made["id"]))
    return made


def _subscription(ctx: Ctx, request: Request) -> dict[str, Any]:
    id = request.path.get("subscription_exposed_id") or request.path.get("subscription")
    return lookup.in_path(ctx, "subscription", str(id))


@twin.handler("GetSubscriptions", "GetCustomersCustomerSubscriptions")
@lookup.modelled
def list_all(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Subscriptions, canceled ones only when they are asked for."""
    query = {**request.query, **request.path}
    where = [
        Filter(name, "=", query[name]) for name in ("customer", "collection_method", "test_clock") if name in query
    ]
    status = query.get("status")
    if status == "ended":
        where.append(Filter("status", "in", list(statuses.ENDED)))
    elif status is None:
        where.append(Filter("status", "without", "canceled"))
    elif status != "all":
        where.append(Filter("status", "=", status))
    where += listing.ranges(query, "created")
    if query.get("price"):
        rows = ctx.store.select("subscription_item", [Filter("price.id", "=", query["price"])])
        where.append(Filter("id", "in", [row["subscription"] for row in rows]))
    return listing.page(ctx, request, "subscription", where)


# changing one --------------------------------------------------------------------------------------------------------


@twin.handler("PostSubscriptionsSubscriptionExposedId", "PostCustomersCustomerSubscriptionsSubscriptionExposedId")
@lookup.modelled
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change a subscription: plans and quantities with prorations, trials, pauses, cancellation."""
    record, params = _subscription(ctx, request), request.body or {}
    had = manual_rates.of(record, recurring.items_of(ctx, record["id"]))
    found = changing.change(ctx, record, params)
    if "items" in params or "default_tax_rates" in params:
        manual_rates.check(ctx, found, recurring.items_of(ctx, record["id"]), had)
    return found


# ending one ----------------------------------------------------------------------------------------------------------


@twin.handler("DeleteSubscriptionsSubscriptionExposedId", "DeleteCustomersCustomerSubscriptionsSubscriptionExposedId")
@lookup.modelled
def cancel(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Cancel a subscription now; what is left of its period is given back only when that is asked for."""
    record, params = _subscription(ctx, request), {**request.query, **(request.body or {})}
    if record["status"] in statuses.ENDED:
        raise errors.no_such("subscription", record["id"])
    return cancel_now(ctx, record, params)


def cancel_now(ctx: Ctx, record: dict[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Cancel a subscription at once as `prorate` and `invoice_now` ask."""
    at = clocks.now(ctx, record["customer"])
    if params.get("prorate"):
        pairs = [(row, None) for row in recurring.items_of(ctx, record["id"])]
        prorating.keep(ctx, prorating.rows(ctx, record, pairs, at))
    if params.get("invoice_now"):
        prorating.keep(ctx, prorating.usage(ctx, record, recurring.items_of(ctx, record["id"]), at))
        prorating.invoice_now(ctx, record)
    invoice = ctx.store.find("invoice", str(record["latest_invoice"]))
    if invoice is not None and invoice["status"] in ("draft", "open"):
        ctx.store.update("invoice", invoice["id"], auto_advance=False)
    details = params.get("cancellation_details")
    return subscribing.end(ctx, record, "cancellation_requested", details if isinstance(details, Mapping) else None)


@twin.handler("PostSubscriptionsSubscriptionResume")
@lookup.modelled
def resume(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Resume a paused subscription: its period begins now and is billed; it is active once that is paid."""
    record = _subscription(ctx, request)
    if record["status"] != "paused":
        raise errors.invalid(statuses.NOT_PAUSED)
    return resume_now(ctx, record)


@twin.handler("PostSubscriptionsSubscriptionMigrate")
@lookup.modelled
def migrate(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change how a subscription is billed: https://docs.stripe.com/billing/subscriptions/billing-mode."""
    record = lookup.in_path(ctx, "subscription", request.path["subscription"], "subscription")
    if record["status"] in statuses.ENDED:
        raise errors.invalid(statuses.CANCELED_FIELDS, None, "invalid_canceled_subscription_fields")
    mode, given = record["billing_mode"], (request.body or {})["billing_mode"].get("flexible") or {}
    at = clocks.now(ctx, record["customer"])
    changed = {**mode, "flexible": {**(mode["flexible"] or {}), **given}, "type": "flexible", "updated_at": at}
    return subscribing.changed(ctx, record, {"billing_mode": changed})


def resume_now(ctx: Ctx, record: dict[str, Any]) -> dict[str, Any]:
    """Resume a paused subscription, whoever asks."""
    at = clocks.now(ctx, record["customer"])
    changing.restart(ctx, record, at)
    invoice = cycle.bill(ctx, record, "subscription_cycle", at)
    changes: dict[str, Any] = {"billing_cycle_anchor": at}
    if invoice is not None:
        opened = cycle.finalize_now(ctx, invoice)
        method = invoicing.method_for(ctx, opened)
        if opened["status"] == "open" and method is not None:
            invoicing.collect(ctx, opened, method, off_session=True)
        invoice = ctx.store.get("invoice", invoice["id"])
        changes["latest_invoice"] = invoice["id"]
    if invoice is None or invoice["status"] == "paid":
        changes["status"] = statuses.SUBSCRIPTION["paused", "resume"]
        changed = subscribing.changed(ctx, record, changes, "customer.subscription.resumed")
    else:
        changed = subscribing.changed(ctx, record, changes)
    subscribing.plan_renewal(ctx, changed)
    return changed
