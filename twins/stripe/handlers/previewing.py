"""Previews of invoices: what would be billed next, or after a change, found out by doing it and undoing it.

The engine that makes real invoices runs in a trial (`Ctx.trial`), so a preview shows what the invoice will show.
Sources: https://docs.stripe.com/api/invoices/create_preview, https://docs.stripe.com/invoicing/preview,
https://github.com/stripe/stripe-node/issues/2347 (a customer alone is refused). Imports: the kit's public names, the
twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Reply, Request, ServiceError, Trial
from twins.stripe import errors, lookup, twin
from twins.stripe.billing import statuses
from twins.stripe.handlers import (
    assessing,
    balancing,
    changing,
    charges,
    clocks,
    customers,
    discounting,
    invoice_items,
    invoicing,
    recurring,
    schedules,
    subscribing,
    subscriptions,
    tax_ids,
)

CHANGES = (
    "billing_cycle_anchor", "cancel_at", "cancel_at_period_end", "default_tax_rates", "items", "metadata",
    "proration_behavior", "proration_date", "trial_end",
)  # fmt: skip
"""What `subscription_details` can change of a subscription, named as in its update."""
TOLD = "upcoming_told"
"""Store name of the renewals that `invoice.upcoming` was sent for."""
Found = tuple[dict[str, Any], list[dict[str, Any]]]


def none(customer: str) -> ServiceError:
    """404: nothing will be billed. https://github.com/stripe/stripe-java/issues/920."""
    return errors.error(404, f"No upcoming invoices for customer: {customer}", code="invoice_upcoming_none")


def _drafted(trial: Trial) -> Found | None:
    """The first invoice that the trial made, as it was before anything else happened to it, with its lines."""
    made = next((data for type, data in trial.told if type == "invoice.created"), None)
    return (made, invoicing.lines_of(trial, made["id"])) if made else None


def _stand(trial: Trial, customer: str, at: int) -> None:
    """Let the customer's time in the trial be `at`."""
    clock = clocks.clock_of(trial, customer)
    if clock:
        trial.store.update(clocks.CLOCK, clock, frozen_time=at)
    else:
        trial.stand(max(at, trial.now))


def _renewal(trial: Trial, id: str) -> Found:
    """What the next renewal of a subscription bills. Raises 404 when it is not renewed."""
    record = trial.store.get("subscription", id)
    rows = recurring.items_of(trial, id)
    if rows:
        end = min(int(row["current_period_end"]) for row in rows)
        _stand(trial, record["customer"], end)
        subscribing.renews(trial, {"subscription": id, "end": end})
    found = _drafted(trial)
    if found is None:
        raise none(record["customer"])
    return found


def _changed(trial: Trial, record: dict[str, Any], details: Mapping[str, Any]) -> Found:
    """What a subscription bills next after a change: at once where the change does, else when it renews."""
    wanted = {name: details[name] for name in CHANGES if name in details}
    if details.get("cancel_now"):
        prorate = details.get("proration_behavior") != "none"
        subscriptions.cancel_now(trial, record, {"prorate": prorate, "invoice_now": True})
    elif details.get("resume_at") == "now" and record["status"] == "paused":
        subscriptions.resume_now(trial, record)
    elif wanted:
        changing.change(trial, record, wanted)
    return _drafted(trial) or _renewal(trial, record["id"])


def _begun(trial: Trial, customer: str, details: Mapping[str, Any], params: Mapping[str, Any]) -> Found:
    """What a new subscription bills first."""
    wanted = {name: details[name] for name in CHANGES if name in details}
    if details.get("start_date"):
        wanted["backdate_start_date"] = details["start_date"]
    if params.get("currency"):
        wanted["currency"] = params["currency"]
    subscriptions.make(trial, {**wanted, "customer": customer, "payment_behavior": "default_incomplete"})
    found = _drafted(trial)
    if found is None:
        raise none(customer)
    return found


