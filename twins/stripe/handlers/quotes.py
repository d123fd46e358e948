"""Quotes: priced offers that become an invoice, a subscription or a schedule when they are accepted.

Sources: https://docs.stripe.com/api/quotes, https://docs.stripe.com/quotes/overview. The documentation says what is
refused, not in which words. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, listing, lookup, twin
from twins.stripe.billing import periods, totals
from twins.stripe.handlers import (
    assessing,
    clocks,
    discounting,
    invoice_items,
    invoicing,
    manual_rates,
    recurring,
    schedules,
    selling,
    subscribing,
    subscriptions,
)

QUOTE = "quote"
LIFE = 30 * periods.DAY
"""Seconds until a quote expires unless it says when."""
REVISIONS = "quote_revision"
"""Store name of the sequence and revision of a quote's number, by quote."""
PLAIN = ("application_fee_amount", "application_fee_percent", "description", "footer", "header", "on_behalf_of")
MOVES: Mapping[tuple[str, str], str] = {
    ("draft", "finalize"): "open",
    ("draft", "cancel"): "canceled",
    ("open", "accept"): "accepted",
    ("open", "cancel"): "canceled",
}
"""(status, action) → status; what is not here is refused."""


def _refuse(status: str, action: str) -> None:
    """Raise 400 for an action that a quote in this status cannot do."""
    if (status, action) not in MOVES:
        wanted = " or ".join(f"`{each}`" for each, name in MOVES if name == action)
        raise errors.invalid(f"You cannot {action} a quote in status `{status}`. It must be in status {wanted}.")


# making one ----------------------------------------------------------------------------------------------------------


def _subscription_data(given: Any, current: Mapping[str, Any] | None = None) -> dict[str, Any]:
    base = {
        "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible"},
        "description": None, "effective_date": None, "metadata": {}, "trial_period_days": None,
        **(current or {}),
    }  # fmt: skip
    if isinstance(given, Mapping):
        base |= lookup.given(given, "description", "effective_date", "trial_period_days")
        if not isinstance(base["effective_date"], int):
            base["effective_date"] = None
        base["metadata"] = lookup.metadata(base["metadata"], given.get("metadata"))
    return base


