"""What an update changes of a subscription: items with prorations, trials, anchors, pauses, cancellation.

Sources: https://docs.stripe.com/api/subscriptions/update, https://docs.stripe.com/billing/subscriptions/change.
Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twinkit import Ctx
from twins.stripe import errors, locating, lookup
from twins.stripe.billing import periods, statuses
from twins.stripe.handlers import (
    assessing,
    clocks,
    cycle,
    discounting,
    invoice_items,
    invoicing,
    payment_methods,
    pending,
    prorating,
    recurring,
    subscribing,
)

DAY = periods.DAY
LONGEST_TRIAL = 730
TRIAL_TOO_LONG = f"The maximum number of trial period days is {LONGEST_TRIAL} (2 years)."
Pair = tuple[dict[str, Any] | None, dict[str, Any] | None]
"""An item before and after a change."""
PLAIN = ("application_fee_percent", "description", "off_session", "on_behalf_of", "transfer_data")


def trial_end(params: Mapping[str, Any], at: int, prices: Sequence[Mapping[str, Any]] = ()) -> int | None:
    """When the trial of a new subscription ends; None without one. Raises 400 for a time that is over."""
    wanted = params.get("trial_end")
    if params.get("trial_from_plan") and wanted in (None, ""):
        days = [(price.get("recurring") or {}).get("trial_period_days") or 0 for price in prices]
        return at + max(days, default=0) * DAY if any(days) else None
    if params.get("trial_period_days") is not None:
        if wanted is not None:
            raise errors.exclusive("trial_end", "trial_period_days")
        if int(params["trial_period_days"]) > LONGEST_TRIAL:
            raise errors.invalid(TRIAL_TOO_LONG, "trial_period_days")
        return at + int(params["trial_period_days"]) * DAY if params["trial_period_days"] else None
    if wanted in (None, "", "now"):
        return None
    end = int(str(wanted))
    if end <= at:
        raise errors.invalid("Invalid timestamp: must be an integer Unix timestamp in the future.", "trial_end")
    if end > at + LONGEST_TRIAL * DAY:
        raise errors.invalid(TRIAL_TOO_LONG, "trial_end")
    return end


def cancel_later(ctx: Ctx, record: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """What `cancel_at_period_end` and `cancel_at` set or take back."""
    rows = recurring.items_of(ctx, str(record["id"]))
    ends = [row["current_period_end"] for row in rows]
    reason = {**record["cancellation_details"], "reason": "cancellation_requested"}
    at = clocks.now(ctx, record["customer"])
    wanted = params.get("cancel_at")
    if wanted in ("max_billed_until", "max_period_end", "min_period_end"):
        wanted = min(ends) if wanted == "min_period_end" else max(ends)
    if params.get("cancel_at_period_end"):
        values = {"cancel_at_period_end": True, "cancel_at": max(ends)}
    elif wanted:
        values = {"cancel_at_period_end": False, "cancel_at": int(wanted)}
    else:
        clear = {**record["cancellation_details"], "reason": None}
        return {"cancel_at_period_end": False, "cancel_at": None, "canceled_at": None, "cancellation_details": clear}
    return {**values, "canceled_at": at, "cancellation_details": reason}


def _paused(ctx: Ctx, record: Mapping[str, Any], given: Any) -> dict[str, Any] | None:
    """`pause_collection` as asked for; it is taken back by itself at `resumes_at`."""
    if not given:
        return None
    at = given.get("resumes_at")
    if at is not None:
        if int(at) <= clocks.now(ctx, record["customer"]):
            raise errors.invalid("`resumes_at` must be in the future.", "pause_collection[resumes_at]")
        data = {"subscription": record["id"], "at": int(at)}
        clocks.later(ctx, record["customer"], "collect_again", data, int(at))
    return {"behavior": given["behavior"], "resumes_at": at}


@clocks.work("collect_again")
def collects_again(ctx: Ctx, data: dict[str, Any]) -> None:
    """A pause of collection is over; drafts that were kept meanwhile stay drafts."""
    record = ctx.store.find("subscription", data["subscription"])
    if record is not None and (record["pause_collection"] or {}).get("resumes_at") == data["at"]:
        subscribing.changed(ctx, record, {"pause_collection": None})


def _guard(record: Mapping[str, Any], params: Mapping[str, Any]) -> None:
    """Raise 400 for what an ended subscription cannot change."""
    if record["status"] in statuses.ENDED:
        for name in params:
            if name not in ("metadata", "cancellation_details", "expand"):
                raise errors.invalid(statuses.CANCELED_FIELDS, None, "invalid_canceled_subscription_fields")
    if record["schedule"] and ("cancel_at_period_end" in params or "cancel_at" in params):
        raise errors.invalid(statuses.scheduled(record["schedule"]))


def _simple(ctx: Ctx, record: dict[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Changes that cost nothing."""
    changes = lookup.changed(record, params, *(name for name in PLAIN if name != "off_session"), "days_until_due")
    if "collection_method" in params:
        changes["collection_method"] = params["collection_method"]
    if params.get("default_payment_method"):
        found = payment_methods.resolve(ctx, params["default_payment_method"], "default_payment_method")
        changes["default_payment_method"] = found["id"]
    if "default_tax_rates" in params:
        rates = params["default_tax_rates"] or ()
        changes["default_tax_rates"] = invoice_items.tax_rates(ctx, rates, "default_tax_rates")
    if "pause_collection" in params:
        changes["pause_collection"] = _paused(ctx, record, params["pause_collection"])
    if "billing_thresholds" in params:
        changes["billing_thresholds"] = recurring.threshold(params["billing_thresholds"], record["billing_thresholds"])
    if isinstance(params.get("automatic_tax"), Mapping):
        changes["automatic_tax"] = recurring.automatic_tax(ctx, params["automatic_tax"], record["automatic_tax"])
        if changes["automatic_tax"]["enabled"]:
            assessing.insist(ctx, record["customer"], changes.get("default_payment_method"))
    for name in ("payment_settings", "invoice_settings", "trial_settings", "cancellation_details"):
        if isinstance(params.get(name), Mapping):
            changes[name] = {**record[name], **params[name]}
    if "cancel_at_period_end" in params or "cancel_at" in params:
        changes |= cancel_later(ctx, record, params)
    if "discounts" in params:
        customer = ctx.store.get("customer", record["customer"])
        at = clocks.now(ctx, customer)
        changes["discounts"] = discounting.make(ctx, params["discounts"], customer, at, subscription=record["id"])
    return changes