def _scheduled(trial: Trial, customer: Mapping[str, Any], params: Mapping[str, Any]) -> Found:
    """What a schedule bills next, as it is or with the phases that `schedule_details` gives it; or a new one first."""
    details = params.get("schedule_details") or {}
    wanted = {name: details[name] for name in ("end_behavior", "phases", "proration_behavior") if name in details}
    if not params.get("schedule"):
        record = schedules.make(trial, {**wanted, "customer": customer["id"], "start_date": "now"})
    else:
        record = lookup.record(trial, schedules.SCHEDULE, params["schedule"], "schedule")
        if wanted:
            record = schedules.change(trial, record, wanted)
    if record["status"] == "not_started":
        _stand(trial, record["customer"], record["phases"][0]["start_date"])
        schedules.due(trial, {"schedule": record["id"]})
    if record["subscription"] and _drafted(trial) is None:
        return _renewal(trial, record["subscription"])
    found = _drafted(trial)
    if found is None:
        raise none(record["customer"])
    return found


def _one_off(trial: Trial, customer: Mapping[str, Any], params: Mapping[str, Any]) -> Found:
    """What an invoice of everything that waits bills."""
    at = clocks.now(trial, customer)
    given = params.get("currency") or customer.get("currency") or "usd"
    invoice = invoicing.blank(trial, customer, charges.check_currency(given), at)
    lines = invoicing.sweep(trial, str(customer["id"]), invoice["id"])
    if lines and not params.get("currency"):
        invoice["currency"] = lines[0]["currency"]
    return invoicing.insert(trial, invoice, lines), lines


def _customer(trial: Trial, params: Mapping[str, Any], subscription: Mapping[str, Any] | None) -> dict[str, Any]:
    """The customer a preview is for, with what `customer_details` says of them; a passing one when nobody is named."""
    schedule = trial.store.find(schedules.SCHEDULE, str(params.get("schedule"))) or {}
    named = params.get("customer") or (subscription or {}).get("customer") or schedule.get("customer")
    details = params.get("customer_details")
    known = {name: details[name] for name in ("address", "shipping", "tax_exempt") if details and name in details}
    if not named:
        record = customers.new_record(trial, known)
        trial.store.insert("customer", record, created=trial.micros)
        _add_tax_ids(trial, record["id"], details)
        return record
    record = lookup.record(trial, "customer", named, "customer")
    if subscription and subscription["customer"] != record["id"]:
        raise errors.no_such("subscription", str(subscription["id"]), "subscription", path=False)
    _add_tax_ids(trial, record["id"], details)
    return trial.store.update("customer", record["id"], **known) if known else record


def _add_tax_ids(trial: Trial, customer: str, details: Any) -> None:
    for given in (details or {}).get("tax_ids") or ():
        tax_ids.make(trial, given, customer, {"customer": customer, "type": "customer"})


def _add_items(trial: Trial, customer: Mapping[str, Any], given: Any, currency: str | None) -> None:
    """Let the `invoice_items` of a preview wait like the customer's own, or change those."""
    for place, each in enumerate(given if isinstance(given, list) else ()):
        where = f"invoice_items[{place}]"
        asked = {**each, **({"pricing": {"price": each["price"]}} if each.get("price") else {})}
        if asked.get("unit_amount") is not None:
            asked["unit_amount_decimal"] = str(asked["unit_amount"])
        old = None
        if each.get("invoiceitem"):
            old = lookup.record(trial, invoice_items.ITEM, each["invoiceitem"], f"{where}[invoiceitem]")
            asked = {"amount": old["amount"], **asked}
        amount, price, known = invoice_items.priced(trial, asked, currency or customer.get("currency"), where)
        product = trial.store.find("product", str(price["price_details"]["product"])) or {}
        values: dict[str, Any] = {
            "amount": amount,
            "currency": known,
            "description": product.get("name"),
            "pricing": price,
            "quantity": each.get("quantity") or 1,
            **lookup.given(each, "description", "discountable", "period"),
        }
        if each.get("tax_rates"):
            values["tax_rates"] = invoice_items.tax_rates(trial, each["tax_rates"], f"{where}[tax_rates]")
        if old is not None:
            trial.store.update(invoice_items.ITEM, old["id"], **{**values, "description": old["description"]})
        else:
            record = invoice_items.new_record(trial, customer, values)
            trial.store.insert(invoice_items.ITEM, record, created=trial.micros)


def _recurs(line: Mapping[str, Any]) -> bool:
    details = line["parent"]["subscription_item_details"] or {}
    return bool(details) and not details.get("invoice_item")