def _computed(ctx: Ctx, record: Mapping[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What a quote comes to: in all, at once and from then on each period."""
    tax, buyer = record["automatic_tax"], None
    if tax["enabled"] and record["customer"]:
        buyer = assessing.located(ctx, record["customer"])

    def terms(discounts: Sequence[str]) -> selling.Terms:
        return selling.Terms(discounts, record["default_tax_rates"], tax, buyer)

    repeating = [row for row in rows if row["price"]["recurring"]]
    later = bool(record["subscription_data"]["trial_period_days"])
    forever = [id for id in record["discounts"] if _forever(ctx, id)]
    periodic = None
    if repeating:
        rule = recurring.rule_of(repeating[0]["price"])
        sums = selling.summed(ctx, [dict(row) for row in repeating], terms(forever))
        sums.pop("automatic_tax", None)
        periodic = {**sums, "interval": rule[0], "interval_count": rule[1]}
    upfront = [dict(row) for row in rows if not (later and row["price"]["recurring"])]
    at_once = selling.summed(ctx, upfront, terms(record["discounts"]))
    at_once.pop("automatic_tax", None)
    whole = selling.summed(ctx, rows, terms(record["discounts"]))
    return {
        **whole,
        "computed": {"recurring": periodic, "upfront": at_once},
        "currency": rows[0]["currency"] if rows else record["currency"],
    }


def _forever(ctx: Ctx, discount: str) -> bool:
    coupon = ctx.store.get("discount", discount)["source"]["coupon"]
    return bool((ctx.store.find("coupon", coupon) or {}).get("duration") == "forever")


def _blank(ctx: Ctx, params: Mapping[str, Any], customer: Mapping[str, Any] | None) -> dict[str, Any]:
    at = clocks.now(ctx, customer)
    settings = params.get("invoice_settings")
    tax = assessing.switched(ctx, params.get("automatic_tax"))
    return {
        "id": ctx.new_id(QUOTE),
        "object": QUOTE,
        **dict.fromkeys(PLAIN),
        **lookup.given(params, *PLAIN),
        **dict.fromkeys(("application", "customer_account", "from_quote", "invoice", "number", "subscription")),
        "amount_subtotal": 0,
        "amount_total": 0,
        "automatic_tax": {**tax, "provider": "stripe" if tax["enabled"] else None, "status": None},
        "collection_method": params.get("collection_method") or "charge_automatically",
        "computed": {},
        "created": at,
        "currency": (customer or {}).get("currency") or "usd",
        "customer": customer["id"] if customer else None,
        "default_tax_rates": [
            rate["id"] for rate in manual_rates.usable(ctx, params.get("default_tax_rates"), "default_tax_rates")
        ],
        "discounts": [],
        "expires_at": int(params.get("expires_at") or at + LIFE),
        "invoice_settings": {
            "days_until_due": None, "issuer": {"type": "self"}, **(settings if isinstance(settings, Mapping) else {}),
        },
        "livemode": False,
        "metadata": lookup.metadata({}, params.get("metadata")),
        "status": "draft",
        "status_transitions": dict.fromkeys(("accepted_at", "canceled_at", "finalized_at")),
        "subscription_data": _subscription_data(params.get("subscription_data")),
        "subscription_schedule": None,
        "test_clock": (customer or {}).get("test_clock") or params.get("test_clock"),
        "total_details": {},
        "transfer_data": lookup.unset(params.get("transfer_data")),
    }  # fmt: skip


def _copied(ctx: Ctx, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a quote made from another: its own ones count over those of the other."""
    asked = params["from_quote"]
    old = lookup.record(ctx, QUOTE, asked["quote"], "from_quote[quote]")
    revision = bool(asked.get("is_revision"))
    if revision and old["status"] == "draft":
        raise errors.invalid("You cannot revise a quote that is still a draft.", "from_quote[is_revision]")
    names = (*PLAIN, "collection_method", "customer", "default_tax_rates", "invoice_settings", "metadata")
    kept = {name: old[name] for name in names if old[name] is not None}
    kept["discounts"] = [{"discount": id} for id in old["discounts"]]
    kept["line_items"] = [
        {"price": row["price"]["id"], **({"quantity": row["quantity"]} if row["quantity"] is not None else {})}
        for row in selling.kept(ctx, old["id"])
    ]
    data = old["subscription_data"]
    kept["subscription_data"] = {name: data[name] for name in ("description", "trial_period_days") if data[name]}
    return {**kept, **params}


@twin.handler("PostQuotes")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new draft of a quote, or of another one's copy or revision."""
    params = request.body or {}
    source = params.get("from_quote")
    if source:
        params = _copied(ctx, params)
    customer = None
    if params.get("customer"):
        customer = lookup.record(ctx, "customer", params["customer"], "customer")
    record = _blank(ctx, params, customer)
    if source:
        record["from_quote"] = {"is_revision": bool(source.get("is_revision")), "quote": source["quote"]}
    _check_expiry(ctx, record)
    rows = selling.items(ctx, params.get("line_items"), "quote")
    _discount(ctx, record, params.get("discounts"))
    record = lookup.ordered({**record, **_computed(ctx, record, rows)})
    ctx.store.insert(QUOTE, record, created=ctx.micros)
    selling.keep(ctx, record["id"], rows)
    ctx.emit("quote.created", record)
    _plan(ctx, record)
    return record


def _discount(ctx: Ctx, record: dict[str, Any], given: Any) -> None:
    owner = {"id": record["customer"]}
    record["discounts"] = discounting.make(ctx, given or (), owner, record["created"])


def _check_expiry(ctx: Ctx, record: Mapping[str, Any]) -> None:
    if record["expires_at"] <= clocks.now(ctx, record["customer"]):
        raise errors.invalid("`expires_at` must be in the future.", "expires_at")


def _plan(ctx: Ctx, record: Mapping[str, Any]) -> None:
    data = {"quote": record["id"], "at": record["expires_at"]}
    clocks.later(ctx, record["customer"], "quote_expires", data, record["expires_at"])


@clocks.work("quote_expires")
def expires(ctx: Ctx, data: dict[str, Any]) -> None:
    """A quote that nobody accepted in time is canceled."""
    record = ctx.store.find(QUOTE, data["quote"])
    if record and record["status"] in ("draft", "open") and record["expires_at"] == data["at"]:
        _move(ctx, record, "cancel", "canceled_at")


@twin.handler("GetQuotes")
@lookup.modelled
def list_all(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Quotes, by customer, status or test clock."""
    names = ("customer", "status", "test_clock")
    where = [Filter(name, "=", request.query[name]) for name in names if request.query.get(name)]
    return listing.page(ctx, request, QUOTE, where)


def _quote(ctx: Ctx, request: Request) -> dict[str, Any]:
    return lookup.in_path(ctx, QUOTE, request.path["quote"], "quote")


@twin.handler("GetQuotesQuoteLineItems")
@lookup.modelled
def line_items(ctx: Ctx, request: Request) -> dict[str, Any]:
    """What a quote offers."""
    return listing.sliced(request, invoicing.shown(selling.kept(ctx, _quote(ctx, request)["id"])), "item")


@twin.handler("GetQuotesQuoteComputedUpfrontLineItems")
@lookup.modelled
def upfront_items(ctx: Ctx, request: Request) -> dict[str, Any]:
    """What the first invoice of an accepted quote has."""
    record = _quote(ctx, request)
    later = bool(record["subscription_data"]["trial_period_days"])
    rows = [row for row in selling.kept(ctx, record["id"]) if not (later and row["price"]["recurring"])]
    return listing.sliced(request, invoicing.shown(rows), "item")


# changing one --------------------------------------------------------------------------------------------------------


@twin.handler("PostQuotesQuote")
@lookup.modelled
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change a draft; of an open quote only when it expires, and its metadata."""
    params, record = request.body or {}, _quote(ctx, request)
    if record["status"] != "draft":
        for name in params:
            if record["status"] != "open" or name not in ("expires_at", "metadata", "expand"):
                raise errors.invalid(f"You cannot update `{name}` of a quote in status `{record['status']}`.", name)
    changes = lookup.changed(record, params, *PLAIN, "collection_method", "expires_at", "transfer_data")
    if params.get("customer"):
        if record["customer"] not in (None, params["customer"]):
            raise errors.invalid("You cannot change the customer of a quote.", "customer")
        changes["customer"] = lookup.record(ctx, "customer", params["customer"], "customer")["id"]
    if "default_tax_rates" in params:
        rates = invoice_items.tax_rates(ctx, params["default_tax_rates"] or (), "default_tax_rates")
        changes["default_tax_rates"] = [rate["id"] for rate in rates]
    if isinstance(params.get("automatic_tax"), Mapping):
        on = assessing.switched(ctx, params["automatic_tax"], record["automatic_tax"])
        changes["automatic_tax"] = {**on, "provider": "stripe" if on["enabled"] else None, "status": None}
    if isinstance(params.get("invoice_settings"), Mapping):
        changes["invoice_settings"] = {**record["invoice_settings"], **params["invoice_settings"]}
    if "subscription_data" in params:
        changes["subscription_data"] = _subscription_data(params["subscription_data"], record["subscription_data"])
    after = {**record, **changes}
    _check_expiry(ctx, after)
    rows = selling.kept(ctx, record["id"])
    if "line_items" in params:
        rows = selling.items(ctx, params["line_items"], "quote")
    if "discounts" in params:
        _discount(ctx, after, params["discounts"])
    after |= _computed(ctx, after, rows)
    selling.keep(ctx, record["id"], rows)
    ctx.store.replace(QUOTE, record["id"], after)
    if "expires_at" in params:
        _plan(ctx, after)
    return after


def _move(ctx: Ctx, record: Mapping[str, Any], action: str, moment: str, **more: Any) -> dict[str, Any]:
    """A quote goes over into its next status, and tells of it."""
    at = clocks.now(ctx, record["customer"])
    status = MOVES[record["status"], action]
    moved = {**record["status_transitions"], moment: at}
    event = {"open": "finalized"}.get(status, status)
    changed = ctx.store.update(QUOTE, str(record["id"]), status=status, status_transitions=moved, **more)
    ctx.emit(f"quote.{event}", changed)
    return changed


@twin.handler("PostQuotesQuoteFinalize")
@lookup.modelled
def finalize(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Number a draft and offer it."""
    record, params = _quote(ctx, request), request.body or {}
    _refuse(record["status"], "finalize")
    if not record["customer"]:
        raise errors.invalid("A customer is required to finalize the quote.", "customer")
    if record["automatic_tax"]["enabled"]:
        assessing.insist(ctx, record["customer"])
    rows = selling.kept(ctx, record["id"])
    if not rows:
        raise errors.invalid("A quote needs at least one line item to be finalized.", "line_items")
    if record["collection_method"] == "send_invoice" and not record["invoice_settings"]["days_until_due"]:
        raise errors.missing("invoice_settings[days_until_due]")
    more: dict[str, Any] = {"number": _number(ctx, record)}
    if params.get("expires_at"):
        _check_expiry(ctx, {**record, "expires_at": params["expires_at"]})
        more["expires_at"] = params["expires_at"]
        _plan(ctx, {**record, **more})
    return _move(ctx, record, "finalize", "finalized_at", **more)


def _number(ctx: Ctx, record: Mapping[str, Any]) -> str:
    """`QT-<invoice prefix>-<sequence>-<revision>`: a revision keeps the sequence of what it revises."""
    customer = ctx.store.get("customer", record["customer"])
    source = record["from_quote"]
    old = ctx.store.find(REVISIONS, source["quote"]) if source and source["is_revision"] else None
    if old is not None:
        sequence, revision = old["sequence"], old["revision"] + 1
    else:
        sequence, revision = ctx.store.next(f"quotes/{customer['id']}") + 1, 1
    ctx.store.insert(REVISIONS, {"sequence": sequence, "revision": revision}, id=str(record["id"]))
    return f"QT-{customer.get('invoice_prefix') or 'TWIN'}-{sequence:04d}-{revision}"


@twin.handler("PostQuotesQuoteCancel")
@lookup.modelled
def cancel(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Take an offer back."""
    record = _quote(ctx, request)
    _refuse(record["status"], "cancel")
    return _move(ctx, record, "cancel", "canceled_at")


# accepting -----------------------------------------------------------------------------------------------------------


@twin.handler("PostQuotesQuoteAccept")
@lookup.modelled
def accept(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The customer takes the offer: an invoice, a subscription, or a schedule that begins later."""
    record = _quote(ctx, request)
    _refuse(record["status"], "accept")
    rows = selling.kept(ctx, record["id"])
    if not any(row["price"]["recurring"] for row in rows):
        return _move(ctx, record, "accept", "accepted_at", invoice=_invoice(ctx, record, rows)["id"])
    effective, now = record["subscription_data"]["effective_date"], clocks.now(ctx, record["customer"])
    wanted = _wanted(record, rows)
    if isinstance(effective, int) and effective > now:
        made = schedules.make(ctx, _scheduled(record, wanted, effective))
        return _move(ctx, record, "accept", "accepted_at", subscription_schedule=made["id"])
    made = subscriptions.make(ctx, wanted)
    more = {"invoice": made["latest_invoice"], "subscription": made["id"]}
    return _move(ctx, record, "accept", "accepted_at", **more)


def _counted(row: Mapping[str, Any]) -> dict[str, Any]:
    found = {"price": row["price"]["id"], "tax_rates": list(row[totals.RATES])}
    return {**found, **({} if row["quantity"] is None else {"quantity": row["quantity"]})}


def _wanted(record: Mapping[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The subscription that a quote becomes, in the words of its creation."""
    data = record["subscription_data"]
    wanted = {
        "add_invoice_items": [_counted(row) for row in rows if not row["price"]["recurring"]],
        "application_fee_percent": record["application_fee_percent"],
        "automatic_tax": {name: record["automatic_tax"][name] for name in ("enabled", "liability")},
        "collection_method": record["collection_method"],
        "customer": record["customer"],
        "default_tax_rates": record["default_tax_rates"],
        "description": data["description"],
        "discounts": [{"discount": id} for id in record["discounts"]],
        "items": [_counted(row) for row in rows if row["price"]["recurring"]],
        "metadata": data["metadata"],
        "payment_behavior": subscribing.SCHEDULED,
        "trial_period_days": data["trial_period_days"],
    }
    if record["collection_method"] == "send_invoice":
        wanted["days_until_due"] = record["invoice_settings"]["days_until_due"]
    return {name: value for name, value in wanted.items() if value is not None}


def _scheduled(record: Mapping[str, Any], wanted: Mapping[str, Any], start: int) -> dict[str, Any]:
    names = ("add_invoice_items", "default_tax_rates", "description", "discounts", "items", "metadata")
    phase = {name: wanted[name] for name in names if name in wanted}
    days = wanted.get("trial_period_days")
    if days:
        phase["trial_end"] = start + int(days) * periods.DAY
    settings = {
        "automatic_tax": wanted["automatic_tax"],
        "collection_method": record["collection_method"],
        "invoice_settings": {"days_until_due": record["invoice_settings"]["days_until_due"]},
    }
    return {"customer": record["customer"], "default_settings": settings, "phases": [phase], "start_date": start}


def _invoice(ctx: Ctx, record: Mapping[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The draft that an accepted quote without recurring prices becomes."""
    customer = ctx.store.get("customer", record["customer"])
    at = clocks.now(ctx, customer)
    invoice = invoicing.blank(ctx, customer, record["currency"], at)
    rates = invoice_items.tax_rates(ctx, record["default_tax_rates"], "default_tax_rates")
    days = record["invoice_settings"]["days_until_due"]
    invoice["automatic_tax"] |= record["automatic_tax"]
    invoice |= {
        "billing_reason": "quote_accept",
        "collection_method": record["collection_method"],
        "default_tax_rates": rates,
        "description": record["description"],
        "discounts": list(record["discounts"]),
        "due_date": at + int(days) * periods.DAY if days and record["collection_method"] == "send_invoice" else None,
        "footer": record["footer"],
        "parent": {"quote_details": {"quote": record["id"]}, "subscription_details": None, "type": "quote_details"},
    }
    lines = []
    for row in rows:
        values = {
            "amount": row["amount_subtotal"], "currency": row["currency"], "description": row["description"],
            "invoice": invoice["id"], "pricing": invoice_items.details(row["price"]), "quantity": row["quantity"] or 1,
            "tax_rates": invoice_items.tax_rates(ctx, row[totals.RATES], "tax_rates"),
        }  # fmt: skip
        item = invoice_items.new_record(ctx, customer, values)
        ctx.store.insert(invoice_items.ITEM, item, created=ctx.micros)
        lines.append(invoicing.item_line(ctx, invoice["id"], item))
    return invoicing.insert(ctx, invoice, lines)