def _items(ctx: Ctx, record: dict[str, Any], given: Any, at: int, anchor: int) -> tuple[list[Pair], bool]:
    """([(before, after)], whether a new interval begins): the items as asked for, stored."""
    pairs: list[Pair] = []
    moved = False
    for place, each in enumerate(given if isinstance(given, list) else ()):
        if each.get("id"):
            item = lookup.record(ctx, "subscription_item", each["id"], f"items[{place}][id]")
            if each.get("deleted"):
                ctx.store.delete("subscription_item", item["id"])
                pairs.append((item, None))
                continue
            after, begins = prorating.changed_item(ctx, item, each, at, anchor)
            moved = moved or begins
            ctx.store.replace("subscription_item", item["id"], after)
            pairs.append((item, after))
            continue
        price = recurring.price_of(ctx, each, f"items[{place}]")
        period = prorating.period_of(ctx, record, price, at)
        recurring.check_currency(ctx, price, record["currency"], f"items[{place}][price]")
        pairs.append((None, recurring.new_item(ctx, record, price, each, period, at)))
    return pairs, moved


def _moves_trial(record: Mapping[str, Any], wanted: Any) -> bool:
    """Whether `trial_end` changes anything: there has to be a trial for it to end now."""
    if wanted == "now":
        return bool(record["status"] == "trialing")
    return wanted not in (None, "") and record["status"] in ("trialing", "active")


def _trial_now(ctx: Ctx, record: dict[str, Any], wanted: Any, at: int) -> dict[str, Any]:
    """End a trial now, or move its end."""
    if wanted != "now":
        end = trial_end({"trial_end": wanted}, at)
        for row in recurring.items_of(ctx, record["id"]):
            ctx.store.update("subscription_item", row["id"], current_period_end=end)
        start = record["trial_start"] or at
        return {"trial_end": end, "trial_start": start, "billing_cycle_anchor": end, "status": "trialing"}
    customer = ctx.store.get("customer", record["customer"])
    if not record["default_payment_method"] and not locating.default_method(customer):
        raise errors.invalid(statuses.NO_METHOD, code="resource_missing")
    for row in recurring.items_of(ctx, record["id"]):
        end = periods.period_end(at, *recurring.rule_of(row["price"]))
        ctx.store.update("subscription_item", row["id"], current_period_start=at, current_period_end=end)
    return {"trial_end": at, "billing_cycle_anchor": at, "status": "active"}