def foresee(trial: Trial, params: Mapping[str, Any]) -> Found:
    """The draft and the lines that a preview asks for, the customer's balance used. Raises what the service raises."""
    details = params.get("subscription_details") or {}
    subscription = None
    if params.get("subscription"):
        subscription = lookup.record(trial, "subscription", params["subscription"], "subscription")
    customer = _customer(trial, params, subscription)
    _add_items(trial, customer, params.get("invoice_items"), params.get("currency"))
    if params.get("schedule") or params.get("schedule_details"):
        draft, lines = _scheduled(trial, customer, params)
    elif subscription is not None:
        draft, lines = _changed(trial, subscription, details)
    elif details.get("items"):
        draft, lines = _begun(trial, customer["id"], details, params)
    else:
        draft, lines = _one_off(trial, customer, params)
    if isinstance(params.get("automatic_tax"), Mapping):
        draft["automatic_tax"] = {**assessing.UNTAXED, **assessing.switched(trial, params["automatic_tax"])}
    if "discounts" in params:
        given, at = params["discounts"] or (), clocks.now(trial, customer)
        draft["discounts"] = discounting.make(trial, given, customer, at, invoice=draft["id"])
    if params.get("preview_mode") == "recurring":
        lines = [line for line in lines if _recurs(line)]
    draft |= invoicing.sums(trial, draft, lines)
    return {**draft, **balancing.balanced(draft, customer)}, lines


def _shown(ctx: Ctx, id: str, draft: dict[str, Any], lines: list[dict[str, Any]]) -> Found:
    """A draft and its lines as a preview names and shows them."""
    inner = id.removeprefix("upcoming_")
    rows = [{**line, "id": ctx.new_id("il_tmp_1{alnum:23}"), "invoice": inner} for line in lines]
    changes = {
        "billing_reason": "upcoming",
        "id": id,
        "lines": invoicing.listed(rows, id),
        "webhooks_delivered_at": None,
    }
    return {**draft, **changes}, rows


@twin.handler("PostInvoicesCreatePreview")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> Reply | dict[str, Any]:
    """A preview of an invoice."""
    params = request.body or {}
    details, phases = params.get("subscription_details") or {}, (params.get("schedule_details") or {}).get("phases")
    told = (params.get("subscription"), params.get("schedule"), details.get("items"), params.get("invoice_items"))
    if not (phases or any(told)):
        raise errors.invalid(statuses.NOTHING_TO_PREVIEW)
    with ctx.trial() as trial:
        draft, lines = foresee(trial, params)
        rates = assessing.rates_of(trial, lines)
    assessing.keep(ctx, rates)
    id = ctx.new_id("upcoming_in_1{alnum:23}")
    invoice, rows = _shown(ctx, id, draft, lines)
    kept = {"invoice": invoice, "until": ctx.now + statuses.PREVIEWS_KEPT}
    ctx.store.insert(invoicing.PREVIEWS, kept, id=id, created=ctx.micros)
    ctx.store.insert(invoicing.LINES, {"lines": rows}, id=id)
    return invoice


@twin.handler("GetInvoicesInvoice")
def retrieve(ctx: Ctx, request: Request) -> Reply | dict[str, Any]:
    """An invoice, or a preview for three days after it was made."""
    return invoicing.preview(ctx, request.path["invoice"]) or ctx.generic(request)


@clocks.work("upcoming")
def upcoming(ctx: Ctx, data: dict[str, Any]) -> None:
    """Some days before a renewal: tell what it will bill, once."""
    record, key = ctx.store.find("subscription", data["subscription"]), f"{data['subscription']}/{data['end']}"
    if record is None or record["status"] in statuses.ENDED or ctx.store.find(TOLD, key) is not None:
        return
    ends = [row["current_period_end"] for row in recurring.items_of(ctx, record["id"])]
    if data["end"] not in ends:
        return
    try:
        with ctx.trial() as trial:
            draft, lines = foresee(trial, {"subscription": record["id"]})
            rates = assessing.rates_of(trial, lines)
    except ServiceError:
        return
    ctx.store.insert(TOLD, {}, id=key)
    assessing.keep(ctx, rates)
    invoice, _ = _shown(ctx, ctx.new_id("upcoming_in_1{alnum:23}"), draft, lines)
    ctx.emit("invoice.upcoming", {name: value for name, value in invoice.items() if name != "id"})