def change(ctx: Ctx, record: dict[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Change a subscription as an update asks, and as `payment_behavior` wants its invoice to be paid."""
    _guard(record, params)
    behavior = params.get("payment_behavior")
    if behavior == "pending_if_incomplete":
        return pending.change(ctx, record, params, _apply)
    invoice = _apply(ctx, record, params)
    unpaid = invoice is not None and ctx.store.get("invoice", invoice["id"])["status"] == "open"
    if invoice is not None and unpaid and behavior == "error_if_incomplete":
        subscribing.insist_on(ctx, invoice)
    found = ctx.store.get("subscription", record["id"])
    if unpaid and behavior == "default_incomplete" and found["status"] == "active":
        return subscribing.changed(ctx, found, {"status": "past_due"})
    return found


def _apply(ctx: Ctx, record: dict[str, Any], params: Mapping[str, Any]) -> dict[str, Any] | None:
    """Make a change; the invoice of it, None when it has none.

    An anchor set to now bills the new period at once: https://docs.stripe.com/billing/subscriptions/billing-cycle.
    """
    at = int(params.get("proration_date") or clocks.now(ctx, record["customer"]))
    changes = _simple(ctx, record, params)
    before = recurring.items_of(ctx, record["id"])
    fresh = params.get("billing_cycle_anchor") == "now"
    pairs, moved = _items(ctx, record, params.get("items"), at, at if fresh else record["billing_cycle_anchor"])
    runs = record["status"] not in ("trialing", "incomplete")
    if runs:
        _usage(ctx, record, pairs, params.get("items"), at)
    anew = fresh and not moved and runs
    ended = _moves_trial(record, params.get("trial_end"))
    if ended:
        changes |= _trial_now(ctx, record, params["trial_end"], at)
    if fresh:
        changes["billing_cycle_anchor"] = at
    if anew:
        restart(ctx, record, at)
        pairs = [(row, None) for row in before]
    behavior = params.get("proration_behavior") or "create_prorations"
    if behavior != "none" and runs:
        prorating.keep(ctx, prorating.rows(ctx, record, pairs, at))
    extra_items(ctx, record, params, ctx.store.get("customer", record["customer"]))
    changed = subscribing.changed(ctx, record, changes)
    invoice, pay = None, params.get("payment_behavior") != "default_incomplete"
    if anew or (ended and params["trial_end"] == "now"):
        invoice = _bill_anew(ctx, changed, before, at, anew=anew, pay=pay)
    elif behavior == "always_invoice" or (moved and behavior != "none"):
        invoice = prorating.invoice_now(ctx, ctx.store.get("subscription", record["id"]), pay=pay)
    if pairs or ended or "cancel_at" in changes:
        subscribing.plan_renewal(ctx, ctx.store.get("subscription", record["id"]))
    return invoice


def _usage(ctx: Ctx, record: dict[str, Any], pairs: Sequence[Pair], given: Any, at: int) -> None:
    """Let what was used of items that go, or get another price, wait for the next invoice."""
    cleared = {each.get("id") for each in given or () if each.get("clear_usage")}
    for old, new in pairs:
        gone = old is not None and (new is None or new["price"]["id"] != old["price"]["id"])
        if gone and old is not None and old["id"] not in cleared:
            prorating.keep(ctx, prorating.usage(ctx, record, [old], at))
        if gone and new is not None and recurring.metered(new["price"]):
            recurring.priced_anew(ctx, new["id"])


def _bill_anew(
    ctx: Ctx, record: dict[str, Any], before: Sequence[Mapping[str, Any]], at: int, *, anew: bool, pay: bool
) -> dict[str, Any] | None:
    """Bill periods that begin now, after a trial that ended or with a new anchor (`anew`), and the usage until now."""
    starts = {row["id"]: row["current_period_start"] for row in before}
    rows = recurring.items_of(ctx, record["id"])
    over = {row["id"]: (starts.get(row["id"], at), at) for row in rows if anew or not recurring.metered(row["price"])}
    invoice = cycle.bill(ctx, record, "subscription_update" if anew else "subscription_cycle", at, ended=over)
    if invoice is not None:
        opened = cycle.finalize_now(ctx, invoice)
        if pay:
            invoicing.attempt(ctx, opened)
    return invoice


def restart(ctx: Ctx, record: Mapping[str, Any], at: int) -> None:
    """Begin the periods anew now; whoever does so bills them."""
    for row in recurring.items_of(ctx, str(record["id"])):
        end = periods.period_end(at, *recurring.rule_of(row["price"]))
        ctx.store.update("subscription_item", row["id"], current_period_start=at, current_period_end=end)


def extra_items(ctx: Ctx, record: Mapping[str, Any], params: Mapping[str, Any], customer: Mapping[str, Any]) -> None:
    """What `add_invoice_items` puts on the next invoice."""
    for place, each in enumerate(params.get("add_invoice_items") or ()):
        where = f"add_invoice_items[{place}]"
        asked = {**each, **({"pricing": {"price": each["price"]}} if each.get("price") else {})}
        amount, price, currency = invoice_items.priced(ctx, asked, str(record["currency"]), where)
        product = ctx.store.find("product", str(price["price_details"]["product"])) or {}
        values = {
            "amount": amount, "currency": currency, "description": product.get("name"), "pricing": price,
            "quantity": each.get("quantity") or 1,
            "tax_rates": invoice_items.tax_rates(ctx, each.get("tax_rates") or (), f"{where}[tax_rates]"),
        }  # fmt: skip
        item = invoice_items.new_record(ctx, customer, values)
        ctx.store.insert("invoiceitem", item, created=ctx.micros)
        ctx.emit("invoiceitem.created", item)
